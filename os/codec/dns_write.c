// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "limpet/dns.h"
#include "limpet/endian.h"

enum { POINTER = 0xC000, POINTER_MAX = 0x3FFF, COUNTS_AT = 4 };

void lp_dns_write(lp_dns_writer_t *w, uint8_t *bytes, size_t cap, uint16_t id, uint16_t flags)
{
    *w = (lp_dns_writer_t){.bytes_ = bytes, .cap_ = cap, .len_ = LP_DNS_HEAD_BYTES};
    memset(bytes, 0, LP_DNS_HEAD_BYTES);
    lp_put_be16(bytes, id);
    lp_put_be16(bytes + 2, flags);
}

static bool put(lp_dns_writer_t *w, const void *bytes, size_t len)
{
    if (w->cap_ - w->len_ < len) {
        return false;
    }
    if (len > 0) {
        memcpy(w->bytes_ + w->len_, bytes, len);
    }
    w->len_ += len;
    return true;
}

static bool put_16(lp_dns_writer_t *w, uint16_t value)
{
    uint8_t bytes[2];
    lp_put_be16(bytes, value);
    return put(w, bytes, sizeof bytes);
}

// Whether the name at `at`, as it was written here, is the one that starts at `rest`.
static bool is_written_at(const lp_dns_writer_t *w, size_t at, const uint8_t *rest)
{
    while (true) {
        while ((w->bytes_[at] & 0xC0) == 0xC0) {
            at = lp_get_be16(w->bytes_ + at) & POINTER_MAX;
        }
        const size_t n = 1u + w->bytes_[at];
        if (w->bytes_[at] != *rest || memcmp(w->bytes_ + at, rest, n) != 0) { // in its bounds
            return false;
        }
        if (n == 1) {
            return true;
        }
        at += n;
        rest += n;
    }
}

// 0: it was not written yet.
static uint16_t find_suffix(const lp_dns_writer_t *w, const uint8_t *rest)
{
    for (size_t i = 0; i < w->suffix_count_; i++) {
        if (is_written_at(w, w->suffixes_[i], rest)) {
            return w->suffixes_[i];
        }
    }
    return 0;
}

static bool put_name(lp_dns_writer_t *w, const lp_dns_name_t *name)
{
    const uint8_t before = w->suffix_count_;
    const uint8_t *rest = name->bytes;
    uint16_t fresh[LP_DNS_SUFFIXES];
    uint8_t count = 0;
    bool is_ok = true;
    while (is_ok && *rest != 0) {
        const uint16_t to = find_suffix(w, rest);
        if (to != 0) {
            is_ok = put_16(w, (uint16_t)(POINTER | to));
            break;
        }
        if (before + count < LP_DNS_SUFFIXES && w->len_ <= POINTER_MAX) {
            fresh[count++] = (uint16_t)w->len_;
        }
        is_ok = put(w, rest, 1u + *rest);
        rest += 1u + *rest;
    }
    if (is_ok && *rest == 0) {
        is_ok = put(w, rest, 1);
    }
    // Only now: a name that is half written must not be compared with.
    if (is_ok && count > 0) {
        memcpy(w->suffixes_ + before, fresh, count * sizeof fresh[0]);
        w->suffix_count_ = (uint8_t)(before + count);
    }
    return is_ok;
}

static lp_err_t undo(lp_dns_writer_t *w, const lp_dns_writer_t *before)
{
    w->len_ = before->len_;
    w->suffix_count_ = before->suffix_count_;
    return LP_E_NOSPACE;
}

static void count(lp_dns_writer_t *w, lp_dns_part_t part)
{
    uint8_t *at = w->bytes_ + COUNTS_AT + 2 * (size_t)part;
    lp_put_be16(at, (uint16_t)(lp_get_be16(at) + 1));
}

lp_err_t lp_dns_put_question(lp_dns_writer_t *w, const lp_dns_name_t *name, uint16_t type,
                             uint16_t class_)
{
    const lp_dns_writer_t before = *w;
    if (!put_name(w, name) || !put_16(w, type) || !put_16(w, class_)) {
        return undo(w, &before);
    }
    count(w, LP_DNS_QUESTION);
    return LP_OK;
}

static bool begin(lp_dns_writer_t *w, const lp_dns_record_t *record)
{
    uint8_t ttl[4];
    lp_put_be32(ttl, record->ttl_s);
    const uint16_t top = record->has_top_bit ? LP_DNS_TOP_BIT : 0;
    if (!put_name(w, &record->name) || !put_16(w, record->type) ||
        !put_16(w, record->class_ | top) || !put(w, ttl, sizeof ttl) || !put_16(w, 0)) {
        return false;
    }
    w->data_at_ = w->len_;
    return true;
}

static lp_err_t end(lp_dns_writer_t *w, lp_dns_part_t part)
{
    lp_put_be16(w->bytes_ + w->data_at_ - 2, (uint16_t)(w->len_ - w->data_at_));
    count(w, part);
    return LP_OK;
}

lp_err_t lp_dns_put(lp_dns_writer_t *w, lp_dns_part_t part, const lp_dns_record_t *record)
{
    const lp_dns_writer_t before = *w;
    if (record->data.len > UINT16_MAX || !begin(w, record) ||
        !put(w, record->data.ptr, record->data.len)) {
        return undo(w, &before);
    }
    return end(w, part);
}

lp_err_t lp_dns_put_ptr(lp_dns_writer_t *w, lp_dns_part_t part, const lp_dns_record_t *record,
                        const lp_dns_name_t *target)
{
    const lp_dns_writer_t before = *w;
    if (!begin(w, record) || !put_name(w, target)) {
        return undo(w, &before);
    }
    return end(w, part);
}

lp_err_t lp_dns_put_srv(lp_dns_writer_t *w, lp_dns_part_t part, const lp_dns_record_t *record,
                        const lp_dns_srv_t *srv)
{
    const lp_dns_writer_t before = *w;
    if (!begin(w, record) || !put_16(w, srv->priority) || !put_16(w, srv->weight) ||
        !put_16(w, srv->port) || !put_name(w, &srv->target)) {
        return undo(w, &before);
    }
    return end(w, part);
}

lp_span_t lp_dns_written(const lp_dns_writer_t *w)
{
    return lp_span(w->bytes_, w->len_);
}
