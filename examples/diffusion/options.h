/* The command line, as data. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Which command an option is for; an option may be for several. */
enum command {
    COMMAND_GENERATE = 1,
    COMMAND_INSPECT = 2,
    COMMAND_DEVICES = 4,
    COMMAND_EMBED = 8,
    COMMAND_VARIATIONS = 16,
    COMMAND_INTERPOLATE = 32,
    COMMAND_EDIT = 64,
    COMMAND_RECONSTRUCT = 128
};

/* A number that was given or not. */
struct whole { bool given; int64_t value; };
struct seed { bool given; uint64_t value; };
struct real { bool given; float value; };

/* A text that may be given several times, in the order of the command line. */
struct texts { const char *values[32]; int count; };

/* Two texts that follow one option; NULL where it was not given. */
struct pair { const char *first, *second; };

/* What was asked for. Texts are borrowed from argv; NULL means that the option was not given. */
struct options {
    const char *model, *prompt, *negative, *output;
    const char *prompt_2, *prompt_3, *negative_2, *negative_3, *syntax;
    const char *init, *mask, *outpaint, *refiner;
    const char *sigmas_list, *timesteps_list;
    const char *scheduler, *sigmas, *rng, *seed_mode, *safety, *seamless, *tiling, *hires_upscale;
    const char *guidance_interval, *guidance_scales, *guidance_points, *guidance_projection, *guidance_threshold;
    const char *guidance_mimic, *reuse_keep;
    const char *original_size, *crop, *target_size, *negative_original_size, *negative_crop, *negative_target_size;
    const char *preview, *preview_mode;
    const char *precision, *fallback, *memory, *ort_library, *cache_dir, *prepare;
    const char *class_label, *until, *value, *like, *from, *to, *mix;
    struct texts providers, provider_options, embeddings, condition_graphs, conditions, boxes;
    struct texts stages, edits;
    struct pair text_difference;
    struct whole frames;
    struct real at;
    struct whole width, height, steps, count, device_id, threads;
    struct whole guidance_zero_star, negative_every;
    struct real guidance_rescale, guidance_plus_plus, reuse, negative_until;
    struct whole mask_padding, clip_skip, max_tokens, noise_level, hires_steps;
    struct real guidance, strength, mask_blur, hires, hires_strength, variation_strength, eta;
    struct real image_guidance, true_guidance, denoising_start, denoising_end;
    struct real aesthetic_score, negative_aesthetic_score, boxes_until;
    struct seed seed, variation_seed;
    bool paste_back, guess_mode, json, quiet, verbose, help;
};

/* Reads the arguments after the command's name. Returns false after one line on stderr that says what is wrong. */
bool options_parse(struct options *options, enum command command, int argc, char **argv);

/* Reads `count` whole numbers with a character between each two of them, as "64x48"; false where it is anything else. */
bool options_numbers(const char *text, char between, int64_t *numbers, int count);

/* Reads finite numbers with separators between them, which take turns: ":," reads "0:7.5,1:3". Returns how many there
 * were, at most `most`; 0 where it is anything else. */
int options_reals(const char *text, const char *separators, double *numbers, int most);

/* Prints the text with question marks for its control characters: what a model's folder says moves no cursor. */
void print_visible(FILE *file, const char *text);

/* Prints one line on stderr that begins with the tool's name; control characters in it become question marks. */
void complain(const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 1, 2)))
#endif
    ;

#endif
