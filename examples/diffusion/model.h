/* What an opened model of several stages has that a command needs. */
#ifndef MODEL_H
#define MODEL_H

#include "diffusion.h"

/* The role that a command's picture takes: `first` where the model has it, else `second`. NULL, with the line on stderr
 * printed, where it has neither. */
const char *model_role(const diffusion_pipeline *pipeline, const char *first, const char *second);

/* The embedding that is the code of a picture. NULL, with the line printed, where the model lists none. */
const char *model_code(const diffusion_pipeline *pipeline);

/* The embedding that is the noise that a picture comes from; NULL where the model lists none. */
const char *model_noise(const diffusion_pipeline *pipeline);

/* The embedding of a text. NULL, with the line printed, where the model lists none. */
const char *model_text(const diffusion_pipeline *pipeline);

#endif
