// SPDX-License-Identifier: Apache-2.0
// The I2C device (chapter 6, L2022): word addresses, the two FIFOs, when an address is
// acknowledged.
#include <string.h>

#include "internal.h"

enum { WORD_RESET = 0x00, WORD_SLEEP = 0x01, WORD_IDLE = 0x02, WORD_COMMAND = 0x03 };

bool lp_cs_io_addressed(lp_chipsim_t *c, uint8_t addr)
{
    lp_cs_tick(c);
    bool i2c = (c->image.config[CFG_I2C_ENABLE] & 1) != 0;
    return i2c && c->power == PWR_AWAKE && !c->busy && addr == c->addr;
}

// How many bytes of the group in front of us are still to come; the first byte is the count.
static size_t wanted(size_t have, uint8_t count)
{
    size_t total = have == 0 ? 1 : count;
    total = total < 1 ? 1 : total;
    total = total > GROUP_MAX ? GROUP_MAX : total;
    return total > have ? total - have : 0;
}

static size_t in_fifo(const lp_chipsim_t *c)
{
    return c->was_read ? 0 : c->in_len;
}

// Bytes beyond the count are not acknowledged (L2291); everything else is.
bool lp_cs_io_acks(const lp_chipsim_t *c, const uint8_t *bytes, size_t n)
{
    if (n == 0 || bytes[0] != WORD_COMMAND) {
        return true;
    }
    size_t have = in_fifo(c);
    uint8_t count = have > 0 ? c->in[0] : bytes[1];
    if (have + n - 1 == 0) {
        return true;
    }
    return wanted(have + n - 1, count) > 0;
}

static void receive(lp_chipsim_t *c, const uint8_t *bytes, size_t len)
{
    if (c->was_read) { // the first write after reads starts at the beginning (L2322)
        c->in_len = 0;
        c->was_read = false;
    }
    for (size_t i = 0; i < len && wanted(c->in_len, c->in[0]) > 0; i++) {
        c->in[c->in_len++] = bytes[i];
        c->out_len = 0;
        c->out_pos = 0;
    }
}

// Execution begins with the STOP after the last byte (L2086).
void lp_cs_io_stop(lp_chipsim_t *c)
{
    if (c->power != PWR_AWAKE || c->busy || c->in_len == 0) {
        return;
    }
    bool bad_count = c->in[0] < GROUP_MIN || c->in[0] > GROUP_MAX;
    if (bad_count || wanted(c->in_len, c->in[0]) == 0) {
        lp_cs_execute(c);
    }
}

void lp_cs_io_write(lp_chipsim_t *c, const uint8_t *bytes, size_t len)
{
    if (len == 0) {
        return;
    }
    switch (bytes[0]) {
    case WORD_RESET:
        c->out_pos = 0;
        c->in_len = 0;
        break;
    case WORD_SLEEP:
        lp_cs_fall_asleep(c);
        break;
    case WORD_IDLE:
        lp_cs_fall_idle(c);
        break;
    case WORD_COMMAND:
        receive(c, bytes + 1, len - 1);
        break;
    default: // reserved: "should not be sent"; nothing happens
        break;
    }
}

// Beyond the end, and while a command is only half there, the bus floats: 0xFF.
size_t lp_cs_io_peek(lp_chipsim_t *c, uint8_t *bytes, size_t cap)
{
    size_t n = in_fifo(c) > 0 ? 0 : c->out_len - c->out_pos;
    n = n < cap ? n : cap;
    memcpy(bytes, c->out + c->out_pos, n);
    return n;
}

void lp_cs_io_consume(lp_chipsim_t *c, size_t n)
{
    if (in_fifo(c) > 0) {
        return;
    }
    size_t left = c->out_len - c->out_pos;
    c->out_pos += n < left ? n : left;
    c->was_read = true;
}

// ---- single-wire parts: the same FIFOs behind flags (L1941) -----------------

enum { FLAG_COMMAND = 0x77, FLAG_TRANSMIT = 0x88, FLAG_IDLE = 0xBB, FLAG_SLEEP = 0xCC };

void lp_chipsim_swi_wake(lp_chipsim_t *c)
{
    lp_cs_wake(c);
}

lp_err_t lp_chipsim_swi(lp_chipsim_t *c, uint8_t flag, lp_span_t in, lp_buf_t *out)
{
    if ((c->image.config[CFG_I2C_ENABLE] & 1) != 0) {
        return LP_E_UNSUPPORTED;
    }
    lp_cs_tick(c);
    if (c->power != PWR_AWAKE || c->busy) {
        return LP_E_I2C_NACK;
    }
    switch (flag) {
    case FLAG_COMMAND:
        receive(c, in.ptr, in.len);
        lp_cs_io_stop(c);
        return LP_OK;
    case FLAG_TRANSMIT:
        out->len = lp_cs_io_peek(c, out->ptr, out->cap);
        return out->len > 0 ? LP_OK : LP_E_I2C_NACK;
    case FLAG_IDLE:
        lp_cs_fall_idle(c);
        return LP_OK;
    case FLAG_SLEEP:
        lp_cs_fall_asleep(c);
        return LP_OK;
    default:
        return LP_E_INVALID;
    }
}
