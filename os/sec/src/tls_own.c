// SPDX-License-Identifier: Apache-2.0
// The board's own certificate. Who signed it and how is for the server to judge by: the cloud signs
// with RSA what a small board could not check.
#include "limpet/civil.h"
#include "limpet/port/clock.h"
#include "limpet/x509.h"
#include "tls_common.h"

enum { DAY_S = 86400 };

lp_err_t lp_tls_explain_date(lp_tls_t *tls, const char *whose, const lp_x509_t *cert, int64_t now_s,
                             const char *hint)
{
    const bool is_past = now_s > cert->not_after;
    const int64_t at_s = is_past ? cert->not_after : cert->not_before;
    const lp_civil_t day = lp_civil_of((int32_t)(at_s / DAY_S - (at_s % DAY_S < 0 ? 1 : 0)));
    LP_TLS_DETAIL(tls, "%s %s %d-%02d-%02d%s", whose,
                  is_past ? "expired on" : "is not valid before", (int)day.year, (int)day.month,
                  (int)day.day, hint);
    return LP_E_TLS_EXPIRED;
}

lp_err_t lp_tls_check_own(lp_tls_t *tls, lp_span_t der)
{
    lp_x509_t own;
    int64_t now_s = 0;
    if (lp_x509_read(der, &own) != LP_OK || own.p256.len == 0) {
        LP_TLS_DETAIL(tls, "this board's own certificate is not one in PEM with a P-256 key");
        return LP_E_FORMAT;
    }
    if (!lp_tls_common(tls)->check_dates || lp_port_utc_s(&now_s) != LP_OK ||
        (now_s >= own.not_before && now_s <= own.not_after)) {
        return LP_OK;
    }
    return lp_tls_explain_date(tls, "this board's own certificate", &own, now_s, "");
}

bool lp_tls_is_own_key(lp_span_t der, const uint8_t pub[LP_KEY_PUBLIC_BYTES])
{
    lp_x509_t own;
    return lp_x509_read(der, &own) == LP_OK &&
           lp_span_equal(own.p256, lp_span(pub, LP_KEY_PUBLIC_BYTES));
}
