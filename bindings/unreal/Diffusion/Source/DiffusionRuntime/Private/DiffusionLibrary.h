#pragma once

// The library's header among Unreal's, and the few things that both sides need. Private: games see none of it.
#include "CoreMinimal.h"

THIRD_PARTY_INCLUDES_START
#include "diffusion.hpp"
THIRD_PARTY_INCLUDES_END

class UTexture2D;

struct FDiffusionPipeline
{
	diffusion::Pipeline Value;
};

struct FDiffusionJob
{
	diffusion::Job Value;
};

namespace DiffusionLibrary
{
/** Unreal's texts are UTF-16 or UTF-32, the library's UTF-8. */
std::string ToUtf8(const FString& Text);
FString FromUtf8(const char* Text);

/** The picture in a texture: in Into where that has its size, else in a new one. Null where there is no memory for it. */
UTexture2D* ToTexture(diffusion::ImageView Image, UTexture2D* Into = nullptr);
}
