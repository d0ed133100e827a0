// SPDX-License-Identifier: Apache-2.0
#include "limpet/svc_sys.h"

#include "limpet/log.h"
#include "limpet/port/clock.h"
#include "limpet/port/system.h"
#include "limpet/settings.h"

#define LOG_MODULE "sys"

enum {
    REBOOT_DEFAULT_MS = 100, // for the answer to get out
    GOODBYE_MS = 150,        // for what on_reboot started
    REBOOT_MAX_MS = 60000,
};

static void put_boot(const lp_svc_sys_t *svc, lp_json_writer_t *w)
{
    lp_json_put_key(w, "boot");
    lp_json_put_object(w);
    lp_json_put_key(w, "count");
    lp_json_put_uint(w, svc->s_.counters->value[LP_COUNTER_BOOTS]);
    lp_json_put_key(w, "reason");
    lp_json_put_str(w, lp_port_boot_reason());
    lp_json_put_key(w, "safe_mode");
    lp_json_put_bool(w, svc->s_.is_safe_mode);
    lp_json_put_object_end(w);
    lp_json_put_key(w, "wear");
    lp_json_put_object(w);
    lp_json_put_key(w, "ecdhe");
    lp_json_put_uint(w, svc->s_.counters->value[LP_COUNTER_ECDHE]);
    lp_json_put_object_end(w);
}

// Which settings count now: those that are saved, ones that are tried, or ones that were only set
// and are gone at a restart.
static const char *settings_word(const lp_config_t *c)
{
    if (c->is_saved) {
        return "saved";
    }
    return c->is_trial ? "trial" : "set";
}

static void get_info(void *ctx, lp_rpc_req_t *req)
{
    const lp_svc_sys_t *svc = ctx;
    int64_t utc_s = 0;
    lp_json_writer_t *w = lp_rpc_result(req);
    lp_json_put_object(w);
    lp_json_put_key(w, "id");
    lp_json_put_str(w, lp_setting_device_id(svc->s_.config));
    lp_json_put_key(w, "app");
    lp_json_put_str(w, svc->s_.app);
    lp_json_put_key(w, "fw_version");
    lp_json_put_str(w, svc->s_.fw_version);
    lp_json_put_key(w, "port");
    lp_json_put_str(w, lp_port_name());
    lp_json_put_key(w, "uptime_s");
    lp_json_put_uint(w, lp_port_now_ms() / 1000);
    lp_json_put_key(w, "utc_s");
    if (lp_port_utc_s(&utc_s) == LP_OK) {
        lp_json_put_int(w, utc_s);
    } else {
        lp_json_put_null(w);
    }
    put_boot(svc, w);
    lp_json_put_key(w, "settings");
    lp_json_put_str(w, settings_word(svc->s_.config));
    if (svc->s_.put_more != NULL) {
        svc->s_.put_more(w);
    }
    lp_json_put_object_end(w);
    lp_rpc_done(req);
}

static void reboot_now(void *ctx)
{
    (void)ctx;
    lp_port_reboot();
}

static void say_goodbye(void *ctx)
{
    lp_svc_sys_t *svc = ctx;
    LP_LOGI("restarting");
    if (svc->s_.on_reboot != NULL) {
        svc->s_.on_reboot(svc->s_.ctx);
    }
    lp_timer_start(svc->s_.loop, &svc->goodbye_, GOODBYE_MS);
}

void lp_svc_sys_reboot(lp_svc_sys_t *svc, uint32_t delay_ms)
{
    lp_timer_start(svc->s_.loop, &svc->reboot_, delay_ms);
}

static void reboot(void *ctx, lp_rpc_req_t *req)
{
    lp_svc_sys_t *svc = ctx;
    lp_json_t value;
    uint32_t delay_ms = REBOOT_DEFAULT_MS;
    const lp_err_t err = lp_rpc_param(req, "delay_ms", &value);
    if (err == LP_E_EXISTS ||
        (err == LP_OK && lp_json_u32(value, REBOOT_MAX_MS, &delay_ms) != LP_OK)) {
        lp_rpc_fail(req, LP_E_RANGE, "delay_ms: a whole number, 0..%d", REBOOT_MAX_MS);
        return;
    }
    lp_svc_sys_reboot(svc, delay_ms);
    lp_rpc_ok(req);
}

// -- Config.*

