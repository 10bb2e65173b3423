/* What a generation gives: pixels in every format, copies into the host's buffer, files, settings and times. */
#include "check.h"

#define INVALID DIFFUSION_STATUS_INVALID_ARGUMENT

static const size_t pixel_bytes[] = { 3, 4, 4, 16 };

static const diffusion_image *image_of(const diffusion_result *result, int64_t index)
{
    const diffusion_image *image = NULL;
    OK(diffusion_result_image(result, index, &image));
    return image;
}

/* One sample of a pixel as a byte, whatever the format. */
static int sample(const unsigned char *pixel, int32_t format, int channel)
{
    float value;
    switch (format) {
    case DIFFUSION_PIXEL_FORMAT_BGRA8:
        return pixel[channel == 3 ? 3 : 2 - channel];
    case DIFFUSION_PIXEL_FORMAT_RGBA_F32:
        memcpy(&value, pixel + 4 * channel, sizeof value);
        return (int)(value * 255.0f + 0.5f);
    default:
        return pixel[channel];
    }
}

/* The same picture in every format, drawn and copied. */
static void formats(const diffusion_pipeline *pipeline, diffusion_request *request)
{
    diffusion_result *results[4];
    const diffusion_image *rgb;
    int32_t format, other;
    for (format = 0; format < 4; format++) {
        OK(diffusion_request_set_format(request, format));
        results[format] = draw(pipeline, request);
    }
    rgb = image_of(results[0], 0);
    CHECK(diffusion_image_width(rgb) == 64 && diffusion_image_height(rgb) == 64);
    for (format = 0; format < 4; format++) {
        const diffusion_image *image = image_of(results[format], 0);
        const unsigned char *pixels = diffusion_image_pixels(image), *wanted = diffusion_image_pixels(rgb);
        size_t i;
        int channel;
        CHECK(diffusion_image_format(image) == format);
        CHECK(diffusion_image_stride(image) == 64 * pixel_bytes[format]);
        CHECK(diffusion_image_byte_length(image) == 64 * 64 * pixel_bytes[format]);
        CHECK(format != DIFFUSION_PIXEL_FORMAT_RGBA_F32 || (uintptr_t)pixels % sizeof(float) == 0);
        for (i = 0; i < 64 * 64; i++)
            for (channel = 0; channel < 3; channel++) {
                const int difference = sample(pixels + i * pixel_bytes[format], format, channel) - wanted[i * 3 + channel];
                /* Floats are rounded here, halves up; the library rounds halves to even. */
                CHECK(difference == 0 || (format == DIFFUSION_PIXEL_FORMAT_RGBA_F32 && difference == 1));
            }
        if (format != DIFFUSION_PIXEL_FORMAT_RGB8)
            CHECK(sample(pixels, format, 3) == 255);
        /* Copies into every other format are what was drawn in that format. */
        for (other = 0; other < 3; other++) {
            unsigned char copy[64 * 64 * 4];
            OK(diffusion_image_copy(image, copy, sizeof copy, 64, 64, (int64_t)(64 * pixel_bytes[other]), other));
            CHECK(memcmp(copy, diffusion_image_pixels(image_of(results[other], 0)), 64 * 64 * pixel_bytes[other]) == 0);
        }
    }
    for (format = 0; format < 4; format++)
        diffusion_result_destroy(results[format]);
    OK(diffusion_request_set_format(request, DIFFUSION_PIXEL_FORMAT_RGB8));
}

