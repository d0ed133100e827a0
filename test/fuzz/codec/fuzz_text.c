// SPDX-License-Identifier: Apache-2.0
// PEM, base64, hex and UTF-8: what decodes encodes to the same text, or at least to the same bytes.
#include <string.h>

#include "fuzz.h"
#include "limpet/base64.h"
#include "limpet/hex.h"
#include "limpet/pem.h"
#include "limpet/utf8.h"

enum { CAP = 1 << 16 };

static uint8_t first[CAP];
static uint8_t second[CAP];
static uint8_t third[CAP];

static void try_base64(lp_span_t text)
{
    lp_buf_t bytes = lp_buf(first, CAP);
    lp_buf_t back = lp_buf(second, CAP);
    if (lp_base64_decode(&bytes, text) != LP_OK) {
        MUST(bytes.len == 0);
        return;
    }
    MUST(lp_base64_encode(&back, lp_buf_span(&bytes)) == LP_OK);
    MUST(lp_span_equal(lp_buf_span(&back), text));
}

static void try_hex(lp_span_t text)
{
    lp_buf_t bytes = lp_buf(first, CAP);
    lp_buf_t back = lp_buf(second, CAP);
    if (lp_hex_decode(&bytes, text) != LP_OK) {
        MUST(bytes.len == 0);
        return;
    }
    MUST(lp_hex_encode(&back, lp_buf_span(&bytes)) == LP_OK && back.len == text.len);
}

static void try_pem(lp_span_t text)
{
    for (;;) {
        lp_span_t before = text;
        lp_buf_t der = lp_buf(first, CAP);
        lp_err_t err = lp_pem_decode(&text, "CERTIFICATE", &der);
        if (err != LP_OK) {
            MUST(der.len == 0 && text.ptr == before.ptr && text.len == before.len);
            return;
        }
        const size_t used = before.len - text.len; // the same over the text itself
        memcpy(third, before.ptr, used);
        lp_span_t itself = lp_span(third, used);
        lp_buf_t over = lp_buf(third, used);
        MUST(lp_pem_decode(&itself, "CERTIFICATE", &over) == LP_OK);
        MUST(lp_span_equal(lp_buf_span(&over), lp_buf_span(&der)));
        lp_buf_t pem = lp_buf(second, CAP);
        MUST(lp_pem_encode(&pem, "CERTIFICATE", lp_buf_span(&der)) == LP_OK);
        MUST(pem.len <= LP_PEM_LEN(der.len, 11));
        lp_span_t again = lp_buf_span(&pem);
        lp_buf_t back = lp_buf(third, CAP);
        MUST(lp_pem_decode(&again, "CERTIFICATE", &back) == LP_OK && again.len == 0);
        MUST(lp_span_equal(lp_buf_span(&der), lp_buf_span(&back)));
    }
}

static void try_utf8(lp_span_t s)
{
    bool is_valid = lp_utf8_is_valid(s);
    while (s.len > 0) {
        uint32_t cp = 0;
        uint8_t bytes[4];
        size_t len = lp_utf8_next(s, &cp);
        if (len == 0) {
            MUST(!is_valid);
            return;
        }
        MUST(lp_utf8_put(bytes, cp) == len && memcmp(bytes, s.ptr, len) == 0);
        s = lp_span(s.ptr + len, s.len - len);
    }
    MUST(is_valid);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size <= CAP / 4) {
        lp_span_t in = lp_span(data, size);
        try_base64(in);
        try_hex(in);
        try_pem(in);
        try_utf8(in);
    }
    return 0;
}
