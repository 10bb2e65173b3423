#ifndef DIFFUSION_H
#define DIFFUSION_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#define DIFFUSION_VERSION_MAJOR 0
#define DIFFUSION_VERSION_MINOR 1
#define DIFFUSION_VERSION_PATCH 0
#define DIFFUSION_VERSION_STRING "0.1.0"
#define DIFFUSION_VERSION_NUMBER \
    (DIFFUSION_VERSION_MAJOR * 1000000 + DIFFUSION_VERSION_MINOR * 1000 + DIFFUSION_VERSION_PATCH)
#if defined(_WIN32) && !defined(DIFFUSION_STATIC)
#define DIFFUSION_API __declspec(dllimport)
#else
#define DIFFUSION_API
#endif
enum diffusion_status
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif
 {
    DIFFUSION_STATUS_OK = 0,
    DIFFUSION_STATUS_NULL_POINTER = 1,
    DIFFUSION_STATUS_INVALID_ARGUMENT = 2,
    DIFFUSION_STATUS_INVALID_UTF8 = 3,
    DIFFUSION_STATUS_IO = 4,
    DIFFUSION_STATUS_BAD_MODEL = 5,
    DIFFUSION_STATUS_UNSUPPORTED = 6,
    DIFFUSION_STATUS_RUNTIME_MISSING = 7,
    DIFFUSION_STATUS_PROVIDER_UNAVAILABLE = 8,
    DIFFUSION_STATUS_OUT_OF_MEMORY = 9,
    DIFFUSION_STATUS_CANCELLED = 10,
    DIFFUSION_STATUS_BUSY = 11,
    DIFFUSION_STATUS_NUMERIC = 12,
    DIFFUSION_STATUS_GRAPH_FAILED = 13,
    DIFFUSION_STATUS_INTERNAL = 14,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum diffusion_status diffusion_status;
#else
typedef int32_t diffusion_status;
#endif
#endif
enum diffusion_phase
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif
 {
    DIFFUSION_PHASE_OPENING = 0,
    DIFFUSION_PHASE_ENCODING_TEXT = 1,
    DIFFUSION_PHASE_ENCODING_IMAGE = 2,
    DIFFUSION_PHASE_DENOISING = 3,
    DIFFUSION_PHASE_DECODING = 4,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum diffusion_phase diffusion_phase;
#else
typedef int32_t diffusion_phase;
#endif
#endif
enum diffusion_job_state
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif
 {
    DIFFUSION_JOB_STATE_QUEUED = 0,
    DIFFUSION_JOB_STATE_RUNNING = 1,
    DIFFUSION_JOB_STATE_FINISHED = 2,
    DIFFUSION_JOB_STATE_FAILED = 3,
    DIFFUSION_JOB_STATE_CANCELLED = 4,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum diffusion_job_state diffusion_job_state;
#else
typedef int32_t diffusion_job_state;
#endif
#endif
enum diffusion_pixel_format
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif
 {
    DIFFUSION_PIXEL_FORMAT_RGB8 = 0,
    DIFFUSION_PIXEL_FORMAT_RGBA8 = 1,
    DIFFUSION_PIXEL_FORMAT_BGRA8 = 2,
    DIFFUSION_PIXEL_FORMAT_RGBA_F32 = 3,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum diffusion_pixel_format diffusion_pixel_format;
#else
typedef int32_t diffusion_pixel_format;
#endif
#endif
enum diffusion_log_level
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif
 {
    DIFFUSION_LOG_LEVEL_OFF = 0,
    DIFFUSION_LOG_LEVEL_ERROR = 1,
    DIFFUSION_LOG_LEVEL_WARN = 2,
    DIFFUSION_LOG_LEVEL_INFO = 3,
    DIFFUSION_LOG_LEVEL_DEBUG = 4,
    DIFFUSION_LOG_LEVEL_TRACE = 5,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum diffusion_log_level diffusion_log_level;
#else
typedef int32_t diffusion_log_level;
#endif
#endif
typedef struct diffusion_buffer diffusion_buffer;
typedef struct diffusion_cancel_token diffusion_cancel_token;
typedef struct diffusion_conditioning diffusion_conditioning;
typedef struct diffusion_embedding diffusion_embedding;
typedef struct diffusion_image diffusion_image;
typedef struct diffusion_job diffusion_job;
typedef struct diffusion_model_files diffusion_model_files;
typedef struct diffusion_pipeline diffusion_pipeline;
typedef struct diffusion_pipeline_options diffusion_pipeline_options;
typedef struct diffusion_request diffusion_request;
typedef struct diffusion_result diffusion_result;
typedef struct diffusion_stepper diffusion_stepper;
typedef void (*diffusion_log_callback)(int32_t level, const char *target, const char *message, void *user_data);
typedef void (*diffusion_finalizer)(void *user_data);
typedef struct diffusion_progress {
    uint32_t struct_size;
    int32_t phase;
    uint32_t step;
    uint32_t steps;
    const struct diffusion_image *preview;
    uint32_t preview_index;
} diffusion_progress;
typedef int32_t (*diffusion_progress_callback)(const struct diffusion_progress *progress, void *user_data);
typedef void (*diffusion_release_callback)(void *user_data);
#ifdef __cplusplus
extern "C" {
#endif
DIFFUSION_API const char *diffusion_status_name(int32_t status);
DIFFUSION_API const char *diffusion_last_error_message(void);
DIFFUSION_API diffusion_status diffusion_last_error_status(void);
DIFFUSION_API uint32_t diffusion_version_number(void);
DIFFUSION_API const char *diffusion_version_string(void);
DIFFUSION_API diffusion_status diffusion_runtime_initialize(const char *library, size_t library_length);
DIFFUSION_API
diffusion_status diffusion_runtime_use_api_base(const void *api_base);
DIFFUSION_API diffusion_status diffusion_runtime_info_json(const char **json);
DIFFUSION_API
diffusion_status diffusion_runtime_try_provider(const char *provider,
                                                size_t provider_length,
                                                const char **works_as);
DIFFUSION_API const char *diffusion_runtime_version(void);
DIFFUSION_API const char *diffusion_runtime_library(void);
DIFFUSION_API const char *diffusion_runtime_provider(int64_t index);
DIFFUSION_API const char *diffusion_scheduler_name(int64_t index);
DIFFUSION_API const char *diffusion_sigma_schedule_name(int64_t index);
DIFFUSION_API const char *diffusion_rng_name(int64_t index);
DIFFUSION_API const char *diffusion_seed_mode_name(int64_t index);
DIFFUSION_API const char *diffusion_prompt_syntax_name(int64_t index);
DIFFUSION_API const char *diffusion_provider_name(int64_t index);
DIFFUSION_API const char *diffusion_precision_name(int64_t index);
DIFFUSION_API const char *diffusion_fallback_name(int64_t index);
DIFFUSION_API const char *diffusion_memory_mode_name(int64_t index);
DIFFUSION_API const char *diffusion_seamless_name(int64_t index);
DIFFUSION_API const char *diffusion_tiling_name(int64_t index);
DIFFUSION_API const char *diffusion_safety_name(int64_t index);
DIFFUSION_API const char *diffusion_preview_mode_name(int64_t index);
DIFFUSION_API const char *diffusion_upscale_name(int64_t index);
DIFFUSION_API
diffusion_status diffusion_set_log_callback(diffusion_log_callback callback,
                                            int32_t level,
                                            void *user_data,
                                            diffusion_finalizer finalizer);
DIFFUSION_API diffusion_status diffusion_cancel_token_create(struct diffusion_cancel_token **token);
DIFFUSION_API diffusion_status diffusion_cancel_token_cancel(const struct diffusion_cancel_token *token);
DIFFUSION_API diffusion_status diffusion_cancel_token_reset(const struct diffusion_cancel_token *token);
DIFFUSION_API bool diffusion_cancel_token_is_cancelled(const struct diffusion_cancel_token *token);
DIFFUSION_API void diffusion_cancel_token_destroy(struct diffusion_cancel_token *token);
DIFFUSION_API const char *diffusion_phase_name(int32_t phase);
DIFFUSION_API diffusion_status diffusion_pipeline_options_create(struct diffusion_pipeline_options **options);
DIFFUSION_API void diffusion_pipeline_options_destroy(struct diffusion_pipeline_options *options);
DIFFUSION_API
diffusion_status diffusion_pipeline_options_set_ort_library(struct diffusion_pipeline_options *options,
                                                            const char *library,
                                                            size_t library_length);
DIFFUSION_API
diffusion_status diffusion_pipeline_options_set_provider(struct diffusion_pipeline_options *options,
                                                         const char *provider,
                                                         size_t provider_length);
DIFFUSION_API
diffusion_status diffusion_pipeline_options_set_graph_provider(struct diffusion_pipeline_options *options,
                                                               const char *role,
                                                               size_t role_length,
                                                               const char *provider,
                                                               size_t provider_length);
DIFFUSION_API
diffusion_status diffusion_pipeline_options_set_precision(struct diffusion_pipeline_options *options,
                                                          const char *precision,
                                                          size_t precision_length);
DIFFUSION_API
diffusion_status diffusion_pipeline_options_set_fallback(struct diffusion_pipeline_options *options,
                                                         const char *fallback,
                                                         size_t fallback_length);
DIFFUSION_API
diffusion_status diffusion_pipeline_options_set_provider_option(struct diffusion_pipeline_options *options,
                                                                const char *key,
                                                                size_t key_length,
                                                                const char *value,
                                                                size_t value_length);
DIFFUSION_API
diffusion_status diffusion_pipeline_options_set_device_id(struct diffusion_pipeline_options *options,
                                                          int64_t device_id);
DIFFUSION_API
diffusion_status diffusion_pipeline_options_set_threads(struct diffusion_pipeline_options *options,
                                                        int64_t threads);
DIFFUSION_API
diffusion_status diffusion_pipeline_options_set_memory(struct diffusion_pipeline_options *options,
                                                       const char *mode,
                                                       size_t mode_length);
DIFFUSION_API
diffusion_status diffusion_pipeline_options_set_job_queue(struct diffusion_pipeline_options *options,
                                                          int64_t jobs);
DIFFUSION_API
diffusion_status diffusion_pipeline_options_set_preparation(struct diffusion_pipeline_options *options,
                                                            int32_t preparation);
DIFFUSION_API
diffusion_status diffusion_pipeline_options_set_cache_dir(struct diffusion_pipeline_options *options,
                                                          const char *folder,
                                                          size_t folder_length);
DIFFUSION_API
diffusion_status diffusion_pipeline_options_add_embedding(struct diffusion_pipeline_options *options,
                                                          const char *file,
                                                          size_t file_length,
                                                          const char *token,
                                                          size_t token_length);
DIFFUSION_API
diffusion_status diffusion_pipeline_options_add_condition_graph(struct diffusion_pipeline_options *options,
                                                                const char *graph,
                                                                size_t graph_length);
DIFFUSION_API
diffusion_status diffusion_pipeline_options_use_user_cache(struct diffusion_pipeline_options *options);
DIFFUSION_API
diffusion_status diffusion_pipeline_options_set_cache_limit(struct diffusion_pipeline_options *options,
                                                            uint64_t bytes);
DIFFUSION_API
diffusion_status diffusion_pipeline_open(const char *folder,
                                         size_t folder_length,
                                         const struct diffusion_pipeline_options *options,
                                         const struct diffusion_cancel_token *cancel,
                                         diffusion_progress_callback progress,
                                         void *user_data,
                                         struct diffusion_pipeline **pipeline);
DIFFUSION_API
diffusion_status diffusion_pipeline_open_cstr(const char *folder,
                                              const struct diffusion_pipeline_options *options,
                                              struct diffusion_pipeline **pipeline);
DIFFUSION_API
void diffusion_pipeline_destroy(struct diffusion_pipeline *pipeline);
DIFFUSION_API
const char *diffusion_pipeline_info_json(const struct diffusion_pipeline *pipeline);
DIFFUSION_API const char *diffusion_pipeline_family(const struct diffusion_pipeline *pipeline);
DIFFUSION_API const char *diffusion_pipeline_layout(const struct diffusion_pipeline *pipeline);
DIFFUSION_API uint32_t diffusion_pipeline_default_width(const struct diffusion_pipeline *pipeline);
DIFFUSION_API uint32_t diffusion_pipeline_default_height(const struct diffusion_pipeline *pipeline);
DIFFUSION_API uint32_t diffusion_pipeline_default_steps(const struct diffusion_pipeline *pipeline);
DIFFUSION_API float diffusion_pipeline_default_guidance(const struct diffusion_pipeline *pipeline);
DIFFUSION_API const char *diffusion_pipeline_default_scheduler(const struct diffusion_pipeline *pipeline);
DIFFUSION_API uint32_t diffusion_pipeline_size_multiple(const struct diffusion_pipeline *pipeline);
DIFFUSION_API double diffusion_pipeline_open_milliseconds(const struct diffusion_pipeline *pipeline);
DIFFUSION_API uint32_t diffusion_pipeline_graph_count(const struct diffusion_pipeline *pipeline);
DIFFUSION_API const char *diffusion_pipeline_graph_role(const struct diffusion_pipeline *pipeline, int64_t index);
DIFFUSION_API const char *diffusion_pipeline_graph_path(const struct diffusion_pipeline *pipeline, int64_t index);
DIFFUSION_API const char *diffusion_pipeline_graph_provider(const struct diffusion_pipeline *pipeline, int64_t index);
DIFFUSION_API
const char *diffusion_pipeline_graph_nodes_json(const struct diffusion_pipeline *pipeline,
                                                int64_t index);
DIFFUSION_API
const char *diffusion_pipeline_condition_role(const struct diffusion_pipeline *pipeline,
                                              int64_t index);
DIFFUSION_API
const char *diffusion_pipeline_condition_description(const struct diffusion_pipeline *pipeline,
                                                     int64_t index);
DIFFUSION_API uint32_t diffusion_pipeline_max_boxes(const struct diffusion_pipeline *pipeline);
DIFFUSION_API const char *diffusion_pipeline_note(const struct diffusion_pipeline *pipeline, int64_t index);
DIFFUSION_API
diffusion_status diffusion_estimate_memory(const char *folder,
                                           size_t folder_length,
                                           const struct diffusion_pipeline_options *options,
                                           uint64_t *opening_bytes,
                                           uint64_t *open_bytes);
DIFFUSION_API
uint32_t diffusion_pipeline_stage_count(const struct diffusion_pipeline *pipeline);
DIFFUSION_API const char *diffusion_pipeline_stage_name(const struct diffusion_pipeline *pipeline, int64_t index);
DIFFUSION_API
const char *diffusion_pipeline_stage_scheduler(const struct diffusion_pipeline *pipeline,
                                               int64_t index);
DIFFUSION_API uint32_t diffusion_pipeline_stage_steps(const struct diffusion_pipeline *pipeline, int64_t index);
DIFFUSION_API float diffusion_pipeline_stage_guidance(const struct diffusion_pipeline *pipeline, int64_t index);
DIFFUSION_API const char *diffusion_pipeline_picture_role(const struct diffusion_pipeline *pipeline, int64_t index);
DIFFUSION_API uint32_t diffusion_pipeline_class_count(const struct diffusion_pipeline *pipeline);
DIFFUSION_API const char *diffusion_pipeline_class_name(const struct diffusion_pipeline *pipeline, int64_t index);
DIFFUSION_API const char *diffusion_pipeline_embedding_name(const struct diffusion_pipeline *pipeline, int64_t index);
DIFFUSION_API const char *diffusion_pipeline_attribute(const struct diffusion_pipeline *pipeline, int64_t index);
DIFFUSION_API diffusion_status diffusion_request_create(struct diffusion_request **request);
DIFFUSION_API void diffusion_request_destroy(struct diffusion_request *request);
DIFFUSION_API diffusion_status diffusion_request_reset(struct diffusion_request *request);
DIFFUSION_API diffusion_status diffusion_request_validate(const struct diffusion_request *request);
DIFFUSION_API
diffusion_status diffusion_request_set_class(struct diffusion_request *request,
                                             int64_t label);
DIFFUSION_API
diffusion_status diffusion_request_set_class_name(struct diffusion_request *request,
                                                  const char *label,
                                                  size_t label_length);
DIFFUSION_API
diffusion_status diffusion_request_set_embedding(struct diffusion_request *request,
                                                 const char *value,
                                                 size_t value_length,
                                                 const struct diffusion_embedding *embedding);
DIFFUSION_API
diffusion_status diffusion_request_set_edit(struct diffusion_request *request,
                                            const char *attribute,
                                            size_t attribute_length,
                                            float amount);
DIFFUSION_API
diffusion_status diffusion_request_set_last_stage(struct diffusion_request *request,
                                                  const char *stage_name,
                                                  size_t stage_length);
DIFFUSION_API
diffusion_status diffusion_request_set_stage_steps(struct diffusion_request *request,
                                                   const char *stage_name,
                                                   size_t stage_length,
                                                   int64_t steps);
DIFFUSION_API
diffusion_status diffusion_request_set_stage_guidance(struct diffusion_request *request,
                                                      const char *stage_name,
                                                      size_t stage_length,
                                                      float guidance);
DIFFUSION_API
diffusion_status diffusion_request_set_stage_scheduler(struct diffusion_request *request,
                                                       const char *stage_name,
                                                       size_t stage_length,
                                                       const char *scheduler,
                                                       size_t scheduler_length);
DIFFUSION_API
diffusion_status diffusion_request_set_stage_guide_scale(struct diffusion_request *request,
                                                         const char *stage_name,
                                                         size_t stage_length,
                                                         float scale);
DIFFUSION_API
diffusion_status diffusion_request_set_stage_candidates(struct diffusion_request *request,
                                                        const char *stage_name,
                                                        size_t stage_length,
                                                        int64_t count);
DIFFUSION_API
diffusion_status diffusion_request_add_condition_picture(struct diffusion_request *request,
                                                         const char *role,
                                                         size_t role_length,
                                                         const struct diffusion_image *image,
                                                         float scale,
                                                         float start,
                                                         float end);
DIFFUSION_API
diffusion_status diffusion_request_set_picture(struct diffusion_request *request,
                                               const char *role,
                                               size_t role_length,
                                               const struct diffusion_image *image);
DIFFUSION_API diffusion_status diffusion_request_clear_condition_pictures(struct diffusion_request *request);
DIFFUSION_API
diffusion_status diffusion_request_set_guess_mode(struct diffusion_request *request,
                                                  int32_t guess_mode);
DIFFUSION_API
diffusion_status diffusion_request_add_box(struct diffusion_request *request,
                                           const char *phrase,
                                           size_t phrase_length,
                                           float left,
                                           float top,
                                           float right,
                                           float bottom);
DIFFUSION_API diffusion_status diffusion_request_clear_boxes(struct diffusion_request *request);
DIFFUSION_API
diffusion_status diffusion_request_set_boxes_until(struct diffusion_request *request,
                                                   float until);
DIFFUSION_API diffusion_status diffusion_request_clear_guidance_rules(struct diffusion_request *request);
DIFFUSION_API
diffusion_status diffusion_request_set_guidance_rescale(struct diffusion_request *request,
                                                        float rescale);
DIFFUSION_API
diffusion_status diffusion_request_set_guidance_interval(struct diffusion_request *request,
                                                         float from,
                                                         float to);
DIFFUSION_API
diffusion_status diffusion_request_set_guidance_scales(struct diffusion_request *request,
                                                       const float *scales,
                                                       size_t count);
DIFFUSION_API
diffusion_status diffusion_request_set_guidance_points(struct diffusion_request *request,
                                                       const float *places,
                                                       const float *scales,
                                                       size_t count);
DIFFUSION_API
diffusion_status diffusion_request_set_guidance_plus_plus(struct diffusion_request *request,
                                                          float lambda);
DIFFUSION_API
diffusion_status diffusion_request_set_guidance_projection(struct diffusion_request *request,
                                                           float eta,
                                                           float threshold,
                                                           float momentum);
DIFFUSION_API
diffusion_status diffusion_request_set_guidance_threshold(struct diffusion_request *request,
                                                          float percentile,
                                                          float limit);
DIFFUSION_API
diffusion_status diffusion_request_set_guidance_mimic_scale(struct diffusion_request *request,
                                                            float percentile,
                                                            float scale);
DIFFUSION_API
diffusion_status diffusion_request_set_guidance_zero_star(struct diffusion_request *request,
                                                          int64_t zero_steps);
DIFFUSION_API
diffusion_status diffusion_request_set_reuse(struct diffusion_request *request,
                                             float threshold,
                                             int64_t first_steps,
                                             int64_t last_steps);
DIFFUSION_API
diffusion_status diffusion_request_set_negative_schedule(struct diffusion_request *request,
                                                         int64_t every,
                                                         float until);
DIFFUSION_API
diffusion_status diffusion_request_set_hires_scale(struct diffusion_request *request,
                                                   float scale);
DIFFUSION_API
diffusion_status diffusion_request_set_hires_size(struct diffusion_request *request,
                                                  int64_t width,
                                                  int64_t height);
DIFFUSION_API diffusion_status diffusion_request_set_hires_steps(struct diffusion_request *request, int64_t steps);
DIFFUSION_API
diffusion_status diffusion_request_set_hires_strength(struct diffusion_request *request,
                                                      float strength);
DIFFUSION_API
diffusion_status diffusion_request_set_hires_upscale(struct diffusion_request *request,
                                                     const char *upscale,
                                                     size_t upscale_length);
DIFFUSION_API
diffusion_status diffusion_request_set_previews(struct diffusion_request *request,
                                                const char *mode,
                                                size_t mode_length,
                                                int64_t interval);
DIFFUSION_API
diffusion_status diffusion_request_set_prompt(struct diffusion_request *request,
                                              const char *prompt,
                                              size_t prompt_length);
DIFFUSION_API
diffusion_status diffusion_request_set_conditioning(struct diffusion_request *request,
                                                    const struct diffusion_conditioning *conditioning);
DIFFUSION_API
diffusion_status diffusion_request_set_prompt_cstr(struct diffusion_request *request,
                                                   const char *prompt);
DIFFUSION_API
diffusion_status diffusion_request_set_prompt_2(struct diffusion_request *request,
                                                const char *prompt,
                                                size_t prompt_length);
DIFFUSION_API
diffusion_status diffusion_request_set_prompt_3(struct diffusion_request *request,
                                                const char *prompt,
                                                size_t prompt_length);
DIFFUSION_API
diffusion_status diffusion_request_set_negative_prompt(struct diffusion_request *request,
                                                       const char *prompt,
                                                       size_t prompt_length);
DIFFUSION_API
diffusion_status diffusion_request_set_negative_prompt_cstr(struct diffusion_request *request,
                                                            const char *prompt);
DIFFUSION_API
diffusion_status diffusion_request_set_negative_prompt_2(struct diffusion_request *request,
                                                         const char *prompt,
                                                         size_t prompt_length);
DIFFUSION_API
diffusion_status diffusion_request_set_negative_prompt_3(struct diffusion_request *request,
                                                         const char *prompt,
                                                         size_t prompt_length);
DIFFUSION_API
diffusion_status diffusion_request_set_syntax(struct diffusion_request *request,
                                              const char *syntax,
                                              size_t syntax_length);
DIFFUSION_API diffusion_status diffusion_request_set_clip_skip(struct diffusion_request *request, int64_t layers);
DIFFUSION_API diffusion_status diffusion_request_set_max_tokens(struct diffusion_request *request, int64_t tokens);
DIFFUSION_API
diffusion_status diffusion_request_set_safety(struct diffusion_request *request,
                                              const char *safety,
                                              size_t safety_length);
DIFFUSION_API diffusion_status diffusion_request_set_steps(struct diffusion_request *request, int64_t steps);
DIFFUSION_API diffusion_status diffusion_request_set_guidance(struct diffusion_request *request, float guidance);
DIFFUSION_API
diffusion_status diffusion_request_set_image_guidance(struct diffusion_request *request,
                                                      float guidance);
DIFFUSION_API
diffusion_status diffusion_request_set_true_guidance(struct diffusion_request *request,
                                                     float guidance);
DIFFUSION_API diffusion_status diffusion_request_set_noise_level(struct diffusion_request *request, int64_t level);
DIFFUSION_API
diffusion_status diffusion_request_set_scheduler(struct diffusion_request *request,
                                                 const char *scheduler,
                                                 size_t scheduler_length);
DIFFUSION_API
diffusion_status diffusion_request_set_sigmas(struct diffusion_request *request,
                                              const char *sigmas,
                                              size_t sigmas_length);
DIFFUSION_API
diffusion_status diffusion_request_set_custom_sigmas(struct diffusion_request *request,
                                                     const double *sigmas,
                                                     size_t count);
DIFFUSION_API
diffusion_status diffusion_request_set_custom_timesteps(struct diffusion_request *request,
                                                        const double *timesteps,
                                                        size_t count);
DIFFUSION_API diffusion_status diffusion_request_set_eta(struct diffusion_request *request, float eta);
DIFFUSION_API
diffusion_status diffusion_request_set_denoising_end(struct diffusion_request *request,
                                                     float part);
DIFFUSION_API diffusion_status diffusion_request_set_denoising_start(struct diffusion_request *request, float part);
DIFFUSION_API
diffusion_status diffusion_request_set_seamless(struct diffusion_request *request,
                                                const char *seamless,
                                                size_t seamless_length);
DIFFUSION_API
diffusion_status diffusion_request_set_seed(struct diffusion_request *request,
                                            uint64_t seed);
DIFFUSION_API
diffusion_status diffusion_request_set_rng(struct diffusion_request *request,
                                           const char *rng,
                                           size_t rng_length);
DIFFUSION_API
diffusion_status diffusion_request_set_seed_mode(struct diffusion_request *request,
                                                 const char *mode,
                                                 size_t mode_length);
DIFFUSION_API
diffusion_status diffusion_request_set_variation(struct diffusion_request *request,
                                                 uint64_t seed,
                                                 float strength);
DIFFUSION_API
diffusion_status diffusion_request_set_original_size(struct diffusion_request *request,
                                                     int64_t width,
                                                     int64_t height);
DIFFUSION_API
diffusion_status diffusion_request_set_crop(struct diffusion_request *request,
                                            int64_t left,
                                            int64_t top);
DIFFUSION_API
diffusion_status diffusion_request_set_target_size(struct diffusion_request *request,
                                                   int64_t width,
                                                   int64_t height);
DIFFUSION_API
diffusion_status diffusion_request_set_negative_original_size(struct diffusion_request *request,
                                                              int64_t width,
                                                              int64_t height);
DIFFUSION_API
diffusion_status diffusion_request_set_negative_crop(struct diffusion_request *request,
                                                     int64_t left,
                                                     int64_t top);
DIFFUSION_API
diffusion_status diffusion_request_set_negative_target_size(struct diffusion_request *request,
                                                            int64_t width,
                                                            int64_t height);
DIFFUSION_API diffusion_status diffusion_request_set_aesthetic_score(struct diffusion_request *request, float score);
DIFFUSION_API
diffusion_status diffusion_request_set_negative_aesthetic_score(struct diffusion_request *request,
                                                                float score);
DIFFUSION_API diffusion_status diffusion_request_set_width(struct diffusion_request *request, int64_t width);
DIFFUSION_API diffusion_status diffusion_request_set_height(struct diffusion_request *request, int64_t height);
DIFFUSION_API diffusion_status diffusion_request_set_count(struct diffusion_request *request, int64_t count);
DIFFUSION_API diffusion_status diffusion_request_set_format(struct diffusion_request *request, int32_t format);
DIFFUSION_API
diffusion_status diffusion_request_set_init_image(struct diffusion_request *request,
                                                  const struct diffusion_image *image);
DIFFUSION_API
diffusion_status diffusion_request_set_init_latents(struct diffusion_request *request,
                                                    const struct diffusion_embedding *latents);
DIFFUSION_API
diffusion_status diffusion_request_set_mask_image(struct diffusion_request *request,
                                                  const struct diffusion_image *image);
DIFFUSION_API diffusion_status diffusion_request_set_strength(struct diffusion_request *request, float strength);
DIFFUSION_API diffusion_status diffusion_request_set_mask_blur(struct diffusion_request *request, float pixels);
DIFFUSION_API
diffusion_status diffusion_request_set_mask_padding(struct diffusion_request *request,
                                                    int64_t pixels);
DIFFUSION_API
diffusion_status diffusion_request_set_paste_back(struct diffusion_request *request,
                                                  int32_t paste_back);
DIFFUSION_API
diffusion_status diffusion_request_set_init_result(struct diffusion_request *request,
                                                   const struct diffusion_result *result);
DIFFUSION_API
diffusion_status diffusion_request_set_tiling(struct diffusion_request *request,
                                              const char *tiling,
                                              size_t tiling_length);
DIFFUSION_API
diffusion_status diffusion_pipeline_generate(const struct diffusion_pipeline *pipeline,
                                             const struct diffusion_request *request,
                                             const struct diffusion_cancel_token *cancel,
                                             diffusion_progress_callback progress,
                                             void *user_data,
                                             struct diffusion_result **result);
DIFFUSION_API const char *diffusion_job_state_name(int32_t state);
DIFFUSION_API
diffusion_status diffusion_job_start(const struct diffusion_pipeline *pipeline,
                                     const struct diffusion_request *request,
                                     struct diffusion_job **job);
DIFFUSION_API
diffusion_status diffusion_pipeline_open_start(const char *folder,
                                               size_t folder_length,
                                               const struct diffusion_pipeline_options *options,
                                               struct diffusion_job **job);
DIFFUSION_API int32_t diffusion_job_poll(const struct diffusion_job *job);
DIFFUSION_API
diffusion_status diffusion_job_wait(const struct diffusion_job *job,
                                    int64_t timeout_milliseconds,
                                    int32_t *state);
DIFFUSION_API
diffusion_status diffusion_job_cancel(const struct diffusion_job *job);
DIFFUSION_API
diffusion_status diffusion_job_take_result(const struct diffusion_job *job,
                                           struct diffusion_result **result);
DIFFUSION_API
diffusion_status diffusion_job_take_pipeline(const struct diffusion_job *job,
                                             struct diffusion_pipeline **pipeline);
DIFFUSION_API const char *diffusion_job_error_message(const struct diffusion_job *job);
DIFFUSION_API
void diffusion_job_destroy(struct diffusion_job *job);
DIFFUSION_API uint32_t diffusion_job_queue_position(const struct diffusion_job *job);
DIFFUSION_API
diffusion_status diffusion_job_progress(const struct diffusion_job *job,
                                        int32_t *phase,
                                        uint32_t *step,
                                        uint32_t *step_count);
DIFFUSION_API int32_t diffusion_job_phase(const struct diffusion_job *job);
DIFFUSION_API uint32_t diffusion_job_step(const struct diffusion_job *job);
DIFFUSION_API uint32_t diffusion_job_step_count(const struct diffusion_job *job);
DIFFUSION_API double diffusion_job_elapsed_milliseconds(const struct diffusion_job *job);
DIFFUSION_API uint64_t diffusion_job_preview_number(const struct diffusion_job *job);
DIFFUSION_API
diffusion_status diffusion_job_preview(const struct diffusion_job *job,
                                       int64_t index,
                                       struct diffusion_image **image);
DIFFUSION_API diffusion_status diffusion_model_files_create(struct diffusion_model_files **files);
DIFFUSION_API
diffusion_status diffusion_model_files_add_copy(struct diffusion_model_files *files,
                                                const char *name,
                                                size_t name_length,
                                                const uint8_t *bytes,
                                                size_t byte_count);
DIFFUSION_API
diffusion_status diffusion_model_files_add_borrowed(struct diffusion_model_files *files,
                                                    const char *name,
                                                    size_t name_length,
                                                    const uint8_t *bytes,
                                                    size_t byte_count,
                                                    diffusion_release_callback release,
                                                    void *user_data);
DIFFUSION_API
void diffusion_model_files_destroy(struct diffusion_model_files *files);
DIFFUSION_API
diffusion_status diffusion_pipeline_open_files(const struct diffusion_model_files *files,
                                               const struct diffusion_pipeline_options *options,
                                               const struct diffusion_cancel_token *cancel,
                                               diffusion_progress_callback progress,
                                               void *user_data,
                                               struct diffusion_pipeline **pipeline);
DIFFUSION_API
diffusion_status diffusion_pipeline_open_files_start(const struct diffusion_model_files *files,
                                                     const struct diffusion_pipeline_options *options,
                                                     struct diffusion_job **job);
DIFFUSION_API void diffusion_result_destroy(struct diffusion_result *result);
DIFFUSION_API uint32_t diffusion_result_count(const struct diffusion_result *result);
DIFFUSION_API
diffusion_status diffusion_result_image(const struct diffusion_result *result,
                                        int64_t index,
                                        const struct diffusion_image **image);
DIFFUSION_API int32_t diffusion_result_flagged(const struct diffusion_result *result, int64_t index);
DIFFUSION_API
uint64_t diffusion_result_seed(const struct diffusion_result *result);
DIFFUSION_API uint64_t diffusion_result_image_seed(const struct diffusion_result *result, int64_t index);
DIFFUSION_API const char *diffusion_result_settings_json(const struct diffusion_result *result);
DIFFUSION_API uint32_t diffusion_result_warning_count(const struct diffusion_result *result);
DIFFUSION_API const char *diffusion_result_warning(const struct diffusion_result *result, int64_t index);
DIFFUSION_API const char *diffusion_result_timings_json(const struct diffusion_result *result);
DIFFUSION_API double diffusion_result_text_milliseconds(const struct diffusion_result *result);
DIFFUSION_API double diffusion_result_encode_milliseconds(const struct diffusion_result *result);
DIFFUSION_API uint32_t diffusion_result_step_count(const struct diffusion_result *result);
DIFFUSION_API double diffusion_result_step_milliseconds(const struct diffusion_result *result, int64_t index);
DIFFUSION_API double diffusion_result_decode_milliseconds(const struct diffusion_result *result);
DIFFUSION_API uint32_t diffusion_result_skipped_calls(const struct diffusion_result *result);
DIFFUSION_API uint32_t diffusion_result_skipped_negatives(const struct diffusion_result *result);
DIFFUSION_API double diffusion_result_total_milliseconds(const struct diffusion_result *result);
DIFFUSION_API uint32_t diffusion_image_width(const struct diffusion_image *image);
DIFFUSION_API uint32_t diffusion_image_height(const struct diffusion_image *image);
DIFFUSION_API size_t diffusion_image_stride(const struct diffusion_image *image);
DIFFUSION_API size_t diffusion_image_byte_length(const struct diffusion_image *image);
DIFFUSION_API int32_t diffusion_image_format(const struct diffusion_image *image);
DIFFUSION_API const uint8_t *diffusion_image_pixels(const struct diffusion_image *image);
DIFFUSION_API const char *diffusion_image_settings_json(const struct diffusion_image *image);
DIFFUSION_API
diffusion_status diffusion_image_copy(const struct diffusion_image *image,
                                      void *buffer,
                                      size_t size,
                                      int64_t width,
                                      int64_t height,
                                      int64_t stride,
                                      int32_t format);
DIFFUSION_API
diffusion_status diffusion_image_save(const struct diffusion_image *image,
                                      const char *file,
                                      size_t file_length);
DIFFUSION_API diffusion_status diffusion_image_save_cstr(const struct diffusion_image *image, const char *file);
DIFFUSION_API
diffusion_status diffusion_image_encode(const struct diffusion_image *image,
                                        const char *format,
                                        size_t format_length,
                                        struct diffusion_buffer **buffer);
DIFFUSION_API
diffusion_status diffusion_image_create(const void *pixels,
                                        size_t size,
                                        int64_t width,
                                        int64_t height,
                                        int64_t stride,
                                        int32_t format,
                                        struct diffusion_image **image);
DIFFUSION_API
diffusion_status diffusion_image_open(const char *file,
                                      size_t file_length,
                                      struct diffusion_image **image);
DIFFUSION_API diffusion_status diffusion_image_open_cstr(const char *file, struct diffusion_image **image);
DIFFUSION_API diffusion_status diffusion_image_decode(const void *bytes, size_t size, struct diffusion_image **image);
DIFFUSION_API
diffusion_status diffusion_image_extend(const struct diffusion_image *image,
                                        int64_t left,
                                        int64_t right,
                                        int64_t top,
                                        int64_t bottom,
                                        struct diffusion_image **picture,
                                        struct diffusion_image **mask);
DIFFUSION_API
void diffusion_image_destroy(struct diffusion_image *image);
DIFFUSION_API const uint8_t *diffusion_buffer_data(const struct diffusion_buffer *buffer);
DIFFUSION_API size_t diffusion_buffer_size(const struct diffusion_buffer *buffer);
DIFFUSION_API void diffusion_buffer_destroy(struct diffusion_buffer *buffer);
DIFFUSION_API
diffusion_status diffusion_pipeline_embed(const struct diffusion_pipeline *pipeline,
                                          const struct diffusion_request *request,
                                          const char *value_name,
                                          size_t value_length,
                                          const struct diffusion_cancel_token *cancel,
                                          diffusion_progress_callback progress,
                                          void *user_data,
                                          struct diffusion_embedding **embedding);
DIFFUSION_API
diffusion_status diffusion_embedding_create(const float *values,
                                            size_t count,
                                            const int64_t *shape,
                                            size_t rank,
                                            struct diffusion_embedding **embedding);
DIFFUSION_API void diffusion_embedding_destroy(struct diffusion_embedding *embedding);
DIFFUSION_API const float *diffusion_embedding_values(const struct diffusion_embedding *embedding);
DIFFUSION_API size_t diffusion_embedding_count(const struct diffusion_embedding *embedding);
DIFFUSION_API size_t diffusion_embedding_rank(const struct diffusion_embedding *embedding);
DIFFUSION_API const int64_t *diffusion_embedding_shape(const struct diffusion_embedding *embedding);
DIFFUSION_API
diffusion_status diffusion_embedding_lerp(const struct diffusion_embedding *from,
                                          const struct diffusion_embedding *to,
                                          float at,
                                          struct diffusion_embedding **embedding);
DIFFUSION_API
diffusion_status diffusion_embedding_slerp(const struct diffusion_embedding *from,
                                           const struct diffusion_embedding *to,
                                           float at,
                                           struct diffusion_embedding **embedding);
DIFFUSION_API
diffusion_status diffusion_embedding_weighted_sum(const struct diffusion_embedding *one,
                                                  float weight_one,
                                                  const struct diffusion_embedding *other,
                                                  float weight_other,
                                                  struct diffusion_embedding **embedding);
DIFFUSION_API
diffusion_status diffusion_embedding_difference(const struct diffusion_embedding *before,
                                                const struct diffusion_embedding *after,
                                                struct diffusion_embedding **embedding);
DIFFUSION_API
diffusion_status diffusion_embedding_turn(const struct diffusion_embedding *picture,
                                          const struct diffusion_embedding *difference,
                                          float at,
                                          struct diffusion_embedding **embedding);
DIFFUSION_API
diffusion_status diffusion_pipeline_encode_image(const struct diffusion_pipeline *pipeline,
                                                 const struct diffusion_image *image,
                                                 const struct diffusion_cancel_token *cancel,
                                                 struct diffusion_embedding **latents);
DIFFUSION_API
diffusion_status diffusion_pipeline_decode_latents(const struct diffusion_pipeline *pipeline,
                                                   const struct diffusion_embedding *latents,
                                                   int64_t index,
                                                   int32_t format,
                                                   const struct diffusion_cancel_token *cancel,
                                                   struct diffusion_image **image);
DIFFUSION_API
diffusion_status diffusion_result_latents(const struct diffusion_result *result,
                                          struct diffusion_embedding **latents);
DIFFUSION_API
diffusion_status diffusion_pipeline_encode_prompt(const struct diffusion_pipeline *pipeline,
                                                  const struct diffusion_request *request,
                                                  const struct diffusion_cancel_token *cancel,
                                                  diffusion_progress_callback progress,
                                                  void *user_data,
                                                  struct diffusion_conditioning **conditioning);
DIFFUSION_API void diffusion_conditioning_destroy(struct diffusion_conditioning *conditioning);
DIFFUSION_API uint32_t diffusion_conditioning_count(const struct diffusion_conditioning *conditioning);
DIFFUSION_API
const char *diffusion_conditioning_encoder(const struct diffusion_conditioning *conditioning,
                                           int64_t index);
DIFFUSION_API
const char *diffusion_conditioning_text(const struct diffusion_conditioning *conditioning,
                                        int64_t index);
DIFFUSION_API
int32_t diffusion_conditioning_is_negative(const struct diffusion_conditioning *conditioning,
                                           int64_t index);
DIFFUSION_API
diffusion_status diffusion_conditioning_states(const struct diffusion_conditioning *conditioning,
                                               int64_t index,
                                               struct diffusion_embedding **states);
DIFFUSION_API
diffusion_status diffusion_conditioning_pooled(const struct diffusion_conditioning *conditioning,
                                               int64_t index,
                                               struct diffusion_embedding **pooled);
DIFFUSION_API
diffusion_status diffusion_conditioning_with_states(const struct diffusion_conditioning *conditioning,
                                                    int64_t index,
                                                    const struct diffusion_embedding *states,
                                                    const struct diffusion_embedding *pooled,
                                                    struct diffusion_conditioning **changed);
DIFFUSION_API
diffusion_status diffusion_stepper_begin(const struct diffusion_pipeline *pipeline,
                                         const struct diffusion_request *request,
                                         const struct diffusion_cancel_token *cancel,
                                         diffusion_progress_callback progress,
                                         void *user_data,
                                         struct diffusion_stepper **stepper);
DIFFUSION_API void diffusion_stepper_destroy(struct diffusion_stepper *stepper);
DIFFUSION_API uint32_t diffusion_stepper_step_count(const struct diffusion_stepper *stepper);
DIFFUSION_API uint32_t diffusion_stepper_step(const struct diffusion_stepper *stepper);
DIFFUSION_API double diffusion_stepper_timestep(const struct diffusion_stepper *stepper);
DIFFUSION_API
diffusion_status diffusion_stepper_advance(struct diffusion_stepper *stepper,
                                           const struct diffusion_cancel_token *cancel,
                                           diffusion_progress_callback progress,
                                           void *user_data);
DIFFUSION_API
diffusion_status diffusion_stepper_latents(const struct diffusion_stepper *stepper,
                                           struct diffusion_embedding **latents);
DIFFUSION_API
diffusion_status diffusion_stepper_clean_latents(const struct diffusion_stepper *stepper,
                                                 struct diffusion_embedding **latents);
DIFFUSION_API
diffusion_status diffusion_stepper_set_latents(struct diffusion_stepper *stepper,
                                               const struct diffusion_embedding *latents);
DIFFUSION_API
diffusion_status diffusion_stepper_finish(struct diffusion_stepper *stepper,
                                          const struct diffusion_cancel_token *cancel,
                                          diffusion_progress_callback progress,
                                          void *user_data,
                                          struct diffusion_result **result);
#ifdef __cplusplus
}
#endif
#endif
