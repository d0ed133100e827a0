// SPDX-License-Identifier: Apache-2.0
// limpet/ws.h - WebSocket frames, without any I/O, for both ends.
//
// Bytes in, events out. Strict: reserved bits and opcodes, lengths that are not written the
// shortest way, control frames that are long or in pieces, text that is not UTF-8 (also when a
// character is cut between two frames), and masks where none may be, or none where one must be, are
// errors with the close code to send.
// @source RFC 6455
// @context any
#ifndef LIMPET_WS_H
#define LIMPET_WS_H

#include "limpet/err.h"
#include "limpet/span.h"

enum {
    LP_WS_HEAD_MAX = 14,     // bytes of a frame's head
    LP_WS_CONTROL_MAX = 125, // payload of a control frame
    LP_WS_ACCEPT_BYTES = 29, // Sec-WebSocket-Accept, with its terminator
};

typedef enum {
    LP_WS_CONTINUATION = 0,
    LP_WS_TEXT = 1,
    LP_WS_BINARY = 2,
    LP_WS_CLOSE = 8,
    LP_WS_PING = 9,
    LP_WS_PONG = 10,
} lp_ws_opcode_t;

// Close codes. RFC 6455, 7.4.1
enum {
    LP_WS_NORMAL = 1000,
    LP_WS_GOING_AWAY = 1001,
    LP_WS_PROTOCOL = 1002,
    LP_WS_UNSUPPORTED = 1003,
    LP_WS_NO_CODE = 1005, // never on the wire
    LP_WS_NOT_UTF8 = 1007,
    LP_WS_POLICY = 1008,
    LP_WS_TOO_BIG = 1009,
};

typedef enum {
    LP_WS_SERVER, // reads masked frames, writes bare ones
    LP_WS_CLIENT, // the other way round
} lp_ws_role_t;

typedef enum {
    LP_WS_EV_MORE,    // everything was taken; feed more
    LP_WS_EV_DATA,    // `piece` of a message of `opcode` (TEXT or BINARY); `is_end`: its last
    LP_WS_EV_CONTROL, // a whole CLOSE, PING or PONG: `opcode`, `piece`; of CLOSE also `code`
    LP_WS_EV_BAD,     // close with `code`; nothing more can be read from this peer
} lp_ws_event_t;

// Where a check of UTF-8 stands between two pieces. Zeroed: at the start.
typedef struct {
    uint8_t left_; // continuation bytes that are still to come
    uint8_t low_, high_;
} lp_ws_utf8_t;

typedef struct {
    lp_ws_opcode_t opcode;
    lp_span_t piece; // borrowed until the next call; may be empty
    bool is_end;
    uint16_t code;

    lp_ws_role_t role_;
    uint32_t max_message_;
    uint32_t message_len_; // so far
    uint64_t left_;        // of the frame's payload
    uint32_t mask_at_;
    uint8_t state_;
    uint8_t head_len_;
    uint8_t frame_opcode_;
    uint8_t message_opcode_;
    bool is_fin_;
    bool is_in_message_;
    uint8_t control_len_;
    lp_ws_utf8_t utf8_;
    uint8_t head_[LP_WS_HEAD_MAX];
    uint8_t control_[LP_WS_CONTROL_MAX];
} lp_ws_reader_t;

// Messages longer than max_message bytes are refused with LP_WS_TOO_BIG.
void lp_ws_reader_init(lp_ws_reader_t *r, lp_ws_role_t role, uint32_t max_message);

// Takes bytes from the front of data[*len], unmasking them in place, up to the next event. Call
// until LP_WS_EV_MORE.
lp_ws_event_t lp_ws_read(lp_ws_reader_t *r, uint8_t **data, size_t *len);

// Whether a frame, or a message in pieces, has begun and is not whole.
bool lp_ws_is_begun(const lp_ws_reader_t *r);

// Writes the head of a frame with a payload of `len` bytes and returns its length. `mask` (4 random
// bytes of a client, fresh for each frame) or null.
size_t lp_ws_head(uint8_t dst[LP_WS_HEAD_MAX], lp_ws_opcode_t opcode, bool is_fin, uint64_t len,
                  const uint8_t *mask);
// Masks, or unmasks, the payload bytes from number `at` on.
void lp_ws_mask(uint8_t *data, size_t len, const uint8_t mask[4], size_t at);

// The server's answer to a client's Sec-WebSocket-Key. LP_E_FORMAT: the key is not base64 of 16
// bytes. @source RFC 6455, 4.2.2
lp_err_t lp_ws_accept(lp_span_t key, char accept[LP_WS_ACCEPT_BYTES]);

#endif
