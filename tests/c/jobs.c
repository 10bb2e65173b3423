/* Jobs: start, poll, wait, cancel, take; queues, two pipelines at once, and everything destroyed in any order. */
#include <pthread.h>

#include "check.h"

#define QUEUED DIFFUSION_JOB_STATE_QUEUED
#define RUNNING DIFFUSION_JOB_STATE_RUNNING
#define FINISHED DIFFUSION_JOB_STATE_FINISHED
#define FAILED DIFFUSION_JOB_STATE_FAILED
#define CANCELLED DIFFUSION_JOB_STATE_CANCELLED

static diffusion_job *start(const diffusion_pipeline *pipeline, const diffusion_request *request)
{
    diffusion_job *job = NULL;
    OK(diffusion_job_start(pipeline, request, &job));
    CHECK(job != NULL);
    return job;
}

/* Waits for the end of a job. */
static int32_t ended(const diffusion_job *job)
{
    int32_t state = -1;
    OK(diffusion_job_wait(job, -1, &state));
    CHECK(state == diffusion_job_poll(job));
    return state;
}

/* Polls until a job runs and has done a step, which a long one does. */
static void until_it_denoises(const diffusion_job *job)
{
    int32_t state = QUEUED, phase = -1;
    uint32_t step = 0, steps = 0;
    while (phase != DIFFUSION_PHASE_DENOISING || step == 0) {
        OK(diffusion_job_wait(job, 1, &state));
        CHECK(state == QUEUED || state == RUNNING);
        OK(diffusion_job_progress(job, &phase, &step, &steps));
        CHECK(step <= steps);
    }
    CHECK(state == RUNNING);
}

/* A request that takes so long that no test waits for its end. */
static diffusion_request *long_request(void)
{
    diffusion_request *request = small_request(900, 3);
    OK(diffusion_request_set_scheduler(request, TEXT("euler")));
    OK(diffusion_request_set_count(request, 4));
    return request;
}

static diffusion_result *taken(const diffusion_job *job)
{
    diffusion_result *result = NULL;
    OK(diffusion_job_take_result(job, &result));
    CHECK(result != NULL);
    return result;
}

/* The job made the picture that was wanted, and is gone. */
static void made(diffusion_job *job, const diffusion_result *wanted)
{
    diffusion_result *result;
    CHECK(ended(job) == FINISHED);
    result = taken(job);
    diffusion_job_destroy(job); /* the result needs no job */
    CHECK(same_picture(result, wanted));
    diffusion_result_destroy(result);
}

static void one(const diffusion_pipeline *pipeline, const diffusion_request *request, const diffusion_result *wanted)
{
    diffusion_job *job = start(pipeline, request);
    diffusion_result *result, *none = NULL;
    diffusion_pipeline *other = NULL;
    CHECK(ended(job) == FINISHED);
    CHECK(diffusion_job_phase(job) == DIFFUSION_PHASE_DECODING);
    CHECK(diffusion_job_step(job) == 1 && diffusion_job_step_count(job) == 1);
    CHECK(diffusion_job_queue_position(job) == 0 && diffusion_job_preview_number(job) == 0);
    CHECK(diffusion_job_elapsed_milliseconds(job) > 0);
    CHECK(*diffusion_job_error_message(job) == '\0');
    SAYS(DIFFUSION_STATUS_INVALID_ARGUMENT, "the job draws", diffusion_job_take_pipeline(job, &other));
    OK(diffusion_job_cancel(job)); /* too late: what is done stays */
    CHECK(diffusion_job_poll(job) == FINISHED);
    result = taken(job);
    SAYS(DIFFUSION_STATUS_INVALID_ARGUMENT, "taken already", diffusion_job_take_result(job, &none));
    CHECK(none == NULL && other == NULL && same_picture(result, wanted));
    diffusion_job_destroy(job);
    diffusion_result_destroy(result);
}

