// SPDX-License-Identifier: Apache-2.0
#include "limpet/svc_config.h"

#include <string.h>

#include "limpet/fmt.h"
#include "limpet/log.h"
#include "limpet/settings_about.h"

#define LOG_MODULE "config"

enum { RESTART_MS = 100 }; // for the answer to get out

// -- Config.Schema

static void put_str(lp_json_writer_t *w, const char *key, const char *value)
{
    if (value[0] != '\0') {
        lp_json_put_key(w, key);
        lp_json_put_str(w, value);
    }
}

static void put_flag(lp_json_writer_t *w, const char *key, bool value)
{
    if (value) {
        lp_json_put_key(w, key);
        lp_json_put_bool(w, true);
    }
}

static void put_num(lp_json_writer_t *w, const char *key, int32_t value)
{
    lp_json_put_key(w, key);
    lp_json_put_int(w, value);
}

static void put_choices(lp_json_writer_t *w, const char *choices)
{
    lp_json_put_key(w, "choices");
    lp_json_put_array(w);
    while (choices != NULL) {
        const char *end = strchr(choices, '|');
        const size_t len = end != NULL ? (size_t)(end - choices) : strlen(choices);
        lp_json_put_span(w, lp_span(choices, len));
        choices = end != NULL ? end + 1 : NULL;
    }
    lp_json_put_array_end(w);
}

static void put_type(lp_json_writer_t *w, const lp_config_row_t *row)
{
    lp_json_put_key(w, "type");
    switch (row->type) {
    case LP_CONFIG_BOOL:
        lp_json_put_str(w, "bool");
        lp_json_put_key(w, "default");
        lp_json_put_bool(w, row->fallback_num != 0);
        break;
    case LP_CONFIG_INT:
        lp_json_put_str(w, "int");
        put_num(w, "default", row->fallback_num);
        put_num(w, "min", row->min);
        put_num(w, "max", row->max);
        break;
    case LP_CONFIG_STR:
        lp_json_put_str(w, "string");
        lp_json_put_key(w, "default");
        lp_json_put_str(w, row->fallback);
        if (row->choices != NULL) {
            put_choices(w, row->choices);
        } else {
            put_num(w, "max_len", row->max);
        }
        break;
    }
}

static void put_row(const lp_config_t *c, const lp_config_row_t *row,
                    const lp_setting_about_t *about, lp_json_writer_t *w)
{
    const size_t i = lp_config_row(c, row->key);
    lp_json_put_object(w);
    put_str(w, "key", row->key);
    put_type(w, row);
    put_str(w, "title", about->title);
    put_str(w, "unit", about->unit);
    put_str(w, "format", about->format);
    put_str(w, "doc", about->doc);
    put_flag(w, "readonly", (row->flags & LP_CONFIG_READONLY) != 0);
    put_flag(w, "secret", (row->flags & LP_CONFIG_SECRET) != 0);
    put_flag(w, "pinned", lp_config_is_pinned(c, i));
    put_flag(w, "is_set", lp_config_is_set(c, i));
    lp_json_put_object_end(w);
}

static const lp_settings_more_t *more_of(const lp_svc_config_t *svc, const char *group)
{
    for (size_t i = 0; i < svc->more_count_; i++) {
        if (strcmp(svc->more_[i]->group.name, group) == 0) {
            return svc->more_[i];
        }
    }
    return NULL;
}

static bool is_of_group(size_t i, const char *group)
{
    const size_t len = strlen(group);
    return strncmp(lp_settings[i].key, group, len) == 0 && lp_settings[i].key[len] == '.';
}

