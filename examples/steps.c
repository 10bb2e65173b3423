// A loop of the host's own: the prompt is read once, two pictures are drawn from it step by step, side by side.
// steps MODEL_FOLDER PROMPT FILES: writes FILES-0.png and FILES-1.png, and after every step FILES-preview.png
#include <stdio.h>
#include "diffusion.h"

enum { PICTURES = 2 };

// Shows what the picture will be, as far as the model can tell by now.
static diffusion_status show(const diffusion_pipeline *pipeline, const diffusion_stepper *stepper, const char *file)
{
    diffusion_embedding *clean = NULL;
    diffusion_image *image = NULL;
    diffusion_status status = diffusion_stepper_clean_latents(stepper, &clean);
    if (status == DIFFUSION_STATUS_UNSUPPORTED) // not known: after the last step, which the result shows
        return DIFFUSION_STATUS_OK;
    if (status == DIFFUSION_STATUS_OK)
        status = diffusion_pipeline_decode_latents(pipeline, clean, 0, DIFFUSION_PIXEL_FORMAT_RGB8, NULL, &image);
    if (status == DIFFUSION_STATUS_OK)
        status = diffusion_image_save_cstr(image, file);
    diffusion_image_destroy(image);
    diffusion_embedding_destroy(clean);
    return status;
}

static diffusion_status save(diffusion_stepper *stepper, const char *file)
{
    diffusion_result *result = NULL;
    const diffusion_image *image = NULL;
    diffusion_status status = diffusion_stepper_finish(stepper, NULL, NULL, NULL, &result);
    if (status == DIFFUSION_STATUS_OK)
        status = diffusion_result_image(result, 0, &image);
    if (status == DIFFUSION_STATUS_OK)
        status = diffusion_image_save_cstr(image, file);
    if (status == DIFFUSION_STATUS_OK)
        printf("%s: %u x %u pixels\n", file, diffusion_image_width(image), diffusion_image_height(image));
    diffusion_result_destroy(result);
    return status;
}

static diffusion_status draw(diffusion_pipeline *pipeline, const char *prompt, const char *files)
{
    diffusion_request *request = NULL;
    diffusion_conditioning *conditioning = NULL;
    diffusion_stepper *steppers[PICTURES] = { NULL, NULL };
    char file[4096];
    int picture;
    diffusion_status status = diffusion_request_create(&request);
    if (status == DIFFUSION_STATUS_OK)
        status = diffusion_request_set_prompt_cstr(request, prompt);
    if (status == DIFFUSION_STATUS_OK)
        status = diffusion_pipeline_encode_prompt(pipeline, request, NULL, NULL, NULL, &conditioning);
    if (status == DIFFUSION_STATUS_OK) // from here on the conditioning stands for the prompt
        status = diffusion_request_set_prompt(request, NULL, 0);
    if (status == DIFFUSION_STATUS_OK)
        status = diffusion_request_set_conditioning(request, conditioning);
    for (picture = 0; picture < PICTURES && status == DIFFUSION_STATUS_OK; picture++) {
        status = diffusion_request_set_seed(request, 42 + (uint64_t)picture);
        if (status == DIFFUSION_STATUS_OK)
            status = diffusion_stepper_begin(pipeline, request, NULL, NULL, NULL, &steppers[picture]);
    }
    while (status == DIFFUSION_STATUS_OK
           && diffusion_stepper_step(steppers[0]) < diffusion_stepper_step_count(steppers[0])) {
        for (picture = 0; picture < PICTURES && status == DIFFUSION_STATUS_OK; picture++)
            status = diffusion_stepper_advance(steppers[picture], NULL, NULL, NULL);
        fprintf(stderr, "step %u of %u\n", diffusion_stepper_step(steppers[0]), diffusion_stepper_step_count(steppers[0]));
        snprintf(file, sizeof file, "%s-preview.png", files);
        if (status == DIFFUSION_STATUS_OK)
            status = show(pipeline, steppers[0], file);
    }
    for (picture = 0; picture < PICTURES; picture++) {
        snprintf(file, sizeof file, "%s-%d.png", files, picture);
        if (status == DIFFUSION_STATUS_OK)
            status = save(steppers[picture], file);
        diffusion_stepper_destroy(steppers[picture]);
    }
    diffusion_conditioning_destroy(conditioning);
    diffusion_request_destroy(request);
    return status;
}

int main(int argc, char **argv)
{
    diffusion_pipeline *pipeline = NULL;
    diffusion_status status;
    if (argc != 4) {
        fprintf(stderr, "usage: steps MODEL_FOLDER PROMPT FILES\n");
        return 2;
    }
    status = diffusion_pipeline_open_cstr(argv[1], NULL, &pipeline);
    if (status == DIFFUSION_STATUS_OK)
        status = draw(pipeline, argv[2], argv[3]);
    if (status != DIFFUSION_STATUS_OK)
        fprintf(stderr, "%s\n", diffusion_last_error_message());
    diffusion_pipeline_destroy(pipeline);
    return status == DIFFUSION_STATUS_OK ? 0 : 1;
}
