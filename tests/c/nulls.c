/* NULL for every handle, every text and every out-parameter: a status and a sentence, never a crash. */
#include "check.h"

#define NULL_POINTER DIFFUSION_STATUS_NULL_POINTER

static void handles(void)
{
    const diffusion_image *image = NULL;
    diffusion_image *made = NULL;
    diffusion_buffer *buffer = NULL;
    diffusion_result *result = NULL;
    diffusion_pipeline *pipeline = NULL;
    diffusion_job *job = NULL;
    diffusion_stepper *stepper = NULL;
    diffusion_embedding *embedding = NULL;
    diffusion_conditioning *conditioning = NULL;
    int32_t number = 0;
    uint32_t step = 0;
    char bytes[4] = { 0 };

    diffusion_pipeline_options_destroy(NULL);
    diffusion_pipeline_destroy(NULL);
    diffusion_request_destroy(NULL);
    diffusion_result_destroy(NULL);
    diffusion_cancel_token_destroy(NULL);
    diffusion_buffer_destroy(NULL);
    diffusion_image_destroy(NULL);
    diffusion_job_destroy(NULL);
    diffusion_stepper_destroy(NULL);
    diffusion_conditioning_destroy(NULL);
    CHECK(*diffusion_last_error_message() == '\0');

    SAYS(NULL_POINTER, "cancel token", diffusion_cancel_token_cancel(NULL));
    EXPECT(NULL_POINTER, diffusion_cancel_token_reset(NULL));
    CHECK(!diffusion_cancel_token_is_cancelled(NULL));
    CHECK(diffusion_last_error_status() == NULL_POINTER);

    SAYS(NULL_POINTER, "pipeline options", diffusion_pipeline_options_set_ort_library(NULL, TEXT("x")));
    EXPECT(NULL_POINTER, diffusion_pipeline_options_set_provider(NULL, TEXT("cpu")));
    EXPECT(NULL_POINTER, diffusion_pipeline_options_set_graph_provider(NULL, TEXT("unet"), TEXT("cpu")));
    EXPECT(NULL_POINTER, diffusion_pipeline_options_set_precision(NULL, TEXT("default")));
    EXPECT(NULL_POINTER, diffusion_pipeline_options_set_fallback(NULL, TEXT("warn")));
    EXPECT(NULL_POINTER, diffusion_pipeline_options_set_provider_option(NULL, TEXT("tf32"), TEXT("1")));
    EXPECT(NULL_POINTER, diffusion_pipeline_options_set_device_id(NULL, 0));
    EXPECT(NULL_POINTER, diffusion_pipeline_options_set_threads(NULL, 1));
    EXPECT(NULL_POINTER, diffusion_pipeline_options_set_memory(NULL, TEXT("speed")));
    EXPECT(NULL_POINTER, diffusion_pipeline_options_set_job_queue(NULL, 1));

    SAYS(NULL_POINTER, "request", diffusion_request_reset(NULL));
    EXPECT(NULL_POINTER, diffusion_request_set_prompt(NULL, TEXT("x")));
    EXPECT(NULL_POINTER, diffusion_request_set_prompt_cstr(NULL, "x"));
    EXPECT(NULL_POINTER, diffusion_request_set_negative_prompt(NULL, TEXT("x")));
    EXPECT(NULL_POINTER, diffusion_request_set_negative_prompt_cstr(NULL, "x"));
    EXPECT(NULL_POINTER, diffusion_request_set_width(NULL, 64));
    EXPECT(NULL_POINTER, diffusion_request_set_height(NULL, 64));
    EXPECT(NULL_POINTER, diffusion_request_set_steps(NULL, 1));
    EXPECT(NULL_POINTER, diffusion_request_set_guidance(NULL, 1.0f));
    EXPECT(NULL_POINTER, diffusion_request_set_scheduler(NULL, TEXT("euler")));
    EXPECT(NULL_POINTER, diffusion_request_set_sigmas(NULL, TEXT("karras")));
    EXPECT(NULL_POINTER, diffusion_request_set_eta(NULL, 0.0f));
    EXPECT(NULL_POINTER, diffusion_request_set_custom_sigmas(NULL, NULL, 0));
    EXPECT(NULL_POINTER, diffusion_request_set_custom_timesteps(NULL, NULL, 0));
    EXPECT(NULL_POINTER, diffusion_request_set_seed(NULL, 1));
    EXPECT(NULL_POINTER, diffusion_request_set_rng(NULL, TEXT("numpy")));
    EXPECT(NULL_POINTER, diffusion_request_set_count(NULL, 1));
    EXPECT(NULL_POINTER, diffusion_request_set_format(NULL, DIFFUSION_PIXEL_FORMAT_RGB8));
    EXPECT(NULL_POINTER, diffusion_request_validate(NULL));
    EXPECT(NULL_POINTER, diffusion_request_set_prompt_2(NULL, TEXT("x")));
    EXPECT(NULL_POINTER, diffusion_request_set_prompt_3(NULL, TEXT("x")));
    EXPECT(NULL_POINTER, diffusion_request_set_negative_prompt_2(NULL, TEXT("x")));
    EXPECT(NULL_POINTER, diffusion_request_set_negative_prompt_3(NULL, TEXT("x")));
    EXPECT(NULL_POINTER, diffusion_request_set_syntax(NULL, TEXT("plain")));
    EXPECT(NULL_POINTER, diffusion_request_set_clip_skip(NULL, 1));
    EXPECT(NULL_POINTER, diffusion_request_set_max_tokens(NULL, 77));
    EXPECT(NULL_POINTER, diffusion_request_set_init_image(NULL, NULL));
    EXPECT(NULL_POINTER, diffusion_request_set_mask_image(NULL, NULL));
    EXPECT(NULL_POINTER, diffusion_request_set_init_result(NULL, NULL));
    EXPECT(NULL_POINTER, diffusion_request_set_strength(NULL, 0.5f));
    EXPECT(NULL_POINTER, diffusion_request_set_mask_blur(NULL, 1.0f));
    EXPECT(NULL_POINTER, diffusion_request_set_mask_padding(NULL, 1));
    EXPECT(NULL_POINTER, diffusion_request_set_paste_back(NULL, 1));
    EXPECT(NULL_POINTER, diffusion_request_set_image_guidance(NULL, 1.5f));
    EXPECT(NULL_POINTER, diffusion_request_set_true_guidance(NULL, 4.0f));
    EXPECT(NULL_POINTER, diffusion_request_set_noise_level(NULL, 20));
    EXPECT(NULL_POINTER, diffusion_request_set_denoising_start(NULL, 0.5f));
    EXPECT(NULL_POINTER, diffusion_request_set_denoising_end(NULL, 0.5f));
    EXPECT(NULL_POINTER, diffusion_request_clear_guidance_rules(NULL));
    EXPECT(NULL_POINTER, diffusion_request_set_guidance_rescale(NULL, 0.7f));
    EXPECT(NULL_POINTER, diffusion_request_set_guidance_interval(NULL, 0.2f, 0.8f));
    EXPECT(NULL_POINTER, diffusion_request_set_guidance_scales(NULL, NULL, 0));
    EXPECT(NULL_POINTER, diffusion_request_set_guidance_points(NULL, NULL, NULL, 0));
    EXPECT(NULL_POINTER, diffusion_request_set_guidance_plus_plus(NULL, 0.6f));
    EXPECT(NULL_POINTER, diffusion_request_set_guidance_projection(NULL, 0.0f, 15.0f, 0.0f));
    EXPECT(NULL_POINTER, diffusion_request_set_guidance_threshold(NULL, 0.99f, 1.0f));
    EXPECT(NULL_POINTER, diffusion_request_set_guidance_mimic_scale(NULL, 0.99f, 1.0f));
    EXPECT(NULL_POINTER, diffusion_request_set_guidance_zero_star(NULL, 0));
    EXPECT(NULL_POINTER, diffusion_request_set_reuse(NULL, 0.1f, 3, 1));
    EXPECT(NULL_POINTER, diffusion_request_set_negative_schedule(NULL, 2, 1.0f));
    EXPECT(NULL_POINTER, diffusion_request_set_seed_mode(NULL, TEXT("one-generator")));
    EXPECT(NULL_POINTER, diffusion_request_set_seamless(NULL, TEXT("x")));
    EXPECT(NULL_POINTER, diffusion_request_set_tiling(NULL, TEXT("on")));
    EXPECT(NULL_POINTER, diffusion_request_set_safety(NULL, TEXT("flag")));
    EXPECT(NULL_POINTER, diffusion_request_set_hires_scale(NULL, 2.0f));
    EXPECT(NULL_POINTER, diffusion_request_set_hires_size(NULL, 64, 64));
    EXPECT(NULL_POINTER, diffusion_request_set_hires_steps(NULL, 1));
    EXPECT(NULL_POINTER, diffusion_request_set_hires_strength(NULL, 0.5f));
    EXPECT(NULL_POINTER, diffusion_request_set_hires_upscale(NULL, TEXT("lanczos")));
    EXPECT(NULL_POINTER, diffusion_request_set_picture(NULL, TEXT("like"), NULL));
    EXPECT(NULL_POINTER, diffusion_request_set_class(NULL, 1));
    EXPECT(NULL_POINTER, diffusion_request_set_class_name(NULL, TEXT("cat")));
    EXPECT(NULL_POINTER, diffusion_request_set_embedding(NULL, TEXT("image_embeds"), NULL));
    EXPECT(NULL_POINTER, diffusion_request_set_edit(NULL, TEXT("smile"), 1.0f));
    EXPECT(NULL_POINTER, diffusion_request_set_stage_steps(NULL, TEXT("prior"), 2));
    EXPECT(NULL_POINTER, diffusion_request_set_stage_guidance(NULL, TEXT("prior"), 2.0f));
    EXPECT(NULL_POINTER, diffusion_request_set_stage_scheduler(NULL, TEXT("prior"), TEXT("ddim")));
    EXPECT(NULL_POINTER, diffusion_request_set_stage_guide_scale(NULL, TEXT("prior"), 2.0f));
    EXPECT(NULL_POINTER, diffusion_request_set_stage_candidates(NULL, TEXT("prior"), 2));
    EXPECT(NULL_POINTER, diffusion_request_set_last_stage(NULL, TEXT("prior")));
    CHECK(diffusion_result_flagged(NULL, 0) == -1);
    EXPECT(NULL_POINTER, diffusion_request_set_variation(NULL, 1, 0.5f));
    EXPECT(NULL_POINTER, diffusion_request_set_original_size(NULL, 1, 1));
    EXPECT(NULL_POINTER, diffusion_request_set_crop(NULL, 1, 1));
    EXPECT(NULL_POINTER, diffusion_request_set_target_size(NULL, 1, 1));
    EXPECT(NULL_POINTER, diffusion_request_set_negative_original_size(NULL, 1, 1));
    EXPECT(NULL_POINTER, diffusion_request_set_negative_crop(NULL, 1, 1));
    EXPECT(NULL_POINTER, diffusion_request_set_negative_target_size(NULL, 1, 1));
    EXPECT(NULL_POINTER, diffusion_request_set_aesthetic_score(NULL, 6.0f));
    EXPECT(NULL_POINTER, diffusion_request_set_negative_aesthetic_score(NULL, 2.5f));

    SAYS(NULL_POINTER, "result", diffusion_result_image(NULL, 0, &image));
    EXPECT(NULL_POINTER, diffusion_image_copy(NULL, bytes, sizeof bytes, 1, 1, 4, DIFFUSION_PIXEL_FORMAT_RGBA8));
    EXPECT(NULL_POINTER, diffusion_image_save(NULL, TEXT("x.png")));
    EXPECT(NULL_POINTER, diffusion_image_save_cstr(NULL, "x.png"));
    EXPECT(NULL_POINTER, diffusion_image_encode(NULL, TEXT("png"), &buffer));
    CHECK(image == NULL && buffer == NULL);

    SAYS(NULL_POINTER, "api_base", diffusion_runtime_use_api_base(NULL));
    SAYS(NULL_POINTER, "stepper", diffusion_stepper_advance(NULL, NULL, NULL, NULL));
    EXPECT(NULL_POINTER, diffusion_stepper_begin(NULL, NULL, NULL, NULL, NULL, &stepper));
    EXPECT(NULL_POINTER, diffusion_stepper_finish(NULL, NULL, NULL, NULL, &result));
    EXPECT(NULL_POINTER, diffusion_stepper_latents(NULL, &embedding));
    EXPECT(NULL_POINTER, diffusion_stepper_clean_latents(NULL, &embedding));
    EXPECT(NULL_POINTER, diffusion_stepper_set_latents(NULL, NULL));
    EXPECT(NULL_POINTER, diffusion_result_latents(NULL, &embedding));
    EXPECT(NULL_POINTER, diffusion_pipeline_encode_image(NULL, NULL, NULL, &embedding));
    EXPECT(NULL_POINTER, diffusion_pipeline_decode_latents(NULL, NULL, 0, 0, NULL, &made));
    EXPECT(NULL_POINTER, diffusion_pipeline_encode_prompt(NULL, NULL, NULL, NULL, NULL, &conditioning));
    SAYS(NULL_POINTER, "conditioning", diffusion_conditioning_states(NULL, 0, &embedding));
    EXPECT(NULL_POINTER, diffusion_conditioning_pooled(NULL, 0, &embedding));
    EXPECT(NULL_POINTER, diffusion_conditioning_with_states(NULL, 0, NULL, NULL, &conditioning));
    EXPECT(NULL_POINTER, diffusion_request_set_conditioning(NULL, NULL));
    EXPECT(NULL_POINTER, diffusion_request_set_init_latents(NULL, NULL));
    CHECK(stepper == NULL && embedding == NULL && conditioning == NULL);
    SAYS(NULL_POINTER, "job", diffusion_job_cancel(NULL));
    EXPECT(NULL_POINTER, diffusion_job_wait(NULL, 0, &number));
    EXPECT(NULL_POINTER, diffusion_job_progress(NULL, &number, &step, &step));
    EXPECT(NULL_POINTER, diffusion_job_take_result(NULL, &result));
    EXPECT(NULL_POINTER, diffusion_job_take_pipeline(NULL, &pipeline));
    EXPECT(NULL_POINTER, diffusion_job_preview(NULL, 0, &made));
    SAYS(NULL_POINTER, "pipeline", diffusion_job_start(NULL, NULL, &job));
    CHECK(result == NULL && pipeline == NULL && made == NULL && job == NULL && number == 0 && step == 0);

    SAYS(NULL_POINTER, "pixels", diffusion_image_create(NULL, 3, 1, 1, 3, DIFFUSION_PIXEL_FORMAT_RGB8, &made));
    EXPECT(NULL_POINTER, diffusion_image_create(bytes, 3, 1, 1, 3, DIFFUSION_PIXEL_FORMAT_RGB8, NULL));
    EXPECT(NULL_POINTER, diffusion_image_open(NULL, 3, &made));
    EXPECT(NULL_POINTER, diffusion_image_open(TEXT("x.png"), NULL));
    EXPECT(NULL_POINTER, diffusion_image_open_cstr(NULL, &made));
    EXPECT(NULL_POINTER, diffusion_image_open_cstr("x.png", NULL));
    EXPECT(NULL_POINTER, diffusion_image_decode(NULL, 3, &made));
    EXPECT(NULL_POINTER, diffusion_image_decode(bytes, sizeof bytes, NULL));
    EXPECT(NULL_POINTER, diffusion_image_extend(NULL, 1, 1, 1, 1, &made, &made));
    CHECK(made == NULL);
}

