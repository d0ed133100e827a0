// SPDX-License-Identifier: Apache-2.0
#include "limpet/adc.h"

#include <stddef.h>

lp_err_t lp_adc_read(uint16_t channel, unsigned samples, lp_adc_value_t *value)
{
    lp_adc_info_t info;
    uint32_t sum = 0;
    lp_err_t err = lp_port_adc_info(channel, &info);
    if (err == LP_OK && info.taken_by != NULL) {
        err = LP_E_BUSY;
    }
    if (err == LP_OK && (samples == 0 || samples > LP_ADC_SAMPLES_MAX)) {
        err = LP_E_RANGE;
    }
    for (unsigned i = 0; i < samples && err == LP_OK; i++) {
        uint16_t raw = 0;
        err = lp_port_adc_read(channel, &raw);
        sum += raw;
    }
    if (err == LP_OK) {
        const uint64_t steps = (uint64_t)samples << info.bits;
        value->raw = (uint16_t)((sum + samples / 2) / samples);
        value->mv = (uint16_t)(((uint64_t)sum * info.reference_mv + steps / 2) / steps);
    }
    return err;
}
