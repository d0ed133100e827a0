// SPDX-License-Identifier: Apache-2.0
#include "store_index.h"

#include <string.h>

#include "limpet/crc.h"
#include "limpet/port/flash.h"
#include "store_records.h"

// -- the index of live values

bool lp_store_key_is(uint32_t at, size_t key_len, lp_span_t key)
{
    uint8_t found[LP_STORE_KEY_MAX];
    return key_len == key.len && key_len < sizeof found &&
           lp_port_flash_read(at + ITEM_HEADER_BYTES, found, key_len) == LP_OK &&
           memcmp(found, key.ptr, key_len) == 0;
}

lp_store_entry_t *lp_store_find(const lp_store_t *s, lp_span_t key)
{
    const uint32_t hash = lp_crc32(0, key);
    for (uint16_t i = 0; i < s->count_; i++) {
        lp_store_entry_t *e = &s->config_.entries[i];
        if (e->key_hash == hash && lp_store_key_is(e->at, e->key_len, key)) {
            return e;
        }
    }
    return NULL;
}

static void drop(lp_store_t *s, lp_store_entry_t *e)
{
    if (e != NULL) {
        *e = s->config_.entries[--s->count_];
    }
}

// false: no room in the index.
static bool keep(lp_store_t *s, lp_span_t key, const item_t *item)
{
    lp_store_entry_t *e = lp_store_find(s, key);
    if (e == NULL) {
        if (s->count_ == s->config_.max_entries) {
            return false;
        }
        e = &s->config_.entries[s->count_++];
    }
    *e = (lp_store_entry_t){.at = item->at,
                            .key_len = item->key_len,
                            .value_len = item->value_len,
                            .key_hash = lp_crc32(0, key)};
    return true;
}

static bool is_item_sane(const item_t *item, uint32_t left)
{
    return item->key_len > 0 && item->key_len < LP_STORE_KEY_MAX && item->flags <= 1 &&
           item->value_len <= LP_STORE_VALUE_MAX &&
           (uint32_t)ITEM_HEADER_BYTES + item->key_len + item->value_len <= left;
}

lp_err_t lp_store_index_body(lp_store_t *s, uint32_t at, uint32_t len)
{
    while (len > 0) {
        item_t item;
        uint8_t key[LP_STORE_KEY_MAX];
        if (len < ITEM_HEADER_BYTES) {
            return LP_E_FORMAT;
        }
        lp_err_t err = lp_store_read_item(at, &item);
        if (err == LP_OK && !is_item_sane(&item, len)) {
            err = LP_E_FORMAT;
        }
        if (err == LP_OK) {
            err = lp_port_flash_read(at + ITEM_HEADER_BYTES, key, item.key_len);
        }
        if (err != LP_OK) {
            return err;
        }
        const lp_span_t name = lp_span(key, item.key_len);
        if ((item.flags & ITEM_IS_REMOVAL) != 0) {
            drop(s, lp_store_find(s, name));
        } else if (!keep(s, name, &item)) {
            return LP_E_FORMAT;
        }
        const uint32_t used = (uint32_t)ITEM_HEADER_BYTES + item.key_len + item.value_len;
        at += used;
        len -= used;
    }
    return LP_OK;
}

// -- reading a bank

// What stands at `pos` is no valid record. Torn, when it is the last thing in the bank.
static lp_err_t judge_rest(lp_store_t *s, uint32_t pos)
{
    bool is_blank = true;
    if (pos < s->bank_bytes_) {
        const lp_err_t err = lp_store_is_blank(lp_store_bank_base(s, s->bank_) + pos,
                                               s->bank_bytes_ - pos, &is_blank);
        if (err != LP_OK) {
            return err;
        }
    }
    s->must_compact_ = true;
    if (!is_blank) {
        s->health = LP_STORE_DAMAGED;
    } else if (s->health == LP_STORE_CLEAN) {
        s->health = LP_STORE_TORN;
    }
    return LP_OK;
}

// Takes the record at *pos and moves *pos behind it.
static lp_err_t take_record(lp_store_t *s, uint32_t *pos, const record_header_t *h)
{
    const uint32_t body_at = lp_store_bank_base(s, s->bank_) + *pos + RECORD_HEADER_BYTES;
    *pos += lp_store_round_up(s, RECORD_HEADER_BYTES + h->body_len);
    uint32_t crc = 0;
    lp_err_t err = lp_store_crc_of_flash(body_at, h->body_len, &crc);
    if (err == LP_OK && crc != h->body_crc) {
        return judge_rest(s, *pos); // the records behind it are read all the same
    }
    if (err == LP_OK) {
        err = lp_store_index_body(s, body_at, h->body_len);
    }
    if (err == LP_E_FORMAT) {
        s->health = LP_STORE_DAMAGED;
        s->must_compact_ = true;
        err = LP_OK;
    }
    return err;
}

static lp_err_t end_of_records(lp_store_t *s, uint32_t pos, const record_header_t *h)
{
    // One call programs this much at most, so a torn header is followed by no more than that.
    const uint32_t torn_end = pos + LP_STORE_PAGE_MAX / s->page_bytes_ * s->page_bytes_;
    if (!h->is_blank) {
        return judge_rest(s, torn_end);
    }
    bool is_blank = true;
    lp_err_t err = LP_OK;
    if (pos < s->bank_bytes_) {
        err = lp_store_is_blank(lp_store_bank_base(s, s->bank_) + pos, s->bank_bytes_ - pos,
                                &is_blank);
    }
    return err == LP_OK && !is_blank ? judge_rest(s, torn_end) : err;
}

lp_err_t lp_store_scan_bank(lp_store_t *s)
{
    uint32_t pos = lp_store_first_pos(s);
    s->count_ = 0;
    s->must_compact_ = false;
    for (;;) {
        record_header_t h;
        lp_err_t err = lp_store_read_record_header(s, s->bank_, pos, &h);
        if (err == LP_OK && (h.is_blank || !h.is_valid)) {
            s->end_ = pos;
            return end_of_records(s, pos, &h);
        }
        if (err == LP_OK) {
            err = take_record(s, &pos, &h);
        }
        if (err != LP_OK) {
            return err;
        }
    }
}
