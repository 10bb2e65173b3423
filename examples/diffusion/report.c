#include "report.h"

#include <inttypes.h>
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

int report_text(const struct options *options, const diffusion_result *result)
{
    const uint32_t count = diffusion_result_count(result);
    uint32_t i;
    for (i = 0; i < count; i++) {
        const diffusion_image *image = NULL;
        char *path = output_path(options->output, i, count);
        if (path != NULL && diffusion_result_image(result, i, &image) == DIFFUSION_STATUS_OK)
            printf("%s: %" PRIu32 " x %" PRIu32 " pixels, seed %" PRIu64 "\n", path, diffusion_image_width(image),
                   diffusion_image_height(image), diffusion_result_seed(result));
        free(path);
    }
    return report_done();
}

static void images(const struct options *options, const diffusion_result *result)
{
    const uint32_t count = diffusion_result_count(result);
    uint32_t i;
    fputs("\"images\":[", stdout);
    for (i = 0; i < count; i++) {
        const diffusion_image *image = NULL;
        char *path = output_path(options->output, i, count);
        if (path != NULL && diffusion_result_image(result, i, &image) == DIFFUSION_STATUS_OK) {
            fputs(i == 0 ? "{\"path\":" : ",{\"path\":", stdout);
            json_string(stdout, path);
            printf(",\"seed\":%" PRIu64 ",\"width\":%" PRIu32 ",\"height\":%" PRIu32 "}", diffusion_result_seed(result),
                   diffusion_image_width(image), diffusion_image_height(image));
        }
        free(path);
    }
    fputs("]", stdout);
}

static void time_entry(const char *name, double milliseconds)
{
    printf("\"%s\":", name);
    json_number(stdout, milliseconds);
}

/* "total" is opening and generating together; "encode" is the time for an initial picture, which this version never
 * has. */
static void timings(const diffusion_pipeline *pipeline, const diffusion_result *result)
{
    const double open = diffusion_pipeline_open_milliseconds(pipeline);
    uint32_t i;
    fputs("\"timings\":{", stdout);
    time_entry("open", open);
    fputs(",", stdout);
    time_entry("text", diffusion_result_text_milliseconds(result));
    fputs(",", stdout);
    time_entry("encode", 0);
    fputs(",\"denoise\":[", stdout);
    for (i = 0; i < diffusion_result_step_count(result); i++) {
        if (i > 0)
            fputs(",", stdout);
        json_number(stdout, diffusion_result_step_milliseconds(result, i));
    }
    fputs("],", stdout);
    time_entry("decode", diffusion_result_decode_milliseconds(result));
    fputs(",", stdout);
    time_entry("total", open + diffusion_result_total_milliseconds(result));
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

static void warnings(const diffusion_result *result)
{
    uint32_t i;
    fputs("\"warnings\":[", stdout);
    for (i = 0; i < diffusion_result_warning_count(result); i++) {
        if (i > 0)
            fputs(",", stdout);
        json_string(stdout, diffusion_result_warning(result, i));
    }
    fputs("]", stdout);
}

int report_json(const struct options *options, const diffusion_pipeline *pipeline, const diffusion_result *result)
{
    fputs("{", stdout);
    images(options, result);
    printf(",\"settings\":%s,", diffusion_result_settings_json(result));
    timings(pipeline, result);
    printf(",\"generation\":%s,", diffusion_result_timings_json(result));
    providers(pipeline);
    fputs(",", stdout);
    nodes(pipeline);
    fputs(",", stdout);
    warnings(result);
    printf(",\"peak_memory_bytes\":%" PRIu64 "}\n", platform_peak_memory());
    return report_done();
}
