/* diffusion devices: ONNX Runtime's version and place, and which providers work here. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "diffusion.h"
#include "exits.h"
#include "json.h"
#include "platform.h"
#include "report.h"
#include "session.h"

/* One line for each provider that this ONNX Runtime has a name for: works, or why not. */
static void print_providers(void)
{
    const char *name, *works_as = NULL;
    int64_t i;
    printf("built in       ");
    for (i = 0; *(name = diffusion_runtime_provider(i)) != '\0'; i++)
        printf(" %s", name);
    printf("\n");
    for (i = 0; (name = diffusion_provider_name(i)) != NULL; i++) {
        const diffusion_status status = diffusion_runtime_try_provider(name, strlen(name), &works_as);
        if (status != DIFFUSION_STATUS_OK)
            printf("%-16s%s\n", name, diffusion_last_error_message());
        else if (strcmp(name, works_as) == 0)
            printf("%-16sworks\n", name);
        else
            printf("%-16sis %s\n", name, works_as);
    }
}

/* The same for programs: what works is null, else it is the reason. */
static void print_json(void)
{
    const char *name, *works_as = NULL, *automatic = "";
    int64_t i;
    fputs("{\"version\":", stdout);
    json_string(stdout, diffusion_runtime_version());
    fputs(",\"library\":", stdout);
    json_string(stdout, diffusion_runtime_library());
    fputs(",\"providers\":[", stdout);
    for (i = 0; *(name = diffusion_runtime_provider(i)) != '\0'; i++) {
        if (i > 0)
            fputs(",", stdout);
        json_string(stdout, name);
    }
    fputs("],\"tried\":{", stdout);
    for (i = 0; (name = diffusion_provider_name(i)) != NULL; i++) {
        const diffusion_status status = diffusion_runtime_try_provider(name, strlen(name), &works_as);
        if (strcmp(name, "auto") == 0) {
            automatic = status == DIFFUSION_STATUS_OK ? works_as : "";
            continue;
        }
        if (i > 1)
            fputs(",", stdout);
        json_string(stdout, name);
        fputs(":", stdout);
        if (status == DIFFUSION_STATUS_OK)
            fputs("null", stdout);
        else
            json_string(stdout, diffusion_last_error_message());
    }
    fputs("},\"auto\":", stdout);
    json_string(stdout, automatic);
    fputs("}\n", stdout);
}

int command_devices(const struct options *options)
{
    const char *library = options->ort_library;
    diffusion_status status;
    if (library != NULL && !platform_exists(library)) {
        complain("--ort-library: there is no file \"%s\"", library);
        return EXIT_USAGE;
    }
    status = diffusion_runtime_initialize(library, library == NULL ? 0 : strlen(library));
    if (status != DIFFUSION_STATUS_OK)
        return session_failed(status, EXIT_RUNTIME);
    if (options->json) {
        print_json();
        return report_done();
    }
    printf("ONNX Runtime %s\n%s\n", diffusion_runtime_version(), diffusion_runtime_library());
    print_providers();
    return report_done();
}
