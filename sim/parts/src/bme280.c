// SPDX-License-Identifier: Apache-2.0
// BME280 as its data sheet (BST-BME280-DS002) has it: registers, forced mode, and a converter whose
// numbers are found by running the sheet's compensation in floating point (appendix 8.1) backwards.
#include <math.h>
#include <string.h>

#include "parts_internal.h"

enum {
    REG_TRIM = 0x88,
    REG_ID = 0xD0,
    REG_RESET = 0xE0,
    REG_TRIM_H = 0xE1,
    REG_CTRL_HUM = 0xF2,
    REG_STATUS = 0xF3,
    REG_CTRL_MEAS = 0xF4,
    REG_DATA = 0xF7,
    MEASURE_US = 8000, // 1.25 + 2.3 * 3, section 9.1
};

// T and P are the sheet's worked example (BMP280, 3.12); H are those of an ordinary part.
static const double T1 = 27504, T2 = 26435, T3 = -1000;
static const double P[10] = {0, 36477, -10685, 3024, 2855, 140, -7, 15500, -14600, 6000};
static const double H1 = 75, H2 = 362, H3 = 0, H4 = 313, H5 = 50, H6 = 30;

static double t_fine(double adc)
{
    double v1 = (adc / 16384.0 - T1 / 1024.0) * T2;
    double v2 = (adc / 131072.0 - T1 / 8192.0) * (adc / 131072.0 - T1 / 8192.0) * T3;
    return v1 + v2;
}

static double celsius(double adc, double unused)
{
    (void)unused;
    return t_fine(adc) / 5120.0;
}

static double pascal(double adc, double t)
{
    double v1 = t / 2.0 - 64000.0;
    double v2 = v1 * v1 * P[6] / 32768.0;
    v2 = v2 + v1 * P[5] * 2.0;
    v2 = v2 / 4.0 + P[4] * 65536.0;
    v1 = (P[3] * v1 * v1 / 524288.0 + P[2] * v1) / 524288.0;
    v1 = (1.0 + v1 / 32768.0) * P[1];
    double p = 1048576.0 - adc;
    p = (p - v2 / 4096.0) * 6250.0 / v1;
    v1 = P[9] * p * p / 2147483648.0;
    v2 = p * P[8] / 32768.0;
    return p + (v1 + v2 + P[7]) / 16.0;
}

static double percent(double adc, double t)
{
    double h = t - 76800.0;
    h = (adc - (H4 * 64.0 + H5 / 16384.0 * h)) *
        (H2 / 65536.0 * (1.0 + H6 / 67108864.0 * h * (1.0 + H3 / 67108864.0 * h)));
    return h * (1.0 - H1 * h / 524288.0);
}

// The converter's number for which f() gives `value`; f() rises or falls over the whole range.
static unsigned invert(double (*f)(double adc, double t), double t, double value, unsigned top)
{
    unsigned low = 0;
    unsigned high = top;
    bool rises = f(top, t) > f(0, t);
    while (low < high) {
        unsigned middle = low + (high - low) / 2;
        if ((f(middle, t) < value) == rises) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static void put20(uint8_t *p, unsigned value)
{
    p[0] = (uint8_t)(value >> 12);
    p[1] = (uint8_t)(value >> 4);
    p[2] = (uint8_t)(value << 4);
}

static void measure(lp_part_t *part)
{
    part_values_refresh(&part->values);
    const double *v = part->values.value;
    unsigned t_adc = invert(celsius, 0, v[0], 0xFFFFF);
    double t = t_fine(t_adc);
    unsigned h_adc = invert(percent, t, v[1], 0xFFFF);
    put20(part->regs + REG_DATA, invert(pascal, t, v[2] * 100, 0xFFFFF));
    put20(part->regs + REG_DATA + 3, t_adc);
    part->regs[REG_DATA + 6] = (uint8_t)(h_adc >> 8);
    part->regs[REG_DATA + 7] = (uint8_t)h_adc;
    part->ready_us = part_now_us(part) + MEASURE_US;
}

static void put16(uint8_t *p, double value)
{
    int v = (int)value;
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)((unsigned)v >> 8);
}

// After power-up and reset: nothing measured (0x80000), asleep.
static void init(lp_part_t *part)
{
    uint8_t *r = part->regs;
    memset(r, 0, sizeof part->regs);
    const double t[] = {T1, T2, T3};
    for (size_t i = 0; i < 3; i++) {
        put16(r + REG_TRIM + 2 * i, t[i]);
    }
    for (size_t i = 1; i < 10; i++) {
        put16(r + REG_TRIM + 4 + 2 * i, P[i]);
    }
    r[REG_TRIM + 25] = (uint8_t)H1;
    put16(r + REG_TRIM_H, H2);
    r[REG_TRIM_H + 2] = (uint8_t)H3;
    r[REG_TRIM_H + 3] = (uint8_t)((unsigned)H4 >> 4);
    r[REG_TRIM_H + 4] = (uint8_t)(((unsigned)H4 & 15u) | ((unsigned)H5 & 15u) << 4);
    r[REG_TRIM_H + 5] = (uint8_t)((unsigned)H5 >> 4);
    r[REG_TRIM_H + 6] = (uint8_t)H6;
    r[REG_ID] = 0x60;
    r[REG_DATA] = 0x80;
    r[REG_DATA + 3] = 0x80;
    r[REG_DATA + 6] = 0x80;
    part->ready_us = 0;
}

static void write_register(lp_part_t *part, uint8_t reg, uint8_t value)
{
    if (reg == REG_RESET && value == 0xB6) {
        init(part);
    } else if (reg == REG_CTRL_HUM || reg == REG_CTRL_MEAS || reg == 0xF5) {
        part->regs[reg] = value;
        unsigned mode = value & 3u;
        if (reg == REG_CTRL_MEAS && (mode == 1 || mode == 2)) {
            measure(part);
        }
    }
}

// The first byte is a register; then values, each but the first behind a register of its own.
static void written(void *ctx, lp_span_t bytes)
{
    lp_part_t *part = ctx;
    if (bytes.len > 0) {
        part->pointer = bytes.ptr[0];
    }
    for (size_t i = 0; i + 1 < bytes.len; i += 2) {
        write_register(part, bytes.ptr[i], bytes.ptr[i + 1]);
    }
}

static bool addressed(void *ctx, bool read)
{
    (void)ctx;
    (void)read;
    return true;
}

static size_t read_registers(void *ctx, uint8_t *bytes, size_t cap)
{
    lp_part_t *part = ctx;
    bool is_measuring = part_now_us(part) < part->ready_us;
    part->regs[REG_STATUS] = is_measuring ? 0x08 : 0;
    if (!is_measuring) {
        part->regs[REG_CTRL_MEAS] &= 0xFC; // back to sleep
    }
    size_t n = 256u - part->pointer < cap ? 256u - part->pointer : cap;
    memcpy(bytes, part->regs + part->pointer, n);
    // The registers keep the last result until the measurement is over.
    for (size_t i = 0; is_measuring && i < n; i++) {
        if (part->pointer + i >= REG_DATA) {
            bytes[i] = (part->pointer + i - REG_DATA) % 3 == 0 ? 0x80 : 0;
        }
    }
    return n;
}

const part_kind_t part_bme280 = {.name = "bme280",
                                 .addr = 0x76,
                                 .values = 3,
                                 .init = init,
                                 .addressed = addressed,
                                 .written = written,
                                 .read = read_registers};
