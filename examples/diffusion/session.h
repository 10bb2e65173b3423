/* What the commands share: the log, the opening of a model, and what a status means for the exit code. */
#ifndef SESSION_H
#define SESSION_H

#include "diffusion.h"
#include "options.h"
#include "progress.h"

/* Sends the library's log to stderr when --verbose asks for it. */
void session_log(const struct options *options);

/* Checks what the command line says about opening a model, before anything is opened. EXIT_DONE or EXIT_USAGE, with
 * the line on stderr printed. `*settings` is the caller's to destroy. */
int session_settings(const struct options *options, diffusion_pipeline_options **settings);

/* Opens the model in a folder. EXIT_DONE or another exit code, with the line on stderr printed. */
int session_open(const char *folder, const diffusion_pipeline_options *settings,
                 const diffusion_cancel_token *cancel, struct progress_bar *bar, diffusion_pipeline **pipeline);

/* Says which option the library refused, and why. EXIT_USAGE. */
int session_refused(const char *option);

/* Whether an option that names a folder names one; a line on stderr where it does not. */
bool session_is_folder(const char *option, const char *folder);

/* Prints the last error. Returns the exit code that belongs to it; `otherwise` where the status alone does not say. */
int session_failed(diffusion_status status, int otherwise);

#endif
