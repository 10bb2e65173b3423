/*
 * JNI under the Kotlin classes of org.libdiffusion, a file for each kind of object.
 *
 * Text crosses as UTF-8 in byte[]: the UTF of JNI's own string functions is another one, which breaks emoji. A failure is
 * thrown by the call that failed, on its thread, with the library's status and sentence. Handles cross as long.
 */
#ifndef BRIDGE_H
#define BRIDGE_H

#include <jni.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "diffusion.h"

#define LENGTH(array) ((jsize)(sizeof(array) / sizeof *(array)))
#define HANDLE(type, value) ((type *)(intptr_t)(value))
#define POINTER(value) ((jlong)(intptr_t)(value))

/* Finds what failures are thrown with; false where an exception is on its way. */
bool prepare_failures(JNIEnv *env);
void throw_failure(JNIEnv *env, diffusion_status status, const char *sentence);
/* Whether the call succeeded; if not, the exception is on its way. */
bool ok(JNIEnv *env, diffusion_status status);

jbyteArray bytes_out(JNIEnv *env, const void *bytes, size_t size);
/* NULL is null. */
jbyteArray text_out(JNIEnv *env, const char *text);

struct text {
    jbyteArray array;
    jbyte *bytes;
    size_t length;
};

/* The bytes of an array, or NULL and 0 for null. To be given back with release(). */
struct text text_in(JNIEnv *env, jbyteArray array);
void release(JNIEnv *env, struct text text);
#define TEXT(text) (const char *)(text).bytes, (text).length
bool is_name(struct text text, const char *name);

/* What a file has of the functions that Native.kt declares; load.c registers them. */
#define METHOD(name, signature, function) { (char *)(name), (char *)(signature), (void *)(function) }
struct methods {
    const JNINativeMethod *rows;
    jsize count;
};
extern const struct methods LIBRARY_METHODS, SETTINGS_METHODS, OPTIONS_METHODS, REQUEST_METHODS, PIPELINE_METHODS,
    JOB_METHODS, RESULT_METHODS, IMAGE_METHODS, EMBEDDING_METHODS, CONDITIONING_METHODS, STEPPER_METHODS;

#endif
