// SPDX-License-Identifier: Apache-2.0
// SDA and SCL, edge by edge.
//
//          START                 8 bits              9th clock
//   QUIET ------> ADDRESS ------------------> ACK ------------> WRITE or READ
//     ^              ^ repeated START          | not ours          |  8 bits
//     |              +-------------------------|-------------------+---> ACK, and so on
//     +----- STOP from anywhere ---------------+
//
// A bit is sampled when SCL rises; a chip changes SDA when SCL falls.
#include "internal.h"

enum { QUIET, ADDRESS, WRITE, WRITE_ACK, READ, READ_ACK, DEAF };
enum { FAST_HZ = 1000000, SMBUS_TIMEOUT_US = 50000 };

void lp_chipsim_wires_init(lp_chipsim_wires_t *w, lp_chipsim_bus_t *bus)
{
    *w = (lp_chipsim_wires_t){.bus_ = bus, .scl_ = true, .sda_ = true, .phase_ = QUIET};
    // How long SDA is low is measured here, not guessed from a rate.
    lp_chipsim_bus_set_rate(bus, FAST_HZ);
}

static void on_start(lp_chipsim_wires_t *w)
{
    w->phase_ = ADDRESS;
    w->bits_ = 0;
    w->byte_ = 0;
    w->pull_ = false;
}

static void on_stop(lp_chipsim_wires_t *w)
{
    if (w->phase_ != QUIET) {
        lp_chipsim_bus_stop(w->bus_);
    }
    w->phase_ = QUIET;
    w->pull_ = false;
}

static void on_rising_clock(lp_chipsim_wires_t *w, bool sda)
{
    switch (w->phase_) {
    case ADDRESS:
    case WRITE:
        w->byte_ = (uint8_t)(w->byte_ << 1 | sda);
        w->bits_++;
        break;
    case READ:
        w->bits_++;
        break;
    case READ_ACK:
        w->phase_ = sda ? DEAF : READ_ACK; // no acknowledge: the master has enough
        break;
    default:
        break;
    }
}

static void next_byte_out(lp_chipsim_wires_t *w)
{
    w->phase_ = READ;
    w->bits_ = 0;
    w->byte_ = lp_chipsim_bus_receive(w->bus_);
}

static void byte_complete(lp_chipsim_wires_t *w, uint64_t now_us)
{
    bool ack;
    uint32_t held_us = 0;
    if (w->phase_ == ADDRESS) {
        w->reading_ = (w->byte_ & 1) != 0;
        ack = lp_cs_bus_start(w->bus_, w->byte_ >> 1, w->reading_, &held_us);
        w->scl_held_us_ = now_us + held_us;
    } else {
        ack = lp_chipsim_bus_send(w->bus_, w->byte_);
    }
    w->pull_ = ack;
    w->phase_ = ack ? WRITE_ACK : DEAF;
    w->bits_ = 0;
    w->byte_ = 0;
}

static void after_ack(lp_chipsim_wires_t *w)
{
    w->pull_ = false;
    if (w->reading_) {
        next_byte_out(w);
    } else {
        w->phase_ = WRITE;
    }
}

// What the chips put on SDA for the clock that comes.
static void on_falling_clock(lp_chipsim_wires_t *w, uint64_t now_us)
{
    if ((w->phase_ == ADDRESS || w->phase_ == WRITE) && w->bits_ == 8) {
        byte_complete(w, now_us);
    } else if (w->phase_ == WRITE_ACK) {
        after_ack(w);
    } else if (w->phase_ == READ && w->bits_ == 8) {
        w->phase_ = READ_ACK;
        w->pull_ = false;
        return;
    } else if (w->phase_ == READ_ACK) {
        next_byte_out(w);
    }
    if (w->phase_ == READ) {
        w->pull_ = (w->byte_ >> (7 - w->bits_) & 1) == 0;
    } else if (w->phase_ == DEAF) {
        w->pull_ = false;
    }
}

static void on_sda(lp_chipsim_wires_t *w, bool sda, uint64_t now_us)
{
    if (!sda) {
        w->sda_fell_us_ = now_us;
    } else {
        lp_cs_bus_low(w->bus_, 1000 * (now_us - w->sda_fell_us_));
    }
    // While a chip holds SDA low the master's edges are not on the wire.
    if (w->scl_ && !w->pull_) {
        sda ? on_stop(w) : on_start(w);
    }
}

static void on_scl(lp_chipsim_wires_t *w, bool scl, uint64_t now_us)
{
    if (!scl) {
        w->scl_fell_us_ = now_us;
        on_falling_clock(w, now_us);
        return;
    }
    if (now_us - w->scl_fell_us_ > SMBUS_TIMEOUT_US) {
        w->phase_ = QUIET;
        w->pull_ = false;
    }
    on_rising_clock(w, w->sda_ && !w->pull_);
}

bool lp_chipsim_wires_set(lp_chipsim_wires_t *w, bool scl, bool sda, uint64_t now_us)
{
    scl = scl && now_us >= w->scl_held_us_; // a wire that anybody holds is low
    // SCL falls before SDA may change, and rises after it has.
    if (!scl && w->scl_) {
        w->scl_ = false;
        on_scl(w, false, now_us);
    }
    if (sda != w->sda_) {
        w->sda_ = sda;
        on_sda(w, sda, now_us);
    }
    if (scl && !w->scl_) {
        w->scl_ = true;
        on_scl(w, true, now_us);
    }
    return w->sda_ && !w->pull_;
}

bool lp_chipsim_wires_scl(const lp_chipsim_wires_t *w)
{
    return w->scl_;
}
