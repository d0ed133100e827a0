// SPDX-License-Identifier: Apache-2.0
// From lp_tls_config_t to a session of mbedTLS that is ready for the handshake.
#include "tls_session.h" // first: it opens mbedTLS's private fields

#include <string.h>

#include "limpet/fmt.h"
#include "limpet/pem.h"
#include "limpet/port/clock.h"
#include "lp_mbedtls_platform.h"
#include "tls_offer.h"
#include "tls_server.h"

static bool is_unsupported(int ret)
{
    // The detail is in the low bits: mbedTLS adds a high-level and a low-level code.
    int high = -(-ret & 0xFF80);
    return high == MBEDTLS_ERR_X509_UNKNOWN_SIG_ALG || high == MBEDTLS_ERR_X509_UNKNOWN_VERSION ||
           high == MBEDTLS_ERR_PK_UNKNOWN_PK_ALG || high == MBEDTLS_ERR_PK_UNKNOWN_NAMED_CURVE;
}

// What is only sent needs no understanding. mbedTLS takes a version for the sign that there is one.
static lp_err_t add_raw(mbedtls_x509_crt *chain, lp_span_t der)
{
    mbedtls_x509_crt *last = chain;
    while (last->next != NULL) {
        last = last->next;
    }
    if (last->version != 0) {
        last->next = lp_tls_calloc(1, sizeof *last);
        last = last->next;
    }
    uint8_t *copy = last != NULL ? lp_tls_calloc(1, der.len) : NULL;
    if (copy == NULL) {
        return LP_E_NOSPACE;
    }
    memcpy(copy, der.ptr, der.len);
    last->raw = (mbedtls_x509_buf){.p = copy, .len = der.len};
    last->own_buffer = 1;
    last->version = 3;
    return LP_OK;
}

static lp_err_t load_block(mbedtls_x509_crt *chain, lp_span_t der, bool is_own, unsigned *skipped)
{
    int ret = mbedtls_x509_crt_parse_der(chain, der.ptr, der.len);
    if (ret == 0) {
        return LP_OK;
    }
    if (is_unsupported(ret) && is_own) {
        return add_raw(chain, der);
    }
    if (is_unsupported(ret)) {
        (*skipped)++;
        return LP_OK;
    }
    return ret == MBEDTLS_ERR_X509_ALLOC_FAILED ? LP_E_NOSPACE : LP_E_FORMAT;
}

static lp_err_t load_blocks(mbedtls_x509_crt *chain, lp_span_t pem, lp_buf_t *der, bool is_own,
                            unsigned *skipped)
{
    lp_err_t err = LP_OK;
    while (err == LP_OK) {
        der->len = 0;
        err = lp_pem_decode(&pem, "CERTIFICATE", der);
        if (err == LP_OK) {
            err = load_block(chain, lp_buf_span(der), is_own, skipped);
        }
    }
    if (err == LP_E_NOT_FOUND) {
        return chain->raw.p != NULL ? LP_OK : LP_E_FORMAT;
    }
    return err;
}

// Base64 is longer than what it stands for, so a block is decoded over the text that it is made of.
lp_err_t lp_tls_load_pem(mbedtls_x509_crt *chain, const lp_tls_pem_t *pem, bool is_own,
                         unsigned *skipped)
{
    *skipped = 0;
    if (pem->len == 0) {
        return LP_E_FORMAT;
    }
    uint8_t *room = lp_tls_calloc(1, pem->len);
    if (room == NULL) {
        return LP_E_NOSPACE;
    }
    lp_buf_t der = lp_buf(room, pem->len);
    lp_err_t err = lp_tls_read_pem(pem, 0, room, pem->len);
    if (err == LP_OK) {
        err = load_blocks(chain, lp_span(room, pem->len), &der, is_own, skipped);
    }
    lp_tls_free(room);
    return err;
}

static lp_err_t take_names(lp_tls_t *tls, const lp_tls_config_t *config)
{
    lp_tls_session_t *s = tls->session_;
    const lp_err_t err = lp_tls_take_names(tls, config, s->papers->host);
    s->alpn_list[0] = s->c.alpn[0] != '\0' ? s->c.alpn : NULL;
    return err;
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
        lp_tls_load_pem(&tls->session_->papers->trust, &config->trust_pem, false, &skipped);
    return err == LP_OK ? LP_OK : lp_tls_fail_trust(tls, err, skipped);
}

static lp_err_t take_own(lp_tls_t *tls, const lp_tls_config_t *config)
{
    lp_tls_session_t *s = tls->session_;
    unsigned skipped = 0;
    lp_err_t err = lp_tls_load_pem(&s->papers->own, &config->cert_pem, true, &skipped);
    if (err == LP_E_NOSPACE) {
        LP_TLS_DETAIL(tls, "this board's certificate does not fit into the TLS arena");
        return err;
    }
    const mbedtls_x509_buf *raw = &s->papers->own.raw;
    return lp_tls_check_own(tls, err == LP_OK ? lp_span(raw->p, raw->len) : lp_span(NULL, 0));
}

