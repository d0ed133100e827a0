// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "limpet/log.h"
#include "limpet/port/clock.h"
#include "limpet/utf8.h"
#include "svc_wifi_internal.h"

#define LOG_MODULE "wifi"

static const char *security_name(lp_wifi_security_t security)
{
    static const char *const names[] = {[LP_WIFI_OPEN] = "open",
                                        [LP_WIFI_WPA2] = "wpa2",
                                        [LP_WIFI_WPA3] = "wpa3",
                                        [LP_WIFI_OTHER] = "other"};
    return names[security];
}

static void put_str(lp_json_writer_t *w, const char *key, const char *value)
{
    lp_json_put_key(w, key);
    lp_json_put_str(w, value);
}

static void put_num(lp_json_writer_t *w, const char *key, int64_t value)
{
    lp_json_put_key(w, key);
    lp_json_put_int(w, value);
}

// A name that is not UTF-8 would make no JSON: it is shown as hidden.
static void put_ssid(lp_json_writer_t *w, const char *ssid)
{
    put_str(w, "ssid", lp_utf8_is_valid(lp_span_str(ssid)) ? ssid : "");
}

static void put_mac(lp_json_writer_t *w, const char *key, const uint8_t mac[6])
{
    lp_json_put_key(w, key);
    lp_json_put_hex(w, lp_span(mac, 6));
}

static void put_why(lp_json_writer_t *w, const char *key, lp_wifi_why_t why)
{
    lp_json_put_key(w, key);
    if (why == LP_WIFI_WHY_NONE) {
        lp_json_put_null(w);
    } else {
        lp_json_put_str(w, lp_svc_wifi_why_name(why));
    }
}

// -- Wifi.Scan

static void put_seen(lp_json_writer_t *w, const lp_wifi_seen_t *seen)
{
    static const uint8_t auth_of_mos[] = {
        [LP_WIFI_OPEN] = 0, [LP_WIFI_WPA2] = 3, [LP_WIFI_WPA3] = 6, [LP_WIFI_OTHER] = 5};
    lp_json_put_object(w);
    put_ssid(w, seen->ssid);
    put_mac(w, "bssid", seen->bssid);
    put_num(w, "channel", seen->channel);
    put_num(w, "rssi", seen->rssi_dbm);
    put_num(w, "auth", auth_of_mos[seen->security]);
    put_str(w, "security", security_name(seen->security));
    lp_json_put_object_end(w);
}

void lp_wifi_answer_scan(lp_svc_wifi_t *svc, const lp_wifi_seen_t *seen, size_t count)
{
    lp_rpc_req_t *req = svc->scan_req_;
    if (req == NULL) {
        return;
    }
    svc->scan_req_ = NULL;
    lp_json_writer_t *w = lp_rpc_result(req);
    lp_json_put_array(w);
    for (size_t i = 0; i < count; i++) {
        put_seen(w, &seen[i]);
    }
    lp_json_put_array_end(w);
    lp_rpc_done(req);
}

static void scan(void *ctx, lp_rpc_req_t *req)
{
    lp_svc_wifi_t *svc = ctx;
    const lp_err_t err = svc->scan_req_ != NULL ? LP_E_BUSY : lp_wifi_start_scan(svc);
    if (err == LP_OK) {
        svc->scan_req_ = req;
    } else if (err == LP_E_BUSY) {
        lp_rpc_fail(req, err, "the radio is busy with a scan or a join; again in a second");
    } else {
        lp_rpc_fail(req, err,
                    err == LP_E_IO ? "the radio does not answer" : "this board has no radio");
    }
}

// -- Wifi.Status

static void put_networks(const lp_svc_wifi_t *svc, lp_json_writer_t *w)
{
    lp_json_put_key(w, "networks");
    lp_json_put_array(w);
    for (unsigned i = 0; i < LP_SVC_WIFI_NETWORKS; i++) {
        if (lp_wifi_ssid_of(svc, i)[0] != '\0') {
            const char *pass = lp_config_str(svc->s_.config, lp_wifi_pass_key(i));
            lp_json_put_object(w);
            put_num(w, "slot", i);
            put_ssid(w, lp_wifi_ssid_of(svc, i));
            put_str(w, "password",
                    pass[0] == '\0'             ? "none"
                    : pass[0] == LP_SECRET_MARK ? "sealed"
                                                : "clear");
            put_why(w, "last", svc->whys[i]);
            lp_json_put_object_end(w);
        }
    }
    lp_json_put_array_end(w);
}

