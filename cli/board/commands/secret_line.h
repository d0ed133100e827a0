// SPDX-License-Identifier: Apache-2.0
// A secret that somebody tells: not in a command line, where every user of this computer reads it.
#ifndef SECRET_LINE_H
#define SECRET_LINE_H

#include <stdbool.h>
#include <stddef.h>

// From the environment variable `name`, from stdin where that is no terminal, or asked for without
// echo. False: none was given, or one too long. The caller wipes it.
bool lp_secret_line(const char *name, const char *prompt, char *dst, size_t cap);

#endif
