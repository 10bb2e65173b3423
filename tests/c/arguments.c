/* Values that are not allowed: refused with a sentence that names the value and the range, and nothing changes. */
#include <math.h>

#include "check.h"

#define INVALID DIFFUSION_STATUS_INVALID_ARGUMENT

static void numbers(diffusion_request *request)
{
    static const int64_t nonsense[] = { 0, -1, -3, 1LL << 31, 1LL << 32, (1LL << 32) + 1, INT64_MAX, INT64_MIN };
    static const double rising[] = { 3.0, 2.0, 2.5 };
    size_t i;
    for (i = 0; i < sizeof nonsense / sizeof *nonsense; i++) {
        EXPECT(INVALID, diffusion_request_set_steps(request, nonsense[i]));
        EXPECT(INVALID, diffusion_request_set_width(request, nonsense[i]));
        EXPECT(INVALID, diffusion_request_set_height(request, nonsense[i]));
        EXPECT(INVALID, diffusion_request_set_count(request, nonsense[i]));
    }
    SAYS(INVALID, "steps is 0; allowed are 1 to 1000", diffusion_request_set_steps(request, 0));
    SAYS(INVALID, "steps is -3; allowed are 1 to 1000", diffusion_request_set_steps(request, -3));
    SAYS(INVALID, "width is 8193; allowed are 1 to 8192", diffusion_request_set_width(request, 8193));
    SAYS(INVALID, "height is -64", diffusion_request_set_height(request, -64));
    SAYS(INVALID, "count is 65; allowed are 1 to 64", diffusion_request_set_count(request, 65));
    SAYS(INVALID, "guidance", diffusion_request_set_guidance(request, NAN));
    SAYS(INVALID, "guidance", diffusion_request_set_guidance(request, INFINITY));
    SAYS(INVALID, "guidance is 1001", diffusion_request_set_guidance(request, 1001.0f));
    SAYS(INVALID, "eta is -0.5", diffusion_request_set_eta(request, -0.5f));
    SAYS(INVALID, "eta", diffusion_request_set_eta(request, NAN));
    SAYS(INVALID, "entry 3 of the", diffusion_request_set_custom_sigmas(request, rising, 3));
    SAYS(INVALID, "entry 3 of the", diffusion_request_set_custom_timesteps(request, rising, 3));
    SAYS(INVALID, "empty", diffusion_request_set_custom_sigmas(request, rising, 0));
    EXPECT(INVALID, diffusion_request_set_custom_sigmas(request, rising, 1002));
    EXPECT(INVALID, diffusion_request_set_custom_timesteps(request, rising, (size_t)-1));
    SAYS(INVALID, "pixel format is 4", diffusion_request_set_format(request, 4));
    SAYS(INVALID, "pixel format is -1", diffusion_request_set_format(request, -1));
    SAYS(INVALID, "clip skip is 12; allowed are 0 to 11", diffusion_request_set_clip_skip(request, 12));
    EXPECT(INVALID, diffusion_request_set_clip_skip(request, -1));
    SAYS(INVALID, "max tokens is 0; allowed are 1 to 512", diffusion_request_set_max_tokens(request, 0));
    EXPECT(INVALID, diffusion_request_set_max_tokens(request, 513));
    SAYS(INVALID, "noise level is 1000", diffusion_request_set_noise_level(request, 1000));
    SAYS(INVALID, "strength is 0; allowed are numbers above 0", diffusion_request_set_strength(request, 0.0f));
    EXPECT(INVALID, diffusion_request_set_strength(request, 1.5f));
    EXPECT(INVALID, diffusion_request_set_strength(request, NAN));
    SAYS(INVALID, "mask blur", diffusion_request_set_mask_blur(request, -1.0f));
    EXPECT(INVALID, diffusion_request_set_mask_blur(request, 257.0f));
    SAYS(INVALID, "mask padding is 1025", diffusion_request_set_mask_padding(request, 1025));
    EXPECT(INVALID, diffusion_request_set_mask_padding(request, -1));
    SAYS(INVALID, "paste back is 2", diffusion_request_set_paste_back(request, 2));
    SAYS(INVALID, "image guidance", diffusion_request_set_image_guidance(request, -0.5f));
    SAYS(INVALID, "true guidance", diffusion_request_set_true_guidance(request, NAN));
    SAYS(INVALID, "denoising start is 2", diffusion_request_set_denoising_start(request, 2.0f));
    SAYS(INVALID, "denoising end", diffusion_request_set_denoising_end(request, -0.1f));
    SAYS(INVALID, "variation strength is 1.5", diffusion_request_set_variation(request, 1, 1.5f));
    SAYS(INVALID, "original size is -1; allowed are 0 to 8192", diffusion_request_set_original_size(request, 1, -1));
    EXPECT(INVALID, diffusion_request_set_crop(request, 8193, 0));
    EXPECT(INVALID, diffusion_request_set_target_size(request, INT64_MAX, 1));
    EXPECT(INVALID, diffusion_request_set_negative_original_size(request, INT64_MIN, 1));
    EXPECT(INVALID, diffusion_request_set_negative_crop(request, 0, -1));
    EXPECT(INVALID, diffusion_request_set_negative_target_size(request, 1, 1LL << 32));
    SAYS(INVALID, "aesthetic score", diffusion_request_set_aesthetic_score(request, 11.0f));
    EXPECT(INVALID, diffusion_request_set_negative_aesthetic_score(request, NAN));
    OK(diffusion_request_validate(request)); /* nothing of that was kept */
    OK(diffusion_request_set_seed(request, UINT64_MAX));
    OK(diffusion_request_set_guidance(request, -1000.0f));
    OK(diffusion_request_set_steps(request, 1000));
    OK(diffusion_request_set_width(request, 8192));
}