/* Functions without a status: the empty value, and an error that can be asked for. */
static void values(void)
{
    CHECK(*diffusion_pipeline_info_json(NULL) == '\0' && diffusion_last_error_status() == NULL_POINTER);
    CHECK(*diffusion_pipeline_family(NULL) == '\0');
    CHECK(*diffusion_pipeline_layout(NULL) == '\0');
    CHECK(diffusion_pipeline_default_width(NULL) == 0);
    CHECK(diffusion_pipeline_default_height(NULL) == 0);
    CHECK(diffusion_pipeline_default_steps(NULL) == 0);
    CHECK(diffusion_pipeline_default_guidance(NULL) == 0.0f);
    CHECK(*diffusion_pipeline_default_scheduler(NULL) == '\0');
    CHECK(diffusion_pipeline_size_multiple(NULL) == 0);
    CHECK(diffusion_pipeline_open_milliseconds(NULL) == 0.0);
    CHECK(diffusion_pipeline_graph_count(NULL) == 0);
    CHECK(*diffusion_pipeline_graph_role(NULL, 0) == '\0');
    CHECK(*diffusion_pipeline_graph_path(NULL, 0) == '\0');
    CHECK(*diffusion_pipeline_graph_provider(NULL, 0) == '\0');
    CHECK(*diffusion_pipeline_graph_nodes_json(NULL, 0) == '\0');
    CHECK(*diffusion_pipeline_note(NULL, 0) == '\0');
    CHECK(diffusion_pipeline_stage_count(NULL) == 0 && diffusion_pipeline_class_count(NULL) == 0);
    CHECK(*diffusion_pipeline_stage_name(NULL, 0) == '\0' && *diffusion_pipeline_stage_scheduler(NULL, 0) == '\0');
    CHECK(diffusion_pipeline_stage_steps(NULL, 0) == 0 && diffusion_pipeline_stage_guidance(NULL, 0) == 0.0f);
    CHECK(*diffusion_pipeline_picture_role(NULL, 0) == '\0' && *diffusion_pipeline_class_name(NULL, 0) == '\0');
    CHECK(*diffusion_pipeline_embedding_name(NULL, 0) == '\0' && *diffusion_pipeline_attribute(NULL, 0) == '\0');
    CHECK(diffusion_embedding_values(NULL) == NULL && diffusion_embedding_shape(NULL) == NULL);
    CHECK(diffusion_embedding_count(NULL) == 0 && diffusion_embedding_rank(NULL) == 0);

    CHECK(diffusion_result_count(NULL) == 0);
    CHECK(diffusion_result_seed(NULL) == 0);
    CHECK(diffusion_result_image_seed(NULL, 0) == 0);
    CHECK(*diffusion_result_settings_json(NULL) == '\0');
    CHECK(diffusion_result_warning_count(NULL) == 0);
    CHECK(*diffusion_result_warning(NULL, 0) == '\0');
    CHECK(*diffusion_result_timings_json(NULL) == '\0');
    CHECK(diffusion_result_text_milliseconds(NULL) == 0.0);
    CHECK(diffusion_result_encode_milliseconds(NULL) == 0.0);
    CHECK(diffusion_result_step_count(NULL) == 0);
    CHECK(diffusion_result_skipped_calls(NULL) == 0 && diffusion_result_skipped_negatives(NULL) == 0);
    CHECK(diffusion_result_step_milliseconds(NULL, 0) == 0.0);
    CHECK(diffusion_result_decode_milliseconds(NULL) == 0.0);
    CHECK(diffusion_result_total_milliseconds(NULL) == 0.0);

    CHECK(diffusion_stepper_step(NULL) == 0 && diffusion_stepper_step_count(NULL) == 0);
    CHECK(diffusion_stepper_timestep(NULL) < 0.0 && diffusion_conditioning_count(NULL) == 0);
    CHECK(*diffusion_conditioning_encoder(NULL, 0) == '\0' && *diffusion_conditioning_text(NULL, 0) == '\0');
    CHECK(diffusion_conditioning_is_negative(NULL, 0) == 0);
    CHECK(diffusion_job_poll(NULL) == -1 && diffusion_job_phase(NULL) == -1);
    CHECK(diffusion_job_step(NULL) == 0 && diffusion_job_step_count(NULL) == 0);
    CHECK(diffusion_job_queue_position(NULL) == 0 && diffusion_job_preview_number(NULL) == 0);
    CHECK(diffusion_job_elapsed_milliseconds(NULL) == 0.0 && *diffusion_job_error_message(NULL) == '\0');

    CHECK(diffusion_image_width(NULL) == 0 && diffusion_image_height(NULL) == 0);
    CHECK(diffusion_image_stride(NULL) == 0 && diffusion_image_byte_length(NULL) == 0);
    CHECK(diffusion_image_format(NULL) == -1);
    CHECK(diffusion_image_pixels(NULL) == NULL);
    CHECK(*diffusion_image_settings_json(NULL) == '\0');
    CHECK(diffusion_buffer_data(NULL) == NULL && diffusion_buffer_size(NULL) == 0);
}

