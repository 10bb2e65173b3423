#include "progress.h"

#include <stdio.h>
#include <stdlib.h>

#include "options.h"
#include "output.h"
#include "platform.h"

enum { BAR_WIDTH = 28 };

void progress_start(struct progress_bar *bar, bool wanted)
{
    bar->shown = wanted && platform_stderr_is_terminal();
    bar->dirty = false;
    bar->phase = -1;
    bar->phase_started = 0;
    bar->preview = NULL;
    bar->pictures = 1;
}

void progress_wipe(struct progress_bar *bar)
{
    if (bar->dirty)
        fputs("\r\033[K", stderr);
    bar->dirty = false;
}

/* Writes a preview over the one before it. Returns what the callback returns. */
static int32_t show(const struct progress_bar *bar, const diffusion_progress *progress)
{
    char *path = output_path(bar->preview, progress->preview_index, bar->pictures);
    const bool saved = path != NULL && diffusion_image_save_cstr(progress->preview, path) == DIFFUSION_STATUS_OK;
    if (!saved)
        complain("--preview: %s", path == NULL ? "memory ran out" : diffusion_last_error_message());
    free(path);
    return saved ? 0 : 1;
}

int32_t progress_report(const diffusion_progress *progress, void *user_data)
{
    struct progress_bar *bar = user_data;
    const double now = platform_seconds();
    char filled[BAR_WIDTH + 1];
    int i;
    if (progress->preview != NULL)
        return bar->preview == NULL ? 0 : show(bar, progress);
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
