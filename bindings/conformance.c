/*
 * What the C interface draws, for the bindings to be compared with: conformance MODEL_FOLDER OUT_FOLDER CASE...
 *
 * A case is nine arguments, the fields of conformance.json in its order: name, prompt, negative prompt, seed, steps, width,
 * height, guidance, scheduler. OUT_FOLDER/NAME.rgb becomes the bytes of the picture: RGB8, row by row, without gaps.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "diffusion.h"

enum { FIELDS = 9 };

static diffusion_status set(diffusion_request *request, char **field)
{
    diffusion_status status = DIFFUSION_STATUS_OK;

    if ((status = diffusion_request_set_prompt_cstr(request, field[1])) == DIFFUSION_STATUS_OK
        && (status = diffusion_request_set_negative_prompt_cstr(request, field[2])) == DIFFUSION_STATUS_OK
        && (status = diffusion_request_set_seed(request, strtoull(field[3], NULL, 10))) == DIFFUSION_STATUS_OK
        && (status = diffusion_request_set_steps(request, atoi(field[4]))) == DIFFUSION_STATUS_OK
        && (status = diffusion_request_set_width(request, atoi(field[5]))) == DIFFUSION_STATUS_OK
        && (status = diffusion_request_set_height(request, atoi(field[6]))) == DIFFUSION_STATUS_OK
        && (status = diffusion_request_set_guidance(request, strtof(field[7], NULL))) == DIFFUSION_STATUS_OK)
        status = diffusion_request_set_scheduler(request, field[8], strlen(field[8]));
    return status;
}

static diffusion_status draw(const diffusion_pipeline *pipeline, char **field, const char *folder)
{
    diffusion_request *request = NULL;
    diffusion_result *result = NULL;
    const diffusion_image *image = NULL;
    diffusion_status status;
    char path[4096];
    FILE *file;

    if ((status = diffusion_request_create(&request)) == DIFFUSION_STATUS_OK
        && (status = set(request, field)) == DIFFUSION_STATUS_OK
        && (status = diffusion_pipeline_generate(pipeline, request, NULL, NULL, NULL, &result)) == DIFFUSION_STATUS_OK
        && (status = diffusion_result_image(result, 0, &image)) == DIFFUSION_STATUS_OK) {
        snprintf(path, sizeof path, "%s/%s.rgb", folder, field[0]);
        file = fopen(path, "wb");
        if (file == NULL
            || fwrite(diffusion_image_pixels(image), 1, diffusion_image_byte_length(image), file)
                != diffusion_image_byte_length(image)
            || fclose(file) != 0) {
            fprintf(stderr, "%s cannot be written\n", path);
            exit(1);
        }
    }
    diffusion_result_destroy(result);
    diffusion_request_destroy(request);
    return status;
}

int main(int argc, char **argv)
{
    diffusion_pipeline *pipeline = NULL;
    diffusion_status status;
    int i;

    if (argc < 3 || (argc - 3) % FIELDS != 0) {
        fprintf(stderr, "usage: conformance MODEL_FOLDER OUT_FOLDER [NAME PROMPT NEGATIVE_PROMPT SEED STEPS WIDTH HEIGHT "
                        "GUIDANCE SCHEDULER]...\n");
        return 2;
    }
    status = diffusion_pipeline_open_cstr(argv[1], NULL, &pipeline);
    for (i = 3; i < argc && status == DIFFUSION_STATUS_OK; i += FIELDS)
        status = draw(pipeline, argv + i, argv[2]);
    if (status != DIFFUSION_STATUS_OK)
        fprintf(stderr, "%s\n", diffusion_last_error_message());
    diffusion_pipeline_destroy(pipeline);
    return status == DIFFUSION_STATUS_OK ? 0 : 1;
}
