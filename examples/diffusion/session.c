#include "session.h"

#include <stdio.h>
#include <string.h>

#include "cascade.h"
#include "exits.h"
#include "platform.h"

static void print_log(int32_t level, const char *target, const char *message, void *user_data)
{
    static const char *const names[] = { "off", "error", "warning", "info", "debug", "trace" };
    (void)user_data;
    fprintf(stderr, "[%s] %s: %s\n", level >= 0 && level <= 5 ? names[level] : "?", target, message);
}

void session_log(const struct options *options)
{
    if (options->verbose && diffusion_set_log_callback(print_log, DIFFUSION_LOG_LEVEL_DEBUG, NULL, NULL) != DIFFUSION_STATUS_OK)
        complain("no log: %s", diffusion_last_error_message());
}

int session_failed(diffusion_status status, int otherwise)
{
    const char *message = diffusion_last_error_message();
    if (*message == '\0')
        message = diffusion_status_name(status); /* the tool found it, not the library */
    switch (status) {
    case DIFFUSION_STATUS_CANCELLED:
        complain("cancelled");
        return EXIT_CANCELLED;
    case DIFFUSION_STATUS_INVALID_ARGUMENT:
    case DIFFUSION_STATUS_INVALID_UTF8:
        complain("%s", message);
        return EXIT_USAGE;
    case DIFFUSION_STATUS_RUNTIME_MISSING:
    case DIFFUSION_STATUS_PROVIDER_UNAVAILABLE:
        complain("%s", message);
        return EXIT_RUNTIME;
    default:
        complain("%s", message);
        return otherwise;
    }
}

int session_refused(const char *option)
{
    complain("--%s: %s", option, diffusion_last_error_message());
    return EXIT_USAGE;
}

static size_t length(const char *text)
{
    return text == NULL ? 0 : strlen(text);
}

/* The cache's folder, the user's own unless another or none is asked for, and whether graphs are prepared at all. */
static int fill_cache(const struct options *options, diffusion_pipeline_options *settings)
{
    const char *folder = options->cache_dir;
    if (folder == NULL) {
        if (diffusion_pipeline_options_use_user_cache(settings))
            return session_refused("cache-dir");
    } else if (strcmp(folder, "none") != 0 && diffusion_pipeline_options_set_cache_dir(settings, folder, length(folder)))
        return session_refused("cache-dir");
    if (options->prepare == NULL)
        return EXIT_DONE;
    if (strcmp(options->prepare, "on") != 0 && strcmp(options->prepare, "off") != 0) {
        complain("--prepare: \"%s\" is neither \"on\" nor \"off\"", options->prepare);
        return EXIT_USAGE;
    }
    if (diffusion_pipeline_options_set_preparation(settings, strcmp(options->prepare, "on") == 0))
        return session_refused("prepare");
    return EXIT_DONE;
}

/* NAME for all graphs, or GRAPH=NAME for one. */
static int place(const char *text, diffusion_pipeline_options *settings)
{
    const char *equals = strchr(text, '=');
    const diffusion_status status = equals == NULL
        ? diffusion_pipeline_options_set_provider(settings, text, length(text))
        : diffusion_pipeline_options_set_graph_provider(settings, text, (size_t)(equals - text), equals + 1,
                                                        length(equals + 1));
    return status == DIFFUSION_STATUS_OK ? EXIT_DONE : session_refused("provider");
}

/* KEY=VALUE; the value may have more equals signs. */
static int provider_option(const char *text, diffusion_pipeline_options *settings)
{
    const char *equals = strchr(text, '=');
    if (equals == NULL) {
        complain("--provider-option: \"%s\" is not KEY=VALUE, as cuda.memory_limit=4G", text);
        return EXIT_USAGE;
    }
    if (diffusion_pipeline_options_set_provider_option(settings, text, (size_t)(equals - text), equals + 1,
                                                       length(equals + 1)))
        return session_refused("provider-option");
    return EXIT_DONE;
}

