/* The pieces of a generation: a conditioning, latents in and out, a loop of the host's own, an estimate. */
#include <math.h>

#include "check.h"

#define INVALID DIFFUSION_STATUS_INVALID_ARGUMENT
#define NULL_POINTER DIFFUSION_STATUS_NULL_POINTER

/* The first pictures of both results are the same; the second is given back. */
static void same(const diffusion_result *left, diffusion_result *right)
{
    CHECK(same_picture(left, right));
    diffusion_result_destroy(right);
}

/* A copy with the first number changed. */
static diffusion_embedding *with_first(const diffusion_embedding *embedding, float first)
{
    const size_t count = diffusion_embedding_count(embedding);
    float *values = malloc(count * sizeof *values);
    diffusion_embedding *made = NULL;
    CHECK(values != NULL);
    memcpy(values, diffusion_embedding_values(embedding), count * sizeof *values);
    values[0] = first;
    OK(diffusion_embedding_create(values, count, diffusion_embedding_shape(embedding), diffusion_embedding_rank(embedding),
                                  &made));
    free(values);
    return made;
}

static int32_t count_reports(const diffusion_progress *progress, void *user_data)
{
    CHECK(progress->phase == DIFFUSION_PHASE_DENOISING || progress->phase == DIFFUSION_PHASE_DECODING);
    ++*(int *)user_data;
    return 0;
}

static int32_t stop(const diffusion_progress *progress, void *user_data)
{
    (void)progress;
    (void)user_data;
    return 1;
}

static void steps(const diffusion_pipeline *pipeline)
{
    diffusion_request *request = small_request(4, 3), *hires = small_request(2, 1);
    diffusion_result *whole = draw(pipeline, request), *result = NULL;
    diffusion_stepper *stepper = NULL, *other = NULL;
    diffusion_embedding *latents = NULL, *clean = NULL, *changed;
    diffusion_cancel_token *token = NULL;
    uint32_t count, step;
    int reports = 0;

    SAYS(NULL_POINTER, "request", diffusion_stepper_begin(pipeline, NULL, NULL, NULL, NULL, &stepper));
    EXPECT(NULL_POINTER, diffusion_stepper_begin(pipeline, request, NULL, NULL, NULL, NULL));
    OK(diffusion_request_set_hires_scale(hires, 2.0f));
    SAYS(DIFFUSION_STATUS_UNSUPPORTED, "second pass", diffusion_stepper_begin(pipeline, hires, NULL, NULL, NULL, &stepper));
    EXPECT(DIFFUSION_STATUS_CANCELLED, diffusion_stepper_begin(pipeline, request, NULL, stop, NULL, &stepper));
    CHECK(stepper == NULL);

    OK(diffusion_cancel_token_create(&token));
    OK(diffusion_stepper_begin(pipeline, request, token, NULL, NULL, &stepper));
    OK(diffusion_stepper_begin(pipeline, request, token, NULL, NULL, &other));
    diffusion_request_destroy(request);
    count = diffusion_stepper_step_count(stepper);
    CHECK(count >= 4 && diffusion_stepper_step(stepper) == 0);
    SAYS(DIFFUSION_STATUS_UNSUPPORTED, "not known", diffusion_stepper_clean_latents(stepper, &clean));
    EXPECT(NULL_POINTER, diffusion_stepper_clean_latents(stepper, NULL));
    EXPECT(NULL_POINTER, diffusion_stepper_latents(stepper, NULL));
    EXPECT(NULL_POINTER, diffusion_stepper_set_latents(stepper, NULL));
    OK(diffusion_cancel_token_cancel(token));
    EXPECT(DIFFUSION_STATUS_CANCELLED, diffusion_stepper_advance(stepper, token, NULL, NULL));
    EXPECT(DIFFUSION_STATUS_CANCELLED, diffusion_stepper_finish(stepper, token, NULL, NULL, &result));
    CHECK(diffusion_stepper_step(stepper) == 0 && result == NULL);
    OK(diffusion_cancel_token_reset(token));

    for (step = 0; step < count; step++) {
        CHECK(diffusion_stepper_step(stepper) == step && diffusion_stepper_timestep(stepper) >= 0.0);
        OK(diffusion_stepper_advance(stepper, token, count_reports, &reports));
        CHECK(reports == (int)step + 1);
        if (step == 0) { /* another one of the same pipeline, and a callback that stops after the evaluation */
            EXPECT(DIFFUSION_STATUS_CANCELLED, diffusion_stepper_advance(other, NULL, stop, NULL));
            CHECK(diffusion_stepper_step(other) == 1);
        }
        OK(diffusion_stepper_latents(stepper, &latents));
        CHECK(diffusion_embedding_rank(latents) == 4 && diffusion_embedding_shape(latents)[0] == 1);
        OK(diffusion_stepper_set_latents(stepper, latents)); /* the host's hands change nothing */
        diffusion_embedding_destroy(latents);
    }
    CHECK(diffusion_stepper_timestep(stepper) < 0.0);
    SAYS(INVALID, "all", diffusion_stepper_advance(stepper, NULL, NULL, NULL));
    EXPECT(NULL_POINTER, diffusion_stepper_finish(stepper, NULL, NULL, NULL, NULL));
    OK(diffusion_stepper_finish(stepper, NULL, count_reports, &reports, &result));
    same(whole, result);
    OK(diffusion_stepper_finish(stepper, NULL, NULL, NULL, &result));
    same(whole, result);

    /* The other one: looked at on the way, changed, and given back before its end. */
    OK(diffusion_stepper_latents(other, &latents));
    OK(diffusion_stepper_advance(other, NULL, NULL, NULL));
    OK(diffusion_stepper_clean_latents(other, &clean));
    CHECK(diffusion_embedding_count(clean) == diffusion_embedding_count(latents));
    changed = with_first(clean, 9.0f);
    OK(diffusion_stepper_set_latents(other, changed));
    diffusion_embedding_destroy(latents);
    OK(diffusion_stepper_latents(other, &latents));
    CHECK(fabsf(diffusion_embedding_values(latents)[0] - 9.0f) < 1e-6f);
    OK(diffusion_stepper_finish(other, NULL, NULL, NULL, &result));
    CHECK(diffusion_result_count(result) == 1 && !same_picture(whole, result));
    diffusion_result_destroy(result);
    diffusion_stepper_destroy(stepper);
    diffusion_stepper_destroy(other);
    diffusion_embedding_destroy(changed);
    diffusion_embedding_destroy(clean);
    diffusion_embedding_destroy(latents);
    diffusion_cancel_token_destroy(token);
    diffusion_request_destroy(hires);
    diffusion_result_destroy(whole);
}

