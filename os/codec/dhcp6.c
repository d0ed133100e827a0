// SPDX-License-Identifier: Apache-2.0
#include "limpet/dhcp6.h"

#include <string.h>

#include "limpet/endian.h"

enum {
    REPLY = 7,
    INFORMATION_REQUEST = 11,

    CLIENTID = 1, // options
    SERVERID = 2,
    ORO = 6,
    ELAPSED_TIME = 8,
    STATUS_CODE = 13,
    DNS_SERVERS = 23,
    INFORMATION_REFRESH_TIME = 32,
    INF_MAX_RT = 83,

    HEAD = 4,        // of a message, and of an option
    DUID_LL = 3,     // by hardware address, of
    ETHERNET = 1,    // this kind
    DUID_BYTES = 10, // ours
    DUID_MAX = 130,
    MAX_RT_MIN_S = 60,
    MAX_RT_MAX_S = 86400,
};

// What the options of an answer said.
typedef struct {
    lp_dhcp6_info_t info;
    bool is_from_server, is_for_us, has_failed, has_servers;
} answer_t;

static void put_duid(uint8_t duid[DUID_BYTES], const uint8_t mac[6])
{
    lp_put_be16(duid, DUID_LL);
    lp_put_be16(duid + 2, ETHERNET);
    memcpy(duid + 4, mac, 6);
}

static uint8_t *put_option(uint8_t *at, uint16_t code, uint16_t len)
{
    lp_put_be16(at, code);
    lp_put_be16(at + 2, len);
    return at + HEAD;
}

void lp_dhcp6_request(uint8_t packet[LP_DHCP6_REQUEST_BYTES], uint32_t id, const uint8_t mac[6],
                      uint32_t elapsed_ms)
{
    const uint32_t hundredths = elapsed_ms / 10;
    lp_put_be32(packet, id & LP_DHCP6_ID_MASK);
    packet[0] = INFORMATION_REQUEST;
    uint8_t *at = put_option(packet + HEAD, CLIENTID, DUID_BYTES);
    put_duid(at, mac);
    at = put_option(at + DUID_BYTES, ELAPSED_TIME, 2);
    lp_put_be16(at, hundredths < UINT16_MAX ? (uint16_t)hundredths : UINT16_MAX);
    at = put_option(at + 2, ORO, 6);
    lp_put_be16(at, DNS_SERVERS);
    lp_put_be16(at + 2, INFORMATION_REFRESH_TIME);
    lp_put_be16(at + 4, INF_MAX_RT);
}

// Neither nobody's, nor this board's own, nor a group's, nor one of IPv4.
static bool can_be_a_server(const uint8_t address[16])
{
    static const uint8_t nobody[15];
    static const uint8_t mapped[12] = {[10] = 0xFF, [11] = 0xFF};
    return address[0] != 0xFF && memcmp(address, mapped, sizeof mapped) != 0 &&
           !(memcmp(address, nobody, sizeof nobody) == 0 && address[15] <= 1);
}

static lp_err_t take_servers(answer_t *a, lp_span_t value)
{
    if (value.len == 0 || value.len % 16 != 0) {
        return LP_E_FORMAT;
    }
    a->has_servers = true;
    for (size_t i = 0; i < value.len && a->info.count < LP_DHCP6_SERVERS; i += 16) {
        if (can_be_a_server(value.ptr + i)) {
            memcpy(a->info.servers[a->info.count++], value.ptr + i, 16);
        }
    }
    return LP_OK;
}

static lp_err_t take_number(lp_span_t value, uint32_t *number)
{
    if (value.len != 4) {
        return LP_E_FORMAT;
    }
    *number = lp_get_be32(value.ptr);
    return LP_OK;
}

static lp_err_t take_refresh(answer_t *a, lp_span_t value)
{
    uint32_t seconds = 0;
    const lp_err_t err = take_number(value, &seconds);
    if (err == LP_OK) {
        a->info.refresh_s = seconds > LP_DHCP6_REFRESH_MIN_S ? seconds : LP_DHCP6_REFRESH_MIN_S;
    }
    return err;
}

// One that is out of its range is to be ignored, says the standard.
static lp_err_t take_max_rt(answer_t *a, lp_span_t value)
{
    uint32_t seconds = 0;
    const lp_err_t err = take_number(value, &seconds);
    if (err == LP_OK && seconds >= MAX_RT_MIN_S && seconds <= MAX_RT_MAX_S) {
        a->info.max_rt_s = seconds;
    }
    return err;
}

static lp_err_t take_option(answer_t *a, uint16_t code, lp_span_t value, const uint8_t *duid)
{
    switch (code) {
    case CLIENTID:
        a->is_for_us = lp_span_equal(value, lp_span(duid, DUID_BYTES));
        return a->is_for_us ? LP_OK : LP_E_FORMAT;
    case SERVERID:
        a->is_from_server = value.len >= 3 && value.len <= DUID_MAX;
        return a->is_from_server ? LP_OK : LP_E_FORMAT;
    case STATUS_CODE:
        a->has_failed = value.len >= 2 && lp_get_be16(value.ptr) != 0;
        return value.len >= 2 ? LP_OK : LP_E_FORMAT;
    case DNS_SERVERS:
        return a->has_servers ? LP_OK : take_servers(a, value);
    case INFORMATION_REFRESH_TIME:
        return take_refresh(a, value);
    case INF_MAX_RT:
        return take_max_rt(a, value);
    default:
        return LP_OK;
    }
}

lp_err_t lp_dhcp6_answer(lp_span_t packet, uint32_t id, const uint8_t mac[6], lp_dhcp6_info_t *info)
{
    answer_t a = {.info = {.refresh_s = LP_DHCP6_REFRESH_S}};
    uint8_t duid[DUID_BYTES];
    put_duid(duid, mac);
    if (packet.len < HEAD || packet.ptr[0] != REPLY ||
        (lp_get_be32(packet.ptr) & LP_DHCP6_ID_MASK) != (id & LP_DHCP6_ID_MASK)) {
        return LP_E_FORMAT;
    }
    for (size_t at = HEAD; at < packet.len;) {
        const size_t left = packet.len - at;
        const size_t len = left >= HEAD ? lp_get_be16(packet.ptr + at + 2) : 0;
        if (left < HEAD || len > left - HEAD) {
            return LP_E_FORMAT;
        }
        const lp_span_t value = lp_span(packet.ptr + at + HEAD, len);
        if (take_option(&a, lp_get_be16(packet.ptr + at), value, duid) != LP_OK) {
            return LP_E_FORMAT;
        }
        at += HEAD + len;
    }
    if (!a.is_from_server || !a.is_for_us) {
        return LP_E_FORMAT;
    }
    if (a.has_failed) {
        return LP_E_DENIED;
    }
    *info = a.info;
    return LP_OK;
}
