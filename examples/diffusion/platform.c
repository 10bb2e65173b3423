/* The only file with an #ifdef for an operating system, beside interrupt.c. */
#ifndef _WIN32
#define _POSIX_C_SOURCE 200809L
#define _DARWIN_C_SOURCE 1
#endif
#include "platform.h"

#include <stdlib.h>

#ifdef _WIN32

#include <io.h>
#include <windows.h>
#include <psapi.h>
#include <shellapi.h>

bool platform_utf8_arguments(int *argc, char ***argv)
{
    int i;
    wchar_t **wide = CommandLineToArgvW(GetCommandLineW(), argc);
    char **narrow = wide == NULL ? NULL : calloc((size_t)*argc + 1, sizeof *narrow);
    if (narrow == NULL)
        return false;
    for (i = 0; i < *argc; i++) {
        const int size = WideCharToMultiByte(CP_UTF8, 0, wide[i], -1, NULL, 0, NULL, NULL);
        narrow[i] = size > 0 ? malloc((size_t)size) : NULL;
        if (narrow[i] == NULL || WideCharToMultiByte(CP_UTF8, 0, wide[i], -1, narrow[i], size, NULL, NULL) == 0)
            return false;
    }
    LocalFree(wide);
    SetConsoleOutputCP(CP_UTF8);
    *argv = narrow;
    return true;
}

bool platform_stderr_is_terminal(void)
{
    const HANDLE console = GetStdHandle(STD_ERROR_HANDLE);
    DWORD mode;
    /* A console that does not know the escape sequences of the bar is none to draw on. */
    return _isatty(_fileno(stderr)) != 0 && GetConsoleMode(console, &mode)
        && SetConsoleMode(console, mode | ENABLE_VIRTUAL_TERMINAL_PROCESSING);
}

double platform_seconds(void)
{
    LARGE_INTEGER now, frequency;
    QueryPerformanceCounter(&now);
    QueryPerformanceFrequency(&frequency);
    return (double)now.QuadPart / (double)frequency.QuadPart;
}

uint64_t platform_peak_memory(void)
{
    PROCESS_MEMORY_COUNTERS counters;
    return K32GetProcessMemoryInfo(GetCurrentProcess(), &counters, sizeof counters) ? counters.PeakWorkingSetSize : 0;
}

enum { LONGEST_PATH = 32768 };

static bool widen(const char *text, wchar_t *wide)
{
    return MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, text, -1, wide, LONGEST_PATH) != 0;
}

static DWORD attributes(const char *path)
{
    wchar_t wide[LONGEST_PATH];
    return widen(path, wide) ? GetFileAttributesW(wide) : INVALID_FILE_ATTRIBUTES;
}

FILE *platform_open(const char *path, const char *mode)
{
    wchar_t wide[LONGEST_PATH], wide_mode[8];
    if (!widen(path, wide) || MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, mode, -1, wide_mode, 8) == 0)
        return NULL;
    return _wfopen(wide, wide_mode);
}

bool platform_rename(const char *from, const char *to)
{
    static wchar_t wide_from[LONGEST_PATH], wide_to[LONGEST_PATH];
    return widen(from, wide_from) && widen(to, wide_to) && MoveFileExW(wide_from, wide_to, MOVEFILE_REPLACE_EXISTING);
}

void platform_remove(const char *path)
{
    wchar_t wide[LONGEST_PATH];
    if (widen(path, wide))
        DeleteFileW(wide);
}

bool platform_exists(const char *path)
{
    return attributes(path) != INVALID_FILE_ATTRIBUTES;
}

bool platform_is_folder(const char *path)
{
    const DWORD found = attributes(path);
    return found != INVALID_FILE_ATTRIBUTES && (found & FILE_ATTRIBUTE_DIRECTORY) != 0;
}

bool platform_can_write(const char *folder)
{
    return platform_is_folder(folder); /* access lists are only known when one tries */
}

#else

#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

bool platform_utf8_arguments(int *argc, char ***argv)
{
    (void)argc;
    (void)argv; /* bytes already; the library says so when they are not UTF-8 */
    return true;
}

bool platform_stderr_is_terminal(void)
{
    return isatty(STDERR_FILENO) != 0;
}

double platform_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

uint64_t platform_peak_memory(void)
{
    struct rusage usage;
    if (getrusage(RUSAGE_SELF, &usage) != 0)
        return 0;
#ifdef __APPLE__
    return (uint64_t)usage.ru_maxrss;
#else
    return (uint64_t)usage.ru_maxrss * 1024;
#endif
}

bool platform_exists(const char *path)
{
    struct stat found;
    return stat(path, &found) == 0;
}

bool platform_is_folder(const char *path)
{
    struct stat found;
    return stat(path, &found) == 0 && S_ISDIR(found.st_mode);
}

bool platform_can_write(const char *folder)
{
    return access(folder, W_OK | X_OK) == 0;
}

FILE *platform_open(const char *path, const char *mode)
{
    return fopen(path, mode);
}

bool platform_rename(const char *from, const char *to)
{
    return rename(from, to) == 0;
}

void platform_remove(const char *path)
{
    (void)remove(path);
}

#endif