static void guidance(diffusion_request *request)
{
    static const float scales[] = { 7.5f, 3.0f, 2000.0f }, places[] = { 0.0f, 0.5f, 0.25f };
    SAYS(INVALID, "guidance rescale is 2", diffusion_request_set_guidance_rescale(request, 2.0f));
    EXPECT(INVALID, diffusion_request_set_guidance_rescale(request, NAN));
    SAYS(INVALID, "stop later", diffusion_request_set_guidance_interval(request, 0.5f, 0.5f));
    EXPECT(INVALID, diffusion_request_set_guidance_interval(request, 0.5f, 1.5f));
    SAYS(INVALID, "2000", diffusion_request_set_guidance_scales(request, scales, 3));
    SAYS(INVALID, "0 guidance scales", diffusion_request_set_guidance_scales(request, scales, 0));
    SAYS(INVALID, "1 to 1000", diffusion_request_set_guidance_scales(request, scales, (size_t)-1));
    SAYS(INVALID, "ascend", diffusion_request_set_guidance_points(request, places, places, 3));
    EXPECT(INVALID, diffusion_request_set_guidance_points(request, scales, scales, 2));
    SAYS(INVALID, "lambda", diffusion_request_set_guidance_plus_plus(request, 1.5f));
    SAYS(INVALID, "momentum", diffusion_request_set_guidance_projection(request, 0.0f, 15.0f, -2.0f));
    SAYS(INVALID, "percentile", diffusion_request_set_guidance_threshold(request, 0.1f, 1.0f));
    EXPECT(INVALID, diffusion_request_set_guidance_threshold(request, 0.99f, 0.0f));
    SAYS(INVALID, "mimicked scale", diffusion_request_set_guidance_mimic_scale(request, 0.99f, -1.0f));
    SAYS(INVALID, "zero steps is -1", diffusion_request_set_guidance_zero_star(request, -1));
    SAYS(INVALID, "reuse threshold", diffusion_request_set_reuse(request, -0.1f, 3, 1));
    SAYS(INVALID, "first steps is -1", diffusion_request_set_reuse(request, 0.1f, -1, 1));
    EXPECT(INVALID, diffusion_request_set_reuse(request, 0.1f, 3, 1001));
    EXPECT(INVALID, diffusion_request_set_negative_schedule(request, 0, 1.0f));
    EXPECT(INVALID, diffusion_request_set_negative_schedule(request, 2, 1.1f));
    OK(diffusion_request_set_guidance_projection(request, 0.0f, 15.0f, -0.5f));
    SAYS(INVALID, "cannot be combined", diffusion_request_set_guidance_plus_plus(request, 0.5f));
    OK(diffusion_request_clear_guidance_rules(request));
    OK(diffusion_request_set_guidance_plus_plus(request, 0.5f));
    OK(diffusion_request_clear_guidance_rules(request));
}

