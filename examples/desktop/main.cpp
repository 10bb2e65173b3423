// desktop: type a prompt, see the picture come into being. A window over libdiffusion's jobs, which never blocks.
//
//   desktop MODEL_FOLDER [--prompt TEXT] [--seed N] [--steps N] [--preview MODE] [--save-to FOLDER] [--font FILE.ttf]
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "screen.hpp"
#include "studio.hpp"

namespace {

enum { FRAME_MILLISECONDS = 33 };

bool read_arguments(int argc, char **argv, Settings &settings)
{
    for (int i = 1; i < argc; ++i) {
        const bool has_value = i + 1 < argc;
        const auto is = [&](const char *name) { return has_value && std::strcmp(argv[i], name) == 0; };
        if (is("--prompt"))
            settings.prompt = argv[++i];
        else if (is("--seed"))
            settings.seed = std::strtoull(argv[++i], nullptr, 10);
        else if (is("--steps"))
            settings.steps = std::strtoll(argv[++i], nullptr, 10);
        else if (is("--preview"))
            settings.preview = argv[++i];
        else if (is("--save-to"))
            settings.folder = argv[++i];
        else if (is("--font"))
            settings.font = argv[++i];
        else if (argv[i][0] != '-' && settings.model.empty())
            settings.model = argv[i];
        else
            return false;
    }
    return !settings.model.empty();
}

} // namespace

int main(int argc, char **argv)
{
    Settings settings;
    if (!read_arguments(argc, argv, settings)) {
        std::fprintf(stderr, "usage: desktop MODEL_FOLDER [--prompt TEXT] [--seed N] [--steps N] [--preview MODE] "
                             "[--save-to FOLDER] [--font FILE.ttf]\n");
        return 2;
    }
    Screen screen("libdiffusion", settings.font);
    if (!screen) {
        std::fprintf(stderr, "%s\n", screen.error().c_str());
        return 1;
    }
    Studio studio(settings, screen);
    for (bool open = true; open;) {
        studio.frame();
        SDL_Event event;
        // Sleeps until something is typed, or until it is time to look at the jobs again.
        if (SDL_WaitEventTimeout(&event, FRAME_MILLISECONDS) != 0)
            do
                open = studio.handle(event) && open;
            while (SDL_PollEvent(&event) != 0);
    }
    return 0;
}
