/* What a generation may start from and be told: pictures, masks, larger canvases, another generation's latents, seeds. */
#include <math.h>

#include "check.h"

#define INVALID DIFFUSION_STATUS_INVALID_ARGUMENT
enum { SIDE = 64 };

/* A picture with a stripe, so that reflections and halves can be told apart. */
static diffusion_image *striped(void)
{
    enum { STRIDE = SIDE * 3 + 5 };
    static unsigned char pixels[SIDE * STRIDE];
    diffusion_image *image = NULL;
    int x, y;
    memset(pixels, 0x55, sizeof pixels);
    for (y = 0; y < SIDE; y++)
        for (x = 0; x < SIDE; x++) {
            pixels[y * STRIDE + x * 3] = (unsigned char)(x * 4);
            pixels[y * STRIDE + x * 3 + 1] = (unsigned char)(y * 4);
            pixels[y * STRIDE + x * 3 + 2] = x < SIDE / 4 ? 200 : 20;
        }
    OK(diffusion_image_create(pixels, sizeof pixels - 5, SIDE, SIDE, STRIDE, DIFFUSION_PIXEL_FORMAT_RGB8, &image));
    memset(pixels, 0, sizeof pixels); /* they were copied */
    return image;
}

/* White on the left half. */
static diffusion_image *left_half(void)
{
    static unsigned char pixels[SIDE * SIDE * 4];
    diffusion_image *image = NULL;
    int i;
    for (i = 0; i < SIDE * SIDE; i++)
        memset(pixels + i * 4, i % SIDE < SIDE / 2 ? 255 : 0, 4);
    OK(diffusion_image_create(pixels, sizeof pixels, SIDE, SIDE, SIDE * 4, DIFFUSION_PIXEL_FORMAT_BGRA8, &image));
    return image;
}

static const diffusion_image *first(const diffusion_result *result)
{
    const diffusion_image *image = NULL;
    OK(diffusion_result_image(result, 0, &image));
    return image;
}

/* The largest difference of two pictures of RGB8, between two columns. */
static int distance(const diffusion_image *left, const diffusion_image *right, uint32_t from, uint32_t to)
{
    const unsigned char *a = diffusion_image_pixels(left), *b = diffusion_image_pixels(right);
    const uint32_t width = diffusion_image_width(left), height = diffusion_image_height(left);
    uint32_t i;
    int most = 0;
    CHECK(diffusion_image_byte_length(left) == diffusion_image_byte_length(right));
    CHECK(diffusion_image_format(left) == DIFFUSION_PIXEL_FORMAT_RGB8 && diffusion_image_format(right) == 0);
    for (i = 0; i < width * height * 3; i++) {
        const uint32_t column = i / 3 % width;
        if (column >= from && column < to && abs(a[i] - b[i]) > most)
            most = abs(a[i] - b[i]);
    }
    return most;
}

