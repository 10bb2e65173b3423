/* What differs between operating systems. Paths are UTF-8 everywhere. */
#ifndef PLATFORM_H
#define PLATFORM_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Makes argv UTF-8 where it is not. Returns false when that is not possible. */
bool platform_utf8_arguments(int *argc, char ***argv);

/* Whether stderr is a terminal that a person looks at, and that knows escape sequences. */
bool platform_stderr_is_terminal(void);

/* Seconds since some moment in the past; never goes back. */
double platform_seconds(void);

/* The most memory that this process has held so far, in bytes; 0 when the system does not say. */
uint64_t platform_peak_memory(void);

bool platform_exists(const char *path);
bool platform_is_folder(const char *path);
bool platform_can_write(const char *folder);

/* As fopen(); as rename(), which replaces what is there; as remove(). */
FILE *platform_open(const char *path, const char *mode);
bool platform_rename(const char *from, const char *to);
void platform_remove(const char *path);

#endif
