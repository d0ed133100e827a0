// SPDX-License-Identifier: Apache-2.0
// limpet/bme280.h - Bosch BME280: temperature, relative humidity and air pressure on I2C.
//
// One measurement when it is asked for (forced mode, oversampling 1), about 10 ms; the part sleeps
// in between. The calibration is read before the first measurement and again after each error,
// since another part may be there then.
// @source Bosch Sensortec BST-BME280-DS002: sections 4.2.2 (compensation), 5 (registers), 9.1
// (measuring time)
// @context loop
#ifndef LIMPET_BME280_H
#define LIMPET_BME280_H

#include "limpet/i2c_seq.h"

enum { LP_BME280_ADDR = 0x76, LP_BME280_ADDR_HIGH = 0x77 }; // as the SDO pin is wired

typedef struct {
    int32_t temperature; // hundredths of a degree Celsius
    uint32_t pressure;   // Pa
    uint32_t humidity;   // hundredths of a percent
} lp_bme280_reading_t;

// LP_OK and a reading, borrowed until the return; else null and LP_E_UNSUPPORTED (another part
// answers at this address, a BMP280 for one), LP_E_I2C_NACK (none does), or another error of
// lp_i2c_done_fn.
typedef void lp_bme280_done_fn(void *ctx, lp_err_t err, const lp_bme280_reading_t *reading);

// The trimming values of one part, as the data sheet names them.
typedef struct {
    uint16_t t1;
    int16_t t2, t3;
    uint16_t p1;
    int16_t p2, p3, p4, p5, p6, p7, p8, p9;
    uint8_t h1, h3;
    int16_t h2, h4, h5;
    int8_t h6;
} lp_bme280_trim_t;

// What the converter gave, 20, 20 and 16 bits.
typedef struct {
    int32_t temperature, pressure, humidity;
} lp_bme280_raw_t;

// Caller-owned, private.
typedef struct {
    lp_i2c_seq_t seq_;
    uint8_t addr_;
    bool is_known_; // the calibration was read
    unsigned step_;
    lp_bme280_trim_t trim_;
    uint8_t rx_[26];
    lp_bme280_done_fn *done_;
    void *ctx_;
} lp_bme280_t;

// Lends loop and bus.
void lp_bme280_init(lp_bme280_t *s, lp_loop_t *loop, lp_i2c_bus_t *bus, uint8_t addr);

// LP_OK: done() comes later, once. LP_E_BUSY: a measurement is under way. Errors of
// lp_i2c_seq_start().
lp_err_t lp_bme280_measure(lp_bme280_t *s, lp_bme280_done_fn *done, void *ctx);

// The compensation alone, a pure function.
lp_bme280_reading_t lp_bme280_compensate(const lp_bme280_trim_t *trim, const lp_bme280_raw_t *raw);

#endif
