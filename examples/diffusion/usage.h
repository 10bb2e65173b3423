/* The help. */
#ifndef USAGE_H
#define USAGE_H

#include "options.h"

/* Prints a command's help on stdout: that of generate, inspect and devices is the whole help. */
void usage_print(enum command command);

/* What models of several stages are told, as a part of the whole help. */
void usage_stages(void);

/* The help of a command that is about models of several stages; false for the others. */
bool usage_of(enum command command);

#endif
