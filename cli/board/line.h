// SPDX-License-Identifier: Apache-2.0
// A serial line, pty or TCP connection as a file descriptor. Private to this folder.
#ifndef LP_BOARD_LINE_H
#define LP_BOARD_LINE_H

#include <stdbool.h>
#include <stddef.h>

#include "limpet/fault.h"

typedef struct {
    int fd;          // owned by whoever opened it
    bool is_shared;  // fd is a way to the process that owns the port
    char real[256];  // the port's real path; "" for TCP
    char where[256]; // for people
} lp_line_t;

// Opens `port` (no "auto") raw and locked, or joins the limpet that shares it. Waits for wait_ms
// (0: 5000) when another program has it.
lp_exit_t lp_line_open(const char *port, long baud, int wait_ms, lp_line_t *line, lp_fault_t *f);

// Resolves "auto", ids of virtual boards and paths to what lp_line_open() takes.
lp_exit_t lp_line_find(const char *wanted, char *port, size_t cap, lp_fault_t *f);

#endif
