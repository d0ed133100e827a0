// SPDX-License-Identifier: Apache-2.0
// What `limpet doctor` looks at, and how a finding is told.
#ifndef LP_DOCTOR_H
#define LP_DOCTOR_H

#include "limpet/board.h"

typedef enum { FINE, NOTE, BAD } verdict_t;

typedef struct {
    unsigned notes, bad;
    char server[300];    // host:port of the board's cloud; "": none
    bool is_unreachable; // the board says so
} doctor_t;

// One line: where, how it is, and for what is not fine what to do. `next` may be null.
void doctor_say(doctor_t *d, const char *area, verdict_t verdict, const char *code,
                const char *next, const char *fmt, ...) __attribute__((format(printf, 6, 7)));

void doctor_look_at_computer(doctor_t *d);
// Board, chip, key and cloud connection, by RPC.
void doctor_look_at_board(doctor_t *d, const lp_board_options_t *options);
// Whether this computer reaches the board's cloud, when the board does not.
void doctor_look_at_network(doctor_t *d);

#endif
