/* Two pipelines on two threads, one pipeline from two threads, and a message of its own for each thread. */
#include <pthread.h>

#include "check.h"

struct job {
    const char *folder;            /* opens its own pipeline when `pipeline` is NULL */
    const diffusion_pipeline *pipeline;
    const diffusion_request *request;
    const diffusion_result *wanted;
    int rounds;
};

static void *work(void *argument)
{
    const struct job *job = argument;
    diffusion_pipeline *own = job->pipeline == NULL ? open_model(job->folder) : NULL;
    int round;
    CHECK(*diffusion_last_error_message() == '\0');
    for (round = 0; round < job->rounds; round++) {
        diffusion_result *result = draw(own == NULL ? job->pipeline : own, job->request);
        CHECK(same_picture(result, job->wanted));
        diffusion_result_destroy(result);
    }
    diffusion_pipeline_destroy(own);
    return NULL;
}

static void side_by_side(struct job *first, struct job *second)
{
    pthread_t threads[2];
    CHECK(pthread_create(&threads[0], NULL, work, first) == 0);
    CHECK(pthread_create(&threads[1], NULL, work, second) == 0);
    CHECK(pthread_join(threads[0], NULL) == 0 && pthread_join(threads[1], NULL) == 0);
}

static void *fails_otherwise(void *argument)
{
    (void)argument;
    CHECK(*diffusion_last_error_message() == '\0');
    SAYS(DIFFUSION_STATUS_NULL_POINTER, "request", diffusion_request_set_steps(NULL, 1));
    return NULL;
}

static void messages(void)
{
    diffusion_request *request = small_request(1, 1);
    pthread_t thread;
    char kept[200];
    SAYS(DIFFUSION_STATUS_INVALID_ARGUMENT, "-3", diffusion_request_set_steps(request, -3));
    snprintf(kept, sizeof kept, "%s", diffusion_last_error_message());
    CHECK(pthread_create(&thread, NULL, fails_otherwise, NULL) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
    CHECK(strcmp(kept, diffusion_last_error_message()) == 0);
    /* Destroying keeps the message, so that one may clean up first and read then. */
    diffusion_request_destroy(request);
    CHECK(strcmp(kept, diffusion_last_error_message()) == 0);
}

/* Destroys the pipeline while it is drawing on the other thread. */
static void *destroy_it(void *argument)
{
    diffusion_pipeline_destroy(argument);
    return NULL;
}

static int32_t let_it_be_destroyed(const diffusion_progress *progress, void *user_data)
{
    pthread_t thread;
    if (progress->phase == DIFFUSION_PHASE_DENOISING && progress->step == 1) {
        CHECK(pthread_create(&thread, NULL, destroy_it, *(diffusion_pipeline **)user_data) == 0);
        CHECK(pthread_join(thread, NULL) == 0);
    }
    return 0;
}

int main(int argc, char **argv)
{
    const char *folder = model_folder(argc, argv);
    diffusion_pipeline *pipeline = open_model(folder);
    diffusion_request *one = small_request(3, 1), *two = small_request(4, 2);
    diffusion_result *wanted_one = draw(pipeline, one), *wanted_two = draw(pipeline, two), *last = NULL;
    struct job shared_one = { folder, pipeline, one, wanted_one, 4 }, shared_two = { folder, pipeline, two, wanted_two, 4 };
    struct job own_one = { folder, NULL, one, wanted_one, 3 }, own_two = { folder, NULL, two, wanted_two, 3 };
    CHECK(!same_picture(wanted_one, wanted_two));
    messages();
    side_by_side(&shared_one, &shared_two);
    side_by_side(&own_one, &own_two);
    side_by_side(&shared_one, &own_two);
    OK(diffusion_pipeline_generate(pipeline, one, NULL, let_it_be_destroyed, &pipeline, &last));
    CHECK(same_picture(last, wanted_one));
    diffusion_result_destroy(wanted_two);
    diffusion_request_destroy(one);
    diffusion_result_destroy(last);
    diffusion_request_destroy(two);
    diffusion_result_destroy(wanted_one);
    return 0;
}
