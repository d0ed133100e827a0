// SPDX-License-Identifier: Apache-2.0
// DS2482-100 as its data sheet (Maxim 19-4930) has it, with a wire of DS18B20s behind it.
#include "parts_internal.h"

enum { STATUS, CONFIG, DATA };
enum { AT_STATUS = 0xF0, AT_DATA = 0xE1, AT_CONFIG = 0xC3 };
enum {
    BUSY = 1,
    PRESENCE = 2,
    SHORT = 4,
    LEVEL = 8,
    WAS_RESET = 16,
    SBR = 32,
    TSB = 64,
    DIR = 128
};
enum { STRONG = 4 };
// Table "1-Wire timing", standard speed.
enum {
    RESET_LOW_US = 600,
    RESET_US = 1180,
    WRITE_ONE_US = 8,
    WRITE_ZERO_US = 64,
    SLOT_US = 70,
    SAMPLE_US = 15
};

static void set_bits(lp_part_t *p, unsigned mask, unsigned bits)
{
    p->regs[STATUS] = (uint8_t)((p->regs[STATUS] & ~mask) | bits);
}

static void busy_for(lp_part_t *p, unsigned us)
{
    p->ready_us = part_now_us(p) + us;
    p->pointer = AT_STATUS;
}

// A slot; what the wire said.
static bool slot(lp_part_t *p, bool bit)
{
    lp_wire_echo_t echo = lp_wire_pulse(p->wire, bit ? WRITE_ONE_US : WRITE_ZERO_US);
    return bit && echo.low_us <= SAMPLE_US;
}

// The strong pull-up takes over behind the last bit, and ends with the next command for the wire.
static void end_pullup(lp_part_t *p)
{
    lp_wire_feed(p->wire, false);
}

static void start_pullup(lp_part_t *p)
{
    if ((p->regs[CONFIG] & STRONG) != 0) {
        lp_wire_feed(p->wire, true);
        p->regs[CONFIG] &= (uint8_t)~STRONG;
    }
}

static void wire_reset(lp_part_t *p)
{
    lp_wire_echo_t echo = lp_wire_pulse(p->wire, RESET_LOW_US);
    set_bits(p, PRESENCE | SHORT,
             echo.low_us == LP_WIRE_LOW ? SHORT
             : echo.presence_us > 0     ? PRESENCE
                                        : 0);
    busy_for(p, RESET_US);
}

static void write_byte(lp_part_t *p, unsigned value)
{
    for (int i = 0; i < 8; i++) {
        (void)slot(p, (value >> i & 1) != 0);
    }
    start_pullup(p);
    busy_for(p, 8 * SLOT_US);
}

static void read_byte(lp_part_t *p)
{
    unsigned value = 0;
    for (int i = 0; i < 8; i++) {
        value |= slot(p, true) ? 1u << i : 0;
    }
    p->regs[DATA] = (uint8_t)value;
    start_pullup(p);
    busy_for(p, 8 * SLOT_US);
}

static void single_bit(lp_part_t *p, bool bit)
{
    set_bits(p, SBR, slot(p, bit) ? SBR : 0);
    start_pullup(p);
    busy_for(p, SLOT_US);
}

// Table 3: the direction of the caller counts only where there are both kinds.
static void triplet(lp_part_t *p, bool wish)
{
    bool first = slot(p, true);
    bool second = slot(p, true);
    bool direction = !first && !second ? wish : first;
    (void)slot(p, direction);
    set_bits(p, SBR | TSB | DIR, (first ? SBR : 0) | (second ? TSB : 0) | (direction ? DIR : 0));
    busy_for(p, 3 * SLOT_US);
}

static void device_reset(lp_part_t *p)
{
    lp_wire_feed(p->wire, false);
    p->regs[STATUS] = WAS_RESET | LEVEL;
    p->regs[CONFIG] = 0;
    p->ready_us = 0;
    p->pointer = AT_STATUS;
}

static void write_config(lp_part_t *p, unsigned value)
{
    if ((value >> 4 ^ (value & 15u)) != 15u) {
        return; // its halves are not contrary
    }
    p->regs[CONFIG] = (uint8_t)(value & 15u);
    if ((value & STRONG) == 0) {
        end_pullup(p);
    }
    set_bits(p, WAS_RESET, 0);
    p->pointer = AT_CONFIG;
}

static void wire_command(lp_part_t *p, uint8_t command, const uint8_t *param)
{
    end_pullup(p);
    switch (command) {
    case 0xB4:
        wire_reset(p);
        break;
    case 0x96:
        read_byte(p);
        break;
    case 0xA5:
        write_byte(p, *param);
        break;
    case 0x87:
        single_bit(p, (*param & 0x80) != 0);
        break;
    case 0x78:
        triplet(p, (*param & 0x80) != 0);
        break;
    default:
        break;
    }
}

static void written(void *ctx, lp_span_t bytes)
{
    lp_part_t *p = ctx;
    uint8_t command = bytes.len > 0 ? bytes.ptr[0] : 0;
    bool has_param = bytes.len > 1;
    bool needs_param = command == 0xA5 || command == 0x87 || command == 0x78;
    if (command == 0xF0) {
        device_reset(p);
    } else if (command == 0xE1 && has_param) {
        uint8_t to = bytes.ptr[1];
        p->pointer = to == AT_DATA || to == AT_CONFIG ? to : AT_STATUS;
    } else if (part_now_us(p) < p->ready_us || (needs_param && !has_param)) {
        return; // no acknowledge
    } else if (command == 0xD2 && has_param) {
        write_config(p, bytes.ptr[1]);
    } else {
        wire_command(p, command, bytes.ptr + 1);
    }
}

static bool addressed(void *ctx, bool read)
{
    (void)ctx;
    (void)read;
    return true;
}

// The same register again and again.
static size_t read_register(void *ctx, uint8_t *bytes, size_t cap)
{
    lp_part_t *p = ctx;
    set_bits(p, BUSY, part_now_us(p) < p->ready_us ? BUSY : 0);
    uint8_t value = p->pointer == AT_DATA     ? p->regs[DATA]
                    : p->pointer == AT_CONFIG ? p->regs[CONFIG]
                                              : p->regs[STATUS];
    for (size_t i = 0; i < cap; i++) {
        bytes[i] = value;
    }
    return cap;
}

static bool parse(lp_part_t *p, const char *values)
{
    p->wire = lp_wire_new(values, false, &p->clock);
    return p->wire != NULL;
}

static bool parse_parasitic(lp_part_t *p, const char *values)
{
    p->wire = lp_wire_new(values, true, &p->clock);
    return p->wire != NULL;
}

static void release(lp_part_t *p)
{
    lp_wire_free(p->wire);
}

const part_kind_t part_ds18b20 = {
    .name = "ds18b20",
    .addr = 0x18,
    .wants = "the temperatures of 1 to 8 sensors with commas, or a file that has them",
    .parse = parse,
    .release = release,
    .init = device_reset,
    .addressed = addressed,
    .written = written,
    .read = read_register};
const part_kind_t part_ds18b20_parasite = {
    .name = "ds18b20-parasite",
    .addr = 0x18,
    .wants = "the temperatures of 1 to 8 sensors with commas, or a file that has them",
    .parse = parse_parasitic,
    .release = release,
    .init = device_reset,
    .addressed = addressed,
    .written = written,
    .read = read_register};
