#include "json.h"

#include <math.h>

void json_string(FILE *file, const char *text)
{
    const unsigned char *byte = (const unsigned char *)text;
    fputc('"', file);
    for (; *byte != '\0'; byte++) {
        switch (*byte) {
        case '"': fputs("\\\"", file); break;
        case '\\': fputs("\\\\", file); break;
        case '\n': fputs("\\n", file); break;
        case '\r': fputs("\\r", file); break;
        case '\t': fputs("\\t", file); break;
        default:
            if (*byte < 0x20)
                fprintf(file, "\\u%04x", (unsigned)*byte);
            else
                fputc(*byte, file);
        }
    }
    fputc('"', file);
}

void json_number(FILE *file, double value)
{
    /* JSON knows no NaN and no infinity. */
    if (isfinite(value))
        fprintf(file, "%.3f", value);
    else
        fputs("null", file);
}
