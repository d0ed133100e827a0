// SPDX-License-Identifier: Apache-2.0
// Strings that are too long for a small board's memory: they stay in the store.
//
//   KEY              the saved value
//   1/KEY, 2/KEY     set and not saved yet: one of them counts, the other one is where the next is
//                    written, so that a set that fails changes nothing
//
// A value is in memory, borrowed from whoever has some to spare, only while it is checked. What is
// not saved is gone at the next start, as it is with all settings.
#include <string.h>

#include "config_internal.h"
#include "limpet/fmt.h"

enum { SAVED = 0, FIRST_DRAFT = 1, SECOND_DRAFT = 2 };

bool lp_config_is_large(const lp_config_t *c, size_t row)
{
    const lp_config_row_t *r = &c->s_.rows[row];
    return c->s_.large_bytes > 0 && r->type == LP_CONFIG_STR && r->max >= 0 &&
           (size_t)r->max >= c->s_.large_bytes;
}

static const char *place(const lp_config_t *c, size_t row, unsigned at, lp_config_place_t text)
{
    if (at == SAVED) {
        return c->s_.rows[row].key;
    }
    (void)lp_fmt_str(text, sizeof(lp_config_place_t), "%u/%s", at, c->s_.rows[row].key);
    return text;
}

// Where the next draft goes.
static unsigned free_draft(const lp_config_t *c, size_t row)
{
    return c->s_.values[row].at_ == FIRST_DRAFT ? SECOND_DRAFT : FIRST_DRAFT;
}

static char *take_memory(const lp_config_t *c, size_t bytes)
{
    const lp_config_scratch_t *scratch = c->s_.scratch;
    return scratch->take(scratch->ctx, bytes);
}

static void give_memory(const lp_config_t *c, char *text, size_t bytes)
{
    lp_wipe(text, bytes);
    c->s_.scratch->give(c->s_.scratch->ctx, text);
}

static lp_err_t unescape(const lp_config_row_t *row, lp_json_t json, char *text, size_t bytes,
                         lp_buf_t *why)
{
    const lp_err_t err = lp_json_cstr(json, text, bytes);
    if (err == LP_E_NOSPACE) {
        (void)lp_fmt(why, "%s: it is too long, at most %ld bytes fit", row->key, (long)row->max);
        return LP_E_RANGE;
    }
    if (err != LP_OK) {
        (void)lp_fmt(why, "%s: a string (without the character 0) is needed", row->key);
        return LP_E_INVALID;
    }
    return LP_OK;
}

static lp_err_t write_draft(lp_config_t *c, size_t row, const char *text, lp_buf_t *why)
{
    lp_config_place_t name;
    const lp_store_item_t item = {.key = place(c, row, free_draft(c, row), name),
                                  .value = lp_span_str(text)};
    const lp_err_t err = lp_store_put(c->s_.store, &item, 1);
    if (err != LP_OK) {
        (void)lp_fmt(why, "%s: the flash does not take it (%s)", c->s_.rows[row].key,
                     lp_err_text(err));
    }
    return err;
}

lp_err_t lp_config_draft(lp_config_t *c, size_t row, lp_json_t json, lp_buf_t *why)
{
    const lp_config_row_t *r = &c->s_.rows[row];
    const size_t most = (size_t)r->max + 1;
    const size_t bytes = json.raw.len < most ? json.raw.len : most; // it has two quotes
    char *text = take_memory(c, bytes);
    if (text == NULL) {
        (void)lp_fmt(why, "%s: its memory is in use for a TLS handshake; try again in a moment",
                     r->key);
        return LP_E_BUSY;
    }
    lp_err_t err = unescape(r, json, text, bytes, why);
    if (err == LP_OK) {
        const candidate_t v = {.text = lp_span_str(text)};
        err = lp_config_check(r, &v, why);
    }
    if (err == LP_OK) {
        err = write_draft(c, row, text, why);
    }
    give_memory(c, text, bytes);
    return err;
}

static void take_place(lp_config_t *c, size_t row, unsigned at, size_t len)
{
    lp_config_value_t *v = &c->s_.values[row];
    v->is_set_ = true;
    v->at_ = (uint16_t)at;
    v->len_ = (uint16_t)len;
}

void lp_config_take_draft(lp_config_t *c, size_t row)
{
    lp_config_place_t name;
    size_t len = 0;
    const unsigned at = free_draft(c, row);
    if (lp_store_len(c->s_.store, place(c, row, at, name), &len) == LP_OK) {
        take_place(c, row, at, len);
    }
}

