// SPDX-License-Identifier: Apache-2.0
#include "limpet/bme280.h"

enum {
    REG_ID = 0xD0,
    REG_TRIM = 0x88,   // 26 bytes, to 0xA1
    REG_TRIM_H = 0xE1, // 7 bytes
    REG_CTRL_HUM = 0xF2,
    REG_CTRL_MEAS = 0xF4,
    REG_DATA = 0xF7, // 8 bytes
    ID_BME280 = 0x60,
    ONCE_EACH = 0x01,   // humidity, oversampling 1
    FORCED_ONCE = 0x25, // temperature and pressure, oversampling 1, forced mode
    MEASURE_MS = 10,    // 9.3 at most
};

// What is done one after another; the calibration only when it is not known.
enum { ASK_ID, ASK_TRIM, ASK_TRIM_H, SET_HUMIDITY, SET_MODE, ASK_DATA, STEPS };

typedef struct {
    uint8_t tx[2];
    uint8_t tx_len;
    uint8_t rx_len;
    uint8_t wait_ms;
} step_t;

static const step_t steps[STEPS] = {
    [ASK_ID] = {{REG_ID, 0}, 1, 1, 0},
    [ASK_TRIM] = {{REG_TRIM, 0}, 1, 26, 0},
    [ASK_TRIM_H] = {{REG_TRIM_H, 0}, 1, 7, 0},
    [SET_HUMIDITY] = {{REG_CTRL_HUM, ONCE_EACH}, 2, 0, 0},
    [SET_MODE] = {{REG_CTRL_MEAS, FORCED_ONCE}, 2, 0, 0},
    [ASK_DATA] = {{REG_DATA, 0}, 1, 8, MEASURE_MS},
};

static uint16_t u16(const uint8_t *p)
{
    return (uint16_t)(p[0] | (unsigned)p[1] << 8);
}

static int16_t s16(const uint8_t *p)
{
    return (int16_t)u16(p);
}

static void take_trim(lp_bme280_trim_t *t, const uint8_t *p)
{
    int16_t *const pressure[] = {&t->p2, &t->p3, &t->p4, &t->p5, &t->p6, &t->p7, &t->p8, &t->p9};
    t->t1 = u16(p);
    t->t2 = s16(p + 2);
    t->t3 = s16(p + 4);
    t->p1 = u16(p + 6);
    for (size_t i = 0; i < sizeof pressure / sizeof pressure[0]; i++) {
        *pressure[i] = s16(p + 8 + 2 * i);
    }
    t->h1 = p[25];
}

// h4 and h5 are 12 bits each and share a byte.
static void take_trim_h(lp_bme280_trim_t *t, const uint8_t *p)
{
    t->h2 = s16(p);
    t->h3 = p[2];
    t->h4 = (int16_t)((int8_t)p[3] * 16 + (p[4] & 0x0F));
    t->h5 = (int16_t)((int8_t)p[5] * 16 + (p[4] >> 4));
    t->h6 = (int8_t)p[6];
}

static lp_bme280_raw_t take_raw(const uint8_t *p)
{
    return (lp_bme280_raw_t){
        .pressure = (int32_t)((uint32_t)p[0] << 12 | (uint32_t)p[1] << 4 | p[2] >> 4),
        .temperature = (int32_t)((uint32_t)p[3] << 12 | (uint32_t)p[4] << 4 | p[5] >> 4),
        .humidity = (int32_t)((uint32_t)p[6] << 8 | p[7])};
}

// What the answer to a step means. LP_E_UNSUPPORTED: this is another part.
static lp_err_t take(lp_bme280_t *s)
{
    switch (s->step_) {
    case ASK_ID:
        return s->rx_[0] == ID_BME280 ? LP_OK : LP_E_UNSUPPORTED;
    case ASK_TRIM:
        take_trim(&s->trim_, s->rx_);
        return LP_OK;
    case ASK_TRIM_H:
        take_trim_h(&s->trim_, s->rx_);
        s->is_known_ = true;
        return LP_OK;
    default:
        return LP_OK;
    }
}

static void end(lp_bme280_t *s, lp_err_t err)
{
    if (err != LP_OK) {
        s->is_known_ = false;
        s->done_(s->ctx_, err, NULL);
        return;
    }
    const lp_bme280_raw_t raw = take_raw(s->rx_);
    const lp_bme280_reading_t reading = lp_bme280_compensate(&s->trim_, &raw);
    s->done_(s->ctx_, LP_OK, &reading);
}

static lp_err_t start_step(lp_bme280_t *s);

static void on_step(void *ctx, lp_err_t err)
{
    lp_bme280_t *s = ctx;
    err = err == LP_OK ? take(s) : err;
    s->step_++;
    if (err == LP_OK && s->step_ < STEPS) {
        err = start_step(s);
        if (err == LP_OK) {
            return;
        }
    }
    end(s, err);
}

static lp_err_t start_step(lp_bme280_t *s)
{
    const step_t *step = &steps[s->step_];
    const lp_i2c_seq_step_t seq = {.addr = s->addr_,
                                   .tx = {step->tx, step->tx_len},
                                   .wait_ms = step->wait_ms,
                                   .rx = s->rx_,
                                   .rx_len = step->rx_len,
                                   .done = on_step,
                                   .ctx = s};
    return lp_i2c_seq_start(&s->seq_, &seq);
}

void lp_bme280_init(lp_bme280_t *s, lp_loop_t *loop, lp_i2c_bus_t *bus, uint8_t addr)
{
    *s = (lp_bme280_t){.addr_ = addr};
    lp_i2c_seq_init(&s->seq_, loop, bus);
}

lp_err_t lp_bme280_measure(lp_bme280_t *s, lp_bme280_done_fn *done, void *ctx)
{
    if (s->seq_.is_busy_) {
        return LP_E_BUSY;
    }
    s->step_ = s->is_known_ ? SET_HUMIDITY : ASK_ID;
    s->done_ = done;
    s->ctx_ = ctx;
    return start_step(s);
}
