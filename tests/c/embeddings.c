/* Embeddings of the host's own numbers: what they hold, what mixing them gives, and what is refused. No model is needed. */
#include <math.h>

#include "check.h"

#define INVALID DIFFUSION_STATUS_INVALID_ARGUMENT
#define NULL_POINTER DIFFUSION_STATUS_NULL_POINTER
#define NUMERIC DIFFUSION_STATUS_NUMERIC

static diffusion_embedding *make(const float *values, int64_t rows, int64_t width)
{
    const int64_t shape[] = { rows, width };
    diffusion_embedding *embedding = NULL;
    OK(diffusion_embedding_create(values, (size_t)(rows * width), shape, 2, &embedding));
    CHECK(embedding != NULL);
    return embedding;
}

/* The embedding has these numbers, to within a rounding of float; it is destroyed. */
static void holds(diffusion_embedding *embedding, const float *wanted, size_t count)
{
    const float *values = diffusion_embedding_values(embedding);
    size_t i;
    CHECK(diffusion_embedding_count(embedding) == count);
    for (i = 0; i < count; i++)
        if (!(fabsf(values[i] - wanted[i]) <= 1e-6f * (1.0f + fabsf(wanted[i])))) {
            fprintf(stderr, "number %zu is %.9g, wanted %.9g\n", i, (double)values[i], (double)wanted[i]);
            CHECK(!"the numbers are as wanted");
        }
    diffusion_embedding_destroy(embedding);
}

static void what_they_hold(void)
{
    float values[] = { 1, 2, 3, 4, 5, 6 };
    const int64_t shape[] = { 1, 3, 2 };
    diffusion_embedding *embedding = NULL;
    OK(diffusion_embedding_create(values, 6, shape, 3, &embedding));
    values[0] = 9; /* they were copied */
    CHECK(diffusion_embedding_rank(embedding) == 3 && memcmp(diffusion_embedding_shape(embedding), shape, sizeof shape) == 0);
    CHECK(diffusion_embedding_values(embedding)[0] == 1.0f && diffusion_embedding_values(embedding)[5] == 6.0f);
    CHECK(diffusion_embedding_count(embedding) == 6);
    diffusion_embedding_destroy(embedding);
    diffusion_embedding_destroy(NULL);
    CHECK(diffusion_embedding_values(NULL) == NULL && diffusion_embedding_shape(NULL) == NULL);
    CHECK(diffusion_embedding_count(NULL) == 0 && diffusion_embedding_rank(NULL) == 0);
}

static void straight_lines(void)
{
    const float a[] = { 1, -2, 0, 10 }, b[] = { 3, 2, 0, 20 };
    const float quarter[] = { 1.5f, -1, 0, 12.5f }, beyond[] = { 5, 6, 0, 30 }, sum[] = { -0.5f, -3, 0, 0 };
    diffusion_embedding *one = make(a, 2, 2), *other = make(b, 2, 2), *mixed = NULL;
    OK(diffusion_embedding_lerp(one, other, 0.25f, &mixed));
    CHECK(diffusion_embedding_rank(mixed) == 2 && diffusion_embedding_shape(mixed)[0] == 2);
    holds(mixed, quarter, 4);
    OK(diffusion_embedding_lerp(one, other, 0.0f, &mixed));
    holds(mixed, a, 4);
    OK(diffusion_embedding_lerp(one, other, 1.0f, &mixed));
    holds(mixed, b, 4);
    OK(diffusion_embedding_lerp(one, other, 2.0f, &mixed));
    holds(mixed, beyond, 4);
    OK(diffusion_embedding_weighted_sum(one, 1.0f, other, -0.5f, &mixed));
    holds(mixed, sum, 4);
    /* The result does not need what it was made of. */
    OK(diffusion_embedding_lerp(one, one, 0.7f, &mixed));
    diffusion_embedding_destroy(one);
    diffusion_embedding_destroy(other);
    holds(mixed, a, 4);
}

