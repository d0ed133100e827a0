// SPDX-License-Identifier: Apache-2.0
// What comes in, and what is answered.
#include <string.h>

#include "mdns_internal.h"

enum {
    FAST_MS = 250, // between two multicasts of a record, in defence and otherwise. RFC 6762, 6
    SLOW_MS = 1000,
    SHARED_MIN_MS = 20,
    SHARED_SPREAD_MS = 100,
    MORE_COMES_MS = 400,
    LEGACY_TTL_S = 10, // RFC 6762, 6.7
    KNOWN_PART = 2,    // an answer with half its time to go is known. RFC 6762, 7.1
    HOST_TTL_S = 120,
    OTHER_TTL_S = 4500,
};

// A query, as far as it concerns this board.
typedef struct {
    uint32_t asked, known;
    unsigned known_addresses[2]; // of IPv4 and IPv6
    bool has_questions;
    bool wants_unicast; // with each of the questions that concern this board
    bool is_probe;
    bool more_comes; // of the known answers
} query_t;

// -- questions

static bool asks(const lp_dns_record_t *q, uint16_t type)
{
    return q->type == type || q->type == LP_DNS_ANY;
}

static uint32_t asked_of_host(const lp_net_link_t *link, const lp_dns_record_t *q)
{
    const bool wants4 = asks(q, LP_DNS_A) && lp_mdns_has_family(link, false);
    const bool wants6 = asks(q, LP_DNS_AAAA) && lp_mdns_has_family(link, true);
    const uint32_t bits = (wants4 ? LP_MDNS_BIT(R_HOST4) : 0) | (wants6 ? LP_MDNS_BIT(R_HOST6) : 0);
    return bits != 0 ? bits : LP_MDNS_BIT(R_HOST_NSEC);
}

static uint32_t asked_of_service(const lp_mdns_t *m, size_t i, const lp_dns_record_t *q)
{
    const lp_dns_name_t type = lp_mdns_type(m, i);
    const lp_dns_name_t instance = lp_mdns_instance(m, i);
    const lp_dns_name_t meta = lp_mdns_meta();
    if (lp_dns_name_is_equal(&q->name, &instance)) {
        const uint32_t bits = (asks(q, LP_DNS_SRV) ? LP_MDNS_BIT_OF(i, R_SRV) : 0) |
                              (asks(q, LP_DNS_TXT) ? LP_MDNS_BIT_OF(i, R_TXT) : 0);
        return bits != 0 ? bits : LP_MDNS_BIT_OF(i, R_NSEC);
    }
    if (!asks(q, LP_DNS_PTR)) {
        return 0;
    }
    return lp_dns_name_is_equal(&q->name, &type)   ? LP_MDNS_BIT_OF(i, R_PTR)
           : lp_dns_name_is_equal(&q->name, &meta) ? LP_MDNS_BIT_OF(i, R_META)
                                                   : 0;
}

static void take_question(const lp_mdns_t *m, const lp_net_link_t *link, const lp_dns_record_t *q,
                          query_t *query)
{
    uint32_t bits = 0;
    query->has_questions = true;
    if (q->class_ != LP_DNS_IN && q->class_ != LP_DNS_ANY) {
        return;
    }
    const lp_dns_name_t host = lp_mdns_host(m);
    if (lp_dns_name_is_equal(&q->name, &host)) {
        bits = asked_of_host(link, q);
    }
    for (size_t i = 0; i < m->service_count_; i++) {
        bits |= asked_of_service(m, i, q);
    }
    query->asked |= bits;
    query->wants_unicast = query->wants_unicast && (bits == 0 || q->has_top_bit);
}

// -- answers that the one who asks knows already

static uint32_t meta_bit(const lp_mdns_t *m, const lp_dns_reader_t *r,
                         const lp_dns_record_t *record)
{
    const lp_dns_name_t meta = lp_mdns_meta();
    lp_dns_name_t target;
    if (record->type != LP_DNS_PTR || !lp_dns_name_is_equal(&record->name, &meta) ||
        lp_dns_data_ptr(r, record, &target) != LP_OK) {
        return 0;
    }
    for (size_t i = 0; i < m->service_count_; i++) {
        const lp_dns_name_t type = lp_mdns_type(m, i);
        if (lp_dns_name_is_equal(&target, &type)) {
            return LP_MDNS_BIT_OF(i, R_META);
        }
    }
    return 0;
}