static void making(char **argv)
{
    static const float nothing[4] = { NAN, 0, 0, 1 };
    unsigned char pixel[16] = { 1, 2, 3, 4 };
    diffusion_image *image = NULL, *again = NULL;
    diffusion_buffer *png = NULL;
    const char *path;
    FILE *file;
    int32_t format;

    for (format = 0; format < 4; format++) {
        OK(diffusion_image_create(pixel, sizeof pixel, 1, 1, 16, format, &image));
        CHECK(diffusion_image_format(image) == format && diffusion_image_width(image) == 1);
        CHECK(*diffusion_image_settings_json(image) == '\0');
        diffusion_image_destroy(image);
    }
    image = NULL;
    SAYS(INVALID, "buffer has 11 bytes", diffusion_image_create(pixel, 11, 2, 2, 6, 0, &image));
    SAYS(INVALID, "stride", diffusion_image_create(pixel, 12, 2, 2, 5, 0, &image));
    SAYS(INVALID, "stride is -6", diffusion_image_create(pixel, 12, 2, 2, -6, 0, &image));
    SAYS(INVALID, "width is 0; allowed are 1 to 16384", diffusion_image_create(pixel, 12, 0, 2, 6, 0, &image));
    EXPECT(INVALID, diffusion_image_create(pixel, 12, 2, 16385, 6, 0, &image));
    EXPECT(INVALID, diffusion_image_create(pixel, 12, INT64_MAX, INT64_MIN, INT64_MAX, 0, &image));
    EXPECT(INVALID, diffusion_image_create(pixel, (size_t)-1, 1, 1, 3, 0, &image));
    EXPECT(INVALID, diffusion_image_create(pixel, 12, 1, 1, 6, 4, &image));
    EXPECT(DIFFUSION_STATUS_NUMERIC,
           diffusion_image_create(nothing, sizeof nothing, 1, 1, 16, DIFFUSION_PIXEL_FORMAT_RGBA_F32, &image));
    SAYS(INVALID, "not a PNG", diffusion_image_decode(pixel, sizeof pixel, &image));
    EXPECT(INVALID, diffusion_image_decode(pixel, 0, &image));
    CHECK(image == NULL);

    /* Through a file and back. */
    image = striped();
    path = scratch(argv, "stripes-\xc3\xa4.png");
    OK(diffusion_image_save_cstr(image, path));
    OK(diffusion_image_open_cstr(path, &again));
    CHECK(distance(image, again, 0, SIDE) == 0);
    diffusion_image_destroy(again);
    OK(diffusion_image_open(TEXT(path), &again));
    diffusion_image_destroy(again);
    OK(diffusion_image_encode(image, TEXT("png"), &png));
    OK(diffusion_image_decode(diffusion_buffer_data(png), diffusion_buffer_size(png), &again));
    CHECK(distance(image, again, 0, SIDE) == 0);
    diffusion_image_destroy(again);
    again = NULL;
    SAYS(INVALID, "cannot be read", diffusion_image_decode(diffusion_buffer_data(png), diffusion_buffer_size(png) / 2, &again));
    diffusion_buffer_destroy(png);
    path = scratch(argv, "no-such.png");
    SAYS(DIFFUSION_STATUS_IO, "no-such.png", diffusion_image_open_cstr(path, &again));
    path = scratch(argv, "broken.png");
    file = fopen(path, "wb");
    CHECK(file != NULL && fputs("\x89PNG\r\n\x1a\nand then nothing", file) >= 0 && fclose(file) == 0);
    SAYS(INVALID, "broken.png", diffusion_image_open(TEXT(path), &again));
    EXPECT(INVALID, diffusion_image_open(NULL, 0, &again));
    EXPECT(DIFFUSION_STATUS_INVALID_UTF8, diffusion_image_open_cstr("\xff.png", &again));
    CHECK(again == NULL);
    diffusion_image_destroy(image);
}

static void extending(void)
{
    diffusion_image *image = striped(), *canvas = NULL, *mask = NULL;
    const unsigned char *pixels, *masked;
    uint32_t x, y;
    OK(diffusion_image_extend(image, 16, 0, 0, 32, &canvas, &mask));
    CHECK(diffusion_image_width(canvas) == SIDE + 16 && diffusion_image_height(canvas) == SIDE + 32);
    CHECK(diffusion_image_width(mask) == SIDE + 16 && diffusion_image_height(mask) == SIDE + 32);
    pixels = diffusion_image_pixels(canvas);
    masked = diffusion_image_pixels(mask);
    for (y = 0; y < SIDE + 32; y++)
        for (x = 0; x < SIDE + 16; x++) {
            const size_t at = (y * (SIDE + 16) + x) * 3;
            const bool old = x >= 16 && y < SIDE;
            CHECK(masked[at] == (old ? 0 : 255) && masked[at + 1] == masked[at] && masked[at + 2] == masked[at]);
            CHECK(!old || memcmp(pixels + at, diffusion_image_pixels(image) + (y * SIDE + x - 16) * 3, 3) == 0);
        }
    diffusion_image_destroy(canvas);
    diffusion_image_destroy(mask);
    canvas = mask = NULL;
    SAYS(INVALID, "nothing is added", diffusion_image_extend(image, 0, 0, 0, 0, &canvas, &mask));
    SAYS(INVALID, "left is -1", diffusion_image_extend(image, -1, 0, 0, 0, &canvas, &mask));
    EXPECT(INVALID, diffusion_image_extend(image, 0, 16384, 0, 0, &canvas, &mask));
    EXPECT(INVALID, diffusion_image_extend(image, 0, 0, INT64_MAX, INT64_MAX, &canvas, &mask));
    EXPECT(DIFFUSION_STATUS_NULL_POINTER, diffusion_image_extend(NULL, 1, 0, 0, 0, &canvas, &mask));
    EXPECT(DIFFUSION_STATUS_NULL_POINTER, diffusion_image_extend(image, 1, 0, 0, 0, NULL, &mask));
    EXPECT(DIFFUSION_STATUS_NULL_POINTER, diffusion_image_extend(image, 1, 0, 0, 0, &canvas, NULL));
    CHECK(canvas == NULL && mask == NULL);
    diffusion_image_destroy(image);
}