/* One runs, and others wait in the order of their starts; who leaves makes room. */
static void in_order(const diffusion_pipeline *pipeline, const diffusion_request *request, const diffusion_result *wanted)
{
    diffusion_request *many = long_request();
    diffusion_job *first = start(pipeline, many), *jobs[4];
    diffusion_result *none = NULL;
    int32_t state = -1, i;
    until_it_denoises(first);
    for (i = 0; i < 4; i++)
        jobs[i] = start(pipeline, request);
    for (i = 0; i < 4; i++) {
        CHECK(diffusion_job_queue_position(jobs[i]) == (uint32_t)i + 1);
        OK(diffusion_job_wait(jobs[i], 0, &state));
        CHECK(state == QUEUED && diffusion_job_poll(jobs[i]) == QUEUED);
        CHECK(diffusion_job_phase(jobs[i]) == -1 && diffusion_job_elapsed_milliseconds(jobs[i]) == 0);
    }
    OK(diffusion_job_wait(first, 0, &state));
    CHECK(state == RUNNING && diffusion_job_queue_position(first) == 0);
    SAYS(DIFFUSION_STATUS_BUSY, "not done yet", diffusion_job_take_result(first, &none));
    SAYS(DIFFUSION_STATUS_BUSY, "not done yet", diffusion_job_take_result(jobs[0], &none));

    OK(diffusion_job_cancel(jobs[1])); /* before it starts: it never does */
    CHECK(diffusion_job_poll(jobs[1]) == CANCELLED && ended(jobs[1]) == CANCELLED);
    CHECK(diffusion_job_queue_position(jobs[2]) == 2 && diffusion_job_queue_position(jobs[3]) == 3);

    OK(diffusion_job_cancel(first));
    CHECK(ended(jobs[3]) == FINISHED);
    CHECK(diffusion_job_poll(first) == CANCELLED); /* whoever went before is done */
    CHECK(diffusion_job_poll(jobs[0]) == FINISHED && diffusion_job_poll(jobs[2]) == FINISHED);
    CHECK(diffusion_job_phase(jobs[1]) == -1 && diffusion_job_elapsed_milliseconds(jobs[1]) == 0);
    for (i = 0; i < 2; i++) {
        diffusion_job *cancelled = i == 0 ? first : jobs[1];
        SAYS(DIFFUSION_STATUS_CANCELLED, "cancelled", diffusion_job_take_result(cancelled, &none));
        EXPECT(DIFFUSION_STATUS_CANCELLED, diffusion_job_take_result(cancelled, &none)); /* again */
        CHECK(strstr(diffusion_job_error_message(cancelled), "cancelled") != NULL && none == NULL);
        diffusion_job_destroy(cancelled);
    }
    made(jobs[3], wanted);
    made(jobs[2], wanted);
    made(jobs[0], wanted);
    diffusion_request_destroy(many);
}

static diffusion_pipeline *with_queue(const char *folder, int64_t length)
{
    diffusion_pipeline_options *options = NULL;
    diffusion_pipeline *pipeline = NULL;
    OK(diffusion_pipeline_options_create(&options));
    OK(diffusion_pipeline_options_set_threads(options, 1));
    OK(diffusion_pipeline_options_set_job_queue(options, length));
    SAYS(DIFFUSION_STATUS_INVALID_ARGUMENT, "0 to 1024", diffusion_pipeline_options_set_job_queue(options, 1025));
    EXPECT(DIFFUSION_STATUS_INVALID_ARGUMENT, diffusion_pipeline_options_set_job_queue(options, -1));
    OK(diffusion_pipeline_open_cstr(folder, options, &pipeline));
    diffusion_pipeline_options_destroy(options);
    return pipeline;
}

