// SPDX-License-Identifier: Apache-2.0
// mbedTLS's errors, in ours and in words.
#include "tls_session.h"

typedef struct {
    int code;
    const char *text;
} phrase_t;

static const phrase_t breaches[] = {
    {MBEDTLS_ERR_SSL_BAD_PROTOCOL_VERSION, "it chose a TLS version that is not accepted"},
    {MBEDTLS_ERR_SSL_HANDSHAKE_FAILURE, "it offers no suite, group or signature that is accepted"},
    {MBEDTLS_ERR_SSL_ILLEGAL_PARAMETER, "it chose something that was not offered"},
    {MBEDTLS_ERR_SSL_UNEXPECTED_MESSAGE, "a message came out of turn"},
    {MBEDTLS_ERR_SSL_UNEXPECTED_RECORD, "a record came out of turn"},
    {MBEDTLS_ERR_SSL_INVALID_RECORD, "what came is not TLS, or its records are too long"},
    {MBEDTLS_ERR_SSL_BAD_INPUT_DATA, "what came is not TLS, or its records are too long"},
    {MBEDTLS_ERR_SSL_INVALID_MAC, "a record was damaged on the way, or forged"},
    {MBEDTLS_ERR_SSL_DECODE_ERROR, "a message is malformed"},
    {MBEDTLS_ERR_SSL_UNSUPPORTED_EXTENSION, "it sent an extension that was not asked for"},
    {MBEDTLS_ERR_SSL_HW_ACCEL_FAILED, "its part of the key exchange is no point of the curve"},
    {MBEDTLS_ERR_SSL_FEATURE_UNAVAILABLE, "it asks for something that is not supported"},
    {MBEDTLS_ERR_SSL_NO_APPLICATION_PROTOCOL, "it does not speak the ALPN protocol asked for"},
};

static const char *phrase(const phrase_t *list, size_t count, int code)
{
    for (size_t i = 0; i < count; i++) {
        if (list[i].code == code) {
            return list[i].text;
        }
    }
    return NULL;
}

static lp_err_t fail_protocol(lp_tls_t *tls, int ret)
{
    const char *text = phrase(breaches, sizeof breaches / sizeof breaches[0], ret);
    if (text != NULL) {
        LP_TLS_DETAIL(tls, "the server does not keep to TLS: %s", text);
    } else {
        LP_TLS_DETAIL(tls, "the server does not keep to TLS (library code -0x%04x)",
                      (unsigned)-ret);
    }
    return LP_E_TLS_PROTOCOL;
}

// What mbedTLS finds in a certificate before or after verification proper.
static bool is_bad_certificate(int ret)
{
    return ret == MBEDTLS_ERR_SSL_BAD_CERTIFICATE || (ret <= MBEDTLS_ERR_X509_FEATURE_UNAVAILABLE &&
                                                      ret >= MBEDTLS_ERR_X509_BUFFER_TOO_SMALL);
}

static lp_err_t fail_certificate(lp_tls_t *tls, int ret)
{
    if (-(-ret & 0xFF80) == MBEDTLS_ERR_X509_UNKNOWN_SIG_ALG) {
        LP_TLS_DETAIL(tls, "the server's certificate uses algorithms that are too weak or unknown");
    } else {
        LP_TLS_DETAIL(tls,
                      "the server's certificate is malformed, not meant for a TLS server, or its "
                      "key is not accepted (library code -0x%04x)",
                      (unsigned)-ret);
    }
    return LP_E_TLS_CERT;
}

// mbedTLS does not always say so: some of its functions turn a failed allocation into another
// error.
static bool is_out_of_memory(const lp_tls_session_t *s, int ret)
{
    return ret == MBEDTLS_ERR_SSL_ALLOC_FAILED || lp_tls_arena.refused != s->c.refused_before;
}

static lp_err_t classify(lp_tls_t *tls, int ret)
{
    lp_tls_session_t *s = tls->session_;
    if (is_out_of_memory(s, ret)) {
        lp_tls_resume_overran(tls);
        return lp_tls_fail_arena(tls);
    }
    if (s->c.key_err != LP_OK) {
        return lp_tls_fail_key(tls);
    }
    if (s->verify_flags != 0) {
        return lp_tls_verify_error(s->verify_flags); // tls_verify.c has filled in the words
    }
    if (ret == MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE) {
        return lp_tls_fail_alert(tls, s->ssl.in_msg[1]);
    }
    if (ret == MBEDTLS_ERR_SSL_CONN_EOF) {
        return lp_tls_fail_lower(tls);
    }
    if (is_bad_certificate(ret)) {
        return fail_certificate(tls, ret);
    }
    return fail_protocol(tls, ret);
}

lp_err_t lp_tls_fail(lp_tls_t *tls, int ret)
{
    if (ret == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY) {
        LP_TLS_DETAIL(tls, "the server closed the connection");
        tls->report_.err = LP_E_CLOSED;
    } else {
        tls->report_.err = classify(tls, ret);
    }
    return tls->report_.err;
}
