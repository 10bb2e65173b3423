/* The options that are several numbers, and work that may be left out. */
#ifndef LISTS_H
#define LISTS_H

#include "diffusion.h"
#include "options.h"

/* Fills them in. EXIT_DONE or EXIT_USAGE, with the line on stderr printed. */
int lists_fill(const struct options *options, diffusion_request *request);

#endif
