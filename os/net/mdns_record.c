// SPDX-License-Identifier: Apache-2.0
// The board's own records: made, recognised, written.
#include <string.h>

#include "mdns_internal.h"

enum {
    HOST_TTL_S = 120, // RFC 6762, 10: records with the host's name in them
    OTHER_TTL_S = 4500,
    MAPPED_BITS = 96,
    NSEC_MAX = LP_DNS_NAME_MAX + 2 + 6,
};

// The labels were checked for their length when they were taken.
static void add(lp_dns_name_t *name, const char *text)
{
    lp_dns_name_t rest;
    (void)lp_dns_name_of(&rest, text);
    for (size_t at = 0; rest.bytes[at] != 0; at += 1u + rest.bytes[at]) {
        (void)lp_dns_name_add(name, lp_span(rest.bytes + at + 1, rest.bytes[at]));
    }
}

lp_dns_name_t lp_mdns_host(const lp_mdns_t *m)
{
    lp_dns_name_t name;
    lp_dns_name_clear(&name);
    (void)lp_dns_name_add(&name, lp_span_str(m->label));
    add(&name, "local");
    return name;
}

lp_dns_name_t lp_mdns_type(const lp_mdns_t *m, size_t service)
{
    lp_dns_name_t name;
    lp_dns_name_clear(&name);
    add(&name, m->services_[service].type);
    add(&name, "local");
    return name;
}

lp_dns_name_t lp_mdns_instance(const lp_mdns_t *m, size_t service)
{
    lp_dns_name_t name;
    lp_dns_name_clear(&name);
    (void)lp_dns_name_add(&name, lp_span_str(m->label));
    add(&name, m->services_[service].type);
    add(&name, "local");
    return name;
}

lp_dns_name_t lp_mdns_meta(void)
{
    lp_dns_name_t name;
    lp_dns_name_clear(&name);
    add(&name, "_services._dns-sd._udp.local");
    return name;
}

// -- addresses

bool lp_mdns_is_v4(const uint8_t addr[16])
{
    static const uint8_t mapped[12] = {[10] = 0xFF, [11] = 0xFF};
    return memcmp(addr, mapped, sizeof mapped) == 0;
}

bool lp_mdns_has_family(const lp_net_link_t *link, bool is_v6)
{
    for (size_t i = 0; i < link->count; i++) {
        if (lp_mdns_is_v4(link->own[i].addr) != is_v6) {
            return true;
        }
    }
    return false;
}

static bool has_prefix(const uint8_t *a, const uint8_t *b, unsigned bits)
{
    for (unsigned i = 0; i < bits; i++) {
        if (((a[i / 8] ^ b[i / 8]) & (0x80u >> i % 8)) != 0) {
            return false;
        }
    }
    return true;
}

bool lp_mdns_is_on_link(const lp_net_link_t *link, const uint8_t addr[16])
{
    if (addr[0] == 0xFE && (addr[1] & 0xC0) == 0x80) {
        return true;
    }
    for (size_t i = 0; i < link->count; i++) {
        if (has_prefix(link->own[i].addr, addr, link->own[i].bits)) {
            return true;
        }
    }
    return false;
}

static bool is_address(const uint8_t addr[16], uint16_t type, lp_span_t data)
{
    if (lp_mdns_is_v4(addr)) {
        return type == LP_DNS_A && data.len == 4 && memcmp(addr + 12, data.ptr, 4) == 0;
    }
    return type == LP_DNS_AAAA && data.len == 16 && memcmp(addr, data.ptr, 16) == 0;
}

bool lp_mdns_is_own_address(const lp_mdns_t *m, uint16_t type, lp_span_t data)
{
    for (size_t k = 0; k < m->link_count_; k++) {
        for (size_t i = 0; i < m->links_[k].count; i++) {
            if (is_address(m->links_[k].own[i].addr, type, data)) {
                return true;
            }
        }
    }
    return false;
}

// -- which records there are

uint32_t lp_mdns_unique(const lp_mdns_t *m)
{
    uint32_t records = LP_MDNS_HOST_BITS;
    for (size_t i = 0; i < m->service_count_; i++) {
        records |= LP_MDNS_BIT_OF(i, R_SRV) | LP_MDNS_BIT_OF(i, R_TXT);
    }
    return records;
}

uint32_t lp_mdns_all(const lp_mdns_t *m)
{
    uint32_t records = lp_mdns_unique(m);
    for (size_t i = 0; i < m->service_count_; i++) {
        records |= LP_MDNS_BIT_OF(i, R_PTR) | LP_MDNS_BIT_OF(i, R_META);
    }
    return records;
}

