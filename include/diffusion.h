/*
 * diffusion.h: the C interface of libdiffusion 0.1.0. Text in, picture out.
 *
 * A complete program (examples/hello.c):
 *
 *   // Text in, picture out: hello MODEL_FOLDER PROMPT FILE.png
 *   #include <stdio.h>
 *   #include "diffusion.h"
 *
 *   static int32_t show(const diffusion_progress *progress, void *user_data)
 *   {
 *       (void)user_data;
 *       fprintf(stderr, "%s %u/%u\n", diffusion_phase_name(progress->phase), progress->step, progress->steps);
 *       return 0; // anything else stops
 *   }
 *
 *   int main(int argc, char **argv)
 *   {
 *       diffusion_pipeline *pipeline = NULL;
 *       diffusion_request *request = NULL;
 *       diffusion_result *result = NULL;
 *       const diffusion_image *image = NULL;
 *       diffusion_status status = DIFFUSION_STATUS_INVALID_ARGUMENT;
 *
 *       if (argc == 4
 *           && (status = diffusion_pipeline_open_cstr(argv[1], NULL, &pipeline)) == DIFFUSION_STATUS_OK
 *           && (status = diffusion_request_create(&request)) == DIFFUSION_STATUS_OK
 *           && (status = diffusion_request_set_prompt_cstr(request, argv[2])) == DIFFUSION_STATUS_OK
 *           && (status = diffusion_request_set_seed(request, 42)) == DIFFUSION_STATUS_OK
 *           && (status = diffusion_pipeline_generate(pipeline, request, NULL, show, NULL, &result)) == DIFFUSION_STATUS_OK
 *           && (status = diffusion_result_image(result, 0, &image)) == DIFFUSION_STATUS_OK
 *           && (status = diffusion_image_save_cstr(image, argv[3])) == DIFFUSION_STATUS_OK)
 *           printf("%s: %u x %u pixels\n", argv[3], diffusion_image_width(image), diffusion_image_height(image));
 *       else
 *           fprintf(stderr, "%s\n", argc == 4 ? diffusion_last_error_message() : "usage: hello MODEL_FOLDER PROMPT FILE.png");
 *
 *       diffusion_result_destroy(result); // any order is fine, and so is NULL
 *       diffusion_request_destroy(request);
 *       diffusion_pipeline_destroy(pipeline);
 *       return status == DIFFUSION_STATUS_OK ? 0 : 1;
 *   }
 *
 * Conventions
 *
 *  - Objects are opaque and come in pairs of _create (or a call that makes one) and _destroy. _destroy(NULL) does
 *    nothing. Objects may be destroyed in any order. What diffusion_pipeline_open(), diffusion_pipeline_open_files() and
 *    diffusion_pipeline_generate() were given may be destroyed from their first progress report on, while they run.
 *    Every other call must have returned, diffusion_cancel_token_cancel() included.
 *  - A function that can fail returns a diffusion_status. Out-parameters come last and are written only on
 *    DIFFUSION_STATUS_OK; `T **out` means that the caller owns what it gets, `const T **out` that it borrows.
 *    After an error every object is as it was before the call. "Errors:" below leaves out the DIFFUSION_STATUS_.
 *  - diffusion_last_error_message() says in a whole sentence what went wrong on this thread and what is allowed.
 *  - A pointer that a function returns is borrowed from its first parameter and lives as long as that.
 *  - A NULL handle is an error (DIFFUSION_STATUS_NULL_POINTER, or the empty value where there is no status), never
 *    a crash, except where a function says what NULL stands for.
 *  - Text comes in as UTF-8 with a length in bytes, and need not end with NUL; NULL with 0 is the empty text. Paths
 *    are UTF-8 on every system. Functions that end in _cstr take a text that ends with NUL. Text comes out as UTF-8
 *    that ends with NUL.
 *  - Enumerations and counts come in as fixed-width integers and are checked: a value that is not allowed is
 *    DIFFUSION_STATUS_INVALID_ARGUMENT.
 *
 * Threads
 *
 *  - A `const` object may be used by several threads at once; an object without `const` by one at a time.
 *  - Callbacks run on the thread that made the call, apart from the log's and from diffusion_release_callback.
 *  - A diffusion_job does the work on a thread of the library; see diffusion_job_start() and diffusion_job_destroy().
 *  - diffusion_cancel_token_cancel() may be called from any thread, at any time before the token is destroyed.
 *  - What is cancelled returns at once. What cannot be interrupted of an opening, or on the CPU of the operator that a
 *    graph is at, comes to its end on a thread of the library, up to seconds later for a large model, and lets go of
 *    memory, of borrowed bytes and of half a cache entry then. The process waits for that when it exits.
 *
 * The library prints nothing, ever. What it keeps for the whole process: ONNX Runtime, once loaded; the log callback;
 * and a Rust panic hook that is silent inside of the library's functions and leaves all other panics to the hook that was
 * there. For an ONNX Runtime that reports usage to its maker (1.29 and later, on Linux and macOS) it sets the
 * environment variable ORT_DISABLE_TELEMETRY to 1 unless that is set; a host whose other threads read the environment
 * at that moment should set it itself beforehand.
 */


#ifndef DIFFUSION_H
#define DIFFUSION_H

/* Generated by cbindgen from src/ffi. Do not edit: UPDATE_HEADER=1 cargo test --test header */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The version of this header. Compare with diffusion_version_number(), the version of the library. */
#define DIFFUSION_VERSION_MAJOR 0
#define DIFFUSION_VERSION_MINOR 1
#define DIFFUSION_VERSION_PATCH 0
#define DIFFUSION_VERSION_STRING "0.1.0"
#define DIFFUSION_VERSION_NUMBER \
    (DIFFUSION_VERSION_MAJOR * 1000000 + DIFFUSION_VERSION_MINOR * 1000 + DIFFUSION_VERSION_PATCH)

/* Define DIFFUSION_STATIC when linking the static library on Windows. */
#if defined(_WIN32) && !defined(DIFFUSION_STATIC)
#define DIFFUSION_API __declspec(dllimport)
#else
#define DIFFUSION_API
#endif


/**
 * What a call came to. Values are append-only: a number, once given out, never changes its meaning.
 *
 * Programs branch on the number; people read diffusion_last_error_message().
 */
enum diffusion_status
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * The call did what it says.
     */
    DIFFUSION_STATUS_OK = 0,
    /**
     * A pointer that must not be NULL is NULL.
     */
    DIFFUSION_STATUS_NULL_POINTER = 1,
    /**
     * A value is out of its range, or a name is not known. The message says what is allowed.
     */
    DIFFUSION_STATUS_INVALID_ARGUMENT = 2,
    /**
     * A text is not UTF-8.
     */
    DIFFUSION_STATUS_INVALID_UTF8 = 3,
    /**
     * A file or folder is missing, or cannot be read or written.
     */
    DIFFUSION_STATUS_IO = 4,
    /**
     * The model folder is incomplete, damaged or contradictory.
     */
    DIFFUSION_STATUS_BAD_MODEL = 5,
    /**
     * The request is sound, but this model or this version of the library cannot do it.
     */
    DIFFUSION_STATUS_UNSUPPORTED = 6,
    /**
     * ONNX Runtime's library was not found, is damaged, or is too old. Try again with another path.
     */
    DIFFUSION_STATUS_RUNTIME_MISSING = 7,
    /**
     * The execution provider that was asked for cannot be used here.
     */
    DIFFUSION_STATUS_PROVIDER_UNAVAILABLE = 8,
    /**
     * Memory ran out, on the host or on the device, where the library or ONNX Runtime asked for much of it. Small
     * allocations that fail end the process, as Rust's do.
     */
    DIFFUSION_STATUS_OUT_OF_MEMORY = 9,
    /**
     * A cancel token or a job was cancelled, or a callback asked to stop.
     */
    DIFFUSION_STATUS_CANCELLED = 10,
    /**
     * The object is in use by another call, its queue is full, or a job is not done yet. Try again later.
     */
    DIFFUSION_STATUS_BUSY = 11,
    /**
     * A number became NaN or infinite, so there is no picture.
     */
    DIFFUSION_STATUS_NUMERIC = 12,
    /**
     * ONNX Runtime failed while it ran a graph.
     */
    DIFFUSION_STATUS_GRAPH_FAILED = 13,
    /**
     * A bug of this library, for example a panic that was caught. The library stays usable. Please report it.
     */
    DIFFUSION_STATUS_INTERNAL = 14,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum diffusion_status diffusion_status;
#else
typedef int32_t diffusion_status;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * The parts of the work. Other values may come with later versions; treat them as work that goes on.
 */
enum diffusion_phase
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * Graphs are being opened.
     */
    DIFFUSION_PHASE_OPENING = 0,
    /**
     * Prompts are being encoded; a step is one text encoder's reading of one prompt.
     */
    DIFFUSION_PHASE_ENCODING_TEXT = 1,
    /**
     * Pictures to start from become latents; a step is one encoding. Only where there is a picture.
     */
    DIFFUSION_PHASE_ENCODING_IMAGE = 2,
    /**
     * The denoising loop runs; a step is one denoiser evaluation.
     */
    DIFFUSION_PHASE_DENOISING = 3,
    /**
     * Latents become pixels; a step is one picture.
     */
    DIFFUSION_PHASE_DECODING = 4,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum diffusion_phase diffusion_phase;
#else
typedef int32_t diffusion_phase;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * Where a job is on its way. Other values may come with later versions; treat them as running.
 */
enum diffusion_job_state
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * It waits for the jobs of its pipeline that were started before it.
     */
    DIFFUSION_JOB_STATE_QUEUED = 0,
    /**
     * It is being done, or is being stopped.
     */
    DIFFUSION_JOB_STATE_RUNNING = 1,
    /**
     * It is done: take what it made.
     */
    DIFFUSION_JOB_STATE_FINISHED = 2,
    /**
     * It ended with an error, which diffusion_job_take_result() returns.
     */
    DIFFUSION_JOB_STATE_FAILED = 3,
    /**
     * It was cancelled; its pipeline is free for others.
     */
    DIFFUSION_JOB_STATE_CANCELLED = 4,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum diffusion_job_state diffusion_job_state;
#else
typedef int32_t diffusion_job_state;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * How a pixel is laid out in memory. Rows follow each other from top to bottom.
 */
enum diffusion_pixel_format
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * 3 bytes a pixel: red, green, blue, sRGB.
     */
    DIFFUSION_PIXEL_FORMAT_RGB8 = 0,
    /**
     * 4 bytes a pixel: red, green, blue, alpha; alpha is 255.
     */
    DIFFUSION_PIXEL_FORMAT_RGBA8 = 1,
    /**
     * 4 bytes a pixel: blue, green, red, alpha; alpha is 255.
     */
    DIFFUSION_PIXEL_FORMAT_BGRA8 = 2,
    /**
     * 4 floats a pixel, 16 bytes: red, green, blue from 0 to 1, sRGB, not rounded to bytes; alpha is 1.
     */
    DIFFUSION_PIXEL_FORMAT_RGBA_F32 = 3,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum diffusion_pixel_format diffusion_pixel_format;
#else
typedef int32_t diffusion_pixel_format;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * How much is logged. Each level includes those above it.
 */
enum diffusion_log_level
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * Nothing.
     */
    DIFFUSION_LOG_LEVEL_OFF = 0,
    /**
     * What failed.
     */
    DIFFUSION_LOG_LEVEL_ERROR = 1,
    /**
     * What may surprise, such as a prompt that was cut off.
     */
    DIFFUSION_LOG_LEVEL_WARN = 2,
    /**
     * What is being done: the runtime that was loaded, each graph that was opened with its provider and time, what
     * was recognised in the folder.
     */
    DIFFUSION_LOG_LEVEL_INFO = 3,
    /**
     * How it is being done, for finding faults.
     */
    DIFFUSION_LOG_LEVEL_DEBUG = 4,
    /**
     * Everything.
     */
    DIFFUSION_LOG_LEVEL_TRACE = 5,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum diffusion_log_level diffusion_log_level;
#else
typedef int32_t diffusion_log_level;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * Bytes that the library made, such as an encoded PNG. Read-only; any thread.
 */
typedef struct diffusion_buffer diffusion_buffer;

/**
 * Says stop to calls that were given it, from any thread. Sticky: once cancelled, it stops every call that it is
 * given to, also one that starts later, until diffusion_cancel_token_reset().
 *
 * One token may serve several calls at once, and stops them all. diffusion_pipeline_open() and
 * diffusion_pipeline_generate() keep what they need of it, so the handle may be destroyed from their first progress
 * report on. Every other call with it must have returned, diffusion_cancel_token_cancel() included.
 */
typedef struct diffusion_cancel_token diffusion_cancel_token;

/**
 * What a pipeline's text encoders made of prompts, for any number of requests to that pipeline. It never changes; threads
 * may share it. It does not keep the pipeline open.
 */
typedef struct diffusion_conditioning diffusion_conditioning;

/**
 * Numbers that a model understands: the code of a picture or of a text, the noise that a picture comes from, latents. It
 * never changes; threads may share it.
 */
typedef struct diffusion_embedding diffusion_embedding;

/**
 * A picture. Read-only, so threads may share it. A `const diffusion_image *` is borrowed from the diffusion_result
 * or diffusion_progress that it came from; what diffusion_image_create() and its sisters make, and what
 * diffusion_job_preview() gives, is the caller's.
 */
typedef struct diffusion_image diffusion_image;

/**
 * Work on a thread of the library: a generation, or the opening of a model. No callback crosses threads: the host polls,
 * or waits.
 *
 * A job needs nothing of what it was started with: request, options and pipeline may be destroyed at once, in any order.
 * Every function here but diffusion_job_destroy() may be called from any thread, several at once, at any time before the
 * job is destroyed.
 */
typedef struct diffusion_job diffusion_job;

/**
 * The files of a model in memory, by the names that they would have below its folder: for models that lie in an archive,
 * are decrypted or come from a network, and are not to be written to the disk.
 */
typedef struct diffusion_model_files diffusion_model_files;

/**
 * An opened model, ready to draw. Read-only once opened: threads may share it, and their generations queue.
 */
typedef struct diffusion_pipeline diffusion_pipeline;

/**
 * How to open a model: where ONNX Runtime is, which provider, how many threads, how much memory.
 *
 * New options are the defaults: the provider "auto", all cores, every graph resident, nothing cached. A call reads
 * them and keeps nothing.
 */
typedef struct diffusion_pipeline_options diffusion_pipeline_options;

/**
 * What to generate: plain data, not tied to any pipeline. A new request asks for one picture of the empty prompt,
 * with everything else at the model's own defaults.
 *
 * A setter that fails changes nothing; setters may be called in any order. A request may be used again and again, and
 * by several threads at once as long as none of them sets anything.
 */
typedef struct diffusion_request diffusion_request;

/**
 * The pictures of one generation, with the settings that made them, where the time went, and warnings.
 *
 * Read-only, so threads may share it. Everything borrowed from it lives until diffusion_result_destroy(). It does
 * not need the pipeline any more.
 */
typedef struct diffusion_result diffusion_result;

