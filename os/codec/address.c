// SPDX-License-Identifier: Apache-2.0
#include "limpet/address.h"

#include <stdbool.h>
#include <string.h>

enum { GROUPS = 8 };

static int digit_of(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : 16;
}

// A number of up to `max_digits`; null: there is none.
static const char *number(const char *p, int base, int max_digits, unsigned *value)
{
    int digits = 0;
    *value = 0;
    while (digits < max_digits && digit_of(*p) < base) {
        *value = *value * (unsigned)base + (unsigned)digit_of(*p++);
        digits++;
    }
    return digits > 0 ? p : NULL;
}

static lp_err_t v4_of(const char *p, uint8_t addr[16])
{
    uint8_t bytes[16] = {[10] = 0xFF, [11] = 0xFF};
    for (int i = 0; i < 4; i++) {
        unsigned value = 0;
        p = number(p, 10, 3, &value);
        if (p == NULL || value > UINT8_MAX || *p != (i < 3 ? '.' : '\0')) {
            return LP_E_FORMAT;
        }
        bytes[12 + i] = (uint8_t)value;
        p++;
    }
    memcpy(addr, bytes, sizeof bytes);
    return LP_OK;
}

// The groups of a text, and where "::" stands among them (-1: nowhere).
static lp_err_t read_groups(const char *p, uint16_t groups[GROUPS], int *count, int *gap)
{
    if (p[0] == ':' && p[1] == ':') {
        *gap = 0;
        p += 2;
    }
    while (*p != '\0') {
        unsigned value = 0;
        p = number(p, 16, 4, &value);
        if (p == NULL || *count == GROUPS) {
            return LP_E_FORMAT;
        }
        groups[(*count)++] = (uint16_t)value;
        if (*p == '\0') {
            break;
        }
        const bool is_gap = p[0] == ':' && p[1] == ':';
        if (*p != ':' || p[1] == '\0' || (is_gap && *gap >= 0)) {
            return LP_E_FORMAT;
        }
        *gap = is_gap ? *count : *gap;
        p += is_gap ? 2 : 1;
    }
    return LP_OK;
}

static lp_err_t v6_of(const char *text, uint8_t addr[16])
{
    uint16_t groups[GROUPS] = {0};
    int count = 0;
    int gap = -1; // where the zeros that were left out belong
    const lp_err_t err = read_groups(text, groups, &count, &gap);
    if (err != LP_OK || (gap < 0 ? count != GROUPS : count == GROUPS)) {
        return LP_E_FORMAT;
    }
    memset(addr, 0, 16);
    for (int i = 0; i < count; i++) {
        const int at = gap >= 0 && i >= gap ? GROUPS - count + i : i;
        addr[2 * at] = (uint8_t)(groups[i] >> 8);
        addr[2 * at + 1] = (uint8_t)groups[i];
    }
    return LP_OK;
}

lp_err_t lp_address_of(const char *text, uint8_t addr[16])
{
    return strchr(text, ':') != NULL ? v6_of(text, addr) : v4_of(text, addr);
}