uint32_t lp_mdns_additional(const lp_mdns_t *m, uint32_t records)
{
    uint32_t more = 0;
    for (size_t i = 0; i < m->service_count_; i++) {
        if ((records & LP_MDNS_BIT_OF(i, R_PTR)) != 0) {
            more |= LP_MDNS_BIT_OF(i, R_SRV) | LP_MDNS_BIT_OF(i, R_TXT) | LP_MDNS_HOST_BITS;
        }
        if ((records & LP_MDNS_BIT_OF(i, R_SRV)) != 0) {
            more |= LP_MDNS_HOST_BITS;
        }
    }
    if ((records & LP_MDNS_HOST_BITS) != 0) {
        more |= LP_MDNS_HOST_BITS; // who asks for one family may want the other
    }
    return more & ~records;
}

static uint32_t bit_of_service(const lp_mdns_t *m, size_t i, const lp_dns_record_t *record,
                               bool *is_name)
{
    const lp_dns_name_t type = lp_mdns_type(m, i);
    const lp_dns_name_t instance = lp_mdns_instance(m, i);
    if (lp_dns_name_is_equal(&record->name, &instance)) {
        *is_name = true;
        return record->type == LP_DNS_SRV   ? LP_MDNS_BIT_OF(i, R_SRV)
               : record->type == LP_DNS_TXT ? LP_MDNS_BIT_OF(i, R_TXT)
                                            : 0;
    }
    return record->type == LP_DNS_PTR && lp_dns_name_is_equal(&record->name, &type)
               ? LP_MDNS_BIT_OF(i, R_PTR)
               : 0;
}

uint32_t lp_mdns_bit_of(const lp_mdns_t *m, const lp_dns_record_t *record, bool *is_name)
{
    const lp_dns_name_t host = lp_mdns_host(m);
    uint32_t bit = 0;
    *is_name = false;
    if (record->class_ != LP_DNS_IN) {
        return 0;
    }
    if (lp_dns_name_is_equal(&record->name, &host)) {
        *is_name = true;
        return record->type == LP_DNS_A      ? LP_MDNS_BIT(R_HOST4)
               : record->type == LP_DNS_AAAA ? LP_MDNS_BIT(R_HOST6)
                                             : 0;
    }
    for (size_t i = 0; i < m->service_count_ && bit == 0 && !*is_name; i++) {
        bit = bit_of_service(m, i, record, is_name);
    }
    return bit;
}

static bool is_same_of_service(const lp_mdns_t *m, const lp_dns_reader_t *r,
                               const lp_dns_record_t *record, size_t i)
{
    const lp_mdns_service_t *s = &m->services_[i];
    const lp_dns_name_t own = record->type == LP_DNS_PTR ? lp_mdns_instance(m, i) : lp_mdns_host(m);
    lp_dns_srv_t srv;
    lp_dns_name_t name;
    switch (record->type) {
    case LP_DNS_PTR:
        return lp_dns_data_ptr(r, record, &name) == LP_OK && lp_dns_name_is_equal(&name, &own);
    case LP_DNS_SRV:
        return lp_dns_data_srv(r, record, &srv) == LP_OK && srv.port == s->port &&
               srv.priority == 0 && srv.weight == 0 && lp_dns_name_is_equal(&srv.target, &own);
    default: // TXT
        return record->data.len == s->txt_len && memcmp(record->data.ptr, s->txt, s->txt_len) == 0;
    }
}

bool lp_mdns_is_same(const lp_mdns_t *m, const lp_dns_reader_t *r, const lp_dns_record_t *record,
                     uint32_t bit)
{
    if ((bit & LP_MDNS_HOST_BITS) != 0) {
        return lp_mdns_is_own_address(m, record->type, record->data);
    }
    for (size_t i = 0; i < m->service_count_; i++) {
        const uint32_t of_service = ((UINT32_C(1) << R_KINDS) - 1) << (R_SERVICE + R_KINDS * i);
        if ((bit & of_service) != 0) {
            return is_same_of_service(m, r, record, i);
        }
    }
    return false;
}

// -- writing

static lp_dns_record_t record_of(const lp_dns_name_t *name, uint16_t type, bool is_unique,
                                 const lp_mdns_style_t *style)
{
    const bool has_host = type != LP_DNS_PTR && type != LP_DNS_TXT;
    const uint32_t ttl_s = has_host ? HOST_TTL_S : OTHER_TTL_S;
    return (lp_dns_record_t){.name = *name,
                             .type = type,
                             .class_ = LP_DNS_IN,
                             .has_top_bit = is_unique && !style->is_legacy,
                             .ttl_s = ttl_s < style->ttl_max ? ttl_s : style->ttl_max};
}

