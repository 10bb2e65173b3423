/* Bad and odd requests, line by line: one clear sentence, or what the header says that they mean; never a crash, and
 * afterwards the pipeline draws the picture that it drew before. tests/bad_requests.rs has the same list. */
#include <float.h>
#include <math.h>

#include "check.h"

#define INVALID DIFFUSION_STATUS_INVALID_ARGUMENT
#define UNSUPPORTED DIFFUSION_STATUS_UNSUPPORTED

/* A pipeline, a good request's picture, and the request that is spoilt and made good again. */
struct bench {
    char **argv;
    diffusion_pipeline *pipeline;
    diffusion_request *request;
    diffusion_result *good;
};

/* A good request again, in the same handle. */
static void renew(struct bench *bench)
{
    OK(diffusion_request_reset(bench->request));
    OK(diffusion_request_set_prompt_cstr(bench->request, "a red house in the snow"));
    OK(diffusion_request_set_steps(bench->request, 2));
    OK(diffusion_request_set_seed(bench->request, 3));
    OK(diffusion_request_set_scheduler(bench->request, TEXT("ddim")));
}

/* The same picture as before, whatever was tried. */
static void still_good(struct bench *bench)
{
    diffusion_result *again;
    renew(bench);
    again = draw(bench->pipeline, bench->request);
    CHECK(same_picture(bench->good, again));
    diffusion_result_destroy(again);
}

/* Drawing is refused by a sentence with this text in it, and gives no result. */
static void refused(struct bench *bench, diffusion_status status, const char *text)
{
    diffusion_result *result = NULL;
    const char *said;
    EXPECT(status, diffusion_pipeline_generate(bench->pipeline, bench->request, NULL, NULL, NULL, &result));
    said = diffusion_last_error_message();
    if (strstr(said, text) == NULL || strchr(said, '\n') != NULL || strlen(said) > 1500) {
        fprintf(stderr, "\"%s\" is not in one line: %s\n", text, said);
        exit(1);
    }
    CHECK(result == NULL);
    still_good(bench);
}

/* A picture comes of it, twice the same. */
static void draws(struct bench *bench)
{
    diffusion_result *one = draw(bench->pipeline, bench->request), *two = draw(bench->pipeline, bench->request);
    CHECK(same_picture(one, two));
    diffusion_result_destroy(one);
    diffusion_result_destroy(two);
    still_good(bench);
}

/* The picture of what is set now. */
static diffusion_result *of_now(struct bench *bench)
{
    return draw(bench->pipeline, bench->request);
}

static void same_as(struct bench *bench, diffusion_result *other)
{
    diffusion_result *now = of_now(bench);
    CHECK(same_picture(now, other) && !same_picture(now, bench->good));
    diffusion_result_destroy(now);
    diffusion_result_destroy(other);
    still_good(bench);
}

static diffusion_image *file(const struct bench *bench, const char *name)
{
    diffusion_image *image = NULL;
    OK(diffusion_image_open_cstr(scratch(bench->argv, name), &image));
    return image;
}

static diffusion_image *flat(uint32_t width, uint32_t height, unsigned char value)
{
    diffusion_image *image = NULL;
    const size_t size = (size_t)width * height * 3;
    unsigned char *pixels = malloc(size);
    CHECK(pixels != NULL);
    memset(pixels, value, size);
    OK(diffusion_image_create(pixels, size, width, height, (size_t)width * 3, DIFFUSION_PIXEL_FORMAT_RGB8, &image));
    free(pixels);
    return image;
}

static void set_init(struct bench *bench, diffusion_image *image)
{
    OK(diffusion_request_set_init_image(bench->request, image));
    diffusion_image_destroy(image);
}

static void set_mask(struct bench *bench, diffusion_image *image)
{
    OK(diffusion_request_set_mask_image(bench->request, image));
    diffusion_image_destroy(image);
}

static void set_size(struct bench *bench, int64_t width, int64_t height)
{
    OK(diffusion_request_set_width(bench->request, width));
    OK(diffusion_request_set_height(bench->request, height));
}