/* The host's buffer: odd strides, odd addresses, and everything that does not fit. */
static void copies(const diffusion_image *image)
{
    enum { STRIDE = 64 * 4 + 13, SIZE = 63 * STRIDE + 64 * 4 };
    unsigned char *memory = malloc(SIZE + 2), *buffer = memory + 1;
    unsigned char floats[64 * 64 * 16 + 1];
    int y, x;
    CHECK(memory != NULL);
    memset(memory, 0xa5, SIZE + 2);
    OK(diffusion_image_copy(image, buffer, SIZE, 64, 64, STRIDE, DIFFUSION_PIXEL_FORMAT_BGRA8));
    CHECK(memory[0] == 0xa5 && memory[SIZE + 1] == 0xa5);
    for (y = 0; y < 64; y++) {
        for (x = 0; x < 64; x++) {
            const unsigned char *from = diffusion_image_pixels(image) + (y * 64 + x) * 3;
            const unsigned char *to = buffer + y * STRIDE + x * 4;
            CHECK(to[0] == from[2] && to[1] == from[1] && to[2] == from[0] && to[3] == 255);
        }
        for (x = 64 * 4; x < STRIDE && y < 63; x++)
            CHECK(buffer[y * STRIDE + x] == 0xa5);
    }
    OK(diffusion_image_copy(image, floats + 1, 64 * 64 * 16, 64, 64, 64 * 16, DIFFUSION_PIXEL_FORMAT_RGBA_F32));

    memset(memory, 0xa5, SIZE + 2);
    SAYS(INVALID, "needs", diffusion_image_copy(image, buffer, SIZE - 1, 64, 64, STRIDE, DIFFUSION_PIXEL_FORMAT_BGRA8));
    EXPECT(INVALID, diffusion_image_copy(image, buffer, 0, 64, 64, STRIDE, DIFFUSION_PIXEL_FORMAT_BGRA8));
    SAYS(INVALID, "stride", diffusion_image_copy(image, buffer, SIZE, 64, 64, 255, DIFFUSION_PIXEL_FORMAT_BGRA8));
    EXPECT(INVALID, diffusion_image_copy(image, buffer, SIZE, 64, 64, 0, DIFFUSION_PIXEL_FORMAT_BGRA8));
    SAYS(INVALID, "stride is -256", diffusion_image_copy(image, buffer, SIZE, 64, 64, -256, DIFFUSION_PIXEL_FORMAT_RGB8));
    EXPECT(INVALID, diffusion_image_copy(image, buffer, SIZE, 64, 64, INT64_MAX, DIFFUSION_PIXEL_FORMAT_RGB8));
    EXPECT(INVALID, diffusion_image_copy(image, buffer, SIZE, 64, 64, INT64_MIN, DIFFUSION_PIXEL_FORMAT_RGB8));
    SAYS(INVALID, "64 x 64", diffusion_image_copy(image, buffer, SIZE, 32, 64, STRIDE, DIFFUSION_PIXEL_FORMAT_RGB8));
    EXPECT(INVALID, diffusion_image_copy(image, buffer, SIZE, 64, 65, STRIDE, DIFFUSION_PIXEL_FORMAT_RGB8));
    EXPECT(INVALID, diffusion_image_copy(image, buffer, SIZE, -1, 64, STRIDE, DIFFUSION_PIXEL_FORMAT_RGB8));
    EXPECT(INVALID, diffusion_image_copy(image, buffer, SIZE, 64, INT64_MAX, STRIDE, DIFFUSION_PIXEL_FORMAT_RGB8));
    EXPECT(INVALID, diffusion_image_copy(image, buffer, SIZE, 64, 64, STRIDE, 4));
    EXPECT(INVALID, diffusion_image_copy(image, buffer, (size_t)-1, 64, 64, STRIDE, DIFFUSION_PIXEL_FORMAT_RGB8));
    for (y = 0; y < SIZE; y++)
        CHECK(buffer[y] == 0xa5);
    free(memory);
}

static long file_size(const char *path)
{
    FILE *file = fopen(path, "rb");
    long size;
    if (file == NULL)
        return -1;
    fseek(file, 0, SEEK_END);
    size = ftell(file);
    fclose(file);
    return size;
}

static void files(const diffusion_image *image, char **argv)
{
    diffusion_buffer *png = NULL, *jpeg = NULL;
    const char *path = scratch(argv, "bild-\xc3\xa4\xe7\x94\xbb.png");
    remove(path);
    OK(diffusion_image_save_cstr(image, path));
    OK(diffusion_image_encode(image, TEXT("png"), &png));
    OK(diffusion_image_encode(image, TEXT("jpeg"), &jpeg));
    CHECK((size_t)file_size(path) == diffusion_buffer_size(png));
    CHECK(memcmp(diffusion_buffer_data(png), "\x89PNG\r\n\x1a\n", 8) == 0);
    CHECK(memcmp(diffusion_buffer_data(jpeg), "\xff\xd8\xff", 3) == 0);
    diffusion_buffer_destroy(png);
    diffusion_buffer_destroy(jpeg);
    path = scratch(argv, "picture.JPEG");
    OK(diffusion_image_save(image, TEXT(path)));
    CHECK(file_size(path) > 100);
    path = scratch(argv, "picture.gif");
    SAYS(INVALID, ".png", diffusion_image_save_cstr(image, path));
    CHECK(file_size(path) < 0);
    path = scratch(argv, "no/such/folder.png");
    SAYS(DIFFUSION_STATUS_IO, "folder.png", diffusion_image_save_cstr(image, path));
    EXPECT(INVALID, diffusion_image_save(image, "", 0));
    EXPECT(INVALID, diffusion_image_save(image, "a\0b.png", 7));
    EXPECT(DIFFUSION_STATUS_INVALID_UTF8, diffusion_image_save_cstr(image, "\xff.png"));
    png = NULL;
    SAYS(INVALID, "\"gif\"", diffusion_image_encode(image, TEXT("gif"), &png));
    EXPECT(DIFFUSION_STATUS_INVALID_UTF8, diffusion_image_encode(image, TEXT("\xff"), &png));
    CHECK(png == NULL);
}

