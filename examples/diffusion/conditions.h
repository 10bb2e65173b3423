/* What a picture keeps to beside its prompt: --condition, --box and what goes with them. */
#ifndef CONDITIONS_H
#define CONDITIONS_H

#include "diffusion.h"
#include "options.h"

/* Gives the request its condition pictures and boxes. Returns an exit status, after one line on stderr if it failed. */
int conditions_fill(const struct options *options, diffusion_request *request);

#endif