static unsigned count_family(const lp_net_link_t *link, bool is_v6)
{
    unsigned n = 0;
    for (size_t i = 0; i < link->count; i++) {
        n += lp_mdns_is_v4(link->own[i].addr) != is_v6 ? 1 : 0;
    }
    return n;
}

static void take_known(const lp_mdns_t *m, const lp_net_link_t *link, const lp_dns_reader_t *r,
                       const lp_dns_record_t *record, query_t *query)
{
    bool is_name = false;
    const uint32_t bit = lp_mdns_bit_of(m, record, &is_name);
    const bool is_short =
        record->type == LP_DNS_A || record->type == LP_DNS_AAAA || record->type == LP_DNS_SRV;
    if (record->ttl_s < (is_short ? HOST_TTL_S : OTHER_TTL_S) / KNOWN_PART) {
        return;
    }
    if (bit == 0) {
        query->known |= meta_bit(m, r, record);
    } else if (!lp_mdns_is_same(m, r, record, bit)) {
        return;
    } else if ((bit & LP_MDNS_HOST_BITS) == 0) {
        query->known |= bit;
    } else if (++query->known_addresses[bit == LP_MDNS_BIT(R_HOST6)] >=
               count_family(link, bit == LP_MDNS_BIT(R_HOST6))) {
        query->known |= bit; // all of them
    }
}

// -- sending

static bool take_token(lp_mdns_t *m, uint64_t now_ms)
{
    if (now_ms - m->tokens_ms_ >= SLOW_MS) {
        m->tokens_ms_ = now_ms;
        m->tokens_ = LP_MDNS_UNICASTS_PER_S;
    }
    if (m->tokens_ == 0) {
        return false;
    }
    m->tokens_--;
    return true;
}

static void put_answers(const lp_mdns_t *m, lp_dns_writer_t *w, const lp_net_link_t *link,
                        uint32_t records, const lp_mdns_style_t *style)
{
    const uint32_t more = lp_mdns_additional(m, records);
    (void)lp_mdns_put(m, w, LP_DNS_ANSWER, link, records, style);
    (void)lp_mdns_put(m, w, LP_DNS_ADDITIONAL, link, more, style);
}

// A resolver that is no mDNS one wants its question back, and its number. RFC 6762, 6.7
static void put_questions(lp_dns_writer_t *w, lp_span_t datagram)
{
    lp_dns_reader_t r;
    lp_dns_record_t q;
    if (lp_dns_read(&r, datagram) != LP_OK) {
        return;
    }
    while (lp_dns_next(&r, &q) == LP_OK && q.part == LP_DNS_QUESTION) {
        (void)lp_dns_put_question(w, &q.name, q.type, q.class_);
    }
}

static void send_unicast(lp_mdns_t *m, const lp_udp_from_t *from, const lp_net_link_t *link,
                         uint16_t id, lp_span_t datagram, uint32_t records)
{
    const bool is_legacy = from->peer.port != LP_MDNS_PORT;
    const lp_mdns_style_t style = {.ttl_max = is_legacy ? LEGACY_TTL_S : UINT32_MAX,
                                   .is_legacy = is_legacy};
    lp_dns_writer_t w;
    lp_dns_write(&w, m->out_, sizeof m->out_, is_legacy ? id : 0,
                 LP_DNS_RESPONSE | LP_DNS_AUTHORITATIVE);
    if (is_legacy) {
        put_questions(&w, datagram);
    }
    put_answers(m, &w, link, records, &style);
    m->owner_.send(m->owner_.ctx, link->number, !lp_mdns_is_v4(from->peer.addr), &from->peer,
                   lp_dns_written(&w));
}

static uint32_t delay_of(lp_mdns_t *m, uint32_t records, bool more_comes)
{
    const uint32_t spread = m->owner_.random(m->owner_.ctx) % SHARED_SPREAD_MS;
    if (more_comes) {
        return MORE_COMES_MS + spread;
    }
    const uint32_t alone = lp_mdns_unique(m) | LP_MDNS_BIT(R_HOST_NSEC);
    return (records & ~alone) == 0 ? 0 : SHARED_MIN_MS + spread;
}

