/* Models of several stages: what they say of themselves, drawing from texts, pictures, embeddings and classes, settings of
 * single stages, what is refused, and cancelling in the middle. */
#include <math.h>

#include "check.h"

#define INVALID DIFFUSION_STATUS_INVALID_ARGUMENT
#define NULL_POINTER DIFFUSION_STATUS_NULL_POINTER
#define CANCELLED DIFFUSION_STATUS_CANCELLED
#define UNSUPPORTED DIFFUSION_STATUS_UNSUPPORTED

/* The fewest steps that its schedulers can take, in each of the three stages. */
static diffusion_request *short_request(uint64_t seed)
{
    diffusion_request *request = small_request(2, seed);
    OK(diffusion_request_set_stage_steps(request, TEXT("prior"), 2));
    OK(diffusion_request_set_stage_steps(request, TEXT("super_res"), 2));
    return request;
}

/* A picture of 32 x 32 pixels with a slope from one colour to another. */
static diffusion_image *slope(uint8_t blue)
{
    enum { SIDE = 32 };
    uint8_t pixels[SIDE * SIDE * 3];
    diffusion_image *image = NULL;
    int x, y;
    for (y = 0; y < SIDE; y++)
        for (x = 0; x < SIDE; x++) {
            pixels[(y * SIDE + x) * 3] = (uint8_t)(x * 8);
            pixels[(y * SIDE + x) * 3 + 1] = (uint8_t)(y * 8);
            pixels[(y * SIDE + x) * 3 + 2] = blue;
        }
    OK(diffusion_image_create(pixels, sizeof pixels, SIDE, SIDE, SIDE * 3, DIFFUSION_PIXEL_FORMAT_RGB8, &image));
    return image;
}

static void like(diffusion_request *request, uint8_t blue)
{
    diffusion_image *image = slope(blue);
    OK(diffusion_request_set_picture(request, TEXT("like"), image));
    diffusion_image_destroy(image);
}

static diffusion_embedding *embed(const diffusion_pipeline *pipeline, const diffusion_request *request, const char *name)
{
    diffusion_embedding *embedding = NULL;
    OK(diffusion_pipeline_embed(pipeline, request, TEXT(name), NULL, NULL, NULL, &embedding));
    CHECK(embedding != NULL);
    return embedding;
}

/* Drawing fails with this status and these words. */
#define REFUSES(status, words, pipeline, request)                                                          \
    do {                                                                                                   \
        diffusion_result *none = NULL;                                                                     \
        SAYS(status, words, diffusion_pipeline_generate(pipeline, request, NULL, NULL, NULL, &none));      \
        CHECK(none == NULL);                                                                               \
    } while (0)

static void what_they_say(const diffusion_pipeline *karlo, const diffusion_pipeline *dit, const diffusion_pipeline *plain)
{
    static const char *const stages[] = { "prior", "decoder", "super_res" };
    int64_t i;
    CHECK(diffusion_pipeline_stage_count(karlo) == 3);
    for (i = 0; i < 3; i++) {
        CHECK(strcmp(diffusion_pipeline_stage_name(karlo, i), stages[i]) == 0);
        CHECK(strcmp(diffusion_pipeline_stage_scheduler(karlo, i), "unclip") == 0);
        CHECK(diffusion_pipeline_stage_steps(karlo, i) == (i == 2 ? 7 : 25));
        CHECK(diffusion_pipeline_stage_guidance(karlo, i) == (i == 0 ? 4.0f : i == 1 ? 8.0f : 1.0f));
    }
    CHECK(strcmp(diffusion_pipeline_picture_role(karlo, 0), "like") == 0 && *diffusion_pipeline_picture_role(karlo, 1) == '\0');
    CHECK(strcmp(diffusion_pipeline_embedding_name(karlo, 0), "image_embeds") == 0);
    CHECK(strcmp(diffusion_pipeline_embedding_name(karlo, 1), "text_encoder.text_embeds") == 0);
    CHECK(diffusion_pipeline_class_count(karlo) == 0 && diffusion_pipeline_class_count(dit) == 1000);
    CHECK(*diffusion_pipeline_class_name(dit, 0) == '\0' && *diffusion_pipeline_attribute(karlo, 0) == '\0');
    CHECK(diffusion_pipeline_stage_count(dit) == 1 && strcmp(diffusion_pipeline_stage_name(dit, 0), "denoiser") == 0);
    /* Past the last, before the first, and a model of one stage. */
    CHECK(*diffusion_pipeline_stage_name(karlo, 3) == '\0' && *diffusion_pipeline_stage_scheduler(karlo, -1) == '\0');
    CHECK(diffusion_pipeline_stage_steps(karlo, INT64_MAX) == 0 && diffusion_pipeline_stage_guidance(karlo, INT64_MIN) == 0.0f);
    CHECK(*diffusion_pipeline_embedding_name(karlo, 2) == '\0' && *diffusion_pipeline_embedding_name(karlo, 1LL << 32) == '\0');
    CHECK(diffusion_pipeline_stage_count(plain) == 0 && *diffusion_pipeline_stage_name(plain, 0) == '\0');
    CHECK(diffusion_pipeline_class_count(plain) == 0 && *diffusion_pipeline_picture_role(plain, 0) == '\0');
    CHECK(*diffusion_pipeline_embedding_name(plain, 0) == '\0' && *diffusion_pipeline_attribute(plain, 0) == '\0');
}

