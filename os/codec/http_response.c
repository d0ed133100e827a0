// SPDX-License-Identifier: Apache-2.0
//   LINE --> FIELDS --empty line--> HEAD --> FIXED or UNTIL_END or SIZE --> DONE
//     ^         | 1xx                         SIZE --n--> CHUNK --all--> CHUNK_END --> SIZE
//     '---------'                             SIZE --0--> TRAILER --empty line--> DONE
#include "limpet/http_response.h"

#include <string.h>

enum {
    LINE,
    FIELDS,
    HEAD,
    FIXED,
    UNTIL_END,
    SIZE,
    CHUNK,
    CHUNK_END,
    TRAILER,
    DONE,
    BROKEN,
};

enum { LENGTH_DIGITS_MAX = 9, STATUS_LINE_MIN = 12, FIRST_FINAL = 200 };

static lp_http_rsp_event_t broken(lp_http_response_t *r, lp_err_t err)
{
    r->state_ = BROKEN;
    r->err = err;
    return LP_HTTP_RSP_BAD;
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

// RFC 9110, 5.6.2
static bool is_token(lp_span_t s)
{
    for (size_t i = 0; i < s.len; i++) {
        const uint8_t c = s.ptr[i];
        const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c);
        if (!is_letter && (c == 0 || strchr("!#$%&'*+-.^_`|~", c) == NULL)) {
            return false;
        }
    }
    return s.len > 0;
}

static bool is_value(lp_span_t s)
{
    for (size_t i = 0; i < s.len; i++) {
        if ((s.ptr[i] < ' ' && s.ptr[i] != '\t') || s.ptr[i] == 0x7F) {
            return false;
        }
    }
    return true;
}

static lp_span_t trim(lp_span_t s)
{
    while (s.len > 0 && (s.ptr[0] == ' ' || s.ptr[0] == '\t')) {
        s = lp_span(s.ptr + 1, s.len - 1);
    }
    while (s.len > 0 && (s.ptr[s.len - 1] == ' ' || s.ptr[s.len - 1] == '\t')) {
        s.len--;
    }
    return s;
}

// -- the head

// "HTTP/1.1 200 OK"; the words are nobody's business. RFC 9112, 4
static lp_http_rsp_event_t take_status_line(lp_http_response_t *r, lp_span_t line)
{
    const uint8_t *p = line.ptr;
    if (line.len < STATUS_LINE_MIN || memcmp(p, "HTTP/1.", 7) != 0 ||
        (p[7] != '0' && p[7] != '1') || p[8] != ' ' || !is_digit(p[9]) || !is_digit(p[10]) ||
        !is_digit(p[11]) || p[9] == '0' || (line.len > STATUS_LINE_MIN && p[12] != ' ') ||
        !is_value(line)) {
        return broken(r, LP_E_FORMAT);
    }
    r->is_v10_ = p[7] == '0';
    r->is_last = r->is_v10_;
    r->status = (p[9] - 48u) * 100 + (p[10] - 48u) * 10 + (p[11] - 48u);
    r->state_ = FIELDS;
    return LP_HTTP_RSP_MORE;
}

static lp_err_t take_length(lp_http_response_t *r, lp_span_t value)
{
    uint32_t length = 0;
    if (r->has_length || value.len == 0) {
        return LP_E_FORMAT; // twice, even when they agree
    }
    for (size_t i = 0; i < value.len; i++) {
        if (!is_digit(value.ptr[i])) {
            return LP_E_FORMAT;
        }
        length = i < LENGTH_DIGITS_MAX ? length * 10 + (value.ptr[i] - 48u) : UINT32_MAX;
    }
    r->has_length = true;
    r->length = length;
    return LP_OK;
}

static lp_err_t use_field(lp_http_response_t *r)
{
    if (lp_http_equal_ci(r->name, "content-length")) {
        return take_length(r, r->value);
    }
    if (lp_http_equal_ci(r->name, "transfer-encoding")) {
        if (r->has_encoding_ || !lp_http_equal_ci(r->value, "chunked")) {
            return LP_E_FORMAT;
        }
        r->has_encoding_ = true;
    }
    if (lp_http_equal_ci(r->name, "connection")) {
        r->is_last = (r->is_last && !lp_http_has_word(r->value, "keep-alive")) ||
                     lp_http_has_word(r->value, "close");
        r->is_upgrade = r->is_upgrade || lp_http_has_word(r->value, "upgrade");
    }
    return LP_OK;
}

