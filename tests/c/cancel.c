/* A cancel is never lost: before, during and after the work, by token and by callback. Nothing breaks by it. */
#include <pthread.h>
#include <unistd.h>

#include "check.h"

#define CANCELLED DIFFUSION_STATUS_CANCELLED

/* Stops, or counts, at the n-th report. */
struct watcher {
    int reports, stop_at;
    int32_t last_phase, answer;
    const diffusion_cancel_token *token; /* cancelled at stop_at, if there is one */
};

static int32_t watch(const diffusion_progress *progress, void *user_data)
{
    struct watcher *watcher = user_data;
    CHECK(progress->struct_size == sizeof *progress);
    CHECK(progress->step <= progress->steps);
    CHECK(progress->phase >= DIFFUSION_PHASE_OPENING && progress->phase <= DIFFUSION_PHASE_DECODING);
    CHECK(*diffusion_phase_name(progress->phase) != '\0');
    watcher->last_phase = progress->phase;
    if (++watcher->reports != watcher->stop_at)
        return 0;
    if (watcher->token != NULL)
        OK(diffusion_cancel_token_cancel(watcher->token));
    return watcher->answer;
}

static void before(const char *folder, const diffusion_pipeline *pipeline, const diffusion_request *request,
                   diffusion_cancel_token *token)
{
    diffusion_result *result = NULL;
    diffusion_pipeline *other = NULL;
    CHECK(!diffusion_cancel_token_is_cancelled(token));
    OK(diffusion_cancel_token_cancel(token));
    OK(diffusion_cancel_token_cancel(token)); /* twice is once */
    CHECK(diffusion_cancel_token_is_cancelled(token));
    SAYS(CANCELLED, "cancelled", diffusion_pipeline_generate(pipeline, request, token, NULL, NULL, &result));
    EXPECT(CANCELLED, diffusion_pipeline_generate(pipeline, request, token, NULL, NULL, &result)); /* still */
    EXPECT(CANCELLED, diffusion_pipeline_open(TEXT(folder), NULL, token, NULL, NULL, &other));
    CHECK(result == NULL && other == NULL);
    OK(diffusion_cancel_token_reset(token));
    OK(diffusion_cancel_token_reset(token)); /* twice is once */
    CHECK(!diffusion_cancel_token_is_cancelled(token));
    OK(diffusion_pipeline_generate(pipeline, request, token, NULL, NULL, &result));
    diffusion_result_destroy(result);
}

static void after(const diffusion_pipeline *pipeline, const diffusion_request *request, diffusion_cancel_token *token)
{
    diffusion_result *result = NULL;
    const diffusion_image *image = NULL;
    OK(diffusion_pipeline_generate(pipeline, request, token, NULL, NULL, &result));
    OK(diffusion_cancel_token_cancel(token));
    OK(diffusion_result_image(result, 0, &image)); /* what is done stays */
    CHECK(diffusion_image_width(image) == 64);
    diffusion_result_destroy(result);
    OK(diffusion_cancel_token_reset(token));
}

/* The callback stops at each report in turn, by its answer and by the token. */
static void at_every_report(const char *folder, const diffusion_pipeline *pipeline, const diffusion_request *request,
                            diffusion_cancel_token *token)
{
    struct watcher all = { 0, -1, 0, 0, NULL };
    diffusion_result *result = NULL, *wanted = NULL;
    diffusion_pipeline *opened = NULL;
    int at;
    OK(diffusion_pipeline_generate(pipeline, request, NULL, watch, &all, &wanted));
    CHECK(all.reports >= 6 && all.last_phase == DIFFUSION_PHASE_DECODING);
    for (at = 1; at <= all.reports; at++) {
        struct watcher by_answer = { 0, at, 0, at % 2 ? 1 : -1, NULL };
        struct watcher by_token = { 0, at, 0, 0, token };
        EXPECT(CANCELLED, diffusion_pipeline_generate(pipeline, request, NULL, watch, &by_answer, &result));
        CHECK(by_answer.reports == at && result == NULL);
        if (at < all.reports) {
            EXPECT(CANCELLED, diffusion_pipeline_generate(pipeline, request, token, watch, &by_token, &result));
            CHECK(result == NULL);
            OK(diffusion_cancel_token_reset(token));
        }
    }
    /* The pipeline draws the same picture as if nothing had happened. */
    OK(diffusion_pipeline_generate(pipeline, request, token, NULL, NULL, &result));
    CHECK(same_picture(result, wanted));
    diffusion_result_destroy(result);
    diffusion_result_destroy(wanted);

    all.reports = 0;
    OK(diffusion_pipeline_open(TEXT(folder), NULL, NULL, watch, &all, &opened));
    diffusion_pipeline_destroy(opened);
    opened = NULL;
    CHECK(all.reports >= 3 && all.last_phase == DIFFUSION_PHASE_OPENING);
    for (at = 1; at <= all.reports; at++) {
        struct watcher by_answer = { 0, at, 0, 7, NULL };
        EXPECT(CANCELLED, diffusion_pipeline_open(TEXT(folder), NULL, NULL, watch, &by_answer, &opened));
        CHECK(opened == NULL);
    }
}

