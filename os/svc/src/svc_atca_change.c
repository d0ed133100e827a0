// SPDX-License-Identifier: Apache-2.0
// ATCA.SetConfig, LockZone, SetKey, GenKey: ask, token, do.
//
//   request --read--> turn --look at the chip--> judge --no token--> token out, nothing changed
//                                                     `-> token right --> act -> look again ->
//                                                     answer
#include "limpet/svc_atca_change.h"

#include <string.h>

#include "limpet/base64.h"
#include "limpet/crc.h"
#include "limpet/hex.h"
#include "limpet/keystore.h"
#include "limpet/log.h"
#include "limpet/port/system.h"
#include "limpet/settings.h"
#include "limpet/sha256.h"
#include "svc_atca_internal.h"
#include "svc_chip_internal.h"

#define LOG_MODULE "atca"

// -- the ends

static lp_rpc_req_t *finish(lp_svc_atca_change_t *svc)
{
    lp_rpc_req_t *req = svc->req_;
    svc->req_ = NULL;
    lp_wipe(&svc->change_, sizeof svc->change_);
    lp_turn_give(svc->chip_->s_.turn, &svc->ticket_);
    return req;
}

static void fail(lp_svc_atca_change_t *svc, lp_err_t err, const char *why)
{
    LP_LOGW("nothing was changed: %s", why);
    lp_rpc_fail(finish(svc), err, "%s; nothing was changed", why);
}

// -- the token

// Of this change, this chip and this moment: the nonce is new each time.
static void make_token(const lp_svc_atca_change_t *svc, uint8_t token[LP_ATCA_TOKEN_BYTES])
{
    const lp_atca_change_t *c = &svc->change_;
    const uint8_t head[] = {(uint8_t)c->kind,    c->slot,       c->is_private, c->has_write_key,
                            c->takes_other_plan, c->write_slot, c->len};
    uint8_t digest[LP_SHA256_LEN];
    lp_sha256_t h;
    lp_sha256_init(&h);
    lp_sha256_update(&h, lp_span(svc->nonce_, sizeof svc->nonce_));
    lp_sha256_update(&h, lp_span(svc->chip_->id_.config, LP_ATECC_CONFIG_LEN)); // has the serial
    lp_sha256_update(&h, lp_span(head, sizeof head));
    lp_sha256_update(&h, lp_span(c->bytes, sizeof c->bytes));
    lp_sha256_update(&h, lp_span(c->write_key, sizeof c->write_key));
    lp_sha256_final(&h, digest);
    memcpy(token, digest, LP_ATCA_TOKEN_BYTES);
}

static void forget_token(void *ctx)
{
    lp_svc_atca_change_t *svc = ctx;
    svc->has_token_ = false;
    lp_wipe(svc->nonce_, sizeof svc->nonce_);
}

// Good once, whether right or wrong.
static bool take_token(lp_svc_atca_change_t *svc)
{
    uint8_t want[LP_ATCA_TOKEN_BYTES];
    uint8_t given[LP_ATCA_TOKEN_BYTES];
    uint8_t differs = 0;
    lp_buf_t out = lp_buf(given, sizeof given);
    make_token(svc, want);
    const bool is_whole = svc->has_token_ &&
                          lp_hex_decode(&out, lp_span_str(svc->token_)) == LP_OK &&
                          out.len == sizeof given;
    for (size_t i = 0; is_whole && i < sizeof want; i++) {
        differs |= (uint8_t)(want[i] ^ given[i]);
    }
    forget_token(svc);
    lp_timer_stop(svc->loop_, &svc->expiry_);
    return is_whole && differs == 0;
}

static void answer_token(lp_svc_atca_change_t *svc)
{
    uint8_t token[LP_ATCA_TOKEN_BYTES];
    if (lp_port_entropy(svc->nonce_, sizeof svc->nonce_) != LP_OK) {
        fail(svc, LP_E_IO, "this board has no random numbers for a token");
        return;
    }
    make_token(svc, token);
    svc->has_token_ = true;
    lp_timer_start(svc->loop_, &svc->expiry_, LP_ATCA_TOKEN_MS);
    const lp_atecc_id_t *id = &svc->chip_->id_;
    lp_rpc_req_t *req = finish(svc);
    lp_json_writer_t *w = lp_rpc_result(req);
    lp_json_put_object(w);
    lp_json_put_key(w, "dry_run");
    lp_json_put_bool(w, true);
    lp_json_put_key(w, "serial");
    lp_json_put_hex(w, lp_span(id->serial, sizeof id->serial));
    lp_json_put_key(w, "token");
    lp_json_put_hex(w, lp_span(token, sizeof token));
    lp_json_put_object_end(w);
    lp_rpc_done(req);
}

