/* Steppers: a generation that the host takes step by step. */
#include "bridge.h"

#define STEPPER(value) HANDLE(diffusion_stepper, value)

static jlong stepper_begin(JNIEnv *env, jclass class, jlong pipeline, jlong request)
{
    diffusion_stepper *stepper = NULL;
    (void)class;
    ok(env, diffusion_stepper_begin(HANDLE(diffusion_pipeline, pipeline), HANDLE(diffusion_request, request), NULL, NULL,
                                    NULL, &stepper));
    return POINTER(stepper);
}

static void stepper_destroy(JNIEnv *env, jclass class, jlong stepper)
{
    (void)env, (void)class;
    diffusion_stepper_destroy(STEPPER(stepper));
}

static jint stepper_step_count(JNIEnv *env, jclass class, jlong stepper)
{
    (void)env, (void)class;
    return (jint)diffusion_stepper_step_count(STEPPER(stepper));
}

static jint stepper_step(JNIEnv *env, jclass class, jlong stepper)
{
    (void)env, (void)class;
    return (jint)diffusion_stepper_step(STEPPER(stepper));
}

static jdouble stepper_timestep(JNIEnv *env, jclass class, jlong stepper)
{
    (void)env, (void)class;
    return diffusion_stepper_timestep(STEPPER(stepper));
}

static void stepper_advance(JNIEnv *env, jclass class, jlong stepper)
{
    (void)class;
    ok(env, diffusion_stepper_advance(STEPPER(stepper), NULL, NULL, NULL));
}

static jlong stepper_latents(JNIEnv *env, jclass class, jlong stepper)
{
    diffusion_embedding *latents = NULL;
    (void)class;
    ok(env, diffusion_stepper_latents(STEPPER(stepper), &latents));
    return POINTER(latents);
}

/* 0 where they are not known. */
static jlong stepper_clean_latents(JNIEnv *env, jclass class, jlong stepper)
{
    diffusion_embedding *latents = NULL;
    const diffusion_status status = diffusion_stepper_clean_latents(STEPPER(stepper), &latents);
    (void)class;
    if (status != DIFFUSION_STATUS_UNSUPPORTED)
        ok(env, status);
    return POINTER(latents);
}

static void stepper_set_latents(JNIEnv *env, jclass class, jlong stepper, jlong latents)
{
    (void)class;
    ok(env, diffusion_stepper_set_latents(STEPPER(stepper), HANDLE(diffusion_embedding, latents)));
}

static jlong stepper_finish(JNIEnv *env, jclass class, jlong stepper)
{
    diffusion_result *result = NULL;
    (void)class;
    ok(env, diffusion_stepper_finish(STEPPER(stepper), NULL, NULL, NULL, &result));
    return POINTER(result);
}

static const JNINativeMethod FUNCTIONS[] = {
    METHOD("stepperBegin", "(JJ)J", stepper_begin),
    METHOD("stepperDestroy", "(J)V", stepper_destroy),
    METHOD("stepperStepCount", "(J)I", stepper_step_count),
    METHOD("stepperStep", "(J)I", stepper_step),
    METHOD("stepperTimestep", "(J)D", stepper_timestep),
    METHOD("stepperAdvance", "(J)V", stepper_advance),
    METHOD("stepperLatents", "(J)J", stepper_latents),
    METHOD("stepperCleanLatents", "(J)J", stepper_clean_latents),
    METHOD("stepperSetLatents", "(JJ)V", stepper_set_latents),
    METHOD("stepperFinish", "(J)J", stepper_finish),
};
const struct methods STEPPER_METHODS = { FUNCTIONS, LENGTH(FUNCTIONS) };
