// SPDX-License-Identifier: Apache-2.0
//   HEAD --whole head--> PAYLOAD --last byte--> HEAD ...
//     '------- BROKEN <----'  for good
#include <string.h>

#include "limpet/endian.h"
#include "limpet/utf8.h"
#include "limpet/ws.h"

enum { HEAD, PAYLOAD, BROKEN };

enum {
    FIN = 0x80,
    RSV = 0x70,
    OPCODE = 0x0F,
    MASKED = 0x80,
    LEN = 0x7F,
    LEN_16 = 126,
    LEN_64 = 127
};

static lp_ws_event_t broken(lp_ws_reader_t *r, uint16_t code)
{
    r->state_ = BROKEN;
    r->code = code;
    return LP_WS_EV_BAD;
}

static bool is_control(uint8_t opcode)
{
    return opcode >= LP_WS_CLOSE;
}

// -- UTF-8 in pieces. RFC 3629, 4

static bool utf8_first(lp_ws_utf8_t *u, uint8_t c)
{
    u->low_ = 0x80;
    u->high_ = 0xBF;
    if (c < 0x80) {
        u->left_ = 0;
    } else if (c >= 0xC2 && c <= 0xDF) {
        u->left_ = 1;
    } else if (c >= 0xE0 && c <= 0xEF) {
        u->left_ = 2;
        u->low_ = c == 0xE0 ? 0xA0 : 0x80;
        u->high_ = c == 0xED ? 0x9F : 0xBF;
    } else if (c >= 0xF0 && c <= 0xF4) {
        u->left_ = 3;
        u->low_ = c == 0xF0 ? 0x90 : 0x80;
        u->high_ = c == 0xF4 ? 0x8F : 0xBF;
    } else {
        return false;
    }
    return true;
}

static bool utf8_feed(lp_ws_utf8_t *u, lp_span_t s)
{
    for (size_t i = 0; i < s.len; i++) {
        const uint8_t c = s.ptr[i];
        if (u->left_ == 0) {
            if (!utf8_first(u, c)) {
                return false;
            }
        } else if (c < u->low_ || c > u->high_) {
            return false;
        } else {
            u->left_--;
            u->low_ = 0x80;
            u->high_ = 0xBF;
        }
    }
    return true;
}

// -- heads

static size_t head_needed(const lp_ws_reader_t *r)
{
    if (r->head_len_ < 2) {
        return 2;
    }
    const uint8_t len = r->head_[1] & LEN;
    const size_t mask = (r->head_[1] & MASKED) != 0 ? 4 : 0;
    return 2 + mask + (len == LEN_16 ? 2u : len == LEN_64 ? 8u : 0u);
}

// RFC 6455, 5.2 and 5.4: what may come now.
static bool is_legal_opcode(const lp_ws_reader_t *r, uint8_t opcode)
{
    switch (opcode) {
    case LP_WS_CONTINUATION:
        return r->is_in_message_;
    case LP_WS_TEXT:
    case LP_WS_BINARY:
        return !r->is_in_message_;
    case LP_WS_CLOSE:
    case LP_WS_PING:
    case LP_WS_PONG:
        return true;
    default:
        return false;
    }
}

// The first two bytes already say what cannot be: whoever waits for more gives memory away.
static bool is_legal_start(const lp_ws_reader_t *r)
{
    const uint8_t opcode = r->head_[0] & OPCODE;
    const bool is_masked = (r->head_[1] & MASKED) != 0;
    const uint8_t len = r->head_[1] & LEN;
    if ((r->head_[0] & RSV) != 0 || !is_legal_opcode(r, opcode) ||
        is_masked != (r->role_ == LP_WS_SERVER)) {
        return false;
    }
    return !is_control(opcode) || ((r->head_[0] & FIN) != 0 && len <= LP_WS_CONTROL_MAX);
}

// false: not written the shortest way.
static bool read_length(lp_ws_reader_t *r)
{
    const uint8_t len = r->head_[1] & LEN;
    if (len == LEN_16) {
        r->left_ = lp_get_be16(r->head_ + 2);
        return r->left_ >= LEN_16;
    }
    if (len == LEN_64) {
        r->left_ = (uint64_t)lp_get_be32(r->head_ + 2) << 32 | lp_get_be32(r->head_ + 6);
        return r->left_ > UINT16_MAX && r->left_ >> 63 == 0;
    }
    r->left_ = len;
    return true;
}

static lp_ws_event_t take_head(lp_ws_reader_t *r)
{
    r->frame_opcode_ = r->head_[0] & OPCODE;
    r->is_fin_ = (r->head_[0] & FIN) != 0;
    if (!read_length(r)) {
        return broken(r, LP_WS_PROTOCOL);
    }
    r->mask_at_ = 0;
    if (is_control(r->frame_opcode_)) {
        r->control_len_ = 0;
    } else {
        if (r->frame_opcode_ != LP_WS_CONTINUATION) {
            r->message_opcode_ = r->frame_opcode_;
            r->message_len_ = 0;
            r->utf8_ = (lp_ws_utf8_t){0};
        }
        r->is_in_message_ = true;
        if (r->left_ > r->max_message_ - r->message_len_) {
            return broken(r, LP_WS_TOO_BIG);
        }
    }
    r->state_ = PAYLOAD;
    return LP_WS_EV_MORE;
}

