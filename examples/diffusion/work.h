/* The life of a command that computes: from a checked command line to results, with Ctrl-C caught. */
#ifndef WORK_H
#define WORK_H

#include "diffusion.h"
#include "options.h"
#include "progress.h"
#include "report.h"

enum { WORK_MOST_MODELS = 2, WORK_MOST_RESULTS = 256 };

/* What a command holds. Everything is given back when it ends. */
struct work {
    diffusion_pipeline_options *settings;
    diffusion_request *request;
    diffusion_cancel_token *cancel;
    diffusion_pipeline *models[WORK_MOST_MODELS];
    struct stage drawn[WORK_MOST_RESULTS];
    int model_count, count;
    struct progress_bar bar;
};

/* Fills in the request, which checks the whole command line so that a mistake costs no waiting, then runs `body`, whose
 * exit code it returns. */
int work_run(const struct options *options, int (*body)(const struct options *options, struct work *work));

/* Each of these returns EXIT_DONE, or another exit code with the line on stderr printed. */

/* Opens one more model. */
int work_open(struct work *work, const char *folder, diffusion_pipeline **pipeline);

/* Draws what the request asks for, as one more result. */
int work_draw(const struct options *options, struct work *work, const diffusion_pipeline *pipeline);

/* Computes an embedding from the request; it is the caller's to destroy. */
int work_embed(struct work *work, const diffusion_pipeline *pipeline, const char *name, diffusion_embedding **embedding);

/* Gives the request a picture in a role, "image" being the one to start from. NULL takes it away. */
int work_picture(struct work *work, const char *option, const char *role, const diffusion_image *image);

/* Writes the pictures of the last result; they are those from `number` on of `all` that there will be. */
int work_save(const struct options *options, const struct work *work, uint32_t number, uint32_t all);

#endif
