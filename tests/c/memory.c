/*
 * The program that runs under valgrind, which takes seconds for each call of ONNX Runtime: every kind of object once
 * through its whole life, every way out of a call, and nothing twice that is not about doing it twice. nulls.c and
 * arguments.c are linked in, with their main functions renamed.
 */
#include <pthread.h>
#include <valgrind/memcheck.h>

#include "check.h"

int run_nulls(int argc, char **argv);
int run_arguments(int argc, char **argv);

/* What a callback does at its first report. */
struct plan {
    int reports;
    const diffusion_cancel_token *cancel; /* cancels it */
    diffusion_pipeline **destroy;         /* destroys it */
    int32_t answer;
};

static int32_t follow(const diffusion_progress *progress, void *user_data)
{
    struct plan *plan = user_data;
    CHECK(progress->struct_size == sizeof *progress && *diffusion_phase_name(progress->phase) != '\0');
    if (plan->reports++ != 0)
        return 0;
    if (plan->cancel != NULL)
        OK(diffusion_cancel_token_cancel(plan->cancel));
    if (plan->destroy != NULL)
        diffusion_pipeline_destroy(*plan->destroy);
    return plan->answer;
}

/* Everything that one picture can be used for. Every byte that is copied or saved must have been written. */
static void use(const diffusion_result *result, char **argv)
{
    const diffusion_image *image = NULL;
    diffusion_buffer *png = NULL;
    int32_t format;
    OK(diffusion_result_image(result, 0, &image));
    for (format = DIFFUSION_PIXEL_FORMAT_RGB8; format <= DIFFUSION_PIXEL_FORMAT_RGBA_F32; format++) {
        static const size_t pixel_bytes[] = { 3, 4, 4, 16 };
        const size_t row = 64 * pixel_bytes[format], stride = row + 13, size = 63 * stride + row;
        unsigned char *memory = malloc(1 + size), *buffer = memory + 1; /* uninitialised, at an odd address, with gaps */
        size_t y;
        CHECK(memory != NULL);
        for (y = 0; y < 63; y++) /* what lies between rows is another one's */
            (void)VALGRIND_MAKE_MEM_NOACCESS(buffer + y * stride + row, 13);
        OK(diffusion_image_copy(image, buffer, size, 64, 64, (int64_t)stride, format));
        for (y = 0; y < 64; y++)
            CHECK(VALGRIND_CHECK_MEM_IS_DEFINED(buffer + y * stride, row) == 0);
        free(memory);
    }
    OK(diffusion_image_encode(image, TEXT("png"), &png));
    CHECK(VALGRIND_CHECK_MEM_IS_DEFINED(diffusion_buffer_data(png), diffusion_buffer_size(png)) == 0);
    diffusion_buffer_destroy(png);
    OK(diffusion_image_save_cstr(image, scratch(argv, "memory.jpg")));
    CHECK(strlen(diffusion_result_settings_json(result)) > 10 && strlen(diffusion_result_timings_json(result)) > 10);
    CHECK(strlen(diffusion_image_settings_json(image)) > 10);
}

/* One life of a pipeline. */
static void round_trip(const char *folder, char **argv)
{
    diffusion_pipeline *pipeline = open_model(folder);
    diffusion_request *request = small_request(1, 1);
    diffusion_cancel_token *token = NULL;
    diffusion_result *result = NULL, *none = NULL;
    struct plan cancels = { 0 };
    OK(diffusion_cancel_token_create(&token));
    cancels.cancel = token;
    EXPECT(DIFFUSION_STATUS_CANCELLED, diffusion_pipeline_generate(pipeline, request, token, follow, &cancels, &none));
    OK(diffusion_cancel_token_reset(token));
    CHECK(none == NULL);
    OK(diffusion_pipeline_generate(pipeline, request, token, NULL, NULL, &result));
    diffusion_cancel_token_destroy(token);
    diffusion_request_destroy(request);
    CHECK(strlen(diffusion_pipeline_info_json(pipeline)) > 10);
    diffusion_pipeline_destroy(pipeline);
    use(result, argv);
    diffusion_result_destroy(result);
}

