// SPDX-License-Identifier: Apache-2.0
// limpet/link.h - a connection to a server of one's own choice: TCP, and TLS over it.
//
// What HTTP clients, WebSocket clients and further MQTT connections stand on. Handshakes wait for
// their turn: one is made at a time on a board, the cloud's among them. The server is always
// checked against trust anchors that are named; there is no switch for that. A link never resumes a
// TLS session and leaves the cloud's alone. All links share the image's one TLS arena: when it is
// full a handshake ends with LP_E_NOSPACE, and connections that stand go on.
// @context loop
#ifndef LIMPET_LINK_H
#define LIMPET_LINK_H

#include "limpet/config.h"
#include "limpet/events.h"
#include "limpet/files.h"
#include "limpet/port/net.h"
#include "limpet/tls.h"
#include "limpet/turn.h"

enum { LP_LINK_NAME_MAX = LP_FILES_NAME_MAX };

// What the image has for links, lp_app_net(). Lent by everybody who uses it.
typedef struct {
    lp_loop_t *loop;
    lp_turn_t *turn; // null: no TLS on this board
    const lp_config_t *config;
    lp_files_t *files; // null: there are none
    uint8_t *scratch;  // certificates from files pass through it: trust, then the own
    size_t scratch_bytes;
    lp_events_t *events; // null: nobody wants to know
} lp_link_base_t;

// Certificates and keys by name. Strings are lent until LP_LINK_OPEN or LP_LINK_CLOSED.
typedef struct {
    const char *trust; // "" and "trust.ca": that setting; else a file with PEM, as `limpet put`
                       // leaves it
    const char *cert;  // ""(or null): none is shown; "identity.cert": that setting; else a file
    const char *key;   // key id of `cert`, "atca:0", "file:lan.key"
    const char *alpn;  // null for none
} lp_link_papers_t;

typedef enum { LP_LINK_OPEN, LP_LINK_CLOSED } lp_link_event_t;

// CLOSED comes at most once, without OPEN or after it; `detail` says more than the error and is
// borrowed. After OPEN install a listener on lp_link_stream(): the link says nothing any more.
typedef void lp_link_fn(void *ctx, lp_link_event_t event, lp_err_t why, const char *detail);

typedef enum {
    LP_LINK_IDLE,
    LP_LINK_DIAL,
    LP_LINK_WAIT,
    LP_LINK_HANDSHAKE,
    LP_LINK_UP
} lp_link_state_t;

// A caller-owned link; zeroed at first.
typedef struct {
    lp_link_state_t state;
    const lp_link_base_t *base_;
    lp_link_fn *fn_;
    void *ctx_;
    bool is_secure_;
    lp_link_papers_t papers_;
    lp_turn_ticket_t ticket_;
    char host_[LP_TLS_HOST_MAX];
    lp_tcp_t tcp_;
    lp_tls_t tls_;
} lp_link_t;

// Dials `host` (copied). LP_OK: OPEN or CLOSED comes later. LP_E_STATE: it is not idle;
// LP_E_UNSUPPORTED: no TLS on this board, or `base` is null; other errors as lp_port_tcp_open().
// CLOSED carries what lp_port_tcp_open() and lp_tls_open() say, and LP_E_NOT_FOUND, LP_E_NOSPACE,
// LP_E_STATE of a file. papers null: plain TCP.
lp_err_t lp_link_open(lp_link_t *link, const lp_link_base_t *base, const char *host, uint16_t port,
                      const lp_link_papers_t *papers, lp_link_fn *fn, void *ctx);

// The stream, once it is up.
lp_stream_t *lp_link_stream(lp_link_t *link);

// Why TLS ended, in words; "" when it did not or there is none.
const char *lp_link_detail(const lp_link_t *link);

// Closes at once; may be called repeatedly and in any state. No callback comes any more.
void lp_link_close(lp_link_t *link);

#endif
