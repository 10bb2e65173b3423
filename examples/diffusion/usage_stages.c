/* The help about models of several stages, and of the commands that are about them. */
#include <stdio.h>

#include "usage.h"

void usage_stages(void)
{
    puts("\n"
         " What models of several stages are told; `inspect` says what a model has\n"
         "      --class LABEL      the class that is drawn, by its number or its name\n"
         "      --condition ROLE=FILE\n"
         "                         a picture in a role, as like=cat.png; may be given several times. --init is the role\n"
         "                         image, --mask is the role mask\n"
         "      --stage NAME:KEY=VALUE,KEY=VALUE,...\n"
         "                         settings of one stage: steps (1 to 1000), guidance, scheduler, guide (how strongly a\n"
         "                         gradient leads) and candidates (1 to 64, of which the best is kept); may be given\n"
         "                         several times. --steps and so on are for the main stage\n"
         "      --until STAGE      the stage that is the last to run, whose sample is the picture; one that draws pixels\n"
         "      --edit ATTRIBUTE=AMOUNT\n"
         "                         moves an attribute of the picture, -100 to 100; may be given several times\n"
         "      --embedding NAME=FILE.npy\n"
         "                         an embedding in place of what the model would compute, as `embed` takes it out");
}

static void head(const char *usage, const char *what)
{
    printf("%s\n\n%s\n\n", usage, what);
}

static void example(const char *text)
{
    printf("\nExample:\n  %s\n", text);
}

/* What the commands share with generate. */
static void rest(const char *options)
{
    printf("  -m, --model DIR        the model's folder\n"
           "\n"
           "As for generate, whose help says more (diffusion generate --help): --prompt --negative --width --height --steps\n"
           "  --guidance --scheduler --sigmas --eta --seed --rng --class --condition --stage --edit --embedding%s, and all\n"
           "  options about opening a model: --provider --device-id --threads --memory --cache-dir --prepare ...\n"
           "  --json --quiet --verbose --help\n", options);
}

static void variations(void)
{
    head("diffusion variations -m DIR --like FILE [options] -o FILE",
         "Draws other pictures that show what this one shows, by the model's own look at it (unCLIP, Kandinsky).");
    puts("      --like FILE        the picture: .png, .jpg or .webp. Its role is \"like\" where the model has it, else \"image\"\n"
         "      --count N          how many pictures, 1 to 64; out.png becomes out_0.png, out_1.png ...\n"
         "  -o, --output FILE      .png, .jpg or .jpeg");
    rest("");
    example("diffusion variations -m karlo-onnx --like cat.png --count 4 -o cats.png");
}

static void interpolate(void)
{
    head("diffusion interpolate -m DIR --from FILE --to FILE --frames N [options] -o FILE",
         "Draws the pictures between two pictures, all from the same noise: out_0.png shows the first, the last the other.");
    puts("      --from FILE, --to FILE\n"
         "                         the pictures. Their role is \"like\" where the model has it, else \"image\"\n"
         "      --frames N         how many pictures there are, both ends included, 2 to 256\n"
         "      --mix NAME         how the pictures' codes are mixed: slerp, along an arc, or lerp, straight. Unset: slerp,\n"
         "                         and lerp for diffusion autoencoders, whose noise \"x_T\" is always mixed by slerp\n"
         "  -o, --output FILE      .png, .jpg or .jpeg; out.png becomes out_0.png, out_1.png ...");
    rest("");
    example("diffusion interpolate -m diffae-onnx --from one.png --to other.png --frames 9 -o between.png");
}

static void edit(void)
{
    head("diffusion edit -m DIR --init FILE --edit NAME=AMOUNT [options] -o FILE\n"
         "diffusion edit -m DIR --init FILE --text-difference BEFORE AFTER [--at F] [options] -o FILE",
         "Draws a picture again with something changed: an attribute that the model knows, or what two texts differ in.");
    puts("      --init FILE        the picture: .png, .jpg or .webp. Its role is \"image\" where the model has it, else \"like\";\n"
         "                         with --text-difference the other way round\n"
         "      --edit ATTRIBUTE=AMOUNT\n"
         "                         how far an attribute that `inspect` lists is moved, -100 to 100; may be given several times\n"
         "      --text-difference BEFORE AFTER\n"
         "                         turns the picture's CLIP embedding as the second text differs from the first (unCLIP)\n"
         "      --at F             by which part of the angle; 0.3 unless given, 0.25 to 0.5 are usual\n"
         "  -o, --output FILE      .png, .jpg or .jpeg");
    rest(" --strength --count");
    example("diffusion edit -m diffae-onnx --init house.png --edit night=1.5 -o night.png\n"
            "  diffusion edit -m karlo-onnx --init cat.png --text-difference \"a cat\" \"a cat in the snow\" --at 0.3 -o snow.png");
}

static void reconstruct(void)
{
    head("diffusion reconstruct -m DIR --init FILE [options] -o FILE",
         "Takes a picture apart and draws it again from its parts: what the model understands of it (diffusion autoencoders).");
    puts("      --init FILE        the picture: .png, .jpg or .webp. Its role is \"image\" where the model has it, else \"like\"\n"
         "  -o, --output FILE      .png, .jpg or .jpeg");
    rest(" --strength --count");
    example("diffusion reconstruct -m diffae-onnx --init house.png -o again.png");
}

static void embed(void)
{
    head("diffusion embed -m DIR --value NAME [options] -o FILE.npy",
         "Computes one of the embeddings that the model lists and stores it as NumPy does: float32, [rows, ...]. What it is\n"
         "made of comes from the other options, as for generate: --prompt for a text, --condition or --init for a picture.\n"
         "generate takes it back by --embedding NAME=FILE.npy.");
    puts("      --value NAME       which one; `inspect` lists them\n"
         "  -o, --output FILE      ends in .npy");
    rest(" --init --mask --strength --count");
    example("diffusion embed -m karlo-onnx --value image_embeds --condition like=cat.png -o cat.npy\n"
            "  diffusion generate -m karlo-onnx --embedding image_embeds=cat.npy -o cat_again.png");
}

bool usage_of(enum command command)
{
    switch (command) {
    case COMMAND_VARIATIONS: variations(); return true;
    case COMMAND_INTERPOLATE: interpolate(); return true;
    case COMMAND_EDIT: edit(); return true;
    case COMMAND_RECONSTRUCT: reconstruct(); return true;
    case COMMAND_EMBED: embed(); return true;
    default: return false;
    }
}
