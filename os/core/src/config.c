// SPDX-License-Identifier: Apache-2.0
// Values in memory and on flash. Strings that are set stand behind each other in the arena, each
// with a terminator; its free end is where a new one is unescaped before anything is decided. Those
// that are too long for a small board are in config_large.c.
#include "limpet/config.h"

#include <string.h>

#include "bits.h"
#include "config_internal.h"
#include "limpet/endian.h"
#include "limpet/fmt.h"
#include "limpet/log.h"

#define LOG_MODULE "config"

int lp_config_find(const lp_config_t *c, lp_span_t key)
{
    for (size_t i = 0; i < c->s_.count; i++) {
        if (lp_span_equal_str(key, c->s_.rows[i].key)) {
            return (int)i;
        }
    }
    return -1;
}

static size_t count_large(const lp_config_t *c)
{
    size_t n = 0;
    for (size_t i = 0; i < c->s_.count; i++) {
        n += lp_config_is_large(c, i);
    }
    return n;
}

lp_err_t lp_config_init(lp_config_t *c, const lp_config_setup_t *setup)
{
    if (setup->count > LP_CONFIG_ROWS_MAX || setup->vendor_count > LP_CONFIG_VENDOR_MAX ||
        setup->values == NULL || setup->arena == NULL || setup->arena_bytes > UINT16_MAX ||
        setup->store == NULL ||
        ((setup->large_bytes > 0 || setup->items == NULL) && setup->scratch == NULL)) {
        return LP_E_INVALID;
    }
    *c = (lp_config_t){.s_ = *setup, .is_saved = true};
    if (count_large(c) > LP_CONFIG_LARGE_MAX) {
        return LP_E_INVALID;
    }
    memset(setup->values, 0, setup->count * sizeof setup->values[0]);
    for (size_t i = 0; i < setup->vendor_count; i++) {
        const int row = lp_config_find(c, lp_span_str(setup->vendor[i].key));
        if (row >= 0 && lp_config_is_vendor_legal(&setup->rows[row], &setup->vendor[i])) {
            c->vendor_legal_ |= (uint64_t)1 << i;
        } else {
            LP_LOGE("the vendor's value of %s is not legal and does not count",
                    setup->vendor[i].key);
        }
    }
    return LP_OK;
}

// The row of a key that our own code asks for, or -1 with a line in the log when it is not there.
static int row_of(const lp_config_t *c, const char *key, lp_config_type_t type)
{
    const int row = lp_config_find(c, lp_span_str(key));
    if (row < 0 || c->s_.rows[row].type != type) {
        LP_LOGE("no setting %s of this type: this is a bug", key);
        return -1;
    }
    return row;
}

void lp_config_set_fallback(lp_config_t *c, const char *key, const char *value)
{
    const int row = row_of(c, key, LP_CONFIG_STR);
    if (row >= 0) {
        c->s_.values[row].fallback_ = value;
    }
}

// -- reading

// What the vendor set for a row, or null.
static const lp_config_vendor_t *vendor_of(const lp_config_t *c, size_t row)
{
    for (size_t i = 0; i < c->s_.vendor_count; i++) {
        if ((c->vendor_legal_ >> i & 1) != 0 &&
            strcmp(c->s_.vendor[i].key, c->s_.rows[row].key) == 0) {
            return &c->s_.vendor[i];
        }
    }
    return NULL;
}

bool lp_config_is_pinned(const lp_config_t *c, size_t row)
{
    const lp_config_vendor_t *vendor = vendor_of(c, row);
    return vendor != NULL && vendor->is_pinned;
}

bool lp_config_is_set(const lp_config_t *c, size_t row)
{
    return c->s_.values[row].is_set_;
}

static int32_t num_of(const lp_config_t *c, size_t row)
{
    const lp_config_value_t *v = &c->s_.values[row];
    const lp_config_vendor_t *vendor = vendor_of(c, row);
    if (v->is_set_) {
        return (int32_t)lp_get_le32(v->num_);
    }
    return vendor != NULL ? vendor->num : c->s_.rows[row].fallback_num;
}

static const char *str_of(const lp_config_t *c, size_t row)
{
    const lp_config_value_t *v = &c->s_.values[row];
    const lp_config_vendor_t *vendor = vendor_of(c, row);
    if (v->is_set_ && lp_config_is_large(c, row)) {
        LP_LOGE("%s is not in memory: this is a bug", c->s_.rows[row].key);
        return "";
    }
    if (v->is_set_) {
        return (const char *)c->s_.arena + v->at_;
    }
    if (vendor != NULL) {
        return vendor->text;
    }
    return v->fallback_ != NULL ? v->fallback_ : c->s_.rows[row].fallback;
}

