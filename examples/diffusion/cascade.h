/* What the command line says to models of several stages: class, pictures by role, stages, attributes, embeddings. */
#ifndef CASCADE_H
#define CASCADE_H

#include <stdbool.h>

#include "diffusion.h"
#include "options.h"

/* Whether a value of --embedding hands in an embedding, NAME=FILE.npy, and is no word's file, FILE[=TOKEN]. */
bool cascade_is_embedding(const char *text);

/* Fills it in. EXIT_DONE or EXIT_USAGE, with the line on stderr printed. */
int cascade_fill(const struct options *options, diffusion_request *request);

#endif
