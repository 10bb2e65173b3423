/*
 * JNI under the Kotlin classes of org.libdiffusion: one function for each shape of C function, and a table of names for
 * each shape, so that the compiler checks every call against diffusion.h and nothing of it is written down twice.
 *
 * Text crosses as UTF-8 in byte[]: the UTF of JNI's own string functions is another one, which breaks emoji. A failure is
 * thrown by the call that failed, on its thread, with the library's status and sentence. Handles cross as long.
 */
#include <jni.h>

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "diffusion.h"

#define LENGTH(array) ((jsize)(sizeof(array) / sizeof *(array)))
#define HANDLE(type, value) ((type *)(intptr_t)(value))
#define POINTER(value) ((jlong)(intptr_t)(value))

static jclass exception_class;
static jmethodID exception_constructor;

/* ---- failures ---- */

static jbyteArray bytes_out(JNIEnv *env, const void *bytes, size_t size)
{
    jbyteArray array = size > INT32_MAX ? NULL : (*env)->NewByteArray(env, (jsize)size);
    if (array != NULL && size > 0)
        (*env)->SetByteArrayRegion(env, array, 0, (jsize)size, bytes);
    return array;
}

static jbyteArray text_out(JNIEnv *env, const char *text)
{
    return text == NULL ? NULL : bytes_out(env, text, strlen(text));
}

static void throw_failure(JNIEnv *env, diffusion_status status, const char *sentence)
{
    jbyteArray message = (*env)->ExceptionCheck(env) ? NULL : text_out(env, sentence);
    jthrowable failure = message == NULL ? NULL
        : (*env)->NewObject(env, exception_class, exception_constructor, (jint)status, message);
    if (failure != NULL)
        (*env)->Throw(env, failure);
}

/* Whether the call succeeded; if not, the exception is on its way. */
static bool ok(JNIEnv *env, diffusion_status status)
{
    if (status != DIFFUSION_STATUS_OK)
        throw_failure(env, status, diffusion_last_error_message());
    return status == DIFFUSION_STATUS_OK;
}

/* ---- what comes in ---- */

struct text {
    jbyteArray array;
    jbyte *bytes;
    size_t length;
};

/* The bytes of an array, or NULL and 0 for null. To be given back with release(). */
static struct text text_in(JNIEnv *env, jbyteArray array)
{
    struct text text = { array, NULL, 0 };
    if (array != NULL) {
        text.bytes = (*env)->GetByteArrayElements(env, array, NULL);
        text.length = text.bytes == NULL ? 0 : (size_t)(*env)->GetArrayLength(env, array);
    }
    return text;
}

static void release(JNIEnv *env, struct text text)
{
    if (text.bytes != NULL)
        (*env)->ReleaseByteArrayElements(env, text.array, text.bytes, JNI_ABORT);
}

#define TEXT(text) (const char *)(text).bytes, (text).length

static bool is_name(struct text text, const char *name)
{
    return strlen(name) == text.length && memcmp(text.bytes, name, text.length) == 0;
}

/* Numbers of a setter, each as a whole number and as a fraction; the setter takes the one that it wants. */
enum { MOST_NUMBERS = 3 };
struct numbers {
    jlong whole[MOST_NUMBERS];
    jdouble real[MOST_NUMBERS];
};

/* Every setter has a name and a function of one of these shapes. */
typedef diffusion_status text_function(void *, const char *, size_t);
typedef diffusion_status pair_function(void *, const char *, size_t, const char *, size_t);
typedef diffusion_status number_function(void *, const struct numbers *);
typedef diffusion_status list_function(void *, const double *, size_t);

struct setter {
    const char *name;
    const char *kinds; /* of a number setter: i is a whole number, f is any, one for each */
    text_function *text;
    pair_function *pair;
    number_function *number;
    list_function *list;
};

/* An int32 setter refuses what is out of its range, and so must the way there. */
static int32_t narrow(jlong value)
{
    return value > INT32_MAX ? INT32_MAX : value < INT32_MIN ? INT32_MIN : (int32_t)value;
}

