"""What include/diffusion.h declares. Made from it: python3 bindings/declare.py"""

import ctypes
import enum

VERSION = "0.1.0"


class Status(enum.IntEnum):
    """What a call came to. Values are append-only: a number, once given out, never changes its meaning.

    Programs branch on the number; people read diffusion_last_error_message().
    """

    OK = 0
    """The call did what it says."""
    NULL_POINTER = 1
    """A pointer that must not be NULL is NULL."""
    INVALID_ARGUMENT = 2
    """A value is out of its range, or a name is not known. The message says what is allowed."""
    INVALID_UTF8 = 3
    """A text is not UTF-8."""
    IO = 4
    """A file or folder is missing, or cannot be read or written."""
    BAD_MODEL = 5
    """The model folder is incomplete, damaged or contradictory."""
    UNSUPPORTED = 6
    """The request is sound, but this model or this version of the library cannot do it."""
    RUNTIME_MISSING = 7
    """ONNX Runtime's library was not found, is damaged, or is too old. Try again with another path."""
    PROVIDER_UNAVAILABLE = 8
    """The execution provider that was asked for cannot be used here."""
    OUT_OF_MEMORY = 9
    """Memory ran out, on the host or on the device, where the library or ONNX Runtime asked for much of it. Small
    allocations that fail end the process, as Rust's do.
    """
    CANCELLED = 10
    """A cancel token or a job was cancelled, or a callback asked to stop."""
    BUSY = 11
    """The object is in use by another call, its queue is full, or a job is not done yet. Try again later."""
    NUMERIC = 12
    """A number became NaN or infinite, so there is no picture."""
    GRAPH_FAILED = 13
    """ONNX Runtime failed while it ran a graph."""
    INTERNAL = 14
    """A bug of this library, for example a panic that was caught. The library stays usable. Please report it."""


class Phase(enum.IntEnum):
    """The parts of the work. Other values may come with later versions; treat them as work that goes on."""

    OPENING = 0
    """Graphs are being opened."""
    ENCODING_TEXT = 1
    """Prompts are being encoded; a step is one text encoder's reading of one prompt."""
    ENCODING_IMAGE = 2
    """Pictures to start from become latents; a step is one encoding. Only where there is a picture."""
    DENOISING = 3
    """The denoising loop runs; a step is one denoiser evaluation."""
    DECODING = 4
    """Latents become pixels; a step is one picture."""


class JobState(enum.IntEnum):
    """Where a job is on its way. Other values may come with later versions; treat them as running."""

    QUEUED = 0
    """It waits for the jobs of its pipeline that were started before it."""
    RUNNING = 1
    """It is being done, or is being stopped."""
    FINISHED = 2
    """It is done: take what it made."""
    FAILED = 3
    """It ended with an error, which diffusion_job_take_result() returns."""
    CANCELLED = 4
    """It was cancelled; its pipeline is free for others."""


class PixelFormat(enum.IntEnum):
    """How a pixel is laid out in memory. Rows follow each other from top to bottom."""

    RGB8 = 0
    """3 bytes a pixel: red, green, blue, sRGB."""
    RGBA8 = 1
    """4 bytes a pixel: red, green, blue, alpha; alpha is 255."""
    BGRA8 = 2
    """4 bytes a pixel: blue, green, red, alpha; alpha is 255."""
    RGBA_F32 = 3
    """4 floats a pixel, 16 bytes: red, green, blue from 0 to 1, sRGB, not rounded to bytes; alpha is 1."""


class LogLevel(enum.IntEnum):
    """How much is logged. Each level includes those above it."""

    OFF = 0
    """Nothing."""
    ERROR = 1
    """What failed."""
    WARN = 2
    """What may surprise, such as a prompt that was cut off."""
    INFO = 3
    """What is being done: the runtime that was loaded, each graph that was opened with its provider and time, what was
    recognised in the folder.
    """
    DEBUG = 4
    """How it is being done, for finding faults."""
    TRACE = 5
    """Everything."""


class ProgressStruct(ctypes.Structure):
    """How far the work is. A phase reports first with `step` 0 and last with `step` equal to `steps`.

    The library makes it and may append fields in later versions; `struct_size` says what is there.
    """

    _fields_ = [
        ("struct_size", ctypes.c_uint32),
        ("phase", ctypes.c_int32),
        ("step", ctypes.c_uint32),
        ("steps", ctypes.c_uint32),
        ("preview", ctypes.c_void_p),
        ("preview_index", ctypes.c_uint32),
    ]


LogCallback = ctypes.CFUNCTYPE(None, ctypes.c_int32, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_void_p)
Finalizer = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
ProgressCallback = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.POINTER(ProgressStruct), ctypes.c_void_p)
ReleaseCallback = ctypes.CFUNCTYPE(None, ctypes.c_void_p)

