/* diffusion inspect: what a folder holds, what it can do, its defaults. */
#include <inttypes.h>
#include <stdio.h>

#include "commands.h"
#include "diffusion.h"
#include "exits.h"
#include "report.h"
#include "session.h"

/* A line of what the model says. */
static void line(const char *name, const char *text)
{
    fputs(name, stdout);
    print_visible(stdout, text);
    fputs("\n", stdout);
}

/* A list of names on one line, as many as one can look through. */
static void names(const char *title, const diffusion_pipeline *pipeline,
                  const char *(*at)(const diffusion_pipeline *, int64_t))
{
    enum { MOST = 12 };
    const char *name;
    int64_t i;
    fputs(title, stdout);
    for (i = 0; *(name = at(pipeline, i)) != '\0' && i < MOST; i++) {
        fputs(i == 0 ? "" : ", ", stdout);
        print_visible(stdout, name);
    }
    puts(i == 0 ? "none" : *name != '\0' ? ", ... (--json lists them all)" : "");
}

/* What only a model of several stages has. */
static void describe_stages(const diffusion_pipeline *pipeline)
{
    const uint32_t classes = diffusion_pipeline_class_count(pipeline);
    uint32_t i;
    if (diffusion_pipeline_stage_count(pipeline) == 0)
        return;
    printf("stages\n");
    for (i = 0; i < diffusion_pipeline_stage_count(pipeline); i++) {
        fputs("  ", stdout);
        print_visible(stdout, diffusion_pipeline_stage_name(pipeline, i));
        printf(": %s, %" PRIu32 " steps, guidance %g\n", diffusion_pipeline_stage_scheduler(pipeline, i),
               diffusion_pipeline_stage_steps(pipeline, i), (double)diffusion_pipeline_stage_guidance(pipeline, i));
    }
    names("pictures        ", pipeline, diffusion_pipeline_picture_role);
    if (classes == 0)
        printf("classes         none\n");
    else
        printf("classes         0 to %" PRIu32 "\n", classes - 1);
    if (*diffusion_pipeline_class_name(pipeline, 0) != '\0')
        names("                ", pipeline, diffusion_pipeline_class_name);
    names("embeddings      ", pipeline, diffusion_pipeline_embedding_name);
    names("attributes      ", pipeline, diffusion_pipeline_attribute);
}

static void describe(const diffusion_pipeline *pipeline)
{
    uint32_t i;
    const char *note, *role;
    line("family          ", diffusion_pipeline_family(pipeline));
    line("layout          ", diffusion_pipeline_layout(pipeline));
    if (diffusion_pipeline_default_width(pipeline) == 0)
        printf("default size    what the graphs give\n");
    else
        printf("default size    %" PRIu32 " x %" PRIu32 " pixels, in multiples of %" PRIu32 "\n",
               diffusion_pipeline_default_width(pipeline), diffusion_pipeline_default_height(pipeline),
               diffusion_pipeline_size_multiple(pipeline));
    printf("default steps   %" PRIu32 "\n", diffusion_pipeline_default_steps(pipeline));
    printf("guidance        %g\n", (double)diffusion_pipeline_default_guidance(pipeline));
    line("scheduler       ", diffusion_pipeline_default_scheduler(pipeline));
    describe_stages(pipeline);
    printf("ONNX Runtime    %s, %s\n", diffusion_runtime_version(), diffusion_runtime_library());
    printf("opened in       %.0f ms\n", diffusion_pipeline_open_milliseconds(pipeline));
    printf("graphs\n");
    for (i = 0; i < diffusion_pipeline_graph_count(pipeline); i++) {
        printf("  %-15s ", diffusion_pipeline_graph_role(pipeline, i));
        print_visible(stdout, diffusion_pipeline_graph_path(pipeline, i));
        printf(", on %s\n", diffusion_pipeline_graph_provider(pipeline, i));
    }
    for (i = 0; *(role = diffusion_pipeline_condition_role(pipeline, i)) != '\0'; i++) {
        printf("%s  %-14s", i == 0 ? "condition pictures\n" : "", role);
        print_visible(stdout, diffusion_pipeline_condition_description(pipeline, i));
        fputs("\n", stdout);
    }
    if (diffusion_pipeline_max_boxes(pipeline) > 0)
        printf("boxes           up to %" PRIu32 "\n", diffusion_pipeline_max_boxes(pipeline));
    for (i = 0; *(note = diffusion_pipeline_note(pipeline, i)) != '\0'; i++)
        line(i == 0 ? "notes\n  " : "  ", note);
}

int command_inspect(const struct options *options)
{
    diffusion_pipeline_options *settings = NULL;
    diffusion_pipeline *pipeline = NULL;
    struct progress_bar bar;
    int code = session_settings(options, &settings);
    if (code == EXIT_DONE) {
        progress_start(&bar, !options->quiet && !options->verbose);
        code = session_open(options->model, settings, NULL, &bar, &pipeline);
    }
    if (code == EXIT_DONE) {
        if (options->json)
            printf("%s\n", diffusion_pipeline_info_json(pipeline));
        else
            describe(pipeline);
        code = report_done();
    }
    diffusion_pipeline_destroy(pipeline);
    diffusion_pipeline_options_destroy(settings);
    return code;
}
