/* What the command line says about the picture, as a request. */
#ifndef REQUEST_H
#define REQUEST_H

#include "diffusion.h"
#include "options.h"

/* Fills in a new request, and checks it as far as that goes without a model. EXIT_DONE or another exit code, with the
 * line on stderr printed. */
int request_fill(const struct options *options, diffusion_request *request);

/* Turns the request for the first model into one for the refiner, which goes on with what the first one drew. */
int request_refine(const struct options *options, diffusion_request *request, const diffusion_result *drawn);

#endif
