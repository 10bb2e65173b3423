#include "report.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "exits.h"
#include "json.h"
#include "output.h"
#include "platform.h"

int report_done(void)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return EXIT_DONE;
    complain("standard output cannot be written");
    return EXIT_GENERATE;
}

/* Calls `print` for each picture of the stages, with its path and how many came before it. */
static void each_picture(const struct options *options, const struct stage *stages, int count,
                         void (*print)(const char *path, const struct stage *stage, uint32_t index, uint32_t before))
{
    uint32_t all = 0, before = 0, i;
    int at;
    for (at = 0; at < count; at++)
        all += diffusion_result_count(stages[at].result);
    for (at = 0; at < count; at++)
        for (i = 0; i < diffusion_result_count(stages[at].result); i++, before++) {
            char *path = output_path(options->output, before, all);
            if (path != NULL)
                print(path, &stages[at], i, before);
            free(path);
        }
}

static void print_line(const char *path, const struct stage *stage, uint32_t index, uint32_t before)
{
    const diffusion_image *image = NULL;
    (void)before;
    if (diffusion_result_image(stage->result, index, &image) == DIFFUSION_STATUS_OK)
        printf("%s: %" PRIu32 " x %" PRIu32 " pixels, seed %" PRIu64 "%s\n", path, diffusion_image_width(image),
               diffusion_image_height(image), diffusion_result_image_seed(stage->result, index),
               diffusion_result_flagged(stage->result, index) == 1 ? ", flagged by the safety checker" : "");
}

static void print_entry(const char *path, const struct stage *stage, uint32_t index, uint32_t before)
{
    const diffusion_image *image = NULL;
    if (diffusion_result_image(stage->result, index, &image) != DIFFUSION_STATUS_OK)
        return;
    fputs(before == 0 ? "{\"path\":" : ",{\"path\":", stdout);
    json_string(stdout, path);
    printf(",\"seed\":%" PRIu64 ",\"width\":%" PRIu32 ",\"height\":%" PRIu32, diffusion_result_image_seed(stage->result, index),
           diffusion_image_width(image), diffusion_image_height(image));
    if (diffusion_result_flagged(stage->result, index) >= 0)
        printf(",\"flagged\":%s", diffusion_result_flagged(stage->result, index) == 1 ? "true" : "false");
    fputs("}", stdout);
}

static void time_entry(const char *name, double milliseconds)
{
    printf("\"%s\":", name);
    json_number(stdout, milliseconds);
}

/* The sum over the stages. */
static double sum(const struct stage *stages, int count, double (*of)(const diffusion_result *))
{
    double all = 0;
    int i;
    for (i = 0; i < count; i++)
        all += of(stages[i].result);
    return all;
}

/* Of all stages together; "total" is opening and generating, "encode" the time for a picture to start from. */
static void timings(const struct stage *stages, int count)
{
    double open = 0;
    bool first = true;
    uint32_t step;
    int i;
    for (i = 0; i < count; i++)
        if (i == 0 || stages[i].pipeline != stages[i - 1].pipeline)
            open += diffusion_pipeline_open_milliseconds(stages[i].pipeline);
    fputs("\"timings\":{", stdout);
    time_entry("open", open);
    fputs(",", stdout);
    time_entry("text", sum(stages, count, diffusion_result_text_milliseconds));
    fputs(",", stdout);
    time_entry("encode", sum(stages, count, diffusion_result_encode_milliseconds));
    fputs(",\"denoise\":[", stdout);
    for (i = 0; i < count; i++)
        for (step = 0; step < diffusion_result_step_count(stages[i].result); step++, first = false) {
            if (!first)
                fputs(",", stdout);
            json_number(stdout, diffusion_result_step_milliseconds(stages[i].result, step));
        }
    fputs("],", stdout);
    time_entry("decode", sum(stages, count, diffusion_result_decode_milliseconds));
    fputs(",", stdout);
    time_entry("total", open + sum(stages, count, diffusion_result_total_milliseconds));
    fputs("}", stdout);
}

static void providers(const diffusion_pipeline *pipeline)
{
    uint32_t i;
    fputs("\"providers\":{", stdout);
    for (i = 0; i < diffusion_pipeline_graph_count(pipeline); i++) {
        if (i > 0)
            fputs(",", stdout);
        json_string(stdout, diffusion_pipeline_graph_role(pipeline, i));
        fputs(":", stdout);
        json_string(stdout, diffusion_pipeline_graph_provider(pipeline, i));
    }
    fputs("}", stdout);
}

/* How many nodes of each graph run where. */
static void nodes(const diffusion_pipeline *pipeline)
{
    uint32_t i;
    fputs("\"nodes\":{", stdout);
    for (i = 0; i < diffusion_pipeline_graph_count(pipeline); i++) {
        if (i > 0)
            fputs(",", stdout);
        json_string(stdout, diffusion_pipeline_graph_role(pipeline, i));
        printf(":%s", diffusion_pipeline_graph_nodes_json(pipeline, i));
    }
    fputs("}", stdout);
}

void report_placement(const diffusion_pipeline *pipeline)
{
    providers(pipeline);
    fputs(",", stdout);
    nodes(pipeline);
}

static void warnings(const struct stage *stages, int count)
{
    bool first = true;
    uint32_t warning;
    int i;
    fputs("\"warnings\":[", stdout);
    for (i = 0; i < count; i++)
        for (warning = 0; warning < diffusion_result_warning_count(stages[i].result); warning++, first = false) {
            if (!first)
                fputs(",", stdout);
            json_string(stdout, diffusion_result_warning(stages[i].result, warning));
        }
    fputs("]", stdout);
}

/* What one model was asked, where it ran and how long that took. */
static void stage(const struct stage *stage)
{
    printf("\"settings\":%s,", diffusion_result_settings_json(stage->result));
    printf("\"generation\":%s,", diffusion_result_timings_json(stage->result));
    report_placement(stage->pipeline);
    fputs(",", stdout);
}

static void print_json(const struct options *options, const struct stage *stages, int count, int first)
{
    fputs("{\"images\":[", stdout);
    each_picture(options, stages + first, count - first, print_entry);
    fputs("],", stdout);
    stage(&stages[count - 1]);
    if (first > 0) {
        fputs("\"base\":{", stdout);
        stage(&stages[0]);
        warnings(stages, 1);
        fputs("},", stdout);
    }
    timings(stages, count);
    fputs(",", stdout);
    warnings(stages, count);
    printf(",\"peak_memory_bytes\":%" PRIu64 "}\n", platform_peak_memory());
}

int report_drawn(const struct options *options, const struct stage *stages, int count, int first)
{
    if (options->json)
        print_json(options, stages, count, first);
    else if (!options->quiet)
        each_picture(options, stages + first, count - first, print_line);
    return report_done();
}
