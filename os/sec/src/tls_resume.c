// SPDX-License-Identifier: Apache-2.0
// One session that can be resumed: its ticket and secret, in memory that the image lends, and what
// it is bound to (docs/adr/0015).
//
//   EMPTY --ticket of a connection that may keep it--> HELD --offered--> EMPTY, and if the
//   handshake succeeds a ticket is HELD again. A timer, another binding and lp_tls_forget() lead to
//   EMPTY.
//
// A session is taken out when it is offered, so one that the server chokes on is not offered for
// ever; after two such failures in a row no ticket is asked for until DAY_MS have passed.
#include "tls_session.h"

#include <string.h>

#include "../library/ssl_misc.h" // what the server decided has no public accessor in 3.6
#include "limpet/port/clock.h"
#include "limpet/sha256.h"
#include "lp_mbedtls_platform.h"
#include "tls_server.h"

enum {
    DAY_MS = 24 * 60 * 60 * 1000, // the server's certificate is looked at again after that, at most
    HOUR_S = 60 * 60,             // where the server does not say how long its ticket is good for
    FAILURES_MAX = 2,
    PIECE_BYTES = 64,
// Of a ClientHello apart from ticket and names, rounded up.
#if defined(MBEDTLS_SSL_PROTO_TLS1_3)
    HELLO_BYTES = 400,
#else
    HELLO_BYTES = 160,
#endif
};

typedef struct {
    lp_timer_t timer;
    const lp_tls_t *owner; // whose tickets are kept: the last connection that was opened
    uint8_t binding[LP_SHA256_LEN];
    bool is_held;
    bool has_dates;
    uint8_t failures;
    uint64_t checked_ms;         // when the server's certificate was
    uint64_t until_ms;           // the end of the ticket
    mbedtls_x509_time from, to;  // when all of the server's chain is valid
    size_t hello_bytes;          // of the next ClientHello, without the ticket
    mbedtls_ssl_session session; // with no pointer but the next
    size_t ticket_cap;
    bool is_ticket_in_arena;
    uint8_t *ticket; // null: in the arena, and none is held
    uint8_t room[];
} record_t;

_Static_assert(sizeof(record_t) <= LP_TLS_SESSION_BYTES, "limpet/tls.h says how long it is");

static record_t *record; // null: nothing is resumed

static void wipe(void)
{
    record->is_held = false;
    lp_wipe(&record->session, sizeof record->session);
    if (record->is_ticket_in_arena) {
        lp_tls_free(record->ticket); // wipes it
        record->ticket = NULL;
    } else {
        lp_wipe(record->ticket, record->ticket_cap);
    }
}

void lp_tls_forget(void)
{
    lp_tls_known_forget();
    if (record != NULL) {
        lp_timer_stop(lp_tls_engine_loop(), &record->timer);
        wipe();
        record->owner = NULL;
        record->failures = 0;
    }
}

static void on_timer(void *ctx)
{
    (void)ctx;
    wipe();
    record->failures = 0;
}

void lp_tls_resume_init(void *memory, size_t bytes, size_t ticket_bytes)
{
    const uintptr_t misfit = (uintptr_t)memory % _Alignof(record_t);
    const size_t skip = misfit == 0 ? 0 : _Alignof(record_t) - misfit;
    record = NULL;
    if (memory != NULL && bytes > skip + sizeof *record) {
        record = (record_t *)(void *)((uint8_t *)memory + skip);
        memset(record, 0, bytes - skip);
        record->is_ticket_in_arena = ticket_bytes > 0;
        record->ticket = ticket_bytes > 0 ? NULL : record->room;
        record->ticket_cap = ticket_bytes > 0 ? ticket_bytes : bytes - skip - sizeof *record;
        lp_timer_init(&record->timer, on_timer, NULL);
    }
}

void lp_tls_resume_deinit(void)
{
    lp_tls_forget();
    record = NULL;
}

static void add(lp_sha256_t *h, const void *bytes, size_t len)
{
    uint8_t head[4] = {(uint8_t)(len >> 24), (uint8_t)(len >> 16), (uint8_t)(len >> 8),
                       (uint8_t)len};
    lp_sha256_update(h, lp_span(head, sizeof head));
    lp_sha256_update(h, lp_span(bytes, len));
}

static void add_text(lp_sha256_t *h, const char *text)
{
    add(h, text != NULL ? text : "", text != NULL ? strlen(text) : 0);
}

// What cannot be read now will not make a connection either.
static void add_pem(lp_sha256_t *h, const lp_tls_pem_t *pem)
{
    uint8_t piece[PIECE_BYTES];
    for (size_t at = 0; at < pem->len; at += PIECE_BYTES) {
        const size_t n = pem->len - at < PIECE_BYTES ? pem->len - at : PIECE_BYTES;
        if (lp_tls_read_pem(pem, at, piece, n) == LP_OK) {
            add(h, piece, n);
        }
    }
    add(h, NULL, 0);
}

