/* What the command line says about guidance rules and about work that may be left out. */
#ifndef GUIDANCE_H
#define GUIDANCE_H

#include "diffusion.h"
#include "options.h"

/* Fills in the options that are several numbers. EXIT_DONE or EXIT_USAGE, with the line on stderr printed. */
int guidance_fill(const struct options *options, diffusion_request *request);

#endif
