// SPDX-License-Identifier: Apache-2.0
// The connection's life.
//
//   OFF --enabled--> WAIT_TIME --time known--> CHECK --key works--> DIAL --TCP open--> WAIT_TURN
//                        ^                       |                    |                    |
//                        |                    NO_KEY                  |                HANDSHAKE
//                        |                       | timer              |                    | TLS
//                        open
//                        +------- BACKOFF <------|--------------------+-- any error -------+
//                        |          ^            |                                       LOGIN
//                        |          +------------|-------- connection lost -------- CONNECTED
//                        +-----------------------+
//
// A step that ends asynchronously looks at the state first: what comes for a state that is over
// changes nothing.
#include "limpet/svc_cloud.h"

#include <string.h>

#include "limpet/log.h"
#include "limpet/port/clock.h"
#include "limpet/port/system.h"
#include "limpet/settings.h"
#include "svc_cloud_internal.h"

#define LOG_MODULE "cloud"

enum {
    TIME_POLL_MS = 1000,
    LINK_POLL_MS = 60000,
    HANDSHAKE_MS = 15000,
    STABLE_MS = 30000, // a connection that lasted this long was a good one
    KEY_FLOOR_MS = 1000,
    KEY_BASE_MS = 2000,
    KEY_MAX_MS = 8000,
};

static void enter(lp_svc_cloud_t *svc, lp_cloud_state_t state)
{
    const lp_cloud_state_t before = lp_svc_cloud_shown(svc);
    svc->state = state;
    if (state != LP_CLOUD_CHECK) {
        svc->shown_ = state;
    }
    const lp_cloud_state_t now = lp_svc_cloud_shown(svc);
    if (strcmp(lp_cloud_state_name(before), lp_cloud_state_name(now)) != 0) {
        svc->since_ms = lp_port_now_ms();
        if (svc->on_change != NULL) {
            svc->on_change(svc);
        }
    }
}

static void wait_in(lp_svc_cloud_t *svc, lp_cloud_state_t state, uint32_t ms)
{
    enter(svc, state);
    lp_timer_start(svc->s_.loop, &svc->timer_, ms);
}

static void note_error(lp_svc_cloud_t *svc, lp_err_t err, const char *detail)
{
    svc->last_error.err = err;
    svc->last_error.at_ms = lp_port_now_ms();
    (void)lp_fmt_str(svc->last_error.detail, sizeof svc->last_error.detail, "%s", detail);
}

static uint32_t next_wait(lp_backoff_t *backoff)
{
    uint8_t random[4] = {0};
    (void)lp_port_entropy(random, sizeof random); // without: no jitter, but still a wait
    return lp_backoff_next(backoff, (uint32_t)random[0] << 24 | (uint32_t)random[1] << 16 |
                                        (uint32_t)random[2] << 8 | random[3]);
}

static void hang_up(lp_svc_cloud_t *svc)
{
    lp_turn_give(svc->s_.turn, &svc->ticket_);
    lp_svc_cloud_give_memory(svc);
    if (svc->state == LP_CLOUD_HANDSHAKE || svc->state == LP_CLOUD_LOGIN) {
        lp_stream_close(&svc->tls_.stream);
    } else if (svc->state == LP_CLOUD_DIAL || svc->state == LP_CLOUD_WAIT_TURN) {
        lp_stream_close(&svc->tcp_.stream);
    }
}

static void back_off(lp_svc_cloud_t *svc, lp_err_t err, const char *what, const char *detail)
{
    lp_svc_cloud_tell_try(svc, err);
    hang_up(svc);
    note_error(svc, err, detail);
    const uint32_t wait_ms = next_wait(&svc->backoff_);
    LP_LOGW("%s: %s%s%s; again in %u.%u s", what, lp_err_text(err), detail[0] != '\0' ? ", " : "",
            detail, (unsigned)(wait_ms / 1000), (unsigned)(wait_ms % 1000 / 100));
    wait_in(svc, LP_CLOUD_BACKOFF, wait_ms);
}

static void no_key(lp_svc_cloud_t *svc, lp_err_t err)
{
    lp_turn_give(svc->s_.turn, &svc->ticket_);
    char detail[LP_CLOUD_DETAIL_MAX];
    (void)lp_fmt_str(detail, sizeof detail, "the key %s cannot be used and no other key is tried",
                     svc->key_id_);
    const uint32_t wait_ms = next_wait(&svc->key_backoff_);
    if (svc->shown_ != LP_CLOUD_NO_KEY || svc->last_error.err != err) {
        LP_LOGE("%s (%s); not connecting", detail, lp_err_text(err));
    }
    note_error(svc, err, detail);
    wait_in(svc, LP_CLOUD_NO_KEY, wait_ms);
}

