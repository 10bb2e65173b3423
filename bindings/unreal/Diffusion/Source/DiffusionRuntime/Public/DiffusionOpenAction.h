#pragma once

#include "CoreMinimal.h"
#include "DiffusionAsyncAction.h"

#include "DiffusionOpenAction.generated.h"

class UDiffusionModel;

DECLARE_DYNAMIC_MULTICAST_DELEGATE_TwoParams(FDiffusionOpenEvent, UDiffusionModel*, Model, const FString&, Message);

/** The Blueprint node "Open Diffusion Model". */
UCLASS()
class DIFFUSIONRUNTIME_API UDiffusionOpenAction : public UDiffusionAsyncAction
{
	GENERATED_BODY()

public:
	UPROPERTY(BlueprintAssignable)
	FDiffusionOpenEvent OnOpened;

	/** Message says what is wrong and what is allowed. */
	UPROPERTY(BlueprintAssignable)
	FDiffusionOpenEvent OnFailed;

	/**
	 * Opens a model.
	 *
	 * @param Folder  ONNX graphs with their configs: a full path, or one below the project's Content folder.
	 * @param Provider  "auto", "cpu", "cuda", ...
	 * @param CacheFolder  Where what is prepared at the first opening is kept; empty: nowhere.
	 */
	UFUNCTION(BlueprintCallable, Category = "Diffusion", meta = (BlueprintInternalUseOnly = "true", WorldContext = "WorldContextObject"))
	static UDiffusionOpenAction* OpenDiffusionModel(UObject* WorldContextObject, const FString& Folder, const FString& Provider = TEXT("auto"), const FString& CacheFolder = TEXT(""));

	virtual void Activate() override;

protected:
	virtual bool OnFrame() override;

private:
	void Fail(const FString& Message);

	FString Folder;
	FString Provider;
	FString CacheFolder;
};