static void full(const char *folder, const diffusion_request *request, const diffusion_result *wanted)
{
    diffusion_pipeline *none_waits = with_queue(folder, 0), *one_waits = with_queue(folder, 1);
    diffusion_request *many = long_request();
    diffusion_job *alone = start(none_waits, many), *running = start(one_waits, many), *waiting = start(one_waits, request);
    diffusion_job *job = NULL;
    SAYS(DIFFUSION_STATUS_BUSY, "1 unfinished job", diffusion_job_start(none_waits, request, &job));
    SAYS(DIFFUSION_STATUS_BUSY, "2 unfinished jobs", diffusion_job_start(one_waits, request, &job));
    until_it_denoises(running);
    EXPECT(DIFFUSION_STATUS_BUSY, diffusion_job_start(one_waits, request, &job));
    CHECK(job == NULL);
    OK(diffusion_job_cancel(waiting));
    job = start(one_waits, request);
    diffusion_job_destroy(running); /* cancels it */
    made(job, wanted);
    CHECK(ended(waiting) == CANCELLED);
    OK(diffusion_job_cancel(alone));
    CHECK(ended(alone) == CANCELLED);
    made(start(none_waits, request), wanted); /* its place is free when it says that it is done */
    diffusion_pipeline_destroy(none_waits);
    diffusion_pipeline_destroy(one_waits);
    diffusion_request_destroy(many);
    diffusion_job_destroy(waiting);
    diffusion_job_destroy(alone);
}

/* In every phase that a job reports, and at once; the pipeline draws on as if nothing had happened. */
static void cancelled(const diffusion_pipeline *pipeline, const diffusion_request *request, const diffusion_result *wanted)
{
    diffusion_request *many = long_request();
    int i;
    for (i = 0; i < 8; i++) {
        diffusion_job *job = start(pipeline, many);
        if (i == 1)
            while (diffusion_job_poll(job) == QUEUED)
                ;
        if (i == 2)
            while (diffusion_job_phase(job) == -1)
                ;
        if (i > 2)
            until_it_denoises(job);
        OK(diffusion_job_cancel(job));
        OK(diffusion_job_cancel(job)); /* twice is once */
        CHECK(ended(job) == CANCELLED);
        CHECK(diffusion_job_phase(job) != DIFFUSION_PHASE_DECODING);
        diffusion_job_destroy(job);
    }
    made(start(pipeline, request), wanted);
    diffusion_request_destroy(many);
}

static void side_by_side(const char *folder, const diffusion_pipeline *pipeline)
{
    diffusion_pipeline *other = open_model(folder);
    diffusion_request *many = long_request();
    diffusion_job *left = start(pipeline, many), *right = start(other, many);
    until_it_denoises(left);
    until_it_denoises(right);
    CHECK(diffusion_job_poll(left) == RUNNING && diffusion_job_poll(right) == RUNNING);
    OK(diffusion_job_cancel(left));
    CHECK(ended(left) == CANCELLED && diffusion_job_poll(right) == RUNNING);
    diffusion_job_destroy(left);
    diffusion_request_destroy(many);
    diffusion_job_destroy(right);
    diffusion_pipeline_destroy(other);
}

/* Pipeline, request, job and result are destroyed in every order. */
static void in_any_order(const char *folder, const diffusion_result *wanted)
{
    int order;
    for (order = 0; order < 6; order++) {
        diffusion_pipeline *pipeline = open_model(folder);
        diffusion_request *request = small_request(2, 7), *many = long_request();
        diffusion_job *running = start(pipeline, many), *waiting = start(pipeline, request);
        switch (order) {
        case 0: /* the pipeline goes while its jobs run and wait: they go on */
            until_it_denoises(running);
            diffusion_pipeline_destroy(pipeline);
            diffusion_request_destroy(request);
            diffusion_request_destroy(many);
            CHECK(diffusion_job_poll(running) == RUNNING && diffusion_job_poll(waiting) == QUEUED);
            OK(diffusion_job_cancel(running));
            made(waiting, wanted);
            diffusion_job_destroy(running);
            continue;
        case 1: /* unfinished jobs go first */
            diffusion_job_destroy(running);
            diffusion_job_destroy(waiting);
            diffusion_pipeline_destroy(pipeline);
            break;
        case 2: /* last of all the one that runs */
            until_it_denoises(running);
            diffusion_pipeline_destroy(pipeline);
            diffusion_job_destroy(waiting);
            diffusion_job_destroy(running);
            break;
        case 3: /* last of all one that was cancelled long ago */
            OK(diffusion_job_cancel(waiting));
            diffusion_job_destroy(running);
            diffusion_pipeline_destroy(pipeline);
            diffusion_job_destroy(waiting);
            break;
        case 4: /* the pipeline has nothing but cancelled jobs */
            OK(diffusion_job_cancel(running));
            OK(diffusion_job_cancel(waiting));
            diffusion_pipeline_destroy(pipeline);
            CHECK(diffusion_job_poll(running) == CANCELLED && diffusion_job_poll(waiting) == CANCELLED);
            diffusion_job_destroy(waiting);
            diffusion_job_destroy(running);
            break;
        default: /* a result that nobody took goes with its job, after the pipeline */
            OK(diffusion_job_cancel(running));
            CHECK(ended(waiting) == FINISHED);
            diffusion_pipeline_destroy(pipeline);
            diffusion_job_destroy(running);
            diffusion_job_destroy(waiting);
            break;
        }
        diffusion_request_destroy(many);
        diffusion_request_destroy(request);
    }
}

