// SPDX-License-Identifier: Apache-2.0
// limpet/svc_power.h - Sys.Sleep, and what a board's power is to its services: the crypto chip put
// to sleep, vetoes, and the figures of Sys.GetInfo.
// @context loop
#ifndef LIMPET_SVC_POWER_H
#define LIMPET_SVC_POWER_H

#include "limpet/power.h"
#include "limpet/rpc.h"
#include "limpet/svc_chip.h"
#include "limpet/svc_cloud.h"

enum { LP_SVC_POWER_SLEEP_MAX_S = 24 * 3600, LP_SVC_POWER_PATIENCE_MS = 10000 };

typedef struct {
    lp_power_t *power;
    lp_rpc_t *rpc;
    lp_turn_t *turn;
    lp_svc_chip_t *chip;
    lp_svc_cloud_t *cloud; // null: there is none
} lp_svc_power_setup_t;

typedef struct {
    lp_svc_power_setup_t s_;
    lp_rpc_set_t set_;
    lp_power_veto_t turn_veto_, cloud_veto_;
    lp_turn_ticket_t ticket_;
    lp_atecc_req_t req_;
    uint8_t info_[4];
    lp_loop_fn *done_;
    void *done_ctx_;
} lp_svc_power_t;

// Adds the method, and the vetoes: a job of the chip and a TLS handshake (hard), a connection that
// is being made and messages that the broker has not acknowledged (soft). Lends everything.
void lp_svc_power_init(lp_svc_power_t *svc, const lp_svc_power_setup_t *setup);

// `rest` of lp_power_setup_t: waits for the chip's turn, which is not given back, and puts the chip
// to sleep. An idle chip would draw a thousand times as much.
void lp_svc_power_rest(lp_svc_power_t *svc, lp_loop_fn *done, void *done_ctx);

// Writes the key "power" and its object into an object that is open.
void lp_svc_power_put(const lp_power_t *power, lp_json_writer_t *w);

#endif
