/* The help. */
#ifndef USAGE_H
#define USAGE_H

/* Prints the whole help on stdout. */
void usage_print(void);

#endif