static void options(diffusion_pipeline_options *options)
{
    SAYS(INVALID, "threads is -1; allowed are 0 to 1024", diffusion_pipeline_options_set_threads(options, -1));
    SAYS(INVALID, "threads", diffusion_pipeline_options_set_threads(options, INT64_MAX));
    SAYS(INVALID, "device id is -1; allowed are 0 to 255", diffusion_pipeline_options_set_device_id(options, -1));
    SAYS(INVALID, "\"cpuu\"", diffusion_pipeline_options_set_provider(options, TEXT("cpuu")));
    EXPECT(INVALID, diffusion_pipeline_options_set_provider(options, TEXT("")));
    SAYS(INVALID, "unet, transformer, vae_decoder",
         diffusion_pipeline_options_set_graph_provider(options, TEXT("vae"), TEXT("cpu")));
    SAYS(INVALID, "\"cpuu\"", diffusion_pipeline_options_set_graph_provider(options, TEXT("unet"), TEXT("cpuu")));
    SAYS(INVALID, "\"fp16\"", diffusion_pipeline_options_set_precision(options, TEXT("fp16")));
    EXPECT(INVALID, diffusion_pipeline_options_set_precision(options, TEXT("")));
    SAYS(INVALID, "\"warn\" or \"refuse\"", diffusion_pipeline_options_set_fallback(options, TEXT("never")));
    SAYS(INVALID, "cuda.memory_limit", diffusion_pipeline_options_set_provider_option(options, TEXT("x"), TEXT("1")));
    SAYS(INVALID, "device_type", diffusion_pipeline_options_set_provider_option(options, TEXT("openvino.x"), TEXT("1")));
    SAYS(INVALID, "1 or 0", diffusion_pipeline_options_set_provider_option(options, TEXT("cuda.tf32"), TEXT("yes")));
    EXPECT(INVALID, diffusion_pipeline_options_set_provider_option(options, TEXT("cuda.tf32"), NULL, 0));
    SAYS(INVALID, "65536", diffusion_pipeline_options_set_provider_option(options, TEXT("tf32"), "1", (size_t)-1));
    OK(diffusion_pipeline_options_set_graph_provider(options, TEXT("unet"), TEXT("cpu")));
    SAYS(INVALID, "\"fast\"", diffusion_pipeline_options_set_memory(options, TEXT("fast")));
    OK(diffusion_pipeline_options_set_memory(options, TEXT("balanced")));
    SAYS(DIFFUSION_STATUS_INVALID_ARGUMENT, "preparation", diffusion_pipeline_options_set_preparation(options, 2));
    OK(diffusion_pipeline_options_set_preparation(options, 0));
    OK(diffusion_pipeline_options_set_preparation(options, 1));
    SAYS(DIFFUSION_STATUS_INVALID_ARGUMENT, "cache folder", diffusion_pipeline_options_set_cache_dir(options, "a\0b", 3));
    OK(diffusion_pipeline_options_set_cache_dir(options, TEXT("somewhere")));
    OK(diffusion_pipeline_options_set_cache_dir(options, NULL, 0));
    SAYS(DIFFUSION_STATUS_INVALID_ARGUMENT, "path of an embedding",
         diffusion_pipeline_options_add_embedding(options, NULL, 0, NULL, 0));
    SAYS(DIFFUSION_STATUS_INVALID_ARGUMENT, "cache limit", diffusion_pipeline_options_set_cache_limit(options, 0));
    OK(diffusion_pipeline_options_set_cache_limit(options, 1));
    OK(diffusion_pipeline_options_use_user_cache(options));
    OK(diffusion_pipeline_options_set_cache_dir(options, NULL, 0));
    SAYS(INVALID, "NUL", diffusion_pipeline_options_set_ort_library(options, "a\0b", 3));
    OK(diffusion_pipeline_options_set_memory(options, TEXT("low")));
    OK(diffusion_pipeline_options_set_provider(options, TEXT("cpu")));
    OK(diffusion_pipeline_options_set_device_id(options, 255));
}

