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

static void what_it_shows(void)
{
    puts("\n"
         " What it shows\n"
         "  -p, --prompt TEXT      what the picture should show\n"
         "  -n, --negative TEXT    what it should not show\n"
         "      --prompt-2 TEXT, --prompt-3 TEXT, --negative-2 TEXT, --negative-3 TEXT\n"
         "                         what the second and third text encoder read (Stable Diffusion XL, 3, Flux); unset: the same\n"
         "      --syntax NAME      webui: (weights:1.2), [from:to:0.5], BREAK, AND, and prompts of any length; one of:");
    list("                        ", diffusion_prompt_syntax_name);
    puts("      --clip-skip N      leaves out CLIP's last N layers, 0 to 11, as diffusers counts them\n"
         "      --max-tokens N     how many tokens T5 reads, 1 to 512");
}

static void what_it_starts_from(void)
{
    puts("\n"
         " What it starts from\n"
         "      --init FILE        a picture: .png, .jpg or .webp\n"
         "      --strength F       how much of it is redrawn: above 0, up to 1, which is everything\n"
         "      --mask FILE        white is drawn anew, black stays; unset: what is transparent in the picture is drawn\n"
         "      --mask-blur F      how softly the mask's edge runs out, in pixels, 0 to 256\n"
         "      --mask-padding N   draws only the masked part, at the full size, with N pixels around it, and pastes it back\n"
         "      --paste-back       puts what the mask protects back, pixel by pixel\n"
         "      --outpaint L,R,T,B draws beyond the picture: pixels on the left, on the right, at the top, at the bottom\n"
         "      --noise-level N    noise on the small picture, 0 to 350 (x4 upscaler)\n"
         "      --image-guidance F how closely to keep to the picture, from 1 (models that edit as an instruction says)");
}

static void what_it_keeps_to(void)
{
    puts("\n"
         " What it keeps to besides\n"
         "      --condition ROLE=FILE[,scale=F][,start=F][,end=F]\n"
         "                         a picture in one of the roles that `inspect` shows, as controlnet, controlnet:1, adapter,\n"
         "                         depth, image_prompt; how much it counts (1 unless given), and from where to where in the\n"
         "                         run, each 0 to 1; may be given several times\n"
         "      --guess-mode       ControlNets count less, and not at all for the negative prompt; for an empty prompt\n"
         "      --box PHRASE:X0,Y0,X1,Y1\n"
         "                         a thing and the part of the picture it belongs into, each 0 to 1 from the left upper\n"
         "                         corner (GLIGEN); may be given several times\n"
         "      --boxes-until F    the part of the run in which boxes count, 0 to 1; default 0.3");
}

static void how_it_is_drawn(void)
{
    puts("\n"
         " How it is drawn\n"
         "      --steps N          denoising steps, 1 to 1000\n"
         "  -g, --guidance F       how closely to follow the prompt; 1 or less turns guidance off\n"
         "      --true-guidance F  guidance by a negative prompt beside the model's own, above 1 (Flux)\n"
         "      --scheduler NAME   one of these, or its class name in diffusers:");
    list("                        ", diffusion_scheduler_name);
    puts("      --sigmas NAME      the noise levels, one of:");
    list("                        ", diffusion_sigma_schedule_name);
    puts("      --sigmas-list F,F,...\n"
         "                         the noise levels one by one, for schedulers that take them; or --timesteps-list F,F,...\n"
         "      --eta F            fresh noise in a step, 0 to 1 (ddim, tcd)\n"
         "      --refiner DIR      a second model, which goes on where the first one stops: at --denoising-end, or 0.8\n"
         "      --denoising-end F  stops when this part of the timesteps is done, 0 to 1\n"
         "      --denoising-start F\n"
         "                         begins there, with --init as the noisy picture");
}

static void guidance(void)
{
    puts("\n"
         " Guidance beside its plain sum, and work that may be left out\n"
         "      --guidance-rescale F   brings the result back to the prediction's own spread, 0 to 1\n"
         "      --guidance-interval FROM,TO\n"
         "                         guides only in this part of the schedule, each 0 to 1; half the cost outside\n"
         "      --guidance-scales F,F,...\n"
         "                         a scale for each step; or --guidance-points AT:F,AT:F,... between which it changes evenly\n"
         "      --guidance-plus-plus F\n"
         "                         CFG++ with this lambda, 0 to 1 (ddim, euler, euler_ancestral)\n"
         "      --guidance-projection ETA,NORM,MOMENTUM\n"
         "                         adaptive projected guidance, as 0,15,-0.5\n"
         "      --guidance-threshold PERCENTILE,LIMIT, --guidance-mimic PERCENTILE,SCALE\n"
         "                         dynamic thresholding, as 0.995,1\n"
         "      --guidance-zero-star N\n"
         "                         CFG-Zero* with N zero steps, which only flow-matching models take");
    puts("      --reuse F          leaves out denoiser calls while the estimated error is below this, 0 to 10; as 0.1\n"
         "      --reuse-keep FIRST,LAST\n"
         "                         how many steps at both ends are never left out; 3,1 unless given\n"
         "      --negative-every N asks for the negative prompt only every N steps\n"
         "      --negative-until F and not after this part of the schedule, 0 to 1");
}

