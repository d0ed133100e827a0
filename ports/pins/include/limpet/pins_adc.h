// SPDX-License-Identifier: Apache-2.0
// limpet/pins_adc.h - analog inputs in memory: limpet/port/adc.h for ports whose machine has none,
// and the other side of it, where a test or a virtual part holds the wire.
#ifndef LIMPET_PINS_ADC_H
#define LIMPET_PINS_ADC_H

#include "limpet/port/adc.h"

// What the port says of its board: its channels by number (no name: there is none).
extern const lp_adc_info_t lp_pins_adc_table[];
extern const uint16_t lp_pins_adc_count;
enum { LP_PINS_ADC_MAX = 8 };

// What is on the wire at the moment of a conversion, in microvolts, of any sign. An error is what
// the conversion ends with. @context from inside of lp_port_adc_read()
typedef lp_err_t lp_pins_adc_fn(void *ctx, int32_t *uv);

// Wires something to a channel (lends ctx); null takes it off, which is 0 V, as at the start.
// LP_E_NOT_FOUND: there is no such channel.
lp_err_t lp_pins_adc_wire(uint16_t channel, lp_pins_adc_fn *fn, void *ctx);
// Wires a voltage that stays.
lp_err_t lp_pins_adc_set(uint16_t channel, int32_t uv);

#endif