static void texts_and_pictures(const diffusion_pipeline *karlo)
{
    diffusion_request *request = short_request(3);
    diffusion_result *text = draw(karlo, request), *again = draw(karlo, request), *picture, *handed;
    diffusion_embedding *code;
    CHECK(same_picture(text, again));
    CHECK(diffusion_result_step_count(text) == 6 && strstr(diffusion_result_settings_json(text), "\"super_res\"") != NULL);
    diffusion_result_destroy(again);

    like(request, 90);
    picture = draw(karlo, request);
    CHECK(!same_picture(text, picture));
    CHECK(strstr(diffusion_result_settings_json(picture), "\"conditions\":[{\"role\":\"like\"}]") != NULL);
    code = embed(karlo, request, "image_embeds");
    CHECK(diffusion_embedding_rank(code) == 2 && diffusion_embedding_shape(code)[0] == 1);
    CHECK(diffusion_embedding_shape(code)[1] == (int64_t)diffusion_embedding_count(code));

    /* The embedding in place of the picture that it is of. */
    OK(diffusion_request_set_picture(request, TEXT("like"), NULL));
    OK(diffusion_request_set_embedding(request, TEXT("image_embeds"), code));
    diffusion_embedding_destroy(code); /* the request shares it */
    handed = draw(karlo, request);
    CHECK(same_picture(picture, handed));
    CHECK(strstr(diffusion_result_settings_json(handed), "\"embeddings\":[\"image_embeds\"]") != NULL);
    diffusion_result_destroy(handed);

    /* Taken away again, it is the text that counts. */
    OK(diffusion_request_set_embedding(request, TEXT("image_embeds"), NULL));
    again = draw(karlo, request);
    CHECK(same_picture(text, again));
    diffusion_result_destroy(again);
    diffusion_result_destroy(text);
    diffusion_result_destroy(picture);
    diffusion_request_destroy(request);
}

