// SPDX-License-Identifier: Apache-2.0
// The SC18IM700 protocol (docs/adapter-protocol.md): bytes in, bus transactions, bytes out. No I/O
// here.
#include <string.h>

#include "limpet/chipsim_server.h"
#include "limpet/endian.h"

enum {
    REG_IOSTATE = 0x04,
    REG_CLKL = 0x07,
    REG_CLKH = 0x08,
    REG_STAT = 0x0A,
    STAT_OK = 0xF0,
    STAT_NACK_ADDR = 0xF1,
    STAT_NACK_DATA = 0xF2,
    STAT_TIMEOUT = 0xF8,
    CRYSTAL_HZ = 7372800,
};

// A command with a time: 'T', the master's clock in microseconds, how many bytes of commands
// follow.
enum { TIMED_HEAD = 1 + 8 + 2, TIMED_ANSWER_HEAD = 4 + 4 + 2, TIMED_ANSWER_MAX = 1024 };

// Collects the answer to one command.
typedef struct {
    void (*out)(void *ctx, lp_span_t bytes);
    void *ctx;
} sink_t;

static void answer(const sink_t *s, const uint8_t *bytes, size_t len)
{
    if (len > 0) {
        s->out(s->ctx, lp_span(bytes, len));
    }
}

static uint32_t rate_of(const lp_chipsim_bridge_t *b)
{
    const uint32_t ticks = (uint32_t)b->regs_[REG_CLKL] + b->regs_[REG_CLKH];
    return CRYSTAL_HZ / 2 / (ticks > 0 ? ticks : 1);
}

static void set_rate(lp_chipsim_bridge_t *b)
{
    lp_chipsim_bus_set_rate(b->bus_, rate_of(b));
}

// In a command with a time the wire takes its own: the chips' clock goes on by so many bits.
static void pass(lp_chipsim_bridge_t *b, unsigned bits)
{
    if (b->clock_ != NULL && b->clock_->is_told_) {
        const uint64_t before_us = b->wire_ns_ / 1000;
        b->wire_ns_ += 1000000000u / rate_of(b) * bits;
        lp_chipsim_master_clock_pass(b->clock_, b->wire_ns_ / 1000 - before_us);
    }
}

void lp_chipsim_bridge_init(lp_chipsim_bridge_t *b, lp_chipsim_bus_t *bus)
{
    static const uint8_t defaults[LP_CHIPSIM_BRIDGE_REGS] = {0xF0, 0x02, 0x55, 0x55, 0x0F,   0x00,
                                                             0x26, 0x13, 0x13, 0x66, STAT_OK};
    memset(b, 0, sizeof *b);
    b->bus_ = bus;
    memcpy(b->regs_, defaults, sizeof defaults);
    set_rate(b);
}

void lp_chipsim_bridge_set_clock(lp_chipsim_bridge_t *b, lp_chipsim_master_clock_t *clock)
{
    b->clock_ = clock;
}

void lp_chipsim_bridge_reset(lp_chipsim_bridge_t *b)
{
    b->in_len_ = 0;
}

// ---- how long is the command at the front? ----------------------------------

enum { UNKNOWN = 0, MORE = -1 };

// S addr n [data] {S addr n [data]} P
static long length_of_s(const uint8_t *p, size_t have)
{
    size_t at = 0;
    while (at < have && p[at] == 'S') {
        if (have < at + 3) {
            return MORE;
        }
        bool read = (p[at + 1] & 1) != 0;
        at += 3 + (read ? 0u : p[at + 2]);
    }
    if (at >= have) {
        return MORE;
    }
    return p[at] == 'P' ? (long)at + 1 : UNKNOWN;
}

// R reg.. P: register numbers are small, so 'P' ends the list. W reg value .. P: in pairs.
static long length_of_registers(const uint8_t *p, size_t have, size_t step)
{
    for (size_t at = 1; at < have; at += step) {
        if (p[at] == 'P') {
            return (long)at + 1;
        }
    }
    return MORE;
}