static void sizes(struct bench *bench)
{
    set_size(bench, 61, 64);
    refused(bench, INVALID, "width is 61; this model draws multiples of 16");
    set_size(bench, 64, 72);
    refused(bench, INVALID, "height is 72");
    set_size(bench, 8, 64);
    refused(bench, INVALID, "width is 8");
    set_size(bench, 8192, 8192);
    OK(diffusion_request_set_count(bench->request, 5));
    refused(bench, INVALID, "5 pictures of 8192x8192");
    SAYS(INVALID, "1 to 8192", diffusion_request_set_width(bench->request, 20000));
    SAYS(INVALID, "1 to 8192", diffusion_request_set_height(bench->request, 20000));
    OK(diffusion_request_set_hires_size(bench->request, 100, 96));
    refused(bench, INVALID, "width is 100");
    OK(diffusion_request_set_hires_scale(bench->request, 1.3f));
    draws(bench);
}

static void strengths(struct bench *bench)
{
    static const float never[] = { 0.0f, -0.0f, -0.5f, 1.000001f, NAN, INFINITY, -INFINITY, FLT_MAX };
    size_t i;
    set_init(bench, file(bench, "house.png"));
    for (i = 0; i < sizeof never / sizeof *never; i++)
        SAYS(INVALID, "above 0", diffusion_request_set_strength(bench->request, never[i]));
    OK(diffusion_request_set_strength(bench->request, 1.0f));
    draws(bench);
    set_init(bench, file(bench, "house.png"));
    OK(diffusion_request_set_strength(bench->request, FLT_MIN));
    refused(bench, INVALID, "leaves none of 2 steps");
    OK(diffusion_request_set_strength(bench->request, 0.5f));
    SAYS(INVALID, "no picture to start from", diffusion_request_validate(bench->request));
    refused(bench, INVALID, "no picture to start from");
}

static void masks(struct bench *bench)
{
    diffusion_result *other;
    set_init(bench, file(bench, "house.png"));
    set_mask(bench, flat(64, 64, 255));
    other = of_now(bench);
    set_mask(bench, flat(1, 1, 255));
    same_as(bench, other);
    set_init(bench, file(bench, "house.png"));
    set_mask(bench, flat(37, 91, 255));
    draws(bench);
    set_init(bench, file(bench, "house.png"));
    set_mask(bench, file(bench, "grey.png"));
    draws(bench);
    set_init(bench, file(bench, "house.png"));
    set_mask(bench, flat(64, 64, 0));
    OK(diffusion_request_set_mask_padding(bench->request, 4));
    refused(bench, INVALID, "mask");
    set_mask(bench, flat(64, 64, 255));
    refused(bench, INVALID, "a mask is given, but no picture");
    set_init(bench, file(bench, "house.png"));
    OK(diffusion_request_set_paste_back(bench->request, 1));
    refused(bench, INVALID, "there is no mask");
}