# Each function: what it returns, and what it takes.
FUNCTIONS = {
    "diffusion_status_name": (ctypes.c_char_p, [ctypes.c_int32]),
    "diffusion_last_error_message": (ctypes.c_char_p, []),
    "diffusion_last_error_status": (Status, []),
    "diffusion_version_number": (ctypes.c_uint32, []),
    "diffusion_version_string": (ctypes.c_char_p, []),
    "diffusion_runtime_initialize": (Status, [ctypes.c_char_p, ctypes.c_size_t]),
    "diffusion_runtime_use_api_base": (Status, [ctypes.c_void_p]),
    "diffusion_runtime_info_json": (Status, [ctypes.c_void_p]),
    "diffusion_runtime_try_provider": (Status, [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_void_p]),
    "diffusion_runtime_version": (ctypes.c_char_p, []),
    "diffusion_runtime_library": (ctypes.c_char_p, []),
    "diffusion_runtime_provider": (ctypes.c_char_p, [ctypes.c_int64]),
    "diffusion_scheduler_name": (ctypes.c_char_p, [ctypes.c_int64]),
    "diffusion_sigma_schedule_name": (ctypes.c_char_p, [ctypes.c_int64]),
    "diffusion_rng_name": (ctypes.c_char_p, [ctypes.c_int64]),
    "diffusion_seed_mode_name": (ctypes.c_char_p, [ctypes.c_int64]),
    "diffusion_prompt_syntax_name": (ctypes.c_char_p, [ctypes.c_int64]),
    "diffusion_provider_name": (ctypes.c_char_p, [ctypes.c_int64]),
    "diffusion_precision_name": (ctypes.c_char_p, [ctypes.c_int64]),
    "diffusion_fallback_name": (ctypes.c_char_p, [ctypes.c_int64]),
    "diffusion_memory_mode_name": (ctypes.c_char_p, [ctypes.c_int64]),
    "diffusion_seamless_name": (ctypes.c_char_p, [ctypes.c_int64]),
    "diffusion_tiling_name": (ctypes.c_char_p, [ctypes.c_int64]),
    "diffusion_safety_name": (ctypes.c_char_p, [ctypes.c_int64]),
    "diffusion_preview_mode_name": (ctypes.c_char_p, [ctypes.c_int64]),
    "diffusion_upscale_name": (ctypes.c_char_p, [ctypes.c_int64]),
    "diffusion_set_log_callback": (Status, [LogCallback, ctypes.c_int32, ctypes.c_void_p, Finalizer]),
    "diffusion_cancel_token_create": (Status, [ctypes.c_void_p]),
    "diffusion_cancel_token_cancel": (Status, [ctypes.c_void_p]),
    "diffusion_cancel_token_reset": (Status, [ctypes.c_void_p]),
    "diffusion_cancel_token_is_cancelled": (ctypes.c_bool, [ctypes.c_void_p]),
    "diffusion_cancel_token_destroy": (None, [ctypes.c_void_p]),
    "diffusion_phase_name": (ctypes.c_char_p, [ctypes.c_int32]),
    "diffusion_pipeline_options_create": (Status, [ctypes.c_void_p]),
    "diffusion_pipeline_options_destroy": (None, [ctypes.c_void_p]),
    "diffusion_pipeline_options_set_ort_library": (Status, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t]),
    "diffusion_pipeline_options_set_provider": (Status, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t]),
    "diffusion_pipeline_options_set_graph_provider": (Status, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_size_t]),
    "diffusion_pipeline_options_set_precision": (Status, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t]),
    "diffusion_pipeline_options_set_fallback": (Status, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t]),
    "diffusion_pipeline_options_set_provider_option": (Status, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_size_t]),
    "diffusion_pipeline_options_set_device_id": (Status, [ctypes.c_void_p, ctypes.c_int64]),
    "diffusion_pipeline_options_set_threads": (Status, [ctypes.c_void_p, ctypes.c_int64]),
    "diffusion_pipeline_options_set_memory": (Status, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t]),
    "diffusion_pipeline_options_set_job_queue": (Status, [ctypes.c_void_p, ctypes.c_int64]),
    "diffusion_pipeline_options_set_preparation": (Status, [ctypes.c_void_p, ctypes.c_int32]),
    "diffusion_pipeline_options_set_cache_dir": (Status, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t]),
    "diffusion_pipeline_options_add_embedding": (Status, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_size_t]),
    "diffusion_pipeline_options_add_condition_graph": (Status, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t]),
    "diffusion_pipeline_options_use_user_cache": (Status, [ctypes.c_void_p]),
    "diffusion_pipeline_options_set_cache_limit": (Status, [ctypes.c_void_p, ctypes.c_uint64]),
    "diffusion_pipeline_open": (Status, [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_void_p, ctypes.c_void_p, ProgressCallback, ctypes.c_void_p, ctypes.c_void_p]),
    "diffusion_pipeline_open_cstr": (Status, [ctypes.c_char_p, ctypes.c_void_p, ctypes.c_void_p]),
    "diffusion_pipeline_destroy": (None, [ctypes.c_void_p]),
    "diffusion_pipeline_info_json": (ctypes.c_char_p, [ctypes.c_void_p]),
    "diffusion_pipeline_family": (ctypes.c_char_p, [ctypes.c_void_p]),
    "diffusion_pipeline_layout": (ctypes.c_char_p, [ctypes.c_void_p]),
    "diffusion_pipeline_default_width": (ctypes.c_uint32, [ctypes.c_void_p]),
    "diffusion_pipeline_default_height": (ctypes.c_uint32, [ctypes.c_void_p]),
    "diffusion_pipeline_default_steps": (ctypes.c_uint32, [ctypes.c_void_p]),
    "diffusion_pipeline_default_guidance": (ctypes.c_float, [ctypes.c_void_p]),
    "diffusion_pipeline_default_scheduler": (ctypes.c_char_p, [ctypes.c_void_p]),
    "diffusion_pipeline_size_multiple": (ctypes.c_uint32, [ctypes.c_void_p]),
    "diffusion_pipeline_open_milliseconds": (ctypes.c_double, [ctypes.c_void_p]),
    "diffusion_pipeline_graph_count": (ctypes.c_uint32, [ctypes.c_void_p]),
    "diffusion_pipeline_graph_role": (ctypes.c_char_p, [ctypes.c_void_p, ctypes.c_int64]),
    "diffusion_pipeline_graph_path": (ctypes.c_char_p, [ctypes.c_void_p, ctypes.c_int64]),
    "diffusion_pipeline_graph_provider": (ctypes.c_char_p, [ctypes.c_void_p, ctypes.c_int64]),
    "diffusion_pipeline_graph_nodes_json": (ctypes.c_char_p, [ctypes.c_void_p, ctypes.c_int64]),
    "diffusion_pipeline_condition_role": (ctypes.c_char_p, [ctypes.c_void_p, ctypes.c_int64]),
    "diffusion_pipeline_condition_description": (ctypes.c_char_p, [ctypes.c_void_p, ctypes.c_int64]),
    "diffusion_pipeline_max_boxes": (ctypes.c_uint32, [ctypes.c_void_p]),
    "diffusion_pipeline_note": (ctypes.c_char_p, [ctypes.c_void_p, ctypes.c_int64]),
    "diffusion_estimate_memory": (Status, [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p]),
    "diffusion_pipeline_stage_count": (ctypes.c_uint32, [ctypes.c_void_p]),
    "diffusion_pipeline_stage_name": (ctypes.c_char_p, [ctypes.c_void_p, ctypes.c_int64]),
    "diffusion_pipeline_stage_scheduler": (ctypes.c_char_p, [ctypes.c_void_p, ctypes.c_int64]),
    "diffusion_pipeline_stage_steps": (ctypes.c_uint32, [ctypes.c_void_p, ctypes.c_int64]),
    "diffusion_pipeline_stage_guidance": (ctypes.c_float, [ctypes.c_void_p, ctypes.c_int64]),
    "diffusion_pipeline_picture_role": (ctypes.c_char_p, [ctypes.c_void_p, ctypes.c_int64]),
    "diffusion_pipeline_class_count": (ctypes.c_uint32, [ctypes.c_void_p]),
    "diffusion_pipeline_class_name": (ctypes.c_char_p, [ctypes.c_void_p, ctypes.c_int64]),
    "diffusion_pipeline_embedding_name": (ctypes.c_char_p, [ctypes.c_void_p, ctypes.c_int64]),
    "diffusion_pipeline_attribute": (ctypes.c_char_p, [ctypes.c_void_p, ctypes.c_int64]),
    "diffusion_request_create": (Status, [ctypes.c_void_p]),
    "diffusion_request_destroy": (None, [ctypes.c_void_p]),
    "diffusion_request_reset": (Status, [ctypes.c_void_p]),
    "diffusion_request_validate": (Status, [ctypes.c_void_p]),
    "diffusion_request_set_class": (Status, [ctypes.c_void_p, ctypes.c_int64]),
    "diffusion_request_set_class_name": (Status, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t]),
    "diffusion_request_set_embedding": (Status, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_void_p]),
    "diffusion_request_set_edit": (Status, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_float]),
    "diffusion_request_set_last_stage": (Status, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t]),
    "diffusion_request_set_stage_steps": (Status, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_int64]),
    "diffusion_request_set_stage_guidance": (Status, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_float]),
    "diffusion_request_set_stage_scheduler": (Status, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_size_t]),
    "diffusion_request_set_stage_guide_scale": (Status, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_float]),
    "diffusion_request_set_stage_candidates": (Status, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_int64]),
    "diffusion_request_add_condition_picture": (Status, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_void_p, ctypes.c_float, ctypes.c_float, ctypes.c_float]),
    "diffusion_request_set_picture": (Status, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_void_p]),
    "diffusion_request_clear_condition_pictures": (Status, [ctypes.c_void_p]),
    "diffusion_request_set_guess_mode": (Status, [ctypes.c_void_p, ctypes.c_int32]),
    "diffusion_request_add_box": (Status, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_float, ctypes.c_float, ctypes.c_float, ctypes.c_float]),
    "diffusion_request_clear_boxes": (Status, [ctypes.c_void_p]),
    "diffusion_request_set_boxes_until": (Status, [ctypes.c_void_p, ctypes.c_float]),
    "diffusion_request_clear_guidance_rules": (Status, [ctypes.c_void_p]),
    "diffusion_request_set_guidance_rescale": (Status, [ctypes.c_void_p, ctypes.c_float]),
    "diffusion_request_set_guidance_interval": (Status, [ctypes.c_void_p, ctypes.c_float, ctypes.c_float]),
    "diffusion_request_set_guidance_scales": (Status, [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t]),
    "diffusion_request_set_guidance_points": (Status, [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t]),
    "diffusion_request_set_guidance_plus_plus": (Status, [ctypes.c_void_p, ctypes.c_float]),
    "diffusion_request_set_guidance_projection": (Status, [ctypes.c_void_p, ctypes.c_float, ctypes.c_float, ctypes.c_float]),
    "diffusion_request_set_guidance_threshold": (Status, [ctypes.c_void_p, ctypes.c_float, ctypes.c_float]),
    "diffusion_request_set_guidance_mimic_scale": (Status, [ctypes.c_void_p, ctypes.c_float, ctypes.c_float]),
    "diffusion_request_set_guidance_zero_star": (Status, [ctypes.c_void_p, ctypes.c_int64]),
    "diffusion_request_set_reuse": (Status, [ctypes.c_void_p, ctypes.c_float, ctypes.c_int64, ctypes.c_int64]),
    "diffusion_request_set_negative_schedule": (Status, [ctypes.c_void_p, ctypes.c_int64, ctypes.c_float]),
    "diffusion_request_set_hires_scale": (Status, [ctypes.c_void_p, ctypes.c_float]),
    "diffusion_request_set_hires_size": (Status, [ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64]),
    "diffusion_request_set_hires_steps": (Status, [ctypes.c_void_p, ctypes.c_int64]),
    "diffusion_request_set_hires_strength": (Status, [ctypes.c_void_p, ctypes.c_float]),
    "diffusion_request_set_hires_upscale": (Status, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t]),
    "diffusion_request_set_previews": (Status, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_int64]),
    "diffusion_request_set_prompt": (Status, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t]),
    "diffusion_request_set_conditioning": (Status, [ctypes.c_void_p, ctypes.c_void_p]),
    "diffusion_request_set_prompt_cstr": (Status, [ctypes.c_void_p, ctypes.c_char_p]),
    "diffusion_request_set_prompt_2": (Status, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t]),
    "diffusion_request_set_prompt_3": (Status, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t]),
    "diffusion_request_set_negative_prompt": (Status, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t]),
    "diffusion_request_set_negative_prompt_cstr": (Status, [ctypes.c_void_p, ctypes.c_char_p]),
    "diffusion_request_set_negative_prompt_2": (Status, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t]),
    "diffusion_request_set_negative_prompt_3": (Status, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t]),
    "diffusion_request_set_syntax": (Status, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t]),
    "diffusion_request_set_clip_skip": (Status, [ctypes.c_void_p, ctypes.c_int64]),
    "diffusion_request_set_max_tokens": (Status, [ctypes.c_void_p, ctypes.c_int64]),
    "diffusion_request_set_safety": (Status, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t]),
    "diffusion_request_set_steps": (Status, [ctypes.c_void_p, ctypes.c_int64]),
    "diffusion_request_set_guidance": (Status, [ctypes.c_void_p, ctypes.c_float]),
    "diffusion_request_set_image_guidance": (Status, [ctypes.c_void_p, ctypes.c_float]),
    "diffusion_request_set_true_guidance": (Status, [ctypes.c_void_p, ctypes.c_float]),
    "diffusion_request_set_noise_level": (Status, [ctypes.c_void_p, ctypes.c_int64]),
    "diffusion_request_set_scheduler": (Status, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t]),
    "diffusion_request_set_sigmas": (Status, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t]),
    "diffusion_request_set_custom_sigmas": (Status, [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t]),
    "diffusion_request_set_custom_timesteps": (Status, [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t]),
    "diffusion_request_set_eta": (Status, [ctypes.c_void_p, ctypes.c_float]),
    "diffusion_request_set_denoising_end": (Status, [ctypes.c_void_p, ctypes.c_float]),
    "diffusion_request_set_denoising_start": (Status, [ctypes.c_void_p, ctypes.c_float]),
    "diffusion_request_set_seamless": (Status, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t]),
    "diffusion_request_set_seed": (Status, [ctypes.c_void_p, ctypes.c_uint64]),
    "diffusion_request_set_rng": (Status, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t]),
    "diffusion_request_set_seed_mode": (Status, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t]),
    "diffusion_request_set_variation": (Status, [ctypes.c_void_p, ctypes.c_uint64, ctypes.c_float]),
    "diffusion_request_set_original_size": (Status, [ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64]),
    "diffusion_request_set_crop": (Status, [ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64]),
    "diffusion_request_set_target_size": (Status, [ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64]),
    "diffusion_request_set_negative_original_size": (Status, [ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64]),
    "diffusion_request_set_negative_crop": (Status, [ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64]),
    "diffusion_request_set_negative_target_size": (Status, [ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64]),
    "diffusion_request_set_aesthetic_score": (Status, [ctypes.c_void_p, ctypes.c_float]),
    "diffusion_request_set_negative_aesthetic_score": (Status, [ctypes.c_void_p, ctypes.c_float]),
    "diffusion_request_set_width": (Status, [ctypes.c_void_p, ctypes.c_int64]),
    "diffusion_request_set_height": (Status, [ctypes.c_void_p, ctypes.c_int64]),
    "diffusion_request_set_count": (Status, [ctypes.c_void_p, ctypes.c_int64]),
    "diffusion_request_set_format": (Status, [ctypes.c_void_p, ctypes.c_int32]),
    "diffusion_request_set_init_image": (Status, [ctypes.c_void_p, ctypes.c_void_p]),
    "diffusion_request_set_init_latents": (Status, [ctypes.c_void_p, ctypes.c_void_p]),
    "diffusion_request_set_mask_image": (Status, [ctypes.c_void_p, ctypes.c_void_p]),
    "diffusion_request_set_strength": (Status, [ctypes.c_void_p, ctypes.c_float]),
    "diffusion_request_set_mask_blur": (Status, [ctypes.c_void_p, ctypes.c_float]),
    "diffusion_request_set_mask_padding": (Status, [ctypes.c_void_p, ctypes.c_int64]),
    "diffusion_request_set_paste_back": (Status, [ctypes.c_void_p, ctypes.c_int32]),
    "diffusion_request_set_init_result": (Status, [ctypes.c_void_p, ctypes.c_void_p]),
    "diffusion_request_set_tiling": (Status, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t]),
    "diffusion_pipeline_generate": (Status, [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ProgressCallback, ctypes.c_void_p, ctypes.c_void_p]),
    "diffusion_job_state_name": (ctypes.c_char_p, [ctypes.c_int32]),
    "diffusion_job_start": (Status, [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p]),
    "diffusion_pipeline_open_start": (Status, [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_void_p, ctypes.c_void_p]),
    "diffusion_job_poll": (ctypes.c_int32, [ctypes.c_void_p]),
    "diffusion_job_wait": (Status, [ctypes.c_void_p, ctypes.c_int64, ctypes.c_void_p]),
    "diffusion_job_cancel": (Status, [ctypes.c_void_p]),
    "diffusion_job_take_result": (Status, [ctypes.c_void_p, ctypes.c_void_p]),
    "diffusion_job_take_pipeline": (Status, [ctypes.c_void_p, ctypes.c_void_p]),
    "diffusion_job_error_message": (ctypes.c_char_p, [ctypes.c_void_p]),
    "diffusion_job_destroy": (None, [ctypes.c_void_p]),
    "diffusion_job_queue_position": (ctypes.c_uint32, [ctypes.c_void_p]),
    "diffusion_job_progress": (Status, [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p]),
    "diffusion_job_phase": (ctypes.c_int32, [ctypes.c_void_p]),
    "diffusion_job_step": (ctypes.c_uint32, [ctypes.c_void_p]),
    "diffusion_job_step_count": (ctypes.c_uint32, [ctypes.c_void_p]),
    "diffusion_job_elapsed_milliseconds": (ctypes.c_double, [ctypes.c_void_p]),
    "diffusion_job_preview_number": (ctypes.c_uint64, [ctypes.c_void_p]),
    "diffusion_job_preview": (Status, [ctypes.c_void_p, ctypes.c_int64, ctypes.c_void_p]),
    "diffusion_model_files_create": (Status, [ctypes.c_void_p]),
    "diffusion_model_files_add_copy": (Status, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_void_p, ctypes.c_size_t]),
    "diffusion_model_files_add_borrowed": (Status, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_void_p, ctypes.c_size_t, ReleaseCallback, ctypes.c_void_p]),
    "diffusion_model_files_destroy": (None, [ctypes.c_void_p]),
    "diffusion_pipeline_open_files": (Status, [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ProgressCallback, ctypes.c_void_p, ctypes.c_void_p]),
    "diffusion_pipeline_open_files_start": (Status, [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p]),
    "diffusion_result_destroy": (None, [ctypes.c_void_p]),
    "diffusion_result_count": (ctypes.c_uint32, [ctypes.c_void_p]),
    "diffusion_result_image": (Status, [ctypes.c_void_p, ctypes.c_int64, ctypes.c_void_p]),
    "diffusion_result_flagged": (ctypes.c_int32, [ctypes.c_void_p, ctypes.c_int64]),
    "diffusion_result_seed": (ctypes.c_uint64, [ctypes.c_void_p]),
    "diffusion_result_image_seed": (ctypes.c_uint64, [ctypes.c_void_p, ctypes.c_int64]),
    "diffusion_result_settings_json": (ctypes.c_char_p, [ctypes.c_void_p]),
    "diffusion_result_warning_count": (ctypes.c_uint32, [ctypes.c_void_p]),
    "diffusion_result_warning": (ctypes.c_char_p, [ctypes.c_void_p, ctypes.c_int64]),
    "diffusion_result_timings_json": (ctypes.c_char_p, [ctypes.c_void_p]),
    "diffusion_result_text_milliseconds": (ctypes.c_double, [ctypes.c_void_p]),
    "diffusion_result_encode_milliseconds": (ctypes.c_double, [ctypes.c_void_p]),
    "diffusion_result_step_count": (ctypes.c_uint32, [ctypes.c_void_p]),
    "diffusion_result_step_milliseconds": (ctypes.c_double, [ctypes.c_void_p, ctypes.c_int64]),
    "diffusion_result_decode_milliseconds": (ctypes.c_double, [ctypes.c_void_p]),
    "diffusion_result_skipped_calls": (ctypes.c_uint32, [ctypes.c_void_p]),
    "diffusion_result_skipped_negatives": (ctypes.c_uint32, [ctypes.c_void_p]),
    "diffusion_result_total_milliseconds": (ctypes.c_double, [ctypes.c_void_p]),
    "diffusion_image_width": (ctypes.c_uint32, [ctypes.c_void_p]),
    "diffusion_image_height": (ctypes.c_uint32, [ctypes.c_void_p]),
    "diffusion_image_stride": (ctypes.c_size_t, [ctypes.c_void_p]),
    "diffusion_image_byte_length": (ctypes.c_size_t, [ctypes.c_void_p]),
    "diffusion_image_format": (ctypes.c_int32, [ctypes.c_void_p]),
    "diffusion_image_pixels": (ctypes.c_void_p, [ctypes.c_void_p]),
    "diffusion_image_settings_json": (ctypes.c_char_p, [ctypes.c_void_p]),
    "diffusion_image_copy": (Status, [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int64, ctypes.c_int64, ctypes.c_int64, ctypes.c_int32]),
    "diffusion_image_save": (Status, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t]),
    "diffusion_image_save_cstr": (Status, [ctypes.c_void_p, ctypes.c_char_p]),
    "diffusion_image_encode": (Status, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_void_p]),
    "diffusion_image_create": (Status, [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int64, ctypes.c_int64, ctypes.c_int64, ctypes.c_int32, ctypes.c_void_p]),
    "diffusion_image_open": (Status, [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_void_p]),
    "diffusion_image_open_cstr": (Status, [ctypes.c_char_p, ctypes.c_void_p]),
    "diffusion_image_decode": (Status, [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p]),
    "diffusion_image_extend": (Status, [ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64, ctypes.c_int64, ctypes.c_int64, ctypes.c_void_p, ctypes.c_void_p]),
    "diffusion_image_destroy": (None, [ctypes.c_void_p]),
    "diffusion_buffer_data": (ctypes.c_void_p, [ctypes.c_void_p]),
    "diffusion_buffer_size": (ctypes.c_size_t, [ctypes.c_void_p]),
    "diffusion_buffer_destroy": (None, [ctypes.c_void_p]),
    "diffusion_pipeline_embed": (Status, [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_void_p, ProgressCallback, ctypes.c_void_p, ctypes.c_void_p]),
    "diffusion_embedding_create": (Status, [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p]),
    "diffusion_embedding_destroy": (None, [ctypes.c_void_p]),
    "diffusion_embedding_values": (ctypes.c_void_p, [ctypes.c_void_p]),
    "diffusion_embedding_count": (ctypes.c_size_t, [ctypes.c_void_p]),
    "diffusion_embedding_rank": (ctypes.c_size_t, [ctypes.c_void_p]),
    "diffusion_embedding_shape": (ctypes.c_void_p, [ctypes.c_void_p]),
    "diffusion_embedding_lerp": (Status, [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_float, ctypes.c_void_p]),
    "diffusion_embedding_slerp": (Status, [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_float, ctypes.c_void_p]),
    "diffusion_embedding_weighted_sum": (Status, [ctypes.c_void_p, ctypes.c_float, ctypes.c_void_p, ctypes.c_float, ctypes.c_void_p]),
    "diffusion_embedding_difference": (Status, [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p]),
    "diffusion_embedding_turn": (Status, [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_float, ctypes.c_void_p]),
    "diffusion_pipeline_encode_image": (Status, [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p]),
    "diffusion_pipeline_decode_latents": (Status, [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int32, ctypes.c_void_p, ctypes.c_void_p]),
    "diffusion_result_latents": (Status, [ctypes.c_void_p, ctypes.c_void_p]),
    "diffusion_pipeline_encode_prompt": (Status, [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ProgressCallback, ctypes.c_void_p, ctypes.c_void_p]),
    "diffusion_conditioning_destroy": (None, [ctypes.c_void_p]),
    "diffusion_conditioning_count": (ctypes.c_uint32, [ctypes.c_void_p]),
    "diffusion_conditioning_encoder": (ctypes.c_char_p, [ctypes.c_void_p, ctypes.c_int64]),
    "diffusion_conditioning_text": (ctypes.c_char_p, [ctypes.c_void_p, ctypes.c_int64]),
    "diffusion_conditioning_is_negative": (ctypes.c_int32, [ctypes.c_void_p, ctypes.c_int64]),
    "diffusion_conditioning_states": (Status, [ctypes.c_void_p, ctypes.c_int64, ctypes.c_void_p]),
    "diffusion_conditioning_pooled": (Status, [ctypes.c_void_p, ctypes.c_int64, ctypes.c_void_p]),
    "diffusion_conditioning_with_states": (Status, [ctypes.c_void_p, ctypes.c_int64, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p]),
    "diffusion_stepper_begin": (Status, [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ProgressCallback, ctypes.c_void_p, ctypes.c_void_p]),
    "diffusion_stepper_destroy": (None, [ctypes.c_void_p]),
    "diffusion_stepper_step_count": (ctypes.c_uint32, [ctypes.c_void_p]),
    "diffusion_stepper_step": (ctypes.c_uint32, [ctypes.c_void_p]),
    "diffusion_stepper_timestep": (ctypes.c_double, [ctypes.c_void_p]),
    "diffusion_stepper_advance": (Status, [ctypes.c_void_p, ctypes.c_void_p, ProgressCallback, ctypes.c_void_p]),
    "diffusion_stepper_latents": (Status, [ctypes.c_void_p, ctypes.c_void_p]),
    "diffusion_stepper_clean_latents": (Status, [ctypes.c_void_p, ctypes.c_void_p]),
    "diffusion_stepper_set_latents": (Status, [ctypes.c_void_p, ctypes.c_void_p]),
    "diffusion_stepper_finish": (Status, [ctypes.c_void_p, ctypes.c_void_p, ProgressCallback, ctypes.c_void_p, ctypes.c_void_p]),
}

