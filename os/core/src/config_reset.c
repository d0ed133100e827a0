// SPDX-License-Identifier: Apache-2.0
// Factory reset, and settings whose names have changed.
#include "config_internal.h"

static lp_err_t remove_all(const lp_config_t *c)
{
    lp_store_item_t *items = lp_config_take_items(c);
    if (items == NULL) {
        return LP_E_BUSY;
    }
    for (size_t i = 0; i < c->s_.count; i++) {
        items[i] = (lp_store_item_t){.key = c->s_.rows[i].key, .is_removal = true};
    }
    const lp_err_t err = lp_store_put(c->s_.store, items, c->s_.count);
    lp_config_give_items(c, items);
    return err;
}

lp_err_t lp_config_reset(lp_config_t *c)
{
    lp_err_t err = lp_config_drop_trial(c);
    err = err == LP_OK ? lp_config_drop_drafts(c) : err;
    if (err == LP_OK) {
        err = remove_all(c);
    }
    if (err == LP_OK) {
        err = lp_store_scrub(c->s_.store);
    }
    if (err == LP_OK) {
        for (size_t i = 0; i < c->s_.count; i++) {
            lp_config_forget(c, i);
        }
        lp_wipe(c->s_.arena + c->used_, c->s_.arena_bytes - c->used_);
        c->is_saved = true;
        c->is_trial = false;
    }
    return err;
}

static lp_err_t move(lp_store_t *store, const lp_config_move_t *m, lp_buf_t *scratch)
{
    size_t len;
    scratch->len = 0;
    lp_err_t err = lp_store_get(store, m->from, scratch);
    if (err == LP_E_NOT_FOUND) {
        return LP_OK;
    }
    if (err == LP_OK && m->convert != NULL) {
        err = m->convert(scratch);
    }
    const bool is_kept = err == LP_OK && lp_store_len(store, m->to, &len) == LP_E_NOT_FOUND;
    const lp_store_item_t items[] = {
        {.key = m->from, .is_removal = true},
        {.key = m->to, .value = lp_buf_span(scratch)},
    };
    return err == LP_E_IO ? err : lp_store_put(store, items, is_kept ? 2 : 1);
}

lp_err_t lp_config_migrate(lp_store_t *store, const lp_config_move_t *moves, size_t count,
                           lp_buf_t *scratch)
{
    lp_err_t err = LP_OK;
    for (size_t i = 0; err == LP_OK && i < count; i++) {
        err = move(store, &moves[i], scratch);
    }
    lp_wipe(scratch->ptr, scratch->cap);
    return err;
}