static void put_candidate(const lp_svc_wifi_t *svc, lp_json_writer_t *w)
{
    static const char *const names[] = {[LP_SVC_WIFI_NO_SETUP] = "none",
                                        [LP_SVC_WIFI_TRYING] = "trying",
                                        [LP_SVC_WIFI_STORED] = "stored",
                                        [LP_SVC_WIFI_FAILED] = "failed"};
    const lp_svc_wifi_candidate_t *c = &svc->candidate;
    lp_json_put_key(w, "setup");
    if (c->state == LP_SVC_WIFI_NO_SETUP) {
        lp_json_put_null(w);
        return;
    }
    lp_json_put_object(w);
    put_str(w, "state", names[c->state]);
    put_ssid(w, c->ssid);
    put_why(w, "why", c->why);
    put_str(w, "text", c->err != LP_OK ? lp_err_text(c->err) : lp_svc_wifi_why_text(c->why));
    lp_json_put_object_end(w);
}

static void put_own(const lp_svc_wifi_t *svc, lp_json_writer_t *w)
{
    const lp_svc_wifi_own_t *own = &svc->own;
    const uint64_t now = lp_port_now_ms();
    const bool is_open = own->state == LP_SVC_WIFI_AP_OPEN;
    lp_json_put_key(w, "ap");
    lp_json_put_object(w);
    lp_json_put_key(w, "open");
    lp_json_put_bool(w, is_open);
    put_str(w, "ssid", own->ssid);
    put_num(w, "closes_s",
            is_open && own->closes_ms > now ? (int64_t)(own->closes_ms - now) / 1000 : 0);
    put_num(w, "stations", own->stations);
    put_num(w, "refused", own->refused);
    put_num(w, "locked_s",
            own->locked_until_ms > now ? (int64_t)(own->locked_until_ms - now) / 1000 : 0);
    lp_json_put_object_end(w);
}

static void put_connection(const lp_svc_wifi_t *svc, lp_json_writer_t *w)
{
    int8_t dbm = svc->seen.rssi_dbm;
    lp_json_put_key(w, "connection");
    if (svc->state != LP_SVC_WIFI_UP) {
        lp_json_put_null(w);
        return;
    }
    (void)lp_port_wifi_rssi(&dbm);
    lp_json_put_object(w);
    put_ssid(w, svc->ssid);
    put_mac(w, "bssid", svc->seen.bssid);
    put_num(w, "channel", svc->seen.channel);
    put_num(w, "rssi", dbm);
    put_str(w, "security", security_name(svc->seen.security));
    put_str(w, "address", svc->address);
    lp_json_put_object_end(w);
}

static void put_last(const lp_svc_wifi_t *svc, lp_json_writer_t *w)
{
    lp_json_put_key(w, "last");
    if (svc->last_why == LP_WIFI_WHY_NONE) {
        lp_json_put_null(w);
        return;
    }
    lp_json_put_object(w);
    put_why(w, "why", svc->last_why);
    put_num(w, "code", svc->last_code);
    put_str(w, "text", lp_svc_wifi_why_text(svc->last_why));
    lp_json_put_object_end(w);
}

static void status(void *ctx, lp_rpc_req_t *req)
{
    const lp_svc_wifi_t *svc = ctx;
    uint8_t mac[6] = {0};
    lp_json_writer_t *w = lp_rpc_result(req);
    lp_json_put_object(w);
    lp_json_put_key(w, "radio");
    lp_json_put_bool(w, svc->has_radio);
    put_str(w, "state", lp_svc_wifi_state_name(svc->state));
    put_num(w, "since_s", (int64_t)(lp_port_now_ms() - svc->since_ms) / 1000);
    lp_port_wifi_mac(mac);
    put_mac(w, "mac", mac);
    put_connection(svc, w);
    put_last(svc, w);
    put_networks(svc, w);
    put_candidate(svc, w);
    put_own(svc, w);
    lp_json_put_object_end(w);
    lp_rpc_done(req);
}

// -- changing

// The text of the parameters had a password in it. It stands in the channel's memory, which is ours
// to change; the answer is written behind it.
static void wipe_params(lp_rpc_req_t *req)
{
    lp_wipe((uint8_t *)(uintptr_t)req->params.raw.ptr, req->params.raw.len);
}

static bool read_network(lp_rpc_req_t *req, char *ssid, char *pass, uint32_t *slot)
{
    lp_json_t value;
    const lp_err_t name = lp_rpc_param_str(req, "ssid", ssid, LP_WIFI_SSID_MAX + 1);
    const lp_err_t secret = lp_rpc_param_str(req, "pass", pass, LP_WIFI_PASS_MAX + 1);
    const lp_err_t place = lp_rpc_param(req, "slot", &value);
    if (secret == LP_E_NOT_FOUND) {
        pass[0] = '\0';
    }
    return name == LP_OK && (secret == LP_OK || secret == LP_E_NOT_FOUND) &&
           (place == LP_E_NOT_FOUND ||
            (place == LP_OK && lp_json_u32(value, LP_SVC_WIFI_NETWORKS - 1, slot) == LP_OK));
}