// Whatever a full handshake would look at: with another value of it there must be one.
static void bind(const lp_tls_config_t *config, uint8_t binding[LP_SHA256_LEN])
{
    const uint32_t rest[] = {(uint32_t)config->max_version, (uint32_t)config->ecdhe,
                             config->verify_in_chip,        config->check_dates,
                             (uint32_t)config->resume,      lp_tls_engine_key_changes()};
    lp_sha256_t h;
    lp_sha256_init(&h);
    add_text(&h, config->host);
    add_text(&h, config->alpn);
    add_text(&h, config->key_id);
    add_pem(&h, &config->trust_pem);
    add_pem(&h, &config->cert_pem);
    add(&h, rest, sizeof rest);
    lp_sha256_final(&h, binding);
}

// Also whether the dates of the server's chain still hold: they are not looked at otherwise.
static bool is_fresh(const lp_tls_t *tls)
{
    bool are_dates_fine =
        !tls->session_->c.check_dates ||
        (!mbedtls_x509_time_is_past(&record->to) && !mbedtls_x509_time_is_future(&record->from));
    return lp_port_now_ms() - record->checked_ms < DAY_MS && are_dates_fine;
}

// Which tickets are asked for at all.
static void set_wishes(mbedtls_ssl_config *conf, lp_tls_resume_t wish)
{
    mbedtls_ssl_conf_session_tickets(conf, wish == LP_TLS_RESUME_ALWAYS
                                               ? MBEDTLS_SSL_SESSION_TICKETS_ENABLED
                                               : MBEDTLS_SSL_SESSION_TICKETS_DISABLED);
#if defined(MBEDTLS_SSL_PROTO_TLS1_3)
    bool may_13 = wish != LP_TLS_RESUME_NEVER;
    mbedtls_ssl_conf_tls13_key_exchange_modes(
        conf, may_13 ? MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_EPHEMERAL_ALL
                     : MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_EPHEMERAL);
    mbedtls_ssl_conf_tls13_enable_signal_new_session_tickets(
        conf, may_13 ? MBEDTLS_SSL_TLS1_3_SIGNAL_NEW_SESSION_TICKETS_ENABLED
                     : MBEDTLS_SSL_TLS1_3_SIGNAL_NEW_SESSION_TICKETS_DISABLED);
#endif
}

static void take_binding(const lp_tls_config_t *config)
{
    uint8_t binding[LP_SHA256_LEN];
    bind(config, binding);
    if (memcmp(binding, record->binding, sizeof binding) != 0) {
        lp_tls_forget();
        memcpy(record->binding, binding, sizeof binding);
    }
}

void lp_tls_resume_begin(lp_tls_t *tls, const lp_tls_config_t *config)
{
    const bool is_aside = lp_tls_is_aside(config);
    lp_tls_resume_t wish = record != NULL && !is_aside ? config->resume : LP_TLS_RESUME_NEVER;
    if (record != NULL && !is_aside) {
        take_binding(config);
        wish = record->failures >= FAILURES_MAX ? LP_TLS_RESUME_NEVER : wish;
        record->owner = wish != LP_TLS_RESUME_NEVER ? tls : NULL;
        record->hello_bytes = HELLO_BYTES + strlen(config->host) + strlen(tls->session_->c.alpn);
    }
    set_wishes(&tls->session_->conf, wish);
}

void lp_tls_resume_offer(lp_tls_t *tls)
{
    lp_tls_session_t *s = tls->session_;
    if (record == NULL || record->owner != tls || !record->is_held || !is_fresh(tls)) {
        if (record != NULL && record->owner == tls) {
            wipe();
        }
        return;
    }
    record->session.ticket = record->ticket;
#if defined(MBEDTLS_SSL_PROTO_TLS1_3)
    record->session.hostname = s->c.ip_len > 0 ? NULL : s->papers->host;
#endif
    s->c.is_offering = mbedtls_ssl_set_session(&s->ssl, &record->session) == 0;
    s->has_offered = s->c.is_offering;
    wipe();
    record->failures++;
    // Should the server never be reached again, this is not held against tickets for ever.
    lp_timer_start(lp_tls_engine_loop(), &record->timer, DAY_MS);
}

static bool has_decided(const mbedtls_ssl_context *ssl)
{
    return ssl->state == MBEDTLS_SSL_SERVER_CERTIFICATE ||
           ssl->state == MBEDTLS_SSL_SERVER_CHANGE_CIPHER_SPEC ||
           ssl->state == MBEDTLS_SSL_ENCRYPTED_EXTENSIONS;
}

static bool is_accepted(const mbedtls_ssl_context *ssl)
{
#if defined(MBEDTLS_SSL_PROTO_TLS1_3)
    if (ssl->tls_version == MBEDTLS_SSL_VERSION_TLS1_3) {
        return ssl->handshake->key_exchange_mode ==
               MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_PSK_EPHEMERAL;
    }
#endif
    return ssl->handshake->resume != 0;
}

