// SPDX-License-Identifier: Apache-2.0
//   LINE --request line--> FIELDS --empty line--> BODY --all of it--> LINE ...
//     |                      |                      (nothing else can go wrong here)
//     '------ BROKEN <-------'  for good
#include "limpet/http_codec.h"

#include <string.h>

enum { LINE, FIELDS, HEAD, BODY, DONE, BROKEN };

enum { LENGTH_DIGITS_MAX = 9, BLANK_LINES_MAX = 2 };

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 'a' - 'A') : c;
}

bool lp_http_equal_ci(lp_span_t s, const char *text)
{
    const size_t len = strlen(text);
    for (size_t i = 0; i < s.len && i < len; i++) {
        if (lower(s.ptr[i]) != (uint8_t)text[i]) {
            return false;
        }
    }
    return s.len == len;
}

// RFC 9110, 5.6.2
static bool is_tchar(uint8_t c)
{
    return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z') ||
           (c != 0 && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static bool is_token(lp_span_t s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (!is_tchar(s.ptr[i])) {
            return false;
        }
    }
    return s.len > 0;
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

// What is in front of the first `mark`; the rest goes on behind it. false: there is none.
static bool split(lp_span_t *s, uint8_t mark, lp_span_t *front)
{
    const uint8_t *at = s->len > 0 ? memchr(s->ptr, mark, s->len) : NULL;
    if (at == NULL) {
        return false;
    }
    const size_t len = (size_t)(at - s->ptr);
    *front = lp_span(s->ptr, len);
    *s = lp_span(at + 1, s->len - len - 1);
    return true;
}

bool lp_http_has_word(lp_span_t value, const char *word)
{
    lp_span_t item;
    while (split(&value, ',', &item)) {
        if (lp_http_equal_ci(trim(item), word)) {
            return true;
        }
    }
    return lp_http_equal_ci(trim(value), word);
}

static lp_http_event_t broken(lp_http_request_t *r, unsigned status)
{
    r->state_ = BROKEN;
    r->status = status;
    return LP_HTTP_EV_BAD;
}

// -- the request line

// RFC 9112, 3.2.1: a path from the slash on; this server is no proxy.
static bool is_target(lp_span_t s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] <= ' ' || s.ptr[i] >= 0x7F) {
            return false;
        }
    }
    return s.len > 0 && s.ptr[0] == '/';
}

static lp_http_event_t take_request_line(lp_http_request_t *r, lp_span_t line)
{
    lp_span_t method;
    lp_span_t target;
    if (!split(&line, ' ', &method) || !split(&line, ' ', &target) || !is_token(method) ||
        !is_target(target)) {
        return broken(r, 400);
    }
    if (line.len != 8 || memcmp(line.ptr, "HTTP/1.", 7) != 0 ||
        (line.ptr[7] != '0' && line.ptr[7] != '1')) {
        const bool is_version = line.len > 5 && memcmp(line.ptr, "HTTP/", 5) == 0;
        return broken(r, is_version ? 505 : 400);
    }
    r->is_v10_ = line.ptr[7] == '0';
    r->is_last = r->is_v10_;
    r->method = method;
    r->target = target;
    r->state_ = FIELDS;
    return LP_HTTP_EV_LINE;
}

// -- fields

static const char *const names[] = {
    [LP_HTTP_HOST] = "host",
    [LP_HTTP_CONTENT_LENGTH] = "content-length",
    [LP_HTTP_TRANSFER_ENCODING] = "transfer-encoding",
    [LP_HTTP_CONTENT_TYPE] = "content-type",
    [LP_HTTP_EXPECT] = "expect",
    [LP_HTTP_ORIGIN] = "origin",
    [LP_HTTP_AUTHORIZATION] = "authorization",
    [LP_HTTP_UPGRADE] = "upgrade",
    [LP_HTTP_WS_KEY] = "sec-websocket-key",
    [LP_HTTP_WS_VERSION] = "sec-websocket-version",
    [LP_HTTP_SEC_FETCH_SITE] = "sec-fetch-site",
    [LP_HTTP_CONNECTION] = "connection",
};

static lp_http_field_t field_of(lp_span_t name)
{
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (lp_http_equal_ci(name, names[i])) {
            return (lp_http_field_t)i;
        }
    }
    return LP_HTTP_OTHER;
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

// Digits only: "+5", "0x5" and "5, 5" are read differently by different readers.
static unsigned take_length(lp_http_request_t *r, lp_span_t value)
{
    uint32_t length = 0;
    for (size_t i = 0; i < value.len; i++) {
        if (value.ptr[i] < '0' || value.ptr[i] > '9') {
            return 400;
        }
        length = i < LENGTH_DIGITS_MAX ? length * 10 + (value.ptr[i] - (uint32_t)'0') : UINT32_MAX;
    }
    r->length = length;
    if (value.len == 0) {
        return 400;
    }
    return length > r->max_length_ ? 413 : 0;
}

static unsigned use_field(lp_http_request_t *r)
{
    switch (r->field) {
    case LP_HTTP_CONTENT_LENGTH:
        return take_length(r, r->value);
    case LP_HTTP_CONNECTION:
        r->is_last = (r->is_last && !lp_http_has_word(r->value, "keep-alive")) ||
                     lp_http_has_word(r->value, "close");
        r->is_upgrade = r->is_upgrade || lp_http_has_word(r->value, "upgrade");
        return 0;
    case LP_HTTP_HOST:
    case LP_HTTP_TRANSFER_ENCODING:
    case LP_HTTP_CONTENT_TYPE:
    case LP_HTTP_EXPECT:
    case LP_HTTP_ORIGIN:
    case LP_HTTP_AUTHORIZATION:
    case LP_HTTP_UPGRADE:
    case LP_HTTP_WS_KEY:
    case LP_HTTP_WS_VERSION:
    case LP_HTTP_SEC_FETCH_SITE:
    case LP_HTTP_OTHER:
        return 0;
    }
    return 400;
}