static void config_get(void *ctx, lp_rpc_req_t *req)
{
    const lp_svc_sys_t *svc = ctx;
    char key[LP_CONFIG_KEY_MAX];
    const lp_err_t err = lp_rpc_param_str(req, "key", key, sizeof key);
    if (err != LP_OK && err != LP_E_NOT_FOUND) {
        lp_rpc_fail(req, LP_E_INVALID, "key: the name of a setting is needed, like cloud.server");
        return;
    }
    const char *wanted = err == LP_OK ? key : NULL;
    lp_json_writer_t *w = lp_rpc_result(req);
    if (lp_config_put(svc->s_.config, wanted, w) == LP_OK) {
        lp_rpc_done(req);
    } else {
        lp_rpc_fail(req, LP_E_NOT_FOUND,
                    "there is no setting %s; Config.Get without a key shows "
                    "all",
                    key);
    }
}

static void config_set(void *ctx, lp_rpc_req_t *req)
{
    lp_svc_sys_t *svc = ctx;
    uint8_t text[LP_CONFIG_WHY_MAX];
    lp_buf_t why = lp_buf(text, sizeof text);
    lp_json_t tree = {0};
    const lp_err_t found = lp_rpc_param(req, "config", &tree);
    const lp_err_t err = found == LP_OK ? lp_config_set(svc->s_.config, tree, &why) : LP_E_INVALID;
    if (found != LP_OK) {
        lp_rpc_fail(req, err, "config: an object with settings is needed");
    } else if (err != LP_OK) {
        lp_rpc_fail(req, err, "%.*s", (int)why.len, (const char *)why.ptr);
    } else {
        lp_rpc_ok(req);
        if (svc->s_.on_config != NULL) {
            svc->s_.on_config(svc->s_.ctx);
        }
    }
}

static lp_err_t save(lp_svc_sys_t *svc, bool is_trial)
{
    if (!is_trial) {
        return lp_config_save(svc->s_.config);
    }
    return svc->s_.save_trial != NULL ? svc->s_.save_trial(svc->s_.config) : LP_E_UNSUPPORTED;
}

static void config_save(void *ctx, lp_rpc_req_t *req)
{
    lp_svc_sys_t *svc = ctx;
    bool wants_reboot = false;
    bool is_trial = false;
    if (lp_rpc_param_bool(req, "reboot", false, &wants_reboot) != LP_OK ||
        lp_rpc_param_bool(req, "try_once", false, &is_trial) != LP_OK) {
        lp_rpc_fail(req, LP_E_INVALID, "reboot, try_once: true or false");
        return;
    }
    const lp_err_t err = save(svc, is_trial);
    if (err != LP_OK) {
        LP_LOGE("the settings could not be saved (%s)", lp_err_text(err));
        lp_rpc_fail(req, err,
                    "the settings could not be written to flash (%s); the old ones count "
                    "after a restart",
                    lp_err_text(err));
        return;
    }
    LP_LOGI(is_trial ? "settings saved, for the next start only" : "settings saved");
    if (wants_reboot) {
        lp_svc_sys_reboot(svc, REBOOT_DEFAULT_MS);
    }
    lp_rpc_ok(req);
}

static const lp_rpc_method_t methods[] = {
    {"Sys.GetInfo", LP_RPC_READ, get_info, "",
     "{id, app, fw_version, port, uptime_s, utc_s, boot: {count, reason, safe_mode}, wear: "
     "{ecdhe}, settings}"},
    {"Sys.Reboot", LP_RPC_WRITE, reboot, "delay_ms", "{}"},
    {"Config.Get", LP_RPC_READ, config_get, "key (optional, dotted)", "the value or the tree"},
    {"Config.Set", LP_RPC_WRITE, config_set, "config: tree", "{}"},
    {"Config.Save", LP_RPC_WRITE, config_save, "reboot: bool, try_once: bool", "{}"},
};

void lp_svc_sys_init(lp_svc_sys_t *svc, const lp_svc_sys_setup_t *setup)
{
    *svc = (lp_svc_sys_t){.s_ = *setup};
    svc->set_ =
        (lp_rpc_set_t){.methods = methods, .count = sizeof methods / sizeof methods[0], .ctx = svc};
    lp_timer_init(&svc->reboot_, say_goodbye, svc);
    lp_timer_init(&svc->goodbye_, reboot_now, svc);
    lp_rpc_add(setup->rpc, &svc->set_);
}
