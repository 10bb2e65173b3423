// Text in, picture out: hello MODEL_FOLDER PROMPT FILE.png
#include <stdio.h>
#include "diffusion.h"

static int32_t show(const diffusion_progress *progress, void *user_data)
{
    (void)user_data;
    fprintf(stderr, "%s %u/%u\n", diffusion_phase_name(progress->phase), progress->step, progress->steps);
    return 0; // anything else stops
}

int main(int argc, char **argv)
{
    diffusion_pipeline *pipeline = NULL;
    diffusion_request *request = NULL;
    diffusion_result *result = NULL;
    const diffusion_image *image = NULL;
    diffusion_status status = DIFFUSION_STATUS_INVALID_ARGUMENT;

    if (argc == 4
        && (status = diffusion_pipeline_open_cstr(argv[1], NULL, &pipeline)) == DIFFUSION_STATUS_OK
        && (status = diffusion_request_create(&request)) == DIFFUSION_STATUS_OK
        && (status = diffusion_request_set_prompt_cstr(request, argv[2])) == DIFFUSION_STATUS_OK
        && (status = diffusion_request_set_seed(request, 42)) == DIFFUSION_STATUS_OK
        && (status = diffusion_pipeline_generate(pipeline, request, NULL, show, NULL, &result)) == DIFFUSION_STATUS_OK
        && (status = diffusion_result_image(result, 0, &image)) == DIFFUSION_STATUS_OK
        && (status = diffusion_image_save_cstr(image, argv[3])) == DIFFUSION_STATUS_OK)
        printf("%s: %u x %u pixels\n", argv[3], diffusion_image_width(image), diffusion_image_height(image));
    else
        fprintf(stderr, "%s\n", argc == 4 ? diffusion_last_error_message() : "usage: hello MODEL_FOLDER PROMPT FILE.png");

    diffusion_result_destroy(result); // any order is fine, and so is NULL
    diffusion_request_destroy(request);
    diffusion_pipeline_destroy(pipeline);
    return status == DIFFUSION_STATUS_OK ? 0 : 1;
}
