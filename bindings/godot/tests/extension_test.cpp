// The extension as it is built for Godot, loaded and driven by a stand-in for the engine:
// extension_test EXTENSION.so MODELS_FOLDER SCRATCH_FOLDER PICTURE.png, the PNG being what the tool draws.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <thread>

#include <dlfcn.h>

#include "diffusion.hpp"
#include "engine.hpp"

using engine::Dictionary;
using engine::Emitted;
using engine::Object;
using engine::Variant;

#define CHECK(condition)                                                                                          \
    do {                                                                                                          \
        if (!(condition)) {                                                                                       \
            std::fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);                          \
            std::exit(1);                                                                                         \
        }                                                                                                         \
    } while (0)

// Of Node._process() in Godot's own description of its interface.
constexpr std::uint32_t PROCESS = 373806689;
static double longest_frame; // in milliseconds

static void frame(Object* node)
{
    const auto start = std::chrono::steady_clock::now();
    engine::process(node, PROCESS, 1.0 / 60);
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
    longest_frame = took.count() > longest_frame ? took.count() : longest_frame;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
}

// Frames until a signal that is not progress or a preview; it, and how many of those came before.
struct Outcome {
    Emitted last;
    int progress = 0, previews = 0;
};

static Outcome wait(Object* node)
{
    Outcome outcome;
    for (int i = 0; i < 12000; ++i) {
        const auto signals = std::move(engine::emitted());
        engine::emitted().clear();
        for (const Emitted& one : signals) {
            outcome.progress += one.name == "progress";
            outcome.previews += one.name == "preview";
            if (one.name != "progress" && one.name != "preview") {
                outcome.last = one;
                return outcome;
            }
        }
        frame(node);
    }
    CHECK(!"a signal came in time");
    return outcome;
}

static bool has(const Variant& text, const std::string& part) { return text.text().find(part) != std::string::npos; }

static bool generate(Object* node, const std::string& prompt, const Dictionary& settings)
{
    return engine::call(node, "generate", {prompt, settings}).whole != 0;
}

static void is_the_picture(const Object* image, const std::string& file)
{
    const auto opened = diffusion::Image::open(file);
    CHECK(opened && image->format == 4);
    const auto pixels = opened->view().pixels();
    CHECK(image->width == opened->view().width() && image->height == opened->view().height());
    CHECK(image->bytes == std::vector<std::uint8_t>(pixels.begin(), pixels.end()));
}

static void opens(Object* node)
{
    CHECK(!generate(node, "", {}) && has(wait(node).last.arguments[0], "open()"));
    CHECK(engine::call(node, "open", {"/no/such/folder"}).whole); // which is seen only later
    CHECK(generate(node, "waits for ever, if it is forgotten", {}));
    const Outcome none = wait(node);
    CHECK(none.last.name == "failed" && has(none.last.arguments[0], "/no/such/folder"));
    CHECK(!engine::call(node, "is_busy", {}).whole && !engine::call(node, "is_open", {}).whole);
    CHECK(!engine::call(node, "open", {"res://demo", Dictionary{{"nonsense", 1.0}}}).whole);
    CHECK(has(wait(node).last.arguments[0], "nonsense") && engine::emitted().empty());
    const Dictionary options{{"provider", "cpu"}, {"threads", std::int64_t{2}}, {"cache_dir", "user://cache"}};
    CHECK(engine::call(node, "open", {"res://demo", options}).whole);
}

