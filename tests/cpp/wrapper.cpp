// include/diffusion.hpp: objects give themselves back, errors come with their sentence, spans and callbacks arrive.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "diffusion.hpp"

#define CHECK(condition)                                                                                          \
    do {                                                                                                          \
        if (!(condition)) {                                                                                       \
            std::fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);                          \
            std::exit(1);                                                                                         \
        }                                                                                                         \
    } while (0)

template <class T>
static T must(diffusion::Expected<T> expected)
{
    if (!expected) {
        std::fprintf(stderr, "%s\n", expected.error().message.c_str());
        std::exit(1);
    }
    return *std::move(expected);
}

static diffusion::Request small_request()
{
    auto request = must(diffusion::Request::create());
    must(request.prompt("a red house"));
    must(request.steps(2));
    must(request.seed(3));
    return request;
}

static void errors()
{
    auto none = diffusion::Pipeline::open("/no/such/folder");
    CHECK(!none && none.error().status == DIFFUSION_STATUS_IO);
    CHECK(none.error().message.find("/no/such/folder") != std::string::npos);
    auto request = small_request();
    auto refused = request.steps(-3);
    CHECK(!refused && refused.error().message.find("-3") != std::string::npos);
}

// Every kind of argument that C takes: texts, numbers of another type than C's, lists, objects, nothing.
static void settings()
{
    auto request = small_request();
    const std::string text = "a blue boat";
    must(request.set(diffusion_request_set_prompt, text));
    must(request.set(diffusion_request_set_prompt, std::string_view(text).substr(0, 6)));
    must(request.set(diffusion_request_set_variation, 7, 0.25f));
    must(request.set(diffusion_request_set_custom_timesteps, std::vector<double>{900, 500, 100}));
    std::vector<std::uint8_t> pixels(64 * 64 * 3, 90);
    const auto image =
        must(diffusion::Image::create(pixels, 64, 64, 64 * 3, DIFFUSION_PIXEL_FORMAT_RGB8));
    must(request.set(diffusion_request_set_init_image, image));
    must(request.set(diffusion_request_set_init_image, nullptr));
    auto options = must(diffusion::Options::create());
    must(options.set(diffusion_pipeline_options_set_provider, "cpu"));
    must(options.set(diffusion_pipeline_options_set_threads, 2));
}

static void pictures(const diffusion::Result &result, const std::string &scratch)
{
    CHECK(result.count() == 1 && result.seed(0) == 3);
    CHECK(result.settings_json()[0] == '{' && result.timings_json()[0] == '{');
    CHECK(!result.image(1));
    const diffusion::ImageView image = must(result.image(0));
    CHECK(image.width() == 64 && image.height() == 64 && image.pixels().size() == image.stride() * 64);
    std::vector<std::uint8_t> rgba(64 * 64 * 4);
    must(image.copy(rgba, 64 * 4, DIFFUSION_PIXEL_FORMAT_RGBA8));
    CHECK(rgba[0] == image.pixels()[0] && rgba[3] == 255);
    CHECK(!image.copy(diffusion::Span<std::uint8_t>(rgba.data(), 9), 64 * 4, DIFFUSION_PIXEL_FORMAT_RGBA8));
    const auto png = must(image.encode("png"));
    const auto again = must(diffusion::Image::decode(png.bytes()));
    CHECK(again.view().width() == 64 && again.view().pixels().size() == image.pixels().size());
    must(image.save(scratch + "/picture.png"));
    CHECK(must(diffusion::Image::open(scratch + "/picture.png")).view().format() == DIFFUSION_PIXEL_FORMAT_RGB8);
}

static void jobs(const std::string &folder)
{
    const auto opening = must(diffusion::Job::open(folder));
    CHECK(must(opening.wait(-1)) == DIFFUSION_JOB_STATE_FINISHED && opening.is_done());
    CHECK(!opening.take_result());
    const auto pipeline = must(opening.take_pipeline());
    CHECK(!opening.take_pipeline());

    auto request = small_request();
    must(request.set(diffusion_request_set_previews, "linear", 1));
    const auto drawing = must(diffusion::Job::generate(pipeline, request));
    const auto behind = must(diffusion::Job::generate(pipeline, request));
    must(behind.cancel());
    must(drawing.wait(-1));
    CHECK(drawing.state() == DIFFUSION_JOB_STATE_FINISHED && drawing.queue_position() == 0);
    const auto progress = drawing.progress();
    CHECK(progress.phase == DIFFUSION_PHASE_DECODING && progress.step == progress.steps);
    CHECK(drawing.elapsed_milliseconds() > 0);
    CHECK(drawing.preview_number() > 0 && must(drawing.preview()).view().width() > 0 && !drawing.preview(1));
    CHECK(must(drawing.take_result()).count() == 1 && !drawing.take_result());
    must(behind.wait(-1));
    CHECK(behind.state() == DIFFUSION_JOB_STATE_CANCELLED && behind.take_result().error().status == DIFFUSION_STATUS_CANCELLED);

    auto here = must(diffusion::Job::generate(pipeline, request));
    const diffusion::Job there = std::move(here);
    CHECK(here.state() == -1 && !here.is_done() && here.progress().phase == -1 && !here.wait(0));
}

