// SPDX-License-Identifier: Apache-2.0
// From the converter's numbers to physical ones, in whole numbers. The polynomials are the data
// sheet's (4.2.3); they are computed in 64 bits here, so that no input a part can send overflows.
#include "limpet/bme280.h"

// The common fine temperature, in 1/5120 of a degree.
static int64_t fine(const lp_bme280_trim_t *trim, int32_t raw)
{
    const int64_t coarse = raw / 8 - (int64_t)trim->t1 * 2;
    const int64_t offset = raw / 16 - (int64_t)trim->t1;
    const int64_t linear = coarse * trim->t2 / 2048;
    const int64_t square = offset * offset / 4096 * trim->t3 / 16384;
    return linear + square;
}

// Beyond these no part is that measures air; cut there, nothing below can overflow whatever is
// sent.
static int64_t clamp(int64_t x, int64_t limit)
{
    if (x > limit) {
        return limit;
    }
    return x < -limit ? -limit : x;
}

#define TWO_TO(n) ((int64_t)1 << (n))

static int64_t pressure_divisor(const lp_bme280_trim_t *trim, int64_t d)
{
    const int64_t bend = d * d * trim->p3 / 256 + d * trim->p2 * 4096;
    return (TWO_TO(47) + bend) / TWO_TO(17) * trim->p1 / TWO_TO(16);
}

static uint32_t pressure(const lp_bme280_trim_t *trim, int64_t t, int32_t raw)
{
    const int64_t d = t - 128000;
    const int64_t divisor = pressure_divisor(trim, d);
    if (divisor <= 0) {
        return 0;
    }
    int64_t offset = d * d * trim->p6 + d * trim->p5 * TWO_TO(17);
    offset += (int64_t)trim->p4 * TWO_TO(35);
    const int64_t height = clamp((1048576 - (int64_t)raw) * TWO_TO(31) - offset, TWO_TO(51));
    int64_t p = clamp(height * 3125 / divisor, TWO_TO(36));
    const int64_t square = (p / 8192) * (p / 8192) * trim->p9 / TWO_TO(25);
    const int64_t linear = p * trim->p8 / TWO_TO(19);
    p = (p + square + linear) / 256 + (int64_t)trim->p7 * 16;
    return p < 0 ? 0 : (uint32_t)((p + 128) / 256);
}

static uint32_t humidity(const lp_bme280_trim_t *trim, int64_t t, int32_t raw)
{
    const int64_t d = t - 76800;
    const int64_t level =
        ((int64_t)raw * 16384 - (int64_t)trim->h4 * 1048576 - trim->h5 * d + 16384) / 32768;
    const int64_t bend = (d * trim->h6 / 1024) * (d * trim->h3 / 2048 + 32768) / 1024 + TWO_TO(21);
    int64_t h = clamp(level * ((bend * trim->h2 + 8192) / 16384), TWO_TO(40));
    h -= (h / 32768) * (h / 32768) / 128 * trim->h1 / 16;
    h = h < 0 ? 0 : h;
    h = h > 419430400 ? 419430400 : h; // 100 %
    return (uint32_t)((h / 4096 * 100 + 512) / 1024);
}

lp_bme280_reading_t lp_bme280_compensate(const lp_bme280_trim_t *trim, const lp_bme280_raw_t *raw)
{
    const int64_t t = fine(trim, raw->temperature);
    return (lp_bme280_reading_t){.temperature = (int32_t)((t * 5 + 128) / 256),
                                 .pressure = pressure(trim, t, raw->pressure),
                                 .humidity = humidity(trim, t, raw->humidity)};
}