/* A picture to start from whose pixels and handles are gone before anything is drawn, and a hand-over. */
static void from_a_picture(const char *folder)
{
    enum { SIDE = 64, STRIDE = SIDE * 3 + 7, SIZE = (SIDE - 1) * STRIDE + SIDE * 3 };
    diffusion_pipeline *pipeline = open_model(folder);
    diffusion_request *request = small_request(2, 4);
    unsigned char *pixels = malloc(SIZE); /* what lies between the rows stays uninitialised */
    diffusion_image *image = NULL, *canvas = NULL, *mask = NULL;
    diffusion_result *result;
    int y;
    CHECK(pixels != NULL);
    for (y = 0; y < SIDE; y++)
        memset(pixels + y * STRIDE, y, SIDE * 3);
    OK(diffusion_image_create(pixels, SIZE, SIDE, SIDE, STRIDE, DIFFUSION_PIXEL_FORMAT_RGB8, &image));
    free(pixels);
    CHECK(VALGRIND_CHECK_MEM_IS_DEFINED(diffusion_image_pixels(image), diffusion_image_byte_length(image)) == 0);
    OK(diffusion_image_extend(image, 0, 16, 0, 0, &canvas, &mask));
    OK(diffusion_request_set_init_image(request, image));
    OK(diffusion_request_set_init_image(request, canvas)); /* replaces it */
    OK(diffusion_request_set_mask_image(request, mask));
    OK(diffusion_request_set_paste_back(request, 1));
    diffusion_image_destroy(image);
    diffusion_image_destroy(canvas);
    diffusion_image_destroy(mask);
    result = draw(pipeline, request);
    OK(diffusion_request_reset(request));
    OK(diffusion_request_set_steps(request, 1));
    OK(diffusion_request_set_init_result(request, result));
    OK(diffusion_request_set_strength(request, 1.0f)); // a weaker one leaves none of a single step
    diffusion_result_destroy(result);
    diffusion_result_destroy(draw(pipeline, request));
    diffusion_request_destroy(request);
    diffusion_pipeline_destroy(pipeline);
}

struct job {
    const diffusion_pipeline *pipeline;
    const diffusion_cancel_token *token;
};

/* Draws beside the main thread, and fails on its own account. */
static void *beside(void *argument)
{
    const struct job *job = argument;
    diffusion_request *request = small_request(1, 2);
    CHECK(*diffusion_last_error_message() == '\0');
    diffusion_result_destroy(draw(job->pipeline, request));
    SAYS(DIFFUSION_STATUS_INVALID_ARGUMENT, "-3", diffusion_request_set_steps(request, -3));
    diffusion_request_destroy(request);
    OK(diffusion_cancel_token_cancel(job->token));
    return NULL;
}

/* Two threads on one pipeline, one of which cancels for the other; then the pipeline is destroyed under way. */
static void threads(const char *folder)
{
    diffusion_pipeline *pipeline = open_model(folder);
    diffusion_request *request = small_request(1, 3);
    diffusion_cancel_token *token = NULL;
    diffusion_result *result = NULL;
    struct job job = { pipeline, NULL };
    struct plan destroys = { 0, NULL, &pipeline, 0 };
    pthread_t thread;
    OK(diffusion_cancel_token_create(&token));
    job.token = token;
    CHECK(pthread_create(&thread, NULL, beside, &job) == 0);
    diffusion_result_destroy(draw(pipeline, request));
    CHECK(pthread_join(thread, NULL) == 0);
    EXPECT(DIFFUSION_STATUS_CANCELLED, diffusion_pipeline_generate(pipeline, request, token, NULL, NULL, &result));
    OK(diffusion_pipeline_generate(pipeline, request, NULL, follow, &destroys, &result));
    diffusion_result_destroy(result);
    diffusion_cancel_token_destroy(token);
    diffusion_request_destroy(request);
}

/* A model that a job opened, whose own job sees everything destroyed before it is done; one that waits and is cancelled;
 * and, last of all, one that runs and is destroyed. */
