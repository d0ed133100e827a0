// SPDX-License-Identifier: Apache-2.0
// limpet/pins_meter.h - a meter on a wire: how often it pulses and for which part it is high, as an
// oscilloscope would say it, by the port's clock.
#ifndef LIMPET_PINS_METER_H
#define LIMPET_PINS_METER_H

#include "limpet/pins.h"

// Caller-owned, lent while it is attached. Private.
typedef struct {
    lp_pins_peer_t peer_;
    uint64_t first_us_, rose_us_, last_us_; // rising edges
    uint64_t high_us_;                      // between the first and the last rising edge
    uint64_t pending_us_;                   // high since the last rising edge
    uint32_t periods_;
    uint32_t shortest_us_, longest_us_;
    uint32_t freq_hz_, duty_; // of the board's generator
    bool has_first_;
} lp_pins_meter_t;

typedef struct {
    uint32_t periods;                 // whole ones that were seen
    uint32_t freq_mhz;                // thousandths of a hertz; 0: nothing pulses
    uint32_t duty;                    // of 65536; of a wire that does not pulse 0 or all
    uint32_t shortest_us, longest_us; // period
} lp_pins_meter_value_t;

// LP_E_NOT_FOUND: there is no such pin. It begins at zero.
lp_err_t lp_pins_meter_attach(lp_pins_meter_t *meter, uint16_t pin);
void lp_pins_meter_detach(lp_pins_meter_t *meter);
// Begins at zero again.
void lp_pins_meter_clear(lp_pins_meter_t *meter);
// What was measured since; of a generator in memory what it says.
lp_pins_meter_value_t lp_pins_meter_read(const lp_pins_meter_t *meter);

#endif