/**
 * A generation underway, for a loop of the host's own: begin, advance as often as diffusion_stepper_step_count() says,
 * finish. It draws what diffusion_pipeline_generate() draws.
 *
 * Between two calls the pipeline is free for others, and several steppers of one pipeline may be underway. A stepper is
 * used by one thread at a time, which need not be the same; it keeps the model open until it is destroyed.
 */
typedef struct diffusion_stepper diffusion_stepper;

/**
 * Is given a message: its diffusion_log_level, the part of the library that it comes from, and the text, both UTF-8
 * and NUL-terminated, living until the callback returns.
 *
 * Called on whichever thread logs, several at once too. It may call the library; what that logs is dropped. It must
 * not leave by longjmp or by a C++ exception.
 */
typedef void (*diffusion_log_callback)(int32_t level, const char *target, const char *message, void *user_data);

/**
 * Is called once when the library will not use `user_data` any more.
 */
typedef void (*diffusion_finalizer)(void *user_data);

/**
 * How far the work is. A phase reports first with `step` 0 and last with `step` equal to `steps`.
 *
 * The library makes it and may append fields in later versions; `struct_size` says what is there.
 */
typedef struct diffusion_progress {
    /**
     * Size of this struct in bytes, in the library that calls.
     */
    uint32_t struct_size;
    /**
     * What is being done: a diffusion_phase.
     */
    int32_t phase;
    /**
     * How many parts of this phase are finished.
     */
    uint32_t step;
    /**
     * How many parts this phase has.
     */
    uint32_t steps;
    /**
     * Where the request asks for previews, a picture of what is not finished yet; it lives until the callback returns.
     * NULL in every other report. A report with a preview comes after the one of the same step without.
     */
    const struct diffusion_image *preview;
    /**
     * Which picture of the request the preview is of, from 0.
     */
    uint32_t preview_index;
} diffusion_progress;

/**
 * Is told how far the work is. Return 0 to go on; any other value stops, and the call returns
 * DIFFUSION_STATUS_CANCELLED.
 *
 * Called on the thread that made the call, before it returns. `progress` lives until the callback returns.
 * The callback may call any function of the library, but generating again with the same pipeline is
 * DIFFUSION_STATUS_BUSY, and it must not wait for another thread that waits for this call. It must not leave by longjmp or by a C++ exception.
 */
typedef int32_t (*diffusion_progress_callback)(const struct diffusion_progress *progress, void *user_data);

/**
 * Is told that memory which was lent to the library is not used any more: it may be freed, unmapped or written to.
 *
 * It is called once, by the last user, on whatever thread that is: one of the host's inside of a call of the library, or
 * one of the library's. It must not call the library, and must not leave by longjmp or by a C++ exception.
 */
typedef void (*diffusion_release_callback)(void *user_data);

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * A short English name of a status, such as "bad model"; "unknown status" for a number that is none.
 *
 * The text lives as long as the library is loaded. Any thread.
 */
DIFFUSION_API const char *diffusion_status_name(int32_t status);

/**
 * Why the last failed call on this thread failed: a whole sentence with its causes. Never NULL.
 *
 * Empty after a call that returned DIFFUSION_STATUS_OK, and on a thread that has not failed yet. Functions without
 * a status keep the message where they succeed, so objects may be destroyed before it is read.
 * The text lives until the next call on this thread that returns a status or fails: copy it at once.
 */
DIFFUSION_API const char *diffusion_last_error_message(void);

/**
 * The status that belongs to diffusion_last_error_message(). For functions that return a value instead of a status.
 */
DIFFUSION_API diffusion_status diffusion_last_error_status(void);

/**
 * The version of the library that is running: major * 1000000 + minor * 1000 + patch.
 *
 * Compare with DIFFUSION_VERSION_NUMBER, the version of the header:
 * `assert(diffusion_version_number() >= DIFFUSION_VERSION_NUMBER);`. Any thread.
 */
DIFFUSION_API uint32_t diffusion_version_number(void);

/**
 * The version of the library that is running, as text, such as "0.1.0".
 *
 * The text lives as long as the library is loaded. Any thread.
 */
DIFFUSION_API const char *diffusion_version_string(void);

/**
 * Loads ONNX Runtime now. Optional: diffusion_pipeline_open() does it when it has not happened yet.
 *
 * `library` is the UTF-8 path of the library or of a folder that holds it. NULL and 0: the environment variable
 * ORT_DYLIB_PATH, then beside this library, then the system's. Once it is loaded it stays, and this does nothing.
 *
 * Any thread. Errors: RUNTIME_MISSING when it is not there, damaged or too old; the message says what was looked
 * for where and how to get it, and a later call with a good path succeeds.
 */
DIFFUSION_API diffusion_status diffusion_runtime_initialize(const char *library, size_t library_length);

/**
 * Uses the ONNX Runtime that the host has loaded itself: `api_base` is the `const OrtApiBase *` that its OrtGetApiBase()
 * returned. Must come before everything else that loads one; with the same library it may come again.
 *
 * That library must stay loaded until the process ends. Where the host has made an OrtEnv, its log functions go on to
 * receive what ONNX Runtime says; the log callback then gets this library's own messages only. Version 1.24 or later.
 * Any thread.
 *
 * Errors: NULL_POINTER; RUNTIME_MISSING when it is too old; INVALID_ARGUMENT when another one is loaded already.
 */
DIFFUSION_API
diffusion_status diffusion_runtime_use_api_base(const void *api_base);

/**
 * ONNX Runtime as one JSON object: version, library (its path), providers (a list of the names that it offers
 * here). Loads it as diffusion_runtime_initialize(NULL, 0) does when that has not happened yet.
 *
 * Borrowed: the text lives as long as this library is loaded. Any thread. Errors: RUNTIME_MISSING.
 */
DIFFUSION_API diffusion_status diffusion_runtime_info_json(const char **json);

/**
 * Whether an execution provider works here: a small graph runs on its first device, on it alone, and the numbers are
 * compared. `*works_as` becomes its name, which for "auto" is that of the provider that "auto" stands for.
 *
 * The first call for a provider starts its driver, which may take seconds; the outcome is kept for as long as the
 * process lives. Loads ONNX Runtime as diffusion_runtime_initialize(NULL, 0) does. Any thread. The name lives as long as
 * this library is loaded.
 *
 * Errors: INVALID_ARGUMENT for a name that diffusion_provider_name() does not have; PROVIDER_UNAVAILABLE with the reason;
 * RUNTIME_MISSING.
 */
DIFFUSION_API
diffusion_status diffusion_runtime_try_provider(const char *provider,
                                                size_t provider_length,
                                                const char **works_as);

/**
 * ONNX Runtime's version, such as "1.28.0"; empty before it is loaded. Never NULL; lives as long as this library.
 */
DIFFUSION_API const char *diffusion_runtime_version(void);

/**
 * Where ONNX Runtime's library was found; empty before it is loaded. Never NULL; lives as long as this library.
 */
DIFFUSION_API const char *diffusion_runtime_library(void);

/**
 * The name of execution provider `index` that ONNX Runtime offers here, counted from 0; empty past the last, and
 * before it is loaded. Never NULL; lives as long as this library.
 */
DIFFUSION_API const char *diffusion_runtime_provider(int64_t index);

/**
 * The name of scheduler `index`, counted from 0, such as "euler"; NULL past the last, so loop until NULL.
 *
 * The text lives as long as the library is loaded. Any thread. The same holds for the other lists.
 */
DIFFUSION_API const char *diffusion_scheduler_name(int64_t index);

/**
 * The name of sigma schedule `index`, such as "karras"; NULL past the last.
 */
DIFFUSION_API const char *diffusion_sigma_schedule_name(int64_t index);

/**
 * The name of random generator `index`, such as "torch-cpu"; NULL past the last.
 */
DIFFUSION_API const char *diffusion_rng_name(int64_t index);

/**
 * The name of seed mode `index`, such as "one-per-picture"; NULL past the last.
 */
DIFFUSION_API const char *diffusion_seed_mode_name(int64_t index);

/**
 * The name of prompt syntax `index`, such as "webui"; NULL past the last.
 */
DIFFUSION_API const char *diffusion_prompt_syntax_name(int64_t index);

/**
 * The name of execution provider `index` that this library knows, such as "cpu"; NULL past the last.
 *
 * Which of them ONNX Runtime offers on this machine is in diffusion_runtime_info_json().
 */
DIFFUSION_API const char *diffusion_provider_name(int64_t index);

/**
 * The name of precision `index` that a provider may be asked to compute in, such as "bfloat16"; NULL past the last.
 */
DIFFUSION_API const char *diffusion_precision_name(int64_t index);

/**
 * The name of fallback `index`, such as "refuse"; NULL past the last.
 */
DIFFUSION_API const char *diffusion_fallback_name(int64_t index);

/**
 * The name of memory mode `index`, such as "speed"; NULL past the last.
 */
DIFFUSION_API const char *diffusion_memory_mode_name(int64_t index);

/**
 * The name of a way to tile, such as "x"; NULL past the last.
 */
DIFFUSION_API const char *diffusion_seamless_name(int64_t index);

/**
 * The name of a choice when to work in tiles, such as "auto"; NULL past the last.
 */
DIFFUSION_API const char *diffusion_tiling_name(int64_t index);

/**
 * The name of what the safety checker may be asked to do, such as "flag"; NULL past the last.
 */
DIFFUSION_API const char *diffusion_safety_name(int64_t index);

/**
 * The name of preview mode `index`, such as "linear"; NULL past the last.
 */
DIFFUSION_API const char *diffusion_preview_mode_name(int64_t index);

/**
 * The name of a way to enlarge between two passes, such as "lanczos"; NULL past the last.
 */
DIFFUSION_API const char *diffusion_upscale_name(int64_t index);

/**
 * Sends the library's log messages up to `level`, a diffusion_log_level, to `callback`. Default: there is none, and
 * nothing is logged or printed.
 *
 * There is one callback a process; a new one takes the old one's place, and NULL takes it away (the other
 * arguments are then not looked at, apart from the level). A message that is
 * on its way on another thread may still reach the old one. `finalizer` may be NULL; it is called once, on any
 * thread, when the last such message is through and `user_data` is not used any more. On an error nothing changes
 * and the finalizer is not called.
 *
 * Any thread. Errors: INVALID_ARGUMENT for an unknown level; BUSY when the process is a Rust program that has
 * installed a logger of its own.
 */
DIFFUSION_API
diffusion_status diffusion_set_log_callback(diffusion_log_callback callback,
                                            int32_t level,
                                            void *user_data,
                                            diffusion_finalizer finalizer);

/**
 * Makes a token that is not cancelled. Give it back with diffusion_cancel_token_destroy().
 */
DIFFUSION_API diffusion_status diffusion_cancel_token_create(struct diffusion_cancel_token **token);

/**
 * Cancels: every call that was given this token returns DIFFUSION_STATUS_CANCELLED as soon as it can, in the middle
 * of a graph too. A call that has already finished its work keeps its result.
 *
 * Any thread, at any time, again and again; never waits. It is not for signal handlers, because it takes locks:
 * wake a thread that calls it, as examples/diffusion/interrupt.c does.
 */
DIFFUSION_API diffusion_status diffusion_cancel_token_cancel(const struct diffusion_cancel_token *token);

/**
 * Makes a cancelled token usable again. Calls that are being stopped may then go on, so wait for them first.
 */
DIFFUSION_API diffusion_status diffusion_cancel_token_reset(const struct diffusion_cancel_token *token);

/**
 * Whether the token is cancelled. False for NULL. Any thread.
 */
DIFFUSION_API bool diffusion_cancel_token_is_cancelled(const struct diffusion_cancel_token *token);

/**
 * Gives the handle back; NULL does nothing. Openings and generations that were given the token may still be running,
 * once they have reported progress. Every other call with it must have returned, diffusion_cancel_token_cancel() on
 * another thread included.
 */
DIFFUSION_API void diffusion_cancel_token_destroy(struct diffusion_cancel_token *token);

/**
 * A word for people: "opening", "encoding text", "encoding image", "denoising", "decoding"; "working" for any other
 * number.
 *
 * The text lives as long as the library is loaded. Any thread.
 */
DIFFUSION_API const char *diffusion_phase_name(int32_t phase);

/**
 * Makes options with every default. Give them back with diffusion_pipeline_options_destroy().
 */
DIFFUSION_API diffusion_status diffusion_pipeline_options_create(struct diffusion_pipeline_options **options);

/**
 * Gives the options back; NULL does nothing. Pipelines opened with them stay open.
 */
DIFFUSION_API void diffusion_pipeline_options_destroy(struct diffusion_pipeline_options *options);

/**
 * ONNX Runtime's library, or a folder that holds it; UTF-8, at most 65536 bytes.
 *
 * Default, also with NULL and 0: the environment variable ORT_DYLIB_PATH, then beside this library, then the
 * system's. Only the first successful open of a process loads it; later ones use what is loaded.
 */
DIFFUSION_API
diffusion_status diffusion_pipeline_options_set_ort_library(struct diffusion_pipeline_options *options,
                                                            const char *library,
                                                            size_t library_length);

/**
 * The execution provider for every graph, by one of the names of diffusion_provider_name(). Default: "auto", the first that
 * is seen to work: each that ONNX Runtime has and that is faster than the CPU draws a small graph by itself, once a
 * process. What it became and why is in diffusion_pipeline_info_json().
 *
 * A provider that ONNX Runtime does not offer here fails in diffusion_pipeline_open().
 */
DIFFUSION_API
diffusion_status diffusion_pipeline_options_set_provider(struct diffusion_pipeline_options *options,
                                                         const char *provider,
                                                         size_t provider_length);

/**
 * The execution provider for one graph, in place of the one for all: `role` is as "text_encoder", "unet" or "vae_decoder",
 * `provider` one of the names of diffusion_provider_name(). A later call for the same role replaces the earlier one.
 */
DIFFUSION_API
diffusion_status diffusion_pipeline_options_set_graph_provider(struct diffusion_pipeline_options *options,
                                                               const char *role,
                                                               size_t role_length,
                                                               const char *provider,
                                                               size_t provider_length);

/**
 * What the providers compute in where they have a choice, by one of the names of diffusion_precision_name().
 *
 * Default: "default", the types that the graphs themselves have, nothing below. "bfloat16" and "float16" trade digits
 * for speed inside those providers that can (OpenVINO, TensorRT; float16 also Core ML, QNN, MIGraphX); graphs that are
 * placed on others keep their types, and if no graph's provider can, diffusion_pipeline_open() fails.
 */
DIFFUSION_API
diffusion_status diffusion_pipeline_options_set_precision(struct diffusion_pipeline_options *options,
                                                          const char *precision,
                                                          size_t precision_length);

/**
 * What happens when a part of a graph cannot run on its provider and would run on the CPU instead, by one of the names
 * of diffusion_fallback_name(). Default: "warn", a warning in the log; with "refuse" diffusion_pipeline_open() fails
 * with PROVIDER_UNAVAILABLE and names the operators. Arithmetic on shapes, which belongs on the CPU, never counts.
 */
DIFFUSION_API
diffusion_status diffusion_pipeline_options_set_fallback(struct diffusion_pipeline_options *options,
                                                         const char *fallback,
                                                         size_t fallback_length);