struct delayed { const diffusion_cancel_token *token; useconds_t wait; };

static void *cancel_later(void *argument)
{
    const struct delayed *delayed = argument;
    usleep(delayed->wait);
    OK(diffusion_cancel_token_cancel(delayed->token));
    return NULL;
}

/* From another thread, at all sorts of moments of a long generation, in the middle of a graph too. */
static void during(const diffusion_pipeline *pipeline, diffusion_request *request, diffusion_cancel_token *token)
{
    int i;
    OK(diffusion_request_set_scheduler(request, TEXT("euler")));
    OK(diffusion_request_set_count(request, 4));
    OK(diffusion_request_set_steps(request, 900)); /* seconds; the cancels come far earlier */
    for (i = 0; i < 12; i++) {
        struct delayed delayed = { token, (useconds_t)(i * 3777) };
        diffusion_result *result = NULL;
        pthread_t thread;
        CHECK(pthread_create(&thread, NULL, cancel_later, &delayed) == 0);
        EXPECT(CANCELLED, diffusion_pipeline_generate(pipeline, request, token, NULL, NULL, &result));
        CHECK(pthread_join(thread, NULL) == 0);
        CHECK(result == NULL);
        OK(diffusion_cancel_token_reset(token));
    }
    OK(diffusion_request_set_steps(request, 1));
    OK(diffusion_request_set_count(request, 1));
}

/* A callback destroys everything that its call was given, and asks for what cannot be. */
struct reckless {
    diffusion_pipeline *pipeline;
    diffusion_request *request;
    diffusion_cancel_token *token;
    bool done;
};

static int32_t destroy_all(const diffusion_progress *progress, void *user_data)
{
    struct reckless *reckless = user_data;
    diffusion_result *result = NULL;
    (void)progress;
    if (reckless->done)
        return 0;
    reckless->done = true;
    SAYS(DIFFUSION_STATUS_BUSY, "this very thread",
         diffusion_pipeline_generate(reckless->pipeline, reckless->request, NULL, NULL, NULL, &result));
    CHECK(result == NULL);
    diffusion_cancel_token_destroy(reckless->token);
    diffusion_request_destroy(reckless->request);
    diffusion_pipeline_destroy(reckless->pipeline);
    return 0;
}

static void destroyed_under_way(const char *folder)
{
    struct reckless reckless = { open_model(folder), small_request(2, 5), NULL, false };
    diffusion_result *result = NULL;
    OK(diffusion_cancel_token_create(&reckless.token));
    OK(diffusion_pipeline_generate(reckless.pipeline, reckless.request, reckless.token, destroy_all, &reckless, &result));
    CHECK(reckless.done && diffusion_result_count(result) == 1);
    diffusion_result_destroy(result);
}

int main(int argc, char **argv)
{
    const char *folder = model_folder(argc, argv);
    diffusion_pipeline *pipeline = open_model(folder);
    diffusion_request *request = small_request(2, 7);
    diffusion_cancel_token *token = NULL;
    OK(diffusion_cancel_token_create(&token));
    before(folder, pipeline, request, token);
    after(pipeline, request, token);
    at_every_report(folder, pipeline, request, token);
    during(pipeline, request, token);
    destroyed_under_way(folder);
    diffusion_cancel_token_destroy(token);
    diffusion_request_destroy(request);
    diffusion_pipeline_destroy(pipeline);
    return 0;
}
