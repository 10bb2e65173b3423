#include "npy.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform.h"

/* NumPy's format 1.0: magic bytes, version, length of the header (2 bytes, little-endian), the header, which is a Python
 * dictionary and ends so that the numbers begin at a multiple of 64, then the numbers (numpy/lib/format.py). */
static const unsigned char MAGIC[8] = { 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0 };
enum { ALIGNMENT = 64, LONGEST_HEADER = 4096 };
static const size_t MOST_NUMBERS = (size_t)1 << 26; /* the most that the library takes */

/* What follows the text at `*at`, spaces aside; `*at` moves behind it. */
static bool skip(const char **at, const char *text)
{
    const char *rest = *at + strspn(*at, " ");
    if (strncmp(rest, text, strlen(text)) != 0)
        return false;
    *at = rest + strlen(text);
    return true;
}

/* The sizes in "(1, 768)". */
static const char *read_shape(const char **at, struct npy *array)
{
    array->rank = 0;
    array->count = 1;
    if (!skip(at, "("))
        return "has no shape";
    while (!skip(at, ")")) {
        char *end;
        const char *digits = *at + strspn(*at, " ");
        const int64_t size = strtoll(digits, &end, 10);
        if (end == digits || *digits == '-' || *digits == '+')
            return "has no shape";
        if (array->rank == NPY_MOST_SIZES || size < 1 || (uint64_t)size > MOST_NUMBERS / array->count)
            return "has a shape that no embedding has; allowed are 1 to 8 sizes, each 1 or more, with at most 67108864 numbers";
        array->shape[array->rank++] = size;
        array->count *= (size_t)size;
        *at = end + strspn(end, " ");
        if (!skip(at, ",") && **at != ')')
            return "has no shape";
    }
    return array->rank == 0 ? "is a single number; an embedding has 1 to 8 sizes" : NULL;
}

/* The three entries of the header, in any order. */
static const char *read_header(const char *text, struct npy *array)
{
    bool floats = false, in_rows = false;
    const char *at = text, *wrong;
    array->rank = 0;
    if (!skip(&at, "{"))
        return "is damaged: its header is no dictionary";
    while (!skip(&at, "}")) {
        if (skip(&at, "'descr':")) {
            if (!(floats = skip(&at, "'<f4'")))
                return "does not hold float32 numbers ('<f4'); numpy.float32(x) makes such";
        } else if (skip(&at, "'fortran_order':")) {
            if (!(in_rows = skip(&at, "False")))
                return "is stored in columns (fortran_order); numpy.ascontiguousarray(x) is not";
        } else if (skip(&at, "'shape':")) {
            if ((wrong = read_shape(&at, array)) != NULL)
                return wrong;
        } else
            return "is damaged: its header has an entry that is none of descr, fortran_order and shape";
        at += strspn(at, " ");
        if (!skip(&at, ",") && *at != '}')
            return "is damaged: its header ends too early";
    }
    return floats && in_rows && array->rank > 0 ? NULL : "is damaged: its header lacks descr, fortran_order or shape";
}

/* The numbers, whose bytes are little-endian in the file whatever they are here. */
static const char *read_values(FILE *file, struct npy *array)
{
    unsigned char bytes[4];
    size_t i;
    array->values = malloc(array->count * sizeof *array->values);
    if (array->values == NULL)
        return "is too large: memory ran out";
    for (i = 0; i < array->count; i++) {
        uint32_t bits;
        if (fread(bytes, 1, sizeof bytes, file) != sizeof bytes)
            return "is cut off: it has fewer numbers than its shape says";
        bits = (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
        memcpy(&array->values[i], &bits, sizeof bits);
    }
    return fgetc(file) == EOF ? NULL : "has more bytes than its shape says";
}

static const char *read_all(FILE *file, struct npy *array)
{
    unsigned char start[sizeof MAGIC + 2];
    char header[LONGEST_HEADER + 1];
    const char *wrong;
    size_t length;
    if (fread(start, 1, sizeof start, file) != sizeof start || memcmp(start, MAGIC, 6) != 0)
        return "is no .npy file";
    if (start[6] != 1)
        return "is of a newer version of .npy than 1.0, which numpy.save() writes for plain numbers";
    length = (size_t)start[8] | (size_t)start[9] << 8;
    if (length > LONGEST_HEADER || fread(header, 1, length, file) != length || memchr(header, '\0', length) != NULL)
        return "is damaged: its header is cut off or too long";
    header[length] = '\0';
    wrong = read_header(header, array);
    return wrong != NULL ? wrong : read_values(file, array);
}

const char *npy_read(const char *path, struct npy *array)
{
    FILE *file = platform_is_folder(path) ? NULL : platform_open(path, "rb");
    const char *wrong;
    array->values = NULL;
    if (file == NULL)
        return "cannot be read";
    wrong = read_all(file, array);
    fclose(file);
    if (wrong != NULL) {
        free(array->values);
        array->values = NULL;
    }
    return wrong;
}

static bool write_all(FILE *file, const float *values, size_t count, const int64_t *shape, size_t rank)
{
    char header[LONGEST_HEADER];
    size_t i, length = (size_t)snprintf(header, sizeof header, "{'descr': '<f4', 'fortran_order': False, 'shape': (");
    unsigned char size[2];
    for (i = 0; i < rank; i++)
        length += (size_t)snprintf(header + length, sizeof header - length, "%s%" PRId64 "%s", i == 0 ? "" : " ", shape[i],
                                   i + 1 < rank || rank == 1 ? "," : "");
    length += (size_t)snprintf(header + length, sizeof header - length, "), }");
    while ((sizeof MAGIC + sizeof size + length + 1) % ALIGNMENT != 0)
        header[length++] = ' ';
    header[length++] = '\n';
    size[0] = (unsigned char)(length & 0xff);
    size[1] = (unsigned char)(length >> 8);
    if (fwrite(MAGIC, 1, sizeof MAGIC, file) != sizeof MAGIC || fwrite(size, 1, sizeof size, file) != sizeof size
        || fwrite(header, 1, length, file) != length)
        return false;
    for (i = 0; i < count; i++) {
        unsigned char bytes[4];
        uint32_t bits;
        memcpy(&bits, &values[i], sizeof bits);
        bytes[0] = (unsigned char)bits;
        bytes[1] = (unsigned char)(bits >> 8);
        bytes[2] = (unsigned char)(bits >> 16);
        bytes[3] = (unsigned char)(bits >> 24);
        if (fwrite(bytes, 1, sizeof bytes, file) != sizeof bytes)
            return false;
    }
    return true;
}

const char *npy_write(const char *path, const float *values, size_t count, const int64_t *shape, size_t rank)
{
    const size_t size = strlen(path) + sizeof ".part";
    char *part = malloc(size);
    const char *wrong = "cannot be written";
    FILE *file;
    if (part == NULL || rank < 1 || rank > NPY_MOST_SIZES) {
        free(part);
        return wrong;
    }
    snprintf(part, size, "%s.part", path);
    file = platform_open(part, "wb");
    if (file != NULL) {
        const bool written = write_all(file, values, count, shape, rank);
        if (fclose(file) == 0 && written && platform_rename(part, path))
            wrong = NULL;
        else
            platform_remove(part);
    }
    free(part);
    return wrong;
}
