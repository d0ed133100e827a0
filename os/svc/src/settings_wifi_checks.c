// SPDX-License-Identifier: Apache-2.0
#include "limpet/fmt.h"
#include "limpet/svc_secret.h"
#include "settings_checks.h"

enum { PASS_MIN = 8, PASS_MAX = 63 };

// What IEEE 802.11 allows for a pass phrase, or what svc_secret made of one.
lp_err_t lp_settings_check_wifi_pass(lp_span_t value, lp_buf_t *why)
{
    bool is_legal = value.len == 0 || (value.len >= PASS_MIN && value.len <= PASS_MAX);
    for (size_t i = 0; i < value.len; i++) {
        is_legal = is_legal && value.ptr[i] >= ' ' && value.ptr[i] <= '~';
    }
    if (!is_legal && !lp_secret_is_sealed(value)) {
        (void)lp_fmt(why, "must be 8 to 63 ASCII characters, or empty for an open network");
        return LP_E_INVALID;
    }
    return LP_OK;
}

static bool is_capital(uint8_t c)
{
    return c >= 'A' && c <= 'Z';
}

lp_err_t lp_settings_check_wifi_country(lp_span_t value, lp_buf_t *why)
{
    const bool is_code = value.len == 2 && is_capital(value.ptr[0]) && is_capital(value.ptr[1]);
    if (!is_code && !lp_span_equal_str(value, "00")) {
        (void)lp_fmt(why, "must be two capital letters, like DE, or 00");
        return LP_E_INVALID;
    }
    return LP_OK;
}
