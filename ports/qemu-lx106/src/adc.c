// SPDX-License-Identifier: Apache-2.0
// The ESP8266's one analog input. QEMU's board has none, so it is in memory: 0 V.
// @source Espressif, ESP8266EX Datasheet 2.1, 4.8 (10 bits, 0 to 1.0 V at TOUT)
#include "limpet/pins_adc.h"

const lp_adc_info_t lp_pins_adc_table[] = {{.name = "TOUT", .reference_mv = 1000, .bits = 10}};
const uint16_t lp_pins_adc_count = sizeof lp_pins_adc_table / sizeof lp_pins_adc_table[0];