// -- connected

// What usually is behind a refused login: 3.1.1 codes 5 and AWS's 7, MQTT 5's 0x87.
static const char *refusal_hint(unsigned reason)
{
    const bool is_refusal = reason == 5 || reason == 7 || reason == 0x87;
    return is_refusal ? ": is the certificate ACTIVE, does its policy allow this client id?" : "";
}

static void on_mqtt(void *ctx, const lp_mqtt_event_t *ev)
{
    lp_svc_cloud_t *svc = ctx;
    if (ev->id == LP_MQTT_EV_CONNECTED) {
        const lp_tls_report_t *tls = lp_tls_report(&svc->tls_);
        LP_LOGI("connected to %s as %s: %s %s, key in %s, ECDHE %s, checked by %s, %u ms",
                svc->host_, svc->client_id_, tls->version, tls->suite, tls->key_source, tls->ecdhe,
                tls->verify, (unsigned)tls->handshake_ms);
        wait_in(svc, LP_CLOUD_CONNECTED, STABLE_MS);
        lp_svc_cloud_tell_try(svc, LP_OK);
        lp_svc_cloud_tell_connected(svc, ev->session_present);
        lp_svc_cloud_poke(svc); // it may have been disabled during the login
        return;
    }
    // In TLS 1.3 a refused certificate shows only now; TLS knows more about it than MQTT.
    const lp_tls_report_t *tls = lp_tls_report(&svc->tls_);
    const bool tls_knows = tls->err != LP_OK && tls->err != LP_E_CLOSED;
    char detail[LP_CLOUD_DETAIL_MAX] = "";
    if (tls_knows) {
        (void)lp_fmt_str(detail, sizeof detail, "%s", tls->detail);
    } else if (ev->reason != 0) {
        (void)lp_fmt_str(detail, sizeof detail, "the broker's code is %u%s", ev->reason,
                         refusal_hint(ev->reason));
    }
    const bool was_up = svc->state == LP_CLOUD_CONNECTED;
    lp_svc_cloud_give_memory(svc);
    svc->state = LP_CLOUD_CONNECTED; // the session has closed the stream: nothing to hang up
    if (svc->is_stopping_) {
        enter(svc, LP_CLOUD_OFF);
        lp_svc_cloud_poke(svc); // it may have been enabled again meanwhile
        return;
    }
    back_off(svc, tls_knows ? tls->err : ev->why, was_up ? "connection lost" : "login failed",
             detail);
    lp_svc_cloud_poke(svc); // it may have been disabled during the login
}

// -- TLS

static void on_tls(void *ctx, unsigned events, lp_err_t why)
{
    lp_svc_cloud_t *svc = ctx;
    if (svc->state != LP_CLOUD_HANDSHAKE) {
        return;
    }
    if ((events & LP_STREAM_CLOSED) != 0) {
        char detail[LP_CLOUD_DETAIL_MAX];
        (void)lp_fmt_str(detail, sizeof detail, "%s", lp_tls_report(&svc->tls_)->detail);
        back_off(svc, why, "TLS handshake failed", detail);
        return;
    }
    if ((events & LP_STREAM_OPEN) == 0) {
        return;
    }
    LP_LOGD("TLS is open");
    lp_turn_give(svc->s_.turn, &svc->ticket_);
    enter(svc, LP_CLOUD_LOGIN);
    lp_err_t err = lp_svc_cloud_take_memory(svc);
    if (err == LP_OK) {
        err = lp_svc_cloud_make_session(svc, on_mqtt);
    }
    if (err == LP_OK) {
        err = lp_mqtt_attach(&svc->mqtt_, &svc->tls_.stream);
    }
    if (err != LP_OK) {
        back_off(svc, err, "MQTT cannot start", "");
    }
}

static void on_tls_turn(void *ctx)
{
    lp_svc_cloud_t *svc = ctx;
    lp_tls_config_t config;
    char host[LP_TLS_HOST_MAX];
    uint16_t port = 0;
    char detail[LP_CLOUD_DETAIL_MAX];
    (void)lp_fmt_str(host, sizeof host, "%s", svc->host_);
    lp_err_t err = lp_svc_cloud_read_settings(svc, &port, detail);
    if (err != LP_OK || strcmp(host, svc->host_) != 0) {
        back_off(svc, LP_E_CANCELED, "not connecting", "the settings have changed meanwhile");
        return;
    }
    lp_svc_cloud_tls_config(svc, port, &config);
    config.handshake_timeout_ms = HANDSHAKE_MS;
    err = lp_tls_open(&svc->tls_, &svc->tcp_.stream, &config, on_tls, svc);
    if (err != LP_OK) {
        back_off(svc, err, "TLS cannot start", lp_tls_report(&svc->tls_)->detail);
        return;
    }
    // TLS has read its certificate by now; another one that is set from here on is not this one.
    lp_identity_hash_cert(svc->s_.config, svc->cert_sha256_);
    enter(svc, LP_CLOUD_HANDSHAKE);
}