static void previews(const diffusion_pipeline *pipeline)
{
    diffusion_request *request = long_request();
    diffusion_image *image = NULL, *none = NULL;
    diffusion_job *job;
    uint64_t seen = 0;
    int32_t shown = 0;
    OK(diffusion_request_set_count(request, 2));
    OK(diffusion_request_set_previews(request, TEXT("linear"), 1));
    job = start(pipeline, request);
    while (shown < 3) { /* while it is drawn */
        uint64_t number = diffusion_job_preview_number(job);
        CHECK(diffusion_job_poll(job) == QUEUED || diffusion_job_poll(job) == RUNNING);
        if (number == seen)
            continue;
        CHECK(number > seen);
        seen = number;
        diffusion_image_destroy(image);
        OK(diffusion_job_preview(job, 0, &image));
        CHECK(diffusion_image_width(image) == 8 && diffusion_image_height(image) == 8);
        CHECK(*diffusion_image_settings_json(image) == '\0');
        shown++;
    }
    SAYS(DIFFUSION_STATUS_INVALID_ARGUMENT, "no preview of picture 2", diffusion_job_preview(job, 2, &none));
    EXPECT(DIFFUSION_STATUS_INVALID_ARGUMENT, diffusion_job_preview(job, -1, &none));
    CHECK(none == NULL);
    OK(diffusion_job_cancel(job));
    CHECK(ended(job) == CANCELLED && diffusion_job_preview_number(job) >= seen);
    diffusion_job_destroy(job);
    CHECK(diffusion_image_width(image) == 8 && diffusion_image_pixels(image) != NULL); /* it outlives the job */
    diffusion_image_destroy(image);
    diffusion_request_destroy(request);
}

static void bad_requests(const diffusion_pipeline *pipeline)
{
    diffusion_request *request = small_request(1, 1);
    diffusion_result *result = NULL;
    diffusion_job *job = NULL;
    OK(diffusion_request_set_strength(request, 0.5f));
    SAYS(DIFFUSION_STATUS_INVALID_ARGUMENT, "no picture to start from", diffusion_job_start(pipeline, request, &job));
    CHECK(job == NULL);
    OK(diffusion_request_reset(request));
    OK(diffusion_request_set_width(request, 67)); /* only the model knows that it cannot */
    job = start(pipeline, request);
    CHECK(ended(job) == FAILED);
    SAYS(DIFFUSION_STATUS_INVALID_ARGUMENT, "67", diffusion_job_take_result(job, &result));
    SAYS(DIFFUSION_STATUS_INVALID_ARGUMENT, "67", diffusion_job_take_result(job, &result)); /* as often as it is asked */
    CHECK(strcmp(diffusion_last_error_message(), diffusion_job_error_message(job)) == 0);
    CHECK(diffusion_job_error_message(job) == diffusion_job_error_message(job) && result == NULL);
    diffusion_job_destroy(job);
    diffusion_request_destroy(request);
}

