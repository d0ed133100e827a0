// SPDX-License-Identifier: Apache-2.0
// limpet/rpc.h - remote calls over byte streams, as docs/rpc.md describes them.
//
// Methods stand in const tables; each has a level and each channel a highest level. A method
// answers once: from inside its handler, or later from the loop. Several requests may be under way;
// what is more than LP_RPC_IN_FLIGHT_MAX is refused with LP_E_BUSY. Frames are hostile input.
// @context loop
#ifndef LIMPET_RPC_H
#define LIMPET_RPC_H

#include <stdbool.h>

#include "limpet/err.h"
#include "limpet/fmt.h"
#include "limpet/json.h"
#include "limpet/loan.h"
#include "limpet/loop.h"
#include "limpet/stream.h"

#if defined(LP_SMALL)
#define LP_RPC_FRAME_MAX_TEXT "4608"
#else
#define LP_RPC_FRAME_MAX_TEXT "6144"
#endif

enum {
#if defined(LP_SMALL)
    LP_RPC_FRAME_MAX = 4608,  // both ways, without the line end
    LP_RPC_IN_FLIGHT_MAX = 2, // requests of all channels that are not answered yet
#else
    LP_RPC_FRAME_MAX = 6144,
    LP_RPC_IN_FLIGHT_MAX = 4,
#endif
    LP_RPC_ECHO_MAX = 72,     // longest id, src, dst, tag, as JSON text
    LP_RPC_REFUSAL_MAX = 800, // room for an answer that only carries an error
// Of a channel's own memory: the part of a frame that comes in, and behind it refusals. Where RAM
// is short longer frames need memory that is lent: on a small board a handshake's, on a middling
// one a piece that all channels share.
#if defined(LP_SMALL)
    LP_RPC_OWN_IN_MAX = 512,
    LP_RPC_PENDING_MAX = 64, // bytes that are read at once
#elif defined(LP_MEDIUM)
    LP_RPC_OWN_IN_MAX = 768,
    LP_RPC_PENDING_MAX = 192,
#else
    LP_RPC_OWN_IN_MAX = LP_RPC_FRAME_MAX,
    LP_RPC_PENDING_MAX = 192,
#endif
    LP_RPC_OWN_MAX = LP_RPC_OWN_IN_MAX + LP_RPC_IN_FLIGHT_MAX * LP_RPC_REFUSAL_MAX,
    LP_RPC_LOAN_MIN = LP_RPC_FRAME_MAX + 2, // so much must be lent for the longest frame
    LP_RPC_UNKNOWN_METHOD = 404,            // error codes that are not one of limpet/err.h
    LP_RPC_UNAUTHORIZED = 401,
    LP_RPC_TOO_MANY = 429,
};

typedef enum {
    LP_RPC_READ,  // looks
    LP_RPC_WRITE, // changes settings
    LP_RPC_CHIP,  // changes the crypto chip
} lp_rpc_level_t;

// "read", "write", "chip". Static.
const char *lp_rpc_level_name(lp_rpc_level_t level);

typedef struct lp_rpc lp_rpc_t;
typedef struct lp_rpc_channel lp_rpc_channel_t;
typedef struct lp_rpc_req lp_rpc_req_t;

// `req->params` is valid until the handler returns; what is needed later must be copied.
typedef void lp_rpc_handler_fn(void *ctx, lp_rpc_req_t *req);

typedef struct {
    const char *name; // "Sys.GetInfo"
    lp_rpc_level_t level;
    lp_rpc_handler_fn *handle;
    const char *params; // for RPC.Describe, as in docs/rpc.md; "" for none
    const char *result;
} lp_rpc_method_t;

// A table of methods with the context of their handlers. Lent for as long as the router is used.
typedef struct lp_rpc_set {
    const lp_rpc_method_t *methods;
    size_t count;
    void *ctx;
    struct lp_rpc_set *next_;
} lp_rpc_set_t;

// Judges the requests of a channel that does not trust whoever is on its other end. `name` is the
// method's, as it was sent; `frame` has everything else. True: *level is what the sender may do.
// False: the request was answered (lp_rpc_fail(), lp_rpc_fail_code()).
typedef struct {
    bool (*admit)(void *ctx, lp_rpc_req_t *req, const char *name, lp_json_t frame,
                  lp_rpc_level_t *level);
    void *ctx;
} lp_rpc_gate_t;

// Sees every request of every channel that a method was, or would have been, called for. `begin`
// may set req->mark; `end` comes once for each that has one, with what was answered.
typedef struct {
    void (*begin)(void *ctx, lp_rpc_req_t *req);
    void (*end)(void *ctx, const lp_rpc_req_t *req, lp_err_t err);
    void *ctx;
} lp_rpc_watch_t;

// A request under way. Belongs to the router until it is answered.
struct lp_rpc_req {
    lp_json_t params; // an object, or LP_JSON_NONE when there are none
    const lp_rpc_method_t *method;
    lp_rpc_t *rpc_;
    lp_rpc_channel_t *channel_; // null: the channel is gone, the answer goes nowhere
    uint16_t mark;              // the watch's own; 0: none
    uint8_t level;              // lp_rpc_level_t: what the sender may do
    bool is_busy_ : 1;
    bool wants_crc_ : 1;
    char id_[LP_RPC_ECHO_MAX];
    char src_[LP_RPC_ECHO_MAX];
    char dst_[LP_RPC_ECHO_MAX];
    char tag_[LP_RPC_ECHO_MAX];
};

