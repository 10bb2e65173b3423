#include "progress.h"

#include <stdio.h>

#include "platform.h"

enum { BAR_WIDTH = 28 };

void progress_start(struct progress_bar *bar, bool wanted)
{
    bar->shown = wanted && platform_stderr_is_terminal();
    bar->dirty = false;
    bar->phase = -1;
    bar->phase_started = 0;
}

void progress_wipe(struct progress_bar *bar)
{
    if (bar->dirty)
        fputs("\r\033[K", stderr);
    bar->dirty = false;
}

int32_t progress_report(const diffusion_progress *progress, void *user_data)
{
    struct progress_bar *bar = user_data;
    const double now = platform_seconds();
    char filled[BAR_WIDTH + 1];
    int i;
    if (!bar->shown)
        return 0;
    if (bar->phase != progress->phase) {
        bar->phase = progress->phase;
        bar->phase_started = now;
    }
    for (i = 0; i < BAR_WIDTH; i++)
        filled[i] = (uint64_t)i * progress->steps < (uint64_t)progress->step * BAR_WIDTH ? '#' : '.';
    filled[BAR_WIDTH] = '\0';
    fprintf(stderr, "\r\033[K%-13s [%s] %u/%u", diffusion_phase_name(progress->phase), filled, progress->step,
            progress->steps);
    if (progress->step > 0) {
        const double each = (now - bar->phase_started) / progress->step;
        fprintf(stderr, "  %.2f s each, %.0f s left", each, each * (progress->steps - progress->step));
    }
    fflush(stderr);
    bar->dirty = true;
    return 0;
}