static void opening(const char *folder, const diffusion_request *request, const diffusion_result *wanted)
{
    diffusion_pipeline_options *options = NULL;
    diffusion_pipeline *pipeline = NULL;
    diffusion_result *result = NULL;
    diffusion_job *job = NULL;
    int i;
    OK(diffusion_pipeline_options_create(&options));
    OK(diffusion_pipeline_options_set_threads(options, 1));
    OK(diffusion_pipeline_open_start(TEXT(folder), options, &job));
    diffusion_pipeline_options_destroy(options);
    CHECK(ended(job) == FINISHED && diffusion_job_phase(job) == DIFFUSION_PHASE_OPENING);
    CHECK(diffusion_job_step(job) == 3 && diffusion_job_step_count(job) == 3);
    SAYS(DIFFUSION_STATUS_INVALID_ARGUMENT, "opens a model", diffusion_job_take_result(job, &result));
    OK(diffusion_job_take_pipeline(job, &pipeline));
    SAYS(DIFFUSION_STATUS_INVALID_ARGUMENT, "taken already", diffusion_job_take_pipeline(job, &pipeline));
    diffusion_job_destroy(job);
    made(start(pipeline, request), wanted);
    diffusion_pipeline_destroy(pipeline);
    pipeline = NULL;

    job = NULL;
    SAYS(DIFFUSION_STATUS_INVALID_ARGUMENT, "empty", diffusion_pipeline_open_start(NULL, 0, NULL, &job));
    CHECK(job == NULL);
    OK(diffusion_pipeline_open_start(TEXT("/no/such/model"), NULL, &job));
    CHECK(ended(job) == FAILED);
    SAYS(DIFFUSION_STATUS_IO, "/no/such/model", diffusion_job_take_pipeline(job, &pipeline));
    CHECK(strcmp(diffusion_last_error_message(), diffusion_job_error_message(job)) == 0);
    diffusion_job_destroy(job);

    for (i = 0; i < 6; i++) {
        OK(diffusion_pipeline_open_start(TEXT(folder), NULL, &job));
        while (i % 3 == 2 && diffusion_job_phase(job) == -1) /* at once, or when it has begun */
            ;
        if (i % 3 > 0)
            OK(diffusion_job_cancel(job));
        if (i >= 3 && i % 3 > 0) {
            const int32_t state = ended(job);
            CHECK(state == CANCELLED || (i % 3 == 2 && state == FINISHED)); /* it may have been done by then */
            if (state == CANCELLED)
                EXPECT(DIFFUSION_STATUS_CANCELLED, diffusion_job_take_pipeline(job, &pipeline));
        }
        diffusion_job_destroy(job);
    }
    CHECK(pipeline == NULL);
}

static void *waits(void *argument)
{
    CHECK(ended(argument) == CANCELLED);
    return NULL;
}

static void *cancels(void *argument)
{
    until_it_denoises(argument);
    OK(diffusion_job_cancel(argument));
    return NULL;
}

/* Threads wait, poll and cancel on one job. */
static void threads(const diffusion_pipeline *pipeline)
{
    diffusion_request *many = long_request();
    diffusion_job *job = start(pipeline, many);
    pthread_t all[3];
    int i;
    for (i = 0; i < 3; i++)
        CHECK(pthread_create(&all[i], NULL, i < 2 ? waits : cancels, job) == 0);
    for (i = 0; i < 3; i++)
        CHECK(pthread_join(all[i], NULL) == 0);
    diffusion_job_destroy(job);
    diffusion_request_destroy(many);
}

int main(int argc, char **argv)
{
    const char *folder = model_folder(argc, argv);
    diffusion_pipeline *pipeline = open_model(folder);
    diffusion_request *request = small_request(2, 7);
    diffusion_result *wanted = draw(pipeline, request);
    CHECK(strcmp(diffusion_job_state_name(CANCELLED), "cancelled") == 0);
    CHECK(strcmp(diffusion_job_state_name(5), "unknown") == 0);
    one(pipeline, request, wanted);
    in_order(pipeline, request, wanted);
    full(folder, request, wanted);
    cancelled(pipeline, request, wanted);
    side_by_side(folder, pipeline);
    in_any_order(folder, wanted);
    previews(pipeline);
    bad_requests(pipeline);
    opening(folder, request, wanted);
    threads(pipeline);
    diffusion_result_destroy(wanted);
    diffusion_request_destroy(request);
    diffusion_pipeline_destroy(pipeline);
    return 0;
}
