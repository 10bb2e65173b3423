/* Embeddings: numbers in and out, and others made of them. */
#include "bridge.h"

#define EMBEDDING(value) HANDLE(diffusion_embedding, value)

static jlong embedding_create(JNIEnv *env, jclass class, jfloatArray values, jlongArray shape)
{
    jfloat *numbers = (*env)->GetFloatArrayElements(env, values, NULL);
    jlong *sizes = numbers == NULL ? NULL : (*env)->GetLongArrayElements(env, shape, NULL);
    diffusion_embedding *embedding = NULL;
    (void)class;
    if (sizes != NULL) {
        int64_t copy[8]; /* as many as the library allows; jlong may be another type than int64_t */
        const jsize rank = (*env)->GetArrayLength(env, shape);
        jsize i;
        for (i = 0; i < rank && i < LENGTH(copy); i++)
            copy[i] = sizes[i];
        if (rank > LENGTH(copy))
            throw_failure(env, DIFFUSION_STATUS_INVALID_ARGUMENT, "the shape has more than 8 sizes; it must have 1 to 8");
        else
            ok(env, diffusion_embedding_create(numbers, (size_t)(*env)->GetArrayLength(env, values), copy, (size_t)rank,
                                               &embedding));
        (*env)->ReleaseLongArrayElements(env, shape, sizes, JNI_ABORT);
    }
    if (numbers != NULL)
        (*env)->ReleaseFloatArrayElements(env, values, numbers, JNI_ABORT);
    return POINTER(embedding);
}

static void embedding_destroy(JNIEnv *env, jclass class, jlong embedding)
{
    (void)env, (void)class;
    diffusion_embedding_destroy(EMBEDDING(embedding));
}

static jfloatArray embedding_values(JNIEnv *env, jclass class, jlong embedding)
{
    const size_t count = diffusion_embedding_count(EMBEDDING(embedding));
    jfloatArray array = count > INT32_MAX ? NULL : (*env)->NewFloatArray(env, (jsize)count);
    (void)class;
    if (array != NULL)
        (*env)->SetFloatArrayRegion(env, array, 0, (jsize)count, diffusion_embedding_values(EMBEDDING(embedding)));
    return array;
}

static jlongArray embedding_shape(JNIEnv *env, jclass class, jlong embedding)
{
    const jsize rank = (jsize)diffusion_embedding_rank(EMBEDDING(embedding));
    const int64_t *shape = diffusion_embedding_shape(EMBEDDING(embedding));
    jlongArray array = (*env)->NewLongArray(env, rank);
    jsize i;
    (void)class;
    for (i = 0; array != NULL && i < rank; i++) {
        const jlong size = shape[i];
        (*env)->SetLongArrayRegion(env, array, i, 1, &size);
    }
    return array;
}

static jlong embedding_lerp(JNIEnv *env, jclass class, jlong from, jlong to, jfloat at)
{
    diffusion_embedding *made = NULL;
    (void)class;
    ok(env, diffusion_embedding_lerp(EMBEDDING(from), EMBEDDING(to), at, &made));
    return POINTER(made);
}

static jlong embedding_slerp(JNIEnv *env, jclass class, jlong from, jlong to, jfloat at)
{
    diffusion_embedding *made = NULL;
    (void)class;
    ok(env, diffusion_embedding_slerp(EMBEDDING(from), EMBEDDING(to), at, &made));
    return POINTER(made);
}

static jlong embedding_sum(JNIEnv *env, jclass class, jlong one, jfloat weight, jlong other, jfloat other_weight)
{
    diffusion_embedding *made = NULL;
    (void)class;
    ok(env, diffusion_embedding_weighted_sum(EMBEDDING(one), weight, EMBEDDING(other), other_weight, &made));
    return POINTER(made);
}

static jlong embedding_difference(JNIEnv *env, jclass class, jlong before, jlong after)
{
    diffusion_embedding *made = NULL;
    (void)class;
    ok(env, diffusion_embedding_difference(EMBEDDING(before), EMBEDDING(after), &made));
    return POINTER(made);
}

static jlong embedding_turn(JNIEnv *env, jclass class, jlong picture, jlong difference, jfloat at)
{
    diffusion_embedding *made = NULL;
    (void)class;
    ok(env, diffusion_embedding_turn(EMBEDDING(picture), EMBEDDING(difference), at, &made));
    return POINTER(made);
}

static const JNINativeMethod FUNCTIONS[] = {
    METHOD("embeddingCreate", "([F[J)J", embedding_create),
    METHOD("embeddingDestroy", "(J)V", embedding_destroy),
    METHOD("embeddingValues", "(J)[F", embedding_values),
    METHOD("embeddingShape", "(J)[J", embedding_shape),
    METHOD("embeddingLerp", "(JJF)J", embedding_lerp),
    METHOD("embeddingSlerp", "(JJF)J", embedding_slerp),
    METHOD("embeddingSum", "(JFJF)J", embedding_sum),
    METHOD("embeddingDifference", "(JJ)J", embedding_difference),
    METHOD("embeddingTurn", "(JJF)J", embedding_turn),
};
const struct methods EMBEDDING_METHODS = { FUNCTIONS, LENGTH(FUNCTIONS) };
