// SPDX-License-Identifier: Apache-2.0
// limpet/rpc_web.h - one caller over TCP or TLS as the stream that an RPC channel is opened on.
//
// The channel (limpet/rpc.h) reads lines and writes lines. This filter makes lines of HTTP requests
// (POST /rpc/Method with the params as body, POST /rpc with a frame) and of WebSocket messages
// (GET /rpc), and responses and messages of the lines that the channel writes. Of a plain
// connection it only watches the time.
//
//   HEAD --request--> BODY --whole--> ANSWER --sent--> HEAD ...        HTTP
//     |                                  '-- last one --> LINGER --> over
//     |--upgrade--> MESSAGES -- close --> LINGER
//   LINES                                                              a plain connection
//
// No caller holds it for long: a request has to be whole `request_ms` after its first byte, however
// busily bytes trickle in; a caller that has not proven who it is (lp_rpc_web_trust()) is gone
// after twice that, one that is silent after `idle_ms`, one that does not take its answers after
// LP_RPC_WEB_ANSWER_MS.
//
// Against web pages that make a browser call a device: a request with an Origin that is not the
// board's own, or with a Host that it does not answer to, is refused, and nothing allows another
// page to read an answer.
// @source RFC 9112, RFC 6455, docs/rpc.md
// @context loop
#ifndef LIMPET_RPC_WEB_H
#define LIMPET_RPC_WEB_H

#include "limpet/http_codec.h"
#include "limpet/loop.h"
#include "limpet/rpc.h"
#include "limpet/sha256.h"
#include "limpet/ws.h"

enum {
    LP_RPC_WEB_TARGET_MAX = 64, // with the terminator, as all of these
    LP_RPC_WEB_HOST_MAX = 128,
    LP_RPC_WEB_AUTH_MAX = LP_HTTP_LINE_MAX,
    LP_RPC_WEB_ANSWER_MS = 60000,
};

typedef enum { LP_RPC_WEB_LINES, LP_RPC_WEB_HTTP } lp_rpc_web_kind_t;

// What the owner of the connections knows. Callbacks come from the loop.
typedef struct {
    // Whether the board answers to this Host (name or address, maybe with a port).
    bool (*is_host_ours)(void *ctx, lp_span_t host);
    // Appends a challenge for WWW-Authenticate.
    void (*challenge)(void *ctx, lp_buf_t *out);
    // The connection is over: close it. `why` is a word for the log.
    void (*over)(void *ctx, const char *why);
    void *ctx;
    bool is_secure; // over TLS: the origin is https
    uint32_t request_ms;
    uint32_t idle_ms;
} lp_rpc_web_owner_t;

typedef struct {
    lp_stream_t stream; // must stay first
    // Of the HTTP request under way: what a gate needs to judge it.
    char target[LP_RPC_WEB_TARGET_MAX];
    char auth[LP_RPC_WEB_AUTH_MAX]; // of the field Authorization; "": there was none
    uint8_t body_hash[LP_SHA256_LEN];
    bool is_http; // a request and not a message or a line

    lp_loop_t *loop_;
    lp_stream_t *lower_;
    lp_rpc_web_owner_t owner_;
    lp_stream_fn *fn_;
    void *ctx_;
    lp_event_t event_;
    lp_timer_t timer_;
    unsigned pending_;
    const char *why_;
    uint64_t opened_ms_;
    uint64_t since_ms_; // of what is waited for now
    uint8_t phase_;
    bool is_trusted_;
    bool is_begun_; // a request, message or line is half there
    bool is_last_;
    bool is_ended_;
    // what is read
    size_t rx_len_;
    size_t rx_pos_;
    lp_span_t piece_; // of rx_, to be handed on
    const char *say_; // text to be handed on first
    char prefix_[LP_RPC_WEB_TARGET_MAX + 32];
    bool ends_line_; // behind the piece
    bool has_start_; // of the line: its brace was seen
    char host_[LP_RPC_WEB_HOST_MAX];
    char origin_[LP_RPC_WEB_HOST_MAX + 8];
    char ws_accept_[LP_WS_ACCEPT_BYTES];
    uint16_t wishes_; // what the head asks for
    lp_sha256_t hash_;
    union {
        lp_http_request_t http;
        lp_ws_reader_t ws;
    } in_;
    // what is written
    bool is_in_line_;
    size_t skip_; // bytes of the line that are left out, sent, left out
    size_t body_;
    size_t tail_;
    size_t out_len_;
    size_t out_pos_;
    uint8_t rx_[512];
    uint8_t out_[768];
} lp_rpc_web_t;

// Takes over `lower` (lends), which is open, and `owner` (copies). Open a channel on &web->stream
// next.
void lp_rpc_web_open(lp_rpc_web_t *web, lp_loop_t *loop, lp_stream_t *lower, lp_rpc_web_kind_t kind,
                     const lp_rpc_web_owner_t *owner);

// The caller has proven who it is.
void lp_rpc_web_trust(lp_rpc_web_t *web);
// Whether it has.
bool lp_rpc_web_is_trusted(const lp_rpc_web_t *web);
// "tcp", "http", "ws". Static.
const char *lp_rpc_web_name(const lp_rpc_web_t *web);

// Closes, with `lower`. No callback comes any more. May be called repeatedly.
void lp_rpc_web_close(lp_rpc_web_t *web);

// For whoever else makes lines of messages: turns line ends, and control characters that channels
// take for something, into what is white space, or wrong, where they were.
void lp_rpc_web_tame(uint8_t *bytes, size_t len);

#endif
