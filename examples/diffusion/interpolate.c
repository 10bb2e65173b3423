/* diffusion interpolate: the pictures between two pictures. */
#include <string.h>

#include "commands.h"
#include "diffusion.h"
#include "exits.h"
#include "model.h"
#include "output.h"
#include "report.h"
#include "session.h"
#include "work.h"

typedef diffusion_status mixing(const diffusion_embedding *from, const diffusion_embedding *to, float at,
                                diffusion_embedding **embedding);

/* An embedding of both pictures, and how it is mixed. */
struct way {
    const char *name; /* NULL: the model has none */
    mixing *mix;
    diffusion_embedding *ends[2];
};

/* The code, and the noise where the model has it. Noise has a length that must be kept, so it goes along an arc, and so do
 * CLIP's embeddings; codes that have a noise beside them are those of diffusion autoencoders, which go straight
 * (arXiv:2111.15640, section 4.2). */
static int find_ways(const struct options *options, const diffusion_pipeline *pipeline, struct way ways[2])
{
    const char *noise = model_noise(pipeline);
    ways[0].name = model_code(pipeline);
    ways[0].mix = noise == NULL ? diffusion_embedding_slerp : diffusion_embedding_lerp;
    if (options->mix != NULL)
        ways[0].mix = strcmp(options->mix, "lerp") == 0 ? diffusion_embedding_lerp : diffusion_embedding_slerp;
    if (ways[0].name != NULL && noise != NULL && strcmp(ways[0].name, noise) != 0)
        ways[1].name = noise;
    ways[1].mix = diffusion_embedding_slerp;
    return ways[0].name == NULL ? EXIT_USAGE : EXIT_DONE;
}

/* What the model makes of both pictures. */
static int embed(struct work *work, const diffusion_pipeline *pipeline, diffusion_image *const images[2],
                 struct way ways[2])
{
    static const char *const options[] = { "from", "to" };
    const char *role = model_role(pipeline, "like", "image");
    int end, i, code = role == NULL ? EXIT_USAGE : EXIT_DONE;
    for (end = 0; end < 2 && code == EXIT_DONE; end++) {
        code = work_picture(work, options[end], role, images[end]);
        for (i = 0; i < 2 && code == EXIT_DONE; i++)
            if (ways[i].name != NULL)
                code = work_embed(work, pipeline, ways[i].name, &ways[i].ends[end]);
    }
    return code == EXIT_DONE ? work_picture(work, "from", role, NULL) : code;
}

static int draw_frame(const struct options *options, struct work *work, const diffusion_pipeline *pipeline,
                      const struct way ways[2], uint32_t frame, uint32_t frames)
{
    const float at = (float)frame / (float)(frames - 1);
    int i, code = EXIT_DONE;
    for (i = 0; i < 2 && code == EXIT_DONE; i++) {
        diffusion_embedding *mixed = NULL;
        if (ways[i].name == NULL)
            continue;
        if (ways[i].mix(ways[i].ends[0], ways[i].ends[1], at, &mixed)
            || diffusion_request_set_embedding(work->request, ways[i].name, strlen(ways[i].name), mixed))
            code = session_failed(diffusion_last_error_status(), EXIT_GENERATE);
        diffusion_embedding_destroy(mixed);
    }
    if (code == EXIT_DONE)
        code = work_draw(options, work, pipeline);
    /* The same noise for all frames, also where the first one's seed was picked. */
    if (code == EXIT_DONE && frame == 0
        && diffusion_request_set_seed(work->request, diffusion_result_seed(work->drawn[0].result)))
        code = session_refused("seed");
    return code == EXIT_DONE ? work_save(options, work, frame, frames) : code;
}

static int draw(const struct options *options, struct work *work)
{
    const uint32_t frames = (uint32_t)options->frames.value;
    diffusion_image *images[2] = { NULL, NULL };
    diffusion_pipeline *pipeline = NULL;
    struct way ways[2] = { { NULL, NULL, { NULL, NULL } }, { NULL, NULL, { NULL, NULL } } };
    uint32_t frame;
    int i, code = EXIT_DONE;
    if (diffusion_image_open_cstr(options->from, &images[0]))
        code = session_refused("from");
    else if (diffusion_image_open_cstr(options->to, &images[1]))
        code = session_refused("to");
    if (code == EXIT_DONE)
        code = work_open(work, options->model, &pipeline);
    if (code == EXIT_DONE)
        code = find_ways(options, pipeline, ways);
    if (code == EXIT_DONE)
        code = embed(work, pipeline, images, ways);
    for (frame = 0; frame < frames && code == EXIT_DONE; frame++)
        code = draw_frame(options, work, pipeline, ways, frame, frames);
    for (i = 0; i < 2; i++) {
        diffusion_image_destroy(images[i]);
        diffusion_embedding_destroy(ways[i].ends[0]);
        diffusion_embedding_destroy(ways[i].ends[1]);
    }
    return code == EXIT_DONE ? report_drawn(options, work->drawn, work->count, 0) : code;
}

int command_interpolate(const struct options *options)
{
    const int code = output_check("output", options->output, &output_picture);
    if (code != EXIT_DONE)
        return code;
    if (options->from == NULL || options->to == NULL) {
        complain("--%s is missing; it names the picture to %s", options->from == NULL ? "from" : "to",
                 options->from == NULL ? "begin with" : "end with");
        return EXIT_USAGE;
    }
    if (!options->frames.given || options->frames.value < 2 || options->frames.value > WORK_MOST_RESULTS) {
        complain("--frames says how many pictures there are, both ends included; allowed are 2 to %d", WORK_MOST_RESULTS);
        return EXIT_USAGE;
    }
    if (options->mix != NULL && strcmp(options->mix, "lerp") != 0 && strcmp(options->mix, "slerp") != 0) {
        complain("--mix: \"%s\" is neither \"lerp\" nor \"slerp\"", options->mix);
        return EXIT_USAGE;
    }
    return work_run(options, draw);
}
