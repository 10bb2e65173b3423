/* The library as a whole: numbers and names of the header, its version, ONNX Runtime. */
#include "bridge.h"

#define CONSTANTS(X) \
    X(STATUS_OK) X(STATUS_NULL_POINTER) X(STATUS_INVALID_ARGUMENT) X(STATUS_INVALID_UTF8) X(STATUS_IO) X(STATUS_BAD_MODEL) \
    X(STATUS_UNSUPPORTED) X(STATUS_RUNTIME_MISSING) X(STATUS_PROVIDER_UNAVAILABLE) X(STATUS_OUT_OF_MEMORY) \
    X(STATUS_CANCELLED) X(STATUS_BUSY) X(STATUS_NUMERIC) X(STATUS_GRAPH_FAILED) X(STATUS_INTERNAL) \
    X(PHASE_OPENING) X(PHASE_ENCODING_TEXT) X(PHASE_ENCODING_IMAGE) X(PHASE_DENOISING) X(PHASE_DECODING) \
    X(PIXEL_FORMAT_RGB8) X(PIXEL_FORMAT_RGBA8) X(PIXEL_FORMAT_BGRA8) X(PIXEL_FORMAT_RGBA_F32) \
    X(JOB_STATE_QUEUED) X(JOB_STATE_RUNNING) X(JOB_STATE_FINISHED) X(JOB_STATE_FAILED) X(JOB_STATE_CANCELLED)
#define CONSTANT_ROW(title) { #title, DIFFUSION_##title },

static const struct {
    const char *name;
    int32_t value;
} CONSTANT[] = { CONSTANTS(CONSTANT_ROW) };

static jint constant(JNIEnv *env, jclass class, jbyteArray name)
{
    struct text wanted = text_in(env, name);
    jint value = -1;
    jsize i;
    (void)class;
    for (i = 0; i < LENGTH(CONSTANT); i++)
        if (is_name(wanted, CONSTANT[i].name))
            value = CONSTANT[i].value;
    release(env, wanted);
    return value;
}

#define NAME_LISTS(X) \
    X(scheduler) X(sigma_schedule) X(rng) X(seed_mode) X(prompt_syntax) X(provider) X(precision) X(fallback) X(memory_mode) \
    X(seamless) X(tiling) X(safety) X(preview_mode) X(upscale)
#define NAME_LIST_ROW(title) { #title, diffusion_##title##_name },

static const struct {
    const char *name;
    const char *(*at)(int64_t);
} NAME_LIST[] = { NAME_LISTS(NAME_LIST_ROW) };

/* Name `index` of a list of names; null past the last, and for a list that there is not. */
static jbyteArray listed_name(JNIEnv *env, jclass class, jbyteArray list, jlong index)
{
    struct text wanted = text_in(env, list);
    const char *name = NULL;
    jsize i;
    (void)class;
    for (i = 0; i < LENGTH(NAME_LIST); i++)
        if (is_name(wanted, NAME_LIST[i].name))
            name = NAME_LIST[i].at(index);
    release(env, wanted);
    return text_out(env, name);
}

static jbyteArray status_name(JNIEnv *env, jclass class, jint status)
{
    (void)class;
    return text_out(env, diffusion_status_name(status));
}

static jbyteArray version(JNIEnv *env, jclass class)
{
    (void)class;
    return text_out(env, diffusion_version_string());
}

static jbyteArray runtime_info(JNIEnv *env, jclass class)
{
    const char *json = NULL;
    (void)class;
    return ok(env, diffusion_runtime_info_json(&json)) ? text_out(env, json) : NULL;
}

static void runtime_initialize(JNIEnv *env, jclass class, jbyteArray library)
{
    struct text text = text_in(env, library);
    (void)class;
    if (!(*env)->ExceptionCheck(env))
        ok(env, diffusion_runtime_initialize(TEXT(text)));
    release(env, text);
}

static void runtime_use_api_base(JNIEnv *env, jclass class, jlong api_base)
{
    (void)class;
    ok(env, diffusion_runtime_use_api_base(HANDLE(const void, api_base)));
}

/* The bytes while a model is opened, and those once it is open. */
static jlongArray estimate_memory(JNIEnv *env, jclass class, jbyteArray folder, jlong options)
{
    struct text text = text_in(env, folder);
    uint64_t opening = 0, open = 0;
    jlongArray array = NULL;
    (void)class;
    if (!(*env)->ExceptionCheck(env)
        && ok(env, diffusion_estimate_memory(TEXT(text), HANDLE(diffusion_pipeline_options, options), &opening, &open))
        && (array = (*env)->NewLongArray(env, 2)) != NULL)
        (*env)->SetLongArrayRegion(env, array, 0, 2, (const jlong[]){ (jlong)opening, (jlong)open });
    release(env, text);
    return array;
}

static const JNINativeMethod FUNCTIONS[] = {
    METHOD("constant", "([B)I", constant),
    METHOD("listedName", "([BJ)[B", listed_name),
    METHOD("statusName", "(I)[B", status_name),
    METHOD("version", "()[B", version),
    METHOD("runtimeInfo", "()[B", runtime_info),
    METHOD("runtimeInitialize", "([B)V", runtime_initialize),
    METHOD("runtimeUseApiBase", "(J)V", runtime_use_api_base),
    METHOD("estimateMemory", "([BJ)[J", estimate_memory),
};
const struct methods LIBRARY_METHODS = { FUNCTIONS, LENGTH(FUNCTIONS) };