static bool put_host(const lp_mdns_t *m, lp_dns_writer_t *w, lp_dns_part_t part,
                     const lp_net_link_t *link, bool is_v4, const lp_mdns_style_t *style)
{
    const lp_dns_name_t host = lp_mdns_host(m);
    bool is_ok = true;
    for (size_t i = 0; i < link->count; i++) {
        if (lp_mdns_is_v4(link->own[i].addr) != is_v4) {
            continue;
        }
        lp_dns_record_t record = record_of(&host, is_v4 ? LP_DNS_A : LP_DNS_AAAA, true, style);
        record.data = is_v4 ? lp_span(link->own[i].addr + 12, 4) : lp_span(link->own[i].addr, 16);
        is_ok = lp_dns_put(w, part, &record) == LP_OK && is_ok;
    }
    return is_ok;
}

// "This name has these types and no other." RFC 6762, 6.1: a window of one block, and the name is
// not compressed.
static bool put_nsec(lp_dns_writer_t *w, lp_dns_part_t part, const lp_dns_name_t *name,
                     const uint16_t *types, size_t count, const lp_mdns_style_t *style)
{
    uint8_t data[NSEC_MAX];
    uint8_t *bits = data + name->len + 2;
    uint8_t used = 0;
    memcpy(data, name->bytes, name->len);
    memset(data + name->len, 0, sizeof data - name->len);
    for (size_t i = 0; i < count; i++) {
        bits[types[i] / 8] |= (uint8_t)(0x80u >> types[i] % 8);
        used = types[i] / 8 + 1 > used ? (uint8_t)(types[i] / 8 + 1) : used;
    }
    data[name->len + 1] = used;
    lp_dns_record_t record = record_of(name, LP_DNS_NSEC, true, style);
    record.data = lp_span(data, name->len + 2u + used);
    return lp_dns_put(w, part, &record) == LP_OK;
}

static bool put_host_nsec(const lp_mdns_t *m, lp_dns_writer_t *w, lp_dns_part_t part,
                          const lp_net_link_t *link, const lp_mdns_style_t *style)
{
    const lp_dns_name_t host = lp_mdns_host(m);
    uint16_t types[2];
    size_t count = 0;
    if (lp_mdns_has_family(link, false)) {
        types[count++] = LP_DNS_A;
    }
    if (lp_mdns_has_family(link, true)) {
        types[count++] = LP_DNS_AAAA;
    }
    return put_nsec(w, part, &host, types, count, style);
}

static bool put_of_service(const lp_mdns_t *m, lp_dns_writer_t *w, lp_dns_part_t part, size_t i,
                           unsigned which, const lp_mdns_style_t *style)
{
    static const uint16_t types[] = {LP_DNS_TXT, LP_DNS_SRV};
    const lp_mdns_service_t *s = &m->services_[i];
    const lp_dns_name_t type = lp_mdns_type(m, i);
    const lp_dns_name_t instance = lp_mdns_instance(m, i);
    const lp_dns_name_t meta = lp_mdns_meta();
    const lp_dns_srv_t srv = {.port = s->port, .target = lp_mdns_host(m)};
    lp_dns_record_t record;
    switch (which) {
    case R_PTR:
        record = record_of(&type, LP_DNS_PTR, false, style);
        return lp_dns_put_ptr(w, part, &record, &instance) == LP_OK;
    case R_SRV:
        record = record_of(&instance, LP_DNS_SRV, true, style);
        return lp_dns_put_srv(w, part, &record, &srv) == LP_OK;
    case R_TXT:
        record = record_of(&instance, LP_DNS_TXT, true, style);
        record.data = lp_span(s->txt, s->txt_len);
        return lp_dns_put(w, part, &record) == LP_OK;
    case R_META:
        record = record_of(&meta, LP_DNS_PTR, false, style);
        return lp_dns_put_ptr(w, part, &record, &type) == LP_OK;
    default:
        return put_nsec(w, part, &instance, types, 2, style);
    }
}

bool lp_mdns_put(const lp_mdns_t *m, lp_dns_writer_t *w, lp_dns_part_t part,
                 const lp_net_link_t *link, uint32_t records, const lp_mdns_style_t *style)
{
    bool is_ok = true;
    // Services first: when room is short, addresses can be asked for.
    for (size_t i = 0; i < m->service_count_; i++) {
        for (unsigned which = 0; which < R_KINDS; which++) {
            if ((records & LP_MDNS_BIT_OF(i, which)) != 0) {
                is_ok = put_of_service(m, w, part, i, which, style) && is_ok;
            }
        }
    }
    if ((records & LP_MDNS_BIT(R_HOST4)) != 0) {
        is_ok = put_host(m, w, part, link, true, style) && is_ok;
    }
    if ((records & LP_MDNS_BIT(R_HOST6)) != 0) {
        is_ok = put_host(m, w, part, link, false, style) && is_ok;
    }
    if ((records & LP_MDNS_BIT(R_HOST_NSEC)) != 0) {
        is_ok = put_host_nsec(m, w, part, link, style) && is_ok;
    }
    return is_ok;
}