# Each keyword: its function, its values (kind, name, default or ...), and what its argument is:
# `one` value or a tuple of them; a mapping, `keyed` by the first; `many` of these; or a `switch`.
REQUEST_SETTINGS = {
    "class_label": ("diffusion_request_set_class", (("int64_t", "label", ...),), "one"),
    "class_name": ("diffusion_request_set_class_name", (("text", "label", ...),), "one"),
    "embeddings": ("diffusion_request_set_embedding", (("text", "value", ...), ("diffusion_embedding", "embedding", ...),), "keyed"),
    "edits": ("diffusion_request_set_edit", (("text", "attribute", ...), ("float", "amount", ...),), "keyed"),
    "last_stage": ("diffusion_request_set_last_stage", (("text", "stage_name", ...),), "one"),
    "stage_steps": ("diffusion_request_set_stage_steps", (("text", "stage_name", ...), ("int64_t", "steps", ...),), "keyed"),
    "stage_guidance": ("diffusion_request_set_stage_guidance", (("text", "stage_name", ...), ("float", "guidance", ...),), "keyed"),
    "stage_scheduler": ("diffusion_request_set_stage_scheduler", (("text", "stage_name", ...), ("text", "scheduler", ...),), "keyed"),
    "stage_guide_scale": ("diffusion_request_set_stage_guide_scale", (("text", "stage_name", ...), ("float", "scale", ...),), "keyed"),
    "stage_candidates": ("diffusion_request_set_stage_candidates", (("text", "stage_name", ...), ("int64_t", "count", ...),), "keyed"),
    "condition_pictures": ("diffusion_request_add_condition_picture", (("text", "role", ...), ("diffusion_image", "image", ...), ("float", "scale", 1.0), ("float", "start", 0.0), ("float", "end", 1.0),), "many"),
    "pictures": ("diffusion_request_set_picture", (("text", "role", ...), ("diffusion_image", "image", ...),), "keyed"),
    "guess_mode": ("diffusion_request_set_guess_mode", (("flag", "guess_mode", ...),), "one"),
    "boxes": ("diffusion_request_add_box", (("text", "phrase", ...), ("float", "left", ...), ("float", "top", ...), ("float", "right", ...), ("float", "bottom", ...),), "many"),
    "boxes_until": ("diffusion_request_set_boxes_until", (("float", "until", ...),), "one"),
    "guidance_rescale": ("diffusion_request_set_guidance_rescale", (("float", "rescale", ...),), "one"),
    "guidance_interval": ("diffusion_request_set_guidance_interval", (("float", "from", ...), ("float", "to", ...),), "one"),
    "guidance_scales": ("diffusion_request_set_guidance_scales", (("floats", "scales", ...),), "one"),
    "guidance_points": ("diffusion_request_set_guidance_points", (("floats", "places", ...), ("floats", "scales", ...),), "one"),
    "guidance_plus_plus": ("diffusion_request_set_guidance_plus_plus", (("float", "lambda", ...),), "one"),
    "guidance_projection": ("diffusion_request_set_guidance_projection", (("float", "eta", ...), ("float", "threshold", ...), ("float", "momentum", ...),), "one"),
    "guidance_threshold": ("diffusion_request_set_guidance_threshold", (("float", "percentile", ...), ("float", "limit", ...),), "one"),
    "guidance_mimic_scale": ("diffusion_request_set_guidance_mimic_scale", (("float", "percentile", ...), ("float", "scale", ...),), "one"),
    "guidance_zero_star": ("diffusion_request_set_guidance_zero_star", (("int64_t", "zero_steps", ...),), "one"),
    "reuse": ("diffusion_request_set_reuse", (("float", "threshold", ...), ("int64_t", "first_steps", ...), ("int64_t", "last_steps", ...),), "one"),
    "negative_schedule": ("diffusion_request_set_negative_schedule", (("int64_t", "every", ...), ("float", "until", ...),), "one"),
    "hires_scale": ("diffusion_request_set_hires_scale", (("float", "scale", ...),), "one"),
    "hires_size": ("diffusion_request_set_hires_size", (("int64_t", "width", ...), ("int64_t", "height", ...),), "one"),
    "hires_steps": ("diffusion_request_set_hires_steps", (("int64_t", "steps", ...),), "one"),
    "hires_strength": ("diffusion_request_set_hires_strength", (("float", "strength", ...),), "one"),
    "hires_upscale": ("diffusion_request_set_hires_upscale", (("text", "upscale", ...),), "one"),
    "previews": ("diffusion_request_set_previews", (("text", "mode", ...), ("int64_t", "interval", 1),), "one"),
    "prompt": ("diffusion_request_set_prompt", (("text", "prompt", ...),), "one"),
    "conditioning": ("diffusion_request_set_conditioning", (("diffusion_conditioning", "conditioning", ...),), "one"),
    "prompt_2": ("diffusion_request_set_prompt_2", (("text", "prompt", ...),), "one"),
    "prompt_3": ("diffusion_request_set_prompt_3", (("text", "prompt", ...),), "one"),
    "negative_prompt": ("diffusion_request_set_negative_prompt", (("text", "prompt", ...),), "one"),
    "negative_prompt_2": ("diffusion_request_set_negative_prompt_2", (("text", "prompt", ...),), "one"),
    "negative_prompt_3": ("diffusion_request_set_negative_prompt_3", (("text", "prompt", ...),), "one"),
    "syntax": ("diffusion_request_set_syntax", (("text", "syntax", ...),), "one"),
    "clip_skip": ("diffusion_request_set_clip_skip", (("int64_t", "layers", ...),), "one"),
    "max_tokens": ("diffusion_request_set_max_tokens", (("int64_t", "tokens", ...),), "one"),
    "safety": ("diffusion_request_set_safety", (("text", "safety", ...),), "one"),
    "steps": ("diffusion_request_set_steps", (("int64_t", "steps", ...),), "one"),
    "guidance": ("diffusion_request_set_guidance", (("float", "guidance", ...),), "one"),
    "image_guidance": ("diffusion_request_set_image_guidance", (("float", "guidance", ...),), "one"),
    "true_guidance": ("diffusion_request_set_true_guidance", (("float", "guidance", ...),), "one"),
    "noise_level": ("diffusion_request_set_noise_level", (("int64_t", "level", ...),), "one"),
    "scheduler": ("diffusion_request_set_scheduler", (("text", "scheduler", ...),), "one"),
    "sigmas": ("diffusion_request_set_sigmas", (("text", "sigmas", ...),), "one"),
    "custom_sigmas": ("diffusion_request_set_custom_sigmas", (("doubles", "sigmas", ...),), "one"),
    "custom_timesteps": ("diffusion_request_set_custom_timesteps", (("doubles", "timesteps", ...),), "one"),
    "eta": ("diffusion_request_set_eta", (("float", "eta", ...),), "one"),
    "denoising_end": ("diffusion_request_set_denoising_end", (("float", "part", ...),), "one"),
    "denoising_start": ("diffusion_request_set_denoising_start", (("float", "part", ...),), "one"),
    "seamless": ("diffusion_request_set_seamless", (("text", "seamless", ...),), "one"),
    "seed": ("diffusion_request_set_seed", (("uint64_t", "seed", ...),), "one"),
    "rng": ("diffusion_request_set_rng", (("text", "rng", ...),), "one"),
    "seed_mode": ("diffusion_request_set_seed_mode", (("text", "mode", ...),), "one"),
    "variation": ("diffusion_request_set_variation", (("uint64_t", "seed", ...), ("float", "strength", ...),), "one"),
    "original_size": ("diffusion_request_set_original_size", (("int64_t", "width", ...), ("int64_t", "height", ...),), "one"),
    "crop": ("diffusion_request_set_crop", (("int64_t", "left", ...), ("int64_t", "top", ...),), "one"),
    "target_size": ("diffusion_request_set_target_size", (("int64_t", "width", ...), ("int64_t", "height", ...),), "one"),
    "negative_original_size": ("diffusion_request_set_negative_original_size", (("int64_t", "width", ...), ("int64_t", "height", ...),), "one"),
    "negative_crop": ("diffusion_request_set_negative_crop", (("int64_t", "left", ...), ("int64_t", "top", ...),), "one"),
    "negative_target_size": ("diffusion_request_set_negative_target_size", (("int64_t", "width", ...), ("int64_t", "height", ...),), "one"),
    "aesthetic_score": ("diffusion_request_set_aesthetic_score", (("float", "score", ...),), "one"),
    "negative_aesthetic_score": ("diffusion_request_set_negative_aesthetic_score", (("float", "score", ...),), "one"),
    "width": ("diffusion_request_set_width", (("int64_t", "width", ...),), "one"),
    "height": ("diffusion_request_set_height", (("int64_t", "height", ...),), "one"),
    "count": ("diffusion_request_set_count", (("int64_t", "count", ...),), "one"),
    "format": ("diffusion_request_set_format", (("int32_t", "format", ...),), "one"),
    "init_image": ("diffusion_request_set_init_image", (("diffusion_image", "image", ...),), "one"),
    "init_latents": ("diffusion_request_set_init_latents", (("diffusion_embedding", "latents", ...),), "one"),
    "mask_image": ("diffusion_request_set_mask_image", (("diffusion_image", "image", ...),), "one"),
    "strength": ("diffusion_request_set_strength", (("float", "strength", ...),), "one"),
    "mask_blur": ("diffusion_request_set_mask_blur", (("float", "pixels", ...),), "one"),
    "mask_padding": ("diffusion_request_set_mask_padding", (("int64_t", "pixels", ...),), "one"),
    "paste_back": ("diffusion_request_set_paste_back", (("flag", "paste_back", ...),), "one"),
    "init_result": ("diffusion_request_set_init_result", (("diffusion_result", "result", ...),), "one"),
    "tiling": ("diffusion_request_set_tiling", (("text", "tiling", ...),), "one"),
}