static void texts_and_outs(const char *folder)
{
    diffusion_pipeline_options *options = NULL;
    diffusion_request *request = NULL;
    diffusion_cancel_token *token = NULL;
    diffusion_pipeline *pipeline = NULL;
    diffusion_job *job = NULL;

    EXPECT(NULL_POINTER, diffusion_pipeline_options_create(NULL));
    EXPECT(NULL_POINTER, diffusion_request_create(NULL));
    EXPECT(NULL_POINTER, diffusion_cancel_token_create(NULL));
    EXPECT(NULL_POINTER, diffusion_runtime_info_json(NULL));
    EXPECT(NULL_POINTER, diffusion_runtime_initialize(NULL, 5));
    OK(diffusion_pipeline_options_create(&options));
    OK(diffusion_request_create(&request));
    OK(diffusion_cancel_token_create(&token));

    /* A text that is NULL but said to be long; NULL and 0 is the empty text. */
    EXPECT(NULL_POINTER, diffusion_pipeline_options_set_ort_library(options, NULL, 3));
    EXPECT(NULL_POINTER, diffusion_pipeline_options_set_provider(options, NULL, 3));
    EXPECT(NULL_POINTER, diffusion_pipeline_options_set_graph_provider(options, NULL, 4, TEXT("cpu")));
    EXPECT(NULL_POINTER, diffusion_pipeline_options_set_graph_provider(options, TEXT("unet"), NULL, 3));
    EXPECT(NULL_POINTER, diffusion_pipeline_options_set_precision(options, NULL, 3));
    EXPECT(NULL_POINTER, diffusion_pipeline_options_set_fallback(options, NULL, 3));
    EXPECT(NULL_POINTER, diffusion_runtime_try_provider(TEXT("cpu"), NULL));
    EXPECT(NULL_POINTER, diffusion_pipeline_options_set_provider_option(options, NULL, 4, TEXT("1")));
    EXPECT(NULL_POINTER, diffusion_pipeline_options_set_provider_option(options, TEXT("tf32"), NULL, 1));
    EXPECT(NULL_POINTER, diffusion_pipeline_options_set_memory(options, NULL, 3));
    OK(diffusion_pipeline_options_set_ort_library(options, NULL, 0));
    SAYS(NULL_POINTER, "prompt", diffusion_request_set_prompt(request, NULL, 3));
    EXPECT(NULL_POINTER, diffusion_request_set_prompt_cstr(request, NULL));
    EXPECT(NULL_POINTER, diffusion_request_set_negative_prompt(request, NULL, 3));
    EXPECT(NULL_POINTER, diffusion_request_set_negative_prompt_cstr(request, NULL));
    EXPECT(NULL_POINTER, diffusion_request_set_scheduler(request, NULL, 3));
    EXPECT(NULL_POINTER, diffusion_request_set_sigmas(request, NULL, 3));
    EXPECT(NULL_POINTER, diffusion_request_set_rng(request, NULL, 3));
    EXPECT(NULL_POINTER, diffusion_request_set_prompt_2(request, NULL, 3));
    EXPECT(NULL_POINTER, diffusion_request_set_negative_prompt_3(request, NULL, 3));
    EXPECT(NULL_POINTER, diffusion_request_set_syntax(request, NULL, 3));
    EXPECT(NULL_POINTER, diffusion_request_set_seed_mode(request, NULL, 3));
    EXPECT(NULL_POINTER, diffusion_request_set_safety(request, NULL, 3));
    EXPECT(NULL_POINTER, diffusion_request_set_hires_upscale(request, NULL, 3));
    SAYS(NULL_POINTER, "role", diffusion_request_set_picture(request, NULL, 4, NULL));
    EXPECT(NULL_POINTER, diffusion_request_set_class_name(request, NULL, 3));
    EXPECT(NULL_POINTER, diffusion_request_set_embedding(request, NULL, 3, NULL));
    EXPECT(NULL_POINTER, diffusion_request_set_edit(request, NULL, 3, 1.0f));
    EXPECT(NULL_POINTER, diffusion_request_set_last_stage(request, NULL, 5));
    EXPECT(NULL_POINTER, diffusion_request_set_stage_steps(request, NULL, 5, 2));
    EXPECT(NULL_POINTER, diffusion_request_set_stage_guidance(request, NULL, 5, 2.0f));
    EXPECT(NULL_POINTER, diffusion_request_set_stage_scheduler(request, NULL, 5, TEXT("ddim")));
    EXPECT(NULL_POINTER, diffusion_request_set_stage_scheduler(request, TEXT("prior"), NULL, 4));
    EXPECT(NULL_POINTER, diffusion_request_set_stage_guide_scale(request, NULL, 5, 2.0f));
    EXPECT(NULL_POINTER, diffusion_request_set_stage_candidates(request, NULL, 5, 2));
    OK(diffusion_request_set_class_name(request, NULL, 0));
    OK(diffusion_request_set_picture(request, TEXT("like"), NULL));
    OK(diffusion_request_set_embedding(request, TEXT("image_embeds"), NULL));
    OK(diffusion_request_set_stage_scheduler(request, TEXT("prior"), NULL, 0));
    OK(diffusion_request_set_prompt(request, NULL, 0));
    OK(diffusion_request_set_negative_prompt(request, NULL, 0));
    OK(diffusion_request_set_scheduler(request, NULL, 0));
    OK(diffusion_request_set_sigmas(request, NULL, 0));
    EXPECT(NULL_POINTER, diffusion_request_set_guidance_scales(request, NULL, 3));
    EXPECT(NULL_POINTER, diffusion_request_set_guidance_points(request, NULL, NULL, 3));
    EXPECT(NULL_POINTER, diffusion_request_set_custom_sigmas(request, NULL, 3));
    EXPECT(NULL_POINTER, diffusion_request_set_custom_timesteps(request, NULL, 3));
    OK(diffusion_request_set_custom_sigmas(request, NULL, 0));
    OK(diffusion_request_set_custom_timesteps(request, NULL, 0));
    OK(diffusion_request_set_prompt_2(request, NULL, 0));
    OK(diffusion_request_set_prompt_3(request, NULL, 0));
    OK(diffusion_request_set_negative_prompt_2(request, NULL, 0));
    OK(diffusion_request_set_negative_prompt_3(request, NULL, 0));
    OK(diffusion_request_set_syntax(request, NULL, 0));
    OK(diffusion_request_set_seed_mode(request, NULL, 0));
    OK(diffusion_request_set_safety(request, NULL, 0));
    OK(diffusion_request_set_init_image(request, NULL));
    OK(diffusion_request_set_mask_image(request, NULL));
    OK(diffusion_request_set_init_result(request, NULL));
    OK(diffusion_request_set_init_latents(request, NULL));
    OK(diffusion_request_set_conditioning(request, NULL));
    OK(diffusion_request_validate(request));

    EXPECT(NULL_POINTER, diffusion_pipeline_open(NULL, 3, NULL, NULL, NULL, NULL, &pipeline));
    EXPECT(NULL_POINTER, diffusion_pipeline_open_cstr(NULL, NULL, &pipeline));
    EXPECT(NULL_POINTER, diffusion_pipeline_open(TEXT(folder), options, token, NULL, NULL, NULL));
    EXPECT(NULL_POINTER, diffusion_pipeline_open_cstr(folder, NULL, NULL));
    EXPECT(NULL_POINTER, diffusion_pipeline_open_start(NULL, 3, NULL, &job));
    EXPECT(NULL_POINTER, diffusion_pipeline_open_start(TEXT(folder), NULL, NULL));
    CHECK(pipeline == NULL && job == NULL);

    diffusion_cancel_token_destroy(token);
    diffusion_request_destroy(request);
    diffusion_pipeline_options_destroy(options);
}

