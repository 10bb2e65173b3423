#pragma once
#include "CoreMinimal.h"

class FTCHARToUTF8
{
public:
	explicit FTCHARToUTF8(const TCHAR* text)
	{
		for (; *text != 0; ++text)
		{
			char32_t letter = *text;
			if (letter >= 0xD800 && letter < 0xDC00) // the first half of a pair
				letter = 0x10000 + ((letter - 0xD800) << 10) + (*++text - 0xDC00);
			const int more = letter < 0x80 ? 0 : letter < 0x800 ? 1 : letter < 0x10000 ? 2 : 3;
			static constexpr int first[] = {0, 0xC0, 0xE0, 0xF0};
			utf8_ += static_cast<char>(first[more] | static_cast<int>(letter >> (6 * more)));
			for (int i = more - 1; i >= 0; --i)
				utf8_ += static_cast<char>(0x80 | ((letter >> (6 * i)) & 0x3F));
		}
	}
	const char* Get() const { return utf8_.c_str(); }
	int32 Length() const { return static_cast<int32>(utf8_.size()); }

private:
	std::string utf8_;
};

class FUTF8ToTCHAR
{
public:
	explicit FUTF8ToTCHAR(const char* text)
	{
		while (*text != 0)
		{
			const unsigned char first = static_cast<unsigned char>(*text++);
			int more = first < 0x80 ? 0 : first < 0xE0 ? 1 : first < 0xF0 ? 2 : 3;
			char32_t letter = more == 0 ? first : first & (0x3Fu >> more);
			for (; more > 0; --more)
				letter = (letter << 6) | (static_cast<unsigned char>(*text++) & 0x3F);
			if (letter < 0x10000)
				utf16_ += static_cast<TCHAR>(letter);
			else
			{
				utf16_ += static_cast<TCHAR>(0xD800 + ((letter - 0x10000) >> 10));
				utf16_ += static_cast<TCHAR>(0xDC00 + ((letter - 0x10000) & 0x3FF));
			}
		}
	}
	const TCHAR* Get() const { return utf16_.c_str(); }

private:
	std::u16string utf16_;
};

#define UTF8_TO_TCHAR(text) FUTF8ToTCHAR(text).Get()
