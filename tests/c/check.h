/* What the C tests share: checks that say where they failed and what the library said. */
#ifndef CHECK_H
#define CHECK_H

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "diffusion.h"

/* The condition holds, or the program ends. */
#define CHECK(condition) check((condition), #condition, __FILE__, __LINE__)

/* The call returns this status. */
#define EXPECT(status, call) expect((status), (call), #call, __FILE__, __LINE__)

/* The call returns OK. */
#define OK(call) EXPECT(DIFFUSION_STATUS_OK, call)

/* The last call returned this status and its message has this text in it. */
#define SAYS(status, text, call)                                             \
    do {                                                                     \
        expect((status), (call), #call, __FILE__, __LINE__);                 \
        check(strstr(diffusion_last_error_message(), (text)) != NULL,        \
              "the message of " #call " has \"" text "\"", __FILE__, __LINE__); \
    } while (0)

static void check(bool holds, const char *what, const char *file, int line)
{
    if (holds)
        return;
    fprintf(stderr, "%s:%d: not so: %s\n  last error: %s\n", file, line, what, diffusion_last_error_message());
    exit(1);
}

static void expect(diffusion_status wanted, diffusion_status got, const char *call, const char *file, int line)
{
    if (got == wanted) {
        /* A failure always has a sentence, and a success never has one. */
        check((*diffusion_last_error_message() == '\0') == (got == DIFFUSION_STATUS_OK), "message fits status", file, line);
        check(diffusion_last_error_status() == got, "last status is the status", file, line);
        return;
    }
    fprintf(stderr, "%s:%d: %s\n  returned %s, wanted %s\n  last error: %s\n", file, line, call,
            diffusion_status_name(got), diffusion_status_name(wanted), diffusion_last_error_message());
    exit(1);
}

/* A text and its length, for functions that want both. */
#define TEXT(text) (text), strlen(text)

/* The model's folder: the first argument of every test program. */
static inline const char *model_folder(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: %s MODEL_FOLDER SCRATCH_FOLDER\n", argv[0]);
        exit(2);
    }
    return argv[1];
}

/* A path in the scratch folder, the second argument; in memory that the next call overwrites. */
static inline const char *scratch(char **argv, const char *name)
{
    static char path[4096];
    snprintf(path, sizeof path, "%s/%s", argv[2], name);
    return path;
}

/* Another committed model, which lies beside the one that is the first argument; in memory that the next call overwrites. */
static inline const char *sibling(char **argv, const char *name)
{
    static char path[4096];
    snprintf(path, sizeof path, "%s/../%s", argv[1], name);
    return path;
}

/* An opened model with two threads, which are plenty for a tiny one. */
static inline diffusion_pipeline *open_model(const char *folder)
{
    diffusion_pipeline_options *options = NULL;
    diffusion_pipeline *pipeline = NULL;
    OK(diffusion_pipeline_options_create(&options));
    /* Valgrind runs one thread at a time, so a second one that waits by spinning would only be in the way. */
    OK(diffusion_pipeline_options_set_threads(options, getenv("UNDER_VALGRIND") == NULL ? 2 : 1));
    OK(diffusion_pipeline_open_cstr(folder, options, &pipeline));
    diffusion_pipeline_options_destroy(options);
    CHECK(pipeline != NULL);
    return pipeline;
}

/* A request for one small picture in a few steps. */
static inline diffusion_request *small_request(int64_t steps, uint64_t seed)
{
    diffusion_request *request = NULL;
    OK(diffusion_request_create(&request));
    OK(diffusion_request_set_prompt_cstr(request, "a red house in the snow"));
    OK(diffusion_request_set_steps(request, steps));
    OK(diffusion_request_set_seed(request, seed));
    return request;
}

static inline diffusion_result *draw(const diffusion_pipeline *pipeline, const diffusion_request *request)
{
    diffusion_result *result = NULL;
    OK(diffusion_pipeline_generate(pipeline, request, NULL, NULL, NULL, &result));
    CHECK(result != NULL);
    return result;
}

/* Whether two results show the same first picture. */
static inline bool same_picture(const diffusion_result *left, const diffusion_result *right)
{
    const diffusion_image *a = NULL, *b = NULL;
    OK(diffusion_result_image(left, 0, &a));
    OK(diffusion_result_image(right, 0, &b));
    return diffusion_image_byte_length(a) == diffusion_image_byte_length(b)
        && memcmp(diffusion_image_pixels(a), diffusion_image_pixels(b), diffusion_image_byte_length(a)) == 0;
}

#endif
