/* diffusion embed: what a model makes of a picture or a text, as a file. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "diffusion.h"
#include "exits.h"
#include "json.h"
#include "npy.h"
#include "output.h"
#include "platform.h"
#include "report.h"
#include "session.h"
#include "work.h"

static void print_shape(const diffusion_embedding *embedding, const char *between)
{
    const int64_t *shape = diffusion_embedding_shape(embedding);
    size_t i;
    for (i = 0; i < diffusion_embedding_rank(embedding); i++)
        printf("%s%" PRId64, i == 0 ? "" : between, shape[i]);
}

static int report(const struct options *options, const diffusion_pipeline *pipeline, const diffusion_embedding *embedding,
                  double milliseconds)
{
    if (options->json) {
        fputs("{\"path\":", stdout);
        json_string(stdout, options->output);
        fputs(",\"value\":", stdout);
        json_string(stdout, options->value);
        fputs(",\"shape\":[", stdout);
        print_shape(embedding, ",");
        fputs("],\"timings\":{\"open\":", stdout);
        json_number(stdout, diffusion_pipeline_open_milliseconds(pipeline));
        fputs(",\"embed\":", stdout);
        json_number(stdout, milliseconds);
        fputs("},", stdout);
        report_placement(pipeline);
        printf(",\"peak_memory_bytes\":%" PRIu64 "}\n", platform_peak_memory());
    } else if (!options->quiet) {
        printf("%s: %s, ", options->output, options->value);
        print_shape(embedding, " x ");
        printf(" numbers\n");
    }
    return report_done();
}

static int embed(const struct options *options, struct work *work)
{
    diffusion_pipeline *pipeline = NULL;
    diffusion_embedding *embedding = NULL;
    int code = work_open(work, options->model, &pipeline);
    const double started = platform_seconds();
    double milliseconds;
    if (code == EXIT_DONE)
        code = work_embed(work, pipeline, options->value, &embedding);
    milliseconds = (platform_seconds() - started) * 1e3;
    if (code == EXIT_DONE) {
        const char *wrong = npy_write(options->output, diffusion_embedding_values(embedding),
                                      diffusion_embedding_count(embedding), diffusion_embedding_shape(embedding),
                                      diffusion_embedding_rank(embedding));
        if (wrong != NULL) {
            complain("--output: \"%s\" %s", options->output, wrong);
            code = EXIT_GENERATE;
        }
    }
    if (code == EXIT_DONE)
        code = report(options, pipeline, embedding, milliseconds);
    diffusion_embedding_destroy(embedding);
    return code;
}

int command_embed(const struct options *options)
{
    const int code = output_check("output", options->output, &output_embedding);
    if (code != EXIT_DONE)
        return code;
    if (options->value == NULL || *options->value == '\0') {
        complain("--value is missing; it names the embedding, one of those that diffusion inspect lists");
        return EXIT_USAGE;
    }
    return work_run(options, embed);
}
