// SPDX-License-Identifier: Apache-2.0
// Settings that are tried for one start.
//
//   config.trial   absent: none    "new": waits for the next start    "run": that start was begun
//   t/KEY          the value to be tried
//   d/KEY          the default is to be tried
//
// The values are written one by one, and count for nothing before config.trial says "new"; so none
// of them has to be in memory twice.
#include <string.h>

#include "config_internal.h"
#include "limpet/fmt.h"
#include "limpet/log.h"

#define LOG_MODULE "config"

enum { VALUE = 't', DEFAULT = 'd' };

typedef char trial_key_t[LP_STORE_KEY_MAX];

static const char *trial_key(const lp_config_t *c, size_t row, char kind, trial_key_t text)
{
    (void)lp_fmt_str(text, sizeof(trial_key_t), "%c/%s", kind, c->s_.rows[row].key);
    return text;
}

static lp_err_t put_one(lp_config_t *c, const char *key, const lp_span_t *value)
{
    const lp_store_item_t item = {.key = key,
                                  .value = value != NULL ? *value : lp_span(NULL, 0),
                                  .is_removal = value == NULL};
    return lp_store_put(c->s_.store, &item, 1);
}

static bool is_stored(const lp_config_t *c, const char *key)
{
    size_t len;
    return lp_store_len(c->s_.store, key, &len) == LP_OK;
}

// Writes the value and the default-mark of a row; null: none of it is to be there.
static lp_err_t put_row(lp_config_t *c, size_t row, const lp_span_t *value, const lp_span_t *mark)
{
    trial_key_t key;
    lp_err_t err = put_one(c, trial_key(c, row, VALUE, key), value);
    return err == LP_OK ? put_one(c, trial_key(c, row, DEFAULT, key), mark) : err;
}

lp_err_t lp_config_drop_trial(lp_config_t *c)
{
    lp_err_t err = put_one(c, CONFIG_TRIAL_KEY, NULL);
    for (size_t i = 0; err == LP_OK && i < c->s_.count; i++) {
        err = put_row(c, i, NULL, NULL);
    }
    return err;
}

static lp_err_t save_row(lp_config_t *c, size_t row)
{
    const lp_config_value_t *v = &c->s_.values[row];
    const lp_span_t none = lp_span(NULL, 0);
    if (lp_config_is_fixed(c, row)) {
        return LP_OK;
    }
    if (!v->is_set_) {
        return put_row(c, row, NULL, is_stored(c, c->s_.rows[row].key) ? &none : NULL);
    }
    const lp_span_t value = c->s_.rows[row].type == LP_CONFIG_STR
                                ? lp_span(c->s_.arena + v->at_, v->len_)
                                : lp_span(v->num_, sizeof v->num_);
    return put_row(c, row, &value, NULL);
}

lp_err_t lp_config_save_trial(lp_config_t *c)
{
    if (c->s_.large_bytes > 0) {
        return LP_E_UNSUPPORTED;
    }
    const lp_span_t is_new = lp_span_str("new");
    lp_err_t err = put_one(c, CONFIG_TRIAL_KEY, NULL);
    for (size_t i = 0; err == LP_OK && i < c->s_.count; i++) {
        err = save_row(c, i);
    }
    return err == LP_OK ? put_one(c, CONFIG_TRIAL_KEY, &is_new) : err;
}

// Reads and takes the value under `key`. The row's old value is gone in any case.
static lp_err_t take_stored(lp_config_t *c, size_t row, const char *key)
{
    uint8_t text[LP_CONFIG_WHY_MAX];
    lp_buf_t why = lp_buf(text, sizeof text);
    candidate_t v;
    lp_config_forget(c, row);
    lp_err_t err = lp_config_read_stored(c, row, key, &v);
    if (err == LP_OK) {
        err = lp_config_check(&c->s_.rows[row], &v, &why);
    }
    if (err == LP_OK) {
        lp_config_take(c, row, &v);
    }
    return err;
}

static void take_row(lp_config_t *c, size_t row)
{
    trial_key_t key;
    if (lp_config_is_fixed(c, row)) {
        return;
    }
    if (is_stored(c, trial_key(c, row, DEFAULT, key))) {
        lp_config_forget(c, row);
    } else if (is_stored(c, trial_key(c, row, VALUE, key)) && take_stored(c, row, key) != LP_OK) {
        LP_LOGW("the value of %s that was to be tried is not usable", c->s_.rows[row].key);
        (void)take_stored(c, row, c->s_.rows[row].key);
    }
}

lp_err_t lp_config_start_trial(lp_config_t *c)
{
    const lp_span_t runs = lp_span_str("run");
    uint8_t text[4];
    lp_buf_t state = lp_buf(text, sizeof text);
    const bool has_trial = lp_store_get(c->s_.store, CONFIG_TRIAL_KEY, &state) == LP_OK;
    if (!has_trial || !lp_span_equal_str(lp_buf_span(&state), "new")) {
        if (has_trial) {
            LP_LOGW("the settings that were tried were not confirmed: the saved ones count again");
        }
        return lp_config_drop_trial(c);
    }
    // Before any of it counts: whatever happens from here on, the next start has the saved ones.
    const lp_err_t err = put_one(c, CONFIG_TRIAL_KEY, &runs);
    if (err != LP_OK) {
        return err;
    }
    for (size_t i = 0; i < c->s_.count; i++) {
        take_row(c, i);
    }
    c->is_trial = true;
    c->is_saved = false;
    LP_LOGW("settings are tried for this start only, until they are confirmed");
    return LP_OK;
}

lp_err_t lp_config_confirm(lp_config_t *c)
{
    if (!c->is_trial) {
        return LP_E_STATE;
    }
    lp_err_t err = lp_config_save(c);
    if (err == LP_OK) {
        c->is_trial = false;
        err = lp_config_drop_trial(c);
    }
    return err;
}
