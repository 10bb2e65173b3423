#include "DiffusionAsyncAction.h"

#include "DiffusionLibrary.h"

void UDiffusionAsyncAction::Cancel()
{
	// The job is given back when it is done, in a later frame: giving it back now might wait for it.
	if (Job.IsValid())
	{
		(void)Job->Value.cancel();
	}
}

void UDiffusionAsyncAction::BeginDestroy()
{
	// Only where the game ends in the middle of the work: this waits as long as a cancel takes, some milliseconds.
	FTSTicker::GetCoreTicker().RemoveTicker(Ticker);
	Job.Reset();
	Super::BeginDestroy();
}

void UDiffusionAsyncAction::Follow(TSharedPtr<FDiffusionJob> Started)
{
	Job = MoveTemp(Started);
	Ticker = FTSTicker::GetCoreTicker().AddTicker(FTickerDelegate::CreateUObject(this, &UDiffusionAsyncAction::Tick));
}

bool UDiffusionAsyncAction::Tick(float)
{
	if (OnFrame())
	{
		return true;
	}
	Job.Reset();
	SetReadyToDestroy();
	return false;
}
