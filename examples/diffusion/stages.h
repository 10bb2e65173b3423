/* The settings of single stages, as --stage gives them. */
#ifndef STAGES_H
#define STAGES_H

#include "diffusion.h"

/* Fills in NAME:KEY=VALUE,KEY=VALUE… EXIT_DONE or EXIT_USAGE, with the line on stderr printed. */
int stages_fill(const char *text, diffusion_request *request);

#endif