// -- what was done

static const char *what(lp_atca_kind_t kind)
{
    switch (kind) {
    case LP_ATCA_SET_CONFIG:
        return "the configuration was written";
    case LP_ATCA_LOCK_CONFIG:
        return "the configuration was locked for ever";
    case LP_ATCA_LOCK_DATA:
        return "the data zone was locked for ever";
    case LP_ATCA_LOCK_SLOT:
        return "a slot was locked for ever";
    case LP_ATCA_SET_KEY:
        return "a key was written";
    case LP_ATCA_GEN_KEY:
        break;
    }
    return "a key was asked for";
}

static void put_bytes(lp_json_writer_t *w, const char *name, lp_span_t bytes)
{
    char text[LP_BASE64_LEN(LP_ATECC_CONFIG_LEN)];
    lp_buf_t out = lp_buf(text, sizeof text);
    (void)lp_base64_encode(&out, bytes);
    lp_json_put_key(w, name);
    lp_json_put_span(w, lp_buf_span(&out));
    lp_json_put_key(w, "crc32");
    lp_json_put_uint(w, lp_crc32(0, bytes));
}

static void put_flag(lp_json_writer_t *w, const char *name, bool value)
{
    lp_json_put_key(w, name);
    lp_json_put_bool(w, value);
}

static void put_done(const lp_svc_atca_change_t *svc, const lp_atca_change_t *c,
                     lp_json_writer_t *w)
{
    const lp_span_t public_key = lp_span(svc->back_, LP_KEY_PUBLIC_BYTES);
    switch (c->kind) {
    case LP_ATCA_SET_CONFIG:
        put_bytes(w, "config", lp_span(svc->chip_->id_.config, LP_ATECC_CONFIG_LEN));
        break;
    case LP_ATCA_LOCK_CONFIG:
    case LP_ATCA_LOCK_DATA:
    case LP_ATCA_LOCK_SLOT:
        put_flag(w, "is_locked", true);
        break;
    case LP_ATCA_SET_KEY:
        lp_json_put_key(w, "checked");
        lp_json_put_str(w, svc->checked_);
        if (strcmp(svc->checked_, "public") == 0) {
            put_bytes(w, "pubkey", public_key);
        }
        break;
    case LP_ATCA_GEN_KEY:
        put_flag(w, "is_new", svc->is_new_);
        put_bytes(w, "pubkey", public_key);
        break;
    }
}

static const char *why_not(lp_err_t err)
{
    return err == LP_E_VERIFY          ? "what is in the chip now is not what was sent"
           : err == LP_E_CHIP_MISMATCH ? "the chip does not take it: is the write key right?"
                                       : "the chip did not do it, or did not say that it had";
}

// The chip as it is now is known again: also to ATCA.GetConfig.
static void on_refreshed(void *ctx, lp_err_t err)
{
    lp_svc_atca_change_t *svc = ctx;
    const lp_atca_change_t c = {.kind = svc->change_.kind};
    err = svc->err_ != LP_OK ? svc->err_ : err;
    lp_rpc_req_t *req = finish(svc);
    if (err != LP_OK) {
        LP_LOGE("%s (%s)", why_not(err), lp_err_text(err));
        lp_rpc_fail(req, err, "%s (%s); look with ATCA.GetConfig before anything else",
                    why_not(err), lp_err_text(err));
        return;
    }
    LP_LOGW("over the serial port: %s", what(c.kind));
    lp_json_writer_t *w = lp_rpc_result(req);
    lp_json_put_object(w);
    put_done(svc, &c, w);
    lp_json_put_object_end(w);
    lp_rpc_done(req);
}

static void on_acted(void *ctx, lp_err_t err)
{
    lp_svc_atca_change_t *svc = ctx;
    svc->err_ = err;
    lp_wipe(svc->change_.bytes, sizeof svc->change_.bytes);
    lp_wipe(svc->change_.write_key, sizeof svc->change_.write_key);
    err = lp_svc_chip_check(svc->chip_, on_refreshed, svc);
    if (err != LP_OK) {
        on_refreshed(svc, err);
    }
}

// -- the way in

static int certified_slot(const lp_svc_atca_change_t *svc)
{
    lp_key_id_t id;
    const bool is_in_chip = lp_key_id_parse(lp_setting_identity_key(svc->config_), &id) == LP_OK &&
                            id.place == LP_KEY_IN_CHIP;
    // Its length: on a small board the certificate itself is in flash only.
    return is_in_chip && lp_config_len(svc->config_, "identity.cert") > 0 ? id.slot : -1;
}

