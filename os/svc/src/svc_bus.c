// SPDX-License-Identifier: Apache-2.0
#include "limpet/svc_bus.h"

#include <string.h>

#include "limpet/log.h"
#include "svc_chip_internal.h"

#define LOG_MODULE "bus"

static lp_svc_bus_t *of(lp_svc_chip_guard_t *guard)
{
    return (lp_svc_bus_t *)guard;
}

static void tell(const lp_svc_bus_t *svc)
{
    switch (svc->state_) {
    case LP_BUSKEY_NONE:
        LP_LOGW("the bus is in clear: whoever listens to the chip's two wires during a handshake "
                "can read the connection (Chip.Bind; or identity.ecdhe software)");
        break;
    case LP_BUSKEY_UNFINISHED:
        LP_LOGW("the bus is in clear: a bus key was begun and not finished (Chip.Bind)");
        break;
    case LP_BUSKEY_SEALED:
        LP_LOGI("the bus is sealed: the chip has proven the bus key");
        break;
    case LP_BUSKEY_LOST:
        LP_LOGE("the chip has a bus key that this board does not know: was it on another board, or "
                "the flash erased? Keys are exchanged in software");
        break;
    case LP_BUSKEY_OTHER_CHIP:
        LP_LOGE("the bus key of this board is another chip's: was the chip changed, or the flash "
                "copied? Keys are exchanged in software");
        break;
    case LP_BUSKEY_REFUTED:
        LP_LOGE("the chip does not know the bus key it should: somebody may be on the bus. Keys "
                "are exchanged in software");
        break;
    }
}

static bool is_broken(lp_buskey_state_t state)
{
    return state == LP_BUSKEY_LOST || state == LP_BUSKEY_OTHER_CHIP || state == LP_BUSKEY_REFUTED;
}

static void take_state(lp_svc_bus_t *svc)
{
    const lp_buskey_op_t *op = &svc->op_;
    const bool is_news = !svc->was_told_ || svc->state_ != op->state || svc->err_ != LP_OK;
    svc->state_ = op->state;
    svc->err_ = LP_OK;
    svc->was_told_ = true;
    if (op->state == LP_BUSKEY_SEALED) {
        lp_keychip_seal(svc->keys_, &svc->seal_, op->record.key, op->record.serial);
    } else {
        lp_keychip_unseal(svc->keys_, is_broken(op->state));
    }
    if (is_news) {
        tell(svc);
    }
}

static void on_checked(void *ctx, lp_err_t err)
{
    lp_svc_bus_t *svc = ctx;
    if (err == LP_OK) {
        take_state(svc);
    } else if (svc->err_ != err) {
        svc->err_ = err;
        LP_LOGW("whether the chip has the bus key cannot be told (%s); keys are exchanged in "
                "software until it can",
                lp_err_text(err));
    }
    lp_wipe(&svc->op_.record, sizeof svc->op_.record);
    svc->done_(svc->ctx_, err);
}

static void check(lp_svc_chip_guard_t *guard, const lp_atecc_id_t *id, lp_keychip_t *keys,
                  lp_atecc_done_fn *done, void *ctx)
{
    lp_svc_bus_t *svc = of(guard);
    svc->keys_ = keys;
    svc->done_ = done;
    svc->ctx_ = ctx;
    lp_keychip_unseal(keys, true); // until it is known better
    lp_buskey_check(&svc->op_, &svc->chip_->chip_, svc->store_, id, on_checked, svc);
}

// -- Chip.Bind

static void fail(lp_svc_bus_t *svc, lp_err_t err)
{
    LP_LOGE("board and chip have no bus key (%s)", lp_err_text(err));
    svc->chip_->is_guarded_ = false; // what is there now is looked at again
    if (err == LP_E_UNSUPPORTED) {
        lp_svc_chip_fail(svc->chip_, LP_E_STATE, "first lock the chip's zones with the plan");
        return;
    }
    lp_svc_chip_fail(svc->chip_, err,
                     err == LP_E_EXISTS ? "this chip has the bus key of another board, for ever"
                                        : "no bus key; call it again");
}

static void on_bound(void *ctx, lp_err_t err)
{
    lp_svc_bus_t *svc = ctx;
    if (err != LP_OK) {
        fail(svc, err);
        return;
    }
    LP_LOGI("board and chip share a bus key now, for ever");
    take_state(svc);
    lp_wipe(&svc->op_.record, sizeof svc->op_.record);
    lp_rpc_req_t *req = lp_svc_chip_finish(svc->chip_);
    lp_json_writer_t *w = lp_rpc_result(req);
    lp_json_put_object(w);
    lp_svc_chip_put_bus(svc->chip_, w);
    lp_json_put_object_end(w);
    lp_rpc_done(req);
}

static void bind(lp_svc_chip_guard_t *guard, const lp_atecc_id_t *id, lp_keychip_t *keys)
{
    lp_svc_bus_t *svc = of(guard);
    svc->keys_ = keys;
    lp_buskey_bind(&svc->op_, &svc->chip_->chip_, svc->store_, id, on_bound, svc);
}

static bool can_bind(const lp_svc_chip_guard_t *guard, const lp_atecc_id_t *id)
{
    const lp_svc_bus_t *svc = (const lp_svc_bus_t *)guard;
    const bool is_open = svc->state_ == LP_BUSKEY_NONE || svc->state_ == LP_BUSKEY_UNFINISHED;
    const bool is_ours = id->variant == LP_ATECC_LIMPET || id->variant == LP_ATECC_BLANK;
    return svc->err_ == LP_OK && is_ours &&
           (is_open || (svc->state_ == LP_BUSKEY_OTHER_CHIP && lp_buskey_is_open(id)));
}

static void rpc_bind(void *ctx, lp_rpc_req_t *req)
{
    lp_svc_bus_t *svc = ctx;
    lp_svc_chip_start(svc->chip_, req, LP_SVC_CHIP_BIND);
}

static const lp_rpc_method_t methods[] = {
    {"Chip.Bind", LP_RPC_CHIP, rpc_bind, "confirm: serial", "{bus, can_bind}"},
};

void lp_svc_bus_init(lp_svc_bus_t *svc, lp_svc_chip_t *chip, lp_store_t *store)
{
    memset(svc, 0, sizeof *svc);
    svc->guard = (lp_svc_chip_guard_t){.check = check, .bind = bind, .can_bind = can_bind};
    svc->chip_ = chip;
    svc->store_ = store;
}

void lp_svc_bus_add_methods(lp_svc_bus_t *svc, lp_rpc_t *rpc)
{
    svc->set_ =
        (lp_rpc_set_t){.methods = methods, .count = sizeof methods / sizeof methods[0], .ctx = svc};
    lp_rpc_add(rpc, &svc->set_);
}
