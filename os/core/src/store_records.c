// SPDX-License-Identifier: Apache-2.0
#include "store_records.h"

#include <string.h>

#include "limpet/crc.h"
#include "limpet/endian.h"
#include "limpet/port/flash.h"
#include "store_index.h"

enum { CHUNK = 64 };

static const uint8_t bank_magic[4] = {'L', 'P', 'S', '1'};
static const uint8_t record_magic[4] = {'L', 'P', 'R', '1'};

uint32_t lp_store_bank_base(const lp_store_t *s, unsigned bank)
{
    return s->config_.offset + bank * s->bank_bytes_;
}

uint32_t lp_store_round_up(const lp_store_t *s, uint32_t len)
{
    return (len + s->page_bytes_ - 1) / s->page_bytes_ * s->page_bytes_;
}

uint32_t lp_store_first_pos(const lp_store_t *s)
{
    return lp_store_round_up(s, BANK_HEADER_BYTES);
}

lp_err_t lp_store_read_bank_header(const lp_store_t *s, unsigned bank, bool *is_valid,
                                   uint32_t *generation)
{
    uint8_t h[BANK_HEADER_BYTES];
    const lp_err_t err = lp_port_flash_read(lp_store_bank_base(s, bank), h, sizeof h);
    if (err == LP_OK) {
        *is_valid = memcmp(h, bank_magic, sizeof bank_magic) == 0 &&
                    lp_get_le32(h + 8) == lp_crc32(0, lp_span(h, 8));
        *generation = lp_get_le32(h + 4);
    }
    return err;
}

static void make_bank_header(uint8_t h[BANK_HEADER_BYTES], uint32_t generation)
{
    memcpy(h, bank_magic, sizeof bank_magic);
    lp_put_le32(h + 4, generation);
    lp_put_le32(h + 8, lp_crc32(0, lp_span(h, 8)));
}

lp_err_t lp_store_write_bank_header(const lp_store_t *s, unsigned bank, uint32_t generation)
{
    uint8_t page[LP_STORE_PAGE_MAX];
    memset(page, 0xFF, sizeof page);
    make_bank_header(page, generation);
    // The first page may be smaller than the header.
    lp_err_t err = lp_port_flash_program(lp_store_bank_base(s, bank), page, lp_store_first_pos(s));
    bool is_valid = false;
    uint32_t got = 0;
    if (err == LP_OK) {
        err = lp_store_read_bank_header(s, bank, &is_valid, &got);
    }
    return err == LP_OK && (!is_valid || got != generation) ? LP_E_VERIFY : err;
}

lp_err_t lp_store_is_first_header_torn(const lp_store_t *s, bool *is_torn)
{
    uint8_t wanted[BANK_HEADER_BYTES];
    uint8_t found[BANK_HEADER_BYTES];
    make_bank_header(wanted, 1);
    bool other_is_blank = false;
    lp_err_t err = lp_store_is_blank(lp_store_bank_base(s, 1), BANK_HEADER_BYTES, &other_is_blank);
    if (err == LP_OK) {
        err = lp_port_flash_read(lp_store_bank_base(s, 0), found, sizeof found);
    }
    if (err == LP_OK) {
        *is_torn = other_is_blank;
        for (size_t i = 0; i < sizeof found; i++) {
            *is_torn &= (found[i] & wanted[i]) == wanted[i];
        }
    }
    return err;
}

lp_err_t lp_store_is_blank(uint32_t at, uint32_t len, bool *is_blank)
{
    uint8_t chunk[CHUNK];
    uint8_t all = 0xFF;
    while (len > 0 && all == 0xFF) {
        const uint32_t n = len < CHUNK ? len : CHUNK;
        const lp_err_t err = lp_port_flash_read(at, chunk, n);
        if (err != LP_OK) {
            return err;
        }
        for (uint32_t i = 0; i < n; i++) {
            all &= chunk[i];
        }
        at += n;
        len -= n;
    }
    *is_blank = all == 0xFF;
    return LP_OK;
}

