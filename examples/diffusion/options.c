/* Reads the command line by one table, so that every option is spelled, checked and refused in the same way. */
#include "options.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum kind { KIND_TEXT, KIND_TEXTS, KIND_PAIR, KIND_WHOLE, KIND_REAL, KIND_SEED, KIND_FLAG };

struct rule {
    const char *name;
    char letter; /* 0: no short name */
    enum kind kind;
    size_t field; /* offset in struct options */
    unsigned commands;
};

enum {
    /* From one picture to pictures. */
    CHANGING = COMMAND_VARIATIONS | COMMAND_EDIT | COMMAND_RECONSTRUCT,
    DRAWING = COMMAND_GENERATE | CHANGING | COMMAND_INTERPOLATE,
    COMPUTING = DRAWING | COMMAND_EMBED,
    OPENING = COMPUTING | COMMAND_INSPECT,
    ALL = OPENING | COMMAND_DEVICES
};

#define FIELD(name) offsetof(struct options, name)

static const struct rule rules[] = {
    { "model", 'm', KIND_TEXT, FIELD(model), OPENING },
    { "prompt", 'p', KIND_TEXT, FIELD(prompt), COMPUTING },
    { "negative", 'n', KIND_TEXT, FIELD(negative), COMPUTING },
    { "width", 'W', KIND_WHOLE, FIELD(width), COMPUTING },
    { "height", 'H', KIND_WHOLE, FIELD(height), COMPUTING },
    { "steps", 0, KIND_WHOLE, FIELD(steps), COMPUTING },
    { "guidance", 'g', KIND_REAL, FIELD(guidance), COMPUTING },
    { "scheduler", 0, KIND_TEXT, FIELD(scheduler), COMPUTING },
    { "sigmas", 0, KIND_TEXT, FIELD(sigmas), COMPUTING },
    { "seed", 's', KIND_SEED, FIELD(seed), COMPUTING },
    { "count", 0, KIND_WHOLE, FIELD(count), COMMAND_GENERATE | CHANGING | COMMAND_EMBED },
    { "rng", 0, KIND_TEXT, FIELD(rng), COMPUTING },
    { "prompt-2", 0, KIND_TEXT, FIELD(prompt_2), COMMAND_GENERATE },
    { "prompt-3", 0, KIND_TEXT, FIELD(prompt_3), COMMAND_GENERATE },
    { "negative-2", 0, KIND_TEXT, FIELD(negative_2), COMMAND_GENERATE },
    { "negative-3", 0, KIND_TEXT, FIELD(negative_3), COMMAND_GENERATE },
    { "syntax", 0, KIND_TEXT, FIELD(syntax), COMMAND_GENERATE },
    { "clip-skip", 0, KIND_WHOLE, FIELD(clip_skip), COMMAND_GENERATE },
    { "max-tokens", 0, KIND_WHOLE, FIELD(max_tokens), COMMAND_GENERATE },
    { "init", 0, KIND_TEXT, FIELD(init), COMMAND_GENERATE | COMMAND_EMBED | COMMAND_EDIT | COMMAND_RECONSTRUCT },
    { "strength", 0, KIND_REAL, FIELD(strength), COMMAND_GENERATE | COMMAND_EMBED | COMMAND_EDIT | COMMAND_RECONSTRUCT },
    { "mask", 0, KIND_TEXT, FIELD(mask), COMMAND_GENERATE | COMMAND_EMBED },
    { "mask-blur", 0, KIND_REAL, FIELD(mask_blur), COMMAND_GENERATE },
    { "mask-padding", 0, KIND_WHOLE, FIELD(mask_padding), COMMAND_GENERATE },
    { "paste-back", 0, KIND_FLAG, FIELD(paste_back), COMMAND_GENERATE },
    { "outpaint", 0, KIND_TEXT, FIELD(outpaint), COMMAND_GENERATE },
    { "condition", 0, KIND_TEXTS, FIELD(conditions), COMPUTING },
    { "guess-mode", 0, KIND_FLAG, FIELD(guess_mode), COMMAND_GENERATE },
    { "box", 0, KIND_TEXTS, FIELD(boxes), COMMAND_GENERATE },
    { "boxes-until", 0, KIND_REAL, FIELD(boxes_until), COMMAND_GENERATE },
    { "sigmas-list", 0, KIND_TEXT, FIELD(sigmas_list), COMPUTING },
    { "timesteps-list", 0, KIND_TEXT, FIELD(timesteps_list), COMPUTING },
    { "eta", 0, KIND_REAL, FIELD(eta), COMPUTING },
    { "seed-mode", 0, KIND_TEXT, FIELD(seed_mode), COMMAND_GENERATE },
    { "hires", 0, KIND_REAL, FIELD(hires), COMMAND_GENERATE },
    { "hires-strength", 0, KIND_REAL, FIELD(hires_strength), COMMAND_GENERATE },
    { "hires-steps", 0, KIND_WHOLE, FIELD(hires_steps), COMMAND_GENERATE },
    { "hires-upscale", 0, KIND_TEXT, FIELD(hires_upscale), COMMAND_GENERATE },
    { "seamless", 0, KIND_TEXT, FIELD(seamless), COMMAND_GENERATE },
    { "tiling", 0, KIND_TEXT, FIELD(tiling), COMMAND_GENERATE },
    { "safety", 0, KIND_TEXT, FIELD(safety), COMMAND_GENERATE },
    { "variation-seed", 0, KIND_SEED, FIELD(variation_seed), COMMAND_GENERATE },
    { "variation-strength", 0, KIND_REAL, FIELD(variation_strength), COMMAND_GENERATE },
    { "image-guidance", 0, KIND_REAL, FIELD(image_guidance), COMMAND_GENERATE },
    { "true-guidance", 0, KIND_REAL, FIELD(true_guidance), COMMAND_GENERATE },
    { "noise-level", 0, KIND_WHOLE, FIELD(noise_level), COMMAND_GENERATE },
    { "guidance-rescale", 0, KIND_REAL, FIELD(guidance_rescale), COMMAND_GENERATE },
    { "guidance-interval", 0, KIND_TEXT, FIELD(guidance_interval), COMMAND_GENERATE },
    { "guidance-scales", 0, KIND_TEXT, FIELD(guidance_scales), COMMAND_GENERATE },
    { "guidance-points", 0, KIND_TEXT, FIELD(guidance_points), COMMAND_GENERATE },
    { "guidance-plus-plus", 0, KIND_REAL, FIELD(guidance_plus_plus), COMMAND_GENERATE },
    { "guidance-projection", 0, KIND_TEXT, FIELD(guidance_projection), COMMAND_GENERATE },
    { "guidance-threshold", 0, KIND_TEXT, FIELD(guidance_threshold), COMMAND_GENERATE },
    { "guidance-mimic", 0, KIND_TEXT, FIELD(guidance_mimic), COMMAND_GENERATE },
    { "guidance-zero-star", 0, KIND_WHOLE, FIELD(guidance_zero_star), COMMAND_GENERATE },
    { "reuse", 0, KIND_REAL, FIELD(reuse), COMMAND_GENERATE },
    { "reuse-keep", 0, KIND_TEXT, FIELD(reuse_keep), COMMAND_GENERATE },
    { "negative-every", 0, KIND_WHOLE, FIELD(negative_every), COMMAND_GENERATE },
    { "negative-until", 0, KIND_REAL, FIELD(negative_until), COMMAND_GENERATE },
    { "refiner", 0, KIND_TEXT, FIELD(refiner), COMMAND_GENERATE },
    { "denoising-start", 0, KIND_REAL, FIELD(denoising_start), COMMAND_GENERATE },
    { "denoising-end", 0, KIND_REAL, FIELD(denoising_end), COMMAND_GENERATE },
    { "original-size", 0, KIND_TEXT, FIELD(original_size), COMMAND_GENERATE },
    { "crop", 0, KIND_TEXT, FIELD(crop), COMMAND_GENERATE },
    { "target-size", 0, KIND_TEXT, FIELD(target_size), COMMAND_GENERATE },
    { "negative-original-size", 0, KIND_TEXT, FIELD(negative_original_size), COMMAND_GENERATE },
    { "negative-crop", 0, KIND_TEXT, FIELD(negative_crop), COMMAND_GENERATE },
    { "negative-target-size", 0, KIND_TEXT, FIELD(negative_target_size), COMMAND_GENERATE },
    { "aesthetic-score", 0, KIND_REAL, FIELD(aesthetic_score), COMMAND_GENERATE },
    { "negative-aesthetic-score", 0, KIND_REAL, FIELD(negative_aesthetic_score), COMMAND_GENERATE },
    { "class", 0, KIND_TEXT, FIELD(class_label), COMPUTING },
    { "stage", 0, KIND_TEXTS, FIELD(stages), COMPUTING },
    { "until", 0, KIND_TEXT, FIELD(until), COMPUTING },
    { "edit", 0, KIND_TEXTS, FIELD(edits), COMPUTING },
    { "text-difference", 0, KIND_PAIR, FIELD(text_difference), COMMAND_EDIT },
    { "at", 0, KIND_REAL, FIELD(at), COMMAND_EDIT },
    { "value", 0, KIND_TEXT, FIELD(value), COMMAND_EMBED },
    { "like", 0, KIND_TEXT, FIELD(like), COMMAND_VARIATIONS },
    { "from", 0, KIND_TEXT, FIELD(from), COMMAND_INTERPOLATE },
    { "to", 0, KIND_TEXT, FIELD(to), COMMAND_INTERPOLATE },
    { "frames", 0, KIND_WHOLE, FIELD(frames), COMMAND_INTERPOLATE },
    { "mix", 0, KIND_TEXT, FIELD(mix), COMMAND_INTERPOLATE },
    { "output", 'o', KIND_TEXT, FIELD(output), COMPUTING },
    { "preview", 0, KIND_TEXT, FIELD(preview), COMMAND_GENERATE },
    { "preview-mode", 0, KIND_TEXT, FIELD(preview_mode), COMMAND_GENERATE },
    { "provider", 0, KIND_TEXTS, FIELD(providers), OPENING },
    { "provider-option", 0, KIND_TEXTS, FIELD(provider_options), OPENING },
    { "condition-graph", 0, KIND_TEXTS, FIELD(condition_graphs), OPENING },
    { "embedding", 0, KIND_TEXTS, FIELD(embeddings), OPENING },
    { "fallback", 0, KIND_TEXT, FIELD(fallback), OPENING },
    { "precision", 0, KIND_TEXT, FIELD(precision), OPENING },
    { "device-id", 0, KIND_WHOLE, FIELD(device_id), OPENING },
    { "threads", 0, KIND_WHOLE, FIELD(threads), OPENING },
    { "memory", 0, KIND_TEXT, FIELD(memory), OPENING },
    { "cache-dir", 0, KIND_TEXT, FIELD(cache_dir), OPENING },
    { "prepare", 0, KIND_TEXT, FIELD(prepare), OPENING },
    { "ort-library", 0, KIND_TEXT, FIELD(ort_library), ALL },
    { "json", 0, KIND_FLAG, FIELD(json), ALL },
    { "quiet", 0, KIND_FLAG, FIELD(quiet), ALL },
    { "verbose", 0, KIND_FLAG, FIELD(verbose), ALL },
    { "help", 'h', KIND_FLAG, FIELD(help), ALL },
};