static void on_looked(void *ctx, lp_err_t err)
{
    lp_svc_atca_change_t *svc = ctx;
    const char *why = "no chip can be used";
    if (err == LP_OK) {
        const lp_atca_facts_t facts = {.plan = svc->chip_->s_.plan,
                                       .id = &svc->chip_->id_,
                                       .certified_slot = certified_slot(svc)};
        err = lp_atca_judge(&svc->change_, &facts, &why);
    }
    if (err != LP_OK) {
        fail(svc, err, why);
    } else if (svc->token_[0] == '\0') {
        answer_token(svc);
    } else if (!take_token(svc)) {
        fail(svc, LP_E_DENIED,
             "the token is not (or no more) the one of this change of this chip; "
             "without a token the same call brings one");
    } else {
        lp_atca_act(svc, on_acted);
    }
}

static void on_turn(void *ctx)
{
    lp_svc_atca_change_t *svc = ctx;
    const lp_err_t err = lp_svc_chip_check(svc->chip_, on_looked, svc);
    if (err != LP_OK) {
        on_looked(svc, err);
    }
}

typedef lp_err_t read_fn(lp_rpc_req_t *req, lp_atca_change_t *change, const char **why);

// A line that nobody else can reach: the board's own serial port.
static bool is_physical(const lp_rpc_req_t *req)
{
    const lp_rpc_channel_t *ch = lp_rpc_channel_of(req);
    return ch != NULL && ch->gate == NULL && !ch->is_public;
}

static void take(lp_svc_atca_change_t *svc, lp_rpc_req_t *req, read_fn *read)
{
    const char *why = "";
    if (!is_physical(req)) {
        lp_rpc_fail(req, LP_E_DENIED, "only over the board's own serial port");
        return;
    }
    if (svc->req_ != NULL) {
        lp_rpc_fail(req, LP_E_BUSY, "another change of the chip is under way");
        return;
    }
    memset(&svc->change_, 0, sizeof svc->change_);
    const lp_err_t given = lp_rpc_param_str(req, "token", svc->token_, sizeof svc->token_);
    lp_err_t err = read(req, &svc->change_, &why);
    if (given == LP_E_NOT_FOUND) {
        svc->token_[0] = '\0';
    } else if (err == LP_OK && (given != LP_OK || svc->token_[0] == '\0')) {
        why = "token: as the same call brought it without one";
        err = LP_E_INVALID;
    }
    if (err != LP_OK) {
        lp_wipe(&svc->change_, sizeof svc->change_);
        lp_rpc_fail(req, err, "%s", why);
        return;
    }
    svc->req_ = req;
    lp_turn_take(svc->chip_->s_.turn, &svc->ticket_, on_turn, svc);
}

static void set_config(void *ctx, lp_rpc_req_t *req)
{
    take(ctx, req, lp_atca_read_config);
}

static void lock_zone(void *ctx, lp_rpc_req_t *req)
{
    take(ctx, req, lp_atca_read_lock);
}

static void set_key(void *ctx, lp_rpc_req_t *req)
{
    take(ctx, req, lp_atca_read_key);
}

static void gen_key(void *ctx, lp_rpc_req_t *req)
{
    take(ctx, req, lp_atca_read_slot);
}

static const lp_rpc_method_t methods[] = {
    {"ATCA.SetConfig", LP_RPC_CHIP, set_config, "config, crc32, other_plan, token",
     "{dry_run, serial, token} or {config, crc32}"},
    {"ATCA.LockZone", LP_RPC_CHIP, lock_zone, "zone: config, data or slot, slot, other_plan, token",
     "{dry_run, serial, token} or {is_locked}"},
    {"ATCA.SetKey", LP_RPC_CHIP, set_key, "slot, key, ecc, wkey, wkslot, crc32, token",
     "{dry_run, serial, token} or {checked, pubkey, crc32}"},
    {"ATCA.GenKey", LP_RPC_CHIP, gen_key, "slot, token",
     "{dry_run, serial, token} or {is_new, pubkey, crc32}"},
};

void lp_svc_atca_change_init(lp_svc_atca_change_t *svc, lp_rpc_t *rpc, lp_svc_chip_t *chip,
                             const lp_config_t *config)
{
    memset(svc, 0, sizeof *svc);
    svc->chip_ = chip;
    svc->config_ = config;
    svc->loop_ = chip->s_.loop;
    lp_timer_init(&svc->expiry_, forget_token, svc);
    svc->set_ =
        (lp_rpc_set_t){.methods = methods, .count = sizeof methods / sizeof methods[0], .ctx = svc};
    lp_rpc_add(rpc, &svc->set_);
}
