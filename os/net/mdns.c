// SPDX-License-Identifier: Apache-2.0
// The life of a name; the drawing is in limpet/mdns.h.
#include "limpet/mdns.h"

#include <string.h>

#include "limpet/fmt.h"
#include "mdns_internal.h"

enum {
    PROBES = 3,
    PROBE_MS = 250,
    ANNOUNCEMENTS = 2,
    ANNOUNCE_MS = 1000,
    YIELD_MS = 1000,
    STORM_MS = 10000,
    STORM_WAIT_MS = 5000,
    NUMBER_MAX = 9999,
};

const uint8_t lp_mdns_group4[4] = {224, 0, 0, 251};
const uint8_t lp_mdns_group6[16] = {0xFF, 0x02, [15] = 0xFB};

void lp_mdns_init(lp_mdns_t *m, const lp_mdns_owner_t *owner)
{
    memset(m, 0, sizeof *m);
    m->owner_ = *owner;
}

lp_err_t lp_mdns_txt(lp_mdns_service_t *service, const char *key, const char *value)
{
    const size_t key_len = strlen(key);
    const size_t value_len = strlen(value);
    const size_t len = key_len + 1 + value_len;
    if (len > UINT8_MAX || service->txt_len + 1u + len > sizeof service->txt) {
        return LP_E_NOSPACE;
    }
    uint8_t *at = service->txt + service->txt_len;
    *at++ = (uint8_t)len;
    memcpy(at, key, key_len);
    at[key_len] = '=';
    memcpy(at + key_len + 1, value, value_len);
    service->txt_len = (uint16_t)(service->txt_len + 1 + len);
    return LP_OK;
}

// To the group on each link, in each family that the link has.
static void say(lp_mdns_t *m,
                void (*write)(const lp_mdns_t *m, lp_dns_writer_t *w, const lp_net_link_t *link,
                              uint32_t ttl_max),
                uint16_t flags, uint32_t ttl_max)
{
    for (size_t k = 0; k < m->link_count_; k++) {
        const lp_net_link_t *link = &m->links_[k];
        lp_dns_writer_t w;
        lp_dns_write(&w, m->out_, sizeof m->out_, 0, flags);
        write(m, &w, link, ttl_max);
        for (int family = 0; family < 2; family++) {
            if (lp_mdns_has_family(link, family == 1)) {
                m->owner_.send(m->owner_.ctx, link->number, family == 1, NULL, lp_dns_written(&w));
            }
        }
    }
}

static void write_all(const lp_mdns_t *m, lp_dns_writer_t *w, const lp_net_link_t *link,
                      uint32_t ttl_max)
{
    const lp_mdns_style_t style = {.ttl_max = ttl_max};
    (void)lp_mdns_put(m, w, LP_DNS_ANSWER, link, lp_mdns_all(m), &style);
}

static void write_probe(const lp_mdns_t *m, lp_dns_writer_t *w, const lp_net_link_t *link,
                        uint32_t ttl_max)
{
    (void)ttl_max;
    (void)lp_mdns_put_probe(m, w, link);
}

// -- names

static void take_label(lp_mdns_t *m)
{
    if (m->number_ <= 1) {
        (void)lp_fmt_str(m->label, sizeof m->label, "%s", m->base_);
    } else {
        (void)lp_fmt_str(m->label, sizeof m->label, "%s-%u", m->base_, (unsigned)m->number_);
    }
}

static void begin(lp_mdns_t *m, uint64_t now_ms, uint32_t wait_ms)
{
    memset(m->pending_, 0, sizeof m->pending_);
    m->state = LP_MDNS_WAIT;
    m->tries_ = 0;
    m->due_ms_ = now_ms + wait_ms;
}

static uint32_t below(lp_mdns_t *m, uint32_t n)
{
    return m->owner_.random(m->owner_.ctx) % n;
}

void lp_mdns_yield(lp_mdns_t *m, uint64_t now_ms)
{
    begin(m, now_ms, YIELD_MS);
}

