// SPDX-License-Identifier: Apache-2.0
// SHT3x-DIS as its data sheet (Sensirion, version 6) has it: single shots without clock stretching,
// status, soft reset.
#include <math.h>
#include <string.h>

#include "parts_internal.h"

enum { HIGH_US = 12500, MEDIUM_US = 4500, LOW_US = 2500 }; // typical times, table 4

// Table 20: x^8 + x^5 + x^4 + 1, from 0xFF, a bit at a time.
static uint8_t checksum(uint8_t a, uint8_t b)
{
    uint32_t bits = (uint32_t)a << 8 | b;
    uint32_t rest = 0xFF;
    for (int i = 15; i >= 0; i--) {
        uint32_t carry = ((rest >> 7) ^ (bits >> i)) & 1u;
        rest = ((rest << 1) & 0xFFu) ^ (carry != 0 ? 0x31u : 0u);
    }
    return (uint8_t)rest;
}

static void put_word(lp_part_t *part, unsigned word)
{
    uint8_t *p = part->answer + part->answer_len;
    p[0] = (uint8_t)(word >> 8);
    p[1] = (uint8_t)word;
    p[2] = checksum(p[0], p[1]);
    part->answer_len += 3;
}

static unsigned word_of(double value, double low, double span)
{
    double w = round((value - low) / span * 65535.0);
    return w < 0 ? 0 : w > 65535 ? 65535 : (unsigned)w;
}

static void measure(lp_part_t *part, uint64_t time_us)
{
    part_values_refresh(&part->values);
    part->answer_len = 0;
    put_word(part, word_of(part->values.value[0], -45, 175));
    put_word(part, word_of(part->values.value[1], 0, 100));
    part->ready_us = part_now_us(part) + time_us;
}

static void written(void *ctx, lp_span_t bytes)
{
    lp_part_t *part = ctx;
    if (bytes.len < 2) {
        return;
    }
    switch ((unsigned)bytes.ptr[0] << 8 | bytes.ptr[1]) {
    case 0x2400:
        measure(part, HIGH_US);
        break;
    case 0x240B:
        measure(part, MEDIUM_US);
        break;
    case 0x2416:
        measure(part, LOW_US);
        break;
    case 0xF32D: // status: an alert is pending, and there was a reset, until it is cleared
        part->answer_len = 0;
        put_word(part, part->regs[0] != 0 ? 0x0000 : 0x8010);
        part->ready_us = 0;
        break;
    case 0x3041:
        part->regs[0] = 1;
        break;
    case 0x30A2:
        part->answer_len = 0;
        part->regs[0] = 0;
        break;
    default:
        break;
    }
}

// A read is not acknowledged while it measures, nor when there is nothing to say.
static bool addressed(void *ctx, bool read)
{
    const lp_part_t *part = ctx;
    return !read || (part->answer_len > 0 && part_now_us(part) >= part->ready_us);
}

static size_t read_answer(void *ctx, uint8_t *bytes, size_t cap)
{
    lp_part_t *part = ctx;
    size_t n = part->answer_len < cap ? part->answer_len : cap;
    memcpy(bytes, part->answer, n);
    part->answer_len = 0;
    return n;
}

static void init(lp_part_t *part)
{
    part->answer_len = 0;
}

const part_kind_t part_sht3x = {.name = "sht3x",
                                .addr = 0x44,
                                .values = 2,
                                .init = init,
                                .addressed = addressed,
                                .written = written,
                                .read = read_answer};
