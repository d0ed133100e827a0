// SPDX-License-Identifier: Apache-2.0
//   IDLE --open--> DIAL --TCP--> UP                             plain
//                    '---------> WAIT --turn--> HANDSHAKE --> UP
#include "limpet/link.h"

#include <string.h>

#include "limpet/fmt.h"
#include "limpet/settings.h"

enum { HANDSHAKE_MS = 15000, DETAIL_MAX = 160 };

static void end(lp_link_t *link, lp_err_t why, const char *detail)
{
    lp_link_fn *fn = link->fn_;
    lp_link_close(link);
    fn(link->ctx_, LP_LINK_CLOSED, why, detail);
}

static void up(lp_link_t *link)
{
    link->state = LP_LINK_UP;
    link->fn_(link->ctx_, LP_LINK_OPEN, LP_OK, "");
}

// -- certificates by name

typedef struct {
    const lp_link_base_t *base;
    size_t used; // of the scratch memory
    char detail[DETAIL_MAX];
} reading_t;

static lp_err_t read_file(reading_t *r, const char *name, lp_tls_pem_t *pem)
{
    const lp_link_base_t *b = r->base;
    uint32_t size = 0;
    size_t got = 0;
    lp_err_t err =
        b->files != NULL ? lp_files_size(b->files, LP_FILES_PLAIN, name, &size) : LP_E_STATE;
    if (err == LP_OK && size > b->scratch_bytes - r->used) {
        err = LP_E_NOSPACE;
    }
    if (err == LP_OK) {
        err = lp_files_read(b->files, LP_FILES_PLAIN, name, 0, b->scratch + r->used, size, &got);
    }
    if (err != LP_OK) {
        (void)lp_fmt_str(r->detail, sizeof r->detail, "the file %s with certificates", name);
        return err;
    }
    *pem = (lp_tls_pem_t){.len = got, .ptr = b->scratch + r->used};
    r->used += got;
    return LP_OK;
}

static lp_err_t read_pem(reading_t *r, const char *name, lp_tls_pem_t *pem)
{
    if (name[0] == '\0' || strcmp(name, "trust.ca") == 0) {
        *pem = lp_tls_pem(lp_setting_trust_ca(r->base->config));
        return LP_OK;
    }
    if (strcmp(name, "identity.cert") == 0) {
        *pem = lp_tls_pem(lp_setting_identity_cert(r->base->config));
        return LP_OK;
    }
    return read_file(r, name, pem);
}

static lp_err_t fill(const lp_link_t *link, reading_t *r, lp_tls_config_t *config)
{
    const lp_link_papers_t *p = &link->papers_;
    *config = (lp_tls_config_t){
        .host = link->host_,
        .alpn = p->alpn,
        .max_version = LP_TLS_1_3,
        .ecdhe = LP_TLS_ECDHE_AUTO,
        .resume = LP_TLS_RESUME_ASIDE,
        .wants_short_records = true,
        .check_dates = lp_setting_trust_check_dates(link->base_->config),
        .handshake_timeout_ms = HANDSHAKE_MS,
    };
    lp_err_t err = read_pem(r, p->trust != NULL ? p->trust : "", &config->trust_pem);
    if (err == LP_OK && p->cert != NULL && p->cert[0] != '\0') {
        config->key_id = p->key;
        err = read_pem(r, p->cert, &config->cert_pem);
    }
    return err;
}

// -- TLS

static void on_tls(void *ctx, unsigned events, lp_err_t why)
{
    lp_link_t *link = ctx;
    if (link->state != LP_LINK_HANDSHAKE) {
        return;
    }
    if ((events & LP_STREAM_CLOSED) != 0) {
        char detail[LP_TLS_DETAIL_MAX];
        (void)lp_fmt_str(detail, sizeof detail, "%s", lp_tls_report(&link->tls_)->detail);
        end(link, why, detail);
    } else if ((events & LP_STREAM_OPEN) != 0) {
        lp_turn_give(link->base_->turn, &link->ticket_);
        up(link);
    }
}

static void on_turn(void *ctx)
{
    lp_link_t *link = ctx;
    reading_t reading = {.base = link->base_};
    lp_tls_config_t config;
    lp_err_t err = fill(link, &reading, &config);
    if (err != LP_OK) {
        end(link, err, reading.detail);
        return;
    }
    err = lp_tls_open(&link->tls_, &link->tcp_.stream, &config, on_tls, link);
    if (err != LP_OK) {
        char detail[LP_TLS_DETAIL_MAX];
        (void)lp_fmt_str(detail, sizeof detail, "%s", lp_tls_report(&link->tls_)->detail);
        end(link, err, detail);
        return;
    }
    link->state = LP_LINK_HANDSHAKE;
}

// -- TCP

static void on_tcp(void *ctx, unsigned events, lp_err_t why)
{
    lp_link_t *link = ctx;
    if (link->state != LP_LINK_DIAL && link->state != LP_LINK_WAIT) {
        return;
    }
    if ((events & LP_STREAM_CLOSED) != 0) {
        end(link, why, link->host_);
    } else if ((events & LP_STREAM_OPEN) != 0 && link->is_secure_) {
        link->state = LP_LINK_WAIT;
        lp_turn_take(link->base_->turn, &link->ticket_, on_turn, link);
    } else if ((events & LP_STREAM_OPEN) != 0) {
        up(link);
    }
}

lp_err_t lp_link_open(lp_link_t *link, const lp_link_base_t *base, const char *host, uint16_t port,
                      const lp_link_papers_t *papers, lp_link_fn *fn, void *ctx)
{
    if (link->state != LP_LINK_IDLE) {
        return LP_E_STATE;
    }
    if (base == NULL || (papers != NULL && base->turn == NULL)) {
        return LP_E_UNSUPPORTED;
    }
    if (lp_fmt_str(link->host_, sizeof link->host_, "%s", host) != LP_OK) {
        return LP_E_INVALID;
    }
    link->base_ = base;
    link->fn_ = fn;
    link->ctx_ = ctx;
    link->is_secure_ = papers != NULL;
    link->papers_ = papers != NULL ? *papers : (lp_link_papers_t){.trust = NULL};
    const lp_err_t err = lp_port_tcp_open(&link->tcp_, link->host_, port, on_tcp, link);
    link->state = err == LP_OK ? LP_LINK_DIAL : LP_LINK_IDLE;
    return err;
}

lp_stream_t *lp_link_stream(lp_link_t *link)
{
    return link->is_secure_ ? &link->tls_.stream : &link->tcp_.stream;
}

const char *lp_link_detail(const lp_link_t *link)
{
    return link->is_secure_ ? lp_tls_report(&link->tls_)->detail : "";
}

void lp_link_close(lp_link_t *link)
{
    const lp_link_state_t state = link->state;
    link->state = LP_LINK_IDLE;
    switch (state) {
    case LP_LINK_IDLE:
        return;
    case LP_LINK_DIAL:
    case LP_LINK_WAIT:
        lp_stream_close(&link->tcp_.stream);
        break;
    case LP_LINK_HANDSHAKE:
    case LP_LINK_UP:
        lp_stream_close(lp_link_stream(link)); // and what is below
        break;
    }
    if (link->is_secure_) {
        lp_turn_give(link->base_->turn, &link->ticket_);
    }
}
