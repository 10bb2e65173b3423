#include "DiffusionDrawAction.h"

#include "DiffusionLibrary.h"
#include "DiffusionModel.h"
#include "Engine/Texture2D.h"

using namespace DiffusionLibrary;

namespace
{
diffusion::Done ApplySettings(diffusion::Request& Request, const FString& Prompt, const FDiffusionSettings& Settings)
{
	diffusion::Done Done = Request.prompt(ToUtf8(Prompt));
	const auto And = [&Done](bool bWanted, auto Next)
	{
		if (Done && bWanted)
		{
			Done = Next();
		}
	};
	And(!Settings.NegativePrompt.IsEmpty(), [&] { return Request.set(diffusion_request_set_negative_prompt, ToUtf8(Settings.NegativePrompt)); });
	And(Settings.Seed >= 0, [&] { return Request.seed(static_cast<std::uint64_t>(Settings.Seed)); });
	And(Settings.Steps > 0, [&] { return Request.steps(Settings.Steps); });
	And(Settings.bSetGuidance, [&] { return Request.set(diffusion_request_set_guidance, Settings.Guidance); });
	And(Settings.Width > 0, [&] { return Request.set(diffusion_request_set_width, Settings.Width); });
	And(Settings.Height > 0, [&] { return Request.set(diffusion_request_set_height, Settings.Height); });
	And(!Settings.Scheduler.IsEmpty(), [&] { return Request.set(diffusion_request_set_scheduler, ToUtf8(Settings.Scheduler)); });
	And(!Settings.Previews.IsEmpty(), [&] { return Request.set(diffusion_request_set_previews, ToUtf8(Settings.Previews), 1); });
	return Done;
}
}

UDiffusionDrawAction* UDiffusionDrawAction::DrawPicture(UObject* WorldContextObject, UDiffusionModel* Model, const FString& Prompt, const FDiffusionSettings& Settings)
{
	UDiffusionDrawAction* Action = NewObject<UDiffusionDrawAction>();
	Action->Model = Model;
	Action->Prompt = Prompt;
	Action->Settings = Settings;
	Action->RegisterWithGameInstance(WorldContextObject);
	return Action;
}

void UDiffusionDrawAction::Activate()
{
	if (Model == nullptr || !Model->Pipeline.IsValid())
	{
		return Fail(TEXT("There is no model: \"Open Diffusion Model\" gives one."));
	}
	auto Request = diffusion::Request::create();
	if (!Request)
	{
		return Fail(FromUtf8(Request.error().message.c_str()));
	}
	const diffusion::Done Done = ApplySettings(*Request, Prompt, Settings);
	if (!Done)
	{
		return Fail(FromUtf8(Done.error().message.c_str()));
	}
	auto Started = diffusion::Job::generate(Model->Pipeline->Value, *Request);
	if (!Started)
	{
		return Fail(FromUtf8(Started.error().message.c_str()));
	}
	Follow(MakeShared<FDiffusionJob>(FDiffusionJob{*MoveTemp(Started)}));
}

bool UDiffusionDrawAction::OnFrame()
{
	if (!Job->Value.is_done())
	{
		ReportProgress();
		return true;
	}
	Finish();
	return false;
}

void UDiffusionDrawAction::ReportProgress()
{
	const diffusion::JobProgress Now = Job->Value.progress();
	const uint64 Previews = Job->Value.preview_number();
	if (Now.phase == ReportedPhase && Now.step == ReportedStep && Previews == PreviewsSeen)
	{
		return;
	}
	ReportedPhase = Now.phase;
	ReportedStep = Now.step;
	if (Previews != PreviewsSeen)
	{
		PreviewsSeen = Previews;
		if (const auto Image = Job->Value.preview())
		{
			Preview = ToTexture(Image->view(), Preview);
		}
	}
	const float Part = Now.steps > 0 ? static_cast<float>(Now.step) / static_cast<float>(Now.steps) : 0.0f;
	OnProgress.Broadcast(Preview, Part, FString::Printf(TEXT("%s %u of %u"), *FromUtf8(diffusion_phase_name(Now.phase)), Now.step, Now.steps));
}

void UDiffusionDrawAction::Finish()
{
	auto Result = Job->Value.take_result();
	if (!Result && Result.error().status == DIFFUSION_STATUS_CANCELLED)
	{
		OnCancelled.Broadcast(nullptr, 0.0f, FString());
		return;
	}
	const auto Image = Result ? Result->image(0) : diffusion::Expected<diffusion::ImageView>(Result.error());
	if (!Image)
	{
		OnFailed.Broadcast(nullptr, 0.0f, FromUtf8(Image.error().message.c_str()));
		return;
	}
	UTexture2D* const Texture = ToTexture(*Image);
	if (Texture == nullptr)
	{
		OnFailed.Broadcast(nullptr, 0.0f, TEXT("The engine gave no texture for the picture."));
		return;
	}
	OnFinished.Broadcast(Texture, 1.0f, FromUtf8(Result->settings_json()));
}

void UDiffusionDrawAction::Fail(const FString& Message)
{
	OnFailed.Broadcast(nullptr, 0.0f, Message);
	SetReadyToDestroy();
}
