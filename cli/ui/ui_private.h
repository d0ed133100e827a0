// SPDX-License-Identifier: Apache-2.0
// Shared by the files of lp_ui only.
#ifndef LP_UI_PRIVATE_H
#define LP_UI_PRIVATE_H

#include <stdarg.h>
#include <stdio.h>

// Formats, cleans and prints one line.
void lp_ui_put_(FILE *to, const char *prefix, const char *fmt, va_list args)
    __attribute__((format(printf, 3, 0)));
// `code` on a colour terminal, else "".
const char *lp_ui_color_(const char *code);
// Takes a half-shown step or bar off the terminal before another line is printed.
void lp_ui_step_pause_(void);

#endif