static void drop_ticket(mbedtls_ssl_session *session)
{
    if (session != NULL) {
        mbedtls_zeroize_and_free(session->ticket, session->ticket_len);
        session->ticket = NULL;
        session->ticket_len = 0;
    }
}

// mbedTLS keeps the refused ticket and would take it for one of the new session.
static void fall_back(lp_tls_session_t *s)
{
    record->has_dates = false;
    drop_ticket(s->ssl.session_negotiate);
}

bool lp_tls_resume_follow(lp_tls_t *tls)
{
    lp_tls_session_t *s = tls->session_;
    if (s->ssl.handshake == NULL) {
        return true;
    }
    s->has_ems = s->ssl.handshake->extended_ms == MBEDTLS_SSL_EXTENDED_MS_ENABLED;
    if (!s->c.is_offering || !has_decided(&s->ssl)) {
        return true;
    }
    s->c.is_offering = false;
    tls->report_.is_resumed = is_accepted(&s->ssl);
    if (!tls->report_.is_resumed) {
        fall_back(s);
        return true;
    }
    // Only sessions with it are kept; a server that now does without is not the one that made it.
    // @source RFC 7627, 5.3
    bool is_12 = s->ssl.tls_version == MBEDTLS_SSL_VERSION_TLS1_2;
    return !is_12 || s->has_ems;
}

void lp_tls_resume_saw(const lp_tls_t *tls, const mbedtls_x509_crt *crt)
{
    if (record == NULL || record->owner != tls || crt->raw.p == NULL) {
        return;
    }
    record->checked_ms = lp_port_now_ms();
    if (!record->has_dates || mbedtls_x509_time_cmp(&crt->valid_from, &record->from) > 0) {
        record->from = crt->valid_from;
    }
    if (!record->has_dates || mbedtls_x509_time_cmp(&crt->valid_to, &record->to) < 0) {
        record->to = crt->valid_to;
    }
    record->has_dates = true;
}

// It must fit into the memory and, in the next ClientHello, into one record.
static bool fits(const mbedtls_ssl_session *session)
{
    return session->ticket != NULL && session->ticket_len > 0 &&
           session->ticket_len <= record->ticket_cap &&
           session->ticket_len + record->hello_bytes <= MBEDTLS_SSL_OUT_CONTENT_LEN;
}

// The certificate is looked at once a day, and using a ticket does not make it last longer.
static uint64_t end_of(const lp_tls_t *tls, const mbedtls_ssl_session *session)
{
    const uint64_t said_s = session->ticket_lifetime != 0 ? session->ticket_lifetime : HOUR_S;
    uint64_t until_ms = lp_port_now_ms() + said_s * 1000;
    if (until_ms > record->checked_ms + DAY_MS) {
        until_ms = record->checked_ms + DAY_MS;
    }
    bool is_old = tls->report_.is_resumed && session->tls_version == MBEDTLS_SSL_VERSION_TLS1_2;
    return is_old && until_ms > record->until_ms ? record->until_ms : until_ms;
}

static void hold(const lp_tls_t *tls, mbedtls_ssl_session *session)
{
    const uint64_t now_ms = lp_port_now_ms();
    record->until_ms = end_of(tls, session);
    if (record->until_ms <= now_ms) {
        return;
    }
    record->session = *session;
    record->session.peer_cert = NULL;
    record->session.ticket = NULL;
#if defined(MBEDTLS_SSL_PROTO_TLS1_3)
    record->session.hostname = NULL;
    lp_wipe(&record->session.app_secrets, sizeof record->session.app_secrets);
#endif
    if (record->is_ticket_in_arena) {
        record->ticket = session->ticket;
        session->ticket = NULL;
    } else {
        memcpy(record->ticket, session->ticket, session->ticket_len);
    }
    record->is_held = true;
    lp_timer_start(lp_tls_engine_loop(), &record->timer, (uint32_t)(record->until_ms - now_ms));
}

void lp_tls_resume_keep(lp_tls_t *tls)
{
    lp_tls_session_t *s = tls->session_;
    mbedtls_ssl_session *session = s->ssl.session;
    if (session->ticket == NULL) {
        return;
    }
    bool is_12 = session->tls_version == MBEDTLS_SSL_VERSION_TLS1_2;
    if (record != NULL && record->owner == tls && (s->has_ems || !is_12) && record->has_dates &&
        fits(session)) {
        wipe();
        hold(tls, session);
    }
    drop_ticket(session);
}

void lp_tls_resume_succeeded(const lp_tls_t *tls)
{
    if (record != NULL && record->owner == tls && tls->session_->has_offered) {
        record->failures = 0;
    }
}

void lp_tls_resume_overran(const lp_tls_t *tls)
{
    if (record != NULL && record->owner == tls) {
        wipe();
        record->failures = FAILURES_MAX;
        lp_timer_start(lp_tls_engine_loop(), &record->timer, DAY_MS);
    }
}
