#pragma once

#include "CoreMinimal.h"

#include "DiffusionSettings.generated.h"

/** What a picture is drawn with. What is left as it is here is the model's own. */
USTRUCT(BlueprintType)
struct DIFFUSIONRUNTIME_API FDiffusionSettings
{
	GENERATED_BODY()

	/** What the picture should not show. */
	UPROPERTY(EditAnywhere, BlueprintReadWrite, Category = "Diffusion")
	FString NegativePrompt;

	/** The same seed is the same picture; -1 is another one every time. */
	UPROPERTY(EditAnywhere, BlueprintReadWrite, Category = "Diffusion")
	int64 Seed = -1;

	UPROPERTY(EditAnywhere, BlueprintReadWrite, Category = "Diffusion", meta = (ClampMin = 0, ClampMax = 1000))
	int32 Steps = 0;

	/** How closely the prompt is followed; usual are 3 to 12. */
	UPROPERTY(EditAnywhere, BlueprintReadWrite, Category = "Diffusion", meta = (EditCondition = "bSetGuidance"))
	float Guidance = 7.5f;

	UPROPERTY(EditAnywhere, BlueprintReadWrite, Category = "Diffusion", meta = (InlineEditConditionToggle))
	bool bSetGuidance = false;

	/** In pixels. */
	UPROPERTY(EditAnywhere, BlueprintReadWrite, Category = "Diffusion", meta = (ClampMin = 0))
	int32 Width = 0;

	UPROPERTY(EditAnywhere, BlueprintReadWrite, Category = "Diffusion", meta = (ClampMin = 0))
	int32 Height = 0;

	/** Such as "euler" or "dpmpp_2m". */
	UPROPERTY(EditAnywhere, BlueprintReadWrite, Category = "Diffusion")
	FString Scheduler;

	/** What is shown while it draws: "linear" costs nothing, "full" runs the whole decoder after every step. Empty: nothing. */
	UPROPERTY(EditAnywhere, BlueprintReadWrite, Category = "Diffusion")
	FString Previews;
};