static void seeds(void)
{
    puts("\n"
         " Seeds\n"
         "  -s, --seed N           seed of the noise; without it one is picked and reported\n"
         "      --count N          how many pictures, 1 to 64; out.png becomes out_0.png, out_1.png ...\n"
         "      --seed-mode NAME   how several pictures are seeded, one of:");
    list("                        ", diffusion_seed_mode_name);
    puts("      --variation-seed N, --variation-strength F\n"
         "                         a little of another seed's noise: 0 is the seed's picture, 1 the other's\n"
         "      --rng NAME         whose random generator to repeat, one of:");
    list("                        ", diffusion_rng_name);
}

static void hires(void)
{
    puts("\n"
         " A second pass at a larger size\n"
         "      --hires F          draws small, then F times larger (1 to 8) over the enlarged result\n"
         "      --hires-strength F how much the second pass redraws, above 0 up to 1; default 0.7\n"
         "      --hires-steps N    how many steps it draws; default as many as the first\n"
         "      --hires-upscale NAME\n"
         "                         how the result is enlarged; lanczos enlarges the picture, the others the latents:");
    list("                        ", diffusion_upscale_name);
}

static void seamless(void)
{
    puts("\n"
         " Textures\n"
         "      --seamless NAME    along which sides the picture continues at its other one, so that it tiles, one of:");
    list("                        ", diffusion_seamless_name);
}

static void tiling(void)
{
    puts("\n"
         " Large pictures\n"
         "      --tiling NAME      whether the autoencoder works in overlapping tiles, so that its memory does not grow with\n"
         "                         the picture; auto does so with --memory low, beyond the trained size; one of:");
    list("                        ", diffusion_tiling_name);
}

static void safety(void)
{
    puts("\n"
         " Safety\n"
         "      --safety NAME      whether the model's safety checker looks at the pictures (off unless asked), and what\n"
         "                         becomes of those that it flags, one of:");
    list("                        ", diffusion_safety_name);
}

static void generate(void)
{
    puts("Options of generate. What is not set takes the model's own default.\n"
         "  -m, --model DIR        the model's folder\n"
         "  -o, --output FILE      the picture: .png (carries the settings), .jpg or .jpeg\n"
         "  -W, --width N          width in pixels, a multiple of what `inspect` says; with --init: the picture's\n"
         "  -H, --height N         height in pixels\n"
         "      --preview FILE     writes there after each step what the picture looks like so far; with --count as for -o\n"
         "      --preview-mode NAME\n"
         "                         how previews are made, the cheapest first, one of:");
    list("                        ", diffusion_preview_mode_name);
    puts("      --json             print one JSON object: images, settings, timings in milliseconds (total is opening\n"
         "                         and generating), the library's own times, provider of each graph,\n"
         "                         peak memory; with --refiner, what the first model did is under base");
    what_it_shows();
    what_it_starts_from();
    what_it_keeps_to();
    how_it_is_drawn();
    guidance();
    seeds();
    hires();
    seamless();
    tiling();
    safety();
    usage_stages();
    puts("\n"
         " What Stable Diffusion XL is told about its training pictures\n"
         "      --original-size WxH, --crop X,Y, --target-size WxH, --negative-original-size WxH, --negative-crop X,Y,\n"
         "      --negative-target-size WxH, --aesthetic-score F, --negative-aesthetic-score F (0 to 10, refiners)");
}

static void opening(void)
{
    puts("\n"
         "Options of generate and inspect.\n"
         "      --provider NAME    what runs the graphs; GRAPH=NAME for one of the graphs that inspect shows, as\n"
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
    puts("      --condition-graph PATH\n"
         "                         a ControlNet or a T2I-Adapter that lies outside of the model's folder; may be given several\n"
         "                         times\n"
         "      --embedding FILE[=TOKEN]\n"
         "                         a word that prompts may use, from a safetensors file of textual inversion; may be given\n"
         "                         several times; NAME=FILE.npy hands an embedding in, see models of several stages\n"
         "      --cache-dir DIR    keeps prepared graphs there, so that a model opens faster the next time; it takes as much\n"
         "                         room as the models do. Default: libdiffusion in the user's cache folder. none: no cache\n"
         "      --prepare on|off   whether graphs are changed so that they run faster and compute the same; default on");
}

void usage_print(enum command command)
{
    if (usage_of(command))
        return;
    puts("diffusion - text in, picture out\n"
         "\n"
         "  diffusion generate -m DIR -p TEXT [options] -o FILE   draws pictures\n"
         "  diffusion inspect  -m DIR [--json]                    what a model folder holds, its defaults\n"
         "  diffusion devices  [--json]                           ONNX Runtime's version, place and providers\n"
         "  diffusion --help | --version\n"
         "\n"
         "For models that understand pictures; each has a --help of its own.\n"
         "  diffusion variations  -m DIR --like FILE -o FILE      other pictures like this one\n"
         "  diffusion interpolate -m DIR --from FILE --to FILE --frames N -o FILE\n"
         "  diffusion edit        -m DIR --init FILE --edit NAME=AMOUNT -o FILE\n"
         "  diffusion reconstruct -m DIR --init FILE -o FILE      what comes back of a picture\n"
         "  diffusion embed       -m DIR --value NAME -o FILE.npy takes an embedding out\n");
    generate();
    opening();
    puts("\n"
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
