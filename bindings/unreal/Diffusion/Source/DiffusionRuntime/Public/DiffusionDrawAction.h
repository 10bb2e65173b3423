#pragma once

#include "CoreMinimal.h"
#include "DiffusionAsyncAction.h"
#include "DiffusionSettings.h"

#include "DiffusionDrawAction.generated.h"

class UDiffusionModel;
class UTexture2D;

/** One kind for all events of the node, because Blueprint's pins are those of the first. */
DECLARE_DYNAMIC_MULTICAST_DELEGATE_ThreeParams(FDiffusionDrawEvent, UTexture2D*, Texture, float, Progress, const FString&, Message);

/** The Blueprint node "Draw Picture". */
UCLASS()
class DIFFUSIONRUNTIME_API UDiffusionDrawAction : public UDiffusionAsyncAction
{
	GENERATED_BODY()

public:
	/** The work has gone on: Progress is 0 to 1, Message such as "denoising 3 of 25", Texture the newest preview or none. */
	UPROPERTY(BlueprintAssignable)
	FDiffusionDrawEvent OnProgress;

	/** Texture is the picture, Message the settings that made it, as JSON. */
	UPROPERTY(BlueprintAssignable)
	FDiffusionDrawEvent OnFinished;

	/** Message says what is wrong and what is allowed. */
	UPROPERTY(BlueprintAssignable)
	FDiffusionDrawEvent OnFailed;

	UPROPERTY(BlueprintAssignable)
	FDiffusionDrawEvent OnCancelled;

	/** Draws what the prompt says. Pictures of one model queue. */
	UFUNCTION(BlueprintCallable, Category = "Diffusion", meta = (BlueprintInternalUseOnly = "true", WorldContext = "WorldContextObject"))
	static UDiffusionDrawAction* DrawPicture(UObject* WorldContextObject, UDiffusionModel* Model, const FString& Prompt, const FDiffusionSettings& Settings);

	virtual void Activate() override;

protected:
	virtual bool OnFrame() override;

private:
	void ReportProgress();
	void Finish();
	void Fail(const FString& Message);

	UPROPERTY()
	TObjectPtr<UDiffusionModel> Model;

	/** Of another size than the picture where previews have one pixel for a latent. */
	UPROPERTY()
	TObjectPtr<UTexture2D> Preview;

	FString Prompt;
	FDiffusionSettings Settings;
	int32 ReportedPhase = -1;
	uint32 ReportedStep = 0;
	uint64 PreviewsSeen = 0;
};
