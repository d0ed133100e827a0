// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "limpet/dns.h"
#include "limpet/endian.h"

enum { KIND = 0xC0, POINTER = 0xC0, OFFSET = 0x3FFF, PARTS = 4 };

// Reads the name at *at, which may point anywhere before itself. *at is behind it then.
static lp_err_t read_name(lp_span_t message, size_t *at, size_t end, lp_dns_name_t *name)
{
    size_t pos = *at;
    size_t start = pos; // of the labels that are read now: the next pointer must lead before it
    size_t limit = end;
    bool has_jumped = false;
    lp_dns_name_clear(name);
    while (pos < limit) {
        const uint8_t n = message.ptr[pos];
        if ((n & KIND) == POINTER) {
            if (limit - pos < 2) {
                return LP_E_FORMAT;
            }
            const size_t to = lp_get_be16(message.ptr + pos) & OFFSET;
            if (!has_jumped) {
                *at = pos + 2;
                has_jumped = true;
            }
            if (to < LP_DNS_HEAD_BYTES || to >= start) {
                return LP_E_FORMAT;
            }
            limit = start; // and what is pointed to ends before it
            start = pos = to;
            continue;
        }
        if ((n & KIND) != 0 || limit - pos < 1u + n) {
            return LP_E_FORMAT;
        }
        if (n == 0) {
            *at = has_jumped ? *at : pos + 1;
            return LP_OK;
        }
        if (lp_dns_name_add(name, lp_span(message.ptr + pos + 1, n)) != LP_OK) {
            return LP_E_FORMAT;
        }
        pos += 1u + n;
    }
    return LP_E_FORMAT;
}

lp_err_t lp_dns_read(lp_dns_reader_t *r, lp_span_t message)
{
    if (message.len < LP_DNS_HEAD_BYTES) {
        return LP_E_FORMAT;
    }
    *r = (lp_dns_reader_t){.message_ = message, .at_ = LP_DNS_HEAD_BYTES};
    r->id = lp_get_be16(message.ptr);
    r->flags = lp_get_be16(message.ptr + 2);
    for (size_t i = 0; i < PARTS; i++) {
        r->counts[i] = lp_get_be16(message.ptr + 4 + 2 * i);
    }
    return LP_OK;
}

static lp_err_t read_data(lp_dns_reader_t *r, lp_dns_record_t *record)
{
    if (r->message_.len - r->at_ < 6) {
        return LP_E_FORMAT;
    }
    const uint8_t *p = r->message_.ptr + r->at_;
    const size_t len = lp_get_be16(p + 4);
    record->ttl_s = lp_get_be32(p);
    if (r->message_.len - r->at_ - 6 < len) {
        return LP_E_FORMAT;
    }
    record->data = lp_span(p + 6, len);
    r->at_ += 6 + len;
    return LP_OK;
}

static lp_err_t read_record(lp_dns_reader_t *r, lp_dns_record_t *record)
{
    const lp_err_t err = read_name(r->message_, &r->at_, r->message_.len, &record->name);
    if (err != LP_OK || r->message_.len - r->at_ < 4) {
        return LP_E_FORMAT;
    }
    const uint16_t class_ = lp_get_be16(r->message_.ptr + r->at_ + 2);
    record->type = lp_get_be16(r->message_.ptr + r->at_);
    record->class_ = class_ & (uint16_t)~LP_DNS_TOP_BIT;
    record->has_top_bit = (class_ & LP_DNS_TOP_BIT) != 0;
    record->ttl_s = 0;
    record->data = lp_span(NULL, 0);
    r->at_ += 4;
    return record->part == LP_DNS_QUESTION ? LP_OK : read_data(r, record);
}

lp_err_t lp_dns_next(lp_dns_reader_t *r, lp_dns_record_t *record)
{
    size_t part = 0;
    while (part < PARTS && r->counts[part] == 0) {
        part++;
    }
    if (part == PARTS) {
        return LP_E_NOT_FOUND;
    }
    r->counts[part]--;
    record->part = (lp_dns_part_t)part;
    const lp_err_t err = read_record(r, record);
    if (err != LP_OK) {
        memset(r->counts, 0, sizeof r->counts);
    }
    return err;
}

// The name at `skip` in the data, up to its end.
static lp_err_t data_name(const lp_dns_reader_t *r, const lp_dns_record_t *record, size_t skip,
                          lp_dns_name_t *name)
{
    size_t at = (size_t)(record->data.ptr - r->message_.ptr) + skip;
    const size_t end = at - skip + record->data.len;
    const lp_err_t err = read_name(r->message_, &at, end, name);
    return err == LP_OK && at == end ? LP_OK : LP_E_FORMAT;
}

lp_err_t lp_dns_data_ptr(const lp_dns_reader_t *r, const lp_dns_record_t *record,
                         lp_dns_name_t *name)
{
    return data_name(r, record, 0, name);
}

lp_err_t lp_dns_data_srv(const lp_dns_reader_t *r, const lp_dns_record_t *record, lp_dns_srv_t *srv)
{
    if (record->data.len < 6) {
        return LP_E_FORMAT;
    }
    srv->priority = lp_get_be16(record->data.ptr);
    srv->weight = lp_get_be16(record->data.ptr + 2);
    srv->port = lp_get_be16(record->data.ptr + 4);
    return data_name(r, record, 6, &srv->target);
}

lp_err_t lp_dns_txt_next(lp_span_t *data, lp_span_t *string)
{
    if (data->len == 0) {
        return LP_E_NOT_FOUND;
    }
    const size_t len = data->ptr[0];
    if (data->len - 1 < len) {
        return LP_E_FORMAT;
    }
    *string = lp_span(data->ptr + 1, len);
    *data = lp_span(data->ptr + 1 + len, data->len - 1 - len);
    return LP_OK;
}