lp_err_t lp_store_read_record_header(const lp_store_t *s, unsigned bank, uint32_t pos,
                                     record_header_t *h)
{
    *h = (record_header_t){.is_blank = true};
    if (pos + RECORD_HEADER_BYTES > s->bank_bytes_) {
        return LP_OK; // the end of the bank counts as blank: nothing comes
    }
    uint8_t b[RECORD_HEADER_BYTES];
    const lp_err_t err = lp_port_flash_read(lp_store_bank_base(s, bank) + pos, b, sizeof b);
    if (err != LP_OK) {
        return err;
    }
    for (size_t i = 0; i < sizeof b; i++) {
        h->is_blank &= b[i] == 0xFF;
    }
    h->body_len = lp_get_le32(b + 4);
    h->body_crc = lp_get_le32(b + 8);
    h->is_valid = memcmp(b, record_magic, sizeof record_magic) == 0 &&
                  lp_get_le32(b + 12) == lp_crc32(0, lp_span(b, 12)) &&
                  h->body_len <= s->bank_bytes_ - pos - RECORD_HEADER_BYTES;
    return LP_OK;
}

lp_err_t lp_store_crc_of_flash(uint32_t at, uint32_t len, uint32_t *crc)
{
    uint8_t chunk[CHUNK];
    while (len > 0) {
        const uint32_t n = len < CHUNK ? len : CHUNK;
        const lp_err_t err = lp_port_flash_read(at, chunk, n);
        if (err != LP_OK) {
            return err;
        }
        *crc = lp_crc32(*crc, lp_span(chunk, n));
        at += n;
        len -= n;
    }
    return LP_OK;
}

lp_err_t lp_store_read_item(uint32_t at, item_t *item)
{
    uint8_t b[ITEM_HEADER_BYTES];
    const lp_err_t err = lp_port_flash_read(at, b, sizeof b);
    if (err == LP_OK) {
        *item = (item_t){.at = at, .key_len = b[0], .flags = b[1], .value_len = lp_get_le16(b + 2)};
    }
    return err;
}

// -- writing

// Collects bytes into whole pages, so that each page is programmed once. With `is_dry` it only
// computes the checksum.
typedef struct {
    uint32_t at;
    uint32_t page_bytes;
    uint32_t chunk_bytes; // as many pages as the buffer holds
    uint32_t fill;
    uint32_t crc;
    bool is_dry;
    const lp_store_t *store;
    lp_err_t err; // the first one; nothing is programmed after it
    uint8_t page[LP_STORE_PAGE_MAX];
} writer_t;

static void flush_page(writer_t *w)
{
    if (w->err == LP_OK && w->fill > 0) {
        const uint32_t len = (w->fill + w->page_bytes - 1) / w->page_bytes * w->page_bytes;
        memset(w->page + w->fill, 0xFF, len - w->fill);
        w->err = lp_port_flash_program(w->at, w->page, len);
        w->at += len;
        w->fill = 0;
    }
}

static void write_bytes(writer_t *w, lp_span_t bytes)
{
    w->crc = lp_crc32(w->crc, bytes);
    while (!w->is_dry && w->err == LP_OK && bytes.len > 0) {
        const size_t room = w->chunk_bytes - w->fill;
        const size_t n = bytes.len < room ? bytes.len : room;
        memcpy(w->page + w->fill, bytes.ptr, n);
        w->fill += (uint32_t)n;
        bytes = lp_span(bytes.ptr + n, bytes.len - n);
        if (w->fill == w->chunk_bytes) {
            flush_page(w);
        }
    }
}

static void write_copy(writer_t *w, uint32_t at, uint32_t len)
{
    uint8_t chunk[CHUNK];
    while (len > 0 && w->err == LP_OK) {
        const uint32_t n = len < CHUNK ? len : CHUNK;
        w->err = lp_port_flash_read(at, chunk, n);
        if (w->err == LP_OK) {
            write_bytes(w, lp_span(chunk, n));
        }
        at += n;
        len -= n;
    }
    lp_wipe(chunk, sizeof chunk); // it may have been a key
}

