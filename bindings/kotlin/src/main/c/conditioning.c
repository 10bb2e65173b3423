/* Conditionings: prompts that were read. */
#include "bridge.h"

#define CONDITIONING(value) HANDLE(diffusion_conditioning, value)

static void conditioning_destroy(JNIEnv *env, jclass class, jlong conditioning)
{
    (void)env, (void)class;
    diffusion_conditioning_destroy(CONDITIONING(conditioning));
}

static jint conditioning_count(JNIEnv *env, jclass class, jlong conditioning)
{
    (void)env, (void)class;
    return (jint)diffusion_conditioning_count(CONDITIONING(conditioning));
}

static jbyteArray conditioning_encoder(JNIEnv *env, jclass class, jlong conditioning, jlong index)
{
    (void)class;
    return text_out(env, diffusion_conditioning_encoder(CONDITIONING(conditioning), index));
}

static jbyteArray conditioning_text(JNIEnv *env, jclass class, jlong conditioning, jlong index)
{
    (void)class;
    return text_out(env, diffusion_conditioning_text(CONDITIONING(conditioning), index));
}

static jint conditioning_is_negative(JNIEnv *env, jclass class, jlong conditioning, jlong index)
{
    (void)env, (void)class;
    return diffusion_conditioning_is_negative(CONDITIONING(conditioning), index);
}

static jlong conditioning_states(JNIEnv *env, jclass class, jlong conditioning, jlong index)
{
    diffusion_embedding *states = NULL;
    (void)class;
    ok(env, diffusion_conditioning_states(CONDITIONING(conditioning), index, &states));
    return POINTER(states);
}

static jlong conditioning_pooled(JNIEnv *env, jclass class, jlong conditioning, jlong index)
{
    diffusion_embedding *pooled = NULL;
    (void)class;
    ok(env, diffusion_conditioning_pooled(CONDITIONING(conditioning), index, &pooled));
    return POINTER(pooled);
}

static jlong conditioning_with_states(JNIEnv *env, jclass class, jlong conditioning, jlong index, jlong states, jlong pooled)
{
    diffusion_conditioning *changed = NULL;
    (void)class;
    ok(env, diffusion_conditioning_with_states(CONDITIONING(conditioning), index, HANDLE(diffusion_embedding, states),
                                               HANDLE(diffusion_embedding, pooled), &changed));
    return POINTER(changed);
}

static const JNINativeMethod FUNCTIONS[] = {
    METHOD("conditioningDestroy", "(J)V", conditioning_destroy),
    METHOD("conditioningCount", "(J)I", conditioning_count),
    METHOD("conditioningEncoder", "(JJ)[B", conditioning_encoder),
    METHOD("conditioningText", "(JJ)[B", conditioning_text),
    METHOD("conditioningIsNegative", "(JJ)I", conditioning_is_negative),
    METHOD("conditioningStates", "(JJ)J", conditioning_states),
    METHOD("conditioningPooled", "(JJ)J", conditioning_pooled),
    METHOD("conditioningWithStates", "(JJJJ)J", conditioning_with_states),
};
const struct methods CONDITIONING_METHODS = { FUNCTIONS, LENGTH(FUNCTIONS) };
