// SPDX-License-Identifier: Apache-2.0
#include "limpet/svc_onewire.h"

static void fail(lp_rpc_req_t *req, lp_err_t err)
{
    if (err == LP_E_I2C_NACK) {
        lp_rpc_fail(req, err, "no one-wire bridge answers on the I2C bus");
    } else if (err == LP_E_IO) {
        lp_rpc_fail(req, err, "the wire is held low: a short circuit, or no pull-up");
    } else {
        lp_rpc_fail(req, err, NULL);
    }
}

// More than fit are no reason to hide those that did.
static void on_scanned(void *ctx, lp_err_t err)
{
    lp_svc_onewire_t *svc = ctx;
    lp_rpc_req_t *req = svc->req_;
    svc->req_ = NULL;
    if (err != LP_OK && err != LP_E_NOSPACE) {
        fail(req, err);
        return;
    }
    lp_json_writer_t *w = lp_rpc_result(req);
    lp_json_put_array(w);
    for (size_t i = 0; i < svc->scan_.count; i++) {
        lp_json_put_hex(w, lp_span(svc->scan_.rom[i], LP_ONEWIRE_ROM_BYTES));
    }
    lp_json_put_array_end(w);
    lp_rpc_done(req);
}

static void rpc_search(void *ctx, lp_rpc_req_t *req)
{
    lp_svc_onewire_t *svc = ctx;
    if (svc->bus_ == NULL) {
        lp_rpc_fail(req, LP_E_STATE, "this board has no one-wire bus");
        return;
    }
    if (svc->req_ != NULL) {
        lp_rpc_fail(req, LP_E_BUSY, "another request uses the bus");
        return;
    }
    const lp_err_t err = lp_onewire_scan(svc->bus_, &svc->scan_, on_scanned, svc);
    if (err != LP_OK) {
        fail(req, err);
        return;
    }
    svc->req_ = req;
}

static const lp_rpc_method_t methods[] = {{"OneWire.Search", LP_RPC_READ, rpc_search, "", "[rom]"}};

void lp_svc_onewire_init(lp_svc_onewire_t *svc, lp_rpc_t *rpc, lp_onewire_t *bus)
{
    *svc = (lp_svc_onewire_t){.bus_ = bus};
    svc->set_ =
        (lp_rpc_set_t){.methods = methods, .count = sizeof methods / sizeof methods[0], .ctx = svc};
    lp_rpc_add(rpc, &svc->set_);
}
