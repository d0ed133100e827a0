// SPDX-License-Identifier: Apache-2.0
// The station's life, as limpet/svc_wifi.h draws it. What comes from the radio for a situation that
// is over changes nothing.
#include "limpet/svc_wifi.h"

#include <string.h>

#include "limpet/fmt.h"
#include "limpet/log.h"
#include "limpet/port/clock.h"
#include "limpet/port/system.h"
#include "svc_wifi_internal.h"

#define LOG_MODULE "wifi"

enum {
    BUSY_MS = 200, // the radio or the chip is busy
    BACKOFF_FLOOR_MS = 500,
    BACKOFF_BASE_MS = 2000,
    STABLE_MS = 30000, // a connection that lasted this long was a good one
    ROAM_MS = 10000,   // between two looks at the signal
    WEAK_DBM = -75,    // below it a stronger access point is looked for
};

const char *lp_svc_wifi_state_name(lp_svc_wifi_state_t state)
{
    switch (state) {
    case LP_SVC_WIFI_OFF:
        return "off";
    case LP_SVC_WIFI_IDLE:
        return "idle";
    case LP_SVC_WIFI_SCANNING:
    case LP_SVC_WIFI_OPENING:
    case LP_SVC_WIFI_JOINING:
        return "connecting";
    case LP_SVC_WIFI_UP:
        return "connected";
    case LP_SVC_WIFI_WAITING:
        return "waiting";
    }
    return "?";
}

static const struct {
    const char *name;
    const char *text;
} whys[] = {
    [LP_WIFI_WHY_NONE] = {"none", ""},
    [LP_WIFI_WHY_NO_AP] = {"no-such-network", "no access point of this name is heard"},
    [LP_WIFI_WHY_SECURITY] = {"wrong-security",
                              "the access point of this name is secured in another way than "
                              "the settings say, or in one the radio cannot do"},
    [LP_WIFI_WHY_PASSWORD] = {"wrong-password", "the access point does not take this password"},
    [LP_WIFI_WHY_FULL] = {"full", "the access point takes no more stations"},
    [LP_WIFI_WHY_REFUSED] = {"refused", "the access point refused the board"},
    [LP_WIFI_WHY_NO_ADDRESS] = {"no-address", "connected, but no DHCP server answered"},
    [LP_WIFI_WHY_SIGNAL] = {"signal-lost", "the access point is not heard any more"},
    [LP_WIFI_WHY_KICKED] = {"kicked", "the access point sent the board away"},
    [LP_WIFI_WHY_LEFT] = {"left", "the board left"},
    [LP_WIFI_WHY_RADIO] = {"radio", "the radio or the key for the password failed"},
    [LP_WIFI_WHY_NO_WAY_OUT] = {"no-way-out", "connected, but the cloud was not reached: the "
                                              "network may want a login page first, or its way "
                                              "out is down"},
};

const char *lp_svc_wifi_why_name(lp_wifi_why_t why)
{
    return whys[why].name;
}

const char *lp_svc_wifi_why_text(lp_wifi_why_t why)
{
    return whys[why].text;
}

static void enter(lp_svc_wifi_t *svc, lp_svc_wifi_state_t state)
{
    if (svc->state != state) {
        svc->state = state;
        svc->since_ms = lp_port_now_ms();
    }
}

static void link_is(lp_svc_wifi_t *svc, bool is_up)
{
    if (svc->is_link_up != is_up) {
        svc->is_link_up = is_up;
        svc->s_.on_link(svc->s_.ctx, is_up);
    }
}

static bool is_candidate(const lp_svc_wifi_t *svc)
{
    return svc->candidate.state == LP_SVC_WIFI_TRYING;
}

// Whether it is what has just connected, and not what was joined when it was asked for.
static bool is_candidates(const lp_svc_wifi_t *svc)
{
    return is_candidate(svc) && svc->try_ < svc->try_count_ &&
           svc->tries_[svc->try_].network == LP_SVC_WIFI_NETWORKS;
}

// -- when nothing is left to try

static void start(lp_svc_wifi_t *svc);

static void end_candidate(lp_svc_wifi_t *svc, lp_svc_wifi_setup_state_t state)
{
    lp_wipe(svc->candidate.pass, sizeof svc->candidate.pass);
    svc->candidate.state = state;
}