static int32_t count_encodings(const diffusion_progress *progress, void *user_data)
{
    uint32_t *steps = user_data;
    if (progress->phase == DIFFUSION_PHASE_ENCODING_IMAGE) {
        CHECK(progress->step == *steps && progress->step <= progress->steps);
        ++*steps;
    }
    return 0;
}

/* A picture to start from, whose handle and the mask's are gone before anything is drawn. */
static void pictures(const diffusion_pipeline *pipeline)
{
    diffusion_request *request = small_request(4, 7);
    diffusion_image *image = striped(), *mask = left_half(), *canvas = NULL, *rim = NULL;
    diffusion_result *plain, *near = NULL, *far = NULL, *inpainted = NULL;
    uint32_t reports = 0;
    OK(diffusion_request_set_scheduler(request, TEXT("ddim"))); /* one call a step */
    plain = draw(pipeline, request);

    /* In any order; what they say together is for validate. */
    OK(diffusion_request_set_strength(request, 0.3f));
    SAYS(INVALID, "a strength is given", diffusion_request_validate(request));
    SAYS(INVALID, "a strength is given", diffusion_pipeline_generate(pipeline, request, NULL, NULL, NULL, &near));
    OK(diffusion_request_set_init_image(request, image));
    OK(diffusion_request_validate(request));
    OK(diffusion_pipeline_generate(pipeline, request, NULL, count_encodings, &reports, &near));
    CHECK(reports == 2); /* 0 of 1, 1 of 1 */
    CHECK(strstr(diffusion_result_settings_json(near), "\"strength\":0.3") != NULL);
    CHECK(diffusion_result_encode_milliseconds(near) > 0 && strstr(diffusion_result_timings_json(near), "\"encode\"") != NULL);
    CHECK(diffusion_result_step_count(near) == 1 && diffusion_result_step_count(plain) == 4);
    OK(diffusion_request_set_strength(request, 1.0f));
    far = draw(pipeline, request);
    CHECK(!same_picture(near, far) && diffusion_result_step_count(far) == 4);

    OK(diffusion_request_set_mask_image(request, mask));
    OK(diffusion_request_set_paste_back(request, 1));
    diffusion_image_destroy(mask);
    reports = 0;
    OK(diffusion_pipeline_generate(pipeline, request, NULL, count_encodings, &reports, &inpainted));
    CHECK(reports == 2);
    CHECK(distance(first(inpainted), image, SIDE / 2, SIDE) == 0 && distance(first(inpainted), image, 0, SIDE / 2) > 0);
    diffusion_result_destroy(inpainted);
    OK(diffusion_request_set_paste_back(request, 0));
    OK(diffusion_request_set_mask_blur(request, 2.0f));
    inpainted = draw(pipeline, request);
    CHECK(distance(first(inpainted), image, SIDE / 2, SIDE) > 0);
    diffusion_result_destroy(inpainted);
    OK(diffusion_request_set_mask_padding(request, 8));
    inpainted = draw(pipeline, request);
    CHECK(distance(first(inpainted), image, SIDE - 8, SIDE) == 0);
    diffusion_result_destroy(inpainted);

    /* NULL takes them away again. */
    OK(diffusion_request_set_init_image(request, NULL));
    SAYS(INVALID, "no picture", diffusion_request_validate(request));
    OK(diffusion_request_set_mask_image(request, NULL));
    OK(diffusion_request_reset(request));
    OK(diffusion_request_validate(request));

    OK(diffusion_image_extend(image, 16, 0, 0, 0, &canvas, &rim));
    diffusion_image_destroy(image);
    OK(diffusion_request_set_steps(request, 1));
    OK(diffusion_request_set_init_image(request, canvas));
    OK(diffusion_request_set_mask_image(request, rim));
    OK(diffusion_request_set_paste_back(request, 1));
    inpainted = draw(pipeline, request);
    CHECK(diffusion_image_width(first(inpainted)) == SIDE + 16);
    CHECK(distance(first(inpainted), canvas, 16, SIDE + 16) == 0 && distance(first(inpainted), canvas, 0, 16) > 0);
    diffusion_image_destroy(canvas);
    diffusion_image_destroy(rim);
    diffusion_result_destroy(plain);
    diffusion_result_destroy(near);
    diffusion_result_destroy(far);
    diffusion_result_destroy(inpainted);
    diffusion_request_destroy(request);
}

