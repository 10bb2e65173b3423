/*
 * Drawing without blocking: async MODEL_FOLDER PROMPT FILE.png
 *
 * One thread does everything, as a game's main loop does: it starts jobs, and between two frames it looks how far they
 * are. The model is opened as a job too. A progress bar goes to stderr; what the picture looks like so far is written
 * to FILE.png.preview.png again and again, for a viewer that follows the file. Ctrl-C cancels.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "diffusion.h"

enum { FRAME_MILLISECONDS = 50, BAR = 30 };

static volatile sig_atomic_t interrupted;

static void interrupt(int number)
{
    (void)number;
    interrupted = 1; /* all that a signal handler may do: diffusion_job_cancel() takes locks */
}

/* One line, drawn over itself. */
static void show_progress(const diffusion_job *job)
{
    int32_t phase = -1;
    uint32_t step = 0, steps = 0, i;
    char bar[BAR + 1];

    if (diffusion_job_progress(job, &phase, &step, &steps) != DIFFUSION_STATUS_OK)
        return;
    for (i = 0; i < BAR; i++)
        bar[i] = steps > 0 && i * steps < step * BAR ? '#' : '.';
    bar[BAR] = '\0';
    fprintf(stderr, "\r[%s] %-14s %3u/%-3u %6.1f s", bar,
            phase < 0 ? diffusion_job_state_name(diffusion_job_poll(job)) : diffusion_phase_name(phase), (unsigned)step,
            (unsigned)steps, diffusion_job_elapsed_milliseconds(job) / 1000);
    fflush(stderr);
}

/* Writes the newest preview to a file, unless it was written before. */
static void show_preview(const diffusion_job *job, const char *file, uint64_t *seen)
{
    diffusion_image *image = NULL;
    const uint64_t number = diffusion_job_preview_number(job);

    if (number == *seen || diffusion_job_preview(job, 0, &image) != DIFFUSION_STATUS_OK)
        return;
    *seen = number;
    if (diffusion_image_save_cstr(image, file) != DIFFUSION_STATUS_OK)
        fprintf(stderr, "\nno preview: %s\n", diffusion_last_error_message());
    diffusion_image_destroy(image);
}

/* The main loop: what a host does in each frame goes where the comment says. The state in which the job ended. */
static int32_t follow(const diffusion_job *job, const char *preview_file)
{
    uint64_t seen = 0;
    int32_t state = DIFFUSION_JOB_STATE_QUEUED;

    do {
        /* ... draw the frame, read the input ... and sleep until the next one, or until the job is done. */
        if (diffusion_job_wait(job, FRAME_MILLISECONDS, &state) != DIFFUSION_STATUS_OK)
            break;
        if (interrupted)
            diffusion_job_cancel(job); /* again and again does no harm */
        show_progress(job);
        show_preview(job, preview_file, &seen);
    } while (state == DIFFUSION_JOB_STATE_QUEUED || state == DIFFUSION_JOB_STATE_RUNNING);
    fprintf(stderr, "  %s\n", diffusion_job_state_name(state));
    return state;
}

/* Opens the model. */
static diffusion_status open_model(const char *folder, const char *preview_file, diffusion_pipeline **pipeline)
{
    diffusion_job *job = NULL;
    diffusion_status status = diffusion_pipeline_open_start(folder, strlen(folder), NULL, &job);

    if (status == DIFFUSION_STATUS_OK) {
        follow(job, preview_file);
        status = diffusion_job_take_pipeline(job, pipeline); /* the pipeline, or why there is none */
    }
    diffusion_job_destroy(job);
    return status;
}

/* Draws the prompt and saves the picture. */
static diffusion_status draw(const diffusion_pipeline *pipeline, const char *prompt, const char *file,
                             const char *preview_file)
{
    diffusion_request *request = NULL;
    diffusion_job *job = NULL;
    diffusion_result *result = NULL;
    const diffusion_image *image = NULL;
    diffusion_status status;

    if ((status = diffusion_request_create(&request)) == DIFFUSION_STATUS_OK
        && (status = diffusion_request_set_prompt_cstr(request, prompt)) == DIFFUSION_STATUS_OK
        && (status = diffusion_request_set_seed(request, 42)) == DIFFUSION_STATUS_OK
        && (status = diffusion_request_set_previews(request, "linear", strlen("linear"), 1)) == DIFFUSION_STATUS_OK
        && (status = diffusion_job_start(pipeline, request, &job)) == DIFFUSION_STATUS_OK) {
        follow(job, preview_file);
        if ((status = diffusion_job_take_result(job, &result)) == DIFFUSION_STATUS_OK
            && (status = diffusion_result_image(result, 0, &image)) == DIFFUSION_STATUS_OK
            && (status = diffusion_image_save_cstr(image, file)) == DIFFUSION_STATUS_OK)
            printf("%s: %u x %u pixels\n", file, (unsigned)diffusion_image_width(image),
                   (unsigned)diffusion_image_height(image));
    }
    diffusion_result_destroy(result);
    diffusion_job_destroy(job);
    diffusion_request_destroy(request);
    return status;
}

int main(int argc, char **argv)
{
    diffusion_pipeline *pipeline = NULL;
    diffusion_status status;
    char preview_file[4096];

    if (argc != 4) {
        fprintf(stderr, "usage: async MODEL_FOLDER PROMPT FILE.png\n");
        return 2;
    }
    snprintf(preview_file, sizeof preview_file, "%s.preview.png", argv[3]);
    signal(SIGINT, interrupt);
    status = open_model(argv[1], preview_file, &pipeline);
    if (status == DIFFUSION_STATUS_OK)
        status = draw(pipeline, argv[2], argv[3], preview_file);
    if (status != DIFFUSION_STATUS_OK)
        fprintf(stderr, "%s\n", diffusion_last_error_message());
    diffusion_pipeline_destroy(pipeline);
    return status == DIFFUSION_STATUS_OK ? 0 : status == DIFFUSION_STATUS_CANCELLED ? 130 : 1;
}
