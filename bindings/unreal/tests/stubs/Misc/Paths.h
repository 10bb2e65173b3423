#pragma once
#include "CoreMinimal.h"

struct FPaths
{
	static FString ProjectContentDir() { return TEXT("Content/"); }
	static bool IsRelative(const FString& path) { return **path != u'/'; }
	static FString ConvertRelativePathToFull(const FString& base, const FString& path)
	{
		return FString::Printf(TEXT("%s%s"), *base, *path);
	}
};
