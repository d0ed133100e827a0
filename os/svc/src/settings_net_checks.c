// SPDX-License-Identifier: Apache-2.0
// Rules of settings that only images with more of the network have.
#include <string.h>

#include "limpet/address.h"
#include "limpet/fmt.h"
#include "settings_checks.h"

lp_err_t lp_settings_check_address(lp_span_t value, lp_buf_t *why)
{
    char text[46];
    uint8_t addr[16];
    if (value.len < sizeof text) {
        memcpy(text, value.ptr, value.len);
        text[value.len] = '\0';
        if (value.len == 0 || lp_address_of(text, addr) == LP_OK) {
            return LP_OK;
        }
    }
    (void)lp_fmt(why, "must be an address, like 192.0.2.7 or 2001:db8::7, or empty");
    return LP_E_INVALID;
}

lp_err_t lp_settings_check_host(lp_span_t value, lp_buf_t *why)
{
    for (size_t i = 0; i < value.len; i++) {
        const uint8_t c = value.ptr[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-')) {
            (void)lp_fmt(why, "must be a host name in lower case, like board.example.com");
            return LP_E_INVALID;
        }
    }
    return LP_OK;
}

lp_err_t lp_settings_check_bind(lp_span_t value, lp_buf_t *why)
{
    for (size_t i = 0; i < value.len; i++) {
        const uint8_t c = value.ptr[i];
        if (!((c >= 'a' && c <= 'f') || (c >= '0' && c <= '9') || c == '.' || c == ':')) {
            (void)lp_fmt(why, "must be an address of this board, like 127.0.0.1, or empty for all");
            return LP_E_INVALID;
        }
    }
    return LP_OK;
}