static lp_http_rsp_event_t take_field(lp_http_response_t *r, lp_span_t line)
{
    const uint8_t *colon = memchr(line.ptr, ':', line.len);
    if (colon == NULL) {
        return broken(r, LP_E_FORMAT);
    }
    const size_t name_len = (size_t)(colon - line.ptr);
    r->name = lp_span(line.ptr, name_len);
    r->value = trim(lp_span(colon + 1, line.len - name_len - 1));
    if (!is_token(r->name) || !is_value(r->value)) {
        return broken(r, LP_E_FORMAT);
    }
    if (++r->fields_ > LP_HTTP_FIELDS_MAX) {
        return broken(r, LP_E_RANGE);
    }
    if (r->state_ == TRAILER) {
        return LP_HTTP_RSP_MORE; // what comes behind a body changes nothing
    }
    const lp_err_t err = use_field(r);
    return err != LP_OK ? broken(r, err) : LP_HTTP_RSP_FIELD;
}

// 100 Continue and the like: the response is still to come.
static lp_http_rsp_event_t pass_interim(lp_http_response_t *r)
{
    if (++r->interim_ > LP_HTTP_INTERIM_MAX || r->has_length || r->has_encoding_) {
        return broken(r, LP_E_FORMAT);
    }
    const uint8_t interim = r->interim_;
    const size_t head_len = r->head_len_;
    lp_http_response_init(r, r->is_head_, r->max_length_);
    r->interim_ = interim;
    r->head_len_ = head_len;
    return LP_HTTP_RSP_MORE;
}

static bool is_without_body(const lp_http_response_t *r)
{
    return r->is_head_ || r->status == 204 || r->status == 304 || r->status == 101;
}

// How long the body is. RFC 9112, 6.3
static lp_err_t take_body_length(lp_http_response_t *r)
{
    if (is_without_body(r)) {
        r->is_chunked_ = false;
        r->has_length = true;
        r->left_ = 0;
        return LP_OK;
    }
    r->is_chunked_ = r->has_encoding_;
    r->left_ = r->length;
    r->is_last = r->is_last || (!r->has_length && !r->is_chunked_);
    return r->has_length && r->length > r->max_length_ ? LP_E_RANGE : LP_OK;
}

static lp_http_rsp_event_t take_end_of_head(lp_http_response_t *r)
{
    if (r->status < FIRST_FINAL && r->status != 101) {
        return pass_interim(r);
    }
    if (r->has_encoding_ && (r->has_length || r->is_v10_)) {
        return broken(r, LP_E_FORMAT); // two lengths: whoever reads the other one sees other bytes
    }
    r->is_upgrade = r->is_upgrade && r->status == 101;
    const lp_err_t err = take_body_length(r);
    if (err != LP_OK) {
        return broken(r, err);
    }
    r->state_ = HEAD;
    return LP_HTTP_RSP_HEAD;
}

// -- chunks

static int hex_of(uint8_t c)
{
    if (is_digit(c)) {
        return c - '0';
    }
    const uint8_t l = c | 0x20;
    return l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
}

// Digits, and an extension behind a semicolon, which is not looked at. RFC 9112, 7.1
static lp_http_rsp_event_t take_size(lp_http_response_t *r, lp_span_t line)
{
    uint32_t size = 0;
    size_t i = 0;
    unsigned digits = 0;
    for (; i < line.len && hex_of(line.ptr[i]) >= 0; i++) {
        digits += digits > 0 || line.ptr[i] != '0' ? 1 : 0;
        if (digits > LP_HTTP_SIZE_DIGITS) {
            return broken(r, LP_E_RANGE);
        }
        size = size << 4 | (uint32_t)hex_of(line.ptr[i]);
    }
    const lp_span_t rest = trim(lp_span(line.ptr + i, line.len - i));
    if (i == 0 || (rest.len > 0 && rest.ptr[0] != ';') || !is_value(line)) {
        return broken(r, LP_E_FORMAT);
    }
    if (size > r->max_length_ - r->body_len_) {
        return broken(r, LP_E_RANGE);
    }
    r->left_ = size;
    r->head_len_ = 0;
    r->state_ = size > 0 ? CHUNK : TRAILER;
    return LP_HTTP_RSP_MORE;
}

// -- lines

