// SPDX-License-Identifier: Apache-2.0
// The server's alerts and what else went wrong, in words, whichever library found it.
#include "tls_common.h"

typedef struct {
    uint8_t code;
    const char *text;
} alert_t;

// @source RFC 8446, 6; RFC 5246, 7.2
static const alert_t alerts[] = {
    {0, "close_notify"},
    {10, "unexpected_message"},
    {20, "bad_record_mac"},
    {22, "record_overflow"},
    {40, "handshake_failure (no version, suite or certificate that both accept)"},
    {41, "no_certificate"},
    {42, "bad_certificate"},
    {43, "unsupported_certificate"},
    {44, "certificate_revoked"},
    {45, "certificate_expired"},
    {46, "certificate_unknown (this board's is not accepted)"},
    {47, "illegal_parameter"},
    {48, "unknown_ca (it does not know who signed this board's certificate)"},
    {49, "access_denied"},
    {50, "decode_error"},
    {51, "decrypt_error (this board's signature does not match its certificate)"},
    {70, "protocol_version"},
    {71, "insufficient_security"},
    {80, "internal_error"},
    {86, "inappropriate_fallback"},
    {90, "user_canceled"},
    {100, "no_renegotiation"},
    {109, "missing_extension"},
    {110, "unsupported_extension"},
    {112, "unrecognized_name (it is not that host)"},
    {116, "certificate_required (this board sent none)"},
    {120, "no_application_protocol (it does not speak the ALPN protocol asked for)"},
};

lp_err_t lp_tls_fail_alert(lp_tls_t *tls, uint8_t alert)
{
    for (size_t i = 0; i < sizeof alerts / sizeof alerts[0]; i++) {
        if (alerts[i].code == alert) {
            LP_TLS_DETAIL(tls, "the server answered: %s", alerts[i].text);
            return LP_E_TLS_ALERT;
        }
    }
    LP_TLS_DETAIL(tls, "the server answered: alert %d", alert);
    return LP_E_TLS_ALERT;
}

lp_err_t lp_tls_fail_key(lp_tls_t *tls)
{
    static const char *const uses[] = {
        [LP_TLS_USE_RANDOM] = "random numbers of the chip",
        [LP_TLS_USE_PUBLIC] = "public key",
        [LP_TLS_USE_SIGN] = "signature of the handshake",
        [LP_TLS_USE_ECDHE] = "key exchange in the chip",
        [LP_TLS_USE_VERIFY] = "check of a signature by the chip",
    };
    LP_TLS_DETAIL(tls, "%s: %s", uses[lp_tls_common(tls)->failed_use],
                  lp_err_text(lp_tls_common(tls)->key_err));
    return LP_E_TLS_KEY;
}

lp_err_t lp_tls_fail_lower(lp_tls_t *tls)
{
    lp_err_t why = tls->lower_err_ != LP_OK ? tls->lower_err_ : LP_E_CLOSED;
    LP_TLS_DETAIL(tls, "the connection ended before TLS did: %s", lp_err_text(why));
    return why;
}

lp_err_t lp_tls_fail_arena(lp_tls_t *tls)
{
    LP_TLS_DETAIL(tls, "the TLS arena of %u bytes is used up", (unsigned)lp_tls_arena.size_);
    return LP_E_NOSPACE;
}
