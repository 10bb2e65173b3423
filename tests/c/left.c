/* A cancelled opening does not wait for what cannot be interrupted: here, for a log callback that does not return. What was
 * left comes to its end alone, lets go of all it held, and the process waits for that at its exit. */
#include <dirent.h>
#include <pthread.h>
#include <unistd.h>

#include "folder.h"

#define CANCELLED DIFFUSION_STATUS_CANCELLED

/* All of this under one lock. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool armed, held, over; /* the next message is held; one is held; the one that was held is through */
static int released;

/* Holds the thread that logs, once: the first message of an opening that it is armed for. */
static void hold(int32_t level, const char *target, const char *message, void *user_data)
{
    (void)level;
    (void)target;
    (void)user_data;
    pthread_mutex_lock(&lock);
    if (armed && strstr(message, "is open on") != NULL) {
        armed = false;
        held = true;
        pthread_cond_broadcast(&changed);
        while (held)
            pthread_cond_wait(&changed, &lock);
        over = true;
        pthread_cond_broadcast(&changed);
    }
    pthread_mutex_unlock(&lock);
}

static void arm(void)
{
    pthread_mutex_lock(&lock);
    armed = true;
    over = false;
    pthread_mutex_unlock(&lock);
}

static void wait_until_held(void)
{
    pthread_mutex_lock(&lock);
    while (!held)
        pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
}

static bool is_held(void)
{
    bool is;
    pthread_mutex_lock(&lock);
    is = held;
    pthread_mutex_unlock(&lock);
    return is;
}

static void let_go(void)
{
    pthread_mutex_lock(&lock);
    held = false;
    pthread_cond_broadcast(&changed);
    while (!over)
        pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
}

static void *let_go_later(void *nothing)
{
    usleep(300000);
    let_go();
    return nothing;
}

/* What is left ends within a minute. */
static bool patiently(bool (*holds)(const void *), const void *with)
{
    int i;
    for (i = 0; i < 6000 && !holds(with); i++)
        usleep(10000);
    return holds(with);
}

static diffusion_pipeline_options *cached(const char *cache)
{
    diffusion_pipeline_options *options = NULL;
    OK(diffusion_pipeline_options_create(&options));
    OK(diffusion_pipeline_options_set_threads(options, 1));
    OK(diffusion_pipeline_options_set_cache_dir(options, TEXT(cache)));
    return options;
}

static void cancelled_by_job(diffusion_job *job)
{
    diffusion_pipeline *pipeline = NULL;
    int32_t state = -1;
    wait_until_held();
    OK(diffusion_job_cancel(job));
    OK(diffusion_job_wait(job, 60000, &state)); /* long enough for everything but a wait for the callback */
    CHECK(state == DIFFUSION_JOB_STATE_CANCELLED && is_held());
    SAYS(CANCELLED, "cancelled", diffusion_job_take_pipeline(job, &pipeline));
    CHECK(pipeline == NULL);
    diffusion_job_destroy(job);
    CHECK(is_held());
}

/* Meanwhile others open and draw. */
static void another_draws(const char *folder)
{
    diffusion_pipeline *pipeline = open_model(folder);
    diffusion_request *request = small_request(1, 3);
    diffusion_result_destroy(draw(pipeline, request));
    diffusion_request_destroy(request);
    diffusion_pipeline_destroy(pipeline);
    CHECK(is_held());
}

static bool nothing_half_made(const void *cache)
{
    char path[4096];
    struct dirent *entry;
    DIR *entries;
    bool none = true;
    snprintf(path, sizeof path, "%s/graphs", (const char *)cache);
    entries = opendir(path);
    CHECK(entries != NULL);
    while ((entry = readdir(entries)) != NULL)
        none = none && strncmp(entry->d_name, "making-", 7) != 0;
    closedir(entries);
    return none;
}

static void of_a_folder(const char *folder, const char *cache)
{
    diffusion_pipeline_options *options = cached(cache);
    diffusion_job *job = NULL;
    arm();
    OK(diffusion_pipeline_open_start(TEXT(folder), options, &job));
    diffusion_pipeline_options_destroy(options);
    cancelled_by_job(job);
    another_draws(folder);
    let_go();
    CHECK(patiently(nothing_half_made, cache));
}

static int32_t stop_when_held(const diffusion_progress *progress, void *user_data)
{
    (void)progress;
    (void)user_data;
    wait_until_held();
    return 1;
}

/* The blocking call too; by its callback, which is called where the call was made. */
static void of_a_blocking_call(const char *folder)
{
    diffusion_pipeline *pipeline = NULL;
    arm();
    EXPECT(CANCELLED, diffusion_pipeline_open(TEXT(folder), NULL, NULL, stop_when_held, NULL, &pipeline));
    CHECK(pipeline == NULL && is_held());
    let_go();
}

static void count_released(void *bytes)
{
    free(bytes);
    pthread_mutex_lock(&lock);
    released++;
    pthread_mutex_unlock(&lock);
}

struct lending { diffusion_model_files *files; int count; };

static void lend(const char *path, const char *name, size_t length, void *with)
{
    struct lending *lending = with;
    FILE *file = fopen(path, "rb");
    void *bytes = malloc(length + 1);
    CHECK(file != NULL && bytes != NULL);
    CHECK(fread(bytes, 1, length, file) == length);
    fclose(file);
    OK(diffusion_model_files_add_borrowed(lending->files, TEXT(name), bytes, length, count_released, bytes));
    lending->count++;
}

static bool so_many_released(const void *count)
{
    bool all;
    pthread_mutex_lock(&lock);
    all = released == *(const int *)count;
    pthread_mutex_unlock(&lock);
    return all;
}

/* Memory that was lent is given back when what uses it has ended, and not before. */
static void of_files_in_memory(const char *folder)
{
    struct lending lending = { NULL, 0 };
    diffusion_job *job = NULL;
    OK(diffusion_model_files_create(&lending.files));
    each_file(folder, "", lend, &lending);
    arm();
    OK(diffusion_pipeline_open_files_start(lending.files, NULL, &job));
    diffusion_model_files_destroy(lending.files);
    cancelled_by_job(job);
    CHECK(!so_many_released(&lending.count));
    let_go();
    CHECK(patiently(so_many_released, &lending.count));
}

/* Runs after everything that the library does at exit: what was left is over by then. */
static void was_waited_for(void)
{
    bool waited;
    pthread_mutex_lock(&lock);
    waited = over;
    pthread_mutex_unlock(&lock);
    if (waited)
        return;
    fprintf(stderr, "the process ended in the middle of an opening\n");
    _exit(1);
}

int main(int argc, char **argv)
{
    const char *folder = model_folder(argc, argv);
    char cache[4096];
    diffusion_job *job = NULL;
    pthread_t later;
    snprintf(cache, sizeof cache, "%s", scratch(argv, "cache"));
    OK(diffusion_set_log_callback(hold, DIFFUSION_LOG_LEVEL_INFO, NULL, NULL));
    CHECK(atexit(was_waited_for) == 0); /* before the library registers anything: what comes last runs first */
    of_a_folder(folder, cache);
    of_a_blocking_call(folder);
    of_files_in_memory(folder);

    arm();
    OK(diffusion_pipeline_open_start(TEXT(folder), NULL, &job));
    cancelled_by_job(job);
    CHECK(pthread_create(&later, NULL, let_go_later, NULL) == 0);
    CHECK(pthread_detach(later) == 0);
    return 0;
}