static void wait_and_retry(lp_svc_wifi_t *svc)
{
    uint8_t r[4] = {0};
    (void)lp_port_entropy(r, sizeof r); // without: no jitter, but still a wait
    const uint32_t wait_ms = lp_backoff_next(
        &svc->backoff_, (uint32_t)r[0] << 24 | (uint32_t)r[1] << 16 | (uint32_t)r[2] << 8 | r[3]);
    LP_LOGW("no connection: %s; again in %u.%u s", whys[svc->last_why].text,
            (unsigned)(wait_ms / 1000), (unsigned)(wait_ms % 1000 / 100));
    enter(svc, LP_SVC_WIFI_WAITING);
    lp_timer_start(svc->s_.loop, &svc->timer_, wait_ms);
}

static void give_up(lp_svc_wifi_t *svc, lp_wifi_why_t why)
{
    svc->last_why = why;
    if (is_candidate(svc)) {
        svc->candidate.why = why;
        LP_LOGW("\"%s\" was not set up: %s", svc->candidate.ssid, whys[why].text);
        end_candidate(svc, LP_SVC_WIFI_FAILED);
        start(svc); // with the networks of before
        return;
    }
    wait_and_retry(svc);
}

// -- joining

static void try_next(lp_svc_wifi_t *svc);

static void scan(lp_svc_wifi_t *svc)
{
    const lp_err_t err = lp_port_wifi_scan();
    svc->is_scanning_ = err == LP_OK;
    enter(svc, LP_SVC_WIFI_SCANNING);
    if (err == LP_E_BUSY) {
        lp_timer_start(svc->s_.loop, &svc->timer_, BUSY_MS);
    } else if (err != LP_OK) {
        give_up(svc, LP_WIFI_WHY_RADIO);
    }
}

// The other access points of a network will not take a wrong password, either; what was remembered
// is tried once more after a scan, since its network may have been given another one.
static void skip(lp_svc_wifi_t *svc, lp_wifi_why_t why)
{
    const unsigned network = svc->tries_[svc->try_].network;
    do {
        svc->try_++;
    } while (why == LP_WIFI_WHY_PASSWORD && svc->try_ < svc->try_count_ &&
             svc->tries_[svc->try_].network == network);
}

static void next_or_give_up(lp_svc_wifi_t *svc, lp_wifi_why_t why)
{
    svc->last_why = why;
    skip(svc, why);
    if (svc->try_ < svc->try_count_) {
        try_next(svc);
    } else if (!svc->has_scanned_) {
        scan(svc); // what was remembered is not there any more
    } else {
        give_up(svc, why);
    }
}

static void join(lp_svc_wifi_t *svc, const char *pass)
{
    const lp_svc_wifi_try_t *t = &svc->tries_[svc->try_];
    const lp_wifi_join_t j = {.ssid = lp_wifi_ssid_of(svc, t->network),
                              .pass = pass,
                              .bssid = t->has_place ? t->bssid : NULL,
                              .channel = t->channel};
    (void)lp_fmt_str(svc->ssid, sizeof svc->ssid, "%s", j.ssid);
    const lp_err_t err = lp_port_wifi_join(&j);
    enter(svc, svc->is_roaming_ ? LP_SVC_WIFI_UP : LP_SVC_WIFI_JOINING);
    if (err == LP_E_BUSY && !svc->is_roaming_) {
        enter(svc, LP_SVC_WIFI_OPENING);
        lp_timer_start(svc->s_.loop, &svc->timer_, BUSY_MS);
    } else if (err != LP_OK && svc->is_roaming_) {
        svc->is_roaming_ = false;
    } else if (err != LP_OK) {
        next_or_give_up(svc, LP_WIFI_WHY_RADIO);
    }
}

static void on_password(void *ctx, lp_err_t err, const char *pass)
{
    lp_svc_wifi_t *svc = ctx;
    if (svc->state != LP_SVC_WIFI_OPENING && !svc->is_roaming_) {
        return;
    }
    if (err == LP_OK) {
        join(svc, pass);
        return;
    }
    LP_LOGE("the password of \"%s\" cannot be opened (%s)",
            lp_wifi_ssid_of(svc, svc->tries_[svc->try_].network), lp_err_text(err));
    if (svc->is_roaming_) {
        svc->is_roaming_ = false;
    } else {
        next_or_give_up(svc, LP_WIFI_WHY_RADIO);
    }
}