/* ---- the tables: names are those of diffusion_request_set_...() and diffusion_pipeline_options_set_...() ---- */

#define W(index) (numbers->whole[index])
#define F(index) ((float)numbers->real[index])

#define REQUEST_TEXTS(X) \
    X(prompt) X(prompt_2) X(prompt_3) X(negative_prompt) X(negative_prompt_2) X(negative_prompt_3) X(syntax) X(safety) \
    X(scheduler) X(sigmas) X(seamless) X(rng) X(seed_mode) X(tiling) X(hires_upscale) X(class_name) X(last_stage)

#define REQUEST_NUMBERS(X) \
    X(class, "i", W(0)) X(clip_skip, "i", W(0)) X(max_tokens, "i", W(0)) X(steps, "i", W(0)) X(noise_level, "i", W(0)) \
    X(seed, "i", (uint64_t)W(0)) X(width, "i", W(0)) X(height, "i", W(0)) X(count, "i", W(0)) \
    X(format, "i", narrow(W(0))) X(mask_padding, "i", W(0)) X(paste_back, "i", narrow(W(0))) \
    X(guess_mode, "i", narrow(W(0))) X(guidance_zero_star, "i", W(0)) X(hires_steps, "i", W(0)) \
    X(guidance, "f", F(0)) X(image_guidance, "f", F(0)) X(true_guidance, "f", F(0)) X(eta, "f", F(0)) \
    X(denoising_start, "f", F(0)) X(denoising_end, "f", F(0)) X(aesthetic_score, "f", F(0)) \
    X(negative_aesthetic_score, "f", F(0)) X(strength, "f", F(0)) X(mask_blur, "f", F(0)) X(boxes_until, "f", F(0)) \
    X(guidance_rescale, "f", F(0)) X(guidance_plus_plus, "f", F(0)) X(hires_scale, "f", F(0)) X(hires_strength, "f", F(0)) \
    X(original_size, "ii", W(0), W(1)) X(crop, "ii", W(0), W(1)) X(target_size, "ii", W(0), W(1)) \
    X(negative_original_size, "ii", W(0), W(1)) X(negative_crop, "ii", W(0), W(1)) \
    X(negative_target_size, "ii", W(0), W(1)) X(hires_size, "ii", W(0), W(1)) \
    X(guidance_interval, "ff", F(0), F(1)) X(guidance_threshold, "ff", F(0), F(1)) \
    X(guidance_mimic_scale, "ff", F(0), F(1)) X(guidance_projection, "fff", F(0), F(1), F(2)) \
    X(variation, "if", (uint64_t)W(0), F(1)) X(negative_schedule, "if", W(0), F(1)) X(reuse, "fii", F(0), W(1), W(2))

#define OPTION_TEXTS(X) X(ort_library) X(provider) X(precision) X(fallback) X(memory) X(cache_dir)
#define OPTION_NUMBERS(X) \
    X(device_id, "i", W(0)) X(threads, "i", W(0)) X(preparation, "i", narrow(W(0))) X(cache_limit, "i", (uint64_t)W(0)) \
    X(job_queue, "i", W(0))

/* A function of the table's shape around each setter of the header: the casts of handles are here, in a checked place. */
#define TEXT_WRAPPER(object, name)                                                                    \
    static diffusion_status object##_##name(void *handle, const char *text, size_t length)            \
    {                                                                                                 \
        return diffusion_##object##_set_##name(handle, text, length);                                 \
    }
#define NUMBER_WRAPPER(object, name, ...)                                                             \
    static diffusion_status object##_##name(void *handle, const struct numbers *numbers)              \
    {                                                                                                 \
        return diffusion_##object##_set_##name(handle, __VA_ARGS__);                                  \
    }
#define REQUEST_TEXT(name) TEXT_WRAPPER(request, name)
#define REQUEST_NUMBER(name, kinds, ...) NUMBER_WRAPPER(request, name, __VA_ARGS__)
#define OPTION_TEXT(name) TEXT_WRAPPER(pipeline_options, name)
#define OPTION_NUMBER(name, kinds, ...) NUMBER_WRAPPER(pipeline_options, name, __VA_ARGS__)
REQUEST_TEXTS(REQUEST_TEXT)
REQUEST_NUMBERS(REQUEST_NUMBER)
OPTION_TEXTS(OPTION_TEXT)
OPTION_NUMBERS(OPTION_NUMBER)

