#include "DiffusionOpenAction.h"

#include "DiffusionLibrary.h"
#include "DiffusionModel.h"
#include "Misc/Paths.h"

using namespace DiffusionLibrary;

UDiffusionOpenAction* UDiffusionOpenAction::OpenDiffusionModel(UObject* WorldContextObject, const FString& Folder, const FString& Provider, const FString& CacheFolder)
{
	UDiffusionOpenAction* Action = NewObject<UDiffusionOpenAction>();
	Action->Folder = FPaths::IsRelative(Folder) ? FPaths::ConvertRelativePathToFull(FPaths::ProjectContentDir(), Folder) : Folder;
	Action->Provider = Provider;
	Action->CacheFolder = CacheFolder;
	Action->RegisterWithGameInstance(WorldContextObject);
	return Action;
}

void UDiffusionOpenAction::Activate()
{
	auto Options = diffusion::Options::create();
	if (!Options)
	{
		return Fail(FromUtf8(Options.error().message.c_str()));
	}
	diffusion::Done Set = Options->set(diffusion_pipeline_options_set_provider, ToUtf8(Provider));
	if (Set)
	{
		Set = Options->set(diffusion_pipeline_options_set_cache_dir, ToUtf8(CacheFolder));
	}
	if (!Set)
	{
		return Fail(FromUtf8(Set.error().message.c_str()));
	}
	auto Started = diffusion::Job::open(ToUtf8(Folder), &*Options);
	if (!Started)
	{
		return Fail(FromUtf8(Started.error().message.c_str()));
	}
	Follow(MakeShared<FDiffusionJob>(FDiffusionJob{*MoveTemp(Started)}));
}

bool UDiffusionOpenAction::OnFrame()
{
	if (!Job->Value.is_done())
	{
		return true;
	}
	auto Opened = Job->Value.take_pipeline();
	if (!Opened)
	{
		OnFailed.Broadcast(nullptr, FromUtf8(Opened.error().message.c_str()));
		return false;
	}
	UDiffusionModel* Model = NewObject<UDiffusionModel>();
	Model->Pipeline = MakeShared<FDiffusionPipeline>(FDiffusionPipeline{*MoveTemp(Opened)});
	OnOpened.Broadcast(Model, FString());
	return false;
}

void UDiffusionOpenAction::Fail(const FString& Message)
{
	OnFailed.Broadcast(nullptr, Message);
	SetReadyToDestroy();
}
