/* Models from memory: copied and lent files, names that are refused, and who lets go of what, when. */
#define _POSIX_C_SOURCE 200809L
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include "folder.h"

#define INVALID DIFFUSION_STATUS_INVALID_ARGUMENT

/* A file that is mapped and lent. */
typedef struct {
    void *bytes;
    size_t length;
} mapping;

static int lent, released;
static pthread_mutex_t counting = PTHREAD_MUTEX_INITIALIZER;

/* On any thread. */
static void unmap(void *user_data)
{
    mapping *map = user_data;
    CHECK(munmap(map->bytes, map->length) == 0);
    free(map);
    pthread_mutex_lock(&counting);
    released++;
    pthread_mutex_unlock(&counting);
}

static void add_file(const char *path, const char *name, size_t length, void *with)
{
    diffusion_model_files *files = with;
    const int file = open(path, O_RDONLY);
    mapping *map = malloc(sizeof *map);
    CHECK(file >= 0 && map != NULL);
    map->length = length;
    map->bytes = mmap(NULL, length, PROT_READ, MAP_PRIVATE, file, 0);
    CHECK(map->bytes != MAP_FAILED);
    close(file);
    if (length < 4096) {
        OK(diffusion_model_files_add_copy(files, TEXT(name), map->bytes, length));
        munmap(map->bytes, length);
        free(map);
    } else {
        OK(diffusion_model_files_add_borrowed(files, TEXT(name), map->bytes, length, unmap, map));
        lent++;
    }
}

static diffusion_model_files *handed_over(const char *folder)
{
    diffusion_model_files *files = NULL;
    OK(diffusion_model_files_create(&files));
    lent = released = 0;
    each_file(folder, "", add_file, files);
    CHECK(lent > 3);
    return files;
}

static diffusion_pipeline_options *two_threads(void)
{
    diffusion_pipeline_options *options = NULL;
    OK(diffusion_pipeline_options_create(&options));
    OK(diffusion_pipeline_options_set_threads(options, getenv("UNDER_VALGRIND") == NULL ? 2 : 1));
    return options;
}

static void never(void *user_data)
{
    (void)user_data;
    CHECK(!"memory that was not taken must not be let go of");
}

static void names_that_are_refused(void)
{
    static const char *const wrong[] = {"", "/a", "a/", "a//b", "..", "a/../b", "./a", "a\\b", "C:/a", "unet", "unet/model.onnx",
                                        "unet/model.onnx/a"};
    const unsigned char byte = 1;
    diffusion_model_files *files = NULL;
    size_t i;
    OK(diffusion_model_files_create(&files));
    OK(diffusion_model_files_add_copy(files, TEXT("unet/model.onnx"), &byte, 1));
    for (i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        SAYS(INVALID, "model file", diffusion_model_files_add_copy(files, TEXT(wrong[i]), &byte, 1));
        EXPECT(INVALID, diffusion_model_files_add_borrowed(files, TEXT(wrong[i]), &byte, 1, never, NULL));
    }
    SAYS(INVALID, "NUL", diffusion_model_files_add_copy(files, "a\0b", 3, &byte, 1));
    EXPECT(DIFFUSION_STATUS_INVALID_UTF8, diffusion_model_files_add_copy(files, "\xff", 1, &byte, 1));
    EXPECT(INVALID, diffusion_model_files_add_copy(files, "a", SIZE_MAX, &byte, 1));
    EXPECT(INVALID, diffusion_model_files_add_borrowed(files, TEXT("a"), &byte, SIZE_MAX, never, NULL));
    EXPECT(DIFFUSION_STATUS_NULL_POINTER, diffusion_model_files_add_copy(files, TEXT("a"), NULL, 1));
    EXPECT(DIFFUSION_STATUS_NULL_POINTER, diffusion_model_files_add_borrowed(files, TEXT("a"), NULL, 1, never, NULL));
    EXPECT(DIFFUSION_STATUS_NULL_POINTER, diffusion_model_files_add_copy(NULL, TEXT("a"), &byte, 1));
    EXPECT(DIFFUSION_STATUS_NULL_POINTER, diffusion_model_files_add_borrowed(NULL, TEXT("a"), &byte, 1, never, NULL));
    EXPECT(DIFFUSION_STATUS_NULL_POINTER, diffusion_model_files_create(NULL));
    OK(diffusion_model_files_add_copy(files, TEXT("empty"), NULL, 0));
    OK(diffusion_model_files_add_borrowed(files, TEXT("static"), &byte, 1, NULL, NULL));
    diffusion_model_files_destroy(files);
    diffusion_model_files_destroy(NULL);
}

