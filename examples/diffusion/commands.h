/* The commands. Each returns the process's exit code. */
#ifndef COMMANDS_H
#define COMMANDS_H

#include "options.h"

int command_generate(const struct options *options);
int command_inspect(const struct options *options);
int command_devices(const struct options *options);
int command_embed(const struct options *options);
int command_variations(const struct options *options);
int command_interpolate(const struct options *options);
int command_edit(const struct options *options);
int command_reconstruct(const struct options *options);

#endif
