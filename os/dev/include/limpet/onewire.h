// SPDX-License-Identifier: Apache-2.0
// limpet/onewire.h - a one-wire bus: one data wire, and every part on it has a number of its own.
//
// A transfer begins with a reset and a presence pulse, writes, reads, and may feed the parts over
// the wire for a while. Transfers and searches of several drivers run one after another in the
// order in which they were started; none waits for more than what is before it.
//
// What moves the wire is one of: limpet/onewire_uart.h (a UART and a transistor), limpet/ds2482.h
// (a bridge on I2C, which the virtual boards have), or a line of your own (lp_onewire_line_t).
// @source Maxim application notes 937 (Book of iButton Standards), 187 (search), 27 (CRC)
// @context loop
#ifndef LIMPET_ONEWIRE_H
#define LIMPET_ONEWIRE_H

#include "limpet/loop.h"
#include "limpet/span.h"

enum {
    LP_ONEWIRE_ROM_BYTES = 8, // family, six of the number, CRC
    LP_ONEWIRE_SKIP_ROM = 0xCC,
    LP_ONEWIRE_MATCH_ROM = 0x55,
    LP_ONEWIRE_SEARCH_ROM = 0xF0,
    LP_ONEWIRE_SEARCH_ALARM = 0xEC, // only parts whose alarm is on
};

typedef struct lp_onewire lp_onewire_t;

// LP_OK; LP_E_NOT_FOUND: nobody answers the reset; LP_E_IO: the wire is held low, as by a short
// circuit; LP_E_UNSUPPORTED: this line cannot feed parts; or an error of what moves the wire.
typedef void lp_onewire_done_fn(void *ctx, lp_err_t err);

typedef struct lp_onewire_xfer {
    lp_span_t tx;      // lends until done
    uint8_t *rx;       // lends until done
    size_t rx_len;     // 0: nothing is read
    uint32_t power_ms; // not 0: the wire feeds the parts for so long behind the last bit
    lp_onewire_done_fn *done;
    void *ctx;
    struct lp_onewire_xfer *next_;
    struct lp_onewire_search *search_; // null: not one
} lp_onewire_xfer_t;

// -- for drivers

// LP_OK: done() comes later, once. `xfer` lends until then. LP_E_INVALID: it has no done(), or asks
// for bytes and has no room.
lp_err_t lp_onewire_start(lp_onewire_t *bus, lp_onewire_xfer_t *xfer);

// Who is there, one after another. Caller-owned; `rom` is the result, to be read only, and the rest
// is private.
typedef struct lp_onewire_search {
    uint8_t rom[LP_ONEWIRE_ROM_BYTES];
    lp_onewire_xfer_t xfer_;
    lp_onewire_done_fn *done_;
    void *ctx_;
    uint8_t command_;
    uint8_t walk_[LP_ONEWIRE_ROM_BYTES]; // the number under way
    uint8_t bit_;                        // of it, from 0
    uint8_t fork_;      // bit, from 1, of `rom` at which another way is left; 0: none
    uint8_t next_fork_; // the same of the number under way
    bool is_over_;
} lp_onewire_search_t;

// The next call finds the first one. `command`: LP_ONEWIRE_SEARCH_ROM or _ALARM.
void lp_onewire_search_init(lp_onewire_search_t *s, uint8_t command);
// LP_OK: done() comes later, once: LP_OK and s->rom; LP_E_NOT_FOUND: nobody is there; LP_E_CRC: the
// number was damaged on the wire, ask again; or as lp_onewire_done_fn. After an error the same
// place is looked at again. LP_E_NOT_FOUND, returned: the last one was found before.
lp_err_t lp_onewire_search_next(lp_onewire_t *bus, lp_onewire_search_t *s, lp_onewire_done_fn *done,
                                void *ctx);

// Everybody who is there, at once. Caller-owned; rom and count are the result, the rest is private.
enum { LP_ONEWIRE_SCAN_MAX = 8, LP_ONEWIRE_SCAN_TRIES = 3 };
typedef struct {
    uint8_t rom[LP_ONEWIRE_SCAN_MAX][LP_ONEWIRE_ROM_BYTES];
    size_t count;
    lp_onewire_t *bus_;
    lp_onewire_search_t search_;
    unsigned tries_;
    lp_onewire_done_fn *done_;
    void *ctx_;
} lp_onewire_scan_t;

// LP_OK: done() comes later, once: LP_OK, also with none at all; LP_E_NOSPACE: there are more,
// those that fit are there; else as lp_onewire_done_fn, and what was found until then. A number
// that comes damaged is asked for again.
lp_err_t lp_onewire_scan(lp_onewire_t *bus, lp_onewire_scan_t *scan, lp_onewire_done_fn *done,
                         void *ctx);

// x^8 + x^5 + x^4 + 1, as all parts use it. 0 over bytes with their CRC behind them.
uint8_t lp_onewire_crc8(lp_span_t bytes);

// -- for what moves the wire

typedef enum {
    LP_ONEWIRE_RESET,   // answer: nothing. LP_E_NOT_FOUND, LP_E_IO
    LP_ONEWIRE_WRITE,   // eight bits
    LP_ONEWIRE_READ,    // answer: eight bits
    LP_ONEWIRE_TRIPLET, // two bits are read and one is written: their own if they differ, else
                        // `value`. Answer: first | second << 1 | written << 2
} lp_onewire_step_t;

// LP_OK: lp_onewire_stepped() is called later, once, from the loop. `is_fed`: behind the last bit
// the wire is held high with strength until the next step; LP_E_UNSUPPORTED where it cannot be.
typedef struct {
    lp_err_t (*step)(lp_onewire_t *bus, lp_onewire_step_t step, uint8_t value, bool is_fed);
    // Ends the feeding. May be null where it never begins.
    void (*unfeed)(lp_onewire_t *bus);
} lp_onewire_line_t;

// Caller-owned; private. An implementation has it as its first member.
struct lp_onewire {
    const lp_onewire_line_t *line_;
    lp_loop_t *loop_;
    lp_onewire_xfer_t *head_; // under way; the others wait
    lp_onewire_xfer_t *tail_;
    lp_event_t event_;
    lp_timer_t timer_;
    size_t pos_; // steps done; the reset is the first
};

// Lends both.
void lp_onewire_init(lp_onewire_t *bus, lp_loop_t *loop, const lp_onewire_line_t *line);
// How a step ended.
void lp_onewire_stepped(lp_onewire_t *bus, lp_err_t err, uint8_t answer);

#endif
