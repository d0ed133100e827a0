// SPDX-License-Identifier: Apache-2.0
// limpet/sc18im.h - an I2C bus behind a UART-to-I2C bridge (NXP SC18IM700 protocol).
//
// Works over any lp_stream_t: a serial line with a real bridge, or a socket to the virtual chip.
// docs/adapter-protocol.md is the wire. Every transfer is followed by a read of I2CStat, so that a
// missing acknowledge is known and not guessed.
// @context loop
// @source docs/adapter-protocol.md
#ifndef LIMPET_SC18IM_H
#define LIMPET_SC18IM_H

#include "limpet/i2c.h"
#include "limpet/loop.h"
#include "limpet/stream.h"

enum {
    LP_SC18IM_TIMEOUT_MS = 500, // for a whole transfer, wire and bridge
    LP_SC18IM_TX_MAX = 180,
};

// Caller-owned; the bus to hand to a driver is &adapter->bus. Other fields private.
typedef struct {
    lp_i2c_bus_t bus; // must stay first
    lp_loop_t *loop_;
    lp_stream_t *stream_;
    lp_i2c_xfer_t *xfer_;
    lp_timer_t timer_;
    lp_event_t event_;
    uint32_t rate_hz_;
    uint32_t timeout_ms_;
    bool is_rate_set_;
    bool is_closed_;
    bool is_dirty_;   // old bytes may be on the line
    bool is_overdue_; // its time is up, and what has arrived by then is being looked at
    uint8_t state_;
    size_t tx_len_, tx_pos_;
    size_t rx_len_;
    uint8_t first_[3]; // of the answer
    uint8_t fence_[3]; // behind the data
    uint8_t tx_[LP_SC18IM_TX_MAX];
} lp_sc18im_t;

// Binds to `stream` (lends until lp_sc18im_deinit) and listens to it. The stream may be open
// already or open later; transfers started before LP_STREAM_OPEN wait for it (up to the timeout).
void lp_sc18im_init(lp_sc18im_t *adapter, lp_loop_t *loop, lp_stream_t *stream);

// How long a whole transfer may take, instead of LP_SC18IM_TIMEOUT_MS: for a bridge that is a
// process of a computer, which may get no time for longer than any wire needs.
void lp_sc18im_set_timeout(lp_sc18im_t *adapter, uint32_t timeout_ms);

// Stops listening. A transfer under way completes with LP_E_CLOSED from the loop.
void lp_sc18im_deinit(lp_sc18im_t *adapter);

#endif
