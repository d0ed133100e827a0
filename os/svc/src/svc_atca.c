// SPDX-License-Identifier: Apache-2.0
#include "limpet/svc_atca.h"

#include <string.h>

#include "limpet/base64.h"
#include "limpet/crc.h"

enum { SLOTS = 16 };

// {NAME: base64, "crc32": of the bytes}
static void answer(lp_rpc_req_t *req, const char *name, lp_span_t bytes)
{
    char text[LP_BASE64_LEN(LP_ATECC_CONFIG_LEN)];
    lp_buf_t out = lp_buf(text, sizeof text);
    (void)lp_base64_encode(&out, bytes);
    lp_json_writer_t *w = lp_rpc_result(req);
    lp_json_put_object(w);
    lp_json_put_key(w, name);
    lp_json_put_span(w, lp_buf_span(&out));
    lp_json_put_key(w, "crc32");
    lp_json_put_uint(w, lp_crc32(0, bytes));
    lp_json_put_object_end(w);
    lp_rpc_done(req);
}

static void get_config(void *ctx, lp_rpc_req_t *req)
{
    const lp_svc_atca_t *svc = ctx;
    const lp_atecc_id_t *id = lp_svc_chip_id(svc->chip_);
    if (id == NULL) {
        lp_rpc_fail(req, LP_E_CHIP_MISSING, "no crypto chip is in use; Chip.Scan says more");
        return;
    }
    answer(req, "config", lp_span(id->config, sizeof id->config));
}

// -- ATCA.GetPubKey

static lp_rpc_req_t *finish(lp_svc_atca_t *svc)
{
    lp_rpc_req_t *req = svc->req_;
    svc->req_ = NULL;
    lp_turn_give(svc->chip_->s_.turn, &svc->ticket_);
    return req;
}

static void on_public_key(void *ctx, lp_err_t err)
{
    lp_svc_atca_t *svc = ctx;
    lp_rpc_req_t *req = finish(svc);
    if (err != LP_OK) {
        lp_rpc_fail(req, err, "the chip does not tell the public key of slot %u (%s)",
                    svc->op_.id.slot, lp_err_text(err));
        return;
    }
    answer(req, "pubkey", lp_span(svc->op_.out, LP_KEY_PUBLIC_BYTES));
}

static void on_turn(void *ctx)
{
    lp_svc_atca_t *svc = ctx;
    const lp_err_t err = lp_keystore_start(svc->chip_->s_.keys, &svc->op_);
    if (err != LP_OK) {
        on_public_key(svc, err);
    }
}

static void get_pub_key(void *ctx, lp_rpc_req_t *req)
{
    lp_svc_atca_t *svc = ctx;
    lp_json_t value;
    uint32_t slot = 0;
    if (lp_rpc_param(req, "slot", &value) != LP_OK ||
        lp_json_u32(value, SLOTS - 1, &slot) != LP_OK) {
        lp_rpc_fail(req, LP_E_INVALID, "slot: a whole number, 0..%d", SLOTS - 1);
        return;
    }
    if (svc->req_ != NULL) {
        lp_rpc_fail(req, LP_E_BUSY, "another key is being read");
        return;
    }
    svc->req_ = req;
    svc->op_.kind = LP_KEY_OP_PUBLIC;
    svc->op_.id = (lp_key_id_t){.place = LP_KEY_IN_CHIP, .slot = (uint8_t)slot};
    svc->op_.done = on_public_key;
    svc->op_.ctx = svc;
    lp_turn_take(svc->chip_->s_.turn, &svc->ticket_, on_turn, svc);
}

static const lp_rpc_method_t methods[] = {
    {"ATCA.GetConfig", LP_RPC_READ, get_config, "", "{config: base64 of 128 bytes, crc32}"},
    {"ATCA.GetPubKey", LP_RPC_READ, get_pub_key, "slot", "{pubkey: base64 of X Y, crc32}"},
};

void lp_svc_atca_init(lp_svc_atca_t *svc, lp_rpc_t *rpc, lp_svc_chip_t *chip)
{
    memset(svc, 0, sizeof *svc);
    svc->chip_ = chip;
    svc->set_ =
        (lp_rpc_set_t){.methods = methods, .count = sizeof methods / sizeof methods[0], .ctx = svc};
    lp_rpc_add(rpc, &svc->set_);
}
