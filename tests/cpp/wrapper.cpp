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
    return 0;
}