static void try_next(lp_svc_wifi_t *svc)
{
    const unsigned network = svc->tries_[svc->try_].network;
    if (!svc->is_roaming_) {
        enter(svc, LP_SVC_WIFI_OPENING);
    }
    if (network == LP_SVC_WIFI_NETWORKS) {
        join(svc, svc->candidate.pass);
        return;
    }
    const lp_err_t err =
        lp_svc_secret_open(svc->s_.secrets, lp_wifi_pass_key(network), on_password, svc);
    if (err != LP_OK && svc->is_roaming_) {
        svc->is_roaming_ = false;
    } else if (err != LP_OK) { // an earlier one is still being opened
        lp_timer_start(svc->s_.loop, &svc->timer_, BUSY_MS);
    }
}

// -- from the start

static void start(lp_svc_wifi_t *svc)
{
    lp_timer_stop(svc->s_.loop, &svc->timer_);
    svc->is_roaming_ = false;
    svc->try_count_ = svc->try_ = 0;
    svc->has_scanned_ = false;
    if (!lp_config_bool(svc->s_.config, "wifi.enable")) {
        enter(svc, LP_SVC_WIFI_OFF);
    } else if (is_candidate(svc)) {
        scan(svc);
    } else if (lp_wifi_networks(svc) == 0) {
        enter(svc, LP_SVC_WIFI_IDLE);
    } else if (lp_wifi_recall(svc)) {
        try_next(svc);
    } else {
        scan(svc);
    }
}

// What stands or is under way ends first.
static void restart(lp_svc_wifi_t *svc)
{
    lp_svc_secret_cancel(svc->s_.secrets);
    if (svc->state == LP_SVC_WIFI_JOINING || svc->state == LP_SVC_WIFI_UP) {
        svc->wants_restart_ = true;
        lp_port_wifi_leave();
        return;
    }
    start(svc);
}

void lp_wifi_restart(lp_svc_wifi_t *svc)
{
    restart(svc);
}

static void on_timer(void *ctx)
{
    lp_svc_wifi_t *svc = ctx;
    switch (svc->state) {
    case LP_SVC_WIFI_SCANNING:
        scan(svc);
        break;
    case LP_SVC_WIFI_OPENING:
        try_next(svc);
        break;
    case LP_SVC_WIFI_WAITING:
        scan(svc);
        break;
    case LP_SVC_WIFI_UP:
        lp_backoff_reset(&svc->backoff_);
        break;
    case LP_SVC_WIFI_OFF:
    case LP_SVC_WIFI_IDLE:
    case LP_SVC_WIFI_JOINING:
        break;
    }
}

// -- a stronger access point

static void look_at_signal(void *ctx)
{
    lp_svc_wifi_t *svc = ctx;
    int8_t dbm = 0;
    if (svc->state != LP_SVC_WIFI_UP) {
        return;
    }
    lp_timer_start(svc->s_.loop, &svc->roam_, ROAM_MS);
    const bool is_weak = lp_port_wifi_rssi(&dbm) == LP_OK && dbm < WEAK_DBM;
    if (is_weak && !svc->is_roaming_ && !svc->is_scanning_ && lp_port_wifi_scan() == LP_OK) {
        LP_LOGD("weak signal (%d dBm), looking for a stronger one", dbm);
        svc->is_roaming_ = svc->is_scanning_ = true;
    }
}

static void roam(lp_svc_wifi_t *svc, const lp_wifi_seen_t *seen, size_t count)
{
    int8_t dbm = 0;
    svc->is_roaming_ =
        lp_port_wifi_rssi(&dbm) == LP_OK && lp_wifi_choose_better(svc, seen, count, dbm);
    if (svc->is_roaming_) {
        LP_LOGI("moving to an access point with %d dBm, from %d", svc->tries_[0].rssi_dbm, dbm);
        try_next(svc);
    }
}

// -- what the radio says

