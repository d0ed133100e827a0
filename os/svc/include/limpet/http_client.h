// SPDX-License-Identifier: Apache-2.0
// limpet/http_client.h - HTTP and HTTPS requests of an application.
//
//     static lp_http_client_t http;
//     lp_http_client_init(&http, lp_app_net(app));
//     const lp_http_wish_t wish = {.method = "GET", .url = "https://api.example.com/rain",
//                                  .on_body = on_body, .done = on_done};
//     err = lp_http_start(&http, &wish);
//
// One request at a time a client. Bodies stream, both ways. https is always verified, against
// trust.ca or the file that `trust` names. Redirects are followed as often as the wish allows,
// never from https to http; when they lead to another host, the wish's own fields stay behind.
// Responses whose length could be read in two ways are refused (limpet/http_response.h), and
// whatever is behind one ends the connection. docs/network.md
// @context loop, for everything here
#ifndef LIMPET_HTTP_CLIENT_H
#define LIMPET_HTTP_CLIENT_H

#include "limpet/http_response.h"
#include "limpet/link.h"

enum {
    LP_HTTP_PATH_MAX = 512, // path and query, with the terminator
    LP_HTTP_TX_BYTES = 1280,
    LP_HTTP_RX_BYTES = 1024,
    LP_HTTP_DETAIL_MAX = 192,
    LP_HTTP_TIMEOUT_MS = 30000, // when the wish has none
    LP_HTTP_IDLE_MS = 30000,    // how long a kept connection waits for its next request
    LP_HTTP_BODY_MAX = 65536,   // when the wish has no limit
};

// The body's length is not known: it goes in chunks.
#define LP_HTTP_CHUNKED UINT32_MAX

typedef struct {
    const char *name, *value;
} lp_http_header_t;

// Everything is lent until `done`. Callbacks come from the loop.
typedef struct {
    const char *method;              // "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"
    const char *url;                 // http://host[:port]/path?query or https://; IPv6 in brackets
    const lp_http_header_t *headers; // null: none. Host and the lengths are made here
    size_t header_count;
    lp_span_t body; // sent as it is; empty: none, unless there is next_body
    // Instead of `body`: gives the next bytes. LP_OK with *n > 0; LP_E_AGAIN: call lp_http_poke()
    // when there are; LP_E_CLOSED: that was all; any other error ends the request with it.
    lp_err_t (*next_body)(void *ctx, uint8_t *buf, size_t cap, size_t *n);
    uint32_t body_len; // of next_body: bytes, or LP_HTTP_CHUNKED
    // Null for whatever is not wanted. Only the last response of a row of redirects is told of. The
    // pieces are borrowed until the return.
    void (*on_field)(void *ctx, lp_span_t name, lp_span_t value);
    void (*on_head)(void *ctx, unsigned status);
    void (*on_body)(void *ctx, lp_span_t piece);
    // Once: LP_OK with the status, whichever it is. LP_E_FORMAT: not HTTP as it should be;
    // LP_E_RANGE: the response is longer than a limit; LP_E_CLOSED: cut; LP_E_TIMEOUT; LP_E_DENIED:
    // one redirect too many, or to where it must not lead; LP_E_UNSUPPORTED: a redirect that wants
    // a streamed body again; LP_E_CANCELED; else as lp_link_open().
    void (*done)(void *ctx, lp_err_t err, unsigned status);
    void *ctx;
    const char *trust;       // see lp_link_papers_t; null as ""
    const char *cert, *key;  // of this board, for servers that ask; null for none
    uint32_t timeout_ms;     // for all of it, 0: LP_HTTP_TIMEOUT_MS
    uint32_t max_body_bytes; // of the response, 0: LP_HTTP_BODY_MAX
    uint8_t max_redirects;   // 0: none is followed, and `done` gets the 3xx
    bool keeps_alive;        // the connection waits for another request to the same server
} lp_http_wish_t;

// Drawn in http_client.c.
typedef enum {
    LP_HTTP_IDLE,
    LP_HTTP_DIALING,
    LP_HTTP_SENDING,
    LP_HTTP_RECEIVING,
} lp_http_state_t;

typedef struct {
    bool is_secure;
    uint16_t port;
    char host[LP_TLS_HOST_MAX]; // without brackets
    char path[LP_HTTP_PATH_MAX];
} lp_http_url_t;

typedef struct {
    lp_http_state_t state;
    char detail[LP_HTTP_DETAIL_MAX]; // why the last request failed, in words
    uint32_t requests, reused;       // sent; of them, on a connection that was kept

    const lp_link_base_t *base_;
    lp_link_t link_;
    lp_http_wish_t wish_;
    lp_http_url_t url_;  // where it goes now
    lp_http_url_t kept_; // whom the open link is to
    char kept_trust_[LP_LINK_NAME_MAX], kept_cert_[LP_LINK_NAME_MAX];
    lp_http_response_t response_;
    lp_event_t event_;
    lp_timer_t timer_;
    char location_[LP_HTTP_LINE_MAX];
    char method_[12];
    uint8_t redirects_;
    bool is_linked_, is_reused_, has_body_, is_away_, is_broken_body_, is_early_, is_paused_;
    bool has_ended_;
    lp_err_t end_err_;
    uint32_t body_sent_;
    size_t tx_len_, tx_at_;
    uint8_t body_phase_;
    uint8_t tx_[LP_HTTP_TX_BYTES];
    uint8_t rx_[LP_HTTP_RX_BYTES];
    size_t rx_len_, rx_at_;
} lp_http_client_t;

// LP_E_INVALID: another scheme, no host, a user in front of it, a byte that has no place in a URL,
// or too long. The fragment is left out.
lp_err_t lp_http_url_parse(const char *text, lp_http_url_t *url);
// Where `location` leads from `url`. Errors as above.
lp_err_t lp_http_url_follow(const lp_http_url_t *url, const char *location, lp_http_url_t *next);

// `base` null: this image makes no connections of its own, and lp_http_start() says so.
void lp_http_client_init(lp_http_client_t *client, const lp_link_base_t *base);

// Copies the wish. LP_OK: `done` comes once, later. LP_E_BUSY: a request is under way;
// LP_E_INVALID: the URL, the method, or a field with a line end in it or with a name that is made
// here; LP_E_NOSPACE: the head is longer than LP_HTTP_TX_BYTES; LP_E_UNSUPPORTED: https without
// TLS, or an image that makes no connections of its own.
lp_err_t lp_http_start(lp_http_client_t *client, const lp_http_wish_t *wish);

// next_body has something again.
void lp_http_poke(lp_http_client_t *client);

// No more on_body until lp_http_resume(): the server is held up by TCP.
void lp_http_pause(lp_http_client_t *client);
void lp_http_resume(lp_http_client_t *client);

// Ends the request under way with LP_E_CANCELED, from the loop.
void lp_http_cancel(lp_http_client_t *client);

// Hangs up whatever there is, at once and without `done`.
void lp_http_client_close(lp_http_client_t *client);

#endif