static void texts(diffusion_request *request, diffusion_pipeline_options *options, const char *folder)
{
    static char long_prompt[(1 << 20) + 1];
    static const char *const broken[] = { "\xff", "a\xc3", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "ok\x80" };
    diffusion_pipeline *pipeline = NULL;
    const char *works_as = NULL;
    size_t i;
    for (i = 0; i < sizeof broken / sizeof *broken; i++) {
        const char *text = broken[i];
        EXPECT(DIFFUSION_STATUS_INVALID_UTF8, diffusion_request_set_prompt(request, TEXT(text)));
        EXPECT(DIFFUSION_STATUS_INVALID_UTF8, diffusion_request_set_prompt_cstr(request, text));
        EXPECT(DIFFUSION_STATUS_INVALID_UTF8, diffusion_request_set_negative_prompt(request, TEXT(text)));
        EXPECT(DIFFUSION_STATUS_INVALID_UTF8, diffusion_request_set_scheduler(request, TEXT(text)));
        EXPECT(DIFFUSION_STATUS_INVALID_UTF8, diffusion_request_set_sigmas(request, TEXT(text)));
        EXPECT(DIFFUSION_STATUS_INVALID_UTF8, diffusion_request_set_rng(request, TEXT(text)));
        EXPECT(DIFFUSION_STATUS_INVALID_UTF8, diffusion_pipeline_options_set_provider(options, TEXT(text)));
        EXPECT(DIFFUSION_STATUS_INVALID_UTF8,
               diffusion_pipeline_options_set_graph_provider(options, TEXT(text), TEXT("cpu")));
        EXPECT(DIFFUSION_STATUS_INVALID_UTF8,
               diffusion_pipeline_options_set_graph_provider(options, TEXT("unet"), TEXT(text)));
        EXPECT(DIFFUSION_STATUS_INVALID_UTF8, diffusion_pipeline_options_set_precision(options, TEXT(text)));
        EXPECT(DIFFUSION_STATUS_INVALID_UTF8, diffusion_pipeline_options_set_fallback(options, TEXT(text)));
        EXPECT(DIFFUSION_STATUS_INVALID_UTF8, diffusion_runtime_try_provider(TEXT(text), &works_as));
        EXPECT(DIFFUSION_STATUS_INVALID_UTF8,
               diffusion_pipeline_options_set_provider_option(options, TEXT(text), TEXT("1")));
        EXPECT(DIFFUSION_STATUS_INVALID_UTF8,
               diffusion_pipeline_options_set_provider_option(options, TEXT("tf32"), TEXT(text)));
        EXPECT(DIFFUSION_STATUS_INVALID_UTF8, diffusion_pipeline_options_set_memory(options, TEXT(text)));
        EXPECT(DIFFUSION_STATUS_INVALID_UTF8, diffusion_pipeline_options_set_ort_library(options, TEXT(text)));
        EXPECT(DIFFUSION_STATUS_INVALID_UTF8, diffusion_pipeline_open_cstr(text, NULL, &pipeline));
        EXPECT(DIFFUSION_STATUS_INVALID_UTF8, diffusion_runtime_initialize(TEXT(text)));
    }
    SAYS(DIFFUSION_STATUS_INVALID_UTF8, "offset 2", diffusion_request_set_prompt_cstr(request, "ok\x80"));

    /* A length of -1, which no memory has, is refused before anything is read. */
    SAYS(INVALID, "bytes", diffusion_request_set_prompt(request, "x", (size_t)-1));
    EXPECT(INVALID, diffusion_request_set_negative_prompt(request, "x", SIZE_MAX / 2));
    EXPECT(INVALID, diffusion_request_set_scheduler(request, "x", (size_t)-1));
    EXPECT(INVALID, diffusion_pipeline_open("x", (size_t)-1, NULL, NULL, NULL, NULL, &pipeline));
    EXPECT(INVALID, diffusion_runtime_initialize("x", (size_t)-1));
    memset(long_prompt, 'a', sizeof long_prompt);
    SAYS(INVALID, "1048577 bytes", diffusion_request_set_prompt(request, long_prompt, sizeof long_prompt));
    OK(diffusion_request_set_prompt(request, long_prompt, sizeof long_prompt - 1));
    OK(diffusion_request_set_prompt(request, "a\0b", 3)); /* NUL is a character like others */

    SAYS(INVALID, "\"eulr\"", diffusion_request_set_scheduler(request, TEXT("eulr")));
    SAYS(INVALID, "\"carras\"", diffusion_request_set_sigmas(request, TEXT("carras")));
    SAYS(INVALID, "\"dice\"", diffusion_request_set_rng(request, TEXT("dice")));
    SAYS(INVALID, "plain, webui", diffusion_request_set_syntax(request, TEXT("comfy")));
    SAYS(INVALID, "hires scale is 9", diffusion_request_set_hires_scale(request, 9.0f));
    SAYS(INVALID, "hires scale is NaN", diffusion_request_set_hires_scale(request, NAN));
    SAYS(INVALID, "hires width is -1", diffusion_request_set_hires_size(request, -1, 64));
    SAYS(INVALID, "hires steps is 1001", diffusion_request_set_hires_steps(request, 1001));
    SAYS(INVALID, "hires strength is 0", diffusion_request_set_hires_strength(request, 0.0f));
    SAYS(INVALID, "nearest-exact, nearest, bilinear", diffusion_request_set_hires_upscale(request, TEXT("esrgan")));
    SAYS(INVALID, "off, x, y, both", diffusion_request_set_seamless(request, TEXT("z")));
    SAYS(INVALID, "auto, off, on", diffusion_request_set_tiling(request, TEXT("yes")));
    SAYS(INVALID, "off, flag, blur", diffusion_request_set_safety(request, TEXT("maybe")));
    SAYS(INVALID, "one-generator, one-per-picture", diffusion_request_set_seed_mode(request, TEXT("all")));
    EXPECT(DIFFUSION_STATUS_INVALID_UTF8, diffusion_request_set_prompt_2(request, TEXT("\xff")));
    EXPECT(INVALID, diffusion_request_set_prompt_3(request, long_prompt, sizeof long_prompt));
    OK(diffusion_request_set_scheduler(request, TEXT("EulerDiscreteScheduler")));

    EXPECT(INVALID, diffusion_pipeline_open(NULL, 0, NULL, NULL, NULL, NULL, &pipeline));
    SAYS(INVALID, "NUL", diffusion_pipeline_open("a\0b", 3, NULL, NULL, NULL, NULL, &pipeline));
    SAYS(DIFFUSION_STATUS_IO, "no-such-folder", diffusion_pipeline_open_cstr("no-such-folder/\xc3\xa4", NULL, &pipeline));
    CHECK(pipeline == NULL);
    (void)folder;
}