# Each keyword: its function, its values (kind, name, default or ...), and what its argument is:
# `one` value or a tuple of them; a mapping, `keyed` by the first; `many` of these; or a `switch`.
OPTIONS = {
    "ort_library": ("diffusion_pipeline_options_set_ort_library", (("text", "library", ...),), "one"),
    "provider": ("diffusion_pipeline_options_set_provider", (("text", "provider", ...),), "one"),
    "graph_providers": ("diffusion_pipeline_options_set_graph_provider", (("text", "role", ...), ("text", "provider", ...),), "keyed"),
    "precision": ("diffusion_pipeline_options_set_precision", (("text", "precision", ...),), "one"),
    "fallback": ("diffusion_pipeline_options_set_fallback", (("text", "fallback", ...),), "one"),
    "provider_options": ("diffusion_pipeline_options_set_provider_option", (("text", "key", ...), ("text", "value", ...),), "keyed"),
    "device_id": ("diffusion_pipeline_options_set_device_id", (("int64_t", "device_id", ...),), "one"),
    "threads": ("diffusion_pipeline_options_set_threads", (("int64_t", "threads", ...),), "one"),
    "memory": ("diffusion_pipeline_options_set_memory", (("text", "mode", ...),), "one"),
    "job_queue": ("diffusion_pipeline_options_set_job_queue", (("int64_t", "jobs", ...),), "one"),
    "preparation": ("diffusion_pipeline_options_set_preparation", (("flag", "preparation", ...),), "one"),
    "cache_dir": ("diffusion_pipeline_options_set_cache_dir", (("text", "folder", ...),), "one"),
    "embeddings": ("diffusion_pipeline_options_add_embedding", (("text", "file", ...), ("text", "token", None),), "many"),
    "condition_graphs": ("diffusion_pipeline_options_add_condition_graph", (("text", "graph", ...),), "many"),
    "use_user_cache": ("diffusion_pipeline_options_use_user_cache", (), "switch"),
    "cache_limit": ("diffusion_pipeline_options_set_cache_limit", (("uint64_t", "bytes", ...),), "one"),
}
