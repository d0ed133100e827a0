// SPDX-License-Identifier: Apache-2.0
// The set-up network.
//   store, "wifi.label"    its password: 16 random characters, made once
//
// It belongs on the board's label. It does not depend on anything that others know of the board,
// and outlives a factory reset. 80 random bits cannot be guessed from a recorded handshake, either;
// that the network closes after some wrong ones is for who tries all the same.
#include <string.h>

#include "limpet/fmt.h"
#include "limpet/log.h"
#include "limpet/port/clock.h"
#include "limpet/port/system.h"
#include "svc_wifi_internal.h"

#define LOG_MODULE "wifi"

enum {
    SECRET_CHARS = 16,
    DONE_MS = 5000, // for who set it up to hear that it worked
    LOCK_MS = 60 * 1000,
    LOCK_SHIFT_MAX = 6, // about an hour
};

static const char label_key[] = "wifi.label";

// Without what looks like something else.
static const char letters[] = "abcdefghijkmnpqrstuvwxyz23456789";

static lp_err_t make_password(lp_svc_wifi_t *svc, char password[LP_SVC_WIFI_SECRET_MAX])
{
    uint8_t random[SECRET_CHARS];
    const lp_err_t err = lp_port_entropy(random, sizeof random);
    for (size_t i = 0; i < SECRET_CHARS; i++) {
        password[i] = letters[random[i] & 31u];
    }
    password[SECRET_CHARS] = '\0';
    lp_wipe(random, sizeof random);
    const lp_store_item_t item = {.key = label_key, .value = lp_span(password, SECRET_CHARS)};
    return err == LP_OK ? lp_store_put(svc->s_.store, &item, 1) : err;
}

lp_err_t lp_svc_wifi_setup_password(lp_svc_wifi_t *svc, char password[LP_SVC_WIFI_SECRET_MAX])
{
    lp_buf_t out = lp_buf(password, LP_SVC_WIFI_SECRET_MAX - 1);
    const lp_err_t err = lp_store_get(svc->s_.store, label_key, &out);
    password[out.len] = '\0';
    if (err == LP_E_NOT_FOUND || (err == LP_OK && out.len < LP_WIFI_PASS_MIN)) {
        return make_password(svc, password);
    }
    return err;
}

static bool is_allowed(const lp_svc_wifi_t *svc)
{
    return svc->has_radio && lp_config_bool(svc->s_.config, "wifi.enable") &&
           strcmp(lp_config_str(svc->s_.config, "wifi.ap.mode"), "never") != 0;
}

lp_err_t lp_svc_wifi_open_setup(lp_svc_wifi_t *svc)
{
    char password[LP_SVC_WIFI_SECRET_MAX];
    lp_svc_wifi_own_t *own = &svc->own;
    if (!is_allowed(svc)) {
        return svc->has_radio ? LP_E_DENIED : LP_E_UNSUPPORTED;
    }
    if (own->state != LP_SVC_WIFI_AP_CLOSED) {
        return LP_E_STATE;
    }
    if (lp_port_now_ms() < own->locked_until_ms) {
        return LP_E_BUSY;
    }
    lp_err_t err = lp_svc_wifi_setup_password(svc, password);
    const lp_wifi_ap_t ap = {.ssid = own->ssid, .pass = password};
    err = err == LP_OK ? lp_port_wifi_ap_start(&ap) : err;
    if (err == LP_OK) {
        own->state = LP_SVC_WIFI_AP_STARTING;
        own->refused = own->stations = 0;
    }
    lp_wipe(password, sizeof password);
    return err;
}

void lp_svc_wifi_close_setup(lp_svc_wifi_t *svc)
{
    (void)svc; // there is one radio
    lp_port_wifi_ap_stop();
}

static void on_timer(void *ctx)
{
    lp_svc_wifi_t *svc = ctx;
    if (svc->own.state == LP_SVC_WIFI_AP_CLOSED) { // the start
        if (strcmp(lp_config_str(svc->s_.config, "wifi.ap.mode"), "auto") == 0 &&
            lp_wifi_networks(svc) == 0) {
            (void)lp_svc_wifi_open_setup(svc);
        }
        return;
    }
    LP_LOGI("the set-up network closes");
    lp_svc_wifi_close_setup(svc);
}

