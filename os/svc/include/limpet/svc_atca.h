// SPDX-License-Identifier: Apache-2.0
// limpet/svc_atca.h - the methods ATCA.GetConfig and ATCA.GetPubKey, as mos users know them.
//
// They only look. What changes the chip is Chip.* and Identity.*, which ask for its serial number
// and read back what they wrote; the names of mos that did so without are not there.
// @context loop
#ifndef LIMPET_SVC_ATCA_H
#define LIMPET_SVC_ATCA_H

#include "limpet/rpc.h"
#include "limpet/svc_chip.h"

typedef struct {
    lp_svc_chip_t *chip_;
    lp_rpc_set_t set_;
    lp_turn_ticket_t ticket_;
    lp_key_op_t op_;
    lp_rpc_req_t *req_; // under way; null: none
} lp_svc_atca_t;

// Lends everything for good.
void lp_svc_atca_init(lp_svc_atca_t *svc, lp_rpc_t *rpc, lp_svc_chip_t *chip);

#endif
