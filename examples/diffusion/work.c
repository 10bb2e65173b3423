#include "work.h"

#include <stdlib.h>
#include <string.h>

#include "exits.h"
#include "interrupt.h"
#include "output.h"
#include "request.h"
#include "session.h"

static int prepare(const struct options *options, struct work *work)
{
    const int code = session_settings(options, &work->settings);
    diffusion_status status;
    if (code != EXIT_DONE)
        return code;
    status = diffusion_request_create(&work->request);
    if (status == DIFFUSION_STATUS_OK)
        status = diffusion_cancel_token_create(&work->cancel);
    return status == DIFFUSION_STATUS_OK ? request_fill(options, work->request) : session_failed(status, EXIT_GENERATE);
}

int work_run(const struct options *options, int (*body)(const struct options *options, struct work *work))
{
    struct work work = { 0 };
    int i, code = prepare(options, &work);
    if (code == EXIT_DONE) {
        progress_start(&work.bar, !options->quiet && !options->verbose);
        work.bar.preview = options->preview;
        work.bar.pictures = options->count.given ? (uint32_t)options->count.value : 1;
        if (interrupt_start(work.cancel)) {
            code = body(options, &work);
            interrupt_stop();
        } else {
            complain("Ctrl-C cannot be caught on this system");
            code = EXIT_GENERATE;
        }
    }
    for (i = 0; i < work.count; i++)
        diffusion_result_destroy(work.drawn[i].result);
    for (i = 0; i < work.model_count; i++)
        diffusion_pipeline_destroy(work.models[i]);
    diffusion_cancel_token_destroy(work.cancel);
    diffusion_request_destroy(work.request);
    diffusion_pipeline_options_destroy(work.settings);
    return code;
}

int work_open(struct work *work, const char *folder, diffusion_pipeline **pipeline)
{
    const int code = session_open(folder, work->settings, work->cancel, &work->bar, pipeline);
    if (code == EXIT_DONE)
        work->models[work->model_count++] = *pipeline;
    return code;
}

/* An option that the model cannot follow is a matter of the command line. */
static int failed(diffusion_status status)
{
    return session_failed(status, status == DIFFUSION_STATUS_UNSUPPORTED ? EXIT_USAGE : EXIT_GENERATE);
}

int work_draw(const struct options *options, struct work *work, const diffusion_pipeline *pipeline)
{
    struct stage *stage = &work->drawn[work->count];
    const diffusion_status status = diffusion_pipeline_generate(pipeline, work->request, work->cancel, progress_report,
                                                                &work->bar, &stage->result);
    uint32_t i;
    progress_wipe(&work->bar);
    if (status != DIFFUSION_STATUS_OK)
        return failed(status);
    stage->pipeline = pipeline;
    work->count++;
    for (i = 0; i < diffusion_result_warning_count(stage->result) && !options->quiet; i++)
        complain("warning: %s", diffusion_result_warning(stage->result, i));
    return EXIT_DONE;
}

int work_embed(struct work *work, const diffusion_pipeline *pipeline, const char *name, diffusion_embedding **embedding)
{
    const diffusion_status status = diffusion_pipeline_embed(pipeline, work->request, name, strlen(name), work->cancel,
                                                             progress_report, &work->bar, embedding);
    progress_wipe(&work->bar);
    return status == DIFFUSION_STATUS_OK ? EXIT_DONE : failed(status);
}

int work_picture(struct work *work, const char *option, const char *role, const diffusion_image *image)
{
    const diffusion_status status = strcmp(role, "image") == 0
        ? diffusion_request_set_init_image(work->request, image)
        : diffusion_request_set_picture(work->request, role, strlen(role), image);
    return status == DIFFUSION_STATUS_OK ? EXIT_DONE : session_refused(option);
}

/* A cancel between two pictures stops; each file is whole or not there. */
int work_save(const struct options *options, const struct work *work, uint32_t number, uint32_t all)
{
    const diffusion_result *result = work->drawn[work->count - 1].result;
    uint32_t i;
    for (i = 0; i < diffusion_result_count(result); i++) {
        const diffusion_image *image = NULL;
        char *path = output_path(options->output, number + i, all);
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