static void schedule(lp_mdns_t *m, lp_mdns_pending_t *p, uint64_t now_ms, uint32_t records,
                     const query_t *query)
{
    const uint64_t due_ms =
        now_ms + (query->is_probe ? 0 : delay_of(m, records, query->more_comes));
    // A wait for more of the known answers must not be cut short by another question.
    if (p->records == 0 || (due_ms < p->due_ms && query->is_probe) || due_ms > p->due_ms) {
        p->due_ms = due_ms;
    }
    p->records |= records;
    p->is_defence = p->is_defence || query->is_probe;
}

// -- a query

static lp_err_t read_query(const lp_mdns_t *m, const lp_net_link_t *link, lp_dns_reader_t *r,
                           query_t *query)
{
    lp_dns_record_t record;
    lp_err_t err;
    while ((err = lp_dns_next(r, &record)) == LP_OK) {
        bool is_name = false;
        bool is_own = false;
        switch (record.part) {
        case LP_DNS_QUESTION:
            take_question(m, link, &record, query);
            break;
        case LP_DNS_ANSWER:
            take_known(m, link, r, &record, query);
            break;
        case LP_DNS_AUTHORITY:
            // The board's own probe may come back, from another of its links even.
            is_own = lp_mdns_is_same(m, r, &record, lp_mdns_bit_of(m, &record, &is_name));
            query->is_probe = query->is_probe || (is_name && !is_own);
            break;
        case LP_DNS_ADDITIONAL:
            break;
        }
    }
    return err;
}

// Where the answers go: back, or to the group.
static void give(lp_mdns_t *m, uint64_t now_ms, const lp_udp_from_t *from, size_t k, uint16_t id,
                 lp_span_t datagram, const query_t *query)
{
    const lp_net_link_t *link = &m->links_[k];
    const uint32_t records = query->asked & ~query->known;
    const bool is_legacy = from->peer.port != LP_MDNS_PORT;
    const bool is_near = lp_mdns_is_on_link(link, from->peer.addr);
    const bool goes_back = is_near && (is_legacy || query->wants_unicast);
    if (records == 0 || (is_legacy && !is_near)) {
        return;
    }
    if (goes_back && take_token(m, now_ms)) {
        send_unicast(m, from, link, id, datagram, records);
    } else if (!is_legacy) {
        schedule(m, &m->pending_[k][lp_mdns_is_v4(from->peer.addr) ? 0 : 1], now_ms, records,
                 query);
    }
}

void lp_mdns_answer(lp_mdns_t *m, uint64_t now_ms, const lp_udp_from_t *from, size_t k,
                    lp_dns_reader_t *r, lp_span_t datagram)
{
    const lp_net_link_t *link = &m->links_[k];
    const bool is_v6 = !lp_mdns_is_v4(from->peer.addr);
    query_t query = {.wants_unicast = true, .more_comes = (r->flags & LP_DNS_TRUNCATED) != 0};
    lp_mdns_pending_t *pending = &m->pending_[k][is_v6 ? 1 : 0];
    if (read_query(m, link, r, &query) != LP_E_NOT_FOUND) {
        m->dropped++;
        return;
    }
    if (query.is_probe && m->state == LP_MDNS_PROBING && lp_mdns_is_beaten(m, link, datagram)) {
        lp_mdns_yield(m, now_ms);
    }
    if (m->state != LP_MDNS_ANNOUNCING && m->state != LP_MDNS_UP) {
        return;
    }
    if (!query.has_questions) { // more of what is known, of a question that came before
        pending->records &= ~query.known;
        return;
    }
    give(m, now_ms, from, k, r->id, datagram, &query);
}

// -- what waits

// Takes out of the pending records those that may go now.
static uint32_t take_due(lp_mdns_pending_t *p, uint64_t now_ms)
{
    const uint32_t pause_ms = p->is_defence ? FAST_MS : SLOW_MS;
    uint32_t records = 0;
    uint64_t next_ms = UINT64_MAX;
    for (unsigned bit = 0; bit < 32; bit++) {
        const uint64_t from_ms = p->sent_ms[bit] == 0 ? 0 : p->sent_ms[bit] + pause_ms;
        if ((p->records & LP_MDNS_BIT(bit)) == 0) {
            continue;
        }
        if (from_ms <= now_ms) {
            records |= LP_MDNS_BIT(bit);
            p->sent_ms[bit] = now_ms;
        } else if (from_ms < next_ms) {
            next_ms = from_ms;
        }
    }
    p->records &= ~records;
    p->due_ms = next_ms;
    p->is_defence = p->is_defence && p->records != 0;
    return records;
}

