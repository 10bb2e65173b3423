/* The progress bar. */
#ifndef PROGRESS_H
#define PROGRESS_H

#include <stdbool.h>

#include "diffusion.h"

struct progress_bar {
    bool shown;           /* whether there is anybody to look at it */
    bool dirty;           /* whether a line stands there that must be wiped */
    int32_t phase;        /* the phase that the clock below belongs to */
    double phase_started; /* seconds */
    const char *preview;  /* where previews are written; NULL: nowhere */
    uint32_t pictures;    /* how many pictures there are previews of */
};

/* A bar that is drawn on stderr when `wanted` and stderr is a terminal; otherwise nothing is ever drawn. No previews. */
void progress_start(struct progress_bar *bar, bool wanted);

/* A diffusion_progress_callback; user_data is the bar. A preview that cannot be written stops the work. */
int32_t progress_report(const diffusion_progress *progress, void *user_data);

/* Wipes the bar, so that other lines can be printed. */
void progress_wipe(struct progress_bar *bar);

#endif
