#include "lists.h"

#include <stddef.h>

#include "exits.h"
#include "session.h"

enum { MOST_NUMBERS = 2000 }; /* two for each of 1000 steps */

/* The library's own defaults of what is never left out. */
enum { FIRST_STEPS = 3, LAST_STEPS = 1 };

static diffusion_status interval(diffusion_request *request, const double *numbers, int count)
{
    (void)count;
    return diffusion_request_set_guidance_interval(request, (float)numbers[0], (float)numbers[1]);
}

static diffusion_status scales(diffusion_request *request, const double *numbers, int count)
{
    float values[MOST_NUMBERS];
    int i;
    for (i = 0; i < count; i++)
        values[i] = (float)numbers[i];
    return diffusion_request_set_guidance_scales(request, values, (size_t)count);
}

static diffusion_status points(diffusion_request *request, const double *numbers, int count)
{
    float places[MOST_NUMBERS / 2], values[MOST_NUMBERS / 2];
    int i;
    for (i = 0; i < count / 2; i++) {
        places[i] = (float)numbers[2 * i];
        values[i] = (float)numbers[2 * i + 1];
    }
    return diffusion_request_set_guidance_points(request, places, values, (size_t)(count / 2));
}

static diffusion_status projection(diffusion_request *request, const double *numbers, int count)
{
    (void)count;
    return diffusion_request_set_guidance_projection(request, (float)numbers[0], (float)numbers[1], (float)numbers[2]);
}

static diffusion_status threshold(diffusion_request *request, const double *numbers, int count)
{
    (void)count;
    return diffusion_request_set_guidance_threshold(request, (float)numbers[0], (float)numbers[1]);
}

static diffusion_status mimic(diffusion_request *request, const double *numbers, int count)
{
    (void)count;
    return diffusion_request_set_guidance_mimic_scale(request, (float)numbers[0], (float)numbers[1]);
}

static diffusion_status sigmas(diffusion_request *request, const double *numbers, int count)
{
    return diffusion_request_set_custom_sigmas(request, numbers, (size_t)count);
}

static diffusion_status timesteps(diffusion_request *request, const double *numbers, int count)
{
    return diffusion_request_set_custom_timesteps(request, numbers, (size_t)count);
}

static const struct {
    const char *option;
    size_t field;
    const char *separators;
    int group; /* how many numbers belong together; there are as many as that, or any multiple where `many` is set */
    bool many;
    const char *form;
    diffusion_status (*set)(diffusion_request *request, const double *numbers, int count);
} lists[] = {
    { "guidance-interval", offsetof(struct options, guidance_interval), ",", 2, false, "FROM,TO", interval },
    { "guidance-scales", offsetof(struct options, guidance_scales), ",", 1, true, "SCALE,SCALE,...", scales },
    { "guidance-points", offsetof(struct options, guidance_points), ":,", 2, true, "AT:SCALE,AT:SCALE,...", points },
    { "guidance-projection", offsetof(struct options, guidance_projection), ",", 3, false, "ETA,NORM,MOMENTUM",
      projection },
    { "guidance-threshold", offsetof(struct options, guidance_threshold), ",", 2, false, "PERCENTILE,LIMIT", threshold },
    { "guidance-mimic", offsetof(struct options, guidance_mimic), ",", 2, false, "PERCENTILE,SCALE", mimic },
    { "sigmas-list", offsetof(struct options, sigmas_list), ",", 1, true, "SIGMA,SIGMA,...", sigmas },
    { "timesteps-list", offsetof(struct options, timesteps_list), ",", 1, true, "TIMESTEP,TIMESTEP,...", timesteps },
};

static int fill_lists(const struct options *options, diffusion_request *request)
{
    static double numbers[MOST_NUMBERS];
    size_t i;
    for (i = 0; i < sizeof lists / sizeof *lists; i++) {
        const char *text = *(const char *const *)((const char *)options + lists[i].field);
        int count;
        if (text == NULL)
            continue;
        count = options_reals(text, lists[i].separators, numbers, MOST_NUMBERS);
        if (count == 0 || count % lists[i].group != 0 || (!lists[i].many && count != lists[i].group)) {
            complain("--%s: \"%s\" is not of the form %s, each a number", lists[i].option, text, lists[i].form);
            return EXIT_USAGE;
        }
        if (lists[i].set(request, numbers, count))
            return session_refused(lists[i].option);
    }
    return EXIT_DONE;
}

int lists_fill(const struct options *options, diffusion_request *request)
{
    int64_t keep[2] = { FIRST_STEPS, LAST_STEPS };
    const int code = fill_lists(options, request);
    if (code != EXIT_DONE)
        return code;
    if (options->reuse_keep != NULL && !options->reuse.given) {
        complain("--reuse-keep says what --reuse may not leave out, which is not given");
        return EXIT_USAGE;
    }
    if (options->reuse_keep != NULL && !options_numbers(options->reuse_keep, ',', keep, 2)) {
        complain("--reuse-keep: \"%s\" is not two whole numbers as FIRST,LAST", options->reuse_keep);
        return EXIT_USAGE;
    }
    if (options->reuse.given && diffusion_request_set_reuse(request, options->reuse.value, keep[0], keep[1]))
        return session_refused(options->reuse_keep == NULL ? "reuse" : "reuse-keep");
    if ((options->negative_every.given || options->negative_until.given)
        && diffusion_request_set_negative_schedule(request, options->negative_every.given ? options->negative_every.value : 1,
                                                   options->negative_until.given ? options->negative_until.value : 1.0f))
        return session_refused(options->negative_every.given ? "negative-every" : "negative-until");
    return EXIT_DONE;
}
