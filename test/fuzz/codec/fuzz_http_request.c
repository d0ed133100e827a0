// SPDX-License-Identifier: Apache-2.0
// Requests: however the bytes are cut, the same is read; and nothing that is read has a control
// character in it. The first byte says where to cut.
#include <string.h>

#include "fuzz.h"
#include "limpet/http_codec.h"
#include "limpet/sha256.h"

enum { MAX_LENGTH = 200 };

static void add(lp_sha256_t *h, const char *tag, lp_span_t bytes)
{
    lp_sha256_update(h, lp_span(tag, 1));
    lp_sha256_update(h, bytes);
}

static void add_number(lp_sha256_t *h, const char *tag, uint32_t number)
{
    add(h, tag, lp_span(&number, sizeof number));
}

static void must_be_clean(lp_span_t s)
{
    for (size_t i = 0; i < s.len; i++) {
        MUST((s.ptr[i] >= ' ' || s.ptr[i] == '\t') && s.ptr[i] != 0x7F);
    }
}

static void take(lp_sha256_t *h, const lp_http_request_t *r, lp_http_event_t ev)
{
    lp_http_digest_t d;
    switch (ev) {
    case LP_HTTP_EV_MORE:
        break;
    case LP_HTTP_EV_LINE:
        MUST(r->method.len > 0 && r->target.len > 0 && r->target.ptr[0] == '/');
        must_be_clean(r->target);
        add(h, "m", r->method);
        add(h, "t", r->target);
        break;
    case LP_HTTP_EV_FIELD:
        must_be_clean(r->value);
        add_number(h, "n", (uint32_t)r->field);
        add(h, "v", r->value);
        if (lp_http_digest_read(r->value, &d) == LP_OK) {
            must_be_clean(d.nonce);
        }
        break;
    case LP_HTTP_EV_HEAD:
        MUST(r->length <= MAX_LENGTH);
        add_number(h, "l", r->length);
        break;
    case LP_HTTP_EV_BODY:
        MUST(r->piece.len > 0);
        lp_sha256_update(h, r->piece);
        break;
    case LP_HTTP_EV_DONE:
        add_number(h, "d", r->is_last);
        break;
    case LP_HTTP_EV_BAD:
        MUST(r->status >= 400 && strcmp(lp_http_reason(r->status), "Error") != 0);
        add_number(h, "b", r->status);
        break;
    }
}

static void read_all(lp_span_t bytes, size_t cut, uint8_t digest[LP_SHA256_LEN])
{
    lp_http_request_t r;
    lp_sha256_t h;
    lp_http_event_t ev = LP_HTTP_EV_MORE;
    lp_http_request_init(&r, MAX_LENGTH);
    lp_sha256_init(&h);
    while (bytes.len > 0 && ev != LP_HTTP_EV_BAD) {
        lp_span_t in = lp_span(bytes.ptr, bytes.len < cut ? bytes.len : cut);
        bytes = lp_span(bytes.ptr + in.len, bytes.len - in.len);
        while ((ev = lp_http_request_feed(&r, &in)) != LP_HTTP_EV_MORE && ev != LP_HTTP_EV_BAD) {
            take(&h, &r, ev);
        }
        take(&h, &r, ev);
    }
    lp_sha256_final(&h, digest);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t whole[LP_SHA256_LEN];
    uint8_t cut[LP_SHA256_LEN];
    if (size < 2) {
        return 0;
    }
    read_all(lp_span(data + 1, size - 1), size, whole);
    read_all(lp_span(data + 1, size - 1), 1u + data[0] % 16, cut);
    MUST(memcmp(whole, cut, sizeof whole) == 0);
    return 0;
}