/* One model hands over to another, here to itself: the same picture as in one go. */
static void handing_over(const diffusion_pipeline *pipeline)
{
    diffusion_request *request = small_request(6, 3);
    diffusion_result *whole, *half, *rest;
    OK(diffusion_request_set_scheduler(request, TEXT("ddim")));
    whole = draw(pipeline, request);
    OK(diffusion_request_set_denoising_end(request, 0.5f));
    half = draw(pipeline, request);
    /* The timesteps are 831, 665, 499 ...: two lie in the first half of 1000. */
    CHECK(diffusion_result_step_count(half) == 2 && !same_picture(whole, half));
    OK(diffusion_request_set_denoising_start(request, 0.75f));
    SAYS(INVALID, "end later than it starts", diffusion_request_validate(request));
    OK(diffusion_request_set_denoising_end(request, 1.0f));
    OK(diffusion_request_set_denoising_start(request, 0.5f));
    OK(diffusion_request_set_init_result(request, half));
    diffusion_result_destroy(half); /* the request shares the latents */
    rest = draw(pipeline, request);
    CHECK(diffusion_result_step_count(rest) == 4);
    CHECK(distance(first(whole), first(rest), 0, SIDE) <= 1);
    OK(diffusion_request_set_width(request, 128));
    SAYS(INVALID, "latents", diffusion_pipeline_generate(pipeline, request, NULL, NULL, NULL, &half));
    OK(diffusion_request_set_init_result(request, NULL));
    OK(diffusion_request_validate(request));
    diffusion_result_destroy(whole);
    diffusion_result_destroy(rest);
    diffusion_request_destroy(request);
}

static void seeds(const diffusion_pipeline *pipeline)
{
    diffusion_request *request = small_request(2, 20);
    diffusion_result *alone, *several, *varied;
    const diffusion_image *second = NULL;
    OK(diffusion_request_set_seed(request, 21));
    alone = draw(pipeline, request);
    OK(diffusion_request_set_seed(request, 20));
    OK(diffusion_request_set_count(request, 2));
    OK(diffusion_request_set_seed_mode(request, TEXT("one-per-picture")));
    several = draw(pipeline, request);
    OK(diffusion_result_image(several, 1, &second));
    CHECK(distance(second, first(alone), 0, SIDE) <= 1);
    CHECK(diffusion_result_seed(several) == 20);
    CHECK(diffusion_result_image_seed(several, 0) == 20 && diffusion_result_image_seed(several, 1) == 21);
    CHECK(diffusion_result_image_seed(several, 2) == 0 && diffusion_result_image_seed(several, -1) == 0);
    diffusion_result_destroy(several);
    OK(diffusion_request_set_seed_mode(request, NULL, 0));
    several = draw(pipeline, request);
    OK(diffusion_result_image(several, 1, &second));
    CHECK(distance(second, first(alone), 0, SIDE) > 1);
    CHECK(diffusion_result_image_seed(several, 1) == 20);
    OK(diffusion_request_set_count(request, 1));
    OK(diffusion_request_set_variation(request, 21, 1.0f));
    varied = draw(pipeline, request);
    CHECK(distance(first(varied), first(alone), 0, SIDE) <= 1);
    diffusion_result_destroy(alone);
    diffusion_result_destroy(several);
    diffusion_result_destroy(varied);
    diffusion_request_destroy(request);
}

