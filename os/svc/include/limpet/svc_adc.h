// SPDX-License-Identifier: Apache-2.0
// limpet/svc_adc.h - ADC.*: analog inputs from afar, for somebody who wires a board. They are only
// looked at.
// @context loop
#ifndef LIMPET_SVC_ADC_H
#define LIMPET_SVC_ADC_H

#include "limpet/adc.h"
#include "limpet/rpc.h"

// Puts the methods into `set` and adds it. Lends all.
void lp_svc_adc_init(lp_rpc_set_t *set, lp_rpc_t *rpc);

#endif
