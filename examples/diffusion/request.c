#include "request.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "cascade.h"
#include "conditions.h"
#include "exits.h"
#include "lists.h"
#include "session.h"

/* Where the refiner takes over unless --denoising-end says so: what Stable Diffusion XL's makers do. */
static const float HANDOVER = 0.8f;

#define FIELD(name) offsetof(struct options, name)

/* Which function of the library an option calls. The library checks each value and words the refusal. */
static const struct {
    const char *option;
    size_t field;
    diffusion_status (*set)(diffusion_request *request, const char *text, size_t length);
    bool is_name; /* to the library an empty name means the default; on a command line it is a slip */
} texts[] = {
    { "prompt", FIELD(prompt), diffusion_request_set_prompt, false },
    { "prompt-2", FIELD(prompt_2), diffusion_request_set_prompt_2, false },
    { "prompt-3", FIELD(prompt_3), diffusion_request_set_prompt_3, false },
    { "negative", FIELD(negative), diffusion_request_set_negative_prompt, false },
    { "negative-2", FIELD(negative_2), diffusion_request_set_negative_prompt_2, false },
    { "negative-3", FIELD(negative_3), diffusion_request_set_negative_prompt_3, false },
    { "syntax", FIELD(syntax), diffusion_request_set_syntax, true },
    { "scheduler", FIELD(scheduler), diffusion_request_set_scheduler, true },
    { "sigmas", FIELD(sigmas), diffusion_request_set_sigmas, true },
    { "rng", FIELD(rng), diffusion_request_set_rng, true },
    { "seed-mode", FIELD(seed_mode), diffusion_request_set_seed_mode, true },
    { "seamless", FIELD(seamless), diffusion_request_set_seamless, true },
    { "tiling", FIELD(tiling), diffusion_request_set_tiling, true },
    { "safety", FIELD(safety), diffusion_request_set_safety, true },
    { "hires-upscale", FIELD(hires_upscale), diffusion_request_set_hires_upscale, true },
};

static const struct {
    const char *option;
    size_t field;
    diffusion_status (*set)(diffusion_request *request, int64_t number);
} wholes[] = {
    { "width", FIELD(width), diffusion_request_set_width },
    { "height", FIELD(height), diffusion_request_set_height },
    { "steps", FIELD(steps), diffusion_request_set_steps },
    { "count", FIELD(count), diffusion_request_set_count },
    { "clip-skip", FIELD(clip_skip), diffusion_request_set_clip_skip },
    { "max-tokens", FIELD(max_tokens), diffusion_request_set_max_tokens },
    { "mask-padding", FIELD(mask_padding), diffusion_request_set_mask_padding },
    { "noise-level", FIELD(noise_level), diffusion_request_set_noise_level },
    { "guidance-zero-star", FIELD(guidance_zero_star), diffusion_request_set_guidance_zero_star },
    { "hires-steps", FIELD(hires_steps), diffusion_request_set_hires_steps },
};

static const struct {
    const char *option;
    size_t field;
    diffusion_status (*set)(diffusion_request *request, float number);
} reals[] = {
    { "guidance", FIELD(guidance), diffusion_request_set_guidance },
    { "guidance-rescale", FIELD(guidance_rescale), diffusion_request_set_guidance_rescale },
    { "guidance-plus-plus", FIELD(guidance_plus_plus), diffusion_request_set_guidance_plus_plus },
    { "image-guidance", FIELD(image_guidance), diffusion_request_set_image_guidance },
    { "true-guidance", FIELD(true_guidance), diffusion_request_set_true_guidance },
    { "eta", FIELD(eta), diffusion_request_set_eta },
    { "strength", FIELD(strength), diffusion_request_set_strength },
    { "mask-blur", FIELD(mask_blur), diffusion_request_set_mask_blur },
    { "hires", FIELD(hires), diffusion_request_set_hires_scale },
    { "hires-strength", FIELD(hires_strength), diffusion_request_set_hires_strength },
    { "denoising-start", FIELD(denoising_start), diffusion_request_set_denoising_start },
    { "denoising-end", FIELD(denoising_end), diffusion_request_set_denoising_end },
    { "aesthetic-score", FIELD(aesthetic_score), diffusion_request_set_aesthetic_score },
    { "negative-aesthetic-score", FIELD(negative_aesthetic_score), diffusion_request_set_negative_aesthetic_score },
};

