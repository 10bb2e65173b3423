/* What is printed on stdout. */
#ifndef REPORT_H
#define REPORT_H

#include "diffusion.h"
#include "options.h"

/* A model and what it drew. */
struct stage {
    const diffusion_pipeline *pipeline;
    diffusion_result *result;
};

/* Makes sure that everything printed so far has arrived: EXIT_DONE, or EXIT_GENERATE with the line on stderr printed. */
int report_done(void);

/* Prints what was drawn, as --json and --quiet say. The pictures are those of the stages from `first` on; what is before
 * them is what they went on with. Ends with report_done(). */
int report_drawn(const struct options *options, const struct stage *stages, int count, int first);

/* Two entries of a JSON object: where each graph runs, and how many of its nodes. */
void report_placement(const diffusion_pipeline *pipeline);

#endif