static bool same(diffusion::ImageView one, diffusion::ImageView other)
{
    const auto a = one.pixels(), b = other.pixels();
    return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin());
}

// A prompt that is read once, a loop of the host's own, latents there and back.
static void pieces(const diffusion::Pipeline &pipeline)
{
    const auto request = small_request();
    const auto whole = must(pipeline.generate(request));
    const auto picture = must(whole.image(0));
    const auto read = must(pipeline.encode_prompt(request));
    CHECK(read.count() == 2 && !read.states(7));
    const std::int64_t own = read.is_negative(0) ? 1 : 0;
    CHECK(std::string(read.text(own)) == "a red house" && std::string(read.encoder(own)) == "text_encoder");
    const auto states = must(read.states(own));
    const auto changed = must(read.with_states(own, &states));
    if (const auto pooled = read.pooled(own))
        CHECK(pooled->shape().size() == 2);

    auto told = must(diffusion::Request::create());
    must(told.set(diffusion_request_set_conditioning, changed));
    must(told.steps(2));
    must(told.seed(3));
    auto stepper = must(pipeline.begin(told));
    CHECK(!stepper.clean_latents() && stepper.timestep() > 0);
    while (!stepper.is_done()) {
        must(stepper.advance());
        must(stepper.set_latents(must(stepper.latents())));
    }
    CHECK(!stepper.advance() && stepper.step() == stepper.step_count());
    CHECK(same(must(must(stepper.finish()).image(0)), picture));

    const auto latents = must(whole.latents());
    CHECK(latents.shape().size() == 4 && latents.shape()[0] == 1);
    CHECK(same(must(pipeline.decode_latents(latents)).view(), picture) && !pipeline.decode_latents(latents, 1));
    CHECK(must(pipeline.encode_image(picture)).values().size() == latents.values().size());
    const auto copy = must(diffusion::Embedding::create(latents.values(), latents.shape()));
    CHECK(must(diffusion::Embedding::lerp(copy, latents, 0.5f)).values()[0] == latents.values()[0]);
    CHECK(must(diffusion::Embedding::slerp(copy, latents, 0.5f)).values().size() == latents.values().size());
}

// Copied and lent files; what is lent goes with the last user, and stays the caller's where it was refused.
static void models_from_memory(const std::filesystem::path &folder)
{
    using Contents = std::vector<char>;
    std::vector<std::weak_ptr<Contents>> lent;
    const auto is_gone = [](const std::weak_ptr<Contents> &bytes) { return bytes.expired(); };
    {
        auto files = must(diffusion::ModelFiles::create());
        for (const auto &entry : std::filesystem::recursive_directory_iterator(folder)) {
            if (!entry.is_regular_file())
                continue;
            std::ifstream file(entry.path(), std::ios::binary);
            const auto bytes = std::make_shared<Contents>(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
            const auto name = entry.path().lexically_relative(folder).generic_string();
            if (bytes->size() < 4096) {
                must(files.add(name, bytes->data(), bytes->size()));
            } else {
                must(files.lend(name, bytes->data(), bytes->size(), bytes));
                CHECK(!files.lend(name, bytes->data(), bytes->size(), bytes));
                lent.push_back(bytes);
            }
        }
        const auto pipeline = must(diffusion::Pipeline::open(files));
        CHECK(lent.size() > 3 && std::none_of(lent.begin(), lent.end(), is_gone));
        CHECK(pipeline.generate(small_request()));
    }
    CHECK(std::all_of(lent.begin(), lent.end(), is_gone));
}

int main(int argc, char **argv)
{
    CHECK(argc == 3);
    errors();
    settings();
    models_from_memory(argv[1]);
    int reports = 0;
    const auto count = [&](const diffusion_progress &) { return ++reports != 0; };
    auto opened = must(diffusion::Pipeline::open(argv[1], nullptr, nullptr, count));
    CHECK(reports > 1);
    const diffusion::Pipeline pipeline = std::move(opened);
    CHECK(opened.get() == nullptr && pipeline.info_json()[0] == '{');

    const auto request = small_request();
    reports = 0;
    pictures(must(pipeline.generate(request, nullptr, count)), argv[2]);
    CHECK(reports > 4);

    const auto stopped = pipeline.generate(request, nullptr, [](const diffusion_progress &) { return false; });
    CHECK(!stopped && stopped.error().status == DIFFUSION_STATUS_CANCELLED);
    auto token = must(diffusion::CancelToken::create());
    must(token.cancel());
    CHECK(token.is_cancelled() && !pipeline.generate(request, &token));
    must(token.reset());
    CHECK(pipeline.generate(request, &token));
    jobs(argv[1]);
    pieces(pipeline);
    return 0;
}
