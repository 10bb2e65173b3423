#include "cascade.h"

#include <stdlib.h>
#include <string.h>

#include "exits.h"
#include "npy.h"
#include "session.h"
#include "stages.h"

/* The equals sign of NAME=VALUE; NULL, with the line printed, where one of the two is missing. */
static const char *equals_in(const char *option, const char *text, const char *form)
{
    const char *equals = strchr(text, '=');
    if (equals != NULL && equals != text && equals[1] != '\0')
        return equals;
    complain("--%s: \"%s\" is not of the form %s", option, text, form);
    return NULL;
}

static int fill_class(const char *label, diffusion_request *request)
{
    int64_t number;
    diffusion_status status;
    if (label == NULL)
        return EXIT_DONE;
    if (*label == '\0') {
        complain("--class: the name is empty; leave the option out for none");
        return EXIT_USAGE;
    }
    if (label[strspn(label, "0123456789")] == '\0' && options_numbers(label, '\0', &number, 1))
        status = diffusion_request_set_class(request, number);
    else
        status = diffusion_request_set_class_name(request, label, strlen(label));
    return status == DIFFUSION_STATUS_OK ? EXIT_DONE : session_refused("class");
}

static int fill_until(const char *stage, diffusion_request *request)
{
    if (stage == NULL)
        return EXIT_DONE;
    if (*stage == '\0') {
        complain("--until: the stage's name is empty; leave the option out for all stages");
        return EXIT_USAGE;
    }
    return diffusion_request_set_last_stage(request, stage, strlen(stage)) ? session_refused("until") : EXIT_DONE;
}

static int fill_edit(const char *text, diffusion_request *request)
{
    const char *equals = equals_in("edit", text, "ATTRIBUTE=AMOUNT, as smile=0.5");
    double amount;
    if (equals == NULL)
        return EXIT_USAGE;
    if (options_reals(equals + 1, ",", &amount, 1) != 1) {
        complain("--edit: \"%s\" is not a finite number", equals + 1);
        return EXIT_USAGE;
    }
    return diffusion_request_set_edit(request, text, (size_t)(equals - text), (float)amount) ? session_refused("edit")
                                                                                           : EXIT_DONE;
}

bool cascade_is_embedding(const char *text)
{
    const size_t length = strlen(text);
    return strchr(text, '=') != NULL && length > 4 && strcmp(text + length - 4, ".npy") == 0;
}

static int fill_embedding(const char *text, diffusion_request *request)
{
    const char *equals = equals_in("embedding", text, "NAME=FILE.npy, as image_embeds=cat.npy"), *wrong;
    diffusion_embedding *embedding = NULL;
    struct npy array;
    int code = EXIT_DONE;
    if (equals == NULL)
        return EXIT_USAGE;
    wrong = npy_read(equals + 1, &array);
    if (wrong != NULL) {
        complain("--embedding: \"%s\" %s", equals + 1, wrong);
        return EXIT_USAGE;
    }
    if (diffusion_embedding_create(array.values, array.count, array.shape, array.rank, &embedding)
        || diffusion_request_set_embedding(request, text, (size_t)(equals - text), embedding))
        code = session_refused("embedding");
    diffusion_embedding_destroy(embedding);
    free(array.values);
    return code;
}

int cascade_fill(const struct options *options, diffusion_request *request)
{
    int i, code = fill_class(options->class_label, request);
    if (code == EXIT_DONE)
        code = fill_until(options->until, request);
    for (i = 0; i < options->stages.count && code == EXIT_DONE; i++)
        code = stages_fill(options->stages.values[i], request);
    for (i = 0; i < options->edits.count && code == EXIT_DONE; i++)
        code = fill_edit(options->edits.values[i], request);
    for (i = 0; i < options->embeddings.count && code == EXIT_DONE; i++)
        if (cascade_is_embedding(options->embeddings.values[i]))
            code = fill_embedding(options->embeddings.values[i], request);
    return code;
}