static long length_of_fixed(const uint8_t *p, size_t have, size_t len)
{
    if (have < len) {
        return MORE;
    }
    return p[len - 1] == 'P' ? (long)len : UNKNOWN;
}

static long length_of_timed(const uint8_t *p, size_t have)
{
    if (have < TIMED_HEAD) {
        return MORE;
    }
    const size_t n = lp_get_le16(p + 9);
    if (n > LP_CHIPSIM_BRIDGE_TIMED_MAX) {
        return UNKNOWN;
    }
    return have < TIMED_HEAD + n ? MORE : (long)(TIMED_HEAD + n);
}

static long command_length(const uint8_t *p, size_t have)
{
    switch (p[0]) {
    case 'T':
        return length_of_timed(p, have);
    case 'S':
        return length_of_s(p, have);
    case 'R':
        return length_of_registers(p, have, 1);
    case 'W':
        return length_of_registers(p, have, 2);
    case 'I':
        return length_of_fixed(p, have, 2);
    case 'O':
        return length_of_fixed(p, have, 3);
    case 'Z':
        return length_of_fixed(p, have, 4);
    default:
        return UNKNOWN;
    }
}

// ---- doing it ---------------------------------------------------------------

enum { BYTE_BITS = 9 }; // with its acknowledge; a START or STOP takes about one

static uint8_t write_part(lp_chipsim_bridge_t *b, const uint8_t *p)
{
    pass(b, 1 + BYTE_BITS);
    if (!lp_chipsim_bus_start(b->bus_, p[1] >> 1, false)) {
        return STAT_NACK_ADDR;
    }
    for (size_t i = 0; i < p[2]; i++) {
        pass(b, BYTE_BITS);
        if (!lp_chipsim_bus_send(b->bus_, p[3 + i])) {
            return STAT_NACK_DATA;
        }
    }
    return STAT_OK;
}

static uint8_t read_part(lp_chipsim_bridge_t *b, const uint8_t *p, const sink_t *s)
{
    uint8_t bytes[256];
    pass(b, 1 + BYTE_BITS);
    if (!lp_chipsim_bus_start(b->bus_, p[1] >> 1, true)) {
        return STAT_NACK_ADDR;
    }
    for (size_t i = 0; i < p[2]; i++) {
        bytes[i] = lp_chipsim_bus_receive(b->bus_);
        pass(b, BYTE_BITS);
    }
    answer(s, bytes, p[2]);
    return STAT_OK;
}

static void transfer(lp_chipsim_bridge_t *b, const uint8_t *p, const sink_t *s)
{
    uint8_t stat = STAT_OK;
    while (*p == 'S' && stat == STAT_OK) {
        bool read = (p[1] & 1) != 0;
        stat = read ? read_part(b, p, s) : write_part(b, p);
        p += 3 + (read ? 0u : p[2]);
    }
    lp_chipsim_bus_stop(b->bus_);
    pass(b, 1);
    bool is_late = lp_chipsim_bus_is_stuck(b->bus_) || lp_chipsim_bus_has_timed_out(b->bus_);
    b->regs_[REG_STAT] = is_late ? STAT_TIMEOUT : stat;
}

static void read_registers(lp_chipsim_bridge_t *b, const uint8_t *p, size_t len, const sink_t *s)
{
    for (size_t i = 1; i + 1 < len; i++) {
        uint8_t value = p[i] < LP_CHIPSIM_BRIDGE_REGS ? b->regs_[p[i]] : 0xFF;
        answer(s, &value, 1);
    }
}

static void write_registers(lp_chipsim_bridge_t *b, const uint8_t *p, size_t len)
{
    for (size_t i = 1; i + 2 < len; i += 2) {
        if (p[i] < REG_STAT) {
            b->regs_[p[i]] = p[i + 1];
        }
    }
    set_rate(b);
}