bool lp_config_bool_at(const lp_config_t *c, size_t row)
{
    return num_of(c, row) != 0;
}

int32_t lp_config_int_at(const lp_config_t *c, size_t row)
{
    return num_of(c, row);
}

const char *lp_config_str_at(const lp_config_t *c, size_t row)
{
    return str_of(c, row);
}

bool lp_config_bool(const lp_config_t *c, const char *key)
{
    const int row = row_of(c, key, LP_CONFIG_BOOL);
    return row >= 0 && num_of(c, (size_t)row) != 0;
}

int32_t lp_config_int(const lp_config_t *c, const char *key)
{
    const int row = row_of(c, key, LP_CONFIG_INT);
    return row >= 0 ? num_of(c, (size_t)row) : 0;
}

const char *lp_config_str(const lp_config_t *c, const char *key)
{
    const int row = row_of(c, key, LP_CONFIG_STR);
    return row >= 0 ? str_of(c, (size_t)row) : "";
}

size_t lp_config_row(const lp_config_t *c, const char *key)
{
    const int row = lp_config_find(c, lp_span_str(key));
    return row >= 0 ? (size_t)row : 0;
}

bool lp_config_has(const lp_config_t *c, const char *key)
{
    return lp_config_find(c, lp_span_str(key)) >= 0;
}

static void put_value(const lp_config_t *c, size_t row, lp_json_writer_t *w)
{
    const lp_config_row_t *r = &c->s_.rows[row];
    if ((r->flags & LP_CONFIG_SECRET) != 0) {
        lp_json_put_null(w);
        return;
    }
    switch (r->type) {
    case LP_CONFIG_BOOL:
        lp_json_put_bool(w, num_of(c, row) != 0);
        break;
    case LP_CONFIG_INT:
        lp_json_put_int(w, num_of(c, row));
        break;
    case LP_CONFIG_STR:
        if (c->s_.values[row].is_set_ && lp_config_is_large(c, row)) {
            lp_config_put_large(c, row, w);
        } else {
            lp_json_put_str(w, str_of(c, row));
        }
        break;
    }
}

// Whether `key` begins with `prefix` and a dot follows.
static bool is_under(const char *key, lp_span_t prefix)
{
    return prefix.len == 0 || (strlen(key) > prefix.len &&
                               memcmp(key, prefix.ptr, prefix.len) == 0 && key[prefix.len] == '.');
}

// Bytes of `prefix` with its dot.
static size_t skip(lp_span_t prefix)
{
    return prefix.len == 0 ? 0 : prefix.len + 1;
}

// Writes the object of all rows from *row on that stand under `prefix`. Recursion is bounded by the
// number of dots in the table's own keys.
static void put_tree(const lp_config_t *c, size_t *row, lp_span_t prefix, lp_json_writer_t *w)
{
    lp_json_put_object(w);
    while (*row < c->s_.count && is_under(c->s_.rows[*row].key, prefix)) {
        const char *key = c->s_.rows[*row].key;
        const char *name = key + skip(prefix);
        const char *dot = strchr(name, '.');
        if (dot == NULL) {
            lp_json_put_key(w, name);
            put_value(c, (*row)++, w);
        } else {
            lp_json_put_key_span(w, lp_span(name, (size_t)(dot - name)));
            put_tree(c, row, lp_span(key, (size_t)(dot - key)), w);
        }
    }
    lp_json_put_object_end(w);
}

lp_err_t lp_config_put(const lp_config_t *c, const char *key, lp_json_writer_t *w)
{
    const lp_span_t wanted = key != NULL ? lp_span_str(key) : lp_span(NULL, 0);
    const int exact = lp_config_find(c, wanted);
    if (exact >= 0) {
        put_value(c, (size_t)exact, w);
        return LP_OK;
    }
    size_t row = 0;
    while (row < c->s_.count && !is_under(c->s_.rows[row].key, wanted)) {
        row++;
    }
    if (row == c->s_.count) {
        return LP_E_NOT_FOUND;
    }
    put_tree(c, &row, wanted, w);
    return LP_OK;
}

// -- changing

