// SPDX-License-Identifier: Apache-2.0
#include "limpet/store.h"

#include <string.h>

#include "limpet/port/flash.h"
#include "store_index.h"
#include "store_records.h"

// -- opening

static lp_err_t choose_bank(lp_store_t *s)
{
    s->has_bank_ = false;
    s->generation_ = 0;
    for (unsigned bank = 0; bank < 2; bank++) {
        bool is_valid = false;
        uint32_t generation = 0;
        const lp_err_t err = lp_store_read_bank_header(s, bank, &is_valid, &generation);
        if (err != LP_OK) {
            return err;
        }
        if (is_valid && (!s->has_bank_ || generation > s->generation_)) {
            s->has_bank_ = true;
            s->bank_ = (uint8_t)bank;
            s->generation_ = generation;
        }
    }
    return LP_OK;
}

static lp_err_t check_geometry(lp_store_t *s)
{
    const lp_flash_geometry_t g = lp_port_flash_geometry();
    const lp_store_config_t *c = &s->config_;
    const bool is_sane = g.page_bytes > 0 && g.page_bytes <= LP_STORE_PAGE_MAX &&
                         g.sector_bytes > 0 && g.sector_bytes % g.page_bytes == 0;
    if (!is_sane || c->entries == NULL || c->size_bytes == 0 || c->offset > g.size_bytes ||
        c->size_bytes > g.size_bytes - c->offset || c->offset % g.sector_bytes != 0 ||
        c->size_bytes % (2 * g.sector_bytes) != 0) {
        return LP_E_INVALID;
    }
    s->bank_bytes_ = c->size_bytes / 2;
    s->page_bytes_ = g.page_bytes;
    return LP_OK;
}

// No bank has a valid header: the flash is new, or the first put ever was cut, or it is damaged.
static lp_err_t judge_no_bank(lp_store_t *s)
{
    bool is_blank = false;
    bool is_torn = false;
    lp_err_t err = lp_store_is_blank(s->config_.offset, s->config_.size_bytes, &is_blank);
    if (err == LP_OK) {
        err = lp_store_is_first_header_torn(s, &is_torn);
    }
    s->health = is_blank ? LP_STORE_FRESH : is_torn ? LP_STORE_TORN : LP_STORE_DAMAGED;
    return err;
}

lp_err_t lp_store_open(lp_store_t *s, const lp_store_config_t *config)
{
    *s = (lp_store_t){.config_ = *config};
    lp_err_t err = check_geometry(s);
    if (err == LP_OK) {
        err = choose_bank(s);
    }
    if (err == LP_OK && s->has_bank_) {
        s->health = LP_STORE_CLEAN;
        err = lp_store_scan_bank(s);
    } else if (err == LP_OK) {
        err = judge_no_bank(s);
    }
    s->is_open_ = err == LP_OK;
    return err;
}

// -- reading values

lp_err_t lp_store_get(const lp_store_t *s, const char *key, lp_buf_t *out)
{
    const lp_store_entry_t *e = lp_store_find(s, lp_span_str(key));
    if (e == NULL) {
        return LP_E_NOT_FOUND;
    }
    if (out->cap - out->len < e->value_len) {
        return LP_E_NOSPACE;
    }
    const uint32_t at = e->at + ITEM_HEADER_BYTES + e->key_len;
    const lp_err_t err = lp_port_flash_read(at, out->ptr + out->len, e->value_len);
    if (err == LP_OK) {
        out->len += e->value_len;
    }
    return err;
}

lp_err_t lp_store_read(const lp_store_t *s, const char *key, size_t at, uint8_t *to, size_t n)
{
    const lp_store_entry_t *e = lp_store_find(s, lp_span_str(key));
    if (e == NULL) {
        return LP_E_NOT_FOUND;
    }
    if (at > e->value_len || n > e->value_len - at) {
        return LP_E_RANGE;
    }
    return lp_port_flash_read(e->at + ITEM_HEADER_BYTES + e->key_len + (uint32_t)at, to, n);
}

lp_err_t lp_store_len(const lp_store_t *s, const char *key, size_t *len)
{
    const lp_store_entry_t *e = lp_store_find(s, lp_span_str(key));
    if (e == NULL) {
        return LP_E_NOT_FOUND;
    }
    *len = e->value_len;
    return LP_OK;
}

