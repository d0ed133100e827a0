// SPDX-License-Identifier: Apache-2.0
#include "limpet/fmt.h"
#include "limpet/hex.h"
#include "limpet/json.h"
#include "limpet/utf8.h"

enum { READ_BYTES = 64 };

void lp_json_init(lp_json_writer_t *w, lp_buf_t *out)
{
    *w = (lp_json_writer_t){.out_ = out, .start_ = out->len};
}

lp_err_t lp_json_done(lp_json_writer_t *w)
{
    if (w->err_ == LP_OK && !w->is_complete_) {
        w->err_ = LP_E_STATE;
    }
    if (w->err_ != LP_OK) {
        w->out_->len = w->start_;
    }
    return w->err_;
}

static void fail(lp_json_writer_t *w, lp_err_t err)
{
    if (w->err_ == LP_OK) {
        w->err_ = err;
    }
}

static void emit(lp_json_writer_t *w, const char *text)
{
    if (w->err_ == LP_OK) {
        w->err_ = lp_buf_put_str(w->out_, text);
    }
}

static bool is_in_object(const lp_json_writer_t *w)
{
    return w->depth_ > 0 && (w->object_bits_ & 1u) != 0;
}

// Before a value: is one allowed here, and does it need a comma?
static bool begin_value(lp_json_writer_t *w)
{
    bool needs_key = is_in_object(w);
    if (w->is_complete_ || needs_key != w->has_key_) {
        fail(w, LP_E_STATE);
    }
    if (w->has_sibling_ && !needs_key) {
        emit(w, ",");
    }
    return w->err_ == LP_OK;
}

static void end_value(lp_json_writer_t *w)
{
    w->has_sibling_ = true;
    w->has_key_ = false;
    w->is_complete_ = w->depth_ == 0;
}

static void put_scalar(lp_json_writer_t *w, const char *text)
{
    if (begin_value(w)) {
        emit(w, text);
        end_value(w);
    }
}

static void open_level(lp_json_writer_t *w, bool is_object)
{
    if (w->depth_ == LP_JSON_DEPTH_MAX) {
        fail(w, LP_E_RANGE);
    }
    if (!begin_value(w)) {
        return;
    }
    emit(w, is_object ? "{" : "[");
    w->object_bits_ = w->object_bits_ << 1 | (is_object ? 1u : 0u);
    w->depth_++;
    w->has_sibling_ = false;
    w->has_key_ = false;
}

static void close_level(lp_json_writer_t *w, bool is_object)
{
    if (w->depth_ == 0 || is_in_object(w) != is_object || w->has_key_) {
        fail(w, LP_E_STATE);
        return;
    }
    emit(w, is_object ? "}" : "]");
    w->object_bits_ >>= 1;
    w->depth_--;
    end_value(w);
}

void lp_json_put_object(lp_json_writer_t *w)
{
    open_level(w, true);
}

void lp_json_put_object_end(lp_json_writer_t *w)
{
    close_level(w, true);
}

void lp_json_put_array(lp_json_writer_t *w)
{
    open_level(w, false);
}

void lp_json_put_array_end(lp_json_writer_t *w)
{
    close_level(w, false);
}

static void put_control(lp_json_writer_t *w, uint8_t c)
{
    static const char short_form[] = "btn?fr"; // U+0008..U+000D; U+000B has none
    char text[8];
    if (c >= 8 && c <= 13 && c != 11) {
        (void)lp_fmt_str(text, sizeof text, "\\%c", short_form[c - 8]);
    } else {
        (void)lp_fmt_str(text, sizeof text, "\\u%04x", c);
    }
    emit(w, text);
}

static void put_char(lp_json_writer_t *w, lp_span_t utf8)
{
    if (utf8.ptr[0] < 0x20) {
        put_control(w, utf8.ptr[0]);
        return;
    }
    if (utf8.ptr[0] == '"' || utf8.ptr[0] == '\\') {
        emit(w, "\\");
    }
    if (w->err_ == LP_OK) {
        w->err_ = lp_buf_put(w->out_, utf8);
    }
}

// Writes characters until there is none that is whole and well-formed; how many bytes they had.
static size_t put_chars(lp_json_writer_t *w, lp_span_t utf8)
{
    size_t at = 0;
    size_t len = 1;
    while (w->err_ == LP_OK && len > 0) {
        const lp_span_t rest = lp_span(utf8.ptr + at, utf8.len - at);
        len = lp_utf8_next(rest, NULL);
        if (len > 0) {
            put_char(w, lp_span(rest.ptr, len));
        }
        at += len;
    }
    return at;
}