// -- TCP

static void on_tcp(void *ctx, unsigned events, lp_err_t why)
{
    lp_svc_cloud_t *svc = ctx;
    if (svc->state != LP_CLOUD_DIAL && svc->state != LP_CLOUD_WAIT_TURN) {
        return;
    }
    if ((events & LP_STREAM_CLOSED) != 0) {
        back_off(svc, why, "no connection", svc->host_);
    } else if ((events & LP_STREAM_OPEN) != 0) {
        LP_LOGD("TCP is open");
        enter(svc, LP_CLOUD_WAIT_TURN);
        lp_turn_take(svc->s_.turn, &svc->ticket_, on_tls_turn, svc);
    }
}

static void dial(lp_svc_cloud_t *svc)
{
    uint16_t port = 0;
    char detail[LP_CLOUD_DETAIL_MAX];
    lp_err_t err = lp_svc_cloud_read_settings(svc, &port, detail);
    if (err == LP_OK) {
        LP_LOGD("dialing %s port %u", svc->host_, port);
        err = lp_port_tcp_open(&svc->tcp_, svc->host_, port, on_tcp, svc);
    }
    if (err != LP_OK) {
        back_off(svc, err, "cannot dial", svc->host_);
        return;
    }
    enter(svc, LP_CLOUD_DIAL);
}

// -- the key

static void compare_with_certificate(const lp_svc_cloud_t *svc)
{
    lp_identity_cert_t cert;
    lp_identity_read_cert(svc->s_.config, &cert);
    if (!lp_identity_is_match(&cert, svc->key_op_.out)) {
        LP_LOGE("%s does not hold the key of the configured certificate %.8s...; trying all the "
                "same, the broker is the judge",
                svc->known_arrival_ > 0 ? "this chip" : "the flash", cert.id);
    }
}

static void on_public_key(void *ctx, lp_err_t err)
{
    lp_svc_cloud_t *svc = ctx;
    if (svc->state != LP_CLOUD_CHECK) {
        return;
    }
    if (err != LP_OK) {
        no_key(svc, err);
        return;
    }
    const bool is_in_chip = svc->key_op_.id.place == LP_KEY_IN_CHIP;
    svc->known_arrival_ = is_in_chip ? svc->s_.chip->arrivals : 0;
    memcpy(svc->known_key_, svc->key_id_, sizeof svc->known_key_);
    compare_with_certificate(svc);
    lp_turn_give(svc->s_.turn, &svc->ticket_);
    lp_backoff_reset(&svc->key_backoff_);
    dial(svc);
}

static void read_public_key(lp_svc_cloud_t *svc)
{
    svc->key_op_.kind = LP_KEY_OP_PUBLIC;
    svc->key_op_.done = on_public_key;
    svc->key_op_.ctx = svc;
    const lp_err_t err = lp_keystore_start(svc->s_.keys, &svc->key_op_);
    if (err != LP_OK) {
        no_key(svc, err);
    }
}

static void on_chip(void *ctx, lp_err_t err)
{
    lp_svc_cloud_t *svc = ctx;
    if (svc->state != LP_CLOUD_CHECK) {
        return;
    }
    if (err != LP_OK) {
        no_key(svc, err);
        return;
    }
    // The same chip and key as the last time: it costs the chip 0.1 s to tell its public key again.
    if (svc->known_arrival_ == svc->s_.chip->arrivals &&
        strcmp(svc->known_key_, svc->key_id_) == 0) {
        lp_turn_give(svc->s_.turn, &svc->ticket_);
        dial(svc);
        return;
    }
    read_public_key(svc);
}

static void on_check_turn(void *ctx)
{
    lp_svc_cloud_t *svc = ctx;
    if (svc->key_op_.id.place != LP_KEY_IN_CHIP) {
        read_public_key(svc);
        return;
    }
    const lp_err_t err = lp_svc_chip_check(svc->s_.chip, on_chip, svc);
    if (err != LP_OK) {
        no_key(svc, err);
    }
}

// -- from the start, and from the start again