/* By hand: an angle of 90 degrees, of which a third is 30. */
static void arcs(void)
{
    const float a[] = { 2, 0, 0, 1 }, b[] = { 0, 2, 1, 0 };
    const float third[] = { 1.7320508f, 1, 0.5f, 0.8660254f };
    const float same[] = { 2, 0, 0, 1 };
    diffusion_embedding *one = make(a, 2, 2), *other = make(b, 2, 2), *mixed = NULL;
    OK(diffusion_embedding_slerp(one, other, 1.0f / 3.0f, &mixed));
    holds(mixed, third, 4);
    OK(diffusion_embedding_slerp(one, other, 0.0f, &mixed));
    holds(mixed, a, 4);
    OK(diffusion_embedding_slerp(one, other, 1.0f, &mixed));
    holds(mixed, b, 4);
    OK(diffusion_embedding_slerp(one, one, 0.4f, &mixed)); /* no angle: a straight line */
    holds(mixed, same, 4);
    diffusion_embedding_destroy(one);
    diffusion_embedding_destroy(other);
}

/* (0, 3) - (4, 0) is (-4, 3), whose length is 5. Turning (2, 0), which is 143.13 degrees away, by the whole angle is the
 * direction itself at length 2; by half of it, it is where the two meet in the middle: cos 71.565 = 0.31623 = 1/sqrt(10). */
static void differences(void)
{
    const float a[] = { 4, 0 }, b[] = { 0, 3 }, p[] = { 2, 0 };
    const float direction[] = { -0.8f, 0.6f }, whole[] = { -1.6f, 1.2f }, half[] = { 0.63245553f, 1.8973666f };
    diffusion_embedding *before = make(a, 1, 2), *after = make(b, 1, 2), *picture = make(p, 1, 2);
    diffusion_embedding *difference = NULL, *turned = NULL;
    OK(diffusion_embedding_difference(before, after, &difference));
    OK(diffusion_embedding_turn(picture, difference, 1.0f, &turned));
    holds(turned, whole, 2);
    OK(diffusion_embedding_turn(picture, difference, 0.5f, &turned));
    holds(turned, half, 2);
    OK(diffusion_embedding_turn(picture, difference, 0.0f, &turned));
    holds(turned, p, 2);
    holds(difference, direction, 2);
    turned = NULL;
    SAYS(INVALID, "same embedding", diffusion_embedding_difference(before, before, &turned));
    CHECK(turned == NULL);
    diffusion_embedding_destroy(before);
    diffusion_embedding_destroy(after);
    diffusion_embedding_destroy(picture);
}

static void shapes_that_cannot_be(void)
{
    static const int64_t bad[][2] = { { 2, 2 }, { 0, 3 }, { 3, 0 }, { -1, -3 }, { -3, 1 }, { 1, 4 }, { INT64_MAX, 2 },
                                      { INT64_MIN, 1 }, { 1LL << 32, 1LL << 32 }, { 1LL << 62, 4 } };
    static const int64_t many[] = { 1, 1, 1, 1, 1, 1, 1, 1, 3 };
    const float values[] = { 1, 2, 3 }, wrong[] = { 1, NAN, INFINITY };
    const int64_t shape[] = { 1, 3 };
    diffusion_embedding *embedding = NULL;
    size_t i;
    for (i = 0; i < sizeof bad / sizeof *bad; i++)
        SAYS(INVALID, "product must be 3", diffusion_embedding_create(values, 3, bad[i], 2, &embedding));
    SAYS(INVALID, "0 sizes", diffusion_embedding_create(values, 3, shape, 0, &embedding));
    SAYS(INVALID, "1 to 8 sizes", diffusion_embedding_create(values, 3, many, 9, &embedding));
    EXPECT(INVALID, diffusion_embedding_create(values, 3, shape, SIZE_MAX, &embedding));
    EXPECT(INVALID, diffusion_embedding_create(values, 0, shape, 2, &embedding));
    SAYS(INVALID, "numbers", diffusion_embedding_create(values, SIZE_MAX, shape, 2, &embedding));
    EXPECT(INVALID, diffusion_embedding_create(values, (1u << 26) + 1, shape, 2, &embedding));
    SAYS(NUMERIC, "number 1", diffusion_embedding_create(wrong, 3, shape, 2, &embedding));
    EXPECT(NUMERIC, diffusion_embedding_create(wrong + 2, 1, many, 1, &embedding));
    SAYS(NULL_POINTER, "values", diffusion_embedding_create(NULL, 3, shape, 2, &embedding));
    SAYS(NULL_POINTER, "shape", diffusion_embedding_create(values, 3, NULL, 2, &embedding));
    EXPECT(NULL_POINTER, diffusion_embedding_create(values, 3, shape, 2, NULL));
    CHECK(embedding == NULL);
    OK(diffusion_embedding_create(values, 3, many + 1, 8, &embedding));
    diffusion_embedding_destroy(embedding);
}