/**
 * An option of a provider: `key` is KEY for every provider that has it or PROVIDER.KEY for one, as "memory_limit",
 * "cuda.cuda_graph", "openvino.cache_dir"; README lists them. PROVIDER.raw.NAME is passed on to ONNX Runtime as NAME,
 * unchecked. The value is a text, at most 65536 bytes; flags are "1" and "0", sizes may end in K, M or G.
 *
 * Errors: INVALID_ARGUMENT for an unknown key, listing those there are, and for a value that the key does not take.
 * An option that no graph's provider has makes diffusion_pipeline_open() fail.
 */
DIFFUSION_API
diffusion_status diffusion_pipeline_options_set_provider_option(struct diffusion_pipeline_options *options,
                                                                const char *key,
                                                                size_t key_length,
                                                                const char *value,
                                                                size_t value_length);

/**
 * Which device of the provider, counted from 0, at most 255. Default: 0. The CPU does not look at it.
 */
DIFFUSION_API
diffusion_status diffusion_pipeline_options_set_device_id(struct diffusion_pipeline_options *options,
                                                          int64_t device_id);

/**
 * Threads for one operator on the CPU, at most 1024. Default: 0, one for each physical core that
 * this process may use.
 */
DIFFUSION_API
diffusion_status diffusion_pipeline_options_set_threads(struct diffusion_pipeline_options *options,
                                                        int64_t threads);

/**
 * What to trade memory for, by one of the names of diffusion_memory_mode_name(). Default: "speed".
 *
 * "speed" keeps every graph open and runs guidance as one batched call. "balanced" closes the text encoder after use
 * and gives memory for activations back after every run. "low" has one graph open at a time, makes one denoiser call
 * for each guidance branch and each picture, and decodes large pictures in overlapping tiles. The last two want a
 * cache folder: without one, opening a graph again takes as long as the first time.
 */
DIFFUSION_API
diffusion_status diffusion_pipeline_options_set_memory(struct diffusion_pipeline_options *options,
                                                       const char *mode,
                                                       size_t mode_length);

/**
 * How many jobs of the pipeline may wait behind the one that runs, 0 to 1024. Default: 16. diffusion_job_start() refuses
 * the next one with BUSY; with 0 there is one job at a time.
 */
DIFFUSION_API
diffusion_status diffusion_pipeline_options_set_job_queue(struct diffusion_pipeline_options *options,
                                                          int64_t jobs);

/**
 * Whether graphs may be changed so that they run faster and compute the same: 1 (the default) or 0. With 0 the model's
 * files are opened as they are, and nothing is cached.
 */
DIFFUSION_API
diffusion_status diffusion_pipeline_options_set_preparation(struct diffusion_pipeline_options *options,
                                                            int32_t preparation);

/**
 * Where prepared graphs are kept: a folder, UTF-8, at most 65536 bytes, which is made if it is not there. NULL and 0,
 * the default: nowhere.
 *
 * A model that was opened once with a cache opens in a fraction of the time afterwards, and its weights are mapped
 * from the cache's files: they need no memory of their own, and pipelines and processes share them. The cache takes
 * about as much room as the models do; see diffusion_pipeline_options_set_cache_limit(). Several processes may use it
 * at once; it may be deleted whenever no pipeline is open. It is not to be shared by users who do not trust
 * each other. Graphs on other providers than the CPU are not kept.
 */
DIFFUSION_API
diffusion_status diffusion_pipeline_options_set_cache_dir(struct diffusion_pipeline_options *options,
                                                          const char *folder,
                                                          size_t folder_length);

/**
 * Adds a word that prompts may use (textual inversion), from a safetensors file of at most 64 MiB: one tensor of [width]
 * or [vectors, width], "emb_params" or named by its token, or "clip_l" and "clip_g" for families with two CLIPs.
 *
 * `token` is how prompts write the word, up to 256 bytes; empty (length 0): the tensor's name, or for those three the
 * file's without its extension. Each call adds one; files are read by diffusion_pipeline_open(), which fails with
 * INVALID_ARGUMENT for one that is no embedding, that was learned for another family, or whose token is taken.
 */
DIFFUSION_API
diffusion_status diffusion_pipeline_options_add_embedding(struct diffusion_pipeline_options *options,
                                                          const char *file,
                                                          size_t file_length,
                                                          const char *token,
                                                          size_t token_length);

/**
 * Adds a ControlNet or a T2I-Adapter that lies elsewhere than in the model's folder: an ONNX file, or a folder with one and
 * perhaps its config.json; UTF-8, at most 65536 bytes. Each call adds one; their roles' numbers go on where the folder's
 * own end, so that the first ControlNet of a folder without any is "controlnet".
 *
 * diffusion_pipeline_open() fails with IO or BAD_MODEL for one that cannot be read or is neither.
 */
DIFFUSION_API
diffusion_status diffusion_pipeline_options_add_condition_graph(struct diffusion_pipeline_options *options,
                                                                const char *graph,
                                                                size_t graph_length);

/**
 * Keeps prepared graphs where this system keeps a user's caches, in a folder "libdiffusion"; see
 * diffusion_pipeline_options_set_cache_dir(). Where that cannot be, nothing is kept, and a note of the pipeline says so.
 */
DIFFUSION_API
diffusion_status diffusion_pipeline_options_use_user_cache(struct diffusion_pipeline_options *options);

/**
 * The most bytes that the cache keeps, from 1; what was not used for longest goes first. Default: 32 GiB.
 */
DIFFUSION_API
diffusion_status diffusion_pipeline_options_set_cache_limit(struct diffusion_pipeline_options *options,
                                                            uint64_t bytes);

/**
 * Opens the model in a folder, loading ONNX Runtime first if that has not happened yet. Blocks.
 *
 * `folder` is UTF-8. `options` may be NULL for the defaults. `cancel` may be NULL; a cancelled token stops the call,
 * also when it was cancelled before. `progress` may be NULL; it is called on this thread with `user_data`.
 * On success `*pipeline` is the caller's, to be given back with diffusion_pipeline_destroy().
 *
 * A cancelled call returns within some milliseconds. What of it cannot be stopped may take some seconds more of a thread of
 * the library's own, with its memory, and is thrown away then; exit() waits for that.
 *
 * Errors: INVALID_ARGUMENT for a path that is empty, too long or has a NUL inside, INVALID_UTF8; IO when the folder is
 * missing or a file in it cannot be read, BAD_MODEL when what is in it does not fit together, UNSUPPORTED for a kind of
 * model that this version does not run; RUNTIME_MISSING, PROVIDER_UNAVAILABLE, OUT_OF_MEMORY, CANCELLED; BUSY when a log
 * callback opens a model while ONNX Runtime is being loaded on its thread. After RUNTIME_MISSING a later call with a
 * good path succeeds.
 */
DIFFUSION_API
diffusion_status diffusion_pipeline_open(const char *folder,
                                         size_t folder_length,
                                         const struct diffusion_pipeline_options *options,
                                         const struct diffusion_cancel_token *cancel,
                                         diffusion_progress_callback progress,
                                         void *user_data,
                                         struct diffusion_pipeline **pipeline);

/**
 * As diffusion_pipeline_open() with no progress and no cancelling, for a path that ends with NUL.
 */
DIFFUSION_API
diffusion_status diffusion_pipeline_open_cstr(const char *folder,
                                              const struct diffusion_pipeline_options *options,
                                              struct diffusion_pipeline **pipeline);

/**
 * Closes the model; NULL does nothing. A generation that is running on another thread goes on to its end.
 *
 * So do jobs that were started with it and are not destroyed: they keep the model open, and the last of them closes it.
 * Where all of them are done or cancelled, this waits for their thread to end, as long as a cancel takes at most.
 */
DIFFUSION_API
void diffusion_pipeline_destroy(struct diffusion_pipeline *pipeline);

/**
 * Everything about the opened model as one JSON object: family, layout, defaults, size multiple, schedulers, graphs
 * with role, path, provider, nodes by provider, inputs and outputs, the roles of condition pictures, what "auto" became, notes, ONNX Runtime's version and place.
 *
 * Borrowed: the text lives until diffusion_pipeline_destroy(), as do all texts of the functions below; they are
 * never NULL, and empty for a NULL pipeline. Fields may be added in later versions.
 */
DIFFUSION_API
const char *diffusion_pipeline_info_json(const struct diffusion_pipeline *pipeline);

/**
 * The model's family, such as "stable-diffusion-1".
 */
DIFFUSION_API const char *diffusion_pipeline_family(const struct diffusion_pipeline *pipeline);

/**
 * How the folder is laid out, such as "optimum" or "legacy-diffusers".
 */
DIFFUSION_API const char *diffusion_pipeline_layout(const struct diffusion_pipeline *pipeline);

/**
 * The width in pixels of a request that sets none. 0 for NULL, as in the functions below.
 */
DIFFUSION_API uint32_t diffusion_pipeline_default_width(const struct diffusion_pipeline *pipeline);

/**
 * The height in pixels of a request that sets none.
 */
DIFFUSION_API uint32_t diffusion_pipeline_default_height(const struct diffusion_pipeline *pipeline);

/**
 * The steps of a request that sets none.
 */
DIFFUSION_API uint32_t diffusion_pipeline_default_steps(const struct diffusion_pipeline *pipeline);

/**
 * The guidance scale of a request that sets none.
 */
DIFFUSION_API float diffusion_pipeline_default_guidance(const struct diffusion_pipeline *pipeline);

/**
 * The name of the scheduler of a request that sets none.
 */
DIFFUSION_API const char *diffusion_pipeline_default_scheduler(const struct diffusion_pipeline *pipeline);

/**
 * Width and height must be multiples of this many pixels.
 */
DIFFUSION_API uint32_t diffusion_pipeline_size_multiple(const struct diffusion_pipeline *pipeline);

/**
 * How long opening took, in milliseconds.
 */
DIFFUSION_API double diffusion_pipeline_open_milliseconds(const struct diffusion_pipeline *pipeline);

/**
 * How many graphs were opened.
 */
DIFFUSION_API uint32_t diffusion_pipeline_graph_count(const struct diffusion_pipeline *pipeline);

/**
 * What graph `index`, counted from 0, is for, such as "unet"; empty past the last.
 */
DIFFUSION_API const char *diffusion_pipeline_graph_role(const struct diffusion_pipeline *pipeline, int64_t index);

/**
 * The file of graph `index`; empty past the last.
 */
DIFFUSION_API const char *diffusion_pipeline_graph_path(const struct diffusion_pipeline *pipeline, int64_t index);

/**
 * The execution provider that runs graph `index`; empty past the last.
 */
DIFFUSION_API const char *diffusion_pipeline_graph_provider(const struct diffusion_pipeline *pipeline, int64_t index);

/**
 * How many nodes of graph `index` run on which provider, as a JSON object such as {"cpu":12,"cuda":1190}, or "null" where
 * ONNX Runtime does not say. Empty past the last.
 */
DIFFUSION_API
const char *diffusion_pipeline_graph_nodes_json(const struct diffusion_pipeline *pipeline,
                                                int64_t index);

/**
 * The role `index`, counted from 0, that a request's condition pictures may have, as "controlnet:1"; empty past the last.
 * diffusion_pipeline_info_json() says which of them the model cannot do without.
 */
DIFFUSION_API
const char *diffusion_pipeline_condition_role(const struct diffusion_pipeline *pipeline,
                                              int64_t index);

/**
 * What a picture of that role is for, in words for people; empty past the last.
 */
DIFFUSION_API
const char *diffusion_pipeline_condition_description(const struct diffusion_pipeline *pipeline,
                                                     int64_t index);

/**
 * How many boxes with phrases a request may have; 0 for a model that takes none, and for NULL.
 */
DIFFUSION_API uint32_t diffusion_pipeline_max_boxes(const struct diffusion_pipeline *pipeline);

/**
 * Sentence `index`, counted from 0, about what was recognised in the folder and why; empty past the last.
 */
DIFFUSION_API const char *diffusion_pipeline_note(const struct diffusion_pipeline *pipeline, int64_t index);

/**
 * A weak hint of the memory in bytes that opening the model in `folder` takes with these options: `*opening_bytes` at most
 * meanwhile, `*open_bytes` once it is open. Drawing takes more, which grows with the size of the pictures.
 *
 * `folder` is UTF-8. `options` may be NULL for the defaults. Only the graphs' heads are read, and ONNX Runtime is not
 * loaded. Weights are counted as the CPU holds them, where half precision becomes float32; on a device of its own memory a
 * model takes less here. Any thread.
 *
 * Errors: as of diffusion_pipeline_open() for the folder: INVALID_ARGUMENT, INVALID_UTF8, IO, BAD_MODEL, UNSUPPORTED.
 */
DIFFUSION_API
diffusion_status diffusion_estimate_memory(const char *folder,
                                           size_t folder_length,
                                           const struct diffusion_pipeline_options *options,
                                           uint64_t *opening_bytes,
                                           uint64_t *open_bytes);

/**
 * How many stages the model has, each a denoising loop of its own; 0 for a model of one stage, which has none of what the
 * functions below list, and for NULL.
 */
DIFFUSION_API
uint32_t diffusion_pipeline_stage_count(const struct diffusion_pipeline *pipeline);

/**
 * The name of stage `index`, counted from 0, for diffusion_request_set_stage_steps() and its sisters; empty past the
 * last. Texts of the functions below live until diffusion_pipeline_destroy(), and are never NULL.
 */
DIFFUSION_API const char *diffusion_pipeline_stage_name(const struct diffusion_pipeline *pipeline, int64_t index);

/**
 * The name of the scheduler of stage `index` in a request that sets none; empty past the last.
 */
DIFFUSION_API
const char *diffusion_pipeline_stage_scheduler(const struct diffusion_pipeline *pipeline,
                                               int64_t index);

/**
 * The steps of stage `index` in a request that sets none; 0 past the last.
 */
DIFFUSION_API uint32_t diffusion_pipeline_stage_steps(const struct diffusion_pipeline *pipeline, int64_t index);

/**
 * The guidance scale of stage `index` in a request that sets none; 0 past the last.
 */
DIFFUSION_API float diffusion_pipeline_stage_guidance(const struct diffusion_pipeline *pipeline, int64_t index);

/**
 * Role `index` of the pictures that the model takes, for diffusion_request_set_picture(); empty past the last.
 */
DIFFUSION_API const char *diffusion_pipeline_picture_role(const struct diffusion_pipeline *pipeline, int64_t index);

/**
 * How many classes the model knows: labels 0 to this minus 1, for diffusion_request_set_class().
 */
DIFFUSION_API uint32_t diffusion_pipeline_class_count(const struct diffusion_pipeline *pipeline);

/**
 * The name of class `index`; empty past the last, and where the model has no names for its classes.
 */
DIFFUSION_API const char *diffusion_pipeline_class_name(const struct diffusion_pipeline *pipeline, int64_t index);

/**
 * The name of embedding `index`, for diffusion_pipeline_embed() and diffusion_request_set_embedding(); empty past the
 * last. The first is the code of a picture; one called "x_T" is the noise that a picture comes from.
 */