static void prompts(const diffusion_pipeline *pipeline)
{
    diffusion_request *request = small_request(2, 5);
    diffusion_result *plain, *other;
    OK(diffusion_request_set_prompt_cstr(request, "a (red:1.5) house"));
    plain = draw(pipeline, request);
    CHECK(strstr(diffusion_result_settings_json(plain), "\"negative_prompt\":null") != NULL);
    OK(diffusion_request_set_syntax(request, TEXT("webui")));
    other = draw(pipeline, request);
    CHECK(!same_picture(plain, other));
    diffusion_result_destroy(other);
    OK(diffusion_request_set_syntax(request, NULL, 0));
    OK(diffusion_request_set_clip_skip(request, 1));
    other = draw(pipeline, request);
    CHECK(!same_picture(plain, other) && strstr(diffusion_result_settings_json(other), "\"clip_skip\":1") != NULL);
    diffusion_result_destroy(other);
    OK(diffusion_request_set_clip_skip(request, 0));
    /* None is not the empty text, and NULL is none. */
    OK(diffusion_request_set_negative_prompt(request, TEXT("")));
    other = draw(pipeline, request);
    CHECK(strstr(diffusion_result_settings_json(other), "\"negative_prompt\":\"\"") != NULL);
    diffusion_result_destroy(other);
    OK(diffusion_request_set_negative_prompt(request, TEXT("rain")));
    OK(diffusion_request_set_negative_prompt(request, NULL, 0));
    /* What this model has no use for is no mistake. */
    OK(diffusion_request_set_prompt_2(request, TEXT("x")));
    OK(diffusion_request_set_prompt_3(request, TEXT("x")));
    OK(diffusion_request_set_negative_prompt_2(request, TEXT("x")));
    OK(diffusion_request_set_negative_prompt_3(request, TEXT("x")));
    OK(diffusion_request_set_max_tokens(request, 77));
    OK(diffusion_request_set_original_size(request, 512, 256));
    OK(diffusion_request_set_crop(request, 0, 8192));
    OK(diffusion_request_set_target_size(request, 1024, 1024));
    OK(diffusion_request_set_negative_original_size(request, 1, 0));
    OK(diffusion_request_set_negative_crop(request, 3, 4));
    OK(diffusion_request_set_negative_target_size(request, 5, 6));
    OK(diffusion_request_set_aesthetic_score(request, 7.5f));
    OK(diffusion_request_set_negative_aesthetic_score(request, 0.0f));
    OK(diffusion_request_set_image_guidance(request, 1.2f));
    OK(diffusion_request_set_true_guidance(request, 4.0f));
    OK(diffusion_request_set_noise_level(request, 0));
    other = draw(pipeline, request);
    CHECK(same_picture(plain, other));
    CHECK(strstr(diffusion_result_settings_json(other), "\"negative_prompt\":null") != NULL);
    diffusion_result_destroy(other);
    diffusion_result_destroy(plain);
    diffusion_request_destroy(request);
}

/* A second pass at twice the size, and its settings in the result's. */
static void enlarging(const diffusion_pipeline *pipeline)
{
    diffusion_request *request = small_request(2, 7);
    diffusion_result *result;
    OK(diffusion_request_set_width(request, SIDE));
    OK(diffusion_request_set_height(request, SIDE));
    OK(diffusion_request_set_hires_scale(request, 2.0f));
    OK(diffusion_request_set_hires_steps(request, 1));
    OK(diffusion_request_set_hires_strength(request, 0.5f));
    OK(diffusion_request_set_hires_upscale(request, TEXT("bicubic")));
    result = draw(pipeline, request);
    CHECK(diffusion_image_width(first(result)) == 2 * SIDE && diffusion_image_height(first(result)) == 2 * SIDE);
    CHECK(strstr(diffusion_result_settings_json(result), "\"upscale\":\"bicubic\"") != NULL);
    diffusion_result_destroy(result);
    OK(diffusion_request_set_hires_size(request, 2 * SIDE, SIDE));
    result = draw(pipeline, request);
    CHECK(diffusion_image_width(first(result)) == 2 * SIDE && diffusion_image_height(first(result)) == SIDE);
    diffusion_result_destroy(result);
    OK(diffusion_request_set_hires_scale(request, 0.0f));
    result = draw(pipeline, request);
    CHECK(diffusion_image_width(first(result)) == SIDE);
    diffusion_result_destroy(result);
    diffusion_request_destroy(request);
}