static diffusion_status request_custom_sigmas(void *handle, const double *values, size_t count)
{
    return diffusion_request_set_custom_sigmas(handle, values, count);
}

static diffusion_status request_custom_timesteps(void *handle, const double *values, size_t count)
{
    return diffusion_request_set_custom_timesteps(handle, values, count);
}

static diffusion_status request_guidance_scales(void *handle, const double *values, size_t count)
{
    float *scales = malloc((count > 0 ? count : 1) * sizeof *scales);
    diffusion_status status;
    size_t i;
    if (scales == NULL)
        abort(); /* as the library does where a small allocation fails */
    for (i = 0; i < count; i++)
        scales[i] = (float)values[i];
    status = diffusion_request_set_guidance_scales(handle, scales, count);
    free(scales);
    return status;
}

static diffusion_status pipeline_options_graph_provider(void *handle, const char *key, size_t key_length,
                                                        const char *value, size_t value_length)
{
    return diffusion_pipeline_options_set_graph_provider(handle, key, key_length, value, value_length);
}

static diffusion_status pipeline_options_provider_option(void *handle, const char *key, size_t key_length,
                                                         const char *value, size_t value_length)
{
    return diffusion_pipeline_options_set_provider_option(handle, key, key_length, value, value_length);
}

static diffusion_status pipeline_options_embedding(void *handle, const char *file, size_t file_length,
                                                   const char *token, size_t token_length)
{
    return diffusion_pipeline_options_add_embedding(handle, file, file_length, token, token_length);
}

static diffusion_status pipeline_options_condition_graph(void *handle, const char *text, size_t length)
{
    return diffusion_pipeline_options_add_condition_graph(handle, text, length);
}

#define REQUEST_TEXT_ROW(title) { .name = #title, .text = request_##title },
#define REQUEST_NUMBER_ROW(title, kind, ...) { .name = #title, .kinds = kind, .number = request_##title },
#define OPTION_TEXT_ROW(title) { .name = #title, .text = pipeline_options_##title },
#define OPTION_NUMBER_ROW(title, kind, ...) { .name = #title, .kinds = kind, .number = pipeline_options_##title },

static const struct setter REQUEST[] = {
    REQUEST_TEXTS(REQUEST_TEXT_ROW)
    REQUEST_NUMBERS(REQUEST_NUMBER_ROW)
    { .name = "custom_sigmas", .list = request_custom_sigmas },
    { .name = "custom_timesteps", .list = request_custom_timesteps },
    { .name = "guidance_scales", .list = request_guidance_scales },
};

static const struct setter OPTIONS[] = {
    OPTION_TEXTS(OPTION_TEXT_ROW)
    OPTION_NUMBERS(OPTION_NUMBER_ROW)
    { .name = "graph_provider", .pair = pipeline_options_graph_provider },
    { .name = "provider_option", .pair = pipeline_options_provider_option },
    { .name = "embedding", .pair = pipeline_options_embedding },
    { .name = "condition_graph", .text = pipeline_options_condition_graph },
};

/* What a request and options have in common: a handle, and a table of setters. */
enum { OF_REQUEST, OF_OPTIONS };

/* The setter of that name, or NULL and an exception that lists those there are. */
static const struct setter *find(JNIEnv *env, jint object, jbyteArray name)
{
    const struct setter *table = object == OF_REQUEST ? REQUEST : OPTIONS;
    const jsize count = object == OF_REQUEST ? LENGTH(REQUEST) : LENGTH(OPTIONS);
    const struct setter *found = NULL;
    struct text wanted = text_in(env, name);
    jsize i;

    for (i = 0; i < count && found == NULL && wanted.bytes != NULL; i++)
        if (is_name(wanted, table[i].name))
            found = &table[i];
    if (found == NULL && !(*env)->ExceptionCheck(env)) {
        char sentence[4096];
        int used = snprintf(sentence, sizeof sentence, "there is no setting \"%.*s\"; there are", (int)(wanted.length < 64 ? wanted.length : 64),
                            wanted.bytes == NULL ? "" : (const char *)wanted.bytes);
        for (i = 0; i < count; i++)
            used += snprintf(sentence + used, sizeof sentence - (size_t)used, "%s %s", i == 0 ? "" : ",", table[i].name);
        throw_failure(env, DIFFUSION_STATUS_INVALID_ARGUMENT, sentence);
    }
    release(env, wanted);
    return found;
}