static void mixtures_that_cannot_be(void)
{
    static const float nonsense[] = { NAN, INFINITY, -INFINITY, 100.5f, -101, 3e38f };
    const float values[] = { 1, 2, 3, 4, 5, 6 }, huge[] = { 3e38f, -3e38f }, small[] = { -3e38f, 3e38f }, zeros[] = { 0, 0 };
    const int64_t planes[] = { 1, 2, 3 };
    diffusion_embedding *one = make(values, 1, 2), *longer = make(values, 1, 3), *more = make(values, 2, 2);
    diffusion_embedding *large = make(huge, 1, 2), *far = make(small, 1, 2), *zero = make(zeros, 1, 2);
    diffusion_embedding *solid = NULL, *mixed = NULL;
    size_t i;
    OK(diffusion_embedding_create(values, 6, planes, 3, &solid));
    for (i = 0; i < sizeof nonsense / sizeof *nonsense; i++) {
        SAYS(INVALID, "-100 to 100", diffusion_embedding_lerp(one, one, nonsense[i], &mixed));
        EXPECT(INVALID, diffusion_embedding_slerp(one, one, nonsense[i], &mixed));
        EXPECT(INVALID, diffusion_embedding_turn(one, one, nonsense[i], &mixed));
        EXPECT(INVALID, diffusion_embedding_weighted_sum(one, nonsense[i], one, 1.0f, &mixed));
        EXPECT(INVALID, diffusion_embedding_weighted_sum(one, 1.0f, one, nonsense[i], &mixed));
    }
    SAYS(INVALID, "[1, 2] and [1, 3]", diffusion_embedding_lerp(one, longer, 0.5f, &mixed));
    EXPECT(INVALID, diffusion_embedding_slerp(one, more, 0.5f, &mixed));
    EXPECT(INVALID, diffusion_embedding_weighted_sum(one, 1.0f, longer, 1.0f, &mixed));
    EXPECT(INVALID, diffusion_embedding_difference(more, one, &mixed));
    EXPECT(INVALID, diffusion_embedding_turn(longer, one, 0.5f, &mixed));
    SAYS(INVALID, "no vectors", diffusion_embedding_difference(solid, solid, &mixed));
    EXPECT(INVALID, diffusion_embedding_turn(solid, solid, 0.5f, &mixed));
    EXPECT(INVALID, diffusion_embedding_turn(one, zero, 0.5f, &mixed)); /* no direction */
    SAYS(NUMERIC, "too large", diffusion_embedding_lerp(large, far, -1.0f, &mixed));
    EXPECT(NUMERIC, diffusion_embedding_weighted_sum(large, 2.0f, large, 2.0f, &mixed));
    EXPECT(NULL_POINTER, diffusion_embedding_lerp(NULL, one, 0.5f, &mixed));
    EXPECT(NULL_POINTER, diffusion_embedding_lerp(one, NULL, 0.5f, &mixed));
    EXPECT(NULL_POINTER, diffusion_embedding_lerp(one, one, 0.5f, NULL));
    EXPECT(NULL_POINTER, diffusion_embedding_slerp(NULL, one, 0.5f, &mixed));
    EXPECT(NULL_POINTER, diffusion_embedding_slerp(one, one, 0.5f, NULL));
    EXPECT(NULL_POINTER, diffusion_embedding_weighted_sum(one, 1.0f, NULL, 1.0f, &mixed));
    EXPECT(NULL_POINTER, diffusion_embedding_weighted_sum(one, 1.0f, one, 1.0f, NULL));
    EXPECT(NULL_POINTER, diffusion_embedding_difference(NULL, one, &mixed));
    EXPECT(NULL_POINTER, diffusion_embedding_difference(one, one, NULL));
    EXPECT(NULL_POINTER, diffusion_embedding_turn(one, NULL, 0.5f, &mixed));
    EXPECT(NULL_POINTER, diffusion_embedding_turn(one, one, 0.5f, NULL));
    CHECK(mixed == NULL);
    diffusion_embedding_destroy(one);
    diffusion_embedding_destroy(longer);
    diffusion_embedding_destroy(more);
    diffusion_embedding_destroy(large);
    diffusion_embedding_destroy(far);
    diffusion_embedding_destroy(zero);
    diffusion_embedding_destroy(solid);
}

int main(int argc, char **argv)
{
    (void)model_folder(argc, argv);
    what_they_hold();
    straight_lines();
    arcs();
    differences();
    shapes_that_cannot_be();
    mixtures_that_cannot_be();
    return 0;
}
