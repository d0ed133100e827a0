// SPDX-License-Identifier: Apache-2.0
// The methods Cloud.*.
#include <string.h>

#include "limpet/hex.h"
#include "limpet/port/clock.h"
#include "limpet/settings.h"
#include "svc_cloud_internal.h"

enum { PROOF_TIMEOUT_MS = 20000 };

// -- Cloud.Status

// What TLS uses of its arena and what of it others have, the most it ever used, and the most of the
// stack of its handshakes, in bytes.
static void put_memory(lp_json_writer_t *w)
{
    lp_tls_memory_t memory;
    lp_tls_memory(&memory);
    lp_json_put_key(w, "arena");
    lp_json_put_uint(w, memory.arena_used);
    lp_json_put_key(w, "arena_lent");
    lp_json_put_uint(w, memory.arena_lent);
    lp_json_put_key(w, "arena_peak");
    lp_json_put_uint(w, memory.arena_peak);
    lp_json_put_key(w, "stack_peak");
    lp_json_put_uint(w, memory.stack_peak);
}

static void put_tls(const lp_svc_cloud_t *svc, lp_json_writer_t *w)
{
    lp_json_put_key(w, "tls");
    if (svc->state != LP_CLOUD_CONNECTED) {
        lp_json_put_null(w);
        return;
    }
    const lp_tls_report_t *tls = lp_tls_report(&svc->tls_);
    lp_json_put_object(w);
    lp_json_put_key(w, "version");
    lp_json_put_str(w, tls->version);
    lp_json_put_key(w, "suite");
    lp_json_put_str(w, tls->suite);
    lp_json_put_key(w, "group");
    lp_json_put_str(w, tls->group);
    lp_json_put_key(w, "key");
    lp_json_put_str(w, svc->key_id_);
    lp_json_put_key(w, "key_source");
    lp_json_put_str(w, tls->key_source);
    lp_json_put_key(w, "ecdhe");
    lp_json_put_str(w, tls->ecdhe);
    lp_json_put_key(w, "verify");
    lp_json_put_str(w, tls->verify);
    lp_json_put_key(w, "handshake_ms");
    lp_json_put_uint(w, tls->handshake_ms);
    lp_json_put_key(w, "chip_ms");
    lp_json_put_uint(w, tls->chip_ms);
    lp_json_put_key(w, "cpu_us");
    lp_json_put_uint(w, tls->cpu_us);
    put_memory(w);
    lp_json_put_key(w, "resumed");
    lp_json_put_bool(w, tls->is_resumed);
    lp_json_put_object_end(w);
}

static void put_last_error(const lp_svc_cloud_t *svc, lp_json_writer_t *w)
{
    lp_json_put_key(w, "last_error");
    if (svc->last_error.err == LP_OK) {
        lp_json_put_null(w);
        return;
    }
    lp_json_put_object(w);
    lp_json_put_key(w, "name");
    lp_json_put_str(w, lp_err_name(svc->last_error.err));
    lp_json_put_key(w, "text");
    lp_json_put_str(w, lp_err_text(svc->last_error.err));
    lp_json_put_key(w, "detail");
    lp_json_put_str(w, svc->last_error.detail);
    lp_json_put_key(w, "at_s");
    lp_json_put_uint(w, svc->last_error.at_ms / 1000);
    lp_json_put_object_end(w);
}

// Of the connection, while there is one: settings that came since say nothing about it.
static void put_cert_id(const lp_svc_cloud_t *svc, lp_json_writer_t *w)
{
    lp_identity_cert_t cert = {.exists = svc->state == LP_CLOUD_CONNECTED};
    if (cert.exists) {
        lp_identity_cert_id(svc->cert_sha256_, cert.id);
    } else {
        lp_identity_read_cert(svc->s_.config, &cert);
    }
    lp_json_put_key(w, "cert_id");
    if (cert.exists) {
        lp_json_put_str(w, cert.id);
    } else {
        lp_json_put_null(w);
    }
}

static void rpc_status(void *ctx, lp_rpc_req_t *req)
{
    const lp_svc_cloud_t *svc = ctx;
    const lp_mqtt_stats_t stats =
        svc->has_mqtt_ ? lp_mqtt_stats(&svc->mqtt_) : (lp_mqtt_stats_t){0};
    lp_json_writer_t *w = lp_rpc_result(req);
    lp_json_put_object(w);
    lp_json_put_key(w, "state");
    lp_json_put_str(w, lp_cloud_state_name(lp_svc_cloud_shown(svc)));
    lp_json_put_key(w, "server");
    lp_json_put_str(w, lp_setting_cloud_server(svc->s_.config));
    lp_json_put_key(w, "client_id");
    lp_json_put_str(w,
                    svc->has_mqtt_ ? svc->client_id_ : lp_setting_cloud_client_id(svc->s_.config));
    lp_json_put_key(w, "since_s");
    lp_json_put_uint(w, (lp_port_now_ms() - svc->since_ms) / 1000);
    put_cert_id(svc, w);
    put_tls(svc, w);
    lp_json_put_key(w, "bus"); // to the chip
    if (lp_keystore_has_chip(svc->s_.keys)) {
        lp_json_put_str(w, lp_key_seal_name(lp_keystore_seal(svc->s_.keys)));
    } else {
        lp_json_put_null(w);
    }
    put_last_error(svc, w);
    lp_json_put_key(w, "published");
    lp_json_put_uint(w, stats.published);
    lp_json_put_key(w, "acked");
    lp_json_put_uint(w, svc->acked_);
    lp_json_put_key(w, "queued");
    lp_json_put_uint(w, stats.queued);
    lp_json_put_object_end(w);
    lp_rpc_done(req);
}