static void throw_kind(JNIEnv *env, const struct setter *setter)
{
    char sentence[160];
    if (setter->text != NULL || setter->pair != NULL)
        snprintf(sentence, sizeof sentence, "the setting \"%s\" is %s", setter->name, setter->text != NULL ? "a text" : "two texts");
    else if (setter->list != NULL)
        snprintf(sentence, sizeof sentence, "the setting \"%s\" is a list of numbers as a DoubleArray", setter->name);
    else
        snprintf(sentence, sizeof sentence, "the setting \"%s\" takes these numbers (i is a whole one, f any): %s", setter->name,
                 setter->kinds);
    throw_failure(env, DIFFUSION_STATUS_INVALID_ARGUMENT, sentence);
}

static void set_text(JNIEnv *env, jclass class, jint object, jlong handle, jbyteArray name, jbyteArray value)
{
    const struct setter *setter = find(env, object, name);
    struct text text;
    (void)class;
    if (setter == NULL)
        return;
    if (setter->text == NULL) {
        throw_kind(env, setter);
        return;
    }
    text = text_in(env, value);
    if (!(*env)->ExceptionCheck(env))
        ok(env, setter->text(HANDLE(void, handle), TEXT(text)));
    release(env, text);
}

static void set_pair(JNIEnv *env, jclass class, jint object, jlong handle, jbyteArray name, jbyteArray key, jbyteArray value)
{
    const struct setter *setter = find(env, object, name);
    struct text first, second;
    (void)class;
    if (setter == NULL)
        return;
    if (setter->pair == NULL) {
        throw_kind(env, setter);
        return;
    }
    first = text_in(env, key);
    second = text_in(env, value);
    if (!(*env)->ExceptionCheck(env))
        ok(env, setter->pair(HANDLE(void, handle), TEXT(first), TEXT(second)));
    release(env, first);
    release(env, second);
}

static void set_numbers(JNIEnv *env, jclass class, jint object, jlong handle, jbyteArray name, jlongArray whole,
                        jdoubleArray real)
{
    const struct setter *setter = find(env, object, name);
    const jsize count = (*env)->GetArrayLength(env, real);
    struct numbers numbers = { { 0 }, { 0 } };
    bool fits;
    jsize i;
    (void)class;
    if (setter == NULL)
        return;
    fits = setter->number != NULL && (size_t)count == strlen(setter->kinds) && (*env)->GetArrayLength(env, whole) == count;
    if (fits) {
        (*env)->GetLongArrayRegion(env, whole, 0, count, numbers.whole);
        (*env)->GetDoubleArrayRegion(env, real, 0, count, numbers.real);
        for (i = 0; i < count; i++)
            fits = fits && (setter->kinds[i] == 'f' || (double)numbers.whole[i] == numbers.real[i]);
    }
    if (fits)
        ok(env, setter->number(HANDLE(void, handle), &numbers));
    else
        throw_kind(env, setter);
}

static void set_list(JNIEnv *env, jclass class, jint object, jlong handle, jbyteArray name, jdoubleArray values)
{
    const struct setter *setter = find(env, object, name);
    jdouble *list;
    (void)class;
    if (setter == NULL)
        return;
    if (setter->list == NULL) {
        throw_kind(env, setter);
        return;
    }
    list = (*env)->GetDoubleArrayElements(env, values, NULL);
    if (list == NULL)
        return;
    ok(env, setter->list(HANDLE(void, handle), list, (size_t)(*env)->GetArrayLength(env, values)));
    (*env)->ReleaseDoubleArrayElements(env, values, list, JNI_ABORT);
}

