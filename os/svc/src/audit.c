// SPDX-License-Identifier: Apache-2.0
#include "limpet/audit.h"

#include <string.h>

#include "limpet/fmt.h"
#include "limpet/log.h"
#include "limpet/port/clock.h"

#define LOG_MODULE "audit"

static lp_audit_entry_t *last(lp_audit_t *a)
{
    return a->count > 0 ? &a->entries_[(a->count - 1) % LP_AUDIT_ENTRIES] : NULL;
}

static void copy(char *dst, size_t cap, const char *text)
{
    (void)lp_fmt_str(dst, cap, "%s", text);
}

uint16_t lp_audit_begin(lp_audit_t *a, const char *who, const char *from, const char *what)
{
    lp_audit_entry_t *e = &a->entries_[a->count % LP_AUDIT_ENTRIES];
    a->count++;
    a->last_mark_ = (uint16_t)(a->last_mark_ < UINT16_MAX ? a->last_mark_ + 1 : 1);
    *e = (lp_audit_entry_t){.at_ms = lp_port_now_ms(), .mark = a->last_mark_, .times = 1};
    copy(e->who, sizeof e->who, who);
    copy(e->from, sizeof e->from, from);
    copy(e->what, sizeof e->what, what);
    return e->mark;
}

static void finish(lp_audit_entry_t *e, lp_err_t err)
{
    e->err = err;
    e->is_done = true;
    LP_LOGI("%s from %s: %s: %s", e->who, e->from, e->what, lp_err_name(err));
}

void lp_audit_end(lp_audit_t *a, uint16_t mark, lp_err_t err)
{
    for (size_t i = 0; i < LP_AUDIT_ENTRIES; i++) {
        lp_audit_entry_t *e = &a->entries_[i];
        if (e->mark == mark && mark != 0 && !e->is_done) {
            finish(e, err);
            return;
        }
    }
}

static bool is_same(const lp_audit_entry_t *e, const char *who, const char *from, const char *what,
                    lp_err_t err)
{
    return e->is_done && e->err == err && strcmp(e->who, who) == 0 && strcmp(e->from, from) == 0 &&
           strcmp(e->what, what) == 0;
}

void lp_audit_note(lp_audit_t *a, const char *who, const char *from, const char *what, lp_err_t err)
{
    lp_audit_entry_t *e = last(a);
    if (e != NULL && e->times < UINT16_MAX && is_same(e, who, from, what, err)) {
        e->times++;
        e->at_ms = lp_port_now_ms();
        return;
    }
    lp_audit_end(a, lp_audit_begin(a, who, from, what), err);
}

static void put_entry(const lp_audit_entry_t *e, lp_json_writer_t *w)
{
    lp_json_put_object(w);
    lp_json_put_key(w, "at_s");
    lp_json_put_uint(w, e->at_ms / 1000);
    lp_json_put_key(w, "who");
    lp_json_put_str(w, e->who);
    lp_json_put_key(w, "from");
    lp_json_put_str(w, e->from);
    lp_json_put_key(w, "what");
    lp_json_put_str(w, e->what);
    lp_json_put_key(w, "result");
    lp_json_put_str(w, e->is_done ? lp_err_name(e->err) : "under way");
    lp_json_put_key(w, "times");
    lp_json_put_uint(w, e->times);
    lp_json_put_object_end(w);
}

void lp_audit_put(const lp_audit_t *a, lp_json_writer_t *w)
{
    const uint32_t kept = a->count < LP_AUDIT_ENTRIES ? a->count : LP_AUDIT_ENTRIES;
    lp_json_put_array(w);
    for (uint32_t i = a->count - kept; i != a->count; i++) {
        put_entry(&a->entries_[i % LP_AUDIT_ENTRIES], w);
    }
    lp_json_put_array_end(w);
}
