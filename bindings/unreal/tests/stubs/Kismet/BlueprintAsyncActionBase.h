#pragma once
#include "CoreMinimal.h"

class UBlueprintAsyncActionBase : public UObject
{
public:
	virtual void Activate() {}
	void RegisterWithGameInstance(UObject*) { bRegistered = true; }
	void SetReadyToDestroy() { bRegistered = false; }
	// While it is, the garbage collector leaves it alone.
	bool bRegistered = false;
};