static void flush_one(lp_mdns_t *m, uint64_t now_ms, const lp_net_link_t *link, bool is_v6,
                      lp_mdns_pending_t *p)
{
    static const lp_mdns_style_t style = {.ttl_max = UINT32_MAX};
    const uint32_t records = take_due(p, now_ms);
    lp_dns_writer_t w;
    if (records == 0) {
        return;
    }
    lp_dns_write(&w, m->out_, sizeof m->out_, 0, LP_DNS_RESPONSE | LP_DNS_AUTHORITATIVE);
    put_answers(m, &w, link, records, &style);
    m->owner_.send(m->owner_.ctx, link->number, is_v6, NULL, lp_dns_written(&w));
}

uint32_t lp_mdns_flush(lp_mdns_t *m, uint64_t now_ms)
{
    uint64_t next_ms = UINT64_MAX;
    for (size_t i = 0; i < 2 * m->link_count_; i++) {
        lp_mdns_pending_t *p = &m->pending_[i / 2][i % 2];
        if (p->records != 0 && now_ms >= p->due_ms) {
            flush_one(m, now_ms, &m->links_[i / 2], i % 2 == 1, p);
        }
        if (p->records != 0 && p->due_ms < next_ms) {
            next_ms = p->due_ms;
        }
    }
    if (next_ms == UINT64_MAX) {
        return UINT32_MAX;
    }
    return next_ms > now_ms ? (uint32_t)(next_ms - now_ms) : 0;
}

// -- what others say

// Somebody else's answer for a name of this board: that is what a conflict is. While probing, a
// record of whichever type counts.
static bool is_conflict(const lp_mdns_t *m, const lp_dns_reader_t *r, const lp_dns_record_t *record)
{
    bool is_name = false;
    const uint32_t bit = lp_mdns_bit_of(m, record, &is_name);
    if (!is_name || record->ttl_s == 0 || record->type == LP_DNS_NSEC) {
        return false;
    }
    if (bit == 0) {
        return m->state == LP_MDNS_WAIT || m->state == LP_MDNS_PROBING;
    }
    return !lp_mdns_is_same(m, r, record, bit);
}

static void take_response(lp_mdns_t *m, uint64_t now_ms, lp_dns_reader_t *r)
{
    lp_dns_record_t record;
    lp_err_t err;
    bool has_conflict = false;
    while ((err = lp_dns_next(r, &record)) == LP_OK) {
        const bool is_said = record.part == LP_DNS_ANSWER || record.part == LP_DNS_ADDITIONAL;
        has_conflict = has_conflict || (is_said && is_conflict(m, r, &record));
    }
    if (err != LP_E_NOT_FOUND) {
        m->dropped++;
    } else if (has_conflict) {
        lp_mdns_conflict(m, now_ms);
    }
}

static size_t find_link(const lp_mdns_t *m, unsigned number)
{
    size_t k = 0;
    while (k < m->link_count_ && m->links_[k].number != number) {
        k++;
    }
    return k;
}

void lp_mdns_receive(lp_mdns_t *m, uint64_t now_ms, const lp_udp_from_t *from, lp_span_t datagram)
{
    const size_t k = find_link(m, from->link);
    lp_dns_reader_t r;
    if (m->state == LP_MDNS_OFF) {
        return;
    }
    // What was sent to the group cannot have come through a router; all else must be from here.
    if (k == m->link_count_ ||
        (!from->is_to_group && !lp_mdns_is_on_link(&m->links_[k], from->peer.addr)) ||
        lp_dns_read(&r, datagram) != LP_OK || (r.flags & (LP_DNS_OPCODE | LP_DNS_RCODE)) != 0) {
        m->dropped++;
        return;
    }
    if ((r.flags & LP_DNS_RESPONSE) == 0) {
        lp_mdns_answer(m, now_ms, from, k, &r, datagram);
    } else if (from->peer.port == LP_MDNS_PORT) {
        take_response(m, now_ms, &r);
    } else {
        m->dropped++;
    }
}
