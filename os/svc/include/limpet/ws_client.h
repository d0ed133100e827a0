// SPDX-License-Identifier: Apache-2.0
// limpet/ws_client.h - a WebSocket connection of an application, plain or over TLS.
//
// Messages stream in pieces, both ways. Pings of the server are answered; the client sends its own
// when nothing came for a while, and gives up a server that answers none. Masks are random, fresh
// for each frame. Extensions are neither offered nor taken. A server that breaks the protocol is
// told the code and left. wss is always verified, as https is (limpet/http_client.h).
// @source RFC 6455
// @context loop, for everything here
#ifndef LIMPET_WS_CLIENT_H
#define LIMPET_WS_CLIENT_H

#include "limpet/http_client.h"
#include "limpet/ws.h"

enum {
    LP_WS_TX_BYTES = 1024,     // longest piece that is sent
    LP_WS_RX_BYTES = 1024,     // longest piece that is handed on
    LP_WS_PROTOCOL_MAX = 48,   // name of a subprotocol, with the terminator
    LP_WS_REASON_MAX = 123,    // bytes of the words in a close frame
    LP_WS_PING_MS = 30000,     // when the wish has none
    LP_WS_MESSAGE_MAX = 65536, // when the wish has no limit
    LP_WS_GOODBYE_MS = 5000,   // in which the other end has to say goodbye, too
};

// Everything is lent until on_closed. Callbacks come from the loop; null for what is not wanted.
typedef struct {
    const char *url;      // ws://host[:port]/path or wss://
    const char *protocol; // a subprotocol that the server must choose; null: none
    const lp_http_header_t *headers;
    size_t header_count;
    void (*on_open)(void *ctx);
    // A piece of a message of `kind` (TEXT, valid UTF-8, or BINARY); is_end: its last, maybe empty.
    void (*on_piece)(void *ctx, lp_ws_opcode_t kind, lp_span_t piece, bool is_end);
    // There is room again after LP_E_AGAIN.
    void (*on_room)(void *ctx);
    // Once, and the last. LP_OK: both ends said goodbye, `code` is the server's, or LP_WS_NO_CODE.
    // LP_E_CLOSED: it ended without; LP_E_FORMAT: the server broke the protocol; LP_E_RANGE: a
    // message longer than max_message; LP_E_TIMEOUT; LP_E_DENIED: the server refused, with the HTTP
    // status in `code`; LP_E_UNSUPPORTED: it chose no subprotocol; LP_E_CANCELED; else as
    // lp_link_open().
    void (*on_closed)(void *ctx, lp_err_t why, uint16_t code);
    void *ctx;
    const char *trust, *cert, *key; // see lp_link_papers_t
    const char *alpn;               // null for none
    uint32_t max_message;           // of the server, in bytes; 0: LP_WS_MESSAGE_MAX
    uint32_t ping_ms;               // 0: LP_WS_PING_MS
    uint32_t timeout_ms;            // until it is open; 0: LP_HTTP_TIMEOUT_MS
} lp_ws_wish_t;

typedef enum {
    LP_WS_CLIENT_IDLE,
    LP_WS_CLIENT_DIALING,
    LP_WS_CLIENT_OPENING, // HTTP
    LP_WS_CLIENT_UP,
    LP_WS_CLIENT_CLOSING, // this end has said goodbye
} lp_ws_client_state_t;

typedef struct {
    lp_ws_client_state_t state;
    char detail[LP_HTTP_DETAIL_MAX]; // why it ended, in words

    const lp_link_base_t *base_;
    lp_ws_wish_t wish_;
    lp_http_url_t url_;
    lp_link_t link_;
    union {
        lp_http_response_t http;
        lp_ws_reader_t ws;
    } in_;
    lp_event_t event_;
    lp_timer_t timer_;
    char accept_[LP_WS_ACCEPT_BYTES];
    uint8_t seen_; // what the response's fields said
    bool is_in_message_, wants_room_, has_ended_, is_waiting_pong_, owes_goodbye_;
    uint8_t goodbye_len_;
    lp_err_t end_err_;
    uint16_t end_code_;
    size_t tx_len_, tx_at_;
    size_t control_len_, control_at_;
    size_t rx_len_, rx_at_;
    uint8_t tx_[LP_WS_TX_BYTES + LP_WS_HEAD_MAX];
    uint8_t goodbye_[LP_WS_CONTROL_MAX];
    uint8_t control_[LP_WS_CONTROL_MAX + LP_WS_HEAD_MAX];
    uint8_t rx_[LP_WS_RX_BYTES];
} lp_ws_client_t;

void lp_ws_client_init(lp_ws_client_t *client, const lp_link_base_t *base);

// Copies the wish. LP_OK: on_closed comes once, later. LP_E_BUSY: not idle; LP_E_INVALID: URL, a
// field, or the subprotocol; LP_E_NOSPACE: the request's head is too long; LP_E_UNSUPPORTED: wss
// without TLS, or an image that makes no connections of its own; LP_E_IO: no random numbers.
lp_err_t lp_ws_client_start(lp_ws_client_t *client, const lp_ws_wish_t *wish);

// Sends a piece of a message, and with is_end its last; `kind` is TEXT or BINARY and the same for
// all of them. Copies. LP_E_AGAIN: no room, on_room comes; LP_E_RANGE: longer than LP_WS_TX_BYTES;
// LP_E_STATE: not open, or saying goodbye; LP_E_IO: no random numbers. Nothing was sent then.
lp_err_t lp_ws_client_send(lp_ws_client_t *client, lp_ws_opcode_t kind, lp_span_t piece,
                           bool is_end);

// Says goodbye; `reason` may be null, is cut. Messages may still come until on_closed. On a
// connection that is not open yet: as lp_ws_client_cancel().
void lp_ws_client_close(lp_ws_client_t *client, uint16_t code, const char *reason);

// Ends it with LP_E_CANCELED, from the loop.
void lp_ws_client_cancel(lp_ws_client_t *client);

#endif
