// SPDX-License-Identifier: Apache-2.0
// One connection: the handshake on the fiber, then bytes both ways on the loop's stack.
#include "tls_session.h"

#include <mbedtls/pk.h>
#include <string.h>

#include "limpet/fmt.h"
#include "limpet/port/clock.h"
#include "lp_mbedtls_platform.h"
#include "tls_psa.h"

static bool is_want(int ret)
{
    return ret == MBEDTLS_ERR_SSL_WANT_READ || ret == MBEDTLS_ERR_SSL_WANT_WRITE;
}

// The end of the lower stream is known when its LP_STREAM_CLOSED has come, which says why; until
// then a read that finds nothing waits. Bytes for a dead line vanish, as they do in a socket's
// buffer: what the server said before it hung up is then still read.
static int send_lower(void *ctx, const unsigned char *data, size_t len)
{
    lp_tls_t *tls = ctx;
    size_t n = 0;
    lp_err_t err = lp_stream_write(tls->lower_, lp_span(data, len), &n);
    if (err == LP_OK) {
        return (int)n;
    }
    return err == LP_E_AGAIN && tls->lower_err_ == LP_OK ? MBEDTLS_ERR_SSL_WANT_WRITE : (int)len;
}

static int receive_lower(void *ctx, unsigned char *buf, size_t cap)
{
    lp_tls_t *tls = ctx;
    size_t n = 0;
    lp_err_t err = lp_stream_read(tls->lower_, buf, cap, &n);
    tls->session_->is_lower_dry = err != LP_OK;
    if (err == LP_OK) {
        return (int)n;
    }
    return tls->lower_err_ == LP_OK ? MBEDTLS_ERR_SSL_WANT_READ : MBEDTLS_ERR_SSL_CONN_EOF;
}

static lp_err_t take_key(lp_tls_t *tls)
{
    lp_tls_session_t *s = tls->session_;
    uint8_t pub[LP_KEY_PUBLIC_BYTES];
    lp_err_t err = lp_tls_engine_public(s->c.id, pub);
    if (err != LP_OK) {
        return err;
    }
    const mbedtls_x509_buf *raw = &s->papers->own.raw;
    if (!lp_tls_is_own_key(lp_span(raw->p, raw->len), pub)) {
        return lp_tls_refuse_key(tls);
    }
    err = lp_tls_psa_refer(s->c.id, pub, &s->key_ref);
    if (err != LP_OK || mbedtls_pk_setup_opaque(&s->papers->key, s->key_ref) != 0 ||
        mbedtls_ssl_conf_own_cert(&s->conf, &s->papers->own, &s->papers->key) != 0) {
        return LP_E_NOSPACE;
    }
    return LP_OK;
}

static lp_err_t prepare(lp_tls_t *tls)
{
    lp_tls_session_t *s = tls->session_;
    lp_err_t err = lp_tls_stir(tls);
    if (err == LP_OK && s->c.has_identity) {
        err = take_key(tls);
    }
    if (err == LP_OK || err == LP_E_CANCELED || tls->report_.err != LP_OK) {
        return err;
    }
    return lp_tls_fail(tls, err == LP_E_NOSPACE ? MBEDTLS_ERR_SSL_ALLOC_FAILED
                                                : MBEDTLS_ERR_SSL_HW_ACCEL_FAILED);
}

static const char *suite_name(int id)
{
    switch (id) {
    case MBEDTLS_TLS1_3_AES_128_GCM_SHA256:
        return "TLS_AES_128_GCM_SHA256";
    case MBEDTLS_TLS1_3_AES_256_GCM_SHA384:
        return "TLS_AES_256_GCM_SHA384";
    case MBEDTLS_TLS1_3_CHACHA20_POLY1305_SHA256:
        return "TLS_CHACHA20_POLY1305_SHA256";
    case MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256:
        return "ECDHE-ECDSA-AES128-GCM-SHA256";
    case MBEDTLS_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256:
        return "ECDHE-RSA-AES128-GCM-SHA256";
    case MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384:
        return "ECDHE-ECDSA-AES256-GCM-SHA384";
    case MBEDTLS_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384:
        return "ECDHE-RSA-AES256-GCM-SHA384";
    default:
        return "unknown";
    }
}

