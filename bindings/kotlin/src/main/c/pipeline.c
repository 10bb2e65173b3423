/* Pipelines: what an opened model says about itself, and the parts of drawing. Opening and drawing itself are jobs. */
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

static jlong pipeline_encode_prompt(JNIEnv *env, jclass class, jlong pipeline, jlong request)
{
    diffusion_conditioning *conditioning = NULL;
    (void)class;
    ok(env, diffusion_pipeline_encode_prompt(HANDLE(diffusion_pipeline, pipeline), HANDLE(diffusion_request, request), NULL,
                                             NULL, NULL, &conditioning));
    return POINTER(conditioning);
}

static jlong pipeline_embed(JNIEnv *env, jclass class, jlong pipeline, jlong request, jbyteArray value)
{
    struct text text = text_in(env, value);
    diffusion_embedding *embedding = NULL;
    (void)class;
    if (!(*env)->ExceptionCheck(env))
        ok(env, diffusion_pipeline_embed(HANDLE(diffusion_pipeline, pipeline), HANDLE(diffusion_request, request), TEXT(text),
                                         NULL, NULL, NULL, &embedding));
    release(env, text);
    return POINTER(embedding);
}

static jlong pipeline_encode_image(JNIEnv *env, jclass class, jlong pipeline, jlong image)
{
    diffusion_embedding *latents = NULL;
    (void)class;
    ok(env, diffusion_pipeline_encode_image(HANDLE(diffusion_pipeline, pipeline), HANDLE(diffusion_image, image), NULL,
                                            &latents));
    return POINTER(latents);
}

static jlong pipeline_decode_latents(JNIEnv *env, jclass class, jlong pipeline, jlong latents, jlong index, jint format)
{
    diffusion_image *image = NULL;
    (void)class;
    ok(env, diffusion_pipeline_decode_latents(HANDLE(diffusion_pipeline, pipeline), HANDLE(diffusion_embedding, latents),
                                              index, format, NULL, &image));
    return POINTER(image);
}

static const JNINativeMethod FUNCTIONS[] = {
    METHOD("pipelineDestroy", "(J)V", pipeline_destroy),
    METHOD("pipelineInfo", "(J)[B", pipeline_info),
    METHOD("pipelineFamily", "(J)[B", pipeline_family),
    METHOD("pipelineDefaultScheduler", "(J)[B", pipeline_default_scheduler),
    METHOD("pipelineNote", "(JJ)[B", pipeline_note),
    METHOD("pipelineDefaults", "(J)[D", pipeline_defaults),
    METHOD("pipelineEncodePrompt", "(JJ)J", pipeline_encode_prompt),
    METHOD("pipelineEmbed", "(JJ[B)J", pipeline_embed),
    METHOD("pipelineEncodeImage", "(JJ)J", pipeline_encode_image),
    METHOD("pipelineDecodeLatents", "(JJJI)J", pipeline_decode_latents),
};
const struct methods PIPELINE_METHODS = { FUNCTIONS, LENGTH(FUNCTIONS) };