/* ---- numbers and names of the header ---- */

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

/* ---- options ---- */

static jlong options_create(JNIEnv *env, jclass class)
{
    diffusion_pipeline_options *options = NULL;
    (void)class;
    ok(env, diffusion_pipeline_options_create(&options));
    return POINTER(options);
}

static void options_use_user_cache(JNIEnv *env, jclass class, jlong options)
{
    (void)class;
    ok(env, diffusion_pipeline_options_use_user_cache(HANDLE(diffusion_pipeline_options, options)));
}

static void options_destroy(JNIEnv *env, jclass class, jlong options)
{
    (void)env, (void)class;
    diffusion_pipeline_options_destroy(HANDLE(diffusion_pipeline_options, options));
}

/* ---- requests ---- */

static jlong request_create(JNIEnv *env, jclass class)
{
    diffusion_request *request = NULL;
    (void)class;
    ok(env, diffusion_request_create(&request));
    return POINTER(request);
}

static void request_destroy(JNIEnv *env, jclass class, jlong request)
{
    (void)env, (void)class;
    diffusion_request_destroy(HANDLE(diffusion_request, request));
}

static void request_validate(JNIEnv *env, jclass class, jlong request)
{
    (void)class;
    ok(env, diffusion_request_validate(HANDLE(diffusion_request, request)));
}

static void request_init_image(JNIEnv *env, jclass class, jlong request, jlong image)
{
    (void)class;
    ok(env, diffusion_request_set_init_image(HANDLE(diffusion_request, request), HANDLE(diffusion_image, image)));
}

static void request_mask_image(JNIEnv *env, jclass class, jlong request, jlong image)
{
    (void)class;
    ok(env, diffusion_request_set_mask_image(HANDLE(diffusion_request, request), HANDLE(diffusion_image, image)));
}

static void request_init_result(JNIEnv *env, jclass class, jlong request, jlong result)
{
    (void)class;
    ok(env, diffusion_request_set_init_result(HANDLE(diffusion_request, request), HANDLE(diffusion_result, result)));
}

static void request_condition(JNIEnv *env, jclass class, jlong request, jbyteArray role, jlong image, jfloat scale,
                              jfloat start, jfloat end)
{
    struct text text = text_in(env, role);
    (void)class;
    if (!(*env)->ExceptionCheck(env))
        ok(env, diffusion_request_add_condition_picture(HANDLE(diffusion_request, request), TEXT(text),
                                                        HANDLE(diffusion_image, image), scale, start, end));
    release(env, text);
}

static void request_box(JNIEnv *env, jclass class, jlong request, jbyteArray phrase, jfloat left, jfloat top, jfloat right,
                        jfloat bottom)
{
    struct text text = text_in(env, phrase);
    (void)class;
    if (!(*env)->ExceptionCheck(env))
        ok(env, diffusion_request_add_box(HANDLE(diffusion_request, request), TEXT(text), left, top, right, bottom));
    release(env, text);
}

static void request_previews(JNIEnv *env, jclass class, jlong request, jbyteArray mode, jlong interval)
{
    struct text text = text_in(env, mode);
    (void)class;
    if (!(*env)->ExceptionCheck(env))
        ok(env, diffusion_request_set_previews(HANDLE(diffusion_request, request), TEXT(text), interval));
    release(env, text);
}

/* ---- pipelines ---- */

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

/* ---- jobs ---- */

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

/* ---- results ---- */

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

/* ---- images ---- */

static jlong image_create(JNIEnv *env, jclass class, jbyteArray pixels, jlong width, jlong height, jlong stride, jint format)
{
    struct text bytes = text_in(env, pixels);
    diffusion_image *image = NULL;
    (void)class;
    if (!(*env)->ExceptionCheck(env))
        ok(env, diffusion_image_create(bytes.bytes, bytes.length, width, height, stride, format, &image));
    release(env, bytes);
    return POINTER(image);
}

