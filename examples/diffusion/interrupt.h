/* Ctrl-C becomes a cancel. */
#ifndef INTERRUPT_H
#define INTERRUPT_H

#include <stdbool.h>

#include "diffusion.h"

/* From now on the first Ctrl-C cancels the token, and the second one kills the process. Once a process. Where the
 * process was started with Ctrl-C ignored, it stays ignored. */
bool interrupt_start(diffusion_cancel_token *token);

/* Ctrl-C kills again. The token is not used after this. */
void interrupt_stop(void);

#endif
