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

/* Removing a handler does not wait for one that runs, so both sides hold this while they use the token. */
static SRWLOCK lock = SRWLOCK_INIT;
static diffusion_cancel_token *watched; /* NULL: nothing is watched any more */
static int interrupts;

static BOOL WINAPI on_control(DWORD event)
{
    BOOL handled = FALSE;
    if (event != CTRL_C_EVENT)
        return FALSE;
    AcquireSRWLockExclusive(&lock);
    if (watched != NULL && interrupts++ == 0)
        handled = diffusion_cancel_token_cancel(watched) == DIFFUSION_STATUS_OK;
    ReleaseSRWLockExclusive(&lock);
    return handled;
}

static void watch(diffusion_cancel_token *token)
{
    AcquireSRWLockExclusive(&lock);
    watched = token;
    ReleaseSRWLockExclusive(&lock);
}

bool interrupt_start(diffusion_cancel_token *token)
{
    watch(token);
    return SetConsoleCtrlHandler(on_control, TRUE) != 0;
}

void interrupt_stop(void)
{
    SetConsoleCtrlHandler(on_control, FALSE);
    watch(NULL);
}

#else

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

static int wake[2] = { -1, -1 }; /* read end, write end */
static pthread_t watcher;
static bool watching;              /* false: the parent of this process wants Ctrl-C to be ignored */
static struct sigaction before;

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
    if (sigaction(SIGINT, NULL, &before) != 0)
        return false;
    if (before.sa_handler == SIG_IGN)
        return true; /* as under nohup, or in the background of a shell without job control */
    if (pipe(wake) != 0)
        return false;
    if (pthread_create(&watcher, NULL, watch, token) != 0) {
        close(wake[0]);
        close(wake[1]);
        return false;
    }
    watching = true;
    action.sa_handler = on_interrupt;
    action.sa_flags = SA_RESETHAND;
    sigemptyset(&action.sa_mask);
    if (sigaction(SIGINT, &action, NULL) == 0)
        return true;
    interrupt_stop();
    return false;
}

void interrupt_stop(void)
{
    if (!watching)
        return;
    watching = false;
    sigaction(SIGINT, &before, NULL);
    close(wake[1]); /* the watcher reads the end of the pipe, and ends */
    pthread_join(watcher, NULL);
    close(wake[0]);
}

#endif