void print_visible(FILE *file, const char *text)
{
    for (; *text != '\0'; text++)
        fputc((unsigned char)*text < 0x20 || *text == 0x7f ? '?' : *text, file);
}

void complain(const char *format, ...)
{
    va_list arguments;
    char *text;
    int length;
    va_start(arguments, format);
    length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    text = length < 0 ? NULL : malloc((size_t)length + 1);
    if (text == NULL) {
        fputs("diffusion: memory ran out\n", stderr);
        return;
    }
    va_start(arguments, format);
    vsnprintf(text, (size_t)length + 1, format, arguments);
    va_end(arguments);
    /* What the user typed comes back in messages; a message is one line all the same, and moves no cursor. */
    fputs("diffusion: ", stderr);
    print_visible(stderr, text);
    fputs("\n", stderr);
    free(text);
}

/* A whole number in decimal with nothing around it. One past 64 bits becomes the nearest that fits, which the library
 * refuses with the range that it allows. */
static bool read_whole(const char *text, int64_t *value)
{
    char *end;
    const char *digits = text + (*text == '-' || *text == '+');
    if (!isdigit((unsigned char)*digits))
        return false;
    *value = strtoll(text, &end, 10);
    return *end == '\0';
}

bool options_numbers(const char *text, char between, int64_t *numbers, int count)
{
    int i;
    for (i = 0; i < count; i++) {
        char *end;
        if (!isdigit((unsigned char)text[*text == '-' || *text == '+']))
            return false;
        numbers[i] = strtoll(text, &end, 10);
        if (*end != (i + 1 < count ? between : '\0'))
            return false;
        text = end + 1;
    }
    return true;
}