static void setup_sta(void *ctx, lp_rpc_req_t *req)
{
    lp_svc_wifi_t *svc = ctx;
    char ssid[LP_WIFI_SSID_MAX + 1];
    char pass[LP_WIFI_PASS_MAX + 1] = "";
    uint32_t slot = 0;
    const bool is_read = read_network(req, ssid, pass, &slot);
    const lp_err_t err = is_read ? lp_svc_wifi_set_up(svc, ssid, pass, slot) : LP_E_INVALID;
    lp_wipe(pass, sizeof pass);
    wipe_params(req);
    if (err == LP_OK) {
        lp_rpc_ok(req);
    } else if (err == LP_E_INVALID) {
        lp_rpc_fail(req, err,
                    "ssid: 1 to 32 bytes; pass: 8 to 63 characters, none for an open network; "
                    "slot: 0..2");
    } else if (err == LP_E_BUSY) {
        lp_rpc_fail(req, err, "another network is being tried; Wifi.Status tells when it is over");
    } else if (err == LP_E_STATE) {
        lp_rpc_fail(req, err, "the radio is switched off; set wifi.enable");
    } else {
        lp_rpc_fail(req, err, "this board has no radio");
    }
}

static void forget(void *ctx, lp_rpc_req_t *req)
{
    char ssid[LP_WIFI_SSID_MAX + 1];
    lp_err_t err = lp_rpc_param_str(req, "ssid", ssid, sizeof ssid);
    if (err != LP_OK) {
        lp_rpc_fail(req, LP_E_INVALID, "ssid: the name of a network is needed");
        return;
    }
    err = lp_svc_wifi_forget(ctx, ssid);
    if (err == LP_OK) {
        lp_rpc_ok(req);
    } else {
        lp_rpc_fail(req, err,
                    err == LP_E_NOT_FOUND ? "there is no network of this name"
                                          : "the network was not removed (%s)",
                    lp_err_text(err));
    }
}

static void setup_ap(void *ctx, lp_rpc_req_t *req)
{
    lp_svc_wifi_t *svc = ctx;
    bool wants_it = true;
    if (lp_rpc_param_bool(req, "enable", true, &wants_it) != LP_OK) {
        lp_rpc_fail(req, LP_E_INVALID, "enable: true or false");
        return;
    }
    if (!wants_it) {
        lp_svc_wifi_close_setup(svc);
        lp_rpc_ok(req);
        return;
    }
    const lp_err_t err = lp_svc_wifi_open_setup(svc);
    if (err == LP_OK || err == LP_E_STATE) {
        lp_rpc_ok(req);
    } else if (err == LP_E_BUSY) {
        lp_rpc_fail(req, err, "too many wrong passwords: it stays closed for another %u s",
                    (unsigned)((svc->own.locked_until_ms - lp_port_now_ms()) / 1000));
    } else if (err == LP_E_DENIED) {
        lp_rpc_fail(req, err, "wifi.enable or wifi.ap.mode forbids it");
    } else {
        lp_rpc_fail(req, err, "the set-up network cannot be opened (%s)", lp_err_text(err));
    }
}

static void label(void *ctx, lp_rpc_req_t *req)
{
    lp_svc_wifi_t *svc = ctx;
    char password[LP_SVC_WIFI_SECRET_MAX];
    const lp_rpc_channel_t *channel = lp_rpc_channel_of(req);
    if (channel == NULL || channel->is_public) {
        lp_rpc_fail(req, LP_E_DENIED, "over the UART or TLS only: others can read this line");
        return;
    }
    const lp_err_t err = lp_svc_wifi_setup_password(svc, password);
    if (err != LP_OK) {
        lp_rpc_fail(req, err, "there is no password (%s)", lp_err_text(err));
        return;
    }
    lp_json_writer_t *w = lp_rpc_result(req);
    lp_json_put_object(w);
    put_str(w, "ssid", svc->own.ssid);
    put_str(w, "pass", password);
    lp_json_put_object_end(w);
    lp_rpc_done(req);
    lp_wipe(password, sizeof password);
}

static const lp_rpc_method_t methods[] = {
    {"Wifi.Scan", LP_RPC_READ, scan, "", "array of {ssid, bssid, channel, rssi, auth, security}"},
    {"Wifi.Status", LP_RPC_READ, status, "",
     "{radio, state, since_s, mac, connection, last, networks, setup, ap}"},
    {"Wifi.SetupSTA", LP_RPC_WRITE, setup_sta, "ssid, pass, slot", "{}"},
    {"Wifi.Forget", LP_RPC_WRITE, forget, "ssid", "{}"},
    {"Wifi.SetupAP", LP_RPC_WRITE, setup_ap, "enable: bool", "{}"},
    {"Wifi.Label", LP_RPC_CHIP, label, "", "{ssid, pass}"},
};

void lp_wifi_add_methods(lp_svc_wifi_t *svc)
{
    svc->set_ =
        (lp_rpc_set_t){.methods = methods, .count = sizeof methods / sizeof methods[0], .ctx = svc};
    lp_rpc_add(svc->s_.rpc, &svc->set_);
}
