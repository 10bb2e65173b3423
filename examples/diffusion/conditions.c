#include "conditions.h"

#include <stdlib.h>
#include <string.h>

#include "exits.h"
#include "session.h"

/* Takes ",NAME=F" off the end of a text, where it is one of the three; the value goes where the name says. */
static bool take_number(char *text, float *scale, float *start, float *end)
{
    static const char *const names[] = { "scale=", "start=", "end=" };
    float *const values[] = { scale, start, end };
    char *comma = strrchr(text, ',');
    double number;
    int i;
    for (i = 0; i < 3 && comma != NULL; i++) {
        const size_t length = strlen(names[i]);
        if (strncmp(comma + 1, names[i], length) != 0 || options_reals(comma + 1 + length, ",", &number, 1) != 1)
            continue;
        *values[i] = (float)number;
        *comma = '\0';
        return true;
    }
    return false;
}

/* ROLE=FILE[,scale=F][,start=F][,end=F]; the file may have equals signs and commas. */
static int add_picture(const char *option, diffusion_request *request)
{
    float scale = 1.0f, start = 0.0f, end = 1.0f;
    diffusion_image *image = NULL;
    const char *equals = strchr(option, '=');
    char *file;
    int code = EXIT_DONE;
    if (equals == NULL || equals == option || equals[1] == '\0') {
        complain("--condition: \"%s\" is not ROLE=FILE, as controlnet=edges.png,scale=0.8", option);
        return EXIT_USAGE;
    }
    file = malloc(strlen(equals));
    if (file == NULL) {
        complain("memory ran out");
        return EXIT_GENERATE;
    }
    strcpy(file, equals + 1);
    while (take_number(file, &scale, &start, &end))
        ;
    if (diffusion_image_open_cstr(file, &image)
        || diffusion_request_add_condition_picture(request, option, (size_t)(equals - option), image, scale, start, end))
        code = session_refused("condition");
    diffusion_image_destroy(image);
    free(file);
    return code;
}

/* PHRASE:X0,Y0,X1,Y1; the phrase may have colons. */
static int add_box(const char *option, diffusion_request *request)
{
    const char *colon = strrchr(option, ':');
    double sides[4];
    if (colon == NULL || colon == option || options_reals(colon + 1, ",", sides, 4) != 4) {
        complain("--box: \"%s\" is not PHRASE:X0,Y0,X1,Y1, as \"a red ball:0.1,0.5,0.4,0.9\"", option);
        return EXIT_USAGE;
    }
    if (diffusion_request_add_box(request, option, (size_t)(colon - option), (float)sides[0], (float)sides[1],
                                  (float)sides[2], (float)sides[3]))
        return session_refused("box");
    return EXIT_DONE;
}

int conditions_fill(const struct options *options, diffusion_request *request)
{
    int i, code = EXIT_DONE;
    for (i = 0; i < options->conditions.count && code == EXIT_DONE; i++)
        code = add_picture(options->conditions.values[i], request);
    for (i = 0; i < options->boxes.count && code == EXIT_DONE; i++)
        code = add_box(options->boxes.values[i], request);
    if (code == EXIT_DONE && options->guess_mode && diffusion_request_set_guess_mode(request, 1))
        code = session_refused("guess-mode");
    if (code == EXIT_DONE && options->boxes_until.given
        && diffusion_request_set_boxes_until(request, options->boxes_until.value))
        code = session_refused("boxes-until");
    return code;
}
