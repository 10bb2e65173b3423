#pragma once
#include "CoreMinimal.h"

enum EPixelFormat { PF_Unknown, PF_B8G8R8A8 };
enum { LOCK_READ_ONLY = 1, LOCK_READ_WRITE = 2 };

struct FByteBulkData
{
	std::vector<uint8> Bytes;
	bool bLocked = false;
	void* Lock(uint32)
	{
		if (bLocked)
			std::abort();
		bLocked = true;
		return Bytes.data();
	}
	void Unlock() { bLocked = false; }
};

struct FTexture2DMipMap
{
	FByteBulkData BulkData;
};

struct FTexturePlatformData
{
	std::vector<FTexture2DMipMap> Mips{1};
};

class UTexture2D : public UObject
{
public:
	static UTexture2D* CreateTransient(int32 width, int32 height, EPixelFormat format)
	{
		if (format != PF_B8G8R8A8)
			return nullptr;
		UTexture2D* texture = NewObject<UTexture2D>();
		texture->width_ = width;
		texture->height_ = height;
		texture->data_.Mips[0].BulkData.Bytes.resize(static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * 4);
		return texture;
	}
	int32 GetSizeX() const { return width_; }
	int32 GetSizeY() const { return height_; }
	FTexturePlatformData* GetPlatformData() { return &data_; }
	void UpdateResource()
	{
		if (data_.Mips[0].BulkData.bLocked)
			std::abort();
		++Uploads;
	}
	int32 Uploads = 0;

private:
	int32 width_ = 0, height_ = 0;
	FTexturePlatformData data_;
};
