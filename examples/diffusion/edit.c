/* diffusion edit: a picture whose attributes are moved, or whose code is turned as one text differs from another. */
#include <string.h>

#include "commands.h"
#include "diffusion.h"
#include "exits.h"
#include "model.h"
#include "output.h"
#include "report.h"
#include "session.h"
#include "work.h"

/* How far the code is turned unless --at says: within what DALL-E 2's authors take (arXiv:2204.06125, 3.3). */
static const float USUAL_TURN = 0.3f;

/* The code of one text. */
static int embed_text(struct work *work, const diffusion_pipeline *pipeline, const char *value, const char *text,
                      diffusion_embedding **embedding)
{
    if (diffusion_request_set_prompt_cstr(work->request, text))
        return session_refused("text-difference");
    return work_embed(work, pipeline, value, embedding);
}

/* Hands in the picture's code, turned as the second text differs from the first. */
static int turn(const struct options *options, struct work *work, const diffusion_pipeline *pipeline)
{
    const struct pair *texts = &options->text_difference;
    const float at = options->at.given ? options->at.value : USUAL_TURN;
    const char *prompt = options->prompt == NULL ? "" : options->prompt;
    const char *code_name = model_code(pipeline), *text_name = code_name == NULL ? NULL : model_text(pipeline);
    diffusion_embedding *picture = NULL, *before = NULL, *after = NULL, *difference = NULL, *turned = NULL;
    int code = text_name == NULL ? EXIT_USAGE : EXIT_DONE;
    if (code == EXIT_DONE)
        code = work_embed(work, pipeline, code_name, &picture);
    if (code == EXIT_DONE)
        code = embed_text(work, pipeline, text_name, texts->first, &before);
    if (code == EXIT_DONE)
        code = embed_text(work, pipeline, text_name, texts->second, &after);
    if (code == EXIT_DONE
        && (diffusion_embedding_difference(before, after, &difference)
            || diffusion_embedding_turn(picture, difference, at, &turned)
            || diffusion_request_set_embedding(work->request, code_name, strlen(code_name), turned)
            || diffusion_request_set_prompt_cstr(work->request, prompt)))
        code = session_refused("text-difference");
    diffusion_embedding_destroy(picture);
    diffusion_embedding_destroy(before);
    diffusion_embedding_destroy(after);
    diffusion_embedding_destroy(difference);
    diffusion_embedding_destroy(turned);
    return code;
}

static int draw(const struct options *options, struct work *work)
{
    const bool by_texts = options->text_difference.first != NULL;
    diffusion_image *image = NULL;
    diffusion_pipeline *pipeline = NULL;
    const char *role = NULL;
    int code = diffusion_image_open_cstr(options->init, &image) ? session_refused("init") : EXIT_DONE;
    if (code == EXIT_DONE)
        code = work_open(work, options->model, &pipeline);
    /* A code that texts turn is CLIP's, of the picture that is looked at. */
    if (code == EXIT_DONE
        && (role = by_texts ? model_role(pipeline, "like", "image") : model_role(pipeline, "image", "like")) == NULL)
        code = EXIT_USAGE;
    if (code == EXIT_DONE)
        code = work_picture(work, "init", "image", NULL);
    if (code == EXIT_DONE)
        code = work_picture(work, "init", role, image);
    diffusion_image_destroy(image);
    if (code == EXIT_DONE && by_texts)
        code = turn(options, work, pipeline);
    if (code == EXIT_DONE)
        code = work_draw(options, work, pipeline);
    if (code == EXIT_DONE)
        code = work_save(options, work, 0, diffusion_result_count(work->drawn[0].result));
    return code == EXIT_DONE ? report_drawn(options, work->drawn, work->count, 0) : code;
}

int command_edit(const struct options *options)
{
    const int code = output_check("output", options->output, &output_picture);
    if (code != EXIT_DONE)
        return code;
    if (options->init == NULL) {
        complain("--init is missing; it names the picture to edit");
        return EXIT_USAGE;
    }
    if (options->edits.count == 0 && options->text_difference.first == NULL) {
        complain("--edit ATTRIBUTE=AMOUNT is missing, or --text-difference BEFORE AFTER; they say what changes");
        return EXIT_USAGE;
    }
    if (options->at.given && options->text_difference.first == NULL) {
        complain("--at says how far --text-difference turns, which is not given");
        return EXIT_USAGE;
    }
    return work_run(options, draw);
}