static int32_t stop_at_once(const diffusion_progress *progress, void *user_data)
{
    (void)progress;
    (void)user_data;
    return 1;
}

static bool all_released(void)
{
    bool all;
    pthread_mutex_lock(&counting);
    all = released == lent;
    pthread_mutex_unlock(&counting);
    return all;
}

static void openings_that_fail(const char *folder)
{
    int i;
    diffusion_model_files *files = NULL;
    diffusion_pipeline *pipeline = NULL;
    diffusion_job *job = NULL;
    int32_t state = -1;
    OK(diffusion_model_files_create(&files));
    SAYS(DIFFUSION_STATUS_BAD_MODEL, "empty", diffusion_pipeline_open_files(files, NULL, NULL, NULL, NULL, &pipeline));
    OK(diffusion_pipeline_open_files_start(files, NULL, &job));
    diffusion_model_files_destroy(files);
    OK(diffusion_job_wait(job, -1, &state));
    CHECK(state == DIFFUSION_JOB_STATE_FAILED);
    EXPECT(DIFFUSION_STATUS_BAD_MODEL, diffusion_job_take_pipeline(job, &pipeline));
    diffusion_job_destroy(job);
    EXPECT(DIFFUSION_STATUS_NULL_POINTER, diffusion_pipeline_open_files(NULL, NULL, NULL, NULL, NULL, &pipeline));
    EXPECT(DIFFUSION_STATUS_NULL_POINTER, diffusion_pipeline_open_files_start(NULL, NULL, &job));
    files = handed_over(folder);
    EXPECT(DIFFUSION_STATUS_NULL_POINTER, diffusion_pipeline_open_files(files, NULL, NULL, NULL, NULL, NULL));
    EXPECT(DIFFUSION_STATUS_NULL_POINTER, diffusion_pipeline_open_files_start(files, NULL, NULL));
    EXPECT(DIFFUSION_STATUS_CANCELLED, diffusion_pipeline_open_files(files, NULL, NULL, stop_at_once, NULL, &pipeline));
    CHECK(pipeline == NULL && released == 0);
    diffusion_model_files_destroy(files);
    /* What was stopped may need a moment to come to its end. */
    for (i = 0; i < 60000 && !all_released(); i++)
        usleep(1000);
    CHECK(all_released());
}

int main(int argc, char **argv)
{
    const char *folder = model_folder(argc, argv);
    diffusion_pipeline *on_disk = open_model(folder), *in_memory = NULL, *by_job = NULL;
    diffusion_request *request = small_request(2, 5);
    diffusion_result *expected = draw(on_disk, request), *got = NULL;
    diffusion_pipeline_options *options = two_threads();
    diffusion_model_files *files = NULL;
    diffusion_job *job = NULL;
    int32_t state = -1;
    diffusion_pipeline_destroy(on_disk);

    names_that_are_refused();
    openings_that_fail(folder);

    /* The pipeline outlives the object and draws what the folder draws; then everything is let go of, once. */
    files = handed_over(folder);
    OK(diffusion_pipeline_open_files(files, options, NULL, NULL, NULL, &in_memory));
    diffusion_model_files_destroy(files);
    CHECK(released == 0);
    CHECK(strstr(diffusion_pipeline_info_json(in_memory), "memory:") != NULL);
    got = draw(in_memory, request);
    CHECK(same_picture(expected, got));
    diffusion_result_destroy(got);
    diffusion_pipeline_destroy(in_memory);
    CHECK(released == lent);

    /* A job needs the object at its start only; two pipelines share the files. */
    files = handed_over(folder);
    OK(diffusion_pipeline_open_files_start(files, options, &job));
    OK(diffusion_pipeline_open_files(files, options, NULL, NULL, NULL, &in_memory));
    diffusion_model_files_destroy(files);
    OK(diffusion_job_wait(job, -1, &state));
    CHECK(state == DIFFUSION_JOB_STATE_FINISHED);
    OK(diffusion_job_take_pipeline(job, &by_job));
    diffusion_job_destroy(job);
    diffusion_pipeline_destroy(in_memory);
    CHECK(released == 0);
    got = draw(by_job, request);
    CHECK(same_picture(expected, got));
    diffusion_result_destroy(got);
    diffusion_pipeline_destroy(by_job);
    CHECK(released == lent);

    diffusion_pipeline_options_destroy(options);
    diffusion_result_destroy(expected);
    diffusion_request_destroy(request);
    return 0;
}
