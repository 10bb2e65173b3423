/* What is printed on stdout. */
#ifndef REPORT_H
#define REPORT_H

#include "diffusion.h"
#include "options.h"

/* A model and what it drew. Where there are two, the second went on with what the first drew. */
struct stage {
    diffusion_pipeline *pipeline;
    diffusion_result *result;
};

/* Makes sure that everything printed so far has arrived: EXIT_DONE, or EXIT_GENERATE with the line on stderr printed. */
int report_done(void);

/* What `generate` prints when the pictures are written. Both end with report_done(). */
int report_json(const struct options *options, const struct stage *stages, int count);
int report_text(const struct options *options, const diffusion_result *result);

#endif
