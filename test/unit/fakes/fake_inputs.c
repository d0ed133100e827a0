// SPDX-License-Identifier: Apache-2.0
// A board's analog inputs for tests: one of 12 bits, a gap, one that the port has, one of 16 bits.
#include "limpet/pins_adc.h"

const lp_adc_info_t lp_pins_adc_table[] = {
    {.name = "ADC0", .reference_mv = 3300, .bits = 12},
    {.name = 0}, // there is none
    {.name = "TEMP", .taken_by = "sensor", .reference_mv = 3300, .bits = 12},
    {.name = "ADC3", .reference_mv = 5000, .bits = 16},
};
const uint16_t lp_pins_adc_count = sizeof lp_pins_adc_table / sizeof lp_pins_adc_table[0];
