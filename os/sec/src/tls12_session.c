// SPDX-License-Identifier: Apache-2.0
// One connection: from the configuration to a session that is ready for its handshake, and the
// bytes of both ways after it.
#include <string.h>

#include "limpet/endian.h"
#include "lp_mbedtls_platform.h"
#include "tls12.h"

// ---- Configuration -----------------------------------------------------------------------------

static lp_err_t take_names(lp_tls_t *tls, const lp_tls_config_t *config)
{
    return lp_tls_take_names(tls, config, tls->session_->papers->host);
}

static lp_err_t take_trust(lp_tls_t *tls, const lp_tls_config_t *config)
{
    unsigned skipped = 0;
    if (config->trust_pem.len == 0) {
        LP_TLS_DETAIL(tls,
                      "no trust anchor: there is no certificate to check the server's against");
        return LP_E_TLS_CERT;
    }
    const lp_err_t err =
        lp_tls12_load(&tls->session_->papers->trust, &config->trust_pem, true, &skipped);
    return err == LP_OK ? LP_OK : lp_tls_fail_trust(tls, err, skipped);
}

static lp_err_t take_identity(lp_tls_t *tls, const lp_tls_config_t *config)
{
    unsigned skipped = 0;
    if (config->cert_pem.len == 0) {
        return LP_OK;
    }
    lp_err_t err = lp_tls_take_key_id(tls, config);
    if (err != LP_OK) {
        return err;
    }
    err = lp_tls12_load(&tls->session_->papers->own, &config->cert_pem, false, &skipped);
    if (err == LP_E_NOSPACE) {
        LP_TLS_DETAIL(tls, "this board's certificate does not fit into the TLS arena");
        return err;
    }
    if (err != LP_OK) {
        LP_TLS_DETAIL(tls, "this board's own certificate is not one in PEM with a P-256 key");
        return err;
    }
    return lp_tls12_check_own(tls);
}

typedef lp_err_t step_fn(lp_tls_t *tls, const lp_tls_config_t *config);

lp_err_t lp_tls_session_open(lp_tls_t *tls, const lp_tls_config_t *config)
{
    static step_fn *const steps[] = {take_names, lp_tls_take_clock, take_trust, take_identity,
                                     lp_tls_take_ecdhe};
    lp_tls_session_t *s = lp_tls_calloc(1, sizeof *s);
    lp_tls12_papers_t *papers = lp_tls_calloc(1, sizeof *papers);
    if (s == NULL || papers == NULL) {
        lp_tls_free(s);
        lp_tls_free(papers);
        return lp_tls_fail_arena(tls);
    }
    tls->session_ = s;
    s->papers = papers;
    lp_sha256_init(&papers->transcript);
    lp_err_t err = config->is_server ? LP_E_UNSUPPORTED : LP_OK;
    for (size_t i = 0; i < sizeof steps / sizeof steps[0] && err == LP_OK; i++) {
        err = steps[i](tls, config);
    }
    if (err != LP_OK) {
        lp_tls_session_close(tls, false);
    }
    return err;
}

// ---- The end of the handshake, and of everything -----------------------------------------------

static void drop_papers(lp_tls_session_t *s)
{
    if (s->papers != NULL) {
        lp_tls_free(s->papers->trust.ptr);
        lp_tls_free(s->papers->own.ptr);
        lp_tls_free(s->papers); // wipes the master secret, too
        s->papers = NULL;
    }
}

// There is no second handshake on a connection, so nobody asks for these again.
void lp_tls_session_settle(lp_tls_t *tls)
{
    drop_papers(tls->session_);
}

void lp_tls_session_close(lp_tls_t *tls, bool is_polite)
{
    lp_tls_session_t *s = tls->session_;
    if (s == NULL) {
        return;
    }
    if (is_polite) {
        lp_tls12_alert(tls, false, LP_TLS12_CLOSE_NOTIFY);
    }
    drop_papers(s);
    tls->session_ = NULL;
    lp_tls_free(s);
}

// ---- Application data --------------------------------------------------------------------------

// Until there is some. A server that wants another handshake is told that there is none.
static lp_err_t await_text(lp_tls_t *tls)
{
    lp_tls_session_t *s = tls->session_;
    while (s->text.len == 0) {
        static const uint8_t hello_request[4];
        uint8_t type = 0;
        const lp_err_t err = lp_tls12_pull(tls, &type);
        if (err != LP_OK) {
            return err;
        }
        if (type == LP_TLS12_DATA) {
            continue;
        }
        if (type != LP_TLS12_HANDSHAKE ||
            !lp_span_equal(s->text, lp_span(hello_request, sizeof hello_request))) {
            return lp_tls12_out_of_turn(tls);
        }
        s->text.len = 0;
        lp_tls12_alert(tls, false, LP_TLS12_NO_RENEGOTIATION);
    }
    return LP_OK;
}

lp_err_t lp_tls_session_read(lp_tls_t *tls, uint8_t *buf, size_t cap, size_t *n)
{
    lp_span_t *text = &tls->session_->text, part;
    const lp_err_t err = await_text(tls);
    if (err == LP_OK) {
        (void)lp_tls12_take(text, cap < text->len ? cap : text->len, &part);
        memcpy(buf, part.ptr, part.len);
        *n = part.len;
    }
    return err;
}

lp_err_t lp_tls_session_probe(lp_tls_t *tls)
{
    const lp_err_t err = await_text(tls);
    return err == LP_E_AGAIN ? LP_OK : err;
}

lp_err_t lp_tls_session_flush(lp_tls_t *tls)
{
    return lp_tls12_push(tls);
}

bool lp_tls_session_has_unsent(const lp_tls_t *tls)
{
    return tls->session_->out_left > 0;
}

// What is encrypted counts as taken, and is pushed out by a later flush.
lp_err_t lp_tls_session_write(lp_tls_t *tls, lp_span_t data, size_t *n)
{
    lp_tls_session_t *s = tls->session_;
    const lp_err_t err = lp_tls12_push(tls);
    if (err != LP_OK || tls->lower_err_ != LP_OK) {
        return LP_E_AGAIN; // the end is told from the loop
    }
    const size_t len = data.len < LP_TLS12_OUT_BYTES ? data.len : LP_TLS12_OUT_BYTES;
    memcpy(s->out + LP_TLS12_HEADER + LP_TLS12_NONCE, data.ptr, len);
    s->out_len = len;
    (void)lp_tls12_seal(tls, LP_TLS12_DATA);
    *n = len;
    return LP_OK;
}

// ---- What mbedTLS has besides ------------------------------------------------------------------

lp_err_t lp_tls_library_init(void)
{
    return LP_OK;
}

void lp_tls_library_deinit(void)
{
}

// Sessions are not resumed: each connection has a handshake of its own.
void lp_tls_resume_init(void *memory, size_t bytes, size_t ticket_bytes)
{
    (void)memory;
    (void)bytes;
    (void)ticket_bytes;
}

void lp_tls_resume_deinit(void)
{
}

void lp_tls_forget(void)
{
}
