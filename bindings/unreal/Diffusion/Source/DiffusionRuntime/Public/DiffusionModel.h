#pragma once

#include "CoreMinimal.h"
#include "UObject/Object.h"

#include "DiffusionModel.generated.h"

struct FDiffusionPipeline;

/** An opened model: what "Open Diffusion Model" gives and "Draw Picture" takes. It stays open for as long as it is referenced. */
UCLASS(BlueprintType)
class DIFFUSIONRUNTIME_API UDiffusionModel : public UObject
{
	GENERATED_BODY()

public:
	/** What the folder holds and its defaults, as JSON. */
	UFUNCTION(BlueprintPure, Category = "Diffusion")
	FString GetInfo() const;

	TSharedPtr<FDiffusionPipeline> Pipeline;
};
