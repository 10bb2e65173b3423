/* diffusion generate: from the command line to files. */
#include <stdio.h>
#include <stdlib.h>

#include "commands.h"
#include "diffusion.h"
#include "exits.h"
#include "interrupt.h"
#include "output.h"
#include "progress.h"
#include "report.h"
#include "request.h"
#include "session.h"

/* What one generation holds; everything may be NULL. */
struct work {
    diffusion_pipeline_options *settings;
    diffusion_request *request;
    diffusion_cancel_token *cancel;
    struct stage stages[2]; /* the model, and its refiner where there is one */
    int count;
};

/* Checks the whole command line, so that a mistake costs no waiting. */
static int prepare(const struct options *options, struct work *work)
{
    diffusion_status status;
    int code;
    if (options->prompt == NULL) {
        complain("--prompt is missing; it says what the picture should show");
        return EXIT_USAGE;
    }
    if (options->refiner != NULL && !session_is_folder("refiner", options->refiner))
        return EXIT_USAGE;
    if ((code = output_check("output", options->output)) != EXIT_DONE
        || (options->preview != NULL && (code = output_check("preview", options->preview)) != EXIT_DONE)
        || (code = session_settings(options, &work->settings)) != EXIT_DONE)
        return code;
    status = diffusion_request_create(&work->request);
    if (status == DIFFUSION_STATUS_OK)
        status = diffusion_cancel_token_create(&work->cancel);
    return status == DIFFUSION_STATUS_OK ? request_fill(options, work->request) : session_failed(status, EXIT_GENERATE);
}

/* Writes every picture. A cancel between two of them stops; each file is whole or not there. */
static int save(const struct options *options, const struct work *work)
{
    const diffusion_result *result = work->stages[work->count - 1].result;
    const uint32_t count = diffusion_result_count(result);
    uint32_t i;
    for (i = 0; i < count; i++) {
        const diffusion_image *image = NULL;
        char *path = output_path(options->output, i, count);
        diffusion_status status = path == NULL ? DIFFUSION_STATUS_OUT_OF_MEMORY : DIFFUSION_STATUS_OK;
        if (diffusion_cancel_token_is_cancelled(work->cancel))
            status = DIFFUSION_STATUS_CANCELLED;
        if (status == DIFFUSION_STATUS_OK)
            status = diffusion_result_image(result, i, &image);
        if (status == DIFFUSION_STATUS_OK)
            status = diffusion_image_save_cstr(image, path);
        free(path);
        if (status != DIFFUSION_STATUS_OK)
            return session_failed(status, EXIT_GENERATE);
    }
    return EXIT_DONE;
}

/* Draws with one model. */
static int draw(const struct options *options, struct work *work, struct stage *stage, struct progress_bar *bar)
{
    const diffusion_status status = diffusion_pipeline_generate(stage->pipeline, work->request, work->cancel,
                                                                progress_report, bar, &stage->result);
    uint32_t i;
    progress_wipe(bar);
    if (status == DIFFUSION_STATUS_UNSUPPORTED)
        return session_failed(status, EXIT_USAGE); /* the model cannot do what an option asks for */
    if (status != DIFFUSION_STATUS_OK)
        return session_failed(status, EXIT_GENERATE);
    for (i = 0; i < diffusion_result_warning_count(stage->result) && !options->quiet; i++)
        complain("warning: %s", diffusion_result_warning(stage->result, i));
    return EXIT_DONE;
}

static int run(const struct options *options, struct work *work, struct progress_bar *bar)
{
    const char *const folders[] = { options->model, options->refiner };
    int i, code = EXIT_DONE;
    work->count = options->refiner == NULL ? 1 : 2;
    for (i = 0; i < work->count && code == EXIT_DONE; i++)
        code = session_open(folders[i], work->settings, work->cancel, bar, &work->stages[i].pipeline);
    for (i = 0; i < work->count && code == EXIT_DONE; i++) {
        if (i > 0)
            code = request_refine(options, work->request, work->stages[i - 1].result);
        if (code == EXIT_DONE)
            code = draw(options, work, &work->stages[i], bar);
    }
    if (code == EXIT_DONE)
        code = save(options, work);
    if (code == EXIT_DONE && options->json)
        code = report_json(options, work->stages, work->count);
    else if (code == EXIT_DONE && !options->quiet)
        code = report_text(options, work->stages[work->count - 1].result);
    return code;
}

int command_generate(const struct options *options)
{
    struct work work = { 0 };
    struct progress_bar bar;
    int i, code = prepare(options, &work);
    if (code == EXIT_DONE) {
        progress_start(&bar, !options->quiet && !options->verbose);
        bar.preview = options->preview;
        bar.pictures = options->count.given ? (uint32_t)options->count.value : 1;
        if (interrupt_start(work.cancel)) {
            code = run(options, &work, &bar);
            interrupt_stop();
        } else {
            complain("Ctrl-C cannot be caught on this system");
            code = EXIT_GENERATE;
        }
    }
    for (i = 0; i < 2; i++) {
        diffusion_result_destroy(work.stages[i].result);
        diffusion_pipeline_destroy(work.stages[i].pipeline);
    }
    diffusion_cancel_token_destroy(work.cancel);
    diffusion_request_destroy(work.request);
    diffusion_pipeline_options_destroy(work.settings);
    return code;
}
