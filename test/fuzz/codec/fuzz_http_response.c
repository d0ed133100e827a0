// SPDX-License-Identifier: Apache-2.0
// Responses of a server: what comes out is the same however the bytes are cut, and within limits.
#include <string.h>

#include "fuzz.h"
#include "limpet/http_response.h"

enum { BODY_MAX = 2000, OUT_MAX = 4096 };

typedef struct {
    uint8_t body[OUT_MAX];
    size_t body_len;
    unsigned fields, heads, status;
    lp_http_rsp_event_t last;
    lp_err_t err, end;
    size_t taken;
} story_t;

static void run(story_t *s, const uint8_t *data, size_t size, size_t cut, bool is_head)
{
    static lp_http_response_t r;
    size_t at = 0;
    memset(s, 0, sizeof *s);
    lp_http_response_init(&r, is_head, BODY_MAX);
    s->last = LP_HTTP_RSP_MORE;
    while (s->last != LP_HTTP_RSP_DONE && s->last != LP_HTTP_RSP_BAD) {
        const size_t len = size - at < cut ? size - at : cut;
        lp_span_t in = lp_span(data + at, len);
        s->last = lp_http_response_feed(&r, &in);
        at += len - in.len;
        s->fields += s->last == LP_HTTP_RSP_FIELD ? 1 : 0;
        s->heads += s->last == LP_HTTP_RSP_HEAD ? 1 : 0;
        if (s->last == LP_HTTP_RSP_BODY) {
            MUST(s->heads == 1 && r.piece.len > 0 && s->body_len + r.piece.len <= BODY_MAX);
            MUST(!is_head && r.status != 204 && r.status != 304);
            memcpy(s->body + s->body_len, r.piece.ptr, r.piece.len);
            s->body_len += r.piece.len;
        }
        if (s->last == LP_HTTP_RSP_MORE && at == size) {
            s->end = lp_http_response_end(&r);
            break;
        }
        MUST(s->last != LP_HTTP_RSP_MORE || in.len == 0);
    }
    MUST(s->heads <= 1);
    s->status = r.status;
    s->err = r.err;
    s->taken = at;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static story_t whole;
    static story_t bytes;
    if (size < 2) {
        return 0;
    }
    const bool is_head = (data[0] & 1) != 0;
    const size_t cut = 1 + data[1] % 7;
    run(&whole, data + 2, size - 2, size, is_head);
    run(&bytes, data + 2, size - 2, cut, is_head);
    // A body without a length may break a piece earlier when it comes at once.
    if (whole.err == LP_E_RANGE || bytes.err == LP_E_RANGE) {
        MUST(whole.err == bytes.err);
        return 0;
    }
    MUST(whole.last == bytes.last && whole.err == bytes.err && whole.end == bytes.end);
    MUST(whole.status == bytes.status && whole.fields == bytes.fields);
    MUST(whole.taken == bytes.taken && whole.body_len == bytes.body_len);
    MUST(memcmp(whole.body, bytes.body, whole.body_len) == 0);
    return 0;
}