/* Two whole numbers with a character between them. */
static const struct {
    const char *option;
    size_t field;
    diffusion_status (*set)(diffusion_request *request, int64_t first, int64_t second);
    char between;
} pairs[] = {
    { "original-size", FIELD(original_size), diffusion_request_set_original_size, 'x' },
    { "crop", FIELD(crop), diffusion_request_set_crop, ',' },
    { "target-size", FIELD(target_size), diffusion_request_set_target_size, 'x' },
    { "negative-original-size", FIELD(negative_original_size), diffusion_request_set_negative_original_size, 'x' },
    { "negative-crop", FIELD(negative_crop), diffusion_request_set_negative_crop, ',' },
    { "negative-target-size", FIELD(negative_target_size), diffusion_request_set_negative_target_size, 'x' },
};

#define COUNT(table) (sizeof (table) / sizeof *(table))

static const void *at(const struct options *options, size_t field)
{
    return (const char *)options + field;
}

static int fill_texts(const struct options *options, diffusion_request *request)
{
    size_t i;
    for (i = 0; i < COUNT(texts); i++) {
        const char *text = *(const char *const *)at(options, texts[i].field);
        if (text == NULL)
            continue;
        if (texts[i].is_name && *text == '\0') {
            complain("--%s: the name is empty; leave the option out for the model's own", texts[i].option);
            return EXIT_USAGE;
        }
        if (texts[i].set(request, text, strlen(text)))
            return session_refused(texts[i].option);
    }
    return EXIT_DONE;
}

static int fill_numbers(const struct options *options, diffusion_request *request)
{
    size_t i;
    for (i = 0; i < COUNT(wholes); i++) {
        const struct whole *number = at(options, wholes[i].field);
        if (number->given && wholes[i].set(request, number->value))
            return session_refused(wholes[i].option);
    }
    for (i = 0; i < COUNT(reals); i++) {
        const struct real *number = at(options, reals[i].field);
        if (number->given && reals[i].set(request, number->value))
            return session_refused(reals[i].option);
    }
    for (i = 0; i < COUNT(pairs); i++) {
        const char *text = *(const char *const *)at(options, pairs[i].field);
        int64_t numbers[2];
        if (text == NULL)
            continue;
        if (!options_numbers(text, pairs[i].between, numbers, 2)) {
            complain("--%s: \"%s\" is not two whole numbers with '%c' between them", pairs[i].option, text,
                     pairs[i].between);
            return EXIT_USAGE;
        }
        if (pairs[i].set(request, numbers[0], numbers[1]))
            return session_refused(pairs[i].option);
    }
    return EXIT_DONE;
}

static int fill_seeds(const struct options *options, diffusion_request *request)
{
    if (options->seed.given && diffusion_request_set_seed(request, options->seed.value))
        return session_refused("seed");
    if (options->variation_seed.given != options->variation_strength.given) {
        complain("--variation-seed and --variation-strength go together; one is missing");
        return EXIT_USAGE;
    }
    if (options->variation_seed.given
        && diffusion_request_set_variation(request, options->variation_seed.value, options->variation_strength.value))
        return session_refused("variation-strength");
    return EXIT_DONE;
}

/* Gives the request a picture and perhaps a larger canvas with the mask that belongs to it. */
static int use_init(const struct options *options, diffusion_request *request, const diffusion_image *init)
{
    diffusion_image *canvas = NULL, *mask = NULL;
    int64_t more[4];
    int code = EXIT_DONE;
    if (options->outpaint == NULL)
        return diffusion_request_set_init_image(request, init) ? session_refused("init") : EXIT_DONE;
    if (!options_numbers(options->outpaint, ',', more, 4)) {
        complain("--outpaint: \"%s\" is not four whole numbers as LEFT,RIGHT,TOP,BOTTOM", options->outpaint);
        return EXIT_USAGE;
    }
    if (diffusion_image_extend(init, more[0], more[1], more[2], more[3], &canvas, &mask)
        || diffusion_request_set_init_image(request, canvas) || diffusion_request_set_mask_image(request, mask))
        code = session_refused("outpaint");
    diffusion_image_destroy(canvas);
    diffusion_image_destroy(mask);
    return code;
}

