// SPDX-License-Identifier: Apache-2.0
// From settings to TLS and MQTT configurations, and what is published.
#include <string.h>

#include "limpet/log.h"
#include "limpet/port/system.h"
#include "limpet/settings.h"
#include "svc_cloud_internal.h"

#define LOG_MODULE "cloud"

enum { ALPN_PORT = 443, SESSION_EXPIRY_S = 3600 };

// AWS IoT takes MQTT with a certificate on port 443 when the client asks for this protocol.
static const char alpn_of_443[] = "x-amzn-mqtt-ca";

const char *lp_cloud_state_name(lp_cloud_state_t state)
{
    switch (state) {
    case LP_CLOUD_OFF:
        return "off";
    case LP_CLOUD_WAIT_TIME:
        return "wait-time";
    case LP_CLOUD_NO_KEY:
        return "no-key";
    case LP_CLOUD_CHECK:
    case LP_CLOUD_DIAL:
    case LP_CLOUD_WAIT_TURN:
    case LP_CLOUD_HANDSHAKE:
    case LP_CLOUD_LOGIN:
        return "connecting";
    case LP_CLOUD_CONNECTED:
        return "connected";
    case LP_CLOUD_BACKOFF:
        return "backoff";
    }
    return "unknown";
}

lp_cloud_state_t lp_svc_cloud_shown(const lp_svc_cloud_t *svc)
{
    return svc->state == LP_CLOUD_CHECK ? svc->shown_ : svc->state;
}

static lp_err_t missing(const char *what, char detail[LP_CLOUD_DETAIL_MAX])
{
    (void)lp_fmt_str(detail, LP_CLOUD_DETAIL_MAX, "%s is not set", what);
    return LP_E_NOT_CONFIGURED;
}

lp_err_t lp_svc_cloud_read_settings(lp_svc_cloud_t *svc, uint16_t *port,
                                    char detail[LP_CLOUD_DETAIL_MAX])
{
    const lp_config_t *c = svc->s_.config;
    static const char *const needed[] = {"cloud.server", "trust.ca", "identity.cert"};
    for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++) {
        if (lp_config_len(c, needed[i]) == 0) {
            return missing(needed[i], detail);
        }
    }
    const lp_err_t err =
        lp_settings_split_server(lp_setting_cloud_server(c), svc->host_, sizeof svc->host_, port);
    if (err != LP_OK || lp_key_id_parse(lp_setting_identity_key(c), &svc->key_op_.id)) {
        (void)lp_fmt_str(detail, LP_CLOUD_DETAIL_MAX, "cloud.server or identity.key is not usable");
        return LP_E_INVALID;
    }
    const char *client_id = lp_setting_cloud_client_id(c);
    const char *thing = lp_setting_cloud_thing(c);
    (void)lp_fmt_str(svc->key_id_, sizeof svc->key_id_, "%s", lp_setting_identity_key(c));
    if (!svc->has_mqtt_) { // the session borrows it for good
        (void)lp_fmt_str(svc->client_id_, sizeof svc->client_id_, "%s", client_id);
    }
    (void)lp_fmt_str(svc->thing_, sizeof svc->thing_, "%s", thing[0] != '\0' ? thing : client_id);
    return LP_OK;
}

static lp_tls_ecdhe_t ecdhe_of(const char *text)
{
    if (strcmp(text, "chip") == 0) {
        return LP_TLS_ECDHE_CHIP;
    }
    if (strcmp(text, "sealed") == 0) {
        return LP_TLS_ECDHE_SEALED;
    }
    return strcmp(text, "software") == 0 ? LP_TLS_ECDHE_SOFTWARE : LP_TLS_ECDHE_AUTO;
}

static lp_tls_resume_t resume_of(const char *text)
{
    if (strcmp(text, "always") == 0) {
        return LP_TLS_RESUME_ALWAYS;
    }
    return strcmp(text, "1.3") == 0 ? LP_TLS_RESUME_1_3 : LP_TLS_RESUME_NEVER;
}

static lp_err_t read_trust(void *ctx, size_t at, uint8_t *to, size_t n)
{
    return lp_config_read(ctx, "trust.ca", at, to, n);
}

static lp_err_t read_certificate(void *ctx, size_t at, uint8_t *to, size_t n)
{
    return lp_config_read(ctx, "identity.cert", at, to, n);
}

void lp_svc_cloud_tls_config(const lp_svc_cloud_t *svc, uint16_t port, lp_tls_config_t *config)
{
    const lp_config_t *c = svc->s_.config;
    const char *alpn = lp_setting_cloud_alpn(c);
    if (alpn[0] == '\0') {
        alpn = port == ALPN_PORT ? alpn_of_443 : NULL;
    }
    *config = (lp_tls_config_t){
        .trust_pem = {.len = lp_config_len(c, "trust.ca"),
                      .read = read_trust,
                      .ctx = svc->s_.config},
        .cert_pem = {.len = lp_config_len(c, "identity.cert"),
                     .read = read_certificate,
                     .ctx = svc->s_.config},
        .key_id = svc->key_id_,
        .host = svc->host_,
        .alpn = alpn,
        .max_version = strcmp(lp_setting_cloud_tls_max(c), "1.2") == 0 ? LP_TLS_1_2 : LP_TLS_1_3,
        .ecdhe = ecdhe_of(lp_setting_identity_ecdhe(c)),
        .verify_in_chip = strcmp(lp_setting_identity_verify(c), "chip") == 0,
        .resume = resume_of(lp_setting_cloud_resume(c)),
        .check_dates = lp_setting_trust_check_dates(c),
    };
}