static void draws(Object* node, const std::string& scratch, const std::string& file)
{
    // Asked for before the model is open, and drawn as soon as it is.
    CHECK(generate(node, "a green boat on the sea at sunset", {{"seed", std::int64_t{7}}, {"steps", 4.0}, {"preview", "full"}}));
    CHECK(engine::call(node, "is_busy", {}).whole);
    CHECK(wait(node).last.name == "opened" && engine::call(node, "is_open", {}).whole);
    CHECK(has(engine::call(node, "get_info", {}), "\"family\""));
    const Outcome drawn = wait(node);
    CHECK(drawn.last.name == "finished" && drawn.progress > 2 && drawn.previews > 0);
    CHECK(has(drawn.last.arguments[1], "\"seed\":7"));
    const Object* image = drawn.last.arguments[0].object();
    is_the_picture(image, file);
    const Variant texture = engine::call(node, "get_texture", {});
    CHECK(texture.object()->class_name == "ImageTexture" && texture.object()->bytes == image->bytes);
    CHECK(texture.object()->updates == drawn.previews + 1);
    CHECK(engine::call(node, "save", {"user://saved.png"}).whole);
    is_the_picture(image, scratch + "/saved.png");
    CHECK(!engine::call(node, "save", {"user://saved.gif"}).whole && has(wait(node).last.arguments[0], "gif"));

    // From that picture on, with words that need UTF-8.
    const Dictionary settings{{"image", drawn.last.arguments[0]}, {"strength", 0.5}, {"steps", std::int64_t{4}},
                              {"negative_prompt", "night 🌙"}, {"guidance", 4.0}};
    CHECK(generate(node, "a house é 🏠", settings));
    const Outcome again = wait(node);
    CHECK(again.last.name == "finished" && has(again.last.arguments[1], "a house é 🏠") && has(again.last.arguments[1], "night 🌙"));
    CHECK(has(again.last.arguments[1], "\"strength\":0.5") && has(again.last.arguments[1], "\"guidance\":4.0"));
}

static void stops(Object* node)
{
    engine::on_signal = [node](const Emitted& one) {
        if (one.name == "progress" && one.arguments[1].whole == 2)
            engine::call(node, "cancel", {}); // from inside of a signal, as a script does
    };
    CHECK(generate(node, "a red house", {{"steps", std::int64_t{1000}}}));
    CHECK(wait(node).last.name == "cancelled" && !engine::call(node, "is_busy", {}).whole);

    // Another one instead: the first one's end is told, then the second one's.
    engine::on_signal = nullptr;
    CHECK(generate(node, "a red house", {{"steps", std::int64_t{1000}}}));
    for (int i = 0; i < 3; ++i)
        frame(node);
    CHECK(generate(node, "a blue house", {{"steps", std::int64_t{2}}}));
    CHECK(wait(node).last.name == "cancelled");
    const Outcome second = wait(node);
    CHECK(second.last.name == "finished" && has(second.last.arguments[1], "a blue house"));

    CHECK(!generate(node, "", {{"steps", std::int64_t{5000}}}) && has(wait(node).last.arguments[0], "5000"));
    CHECK(!generate(node, "", {{"image", 1.0}}) && has(wait(node).last.arguments[0], "Image"));
    CHECK(generate(node, "", {{"width", std::int64_t{8}}})); // which only the model refuses
    CHECK(wait(node).last.name == "failed");
}

int main(int argc, char** argv)
{
    CHECK(argc == 5);
    engine::folders() = {{"res://", argv[2]}, {"user://", argv[3]}};
    void* library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr)
        std::fprintf(stderr, "%s\n", dlerror());
    CHECK(library != nullptr);
    const auto begin = reinterpret_cast<GDExtensionInitializationFunction>(dlsym(library, "libdiffusion_godot_init"));
    GDExtensionInitialization levels{};
    int token = 0;
    CHECK(begin != nullptr && begin(engine::interface_function, &token, &levels));
    CHECK(levels.minimum_initialization_level == GDEXTENSION_INITIALIZATION_SCENE);
    for (const auto level : {GDEXTENSION_INITIALIZATION_CORE, GDEXTENSION_INITIALIZATION_SERVERS, GDEXTENSION_INITIALIZATION_SCENE})
        levels.initialize(levels.userdata, level);
    CHECK(engine::classes().count("Diffusion") == 1 && engine::classes()["Diffusion"].parent == "Node");
    CHECK(engine::classes()["Diffusion"].info.is_runtime);

    Object* node = engine::create("Diffusion");
    opens(node);
    draws(node, argv[3], argv[4]);
    stops(node);
    CHECK(generate(node, "the game ends in the middle of it", {{"steps", std::int64_t{1000}}}));
    frame(node);
    frame(node);
    engine::emitted().clear();
    engine::free_object(node);
    CHECK(engine::emitted().empty() && engine::errors().empty());
    for (const auto level : {GDEXTENSION_INITIALIZATION_SCENE, GDEXTENSION_INITIALIZATION_SERVERS, GDEXTENSION_INITIALIZATION_CORE})
        levels.deinitialize(levels.userdata, level);
    CHECK(engine::classes().empty());
    std::printf("the longest frame took %.1f ms\n", longest_frame);
    return 0;
}
