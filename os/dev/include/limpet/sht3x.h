// SPDX-License-Identifier: Apache-2.0
// limpet/sht3x.h - Sensirion SHT30, SHT31, SHT35: temperature and relative humidity on I2C.
//
// One measurement when it is asked for, high repeatability, about 16 ms.
// @source Sensirion, Datasheet SHT3x-DIS: sections 4.3 (single shot), 4.12 (checksum), 4.13
// (conversion)
// @context loop
#ifndef LIMPET_SHT3X_H
#define LIMPET_SHT3X_H

#include "limpet/i2c_seq.h"

enum { LP_SHT3X_ADDR = 0x44, LP_SHT3X_ADDR_HIGH = 0x45 }; // as the ADDR pin is wired

typedef struct {
    int32_t temperature; // hundredths of a degree Celsius
    int32_t humidity;    // hundredths of a percent
} lp_sht3x_reading_t;

// LP_OK and a reading, borrowed until the return; else null and LP_E_CRC (damaged on the wire,
// nothing of it counts), LP_E_I2C_NACK (no sensor answers), or another error of lp_i2c_done_fn.
typedef void lp_sht3x_done_fn(void *ctx, lp_err_t err, const lp_sht3x_reading_t *reading);

// Caller-owned, private.
typedef struct {
    lp_i2c_seq_t seq_;
    uint8_t addr_;
    uint8_t rx_[6];
    lp_sht3x_done_fn *done_;
    void *ctx_;
} lp_sht3x_t;

// Lends loop and bus.
void lp_sht3x_init(lp_sht3x_t *s, lp_loop_t *loop, lp_i2c_bus_t *bus, uint8_t addr);

// LP_OK: done() comes later, once. LP_E_BUSY: a measurement is under way. Errors of
// lp_i2c_seq_start().
lp_err_t lp_sht3x_measure(lp_sht3x_t *s, lp_sht3x_done_fn *done, void *ctx);

#endif
