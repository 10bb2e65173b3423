#include "output.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exits.h"
#include "options.h"
#include "platform.h"

/* The last separator, NULL when there is none. */
static const char *separator(const char *path)
{
    const char *last = strrchr(path, '/');
#ifdef _WIN32
    const char *other = strrchr(path, '\\');
    if (other != NULL && (last == NULL || other > last))
        last = other;
#endif
    return last;
}

/* The ending with its dot, or the end of the path when the name has none. */
static const char *ending(const char *path)
{
    const char *slash = separator(path);
    const char *name = slash == NULL ? path : slash + 1;
    const char *dot = strrchr(name, '.');
    return dot == NULL || dot == name ? path + strlen(path) : dot;
}

static bool same(const char *left, const char *right)
{
    for (; *left != '\0' && tolower((unsigned char)*left) == *right; left++, right++)
        ;
    return *left == *right;
}

/* The folder that a path lies in; to be freed. The root folder keeps its only character. */
static char *folder_of(const char *path)
{
    const char *slash = separator(path);
    const size_t length = slash == NULL ? 1 : slash == path ? 1 : (size_t)(slash - path);
    char *folder = malloc(length + 1);
    if (folder == NULL)
        return NULL;
    memcpy(folder, slash == NULL ? "." : path, length);
    folder[length] = '\0';
    return folder;
}

/* Whether a text is UTF-8, as the library reads paths: shortest forms only, no surrogates, at most U+10FFFF. */
static bool is_utf8(const char *text)
{
    const unsigned char *byte = (const unsigned char *)text;
    while (*byte != '\0') {
        const unsigned char lead = *byte++;
        const int more = lead < 0x80 ? 0 : lead < 0xc2 ? -1 : lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : lead < 0xf5 ? 3 : -1;
        const unsigned char least = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
        const unsigned char most = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
        int i;
        if (more < 0 || (more > 0 && (*byte < least || *byte > most)))
            return false;
        for (i = 0; i < more; i++, byte++)
            if ((*byte & 0xc0) != 0x80)
                return false;
    }
    return true;
}

const struct output_kind output_picture = { "picture", ".png, .jpg or .jpeg", { ".png", ".jpg", ".jpeg" } };
const struct output_kind output_embedding = { "embedding", ".npy", { ".npy", NULL, NULL } };

static bool has_ending(const char *output, const struct output_kind *kind)
{
    const char *last = ending(output);
    size_t i;
    for (i = 0; i < sizeof kind->endings / sizeof *kind->endings && kind->endings[i] != NULL; i++)
        if (same(last, kind->endings[i]))
            return true;
    return false;
}

int output_check(const char *option, const char *output, const struct output_kind *kind)
{
    char *folder;
    int code = EXIT_USAGE;
    if (output == NULL) {
        complain("--%s is missing; it names the %s's file, ending in %s", option, kind->what, kind->words);
        return EXIT_USAGE;
    }
    if (!is_utf8(output)) {
        complain("--%s: the path is not UTF-8", option);
        return EXIT_USAGE;
    }
    if (!has_ending(output, kind)) {
        complain("--%s: \"%s\" does not end in %s", option, output, kind->words);
        return EXIT_USAGE;
    }
    if (platform_is_folder(output)) {
        complain("--%s: \"%s\" is a folder", option, output);
        return EXIT_USAGE;
    }
    folder = folder_of(output);
    if (folder == NULL)
        complain("--%s: memory ran out", option);
    else if (!platform_is_folder(folder))
        complain("--%s: there is no folder \"%s\"", option, folder);
    else if (!platform_can_write(folder))
        complain("--%s: the folder \"%s\" cannot be written to", option, folder);
    else
        code = EXIT_DONE;
    free(folder);
    return code;
}

char *output_path(const char *output, uint32_t index, uint32_t count)
{
    const size_t size = strlen(output) + 16;
    const char *dot = ending(output);
    char *path = malloc(size);
    if (path == NULL)
        return NULL;
    if (count == 1)
        snprintf(path, size, "%s", output);
    else
        snprintf(path, size, "%.*s_%u%s", (int)(dot - output), output, (unsigned)index, dot);
    return path;
}
