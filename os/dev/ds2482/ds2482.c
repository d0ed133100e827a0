// SPDX-License-Identifier: Apache-2.0
// A step of the wire is a command to the bridge, looks at its status until the wire is at rest, and
// for a byte that was read the fetching of it.
//
//   RESET -> CONFIGURE -> (FEED) -> COMMAND -> POLL ... -> (FETCH)
//   only when not ready    only to feed
#include "limpet/ds2482.h"

enum { RESET, CONFIGURE, FEED, COMMAND, POLL, FETCH };

enum {
    DEVICE_RESET = 0xF0,
    SET_READ_POINTER = 0xE1,
    WRITE_CONFIGURATION = 0xD2,
    WIRE_RESET = 0xB4,
    WRITE_BYTE = 0xA5,
    READ_BYTE = 0x96,
    TRIPLET = 0x78,
    POINTER_DATA = 0xE1,
};
// The status register.
enum {
    BUSY = 1,
    PRESENCE = 2,
    SHORT = 4,
    WAS_RESET = 0x10,
    FIRST = 0x20,
    SECOND = 0x40,
    DIR = 0x80
};
// The configuration register; it is written with its complement in the upper half.
enum { ACTIVE_PULLUP = 1, STRONG_PULLUP = 4 };

static lp_err_t start_phase(lp_ds2482_t *b);

static void end(lp_ds2482_t *b, lp_err_t err, uint8_t answer)
{
    b->is_ready_ = b->is_ready_ && (err == LP_OK || err == LP_E_NOT_FOUND || err == LP_E_IO);
    lp_onewire_stepped(&b->bus, err, answer);
}

static uint8_t config_of(const lp_ds2482_t *b)
{
    return b->phase_ == FEED ? ACTIVE_PULLUP | STRONG_PULLUP : ACTIVE_PULLUP;
}

// The wire is at rest: what the status says of it.
static void take_status(lp_ds2482_t *b)
{
    const unsigned s = b->rx_;
    switch ((lp_onewire_step_t)b->step_) {
    case LP_ONEWIRE_RESET:
        end(b, (s & SHORT) != 0 ? LP_E_IO : (s & PRESENCE) != 0 ? LP_OK : LP_E_NOT_FOUND, 0);
        break;
    case LP_ONEWIRE_WRITE:
        end(b, LP_OK, 0);
        break;
    case LP_ONEWIRE_READ:
        b->phase_ = FETCH;
        break;
    case LP_ONEWIRE_TRIPLET:
        end(b, LP_OK, (uint8_t)((s & (FIRST | SECOND | DIR)) >> 5));
        break;
    }
}

// What a phase has given, and which is the next. True: there is one to start.
static bool advance(lp_ds2482_t *b)
{
    switch (b->phase_) {
    case RESET:
        if ((b->rx_ & WAS_RESET) == 0) {
            end(b, LP_E_UNSUPPORTED, 0);
            return false;
        }
        b->phase_ = CONFIGURE;
        return true;
    case CONFIGURE:
    case FEED:
        if (b->rx_ != config_of(b)) {
            end(b, LP_E_UNSUPPORTED, 0);
            return false;
        }
        b->is_ready_ = true;
        b->phase_ = b->is_fed_ && b->phase_ == CONFIGURE ? FEED : COMMAND;
        return true;
    case FETCH:
        end(b, LP_OK, b->rx_);
        return false;
    default:
        if ((b->rx_ & BUSY) != 0) {
            b->phase_ = POLL;
            lp_timer_start(b->bus.loop_, &b->timer_, 1);
            return false;
        }
        take_status(b);
        return b->phase_ == FETCH;
    }
}

static void start_or_end(lp_ds2482_t *b)
{
    const lp_err_t err = start_phase(b);
    if (err != LP_OK) {
        end(b, err, 0);
    }
}

static void on_phase(void *ctx, lp_err_t err)
{
    lp_ds2482_t *b = ctx;
    if (err != LP_OK) {
        b->is_ready_ = false;
        end(b, err, 0);
    } else if (advance(b)) {
        start_or_end(b);
    }
}

static void on_timer(void *ctx)
{
    lp_ds2482_t *b = ctx;
    if (b->waited_ms_++ >= LP_DS2482_BUSY_MS) {
        end(b, LP_E_TIMEOUT, 0);
        return;
    }
    start_or_end(b);
}

// The bytes of the command of a step.
static size_t compose_step(const lp_ds2482_t *b, uint8_t *tx)
{
    switch ((lp_onewire_step_t)b->step_) {
    case LP_ONEWIRE_RESET:
        tx[0] = WIRE_RESET;
        return 1;
    case LP_ONEWIRE_WRITE:
        tx[0] = WRITE_BYTE;
        tx[1] = b->value_;
        return 2;
    case LP_ONEWIRE_READ:
        tx[0] = READ_BYTE;
        return 1;
    case LP_ONEWIRE_TRIPLET:
        tx[0] = TRIPLET;
        tx[1] = b->value_ != 0 ? 0x80 : 0;
        return 2;
    }
    return 0;
}

static size_t compose(const lp_ds2482_t *b, uint8_t *tx)
{
    const uint8_t config = config_of(b);
    switch (b->phase_) {
    case RESET:
        tx[0] = DEVICE_RESET;
        return 1;
    case CONFIGURE:
    case FEED:
        tx[0] = WRITE_CONFIGURATION;
        tx[1] = (uint8_t)(config | (~(unsigned)config & 15u) << 4);
        return 2;
    case FETCH:
        tx[0] = SET_READ_POINTER;
        tx[1] = POINTER_DATA;
        return 2;
    case COMMAND:
        return compose_step(b, tx);
    default:
        return 0; // the status alone
    }
}

static lp_err_t start_phase(lp_ds2482_t *b)
{
    uint8_t tx[2];
    const size_t n = compose(b, tx);
    const lp_i2c_seq_step_t step = {.addr = b->addr_,
                                    .tx = lp_span(tx, n),
                                    .wait_ms = b->phase_ == COMMAND ? 1 : 0,
                                    .rx = &b->rx_,
                                    .rx_len = 1,
                                    .done = on_phase,
                                    .ctx = b};
    return lp_i2c_seq_start(&b->seq_, &step);
}

static lp_err_t start(lp_onewire_t *bus, lp_onewire_step_t step, uint8_t value, bool is_fed)
{
    lp_ds2482_t *b = (lp_ds2482_t *)bus; // bus is its first member
    b->step_ = (uint8_t)step;
    b->value_ = value;
    b->is_fed_ = is_fed;
    b->waited_ms_ = 0;
    b->phase_ = !b->is_ready_ ? RESET : is_fed ? FEED : COMMAND;
    return start_phase(b);
}

void lp_ds2482_init(lp_ds2482_t *bridge, lp_loop_t *loop, lp_i2c_bus_t *i2c, uint8_t addr)
{
    // The strong pull-up ends by itself with the next command for the wire.
    static const lp_onewire_line_t line = {.step = start};
    *bridge = (lp_ds2482_t){.addr_ = addr};
    lp_onewire_init(&bridge->bus, loop, &line);
    lp_i2c_seq_init(&bridge->seq_, loop, i2c);
    lp_timer_init(&bridge->timer_, on_timer, bridge);
}