static jlong image_open(JNIEnv *env, jclass class, jbyteArray file)
{
    struct text text = text_in(env, file);
    diffusion_image *image = NULL;
    (void)class;
    if (!(*env)->ExceptionCheck(env))
        ok(env, diffusion_image_open(TEXT(text), &image));
    release(env, text);
    return POINTER(image);
}

static jlong image_decode(JNIEnv *env, jclass class, jbyteArray file)
{
    struct text bytes = text_in(env, file);
    diffusion_image *image = NULL;
    (void)class;
    if (!(*env)->ExceptionCheck(env))
        ok(env, diffusion_image_decode(bytes.bytes, bytes.length, &image));
    release(env, bytes);
    return POINTER(image);
}

/* The larger picture and its mask. */
static jlongArray image_extend(JNIEnv *env, jclass class, jlong image, jlong left, jlong right, jlong top, jlong bottom)
{
    diffusion_image *picture = NULL, *mask = NULL;
    jlongArray array = (*env)->NewLongArray(env, 2);
    (void)class;
    if (array == NULL
        || !ok(env, diffusion_image_extend(HANDLE(diffusion_image, image), left, right, top, bottom, &picture, &mask)))
        return NULL;
    (*env)->SetLongArrayRegion(env, array, 0, 2, (const jlong[]){ POINTER(picture), POINTER(mask) });
    return array;
}

static void image_destroy(JNIEnv *env, jclass class, jlong image)
{
    (void)env, (void)class;
    diffusion_image_destroy(HANDLE(diffusion_image, image));
}

/* Width, height, format. */
static jintArray image_shape(JNIEnv *env, jclass class, jlong handle)
{
    const diffusion_image *image = HANDLE(diffusion_image, handle);
    const jint values[] = { (jint)diffusion_image_width(image), (jint)diffusion_image_height(image),
                            diffusion_image_format(image) };
    jintArray array = (*env)->NewIntArray(env, LENGTH(values));
    (void)class;
    if (array != NULL)
        (*env)->SetIntArrayRegion(env, array, 0, LENGTH(values), values);
    return array;
}

static jbyteArray image_settings(JNIEnv *env, jclass class, jlong image)
{
    (void)class;
    return text_out(env, diffusion_image_settings_json(HANDLE(diffusion_image, image)));
}

/* Into a direct buffer, from `offset` on. */
static void image_copy(JNIEnv *env, jclass class, jlong handle, jobject buffer, jlong offset, jlong size, jlong stride,
                       jint format)
{
    const diffusion_image *image = HANDLE(diffusion_image, handle);
    uint8_t *memory = (*env)->GetDirectBufferAddress(env, buffer);
    (void)class;
    ok(env, diffusion_image_copy(image, memory == NULL ? NULL : memory + offset, (size_t)size, diffusion_image_width(image),
                                 diffusion_image_height(image), stride, format));
}

static void image_save(JNIEnv *env, jclass class, jlong image, jbyteArray file)
{
    struct text text = text_in(env, file);
    (void)class;
    if (!(*env)->ExceptionCheck(env))
        ok(env, diffusion_image_save(HANDLE(diffusion_image, image), TEXT(text)));
    release(env, text);
}

static jbyteArray image_encode(JNIEnv *env, jclass class, jlong image, jbyteArray format)
{
    struct text text = text_in(env, format);
    diffusion_buffer *buffer = NULL;
    jbyteArray array = NULL;
    (void)class;
    if (!(*env)->ExceptionCheck(env) && ok(env, diffusion_image_encode(HANDLE(diffusion_image, image), TEXT(text), &buffer)))
        array = bytes_out(env, diffusion_buffer_data(buffer), diffusion_buffer_size(buffer));
    diffusion_buffer_destroy(buffer);
    release(env, text);
    return array;
}

/* ---- what Native.kt declares; a name or signature that differs fails when the library is loaded ---- */

#define METHOD(name, signature, function) { (char *)(name), (char *)(signature), (void *)(function) }