static bool is_in_arena(const lp_config_t *c, size_t row)
{
    return c->s_.rows[row].type == LP_CONFIG_STR && !lp_config_is_large(c, row);
}

static void drop_string(lp_config_t *c, size_t row)
{
    const lp_config_value_t *gone = &c->s_.values[row];
    const size_t len = (size_t)gone->len_ + 1;
    uint8_t *at = c->s_.arena + gone->at_;
    memmove(at, at + len, c->used_ - gone->at_ - len);
    c->used_ -= len;
    lp_wipe(c->s_.arena + c->used_, len);
    for (size_t i = 0; i < c->s_.count; i++) {
        lp_config_value_t *v = &c->s_.values[i];
        if (v->is_set_ && is_in_arena(c, i) && v->at_ > gone->at_) {
            v->at_ = (uint16_t)(v->at_ - len);
        }
    }
}

void lp_config_forget(lp_config_t *c, size_t row)
{
    if (c->s_.values[row].is_set_ && is_in_arena(c, row)) {
        drop_string(c, row);
    }
    c->s_.values[row].is_set_ = false;
}

void lp_config_take(lp_config_t *c, size_t row, const candidate_t *new)
{
    lp_config_value_t *v = &c->s_.values[row];
    v->is_set_ = !new->is_default;
    if (c->s_.rows[row].type != LP_CONFIG_STR) {
        lp_put_le32(v->num_, (uint32_t) new->num);
    } else if (v->is_set_) {
        v->at_ = (uint16_t)c->used_;
        v->len_ = (uint16_t) new->text.len;
        c->used_ += new->text.len + 1;
    }
}

static lp_err_t wrong_type(const lp_config_row_t *row, const char *needed, lp_buf_t *why)
{
    (void)lp_fmt(why, "%s: %s is needed", row->key, needed);
    return LP_E_INVALID;
}

static lp_err_t read_str(lp_config_t *c, const lp_config_row_t *row, lp_json_t json,
                         candidate_t *out, lp_buf_t *why)
{
    char *free_end = (char *)c->s_.arena + c->used_;
    const lp_err_t err = lp_json_cstr(json, free_end, c->s_.arena_bytes - c->used_);
    if (err == LP_E_INVALID || err == LP_E_FORMAT) {
        return wrong_type(row, "a string (without the character 0)", why);
    }
    if (err != LP_OK) {
        (void)lp_fmt(why, "%s: there is no room for a string of this length", row->key);
        return err;
    }
    out->text = lp_span(free_end, strlen(free_end));
    return LP_OK;
}

// Reads and checks one leaf of a tree; a string ends up at the free end of the arena.
static lp_err_t read_leaf(lp_config_t *c, size_t row, lp_json_t json, candidate_t *out,
                          lp_buf_t *why)
{
    const lp_config_row_t *r = &c->s_.rows[row];
    *out = (candidate_t){.is_default = lp_json_is_null(json)};
    lp_err_t err = LP_OK;
    bool flag = false;
    int64_t num = 0;
    if (out->is_default) {
        return LP_OK;
    }
    switch (r->type) {
    case LP_CONFIG_BOOL:
        err = lp_json_bool(json, &flag) == LP_OK ? LP_OK : wrong_type(r, "true or false", why);
        out->num = flag;
        break;
    case LP_CONFIG_INT:
        err = lp_json_int(json, INT32_MIN, INT32_MAX, &num) == LP_OK
                  ? LP_OK
                  : wrong_type(r, "a whole number", why);
        out->num = (int32_t)num;
        break;
    case LP_CONFIG_STR:
        err = read_str(c, r, json, out, why);
        break;
    }
    return err == LP_OK ? lp_config_check(r, out, why) : err;
}

// A walk over the leaves of a tree: first to check them all, then to take them.
typedef struct {
    lp_config_t *c;
    lp_buf_t *why;
    bool is_taking;
    lp_bits_t seen;  // rows
    size_t new_used; // of the arena, when all is taken
} walk_t;

static void count_room(walk_t *w, size_t row, const candidate_t *v)
{
    const lp_config_value_t *old = &w->c->s_.values[row];
    if (is_in_arena(w->c, row)) {
        w->new_used -= old->is_set_ ? (size_t)old->len_ + 1 : 0;
        w->new_used += v->is_default ? 0 : v->text.len + 1;
    }
}