static void fill_report(lp_tls_t *tls)
{
    mbedtls_ssl_context *ssl = &tls->session_->ssl;
    bool is_13 = mbedtls_ssl_get_version_number(ssl) == MBEDTLS_SSL_VERSION_TLS1_3;
    tls->report_.version = is_13 ? "TLS 1.3" : "TLS 1.2";
    tls->report_.suite = suite_name(mbedtls_ssl_get_ciphersuite_id_from_ssl(ssl));
    lp_tls_note_times(tls);
    const char *alpn = mbedtls_ssl_get_alpn_protocol(ssl);
    (void)lp_fmt_str(tls->report_.alpn, sizeof tls->report_.alpn, "%s", alpn != NULL ? alpn : "");
}

static lp_err_t refuse_resumption(lp_tls_t *tls)
{
    (void)mbedtls_ssl_send_alert_message(&tls->session_->ssl, MBEDTLS_SSL_ALERT_LEVEL_FATAL,
                                         MBEDTLS_SSL_ALERT_MSG_HANDSHAKE_FAILURE);
    LP_TLS_DETAIL(tls, "the server resumed a session without its extended master secret");
    tls->report_.err = LP_E_TLS_PROTOCOL;
    return LP_E_TLS_PROTOCOL;
}

lp_err_t lp_tls_session_handshake(lp_tls_t *tls)
{
    mbedtls_ssl_context *ssl = &tls->session_->ssl;
    lp_err_t err = prepare(tls);
    if (err != LP_OK) {
        return err;
    }
    mbedtls_ssl_set_bio(ssl, tls, send_lower, receive_lower, NULL);
    while (mbedtls_ssl_is_handshake_over(ssl) == 0) {
        int ret = mbedtls_ssl_handshake_step(ssl);
        if (ret != 0 && !is_want(ret)) {
            return lp_tls_fail(tls, ret);
        }
        if (!lp_tls_resume_follow(tls)) {
            return refuse_resumption(tls);
        }
        bool is_waiting = ret == MBEDTLS_ERR_SSL_WANT_WRITE ||
                          (ret == MBEDTLS_ERR_SSL_WANT_READ && tls->session_->is_lower_dry);
        if (!(is_waiting ? lp_tls_engine_wait() : lp_tls_engine_breathe())) {
            return LP_E_CANCELED;
        }
    }
    fill_report(tls);
    return LP_OK;
}

static void drop_papers(lp_tls_session_t *s)
{
    if (s->papers != NULL) {
        mbedtls_pk_free(&s->papers->key);
        mbedtls_x509_crt_free(&s->papers->own);
        mbedtls_x509_crt_free(&s->papers->trust);
        lp_tls_free(s->papers);
        s->papers = NULL;
    }
    if (s->key_ref != 0) {
        (void)psa_destroy_key(s->key_ref);
        s->key_ref = 0;
    }
}

// There is no second handshake on a connection, so nobody asks for these again.
void lp_tls_session_settle(lp_tls_t *tls)
{
    lp_tls_session_t *s = tls->session_;
    mbedtls_x509_crt *peer = s->ssl.session->peer_cert;
    s->ssl.session->peer_cert = NULL;
    mbedtls_x509_crt_free(peer);
    lp_tls_free(peer);
    mbedtls_ssl_conf_ca_chain(&s->conf, NULL, NULL);
    drop_papers(s);
    lp_tls_resume_succeeded(tls);
    lp_tls_resume_keep(tls);
}

static bool is_for_itself(int ret)
{
    return ret == MBEDTLS_ERR_SSL_WANT_READ || ret == MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET;
}

