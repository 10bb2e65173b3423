#include "DiffusionLibrary.h"

#include "Containers/StringConv.h"
#include "Engine/Texture2D.h"

namespace DiffusionLibrary
{
std::string ToUtf8(const FString& Text)
{
	const FTCHARToUTF8 Utf8(*Text);
	return std::string(reinterpret_cast<const char*>(Utf8.Get()), static_cast<std::size_t>(Utf8.Length()));
}

FString FromUtf8(const char* Text)
{
	return FString(UTF8_TO_TCHAR(Text));
}

UTexture2D* ToTexture(diffusion::ImageView Image, UTexture2D* Into)
{
	const int32 Width = static_cast<int32>(Image.width());
	const int32 Height = static_cast<int32>(Image.height());
	UTexture2D* Texture = Into;
	if (Texture == nullptr || Texture->GetSizeX() != Width || Texture->GetSizeY() != Height)
	{
		Texture = UTexture2D::CreateTransient(Width, Height, PF_B8G8R8A8);
	}
	if (Texture == nullptr)
	{
		return nullptr;
	}
	// The library writes into the texture's own memory, in the order of bytes that the format has.
	FTexture2DMipMap& Mip = Texture->GetPlatformData()->Mips[0];
	const int64 Stride = int64{4} * Width;
	uint8* const Pixels = static_cast<uint8*>(Mip.BulkData.Lock(LOCK_READ_WRITE));
	const diffusion::Done Copied = Image.copy({Pixels, static_cast<std::size_t>(Stride * Height)}, Stride, DIFFUSION_PIXEL_FORMAT_BGRA8);
	Mip.BulkData.Unlock();
	Texture->UpdateResource();
	return Copied ? Texture : nullptr;
}
}
