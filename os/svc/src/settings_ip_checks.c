// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "limpet/fmt.h"
#include "limpet/svc_net.h"
#include "settings_checks.h"

enum { TEXT_MAX = 20 };

static bool copy_text(lp_span_t value, char text[TEXT_MAX])
{
    if (value.len >= TEXT_MAX || memchr(value.ptr, '\0', value.len) != NULL) {
        return false;
    }
    memcpy(text, value.ptr, value.len);
    text[value.len] = '\0';
    return true;
}

lp_err_t lp_settings_check_ip_address(lp_span_t value, lp_buf_t *why)
{
    char text[TEXT_MAX];
    uint8_t address[4], bits = 0;
    if (value.len == 0 ||
        (copy_text(value, text) && lp_svc_net_read(text, address, &bits) == LP_OK)) {
        return LP_OK;
    }
    (void)lp_fmt(why, "must be a host's address with 1 to 30 bits of its network, like "
                      "192.0.2.10/24, or empty");
    return LP_E_INVALID;
}

lp_err_t lp_settings_check_ip_host(lp_span_t value, lp_buf_t *why)
{
    char text[TEXT_MAX];
    uint8_t address[4];
    if (value.len == 0 ||
        (copy_text(value, text) && lp_svc_net_read_host(text, address) == LP_OK)) {
        return LP_OK;
    }
    (void)lp_fmt(why, "must be a host's address, like 192.0.2.1, or empty");
    return LP_E_INVALID;
}