// One that stays in the store: it is written there by the first walk and counts from the second on.
static lp_err_t visit_large(walk_t *w, size_t row, lp_json_t json)
{
    if (!w->is_taking) {
        return lp_config_draft(w->c, row, json, w->why);
    }
    lp_config_take_draft(w->c, row);
    return LP_OK;
}

static lp_err_t visit_leaf(walk_t *w, lp_span_t key, lp_json_t json)
{
    const int row = lp_config_find(w->c, key);
    if (row < 0) {
        lp_config_explain_unknown(w->c, key, w->why);
        return LP_E_NOT_FOUND;
    }
    const lp_config_row_t *r = &w->c->s_.rows[row];
    if ((r->flags & LP_CONFIG_READONLY) != 0) {
        (void)lp_fmt(w->why, "%s cannot be set", r->key);
        return LP_E_DENIED;
    }
    if (lp_config_is_pinned(w->c, (size_t)row)) {
        (void)lp_fmt(w->why, "%s is pinned by the vendor and cannot be set", r->key);
        return LP_E_DENIED;
    }
    if (!w->is_taking && lp_bits_has(&w->seen, (size_t)row)) {
        (void)lp_fmt(w->why, "%s is given twice", r->key);
        return LP_E_EXISTS;
    }
    if ((r->flags & LP_CONFIG_SECRET) != 0 && lp_json_is_null(json)) {
        return LP_OK;
    }
    lp_bits_add(&w->seen, (size_t)row);
    if (!lp_json_is_null(json) && lp_config_is_large(w->c, (size_t)row)) {
        return visit_large(w, (size_t)row, json);
    }
    candidate_t v;
    const lp_err_t err = read_leaf(w->c, (size_t)row, json, &v, w->why);
    if (err == LP_OK && w->is_taking) {
        lp_config_take(w->c, (size_t)row, &v);
    } else if (err == LP_OK) {
        count_room(w, (size_t)row, &v);
    }
    return err;
}

static lp_err_t visit(walk_t *w, lp_buf_t *path, lp_json_t json, unsigned depth)
{
    lp_json_iter_t it;
    if (lp_json_type(json) != LP_JSON_OBJECT || depth == CONFIG_DEPTH_MAX) {
        return visit_leaf(w, lp_buf_span(path), json);
    }
    (void)lp_json_iter(json, &it);
    lp_json_t key;
    lp_json_t value;
    const size_t mark = path->len;
    while (lp_json_next(&it, &key, &value)) {
        lp_err_t err = mark > 0 ? lp_fmt(path, ".") : LP_OK;
        if (err == LP_OK) {
            err = lp_json_str(key, path);
        }
        if (err != LP_OK) {
            (void)lp_fmt(w->why, "there is no setting with a name as long as that");
            return LP_E_NOT_FOUND;
        }
        err = visit(w, path, value, depth + 1);
        if (err != LP_OK) {
            return err;
        }
        path->len = mark;
    }
    return LP_OK;
}

static lp_err_t walk(walk_t *w, lp_json_t tree)
{
    uint8_t name[LP_CONFIG_KEY_MAX];
    lp_buf_t path = lp_buf(name, sizeof name);
    return visit(w, &path, tree, 0);
}

lp_err_t lp_config_set(lp_config_t *c, lp_json_t tree, lp_buf_t *why)
{
    if (lp_json_type(tree) != LP_JSON_OBJECT) {
        (void)lp_fmt(why, "the settings are one object, like {\"cloud\":{\"enable\":true}}");
        return LP_E_INVALID;
    }
    walk_t w = {.c = c, .why = why, .new_used = c->used_};
    lp_err_t err = walk(&w, tree);
    if (err == LP_OK && w.new_used > c->s_.arena_bytes) {
        (void)lp_fmt(why, "all settings together need %u bytes, there are %u", (unsigned)w.new_used,
                     (unsigned)c->s_.arena_bytes);
        err = LP_E_NOSPACE;
    }
    if (err == LP_OK) {
        // All old strings go before the first new one comes, so there is room at every step.
        for (size_t i = 0; i < c->s_.count; i++) {
            if (lp_bits_has(&w.seen, i)) {
                lp_config_forget(c, i);
            }
        }
        w.is_taking = true;
        err = walk(&w, tree);
        c->is_saved = false;
    }
    lp_wipe(c->s_.arena + c->used_, c->s_.arena_bytes - c->used_);
    return err;
}

// -- flash

lp_store_item_t *lp_config_take_items(const lp_config_t *c)
{
    const lp_config_scratch_t *scratch = c->s_.scratch;
    return c->s_.items != NULL ? c->s_.items
                               : scratch->take(scratch->ctx, c->s_.count * sizeof(lp_store_item_t));
}