static void perform(lp_chipsim_bridge_t *b, const uint8_t *p, size_t len, const sink_t *s)
{
    switch (p[0]) {
    case 'S':
        transfer(b, p, s);
        break;
    case 'R':
        read_registers(b, p, len, s);
        break;
    case 'W':
        write_registers(b, p, len);
        break;
    case 'I':
        answer(s, &b->regs_[REG_IOSTATE], 1);
        break;
    case 'O':
        b->regs_[REG_IOSTATE] = p[1];
        break;
    default: // power-down of the bridge: it wakes with the next byte, so nothing is to be done
        break;
    }
}

// ---- commands with a time -----------------------------------------------------

typedef struct {
    uint8_t bytes[TIMED_ANSWER_MAX];
    size_t len;
} held_t;

// What does not fit is lost, as it would be for a master that asks for more than it takes.
static void hold(void *ctx, lp_span_t bytes)
{
    held_t *h = ctx;
    const size_t n = bytes.len < sizeof h->bytes - h->len ? bytes.len : sizeof h->bytes - h->len;
    memcpy(h->bytes + h->len, bytes.ptr, n);
    h->len += n;
}

// The commands inside are whole; what is not one is dropped.
static void perform_timed(lp_chipsim_bridge_t *b, const uint8_t *p, size_t len, const sink_t *s)
{
    held_t held = {.len = 0};
    const sink_t inside = {.out = hold, .ctx = &held};
    b->wire_ns_ = 0;
    lp_chipsim_master_clock_tell(b->clock_, lp_get_le64(p + 1));
    for (size_t at = TIMED_HEAD; at < len;) {
        const long n = p[at] != 'T' ? command_length(p + at, len - at) : UNKNOWN;
        if (n > 0) {
            perform(b, p + at, (size_t)n, &inside);
        }
        at += n > 0 ? (size_t)n : 1;
    }
    uint8_t head[TIMED_ANSWER_HEAD];
    memcpy(head, p + 1, 4);
    lp_put_le32(head + 4, (uint32_t)((b->wire_ns_ + 999) / 1000));
    lp_put_le16(head + 8, (uint16_t)held.len);
    answer(s, head, sizeof head);
    answer(s, held.bytes, held.len);
}

// A master that speaks without its time lives in the computer's.
static void perform_any(lp_chipsim_bridge_t *b, const uint8_t *p, size_t len, const sink_t *s)
{
    if (p[0] == 'T') {
        perform_timed(b, p, len, s);
        return;
    }
    if (b->clock_ != NULL) {
        lp_chipsim_master_clock_release(b->clock_);
    }
    perform(b, p, len, s);
}

static void drop(lp_chipsim_bridge_t *b, size_t n)
{
    b->in_len_ -= n;
    memmove(b->in_, b->in_ + n, b->in_len_);
}

static void work(lp_chipsim_bridge_t *b, const sink_t *s)
{
    while (b->in_len_ > 0) {
        const bool is_known = b->in_[0] != 'T' || b->clock_ != NULL;
        long n = is_known ? command_length(b->in_, b->in_len_) : UNKNOWN;
        if (n == MORE && b->in_len_ < sizeof b->in_) {
            return;
        }
        if (n > 0) {
            perform_any(b, b->in_, (size_t)n, s);
            drop(b, (size_t)n);
        } else {
            drop(b, 1); // no command begins here
        }
    }
}

void lp_chipsim_bridge_feed(lp_chipsim_bridge_t *b, lp_span_t in,
                            void (*out)(void *ctx, lp_span_t bytes), void *ctx)
{
    sink_t sink = {.out = out, .ctx = ctx};
    while (in.len > 0) {
        size_t room = sizeof b->in_ - b->in_len_;
        size_t n = in.len < room ? in.len : room;
        memcpy(b->in_ + b->in_len_, in.ptr, n);
        b->in_len_ += n;
        in.ptr += n;
        in.len -= n;
        work(b, &sink);
    }
}
