/*
 * Setters by name, one Kotlin function for each shape of C function: the tables of setters are made from diffusion.h, and the
 * compiler checks every call against it.
 */
#ifndef SETTINGS_H
#define SETTINGS_H

#include <stdlib.h>

#include "bridge.h"

/* Numbers of a setter, each as a whole number and as a fraction; the setter takes the one that it wants. */
enum { MOST_NUMBERS = 3 };
struct numbers {
    jlong whole[MOST_NUMBERS];
    jdouble real[MOST_NUMBERS];
};

/* Every setter has a name and a function of one of these shapes. */
typedef diffusion_status text_function(void *, const char *, size_t);
typedef diffusion_status pair_function(void *, const char *, size_t, const char *, size_t);
typedef diffusion_status number_function(void *, const struct numbers *);
typedef diffusion_status keyed_function(void *, const char *, size_t, const struct numbers *);
typedef diffusion_status list_function(void *, const double *, size_t);

struct setter {
    const char *name;
    const char *kinds; /* of numbers: i is a whole one, f is any, a letter for each */
    text_function *text;
    pair_function *pair;
    number_function *number;
    keyed_function *keyed; /* numbers of something that has a name */
    list_function *list;
};

struct setters {
    const struct setter *rows;
    jsize count;
};
extern const struct setters REQUEST_SETTERS, OPTIONS_SETTERS;

/* An int32 setter refuses what is out of its range, and so must the way there. */
static inline int32_t narrow(jlong value)
{
    return value > INT32_MAX ? INT32_MAX : value < INT32_MIN ? INT32_MIN : (int32_t)value;
}

/* The same numbers as floats, to be freed. */
float *floats_of(const double *values, size_t count);

/* In a NUMBER_SETTER: one of the numbers, as a whole one or as a float. */
#define W(index) (numbers->whole[index])
#define F(index) ((float)numbers->real[index])

/* A function of the table's shape around a setter of the header: the casts of handles are here, in a checked place. */
#define TEXT_SETTER(object, name)                                                                     \
    static diffusion_status object##_set_##name(void *handle, const char *text, size_t length)        \
    {                                                                                                 \
        return diffusion_##object##_set_##name(handle, text, length);                                 \
    }
#define NUMBER_SETTER(object, name, ...)                                                              \
    static diffusion_status object##_set_##name(void *handle, const struct numbers *numbers)          \
    {                                                                                                 \
        return diffusion_##object##_set_##name(handle, __VA_ARGS__);                                  \
    }
#define PAIR_SETTER(object, name)                                                                     \
    static diffusion_status object##_set_##name(void *handle, const char *key, size_t key_length,     \
                                                const char *value, size_t value_length)               \
    {                                                                                                 \
        return diffusion_##object##_set_##name(handle, key, key_length, value, value_length);         \
    }
#define KEYED_SETTER(object, name, ...)                                                               \
    static diffusion_status object##_set_##name(void *handle, const char *key, size_t key_length,     \
                                                const struct numbers *numbers)                        \
    {                                                                                                 \
        return diffusion_##object##_set_##name(handle, key, key_length, __VA_ARGS__);                 \
    }
#define DOUBLES_SETTER(object, name)                                                                  \
    static diffusion_status object##_set_##name(void *handle, const double *values, size_t count)     \
    {                                                                                                 \
        return diffusion_##object##_set_##name(handle, values, count);                                \
    }
#define FLOATS_SETTER(object, name)                                                                   \
    static diffusion_status object##_set_##name(void *handle, const double *values, size_t count)     \
    {                                                                                                 \
        float *narrowed = floats_of(values, count);                                                   \
        const diffusion_status status = diffusion_##object##_set_##name(handle, narrowed, count);     \
        free(narrowed);                                                                               \
        return status;                                                                                \
    }
#define TEXT_ROW(object, title) { .name = #title, .text = object##_set_##title },
#define NUMBER_ROW(object, title, kind) { .name = #title, .kinds = kind, .number = object##_set_##title },
#define PAIR_ROW(object, title) { .name = #title, .pair = object##_set_##title },
#define KEYED_ROW(object, title, kind) { .name = #title, .kinds = kind, .keyed = object##_set_##title },
#define LIST_ROW(object, title) { .name = #title, .list = object##_set_##title },

#endif