/* Every name that is listed is one that its setter takes, and a list ends. */
static void names(diffusion_request *request, diffusion_pipeline_options *options)
{
    const char *name;
    int64_t i;
    for (i = 0; (name = diffusion_scheduler_name(i)) != NULL; i++)
        OK(diffusion_request_set_scheduler(request, TEXT(name)));
    CHECK(i >= 13);
    for (i = 0; (name = diffusion_sigma_schedule_name(i)) != NULL; i++)
        OK(diffusion_request_set_sigmas(request, TEXT(name)));
    CHECK(i >= 4);
    for (i = 0; (name = diffusion_prompt_syntax_name(i)) != NULL; i++)
        OK(diffusion_request_set_syntax(request, TEXT(name)));
    CHECK(i == 2 && diffusion_prompt_syntax_name(-1) == NULL);
    for (i = 0; (name = diffusion_seed_mode_name(i)) != NULL; i++)
        OK(diffusion_request_set_seed_mode(request, TEXT(name)));
    CHECK(i == 2 && diffusion_seed_mode_name(-1) == NULL);
    for (i = 0; (name = diffusion_seamless_name(i)) != NULL; i++)
        OK(diffusion_request_set_seamless(request, TEXT(name)));
    CHECK(i == 4 && diffusion_seamless_name(-1) == NULL);
    OK(diffusion_request_set_seamless(request, TEXT("off")));
    for (i = 0; (name = diffusion_tiling_name(i)) != NULL; i++)
        OK(diffusion_request_set_tiling(request, TEXT(name)));
    CHECK(i == 3 && diffusion_tiling_name(-1) == NULL);
    OK(diffusion_request_set_tiling(request, NULL, 0));
    for (i = 0; (name = diffusion_safety_name(i)) != NULL; i++)
        OK(diffusion_request_set_safety(request, TEXT(name)));
    CHECK(i == 3 && diffusion_safety_name(-1) == NULL);
    OK(diffusion_request_set_safety(request, TEXT("off")));
    for (i = 0; (name = diffusion_upscale_name(i)) != NULL; i++)
        OK(diffusion_request_set_hires_upscale(request, TEXT(name)));
    CHECK(i == 7 && diffusion_upscale_name(-1) == NULL);
    OK(diffusion_request_set_hires_scale(request, 0.0f));
    for (i = 0; (name = diffusion_rng_name(i)) != NULL; i++)
        OK(diffusion_request_set_rng(request, TEXT(name)));
    CHECK(i >= 3);
    for (i = 0; (name = diffusion_provider_name(i)) != NULL; i++)
        OK(diffusion_pipeline_options_set_provider(options, TEXT(name)));
    CHECK(i >= 2);
    for (i = 0; (name = diffusion_fallback_name(i)) != NULL; i++)
        OK(diffusion_pipeline_options_set_fallback(options, TEXT(name)));
    CHECK(i == 2 && diffusion_fallback_name(-1) == NULL);
    for (i = 0; (name = diffusion_precision_name(i)) != NULL; i++)
        OK(diffusion_pipeline_options_set_precision(options, TEXT(name)));
    CHECK(i == 4 && diffusion_precision_name(-1) == NULL);
    for (i = 0; (name = diffusion_preview_mode_name(i)) != NULL; i++)
        OK(diffusion_request_set_previews(request, TEXT(name), 1));
    CHECK(i == 3);
    OK(diffusion_request_set_previews(request, NULL, 0, 0));
    for (i = 0; (name = diffusion_memory_mode_name(i)) != NULL; i++)
        OK(diffusion_pipeline_options_set_memory(options, TEXT(name)));
    CHECK(i >= 2);
    CHECK(diffusion_scheduler_name(-1) == NULL && diffusion_scheduler_name(INT64_MAX) == NULL);
    CHECK(diffusion_sigma_schedule_name(INT64_MIN) == NULL && diffusion_rng_name(99) == NULL);
    CHECK(diffusion_provider_name(-5) == NULL && diffusion_memory_mode_name(1 << 20) == NULL);
    CHECK(*diffusion_runtime_provider(-1) == '\0');
    CHECK(strcmp(diffusion_status_name(DIFFUSION_STATUS_BUSY), "busy") == 0);
    CHECK(strcmp(diffusion_status_name(-7), "unknown status") == 0);
    CHECK(strcmp(diffusion_phase_name(DIFFUSION_PHASE_DENOISING), "denoising") == 0);
    CHECK(strcmp(diffusion_phase_name(77), "working") == 0);
}