static lp_http_rsp_event_t take_line(lp_http_response_t *r)
{
    const lp_span_t line = lp_span(r->line_, r->line_len_);
    r->line_len_ = 0;
    switch (r->state_) {
    case LINE:
        return take_status_line(r, line);
    case FIELDS:
        return line.len == 0 ? take_end_of_head(r) : take_field(r, line);
    case SIZE:
        return take_size(r, line);
    case CHUNK_END:
        if (line.len > 0) {
            return broken(r, LP_E_FORMAT);
        }
        r->state_ = SIZE;
        return LP_HTTP_RSP_MORE;
    default: // TRAILER
        if (line.len > 0) {
            return take_field(r, line);
        }
        r->state_ = DONE;
        return LP_HTTP_RSP_DONE;
    }
}

static lp_http_rsp_event_t take_byte(lp_http_response_t *r, uint8_t byte)
{
    if (++r->head_len_ > LP_HTTP_HEAD_MAX) {
        return broken(r, LP_E_RANGE);
    }
    if (r->has_cr_ || byte == '\n') {
        if (!r->has_cr_ || byte != '\n') {
            return broken(r, LP_E_FORMAT); // a CR or an LF alone
        }
        r->has_cr_ = false;
        return take_line(r);
    }
    if (byte == '\r') {
        r->has_cr_ = true;
        return LP_HTTP_RSP_MORE;
    }
    if (r->line_len_ == LP_HTTP_LINE_MAX) {
        return broken(r, LP_E_RANGE);
    }
    r->line_[r->line_len_++] = byte;
    return LP_HTTP_RSP_MORE;
}

static bool is_reading_lines(const lp_http_response_t *r)
{
    return r->state_ == LINE || r->state_ == FIELDS || r->state_ == SIZE ||
           r->state_ == CHUNK_END || r->state_ == TRAILER;
}

// -- bodies

static lp_http_rsp_event_t feed_body(lp_http_response_t *r, lp_span_t *in)
{
    size_t len = in->len;
    if (r->state_ == UNTIL_END && len > r->max_length_ - r->body_len_) {
        return broken(r, LP_E_RANGE);
    }
    if (r->state_ != UNTIL_END) {
        len = len < r->left_ ? len : r->left_;
        r->left_ -= (uint32_t)len;
    }
    if (len == 0) {
        return LP_HTTP_RSP_MORE;
    }
    r->piece = lp_span(in->ptr, len);
    r->body_len_ += (uint32_t)len;
    *in = lp_span(in->ptr + len, in->len - len);
    if (r->state_ == CHUNK && r->left_ == 0) {
        r->state_ = CHUNK_END;
    }
    return LP_HTTP_RSP_BODY;
}

// -- for the caller

void lp_http_response_init(lp_http_response_t *r, bool is_head, uint32_t max_length)
{
    memset(r, 0, sizeof *r);
    r->is_head_ = is_head;
    r->max_length_ = max_length;
}

lp_http_rsp_event_t lp_http_response_feed(lp_http_response_t *r, lp_span_t *in)
{
    lp_http_rsp_event_t ev = LP_HTTP_RSP_MORE;
    if (r->state_ == HEAD) {
        r->state_ = r->is_chunked_ ? SIZE : r->has_length ? FIXED : UNTIL_END;
        r->head_len_ = 0;
    }
    while (is_reading_lines(r) && in->len > 0 && ev == LP_HTTP_RSP_MORE) {
        ev = take_byte(r, in->ptr[0]);
        *in = lp_span(in->ptr + 1, in->len - 1);
    }
    if (ev != LP_HTTP_RSP_MORE || is_reading_lines(r)) {
        return ev;
    }
    if (r->state_ == BROKEN) {
        return LP_HTTP_RSP_BAD;
    }
    if (r->state_ == DONE || (r->state_ == FIXED && r->left_ == 0)) {
        r->state_ = DONE;
        return LP_HTTP_RSP_DONE;
    }
    return feed_body(r, in);
}

lp_err_t lp_http_response_end(lp_http_response_t *r)
{
    if (r->state_ == UNTIL_END || r->state_ == DONE) {
        r->state_ = DONE;
        return LP_OK;
    }
    if (r->state_ == HEAD && !r->is_chunked_ && (!r->has_length || r->left_ == 0)) {
        r->state_ = DONE;
        return LP_OK;
    }
    r->state_ = BROKEN;
    r->err = LP_E_CLOSED;
    return LP_E_CLOSED;
}

bool lp_http_response_is_begun(const lp_http_response_t *r)
{
    return r->head_len_ > 0 || r->state_ != LINE;
}
