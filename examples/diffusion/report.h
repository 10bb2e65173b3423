/* What `generate` prints on stdout when the pictures are written. */
#ifndef REPORT_H
#define REPORT_H

#include "diffusion.h"
#include "options.h"

/* Both return EXIT_DONE, or EXIT_GENERATE when stdout cannot be written. */
int report_json(const struct options *options, const diffusion_pipeline *pipeline, const diffusion_result *result);
int report_text(const struct options *options, const diffusion_result *result);

#endif
