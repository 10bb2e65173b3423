/* Requests: a table of every setter that takes texts or numbers, by the name behind diffusion_request_set_; then the rest. */
#include "settings.h"

#include <stdlib.h>

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

#define REQUEST_TEXT(name) TEXT_SETTER(request, name)
#define REQUEST_NUMBER(name, kinds, ...) NUMBER_SETTER(request, name, __VA_ARGS__)
REQUEST_TEXTS(REQUEST_TEXT)
REQUEST_NUMBERS(REQUEST_NUMBER)

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

#define REQUEST_TEXT_ROW(title) TEXT_ROW(request, title)
#define REQUEST_NUMBER_ROW(title, kind, ...) NUMBER_ROW(request, title, kind)

static const struct setter SETTERS[] = {
    REQUEST_TEXTS(REQUEST_TEXT_ROW)
    REQUEST_NUMBERS(REQUEST_NUMBER_ROW)
    { .name = "custom_sigmas", .list = request_custom_sigmas },
    { .name = "custom_timesteps", .list = request_custom_timesteps },
    { .name = "guidance_scales", .list = request_guidance_scales },
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

static const JNINativeMethod FUNCTIONS[] = {
    METHOD("requestCreate", "()J", request_create),
    METHOD("requestDestroy", "(J)V", request_destroy),
    METHOD("requestValidate", "(J)V", request_validate),
    METHOD("requestInitImage", "(JJ)V", request_init_image),
    METHOD("requestMaskImage", "(JJ)V", request_mask_image),
    METHOD("requestInitResult", "(JJ)V", request_init_result),
    METHOD("requestCondition", "(J[BJFFF)V", request_condition),
    METHOD("requestBox", "(J[BFFFF)V", request_box),
    METHOD("requestPreviews", "(J[BJ)V", request_previews),
};
const struct methods REQUEST_METHODS = { FUNCTIONS, LENGTH(FUNCTIONS) };
