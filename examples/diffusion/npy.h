/* Embeddings in files: NumPy's .npy with float32 numbers, the last axis innermost, as numpy.save() writes them. */
#ifndef NPY_H
#define NPY_H

#include <stddef.h>
#include <stdint.h>

enum { NPY_MOST_SIZES = 8 };

struct npy {
    int64_t shape[NPY_MOST_SIZES];
    size_t rank, count;
    float *values; /* to be freed */
};

/* Reads a file. NULL, or what is wrong with it, as the end of a sentence. */
const char *npy_read(const char *path, struct npy *array);

/* Writes a file, which is there only when it is whole. NULL, or what went wrong, as the end of a sentence. */
const char *npy_write(const char *path, const float *values, size_t count, const int64_t *shape, size_t rank);

#endif
