// SPDX-License-Identifier: Apache-2.0
// What is legal, and how to say that something is not.
#include <string.h>

#include "config_internal.h"
#include "limpet/fmt.h"

static lp_err_t check_int(const lp_config_row_t *row, int32_t num, lp_buf_t *why)
{
    if (num >= row->min && num <= row->max) {
        return LP_OK;
    }
    (void)lp_fmt(why, "%s: %ld is outside %ld..%ld; the nearest is %ld", row->key, (long)num,
                 (long)row->min, (long)row->max, (long)(num < row->min ? row->min : row->max));
    return LP_E_RANGE;
}

static bool is_choice(const char *choices, lp_span_t value)
{
    while (choices != NULL) {
        const char *end = strchr(choices, '|');
        const size_t len = end != NULL ? (size_t)(end - choices) : strlen(choices);
        if (lp_span_equal(lp_span(choices, len), value)) {
            return true;
        }
        choices = end != NULL ? end + 1 : NULL;
    }
    return false;
}

static void explain_choices(const lp_config_row_t *row, lp_buf_t *why)
{
    (void)lp_fmt(why, "%s: must be one of ", row->key);
    for (const char *c = row->choices; *c != '\0'; c++) {
        if (*c == '|') {
            (void)lp_fmt(why, ", ");
        } else {
            (void)lp_fmt(why, "%c", *c);
        }
    }
}

static lp_err_t check_str(const lp_config_row_t *row, lp_span_t text, lp_buf_t *why)
{
    if (text.len > (size_t)row->max) {
        (void)lp_fmt(why, "%s: %u bytes are too long, at most %ld fit", row->key,
                     (unsigned)text.len, (long)row->max);
        return LP_E_RANGE;
    }
    if (row->choices != NULL && !is_choice(row->choices, text)) {
        explain_choices(row, why);
        return LP_E_INVALID;
    }
    const size_t mark = why->len;
    (void)lp_fmt(why, "%s: ", row->key);
    const lp_err_t err = row->check != NULL ? row->check(text, why) : LP_OK;
    if (err == LP_OK) {
        why->len = mark;
    }
    return err;
}

lp_err_t lp_config_check(const lp_config_row_t *row, const candidate_t *v, lp_buf_t *why)
{
    if (v->is_default) {
        return LP_OK;
    }
    switch (row->type) {
    case LP_CONFIG_BOOL:
        return LP_OK;
    case LP_CONFIG_INT:
        return check_int(row, v->num, why);
    case LP_CONFIG_STR:
        return check_str(row, v->text, why);
    }
    return LP_E_INVALID;
}

bool lp_config_is_vendor_legal(const lp_config_row_t *row, const lp_config_vendor_t *vendor)
{
    uint8_t text[LP_CONFIG_WHY_MAX];
    lp_buf_t why = lp_buf(text, sizeof text);
    if (row->type == LP_CONFIG_STR && vendor->text == NULL) {
        return false;
    }
    const candidate_t v = {.num = vendor->num,
                           .text = row->type == LP_CONFIG_STR ? lp_span_str(vendor->text)
                                                              : lp_span(NULL, 0)};
    return lp_config_check(row, &v, &why) == LP_OK;
}

// Edit distance of two short words, row by row.
static unsigned distance(lp_span_t a, lp_span_t b)
{
    uint8_t row[LP_CONFIG_KEY_MAX + 1];
    if (a.len > LP_CONFIG_KEY_MAX || b.len > LP_CONFIG_KEY_MAX) {
        return LP_CONFIG_KEY_MAX;
    }
    for (size_t i = 0; i <= b.len; i++) {
        row[i] = (uint8_t)i;
    }
    for (size_t i = 0; i < a.len; i++) {
        uint8_t diagonal = row[0];
        row[0] = (uint8_t)(i + 1);
        for (size_t k = 0; k < b.len; k++) {
            const uint8_t replace = (uint8_t)(diagonal + (a.ptr[i] != b.ptr[k]));
            const uint8_t shorter = row[k] < row[k + 1] ? row[k] : row[k + 1];
            diagonal = row[k + 1];
            row[k + 1] = replace < shorter + 1 ? replace : (uint8_t)(shorter + 1);
        }
    }
    return row[b.len];
}

void lp_config_explain_unknown(const lp_config_t *c, lp_span_t key, lp_buf_t *why)
{
    const char *best = NULL;
    unsigned best_distance = 5; // further away is no help
    for (size_t i = 0; i < c->s_.count; i++) {
        const unsigned d = distance(key, lp_span_str(c->s_.rows[i].key));
        if (d < best_distance) {
            best_distance = d;
            best = c->s_.rows[i].key;
        }
    }
    (void)lp_fmt(why, "there is no setting %.*s", LP_FMT_SPAN(key));
    if (best != NULL) {
        (void)lp_fmt(why, "; is %s meant?", best);
    }
}
