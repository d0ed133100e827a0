// SPDX-License-Identifier: Apache-2.0
// The server's alerts and what else went wrong, in words, whichever library found it.
#include <string.h>

#include "tls_common.h"

// @source RFC 8446, 6; RFC 5246, 7.2
#define LP_ALERT_LIST(X)                                                                           \
    X(10, "unexpected_message")                                                                    \
    X(20, "bad_record_mac")                                                                        \
    X(22, "record_overflow")                                                                       \
    X(40, "handshake_failure (no version, suite or certificate that both accept)")                 \
    X(42, "bad_certificate")                                                                       \
    X(43, "unsupported_certificate")                                                               \
    X(44, "certificate_revoked")                                                                   \
    X(45, "certificate_expired")                                                                   \
    X(46, "certificate_unknown (this board's is not accepted)")                                    \
    X(47, "illegal_parameter")                                                                     \
    X(48, "unknown_ca (it does not know who signed this board's certificate)")                     \
    X(49, "access_denied")                                                                         \
    X(50, "decode_error")                                                                          \
    X(51, "decrypt_error (this board's signature does not match its certificate)")                 \
    X(70, "protocol_version")                                                                      \
    X(71, "insufficient_security")                                                                 \
    X(80, "internal_error")                                                                        \
    X(86, "inappropriate_fallback")                                                                \
    X(90, "user_canceled")                                                                         \
    X(100, "no_renegotiation")                                                                     \
    X(109, "missing_extension")                                                                    \
    X(110, "unsupported_extension")                                                                \
    X(112, "unrecognized_name (it is not that host)")                                              \
    X(116, "certificate_required (this board sent none)")                                          \
    X(120, "no_application_protocol (it does not speak the ALPN protocol asked for)")

#define LP_ALERT_NUMBER(number, words) number,
#define LP_ALERT_WORDS(number, words)  words "\0"

// The words one behind the other, as in os/base/err.c.
static const uint8_t numbers[] = {LP_ALERT_LIST(LP_ALERT_NUMBER)};
static const char words_of_all[] = LP_ALERT_LIST(LP_ALERT_WORDS);

lp_err_t lp_tls_fail_alert(lp_tls_t *tls, uint8_t alert)
{
    const char *words = words_of_all;
    for (size_t i = 0; i < sizeof numbers; i++) {
        if (numbers[i] == alert) {
            LP_TLS_DETAIL(tls, "the server answered: %s", words);
            return LP_E_TLS_ALERT;
        }
        words += strlen(words) + 1;
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

lp_err_t lp_tls_fail_trust(lp_tls_t *tls, lp_err_t err, unsigned skipped)
{
    if (err == LP_E_NOSPACE) {
        LP_TLS_DETAIL(tls, "the trust anchors do not fit into the TLS arena");
    } else {
        LP_TLS_DETAIL(tls, "the trust anchors are not certificates in PEM%s",
                      skipped > 0 ? ", or of kinds that are not supported" : "");
    }
    return err;
}