static void facts(const diffusion_pipeline *pipeline, const diffusion_result *result)
{
    double sum = 0;
    uint32_t i;
    const diffusion_image *image = NULL;
    CHECK(strcmp(diffusion_pipeline_family(pipeline), "stable-diffusion-1") == 0);
    CHECK(strcmp(diffusion_pipeline_layout(pipeline), "optimum") == 0);
    CHECK(diffusion_pipeline_default_width(pipeline) == 64 && diffusion_pipeline_default_height(pipeline) == 64);
    CHECK(diffusion_pipeline_size_multiple(pipeline) == 16);
    CHECK(diffusion_pipeline_default_steps(pipeline) == 50);
    CHECK(diffusion_pipeline_default_guidance(pipeline) == 7.5f);
    CHECK(*diffusion_pipeline_default_scheduler(pipeline) != '\0');
    CHECK(diffusion_pipeline_open_milliseconds(pipeline) > 0);
    CHECK(diffusion_pipeline_graph_count(pipeline) >= 3);
    for (i = 0; i < diffusion_pipeline_graph_count(pipeline); i++) {
        CHECK(*diffusion_pipeline_graph_role(pipeline, i) != '\0');
        CHECK(strstr(diffusion_pipeline_graph_path(pipeline, i), ".onnx") != NULL);
        CHECK(*diffusion_pipeline_graph_provider(pipeline, i) != '\0');
    }
    CHECK(*diffusion_pipeline_graph_role(pipeline, i) == '\0' && *diffusion_pipeline_graph_path(pipeline, -1) == '\0');
    CHECK(*diffusion_pipeline_graph_provider(pipeline, INT64_MAX) == '\0');
    CHECK(*diffusion_pipeline_note(pipeline, 0) != '\0' && *diffusion_pipeline_note(pipeline, 1000) == '\0');
    CHECK(strstr(diffusion_pipeline_info_json(pipeline), "\"size_multiple\":16") != NULL);
    CHECK(*diffusion_runtime_version() != '\0' && *diffusion_runtime_library() != '\0');
    CHECK(*diffusion_runtime_provider(0) != '\0' && *diffusion_runtime_provider(1000) == '\0');

    CHECK(diffusion_result_count(result) == 3);
    SAYS(INVALID, "counted from 0", diffusion_result_image(result, 3, &image));
    EXPECT(INVALID, diffusion_result_image(result, -1, &image));
    EXPECT(INVALID, diffusion_result_image(result, INT64_MIN, &image));
    CHECK(image == NULL);
    CHECK(diffusion_result_seed(result) == 18446744073709551615u);
    CHECK(strstr(diffusion_result_settings_json(result), "\"seed\":18446744073709551615") != NULL);
    CHECK(strstr(diffusion_image_settings_json(image_of(result, 2)), "\"index\":2") != NULL);
    CHECK(strstr(diffusion_result_timings_json(result), "\"denoise\":[") != NULL);
    CHECK(diffusion_result_step_count(result) >= 2);
    for (i = 0; i < diffusion_result_step_count(result); i++) {
        CHECK(diffusion_result_step_milliseconds(result, i) > 0);
        sum += diffusion_result_step_milliseconds(result, i);
    }
    CHECK(diffusion_result_step_milliseconds(result, i) == 0 && diffusion_result_step_milliseconds(result, -1) == 0);
    sum += diffusion_result_text_milliseconds(result) + diffusion_result_decode_milliseconds(result);
    CHECK(sum > 0 && sum <= diffusion_result_total_milliseconds(result) * 1.001);
}

