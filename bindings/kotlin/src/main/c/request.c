/* Requests: setters.h's setters as a table, by the name behind diffusion_request_set_; then what takes other things. */
#include "setters.h"
#include "settings.h"

#define REQUEST_TEXT(name) TEXT_SETTER(request, name)
#define REQUEST_PAIR(name) PAIR_SETTER(request, name)
#define REQUEST_NUMBER(name, kinds, ...) NUMBER_SETTER(request, name, __VA_ARGS__)
#define REQUEST_KEY(name, kinds, ...) KEYED_SETTER(request, name, __VA_ARGS__)
#define REQUEST_FLOAT_LIST(name) FLOATS_SETTER(request, name)
#define REQUEST_DOUBLE_LIST(name) DOUBLES_SETTER(request, name)
REQUEST_TEXTS(REQUEST_TEXT)
REQUEST_PAIRS(REQUEST_PAIR)
REQUEST_NUMBERS(REQUEST_NUMBER)
REQUEST_KEYED(REQUEST_KEY)
REQUEST_FLOATS(REQUEST_FLOAT_LIST)
REQUEST_DOUBLES(REQUEST_DOUBLE_LIST)

#define REQUEST_TEXT_ROW(title) TEXT_ROW(request, title)
#define REQUEST_PAIR_ROW(title) PAIR_ROW(request, title)
#define REQUEST_NUMBER_ROW(title, kind, ...) NUMBER_ROW(request, title, kind)
#define REQUEST_KEYED_ROW(title, kind, ...) KEYED_ROW(request, title, kind)
#define REQUEST_LIST_ROW(title) LIST_ROW(request, title)

static const struct setter SETTERS[] = {
    REQUEST_TEXTS(REQUEST_TEXT_ROW)
    REQUEST_PAIRS(REQUEST_PAIR_ROW)
    REQUEST_NUMBERS(REQUEST_NUMBER_ROW)
    REQUEST_KEYED(REQUEST_KEYED_ROW)
    REQUEST_FLOATS(REQUEST_LIST_ROW)
    REQUEST_DOUBLES(REQUEST_LIST_ROW)
};
const struct setters REQUEST_SETTERS = { SETTERS, LENGTH(SETTERS) };

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

static void request_init_latents(JNIEnv *env, jclass class, jlong request, jlong latents)
{
    (void)class;
    ok(env, diffusion_request_set_init_latents(HANDLE(diffusion_request, request), HANDLE(diffusion_embedding, latents)));
}

static void request_conditioning(JNIEnv *env, jclass class, jlong request, jlong conditioning)
{
    (void)class;
    ok(env, diffusion_request_set_conditioning(HANDLE(diffusion_request, request),
                                               HANDLE(diffusion_conditioning, conditioning)));
}

static void request_embedding(JNIEnv *env, jclass class, jlong request, jbyteArray value, jlong embedding)
{
    struct text text = text_in(env, value);
    (void)class;
    if (!(*env)->ExceptionCheck(env))
        ok(env, diffusion_request_set_embedding(HANDLE(diffusion_request, request), TEXT(text),
                                                HANDLE(diffusion_embedding, embedding)));
    release(env, text);
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

static const JNINativeMethod FUNCTIONS[] = {
    METHOD("requestCreate", "()J", request_create),
    METHOD("requestDestroy", "(J)V", request_destroy),
    METHOD("requestValidate", "(J)V", request_validate),
    METHOD("requestInitImage", "(JJ)V", request_init_image),
    METHOD("requestMaskImage", "(JJ)V", request_mask_image),
    METHOD("requestInitResult", "(JJ)V", request_init_result),
    METHOD("requestInitLatents", "(JJ)V", request_init_latents),
    METHOD("requestConditioning", "(JJ)V", request_conditioning),
    METHOD("requestEmbedding", "(J[BJ)V", request_embedding),
    METHOD("requestCondition", "(J[BJFFF)V", request_condition),
    METHOD("requestBox", "(J[BFFFF)V", request_box),
};
const struct methods REQUEST_METHODS = { FUNCTIONS, LENGTH(FUNCTIONS) };
