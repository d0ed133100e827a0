// SPDX-License-Identifier: Apache-2.0
// limpet/svc_bus.h - whether board and chip share a bus key: says it at each start, seals the key
// store's chip with it, and offers Chip.Bind, which makes one (limpet/buskey.h).
//
// An image whose wiring does not name this service has no bus key and none of its code.
// @context loop
#ifndef LIMPET_SVC_BUS_H
#define LIMPET_SVC_BUS_H

#include "limpet/buskey.h"
#include "limpet/svc_chip.h"

typedef struct {
    lp_svc_chip_guard_t guard; // must stay first; give this to lp_svc_chip_init()
    lp_svc_chip_t *chip_;
    lp_store_t *store_;
    lp_rpc_set_t set_;
    lp_buskey_op_t op_;
    lp_keychip_seal_t seal_;
    lp_keychip_t *keys_;
    lp_buskey_state_t state_;
    lp_err_t err_; // of the last look
    bool was_told_;
    lp_atecc_done_fn *done_;
    void *ctx_;
} lp_svc_bus_t;

// Before lp_svc_chip_init(), which gets &svc->guard. `chip` and `store` are lent.
void lp_svc_bus_init(lp_svc_bus_t *svc, lp_svc_chip_t *chip, lp_store_t *store);

// After lp_svc_chip_init(): the method Chip.Bind.
void lp_svc_bus_add_methods(lp_svc_bus_t *svc, lp_rpc_t *rpc);

#endif