static void pictures(struct bench *bench)
{
    static const char *const kinds[] = { "grey16.png", "grey.png", "cmyk.jpg" };
    const unsigned char bytes[16] = { 0 };
    float nan[4] = { 0.5f, NAN, 0.5f, 1.0f };
    diffusion_image *image = NULL;
    diffusion_result *other;
    size_t i;
    set_init(bench, flat(16, 16, 90));
    other = of_now(bench);
    set_init(bench, flat(1, 1, 90));
    same_as(bench, other);
    set_init(bench, flat(1, 1, 90));
    set_size(bench, 64, 64);
    draws(bench);
    set_init(bench, flat(9000, 2, 90));
    refused(bench, INVALID, "9000x2 pixels");
    set_init(bench, flat(9000, 2, 90));
    set_size(bench, 64, 64);
    draws(bench);
    for (i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        set_init(bench, file(bench, kinds[i]));
        set_size(bench, 64, 64);
        draws(bench);
    }
    SAYS(INVALID, "huge.png", diffusion_image_open_cstr(scratch(bench->argv, "huge.png"), &image));
    SAYS(INVALID, "16384",
         diffusion_image_create(bytes, sizeof bytes, 20000, 20000, 60000, DIFFUSION_PIXEL_FORMAT_RGB8, &image));
    EXPECT(INVALID, diffusion_image_create(bytes, sizeof bytes, 0, 1, 3, DIFFUSION_PIXEL_FORMAT_RGB8, &image));
    EXPECT(INVALID, diffusion_image_create(bytes, sizeof bytes, 2, 4, 6, DIFFUSION_PIXEL_FORMAT_RGB8, &image));
    EXPECT(INVALID, diffusion_image_create(bytes, sizeof bytes, 2, 2, 3, DIFFUSION_PIXEL_FORMAT_RGB8, &image));
    EXPECT(INVALID, diffusion_image_create(bytes, sizeof bytes, 1, 2, SIZE_MAX, DIFFUSION_PIXEL_FORMAT_RGB8, &image));
    SAYS(DIFFUSION_STATUS_NUMERIC, "NaN",
         diffusion_image_create((const unsigned char *)nan, sizeof nan, 1, 1, 16, DIFFUSION_PIXEL_FORMAT_RGBA_F32, &image));
    CHECK(image == NULL);
    still_good(bench);
}

/* 60 kB of a word. */
static void set_long(struct bench *bench, const char *word)
{
    static char text[60001];
    const size_t length = strlen(word);
    size_t i;
    for (i = 0; i + length < sizeof text; i += length)
        memcpy(text + i, word, length);
    OK(diffusion_request_set_prompt(bench->request, text, i));
}

static void prompts(struct bench *bench)
{
    static const struct {
        const char *prompt, *same_as; /* without the second: it draws */
    } odd[] = {
        { "a (red house", "a (red house)" },
        { "a) red house", "a\\) red house" },
        { "a [red house", "a [red house]" },
        { "a (red:nan) house", "a (red:nan:1.1) house" },
        { "a (red:inf) house", "a (red:inf:1.1) house" },
        { "(((]]]))[[[", NULL },
        { "[a:b [c|d [::", NULL },
        { "a house AND a tree :nan", NULL },
    };
    static const struct {
        const char *prompt, *says;
    } bad[] = {
        { "a (red:1.2.3) house", "\"1.2.3\"" },
        { "a (red:9999999999999999999999999999999999999999) house", "beyond 3.4e38" },
        { "a AND b :9999999999999999999999999999999999999999", "3.4e38" },
    };
    diffusion_result *result;
    size_t i;
    for (i = 0; i < sizeof odd / sizeof *odd; i++) {
        OK(diffusion_request_set_syntax(bench->request, TEXT("webui")));
        if (odd[i].same_as == NULL) {
            OK(diffusion_request_set_prompt_cstr(bench->request, odd[i].prompt));
            draws(bench);
            continue;
        }
        OK(diffusion_request_set_prompt_cstr(bench->request, odd[i].same_as));
        result = of_now(bench);
        OK(diffusion_request_set_prompt_cstr(bench->request, odd[i].prompt));
        same_as(bench, result);
    }
    for (i = 0; i < sizeof bad / sizeof *bad; i++) {
        OK(diffusion_request_set_syntax(bench->request, TEXT("webui")));
        OK(diffusion_request_set_prompt_cstr(bench->request, bad[i].prompt));
        refused(bench, INVALID, bad[i].says);
    }
    set_long(bench, "photo ");
    result = of_now(bench);
    CHECK(diffusion_result_warning_count(result) == 1);
    CHECK(strstr(diffusion_result_warning(result, 0), "too long for the text encoder") != NULL);
    diffusion_result_destroy(result);
    OK(diffusion_request_set_syntax(bench->request, TEXT("webui")));
    set_long(bench, "a ");
    refused(bench, INVALID, "256 chunks");
    OK(diffusion_request_set_syntax(bench->request, TEXT("webui")));
    set_long(bench, "(");
    refused(bench, INVALID, "256 brackets");
}

/* Setters of one number, and whether -1 is one of theirs. */
typedef diffusion_status (*real_setter)(diffusion_request *request, float value);