static void put_quoted(lp_json_writer_t *w, lp_span_t utf8)
{
    emit(w, "\"");
    if (put_chars(w, utf8) < utf8.len) {
        fail(w, LP_E_FORMAT);
    }
    emit(w, "\"");
}

void lp_json_put_key_span(lp_json_writer_t *w, lp_span_t key)
{
    if (!is_in_object(w) || w->has_key_) {
        fail(w, LP_E_STATE);
    }
    if (w->has_sibling_) {
        emit(w, ",");
    }
    put_quoted(w, key);
    emit(w, ":");
    w->has_key_ = true;
}

void lp_json_put_key(lp_json_writer_t *w, const char *key)
{
    lp_json_put_key_span(w, lp_span_str(key));
}

void lp_json_put_null(lp_json_writer_t *w)
{
    put_scalar(w, "null");
}

void lp_json_put_bool(lp_json_writer_t *w, bool v)
{
    put_scalar(w, v ? "true" : "false");
}

void lp_json_put_int(lp_json_writer_t *w, int64_t v)
{
    char text[24];
    (void)lp_fmt_str(text, sizeof text, "%lld", (long long)v);
    put_scalar(w, text);
}

void lp_json_put_uint(lp_json_writer_t *w, uint64_t v)
{
    char text[24];
    (void)lp_fmt_str(text, sizeof text, "%llu", (unsigned long long)v);
    put_scalar(w, text);
}

void lp_json_put_fixed(lp_json_writer_t *w, int64_t v, unsigned decimals)
{
    if (decimals > 9) {
        fail(w, LP_E_RANGE);
        return;
    }
    uint64_t unit = 1;
    for (unsigned i = 0; i < decimals; i++) {
        unit *= 10;
    }
    uint64_t magnitude = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    char text[32];
    lp_buf_t b = lp_buf(text, sizeof text - 1);
    (void)lp_fmt(&b, "%s%llu", v < 0 ? "-" : "", (unsigned long long)(magnitude / unit));
    if (decimals > 0) {
        (void)lp_fmt(&b, ".%0*llu", (int)decimals, (unsigned long long)(magnitude % unit));
    }
    text[b.len] = '\0';
    put_scalar(w, text);
}

void lp_json_put_span(lp_json_writer_t *w, lp_span_t utf8)
{
    if (begin_value(w)) {
        put_quoted(w, utf8);
        end_value(w);
    }
}

void lp_json_put_read(lp_json_writer_t *w, size_t len, lp_json_read_fn *read, void *ctx)
{
    uint8_t piece[READ_BYTES];
    size_t at = 0;
    if (!begin_value(w)) {
        return;
    }
    emit(w, "\"");
    while (at < len && w->err_ == LP_OK) {
        const size_t n = len - at < sizeof piece ? len - at : sizeof piece;
        fail(w, read(ctx, at, piece, n));
        const size_t done = put_chars(w, lp_span(piece, n));
        if (done == 0) { // not even the first one, with all its bytes there or none to come
            fail(w, LP_E_FORMAT);
        }
        at += done;
    }
    emit(w, "\"");
    end_value(w);
}

void lp_json_put_str(lp_json_writer_t *w, const char *s)
{
    lp_json_put_span(w, lp_span_str(s));
}

void lp_json_put_hex(lp_json_writer_t *w, lp_span_t bytes)
{
    if (!begin_value(w)) {
        return;
    }
    emit(w, "\"");
    if (w->err_ == LP_OK) {
        w->err_ = lp_hex_encode(w->out_, bytes);
    }
    emit(w, "\"");
    end_value(w);
}

// Copies checked JSON without the white space between its tokens.
static void put_compact(lp_json_writer_t *w, lp_span_t raw)
{
    bool is_in_string = false;
    for (size_t i = 0; i < raw.len && w->err_ == LP_OK; i++) {
        uint8_t c = raw.ptr[i];
        if (is_in_string && c == '\\' && i + 1 < raw.len) {
            w->err_ = lp_buf_put(w->out_, lp_span(raw.ptr + i, 2));
            i++;
            continue;
        }
        if (c == '"') {
            is_in_string = !is_in_string;
        }
        if (is_in_string || c > ' ') {
            w->err_ = lp_buf_put_byte(w->out_, c);
        }
    }
}

void lp_json_put_value(lp_json_writer_t *w, lp_json_t v)
{
    if (v.raw.len == 0) {
        lp_json_put_null(w);
        return;
    }
    if (begin_value(w)) {
        put_compact(w, v.raw);
        end_value(w);
    }
}
