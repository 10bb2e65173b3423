/* Results: the pictures of one generation, and what is known about them. */
#include "bridge.h"

static void result_destroy(JNIEnv *env, jclass class, jlong result)
{
    (void)env, (void)class;
    diffusion_result_destroy(HANDLE(diffusion_result, result));
}

static jint result_count(JNIEnv *env, jclass class, jlong result)
{
    (void)env, (void)class;
    return (jint)diffusion_result_count(HANDLE(diffusion_result, result));
}

static jlong result_image(JNIEnv *env, jclass class, jlong result, jlong index)
{
    const diffusion_image *image = NULL;
    (void)class;
    ok(env, diffusion_result_image(HANDLE(diffusion_result, result), index, &image));
    return POINTER(image);
}

static jint result_flagged(JNIEnv *env, jclass class, jlong result, jlong index)
{
    (void)env, (void)class;
    return diffusion_result_flagged(HANDLE(diffusion_result, result), index);
}

static jlong result_image_seed(JNIEnv *env, jclass class, jlong result, jlong index)
{
    (void)env, (void)class;
    return (jlong)diffusion_result_image_seed(HANDLE(diffusion_result, result), index);
}

static jlong result_seed(JNIEnv *env, jclass class, jlong result)
{
    (void)env, (void)class;
    return (jlong)diffusion_result_seed(HANDLE(diffusion_result, result));
}

static jlong result_latents(JNIEnv *env, jclass class, jlong result)
{
    diffusion_embedding *latents = NULL;
    (void)class;
    ok(env, diffusion_result_latents(HANDLE(diffusion_result, result), &latents));
    return POINTER(latents);
}

static jbyteArray result_settings(JNIEnv *env, jclass class, jlong result)
{
    (void)class;
    return text_out(env, diffusion_result_settings_json(HANDLE(diffusion_result, result)));
}

static jbyteArray result_timings(JNIEnv *env, jclass class, jlong result)
{
    (void)class;
    return text_out(env, diffusion_result_timings_json(HANDLE(diffusion_result, result)));
}

static jint result_warning_count(JNIEnv *env, jclass class, jlong result)
{
    (void)env, (void)class;
    return (jint)diffusion_result_warning_count(HANDLE(diffusion_result, result));
}

static jbyteArray result_warning(JNIEnv *env, jclass class, jlong result, jlong index)
{
    (void)class;
    return text_out(env, diffusion_result_warning(HANDLE(diffusion_result, result), index));
}

static const JNINativeMethod FUNCTIONS[] = {
    METHOD("resultDestroy", "(J)V", result_destroy),
    METHOD("resultCount", "(J)I", result_count),
    METHOD("resultImage", "(JJ)J", result_image),
    METHOD("resultFlagged", "(JJ)I", result_flagged),
    METHOD("resultImageSeed", "(JJ)J", result_image_seed),
    METHOD("resultSeed", "(J)J", result_seed),
    METHOD("resultLatents", "(J)J", result_latents),
    METHOD("resultSettings", "(J)[B", result_settings),
    METHOD("resultTimings", "(J)[B", result_timings),
    METHOD("resultWarningCount", "(J)I", result_warning_count),
    METHOD("resultWarning", "(JJ)[B", result_warning),
};
const struct methods RESULT_METHODS = { FUNCTIONS, LENGTH(FUNCTIONS) };