/* The golden case "tall" of tests/golden/families/safety.json, which diffusers' checker flags. */
static void checking(const diffusion_pipeline *unchecked, const char *folder)
{
    char path[4096];
    diffusion_pipeline *pipeline;
    diffusion_result *plain, *flagged, *blurred, *none = NULL;
    diffusion_request *request = small_request(4, 5);
    CHECK(snprintf(path, sizeof path, "%s/../tiny-safety", folder) < (int)sizeof path);
    pipeline = open_model(path);
    OK(diffusion_request_set_prompt_cstr(request, "a red house in the snow at night"));
    OK(diffusion_request_set_guidance(request, 7.5f));
    OK(diffusion_request_set_scheduler(request, TEXT("ddim")));
    OK(diffusion_request_set_width(request, 64));
    OK(diffusion_request_set_height(request, 96));
    plain = draw(pipeline, request);
    OK(diffusion_request_set_safety(request, TEXT("flag")));
    flagged = draw(pipeline, request);
    OK(diffusion_request_set_safety(request, TEXT("blur")));
    blurred = draw(pipeline, request);
    CHECK(diffusion_result_flagged(plain, 0) == -1);
    CHECK(diffusion_result_flagged(flagged, 0) == 1 && diffusion_result_flagged(blurred, 0) == 1);
    CHECK(diffusion_result_flagged(flagged, 1) == -1 && diffusion_result_flagged(flagged, -1) == -1);
    CHECK(distance(first(plain), first(flagged), 0, SIDE) == 0);
    CHECK(distance(first(plain), first(blurred), 0, SIDE) > 20);
    SAYS(DIFFUSION_STATUS_UNSUPPORTED, "safety_checker",
         diffusion_pipeline_generate(unchecked, request, NULL, NULL, NULL, &none));
    CHECK(none == NULL);
    diffusion_result_destroy(plain);
    diffusion_result_destroy(flagged);
    diffusion_result_destroy(blurred);
    diffusion_request_destroy(request);
    diffusion_pipeline_destroy(pipeline);
}

/* Noise levels and timesteps that the host lists. */
static void lists(const diffusion_pipeline *pipeline)
{
    static const double sigmas[] = { 12.0, 5.0, 1.5, 0.0 }, timesteps[] = { 900.0, 500.0, 100.0 };
    diffusion_request *request = small_request(3, 2);
    diffusion_result *plain, *listed, *none = NULL;
    OK(diffusion_request_set_scheduler(request, TEXT("euler")));
    plain = draw(pipeline, request);
    OK(diffusion_request_set_custom_sigmas(request, sigmas, 4));
    listed = draw(pipeline, request);
    CHECK(diffusion_result_step_count(listed) == 3 && !same_picture(plain, listed));
    CHECK(strstr(diffusion_result_settings_json(listed), "\"steps\":3") != NULL);
    CHECK(strstr(diffusion_result_settings_json(listed), "\"custom_sigmas\":[12.0,5.0,1.5,0.0]") != NULL);
    diffusion_result_destroy(listed);
    OK(diffusion_request_set_custom_timesteps(request, timesteps, 3));
    listed = draw(pipeline, request);
    CHECK(diffusion_result_step_count(listed) == 3 && strstr(diffusion_result_settings_json(listed), "custom_sigmas") == NULL);
    diffusion_result_destroy(listed);
    OK(diffusion_request_set_steps(request, 4));
    SAYS(INVALID, "4 steps", diffusion_pipeline_generate(pipeline, request, NULL, NULL, NULL, &none));
    OK(diffusion_request_set_steps(request, 3));
    OK(diffusion_request_set_scheduler(request, TEXT("lms")));
    SAYS(INVALID, "lms", diffusion_pipeline_generate(pipeline, request, NULL, NULL, NULL, &none));
    OK(diffusion_request_set_scheduler(request, TEXT("euler")));
    OK(diffusion_request_set_custom_timesteps(request, NULL, 0));
    listed = draw(pipeline, request);
    CHECK(same_picture(plain, listed) && none == NULL);
    diffusion_result_destroy(plain);
    diffusion_result_destroy(listed);
    diffusion_request_destroy(request);
}