lp_err_t lp_store_each(const lp_store_t *s, lp_store_each_fn *fn, void *ctx)
{
    for (uint16_t i = 0; i < s->count_; i++) {
        const lp_store_entry_t *e = &s->config_.entries[i];
        uint8_t key[LP_STORE_KEY_MAX] = {0};
        const lp_err_t err = lp_port_flash_read(e->at + ITEM_HEADER_BYTES, key, e->key_len);
        if (err != LP_OK) {
            return err;
        }
        fn(ctx, (const char *)key, e->value_len);
    }
    return LP_OK;
}

// -- writing

// Whether what is on the flash for this item is what it asks for.
static bool is_already_so(const lp_store_t *s, const lp_store_item_t *item)
{
    const lp_store_entry_t *e = lp_store_find(s, lp_span_str(item->key));
    if (e == NULL || item->is_removal || item->copy_of != NULL) {
        return e == NULL && item->is_removal;
    }
    const uint32_t at = e->at + ITEM_HEADER_BYTES + e->key_len;
    bool is_same = e->value_len == item->value.len;
    for (uint32_t done = 0; is_same && done < e->value_len;) {
        uint8_t chunk[64];
        const uint32_t left = e->value_len - done;
        const uint32_t n = left < sizeof chunk ? left : (uint32_t)sizeof chunk;
        is_same = lp_port_flash_read(at + done, chunk, n) == LP_OK &&
                  memcmp(chunk, item->value.ptr + done, n) == 0;
        lp_wipe(chunk, sizeof chunk);
        done += n;
    }
    return is_same;
}

static lp_err_t check_items(const lp_store_t *s, const lp_store_item_t *items, size_t n)
{
    if (n > LP_STORE_ITEMS_MAX) {
        return LP_E_INVALID;
    }
    for (size_t i = 0; i < n; i++) {
        const size_t key_len = lp_span_str(items[i].key).len;
        if (key_len == 0 || key_len >= LP_STORE_KEY_MAX) {
            return LP_E_INVALID;
        }
        const bool is_copy = !items[i].is_removal && items[i].copy_of != NULL;
        if (is_copy && lp_store_find(s, lp_span_str(items[i].copy_of)) == NULL) {
            return LP_E_NOT_FOUND;
        }
        if (!items[i].is_removal && !is_copy && items[i].value.len > LP_STORE_VALUE_MAX) {
            return LP_E_RANGE;
        }
        for (size_t k = 0; k < i; k++) {
            if (strcmp(items[k].key, items[i].key) == 0) {
                return LP_E_INVALID;
            }
        }
    }
    return LP_OK;
}

// Whether `e` stays when the items of `mask` are put.
static bool survives(const lp_store_entry_t *e, const lp_store_item_t *items, const lp_bits_t *mask)
{
    for (size_t i = 0; i < LP_STORE_ITEMS_MAX; i++) {
        if (lp_bits_has(mask, i) && lp_store_key_is(e->at, e->key_len, lp_span_str(items[i].key))) {
            return false;
        }
    }
    return true;
}

static uint32_t entry_len(const lp_store_entry_t *e)
{
    return (uint32_t)ITEM_HEADER_BYTES + e->key_len + e->value_len;
}

// Bytes of records that a bank with all that will be live needs, and the number of values in it.
static uint32_t compacted_bytes(const lp_store_t *s, const lp_store_item_t *items, size_t n,
                                const lp_bits_t *mask, size_t *count)
{
    uint32_t bytes = 0;
    *count = 0;
    for (uint16_t i = 0; i < s->count_; i++) {
        const lp_store_entry_t *e = &s->config_.entries[i];
        if (survives(e, items, mask)) {
            bytes += lp_store_round_up(s, RECORD_HEADER_BYTES + entry_len(e));
            (*count)++;
        }
    }
    lp_bits_t kept = *mask;
    for (size_t i = 0; i < n; i++) {
        if (items[i].is_removal) {
            lp_bits_remove(&kept, i);
        } else if (lp_bits_has(mask, i)) {
            (*count)++;
        }
    }
    if (!lp_bits_is_empty(&kept)) {
        bytes += lp_store_round_up(s, RECORD_HEADER_BYTES + lp_store_items_len(s, items, n, &kept));
    }
    return bytes;
}

uint32_t lp_store_free_bytes(const lp_store_t *s)
{
    size_t count;
    return s->bank_bytes_ - lp_store_first_pos(s) -
           compacted_bytes(s, NULL, 0, &(lp_bits_t){{0}}, &count);
}

static lp_err_t copy_survivors(lp_store_t *s, unsigned bank, uint32_t *pos,
                               const lp_store_item_t *items, const lp_bits_t *mask)
{
    for (uint16_t i = 0; i < s->count_; i++) {
        const lp_store_entry_t *e = &s->config_.entries[i];
        if (survives(e, items, mask)) {
            const body_t body = {.flash_at = e->at, .len = entry_len(e)};
            const lp_err_t err = lp_store_write_record(s, bank, *pos, &body);
            if (err != LP_OK) {
                return err;
            }
            *pos += lp_store_round_up(s, RECORD_HEADER_BYTES + body.len);
        }
    }
    return LP_OK;
}

