/* Pictures by their roles and boxes with phrases. The first argument is the folder of a model with ControlNets. */
#include <math.h>

#include "check.h"

#define INVALID DIFFUSION_STATUS_INVALID_ARGUMENT
#define NOTHING DIFFUSION_STATUS_NULL_POINTER
enum { WIDTH = 96, HEIGHT = 64 };

static diffusion_image *edges(void)
{
    static unsigned char pixels[WIDTH * HEIGHT * 3];
    diffusion_image *image = NULL;
    int i;
    for (i = 0; i < WIDTH * HEIGHT * 3; i++)
        pixels[i] = i / 3 % WIDTH % 24 < 12 ? 230 : 20;
    OK(diffusion_image_create(pixels, sizeof pixels, WIDTH, HEIGHT, WIDTH * 3, DIFFUSION_PIXEL_FORMAT_RGB8, &image));
    return image;
}

static diffusion_status add(diffusion_request *request, const char *role, const diffusion_image *image, float scale)
{
    return diffusion_request_add_condition_picture(request, TEXT(role), image, scale, 0.0f, 1.0f);
}

static void refusals(const diffusion_image *image)
{
    diffusion_request *request = small_request(2, 1);
    int i;
    EXPECT(NOTHING, add(NULL, "controlnet", image, 1.0f));
    SAYS(NOTHING, "image", add(request, "controlnet", NULL, 1.0f));
    SAYS(INVALID, "role", add(request, "", image, 1.0f));
    SAYS(INVALID, "NaN", add(request, "controlnet", image, NAN));
    SAYS(INVALID, "end later", diffusion_request_add_condition_picture(request, TEXT("adapter"), image, 1.0f, 0.5f, 0.2f));
    EXPECT(DIFFUSION_STATUS_INVALID_UTF8, diffusion_request_add_condition_picture(request, "\xff", 1, image, 1, 0, 1));
    /* A refused one is not kept: there is room for sixteen. */
    for (i = 0; i < 16; i++)
        OK(add(request, "controlnet", image, 1.0f));
    SAYS(INVALID, "at most 16", add(request, "controlnet", image, 1.0f));
    OK(diffusion_request_clear_condition_pictures(request));
    EXPECT(NOTHING, diffusion_request_clear_condition_pictures(NULL));

    SAYS(INVALID, "guess mode is 2", diffusion_request_set_guess_mode(request, 2));
    SAYS(INVALID, "a cat", diffusion_request_add_box(request, TEXT("a cat"), 0.5f, 0.0f, 0.2f, 1.0f));
    SAYS(INVALID, "0 bytes", diffusion_request_add_box(request, NULL, 0, 0.0f, 0.0f, 1.0f, 1.0f));
    SAYS(INVALID, "boxes until is 2", diffusion_request_set_boxes_until(request, 2.0f));
    EXPECT(NOTHING, diffusion_request_add_box(NULL, TEXT("a cat"), 0.0f, 0.0f, 1.0f, 1.0f));
    EXPECT(NOTHING, diffusion_request_clear_boxes(NULL));
    EXPECT(NOTHING, diffusion_request_set_guess_mode(NULL, 1));
    EXPECT(NOTHING, diffusion_request_set_boxes_until(NULL, 1.0f));
    OK(diffusion_request_validate(request));
    diffusion_request_destroy(request);
}

static void roles(const diffusion_pipeline *pipeline)
{
    static const char *const expected[] = { "controlnet", "controlnet:1", "controlnet:2", "adapter", "" };
    int i;
    for (i = 0; i < 5; i++)
        CHECK(strcmp(diffusion_pipeline_condition_role(pipeline, i), expected[i]) == 0);
    CHECK(strstr(diffusion_pipeline_condition_description(pipeline, 1), "controlnet_2") != NULL);
    CHECK(*diffusion_pipeline_condition_description(pipeline, 4) == '\0');
    CHECK(*diffusion_pipeline_condition_role(pipeline, -1) == '\0' && *diffusion_pipeline_condition_role(NULL, 0) == '\0');
    CHECK(diffusion_pipeline_max_boxes(pipeline) == 0 && diffusion_pipeline_max_boxes(NULL) == 0);
}

static void draws(const diffusion_pipeline *pipeline, diffusion_image *image)
{
    diffusion_request *request = small_request(2, 1);
    diffusion_result *plain = NULL, *kept = NULL, *again = NULL;
    const diffusion_image *first = NULL;
    OK(add(request, "controlnet", image, 1.0f));
    OK(add(request, "adapter", image, 0.5f));
    OK(diffusion_request_set_guess_mode(request, 1));
    diffusion_image_destroy(image); /* the request keeps what it needs */
    kept = draw(pipeline, request);
    OK(diffusion_result_image(kept, 0, &first));
    CHECK(diffusion_image_width(first) == WIDTH && diffusion_image_height(first) == HEIGHT);
    CHECK(strstr(diffusion_image_settings_json(first), "\"conditions\":[{\"role\":\"controlnet\"}") != NULL);
    OK(diffusion_request_clear_condition_pictures(request));
    SAYS(INVALID, "no ControlNet", diffusion_pipeline_generate(pipeline, request, NULL, NULL, NULL, &again));
    OK(diffusion_request_set_guess_mode(request, 0));
    OK(diffusion_request_set_width(request, WIDTH));
    OK(diffusion_request_set_height(request, HEIGHT));
    plain = draw(pipeline, request);
    CHECK(!same_picture(plain, kept));
    OK(diffusion_request_add_box(request, TEXT("a cat"), 0.1f, 0.1f, 0.9f, 0.9f));
    OK(diffusion_request_set_boxes_until(request, 0.5f));
    SAYS(DIFFUSION_STATUS_UNSUPPORTED, "GLIGEN", diffusion_pipeline_generate(pipeline, request, NULL, NULL, NULL, &again));
    OK(diffusion_request_clear_boxes(request));
    diffusion_result_destroy(plain);
    diffusion_result_destroy(kept);
    diffusion_request_destroy(request);
}

/* One of the model's own nets once more, from outside. */
static void from_elsewhere(const char *folder)
{
    char net[4096];
    diffusion_pipeline_options *options = NULL;
    diffusion_pipeline *pipeline = NULL;
    OK(diffusion_pipeline_options_create(&options));
    snprintf(net, sizeof net, "%s/controlnet_2", folder);
    OK(diffusion_pipeline_options_add_condition_graph(options, TEXT(net)));
    SAYS(INVALID, "empty", diffusion_pipeline_options_add_condition_graph(options, NULL, 0));
    EXPECT(NOTHING, diffusion_pipeline_options_add_condition_graph(NULL, TEXT(net)));
    OK(diffusion_pipeline_open_cstr(folder, options, &pipeline));
    CHECK(strcmp(diffusion_pipeline_condition_role(pipeline, 3), "controlnet:3") == 0);
    diffusion_pipeline_destroy(pipeline);
    diffusion_pipeline_options_destroy(options);
}

int main(int argc, char **argv)
{
    const char *folder = model_folder(argc, argv);
    diffusion_pipeline *pipeline = open_model(folder);
    diffusion_image *image = edges();
    refusals(image);
    roles(pipeline);
    draws(pipeline, image);
    diffusion_pipeline_destroy(pipeline);
    from_elsewhere(folder);
    return 0;
}
