// SPDX-License-Identifier: Apache-2.0
#include "cbor_head.h"
#include "limpet/cbor.h"
#include "limpet/endian.h"
#include "limpet/utf8.h"

void lp_cbor_init(lp_cbor_writer_t *w, lp_buf_t *out)
{
    *w = (lp_cbor_writer_t){.out_ = out, .start_ = out->len};
}

lp_err_t lp_cbor_done(lp_cbor_writer_t *w)
{
    if (w->err_ == LP_OK && !w->is_complete_) {
        w->err_ = LP_E_STATE;
    }
    if (w->err_ != LP_OK) {
        w->out_->len = w->start_;
    }
    return w->err_;
}

static void fail(lp_cbor_writer_t *w, lp_err_t err)
{
    if (w->err_ == LP_OK) {
        w->err_ = err;
    }
}

static void emit(lp_cbor_writer_t *w, lp_span_t bytes)
{
    if (w->err_ == LP_OK) {
        w->err_ = lp_buf_put(w->out_, bytes);
    }
}

static void emit_head(lp_cbor_writer_t *w, cbor_major_t major, uint64_t arg)
{
    uint8_t head[9];
    unsigned info = (unsigned)arg;
    size_t len = 1;
    if (arg > UINT32_MAX) {
        info = INFO_8_BYTES;
        lp_put_be64(head + 1, arg);
        len = 9;
    } else if (arg > UINT16_MAX) {
        info = INFO_4_BYTES;
        lp_put_be32(head + 1, (uint32_t)arg);
        len = 5;
    } else if (arg > UINT8_MAX) {
        info = INFO_2_BYTES;
        lp_put_be16(head + 1, (uint16_t)arg);
        len = 3;
    } else if (arg >= INFO_1_BYTE) {
        info = INFO_1_BYTE;
        head[1] = (uint8_t)arg;
        len = 2;
    }
    head[0] = (uint8_t)((unsigned)major << 5 | info);
    emit(w, lp_span(head, len));
}

static bool begin(lp_cbor_writer_t *w)
{
    if (w->is_complete_) {
        fail(w, LP_E_STATE);
    }
    return w->err_ == LP_OK;
}

// An item is complete: so may be the ones around it.
static void complete(lp_cbor_writer_t *w)
{
    while (w->depth_ > 0 && --w->left_[w->depth_ - 1] == 0) {
        w->depth_--;
    }
    w->is_complete_ = w->depth_ == 0;
}

static void open_level(lp_cbor_writer_t *w, cbor_major_t major, uint64_t arg, uint64_t items)
{
    if (!begin(w)) {
        return;
    }
    emit_head(w, major, arg);
    if (items == 0) {
        complete(w);
    } else if (w->depth_ == LP_CBOR_DEPTH_MAX) {
        fail(w, LP_E_RANGE);
    } else {
        w->left_[w->depth_++] = items;
    }
}

void lp_cbor_put_array(lp_cbor_writer_t *w, uint32_t elements)
{
    open_level(w, MAJOR_ARRAY, elements, elements);
}

void lp_cbor_put_map(lp_cbor_writer_t *w, uint32_t pairs)
{
    open_level(w, MAJOR_MAP, pairs, (uint64_t)pairs * 2);
}

void lp_cbor_put_tag(lp_cbor_writer_t *w, uint64_t number)
{
    open_level(w, MAJOR_TAG, number, 1);
}

static void put_scalar(lp_cbor_writer_t *w, cbor_major_t major, uint64_t arg, lp_span_t content)
{
    if (begin(w)) {
        emit_head(w, major, arg);
        emit(w, content);
        complete(w);
    }
}

void lp_cbor_put_uint(lp_cbor_writer_t *w, uint64_t v)
{
    put_scalar(w, MAJOR_UINT, v, lp_span(NULL, 0));
}

void lp_cbor_put_int(lp_cbor_writer_t *w, int64_t v)
{
    if (v >= 0) {
        lp_cbor_put_uint(w, (uint64_t)v);
    } else {
        put_scalar(w, MAJOR_NINT, (uint64_t)(-1 - v), lp_span(NULL, 0));
    }
}

void lp_cbor_put_text(lp_cbor_writer_t *w, lp_span_t utf8)
{
    if (!lp_utf8_is_valid(utf8)) {
        fail(w, LP_E_FORMAT);
    }
    put_scalar(w, MAJOR_TEXT, utf8.len, utf8);
}

void lp_cbor_put_str(lp_cbor_writer_t *w, const char *s)
{
    lp_cbor_put_text(w, lp_span_str(s));
}

void lp_cbor_put_bytes(lp_cbor_writer_t *w, lp_span_t bytes)
{
    put_scalar(w, MAJOR_BYTES, bytes.len, bytes);
}

void lp_cbor_put_bool(lp_cbor_writer_t *w, bool v)
{
    put_scalar(w, MAJOR_SIMPLE, v ? SIMPLE_TRUE : SIMPLE_FALSE, lp_span(NULL, 0));
}

void lp_cbor_put_null(lp_cbor_writer_t *w)
{
    put_scalar(w, MAJOR_SIMPLE, SIMPLE_NULL, lp_span(NULL, 0));
}

// The smaller float of these sizes that equals the double; false: there is none. The inverse of
// the reader's widen().
static bool narrow(uint64_t bits, unsigned exponent_bits, unsigned mantissa_bits, uint64_t *out)
{
    uint64_t special = ((uint64_t)1 << exponent_bits) - 1;
    uint64_t sign = bits >> 63 << (exponent_bits + mantissa_bits);
    uint64_t exponent = bits >> 52 & 2047;
    uint64_t mantissa = bits & (((uint64_t)1 << 52) - 1);
    uint64_t shift = 1023 - special / 2; // what the exponents differ by
    unsigned dropped = 52 - mantissa_bits;
    if (exponent == 2047) {
        exponent = special;
    } else if (exponent > shift) {
        exponent -= shift;
        if (exponent >= special) {
            return false;
        }
    } else if (exponent + mantissa_bits > shift) { // a number without a leading one
        dropped += (unsigned)(shift - exponent) + 1;
        mantissa |= (uint64_t)1 << 52;
        exponent = 0;
    } else if (exponent != 0 || mantissa != 0) {
        return false;
    }
    if ((mantissa & (((uint64_t)1 << dropped) - 1)) != 0) {
        return false;
    }
    *out = sign | exponent << mantissa_bits | mantissa >> dropped;
    return true;
}

void lp_cbor_put_float_bits(lp_cbor_writer_t *w, uint64_t bits)
{
    uint8_t item[9];
    uint64_t small = 0;
    size_t len = 9;
    if (narrow(bits, 5, 10, &small)) {
        item[0] = MAJOR_SIMPLE << 5 | INFO_2_BYTES;
        lp_put_be16(item + 1, (uint16_t)small);
        len = 3;
    } else if (narrow(bits, 8, 23, &small)) {
        item[0] = MAJOR_SIMPLE << 5 | INFO_4_BYTES;
        lp_put_be32(item + 1, (uint32_t)small);
        len = 5;
    } else {
        item[0] = MAJOR_SIMPLE << 5 | INFO_8_BYTES;
        lp_put_be64(item + 1, bits);
    }
    lp_cbor_put_value(w, (lp_cbor_t){.raw = lp_span(item, len)});
}

void lp_cbor_put_value(lp_cbor_writer_t *w, lp_cbor_t v)
{
    if (v.raw.len == 0) {
        lp_cbor_put_null(w);
    } else if (begin(w)) {
        emit(w, v.raw);
        complete(w);
    }
}
