// SPDX-License-Identifier: Apache-2.0
// SC18IS602B as its data sheet (NXP, rev. 7) has it, with a MAX31855 (Maxim 19-5793) on select line
// 0: what is sent to that line comes back as what the thermocouple's part says.
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "parts_internal.h"

enum { BUFFER_BYTES = 200, MODE_MASK = 0x0C, ORDER = 0x20, SELECT0 = 1 };
static const double RATES_KHZ[4] = {1843, 461, 115, 58};

typedef enum { TROUBLE_NONE, TROUBLE_OPEN, TROUBLE_GROUND, TROUBLE_SUPPLY, TROUBLE_GONE } trouble_t;

static bool parse_text(const char *text, trouble_t *trouble, part_values_t *values)
{
    static const char *const words[] = {"", "open", "ground", "supply", "gone"};
    char word[16] = "";
    (void)sscanf(text, " %15s", word);
    for (int i = TROUBLE_OPEN; i <= TROUBLE_GONE; i++) {
        if (strcmp(word, words[i]) == 0) {
            *trouble = (trouble_t)i;
            return true;
        }
    }
    part_values_t fresh;
    if (!part_values_init(&fresh, text, 2) || fresh.file[0] != '\0') {
        return false;
    }
    *trouble = TROUBLE_NONE;
    memcpy(values->value, fresh.value, sizeof fresh.value);
    return true;
}

static bool parse_file(lp_part_t *p)
{
    char text[200];
    trouble_t trouble = TROUBLE_NONE;
    FILE *file = fopen(p->values.file, "r");
    if (file == NULL) {
        return false;
    }
    size_t n = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[n] = '\0';
    bool is_right = parse_text(text, &trouble, &p->values);
    p->regs[0] = is_right ? (uint8_t)trouble : p->regs[0];
    return is_right;
}

static bool parse(lp_part_t *p, const char *values)
{
    trouble_t trouble = TROUBLE_NONE;
    p->values = (part_values_t){.count = 2};
    if (parse_text(values, &trouble, &p->values)) {
        p->regs[0] = (uint8_t)trouble;
        return true;
    }
    return snprintf(p->values.file, sizeof p->values.file, "%s", values) <
               (int)sizeof p->values.file &&
           parse_file(p);
}

// Table 2: 14 bits of the thermocouple, a fault, 12 bits of the part, and which fault.
static uint32_t conversion(const lp_part_t *p)
{
    static const uint32_t faults[] = {0, 0x10001, 0x10002, 0x10004, 0xFFFFFFFF};
    uint32_t hot = (uint32_t)(int32_t)lround(p->values.value[0] * 4) & 0x3FFF;
    uint32_t cold = (uint32_t)(int32_t)lround(p->values.value[1] * 16) & 0xFFF;
    return hot << 18 | cold << 4 | faults[p->regs[0]];
}

// The other mode samples where this part moves its data; the other order turns each byte round.
static uint8_t as_master_sees(const lp_part_t *p, uint8_t byte)
{
    uint8_t turned = 0;
    for (int i = 0; i < 8; i++) {
        turned |= (uint8_t)((byte >> i & 1) << (7 - i));
    }
    byte = (p->pointer & ORDER) != 0 ? turned : byte;
    return (p->pointer & MODE_MASK) != 0 ? (uint8_t)(byte << 1) : byte;
}

static void exchange(lp_part_t *p, uint8_t lines, size_t len)
{
    double bits_us = (double)len * 8000.0 / RATES_KHZ[p->pointer & 3];
    if (p->values.file[0] != '\0') {
        (void)parse_file(p);
    }
    uint32_t word = conversion(p);
    p->answer_len = len < sizeof p->answer ? len : sizeof p->answer;
    for (size_t i = 0; i < p->answer_len; i++) {
        uint8_t said = i < 4 ? (uint8_t)(word >> (24 - 8 * i)) : 0;
        p->answer[i] = (lines & SELECT0) != 0 ? as_master_sees(p, said) : 0xFF;
    }
    p->ready_us = part_now_us(p) + (uint64_t)bits_us;
}

static void written(void *ctx, lp_span_t bytes)
{
    lp_part_t *p = ctx;
    if (bytes.len < 2 || bytes.len > 1 + BUFFER_BYTES) {
        return;
    }
    if (bytes.ptr[0] == 0xF0) {
        p->pointer = bytes.ptr[1];
    } else if (bytes.ptr[0] >= 1 && bytes.ptr[0] <= 15) {
        exchange(p, bytes.ptr[0], bytes.len - 1);
    }
}

// No acknowledge while its SPI side is busy.
static bool addressed(void *ctx, bool read)
{
    const lp_part_t *p = ctx;
    (void)read;
    return part_now_us(p) >= p->ready_us;
}

static size_t read_buffer(void *ctx, uint8_t *bytes, size_t cap)
{
    const lp_part_t *p = ctx;
    size_t n = p->answer_len < cap ? p->answer_len : cap;
    memcpy(bytes, p->answer, n);
    return n;
}

static void init(lp_part_t *p)
{
    p->pointer = 0;
}

const part_kind_t part_max31855 = {
    .name = "max31855",
    .addr = 0x28,
    .wants = "thermocouple,board in degrees; open, ground, supply, gone; or a file that has this",
    .parse = parse,
    .init = init,
    .addressed = addressed,
    .written = written,
    .read = read_buffer};