DIFFUSION_API const char *diffusion_pipeline_embedding_name(const struct diffusion_pipeline *pipeline, int64_t index);

/**
 * The name of attribute `index`, for diffusion_request_set_edit(); empty past the last.
 */
DIFFUSION_API const char *diffusion_pipeline_attribute(const struct diffusion_pipeline *pipeline, int64_t index);

/**
 * Makes a request with every default. Give it back with diffusion_request_destroy().
 */
DIFFUSION_API diffusion_status diffusion_request_create(struct diffusion_request **request);

/**
 * Gives the request back; NULL does nothing. A generation that was started with it goes on.
 */
DIFFUSION_API void diffusion_request_destroy(struct diffusion_request *request);

/**
 * Puts every field back to its default.
 */
DIFFUSION_API diffusion_status diffusion_request_reset(struct diffusion_request *request);

/**
 * Checks everything that can be checked without a model, also what fields say together, such as a strength without a
 * picture. diffusion_pipeline_generate() checks it too; this is for hosts that want to know before a model is open.
 *
 * Errors: INVALID_ARGUMENT, naming the first field at fault and what is allowed.
 */
DIFFUSION_API diffusion_status diffusion_request_validate(const struct diffusion_request *request);

/**
 * The class that is drawn, of a model that knows classes: its number, counted from 0, for all pictures; -1, the default,
 * is none. Which there are is checked when drawing starts.
 */
DIFFUSION_API
diffusion_status diffusion_request_set_class(struct diffusion_request *request,
                                             int64_t label);

/**
 * The class that is drawn, by the name that the model gives it. NULL with 0, or "", is none.
 */
DIFFUSION_API
diffusion_status diffusion_request_set_class_name(struct diffusion_request *request,
                                                  const char *label,
                                                  size_t label_length);

/**
 * An embedding in place of what the model would compute, by the value's name, such as "image_embeds";
 * diffusion_pipeline_info_json() lists them under "cascade". NULL takes it away. One row is for all pictures, otherwise
 * there must be one for each.
 *
 * The request shares it: the embedding may be destroyed at once. Names and sizes are checked when drawing starts.
 */
DIFFUSION_API
diffusion_status diffusion_request_set_embedding(struct diffusion_request *request,
                                                 const char *value,
                                                 size_t value_length,
                                                 const struct diffusion_embedding *embedding);

/**
 * How far an attribute of the picture is moved, such as "night", of a model that has attributes: -100 to 100, where 0, the
 * default, leaves it. Attributes are checked when drawing starts. NaN is refused.
 */
DIFFUSION_API
diffusion_status diffusion_request_set_edit(struct diffusion_request *request,
                                            const char *attribute,
                                            size_t attribute_length,
                                            float amount);

/**
 * The stage that is the last to run, whose sample is the picture: only stages that draw pixels can be, as a base without
 * its upsampler. NULL with 0, or "", runs all. Which there are is checked when drawing starts.
 */
DIFFUSION_API
diffusion_status diffusion_request_set_last_stage(struct diffusion_request *request,
                                                  const char *stage_name,
                                                  size_t stage_length);

/**
 * Denoising steps of one stage, 1 to 1000; 0 is the model's own. diffusion_request_set_steps() and its sisters are for
 * the model's main stage.
 */
DIFFUSION_API
diffusion_status diffusion_request_set_stage_steps(struct diffusion_request *request,
                                                   const char *stage_name,
                                                   size_t stage_length,
                                                   int64_t steps);

/**
 * Guidance scale of one stage, -1000 to 1000; at 1 it is off, and below it too unless the model's manifest says
 * otherwise (latent diffusion by text). NaN is refused.
 */
DIFFUSION_API
diffusion_status diffusion_request_set_stage_guidance(struct diffusion_request *request,
                                                      const char *stage_name,
                                                      size_t stage_length,
                                                      float guidance);

/**
 * Scheduler of one stage, by a name of diffusion_scheduler_name(); NULL with 0, or "", is the model's own.
 */
DIFFUSION_API
diffusion_status diffusion_request_set_stage_scheduler(struct diffusion_request *request,
                                                       const char *stage_name,
                                                       size_t stage_length,
                                                       const char *scheduler,
                                                       size_t scheduler_length);

/**
 * How strongly a classifier's gradient leads one stage, -1000 to 1000; 0 is not at all. NaN is refused.
 */
DIFFUSION_API
diffusion_status diffusion_request_set_stage_guide_scale(struct diffusion_request *request,
                                                         const char *stage_name,
                                                         size_t stage_length,
                                                         float scale);

/**
 * How many samples one stage draws for each picture, of which it keeps the best, 1 to 64; 0 is the model's own number.
 */
DIFFUSION_API
diffusion_status diffusion_request_set_stage_candidates(struct diffusion_request *request,
                                                        const char *stage_name,
                                                        size_t stage_length,
                                                        int64_t count);

/**
 * Adds a picture that the model keeps to beside the prompt. `role` is what it is to the model, one of
 * diffusion_pipeline_condition_role(), as "controlnet", "controlnet:1" (the second ControlNet), "adapter", "depth" or
 * "image_prompt"; UTF-8, 1 to 64 bytes. The picture may have any size and format.
 *
 * `scale` is how much it counts: 1 as the model was trained, 0 not at all, up to 100 either way. It counts in those steps
 * that lie as a whole between `start` and `end` of the run, 0 to 1. NaN is refused. Default: no such pictures; at most 16.
 * The request keeps what it needs: the image may be destroyed at once.
 *
 * Where the request sets no width and height and starts from no picture, the result is as large as the first picture of
 * a ControlNet or an adapter, in multiples of diffusion_pipeline_size_multiple(). Whether the model has the role, and
 * every picture that it cannot do without, is checked by diffusion_pipeline_generate() before any work starts.
 *
 * Errors: NULL_POINTER for no image, INVALID_ARGUMENT, INVALID_UTF8.
 */
DIFFUSION_API
diffusion_status diffusion_request_add_condition_picture(struct diffusion_request *request,
                                                         const char *role,
                                                         size_t role_length,
                                                         const struct diffusion_image *image,
                                                         float scale,
                                                         float start,
                                                         float end);

/**
 * The picture of a role, in place of all that this role had: diffusion_request_add_condition_picture() with a scale of 1
 * for the whole run. NULL takes the role's pictures away. Models of several stages name their roles themselves, such as
 * "like" for a picture to vary or "map" for a semantic map: diffusion_pipeline_picture_role() lists them; there the
 * picture to start from is the role "image", and its mask the role "mask".
 *
 * The request keeps what it needs: the image may be destroyed at once. Roles are checked when drawing starts.
 */
DIFFUSION_API
diffusion_status diffusion_request_set_picture(struct diffusion_request *request,
                                               const char *role,
                                               size_t role_length,
                                               const struct diffusion_image *image);

/**
 * Takes all condition pictures away.
 */
DIFFUSION_API diffusion_status diffusion_request_clear_condition_pictures(struct diffusion_request *request);

/**
 * Whether ControlNets count less in the UNet's upper levels and not at all for the negative prompt, 1 or 0, the default:
 * diffusers' guess mode, for pictures without a prompt, with a guidance of 3 to 5. It needs a picture for a ControlNet.
 */
DIFFUSION_API
diffusion_status diffusion_request_set_guess_mode(struct diffusion_request *request,
                                                  int32_t guess_mode);

/**
 * Adds a thing that belongs into a part of the picture, for models that take boxes (GLIGEN; models of a layout,
 * where it is the name of a class). `phrase` is what it is, UTF-8, 1 to 1048576 bytes; the four numbers are the part's sides, as parts of the picture from its left upper corner, 0 to 1.
 * Default: none; diffusion_pipeline_max_boxes() says how many a model takes.
 *
 * Errors: INVALID_ARGUMENT, INVALID_UTF8.
 */
DIFFUSION_API
diffusion_status diffusion_request_add_box(struct diffusion_request *request,
                                           const char *phrase,
                                           size_t phrase_length,
                                           float left,
                                           float top,
                                           float right,
                                           float bottom);

/**
 * Takes all boxes away.
 */
DIFFUSION_API diffusion_status diffusion_request_clear_boxes(struct diffusion_request *request);

/**
 * The part of the run in which boxes count, from its beginning, 0 to 1. Default: 0.3, as in diffusers. NaN is refused.
 */
DIFFUSION_API
diffusion_status diffusion_request_set_boxes_until(struct diffusion_request *request,
                                                   float until);

/**
 * Takes every rule of the functions below away again. Without rules guidance is as in diffusers' pipelines.
 *
 * Where guidance is off (a scale of 1 or less, a distilled model), rules have no meaning, and a warning of the result
 * says so. Parts of the schedule are those of the whole one, also where a picture is the start.
 */
DIFFUSION_API diffusion_status diffusion_request_clear_guidance_rules(struct diffusion_request *request);

/**
 * Brings the guided prediction back to the spread of the prompt's own, 0 (off, the default) to 1: diffusers'
 * guidance_rescale (Lin et al. 2023, section 3.4). For models that predict v.
 */
DIFFUSION_API
diffusion_status diffusion_request_set_guidance_rescale(struct diffusion_request *request,
                                                        float rescale);

/**
 * Guides only from one part of the schedule to another, each 0 to 1, and asks for the prompt alone outside, at half the
 * cost (Kynkäänniemi et al. 2024). Default: everywhere.
 */
DIFFUSION_API
diffusion_status diffusion_request_set_guidance_interval(struct diffusion_request *request,
                                                         float from,
                                                         float to);

/**
 * A guidance scale for each step, `count` of them, -1000 to 1000, copied; diffusion_pipeline_generate() refuses a list
 * whose length is not the number of steps. Default: the same scale at every step.
 */
DIFFUSION_API
diffusion_status diffusion_request_set_guidance_scales(struct diffusion_request *request,
                                                       const float *scales,
                                                       size_t count);

/**
 * Guidance scales at places of the schedule, 0 (the first step) to 1 (the last), in ascending order, `count` of both,
 * copied. Between them the scale is interpolated, before the first and after the last it stays.
 */
DIFFUSION_API
diffusion_status diffusion_request_set_guidance_points(struct diffusion_request *request,
                                                       const float *places,
                                                       const float *scales,
                                                       size_t count);

/**
 * CFG++ with this lambda, 0 to 1, in the place of the guidance scale (Chung et al. 2024). For the schedulers "ddim",
 * "euler" and "euler_ancestral". Default: off.
 */
DIFFUSION_API
diffusion_status diffusion_request_set_guidance_plus_plus(struct diffusion_request *request,
                                                          float lambda);

/**
 * Adaptive projected guidance (Sadat et al. 2024; diffusers' AdaptiveProjectedGuidance), against the colours of large
 * scales. Default: off.
 *
 * `eta`, 0 to 1, is how much stays of what oversaturates; `threshold` the longest that the difference of the two
 * predictions may be, 0 for any; `momentum`, -1 to 1, how much of earlier differences is added. Usual: 0, 15, -0.5.
 */
DIFFUSION_API
diffusion_status diffusion_request_set_guidance_projection(struct diffusion_request *request,
                                                           float eta,
                                                           float threshold,
                                                           float momentum);

/**
 * Dynamic thresholding (Saharia et al. 2022, section 2.3): where more than `percentile`, 0.5 to 1, of the guided picture's
 * magnitudes would lie above `limit`, 0.001 to 1000, all are brought down to it. Default: off.
 */
DIFFUSION_API
diffusion_status diffusion_request_set_guidance_threshold(struct diffusion_request *request,
                                                          float percentile,
                                                          float limit);

/**
 * Dynamic thresholding whose limit is what the guidance scale `scale`, 0 to 1000, would have given: for latents, which
 * have no range of their own. Usual: 0.995 and 1. Takes the place of diffusion_request_set_guidance_threshold().
 */
DIFFUSION_API
diffusion_status diffusion_request_set_guidance_mimic_scale(struct diffusion_request *request,
                                                            float percentile,
                                                            float scale);

/**
 * CFG-Zero* (Fan et al. 2025; diffusers' ClassifierFreeZeroStarGuidance), where the first `zero_steps`, 0 to 1000, are
 * passed over; more than 0 only for flow-matching models, where 1 is usual. Default: off.
 */
DIFFUSION_API
diffusion_status diffusion_request_set_guidance_zero_star(struct diffusion_request *request,
                                                          int64_t zero_steps);

/**
 * Leaves denoiser calls out while the error that this is estimated to make stays below `threshold`, 0 (off, the default)
 * to 10, usually 0.02 to 0.3 (EasyCache, TeaCache): faster, and another picture, more or less near. The first
 * `first_steps` and the last `last_steps`, each 0 to 1000, are never left out; 3 and 1 are usual.
 * diffusion_result_skipped_calls() says how many were.
 */
DIFFUSION_API
diffusion_status diffusion_request_set_reuse(struct diffusion_request *request,
                                             float threshold,
                                             int64_t first_steps,
                                             int64_t last_steps);

/**
 * Asks for the negative prompt only every so many steps, 1 (the default) to 1000, and not any more after the part `until`
 * of the schedule, 0 to 1 (the default); its last difference to the prompt is kept, at half the cost (Compress
 * Guidance). diffusion_result_skipped_negatives() says how many calls had none.
 */
DIFFUSION_API
diffusion_status diffusion_request_set_negative_schedule(struct diffusion_request *request,
                                                         int64_t every,
                                                         float until);

/**
 * Draws small first, where a model composes best, then enlarges the result and draws it over: the "hires fix" of
 * AUTOMATIC1111's webui. Each side becomes `scale` times larger, 1 to 8, cut to a multiple of
 * diffusion_pipeline_size_multiple(); 0, the default, is no second pass. NaN is refused.
 *
 * The first pass has the request's width and height, the second its prompts, scheduler, guidance and seed. It goes with
 * no picture to start from, which diffusion_pipeline_generate() refuses. Progress is reported for both passes in turn.
 */
DIFFUSION_API
diffusion_status diffusion_request_set_hires_scale(struct diffusion_request *request,
                                                   float scale);

/**
 * The result's width and height in pixels where a scale does not do, up to 8192 and none smaller than the first pass's;
 * 0 and 0 are the scale again. Turns the second pass on, as all that follow do.
 */
DIFFUSION_API
diffusion_status diffusion_request_set_hires_size(struct diffusion_request *request,
                                                  int64_t width,
                                                  int64_t height);

/**
 * How many steps the second pass draws, 1 to 1000; 0, the default, is as many as the first. Its schedule has as many
 * more as the strength leaves out.
 */
DIFFUSION_API diffusion_status diffusion_request_set_hires_steps(struct diffusion_request *request, int64_t steps);

/**
 * How much the second pass redraws, above 0 up to 1. Default: 0.7. NaN is refused.
 */
DIFFUSION_API
diffusion_status diffusion_request_set_hires_strength(struct diffusion_request *request,
                                                      float strength);

/**
 * What is enlarged, and how, by one of the names of diffusion_upscale_name(). Default, also with NULL and 0:
 * "nearest-exact". "lanczos" enlarges the picture, all others the latents.
 */
