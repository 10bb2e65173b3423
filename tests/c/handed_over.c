/* An ONNX Runtime that the host has loaded itself. This test needs a process in which none is loaded yet. */
#include <dlfcn.h>

#include "check.h"

#define INVALID DIFFUSION_STATUS_INVALID_ARGUMENT
#define MISSING DIFFUSION_STATUS_RUNTIME_MISSING

/* The head of onnxruntime_c_api.h: all that is handed over. */
struct api_base {
    const void *(*get_api)(uint32_t version);
    const char *(*get_version_string)(void);
};

static const char *version = "1.28.0";
static const struct api_base *real;

static const char *say_version(void)
{
    return version;
}

static const void *no_api(uint32_t wanted)
{
    (void)wanted;
    return NULL;
}

static const void *its_api(uint32_t wanted)
{
    return real->get_api(wanted);
}

int main(int argc, char **argv)
{
    const char *folder = model_folder(argc, argv), *good = getenv("GOOD_LIBRARY"), *json = NULL;
    struct api_base base = { no_api, say_version };
    const struct api_base *(*get_api_base)(void);
    diffusion_pipeline *pipeline;
    diffusion_request *request;
    void *library;

    CHECK(good != NULL);
    version = "1.10.0";
    SAYS(MISSING, "too old", diffusion_runtime_use_api_base(&base));
    version = NULL;
    SAYS(MISSING, "no version", diffusion_runtime_use_api_base(&base));
    version = "1.28.0";
    SAYS(MISSING, "does not offer", diffusion_runtime_use_api_base(&base));
    base.get_api = NULL;
    SAYS(MISSING, "no GetApi", diffusion_runtime_use_api_base(&base));
    base.get_version_string = NULL;
    EXPECT(MISSING, diffusion_runtime_use_api_base(&base));
    EXPECT(DIFFUSION_STATUS_NULL_POINTER, diffusion_runtime_use_api_base(NULL));
    CHECK(*diffusion_runtime_version() == '\0');

    library = dlopen(good, RTLD_NOW | RTLD_LOCAL);
    CHECK(library != NULL);
    *(void **)&get_api_base = dlsym(library, "OrtGetApiBase");
    CHECK(get_api_base != NULL && (real = get_api_base()) != NULL);
    OK(diffusion_runtime_use_api_base(real));
    OK(diffusion_runtime_use_api_base(real));
    CHECK(strcmp(diffusion_runtime_version(), real->get_version_string()) == 0);
    CHECK(strstr(diffusion_runtime_library(), "onnxruntime") != NULL);
    OK(diffusion_runtime_info_json(&json));
    CHECK(strstr(json, "CPU") != NULL);

    /* Another one comes too late: to the library, this very program is its file. */
    base.get_api = its_api;
    base.get_version_string = say_version;
    SAYS(INVALID, "already", diffusion_runtime_use_api_base(&base));

    /* It draws, and nothing else was looked for: ORT_DYLIB_PATH leads nowhere here. */
    pipeline = open_model(folder);
    request = small_request(1, 1);
    diffusion_result_destroy(draw(pipeline, request));
    diffusion_request_destroy(request);
    diffusion_pipeline_destroy(pipeline);
    return 0;
}