lp_err_t lp_tls_take_identity(lp_tls_t *tls, const lp_tls_config_t *config)
{
    if (config->cert_pem.len == 0) {
        return LP_OK;
    }
    const lp_err_t err = lp_tls_take_key_id(tls, config);
    return err == LP_OK ? take_own(tls, config) : err;
}

static const uint16_t *groups_of(const lp_tls_t *tls, const lp_tls_config_t *config)
{
    if (!tls->session_->c.is_ecdhe_in_chip) {
        return lp_tls_groups;
    }
    return config->ecdhe == LP_TLS_ECDHE_AUTO ? lp_tls_groups_auto : lp_tls_groups_chip;
}

void lp_tls_set_offer(lp_tls_t *tls, const lp_tls_config_t *config)
{
    mbedtls_ssl_config *conf = &tls->session_->conf;
    mbedtls_ssl_conf_min_tls_version(conf, MBEDTLS_SSL_VERSION_TLS1_2);
    mbedtls_ssl_conf_max_tls_version(conf, config->max_version == LP_TLS_1_3
                                               ? lp_tls_newest_version
                                               : MBEDTLS_SSL_VERSION_TLS1_2);
    mbedtls_ssl_conf_ciphersuites(conf, lp_tls_suites);
    mbedtls_ssl_conf_groups(conf, groups_of(tls, config));
    mbedtls_ssl_conf_sig_algs(conf, lp_tls_signatures);
    mbedtls_ssl_conf_rng(conf, lp_tls_rng_fill, NULL);
}

static int set_up_config(lp_tls_t *tls, const lp_tls_config_t *config)
{
    lp_tls_session_t *s = tls->session_;
    mbedtls_ssl_config *conf = &s->conf;
    int ret = mbedtls_ssl_config_defaults(conf, MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_TRANSPORT_STREAM,
                                          MBEDTLS_SSL_PRESET_DEFAULT);
    lp_tls_set_offer(tls, config);
    mbedtls_ssl_conf_cert_profile(conf, &lp_tls_cert_profile);
    mbedtls_ssl_conf_authmode(conf, MBEDTLS_SSL_VERIFY_REQUIRED);
    mbedtls_ssl_conf_ca_chain(conf, &s->papers->trust, NULL);
    mbedtls_ssl_conf_verify(conf, lp_tls_verify, tls);
    lp_tls_resume_begin(tls, config);
    if (ret == 0 && config->wants_short_records) {
        ret = lp_tls_offer_short_records(conf);
    }
    if (ret == 0 && s->alpn_list[0] != NULL) {
        ret = mbedtls_ssl_conf_alpn_protocols(conf, s->alpn_list);
    }
    return ret;
}

// An IP address must not be sent as SNI (RFC 6066, 3); lp_tls_verify() compares it itself.
static lp_err_t set_up(lp_tls_t *tls, const lp_tls_config_t *config)
{
    lp_tls_session_t *s = tls->session_;
    int ret = set_up_config(tls, config);
    if (ret == 0) {
        ret = mbedtls_ssl_setup(&s->ssl, &s->conf);
    }
    if (ret == 0) {
        ret = mbedtls_ssl_set_hostname(&s->ssl, s->c.ip_len > 0 ? NULL : s->papers->host);
    }
    if (ret != 0) {
        LP_TLS_DETAIL(tls, "the TLS arena of %u bytes is too small for a connection",
                      (unsigned)lp_tls_arena.size_);
        return LP_E_NOSPACE;
    }
    lp_tls_resume_offer(tls);
    return LP_OK;
}

typedef lp_err_t step_fn(lp_tls_t *tls, const lp_tls_config_t *config);

lp_err_t lp_tls_session_open(lp_tls_t *tls, const lp_tls_config_t *config)
{
    static step_fn *const steps[] = {take_names,           lp_tls_take_clock, take_trust,
                                     lp_tls_take_identity, lp_tls_take_ecdhe, set_up};
    lp_tls_session_t *s = lp_tls_calloc(1, sizeof *s);
    lp_tls_papers_t *papers = lp_tls_calloc(1, sizeof *papers);
    if (s == NULL || papers == NULL) {
        lp_tls_free(s);
        lp_tls_free(papers);
        return lp_tls_fail_arena(tls);
    }
    tls->session_ = s;
    s->papers = papers;
    s->c.refused_before = lp_tls_arena.refused;
    mbedtls_ssl_init(&s->ssl);
    mbedtls_ssl_config_init(&s->conf);
    mbedtls_x509_crt_init(&s->papers->trust);
    mbedtls_x509_crt_init(&s->papers->own);
    mbedtls_pk_init(&s->papers->key);
    const size_t count = config->is_server ? 0 : sizeof steps / sizeof steps[0];
    lp_err_t err = config->is_server ? lp_tls_server_set_up(tls, config) : LP_OK;
    for (size_t i = 0; i < count && err == LP_OK; i++) {
        err = steps[i](tls, config);
    }
    if (err != LP_OK) {
        lp_tls_session_close(tls, false);
    }
    return err;
}