static lp_err_t check_saved(const lp_config_t *c, size_t row, char *text, size_t len)
{
    uint8_t words[LP_CONFIG_WHY_MAX];
    lp_buf_t why = lp_buf(words, sizeof words);
    lp_buf_t found = lp_buf(text, len);
    lp_err_t err = lp_store_get(c->s_.store, c->s_.rows[row].key, &found);
    if (err == LP_OK && memchr(text, 0, len) != NULL) {
        err = LP_E_FORMAT;
    }
    if (err == LP_OK) {
        const candidate_t v = {.text = lp_span(text, len)};
        err = lp_config_check(&c->s_.rows[row], &v, &why);
    }
    return err;
}

lp_err_t lp_config_load_large(lp_config_t *c, size_t row)
{
    size_t len = 0;
    lp_err_t err = lp_store_len(c->s_.store, c->s_.rows[row].key, &len);
    if (err != LP_OK) {
        return err;
    }
    if (len > (size_t)c->s_.rows[row].max) {
        return LP_E_RANGE;
    }
    char *text = take_memory(c, len + 1);
    if (text == NULL) {
        return LP_E_BUSY;
    }
    err = check_saved(c, row, text, len);
    give_memory(c, text, len + 1);
    if (err == LP_OK) {
        take_place(c, row, SAVED, len);
    }
    return err;
}

lp_err_t lp_config_drop_drafts(lp_config_t *c)
{
    lp_err_t err = LP_OK;
    for (size_t i = 0; i < c->s_.count; i++) {
        for (unsigned at = FIRST_DRAFT; lp_config_is_large(c, i) && at <= SECOND_DRAFT; at++) {
            lp_config_place_t name;
            const lp_store_item_t gone = {.key = place(c, i, at, name), .is_removal = true};
            err = err == LP_OK ? lp_store_put(c->s_.store, &gone, 1) : err;
        }
    }
    return err;
}

bool lp_config_save_large(const lp_config_t *c, size_t row, lp_config_place_t name,
                          lp_store_item_t *item)
{
    const lp_config_value_t *v = &c->s_.values[row];
    *item = (lp_store_item_t){.key = c->s_.rows[row].key, .is_removal = !v->is_set_};
    if (v->is_set_) {
        item->copy_of = place(c, row, v->at_, name);
    }
    return !v->is_set_ || v->at_ != SAVED;
}

void lp_config_saved_large(lp_config_t *c)
{
    for (size_t i = 0; i < c->s_.count; i++) {
        if (lp_config_is_large(c, i)) {
            c->s_.values[i].at_ = SAVED;
        }
    }
    (void)lp_config_drop_drafts(c); // else the next start does it
}

// -- reading

size_t lp_config_len(const lp_config_t *c, const char *key)
{
    const int row = lp_config_find(c, lp_span_str(key));
    if (row < 0 || c->s_.rows[row].type != LP_CONFIG_STR) {
        return 0;
    }
    return lp_config_is_large(c, (size_t)row) && c->s_.values[row].is_set_
               ? c->s_.values[row].len_
               : strlen(lp_config_str_at(c, (size_t)row));
}

lp_err_t lp_config_read_row(const lp_config_t *c, size_t row, size_t at, uint8_t *to, size_t n)
{
    lp_config_place_t name;
    if (lp_config_is_large(c, row) && c->s_.values[row].is_set_) {
        return lp_store_read(c->s_.store, place(c, row, c->s_.values[row].at_, name), at, to, n);
    }
    const lp_span_t text = lp_span_str(lp_config_str_at(c, row));
    if (at > text.len || n > text.len - at) {
        return LP_E_RANGE;
    }
    memcpy(to, text.ptr + at, n);
    return LP_OK;
}

lp_err_t lp_config_read(const lp_config_t *c, const char *key, size_t at, uint8_t *to, size_t n)
{
    const int row = lp_config_find(c, lp_span_str(key));
    return row >= 0 && c->s_.rows[row].type == LP_CONFIG_STR
               ? lp_config_read_row(c, (size_t)row, at, to, n)
               : LP_E_NOT_FOUND;
}

typedef struct {
    const lp_config_t *c;
    size_t row;
} reading_t;

static lp_err_t read_piece(void *ctx, size_t at, uint8_t *to, size_t n)
{
    const reading_t *r = ctx;
    return lp_config_read_row(r->c, r->row, at, to, n);
}

void lp_config_put_large(const lp_config_t *c, size_t row, lp_json_writer_t *w)
{
    reading_t r = {.c = c, .row = row};
    lp_json_put_read(w, c->s_.values[row].len_, read_piece, &r);
}
