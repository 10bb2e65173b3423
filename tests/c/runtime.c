/* ONNX Runtime: missing, damaged, and then there. This test needs a process in which it is not loaded yet. */
#include "check.h"

#define MISSING DIFFUSION_STATUS_RUNTIME_MISSING

int main(int argc, char **argv)
{
    const char *folder = model_folder(argc, argv);
    const char *good = getenv("GOOD_LIBRARY"), *json = NULL, *damaged;
    diffusion_pipeline_options *options = NULL;
    diffusion_pipeline *pipeline = NULL;
    FILE *file;
    CHECK(good != NULL);
    CHECK(*diffusion_runtime_version() == '\0' && *diffusion_runtime_library() == '\0');
    CHECK(*diffusion_runtime_provider(0) == '\0');

    SAYS(MISSING, "/no/such/library.so", diffusion_runtime_initialize(TEXT("/no/such/library.so")));
    damaged = scratch(argv, "libonnxruntime.so");
    file = fopen(damaged, "wb");
    CHECK(file != NULL && fputs("this is no library", file) >= 0 && fclose(file) == 0);
    SAYS(MISSING, "libonnxruntime.so", diffusion_runtime_initialize(TEXT(damaged)));
    SAYS(MISSING, "ORT_DYLIB_PATH", diffusion_runtime_info_json(&json));
    CHECK(json == NULL);

    OK(diffusion_pipeline_options_create(&options));
    OK(diffusion_pipeline_options_set_ort_library(options, TEXT(damaged)));
    EXPECT(MISSING, diffusion_pipeline_open_cstr(folder, options, &pipeline));
    CHECK(pipeline == NULL);
    OK(diffusion_pipeline_options_set_ort_library(options, TEXT(good)));
    OK(diffusion_pipeline_open_cstr(folder, options, &pipeline));
    CHECK(*diffusion_runtime_version() != '\0' && *diffusion_runtime_library() != '\0');
    OK(diffusion_runtime_info_json(&json));
    CHECK(strstr(json, "CPU") != NULL);
    diffusion_pipeline_destroy(pipeline);

    /* A provider that this library does not offer. */
    pipeline = NULL;
    OK(diffusion_pipeline_options_set_provider(options, TEXT("coreml")));
    SAYS(DIFFUSION_STATUS_PROVIDER_UNAVAILABLE, "coreml", diffusion_pipeline_open_cstr(folder, options, &pipeline));
    CHECK(pipeline == NULL);
    diffusion_pipeline_options_destroy(options);
    return 0;
}