static void latents(const diffusion_pipeline *pipeline)
{
    diffusion_request *request = small_request(2, 5);
    diffusion_result *whole = draw(pipeline, request), *again = NULL;
    const diffusion_image *picture = NULL;
    diffusion_image *image = NULL, *odd = NULL;
    diffusion_embedding *latents = NULL, *encoded = NULL, *vector = NULL;
    const unsigned char grey[33 * 64 * 3] = { 0 };
    const float two[] = { 1.0f, 2.0f };
    const int64_t shape[] = { 1, 2 };

    EXPECT(NULL_POINTER, diffusion_result_latents(whole, NULL));
    OK(diffusion_result_latents(whole, &latents));
    OK(diffusion_result_image(whole, 0, &picture));
    OK(diffusion_pipeline_decode_latents(pipeline, latents, 0, DIFFUSION_PIXEL_FORMAT_RGB8, NULL, &image));
    CHECK(diffusion_image_byte_length(image) == diffusion_image_byte_length(picture));
    CHECK(memcmp(diffusion_image_pixels(image), diffusion_image_pixels(picture), diffusion_image_byte_length(image)) == 0);
    CHECK(*diffusion_image_settings_json(image) == '\0');
    diffusion_image_destroy(image);
    image = NULL;
    SAYS(INVALID, "there are 1", diffusion_pipeline_decode_latents(pipeline, latents, 1, 0, NULL, &image));
    EXPECT(INVALID, diffusion_pipeline_decode_latents(pipeline, latents, -1, 0, NULL, &image));
    SAYS(INVALID, "pixel format", diffusion_pipeline_decode_latents(pipeline, latents, 0, 77, NULL, &image));
    EXPECT(NULL_POINTER, diffusion_pipeline_decode_latents(pipeline, latents, 0, 0, NULL, NULL));
    EXPECT(NULL_POINTER, diffusion_pipeline_decode_latents(pipeline, NULL, 0, 0, NULL, &image));
    OK(diffusion_embedding_create(two, 2, shape, 2, &vector));
    SAYS(INVALID, "shape", diffusion_pipeline_decode_latents(pipeline, vector, 0, 0, NULL, &image));
    CHECK(image == NULL);

    OK(diffusion_pipeline_encode_image(pipeline, picture, NULL, &encoded));
    CHECK(diffusion_embedding_count(encoded) == diffusion_embedding_count(latents));
    EXPECT(NULL_POINTER, diffusion_pipeline_encode_image(pipeline, picture, NULL, NULL));
    OK(diffusion_image_create(grey, sizeof grey, 33, 64, 33 * 3, DIFFUSION_PIXEL_FORMAT_RGB8, &odd));
    diffusion_embedding_destroy(vector);
    vector = NULL;
    SAYS(INVALID, "width is 33", diffusion_pipeline_encode_image(pipeline, odd, NULL, &vector));
    CHECK(vector == NULL);

    /* To start from: as another generation's, and after the embedding is gone. */
    OK(diffusion_request_set_strength(request, 0.5f));
    OK(diffusion_request_set_init_result(request, whole));
    again = draw(pipeline, request);
    OK(diffusion_request_set_init_latents(request, latents));
    diffusion_embedding_destroy(latents);
    same(again, draw(pipeline, request));
    OK(diffusion_request_set_init_latents(request, NULL));
    EXPECT(INVALID, diffusion_request_validate(request));

    diffusion_image_destroy(odd);
    diffusion_embedding_destroy(encoded);
    diffusion_result_destroy(again);
    diffusion_result_destroy(whole);
    diffusion_request_destroy(request);
}