/* What models of several stages are told, as far as it can be refused without one. */
static void stages(diffusion_request *request)
{
    static const int64_t counts[] = { -1, -3, 1LL << 31, 1LL << 32, (1LL << 32) + 1, INT64_MAX, INT64_MIN };
    static const float numbers[] = { NAN, INFINITY, -INFINITY, 1001, -1000.5f, 3e38f };
    size_t i;
    for (i = 0; i < sizeof counts / sizeof *counts; i++) {
        EXPECT(INVALID, diffusion_request_set_stage_steps(request, TEXT("prior"), counts[i]));
        EXPECT(INVALID, diffusion_request_set_stage_candidates(request, TEXT("prior"), counts[i]));
        if (counts[i] != -1 && counts[i] != 1LL << 31)
            EXPECT(INVALID, diffusion_request_set_class(request, counts[i]));
    }
    for (i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        EXPECT(INVALID, diffusion_request_set_stage_guidance(request, TEXT("prior"), numbers[i]));
        EXPECT(INVALID, diffusion_request_set_stage_guide_scale(request, TEXT("prior"), numbers[i]));
        EXPECT(INVALID, diffusion_request_set_edit(request, TEXT("smile"), numbers[i]));
    }
    SAYS(INVALID, "steps is 1001; allowed are 1 to 1000", diffusion_request_set_stage_steps(request, TEXT("prior"), 1001));
    SAYS(INVALID, "1 to 64", diffusion_request_set_stage_candidates(request, TEXT("prior"), 65));
    SAYS(INVALID, "-1000 to 1000", diffusion_request_set_stage_guidance(request, TEXT("prior"), 1001));
    SAYS(INVALID, "-100 to 100", diffusion_request_set_edit(request, TEXT("smile"), 101));
    SAYS(INVALID, "class is -2; allowed are 0 to 4294967295", diffusion_request_set_class(request, -2));
    SAYS(INVALID, "eulr", diffusion_request_set_stage_scheduler(request, TEXT("prior"), TEXT("eulr")));
    SAYS(INVALID, "empty", diffusion_request_set_stage_steps(request, NULL, 0, 2));
    SAYS(INVALID, "empty", diffusion_request_set_stage_scheduler(request, TEXT(""), TEXT("ddim")));
    SAYS(INVALID, "empty", diffusion_request_set_picture(request, NULL, 0, NULL));
    SAYS(INVALID, "empty", diffusion_request_set_embedding(request, NULL, 0, NULL));
    SAYS(INVALID, "empty", diffusion_request_set_edit(request, NULL, 0, 1.0f));
    EXPECT(DIFFUSION_STATUS_INVALID_UTF8, diffusion_request_set_class_name(request, "\xff", 1));
    EXPECT(DIFFUSION_STATUS_INVALID_UTF8, diffusion_request_set_picture(request, "\xff", 1, NULL));
    EXPECT(DIFFUSION_STATUS_INVALID_UTF8, diffusion_request_set_stage_steps(request, "\xff", 1, 2));
    OK(diffusion_request_validate(request)); /* nothing of all that was kept */
}