// A name that was in use is probed for again before it is given up: whoever defends it first has
// it. RFC 6762, 8.1 and 9
void lp_mdns_conflict(lp_mdns_t *m, uint64_t now_ms)
{
    m->conflicts++;
    if (m->storm_ == 0 || now_ms - m->storm_ms_ > STORM_MS) {
        m->storm_ms_ = now_ms;
        m->storm_ = 0;
    }
    m->storm_++;
    if (m->state == LP_MDNS_WAIT || m->state == LP_MDNS_PROBING) {
        m->number_ = m->number_ < NUMBER_MAX ? m->number_ + 1 : 2;
        take_label(m);
    }
    const bool is_storm = m->storm_ >= LP_MDNS_CONFLICTS;
    if (is_storm) {
        m->storm_ms_ = now_ms; // it goes on
    }
    begin(m, now_ms, is_storm ? STORM_WAIT_MS : below(m, PROBE_MS));
}

// -- start and end

static void copy_links(lp_mdns_t *m, const lp_net_link_t *links, size_t count)
{
    m->link_count_ = count < LP_MDNS_LINKS ? count : LP_MDNS_LINKS;
    if (m->link_count_ > 0) {
        memcpy(m->links_, links, m->link_count_ * sizeof links[0]);
    }
}

void lp_mdns_start(lp_mdns_t *m, uint64_t now_ms, const char *label,
                   const lp_mdns_service_t *services, size_t service_count,
                   const lp_net_link_t *links, size_t link_count)
{
    lp_mdns_stop(m);
    const size_t len = strlen(label) < sizeof m->base_ ? strlen(label) : sizeof m->base_ - 1;
    memset(m->base_, 0, sizeof m->base_);
    memcpy(m->base_, label, len);
    m->number_ = 1;
    take_label(m);
    m->service_count_ = service_count < LP_MDNS_SERVICES ? service_count : LP_MDNS_SERVICES;
    memcpy(m->services_, services, m->service_count_ * sizeof services[0]);
    copy_links(m, links, link_count);
    m->tokens_ = LP_MDNS_UNICASTS_PER_S;
    m->tokens_ms_ = now_ms;
    begin(m, now_ms, below(m, PROBE_MS));
}

void lp_mdns_stop(lp_mdns_t *m)
{
    if (m->state == LP_MDNS_ANNOUNCING || m->state == LP_MDNS_UP) {
        say(m, write_all, LP_DNS_RESPONSE | LP_DNS_AUTHORITATIVE, 0);
    }
    m->state = LP_MDNS_OFF;
}

// -- what is due

static void note_sent(lp_mdns_t *m, uint64_t now_ms)
{
    for (size_t k = 0; k < m->link_count_; k++) {
        for (int family = 0; family < 2; family++) {
            for (size_t bit = 0; bit < 32; bit++) {
                m->pending_[k][family].sent_ms[bit] = now_ms;
            }
        }
    }
}

static void announce(lp_mdns_t *m, uint64_t now_ms)
{
    say(m, write_all, LP_DNS_RESPONSE | LP_DNS_AUTHORITATIVE, UINT32_MAX);
    note_sent(m, now_ms);
    m->tries_++;
    m->due_ms_ = now_ms + ANNOUNCE_MS;
    m->state = m->tries_ < ANNOUNCEMENTS ? LP_MDNS_ANNOUNCING : LP_MDNS_UP;
}

static void probe(lp_mdns_t *m, uint64_t now_ms)
{
    if (m->tries_ == PROBES) {
        m->tries_ = 0;
        announce(m, now_ms);
        return;
    }
    m->state = LP_MDNS_PROBING;
    m->tries_++;
    say(m, write_probe, 0, UINT32_MAX);
    m->due_ms_ = now_ms + PROBE_MS;
}

static uint32_t wait_until(uint64_t due_ms, uint64_t now_ms)
{
    const uint64_t left = due_ms > now_ms ? due_ms - now_ms : 0;
    return left < UINT32_MAX ? (uint32_t)left : UINT32_MAX - 1;
}

uint32_t lp_mdns_turn(lp_mdns_t *m, uint64_t now_ms)
{
    if (m->state == LP_MDNS_OFF) {
        return UINT32_MAX;
    }
    if (m->state != LP_MDNS_UP && now_ms >= m->due_ms_) {
        if (m->state == LP_MDNS_ANNOUNCING) {
            announce(m, now_ms);
        } else {
            probe(m, now_ms);
        }
    }
    const uint32_t answers = lp_mdns_flush(m, now_ms);
    const uint32_t state = m->state == LP_MDNS_UP ? UINT32_MAX : wait_until(m->due_ms_, now_ms);
    return answers < state ? answers : state;
}