static void conditioning(diffusion_pipeline *pipeline, const char *folder)
{
    diffusion_request *request = small_request(2, 5);
    diffusion_result *whole;
    diffusion_conditioning *read = NULL, *changed = NULL;
    diffusion_embedding *states = NULL, *pooled = NULL, *other = NULL;
    diffusion_pipeline *stranger;
    uint32_t index, count;
    diffusion_status status;

    OK(diffusion_request_set_negative_prompt_cstr(request, "blurry"));
    OK(diffusion_request_set_guidance(request, 4.0f));
    whole = draw(pipeline, request);
    EXPECT(NULL_POINTER, diffusion_pipeline_encode_prompt(pipeline, request, NULL, NULL, NULL, NULL));
    EXPECT(DIFFUSION_STATUS_CANCELLED, diffusion_pipeline_encode_prompt(pipeline, request, NULL, stop, NULL, &read));
    CHECK(read == NULL);
    OK(diffusion_pipeline_encode_prompt(pipeline, request, NULL, NULL, NULL, &read));
    count = diffusion_conditioning_count(read);
    CHECK(count == 2);
    for (index = 0; index < count; index++) {
        const bool negative = strcmp(diffusion_conditioning_text(read, index), "blurry") == 0;
        CHECK(strcmp(diffusion_conditioning_encoder(read, index), "text_encoder") == 0);
        CHECK(diffusion_conditioning_is_negative(read, index) == negative);
    }
    CHECK(*diffusion_conditioning_text(read, count) == '\0' && *diffusion_conditioning_encoder(read, -1) == '\0');
    CHECK(diffusion_conditioning_is_negative(read, 99) == 0);

    SAYS(INVALID, "no text 9", diffusion_conditioning_states(read, 9, &states));
    EXPECT(NULL_POINTER, diffusion_conditioning_states(read, 0, NULL));
    EXPECT(INVALID, diffusion_conditioning_pooled(read, -1, &pooled));
    OK(diffusion_conditioning_states(read, 1, &states));
    CHECK(diffusion_embedding_rank(states) == 2);
    status = diffusion_conditioning_pooled(read, 1, &pooled); /* not every encoder gives one */
    CHECK(status == DIFFUSION_STATUS_OK || status == DIFFUSION_STATUS_UNSUPPORTED);
    SAYS(INVALID, "no text 9", diffusion_conditioning_with_states(read, 9, states, NULL, &changed));
    EXPECT(NULL_POINTER, diffusion_conditioning_with_states(read, 1, states, NULL, NULL));
    if (pooled != NULL) {
        SAYS(INVALID, "shape", diffusion_conditioning_with_states(read, 1, pooled, NULL, &changed));
        SAYS(INVALID, "shape", diffusion_conditioning_with_states(read, 1, NULL, states, &changed));
    }
    CHECK(changed == NULL);

    /* In a request, in place of its prompts. */
    SAYS(INVALID, "leave one", (OK(diffusion_request_set_conditioning(request, read)), diffusion_request_validate(request)));
    OK(diffusion_request_set_prompt(request, NULL, 0));
    OK(diffusion_request_set_negative_prompt(request, NULL, 0));
    OK(diffusion_request_validate(request));
    OK(diffusion_conditioning_with_states(read, 1, states, pooled, &changed)); /* with the same states */
    diffusion_conditioning_destroy(read);
    same(whole, draw(pipeline, request));
    OK(diffusion_request_set_conditioning(request, changed));
    diffusion_conditioning_destroy(changed);
    same(whole, draw(pipeline, request));
    stranger = open_model(folder);
    {
        diffusion_result *result = NULL;
        SAYS(INVALID, "another pipeline", diffusion_pipeline_generate(stranger, request, NULL, NULL, NULL, &result));
        CHECK(result == NULL);
    }
    diffusion_pipeline_destroy(stranger);

    /* Other states draw another picture. */
    OK(diffusion_request_set_conditioning(request, NULL));
    OK(diffusion_request_set_prompt_cstr(request, "a red house in the snow"));
    OK(diffusion_pipeline_encode_prompt(pipeline, request, NULL, NULL, NULL, &read));
    other = with_first(states, 40.0f);
    OK(diffusion_conditioning_with_states(read, 1, other, NULL, &changed));
    OK(diffusion_request_set_prompt(request, NULL, 0));
    OK(diffusion_request_set_conditioning(request, changed));
    {
        diffusion_result *result = draw(pipeline, request);
        CHECK(!same_picture(whole, result));
        diffusion_result_destroy(result);
    }
    diffusion_conditioning_destroy(changed);
    diffusion_conditioning_destroy(read);
    diffusion_embedding_destroy(other);
    diffusion_embedding_destroy(pooled);
    diffusion_embedding_destroy(states);
    diffusion_result_destroy(whole);
    diffusion_request_destroy(request);
}