/* One row is for all pictures; otherwise there must be one for each. */
static void rows_of_embeddings(const diffusion_pipeline *karlo)
{
    diffusion_request *request = short_request(3);
    diffusion_embedding *one, *other, *rows = NULL, *narrow = NULL;
    diffusion_result *first, *second, *both;
    const diffusion_image *a = NULL, *b = NULL, *c = NULL;
    float *values;
    size_t width;
    int64_t shape[2] = { 2, 0 }, wrong[2] = { 1, 3 };
    like(request, 10);
    one = embed(karlo, request, "image_embeds");
    like(request, 240);
    other = embed(karlo, request, "image_embeds");
    OK(diffusion_request_set_picture(request, TEXT("like"), NULL));
    width = diffusion_embedding_count(one);
    CHECK(width == diffusion_embedding_count(other));
    CHECK(memcmp(diffusion_embedding_values(one), diffusion_embedding_values(other), width * sizeof(float)) != 0);
    values = malloc(2 * width * sizeof *values);
    CHECK(values != NULL);
    memcpy(values, diffusion_embedding_values(one), width * sizeof *values);
    memcpy(values + width, diffusion_embedding_values(other), width * sizeof *values);
    shape[1] = (int64_t)width;
    OK(diffusion_embedding_create(values, 2 * width, shape, 2, &rows));
    OK(diffusion_embedding_create(values, 3, wrong, 2, &narrow));
    free(values);

    OK(diffusion_request_set_count(request, 2));
    OK(diffusion_request_set_embedding(request, TEXT("image_embeds"), one));
    first = draw(karlo, request);
    OK(diffusion_request_set_embedding(request, TEXT("image_embeds"), other));
    second = draw(karlo, request);
    OK(diffusion_request_set_embedding(request, TEXT("image_embeds"), rows));
    both = draw(karlo, request);
    CHECK(diffusion_result_count(both) == 2 && same_picture(both, first) && !same_picture(both, second));
    OK(diffusion_result_image(both, 1, &a));
    OK(diffusion_result_image(second, 1, &b));
    OK(diffusion_result_image(first, 1, &c));
    CHECK(memcmp(diffusion_image_pixels(a), diffusion_image_pixels(b), diffusion_image_byte_length(a)) == 0);
    CHECK(memcmp(diffusion_image_pixels(a), diffusion_image_pixels(c), diffusion_image_byte_length(a)) != 0);

    OK(diffusion_request_set_count(request, 3));
    REFUSES(INVALID, "for each of 3 pictures", karlo, request);
    OK(diffusion_request_set_embedding(request, TEXT("image_embeds"), narrow));
    REFUSES(INVALID, "[1, 3]", karlo, request);
    diffusion_embedding_destroy(one);
    diffusion_embedding_destroy(other);
    diffusion_embedding_destroy(rows);
    diffusion_embedding_destroy(narrow);
    diffusion_result_destroy(first);
    diffusion_result_destroy(second);
    diffusion_result_destroy(both);
    diffusion_request_destroy(request);
}

static void classes(const diffusion_pipeline *dit)
{
    diffusion_request *request = NULL;
    diffusion_result *seven, *again, *other;
    OK(diffusion_request_create(&request));
    OK(diffusion_request_set_steps(request, 2));
    OK(diffusion_request_set_seed(request, 1));
    REFUSES(INVALID, "0 to 999", dit, request);
    OK(diffusion_request_set_class(request, 7));
    seven = draw(dit, request);
    again = draw(dit, request);
    CHECK(same_picture(seven, again) && strstr(diffusion_result_settings_json(seven), "\"class\":7") != NULL);
    OK(diffusion_request_set_class(request, 8));
    other = draw(dit, request);
    CHECK(!same_picture(seven, other));
    OK(diffusion_request_set_class(request, 1000));
    REFUSES(INVALID, "the class is 1000", dit, request);
    OK(diffusion_request_set_class_name(request, TEXT("tabby cat")));
    REFUSES(INVALID, "\"tabby cat\"", dit, request);
    OK(diffusion_request_set_class(request, -1)); /* none */
    REFUSES(INVALID, "needs a class", dit, request);
    diffusion_result_destroy(seven);
    diffusion_result_destroy(again);
    diffusion_result_destroy(other);
    diffusion_request_destroy(request);
}

