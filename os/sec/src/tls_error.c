// SPDX-License-Identifier: Apache-2.0
// mbedTLS's errors and the server's alerts, in ours and in words.
#include "limpet/fmt.h"
#include "tls_session.h"

typedef struct {
    int code;
    const char *text;
} phrase_t;

// @source RFC 8446, 6; RFC 5246, 7.2
static const phrase_t alerts[] = {
    {MBEDTLS_SSL_ALERT_MSG_CLOSE_NOTIFY, "close_notify"},
    {MBEDTLS_SSL_ALERT_MSG_UNEXPECTED_MESSAGE, "unexpected_message"},
    {MBEDTLS_SSL_ALERT_MSG_BAD_RECORD_MAC, "bad_record_mac"},
    {MBEDTLS_SSL_ALERT_MSG_RECORD_OVERFLOW, "record_overflow"},
    {MBEDTLS_SSL_ALERT_MSG_HANDSHAKE_FAILURE,
     "handshake_failure (no version, suite or certificate that both accept)"},
    {MBEDTLS_SSL_ALERT_MSG_NO_CERT, "no_certificate"},
    {MBEDTLS_SSL_ALERT_MSG_BAD_CERT, "bad_certificate"},
    {MBEDTLS_SSL_ALERT_MSG_UNSUPPORTED_CERT, "unsupported_certificate"},
    {MBEDTLS_SSL_ALERT_MSG_CERT_REVOKED, "certificate_revoked"},
    {MBEDTLS_SSL_ALERT_MSG_CERT_EXPIRED, "certificate_expired"},
    {MBEDTLS_SSL_ALERT_MSG_CERT_UNKNOWN, "certificate_unknown (this board's is not accepted)"},
    {MBEDTLS_SSL_ALERT_MSG_ILLEGAL_PARAMETER, "illegal_parameter"},
    {MBEDTLS_SSL_ALERT_MSG_UNKNOWN_CA,
     "unknown_ca (it does not know who signed this board's certificate)"},
    {MBEDTLS_SSL_ALERT_MSG_ACCESS_DENIED, "access_denied"},
    {MBEDTLS_SSL_ALERT_MSG_DECODE_ERROR, "decode_error"},
    {MBEDTLS_SSL_ALERT_MSG_DECRYPT_ERROR,
     "decrypt_error (this board's signature does not match its certificate)"},
    {MBEDTLS_SSL_ALERT_MSG_PROTOCOL_VERSION, "protocol_version"},
    {MBEDTLS_SSL_ALERT_MSG_INSUFFICIENT_SECURITY, "insufficient_security"},
    {MBEDTLS_SSL_ALERT_MSG_INTERNAL_ERROR, "internal_error"},
    {MBEDTLS_SSL_ALERT_MSG_INAPROPRIATE_FALLBACK, "inappropriate_fallback"},
    {MBEDTLS_SSL_ALERT_MSG_USER_CANCELED, "user_canceled"},
    {MBEDTLS_SSL_ALERT_MSG_NO_RENEGOTIATION, "no_renegotiation"},
    {MBEDTLS_SSL_ALERT_MSG_MISSING_EXTENSION, "missing_extension"},
    {MBEDTLS_SSL_ALERT_MSG_UNSUPPORTED_EXT, "unsupported_extension"},
    {MBEDTLS_SSL_ALERT_MSG_UNRECOGNIZED_NAME, "unrecognized_name (it is not that host)"},
    {MBEDTLS_SSL_ALERT_MSG_CERT_REQUIRED, "certificate_required (this board sent none)"},
    {MBEDTLS_SSL_ALERT_MSG_NO_APPLICATION_PROTOCOL,
     "no_application_protocol (it does not speak the ALPN protocol asked for)"},
};

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

static lp_err_t fail_alert(lp_tls_t *tls)
{
    int alert = tls->session_->ssl.in_msg[1];
    const char *text = phrase(alerts, sizeof alerts / sizeof alerts[0], alert);
    if (text != NULL) {
        LP_TLS_DETAIL(tls, "the server answered: %s", text);
    } else {
        LP_TLS_DETAIL(tls, "the server answered: alert %d", alert);
    }
    return LP_E_TLS_ALERT;
}

static lp_err_t fail_key(lp_tls_t *tls)
{
    static const char *const uses[] = {
        [LP_TLS_USE_RANDOM] = "random numbers of the chip",
        [LP_TLS_USE_PUBLIC] = "public key",
        [LP_TLS_USE_SIGN] = "signature of the handshake",
        [LP_TLS_USE_ECDHE] = "key exchange in the chip",
        [LP_TLS_USE_VERIFY] = "check of a signature by the chip",
    };
    LP_TLS_DETAIL(tls, "%s: %s", uses[tls->session_->failed_use],
                  lp_err_text(tls->session_->key_err));
    return LP_E_TLS_KEY;
}

static lp_err_t fail_lower(lp_tls_t *tls)
{
    lp_err_t why = tls->lower_err_ != LP_OK ? tls->lower_err_ : LP_E_CLOSED;
    LP_TLS_DETAIL(tls, "the connection ended before TLS did: %s", lp_err_text(why));
    return why;
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
    return ret == MBEDTLS_ERR_SSL_ALLOC_FAILED || lp_tls_arena.refused != s->refused_before;
}

static lp_err_t classify(lp_tls_t *tls, int ret)
{
    lp_tls_session_t *s = tls->session_;
    if (is_out_of_memory(s, ret)) {
        lp_tls_resume_overran(tls);
        LP_TLS_DETAIL(tls, "the TLS arena of %u bytes is used up", (unsigned)lp_tls_arena.size_);
        return LP_E_NOSPACE;
    }
    if (s->key_err != LP_OK) {
        return fail_key(tls);
    }
    if (s->verify_flags != 0) {
        return lp_tls_verify_error(s->verify_flags); // tls_verify.c has filled in the words
    }
    if (ret == MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE) {
        return fail_alert(tls);
    }
    if (ret == MBEDTLS_ERR_SSL_CONN_EOF) {
        return fail_lower(tls);
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
