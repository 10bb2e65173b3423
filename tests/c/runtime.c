/* ONNX Runtime: missing, damaged, and then there. This test needs a process in which it is not loaded yet. */
#include "check.h"

#define MISSING DIFFUSION_STATUS_RUNTIME_MISSING

int main(int argc, char **argv)
{
    const char *folder = model_folder(argc, argv);
    const char *good = getenv("GOOD_LIBRARY"), *json = NULL, *works_as = NULL, *damaged;
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
    CHECK(strstr(diffusion_pipeline_graph_nodes_json(pipeline, 1), "{\"cpu\":") != NULL);
    CHECK(*diffusion_pipeline_graph_nodes_json(pipeline, 3) == '\0');
    diffusion_pipeline_destroy(pipeline);

    /* What works here: the CPU, and "auto" is something that does. */
    OK(diffusion_runtime_try_provider(TEXT("cpu"), &works_as));
    CHECK(strcmp(works_as, "cpu") == 0);
    OK(diffusion_runtime_try_provider(TEXT("auto"), &works_as));
    OK(diffusion_runtime_try_provider(TEXT(works_as), &works_as));
    SAYS(DIFFUSION_STATUS_PROVIDER_UNAVAILABLE, "coreml", diffusion_runtime_try_provider(TEXT("coreml"), &works_as));
    SAYS(DIFFUSION_STATUS_INVALID_ARGUMENT, "\"gpu\"", diffusion_runtime_try_provider(TEXT("gpu"), &works_as));

    /* A provider that this library does not offer. */
    pipeline = NULL;
    OK(diffusion_pipeline_options_set_provider(options, TEXT("coreml")));
    SAYS(DIFFUSION_STATUS_PROVIDER_UNAVAILABLE, "coreml", diffusion_pipeline_open_cstr(folder, options, &pipeline));
    CHECK(pipeline == NULL);
    diffusion_pipeline_options_destroy(options);
    return 0;
}