static void stages(const diffusion_pipeline *karlo)
{
    diffusion_request *request = short_request(3);
    diffusion_result *plain = draw(karlo, request), *changed;
    OK(diffusion_request_set_stage_steps(request, TEXT("super_res"), 3));
    changed = draw(karlo, request);
    CHECK(diffusion_result_step_count(changed) == 7 && !same_picture(plain, changed));
    diffusion_result_destroy(changed);
    OK(diffusion_request_set_stage_steps(request, TEXT("super_res"), 2));
    OK(diffusion_request_set_stage_guidance(request, TEXT("prior"), 1.0f));
    changed = draw(karlo, request);
    CHECK(!same_picture(plain, changed));
    diffusion_result_destroy(changed);
    OK(diffusion_request_set_stage_guidance(request, TEXT("prior"), 4.0f));
    OK(diffusion_request_set_stage_candidates(request, TEXT("prior"), 4));
    changed = draw(karlo, request);
    diffusion_result_destroy(changed);
    /* 0, and no name, are the model's own. */
    OK(diffusion_request_set_stage_candidates(request, TEXT("prior"), 0));
    OK(diffusion_request_set_stage_scheduler(request, TEXT("prior"), NULL, 0));
    changed = draw(karlo, request);
    CHECK(same_picture(plain, changed));
    diffusion_result_destroy(changed);
    /* The decoder alone draws fewer steps, and a smaller picture; no name is all stages again. */
    OK(diffusion_request_set_last_stage(request, TEXT("decoder")));
    changed = draw(karlo, request);
    CHECK(diffusion_result_step_count(changed) < diffusion_result_step_count(plain));
    diffusion_result_destroy(changed);
    OK(diffusion_request_set_last_stage(request, TEXT("prior")));
    REFUSES(INVALID, "the stages of this model that draw pixels are decoder, super_res", karlo, request);
    OK(diffusion_request_set_last_stage(request, NULL, 0));
    changed = draw(karlo, request);
    CHECK(same_picture(plain, changed));
    diffusion_result_destroy(changed);
    diffusion_result_destroy(plain);

    OK(diffusion_request_set_stage_candidates(request, TEXT("decoder"), 2));
    REFUSES(INVALID, "decoder has nothing to choose", karlo, request);
    OK(diffusion_request_set_stage_candidates(request, TEXT("decoder"), 0));
    OK(diffusion_request_set_stage_guide_scale(request, TEXT("decoder"), 2.0f));
    REFUSES(INVALID, "decoder has no gradient", karlo, request);
    diffusion_request_destroy(request);
    request = short_request(3);
    OK(diffusion_request_set_stage_guidance(request, TEXT("super_res"), 3.0f));
    REFUSES(INVALID, "super_res has no unconditional branch", karlo, request);
    diffusion_request_destroy(request);
    request = short_request(3);
    OK(diffusion_request_set_stage_steps(request, TEXT("refiner"), 2));
    REFUSES(INVALID, "there is no stage \"refiner\"; this model has prior, decoder, super_res", karlo, request);
    diffusion_request_destroy(request);
}

static void refusals(const diffusion_pipeline *karlo, const diffusion_pipeline *plain)
{
    diffusion_request *request = short_request(3);
    diffusion_embedding *embedding = NULL, *none = NULL;
    diffusion_image *image = slope(1);
    OK(diffusion_request_set_edit(request, TEXT("smile"), 0.5f));
    REFUSES(INVALID, "no attribute \"smile\"", karlo, request);
    OK(diffusion_request_set_edit(request, TEXT("smile"), 0.0f)); /* leaves it */
    OK(diffusion_request_set_picture(request, TEXT("map"), image));
    REFUSES(INVALID, "\"map\"", karlo, request);
    OK(diffusion_request_set_picture(request, TEXT("map"), NULL));
    OK(diffusion_request_set_class(request, 3));
    REFUSES(INVALID, "knows none", karlo, request);
    OK(diffusion_request_set_class_name(request, NULL, 0));
    SAYS(INVALID, "it has image_embeds", diffusion_pipeline_embed(karlo, request, TEXT("x_T"), NULL, NULL, NULL, &none));
    SAYS(INVALID, "no embedding \"\"", diffusion_pipeline_embed(karlo, request, TEXT(""), NULL, NULL, NULL, &none));
    EXPECT(NULL_POINTER, diffusion_pipeline_embed(NULL, request, TEXT("image_embeds"), NULL, NULL, NULL, &none));
    EXPECT(NULL_POINTER, diffusion_pipeline_embed(karlo, NULL, TEXT("image_embeds"), NULL, NULL, NULL, &none));
    EXPECT(NULL_POINTER, diffusion_pipeline_embed(karlo, request, NULL, 3, NULL, NULL, NULL, &none));
    EXPECT(NULL_POINTER, diffusion_pipeline_embed(karlo, request, TEXT("image_embeds"), NULL, NULL, NULL, NULL));
    CHECK(none == NULL);
    embedding = embed(karlo, request, "text_encoder.text_embeds");
    OK(diffusion_request_set_embedding(request, TEXT("x_T"), embedding));
    REFUSES(INVALID, "no embedding \"x_T\"", karlo, request);

    /* A model of one stage knows nothing of all this. */
    SAYS(UNSUPPORTED, "several stages", diffusion_pipeline_embed(plain, request, TEXT("x_T"), NULL, NULL, NULL, &none));
    REFUSES(UNSUPPORTED, "one stage", plain, request);
    diffusion_embedding_destroy(embedding);
    diffusion_image_destroy(image);
    diffusion_request_destroy(request);
}

