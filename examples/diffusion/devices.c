/* diffusion devices: ONNX Runtime's version and place, and the providers that it offers. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "diffusion.h"
#include "exits.h"
#include "platform.h"
#include "report.h"
#include "session.h"

int command_devices(const struct options *options)
{
    const char *library = options->ort_library, *json = NULL, *provider;
    diffusion_status status;
    int64_t i;
    if (library != NULL && !platform_exists(library)) {
        complain("--ort-library: there is no file \"%s\"", library);
        return EXIT_USAGE;
    }
    status = diffusion_runtime_initialize(library, library == NULL ? 0 : strlen(library));
    if (status == DIFFUSION_STATUS_OK)
        status = diffusion_runtime_info_json(&json);
    if (status != DIFFUSION_STATUS_OK)
        return session_failed(status, EXIT_RUNTIME);
    if (options->json) {
        printf("%s\n", json);
        return report_done();
    }
    printf("ONNX Runtime %s\n%s\nproviders:", diffusion_runtime_version(), diffusion_runtime_library());
    for (i = 0; *(provider = diffusion_runtime_provider(i)) != '\0'; i++)
        printf(" %s", provider);
    printf("\n");
    return report_done();
}