static int fill_pictures(const struct options *options, diffusion_request *request)
{
    diffusion_image *image = NULL;
    int code = EXIT_DONE;
    if (options->init == NULL && (options->mask != NULL || options->outpaint != NULL)) {
        complain("--%s needs a picture, --init", options->mask != NULL ? "mask" : "outpaint");
        return EXIT_USAGE;
    }
    if (options->mask != NULL && options->outpaint != NULL) {
        complain("--mask and --outpaint cannot be combined: a larger canvas has a mask of its own");
        return EXIT_USAGE;
    }
    if (options->paste_back && diffusion_request_set_paste_back(request, 1))
        return session_refused("paste-back");
    if (options->init != NULL) {
        code = diffusion_image_open_cstr(options->init, &image) ? session_refused("init")
                                                                : use_init(options, request, image);
        diffusion_image_destroy(image);
    }
    if (code == EXIT_DONE && options->mask != NULL) {
        image = NULL;
        if (diffusion_image_open_cstr(options->mask, &image) || diffusion_request_set_mask_image(request, image))
            code = session_refused("mask");
        diffusion_image_destroy(image);
    }
    return code;
}

static float handover(const struct options *options)
{
    return options->denoising_end.given ? options->denoising_end.value : HANDOVER;
}

static int fill_previews(const struct options *options, diffusion_request *request)
{
    const char *mode = options->preview_mode == NULL ? "linear" : options->preview_mode;
    if (options->preview == NULL && options->preview_mode != NULL) {
        complain("--preview-mode: there are no previews without --preview FILE");
        return EXIT_USAGE;
    }
    if (options->preview == NULL)
        return EXIT_DONE;
    if (*mode == '\0') {
        complain("--preview-mode: the name is empty; leave the option out for linear ones");
        return EXIT_USAGE;
    }
    return diffusion_request_set_previews(request, mode, strlen(mode), 1) ? session_refused("preview-mode") : EXIT_DONE;
}

int request_fill(const struct options *options, diffusion_request *request)
{
    int code = fill_texts(options, request);
    if (code == EXIT_DONE)
        code = fill_numbers(options, request);
    if (code == EXIT_DONE)
        code = lists_fill(options, request);
    if (code == EXIT_DONE)
        code = fill_seeds(options, request);
    if (code == EXIT_DONE)
        code = fill_pictures(options, request);
    if (code == EXIT_DONE)
        code = conditions_fill(options, request);
    if (code == EXIT_DONE)
        code = fill_previews(options, request);
    if (code == EXIT_DONE)
        code = cascade_fill(options, request);
    if (code != EXIT_DONE)
        return code;
    if (options->refiner != NULL && (options->mask != NULL || options->outpaint != NULL)) {
        complain("--refiner cannot be combined with a mask: it would draw over what the mask protects");
        return EXIT_USAGE;
    }
    if (options->refiner != NULL && diffusion_request_set_denoising_end(request, handover(options)))
        return session_refused("denoising-end");
    return diffusion_request_validate(request) ? session_failed(diffusion_last_error_status(), EXIT_USAGE) : EXIT_DONE;
}

int request_refine(const struct options *options, diffusion_request *request, const diffusion_result *drawn)
{
    int code;
    diffusion_status status = diffusion_request_reset(request);
    if (status != DIFFUSION_STATUS_OK)
        return session_failed(status, EXIT_GENERATE);
    if ((code = fill_texts(options, request)) != EXIT_DONE || (code = fill_numbers(options, request)) != EXIT_DONE
        || (code = lists_fill(options, request)) != EXIT_DONE || (code = fill_seeds(options, request)) != EXIT_DONE)
        return code;
    /* To its end, which a number of 1 says. */
    if (diffusion_request_set_denoising_start(request, handover(options))
        || diffusion_request_set_denoising_end(request, 1.0f) || diffusion_request_set_init_result(request, drawn)
        || diffusion_request_set_seed(request, diffusion_result_seed(drawn)))
        return session_refused("refiner");
    return EXIT_DONE;
}
