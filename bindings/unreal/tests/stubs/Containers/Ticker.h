#pragma once
#include "CoreMinimal.h"

#include <list>

struct FTickerDelegate
{
	std::function<bool(float)> Call;
	template <class T, class Base>
	static FTickerDelegate CreateUObject(T* object, bool (Base::*function)(float))
	{
		return {[object, function](float delta) { return (object->*function)(delta); }};
	}
};

// Frames come when the test says so.
class FTSTicker
{
public:
	using FDelegateHandle = std::weak_ptr<FTickerDelegate>;
	static FTSTicker& GetCoreTicker()
	{
		static FTSTicker ticker;
		return ticker;
	}
	FDelegateHandle AddTicker(const FTickerDelegate& delegate, float = 0.0f)
	{
		all_.push_back(std::make_shared<FTickerDelegate>(delegate));
		return all_.back();
	}
	static void RemoveTicker(FDelegateHandle handle)
	{
		GetCoreTicker().all_.remove(handle.lock());
	}
	void Tick(float delta)
	{
		const auto now = all_;
		for (const auto& delegate : now)
			if (!delegate->Call(delta))
				all_.remove(delegate);
	}
	std::size_t Count() const { return all_.size(); }

private:
	std::list<std::shared_ptr<FTickerDelegate>> all_;
};
