// Text in, picture out: hello MODEL_FOLDER PROMPT FILE.png
#include <cstdio>

#include "diffusion.hpp"

static diffusion::Done draw(const char *model, const char *prompt, const char *file)
{
    auto pipeline = diffusion::Pipeline::open(model);
    if (!pipeline)
        return pipeline.error();
    auto request = diffusion::Request::create();
    if (!request)
        return request.error();
    if (auto done = request->set(diffusion_request_set_prompt, prompt); !done)
        return done;
    if (auto done = request->set(diffusion_request_set_seed, 42); !done)
        return done;
    auto result = pipeline->generate(*request, nullptr, [](const diffusion_progress &progress) {
        std::fprintf(stderr, "%s %u/%u\n", diffusion_phase_name(progress.phase), progress.step, progress.steps);
        return true; // false stops
    });
    if (!result)
        return result.error();
    auto image = result->image(0);
    if (!image)
        return image.error();
    std::printf("%s: %u x %u pixels\n", file, image->width(), image->height());
    return image->save(file);
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        std::fprintf(stderr, "usage: hello MODEL_FOLDER PROMPT FILE.png\n");
        return 2;
    }
    auto done = draw(argv[1], argv[2], argv[3]);
    if (!done)
        std::fprintf(stderr, "%s\n", done.error().message.c_str());
    return done ? 0 : 1;
}