static const JNINativeMethod METHODS[] = {
    METHOD("setText", "(IJ[B[B)V", set_text),
    METHOD("setPair", "(IJ[B[B[B)V", set_pair),
    METHOD("setNumbers", "(IJ[B[J[D)V", set_numbers),
    METHOD("setList", "(IJ[B[D)V", set_list),
    METHOD("constant", "([B)I", constant),
    METHOD("listedName", "([BJ)[B", listed_name),
    METHOD("statusName", "(I)[B", status_name),
    METHOD("version", "()[B", version),
    METHOD("runtimeInfo", "()[B", runtime_info),
    METHOD("runtimeInitialize", "([B)V", runtime_initialize),
    METHOD("optionsCreate", "()J", options_create),
    METHOD("optionsUseUserCache", "(J)V", options_use_user_cache),
    METHOD("optionsDestroy", "(J)V", options_destroy),
    METHOD("requestCreate", "()J", request_create),
    METHOD("requestDestroy", "(J)V", request_destroy),
    METHOD("requestValidate", "(J)V", request_validate),
    METHOD("requestInitImage", "(JJ)V", request_init_image),
    METHOD("requestMaskImage", "(JJ)V", request_mask_image),
    METHOD("requestInitResult", "(JJ)V", request_init_result),
    METHOD("requestCondition", "(J[BJFFF)V", request_condition),
    METHOD("requestBox", "(J[BFFFF)V", request_box),
    METHOD("requestPreviews", "(J[BJ)V", request_previews),
    METHOD("pipelineDestroy", "(J)V", pipeline_destroy),
    METHOD("pipelineInfo", "(J)[B", pipeline_info),
    METHOD("pipelineFamily", "(J)[B", pipeline_family),
    METHOD("pipelineDefaultScheduler", "(J)[B", pipeline_default_scheduler),
    METHOD("pipelineNote", "(JJ)[B", pipeline_note),
    METHOD("pipelineDefaults", "(J)[D", pipeline_defaults),
    METHOD("jobOpen", "([BJ)J", job_open),
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
    METHOD("resultDestroy", "(J)V", result_destroy),
    METHOD("resultCount", "(J)I", result_count),
    METHOD("resultImage", "(JJ)J", result_image),
    METHOD("resultFlagged", "(JJ)I", result_flagged),
    METHOD("resultImageSeed", "(JJ)J", result_image_seed),
    METHOD("resultSeed", "(J)J", result_seed),
    METHOD("resultSettings", "(J)[B", result_settings),
    METHOD("resultTimings", "(J)[B", result_timings),
    METHOD("resultWarningCount", "(J)I", result_warning_count),
    METHOD("resultWarning", "(JJ)[B", result_warning),
    METHOD("imageCreate", "([BJJJI)J", image_create),
    METHOD("imageOpen", "([B)J", image_open),
    METHOD("imageDecode", "([B)J", image_decode),
    METHOD("imageExtend", "(JJJJJ)[J", image_extend),
    METHOD("imageDestroy", "(J)V", image_destroy),
    METHOD("imageShape", "(J)[I", image_shape),
    METHOD("imageSettings", "(J)[B", image_settings),
    METHOD("imageCopy", "(JLjava/nio/ByteBuffer;JJJI)V", image_copy),
    METHOD("imageSave", "(J[B)V", image_save),
    METHOD("imageEncode", "(J[B)[B", image_encode),
};

JNIEXPORT jint JNICALL JNI_OnLoad(JavaVM *vm, void *reserved)
{
    JNIEnv *env = NULL;
    jclass native, failure;
    (void)reserved;
    if ((*vm)->GetEnv(vm, (void **)&env, JNI_VERSION_1_6) != JNI_OK
        || (failure = (*env)->FindClass(env, "org/libdiffusion/DiffusionException")) == NULL
        || (exception_constructor = (*env)->GetMethodID(env, failure, "<init>", "(I[B)V")) == NULL
        || (exception_class = (*env)->NewGlobalRef(env, failure)) == NULL
        || (native = (*env)->FindClass(env, "org/libdiffusion/Native")) == NULL
        || (*env)->RegisterNatives(env, native, METHODS, LENGTH(METHODS)) != 0)
        return JNI_ERR;
    return JNI_VERSION_1_6;
}