/* A prompt that is longer than the text encoder reads gives a warning that names the lost words. */
static void warnings(const diffusion_pipeline *pipeline, diffusion_request *request)
{
    static char prompt[2000];
    diffusion_result *result;
    size_t used = 0;
    int i;
    for (i = 0; i < 120; i++)
        used += (size_t)snprintf(prompt + used, sizeof prompt - used, "house ");
    snprintf(prompt + used, sizeof prompt - used, "zebra");
    OK(diffusion_request_set_prompt_cstr(request, prompt));
    result = draw(pipeline, request);
    CHECK(diffusion_result_warning_count(result) == 1);
    CHECK(strstr(diffusion_result_warning(result, 0), "zebra") != NULL);
    CHECK(*diffusion_result_warning(result, 1) == '\0' && *diffusion_result_warning(result, -1) == '\0');
    diffusion_result_destroy(result);
}

/* Looks at every preview, and stops at the one that it is told to. */
struct viewer {
    uint32_t seen, stop_at, width;
};

static int32_t look(const diffusion_progress *progress, void *user_data)
{
    struct viewer *viewer = user_data;
    if (progress->preview == NULL)
        return 0;
    CHECK(progress->phase == DIFFUSION_PHASE_DENOISING && progress->preview_index == 0);
    CHECK(progress->step >= 1 && progress->step < progress->steps);
    CHECK(diffusion_image_pixels(progress->preview) != NULL && *diffusion_image_settings_json(progress->preview) == '\0');
    viewer->width = diffusion_image_width(progress->preview);
    return ++viewer->seen == viewer->stop_at;
}

static void previews(const diffusion_pipeline *pipeline, diffusion_request *request)
{
    struct viewer viewer = { 0, 0, 0 };
    diffusion_result *plain = NULL, *watched = NULL, *none = NULL;
    SAYS(DIFFUSION_STATUS_INVALID_ARGUMENT, "\"linear\"", diffusion_request_set_previews(request, "taesd", 5, 1));
    SAYS(DIFFUSION_STATUS_INVALID_ARGUMENT, "interval", diffusion_request_set_previews(request, "linear", 6, 0));
    OK(diffusion_pipeline_generate(pipeline, request, NULL, look, &viewer, &plain));
    CHECK(viewer.seen == 0);
    OK(diffusion_request_set_previews(request, "linear", 6, 1));
    OK(diffusion_pipeline_generate(pipeline, request, NULL, look, &viewer, &watched));
    CHECK(viewer.seen >= 1 && viewer.width == diffusion_image_width(image_of(watched, 0)) / 8);
    CHECK(memcmp(diffusion_image_pixels(image_of(plain, 0)), diffusion_image_pixels(image_of(watched, 0)),
                 diffusion_image_byte_length(image_of(plain, 0))) == 0);
    OK(diffusion_request_set_previews(request, "full", 4, 1));
    viewer.seen = 0, viewer.stop_at = 1;
    EXPECT(DIFFUSION_STATUS_CANCELLED, diffusion_pipeline_generate(pipeline, request, NULL, look, &viewer, &none));
    CHECK(none == NULL && viewer.width == diffusion_image_width(image_of(watched, 0)));
    OK(diffusion_request_set_previews(request, "small", 5, 1));
    SAYS(DIFFUSION_STATUS_UNSUPPORTED, "vae_decoder_approx",
         diffusion_pipeline_generate(pipeline, request, NULL, NULL, NULL, &none));
    OK(diffusion_request_set_previews(request, NULL, 0, 0));
    diffusion_result_destroy(plain);
    diffusion_result_destroy(watched);
}

int main(int argc, char **argv)
{
    diffusion_pipeline *pipeline = open_model(model_folder(argc, argv));
    diffusion_request *request = small_request(2, UINT64_MAX);
    diffusion_result *result;
    formats(pipeline, request);
    OK(diffusion_request_set_count(request, 3));
    result = draw(pipeline, request);
    facts(pipeline, result);
    CHECK(memcmp(diffusion_image_pixels(image_of(result, 0)), diffusion_image_pixels(image_of(result, 1)), 64 * 64 * 3) != 0);
    /* A result lives without its pipeline. */
    OK(diffusion_request_set_count(request, 1));
    warnings(pipeline, request);
    previews(pipeline, request);
    diffusion_pipeline_destroy(pipeline);
    diffusion_request_destroy(request);
    copies(image_of(result, 0));
    files(image_of(result, 0), argv);
    diffusion_result_destroy(result);
    return 0;
}