// Where the value of an item is on the flash; null: it is in memory, or there is none.
static const lp_store_entry_t *source_of(const lp_store_t *s, const lp_store_item_t *item)
{
    return item->is_removal || item->copy_of == NULL ? NULL
                                                     : lp_store_find(s, lp_span_str(item->copy_of));
}

static size_t value_len(const lp_store_t *s, const lp_store_item_t *item)
{
    const lp_store_entry_t *source = source_of(s, item);
    return item->is_removal ? 0 : source != NULL ? source->value_len : item->value.len;
}

static void write_item(writer_t *w, const lp_store_item_t *item)
{
    const lp_span_t key = lp_span_str(item->key);
    const lp_store_entry_t *source = source_of(w->store, item);
    uint8_t head[ITEM_HEADER_BYTES] = {(uint8_t)key.len, item->is_removal ? ITEM_IS_REMOVAL : 0};
    lp_put_le16(head + 2, (uint16_t)value_len(w->store, item));
    write_bytes(w, lp_span(head, sizeof head));
    write_bytes(w, key);
    if (source != NULL) {
        write_copy(w, source->at + ITEM_HEADER_BYTES + source->key_len, source->value_len);
    } else if (!item->is_removal) {
        write_bytes(w, item->value);
    }
}

static void write_body(writer_t *w, const body_t *body)
{
    if (body->items == NULL) {
        write_copy(w, body->flash_at, body->len);
        return;
    }
    for (size_t i = 0; i < LP_STORE_ITEMS_MAX; i++) {
        if (lp_bits_has(&body->mask, i)) {
            write_item(w, &body->items[i]);
        }
    }
}

uint32_t lp_store_items_len(const lp_store_t *s, const lp_store_item_t *items, size_t n,
                            const lp_bits_t *mask)
{
    size_t len = 0;
    for (size_t i = 0; i < n; i++) {
        if (lp_bits_has(mask, i)) {
            len += ITEM_HEADER_BYTES + lp_span_str(items[i].key).len + value_len(s, &items[i]);
        }
    }
    return (uint32_t)len;
}

static lp_err_t verify_record(const lp_store_t *s, unsigned bank, uint32_t pos, uint32_t len,
                              uint32_t crc)
{
    record_header_t h;
    uint32_t got = 0;
    lp_err_t err = lp_store_read_record_header(s, bank, pos, &h);
    if (err == LP_OK) {
        const uint32_t body_at = lp_store_bank_base(s, bank) + pos + RECORD_HEADER_BYTES;
        err = lp_store_crc_of_flash(body_at, len, &got);
    }
    if (err != LP_OK) {
        return err;
    }
    return h.is_valid && h.body_len == len && h.body_crc == crc && got == crc ? LP_OK : LP_E_VERIFY;
}

lp_err_t lp_store_write_record(const lp_store_t *s, unsigned bank, uint32_t pos, const body_t *body)
{
    writer_t w = {.is_dry = true, .store = s};
    write_body(&w, body);
    const uint32_t crc = w.crc;
    uint8_t head[RECORD_HEADER_BYTES];
    memcpy(head, record_magic, sizeof record_magic);
    lp_put_le32(head + 4, body->len);
    lp_put_le32(head + 8, crc);
    lp_put_le32(head + 12, lp_crc32(0, lp_span(head, 12)));
    if (w.err == LP_OK) {
        w.is_dry = false;
        w.at = lp_store_bank_base(s, bank) + pos;
        w.page_bytes = s->page_bytes_;
        w.chunk_bytes = LP_STORE_PAGE_MAX / s->page_bytes_ * s->page_bytes_;
        write_bytes(&w, lp_span(head, sizeof head));
        write_body(&w, body);
        flush_page(&w);
    }
    lp_wipe(w.page, sizeof w.page);
    return w.err != LP_OK ? w.err : verify_record(s, bank, pos, body->len, crc);
}
