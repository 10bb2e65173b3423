// The plugin's own code, frame by frame, with as much of Unreal around it as stubs/ has:
// plugin_test MODEL_FOLDER PICTURE.png, the PNG being what the tool draws for the same prompt, seed and steps.
#include <chrono>
#include <cstdio>
#include <cstring>
#include <thread>

#include "DiffusionDrawAction.h"
#include "DiffusionModel.h"
#include "DiffusionOpenAction.h"
#include "Engine/Texture2D.h"

#include "DiffusionLibrary.h"

#define CHECK(condition)                                                                                          \
	do {                                                                                                          \
		if (!(condition)) {                                                                                       \
			std::fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);                          \
			std::exit(1);                                                                                         \
		}                                                                                                         \
	} while (0)

static double longest_frame; // in milliseconds

static void frame()
{
	const auto start = std::chrono::steady_clock::now();
	FTSTicker::GetCoreTicker().Tick(1.0f / 60);
	const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
	longest_frame = took.count() > longest_frame ? took.count() : longest_frame;
	std::this_thread::sleep_for(std::chrono::milliseconds(5));
}

static void frames_until(const bool& done)
{
	for (int i = 0; !done && i < 12000; ++i)
		frame();
	CHECK(done);
}

static std::string utf8(const FString& text) { return DiffusionLibrary::ToUtf8(text); }

static bool has(const FString& text, const char* part) { return utf8(text).find(part) != std::string::npos; }

// What came of an opening: the model, or the sentence.
static UDiffusionModel* open(const char* folder, FString& message)
{
	bool done = false;
	UDiffusionModel* opened = nullptr;
	auto* action = UDiffusionOpenAction::OpenDiffusionModel(nullptr, DiffusionLibrary::FromUtf8(folder));
	const auto listen = [&](UDiffusionModel* model, const FString& why) {
		opened = model;
		message = why;
		done = true;
	};
	action->OnOpened.Add(listen);
	action->OnFailed.Add(listen);
	CHECK(action->bRegistered);
	action->Activate();
	frames_until(done);
	CHECK(!action->bRegistered && FTSTicker::GetCoreTicker().Count() == 0);
	return opened;
}

// What came of a drawing.
struct Drawn {
	const char* event = nullptr;
	UTexture2D* texture = nullptr;
	FString message;
	int progress = 0;
	int32 previews_width = 0;
	int uploads = 0;
	float last_part = 0;
};

static Drawn draw(UDiffusionModel* model, const TCHAR* prompt, const FDiffusionSettings& settings, int cancel_after = -1)
{
	Drawn drawn;
	bool done = false;
	auto* action = UDiffusionDrawAction::DrawPicture(nullptr, model, prompt, settings);
	action->OnProgress.Add([&](UTexture2D* preview, float part, const FString& message) {
		CHECK(!done && part >= 0 && part <= 1 && has(message, " of "));
		drawn.last_part = part;
		if (preview != nullptr)
		{
			drawn.previews_width = preview->GetSizeX();
			drawn.uploads = preview->Uploads;
		}
		if (++drawn.progress == cancel_after)
			action->Cancel();
	});
	const auto end = [&](const char* event) {
		return [&drawn, &done, event](UTexture2D* texture, float, const FString& message) {
			CHECK(!done);
			drawn.event = event;
			drawn.texture = texture;
			drawn.message = message;
			done = true;
		};
	};
	action->OnFinished.Add(end("finished"));
	action->OnFailed.Add(end("failed"));
	action->OnCancelled.Add(end("cancelled"));
	action->Activate();
	frames_until(done);
	CHECK(!action->bRegistered && FTSTicker::GetCoreTicker().Count() == 0);
	return drawn;
}

static bool is(const Drawn& drawn, const char* event) { return std::strcmp(drawn.event, event) == 0; }

static void is_the_picture(UTexture2D* texture, const char* file)
{
	const auto image = diffusion::Image::open(file);
	CHECK(image && texture != nullptr);
	const diffusion::ImageView picture = image->view();
	CHECK(static_cast<int32>(picture.width()) == texture->GetSizeX() && static_cast<int32>(picture.height()) == texture->GetSizeY());
	const std::vector<uint8>& bytes = texture->GetPlatformData()->Mips[0].BulkData.Bytes;
	std::vector<std::uint8_t> expected(bytes.size());
	CHECK(picture.copy(expected, std::int64_t{4} * picture.width(), DIFFUSION_PIXEL_FORMAT_BGRA8));
	CHECK(bytes == expected && texture->Uploads == 1);
}

int main(int argc, char** argv)
{
	CHECK(argc == 3);
	FString message;
	CHECK(open("/no/such/folder", message) == nullptr && has(message, "/no/such/folder"));
	CHECK(open("nothing", message) == nullptr && has(message, "Content/nothing"));
	UDiffusionModel* const model = open(argv[1], message);
	CHECK(model != nullptr && has(model->GetInfo(), "\"family\""));

	FDiffusionSettings settings;
	settings.Seed = 7;
	settings.Steps = 4;
	settings.Previews = TEXT("full");
	const Drawn picture = draw(model, TEXT("a green boat on the sea at sunset"), settings);
	CHECK(is(picture, "finished") && picture.progress > 2 && has(picture.message, "\"seed\":7"));
	is_the_picture(picture.texture, argv[2]);
	// The texture of the previews is used again, and is another one than the picture's.
	CHECK(picture.previews_width == picture.texture->GetSizeX() && picture.uploads >= 1);

	settings.Previews = TEXT("linear");
	settings.Steps = 1000;
	const Drawn stopped = draw(model, TEXT("a red house"), settings, 3);
	CHECK(is(stopped, "cancelled") && stopped.texture == nullptr && stopped.last_part < 1);
	CHECK(stopped.previews_width < picture.texture->GetSizeX());

	settings.Steps = 2;
	settings.Seed = -1;
	settings.NegativePrompt = TEXT("night 🌙");
	settings.bSetGuidance = true;
	settings.Guidance = 4.0f;
	settings.Scheduler = TEXT("euler");
	const Drawn words = draw(model, TEXT("a house é 🏠"), settings);
	CHECK(is(words, "finished") && has(words.message, "a house é 🏠") && has(words.message, "night 🌙"));
	CHECK(has(words.message, "\"guidance\":4.0") && has(words.message, "\"scheduler\":\"euler\""));

	settings.Steps = 5000; // refused at once
	const Drawn refused = draw(model, TEXT(""), settings);
	CHECK(is(refused, "failed") && has(refused.message, "5000") && refused.progress == 0);
	settings.Steps = 2;
	settings.Width = 8; // refused by the model
	const Drawn small = draw(model, TEXT(""), settings);
	CHECK(is(small, "failed") && !small.message.IsEmpty());
	CHECK(is(draw(nullptr, TEXT(""), settings), "failed"));

	// The game ends in the middle of it: no event, no frame afterwards.
	settings.Width = 0;
	settings.Steps = 1000;
	auto* action = UDiffusionDrawAction::DrawPicture(nullptr, model, TEXT("a red house"), settings);
	action->OnFinished.Add([](UTexture2D*, float, const FString&) { CHECK(false); });
	action->Activate();
	frame();
	action->BeginDestroy();
	CHECK(FTSTicker::GetCoreTicker().Count() == 0);
	frame();
	std::printf("the longest frame took %.1f ms\n", longest_frame);
	return 0;
}