DIFFUSION_API
diffusion_status diffusion_request_set_hires_upscale(struct diffusion_request *request,
                                                     const char *upscale,
                                                     size_t upscale_length);

/**
 * Previews while the picture is drawn: the progress callback is called once more with each, as
 * diffusion_progress.preview, and diffusion_job_preview() gives the newest of a job. They never change the pictures.
 *
 * `mode` is one of the names of diffusion_preview_mode_name(): "linear", a pixel for a latent, costs nothing; "small"
 * runs the small decoder that the folder has as vae_decoder_approx/model.onnx; "full" runs the model's own decoder.
 * NULL and 0, the default: none. `interval` is after how many denoiser evaluations each, 1 to 1000; there is none after the last.
 * What the model cannot show is UNSUPPORTED in diffusion_pipeline_generate().
 */
DIFFUSION_API
diffusion_status diffusion_request_set_previews(struct diffusion_request *request,
                                                const char *mode,
                                                size_t mode_length,
                                                int64_t interval);

/**
 * What the picture should show; UTF-8, at most 1048576 bytes, copied. Default, also with NULL and 0: empty.
 *
 * What does not fit the model's text encoder is cut off, and diffusion_result_warning() names it.
 */
DIFFUSION_API
diffusion_status diffusion_request_set_prompt(struct diffusion_request *request,
                                              const char *prompt,
                                              size_t prompt_length);

/**
 * Prompts that diffusion_pipeline_encode_prompt() read, in place of the request's own, which must not be set beside it, nor
 * their syntax, clip skip and most tokens. Default, also with NULL: none.
 *
 * The request keeps what it needs: the conditioning may be destroyed at once. Only the pipeline that read it takes it.
 */
DIFFUSION_API
diffusion_status diffusion_request_set_conditioning(struct diffusion_request *request,
                                                    const struct diffusion_conditioning *conditioning);

/**
 * As diffusion_request_set_prompt(), for a text that ends with NUL. NULL is an error here.
 */
DIFFUSION_API
diffusion_status diffusion_request_set_prompt_cstr(struct diffusion_request *request,
                                                   const char *prompt);

/**
 * What the second text encoder reads (Stable Diffusion XL and 3, Flux); limits as for the prompt. Default, also with
 * NULL and 0: the prompt. Models without one do not look at it.
 */
DIFFUSION_API
diffusion_status diffusion_request_set_prompt_2(struct diffusion_request *request,
                                                const char *prompt,
                                                size_t prompt_length);

/**
 * What the third text encoder reads (Stable Diffusion 3); limits as for the prompt. Default, also with NULL and 0: the
 * prompt.
 */
DIFFUSION_API
diffusion_status diffusion_request_set_prompt_3(struct diffusion_request *request,
                                                const char *prompt,
                                                size_t prompt_length);

/**
 * What the picture should not show; UTF-8, at most 1048576 bytes, copied. Default, also with NULL and 0: none, which
 * most models see as the empty text; Stable Diffusion XL may have been trained to see zeros there. Has no effect
 * where guidance is 1 or less.
 */
DIFFUSION_API
diffusion_status diffusion_request_set_negative_prompt(struct diffusion_request *request,
                                                       const char *prompt,
                                                       size_t prompt_length);

/**
 * As diffusion_request_set_negative_prompt(), for a text that ends with NUL. NULL is an error here.
 */
DIFFUSION_API
diffusion_status diffusion_request_set_negative_prompt_cstr(struct diffusion_request *request,
                                                            const char *prompt);

/**
 * The second text encoder's negative prompt; limits as for the prompt. Default, also with NULL and 0: the negative
 * prompt.
 */
DIFFUSION_API
diffusion_status diffusion_request_set_negative_prompt_2(struct diffusion_request *request,
                                                         const char *prompt,
                                                         size_t prompt_length);

/**
 * The third text encoder's negative prompt; limits as for the prompt. Default, also with NULL and 0: the negative
 * prompt.
 */
DIFFUSION_API
diffusion_status diffusion_request_set_negative_prompt_3(struct diffusion_request *request,
                                                         const char *prompt,
                                                         size_t prompt_length);

/**
 * What characters in prompts mean, by one of the names of diffusion_prompt_syntax_name(). Default, also with NULL and
 * 0: "plain", every character is text, as in diffusers.
 *
 * "webui" is the syntax of AUTOMATIC1111's webui: (weights:1.2), [from:to:0.5], [this|that], BREAK, AND, and prompts
 * of any length.
 */
DIFFUSION_API
diffusion_status diffusion_request_set_syntax(struct diffusion_request *request,
                                              const char *syntax,
                                              size_t syntax_length);

/**
 * How many of CLIP's last layers are left out, 0 (the default) to 11, as diffusers counts them; the webui's number is
 * one more. Models whose text encoder does not give its layers out are changed so that it does, if that is possible.
 */
DIFFUSION_API diffusion_status diffusion_request_set_clip_skip(struct diffusion_request *request, int64_t layers);

/**
 * How many tokens a T5 encoder reads (Stable Diffusion 3, Flux), 1 to 512. Default: what diffusers' pipeline of the
 * model's family has.
 */
DIFFUSION_API diffusion_status diffusion_request_set_max_tokens(struct diffusion_request *request, int64_t tokens);

/**
 * Whether the model's safety checker looks at the pictures, by one of the names of diffusion_safety_name(). Default,
 * also with NULL and 0: "off".
 *
 * "flag" says what it found in diffusion_result_flagged() and leaves the pictures as they are; "blur" also blurs what
 * is flagged. Off by default, unlike in diffusers, because a picture that was blackened unasked cannot be told from a
 * failure, and the checker costs another graph's time and memory; a host that shows pictures to people it does not know
 * should turn it on. diffusion_pipeline_generate() fails with UNSUPPORTED where the folder has no safety_checker.
 */
DIFFUSION_API
diffusion_status diffusion_request_set_safety(struct diffusion_request *request,
                                              const char *safety,
                                              size_t safety_length);

/**
 * Denoising steps, 1 to 1000. Default: the model's, diffusion_pipeline_default_steps().
 */
DIFFUSION_API diffusion_status diffusion_request_set_steps(struct diffusion_request *request, int64_t steps);

/**
 * Classifier-free guidance scale, -1000 to 1000. Default: the model's, diffusion_pipeline_default_guidance().
 *
 * Higher follows the prompt more closely; at 1 or below guidance is off and a step costs half. NaN is refused. Models
 * with distilled guidance (Flux dev, latent consistency) are told the number and have no second evaluation.
 */
DIFFUSION_API diffusion_status diffusion_request_set_guidance(struct diffusion_request *request, float guidance);

/**
 * How strongly an edit keeps to its picture (InstructPix2Pix), 0 to 1000, useful from 1. Default: 1.5, as in diffusers.
 */
DIFFUSION_API
diffusion_status diffusion_request_set_image_guidance(struct diffusion_request *request,
                                                      float guidance);

/**
 * Classifier-free guidance of a model that has a distilled one of its own (Flux), 0 to 1000: above 1 the negative prompt
 * is used and each step costs double. Default: off.
 */
DIFFUSION_API
diffusion_status diffusion_request_set_true_guidance(struct diffusion_request *request,
                                                     float guidance);

/**
 * How much noise the small picture gets before it is enlarged (x4 upscaler), 0 to 350. Default: 20.
 */
DIFFUSION_API diffusion_status diffusion_request_set_noise_level(struct diffusion_request *request, int64_t level);

/**
 * The scheduler, by one of the names of diffusion_scheduler_name() or by its class name in diffusers.
 * Default, also with NULL and 0: the one in the model's scheduler_config.json.
 */
DIFFUSION_API
diffusion_status diffusion_request_set_scheduler(struct diffusion_request *request,
                                                 const char *scheduler,
                                                 size_t scheduler_length);

/**
 * The sigma schedule, by one of the names of diffusion_sigma_schedule_name(). Default, also with NULL and 0: the
 * model's. Schedulers that have no sigmas refuse all but "default", in diffusion_pipeline_generate().
 */
DIFFUSION_API
diffusion_status diffusion_request_set_sigmas(struct diffusion_request *request,
                                              const char *sigmas,
                                              size_t sigmas_length);

/**
 * The noise levels one by one, `count` of them, descending, copied; as diffusers' set_timesteps(sigmas=...). The steps are
 * then as many as the list says; other steps in the request are refused, and so is another sigma schedule. Default, also with NULL and 0: none.
 *
 * For "euler" levels above 0, and one more where the last step ends, which may be 0; for "flow_euler" and "flow_lcm"
 * levels above 0 up to 1, one a step. Other schedulers refuse it in diffusion_pipeline_generate(). It takes the place
 * of a list of timesteps.
 */
DIFFUSION_API
diffusion_status diffusion_request_set_custom_sigmas(struct diffusion_request *request,
                                                     const double *sigmas,
                                                     size_t count);

/**
 * The timesteps one by one, `count` of them, descending, copied; as diffusers' set_timesteps(timesteps=...). The steps
 * are then as many as the list says; other steps in the request are refused. Default, also with NULL and 0: none.
 *
 * From 0 to below the trained number, whole but for "euler", "heun", "flow_euler" and "flow_lcm". Schedulers that cannot
 * be given a list refuse it in diffusion_pipeline_generate(). It takes the place of a list of sigmas.
 */
DIFFUSION_API
diffusion_status diffusion_request_set_custom_timesteps(struct diffusion_request *request,
                                                        const double *timesteps,
                                                        size_t count);

/**
 * The share of fresh noise in a step, 0 to 1. NaN is refused. Only the schedulers "ddim" (0, the default, is
 * deterministic; 1 is as noisy as DDPM) and "tcd" (its gamma; its makers recommend 0.3) read it.
 */
DIFFUSION_API diffusion_status diffusion_request_set_eta(struct diffusion_request *request, float eta);

/**
 * Leaves the last part of the denoising to another model: this one stops where `part`, 0 to 1, of the timesteps is done,
 * and its pictures still have noise. Default: it goes to the end.
 *
 * The other model goes on with diffusion_request_set_init_result() and the same number in
 * diffusion_request_set_denoising_start(), as Stable Diffusion XL's refiner does.
 */
DIFFUSION_API
diffusion_status diffusion_request_set_denoising_end(struct diffusion_request *request,
                                                     float part);

/**
 * Where another model stopped, 0 to 1; this one goes on from there, without adding noise. Default: at the beginning.
 * It must be less than the denoising end.
 */
DIFFUSION_API diffusion_status diffusion_request_set_denoising_start(struct diffusion_request *request, float part);

/**
 * Along which sides the pictures tile, by one of the names of diffusion_seamless_name(). Default, also with NULL and 0:
 * "off". "x" continues the right side on the left one.
 *
 * The first generation that asks for a way opens the denoiser and the decoder once more, with convolutions that wrap
 * around, and keeps them. diffusion_pipeline_generate() fails with UNSUPPORTED for denoisers without such convolutions
 * (Stable Diffusion 3, Flux).
 */
DIFFUSION_API
diffusion_status diffusion_request_set_seamless(struct diffusion_request *request,
                                                const char *seamless,
                                                size_t seamless_length);

/**
 * Seed of the noise. Default: a random one for every generation, which diffusion_result_seed() reports.
 *
 * Any value for "torch-cuda"; "torch-cpu" reads only the low 32 bits, as torch does; "numpy" takes 0 to 2^32 - 1, which
 * diffusion_pipeline_generate() checks.
 */
DIFFUSION_API
diffusion_status diffusion_request_set_seed(struct diffusion_request *request,
                                            uint64_t seed);

/**
 * Whose random generator to repeat, by one of the names of diffusion_rng_name(). Default: "torch-cpu".
 */
DIFFUSION_API
diffusion_status diffusion_request_set_rng(struct diffusion_request *request,
                                           const char *rng,
                                           size_t rng_length);

/**
 * How several pictures are seeded, by one of the names of diffusion_seed_mode_name(). Default, also with NULL and 0:
 * "one-generator", which draws for all pictures in turn, as diffusers' num_images_per_prompt does.
 *
 * With "one-per-picture" picture i has a generator of its own with seed + i, as in AUTOMATIC1111's webui, so that each
 * can be drawn again alone.
 */
DIFFUSION_API
diffusion_status diffusion_request_set_seed_mode(struct diffusion_request *request,
                                                 const char *mode,
                                                 size_t mode_length);

/**
 * A little of another seed's noise, for pictures that resemble the first seed's: `strength` goes from 0, the first
 * seed's picture, to 1, the other's. NaN is refused. Default: none.
 */
DIFFUSION_API
diffusion_status diffusion_request_set_variation(struct diffusion_request *request,
                                                 uint64_t seed,
                                                 float strength);

/**
 * How large the training picture is said to have been, in pixels, each 0 to 8192. Default: as large as the picture
 * that is drawn. Only Stable Diffusion XL reads this and the functions below (Podell et al. 2023, section 2.2).
 */
DIFFUSION_API
diffusion_status diffusion_request_set_original_size(struct diffusion_request *request,
                                                     int64_t width,
                                                     int64_t height);

/**
 * From where the training picture is said to have been cropped, in pixels, each 0 to 8192. Default: 0, 0, which draws
 * what is in the picture's middle.
 */
DIFFUSION_API
diffusion_status diffusion_request_set_crop(struct diffusion_request *request,
                                            int64_t left,
                                            int64_t top);

/**
 * How large the picture is said to become, in pixels, each 0 to 8192. Default: as large as it is drawn.
 */
DIFFUSION_API
diffusion_status diffusion_request_set_target_size(struct diffusion_request *request,
                                                   int64_t width,
                                                   int64_t height);

/**
 * The original size for the negative prompt. Default: as for the prompt.
 */
DIFFUSION_API
diffusion_status diffusion_request_set_negative_original_size(struct diffusion_request *request,
                                                              int64_t width,
                                                              int64_t height);

/**
 * The crop for the negative prompt. Default: 0, 0.
 */
DIFFUSION_API
diffusion_status diffusion_request_set_negative_crop(struct diffusion_request *request,
                                                     int64_t left,
                                                     int64_t top);

/**
 * The target size for the negative prompt. Default: as for the prompt.
 */
DIFFUSION_API
diffusion_status diffusion_request_set_negative_target_size(struct diffusion_request *request,
                                                            int64_t width,
                                                            int64_t height);

/**
 * How beautiful the picture is said to be, 0 to 10, for refiners of Stable Diffusion XL. Default: 6.
 */
DIFFUSION_API diffusion_status diffusion_request_set_aesthetic_score(struct diffusion_request *request, float score);

/**
 * The same for the negative prompt, 0 to 10. Default: 2.5.
 */
DIFFUSION_API
diffusion_status diffusion_request_set_negative_aesthetic_score(struct diffusion_request *request,
                                                                float score);

/**
 * Width in pixels, 1 to 8192. Default: that of the picture to start from, if there is one (four times it for an
 * upscaler), else the model's, diffusion_pipeline_default_width().
 *
 * It must be a multiple of the model's diffusion_pipeline_size_multiple(), which
 * diffusion_pipeline_generate() checks.
 */
DIFFUSION_API diffusion_status diffusion_request_set_width(struct diffusion_request *request, int64_t width);