static void on_scanned(lp_svc_wifi_t *svc, const lp_wifi_event_t *ev)
{
    svc->is_scanning_ = false;
    lp_wifi_answer_scan(svc, ev->seen, ev->count);
    if (lp_wifi_look_away(svc, ev->seen, ev->count)) {
        return;
    }
    if (svc->state == LP_SVC_WIFI_UP && svc->is_roaming_) {
        roam(svc, ev->seen, ev->count);
        return;
    }
    if (svc->state != LP_SVC_WIFI_SCANNING) {
        return;
    }
    const lp_wifi_why_t why = lp_wifi_choose(svc, ev->seen, ev->count);
    svc->has_scanned_ = true;
    if (why == LP_WIFI_WHY_NONE) {
        try_next(svc);
    } else {
        give_up(svc, why);
    }
}

static void on_joined(lp_svc_wifi_t *svc, const lp_wifi_event_t *ev)
{
    svc->seen = ev->seen[0];
    LP_LOGD("joined \"%s\", channel %u, %d dBm", svc->ssid, svc->seen.channel, svc->seen.rssi_dbm);
}

static void settle(lp_svc_wifi_t *svc)
{
    svc->last_why = LP_WIFI_WHY_NONE;
    svc->last_code = 0;
    if (is_candidates(svc)) {
        svc->candidate.err = lp_wifi_store_candidate(svc);
        end_candidate(svc, svc->candidate.err == LP_OK ? LP_SVC_WIFI_STORED : LP_SVC_WIFI_FAILED);
        if (svc->candidate.err == LP_OK) {
            lp_wifi_own_done(svc);
        } else {
            LP_LOGE("the network works, but cannot be stored (%s)",
                    lp_err_text(svc->candidate.err));
        }
    } else if (svc->try_ < svc->try_count_ &&
               svc->tries_[svc->try_].network < LP_SVC_WIFI_NETWORKS &&
               svc->whys[svc->tries_[svc->try_].network] != LP_WIFI_WHY_NO_WAY_OUT) {
        svc->whys[svc->tries_[svc->try_].network] = LP_WIFI_WHY_NONE; // an address is no way out
    }
    lp_wifi_remember(svc);
}

static void on_address(lp_svc_wifi_t *svc, const lp_wifi_event_t *ev)
{
    const bool is_other = strcmp(svc->address, ev->address) != 0;
    if (svc->wants_restart_) {
        return; // it is being left
    }
    (void)lp_fmt_str(svc->address, sizeof svc->address, "%s", ev->address);
    if (svc->state != LP_SVC_WIFI_UP) {
        LP_LOGI("connected to \"%s\", address %s, %d dBm", svc->ssid, svc->address,
                svc->seen.rssi_dbm);
    }
    if (svc->is_link_up && is_other) {
        link_is(svc, false); // connections of the old address are over
    }
    enter(svc, LP_SVC_WIFI_UP);
    settle(svc);
    svc->is_roaming_ = false;
    lp_timer_start(svc->s_.loop, &svc->timer_, STABLE_MS);
    lp_timer_start(svc->s_.loop, &svc->roam_, ROAM_MS);
    link_is(svc, true);
}

static void on_lost(lp_svc_wifi_t *svc, const lp_wifi_event_t *ev)
{
    const bool was_up = svc->state == LP_SVC_WIFI_UP;
    svc->unreached_ = 0;
    svc->is_looking_away_ = false;
    lp_svc_secret_cancel(svc->s_.secrets); // of a move that is over
    svc->address[0] = '\0';
    svc->is_roaming_ = false;
    link_is(svc, false);
    if (svc->wants_restart_) {
        svc->wants_restart_ = false;
        start(svc);
        return;
    }
    svc->last_code = ev->code;
    if (was_up) {
        LP_LOGW("connection lost: %s (code %u)", whys[ev->why].text, ev->code);
        svc->last_why = ev->why;
        start(svc);
    } else if (svc->state == LP_SVC_WIFI_JOINING) {
        const unsigned network = svc->tries_[svc->try_].network;
        LP_LOGW("\"%s\": %s (code %u)", svc->ssid, whys[ev->why].text, ev->code);
        if (network < LP_SVC_WIFI_NETWORKS) {
            svc->whys[network] = ev->why;
        }
        next_or_give_up(svc, ev->why);
    }
}

