// SPDX-License-Identifier: Apache-2.0
// DNS messages: whatever is read keeps to the limits, and says the same when it was written, with
// compression, and read again.
#include <string.h>

#include "fuzz.h"
#include "limpet/dns.h"

static uint8_t written[70000];

static void check_name(const lp_dns_name_t *name)
{
    size_t at = 0;
    MUST(name->len >= 1 && name->len <= LP_DNS_NAME_MAX);
    while (name->bytes[at] != 0) {
        MUST(name->bytes[at] <= LP_DNS_LABEL_MAX);
        at += 1u + name->bytes[at];
        MUST(at < name->len);
    }
    MUST(at + 1 == name->len);
    MUST(lp_dns_name_is_equal(name, name));
}

static void check_strings(lp_span_t data)
{
    lp_span_t string;
    size_t total = 0;
    const size_t len = data.len;
    while (lp_dns_txt_next(&data, &string) == LP_OK) {
        total += 1 + string.len;
    }
    MUST(total <= len);
}

// false: there was no room; what comes later would not be in order any more.
static bool write_again(lp_dns_writer_t *w, const lp_dns_reader_t *r, const lp_dns_record_t *record)
{
    lp_dns_name_t target;
    lp_dns_srv_t srv;
    lp_err_t err;
    if (record->part == LP_DNS_QUESTION) {
        const uint16_t top = record->has_top_bit ? LP_DNS_TOP_BIT : 0;
        err = lp_dns_put_question(w, &record->name, record->type, record->class_ | top);
    } else if (lp_dns_data_ptr(r, record, &target) == LP_OK) {
        check_name(&target);
        err = lp_dns_put_ptr(w, record->part, record, &target);
    } else if (lp_dns_data_srv(r, record, &srv) == LP_OK) {
        check_name(&srv.target);
        err = lp_dns_put_srv(w, record->part, record, &srv);
    } else {
        err = lp_dns_put(w, record->part, record);
    }
    MUST(err == LP_OK || err == LP_E_NOSPACE);
    return err == LP_OK;
}

static bool is_same(const lp_dns_record_t *a, const lp_dns_record_t *b)
{
    return a->part == b->part && a->type == b->type && a->class_ == b->class_ &&
           a->has_top_bit == b->has_top_bit && a->ttl_s == b->ttl_s && a->name.len == b->name.len &&
           memcmp(a->name.bytes, b->name.bytes, a->name.len) == 0;
}

// `second` was made of `first`: the same up to where it was full.
static void compare(lp_span_t first, lp_span_t second)
{
    static lp_dns_record_t one;
    static lp_dns_record_t two;
    lp_dns_reader_t a;
    lp_dns_reader_t b;
    MUST(lp_dns_read(&a, first) == LP_OK && lp_dns_read(&b, second) == LP_OK);
    while (true) {
        const lp_err_t err = lp_dns_next(&b, &two);
        MUST(err == LP_OK || err == LP_E_NOT_FOUND);
        if (err != LP_OK) {
            return;
        }
        MUST(lp_dns_next(&a, &one) == LP_OK && is_same(&one, &two));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static lp_dns_record_t record;
    lp_dns_reader_t r;
    lp_dns_writer_t w;
    if (lp_dns_read(&r, lp_span(data, size)) != LP_OK) {
        MUST(size < LP_DNS_HEAD_BYTES);
        return 0;
    }
    lp_dns_write(&w, written, sizeof written, r.id, r.flags);
    lp_err_t err;
    // Each record costs time in proportion to its names, and a message has 65,535 of them at most.
    bool is_writing = true;
    for (unsigned n = 0; (err = lp_dns_next(&r, &record)) == LP_OK && n < 300; n++) {
        check_name(&record.name);
        check_strings(record.data);
        is_writing = is_writing && write_again(&w, &r, &record);
    }
    MUST(err == LP_OK || err == LP_E_NOT_FOUND || err == LP_E_FORMAT);
    compare(lp_span(data, size), lp_dns_written(&w));
    return 0;
}