static void estimates(const char *folder)
{
    uint64_t opening = 0, open = 0, low = 0;
    diffusion_pipeline_options *options = NULL;
    OK(diffusion_estimate_memory(TEXT(folder), NULL, &opening, &open));
    CHECK(opening > open && open > 1000000);
    OK(diffusion_pipeline_options_create(&options));
    OK(diffusion_pipeline_options_set_memory(options, TEXT("low")));
    OK(diffusion_estimate_memory(TEXT(folder), options, &opening, &low));
    CHECK(low < open);
    SAYS(DIFFUSION_STATUS_IO, "/no/such", diffusion_estimate_memory(TEXT("/no/such"), NULL, &opening, &open));
    EXPECT(NULL_POINTER, diffusion_estimate_memory(TEXT(folder), NULL, NULL, &open));
    EXPECT(NULL_POINTER, diffusion_estimate_memory(TEXT(folder), NULL, &opening, NULL));
    EXPECT(NULL_POINTER, diffusion_estimate_memory(NULL, 3, NULL, &opening, &open));
    diffusion_pipeline_options_destroy(options);
}

int main(int argc, char **argv)
{
    const char *folder = model_folder(argc, argv);
    diffusion_pipeline *pipeline;
    estimates(folder);
    CHECK(*diffusion_runtime_version() == '\0'); /* an estimate loads nothing */
    pipeline = open_model(folder);
    steps(pipeline);
    latents(pipeline);
    conditioning(pipeline, folder);
    diffusion_pipeline_destroy(pipeline);
    return 0;
}