/* Stops at the n-th report. */
struct watcher { int reports, stop_at; const diffusion_cancel_token *token; };

static int32_t watch(const diffusion_progress *progress, void *user_data)
{
    struct watcher *watcher = user_data;
    CHECK(progress->step <= progress->steps);
    if (++watcher->reports != watcher->stop_at)
        return 0;
    if (watcher->token == NULL)
        return 1;
    OK(diffusion_cancel_token_cancel(watcher->token));
    return 0;
}

static void cancelling(const diffusion_pipeline *karlo)
{
    diffusion_request *request = short_request(9);
    diffusion_cancel_token *token = NULL;
    diffusion_result *wanted = NULL, *result = NULL;
    diffusion_embedding *code = NULL;
    struct watcher all = { 0, -1, NULL };
    int at;
    OK(diffusion_cancel_token_create(&token));
    OK(diffusion_pipeline_generate(karlo, request, NULL, watch, &all, &wanted));
    CHECK(all.reports > 10); /* three stages, each with its steps */
    for (at = 1; at <= all.reports; at++) {
        struct watcher by_answer = { 0, at, NULL }, by_token = { 0, at, token };
        EXPECT(CANCELLED, diffusion_pipeline_generate(karlo, request, NULL, watch, &by_answer, &result));
        CHECK(by_answer.reports == at && result == NULL);
        if (at == all.reports)
            break;
        EXPECT(CANCELLED, diffusion_pipeline_generate(karlo, request, token, watch, &by_token, &result));
        CHECK(result == NULL);
        OK(diffusion_cancel_token_reset(token));
    }
    OK(diffusion_cancel_token_cancel(token));
    EXPECT(CANCELLED, diffusion_pipeline_embed(karlo, request, TEXT("image_embeds"), token, NULL, NULL, &code));
    CHECK(code == NULL);
    OK(diffusion_cancel_token_reset(token));
    all.reports = 0;
    all.stop_at = 3;
    EXPECT(CANCELLED, diffusion_pipeline_embed(karlo, request, TEXT("image_embeds"), NULL, watch, &all, &code));
    CHECK(code == NULL && all.reports == 3);
    /* Everything works as if nothing had happened. */
    OK(diffusion_pipeline_generate(karlo, request, token, NULL, NULL, &result));
    CHECK(same_picture(result, wanted));
    diffusion_result_destroy(result);
    diffusion_result_destroy(wanted);
    diffusion_cancel_token_destroy(token);
    diffusion_request_destroy(request);
}

int main(int argc, char **argv)
{
    diffusion_pipeline *plain = open_model(model_folder(argc, argv));
    diffusion_pipeline *karlo = open_model(sibling(argv, "tiny-karlo"));
    diffusion_pipeline *dit = open_model(sibling(argv, "tiny-dit"));
    what_they_say(karlo, dit, plain);
    texts_and_pictures(karlo);
    rows_of_embeddings(karlo);
    classes(dit);
    stages(karlo);
    refusals(karlo, plain);
    cancelling(karlo);
    diffusion_pipeline_destroy(dit);
    diffusion_pipeline_destroy(karlo);
    diffusion_pipeline_destroy(plain);
    return 0;
}
