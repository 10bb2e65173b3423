/*
 * Options of opening: a table of setters by the name behind diffusion_pipeline_options_set_ or _add_; then the rest; and files
 * in memory to open.
 */
#include "setters.h"
#include "settings.h"

#define OPTION_TEXT(name) TEXT_SETTER(pipeline_options, name)
#define OPTION_PAIR(name) PAIR_SETTER(pipeline_options, name)
#define OPTION_NUMBER(name, kinds, ...) NUMBER_SETTER(pipeline_options, name, __VA_ARGS__)
OPTION_TEXTS(OPTION_TEXT)
OPTION_PAIRS(OPTION_PAIR)
OPTION_NUMBERS(OPTION_NUMBER)

static diffusion_status pipeline_options_embedding(void *handle, const char *file, size_t file_length,
                                                   const char *token, size_t token_length)
{
    return diffusion_pipeline_options_add_embedding(handle, file, file_length, token, token_length);
}

static diffusion_status pipeline_options_condition_graph(void *handle, const char *text, size_t length)
{
    return diffusion_pipeline_options_add_condition_graph(handle, text, length);
}

#define OPTION_TEXT_ROW(title) TEXT_ROW(pipeline_options, title)
#define OPTION_PAIR_ROW(title) PAIR_ROW(pipeline_options, title)
#define OPTION_NUMBER_ROW(title, kind, ...) NUMBER_ROW(pipeline_options, title, kind)

static const struct setter SETTERS[] = {
    OPTION_TEXTS(OPTION_TEXT_ROW)
    OPTION_PAIRS(OPTION_PAIR_ROW)
    OPTION_NUMBERS(OPTION_NUMBER_ROW)
    { .name = "embedding", .pair = pipeline_options_embedding },
    { .name = "condition_graph", .text = pipeline_options_condition_graph },
};
const struct setters OPTIONS_SETTERS = { SETTERS, LENGTH(SETTERS) };

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

static jlong files_create(JNIEnv *env, jclass class)
{
    diffusion_model_files *files = NULL;
    (void)class;
    ok(env, diffusion_model_files_create(&files));
    return POINTER(files);
}

/* A copy of a direct buffer's bytes, from `offset` on: nothing of the JVM is kept. */
static void files_add(JNIEnv *env, jclass class, jlong files, jbyteArray name, jobject buffer, jlong offset, jlong size)
{
    struct text text = text_in(env, name);
    (void)class;
    if (!(*env)->ExceptionCheck(env)) {
        const uint8_t *memory = (*env)->GetDirectBufferAddress(env, buffer);
        ok(env, diffusion_model_files_add_copy(HANDLE(diffusion_model_files, files), TEXT(text),
                                               memory == NULL ? NULL : memory + offset, (size_t)size));
    }
    release(env, text);
}

static void files_destroy(JNIEnv *env, jclass class, jlong files)
{
    (void)env, (void)class;
    diffusion_model_files_destroy(HANDLE(diffusion_model_files, files));
}

static const JNINativeMethod FUNCTIONS[] = {
    METHOD("optionsCreate", "()J", options_create),
    METHOD("optionsUseUserCache", "(J)V", options_use_user_cache),
    METHOD("optionsDestroy", "(J)V", options_destroy),
    METHOD("filesCreate", "()J", files_create),
    METHOD("filesAdd", "(J[BLjava/nio/ByteBuffer;JJ)V", files_add),
    METHOD("filesDestroy", "(J)V", files_destroy),
};
const struct methods OPTIONS_METHODS = { FUNCTIONS, LENGTH(FUNCTIONS) };