static bool is_group(const char *name)
{
    for (size_t i = 0; i < lp_settings_group_count; i++) {
        if (strcmp(lp_settings_groups[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

static void put_group(const lp_settings_group_t *group, lp_json_writer_t *w)
{
    lp_json_put_object(w);
    put_str(w, "group", group->name);
    put_str(w, "title", group->title);
    lp_json_put_object_end(w);
}

static void answer_groups(const lp_svc_config_t *svc, lp_rpc_req_t *req)
{
    lp_json_writer_t *w = lp_rpc_result(req);
    lp_json_put_array(w);
    for (size_t i = 0; i < lp_settings_group_count; i++) {
        put_group(&lp_settings_groups[i], w);
    }
    for (size_t i = 0; i < svc->more_count_; i++) {
        put_group(&svc->more_[i]->group, w);
    }
    lp_json_put_array_end(w);
    lp_rpc_done(req);
}

static void schema(void *ctx, lp_rpc_req_t *req)
{
    const lp_svc_config_t *svc = ctx;
    char group[LP_CONFIG_KEY_MAX];
    const lp_err_t err = lp_rpc_param_str(req, "group", group, sizeof group);
    if (err == LP_E_NOT_FOUND) {
        answer_groups(svc, req);
        return;
    }
    const lp_settings_more_t *more = more_of(svc, group);
    if (err != LP_OK || (!is_group(group) && more == NULL)) {
        lp_rpc_fail(req, err != LP_OK ? LP_E_INVALID : LP_E_NOT_FOUND,
                    "group: one of those is needed that Config.Schema without it names");
        return;
    }
    lp_json_writer_t *w = lp_rpc_result(req);
    lp_json_put_array(w);
    for (size_t i = 0; i < LP_SETTINGS_COUNT; i++) {
        if (is_of_group(i, group)) {
            put_row(svc->config, &lp_settings[i], &lp_settings_about[i], w);
        }
    }
    for (size_t i = 0; more != NULL && i < more->count; i++) {
        put_row(svc->config, &more->rows[i], &more->about[i], w);
    }
    lp_json_put_array_end(w);
    lp_rpc_done(req);
}

// -- Config.Confirm, Config.Reset

static void confirm(void *ctx, lp_rpc_req_t *req)
{
    lp_svc_config_t *svc = ctx;
    const lp_err_t err = lp_config_confirm(svc->config);
    if (err == LP_OK) {
        LP_LOGI("the settings that were tried are saved");
        lp_rpc_ok(req);
    } else if (err == LP_E_STATE) {
        lp_rpc_fail(req, err, "no settings are being tried at present");
    } else {
        lp_rpc_fail(req, err, "the settings could not be written to flash (%s)", lp_err_text(err));
    }
}

static void reset(void *ctx, lp_rpc_req_t *req)
{
    lp_svc_config_t *svc = ctx;
    const char *id = lp_setting_device_id(svc->config);
    char given[LP_CONFIG_KEY_MAX] = "";
    (void)lp_rpc_param_str(req, "confirm", given, sizeof given);
    if (strcmp(given, id) != 0) {
        lp_rpc_fail(req, LP_E_INVALID,
                    "confirm: the board's id is needed (%s); all settings will be lost", id);
        return;
    }
    const lp_err_t err = lp_config_reset(svc->config);
    if (err != LP_OK) {
        lp_rpc_fail(req, err, "the settings could not be removed (%s); do it again",
                    lp_err_text(err));
        return;
    }
    LP_LOGW("factory reset: all settings are back at their defaults");
    lp_svc_sys_reboot(svc->sys, RESTART_MS);
    lp_rpc_ok(req);
}

static const lp_rpc_method_t methods[] = {
    {"Config.Schema", LP_RPC_READ, schema, "group (optional)",
     "the groups, or of one the settings: array of {key, type, default, ...}"},
    {"Config.Confirm", LP_RPC_WRITE, confirm, "", "{}"},
    {"Config.Reset", LP_RPC_WRITE, reset, "confirm: the board's id", "{}"},
};

void lp_svc_config_init(lp_svc_config_t *svc, lp_rpc_t *rpc, lp_config_t *config, lp_svc_sys_t *sys)
{
    *svc = (lp_svc_config_t){.config = config, .sys = sys};
    svc->set_ =
        (lp_rpc_set_t){.methods = methods, .count = sizeof methods / sizeof methods[0], .ctx = svc};
    lp_rpc_add(rpc, &svc->set_);
}

lp_err_t lp_svc_config_add(lp_svc_config_t *svc, const lp_settings_more_t *more, size_t count)
{
    if (count > LP_SVC_CONFIG_MORE_MAX - svc->more_count_) {
        return LP_E_NOSPACE;
    }
    for (size_t i = 0; i < count; i++) {
        svc->more_[svc->more_count_++] = &more[i];
    }
    return LP_OK;
}
