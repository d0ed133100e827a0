// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "limpet/dns.h"

void lp_dns_name_clear(lp_dns_name_t *name)
{
    name->bytes[0] = 0;
    name->len = 1;
}

lp_err_t lp_dns_name_add(lp_dns_name_t *name, lp_span_t label)
{
    if (label.len == 0 || label.len > LP_DNS_LABEL_MAX ||
        name->len + 1 + label.len > LP_DNS_NAME_MAX) {
        return LP_E_RANGE;
    }
    uint8_t *at = name->bytes + name->len - 1;
    at[0] = (uint8_t)label.len;
    memcpy(at + 1, label.ptr, label.len);
    at[1 + label.len] = 0;
    name->len += 1 + label.len;
    return LP_OK;
}

lp_err_t lp_dns_name_of(lp_dns_name_t *name, const char *text)
{
    lp_err_t err = LP_OK;
    lp_dns_name_clear(name);
    while (err == LP_OK && *text != '\0') {
        const size_t len = strcspn(text, ".");
        err = lp_dns_name_add(name, lp_span(text, len));
        text += len + (text[len] == '.' ? 1 : 0);
    }
    return err;
}

// A length byte is below 64 and so no letter: it can go through here as well.
static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

static bool is_equal(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
    for (size_t i = 0; a_len == b_len && i < a_len; i++) {
        if (lower(a[i]) != lower(b[i])) {
            return false;
        }
    }
    return a_len == b_len;
}

bool lp_dns_name_is_equal(const lp_dns_name_t *a, const lp_dns_name_t *b)
{
    return is_equal(a->bytes, a->len, b->bytes, b->len);
}

lp_span_t lp_dns_name_first(const lp_dns_name_t *name)
{
    return lp_span(name->bytes + 1, name->bytes[0]);
}

bool lp_dns_name_is_child(const lp_dns_name_t *name, const lp_dns_name_t *parent)
{
    const size_t skip = 1u + name->bytes[0];
    return name->bytes[0] != 0 &&
           is_equal(name->bytes + skip, name->len - skip, parent->bytes, parent->len);
}
