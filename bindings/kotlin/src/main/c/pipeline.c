/* Pipelines: what an opened model says about itself. Opening and drawing are jobs. */
#include "bridge.h"

static void pipeline_destroy(JNIEnv *env, jclass class, jlong pipeline)
{
    (void)env, (void)class;
    diffusion_pipeline_destroy(HANDLE(diffusion_pipeline, pipeline));
}

static jbyteArray pipeline_info(JNIEnv *env, jclass class, jlong pipeline)
{
    (void)class;
    return text_out(env, diffusion_pipeline_info_json(HANDLE(diffusion_pipeline, pipeline)));
}

static jbyteArray pipeline_family(JNIEnv *env, jclass class, jlong pipeline)
{
    (void)class;
    return text_out(env, diffusion_pipeline_family(HANDLE(diffusion_pipeline, pipeline)));
}

static jbyteArray pipeline_default_scheduler(JNIEnv *env, jclass class, jlong pipeline)
{
    (void)class;
    return text_out(env, diffusion_pipeline_default_scheduler(HANDLE(diffusion_pipeline, pipeline)));
}

static jbyteArray pipeline_note(JNIEnv *env, jclass class, jlong pipeline, jlong index)
{
    (void)class;
    return text_out(env, diffusion_pipeline_note(HANDLE(diffusion_pipeline, pipeline), index));
}

/* Width, height, steps and guidance of a request that sets none, and what sizes must be multiples of. */
static jdoubleArray pipeline_defaults(JNIEnv *env, jclass class, jlong handle)
{
    const diffusion_pipeline *pipeline = HANDLE(diffusion_pipeline, handle);
    const jdouble values[] = {
        diffusion_pipeline_default_width(pipeline), diffusion_pipeline_default_height(pipeline),
        diffusion_pipeline_default_steps(pipeline), (double)diffusion_pipeline_default_guidance(pipeline),
        diffusion_pipeline_size_multiple(pipeline),
    };
    jdoubleArray array = (*env)->NewDoubleArray(env, LENGTH(values));
    (void)class;
    if (array != NULL)
        (*env)->SetDoubleArrayRegion(env, array, 0, LENGTH(values), values);
    return array;
}

static const JNINativeMethod FUNCTIONS[] = {
    METHOD("pipelineDestroy", "(J)V", pipeline_destroy),
    METHOD("pipelineInfo", "(J)[B", pipeline_info),
    METHOD("pipelineFamily", "(J)[B", pipeline_family),
    METHOD("pipelineDefaultScheduler", "(J)[B", pipeline_default_scheduler),
    METHOD("pipelineNote", "(JJ)[B", pipeline_note),
    METHOD("pipelineDefaults", "(J)[D", pipeline_defaults),
};
const struct methods PIPELINE_METHODS = { FUNCTIONS, LENGTH(FUNCTIONS) };
