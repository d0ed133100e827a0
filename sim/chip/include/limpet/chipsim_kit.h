// SPDX-License-Identifier: Apache-2.0
// limpet/chipsim_kit.h - the virtual bus behind lines of text, as Microchip's kits speak
// (docs/chip-emulator.md, "The kit protocol"). Bytes in and bytes out, no sockets.
//
// One request is one line; each line gets one answer, in order, whatever is in it.
#ifndef LIMPET_CHIPSIM_KIT_H
#define LIMPET_CHIPSIM_KIT_H

#include "limpet/chipsim.h"

// A talk with the longest packet has 319 characters; a longer line than this is refused.
enum { LP_CHIPSIM_KIT_LINE = 352, LP_CHIPSIM_KIT_POLL_US = 500 };

// What stands in front of the parenthesis of an answer.
enum {
    LP_CHIPSIM_KIT_OK = 0x00,
    LP_CHIPSIM_KIT_PARSE = 0xC0,   // not a command, or its argument is wrong; nothing was done
    LP_CHIPSIM_KIT_NACK = 0xD0,    // nobody acknowledged: absent, asleep, or busy for too long
    LP_CHIPSIM_KIT_BUS = 0xD1,     // the bus was stuck; it has been freed with nine clocks
    LP_CHIPSIM_KIT_GARBLED = 0xD2, // what came back is no packet
    LP_CHIPSIM_KIT_CLOCK = 0xD3,   // a chip held SCL low for too long
};

typedef void lp_chipsim_out_fn(void *ctx, lp_span_t bytes);

// Lets microseconds pass on the chips' clock while a command runs. Null wait_us: sleeps.
typedef struct {
    void (*wait_us)(void *ctx, uint32_t us);
    void *ctx;
} lp_chipsim_wait_t;

// One kit on one bus. Private; initialise with lp_chipsim_kit_init().
typedef struct {
    lp_chipsim_bus_t *bus_;
    lp_chipsim_wait_t wait_;
    uint8_t addr_; // selected, 7 bits
    char line_[LP_CHIPSIM_KIT_LINE];
    size_t len_;
    bool is_bad_;    // the line so far is too long or not text
    unsigned polls_; // a chip is waited for: how often it will still be asked
    bool is_wake_;   // and it was woken, not talked to
} lp_chipsim_kit_t;

// Borrows the bus, copies `wait` (null: sleeps). The first chip of the bus is selected.
void lp_chipsim_kit_init(lp_chipsim_kit_t *kit, lp_chipsim_bus_t *bus,
                         const lp_chipsim_wait_t *wait);

// Forgets a half-received line and the answer that is waited for, as when the line was closed. The
// selection stays.
void lp_chipsim_kit_reset(lp_chipsim_kit_t *kit);

// Takes `in` and calls `out` with one whole answer for each line end, in order. Waits while a chip
// is busy, three seconds at most. `out` must not call back into the kit.
void lp_chipsim_kit_feed(lp_chipsim_kit_t *kit, lp_span_t in, lp_chipsim_out_fn *out, void *ctx);

// The same without waiting, for programs with a loop of their own: takes bytes up to and with the
// line whose answer has to be waited for, and returns how many. While one is, it takes none.
size_t lp_chipsim_kit_take(lp_chipsim_kit_t *kit, lp_span_t in, lp_chipsim_out_fn *out, void *ctx);

// Is an answer waited for?
static inline bool lp_chipsim_kit_is_waiting(const lp_chipsim_kit_t *kit)
{
    return kit->polls_ != 0;
}

// Asks the chip once whether it is ready. True: it is not, ask again in LP_CHIPSIM_KIT_POLL_US.
// False: nothing is waited for (any more).
bool lp_chipsim_kit_poll(lp_chipsim_kit_t *kit, lp_chipsim_out_fn *out, void *ctx);

#endif
