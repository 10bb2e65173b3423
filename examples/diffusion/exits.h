/* The exit codes, which scripts rely on. */
#ifndef EXITS_H
#define EXITS_H

enum {
    EXIT_DONE = 0,
    EXIT_USAGE = 2,     /* a bad command line, or an argument that is not allowed */
    EXIT_MODEL = 3,     /* the model cannot be opened */
    EXIT_RUNTIME = 4,   /* ONNX Runtime or the execution provider */
    EXIT_GENERATE = 5,  /* drawing or saving failed */
    EXIT_CANCELLED = 130
};

#endif
