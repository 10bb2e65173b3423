/* diffusion generate: from the command line to files. */
#include "commands.h"
#include "diffusion.h"
#include "exits.h"
#include "output.h"
#include "report.h"
#include "request.h"
#include "session.h"
#include "work.h"

static int draw(const struct options *options, struct work *work)
{
    const char *const folders[] = { options->model, options->refiner };
    const int count = options->refiner == NULL ? 1 : 2;
    diffusion_pipeline *pipelines[2] = { NULL, NULL };
    int i, code = EXIT_DONE;
    for (i = 0; i < count && code == EXIT_DONE; i++)
        code = work_open(work, folders[i], &pipelines[i]);
    /* Some models of several stages need no prompt; which, the library knows. */
    if (code == EXIT_DONE && options->prompt == NULL && diffusion_pipeline_stage_count(pipelines[0]) == 0) {
        complain("--prompt is missing; it says what the picture should show");
        return EXIT_USAGE;
    }
    for (i = 0; i < count && code == EXIT_DONE; i++) {
        if (i > 0)
            code = request_refine(options, work->request, work->drawn[i - 1].result);
        if (code == EXIT_DONE)
            code = work_draw(options, work, pipelines[i]);
    }
    if (code == EXIT_DONE)
        code = work_save(options, work, 0, diffusion_result_count(work->drawn[count - 1].result));
    return code == EXIT_DONE ? report_drawn(options, work->drawn, work->count, count - 1) : code;
}

int command_generate(const struct options *options)
{
    int code;
    if (options->refiner != NULL && !session_is_folder("refiner", options->refiner))
        return EXIT_USAGE;
    if ((code = output_check("output", options->output, &output_picture)) != EXIT_DONE
        || (options->preview != NULL && (code = output_check("preview", options->preview, &output_picture)) != EXIT_DONE))
        return code;
    return work_run(options, draw);
}
