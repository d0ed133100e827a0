// SPDX-License-Identifier: Apache-2.0
// The conformance suite of ports: what os/port's headers promise, as tests that every port runs.
// docs/porting.md is its guide. A port adds a main of its own (main_posix.c, main_bare.c).
#ifndef CONFORMANCE_H
#define CONFORMANCE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "limpet/loop.h"

// The one loop, which the port was started with.
extern lp_loop_t conformance_loop;

// Where test/conformance/peers listens, as the board sees this computer.
typedef struct {
    char host[64];
    uint16_t echo;    // gives back what comes, ends when the board does
    uint16_t greet;   // says "hello" and ends at once
    uint16_t flood;   // sends 65,536 bytes, byte n is n * 7
    uint16_t reset;   // resets the connection at the first byte
    uint16_t refused; // nobody listens
} conformance_peers_t;

extern conformance_peers_t conformance_peers; // echo is 0 when there are none
// The echo's host as an IPv6 address; null: there is none, and IPv6 is not tried.
extern const char *conformance_host6;

// Two pins that a wire ties together; the same one twice: there are none on this board.
typedef struct {
    uint16_t a, b;
} conformance_tie_t;
extern conformance_tie_t conformance_tie;

// What connections hold of the port at this moment, as a number: descriptors, or connections and
// buffers of lwIP. From main_*.c.
unsigned conformance_held(void);

// "HOST:ECHO:GREET:FLOOD:RESET:REFUSED". False: it is not.
bool conformance_set_peers(const char *text);

// Everything, then restarts of the board, and what must have outlived them. How many failed.
int conformance_run(void);

// One group each; how many failed.
int conformance_adc(void);
int conformance_clock(void);
int conformance_fiber(void);
int conformance_flash(void);
int conformance_gpio(void);
int conformance_net(void);
// Optional parts of a port, on boards that have room for them.
int conformance_more(void);
// Sleeps deeply, with the watchdog on; returns where a board cannot. Then: what is left of it.
void conformance_more_sleep(void);
int conformance_more_woken(void);
int conformance_pwm(void);
int conformance_system(void);
// Serial line 2, whose other end gives back what comes; nothing on a board without one.
int conformance_uart(void);
// What is to be seen in the start of this number, 1 to CONFORMANCE_STARTS.
int conformance_watchdog(uint8_t start);
// Ends this start in the way that the next one looks for.
_Noreturn void conformance_next_start(uint8_t start);

// What is kept in flash over a restart.
enum { CONFORMANCE_STARTS = 5 };
typedef struct {
    uint8_t start; // that comes; the first one is 0 and has no mark
    uint8_t failed;
} conformance_mark_t;
void conformance_leave_mark(const conformance_mark_t *mark);
// False: no mark is there. Takes it away.
bool conformance_take_mark(conformance_mark_t *mark);

#endif
