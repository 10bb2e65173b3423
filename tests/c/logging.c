/* The log callback: who is called with what, how it is replaced, and when its user_data is let go. */
#include "check.h"

struct listener { int messages, finalized; int32_t worst; bool meddles; };

static void finalize(void *user_data)
{
    ((struct listener *)user_data)->finalized++;
}

static void listen(int32_t level, const char *target, const char *message, void *user_data)
{
    struct listener *listener = user_data;
    CHECK(level >= DIFFUSION_LOG_LEVEL_ERROR && level <= DIFFUSION_LOG_LEVEL_TRACE);
    CHECK(*target != '\0' && message != NULL);
    CHECK(listener->finalized == 0);
    listener->messages++;
    if (level > listener->worst)
        listener->worst = level;
    if (listener->meddles) {
        /* It may call the library, and even take itself away. */
        diffusion_pipeline *pipeline = NULL;
        EXPECT(DIFFUSION_STATUS_IO, diffusion_pipeline_open_cstr("no such folder", NULL, &pipeline));
        OK(diffusion_set_log_callback(NULL, DIFFUSION_LOG_LEVEL_OFF, NULL, NULL));
        CHECK(listener->finalized == 0); /* this very call still uses it */
    }
}

/* Draws without a seed, which the library mentions. */
static void be_mentioned(const diffusion_pipeline *pipeline)
{
    diffusion_request *request = NULL;
    OK(diffusion_request_create(&request));
    OK(diffusion_request_set_steps(request, 1));
    diffusion_result_destroy(draw(pipeline, request));
    diffusion_request_destroy(request);
}

int main(int argc, char **argv)
{
    const char *folder = model_folder(argc, argv);
    diffusion_pipeline *pipeline = NULL;
    struct listener first = { 0 }, second = { 0 }, third = { 0 };
    SAYS(DIFFUSION_STATUS_INVALID_ARGUMENT, "log level is 6", diffusion_set_log_callback(listen, 6, &first, finalize));
    EXPECT(DIFFUSION_STATUS_INVALID_ARGUMENT, diffusion_set_log_callback(listen, -1, &first, finalize));
    CHECK(first.finalized == 0);
    OK(diffusion_set_log_callback(listen, DIFFUSION_LOG_LEVEL_TRACE, &first, finalize));
    pipeline = open_model(folder);
    be_mentioned(pipeline);
    CHECK(first.messages > 0 && first.worst <= DIFFUSION_LOG_LEVEL_TRACE && first.finalized == 0);

    OK(diffusion_set_log_callback(listen, DIFFUSION_LOG_LEVEL_OFF, &second, finalize));
    CHECK(first.finalized == 1);
    be_mentioned(pipeline);
    CHECK(second.messages == 0 && second.finalized == 0);

    third.meddles = true;
    OK(diffusion_set_log_callback(listen, DIFFUSION_LOG_LEVEL_TRACE, &third, finalize));
    CHECK(second.finalized == 1);
    be_mentioned(pipeline);
    CHECK(third.messages == 1 && third.finalized == 1);

    OK(diffusion_set_log_callback(NULL, DIFFUSION_LOG_LEVEL_INFO, &third, finalize));
    OK(diffusion_set_log_callback(NULL, DIFFUSION_LOG_LEVEL_INFO, &third, finalize));
    be_mentioned(pipeline);
    CHECK(first.finalized == 1 && second.finalized == 1 && third.finalized == 1 && third.messages == 1);
    diffusion_pipeline_destroy(pipeline);
    return 0;
}
