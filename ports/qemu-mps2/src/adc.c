// SPDX-License-Identifier: Apache-2.0
// The MPS2 has no analog inputs: its shields have them, behind an SPI bus that is not in QEMU.
// @source Arm, Application Note AN385, 3.10 (shield support)
#include "limpet/port/adc.h"

uint16_t lp_port_adc_end(void)
{
    return 0;
}

lp_err_t lp_port_adc_info(uint16_t channel, lp_adc_info_t *info)
{
    (void)channel;
    (void)info;
    return LP_E_NOT_FOUND;
}

lp_err_t lp_port_adc_read(uint16_t channel, uint16_t *raw)
{
    (void)channel;
    (void)raw;
    return LP_E_NOT_FOUND;
}