/**
 * Height in pixels, 1 to 8192. Default and multiples as for the width.
 */
DIFFUSION_API diffusion_status diffusion_request_set_height(struct diffusion_request *request, int64_t height);

/**
 * How many pictures, 1 to 64. Default: 1. diffusion_request_set_seed_mode() says how they are seeded.
 */
DIFFUSION_API diffusion_status diffusion_request_set_count(struct diffusion_request *request, int64_t count);

/**
 * The pixel format of the pictures, a diffusion_pixel_format. Default: DIFFUSION_PIXEL_FORMAT_RGB8.
 */
DIFFUSION_API diffusion_status diffusion_request_set_format(struct diffusion_request *request, int32_t format);

/**
 * The picture to start from, in any size and format, made by diffusion_image_open() or diffusion_image_create() or
 * another generation's. Default, also with NULL: none; the generation starts from noise.
 *
 * The request keeps what it needs: the image may be destroyed at once. The picture is resized to the request's width
 * and height as diffusers does it; where the request sets none, the picture's own are taken, in multiples of
 * diffusion_pipeline_size_multiple().
 */
DIFFUSION_API
diffusion_status diffusion_request_set_init_image(struct diffusion_request *request,
                                                  const struct diffusion_image *image);

/**
 * Latents to start from, in place of a picture: `[pictures, channels, height, width]`, as many pictures as the request's
 * count, as diffusion_pipeline_encode_image(), diffusion_result_latents() or diffusion_embedding_create() gave them.
 * Default, also with NULL: none.
 *
 * The request keeps what it needs: the embedding may be destroyed at once. They are taken for a finished picture's, and
 * noised as far as diffusion_request_set_strength() says; with diffusion_request_set_denoising_start() they are taken as
 * they are, noisy to that point: 0 begins with them as the first noise, in the scheduler's scale.
 */
DIFFUSION_API
diffusion_status diffusion_request_set_init_latents(struct diffusion_request *request,
                                                    const struct diffusion_embedding *latents);

/**
 * Which part of the picture is drawn anew: white is, black stays; any size, resized to the picture's. Default, also
 * with NULL: the picture's transparent parts, if it has any, else all of it.
 *
 * The request keeps what it needs: the image may be destroyed at once. An inpainting model sees what lies around the
 * mask; any other model has it put back at every step.
 */
DIFFUSION_API
diffusion_status diffusion_request_set_mask_image(struct diffusion_request *request,
                                                  const struct diffusion_image *image);

/**
 * How much of the picture is redrawn: above 0, which keeps it, up to 1, which keeps nothing but what a mask protects.
 * Default: what diffusers' pipeline of the model's family has, 0.3 to 1. NaN is refused.
 */
DIFFUSION_API diffusion_status diffusion_request_set_strength(struct diffusion_request *request, float strength);

/**
 * How softly the mask's edge runs out: the standard deviation of a Gaussian blur in pixels, 0 (the default) to 256.
 */
DIFFUSION_API diffusion_status diffusion_request_set_mask_blur(struct diffusion_request *request, float pixels);

/**
 * Draws only the masked part, at the full size, with `pixels` around it, 0 to 1024, and pastes it back into the picture.
 * Default: the whole picture is drawn.
 */
DIFFUSION_API
diffusion_status diffusion_request_set_mask_padding(struct diffusion_request *request,
                                                    int64_t pixels);

/**
 * Whether what the mask protects is put back into the result pixel by pixel: 1 or 0, the default. Without it those parts
 * went through the autoencoder and changed a little, as in diffusers.
 */
DIFFUSION_API
diffusion_status diffusion_request_set_paste_back(struct diffusion_request *request,
                                                  int32_t paste_back);

/**
 * Another generation's latents to start from, in place of a picture: both models must have the same kind of latents, as
 * Stable Diffusion XL and its refiner have. Default, also with NULL: none.
 *
 * The request shares them with the result, which may be destroyed at once. With diffusion_request_set_denoising_start()
 * this model goes on where the other stopped; without it noise is added as for a picture.
 */
DIFFUSION_API
diffusion_status diffusion_request_set_init_result(struct diffusion_request *request,
                                                   const struct diffusion_result *result);

/**
 * Whether the autoencoder encodes and decodes in overlapping tiles, by one of the names of diffusion_tiling_name(). Default,
 * also with NULL and 0: "auto", which is: in the memory mode "low", pictures with a side beyond what the autoencoder was
 * trained on. "on" tiles in every memory mode what is larger than a tile (the training pictures' side, at most 768 pixels);
 * "off" never tiles.
 *
 * The memory of a tiled picture is that of one tile and the picture itself. Each tile is normalised by itself, so colours
 * differ a little from those of a whole picture. diffusion_pipeline_generate() fails with INVALID_ARGUMENT for "on" beside
 * a seamless picture, which is decoded whole.
 */
DIFFUSION_API
diffusion_status diffusion_request_set_tiling(struct diffusion_request *request,
                                              const char *tiling,
                                              size_t tiling_length);

/**
 * Draws what the request asks for. Blocks until the pictures are there.
 *
 * `cancel` may be NULL; a cancelled token stops the call, in the middle of a graph too, and also when it was
 * cancelled before. `progress` may be NULL; it is called on this thread with `user_data`.
 * On success `*result` is the caller's, to be given back with diffusion_result_destroy().
 * On any error `*result` is untouched and the pipeline stays usable.
 *
 * Any thread. Calls that share a pipeline queue; different pipelines run side by side. The request is copied when
 * the call starts. From its first progress report on, pipeline, request and token may be destroyed, by the callback
 * too; before that report they must live, and without a callback until the call returns.
 *
 * All pictures of a request together have at most 2^28 pixels, which are four pictures of 8192 x 8192.
 * Errors: INVALID_ARGUMENT before any work starts, naming the field and what is allowed; UNSUPPORTED; CANCELLED;
 * NUMERIC when a number became NaN or infinite; GRAPH_FAILED; OUT_OF_MEMORY; BUSY when called from a callback of a
 * generation with the same pipeline. That check knows one thread only: two callbacks that each wait for the other's
 * pipeline, on two threads, wait for ever, as with any two locks.
 */
DIFFUSION_API
diffusion_status diffusion_pipeline_generate(const struct diffusion_pipeline *pipeline,
                                             const struct diffusion_request *request,
                                             const struct diffusion_cancel_token *cancel,
                                             diffusion_progress_callback progress,
                                             void *user_data,
                                             struct diffusion_result **result);

/**
 * A word for people: "queued", "running", "finished", "failed", "cancelled"; "unknown" for any other number.
 *
 * The text lives as long as the library is loaded. Any thread.
 */
DIFFUSION_API const char *diffusion_job_state_name(int32_t state);

/**
 * Starts to draw what the request asks for, and returns at once. On success `*job` is the caller's, to be given back with
 * diffusion_job_destroy().
 *
 * The jobs of a pipeline run one after the other in the order of their starts, on one thread that the first start makes;
 * those of different pipelines run side by side. They take turns with calls of diffusion_pipeline_generate() and
 * diffusion_pipeline_embed(), in no promised order. As many jobs may wait as diffusion_pipeline_options_set_job_queue()
 * says, 16 by default.
 *
 * The request is copied, so it may be changed, used again and destroyed when this returns; the pipeline may be destroyed
 * too, and its jobs go on. Any thread.
 *
 * Errors: INVALID_ARGUMENT for what diffusion_request_validate() refuses; BUSY when the queue is full: take it up again
 * when a job is done, or cancel one; OUT_OF_MEMORY when the system gives no thread. What only the model can know, as a
 * size that it cannot draw, makes the job fail, with the statuses of diffusion_pipeline_generate().
 */
DIFFUSION_API
diffusion_status diffusion_job_start(const struct diffusion_pipeline *pipeline,
                                     const struct diffusion_request *request,
                                     struct diffusion_job **job);

/**
 * Starts to open the model in a folder, and returns at once: diffusion_pipeline_open() as a job, on a thread of its own.
 * On success `*job` is the caller's, to be given back with diffusion_job_destroy(); diffusion_job_take_pipeline() gives
 * the pipeline once it is finished.
 *
 * `folder` is UTF-8. `options` may be NULL for the defaults; they are copied. Any thread.
 *
 * Errors: INVALID_ARGUMENT for a path that is empty, too long or has a NUL inside, or options that cannot be;
 * INVALID_UTF8; OUT_OF_MEMORY when the system gives no thread. All else makes the job fail, with the statuses of
 * diffusion_pipeline_open().
 */
DIFFUSION_API
diffusion_status diffusion_pipeline_open_start(const char *folder,
                                               size_t folder_length,
                                               const struct diffusion_pipeline_options *options,
                                               struct diffusion_job **job);

/**
 * The state of the job now, a diffusion_job_state. Never waits. -1 for NULL.
 */
DIFFUSION_API int32_t diffusion_job_poll(const struct diffusion_job *job);

/**
 * Waits until the job is finished, failed or cancelled, or until `timeout_milliseconds` have passed; a negative number
 * waits for as long as it takes, 0 does not wait. Writes the state as it is then to `*state`, a diffusion_job_state, so
 * that a time that ran out shows as QUEUED or RUNNING and is no error.
 *
 * Several threads may wait for one job. A log callback must not wait for the job on whose thread it is called.
 */
DIFFUSION_API
diffusion_status diffusion_job_wait(const struct diffusion_job *job,
                                    int64_t timeout_milliseconds,
                                    int32_t *state);

/**
 * Cancels the job. One that is queued is CANCELLED when this returns and never runs. One that is running stops as soon as
 * it can, in the middle of a graph too, and then is CANCELLED, even if its work came to an end in that moment; its
 * pipeline goes on with the next job. One that is done stays as it is.
 *
 * Any thread, at any time, again and again; never waits. It is not for signal handlers, because it takes locks.
 */
DIFFUSION_API
diffusion_status diffusion_job_cancel(const struct diffusion_job *job);

/**
 * Takes the pictures of a finished generation. On success `*result` is the caller's, to be given back with
 * diffusion_result_destroy(); it needs neither the job nor the pipeline.
 *
 * Returns the status of what became of the job, as diffusion_pipeline_generate() would have: OK once, when it is
 * finished; its error, as often as it is asked for, when it failed; CANCELLED when it was cancelled.
 * Errors besides: BUSY as long as it is queued or running; INVALID_ARGUMENT when the result was taken before, and for a
 * job that opens a model.
 */
DIFFUSION_API
diffusion_status diffusion_job_take_result(const struct diffusion_job *job,
                                           struct diffusion_result **result);

/**
 * Takes the pipeline of a finished opening. On success `*pipeline` is the caller's, to be given back with
 * diffusion_pipeline_destroy().
 *
 * Returns the status of what became of the job, as diffusion_pipeline_open() would have; see diffusion_job_take_result().
 * Errors besides: BUSY as long as it is running; INVALID_ARGUMENT when the pipeline was taken before, and for a job that
 * draws. A pipeline that nobody takes is closed with the job.
 */
DIFFUSION_API
diffusion_status diffusion_job_take_pipeline(const struct diffusion_job *job,
                                             struct diffusion_pipeline **pipeline);

/**
 * Why the job failed or was cancelled: a whole sentence with its causes. Empty for a job that has not, and for NULL.
 *
 * Borrowed; never NULL; it lives until diffusion_job_destroy().
 */
DIFFUSION_API const char *diffusion_job_error_message(const struct diffusion_job *job);

/**
 * Gives the job back, with what was not taken of it; NULL does nothing. A job that is not done is cancelled.
 *
 * Does not wait while its pipeline or another of its jobs is there: what runs stops behind it. The last one to be
 * destroyed of a pipeline and its jobs waits for their thread to end, as long as a cancel takes: afterwards nothing of
 * them runs, but for what cannot be stopped, which comes to its end behind it and is thrown away. So does an opening that
 * is not done, see diffusion_pipeline_open(). A host that must not wait cancels, and destroys when
 * diffusion_job_poll() says that it is done. Every other call with the job must have returned.
 */
DIFFUSION_API
void diffusion_job_destroy(struct diffusion_job *job);

/**
 * How many jobs of the same pipeline run before this one: 1 and more while others run or wait before it, 0 once it is
 * the next one or runs or is done, and for NULL.
 */
DIFFUSION_API uint32_t diffusion_job_queue_position(const struct diffusion_job *job);

/**
 * How far the job is, all three numbers of one moment: what is being done, a diffusion_phase, or -1 before the first
 * report; how many parts of this phase are finished; how many it has. They mean what they mean in diffusion_progress, and
 * stay as they were when the job is done.
 *
 * None of the three may be NULL; diffusion_job_phase() and its sisters give one of them alone.
 */
DIFFUSION_API
diffusion_status diffusion_job_progress(const struct diffusion_job *job,
                                        int32_t *phase,
                                        uint32_t *step,
                                        uint32_t *step_count);

/**
 * What is being done, a diffusion_phase; -1 before the first report and for NULL. diffusion_phase_name() has a word.
 *
 * Between this and diffusion_job_step() the job may have gone on; diffusion_job_progress() gives what fits together.
 */
DIFFUSION_API int32_t diffusion_job_phase(const struct diffusion_job *job);

/**
 * How many parts of its phase are finished; 0 before the first report and for NULL.
 */
DIFFUSION_API uint32_t diffusion_job_step(const struct diffusion_job *job);

/**
 * How many parts its phase has; 0 before the first report and for NULL.
 */
DIFFUSION_API uint32_t diffusion_job_step_count(const struct diffusion_job *job);

/**
 * For how many milliseconds the job has been running, or did when it is done; 0 while it is queued and for NULL.
 */
DIFFUSION_API double diffusion_job_elapsed_milliseconds(const struct diffusion_job *job);

/**
 * How many previews there were so far, of all pictures of the request together: where this number is another one than
 * last time, there is a new preview. 0 where the request asks for none (diffusion_request_set_previews()), before the
 * first, and for NULL.
 */
DIFFUSION_API uint64_t diffusion_job_preview_number(const struct diffusion_job *job);

/**
 * The newest preview of picture `index` of the request, counted from 0: what is not finished yet, as
 * diffusion_progress.preview shows it. It does not wait for the job, and copies no pixels. The newest preview of each
 * picture is kept until the job is destroyed.
 *
 * On success `*image` is the caller's, to be given back with diffusion_image_destroy(); newer previews leave it as it is.
 *
 * Errors: INVALID_ARGUMENT when there is no preview of such a picture (yet).
 */
DIFFUSION_API
diffusion_status diffusion_job_preview(const struct diffusion_job *job,
                                       int64_t index,
                                       struct diffusion_image **image);

/**
 * Makes an object with no files. Give it back with diffusion_model_files_destroy().
 */
DIFFUSION_API diffusion_status diffusion_model_files_create(struct diffusion_model_files **files);