void lp_config_give_items(const lp_config_t *c, lp_store_item_t *items)
{
    if (items != c->s_.items) {
        c->s_.scratch->give(c->s_.scratch->ctx, items);
    }
}

static lp_err_t save_with(lp_config_t *c, lp_store_item_t *items)
{
    lp_config_place_t places[LP_CONFIG_LARGE_MAX];
    size_t n = 0;
    size_t large = 0;
    for (size_t i = 0; i < c->s_.count; i++) {
        const lp_config_row_t *row = &c->s_.rows[i];
        const lp_config_value_t *v = &c->s_.values[i];
        if (lp_config_is_fixed(c, i)) {
            continue;
        }
        if (lp_config_is_large(c, i)) {
            n += lp_config_save_large(c, i, places[large++], &items[n]);
        } else {
            items[n++] = (lp_store_item_t){
                .key = row->key,
                .value = row->type == LP_CONFIG_STR ? lp_span(c->s_.arena + v->at_, v->len_)
                                                    : lp_span(v->num_, sizeof v->num_),
                .is_removal = !v->is_set_,
            };
        }
    }
    lp_err_t err = lp_store_put(c->s_.store, items, n);
    if (err == LP_OK) {
        lp_config_saved_large(c);
        const lp_store_item_t trial = {.key = CONFIG_TRIAL_KEY, .is_removal = true};
        err = lp_store_put(c->s_.store, &trial, 1);
    }
    c->is_saved = c->is_saved || err == LP_OK;
    return err;
}

lp_err_t lp_config_save(lp_config_t *c)
{
    lp_store_item_t *items = lp_config_take_items(c);
    if (items == NULL) {
        return LP_E_BUSY;
    }
    const lp_err_t err = save_with(c, items);
    lp_config_give_items(c, items);
    return err;
}

bool lp_config_is_fixed(const lp_config_t *c, size_t row)
{
    return (c->s_.rows[row].flags & LP_CONFIG_READONLY) != 0 || lp_config_is_pinned(c, row);
}

lp_err_t lp_config_read_stored(lp_config_t *c, size_t row, const char *key, candidate_t *out)
{
    const lp_config_row_t *r = &c->s_.rows[row];
    lp_buf_t found = lp_buf(c->s_.arena + c->used_, c->s_.arena_bytes - c->used_);
    const lp_err_t err = lp_store_get(c->s_.store, key, &found);
    if (err != LP_OK) {
        return err;
    }
    *out = (candidate_t){.text = lp_buf_span(&found)};
    if (r->type != LP_CONFIG_STR) {
        out->num = found.len == 4 ? (int32_t)lp_get_le32(found.ptr) : 0;
        return found.len == 4 ? LP_OK : LP_E_FORMAT;
    }
    if (found.len == found.cap) {
        return LP_E_NOSPACE;
    }
    found.ptr[found.len] = '\0';
    return memchr(found.ptr, 0, found.len) == NULL ? LP_OK : LP_E_FORMAT;
}

static lp_err_t load_row(lp_config_t *c, size_t row)
{
    uint8_t text[LP_CONFIG_WHY_MAX];
    lp_buf_t why = lp_buf(text, sizeof text);
    candidate_t v;
    lp_err_t err = lp_config_read_stored(c, row, c->s_.rows[row].key, &v);
    if (err == LP_OK) {
        err = lp_config_check(&c->s_.rows[row], &v, &why);
    }
    if (err == LP_OK) {
        lp_config_take(c, row, &v);
    }
    return err;
}

void lp_config_load(lp_config_t *c, unsigned *dropped)
{
    unsigned bad = 0;
    (void)lp_config_drop_drafts(c);
    for (size_t i = 0; i < c->s_.count; i++) {
        lp_err_t err = LP_E_NOT_FOUND;
        if (!lp_config_is_fixed(c, i)) {
            err = lp_config_is_large(c, i) ? lp_config_load_large(c, i) : load_row(c, i);
        }
        if (err != LP_OK && err != LP_E_NOT_FOUND) {
            bad++;
            LP_LOGW("the stored value of %s is not usable (%s), the default counts",
                    c->s_.rows[i].key, lp_err_text(err));
        }
    }
    c->is_saved = true;
    if (dropped != NULL) {
        *dropped = bad;
    }
}