static bool read_seed(const char *text, uint64_t *value)
{
    char *end;
    if (!isdigit((unsigned char)*text))
        return false;
    errno = 0;
    *value = strtoull(text, &end, 10);
    return *end == '\0' && errno == 0;
}

/* A finite number at the beginning of a text; NULL where there is none, else what follows it. */
static const char *read_number(const char *text, double *value)
{
    char *end;
    if (*text == '\0' || isspace((unsigned char)*text))
        return NULL;
    *value = strtod(text, &end);
    return end != text && isfinite(*value) && isfinite((float)*value) ? end : NULL;
}

static bool read_real(const char *text, float *value)
{
    double number = 0;
    const char *end = read_number(text, &number);
    *value = (float)number;
    return end != NULL && *end == '\0';
}

int options_reals(const char *text, const char *separators, double *numbers, int most)
{
    const size_t turns = strlen(separators);
    int count = 0;
    while (count < most) {
        text = read_number(text, &numbers[count]);
        if (text == NULL)
            return 0;
        count++;
        if (*text == '\0')
            return count;
        if (*text != separators[(size_t)(count - 1) % turns])
            return 0;
        text++;
    }
    return 0;
}

/* Puts a value where its rule says; `more` is a pair's second one. */
static bool store(struct options *options, const struct rule *rule, const char *text, const char *more)
{
    void *field = (char *)options + rule->field;
    switch (rule->kind) {
    case KIND_TEXT:
        *(const char **)field = text;
        return true;
    case KIND_TEXTS: {
        struct texts *texts = field;
        if (texts->count == sizeof texts->values / sizeof *texts->values) {
            complain("--%s is given too often; allowed are %d times", rule->name, texts->count);
            return false;
        }
        texts->values[texts->count++] = text;
        return true;
    }
    case KIND_PAIR: {
        struct pair *pair = field;
        pair->first = text;
        pair->second = more;
        return true;
    }
    case KIND_WHOLE: {
        struct whole *whole = field;
        whole->given = true;
        if (read_whole(text, &whole->value))
            return true;
        complain("--%s: \"%s\" is not a whole number", rule->name, text);
        return false;
    }
    case KIND_REAL: {
        struct real *real = field;
        real->given = true;
        if (read_real(text, &real->value))
            return true;
        complain("--%s: \"%s\" is not a finite number", rule->name, text);
        return false;
    }
    case KIND_SEED: {
        struct seed *seed = field;
        seed->given = true;
        if (read_seed(text, &seed->value))
            return true;
        complain("--%s: \"%s\" is not a whole number from 0 to 18446744073709551615", rule->name, text);
        return false;
    }
    case KIND_FLAG:
        *(bool *)field = true;
        return true;
    }
    return false;
}