/**
 * Adds the file `name` with a copy of `byte_count` bytes: for small files, and for memory that the host wants back.
 *
 * `name` is UTF-8, a path relative to the model's folder with its parts separated by "/", such as "unet/model.onnx", of
 * at most 4096 bytes. `bytes` may be NULL where `byte_count` is 0. The files that a model needs are those that its
 * folder has; others do no harm. Weights that a graph keeps in a file of their own are a file like the others.
 *
 * Errors: INVALID_ARGUMENT for a name that is empty, absolute or leads upwards, for one with a backslash, a colon or a NUL
 * inside, for one that was added before, and for one that would be a file and a folder at once; INVALID_UTF8.
 */
DIFFUSION_API
diffusion_status diffusion_model_files_add_copy(struct diffusion_model_files *files,
                                                const char *name,
                                                size_t name_length,
                                                const uint8_t *bytes,
                                                size_t byte_count);

/**
 * Adds the file `name` with `byte_count` bytes that stay the host's and are not copied: for weights, of which one copy in
 * memory is enough, as those of a mapped file or archive.
 *
 * The bytes must stay as they are until `release` is called with `user_data`: when `files` and every pipeline and job that
 * was opened from it are destroyed, and what they were doing has ended. `release` may be NULL for memory that stays
 * until the process ends. Where this returns an error, the bytes were not taken and `release` is not called.
 *
 * On the CPU, the weights of matrix products, most of a large model, are used where they lie. ONNX Runtime keeps a copy
 * of other weights, and one of all weights of a graph while that graph is opened: memory for the largest graph is needed
 * besides, for all of them unless the options ask for low memory. Graphs inside of nodes are always copied, and must be
 * below 2 GiB.
 *
 * `name` and errors are as in diffusion_model_files_add_copy().
 */
DIFFUSION_API
diffusion_status diffusion_model_files_add_borrowed(struct diffusion_model_files *files,
                                                    const char *name,
                                                    size_t name_length,
                                                    const uint8_t *bytes,
                                                    size_t byte_count,
                                                    diffusion_release_callback release,
                                                    void *user_data);

/**
 * Gives the object back; NULL does nothing. Pipelines that were opened from it, and openings that have begun, keep what
 * they need of the files.
 */
DIFFUSION_API
void diffusion_model_files_destroy(struct diffusion_model_files *files);

/**
 * Opens the model that the files are: diffusion_pipeline_open() for one in memory, which draws the same. Nothing is
 * written to the disk, unless the options name a cache of prepared graphs.
 *
 * `files` may be destroyed, and may get other files, when this returns. Any number of pipelines may be opened from it.
 * What diffusion_pipeline_info_json() and errors call the files begins with "memory:" and a number. ControlNets and
 * embeddings that the options name by path are read from the disk.
 *
 * `options`, `cancel`, `progress`, `*pipeline` and errors are as in diffusion_pipeline_open(); BAD_MODEL where a file is
 * missing.
 */
DIFFUSION_API
diffusion_status diffusion_pipeline_open_files(const struct diffusion_model_files *files,
                                               const struct diffusion_pipeline_options *options,
                                               const struct diffusion_cancel_token *cancel,
                                               diffusion_progress_callback progress,
                                               void *user_data,
                                               struct diffusion_pipeline **pipeline);

/**
 * Starts to open the model that the files are, and returns at once: diffusion_pipeline_open_files() as a job, on a thread
 * of its own. `files` may be destroyed at once. `options` may be NULL for the defaults; they are copied. Any thread.
 *
 * `*job` and errors are as in diffusion_pipeline_open_start(). Destroying a job that nothing was taken from lets go of the
 * files.
 */
DIFFUSION_API
diffusion_status diffusion_pipeline_open_files_start(const struct diffusion_model_files *files,
                                                     const struct diffusion_pipeline_options *options,
                                                     struct diffusion_job **job);

/**
 * Gives the result back, with everything borrowed from it; NULL does nothing.
 */
DIFFUSION_API void diffusion_result_destroy(struct diffusion_result *result);

/**
 * How many pictures there are. 0 for NULL.
 */
DIFFUSION_API uint32_t diffusion_result_count(const struct diffusion_result *result);

/**
 * Picture `index`, counted from 0. Borrowed: it lives until diffusion_result_destroy().
 *
 * Errors: INVALID_ARGUMENT when there is no such picture.
 */
DIFFUSION_API
diffusion_status diffusion_result_image(const struct diffusion_result *result,
                                        int64_t index,
                                        const struct diffusion_image **image);

/**
 * Whether the safety checker flagged picture `index`: 1 if it did, 0 if not, -1 where it was not asked
 * (diffusion_request_set_safety()), there is no such picture, or the result is NULL.
 */
DIFFUSION_API int32_t diffusion_result_flagged(const struct diffusion_result *result, int64_t index);

/**
 * The seed that was used, also where the request set none; of several pictures with a seed each, the first one's. 0 for
 * NULL.
 */
DIFFUSION_API
uint64_t diffusion_result_seed(const struct diffusion_result *result);

/**
 * The seed that draws picture `index` again: its own with diffusion_request_set_seed_mode() "one-per-picture", which
 * draws it alone; otherwise that of all of them. 0 where there is no such picture, or the result is NULL.
 */
DIFFUSION_API uint64_t diffusion_result_image_seed(const struct diffusion_result *result, int64_t index);

/**
 * The settings as one JSON object with every default filled in: prompt, negative_prompt, width, height, steps,
 * guidance, scheduler, sigmas, eta, seed, rng, count, strength, clip_skip, model; and what else the request set.
 * Fields may be added in later versions.
 *
 * Borrowed; never NULL; empty for a NULL result.
 */
DIFFUSION_API const char *diffusion_result_settings_json(const struct diffusion_result *result);

/**
 * How many warnings there are. 0 for NULL.
 */
DIFFUSION_API uint32_t diffusion_result_warning_count(const struct diffusion_result *result);

/**
 * Warning `index`, counted from 0: a sentence, for example about words that did not fit the text encoder.
 *
 * Borrowed; never NULL; empty past the last.
 */
DIFFUSION_API const char *diffusion_result_warning(const struct diffusion_result *result, int64_t index);

/**
 * Where the time went, as one JSON object in milliseconds: text, encode, denoise (a list, one for each step),
 * denoise_in_graphs, decode, total; and how many denoiser evaluations were skipped_calls and skipped_negatives.
 * Borrowed; never NULL; empty for a NULL result.
 */
DIFFUSION_API const char *diffusion_result_timings_json(const struct diffusion_result *result);

/**
 * Tokenizing and text encoding, in milliseconds. 0 for NULL, as in the functions below.
 */
DIFFUSION_API double diffusion_result_text_milliseconds(const struct diffusion_result *result);

/**
 * Pictures to latents, and the first noise, in milliseconds; next to nothing where no picture is the start.
 */
DIFFUSION_API double diffusion_result_encode_milliseconds(const struct diffusion_result *result);

/**
 * How many denoiser evaluations there were. A scheduler that asks twice a step has more than the request's steps.
 */
DIFFUSION_API uint32_t diffusion_result_step_count(const struct diffusion_result *result);

/**
 * Denoiser evaluation `index`, counted from 0, with everything around it, in milliseconds. 0 past the last.
 */
DIFFUSION_API double diffusion_result_step_milliseconds(const struct diffusion_result *result, int64_t index);

/**
 * Decoding and pixel conversion, in milliseconds.
 */
DIFFUSION_API double diffusion_result_decode_milliseconds(const struct diffusion_result *result);

/**
 * How many denoiser evaluations were left out; see diffusion_request_set_reuse().
 */
DIFFUSION_API uint32_t diffusion_result_skipped_calls(const struct diffusion_result *result);

/**
 * How many denoiser evaluations had no negative prompt; see diffusion_request_set_negative_schedule().
 */
DIFFUSION_API uint32_t diffusion_result_skipped_negatives(const struct diffusion_result *result);

/**
 * The whole generation, in milliseconds.
 */
DIFFUSION_API double diffusion_result_total_milliseconds(const struct diffusion_result *result);

/**
 * Width in pixels. 0 for NULL, as in the functions below.
 */
DIFFUSION_API uint32_t diffusion_image_width(const struct diffusion_image *image);

/**
 * Height in pixels.
 */
DIFFUSION_API uint32_t diffusion_image_height(const struct diffusion_image *image);

/**
 * Bytes from one row to the next.
 */
DIFFUSION_API size_t diffusion_image_stride(const struct diffusion_image *image);

/**
 * Bytes of the whole picture: stride times height.
 */
DIFFUSION_API size_t diffusion_image_byte_length(const struct diffusion_image *image);

/**
 * The layout of the pixels, a diffusion_pixel_format. -1 for NULL.
 */
DIFFUSION_API int32_t diffusion_image_format(const struct diffusion_image *image);

/**
 * The first byte of the first row. Borrowed: it lives as long as the image. NULL for NULL.
 *
 * The bytes of DIFFUSION_PIXEL_FORMAT_RGBA_F32 are floats in the machine's byte order, aligned for floats.
 */
DIFFUSION_API const uint8_t *diffusion_image_pixels(const struct diffusion_image *image);

/**
 * The settings that made this picture, as one JSON object: those of diffusion_result_settings_json() with the
 * picture's index. Borrowed; never NULL; empty for NULL, for previews, and for pictures that the host made.
 */
DIFFUSION_API const char *diffusion_image_settings_json(const struct diffusion_image *image);

/**
 * Copies the picture into the host's own memory, converting the format.
 *
 * `buffer` has `size` bytes, which need not be initialised, for rows that are `stride` bytes apart; what lies between
 * rows is neither read nor written. `width`
 * and `height` must be the picture's. `stride` is at least one row of pixels, and the buffer holds every row; the
 * last row needs no padding. For DIFFUSION_PIXEL_FORMAT_RGBA_F32 any alignment is fine.
 *
 * Errors: INVALID_ARGUMENT when something does not fit; the buffer is then untouched.
 */
DIFFUSION_API
diffusion_status diffusion_image_copy(const struct diffusion_image *image,
                                      void *buffer,
                                      size_t size,
                                      int64_t width,
                                      int64_t height,
                                      int64_t stride,
                                      int32_t format);

/**
 * Saves the picture as a PNG or JPEG, by the ending of the path `file`, which is UTF-8: .png, .jpg or .jpeg.
 *
 * A PNG carries the settings: the text `parameters` that image tools read, and a JSON text, `libdiffusion`. The file
 * appears under its name only when it is whole; a file that is there is replaced.
 *
 * Errors: INVALID_ARGUMENT for another ending or a path that no file can have, INVALID_UTF8, IO when the file cannot
 * be written, OUT_OF_MEMORY.
 */
DIFFUSION_API
diffusion_status diffusion_image_save(const struct diffusion_image *image,
                                      const char *file,
                                      size_t file_length);

/**
 * As diffusion_image_save(), for a path that ends with NUL.
 */
DIFFUSION_API diffusion_status diffusion_image_save_cstr(const struct diffusion_image *image, const char *file);

/**
 * Encodes the picture into memory; `format` is "png", "jpg" or "jpeg". A PNG carries the settings.
 * On success `*buffer` is the caller's, to be given back with diffusion_buffer_destroy().
 *
 * Errors: INVALID_ARGUMENT for another format, INVALID_UTF8, OUT_OF_MEMORY.
 */
DIFFUSION_API
diffusion_status diffusion_image_encode(const struct diffusion_image *image,
                                        const char *format,
                                        size_t format_length,
                                        struct diffusion_buffer **buffer);

/**
 * Makes a picture from the host's own pixels, which are copied.
 *
 * `pixels` has `size` readable bytes with `height` rows that are `stride` bytes apart; width and height are 1 to 16384.
 * `stride` is at least one row of pixels, and the last row needs no padding. The floats of
 * DIFFUSION_PIXEL_FORMAT_RGBA_F32 need no alignment, and are clamped to 0 and 1. Alpha of a picture to start from
 * says what is drawn: see diffusion_request_set_mask_image(). Nothing may write to the bytes during the call.
 * On success `*image` is the caller's, to be given back with diffusion_image_destroy().
 *
 * Errors: INVALID_ARGUMENT when something does not fit, NUMERIC for a float that is NaN, OUT_OF_MEMORY.
 */
DIFFUSION_API
diffusion_status diffusion_image_create(const void *pixels,
                                        size_t size,
                                        int64_t width,
                                        int64_t height,
                                        int64_t stride,
                                        int32_t format,
                                        struct diffusion_image **image);

/**
 * Reads a PNG, JPEG or WebP file, whose path `file` is UTF-8: upright by its EXIF orientation, as RGB8, or as RGBA8
 * where it has alpha; 16 bits become 8, grey and CMYK become colours, of an animation the first picture is read.
 * On success `*image` is the caller's, to be given back with diffusion_image_destroy().
 *
 * Errors: IO when the file is missing or cannot be read; INVALID_ARGUMENT when it is none of these, is damaged, has
 * more than 16384 pixels a side, 512 MiB decoded or 256 MiB as a file; INVALID_UTF8, OUT_OF_MEMORY.
 */
DIFFUSION_API
diffusion_status diffusion_image_open(const char *file,
                                      size_t file_length,
                                      struct diffusion_image **image);

/**
 * As diffusion_image_open(), for a path that ends with NUL.
 */
DIFFUSION_API diffusion_status diffusion_image_open_cstr(const char *file, struct diffusion_image **image);

/**
 * As diffusion_image_open(), for a file's `size` bytes in memory, which nothing may write to during the call.
 */
DIFFUSION_API diffusion_status diffusion_image_decode(const void *bytes, size_t size, struct diffusion_image **image);

/**
 * For drawing beyond a picture's borders: puts it on a larger canvas with `left`, `right`, `top` and `bottom` more pixels,
 * which reflect the picture, and makes the mask that covers them. Give both to a request, with
 * diffusion_request_set_init_image() and diffusion_request_set_mask_image().
 *
 * On success `*picture` and `*mask` are the caller's, to be given back with diffusion_image_destroy().
 *
 * Errors: INVALID_ARGUMENT when nothing is added or a side gets beyond 16384 pixels; OUT_OF_MEMORY.
 */
DIFFUSION_API
diffusion_status diffusion_image_extend(const struct diffusion_image *image,
                                        int64_t left,
                                        int64_t right,
                                        int64_t top,
                                        int64_t bottom,
                                        struct diffusion_image **picture,
                                        struct diffusion_image **mask);

/**
 * Gives back a picture that the host made; NULL does nothing. Not for pictures that are borrowed from a result. Requests
 * that were given it keep what they need.
 */
DIFFUSION_API
void diffusion_image_destroy(struct diffusion_image *image);

/**
 * The first byte. Borrowed: it lives until diffusion_buffer_destroy(). NULL when `buffer` is NULL.
 */
DIFFUSION_API const uint8_t *diffusion_buffer_data(const struct diffusion_buffer *buffer);

/**
 * How many bytes there are. 0 when `buffer` is NULL.
 */
DIFFUSION_API size_t diffusion_buffer_size(const struct diffusion_buffer *buffer);

/**
 * Gives the bytes back; NULL does nothing.
 */
DIFFUSION_API void diffusion_buffer_destroy(struct diffusion_buffer *buffer);

