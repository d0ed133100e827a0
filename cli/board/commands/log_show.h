// SPDX-License-Identifier: Apache-2.0
// Lines of a board's log on the user's terminal. Private to this folder.
#ifndef LP_LOG_SHOW_H
#define LP_LOG_SHOW_H

#include <stddef.h>

// The level that a line says it has ("E 1.234 chip: ..."): "error", "warn", "info", "debug", or ""
// for what is no line of the log. Static.
const char *lp_log_show_level(const char *line);

// `line`, without what could drive a terminal, with colours when `has_colour`. Always terminated.
void lp_log_show_paint(char *out, size_t cap, const char *line, int has_colour);

// Prints it to stdout, coloured on a terminal; silent with --json.
void lp_log_show(const char *line);

#endif