static void jobs(const char *folder)
{
    diffusion_pipeline_options *options = NULL;
    diffusion_pipeline *pipeline = NULL;
    diffusion_request *request = small_request(2, 5);
    diffusion_job *opening = NULL, *drawn = NULL, *waits = NULL, *last = NULL;
    diffusion_image *preview = NULL;
    diffusion_result *result = NULL;
    int32_t state = -1;
    OK(diffusion_pipeline_options_create(&options));
    OK(diffusion_pipeline_options_set_threads(options, 1));
    OK(diffusion_pipeline_options_set_job_queue(options, 2));
    OK(diffusion_pipeline_open_start(TEXT(folder), options, &opening));
    diffusion_pipeline_options_destroy(options);
    OK(diffusion_job_wait(opening, -1, &state));
    OK(diffusion_job_take_pipeline(opening, &pipeline));
    diffusion_job_destroy(opening);
    OK(diffusion_request_set_previews(request, TEXT("linear"), 1));
    OK(diffusion_job_start(pipeline, request, &drawn));
    OK(diffusion_job_start(pipeline, request, &waits));
    OK(diffusion_job_start(pipeline, request, &last));
    EXPECT(DIFFUSION_STATUS_BUSY, diffusion_job_start(pipeline, request, &opening));
    OK(diffusion_job_cancel(waits));
    diffusion_request_destroy(request);
    diffusion_pipeline_destroy(pipeline);
    EXPECT(DIFFUSION_STATUS_CANCELLED, diffusion_job_take_result(waits, &result));
    CHECK(*diffusion_job_error_message(waits) != '\0');
    OK(diffusion_job_wait(drawn, -1, &state));
    OK(diffusion_job_preview(drawn, 0, &preview));
    OK(diffusion_job_take_result(drawn, &result));
    diffusion_job_destroy(waits);
    diffusion_job_destroy(drawn);
    CHECK(VALGRIND_CHECK_MEM_IS_DEFINED(diffusion_image_pixels(preview), diffusion_image_byte_length(preview)) == 0);
    CHECK(diffusion_result_count(result) == 1);
    while (diffusion_job_poll(last) == DIFFUSION_JOB_STATE_QUEUED)
        ;
    diffusion_job_destroy(last);
    diffusion_image_destroy(preview);
    diffusion_result_destroy(result);
}

/* Openings that come to nothing. */
static void no_pipelines(const char *folder)
{
    diffusion_pipeline *pipeline = NULL;
    diffusion_job *job = NULL;
    struct plan stops = { 0, NULL, NULL, 1 };
    EXPECT(DIFFUSION_STATUS_CANCELLED, diffusion_pipeline_open(TEXT(folder), NULL, NULL, follow, &stops, &pipeline));
    CHECK(pipeline == NULL && stops.reports == 1);
    OK(diffusion_pipeline_open_start(TEXT(folder), NULL, &job));
    diffusion_job_destroy(job);
}

static void finalize(void *user_data)
{
    ++*(int *)user_data;
}

static void hear(int32_t level, const char *target, const char *message, void *user_data)
{
    (void)user_data;
    CHECK(level <= DIFFUSION_LOG_LEVEL_TRACE && strlen(target) + strlen(message) > 0);
}

/* Bytes that nothing points to any more, those among them that onnxruntime.supp forgives. */
static unsigned long lost(void)
{
    unsigned long leaked = 0, dubious = 0, reachable = 0, suppressed = 0;
    VALGRIND_DO_QUICK_LEAK_CHECK;
    VALGRIND_COUNT_LEAKS(leaked, dubious, reachable, suppressed);
    (void)dubious;
    (void)reachable;
    return leaked + suppressed;
}

int main(int argc, char **argv)
{
    const char *folder = model_folder(argc, argv);
    unsigned long first, second;
    int finalized = 0;
    run_nulls(argc, argv);
    run_arguments(argc, argv);
    OK(diffusion_set_log_callback(hear, DIFFUSION_LOG_LEVEL_TRACE, &finalized, finalize));
    no_pipelines(folder);
    threads(folder);
    from_a_picture(folder);
    jobs(folder);
    OK(diffusion_set_log_callback(NULL, DIFFUSION_LOG_LEVEL_OFF, NULL, NULL));
    CHECK(finalized == 1);
    round_trip(folder, argv);
    first = lost();
    round_trip(folder, argv);
    second = lost();
    /* What ONNX Runtime keeps once is its affair; what grows with each round is a handle that we forget. */
    if (second > first) {
        fprintf(stderr, "a round of opening, drawing and destroying loses %lu bytes\n", second - first);
        return 1;
    }
    return 0;
}
