/* The crossing itself: text in and out, and failures as exceptions. */
#include "bridge.h"

#include <string.h>

static jclass exception_class;
static jmethodID exception_constructor;

bool prepare_failures(JNIEnv *env)
{
    jclass failure = (*env)->FindClass(env, "org/libdiffusion/DiffusionException");
    return failure != NULL && (exception_constructor = (*env)->GetMethodID(env, failure, "<init>", "(I[B)V")) != NULL
        && (exception_class = (*env)->NewGlobalRef(env, failure)) != NULL;
}

jbyteArray bytes_out(JNIEnv *env, const void *bytes, size_t size)
{
    jbyteArray array = size > INT32_MAX ? NULL : (*env)->NewByteArray(env, (jsize)size);
    if (array != NULL && size > 0)
        (*env)->SetByteArrayRegion(env, array, 0, (jsize)size, bytes);
    return array;
}

jbyteArray text_out(JNIEnv *env, const char *text)
{
    return text == NULL ? NULL : bytes_out(env, text, strlen(text));
}

void throw_failure(JNIEnv *env, diffusion_status status, const char *sentence)
{
    jbyteArray message = (*env)->ExceptionCheck(env) ? NULL : text_out(env, sentence);
    jthrowable failure = message == NULL ? NULL
        : (*env)->NewObject(env, exception_class, exception_constructor, (jint)status, message);
    if (failure != NULL)
        (*env)->Throw(env, failure);
}

bool ok(JNIEnv *env, diffusion_status status)
{
    if (status != DIFFUSION_STATUS_OK)
        throw_failure(env, status, diffusion_last_error_message());
    return status == DIFFUSION_STATUS_OK;
}

struct text text_in(JNIEnv *env, jbyteArray array)
{
    struct text text = { array, NULL, 0 };
    if (array != NULL) {
        text.bytes = (*env)->GetByteArrayElements(env, array, NULL);
        text.length = text.bytes == NULL ? 0 : (size_t)(*env)->GetArrayLength(env, array);
    }
    return text;
}

void release(JNIEnv *env, struct text text)
{
    if (text.bytes != NULL)
        (*env)->ReleaseByteArrayElements(env, text.array, text.bytes, JNI_ABORT);
}

bool is_name(struct text text, const char *name)
{
    return strlen(name) == text.length && memcmp(text.bytes, name, text.length) == 0;
}
