// SPDX-License-Identifier: Apache-2.0
#include <stdbool.h>
#include <stddef.h>

#include "limpet/pins_adc.h"

static struct {
    lp_pins_adc_fn *fn;
    void *ctx;
    int32_t uv;
} wires[LP_PINS_ADC_MAX];

static bool is_there(uint16_t channel)
{
    return channel < lp_pins_adc_count && lp_pins_adc_table[channel].name != NULL;
}

static lp_err_t get_steady(void *ctx, int32_t *uv)
{
    *uv = *(const int32_t *)ctx;
    return LP_OK;
}

lp_err_t lp_pins_adc_wire(uint16_t channel, lp_pins_adc_fn *fn, void *ctx)
{
    if (!is_there(channel)) {
        return LP_E_NOT_FOUND;
    }
    wires[channel].fn = fn;
    wires[channel].ctx = ctx;
    return LP_OK;
}

lp_err_t lp_pins_adc_set(uint16_t channel, int32_t uv)
{
    if (!is_there(channel)) {
        return LP_E_NOT_FOUND;
    }
    wires[channel].uv = uv;
    return lp_pins_adc_wire(channel, get_steady, &wires[channel].uv);
}

uint16_t lp_port_adc_end(void)
{
    return lp_pins_adc_count;
}

lp_err_t lp_port_adc_info(uint16_t channel, lp_adc_info_t *info)
{
    if (!is_there(channel)) {
        return LP_E_NOT_FOUND;
    }
    *info = lp_pins_adc_table[channel];
    return LP_OK;
}

// The nearest step, and the nearer end for what is outside.
static uint16_t convert(const lp_adc_info_t *info, int32_t uv)
{
    const int64_t full_uv = (int64_t)info->reference_mv * 1000;
    const int64_t top = ((int64_t)1 << info->bits) - 1;
    const int64_t step = uv > 0 ? (((int64_t)uv << info->bits) + full_uv / 2) / full_uv : 0;
    return (uint16_t)(step < top ? step : top);
}

lp_err_t lp_port_adc_read(uint16_t channel, uint16_t *raw)
{
    int32_t uv = 0;
    if (!is_there(channel)) {
        return LP_E_NOT_FOUND;
    }
    lp_pins_adc_fn *fn = wires[channel].fn;
    const lp_err_t err = fn != NULL ? fn(wires[channel].ctx, &uv) : LP_OK;
    if (err == LP_OK) {
        *raw = convert(&lp_pins_adc_table[channel], uv);
    }
    return err;
}