static void with_a_model(const char *folder)
{
    diffusion_pipeline *pipeline = open_model(folder);
    diffusion_request *request = small_request(1, 1);
    diffusion_result *result = NULL;
    const diffusion_image *image = NULL;
    diffusion_buffer *buffer = NULL;
    diffusion_job *job = NULL;
    int32_t state = -1;
    uint32_t step = 0;

    EXPECT(NULL_POINTER, diffusion_pipeline_generate(NULL, request, NULL, NULL, NULL, &result));
    EXPECT(NULL_POINTER, diffusion_pipeline_generate(pipeline, NULL, NULL, NULL, NULL, &result));
    EXPECT(NULL_POINTER, diffusion_pipeline_generate(pipeline, request, NULL, NULL, NULL, NULL));
    CHECK(result == NULL);
    SAYS(NULL_POINTER, "request", diffusion_job_start(pipeline, NULL, &job));
    EXPECT(NULL_POINTER, diffusion_job_start(NULL, request, &job));
    EXPECT(NULL_POINTER, diffusion_job_start(pipeline, request, NULL));
    CHECK(job == NULL);
    OK(diffusion_job_start(pipeline, request, &job));
    SAYS(NULL_POINTER, "state", diffusion_job_wait(job, -1, NULL)); /* and it does not wait */
    EXPECT(NULL_POINTER, diffusion_job_progress(job, NULL, &step, &step));
    EXPECT(NULL_POINTER, diffusion_job_progress(job, &state, NULL, &step));
    EXPECT(NULL_POINTER, diffusion_job_progress(job, &state, &step, NULL));
    EXPECT(NULL_POINTER, diffusion_job_preview(job, 0, NULL));
    EXPECT(NULL_POINTER, diffusion_job_take_pipeline(job, NULL));
    OK(diffusion_job_wait(job, -1, &state));
    EXPECT(NULL_POINTER, diffusion_job_take_result(job, NULL)); /* takes nothing */
    OK(diffusion_job_take_result(job, &result));
    diffusion_result_destroy(result);
    diffusion_job_destroy(job);
    result = draw(pipeline, request);
    EXPECT(NULL_POINTER, diffusion_result_image(result, 0, NULL));
    OK(diffusion_result_image(result, 0, &image));
    SAYS(NULL_POINTER, "buffer", diffusion_image_copy(image, NULL, 100, 64, 64, 192, DIFFUSION_PIXEL_FORMAT_RGB8));
    EXPECT(NULL_POINTER, diffusion_image_save(image, NULL, 3));
    EXPECT(NULL_POINTER, diffusion_image_save_cstr(image, NULL));
    EXPECT(NULL_POINTER, diffusion_image_encode(image, NULL, 3, &buffer));
    EXPECT(NULL_POINTER, diffusion_image_encode(image, TEXT("png"), NULL));
    CHECK(buffer == NULL);
    diffusion_result_destroy(result);
    diffusion_request_destroy(request);
    diffusion_pipeline_destroy(pipeline);
}

int main(int argc, char **argv)
{
    const char *folder = model_folder(argc, argv);
    handles();
    values();
    texts_and_outs(folder);
    if (getenv("UNDER_VALGRIND") == NULL) /* memory.c draws there */
        with_a_model(folder);
    return 0;
}
