// SPDX-License-Identifier: Apache-2.0
// limpet/ds18b20.h - Maxim DS18B20 (and DS1822, MAX31820): temperature on a one-wire bus.
//
// One measurement when it is asked for; how long it takes depends on the resolution (94 ms at 9
// bits, 750 ms at 12). Several sensors on a wire measure at the same time; those without a supply
// of their own (parasite power) are fed over the wire, and who else wants it waits meanwhile.
//
// Before its first measurement, and after each error, a sensor is looked at and prepared: how it is
// supplied, its resolution, and a mark in its alarm registers that a loss of power takes away,
// since what a sensor says before its first conversion, 85 degrees, looks like a temperature. The
// alarm is therefore not for use; its stored values (EEPROM) are left alone.
// @source Maxim 19-7487, DS18B20: figures 4, 7, 8 and 11, tables 2 and 3
// @context loop
#ifndef LIMPET_DS18B20_H
#define LIMPET_DS18B20_H

#include "limpet/onewire.h"

enum { LP_DS18B20_FAMILY = 0x28, LP_DS1822_FAMILY = 0x22 };

// LP_OK and hundredths of a degree Celsius. Else 0 and LP_E_NOT_FOUND (nobody, or not this sensor,
// answers), LP_E_CRC (damaged on the wire), LP_E_VERIFY (the sensor lost its power meanwhile),
// LP_E_IO (the wire is held low), LP_E_UNSUPPORTED (another kind of part; or one that must be fed
// on a line that cannot), or another error of what moves the wire.
typedef void lp_ds18b20_done_fn(void *ctx, lp_err_t err, int32_t temperature);

// Caller-owned, private.
typedef struct {
    lp_onewire_t *bus_;
    lp_timer_t timer_;
    lp_onewire_xfer_t xfer_;
    uint8_t rom_[LP_ONEWIRE_ROM_BYTES];
    bool is_alone_; // has no number to be called by
    bool is_busy_;
    bool is_ready_; // prepared
    bool is_fed_;   // over the wire
    uint8_t step_;
    uint8_t bits_;
    uint8_t mark_;
    uint8_t tx_[13];
    uint8_t rx_[9];
    lp_ds18b20_done_fn *done_;
    void *ctx_;
} lp_ds18b20_t;

// Lends the bus. `rom`: which one, copied; null: the only part on the wire. `resolution_bits`: 9 to
// 12. LP_E_RANGE: it is not. LP_E_CRC, LP_E_UNSUPPORTED: `rom` is no number, or another family's.
lp_err_t lp_ds18b20_init(lp_ds18b20_t *s, lp_onewire_t *bus, const uint8_t *rom,
                         unsigned resolution_bits);

// LP_OK: done() comes later, once. LP_E_BUSY: a measurement is under way.
lp_err_t lp_ds18b20_measure(lp_ds18b20_t *s, lp_ds18b20_done_fn *done, void *ctx);

#endif
