/* diffusion: the command-line tool, and the sample of libdiffusion's C interface. Plain C and the public header. */
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "diffusion.h"
#include "exits.h"
#include "options.h"
#include "platform.h"
#include "report.h"
#include "session.h"
#include "usage.h"

struct entry {
    const char *name;
    enum command command;
    int (*run)(const struct options *options);
};

static const struct entry entries[] = {
    { "generate", COMMAND_GENERATE, command_generate },
    { "variations", COMMAND_VARIATIONS, command_variations },
    { "interpolate", COMMAND_INTERPOLATE, command_interpolate },
    { "edit", COMMAND_EDIT, command_edit },
    { "reconstruct", COMMAND_RECONSTRUCT, command_reconstruct },
    { "embed", COMMAND_EMBED, command_embed },
    { "inspect", COMMAND_INSPECT, command_inspect },
    { "devices", COMMAND_DEVICES, command_devices },
};

static int is_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

int main(int argc, char **argv)
{
    struct options options;
    size_t i;
    static const char commands[] = "generate, variations, interpolate, edit, reconstruct, embed, inspect and devices";
    if (!platform_utf8_arguments(&argc, &argv)) {
        complain("the command line cannot be read as UTF-8");
        return EXIT_USAGE;
    }
    if (argc < 2) {
        complain("a command is missing; there are %s; diffusion --help says more", commands);
        return EXIT_USAGE;
    }
    if (is_help(argv[1])) {
        usage_print(COMMAND_GENERATE);
        return report_done();
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("diffusion %s\n", diffusion_version_string());
        return report_done();
    }
    for (i = 0; i < sizeof entries / sizeof *entries; i++)
        if (strcmp(argv[1], entries[i].name) == 0) {
            if (!options_parse(&options, entries[i].command, argc - 2, argv + 2))
                return EXIT_USAGE;
            if (options.help) {
                usage_print(entries[i].command);
                return report_done();
            }
            session_log(&options);
            return entries[i].run(&options);
        }
    complain("unknown command \"%s\"; there are %s", argv[1], commands);
    return EXIT_USAGE;
}
