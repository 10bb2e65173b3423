/* Writes JSON, a value at a time. */
#ifndef JSON_H
#define JSON_H

#include <stdio.h>

/* A text in quotes, with everything escaped that JSON wants escaped. The text is UTF-8. */
void json_string(FILE *file, const char *text);

/* A time or another measure, with three digits after the point. */
void json_number(FILE *file, double value);

#endif
