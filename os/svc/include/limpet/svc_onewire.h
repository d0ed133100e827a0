// SPDX-License-Identifier: Apache-2.0
// limpet/svc_onewire.h - OneWire.Search: who is on the board's one-wire bus, for somebody who wires
// a sensor.
// @context loop
#ifndef LIMPET_SVC_ONEWIRE_H
#define LIMPET_SVC_ONEWIRE_H

#include "limpet/onewire.h"
#include "limpet/rpc.h"

typedef struct {
    lp_onewire_t *bus_;
    lp_rpc_set_t set_;
    lp_rpc_req_t *req_; // under way
    lp_onewire_scan_t scan_;
} lp_svc_onewire_t;

// Lends all. `bus` null: no bus is wired.
void lp_svc_onewire_init(lp_svc_onewire_t *svc, lp_rpc_t *rpc, lp_onewire_t *bus);

#endif
