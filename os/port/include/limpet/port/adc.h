// SPDX-License-Identifier: Apache-2.0
// limpet/port/adc.h - analog inputs, as a port must provide them.
//
// Channels have the numbers that people know from the board, with gaps where there is none. A
// conversion is one look at the wire: what is to be averaged, or looked at again and again, is done
// above (limpet/adc.h). Nothing has to be opened, and looking changes nothing.
#ifndef LIMPET_PORT_ADC_H
#define LIMPET_PORT_ADC_H

#include <stdint.h>

#include "limpet/err.h"

enum {
    LP_PORT_ADC_BITS_MAX = 16,
    LP_PORT_ADC_CONVERSION_US_MAX = 200, // the longest that one may take
};

typedef struct {
    const char *name;      // static; the board's own: "ADC0", "TOUT"
    const char *taken_by;  // static; what of the port uses it. Null: it is free
    uint16_t reference_mv; // what 2 to the `bits` stands for: one more than the largest number
    uint8_t bits;          // 1..LP_PORT_ADC_BITS_MAX
} lp_adc_info_t;

// One more than the highest number of a channel; 0: the board has no analog inputs.
uint16_t lp_port_adc_end(void);

// LP_E_NOT_FOUND: there is no channel of this number.
// @context loop
lp_err_t lp_port_adc_info(uint16_t channel, lp_adc_info_t *info);

// One conversion, which this waits for: *raw is 0 to 2 to the `bits` less 1; a voltage outside of
// that is the nearer end.
// LP_E_NOT_FOUND: there is no such channel; LP_E_BUSY: something of the port needs the converter at
// this moment; LP_E_IO: it does not answer.
// @context loop
lp_err_t lp_port_adc_read(uint16_t channel, uint16_t *raw);

#endif