// On the console alone, which is the owner's; the log may go elsewhere, too.
static void print_label(const char *ssid, const char *password)
{
    char line[128];
    (void)lp_fmt_str(line, sizeof line, "SET-UP NETWORK: \"%s\", password %s", ssid, password);
    lp_port_log_line(line, strlen(line));
    lp_wipe(line, sizeof line);
}

static void on_open(lp_svc_wifi_t *svc, const char *address)
{
    char password[LP_SVC_WIFI_SECRET_MAX];
    lp_svc_wifi_own_t *own = &svc->own;
    const uint32_t ms = (uint32_t)lp_config_int(svc->s_.config, "wifi.ap.timeout_s") * 1000;
    own->state = LP_SVC_WIFI_AP_OPEN;
    own->closes_ms = lp_port_now_ms() + ms;
    lp_timer_start(svc->s_.loop, &own->timer, ms);
    if (lp_svc_wifi_setup_password(svc, password) != LP_OK) {
        lp_svc_wifi_close_setup(svc);
        return;
    }
    LP_LOGW("the set-up network \"%s\" is open for %u s", own->ssid, (unsigned)(ms / 1000));
    print_label(own->ssid, password);
    svc->s_.on_setup(svc->s_.ctx, address, password);
    lp_wipe(password, sizeof password);
}

static void on_closed(lp_svc_wifi_t *svc)
{
    const bool was_open = svc->own.state == LP_SVC_WIFI_AP_OPEN;
    svc->own.state = LP_SVC_WIFI_AP_CLOSED;
    svc->own.stations = 0;
    lp_timer_stop(svc->s_.loop, &svc->own.timer);
    if (was_open) {
        LP_LOGI("the set-up network is closed");
        svc->s_.on_setup(svc->s_.ctx, NULL, "");
    }
}

static void on_refused(lp_svc_wifi_t *svc)
{
    lp_svc_wifi_own_t *own = &svc->own;
    if (++own->refused < LP_SVC_WIFI_REFUSED_MAX) {
        return;
    }
    const unsigned shift = own->locks < LOCK_SHIFT_MAX ? own->locks : LOCK_SHIFT_MAX;
    own->locks++;
    own->locked_until_ms = lp_port_now_ms() + ((uint64_t)LOCK_MS << shift);
    LP_LOGW("%u wrong passwords: the set-up network closes, and stays so for %u s", own->refused,
            (unsigned)(LOCK_MS << shift) / 1000);
    lp_svc_wifi_close_setup(svc);
}

void lp_wifi_own_event(lp_svc_wifi_t *svc, const lp_wifi_event_t *ev)
{
    switch (ev->id) {
    case LP_WIFI_AP_OPEN:
        on_open(svc, ev->address);
        break;
    case LP_WIFI_AP_CLOSED:
        on_closed(svc);
        break;
    case LP_WIFI_AP_JOINED:
        svc->own.stations++;
        LP_LOGI("somebody joined the set-up network");
        break;
    case LP_WIFI_AP_LEFT:
        svc->own.stations -= svc->own.stations > 0;
        break;
    case LP_WIFI_AP_REFUSED:
        on_refused(svc);
        break;
    case LP_WIFI_SCANNED:
    case LP_WIFI_JOINED:
    case LP_WIFI_ADDRESS:
    case LP_WIFI_LOST:
        break;
    }
}

void lp_wifi_own_done(lp_svc_wifi_t *svc)
{
    if (svc->own.state == LP_SVC_WIFI_AP_OPEN) {
        svc->own.closes_ms = lp_port_now_ms() + DONE_MS;
        lp_timer_start(svc->s_.loop, &svc->own.timer, DONE_MS);
    }
}

void lp_wifi_own_init(lp_svc_wifi_t *svc)
{
    const char *id = lp_config_str(svc->s_.config, "device.id");
    const char *tail = strncmp(id, "lp-", 3) == 0 ? id + 3 : id;
    (void)lp_fmt_str(svc->own.ssid, sizeof svc->own.ssid, "limpet-%.24s", tail);
    lp_timer_init(&svc->own.timer, on_timer, svc);
    if (svc->has_radio) {
        lp_timer_start(svc->s_.loop, &svc->own.timer, 0);
    }
}