// mbedTLS also says "want read" after a record that was for itself (a session ticket); whoever
// waited then for the lower stream to become readable would wait for ever, because its bytes are
// here already.
static int read_on(lp_tls_t *tls, uint8_t *buf, size_t cap)
{
    lp_tls_session_t *s = tls->session_;
    int ret;
    do {
        s->is_lower_dry = false;
        ret = mbedtls_ssl_read(&s->ssl, buf, cap);
        if (ret == MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET) {
            lp_tls_resume_keep(tls);
        }
    } while (is_for_itself(ret) && (!s->is_lower_dry || tls->lower_err_ != LP_OK));
    return ret;
}

lp_err_t lp_tls_session_read(lp_tls_t *tls, uint8_t *buf, size_t cap, size_t *n)
{
    int ret = read_on(tls, buf, cap);
    if (ret > 0) {
        *n = (size_t)ret;
        return LP_OK;
    }
    if (is_want(ret)) {
        return LP_E_AGAIN;
    }
    return lp_tls_fail(tls, ret == 0 ? MBEDTLS_ERR_SSL_CONN_EOF : ret);
}

lp_err_t lp_tls_session_probe(lp_tls_t *tls)
{
    int ret = read_on(tls, NULL, 0);
    if (is_want(ret) || mbedtls_ssl_get_bytes_avail(&tls->session_->ssl) > 0) {
        return LP_OK;
    }
    return lp_tls_fail(tls, ret == 0 ? MBEDTLS_ERR_SSL_CONN_EOF : ret);
}

// mbedTLS encrypts at once and then insists on sending that record before another: what it has
// encrypted counts as taken, and is pushed out by a later flush.
lp_err_t lp_tls_session_flush(lp_tls_t *tls)
{
    lp_tls_session_t *s = tls->session_;
    static const unsigned char unused[1];
    if (s->unsent == 0 || s->ssl.out_left == 0) {
        s->unsent = 0;
        return LP_OK;
    }
    int ret = mbedtls_ssl_write(&s->ssl, unused, s->unsent); // reads nothing while out_left > 0
    if (is_want(ret)) {
        return LP_E_AGAIN;
    }
    s->unsent = 0;
    return ret >= 0 ? LP_OK : lp_tls_fail(tls, ret);
}

bool lp_tls_session_has_unsent(const lp_tls_t *tls)
{
    return tls->session_->unsent > 0;
}

lp_err_t lp_tls_session_write(lp_tls_t *tls, lp_span_t data, size_t *n)
{
    lp_tls_session_t *s = tls->session_;
    lp_err_t err = lp_tls_session_flush(tls);
    if (err != LP_OK || tls->lower_err_ != LP_OK) {
        return err != LP_OK ? err : LP_E_AGAIN; // the end is told from the loop
    }
    // What does not fit into one record is not taken, not even its first part by mbedTLS on the
    // quiet.
    int room = mbedtls_ssl_get_max_out_record_payload(&s->ssl);
    if (room <= 0) {
        return lp_tls_fail(tls, room);
    }
    size_t len = data.len < (size_t)room ? data.len : (size_t)room;
    int ret = mbedtls_ssl_write(&s->ssl, data.ptr, len);
    if (ret > 0) {
        *n = (size_t)ret;
        return LP_OK;
    }
    if (ret == MBEDTLS_ERR_SSL_WANT_WRITE && s->ssl.out_left > 0) {
        s->unsent = len;
        *n = len;
        return LP_OK;
    }
    return ret == MBEDTLS_ERR_SSL_WANT_WRITE || ret == 0 ? LP_E_AGAIN : lp_tls_fail(tls, ret);
}

void lp_tls_session_close(lp_tls_t *tls, bool is_polite)
{
    lp_tls_session_t *s = tls->session_;
    if (s == NULL) {
        return;
    }
    if (is_polite) {
        (void)mbedtls_ssl_close_notify(&s->ssl);
    }
    mbedtls_ssl_free(&s->ssl);
    mbedtls_ssl_config_free(&s->conf);
    drop_papers(s);
    tls->session_ = NULL;
    lp_tls_free(s);
}
