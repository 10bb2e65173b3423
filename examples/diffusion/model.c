#include "model.h"

#include <stdint.h>
#include <string.h>

#include "options.h"

/* How the noise is called, and how a text's embedding ends. The code is the first one (docs/cascades.md). */
static const char NOISE[] = "x_T", TEXT_ENDING[] = "text_embeds";

/* The entry of a list that is `name`; NULL where it is not there. */
static const char *find(const diffusion_pipeline *pipeline, const char *(*at)(const diffusion_pipeline *, int64_t),
                        const char *name)
{
    const char *entry;
    int64_t i;
    for (i = 0; *(entry = at(pipeline, i)) != '\0'; i++)
        if (strcmp(entry, name) == 0)
            return entry;
    return NULL;
}

const char *model_role(const diffusion_pipeline *pipeline, const char *first, const char *second)
{
    const char *role = find(pipeline, diffusion_pipeline_picture_role, first);
    if (role == NULL)
        role = find(pipeline, diffusion_pipeline_picture_role, second);
    if (role == NULL)
        complain("this model takes no picture as \"%s\" or \"%s\"; diffusion inspect says which it takes", first, second);
    return role;
}

const char *model_code(const diffusion_pipeline *pipeline)
{
    const char *code = diffusion_pipeline_embedding_name(pipeline, 0);
    if (*code != '\0')
        return code;
    complain("this model lists no embeddings, so a picture has no code that could be changed");
    return NULL;
}

const char *model_noise(const diffusion_pipeline *pipeline)
{
    return find(pipeline, diffusion_pipeline_embedding_name, NOISE);
}

const char *model_text(const diffusion_pipeline *pipeline)
{
    const char *name;
    int64_t i;
    for (i = 0; *(name = diffusion_pipeline_embedding_name(pipeline, i)) != '\0'; i++) {
        const size_t length = strlen(name), ending = sizeof TEXT_ENDING - 1;
        if (length >= ending && strcmp(name + length - ending, TEXT_ENDING) == 0)
            return name;
    }
    complain("this model lists no embedding of a text (none of its embeddings ends in \"%s\")", TEXT_ENDING);
    return NULL;
}