// Hears that a channel is closed, from inside of lp_rpc_close() (limpet/rpc_notify.h).
typedef struct lp_rpc_farewell {
    void (*gone)(void *ctx, const lp_rpc_channel_t *ch);
    void *ctx;
    struct lp_rpc_farewell *next_;
} lp_rpc_farewell_t;

struct lp_rpc {
    const lp_rpc_watch_t *watch; // may be null
    lp_loan_t *loan; // for long frames, of channels that are opened from now on; may be null
    lp_rpc_set_t *sets_;
    lp_rpc_farewell_t *farewells_;
    lp_rpc_req_t reqs_[LP_RPC_IN_FLIGHT_MAX];
    lp_json_writer_t writer_;
    lp_buf_t frame_; // in the channel's output
};

struct lp_rpc_channel {
    lp_rpc_t *rpc_;
    lp_stream_t *stream_;
    const lp_rpc_gate_t *gate; // null: whoever is there has max_level
    const bool *is_mute;       // null, or true while only answers may go over it: HTTP
    uint8_t max_level;         // lp_rpc_level_t
    bool is_public;            // others may read along: nothing secret goes over it
    bool is_overlong_ : 1;
    bool is_given_up_ : 1; // the frame that is coming in has lost its memory
    bool is_short_ : 1;    // of memory: somebody else has what is lent
    bool is_open_ : 1;
    bool is_in_lent_ : 1;  // what comes in stands in lent memory
    bool is_out_lent_ : 1; // what waits to go out does
    lp_loan_t *loan;       // for long frames, of LP_RPC_LOAN_MIN bytes; null: there is none
    unsigned in_flight_;
    size_t in_len_;
    size_t out_len_;
    size_t pending_len_; // read, but not looked at while answers wait
    size_t pending_pos_;
    uint8_t pending_[LP_RPC_PENDING_MAX];
    size_t held_len_; // of a frame that is being handled
    size_t out_at_;
    size_t recalled_at_;            // how far it was when somebody else wanted the lent memory
    uint8_t bytes_[LP_RPC_OWN_MAX]; // what has come in, and behind it what waits to go out
};

void lp_rpc_init(lp_rpc_t *rpc);
void lp_rpc_add(lp_rpc_t *rpc, lp_rpc_set_t *set);

// Calls `fn` for each method, in the order of the tables.
typedef void lp_rpc_each_fn(void *ctx, const lp_rpc_method_t *method);
void lp_rpc_each(const lp_rpc_t *rpc, lp_rpc_each_fn *fn, void *ctx);
// Null when there is none.
const lp_rpc_method_t *lp_rpc_find(const lp_rpc_t *rpc, const char *name);

// Serves `stream` (lends, and listens to it) until lp_rpc_close(). Methods above `max_level` are
// refused. `gate`, `is_public` and `loan` (the router's, at first) may be set behind it.
void lp_rpc_open(lp_rpc_channel_t *ch, lp_rpc_t *rpc, lp_stream_t *stream,
                 lp_rpc_level_t max_level);
// Stops serving; requests under way run on and their answers are dropped.
void lp_rpc_close(lp_rpc_channel_t *ch);

// The channel a request came over, or null when it is gone.
static inline const lp_rpc_channel_t *lp_rpc_channel_of(const lp_rpc_req_t *req)
{
    return req->channel_;
}

// -- for handlers: one of these, once per request

// `{}` as result.
void lp_rpc_ok(lp_rpc_req_t *req);
// An error with a sentence for people; null: the text of `err`. The sentence is cut at 200 bytes.
void lp_rpc_fail(lp_rpc_req_t *req, lp_err_t err, const char *fmt, ...) LP_FMT_CHECK(3, 4);
// The same with a code of its own instead of minus `err`.
void lp_rpc_fail_code(lp_rpc_req_t *req, int code, lp_err_t err, const char *fmt, ...)
    LP_FMT_CHECK(4, 5);
// Begins the result: write exactly one value, then call lp_rpc_done(). Nothing else of this router
// may be answered in between. A result that does not fit is answered with LP_E_NOSPACE.
lp_json_writer_t *lp_rpc_result(lp_rpc_req_t *req);
void lp_rpc_done(lp_rpc_req_t *req);

// -- for handlers: parameters

// The parameter `key`. LP_E_NOT_FOUND: absent or null; LP_E_EXISTS: given twice.
lp_err_t lp_rpc_param(const lp_rpc_req_t *req, const char *key, lp_json_t *value);
// As a C string. LP_E_INVALID: not a string; LP_E_NOSPACE; LP_E_FORMAT; as lp_rpc_param().
lp_err_t lp_rpc_param_str(const lp_rpc_req_t *req, const char *key, char *dst, size_t cap);
// As a flag; absent is `fallback`. LP_E_INVALID: not a bool.
lp_err_t lp_rpc_param_bool(const lp_rpc_req_t *req, const char *key, bool fallback, bool *value);

#endif
