#include "usage.h"

#include <stdint.h>
#include <stdio.h>

#include "diffusion.h"

/* The names come from the library, so the help never lags behind it. */
static void list(const char *indent, const char *(*name_at)(int64_t))
{
    const char *name;
    int64_t i;
    fputs(indent, stdout);
    for (i = 0; (name = name_at(i)) != NULL; i++)
        printf(" %s", name);
    fputs("\n", stdout);
}

void usage_print(void)
{
    puts("diffusion - text in, picture out\n"
         "\n"
         "  diffusion generate -m DIR -p TEXT [options] -o FILE   draws pictures\n"
         "  diffusion inspect  -m DIR [--json]                    what a model folder holds, its defaults\n"
         "  diffusion devices  [--json]                           ONNX Runtime's version, place and providers\n"
         "  diffusion --help | --version\n"
         "\n"
         "Options of generate. What is not set takes the model's own default.\n"
         "  -m, --model DIR        the model's folder\n"
         "  -p, --prompt TEXT      what the picture should show\n"
         "  -n, --negative TEXT    what it should not show\n"
         "  -o, --output FILE      the picture: .png (carries the settings), .jpg or .jpeg\n"
         "  -W, --width N          width in pixels, a multiple of what `inspect` says\n"
         "  -H, --height N         height in pixels\n"
         "      --steps N          denoising steps, 1 to 1000\n"
         "  -g, --guidance F       how closely to follow the prompt; 1 or less turns guidance off\n"
         "      --scheduler NAME   one of these, or its class name in diffusers:");
    list("                        ", diffusion_scheduler_name);
    puts("      --sigmas NAME      the noise levels, one of:");
    list("                        ", diffusion_sigma_schedule_name);
    puts("  -s, --seed N           seed of the noise; without it one is picked and reported\n"
         "      --count N          how many pictures, 1 to 64; out.png becomes out_0.png, out_1.png ...\n"
         "      --rng NAME         whose random generator to repeat, one of:");
    list("                        ", diffusion_rng_name);
    puts("      --json             print one JSON object: images, settings, timings in milliseconds (total is opening\n"
         "                         and generating), the library's own times, provider of each graph,\n"
         "                         peak memory\n"
         "\n"
         "Options of generate and inspect.\n"
         "      --provider NAME    what runs the graphs; GRAPH=NAME for one of text_encoder, unet and vae_decoder, as\n"
         "                         unet=cuda; may be given several times; one of:");
    list("                        ", diffusion_provider_name);
    puts("      --precision NAME   what providers compute in that can take less than the graph has, one of:");
    list("                        ", diffusion_precision_name);
    puts("      --fallback NAME    what to do when a part of a graph cannot run on its provider, one of:");
    list("                        ", diffusion_fallback_name);
    puts("      --provider-option KEY=VALUE\n"
         "                         for providers that have it, as memory_limit=4G, openvino.num_streams=2; see README\n"
         "      --device-id N      which device of the provider, from 0\n"
         "      --threads N        threads on the CPU; 0, the default, is as many as there are\n"
         "      --memory NAME      what to trade memory for, one of:");
    list("                        ", diffusion_memory_mode_name);
    puts("      --cache-dir DIR    keeps prepared graphs there, so that a model opens faster the next time; it takes as much\n"
         "                         room as the models do. Default: libdiffusion in the user's cache folder. none: no cache\n"
         "      --prepare on|off   whether graphs are changed so that they run faster and compute the same; default on\n"
         "\n"
         "Options of every command.\n"
         "      --ort-library FILE ONNX Runtime's library; else ORT_DYLIB_PATH, beside libdiffusion, the system's\n"
         "      --quiet            no progress bar, no warnings, no list of files\n"
         "      --verbose          the library's log on stderr\n"
         "  -h, --help             this text\n"
         "\n"
         "Ctrl-C cancels and leaves no half-written file; a second one kills.\n"
         "Exit status: 0 done, 2 bad command line or argument, 3 the model cannot be opened, 4 ONNX Runtime or\n"
         "provider, 5 drawing or saving failed, 130 cancelled.");
}