static void on_radio(void *ctx, const lp_wifi_event_t *ev)
{
    lp_svc_wifi_t *svc = ctx;
    switch (ev->id) {
    case LP_WIFI_SCANNED:
        on_scanned(svc, ev);
        break;
    case LP_WIFI_JOINED:
        on_joined(svc, ev);
        break;
    case LP_WIFI_ADDRESS:
        on_address(svc, ev);
        break;
    case LP_WIFI_LOST:
        on_lost(svc, ev);
        break;
    case LP_WIFI_AP_OPEN:
    case LP_WIFI_AP_CLOSED:
    case LP_WIFI_AP_JOINED:
    case LP_WIFI_AP_LEFT:
    case LP_WIFI_AP_REFUSED:
        lp_wifi_own_event(svc, ev);
        break;
    }
}

// -- the outside

static void read_settings(lp_svc_wifi_t *svc)
{
    const uint32_t max_ms = (uint32_t)lp_config_int(svc->s_.config, "wifi.backoff_max_s") * 1000;
    lp_backoff_init(&svc->backoff_, BACKOFF_FLOOR_MS, BACKOFF_BASE_MS, max_ms);
    (void)lp_port_wifi_set_country(lp_config_str(svc->s_.config, "wifi.country"));
}

static void step(void *ctx)
{
    lp_svc_wifi_t *svc = ctx;
    const uint32_t hash = lp_wifi_hash(svc);
    if (!svc->has_radio) {
        return;
    }
    if (hash != svc->hash_) {
        svc->hash_ = hash;
        read_settings(svc);
        memset(svc->whys, 0, sizeof svc->whys);
        restart(svc);
    } else if (svc->state == LP_SVC_WIFI_WAITING) {
        memset(svc->whys, 0, sizeof svc->whys); // maybe a new password
        start(svc);
    }
}

void lp_svc_wifi_poke(lp_svc_wifi_t *svc)
{
    lp_loop_post(svc->s_.loop, &svc->step_);
}

lp_err_t lp_wifi_start_scan(lp_svc_wifi_t *svc)
{
    if (!svc->has_radio) {
        return LP_E_UNSUPPORTED;
    }
    if (svc->is_scanning_) {
        return LP_OK; // its result will do
    }
    const lp_err_t err = lp_port_wifi_scan();
    svc->is_scanning_ = err == LP_OK;
    return err;
}

static bool is_length(const char *text, size_t min, size_t max)
{
    const size_t len = strlen(text);
    return len >= min && len <= max;
}

lp_err_t lp_svc_wifi_set_up(lp_svc_wifi_t *svc, const char *ssid, const char *pass, unsigned slot)
{
    if (!svc->has_radio) {
        return LP_E_UNSUPPORTED;
    }
    if (!is_length(ssid, 1, LP_WIFI_SSID_MAX) || slot >= LP_SVC_WIFI_NETWORKS ||
        (pass[0] != '\0' && !is_length(pass, LP_WIFI_PASS_MIN, LP_WIFI_PASS_MAX))) {
        return LP_E_INVALID;
    }
    if (is_candidate(svc)) {
        return LP_E_BUSY;
    }
    if (svc->state == LP_SVC_WIFI_OFF) {
        return LP_E_STATE;
    }
    svc->candidate = (lp_svc_wifi_candidate_t){.state = LP_SVC_WIFI_TRYING, .slot = (uint8_t)slot};
    memcpy(svc->candidate.ssid, ssid, strlen(ssid) + 1);
    memcpy(svc->candidate.pass, pass, strlen(pass) + 1);
    restart(svc);
    return LP_OK;
}

void lp_svc_wifi_init(lp_svc_wifi_t *svc, const lp_svc_wifi_setup_t *setup)
{
    memset(svc, 0, sizeof *svc);
    svc->s_ = *setup;
    lp_event_init(&svc->step_, step, svc);
    lp_timer_init(&svc->timer_, on_timer, svc);
    lp_timer_init(&svc->roam_, look_at_signal, svc);
    svc->has_radio = lp_port_wifi_start(on_radio, svc) == LP_OK;
    lp_wifi_add_methods(svc);
    lp_wifi_own_init(svc);
    read_settings(svc);
    svc->hash_ = lp_wifi_hash(svc);
    if (svc->has_radio) {
        start(svc);
    }
}
