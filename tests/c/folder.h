/* The files of a model's folder, one after the other. */
#ifndef FOLDER_H
#define FOLDER_H

#include <dirent.h>
#include <sys/stat.h>

#include "check.h"

/* Called with a file's path, its name below the folder, its length, and what each_file() was given. */
typedef void (*file_visitor)(const char *path, const char *name, size_t length, void *with);

/* Calls `visit` for every file below `folder`; `prefix` is what stands before their names. */
static inline void each_file(const char *folder, const char *prefix, file_visitor visit, void *with)
{
    DIR *entries = opendir(folder);
    struct dirent *entry;
    CHECK(entries != NULL);
    while ((entry = readdir(entries)) != NULL) {
        char path[2048], name[1024];
        struct stat status;
        if (entry->d_name[0] == '.')
            continue;
        CHECK(snprintf(path, sizeof path, "%s/%s", folder, entry->d_name) < (int)sizeof path);
        CHECK(snprintf(name, sizeof name, "%s%s", prefix, entry->d_name) < (int)sizeof name - 1);
        CHECK(stat(path, &status) == 0);
        if (S_ISDIR(status.st_mode))
            each_file(path, strcat(name, "/"), visit, with);
        else
            visit(path, name, (size_t)status.st_size, with);
    }
    closedir(entries);
}

#endif