// -- Cloud.Prove

static void answer_proof(lp_svc_cloud_t *svc, lp_rpc_req_t *req)
{
    const uint64_t rtt_us = lp_port_now_us() - svc->proof_.started_us;
    lp_json_writer_t *w = lp_rpc_result(req);
    lp_json_put_object(w);
    lp_json_put_key(w, "topic");
    lp_json_put_str(w, svc->proof_.topic);
    put_cert_id(svc, w);
    lp_json_put_key(w, "rtt_ms");
    lp_json_put_uint(w, (rtt_us + 500) / 1000);
    lp_json_put_object_end(w);
    lp_rpc_done(req);
}

static void on_proof_acknowledged(void *ctx, lp_err_t err, const lp_mqtt_result_t *result)
{
    lp_svc_cloud_t *svc = ctx;
    (void)result;
    lp_rpc_req_t *req = svc->proof_.req;
    svc->proof_.req = NULL;
    svc->proof_.is_waiting = false;
    lp_timer_stop(svc->s_.loop, &svc->proof_timer_);
    svc->acked_ += err == LP_OK ? 1 : 0;
    if (req == NULL) {
        return; // answered with a time-out
    }
    if (err != LP_OK) {
        lp_rpc_fail(req, err, "the broker did not take the message (%s)", lp_err_text(err));
        return;
    }
    answer_proof(svc, req);
}

static void on_proof_timeout(void *ctx)
{
    lp_svc_cloud_t *svc = ctx;
    lp_rpc_req_t *req = svc->proof_.req;
    svc->proof_.req = NULL;
    if (req != NULL) {
        lp_rpc_fail(req, LP_E_TIMEOUT, "the broker has not acknowledged the message in %d s",
                    PROOF_TIMEOUT_MS / 1000);
    }
}

static bool is_nonce(const char *text)
{
    size_t n = 0;
    while (lp_hex_digit((uint8_t)text[n]) >= 0) {
        n++;
    }
    return n == LP_CLOUD_NONCE_LEN && text[n] == '\0';
}

static lp_err_t make_proof(const lp_svc_cloud_t *svc, const char *nonce, lp_buf_t *out)
{
    lp_json_writer_t w;
    lp_json_init(&w, out);
    lp_json_put_object(&w);
    lp_json_put_key(&w, "nonce");
    lp_json_put_str(&w, nonce);
    put_cert_id(svc, &w);
    lp_json_put_object_end(&w);
    return lp_json_done(&w);
}

static void rpc_prove(void *ctx, lp_rpc_req_t *req)
{
    lp_svc_cloud_t *svc = ctx;
    char nonce[LP_CLOUD_NONCE_LEN + 1] = "";
    uint8_t bytes[192];
    lp_buf_t payload = lp_buf(bytes, sizeof bytes);
    (void)lp_rpc_param_str(req, "nonce", nonce, sizeof nonce);
    if (!is_nonce(nonce)) {
        lp_rpc_fail(req, LP_E_INVALID, "nonce: %d hex digits", LP_CLOUD_NONCE_LEN);
        return;
    }
    if (svc->state != LP_CLOUD_CONNECTED) {
        lp_rpc_fail(req, LP_E_STATE, "not connected, the state is %s; Cloud.Status says why",
                    lp_cloud_state_name(lp_svc_cloud_shown(svc)));
        return;
    }
    if (svc->proof_.is_waiting) {
        lp_rpc_fail(req, LP_E_BUSY, "another proof is under way");
        return;
    }
    lp_err_t err = make_proof(svc, nonce, &payload);
    (void)lp_fmt_str(svc->proof_.topic, sizeof svc->proof_.topic, "limpet/%s/proof", svc->thing_);
    const lp_mqtt_publish_t msg = {.topic = lp_span_str(svc->proof_.topic),
                                   .payload = lp_buf_span(&payload),
                                   .qos = 1,
                                   .is_retained = true};
    svc->proof_.started_us = lp_port_now_us();
    if (err == LP_OK) {
        err = lp_mqtt_publish(&svc->mqtt_, &msg, on_proof_acknowledged, svc);
    }
    if (err != LP_OK) {
        lp_rpc_fail(req, err, "the message cannot be sent (%s)", lp_err_text(err));
        return;
    }
    svc->proof_.req = req;
    svc->proof_.is_waiting = true;
    lp_timer_start(svc->s_.loop, &svc->proof_timer_, PROOF_TIMEOUT_MS);
}

static const lp_rpc_method_t methods[] = {
    {"Cloud.Status", LP_RPC_READ, rpc_status, "",
     "{state, server, client_id, since_s, cert_id, tls, bus, last_error, published, acked, "
     "queued}"},
    {"Cloud.Prove", LP_RPC_WRITE, rpc_prove, "nonce: 32 hex digits", "{topic, cert_id, rtt_ms}"},
};

void lp_svc_cloud_add_methods(lp_svc_cloud_t *svc)
{
    svc->set_ =
        (lp_rpc_set_t){.methods = methods, .count = sizeof methods / sizeof methods[0], .ctx = svc};
    lp_timer_init(&svc->proof_timer_, on_proof_timeout, svc);
    lp_rpc_add(svc->s_.rpc, &svc->set_);
}