/* The rule of a long or a short option; its value where it is part of the same word ("--name=value", "-nvalue"). */
static const struct rule *find(const char *word, const char **value)
{
    size_t i;
    *value = NULL;
    for (i = 0; i < sizeof rules / sizeof *rules; i++) {
        const struct rule *rule = &rules[i];
        const size_t length = strlen(rule->name);
        if (word[1] == '-') {
            if (strncmp(word + 2, rule->name, length) != 0 || (word[2 + length] != '\0' && word[2 + length] != '='))
                continue;
            if (word[2 + length] == '=')
                *value = word + 2 + length + 1;
            return rule;
        }
        if (rule->letter != 0 && word[1] == rule->letter) {
            if (word[2] != '\0')
                *value = word + 2;
            return rule;
        }
    }
    return NULL;
}

bool options_parse(struct options *options, enum command command, int argc, char **argv)
{
    int i;
    memset(options, 0, sizeof *options);
    for (i = 0; i < argc; i++) {
        const char *value, *more = NULL;
        const struct rule *rule;
        if (argv[i][0] != '-' || argv[i][1] == '\0') {
            complain("\"%s\" is not an option; diffusion --help lists them", argv[i]);
            return false;
        }
        rule = find(argv[i], &value);
        if (rule == NULL) {
            complain("unknown option \"%s\"; diffusion --help lists what there is", argv[i]);
            return false;
        }
        if (!(rule->commands & (unsigned)command)) {
            complain("--%s is not an option of this command; diffusion --help lists them", rule->name);
            return false;
        }
        if (rule->kind == KIND_FLAG && value != NULL) {
            complain("--%s takes no value", rule->name);
            return false;
        }
        if (rule->kind != KIND_FLAG && value == NULL) {
            if (i + 1 == argc) {
                complain("--%s needs a value", rule->name);
                return false;
            }
            value = argv[++i];
        }
        if (rule->kind == KIND_PAIR) {
            if (i + 1 == argc) {
                complain("--%s needs two values", rule->name);
                return false;
            }
            more = argv[++i];
        }
        if (!store(options, rule, value, more))
            return false;
        if (options->help)
            return true; /* whatever else stands there */
    }
    return true;
}
