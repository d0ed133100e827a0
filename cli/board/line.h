// SPDX-License-Identifier: Apache-2.0
// A serial line, pty or TCP connection as a file descriptor. Private to this folder.
#ifndef LP_BOARD_LINE_H
#define LP_BOARD_LINE_H

#include <stddef.h>

#include "limpet/fault.h"

// Opens `port` (no "auto") raw and locked. *fd is owned by the caller. `where` gets words for
// people.
lp_exit_t lp_line_open(const char *port, long baud, int *fd, char *where, size_t where_cap,
                       lp_fault_t *f);

// Resolves "auto", ids of virtual boards and paths to what lp_line_open() takes.
lp_exit_t lp_line_find(const char *wanted, char *port, size_t cap, lp_fault_t *f);

#endif
