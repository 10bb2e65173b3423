/* diffusion generate: from the command line to files. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "diffusion.h"
#include "exits.h"
#include "interrupt.h"
#include "output.h"
#include "progress.h"
#include "report.h"
#include "session.h"

/* What one generation holds; everything may be NULL. */
struct work {
    diffusion_pipeline_options *settings;
    diffusion_request *request;
    diffusion_cancel_token *cancel;
    diffusion_pipeline *pipeline;
    diffusion_result *result;
};

/* Says which option the library refused. */
static int refused(const char *option)
{
    complain("--%s: %s", option, diffusion_last_error_message());
    return EXIT_USAGE;
}

/* Whether a name was given without a letter in it. To the library that means the default; here it is a slip. */
static bool empty(const char *option, const char *name)
{
    if (name == NULL || *name != '\0')
        return false;
    complain("--%s: the name is empty; leave the option out for the model's own", option);
    return true;
}

/* Everything that the command line says about the picture. The library checks each value and words the refusal. */
static int fill(const struct options *options, diffusion_request *request)
{
    if (diffusion_request_set_prompt_cstr(request, options->prompt))
        return refused("prompt");
    if (options->negative != NULL && diffusion_request_set_negative_prompt_cstr(request, options->negative))
        return refused("negative");
    if (options->width.given && diffusion_request_set_width(request, options->width.value))
        return refused("width");
    if (options->height.given && diffusion_request_set_height(request, options->height.value))
        return refused("height");
    if (options->steps.given && diffusion_request_set_steps(request, options->steps.value))
        return refused("steps");
    if (options->guidance.given && diffusion_request_set_guidance(request, options->guidance.value))
        return refused("guidance");
    if (empty("scheduler", options->scheduler) || empty("sigmas", options->sigmas))
        return EXIT_USAGE;
    if (options->scheduler != NULL
        && diffusion_request_set_scheduler(request, options->scheduler, strlen(options->scheduler)))
        return refused("scheduler");
    if (options->sigmas != NULL && diffusion_request_set_sigmas(request, options->sigmas, strlen(options->sigmas)))
        return refused("sigmas");
    if (options->seed.given && diffusion_request_set_seed(request, options->seed.value))
        return refused("seed");
    if (options->rng != NULL && diffusion_request_set_rng(request, options->rng, strlen(options->rng)))
        return refused("rng");
    if (options->count.given && diffusion_request_set_count(request, options->count.value))
        return refused("count");
    return EXIT_DONE;
}

/* Checks the whole command line, so that a mistake costs no waiting. */
static int prepare(const struct options *options, struct work *work)
{
    diffusion_status status;
    int code;
    if (options->prompt == NULL) {
        complain("--prompt is missing; it says what the picture should show");
        return EXIT_USAGE;
    }
    if ((code = output_check(options->output)) != EXIT_DONE
        || (code = session_settings(options, &work->settings)) != EXIT_DONE)
        return code;
    status = diffusion_request_create(&work->request);
    if (status == DIFFUSION_STATUS_OK)
        status = diffusion_cancel_token_create(&work->cancel);
    return status == DIFFUSION_STATUS_OK ? fill(options, work->request) : session_failed(status, EXIT_GENERATE);
}

/* Writes every picture. A cancel between two of them stops; each file is whole or not there. */
static int save(const struct options *options, const struct work *work)
{
    const uint32_t count = diffusion_result_count(work->result);
    uint32_t i;
    for (i = 0; i < count; i++) {
        const diffusion_image *image = NULL;
        char *path = output_path(options->output, i, count);
        diffusion_status status = path == NULL ? DIFFUSION_STATUS_OUT_OF_MEMORY : DIFFUSION_STATUS_OK;
        if (diffusion_cancel_token_is_cancelled(work->cancel))
            status = DIFFUSION_STATUS_CANCELLED;
        if (status == DIFFUSION_STATUS_OK)
            status = diffusion_result_image(work->result, i, &image);
        if (status == DIFFUSION_STATUS_OK)
            status = diffusion_image_save_cstr(image, path);
        free(path);
        if (status != DIFFUSION_STATUS_OK)
            return session_failed(status, EXIT_GENERATE);
    }
    return EXIT_DONE;
}

static int run(const struct options *options, struct work *work, struct progress_bar *bar)
{
    diffusion_status status;
    uint32_t i;
    int code = session_open(options, work->settings, work->cancel, bar, &work->pipeline);
    if (code != EXIT_DONE)
        return code;
    status = diffusion_pipeline_generate(work->pipeline, work->request, work->cancel, progress_report, bar,
                                         &work->result);
    progress_wipe(bar);
    if (status == DIFFUSION_STATUS_UNSUPPORTED)
        return session_failed(status, EXIT_USAGE); /* the model cannot do what an option asks for */
    if (status != DIFFUSION_STATUS_OK)
        return session_failed(status, EXIT_GENERATE);
    for (i = 0; i < diffusion_result_warning_count(work->result) && !options->quiet; i++)
        complain("warning: %s", diffusion_result_warning(work->result, i));
    code = save(options, work);
    if (code == EXIT_DONE && options->json)
        code = report_json(options, work->pipeline, work->result);
    else if (code == EXIT_DONE && !options->quiet)
        code = report_text(options, work->result);
    return code;
}

int command_generate(const struct options *options)
{
    struct work work = { 0 };
    struct progress_bar bar;
    int code = prepare(options, &work);
    if (code == EXIT_DONE) {
        progress_start(&bar, !options->quiet && !options->verbose);
        if (interrupt_start(work.cancel)) {
            code = run(options, &work, &bar);
            interrupt_stop();
        } else {
            complain("Ctrl-C cannot be caught on this system");
            code = EXIT_GENERATE;
        }
    }
    diffusion_result_destroy(work.result);
    diffusion_pipeline_destroy(work.pipeline);
    diffusion_cancel_token_destroy(work.cancel);
    diffusion_request_destroy(work.request);
    diffusion_pipeline_options_destroy(work.settings);
    return code;
}
