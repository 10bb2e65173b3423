/* diffusion variations and diffusion reconstruct: a picture in, what the model makes of it out. */
#include "commands.h"
#include "diffusion.h"
#include "exits.h"
#include "model.h"
#include "output.h"
#include "report.h"
#include "session.h"
#include "work.h"

/* Draws with the picture in the first of two roles that the model has, and in no other. */
static int draw_from(const struct options *options, struct work *work, const char *option, const char *file,
                     const char *first, const char *second)
{
    diffusion_image *image = NULL;
    diffusion_pipeline *pipeline = NULL;
    const char *role = NULL;
    int code = diffusion_image_open_cstr(file, &image) ? session_refused(option) : EXIT_DONE;
    if (code == EXIT_DONE)
        code = work_open(work, options->model, &pipeline);
    if (code == EXIT_DONE && (role = model_role(pipeline, first, second)) == NULL)
        code = EXIT_USAGE;
    if (code == EXIT_DONE)
        code = work_picture(work, option, "image", NULL);
    if (code == EXIT_DONE)
        code = work_picture(work, option, role, image);
    diffusion_image_destroy(image);
    if (code == EXIT_DONE)
        code = work_draw(options, work, pipeline);
    if (code == EXIT_DONE)
        code = work_save(options, work, 0, diffusion_result_count(work->drawn[0].result));
    return code == EXIT_DONE ? report_drawn(options, work->drawn, work->count, 0) : code;
}

static int draw_variations(const struct options *options, struct work *work)
{
    return draw_from(options, work, "like", options->like, "like", "image");
}

static int draw_again(const struct options *options, struct work *work)
{
    return draw_from(options, work, "init", options->init, "image", "like");
}

int command_variations(const struct options *options)
{
    const int code = output_check("output", options->output, &output_picture);
    if (code != EXIT_DONE)
        return code;
    if (options->like == NULL) {
        complain("--like is missing; it names the picture to vary");
        return EXIT_USAGE;
    }
    return work_run(options, draw_variations);
}

int command_reconstruct(const struct options *options)
{
    const int code = output_check("output", options->output, &output_picture);
    if (code != EXIT_DONE)
        return code;
    if (options->init == NULL) {
        complain("--init is missing; it names the picture that the model takes apart and draws again");
        return EXIT_USAGE;
    }
    return work_run(options, draw_again);
}