/* Every rule changes the picture, and without rules it is the plain one again. */
static void guidance(const diffusion_pipeline *pipeline)
{
    static const float scales[] = { 9.0f, 5.0f, 3.0f, 2.0f, 1.5f, 1.2f }, places[] = { 0.0f, 1.0f };
    diffusion_request *request = small_request(6, 9);
    diffusion_result *plain, *other;
    int rule;
    OK(diffusion_request_set_scheduler(request, TEXT("ddim")));
    plain = draw(pipeline, request);
    for (rule = 0; rule < 9; rule++) {
        switch (rule) {
        case 0: OK(diffusion_request_set_guidance_rescale(request, 0.7f)); break;
        case 1: OK(diffusion_request_set_guidance_interval(request, 0.2f, 0.8f)); break;
        case 2: OK(diffusion_request_set_guidance_scales(request, scales, 6)); break;
        case 3: OK(diffusion_request_set_guidance_points(request, places, scales, 2)); break;
        case 4: OK(diffusion_request_set_guidance_plus_plus(request, 0.6f)); break;
        case 5: OK(diffusion_request_set_guidance_projection(request, 0.0f, 1.0f, -0.5f)); break;
        case 6: OK(diffusion_request_set_guidance_threshold(request, 0.9f, 0.5f)); break;
        case 7: OK(diffusion_request_set_guidance_mimic_scale(request, 0.9f, 1.0f)); break;
        default: OK(diffusion_request_set_guidance_zero_star(request, 0)); break;
        }
        other = draw(pipeline, request);
        CHECK(!same_picture(plain, other));
        diffusion_result_destroy(other);
        OK(diffusion_request_clear_guidance_rules(request));
    }
    OK(diffusion_request_set_guidance_scales(request, scales, 3));
    SAYS(INVALID, "3 guidance scales", diffusion_pipeline_generate(pipeline, request, NULL, NULL, NULL, &other));
    OK(diffusion_request_clear_guidance_rules(request));
    OK(diffusion_request_set_reuse(request, 10.0f, 2, 1));
    other = draw(pipeline, request);
    CHECK(diffusion_result_skipped_calls(other) == 3 && diffusion_result_skipped_negatives(other) == 0);
    CHECK(strstr(diffusion_result_timings_json(other), "\"skipped_calls\":3") != NULL);
    diffusion_result_destroy(other);
    OK(diffusion_request_set_reuse(request, 0.0f, 3, 1));
    OK(diffusion_request_set_negative_schedule(request, 2, 1.0f));
    other = draw(pipeline, request);
    CHECK(diffusion_result_skipped_calls(other) == 0 && diffusion_result_skipped_negatives(other) == 3);
    diffusion_result_destroy(other);
    OK(diffusion_request_set_negative_schedule(request, 1, 1.0f));
    other = draw(pipeline, request);
    CHECK(same_picture(plain, other));
    diffusion_result_destroy(other);
    diffusion_result_destroy(plain);
    diffusion_request_destroy(request);
}

int main(int argc, char **argv)
{
    diffusion_pipeline *pipeline = open_model(model_folder(argc, argv));
    making(argv);
    extending();
    pictures(pipeline);
    handing_over(pipeline);
    seeds(pipeline);
    prompts(pipeline);
    enlarging(pipeline);
    checking(pipeline, model_folder(argc, argv));
    guidance(pipeline);
    lists(pipeline);
    diffusion_pipeline_destroy(pipeline);
    return 0;
}