// Makes the other bank the active one, with all live values and the items.
static lp_err_t compact(lp_store_t *s, const lp_store_item_t *items, size_t n,
                        const lp_bits_t *mask)
{
    const unsigned bank = s->has_bank_ ? !s->bank_ : 0;
    lp_bits_t kept = *mask;
    for (size_t i = 0; i < n; i++) {
        if (items[i].is_removal) { // copying without it is its removal
            lp_bits_remove(&kept, i);
        }
    }
    uint32_t pos = lp_store_first_pos(s);
    lp_err_t err = lp_port_flash_erase(lp_store_bank_base(s, bank), s->bank_bytes_);
    if (err == LP_OK) {
        err = copy_survivors(s, bank, &pos, items, mask);
    }
    if (err == LP_OK && !lp_bits_is_empty(&kept)) {
        const body_t body = {
            .items = items, .mask = kept, .len = lp_store_items_len(s, items, n, &kept)};
        err = lp_store_write_record(s, bank, pos, &body);
    }
    if (err == LP_OK) {
        err = lp_store_write_bank_header(s, bank, s->generation_ + 1);
    }
    if (err == LP_OK) {
        s->bank_ = (uint8_t)bank;
        s->has_bank_ = true;
        s->generation_++;
        err = lp_store_scan_bank(s);
    }
    return err;
}

static lp_err_t append(lp_store_t *s, const lp_store_item_t *items, size_t n, const lp_bits_t *mask)
{
    const body_t body = {
        .items = items, .mask = *mask, .len = lp_store_items_len(s, items, n, mask)};
    const lp_err_t err = lp_store_write_record(s, s->bank_, s->end_, &body);
    if (err != LP_OK) {
        s->must_compact_ = true;
        return err;
    }
    const uint32_t body_at = lp_store_bank_base(s, s->bank_) + s->end_ + RECORD_HEADER_BYTES;
    s->end_ += lp_store_round_up(s, RECORD_HEADER_BYTES + body.len);
    return lp_store_index_body(s, body_at, body.len);
}

// The index must have room for all changes at once: it takes additions before it knows of removals.
static bool can_append(const lp_store_t *s, uint32_t body_len, size_t changes)
{
    return s->has_bank_ && !s->must_compact_ && s->count_ + changes <= s->config_.max_entries &&
           lp_store_round_up(s, RECORD_HEADER_BYTES + body_len) <= s->bank_bytes_ - s->end_;
}

lp_err_t lp_store_put(lp_store_t *s, const lp_store_item_t *items, size_t n)
{
    lp_err_t err = s->is_open_ ? check_items(s, items, n) : LP_E_STATE;
    if (err != LP_OK) {
        return err;
    }
    lp_bits_t mask = {{0}};
    size_t changes = 0;
    for (size_t i = 0; i < n; i++) {
        if (!is_already_so(s, &items[i])) {
            lp_bits_add(&mask, i);
            changes++;
        }
    }
    if (changes == 0) {
        return LP_OK;
    }
    size_t count;
    const uint32_t room = s->bank_bytes_ - lp_store_first_pos(s);
    if (compacted_bytes(s, items, n, &mask, &count) > room || count > s->config_.max_entries) {
        return LP_E_NOSPACE;
    }
    if (can_append(s, lp_store_items_len(s, items, n, &mask), changes)) {
        err = append(s, items, n, &mask);
        if (err != LP_E_VERIFY) {
            return err;
        }
    }
    return compact(s, items, n, &mask);
}

lp_err_t lp_store_scrub(lp_store_t *s)
{
    if (!s->is_open_) {
        return LP_E_STATE;
    }
    const lp_err_t err = compact(s, NULL, 0, &(lp_bits_t){{0}});
    return err != LP_OK ? err
                        : lp_port_flash_erase(lp_store_bank_base(s, !s->bank_), s->bank_bytes_);
}

lp_err_t lp_store_erase(lp_store_t *s)
{
    const lp_err_t err = lp_port_flash_erase(s->config_.offset, s->config_.size_bytes);
    if (err == LP_OK) {
        s->has_bank_ = false;
        s->must_compact_ = false;
        s->count_ = 0;
        s->generation_ = 0;
        s->health = LP_STORE_FRESH;
    }
    return err;
}
