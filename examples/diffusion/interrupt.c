/*
 * A signal handler may do next to nothing, and diffusion_cancel_token_cancel() takes locks. So the handler writes one
 * byte into a pipe, and a thread that waits at its other end cancels. SA_RESETHAND gives the second Ctrl-C back to
 * the system, which kills. On Windows the handler runs on a thread of its own and may cancel by itself.
 */
#ifndef _WIN32
#define _POSIX_C_SOURCE 200809L
#endif
#include "interrupt.h"

#include <stddef.h>

#ifdef _WIN32

#include <windows.h>

static diffusion_cancel_token *watched;
static volatile LONG interrupts;

static BOOL WINAPI on_control(DWORD event)
{
    if (event != CTRL_C_EVENT || InterlockedIncrement(&interrupts) > 1)
        return FALSE;
    return diffusion_cancel_token_cancel(watched) == DIFFUSION_STATUS_OK;
}

bool interrupt_start(diffusion_cancel_token *token)
{
    watched = token;
    return SetConsoleCtrlHandler(on_control, TRUE) != 0;
}

void interrupt_stop(void)
{
    SetConsoleCtrlHandler(on_control, FALSE);
}

#else

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

static int wake[2] = { -1, -1 }; /* read end, write end */
static pthread_t watcher;

static void on_interrupt(int signal_number)
{
    const int kept = errno;
    const char byte = 'c';
    (void)signal_number;
    if (write(wake[1], &byte, 1) < 0)
        _exit(130); /* nobody is listening, so there is nothing else to do */
    errno = kept;
}

static void *watch(void *token)
{
    char byte;
    ssize_t count;
    do
        count = read(wake[0], &byte, 1);
    while (count < 0 && errno == EINTR);
    if (count == 1 && diffusion_cancel_token_cancel(token) != DIFFUSION_STATUS_OK)
        _exit(130);
    return NULL;
}

bool interrupt_start(diffusion_cancel_token *token)
{
    struct sigaction action = { 0 };
    if (pipe(wake) != 0)
        return false;
    if (pthread_create(&watcher, NULL, watch, token) != 0)
        return false;
    action.sa_handler = on_interrupt;
    action.sa_flags = SA_RESETHAND;
    sigemptyset(&action.sa_mask);
    return sigaction(SIGINT, &action, NULL) == 0;
}

void interrupt_stop(void)
{
    signal(SIGINT, SIG_DFL);
    close(wake[1]); /* the watcher reads the end of the pipe, and ends */
    pthread_join(watcher, NULL);
    close(wake[0]);
}

#endif
