/* Jobs: opening and drawing on the library's threads. */
#include "bridge.h"

static jlong job_open(JNIEnv *env, jclass class, jbyteArray folder, jlong options)
{
    struct text text = text_in(env, folder);
    diffusion_job *job = NULL;
    (void)class;
    if (!(*env)->ExceptionCheck(env))
        ok(env, diffusion_pipeline_open_start(TEXT(text), HANDLE(diffusion_pipeline_options, options), &job));
    release(env, text);
    return POINTER(job);
}

static jlong job_open_files(JNIEnv *env, jclass class, jlong files, jlong options)
{
    diffusion_job *job = NULL;
    (void)class;
    ok(env, diffusion_pipeline_open_files_start(HANDLE(diffusion_model_files, files),
                                                HANDLE(diffusion_pipeline_options, options), &job));
    return POINTER(job);
}

static jlong job_start(JNIEnv *env, jclass class, jlong pipeline, jlong request)
{
    diffusion_job *job = NULL;
    (void)class;
    ok(env, diffusion_job_start(HANDLE(diffusion_pipeline, pipeline), HANDLE(diffusion_request, request), &job));
    return POINTER(job);
}

/* The state, the phase (-1 before the first report), the step, the steps, and how many jobs run before this one. */
static jintArray job_look(JNIEnv *env, jclass class, jlong handle)
{
    const diffusion_job *job = HANDLE(diffusion_job, handle);
    int32_t phase = -1;
    uint32_t step = 0, steps = 0;
    jint values[5];
    jintArray array;
    (void)class;
    values[0] = diffusion_job_poll(job); /* before the rest, so that the progress of a finished job is its last */
    if (!ok(env, diffusion_job_progress(job, &phase, &step, &steps)))
        return NULL;
    values[1] = phase;
    values[2] = (jint)step;
    values[3] = (jint)steps;
    values[4] = (jint)diffusion_job_queue_position(job);
    array = (*env)->NewIntArray(env, LENGTH(values));
    if (array != NULL)
        (*env)->SetIntArrayRegion(env, array, 0, LENGTH(values), values);
    return array;
}

static jint job_wait(JNIEnv *env, jclass class, jlong job, jlong milliseconds)
{
    int32_t state = -1;
    (void)class;
    ok(env, diffusion_job_wait(HANDLE(diffusion_job, job), milliseconds, &state));
    return state;
}

static void job_cancel(JNIEnv *env, jclass class, jlong job)
{
    (void)class;
    ok(env, diffusion_job_cancel(HANDLE(diffusion_job, job)));
}

static jdouble job_milliseconds(JNIEnv *env, jclass class, jlong job)
{
    (void)env, (void)class;
    return diffusion_job_elapsed_milliseconds(HANDLE(diffusion_job, job));
}

static jlong job_preview_number(JNIEnv *env, jclass class, jlong job)
{
    (void)env, (void)class;
    return (jlong)diffusion_job_preview_number(HANDLE(diffusion_job, job));
}

static jlong job_preview(JNIEnv *env, jclass class, jlong job, jlong index)
{
    diffusion_image *image = NULL;
    (void)class;
    ok(env, diffusion_job_preview(HANDLE(diffusion_job, job), index, &image));
    return POINTER(image);
}

static jlong job_take_result(JNIEnv *env, jclass class, jlong job)
{
    diffusion_result *result = NULL;
    (void)class;
    ok(env, diffusion_job_take_result(HANDLE(diffusion_job, job), &result));
    return POINTER(result);
}

static jlong job_take_pipeline(JNIEnv *env, jclass class, jlong job)
{
    diffusion_pipeline *pipeline = NULL;
    (void)class;
    ok(env, diffusion_job_take_pipeline(HANDLE(diffusion_job, job), &pipeline));
    return POINTER(pipeline);
}

static void job_destroy(JNIEnv *env, jclass class, jlong job)
{
    (void)env, (void)class;
    diffusion_job_destroy(HANDLE(diffusion_job, job));
}

static const JNINativeMethod FUNCTIONS[] = {
    METHOD("jobOpen", "([BJ)J", job_open),
    METHOD("jobOpenFiles", "(JJ)J", job_open_files),
    METHOD("jobStart", "(JJ)J", job_start),
    METHOD("jobLook", "(J)[I", job_look),
    METHOD("jobWait", "(JJ)I", job_wait),
    METHOD("jobCancel", "(J)V", job_cancel),
    METHOD("jobMilliseconds", "(J)D", job_milliseconds),
    METHOD("jobPreviewNumber", "(J)J", job_preview_number),
    METHOD("jobPreview", "(JJ)J", job_preview),
    METHOD("jobTakeResult", "(J)J", job_take_result),
    METHOD("jobTakePipeline", "(J)J", job_take_pipeline),
    METHOD("jobDestroy", "(J)V", job_destroy),
};
const struct methods JOB_METHODS = { FUNCTIONS, LENGTH(FUNCTIONS) };