static diffusion_status interval_from(diffusion_request *r, float v) { return diffusion_request_set_guidance_interval(r, v, 1.0f); }
static diffusion_status interval_to(diffusion_request *r, float v) { return diffusion_request_set_guidance_interval(r, 0.0f, v); }
static diffusion_status scales(diffusion_request *r, float v) { return diffusion_request_set_guidance_scales(r, &v, 1); }
static diffusion_status places(diffusion_request *r, float v) { const float one = 1.0f; return diffusion_request_set_guidance_points(r, &v, &one, 1); }
static diffusion_status points(diffusion_request *r, float v) { const float half = 0.5f; return diffusion_request_set_guidance_points(r, &half, &v, 1); }
static diffusion_status projection_eta(diffusion_request *r, float v) { return diffusion_request_set_guidance_projection(r, v, 15.0f, 0.0f); }
static diffusion_status projection_norm(diffusion_request *r, float v) { return diffusion_request_set_guidance_projection(r, 0.0f, v, 0.0f); }
static diffusion_status momentum(diffusion_request *r, float v) { return diffusion_request_set_guidance_projection(r, 0.0f, 15.0f, v); }
static diffusion_status percentile(diffusion_request *r, float v) { return diffusion_request_set_guidance_threshold(r, v, 1.0f); }
static diffusion_status limit(diffusion_request *r, float v) { return diffusion_request_set_guidance_threshold(r, 0.9f, v); }
static diffusion_status mimic_percentile(diffusion_request *r, float v) { return diffusion_request_set_guidance_mimic_scale(r, v, 1.0f); }
static diffusion_status mimic(diffusion_request *r, float v) { return diffusion_request_set_guidance_mimic_scale(r, 0.9f, v); }
static diffusion_status reuse(diffusion_request *r, float v) { return diffusion_request_set_reuse(r, v, 3, 1); }
static diffusion_status until(diffusion_request *r, float v) { return diffusion_request_set_negative_schedule(r, 2, v); }
static diffusion_status variation(diffusion_request *r, float v) { return diffusion_request_set_variation(r, 1, v); }
static diffusion_status sigma(diffusion_request *r, float v) { const double one = v; return diffusion_request_set_custom_sigmas(r, &one, 1); }
static diffusion_status timestep(diffusion_request *r, float v) { const double one = v; return diffusion_request_set_custom_timesteps(r, &one, 1); }

