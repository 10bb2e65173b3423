// As much of Unreal Engine 5 as the plugin uses, so that its sources are compiled and run here, where there is no Unreal.
// Written from its public documentation; nothing of it is copied. What these do not do is said in ../../README.md.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

using uint8 = unsigned char;
using int32 = int;
using uint32 = unsigned int;
using int64 = long long; // which std::int64_t is not, on Linux
using uint64 = unsigned long long;
using TCHAR = char16_t;

#define DIFFUSIONRUNTIME_API
#define TEXT(text) u##text
#define UCLASS(...)
#define USTRUCT(...)
#define UPROPERTY(...)
#define UFUNCTION(...)
#define PURE_VIRTUAL(function, ...) { std::abort(); __VA_ARGS__ }
#define THIRD_PARTY_INCLUDES_START
#define THIRD_PARTY_INCLUDES_END

template <class T>
constexpr std::remove_reference_t<T>&& MoveTemp(T&& value) { return static_cast<std::remove_reference_t<T>&&>(value); }

class FString
{
public:
	FString() = default;
	FString(const TCHAR* text) : text_(text) {}
	const TCHAR* operator*() const { return text_.c_str(); }
	bool IsEmpty() const { return text_.empty(); }

	// %s and %u.
	template <class... Values>
	static FString Printf(const TCHAR* format, Values... values)
	{
		const std::vector<std::u16string> words{Word(values)...};
		std::u16string text;
		for (std::size_t word = 0; *format != 0; ++format)
		{
			if (*format == u'%' && ++format)
				text += words.at(word++);
			else
				text += *format;
		}
		return text.c_str();
	}

private:
	static std::u16string Word(const TCHAR* text) { return text; }
	static std::u16string Word(uint32 number)
	{
		const std::string digits = std::to_string(number);
		return {digits.begin(), digits.end()};
	}

	std::u16string text_;
};

template <class T>
class TSharedPtr : public std::shared_ptr<T>
{
public:
	using std::shared_ptr<T>::shared_ptr;
	TSharedPtr(std::shared_ptr<T> other) : std::shared_ptr<T>(std::move(other)) {}
	bool IsValid() const { return this->get() != nullptr; }
	void Reset() { this->reset(); }
};

template <class T, class... Arguments>
TSharedPtr<T> MakeShared(Arguments&&... arguments) { return std::make_shared<T>(std::forward<Arguments>(arguments)...); }

template <class T>
class TObjectPtr
{
public:
	TObjectPtr() = default;
	TObjectPtr(T* object) : object_(object) {}
	operator T*() const { return object_; }
	T* operator->() const { return object_; }

private:
	T* object_ = nullptr;
};

class UObject
{
public:
	virtual ~UObject() = default;
	virtual void BeginDestroy() {}
};

// What the engine's garbage collector would know.
inline std::vector<std::unique_ptr<UObject>>& AllObjects()
{
	static std::vector<std::unique_ptr<UObject>> objects;
	return objects;
}

template <class T>
T* NewObject()
{
	AllObjects().push_back(std::make_unique<T>());
	return static_cast<T*>(AllObjects().back().get());
}

// Blueprint's events; here C++ listens.
template <class... Arguments>
class TEvent
{
public:
	void Add(std::function<void(Arguments...)> listener) { listeners_.push_back(std::move(listener)); }
	void Broadcast(Arguments... arguments) const
	{
		for (const auto& listener : listeners_)
			listener(arguments...);
	}

private:
	std::vector<std::function<void(Arguments...)>> listeners_;
};

#define DECLARE_DYNAMIC_MULTICAST_DELEGATE_TwoParams(name, Type1, name1, Type2, name2) using name = TEvent<Type1, Type2>
#define DECLARE_DYNAMIC_MULTICAST_DELEGATE_ThreeParams(name, Type1, name1, Type2, name2, Type3, name3) \
	using name = TEvent<Type1, Type2, Type3>
