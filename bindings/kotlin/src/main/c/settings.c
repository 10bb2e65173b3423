/* Setting by name: finds the setter in its table, and checks that it takes what was given. */
#include "settings.h"

#include <stdio.h>
#include <string.h>

/* What a request and options have in common: a handle, and a table of setters. Native.kt has the same numbers. */
enum { OF_REQUEST, OF_OPTIONS };

float *floats_of(const double *values, size_t count)
{
    float *floats = malloc((count > 0 ? count : 1) * sizeof *floats);
    size_t i;
    if (floats == NULL)
        abort(); /* as the library does where a small allocation fails */
    for (i = 0; i < count; i++)
        floats[i] = (float)values[i];
    return floats;
}

/* The setter of that name, or NULL and an exception that lists those there are. */
static const struct setter *find(JNIEnv *env, jint object, jbyteArray name)
{
    const struct setters *table = object == OF_REQUEST ? &REQUEST_SETTERS : &OPTIONS_SETTERS;
    const struct setter *found = NULL;
    struct text wanted = text_in(env, name);
    jsize i;

    for (i = 0; i < table->count && found == NULL && wanted.bytes != NULL; i++)
        if (is_name(wanted, table->rows[i].name))
            found = &table->rows[i];
    if (found == NULL && !(*env)->ExceptionCheck(env)) {
        char sentence[4096];
        int used = snprintf(sentence, sizeof sentence, "there is no setting \"%.*s\"; there are",
                            (int)(wanted.length < 64 ? wanted.length : 64), wanted.bytes == NULL ? "" : (const char *)wanted.bytes);
        for (i = 0; i < table->count && used < (int)sizeof sentence; i++)
            used += snprintf(sentence + used, sizeof sentence - (size_t)used, "%s %s", i == 0 ? "" : ",",
                             table->rows[i].name);
        throw_failure(env, DIFFUSION_STATUS_INVALID_ARGUMENT, sentence);
    }
    release(env, wanted);
    return found;
}

static void throw_kind(JNIEnv *env, const struct setter *setter)
{
    char sentence[200];
    const char *what = setter->text != NULL ? "is a text"
        : setter->pair != NULL              ? "is a text for each name"
        : setter->list != NULL              ? "is a list of numbers as a DoubleArray"
        : setter->keyed != NULL             ? "takes, for each name, these numbers (i is a whole one, f any): "
                                            : "takes these numbers (i is a whole one, f any): ";
    snprintf(sentence, sizeof sentence, "the setting \"%s\" %s%s", setter->name, what,
             setter->kinds == NULL ? "" : setter->kinds);
    throw_failure(env, DIFFUSION_STATUS_INVALID_ARGUMENT, sentence);
}

/* Whether so many numbers of these kinds are in the arrays, which then are in `numbers`. */
static bool numbers_in(JNIEnv *env, const char *kinds, jlongArray whole, jdoubleArray real, struct numbers *numbers)
{
    const jsize count = (*env)->GetArrayLength(env, real);
    bool fits = (size_t)count == strlen(kinds) && (*env)->GetArrayLength(env, whole) == count;
    jsize i;
    if (fits) {
        (*env)->GetLongArrayRegion(env, whole, 0, count, numbers->whole);
        (*env)->GetDoubleArrayRegion(env, real, 0, count, numbers->real);
        for (i = 0; i < count; i++)
            fits = fits && (kinds[i] == 'f' || (double)numbers->whole[i] == numbers->real[i]);
    }
    return fits;
}

static void set_text(JNIEnv *env, jclass class, jint object, jlong handle, jbyteArray name, jbyteArray value)
{
    const struct setter *setter = find(env, object, name);
    struct text text;
    (void)class;
    if (setter == NULL)
        return;
    if (setter->text == NULL) {
        throw_kind(env, setter);
        return;
    }
    text = text_in(env, value);
    if (!(*env)->ExceptionCheck(env))
        ok(env, setter->text(HANDLE(void, handle), TEXT(text)));
    release(env, text);
}

static void set_pair(JNIEnv *env, jclass class, jint object, jlong handle, jbyteArray name, jbyteArray key, jbyteArray value)
{
    const struct setter *setter = find(env, object, name);
    struct text first, second;
    (void)class;
    if (setter == NULL)
        return;
    if (setter->pair == NULL) {
        throw_kind(env, setter);
        return;
    }
    first = text_in(env, key);
    second = text_in(env, value);
    if (!(*env)->ExceptionCheck(env))
        ok(env, setter->pair(HANDLE(void, handle), TEXT(first), TEXT(second)));
    release(env, first);
    release(env, second);
}

static void set_numbers(JNIEnv *env, jclass class, jint object, jlong handle, jbyteArray name, jlongArray whole,
                        jdoubleArray real)
{
    const struct setter *setter = find(env, object, name);
    struct numbers numbers = { { 0 }, { 0 } };
    (void)class;
    if (setter == NULL)
        return; /* with an exception on its way, during which JNI allows no more questions */
    if (setter->number != NULL && numbers_in(env, setter->kinds, whole, real, &numbers))
        ok(env, setter->number(HANDLE(void, handle), &numbers));
    else
        throw_kind(env, setter);
}

static void set_keyed(JNIEnv *env, jclass class, jint object, jlong handle, jbyteArray name, jbyteArray key,
                      jlongArray whole, jdoubleArray real)
{
    const struct setter *setter = find(env, object, name);
    struct numbers numbers = { { 0 }, { 0 } };
    struct text text;
    (void)class;
    if (setter == NULL)
        return;
    if (setter->keyed == NULL || !numbers_in(env, setter->kinds, whole, real, &numbers)) {
        throw_kind(env, setter);
        return;
    }
    text = text_in(env, key);
    if (!(*env)->ExceptionCheck(env))
        ok(env, setter->keyed(HANDLE(void, handle), TEXT(text), &numbers));
    release(env, text);
}

static void set_list(JNIEnv *env, jclass class, jint object, jlong handle, jbyteArray name, jdoubleArray values)
{
    const struct setter *setter = find(env, object, name);
    jdouble *list;
    (void)class;
    if (setter == NULL)
        return;
    if (setter->list == NULL) {
        throw_kind(env, setter);
        return;
    }
    list = (*env)->GetDoubleArrayElements(env, values, NULL);
    if (list == NULL)
        return;
    ok(env, setter->list(HANDLE(void, handle), list, (size_t)(*env)->GetArrayLength(env, values)));
    (*env)->ReleaseDoubleArrayElements(env, values, list, JNI_ABORT);
}

static const JNINativeMethod FUNCTIONS[] = {
    METHOD("setText", "(IJ[B[B)V", set_text),
    METHOD("setPair", "(IJ[B[B[B)V", set_pair),
    METHOD("setNumbers", "(IJ[B[J[D)V", set_numbers),
    METHOD("setKeyed", "(IJ[B[B[J[D)V", set_keyed),
    METHOD("setList", "(IJ[B[D)V", set_list),
};
const struct methods SETTINGS_METHODS = { FUNCTIONS, LENGTH(FUNCTIONS) };