static lp_ws_event_t feed_head(lp_ws_reader_t *r, uint8_t **data, size_t *len)
{
    while (*len > 0 && r->head_len_ < head_needed(r)) {
        r->head_[r->head_len_++] = **data;
        (*data)++;
        (*len)--;
        if (r->head_len_ == 2 && !is_legal_start(r)) {
            return broken(r, LP_WS_PROTOCOL);
        }
    }
    return r->head_len_ == head_needed(r) ? take_head(r) : LP_WS_EV_MORE;
}

// -- payloads

// RFC 6455, 7.4: codes that may be on the wire.
static bool is_legal_code(uint16_t code)
{
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
           (code >= 3000 && code <= 4999);
}

static lp_ws_event_t end_control(lp_ws_reader_t *r)
{
    r->opcode = (lp_ws_opcode_t)r->frame_opcode_;
    r->piece = lp_span(r->control_, r->control_len_);
    r->is_end = true;
    if (r->opcode == LP_WS_CLOSE && r->control_len_ == 0) {
        r->code = LP_WS_NO_CODE;
    } else if (r->opcode == LP_WS_CLOSE) {
        if (r->control_len_ < 2 || !is_legal_code(lp_get_be16(r->control_))) {
            return broken(r, LP_WS_PROTOCOL);
        }
        r->code = lp_get_be16(r->control_);
        r->piece = lp_span(r->control_ + 2, r->control_len_ - 2u);
        if (!lp_utf8_is_valid(r->piece)) {
            return broken(r, LP_WS_NOT_UTF8);
        }
    }
    return LP_WS_EV_CONTROL;
}

static lp_ws_event_t take_data(lp_ws_reader_t *r, uint8_t *data, size_t len)
{
    const bool is_end = r->left_ == 0 && r->is_fin_;
    r->message_len_ += (uint32_t)len;
    r->opcode = (lp_ws_opcode_t)r->message_opcode_; // a control frame may have come in between
    r->piece = lp_span(data, len);
    r->is_end = is_end;
    if (r->opcode == LP_WS_TEXT &&
        (!utf8_feed(&r->utf8_, r->piece) || (is_end && r->utf8_.left_ > 0))) {
        return broken(r, LP_WS_NOT_UTF8);
    }
    r->is_in_message_ = !is_end;
    return LP_WS_EV_DATA;
}

static lp_ws_event_t feed_payload(lp_ws_reader_t *r, uint8_t **data, size_t *len)
{
    uint8_t *bytes = *data;
    const size_t n = *len < r->left_ ? *len : (size_t)r->left_;
    if (n == 0 && r->left_ > 0) {
        return LP_WS_EV_MORE;
    }
    if (r->role_ == LP_WS_SERVER) {
        lp_ws_mask(bytes, n, r->head_ + r->head_len_ - 4, r->mask_at_);
    }
    r->mask_at_ = (r->mask_at_ + (uint32_t)n) % 4;
    *data += n;
    *len -= n;
    r->left_ -= n;
    if (r->left_ == 0) {
        r->state_ = HEAD;
        r->head_len_ = 0;
    }
    if (!is_control(r->frame_opcode_)) {
        return take_data(r, bytes, n);
    }
    if (n > 0) {
        memcpy(r->control_ + r->control_len_, bytes, n); // at most 125, is_legal_start()
        r->control_len_ = (uint8_t)(r->control_len_ + n);
    }
    return r->left_ == 0 ? end_control(r) : LP_WS_EV_MORE;
}

// -- for the caller

void lp_ws_reader_init(lp_ws_reader_t *r, lp_ws_role_t role, uint32_t max_message)
{
    memset(r, 0, sizeof *r);
    r->role_ = role;
    r->max_message_ = max_message;
}

static lp_ws_event_t step(lp_ws_reader_t *r, uint8_t **data, size_t *len)
{
    if (r->state_ == BROKEN) {
        return LP_WS_EV_BAD;
    }
    return r->state_ == HEAD ? feed_head(r, data, len) : feed_payload(r, data, len);
}

lp_ws_event_t lp_ws_read(lp_ws_reader_t *r, uint8_t **data, size_t *len)
{
    lp_ws_event_t ev;
    do {
        ev = step(r, data, len);
    } while (ev == LP_WS_EV_MORE && (*len > 0 || (r->state_ == PAYLOAD && r->left_ == 0)));
    return ev;
}

bool lp_ws_is_begun(const lp_ws_reader_t *r)
{
    return r->state_ != BROKEN && (r->is_in_message_ || r->head_len_ > 0);
}