static lp_http_event_t take_field(lp_http_request_t *r, lp_span_t line)
{
    lp_span_t name;
    if (!split(&line, ':', &name) || !is_token(name) || !is_value(line)) {
        return broken(r, 400);
    }
    if (++r->fields_ > LP_HTTP_FIELDS_MAX) {
        return broken(r, 431);
    }
    r->field = field_of(name);
    r->value = trim(line);
    const uint32_t bit = 1u << r->field;
    if (r->field < LP_HTTP_CONNECTION && (r->seen_ & bit) != 0) {
        return broken(r, 400);
    }
    r->seen_ |= bit;
    const unsigned status = use_field(r);
    return status != 0 ? broken(r, status) : LP_HTTP_EV_FIELD;
}

static bool has(const lp_http_request_t *r, lp_http_field_t field)
{
    return (r->seen_ >> field & 1) != 0;
}

// RFC 9112, 6.1: both lengths at once is how requests are smuggled; and this server reads no
// chunks. RFC 9112, 3.2: a request of HTTP/1.1 has one Host.
static lp_http_event_t take_end_of_head(lp_http_request_t *r)
{
    if (has(r, LP_HTTP_TRANSFER_ENCODING)) {
        return broken(r, has(r, LP_HTTP_CONTENT_LENGTH) || r->is_v10_ ? 400 : 501);
    }
    if (!has(r, LP_HTTP_HOST) && !r->is_v10_) {
        return broken(r, 400);
    }
    r->left_ = r->length;
    r->state_ = HEAD;
    return LP_HTTP_EV_HEAD;
}

// -- lines

static lp_http_event_t take_line(lp_http_request_t *r)
{
    const lp_span_t line = lp_span(r->line_, r->line_len_);
    r->line_len_ = 0;
    if (r->state_ == FIELDS) {
        return line.len == 0 ? take_end_of_head(r) : take_field(r, line);
    }
    if (line.len > 0) {
        return take_request_line(r, line);
    }
    // RFC 9112, 2.2: empty lines before a request are the end of somebody's last body.
    return r->head_len_ > 2 * BLANK_LINES_MAX ? broken(r, 400) : LP_HTTP_EV_MORE;
}

static unsigned too_long(const lp_http_request_t *r)
{
    if (r->head_len_ > LP_HTTP_HEAD_MAX) {
        return 431;
    }
    if (r->line_len_ < LP_HTTP_LINE_MAX) {
        return 0;
    }
    return r->state_ == LINE ? 414 : 431;
}

static lp_http_event_t take_byte(lp_http_request_t *r, uint8_t byte)
{
    r->head_len_++;
    if (r->has_cr_ || byte == '\n') {
        if (!r->has_cr_ || byte != '\n') {
            return broken(r, 400); // a CR or an LF alone
        }
        r->has_cr_ = false;
        return take_line(r);
    }
    if (byte == '\r') {
        r->has_cr_ = true;
        return LP_HTTP_EV_MORE;
    }
    const unsigned status = too_long(r);
    if (status != 0) {
        return broken(r, status);
    }
    r->line_[r->line_len_++] = byte;
    return LP_HTTP_EV_MORE;
}

static lp_http_event_t feed_head(lp_http_request_t *r, lp_span_t *in)
{
    lp_http_event_t ev = LP_HTTP_EV_MORE;
    while (in->len > 0 && ev == LP_HTTP_EV_MORE) {
        ev = take_byte(r, in->ptr[0]);
        *in = lp_span(in->ptr + 1, in->len - 1);
    }
    return ev;
}

static lp_http_event_t feed_body(lp_http_request_t *r, lp_span_t *in)
{
    const size_t len = in->len < r->left_ ? in->len : r->left_;
    if (len == 0) {
        return LP_HTTP_EV_MORE;
    }
    r->piece = lp_span(in->ptr, len);
    *in = lp_span(in->ptr + len, in->len - len);
    r->left_ -= (uint32_t)len;
    return LP_HTTP_EV_BODY;
}

// -- for the caller

void lp_http_request_init(lp_http_request_t *r, uint32_t max_length)
{
    memset(r, 0, sizeof *r);
    r->max_length_ = max_length;
}

lp_http_event_t lp_http_request_feed(lp_http_request_t *r, lp_span_t *in)
{
    if (r->state_ == DONE) {
        lp_http_request_init(r, r->max_length_);
    }
    if (r->state_ == HEAD) {
        r->state_ = BODY;
    }
    if (r->state_ == BROKEN) {
        return LP_HTTP_EV_BAD;
    }
    if (r->state_ != BODY) {
        return feed_head(r, in);
    }
    if (r->left_ == 0) {
        r->state_ = DONE;
        return LP_HTTP_EV_DONE;
    }
    return feed_body(r, in);
}

bool lp_http_request_is_begun(const lp_http_request_t *r)
{
    return r->state_ != DONE && r->state_ != BROKEN && r->head_len_ > 0;
}

const char *lp_http_reason(unsigned status)
{
    static const struct {
        unsigned status;
        const char *reason;
    } table[] = {
        {101, "Switching Protocols"},
        {200, "OK"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {408, "Request Timeout"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {415, "Unsupported Media Type"},
        {417, "Expectation Failed"},
        {421, "Misdirected Request"},
        {426, "Upgrade Required"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {503, "Service Unavailable"},
        {505, "HTTP Version Not Supported"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (table[i].status == status) {
            return table[i].reason;
        }
    }
    return "Error";
}