static void versions(void)
{
    CHECK(diffusion_version_number() == DIFFUSION_VERSION_NUMBER);
    CHECK(strcmp(diffusion_version_string(), DIFFUSION_VERSION_STRING) == 0);
}

/* What only an opened model can refuse. A setter that failed has changed nothing. */
static void with_a_model(const char *folder)
{
    diffusion_pipeline *pipeline = open_model(folder);
    diffusion_request *request = small_request(2, 3);
    diffusion_result *result = NULL, *again = NULL;
    result = draw(pipeline, request);
    EXPECT(INVALID, diffusion_request_set_steps(request, -3));
    EXPECT(INVALID, diffusion_request_set_guidance(request, NAN));
    EXPECT(INVALID, diffusion_request_set_scheduler(request, TEXT("eulr")));
    again = draw(pipeline, request);
    CHECK(same_picture(result, again));
    diffusion_result_destroy(again);
    again = NULL;

    OK(diffusion_request_set_width(request, 61));
    SAYS(INVALID, "61", diffusion_pipeline_generate(pipeline, request, NULL, NULL, NULL, &again));
    CHECK(again == NULL);
    OK(diffusion_request_reset(request));
    OK(diffusion_request_reset(request));
    OK(diffusion_request_set_steps(request, 1));
    again = draw(pipeline, request); /* empty prompt, random seed */
    CHECK(diffusion_result_count(again) == 1);
    diffusion_result_destroy(again);
    diffusion_result_destroy(result);
    diffusion_request_destroy(request);
    diffusion_pipeline_destroy(pipeline);
}

int main(int argc, char **argv)
{
    const char *folder = model_folder(argc, argv);
    diffusion_request *request = NULL;
    diffusion_pipeline_options *opening = NULL;
    versions();
    OK(diffusion_request_create(&request));
    OK(diffusion_pipeline_options_create(&opening));
    numbers(request);
    guidance(request);
    options(opening);
    texts(request, opening, folder);
    names(request, opening);
    stages(request);
    diffusion_request_destroy(request);
    diffusion_pipeline_options_destroy(opening);
    if (getenv("UNDER_VALGRIND") == NULL) /* memory.c draws there */
        with_a_model(folder);
    return 0;
}
