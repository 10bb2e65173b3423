/* Where the pictures and embeddings go. */
#ifndef OUTPUT_H
#define OUTPUT_H

#include <stdint.h>

/* What is written, in words, and how its files end. */
struct output_kind { const char *what, *words, *endings[3]; };
extern const struct output_kind output_picture, output_embedding;

/* Checks, before any work starts, that the path which --`option` gives can be written. EXIT_DONE or EXIT_USAGE, with the
 * line printed. */
int output_check(const char *option, const char *output, const struct output_kind *kind);

/* The path of picture `index` of `count`: the output itself for one picture, otherwise with _0, _1 … before the
 * ending. To be freed; NULL when memory runs out. */
char *output_path(const char *output, uint32_t index, uint32_t count);

#endif
