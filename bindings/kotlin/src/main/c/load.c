/* Registers what Native.kt declares: a name or a signature that differs fails when the library is loaded. */
#include "bridge.h"

static const struct methods *const METHODS[] = {
    &LIBRARY_METHODS, &SETTINGS_METHODS, &OPTIONS_METHODS, &REQUEST_METHODS,
    &PIPELINE_METHODS, &JOB_METHODS, &RESULT_METHODS, &IMAGE_METHODS,
    &EMBEDDING_METHODS, &CONDITIONING_METHODS, &STEPPER_METHODS,
};

JNIEXPORT jint JNICALL JNI_OnLoad(JavaVM *vm, void *reserved)
{
    JNIEnv *env = NULL;
    jclass native;
    jsize i;
    (void)reserved;
    if ((*vm)->GetEnv(vm, (void **)&env, JNI_VERSION_1_6) != JNI_OK || !prepare_failures(env)
        || (native = (*env)->FindClass(env, "org/libdiffusion/Native")) == NULL)
        return JNI_ERR;
    for (i = 0; i < LENGTH(METHODS); i++)
        if ((*env)->RegisterNatives(env, native, METHODS[i]->rows, METHODS[i]->count) != 0)
            return JNI_ERR;
    return JNI_VERSION_1_6;
}