/**
 * Computes one of the values that the model lists as embeddings, such as "image_embeds" of a picture, or "x_T", the noise
 * that it comes from; diffusion_pipeline_info_json() lists them under "cascade". What it is made of comes from the
 * request, as for a picture; what is not needed for it need not be there.
 *
 * Blocks; `cancel` and `progress` are as in diffusion_pipeline_generate(). On success `*embedding` is the caller's, to be
 * given back with diffusion_embedding_destroy(); its first size is 1, or the request's count where pictures differ.
 *
 * Errors: as of diffusion_pipeline_generate(); UNSUPPORTED for a model of one stage.
 */
DIFFUSION_API
diffusion_status diffusion_pipeline_embed(const struct diffusion_pipeline *pipeline,
                                          const struct diffusion_request *request,
                                          const char *value_name,
                                          size_t value_length,
                                          const struct diffusion_cancel_token *cancel,
                                          diffusion_progress_callback progress,
                                          void *user_data,
                                          struct diffusion_embedding **embedding);

/**
 * Makes an embedding of the host's own numbers, which are copied: `rank` sizes in `shape`, the first of them the rows, the
 * last the innermost; 1 to 8 of them, each 1 or more, with `count` numbers in all. NaN and infinite numbers are refused.
 * On success `*embedding` is the caller's.
 */
DIFFUSION_API
diffusion_status diffusion_embedding_create(const float *values,
                                            size_t count,
                                            const int64_t *shape,
                                            size_t rank,
                                            struct diffusion_embedding **embedding);

/**
 * Gives the embedding back; NULL does nothing.
 */
DIFFUSION_API void diffusion_embedding_destroy(struct diffusion_embedding *embedding);

/**
 * Its numbers, row by row; they live until diffusion_embedding_destroy(). NULL for NULL.
 */
DIFFUSION_API const float *diffusion_embedding_values(const struct diffusion_embedding *embedding);

/**
 * How many numbers it has; 0 for NULL.
 */
DIFFUSION_API size_t diffusion_embedding_count(const struct diffusion_embedding *embedding);

/**
 * How many sizes it has; 0 for NULL.
 */
DIFFUSION_API size_t diffusion_embedding_rank(const struct diffusion_embedding *embedding);

/**
 * Its sizes, diffusion_embedding_rank() of them; they live until diffusion_embedding_destroy(). NULL for NULL.
 */
DIFFUSION_API const int64_t *diffusion_embedding_shape(const struct diffusion_embedding *embedding);

/**
 * The embedding at `at` (0 to 1, and beyond) on the straight line from `from` to `to`, row by row: what diffusion
 * autoencoders' codes want. On success `*embedding` is the caller's.
 */
DIFFUSION_API
diffusion_status diffusion_embedding_lerp(const struct diffusion_embedding *from,
                                          const struct diffusion_embedding *to,
                                          float at,
                                          struct diffusion_embedding **embedding);

/**
 * The embedding at `at` (0 to 1, and beyond) on the arc from `from` to `to`, row by row, over all numbers of a row as one
 * vector: what CLIP's embeddings and noise want. On success `*embedding` is the caller's.
 */
DIFFUSION_API
diffusion_status diffusion_embedding_slerp(const struct diffusion_embedding *from,
                                           const struct diffusion_embedding *to,
                                           float at,
                                           struct diffusion_embedding **embedding);

/**
 * `weight_one` times `one` plus `weight_other` times `other`, row by row: several pictures and texts as one, as Kandinsky
 * mixes them. On success `*embedding` is the caller's.
 */
DIFFUSION_API
diffusion_status diffusion_embedding_weighted_sum(const struct diffusion_embedding *one,
                                                  float weight_one,
                                                  const struct diffusion_embedding *other,
                                                  float weight_other,
                                                  struct diffusion_embedding **embedding);

/**
 * The direction from the text embedding `before` to the text embedding `after`, of length 1, row by row: turned towards
 * it by diffusion_embedding_turn(), a picture's embedding changes as the texts do (DALL-E 2's text differences). On
 * success `*embedding` is the caller's.
 *
 * Errors: INVALID_ARGUMENT where both are the same.
 */
DIFFUSION_API
diffusion_status diffusion_embedding_difference(const struct diffusion_embedding *before,
                                                const struct diffusion_embedding *after,
                                                struct diffusion_embedding **embedding);

/**
 * `picture` turned towards `difference` by the part `at` (0.25 to 0.5 are usual) of the angle between them, its length
 * kept, row by row. On success `*embedding` is the caller's.
 */
DIFFUSION_API
diffusion_status diffusion_embedding_turn(const struct diffusion_embedding *picture,
                                          const struct diffusion_embedding *difference,
                                          float at,
                                          struct diffusion_embedding **embedding);

/**
 * What the model's autoencoder makes of a picture: its most likely latents, `[1, channels, height, width]`, scaled as the
 * denoiser knows them. The picture is not resized: its sides must be multiples of what a latent stands for, 8 pixels in
 * most models.
 *
 * Blocks, in its turn; `cancel` may be NULL. On success `*latents` is the caller's, to be given back with
 * diffusion_embedding_destroy(). Any thread.
 *
 * Errors: INVALID_ARGUMENT for a size that does not fit; UNSUPPORTED for a model without an encoder, or of several stages;
 * CANCELLED, GRAPH_FAILED, NUMERIC, OUT_OF_MEMORY; BUSY as of diffusion_pipeline_generate().
 */
DIFFUSION_API
diffusion_status diffusion_pipeline_encode_image(const struct diffusion_pipeline *pipeline,
                                                 const struct diffusion_image *image,
                                                 const struct diffusion_cancel_token *cancel,
                                                 struct diffusion_embedding **latents);

/**
 * The picture of latents: `index`, counted from 0, of `latents`, `[pictures, channels, height, width]`, scaled as the
 * denoiser knows them. `format` is a diffusion_pixel_format.
 *
 * Blocks, in its turn; `cancel` may be NULL. On success `*image` is the caller's, to be given back with
 * diffusion_image_destroy(). Any thread.
 *
 * Errors: INVALID_ARGUMENT for another shape, no such picture, or one that is too large; UNSUPPORTED for a model of several
 * stages; CANCELLED, GRAPH_FAILED, NUMERIC, OUT_OF_MEMORY; BUSY as of diffusion_pipeline_generate().
 */
DIFFUSION_API
diffusion_status diffusion_pipeline_decode_latents(const struct diffusion_pipeline *pipeline,
                                                   const struct diffusion_embedding *latents,
                                                   int64_t index,
                                                   int32_t format,
                                                   const struct diffusion_cancel_token *cancel,
                                                   struct diffusion_image **image);

/**
 * The latents that the pictures were decoded from, `[pictures, channels, height, width]`, scaled as the denoiser knows
 * them: to go on from with diffusion_request_set_init_latents(), or to decode again. Of a model of several stages, what
 * its last stage drew. On success `*latents` is the caller's, to be given back with diffusion_embedding_destroy(); it
 * needs neither the result nor the pipeline.
 */
DIFFUSION_API
diffusion_status diffusion_result_latents(const struct diffusion_result *result,
                                          struct diffusion_embedding **latents);

/**
 * Reads the request's prompts, for diffusion_request_set_conditioning() of as many requests as one likes: with any seed,
 * size, steps, scheduler and guidance. Of the request only the prompts count, their syntax, clip skip and the most tokens;
 * and the steps, for prompts that change while they are drawn: what a request with other steps needs besides is read then.
 *
 * Blocks; `cancel` and `progress` are as in diffusion_pipeline_generate(). On success `*conditioning` is the caller's, to be
 * given back with diffusion_conditioning_destroy().
 *
 * Errors: as of diffusion_pipeline_generate(); UNSUPPORTED for a model that reads no prompts, and for one of several stages,
 * whose texts' embeddings diffusion_pipeline_embed() gives.
 */
DIFFUSION_API
diffusion_status diffusion_pipeline_encode_prompt(const struct diffusion_pipeline *pipeline,
                                                  const struct diffusion_request *request,
                                                  const struct diffusion_cancel_token *cancel,
                                                  diffusion_progress_callback progress,
                                                  void *user_data,
                                                  struct diffusion_conditioning **conditioning);

/**
 * Gives the conditioning back; NULL does nothing. Requests that have it keep what they need.
 */
DIFFUSION_API void diffusion_conditioning_destroy(struct diffusion_conditioning *conditioning);

/**
 * How many texts were read, each once for every text encoder that reads it. 0 for NULL.
 */
DIFFUSION_API uint32_t diffusion_conditioning_count(const struct diffusion_conditioning *conditioning);

/**
 * Who read text `index`, counted from 0, such as "text_encoder_2"; empty past the last.
 *
 * Borrowed, as is the next one's: it lives until diffusion_conditioning_destroy(); never NULL.
 */
DIFFUSION_API
const char *diffusion_conditioning_encoder(const struct diffusion_conditioning *conditioning,
                                           int64_t index);

/**
 * Text `index` itself, counted from 0; empty past the last.
 */
DIFFUSION_API
const char *diffusion_conditioning_text(const struct diffusion_conditioning *conditioning,
                                        int64_t index);

/**
 * Whether text `index` says what the picture should not show: 1 or 0; 0 past the last.
 */
DIFFUSION_API
int32_t diffusion_conditioning_is_negative(const struct diffusion_conditioning *conditioning,
                                           int64_t index);

/**
 * What the encoder made of text `index`: `[tokens, width]`. On success `*states` is a copy and the caller's, to be given
 * back with diffusion_embedding_destroy(): two of them may be mixed and handed to diffusion_conditioning_with_states().
 *
 * Errors: INVALID_ARGUMENT when there is no such text.
 */
DIFFUSION_API
diffusion_status diffusion_conditioning_states(const struct diffusion_conditioning *conditioning,
                                               int64_t index,
                                               struct diffusion_embedding **states);

/**
 * Text `index` as one vector, `[1, width]`. On success `*pooled` is a copy and the caller's, to be given back with
 * diffusion_embedding_destroy().
 *
 * Errors: INVALID_ARGUMENT when there is no such text; UNSUPPORTED where its encoder gives no such vector.
 */
DIFFUSION_API
diffusion_status diffusion_conditioning_pooled(const struct diffusion_conditioning *conditioning,
                                               int64_t index,
                                               struct diffusion_embedding **pooled);

/**
 * The same conditioning with other numbers for text `index`, of the shapes that diffusion_conditioning_states() and
 * diffusion_conditioning_pooled() give: a mix of two prompts, say. What is NULL stays. On success `*changed` is the
 * caller's, to be given back with diffusion_conditioning_destroy().
 *
 * Errors: INVALID_ARGUMENT for another shape or no such text; NUMERIC for numbers that are not finite.
 */
DIFFUSION_API
diffusion_status diffusion_conditioning_with_states(const struct diffusion_conditioning *conditioning,
                                                    int64_t index,
                                                    const struct diffusion_embedding *states,
                                                    const struct diffusion_embedding *pooled,
                                                    struct diffusion_conditioning **changed);

/**
 * Begins what the request asks for: prompts and pictures are read, the first noise is drawn. The request is copied.
 *
 * Blocks; `cancel` and `progress` are as in diffusion_pipeline_generate(). On success `*stepper` is the caller's, to be
 * given back with diffusion_stepper_destroy(); it needs neither the request nor the pipeline's handle.
 *
 * Errors: as of diffusion_pipeline_generate(); UNSUPPORTED for a request with a second pass, and for a model of several
 * stages.
 */
DIFFUSION_API
diffusion_status diffusion_stepper_begin(const struct diffusion_pipeline *pipeline,
                                         const struct diffusion_request *request,
                                         const struct diffusion_cancel_token *cancel,
                                         diffusion_progress_callback progress,
                                         void *user_data,
                                         struct diffusion_stepper **stepper);

/**
 * Gives the stepper back; NULL does nothing. Nothing of it may run.
 */
DIFFUSION_API void diffusion_stepper_destroy(struct diffusion_stepper *stepper);

/**
 * How many denoiser evaluations there are; solvers of higher order take several a step. 0 for NULL.
 */
DIFFUSION_API uint32_t diffusion_stepper_step_count(const struct diffusion_stepper *stepper);

/**
 * How many of them are made. 0 for NULL.
 */
DIFFUSION_API uint32_t diffusion_stepper_step(const struct diffusion_stepper *stepper);

/**
 * The timestep of the next evaluation, as the scheduler counts it. -1 when none is left, and for NULL.
 */
DIFFUSION_API double diffusion_stepper_timestep(const struct diffusion_stepper *stepper);

/**
 * Makes the next evaluation, and takes what follows of it.
 *
 * Blocks, in its turn; `cancel` and `progress` are as in diffusion_pipeline_generate(). The stepper must not be used out of
 * the callback. After CANCELLED by the token the evaluation is not made, and can be made again; a callback that stops has
 * seen it made.
 *
 * Errors: INVALID_ARGUMENT when none is left; CANCELLED, NUMERIC, GRAPH_FAILED, OUT_OF_MEMORY; BUSY as of
 * diffusion_pipeline_generate().
 */
DIFFUSION_API
diffusion_status diffusion_stepper_advance(struct diffusion_stepper *stepper,
                                           const struct diffusion_cancel_token *cancel,
                                           diffusion_progress_callback progress,
                                           void *user_data);

/**
 * The latents as they are now, `[pictures, channels, height, width]`, in the scheduler's scale. On success `*latents` is a
 * copy and the caller's, to be given back with diffusion_embedding_destroy().
 */
DIFFUSION_API
diffusion_status diffusion_stepper_latents(const struct diffusion_stepper *stepper,
                                           struct diffusion_embedding **latents);

/**
 * What the latest evaluation took the finished latents to be: diffusion_pipeline_decode_latents() makes a preview of them.
 * On success `*latents` is the caller's, to be given back with diffusion_embedding_destroy().
 *
 * Errors: UNSUPPORTED where that is not known: before the first and after the last evaluation, after
 * diffusion_stepper_set_latents(), and where it does not follow from what the model says.
 */
DIFFUSION_API
diffusion_status diffusion_stepper_clean_latents(const struct diffusion_stepper *stepper,
                                                 struct diffusion_embedding **latents);

/**
 * Goes on with other latents, of the shape that diffusion_stepper_latents() gives, in the same scale. What a solver of
 * several steps remembers stays. They are copied.
 *
 * Errors: INVALID_ARGUMENT for another shape, NUMERIC for numbers that are not finite; the stepper is then as it was.
 */
DIFFUSION_API
diffusion_status diffusion_stepper_set_latents(struct diffusion_stepper *stepper,
                                               const struct diffusion_embedding *latents);

/**
 * Makes pictures of the latents as they are: the finished ones when no evaluation is left, noisy ones before. May be
 * called again.
 *
 * Blocks, in its turn; `cancel` and `progress` are as in diffusion_pipeline_generate(). The stepper must not be used out of
 * the callback. On success `*result` is the caller's, to be given back with diffusion_result_destroy(); it does not need
 * the stepper. Errors: as of diffusion_pipeline_generate().
 */
DIFFUSION_API
diffusion_status diffusion_stepper_finish(struct diffusion_stepper *stepper,
                                          const struct diffusion_cancel_token *cancel,
                                          diffusion_progress_callback progress,
                                          void *user_data,
                                          struct diffusion_result **result);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* DIFFUSION_H */
