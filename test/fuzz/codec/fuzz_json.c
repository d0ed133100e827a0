// SPDX-License-Identifier: Apache-2.0
// Any bytes: parsing either fails or yields values that all accessors agree about, and that survive
// being written and read again.
#include "fuzz.h"
#include "limpet/json.h"

enum { CAP = 1 << 16 };

static uint8_t mem[CAP];
static uint8_t again[CAP];

static void visit(lp_json_t v, unsigned depth);

static void visit_children(lp_json_t v, unsigned depth)
{
    lp_json_iter_t it;
    lp_json_t key;
    lp_json_t child;
    size_t count = 0;
    MUST(lp_json_iter(v, &it) == LP_OK);
    while (lp_json_next(&it, &key, &child)) {
        bool has_key = lp_json_type(key) == LP_JSON_STRING;
        MUST(has_key == (lp_json_type(v) == LP_JSON_OBJECT));
        MUST(child.raw.ptr > v.raw.ptr && child.raw.len < v.raw.len);
        visit(child, depth + 1);
        if (has_key) {
            visit(key, depth + 1);
        }
        count++;
    }
    MUST(count == lp_json_count(v));
}

static void visit_string(lp_json_t v)
{
    lp_buf_t b = lp_buf(mem, v.raw.len); // the text of a string is never shorter than what it says
    char s[64];
    lp_json_t found;
    MUST(lp_json_str(v, &b) == LP_OK);
    lp_err_t err = lp_json_cstr(v, s, sizeof s);
    if (err == LP_OK) {
        MUST(lp_json_equal_str(v, s));
    }
    MUST(lp_json_get(v, "a", &found) == LP_E_INVALID);
}

static void visit_number(lp_json_t v)
{
    int64_t i = 0;
    uint32_t u = 0;
    if (lp_json_u32(v, UINT32_MAX, &u) == LP_OK) {
        MUST(lp_json_int(v, 0, UINT32_MAX, &i) == LP_OK && i == (int64_t)u);
    }
    for (unsigned decimals = 0; decimals <= 9; decimals++) {
        (void)lp_json_fixed(v, decimals, &i);
    }
}

static void visit(lp_json_t v, unsigned depth)
{
    bool b;
    lp_json_t found;
    MUST(depth <= LP_JSON_DEPTH_MAX);
    switch (lp_json_type(v)) {
    case LP_JSON_NONE:
        abort();
    case LP_JSON_NULL:
        MUST(lp_json_is_null(v));
        break;
    case LP_JSON_BOOL:
        MUST(lp_json_bool(v, &b) == LP_OK);
        break;
    case LP_JSON_NUMBER:
        visit_number(v);
        break;
    case LP_JSON_STRING:
        visit_string(v);
        break;
    case LP_JSON_OBJECT:
        (void)lp_json_get(v, "a", &found);
        (void)lp_json_find(v, "a.b", &found);
        visit_children(v, depth);
        break;
    case LP_JSON_ARRAY:
        visit_children(v, depth);
        break;
    }
}

static size_t write_value(lp_json_t v, uint8_t *to)
{
    lp_buf_t b = lp_buf(to, CAP);
    lp_json_writer_t w;
    lp_json_init(&w, &b);
    lp_json_put_value(&w, v);
    return lp_json_done(&w) == LP_OK ? b.len : 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    lp_json_t root;
    lp_span_t rest;
    if (size > CAP / 2 || lp_json_parse_prefix(lp_span(data, size), &root, &rest) != LP_OK) {
        return 0;
    }
    MUST(rest.ptr + rest.len == data + size);
    visit(root, 0);
    size_t len = write_value(root, mem);
    lp_json_t copy;
    MUST(len > 0 && lp_json_parse(lp_span(mem, len), &copy) == LP_OK);
    MUST(write_value(copy, again) == len);
    MUST(lp_span_equal(lp_span(mem, len), lp_span(again, len)));
    return 0;
}
