// SPDX-License-Identifier: Apache-2.0
#include "limpet/sht3x.h"

enum {
    MEASURE_HIGH = 0x24, // single shot, high repeatability,
    NO_STRETCH = 0x00,   // the clock is not held meanwhile
    MEASURE_MS = 16,     // 15.5 at most
    CRC_POLYNOMIAL = 0x31,
};

static uint8_t crc8(const uint8_t *bytes, size_t len)
{
    unsigned crc = 0xFF;
    for (size_t i = 0; i < len; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = (crc & 0x80u) != 0 ? (crc << 1) ^ CRC_POLYNOMIAL : crc << 1;
        }
        crc &= 0xFFu;
    }
    return (uint8_t)crc;
}

// A sixteenth-bit word of the sensor on a scale of `span` hundredths, rounded.
static int32_t scaled(const uint8_t *word, int32_t span)
{
    const uint32_t raw = (uint32_t)word[0] << 8 | word[1];
    return (int32_t)((raw * (uint32_t)span + 32767u) / 65535u);
}

static void on_read(void *ctx, lp_err_t err)
{
    lp_sht3x_t *s = ctx;
    if (err == LP_OK && (crc8(s->rx_, 2) != s->rx_[2] || crc8(s->rx_ + 3, 2) != s->rx_[5])) {
        err = LP_E_CRC;
    }
    const lp_sht3x_reading_t reading = {.temperature = scaled(s->rx_, 17500) - 4500,
                                        .humidity = scaled(s->rx_ + 3, 10000)};
    s->done_(s->ctx_, err, err == LP_OK ? &reading : NULL);
}

void lp_sht3x_init(lp_sht3x_t *s, lp_loop_t *loop, lp_i2c_bus_t *bus, uint8_t addr)
{
    *s = (lp_sht3x_t){.addr_ = addr};
    lp_i2c_seq_init(&s->seq_, loop, bus);
}

lp_err_t lp_sht3x_measure(lp_sht3x_t *s, lp_sht3x_done_fn *done, void *ctx)
{
    static const uint8_t command[] = {MEASURE_HIGH, NO_STRETCH};
    const lp_i2c_seq_step_t step = {.addr = s->addr_,
                                    .tx = {command, sizeof command},
                                    .wait_ms = MEASURE_MS,
                                    .rx = s->rx_,
                                    .rx_len = sizeof s->rx_,
                                    .done = on_read,
                                    .ctx = s};
    const lp_err_t err = lp_i2c_seq_start(&s->seq_, &step);
    if (err == LP_OK) {
        s->done_ = done;
        s->ctx_ = ctx;
    }
    return err;
}
