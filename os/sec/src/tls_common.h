// SPDX-License-Identifier: Apache-2.0
// What a connection is in the terms of either TLS library: mbedTLS (tls_session.h) or the small one
// (tls12.h). No header of a library here.
#ifndef LP_SEC_TLS_COMMON_H
#define LP_SEC_TLS_COMMON_H

#include "limpet/fmt.h"
#include "limpet/x509.h"
#include "tls_internal.h"

typedef struct {
    bool has_identity;
    lp_key_id_t id;
    bool check_dates;
    bool is_ecdhe_in_chip;
    bool is_ecdhe_sealed; // and so that its secret does not cross the bus in the clear
    bool is_verify_in_chip;
    bool is_offering; // a session, and the server has not said yet what it thinks of it
    lp_tls_use_t failed_use;
    lp_err_t key_err;        // of the first operation of a key that failed
    unsigned refused_before; // by the arena, before this session
    uint8_t ip[16];
    size_t ip_len; // 0: host is a name
    char alpn[LP_TLS_ALPN_MAX];
} lp_tls_common_t;

// Of tls->session_.
lp_tls_common_t *lp_tls_common(const lp_tls_t *tls);

// Host, ALPN and version; the host is copied to host[LP_TLS_HOST_MAX].
lp_err_t lp_tls_take_names(lp_tls_t *tls, const lp_tls_config_t *config, char *host);
lp_err_t lp_tls_take_clock(lp_tls_t *tls, const lp_tls_config_t *config);
// The id of the key; the certificate is up to the caller.
lp_err_t lp_tls_take_key_id(lp_tls_t *tls, const lp_tls_config_t *config);
lp_err_t lp_tls_take_ecdhe(lp_tls_t *tls, const lp_tls_config_t *config);
// Fresh random numbers, before each handshake.
lp_err_t lp_tls_stir(lp_tls_t *tls);
// Bytes of a certificate, from `at` on.
lp_err_t lp_tls_read_pem(const lp_tls_pem_t *pem, size_t at, uint8_t *to, size_t n);
// Bytes that somebody else wrote, cut to cap, anything but plain printable ASCII as '?'.
void lp_tls_print(const uint8_t *ptr, size_t len, char *text, size_t cap);
// The common name of a Name in DER, printed; "(no common name)".
void lp_tls_print_name(const uint8_t *ptr, size_t len, char *text, size_t cap);
// Notes numbers of the connection for the report.
void lp_tls_note_times(lp_tls_t *tls);

// ---- tls_own.c ---------------------------------------------------------------------------------

// Our certificate is for a P-256 key and within its dates. LP_E_FORMAT, LP_E_TLS_EXPIRED.
lp_err_t lp_tls_check_own(lp_tls_t *tls, lp_span_t der);
// Whether it is for this key.
bool lp_tls_is_own_key(lp_span_t der, const uint8_t pub[LP_KEY_PUBLIC_BYTES]);
// Says which of the dates of `whose` certificate is wrong, and a hint. LP_E_TLS_EXPIRED.
lp_err_t lp_tls_explain_date(lp_tls_t *tls, const char *whose, const lp_x509_t *cert, int64_t now_s,
                             const char *hint);

// ---- Failures: each fills report_.detail and returns the error ---------------------------------

lp_err_t lp_tls_fail_alert(lp_tls_t *tls, uint8_t alert);
lp_err_t lp_tls_fail_key(lp_tls_t *tls);
lp_err_t lp_tls_fail_lower(lp_tls_t *tls);
lp_err_t lp_tls_fail_arena(lp_tls_t *tls);
lp_err_t lp_tls_refuse_key(lp_tls_t *tls);
// The trust anchors could not be loaded; `skipped` of them were of no use. Returns err.
lp_err_t lp_tls_fail_trust(lp_tls_t *tls, lp_err_t err, unsigned skipped);

#define LP_TLS_DETAIL(tls, ...)                                                                    \
    ((void)lp_fmt_str((tls)->report_.detail, sizeof(tls)->report_.detail, __VA_ARGS__))

#endif
