// SPDX-License-Identifier: Apache-2.0
// What the files of the responder share.
#ifndef MDNS_INTERNAL_H
#define MDNS_INTERNAL_H

#include "limpet/mdns.h"

// Records are bits: the addresses of the host, "there is no other" of the host, and these of each
// service.
enum {
    R_HOST4 = 0,
    R_HOST6 = 1,
    R_HOST_NSEC = 2,
    R_SERVICE = 3, // the first service's first
    R_PTR = 0,     // type -> instance
    R_SRV = 1,
    R_TXT = 2,
    R_META = 3, // _services._dns-sd._udp -> type
    R_NSEC = 4, // of the instance
    R_KINDS = 5,
};

#define LP_MDNS_BIT(kind)              (UINT32_C(1) << (kind))
#define LP_MDNS_HOST_BITS              (LP_MDNS_BIT(R_HOST4) | LP_MDNS_BIT(R_HOST6))
#define LP_MDNS_BIT_OF(service, which) LP_MDNS_BIT(R_SERVICE + R_KINDS * (service) + (which))

// How records are written.
typedef struct {
    uint32_t ttl_max; // 0: goodbye
    bool is_legacy;   // for a resolver that knows nothing of caches to flush
} lp_mdns_style_t;

// -- mdns_record.c

lp_dns_name_t lp_mdns_host(const lp_mdns_t *m);
lp_dns_name_t lp_mdns_type(const lp_mdns_t *m, size_t service);
lp_dns_name_t lp_mdns_instance(const lp_mdns_t *m, size_t service);
lp_dns_name_t lp_mdns_meta(void);

// What the answers `records` drag along.
uint32_t lp_mdns_additional(const lp_mdns_t *m, uint32_t records);

// Writes records. Those that do not fit are left out; false then.
bool lp_mdns_put(const lp_mdns_t *m, lp_dns_writer_t *w, lp_dns_part_t part,
                 const lp_net_link_t *link, uint32_t records, const lp_mdns_style_t *style);

// Everything that is announced.
uint32_t lp_mdns_all(const lp_mdns_t *m);
// And of it what must be nobody else's.
uint32_t lp_mdns_unique(const lp_mdns_t *m);

bool lp_mdns_is_v4(const uint8_t addr[16]);
bool lp_mdns_has_family(const lp_net_link_t *link, bool is_v6);
bool lp_mdns_is_on_link(const lp_net_link_t *link, const uint8_t addr[16]);
// Whether the data of a record for the host is an address of this board, on whichever link.
bool lp_mdns_is_own_address(const lp_mdns_t *m, uint16_t type, lp_span_t data);

// The bit of a record that is said to be this board's own, by name and type; 0: it has no such.
// *is_name: the name is one of those that must be nobody else's.
uint32_t lp_mdns_bit_of(const lp_mdns_t *m, const lp_dns_record_t *record, bool *is_name);
// Whether its data is what this board says.
bool lp_mdns_is_same(const lp_mdns_t *m, const lp_dns_reader_t *r, const lp_dns_record_t *record,
                     uint32_t bit);

// -- mdns.c

void lp_mdns_conflict(lp_mdns_t *m, uint64_t now_ms);
// A simultaneous probe was lost: once more, a second from now, with the same name.
void lp_mdns_yield(lp_mdns_t *m, uint64_t now_ms);

// -- mdns_answer.c

uint32_t lp_mdns_flush(lp_mdns_t *m, uint64_t now_ms);
void lp_mdns_answer(lp_mdns_t *m, uint64_t now_ms, const lp_udp_from_t *from, size_t link,
                    lp_dns_reader_t *r, lp_span_t datagram);

// -- mdns_probe.c

// Whether somebody who probes for the same name at the same time is the one who gets it.
bool lp_mdns_is_beaten(const lp_mdns_t *m, const lp_net_link_t *link, lp_span_t theirs);
// Writes a probe. False: it does not fit.
bool lp_mdns_put_probe(const lp_mdns_t *m, lp_dns_writer_t *w, const lp_net_link_t *link);

#endif
