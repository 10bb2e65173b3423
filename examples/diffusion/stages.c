#include "stages.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "exits.h"
#include "options.h"
#include "session.h"

/* Exactly one of the three is set: it says what the value is. The library checks it. */
static const struct {
    const char *key;
    diffusion_status (*whole)(diffusion_request *, const char *, size_t, int64_t);
    diffusion_status (*real)(diffusion_request *, const char *, size_t, float);
    diffusion_status (*name)(diffusion_request *, const char *, size_t, const char *, size_t);
} keys[] = {
    { "steps", diffusion_request_set_stage_steps, NULL, NULL },
    { "guidance", NULL, diffusion_request_set_stage_guidance, NULL },
    { "scheduler", NULL, NULL, diffusion_request_set_stage_scheduler },
    { "guide", NULL, diffusion_request_set_stage_guide_scale, NULL },
    { "candidates", diffusion_request_set_stage_candidates, NULL, NULL },
};

enum { LONGEST_VALUE = 63 };

/* One KEY=VALUE of a stage, `length` bytes long. */
static int fill_one(const char *stage, size_t stage_length, const char *text, size_t length, diffusion_request *request)
{
    const char *equals = memchr(text, '=', length);
    char value[LONGEST_VALUE + 1];
    size_t i, value_length;
    diffusion_status status;
    if (equals == NULL || equals == text || equals + 1 == text + length) {
        complain("--stage: \"%.*s\" is not KEY=VALUE, as steps=25", (int)length, text);
        return EXIT_USAGE;
    }
    value_length = length - (size_t)(equals + 1 - text);
    if (value_length > LONGEST_VALUE) {
        complain("--stage: the value of %.*s is longer than %d bytes", (int)(equals - text), text, LONGEST_VALUE);
        return EXIT_USAGE;
    }
    memcpy(value, equals + 1, value_length);
    value[value_length] = '\0';
    for (i = 0; i < sizeof keys / sizeof *keys; i++)
        if (strlen(keys[i].key) == (size_t)(equals - text) && strncmp(text, keys[i].key, (size_t)(equals - text)) == 0)
            break;
    if (i == sizeof keys / sizeof *keys) {
        complain("--stage: unknown key \"%.*s\"; there are steps, guidance, scheduler, guide and candidates",
                 (int)(equals - text), text);
        return EXIT_USAGE;
    }
    if (keys[i].whole != NULL) {
        int64_t number;
        if (!options_numbers(value, '\0', &number, 1)) {
            complain("--stage: %s is \"%s\", which is not a whole number", keys[i].key, value);
            return EXIT_USAGE;
        }
        if (number == 0) { /* to the library the model's own; on a command line it is a slip */
            complain("--stage: %s is 0; leave it out for the model's own", keys[i].key);
            return EXIT_USAGE;
        }
        status = keys[i].whole(request, stage, stage_length, number);
    } else if (keys[i].real != NULL) {
        double number;
        if (options_reals(value, ",", &number, 1) != 1) {
            complain("--stage: %s is \"%s\", which is not a finite number", keys[i].key, value);
            return EXIT_USAGE;
        }
        status = keys[i].real(request, stage, stage_length, (float)number);
    } else
        status = keys[i].name(request, stage, stage_length, value, value_length);
    return status == DIFFUSION_STATUS_OK ? EXIT_DONE : session_refused("stage");
}

int stages_fill(const char *text, diffusion_request *request)
{
    const char *colon = strchr(text, ':'), *at;
    int code = EXIT_DONE;
    if (colon == NULL || colon == text || colon[1] == '\0') {
        complain("--stage: \"%s\" is not of the form NAME:KEY=VALUE,KEY=VALUE, as prior:steps=25,guidance=4", text);
        return EXIT_USAGE;
    }
    for (at = colon + 1; code == EXIT_DONE; at++) {
        const size_t length = strcspn(at, ",");
        code = fill_one(text, (size_t)(colon - text), at, length, request);
        at += length;
        if (*at == '\0')
            break;
    }
    return code;
}