static void numbers(struct bench *bench)
{
    static const real_setter setters[] = {
        diffusion_request_set_guidance, diffusion_request_set_image_guidance, diffusion_request_set_true_guidance,
        diffusion_request_set_denoising_start, diffusion_request_set_denoising_end, diffusion_request_set_eta,
        diffusion_request_set_strength, diffusion_request_set_mask_blur, diffusion_request_set_guidance_rescale,
        diffusion_request_set_guidance_plus_plus, diffusion_request_set_hires_scale,
        diffusion_request_set_hires_strength, diffusion_request_set_aesthetic_score,
        diffusion_request_set_negative_aesthetic_score, interval_from, interval_to, scales, places, points,
        projection_eta, projection_norm, momentum, percentile, limit, mimic_percentile, mimic, reuse, until, variation,
        sigma, timestep,
    };
    static const float never[] = { NAN, -NAN, INFINITY, -INFINITY, FLT_MAX, -FLT_MAX };
    static const int64_t wild[] = { -1, INT64_MIN, INT64_MAX, 1LL << 32, (1LL << 32) + 1, 1LL << 40 };
    size_t setter, i;
    for (setter = 0; setter < sizeof setters / sizeof *setters; setter++)
        for (i = 0; i < sizeof never / sizeof *never; i++)
            EXPECT(INVALID, setters[setter](bench->request, never[i]));
    for (i = 0; i < sizeof wild / sizeof *wild; i++) {
        EXPECT(INVALID, diffusion_request_set_steps(bench->request, wild[i]));
        EXPECT(INVALID, diffusion_request_set_width(bench->request, wild[i]));
        EXPECT(INVALID, diffusion_request_set_height(bench->request, wild[i]));
        EXPECT(INVALID, diffusion_request_set_count(bench->request, wild[i]));
        EXPECT(INVALID, diffusion_request_set_clip_skip(bench->request, wild[i]));
        EXPECT(INVALID, diffusion_request_set_max_tokens(bench->request, wild[i]));
        EXPECT(INVALID, diffusion_request_set_noise_level(bench->request, wild[i]));
        EXPECT(INVALID, diffusion_request_set_mask_padding(bench->request, wild[i]));
        EXPECT(INVALID, diffusion_request_set_guidance_zero_star(bench->request, wild[i]));
        EXPECT(INVALID, diffusion_request_set_hires_steps(bench->request, wild[i]));
        EXPECT(INVALID, diffusion_request_set_hires_size(bench->request, wild[i], 64));
        EXPECT(INVALID, diffusion_request_set_reuse(bench->request, 0.1f, wild[i], 1));
        EXPECT(INVALID, diffusion_request_set_reuse(bench->request, 0.1f, 1, wild[i]));
        EXPECT(INVALID, diffusion_request_set_negative_schedule(bench->request, wild[i], 1.0f));
        EXPECT(INVALID, diffusion_request_set_original_size(bench->request, wild[i], 64));
        EXPECT(INVALID, diffusion_request_set_target_size(bench->request, 64, wild[i]));
        EXPECT(INVALID, diffusion_request_set_crop(bench->request, wild[i], 0));
        EXPECT(INVALID, diffusion_request_set_negative_original_size(bench->request, wild[i], 64));
        EXPECT(INVALID, diffusion_request_set_negative_target_size(bench->request, 64, wild[i]));
        EXPECT(INVALID, diffusion_request_set_negative_crop(bench->request, 0, wild[i]));
        EXPECT(INVALID, diffusion_request_set_previews(bench->request, TEXT("linear"), wild[i]));
    }
    EXPECT(INVALID, diffusion_request_set_format(bench->request, 4));
    EXPECT(INVALID, diffusion_request_set_format(bench->request, -1));
    EXPECT(INVALID, diffusion_request_set_paste_back(bench->request, 2));
    {
        /* A setter that failed has changed nothing. */
        diffusion_result *result = of_now(bench);
        CHECK(same_picture(result, bench->good) && diffusion_result_warning_count(result) == 0);
        diffusion_result_destroy(result);
    }
    OK(diffusion_request_set_eta(bench->request, 0.5f));
    OK(diffusion_request_set_scheduler(bench->request, TEXT("euler")));
    refused(bench, INVALID, "ddim and tcd");
    OK(diffusion_request_set_rng(bench->request, TEXT("numpy")));
    OK(diffusion_request_set_seed(bench->request, 1ULL << 32));
    refused(bench, INVALID, "4294967296");
    OK(diffusion_request_set_seed(bench->request, UINT64_MAX));
    draws(bench);
    OK(diffusion_request_set_denoising_end(bench->request, 0.0f));
    refused(bench, INVALID, "no step of 2");
    OK(diffusion_request_set_clip_skip(bench->request, 11));
    refused(bench, UNSUPPORTED, "a smaller clip skip");
    OK(diffusion_request_set_safety(bench->request, TEXT("flag")));
    refused(bench, UNSUPPORTED, "safety_checker/model.onnx");
}

int main(int argc, char **argv)
{
    struct bench bench = { 0 };
    bench.argv = argv;
    bench.pipeline = open_model(model_folder(argc, argv));
    OK(diffusion_request_create(&bench.request));
    renew(&bench);
    bench.good = draw(bench.pipeline, bench.request);
    sizes(&bench);
    strengths(&bench);
    masks(&bench);
    pictures(&bench);
    prompts(&bench);
    numbers(&bench);
    diffusion_result_destroy(bench.good);
    diffusion_request_destroy(bench.request);
    diffusion_pipeline_destroy(bench.pipeline);
    return 0;
}
