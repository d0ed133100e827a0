// SPDX-License-Identifier: Apache-2.0
#include "limpet/svc_net.h"

#include <string.h>

#include "limpet/address.h"
#include "limpet/dhcp4.h"
#include "limpet/endian.h"
#include "limpet/fmt.h"

enum { BITS_MIN = 1, BITS_MAX = 30, TEXT_MAX = 46 };

// -- what the owner has set

lp_err_t lp_svc_net_read_host(const char *text, uint8_t address[4])
{
    uint8_t addr[16];
    static const uint8_t mapped[12] = {[10] = 0xFF, [11] = 0xFF};
    if (lp_address_of(text, addr) != LP_OK || memcmp(addr, mapped, sizeof mapped) != 0 ||
        !lp_dhcp4_is_host(lp_get_be32(addr + 12))) {
        return LP_E_FORMAT;
    }
    memcpy(address, addr + 12, 4);
    return LP_OK;
}

// 0: no number from 1 to 30.
static uint8_t read_bits(const char *text)
{
    unsigned bits = 0;
    size_t len = 0;
    for (; text[len] >= '0' && text[len] <= '9' && len < 2; len++) {
        bits = bits * 10 + (unsigned)(text[len] - '0');
    }
    return text[len] == '\0' && text[0] != '0' && bits >= BITS_MIN && bits <= BITS_MAX
               ? (uint8_t)bits
               : 0;
}

lp_err_t lp_svc_net_read(const char *text, uint8_t address[4], uint8_t *bits)
{
    char host[TEXT_MAX];
    uint8_t own[4];
    const char *slash = strchr(text, '/');
    const size_t len = slash != NULL ? (size_t)(slash - text) : sizeof host;
    if (len >= sizeof host) {
        return LP_E_FORMAT;
    }
    memcpy(host, text, len);
    host[len] = '\0';
    const uint8_t own_bits = read_bits(slash + 1);
    if (own_bits == 0 || lp_svc_net_read_host(host, own) != LP_OK) {
        return LP_E_FORMAT;
    }
    const uint32_t hosts = UINT32_MAX >> own_bits, number = lp_get_be32(own) & hosts;
    if (number == 0 || number == hosts) {
        return LP_E_FORMAT;
    }
    memcpy(address, own, sizeof own);
    *bits = own_bits;
    return LP_OK;
}

// Settings are checked when they are set; one that is empty leaves zeros.
void lp_svc_net_poke(const lp_svc_net_t *svc)
{
    lp_net_fixed_t fixed = {.bits = 0};
    if (lp_svc_net_read(lp_config_str(svc->config_, "ip.address"), fixed.address, &fixed.bits) !=
        LP_OK) {
        lp_port_net_set_fixed(NULL);
        return;
    }
    (void)lp_svc_net_read_host(lp_config_str(svc->config_, "ip.router"), fixed.router);
    (void)lp_svc_net_read_host(lp_config_str(svc->config_, "ip.dns"), fixed.servers[0]);
    (void)lp_svc_net_read_host(lp_config_str(svc->config_, "ip.dns2"), fixed.servers[1]);
    lp_port_net_set_fixed(&fixed);
}

// -- Net.Status

static const char *source_name(lp_net_source_t source)
{
    switch (source) {
    case LP_NET_NONE:
        return "none";
    case LP_NET_DHCP:
        return "dhcp";
    case LP_NET_FIXED:
        return "fixed";
    case LP_NET_LINK_LOCAL:
        return "link-local";
    }
    return "none";
}

static void put_ipv4(lp_json_writer_t *w, const uint8_t a[4])
{
    char text[TEXT_MAX];
    (void)lp_fmt_str(text, sizeof text, "%u.%u.%u.%u", a[0], a[1], a[2], a[3]);
    lp_json_put_str(w, text);
}

// Eight groups, without the abbreviation for zeros.
static void put_address(lp_json_writer_t *w, const uint8_t a[16])
{
    static const uint8_t mapped[12] = {[10] = 0xFF, [11] = 0xFF};
    char text[TEXT_MAX];
    if (memcmp(a, mapped, sizeof mapped) == 0) {
        put_ipv4(w, a + 12);
        return;
    }
    lp_buf_t out = lp_buf(text, sizeof text - 1);
    for (size_t i = 0; i < 16; i += 2) {
        (void)lp_fmt(&out, i == 0 ? "%x" : ":%x", (unsigned)lp_get_be16(a + i));
    }
    text[out.len] = '\0';
    lp_json_put_str(w, text);
}

static void put_addresses(lp_json_writer_t *w, const char *key, uint8_t (*list)[16], size_t count)
{
    lp_json_put_key(w, key);
    lp_json_put_array(w);
    for (size_t i = 0; i < count; i++) {
        put_address(w, list[i]);
    }
    lp_json_put_array_end(w);
}

static void put_own_ipv4(lp_json_writer_t *w, const lp_net_addresses_t *a)
{
    lp_json_put_key(w, "source");
    lp_json_put_str(w, source_name(a->source));
    lp_json_put_key(w, "address");
    put_ipv4(w, a->address);
    lp_json_put_key(w, "bits");
    lp_json_put_uint(w, a->bits);
    lp_json_put_key(w, "router");
    put_ipv4(w, a->router);
    lp_json_put_key(w, "lease_s");
    if (a->source == LP_NET_DHCP && a->lease_s != UINT32_MAX) {
        lp_json_put_uint(w, a->lease_s);
    } else {
        lp_json_put_null(w);
    }
}

static void status(void *ctx, lp_rpc_req_t *req)
{
    (void)ctx;
    lp_net_addresses_t a;
    lp_port_net_addresses(&a);
    lp_json_writer_t *w = lp_rpc_result(req);
    lp_json_put_object(w);
    put_own_ipv4(w, &a);
    put_addresses(w, "ipv6", a.ipv6, a.ipv6_count);
    put_addresses(w, "dns", a.servers, a.server_count);
    lp_json_put_key(w, "refused");
    lp_json_put_uint(w, a.refused);
    lp_json_put_object_end(w);
    lp_rpc_done(req);
}

static const lp_rpc_method_t methods[] = {
    {"Net.Status", LP_RPC_READ, status, "",
     "{source, address, bits, router, lease_s, ipv6, dns, refused}"},
};

void lp_svc_net_init(lp_svc_net_t *svc, lp_rpc_t *rpc, lp_config_t *config)
{
    svc->config_ = config;
    svc->set_ =
        (lp_rpc_set_t){.methods = methods, .count = sizeof methods / sizeof methods[0], .ctx = svc};
    lp_rpc_add(rpc, &svc->set_);
    lp_svc_net_poke(svc);
}
