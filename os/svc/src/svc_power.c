// SPDX-License-Identifier: Apache-2.0
#include "limpet/svc_power.h"

#include "limpet/log.h"

#define LOG_MODULE "power"

// -- vetoes

static const char *turn_objects(void *ctx)
{
    const lp_svc_power_t *svc = ctx;
    return lp_turn_is_taken(svc->s_.turn) ? "the crypto chip is at work, or a handshake" : NULL;
}

static const char *cloud_objects(void *ctx)
{
    const lp_svc_power_t *svc = ctx;
    const lp_svc_cloud_t *cloud = svc->s_.cloud;
    switch (cloud->state) {
    case LP_CLOUD_OFF:
        return NULL;
    case LP_CLOUD_CHECK:
    case LP_CLOUD_DIAL:
    case LP_CLOUD_WAIT_TURN:
    case LP_CLOUD_HANDSHAKE:
    case LP_CLOUD_LOGIN:
        return "the cloud is being connected to";
    case LP_CLOUD_WAIT_TIME:
    case LP_CLOUD_NO_KEY:
    case LP_CLOUD_CONNECTED:
    case LP_CLOUD_BACKOFF:
        break;
    }
    if (cloud->proof_.is_waiting) {
        return "a proof is under way";
    }
    const bool has_messages = cloud->has_mqtt_ && lp_mqtt_stats(&cloud->mqtt_).queued > 0;
    return has_messages ? "messages wait for the broker" : NULL;
}

// -- the chip

static void tell_rested(void *ctx)
{
    lp_svc_power_t *svc = ctx;
    svc->done_(svc->done_ctx_);
}

static void on_rested(void *ctx, lp_err_t err)
{
    if (err != LP_OK) {
        LP_LOGW("the crypto chip was not put to sleep (%s)", lp_err_text(err));
    }
    tell_rested(ctx);
}

// Whatever came of it: a chip that was idle is awake now, and takes the word.
static void on_awake(void *ctx, lp_err_t err)
{
    lp_svc_power_t *svc = ctx;
    lp_atecc_t *chip = lp_svc_chip_driver(svc->s_.chip);
    if (err == LP_OK && chip != NULL) {
        err = lp_atecc_rest(chip, &svc->req_, LP_ATECC_SLEEP, on_rested, svc);
    }
    if (err != LP_OK || chip == NULL) {
        on_rested(svc, err);
    }
}

static void on_turn(void *ctx)
{
    lp_svc_power_t *svc = ctx;
    lp_atecc_t *chip = lp_svc_chip_driver(svc->s_.chip);
    if (chip == NULL) {
        tell_rested(svc);
        return;
    }
    // An idle chip sleeps through the word "sleep": it is woken first.
    const lp_err_t err =
        lp_atecc_info(chip, &svc->req_, LP_ATECC_INFO_REVISION, 0, svc->info_, on_awake, svc);
    if (err != LP_OK) {
        on_rested(svc, err);
    }
}

void lp_svc_power_rest(lp_svc_power_t *svc, lp_loop_fn *done, void *done_ctx)
{
    svc->done_ = done;
    svc->done_ctx_ = done_ctx;
    lp_turn_take(svc->s_.turn, &svc->ticket_, on_turn, svc);
}

// -- what people see

void lp_svc_power_put(const lp_power_t *power, lp_json_writer_t *w)
{
    lp_json_put_key(w, "power");
    lp_json_put_object(w);
    lp_json_put_key(w, "wake");
    lp_json_put_str(w, lp_power_wake_name(power->wake));
    lp_json_put_key(w, "sleeps");
    lp_json_put_uint(w, power->sleeps);
    lp_json_put_key(w, "slept_ms");
    lp_json_put_uint(w, power->slept_ms);
    lp_json_put_key(w, "awake_ms");
    lp_json_put_uint(w, lp_power_awake_ms(power));
    lp_json_put_key(w, "busy_ms");
    lp_json_put_uint(w, lp_power_busy_ms());
    lp_json_put_object_end(w);
}

static bool take_number(lp_rpc_req_t *req, const char *key, uint32_t max, uint32_t *value)
{
    lp_json_t given;
    const lp_err_t err = lp_rpc_param(req, key, &given);
    const bool is_good =
        err == LP_E_NOT_FOUND || (err == LP_OK && lp_json_u32(given, max, value) == LP_OK);
    if (!is_good) {
        lp_rpc_fail(req, LP_E_RANGE, "%s: a whole number, up to %u", key, (unsigned)max);
    }
    return is_good;
}

static void sys_sleep(void *ctx, lp_rpc_req_t *req)
{
    lp_svc_power_t *svc = ctx;
    uint32_t sleep_s = 0;
    uint32_t patience_ms = LP_SVC_POWER_PATIENCE_MS;
    if (!take_number(req, "sleep_s", LP_SVC_POWER_SLEEP_MAX_S, &sleep_s) ||
        !take_number(req, "patience_ms", LP_POWER_PATIENCE_MAX_MS, &patience_ms)) {
        return;
    }
    if (sleep_s == 0) {
        lp_rpc_fail(req, LP_E_RANGE, "sleep_s: for how many seconds, 1..%u",
                    (unsigned)LP_SVC_POWER_SLEEP_MAX_S);
        return;
    }
    const lp_err_t err = lp_power_sleep(svc->s_.power, sleep_s, patience_ms);
    if (err != LP_OK) {
        lp_rpc_fail(req, err, "the board is on its way to sleep already");
        return;
    }
    lp_rpc_ok(req);
}

static const lp_rpc_method_t methods[] = {
    {"Sys.Sleep", LP_RPC_WRITE, sys_sleep, "sleep_s: 1..86400, patience_ms", "{}"},
};

void lp_svc_power_init(lp_svc_power_t *svc, const lp_svc_power_setup_t *setup)
{
    *svc = (lp_svc_power_t){.s_ = *setup};
    svc->set_ =
        (lp_rpc_set_t){.methods = methods, .count = sizeof methods / sizeof methods[0], .ctx = svc};
    svc->turn_veto_ = (lp_power_veto_t){.why_not = turn_objects, .ctx = svc, .is_hard = true};
    lp_power_add_veto(setup->power, &svc->turn_veto_);
    if (setup->cloud != NULL) {
        svc->cloud_veto_ = (lp_power_veto_t){.why_not = cloud_objects, .ctx = svc};
        lp_power_add_veto(setup->power, &svc->cloud_veto_);
    }
    lp_rpc_add(setup->rpc, &svc->set_);
}
