// SPDX-License-Identifier: Apache-2.0
// Where a data item ends, and whether it is well-formed up to there. No recursion: the levels are
// counted in a small table.
#include "cbor_head.h"
#include "limpet/cbor.h"
#include "limpet/endian.h"
#include "limpet/utf8.h"

#define UNTIL_BREAK UINT64_MAX

typedef struct {
    uint64_t left; // items still to come, or UNTIL_BREAK
    bool is_map;
    bool has_odd; // a key whose value is still to come, in a level that ends with a break
} level_t;

typedef struct {
    lp_span_t rest;
    level_t level[LP_CBOR_DEPTH_MAX];
    unsigned depth;
} scan_t;

static uint64_t argument(const uint8_t *p, uint8_t info)
{
    switch (info) {
    case INFO_1_BYTE:
        return p[0];
    case INFO_2_BYTES:
        return lp_get_be16(p);
    case INFO_4_BYTES:
        return lp_get_be32(p);
    default:
        return lp_get_be64(p);
    }
}

static bool indefinite_allowed(cbor_major_t major)
{
    return major != MAJOR_UINT && major != MAJOR_NINT && major != MAJOR_TAG;
}

bool lp_cbor_head(lp_span_t s, cbor_head_t *h)
{
    if (s.len == 0) {
        return false;
    }
    *h = (cbor_head_t){.major = (cbor_major_t)(s.ptr[0] >> 5), .info = s.ptr[0] & 31, .len = 1};
    if (h->info < INFO_1_BYTE) {
        h->arg = h->info;
        return true;
    }
    if (h->info > INFO_8_BYTES) {
        return h->info == INFO_INDEFINITE && indefinite_allowed(h->major);
    }
    size_t more = (size_t)1 << (h->info - INFO_1_BYTE);
    if (s.len - 1 < more) {
        return false;
    }
    h->arg = argument(s.ptr + 1, h->info);
    h->len += more;
    // A simple value below 32 has one form only, that of one byte.
    return h->major != MAJOR_SIMPLE || h->info != INFO_1_BYTE || h->arg >= 32;
}

static bool take_chunk(lp_span_t *rest, const cbor_head_t *h)
{
    if (h->arg > rest->len - h->len) {
        return false;
    }
    lp_span_t content = lp_span(rest->ptr + h->len, (size_t)h->arg);
    *rest = cbor_after(*rest, h->len + content.len);
    return h->major == MAJOR_BYTES || lp_utf8_is_valid(content);
}

static bool take_string(lp_span_t *rest, const cbor_head_t *h)
{
    cbor_head_t chunk;
    if (h->info != INFO_INDEFINITE) {
        return take_chunk(rest, h);
    }
    *rest = cbor_after(*rest, h->len);
    while (rest->len > 0 && rest->ptr[0] != CBOR_BREAK) {
        bool ok = lp_cbor_head(*rest, &chunk) && chunk.major == h->major &&
                  chunk.info != INFO_INDEFINITE && take_chunk(rest, &chunk);
        if (!ok) {
            return false;
        }
    }
    if (rest->len == 0) {
        return false;
    }
    *rest = cbor_after(*rest, 1);
    return true;
}

// An item is complete: so may be the ones around it.
static void complete(scan_t *s)
{
    while (s->depth > 0) {
        level_t *l = &s->level[s->depth - 1];
        if (l->left == UNTIL_BREAK) {
            l->has_odd = l->is_map && !l->has_odd;
            return;
        }
        if (--l->left > 0) {
            return;
        }
        s->depth--;
    }
}

static lp_err_t open_level(scan_t *s, const cbor_head_t *h)
{
    bool is_map = h->major == MAJOR_MAP;
    uint64_t left = UNTIL_BREAK;
    s->rest = cbor_after(s->rest, h->len);
    if (h->info != INFO_INDEFINITE) {
        if (h->major != MAJOR_TAG && h->arg > s->rest.len) { // an item has a byte at least
            return LP_E_FORMAT;
        }
        left = h->major == MAJOR_TAG ? 1 : is_map ? h->arg * 2 : h->arg;
    }
    if (left == 0) {
        complete(s);
        return LP_OK;
    }
    if (s->depth == LP_CBOR_DEPTH_MAX) {
        return LP_E_RANGE;
    }
    s->level[s->depth++] = (level_t){.left = left, .is_map = is_map};
    return LP_OK;
}

static lp_err_t close_level(scan_t *s)
{
    if (s->depth == 0 || s->level[s->depth - 1].left != UNTIL_BREAK ||
        s->level[s->depth - 1].has_odd) {
        return LP_E_FORMAT;
    }
    s->rest = cbor_after(s->rest, 1);
    s->depth--;
    complete(s);
    return LP_OK;
}

static lp_err_t step(scan_t *s)
{
    cbor_head_t h;
    if (!lp_cbor_head(s->rest, &h)) {
        return LP_E_FORMAT;
    }
    if (h.major == MAJOR_ARRAY || h.major == MAJOR_MAP || h.major == MAJOR_TAG) {
        return open_level(s, &h);
    }
    if (h.major == MAJOR_SIMPLE && h.info == INFO_INDEFINITE) {
        return close_level(s);
    }
    if (!cbor_is_string(&h)) {
        s->rest = cbor_after(s->rest, h.len);
    } else if (!take_string(&s->rest, &h)) {
        return LP_E_FORMAT;
    }
    complete(s);
    return LP_OK;
}

lp_err_t lp_cbor_parse_prefix(lp_span_t bytes, lp_cbor_t *root, lp_span_t *rest)
{
    scan_t s = {.rest = bytes};
    lp_err_t err = LP_OK;
    do {
        err = step(&s);
    } while (err == LP_OK && s.depth > 0);
    if (err == LP_OK) {
        *root = (lp_cbor_t){.raw = lp_span(bytes.ptr, bytes.len - s.rest.len)};
        *rest = s.rest;
    }
    return err;
}

lp_err_t lp_cbor_parse(lp_span_t bytes, lp_cbor_t *root)
{
    lp_cbor_t v;
    lp_span_t rest;
    lp_err_t err = lp_cbor_parse_prefix(bytes, &v, &rest);
    if (err == LP_OK && rest.len > 0) {
        err = LP_E_FORMAT;
    }
    if (err == LP_OK) {
        *root = v;
    }
    return err;
}