static lp_cloud_wish_t read_wish(const lp_svc_cloud_t *svc)
{
    const lp_config_t *c = svc->s_.config;
    return (lp_cloud_wish_t){.version = lp_setting_cloud_mqtt_version(c),
                             .keep_alive_s = lp_setting_cloud_keep_alive_s(c),
                             .timeout_s = lp_setting_cloud_timeout_s(c),
                             .retry_s = lp_setting_cloud_retry_s(c),
                             .is_persistent = lp_setting_cloud_persistent(c)};
}

static bool is_same_wish(const lp_svc_cloud_t *svc)
{
    const lp_cloud_wish_t now = read_wish(svc);
    const lp_cloud_wish_t *then = &svc->wish_;
    return now.version == then->version && now.keep_alive_s == then->keep_alive_s &&
           now.timeout_s == then->timeout_s && now.retry_s == then->retry_s &&
           now.is_persistent == then->is_persistent &&
           strcmp(svc->client_id_, lp_setting_cloud_client_id(svc->s_.config)) == 0;
}

bool lp_svc_cloud_drop_session(lp_svc_cloud_t *svc)
{
    if (!svc->has_mqtt_ || is_same_wish(svc)) {
        return true;
    }
    lp_mqtt_cancel_all(&svc->mqtt_);
    svc->has_mqtt_ = lp_mqtt_deinit(&svc->mqtt_) != LP_OK;
    return !svc->has_mqtt_;
}

lp_err_t lp_svc_cloud_make_session(lp_svc_cloud_t *svc, lp_mqtt_event_fn *on_event)
{
    const lp_cloud_memory_t *m = &svc->s_.memory;
    uint8_t *rx = m->rx != NULL ? m->rx : svc->lent_rx_;
    if (svc->has_mqtt_) { // it outlives connections, and what is queued in it
        return lp_mqtt_set_rx(&svc->mqtt_, rx, m->rx_bytes);
    }
    const lp_cloud_wish_t wish = read_wish(svc);
    const bool is_v5 = wish.version == 5;
    const lp_mqtt_config_t config = {
        .version = is_v5 ? LP_MQTT_V5 : LP_MQTT_V4,
        .connect = {.client_id = lp_span_str(svc->client_id_),
                    .clean_start = !wish.is_persistent,
                    .keep_alive_s = (uint16_t)wish.keep_alive_s},
        .session_expiry_s = is_v5 && wish.is_persistent ? SESSION_EXPIRY_S : 0,
        .connect_timeout_ms = (uint32_t)wish.timeout_s * 1000,
        .response_timeout_ms = (uint32_t)wish.timeout_s * 1000,
        .retry_ms = is_v5 ? 0 : (uint32_t)wish.retry_s * 1000, // version 5 forbids it
        .policy = LP_MQTT_DROP_OLDEST,
        .limits = &lp_mqtt_limits_aws,
        .on_event = on_event,
        .on_message = lp_svc_cloud_on_message,
        .ctx = svc,
        .slots = m->slots,
        .slot_count = m->slot_count,
        .arena = m->arena,
        .arena_cap = m->arena_bytes,
        .rx = rx,
        .rx_cap = m->rx_bytes,
    };
    uint8_t random[2] = {0};
    (void)lp_port_entropy(random, sizeof random);
    const lp_err_t err = lp_mqtt_init(&svc->mqtt_, svc->s_.loop, &config,
                                      (uint16_t)((unsigned)random[0] << 8 | random[1]));
    svc->has_mqtt_ = err == LP_OK;
    svc->wish_ = wish;
    return err;
}

static void on_acknowledged(void *ctx, lp_err_t err, const lp_mqtt_result_t *result)
{
    lp_svc_cloud_t *svc = ctx;
    (void)result;
    if (err == LP_OK) {
        svc->acked_++;
        if (svc->acked_ == 1) {
            LP_LOGI("first message acknowledged");
        }
    }
}

lp_err_t lp_svc_cloud_publish(lp_svc_cloud_t *svc, const char *what, lp_span_t payload)
{
    char topic[LP_CLOUD_TOPIC_MAX];
    if (!svc->has_mqtt_ || svc->state == LP_CLOUD_OFF) {
        return LP_E_STATE;
    }
    if (lp_fmt_str(topic, sizeof topic, "limpet/%s/%s", svc->thing_, what) != LP_OK) {
        return LP_E_RANGE;
    }
    const lp_mqtt_publish_t msg = {.topic = lp_span_str(topic), .payload = payload, .qos = 1};
    return lp_mqtt_publish(&svc->mqtt_, &msg, on_acknowledged, svc);
}