static void begin(lp_svc_cloud_t *svc)
{
    uint16_t port = 0;
    int64_t utc_s = 0;
    char detail[LP_CLOUD_DETAIL_MAX] = "";
    if (!lp_setting_cloud_enable(svc->s_.config) || svc->is_halted_) {
        lp_tls_forget();
        enter(svc, LP_CLOUD_OFF);
        return;
    }
    const lp_err_t err = lp_svc_cloud_read_settings(svc, &port, detail);
    if (err != LP_OK) {
        if (svc->last_error.err != err || strcmp(svc->last_error.detail, detail) != 0) {
            LP_LOGE("not connecting: %s", detail);
        }
        note_error(svc, err, detail);
        lp_tls_forget();
        enter(svc, LP_CLOUD_OFF);
        return;
    }
    if (!lp_svc_cloud_has_link(svc)) {
        note_error(svc, LP_E_NET_RESET, "the board has no network");
        wait_in(svc, LP_CLOUD_BACKOFF, LINK_POLL_MS);
        return;
    }
    if (lp_setting_trust_check_dates(svc->s_.config) && lp_port_utc_s(&utc_s) != LP_OK) {
        if (svc->state != LP_CLOUD_WAIT_TIME) {
            LP_LOGW("waiting for the time: without it the dates of certificates mean nothing");
            note_error(svc, LP_E_CLOCK, "the dates of certificates cannot be checked");
        }
        wait_in(svc, LP_CLOUD_WAIT_TIME, TIME_POLL_MS);
        return;
    }
    if (svc->shown_ == LP_CLOUD_OFF || svc->shown_ == LP_CLOUD_WAIT_TIME) {
        svc->shown_ = LP_CLOUD_CHECK;
    }
    enter(svc, LP_CLOUD_CHECK);
    lp_turn_take(svc->s_.turn, &svc->ticket_, on_check_turn, svc);
}

static void on_timer(void *ctx)
{
    lp_svc_cloud_t *svc = ctx;
    if (svc->state == LP_CLOUD_CONNECTED) {
        lp_backoff_reset(&svc->backoff_);
    } else if (svc->state == LP_CLOUD_WAIT_TIME || svc->state == LP_CLOUD_NO_KEY ||
               svc->state == LP_CLOUD_BACKOFF) {
        begin(svc);
    }
}

// Disabled while something is under way.
static void turn_off(lp_svc_cloud_t *svc)
{
    lp_timer_stop(svc->s_.loop, &svc->timer_);
    if (svc->state == LP_CLOUD_CONNECTED) {
        svc->is_stopping_ = true;
        (void)lp_mqtt_disconnect(&svc->mqtt_);
        return;
    }
    hang_up(svc);
    enter(svc, LP_CLOUD_OFF);
    LP_LOGI("off");
}

static void reset_backoff(lp_svc_cloud_t *svc)
{
    const uint32_t base_ms = (uint32_t)lp_setting_cloud_backoff_ms(svc->s_.config);
    const uint32_t max_s = (uint32_t)lp_setting_cloud_backoff_max_s(svc->s_.config);
    lp_backoff_init(&svc->backoff_, base_ms / 2, base_ms, max_s * 1000);
}

static void step(void *ctx)
{
    lp_svc_cloud_t *svc = ctx;
    const bool is_wanted = lp_setting_cloud_enable(svc->s_.config) && !svc->is_halted_;
    if (svc->state == LP_CLOUD_OFF && is_wanted && !lp_svc_cloud_drop_session(svc)) {
        lp_svc_cloud_poke(svc);
    } else if (svc->state == LP_CLOUD_OFF && is_wanted) {
        svc->is_stopping_ = false;
        reset_backoff(svc);
        begin(svc);
    } else if (svc->state != LP_CLOUD_OFF && svc->state != LP_CLOUD_LOGIN && !is_wanted &&
               !svc->is_stopping_) {
        turn_off(svc);
    }
}

void lp_svc_cloud_poke(lp_svc_cloud_t *svc)
{
    lp_loop_post(svc->s_.loop, &svc->step_);
}

void lp_svc_cloud_stop(lp_svc_cloud_t *svc)
{
    svc->is_halted_ = true;
    lp_svc_cloud_poke(svc);
}

void lp_svc_cloud_init(lp_svc_cloud_t *svc, const lp_svc_cloud_setup_t *setup)
{
    memset(svc, 0, sizeof *svc);
    svc->s_ = *setup;
    lp_timer_init(&svc->timer_, on_timer, svc);
    lp_event_init(&svc->step_, step, svc);
    reset_backoff(svc);
    lp_backoff_init(&svc->key_backoff_, KEY_FLOOR_MS, KEY_BASE_MS, KEY_MAX_MS);
    lp_svc_cloud_add_methods(svc);
    lp_svc_cloud_poke(svc);
}
