// SPDX-License-Identifier: Apache-2.0
// Probes, and who wins when two ask for a name at the same time. RFC 6762, 8.2
#include <string.h>

#include "limpet/endian.h"
#include "mdns_internal.h"

enum { ENTRIES = 10, DATA_MAX = 320 };

// A record as it is compared: names in it are written out.
typedef struct {
    uint16_t type;
    uint16_t len;
    uint8_t data[DATA_MAX];
} entry_t;

typedef struct {
    entry_t entries[ENTRIES];
    size_t count;
} list_t;

static int compare(const entry_t *a, const entry_t *b)
{
    if (a->type != b->type) {
        return a->type < b->type ? -1 : 1;
    }
    const size_t len = a->len < b->len ? a->len : b->len;
    const int order = memcmp(a->data, b->data, len);
    return order != 0 ? order : (int)a->len - (int)b->len;
}

static void sort(list_t *list)
{
    for (size_t i = 1; i < list->count; i++) {
        const entry_t entry = list->entries[i];
        size_t at = i;
        for (; at > 0 && compare(&list->entries[at - 1], &entry) > 0; at--) {
            list->entries[at] = list->entries[at - 1];
        }
        list->entries[at] = entry;
    }
}

static void add(list_t *list, const lp_dns_reader_t *r, const lp_dns_record_t *record)
{
    lp_dns_srv_t srv;
    entry_t *e = &list->entries[list->count];
    e->type = record->type;
    if (record->type == LP_DNS_SRV && lp_dns_data_srv(r, record, &srv) == LP_OK) {
        lp_put_be16(e->data, srv.priority);
        lp_put_be16(e->data + 2, srv.weight);
        lp_put_be16(e->data + 4, srv.port);
        memcpy(e->data + 6, srv.target.bytes, srv.target.len);
        e->len = (uint16_t)(6 + srv.target.len);
    } else {
        e->len = (uint16_t)(record->data.len < DATA_MAX ? record->data.len : DATA_MAX);
        if (e->len > 0) {
            memcpy(e->data, record->data.ptr, e->len);
        }
    }
    list->count++;
}

// What a probe proposes for `name`, sorted.
static void collect(lp_span_t probe, const lp_dns_name_t *name, list_t *list)
{
    lp_dns_reader_t r;
    lp_dns_record_t record;
    list->count = 0;
    if (lp_dns_read(&r, probe) != LP_OK) {
        return;
    }
    while (list->count < ENTRIES && lp_dns_next(&r, &record) == LP_OK) {
        if (record.part == LP_DNS_AUTHORITY && record.class_ == LP_DNS_IN &&
            lp_dns_name_is_equal(&record.name, name)) {
            add(list, &r, &record);
        }
    }
    sort(list);
}

// Below 0: ours comes earlier in the order, and so the others have won.
static int order_of(const list_t *ours, const list_t *theirs)
{
    for (size_t i = 0; i < ours->count && i < theirs->count; i++) {
        const int order = compare(&ours->entries[i], &theirs->entries[i]);
        if (order != 0) {
            return order;
        }
    }
    return (int)ours->count - (int)theirs->count;
}

static bool is_beaten_for(lp_span_t ours, lp_span_t theirs, const lp_dns_name_t *name)
{
    list_t own;
    list_t other;
    collect(ours, name, &own);
    collect(theirs, name, &other);
    return other.count > 0 && order_of(&own, &other) < 0;
}

bool lp_mdns_put_probe(const lp_mdns_t *m, lp_dns_writer_t *w, const lp_net_link_t *link)
{
    static const lp_mdns_style_t style = {.ttl_max = UINT32_MAX, .is_legacy = true};
    const lp_dns_name_t host = lp_mdns_host(m);
    lp_err_t err = lp_dns_put_question(w, &host, LP_DNS_ANY, LP_DNS_IN | LP_DNS_TOP_BIT);
    for (size_t i = 0; err == LP_OK && i < m->service_count_; i++) {
        const lp_dns_name_t instance = lp_mdns_instance(m, i);
        err = lp_dns_put_question(w, &instance, LP_DNS_ANY, LP_DNS_IN | LP_DNS_TOP_BIT);
    }
    return err == LP_OK && lp_mdns_put(m, w, LP_DNS_AUTHORITY, link, lp_mdns_unique(m), &style);
}

bool lp_mdns_is_beaten(const lp_mdns_t *m, const lp_net_link_t *link, lp_span_t theirs)
{
    uint8_t bytes[LP_MDNS_PACKET_MAX];
    lp_dns_writer_t w;
    lp_dns_write(&w, bytes, sizeof bytes, 0, 0);
    (void)lp_mdns_put_probe(m, &w, link);
    const lp_dns_name_t host = lp_mdns_host(m);
    bool is_beaten = is_beaten_for(lp_dns_written(&w), theirs, &host);
    for (size_t i = 0; i < m->service_count_ && !is_beaten; i++) {
        const lp_dns_name_t instance = lp_mdns_instance(m, i);
        is_beaten = is_beaten_for(lp_dns_written(&w), theirs, &instance);
    }
    return is_beaten;
}
