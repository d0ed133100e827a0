// SPDX-License-Identifier: Apache-2.0
#include "limpet/dhcp4.h"

#include "limpet/endian.h"

enum {
    REPLY = 2, // op
    YIADDR = 16,
    COOKIE = 236,

    PAD = 0, // options
    SUBNET_MASK = 1,
    ROUTER = 3,
    LEASE_TIME = 51,
    MESSAGE_TYPE = 53,
    END = 255,

    OFFER = 2, // messages
    ACK = 5,
    NAK = 6,
};

typedef struct {
    uint8_t type;
    bool has_mask, has_router, has_lease;
    uint32_t mask, router, lease_s;
} options_t;

bool lp_dhcp4_is_host(uint32_t address)
{
    const uint32_t first = address >> 24;
    return first != 0 && first != 127 && first < 224;
}

// The first of each counts, as for lwIP.
static void take(bool *has, uint32_t *number, lp_span_t value)
{
    if (!*has && value.len >= 4) {
        *has = true;
        *number = lp_get_be32(value.ptr);
    }
}

static void take_option(options_t *o, uint8_t code, lp_span_t value)
{
    switch (code) {
    case SUBNET_MASK:
        take(&o->has_mask, &o->mask, value);
        break;
    case ROUTER:
        take(&o->has_router, &o->router, value);
        break;
    case LEASE_TIME:
        take(&o->has_lease, &o->lease_s, value);
        break;
    case MESSAGE_TYPE:
        o->type = o->type == 0 && value.len == 1 ? value.ptr[0] : o->type;
        break;
    default:
        break;
    }
}

// What is malformed ends the options; what was read counts.
static options_t read_options(lp_span_t message)
{
    options_t o = {.type = 0};
    for (size_t at = LP_DHCP4_MESSAGE_MIN; at < message.len && message.ptr[at] != END;) {
        if (message.ptr[at] == PAD) {
            at++;
            continue;
        }
        const size_t left = message.len - at;
        if (left < 2 || message.ptr[at + 1] > left - 2) {
            break;
        }
        const size_t len = message.ptr[at + 1];
        take_option(&o, message.ptr[at], lp_span(message.ptr + at + 2, len));
        at += 2 + len;
    }
    return o;
}

// Ones and then zeros; of a network with more than two addresses the first and the last are no
// host's.
static bool fits(uint32_t address, uint32_t mask)
{
    const uint32_t hosts = ~mask;
    return mask != 0 && (hosts & (hosts + 1)) == 0 &&
           (hosts < 3 || ((address & hosts) != 0 && (address & hosts) != hosts));
}

static bool is_usable(uint32_t address, const options_t *o)
{
    return lp_dhcp4_is_host(address) && address >> 16 != 0xA9FE && // a host gives itself those
           (!o->has_mask || fits(address, o->mask)) &&
           (!o->has_router || (lp_dhcp4_is_host(o->router) && o->router != address)) &&
           (!o->has_lease || o->lease_s != 0);
}

lp_dhcp4_kind_t lp_dhcp4_kind(lp_span_t message)
{
    if (message.len < LP_DHCP4_MESSAGE_MIN || message.ptr[0] != REPLY ||
        lp_get_be32(message.ptr + COOKIE) != UINT32_C(0x63825363)) {
        return LP_DHCP4_NONSENSE;
    }
    const options_t o = read_options(message);
    if (o.type == NAK) {
        return LP_DHCP4_REFUSAL;
    }
    const bool is_grant =
        (o.type == OFFER || o.type == ACK) && is_usable(lp_get_be32(message.ptr + YIADDR), &o);
    return is_grant ? LP_DHCP4_GRANT : LP_DHCP4_NONSENSE;
}