/* FILE or FILE=TOKEN; the file may have more equals signs. What the request is handed in is not for opening. */
static int embedding(const char *text, diffusion_pipeline_options *settings)
{
    const char *equals = strrchr(text, '=');
    const char *token = equals == NULL ? "" : equals + 1;
    size_t file = equals == NULL ? length(text) : (size_t)(equals - text);
    if (cascade_is_embedding(text))
        return EXIT_DONE;
    if (diffusion_pipeline_options_add_embedding(settings, text, file, token, length(token)))
        return session_refused("embedding");
    return EXIT_DONE;
}

/* Where the graphs run, what the providers are told, and which words are added. */
static int fill_providers(const struct options *options, diffusion_pipeline_options *settings)
{
    int i, code = EXIT_DONE;
    for (i = 0; i < options->providers.count && code == EXIT_DONE; i++)
        code = place(options->providers.values[i], settings);
    for (i = 0; i < options->provider_options.count && code == EXIT_DONE; i++)
        code = provider_option(options->provider_options.values[i], settings);
    for (i = 0; i < options->embeddings.count && code == EXIT_DONE; i++)
        code = embedding(options->embeddings.values[i], settings);
    for (i = 0; i < options->condition_graphs.count && code == EXIT_DONE; i++) {
        const char *path = options->condition_graphs.values[i];
        if (diffusion_pipeline_options_add_condition_graph(settings, path, length(path)))
            code = session_refused("condition-graph");
    }
    if (code == EXIT_DONE && options->precision != NULL
        && diffusion_pipeline_options_set_precision(settings, options->precision, length(options->precision)))
        return session_refused("precision");
    if (code == EXIT_DONE && options->fallback != NULL
        && diffusion_pipeline_options_set_fallback(settings, options->fallback, length(options->fallback)))
        return session_refused("fallback");
    return code;
}

/* Fills in options that exist already. */
static int fill(const struct options *options, diffusion_pipeline_options *settings)
{
    if (options->ort_library != NULL) {
        if (!platform_exists(options->ort_library)) {
            complain("--ort-library: there is no file \"%s\"", options->ort_library);
            return EXIT_USAGE;
        }
        if (diffusion_pipeline_options_set_ort_library(settings, options->ort_library, length(options->ort_library)))
            return session_refused("ort-library");
    }
    if (options->device_id.given && diffusion_pipeline_options_set_device_id(settings, options->device_id.value))
        return session_refused("device-id");
    if (options->threads.given && diffusion_pipeline_options_set_threads(settings, options->threads.value))
        return session_refused("threads");
    if (options->memory != NULL
        && diffusion_pipeline_options_set_memory(settings, options->memory, length(options->memory)))
        return session_refused("memory");
    if (fill_cache(options, settings) != EXIT_DONE)
        return EXIT_USAGE;
    return fill_providers(options, settings);
}

bool session_is_folder(const char *option, const char *folder)
{
    if (platform_is_folder(folder))
        return true;
    complain("--%s: there is no folder \"%s\"", option, folder);
    return false;
}

int session_settings(const struct options *options, diffusion_pipeline_options **settings)
{
    diffusion_status status;
    if (options->model == NULL) {
        complain("--model is missing; it names the folder of the model");
        return EXIT_USAGE;
    }
    if (!session_is_folder("model", options->model))
        return EXIT_USAGE;
    status = diffusion_pipeline_options_create(settings);
    if (status != DIFFUSION_STATUS_OK)
        return session_failed(status, EXIT_MODEL);
    return fill(options, *settings);
}

int session_open(const char *folder, const diffusion_pipeline_options *settings,
                 const diffusion_cancel_token *cancel, struct progress_bar *bar, diffusion_pipeline **pipeline)
{
    const diffusion_status status = diffusion_pipeline_open(folder, length(folder), settings, cancel,
                                                            progress_report, bar, pipeline);
    progress_wipe(bar);
    return status == DIFFUSION_STATUS_OK ? EXIT_DONE : session_failed(status, EXIT_MODEL);
}
