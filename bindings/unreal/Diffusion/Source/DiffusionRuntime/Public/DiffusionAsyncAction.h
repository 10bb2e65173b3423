#pragma once

#include "Containers/Ticker.h"
#include "CoreMinimal.h"
#include "Kismet/BlueprintAsyncActionBase.h"

#include "DiffusionAsyncAction.generated.h"

struct FDiffusionJob;

/** Work of the library on a thread of its own, at which the game's thread looks once a frame. Nothing here waits. */
UCLASS(Abstract)
class DIFFUSIONRUNTIME_API UDiffusionAsyncAction : public UBlueprintAsyncActionBase
{
	GENERATED_BODY()

public:
	/** Stops the work, in the middle of a graph too. Its event says so some milliseconds later. */
	UFUNCTION(BlueprintCallable, Category = "Diffusion")
	void Cancel();

	virtual void BeginDestroy() override;

protected:
	/** From here on OnFrame() is called once a frame, until it returns false. */
	void Follow(TSharedPtr<FDiffusionJob> Started);
	/** Looks how far the job is; false when it is done and the events are sent. */
	virtual bool OnFrame() PURE_VIRTUAL(UDiffusionAsyncAction::OnFrame, return false;);

	TSharedPtr<FDiffusionJob> Job;

private:
	bool Tick(float DeltaTime);

	FTSTicker::FDelegateHandle Ticker;
};
