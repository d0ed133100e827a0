// SPDX-License-Identifier: Apache-2.0
#include "limpet/svc_events.h"

#include <string.h>

#include "cursor.h"
#include "limpet/utf8.h"

enum {
    // Of one event in an answer: each byte of its text as \u00XX, the names and numbers around it.
    ITEM_BYTES = 6 * LP_EVENTS_TEXT_MAX + 128,
    ITEMS_MAX = (LP_RPC_FRAME_MAX - 512) / ITEM_BYTES,
};

typedef struct {
    uint32_t from;
    bool is_new; // the cursor is of another start of the board
    uint32_t wait_ms;
} query_t;

static bool take_query(const lp_svc_events_t *svc, lp_rpc_req_t *req, query_t *q)
{
    char text[LP_CURSOR_BYTES];
    lp_json_t value;
    uint32_t start = 0;
    *q = (query_t){.from = 1};
    lp_err_t err = lp_rpc_param_str(req, "cursor", text, sizeof text);
    if (err != LP_E_NOT_FOUND && (err != LP_OK || !lp_cursor_parse(text, &start, &q->from))) {
        lp_rpc_fail(req, LP_E_INVALID, "cursor: what an earlier Events.Read answered is needed");
        return false;
    }
    // What is ahead of this start was not of this start, either.
    if (err == LP_OK && (start != svc->start_ || q->from > svc->bus_->next_)) {
        *q = (query_t){.from = 1, .is_new = true};
    }
    err = lp_rpc_param(req, "wait_ms", &value);
    if (err != LP_E_NOT_FOUND &&
        (err != LP_OK || lp_json_u32(value, LP_SVC_EVENTS_WAIT_MAX_MS, &q->wait_ms) != LP_OK)) {
        lp_rpc_fail(req, LP_E_RANGE, "wait_ms: a whole number, 0..%d", LP_SVC_EVENTS_WAIT_MAX_MS);
        return false;
    }
    return true;
}

// -- answers

static void put_item(lp_json_writer_t *w, lp_events_item_t *item)
{
    char name[LP_EVENTS_NAME_MAX];
    const size_t len = strlen(item->text);
    lp_utf8_mask((uint8_t *)item->text, len); // the name of somebody's network
    lp_json_put_object(w);
    lp_json_put_key(w, "seq");
    lp_json_put_uint(w, item->seq);
    lp_json_put_key(w, "at_ms");
    lp_json_put_uint(w, item->at_ms);
    lp_json_put_key(w, "name");
    lp_json_put_str(w, lp_events_name(item->id, name));
    lp_json_put_key(w, "number");
    lp_json_put_int(w, item->number);
    lp_json_put_key(w, "text");
    lp_json_put_span(w, lp_span(item->text, len));
    lp_json_put_object_end(w);
}

static void answer(const lp_svc_events_t *svc, lp_rpc_req_t *req, const query_t *q)
{
    lp_events_item_t item;
    char cursor[LP_CURSOR_BYTES];
    uint32_t next = q->from;
    const bool has_any = lp_events_next(svc->bus_, next, &item);
    lp_json_writer_t *w = lp_rpc_result(req);
    lp_json_put_object(w);
    lp_json_put_key(w, "lost");
    lp_json_put_uint(w, has_any ? item.seq - q->from : 0);
    lp_json_put_key(w, "overflowed");
    lp_json_put_uint(w, svc->bus_->lost);
    lp_json_put_key(w, "is_new");
    lp_json_put_bool(w, q->is_new);
    lp_json_put_key(w, "events");
    lp_json_put_array(w);
    for (int i = 0; i < ITEMS_MAX && lp_events_next(svc->bus_, next, &item); i++) {
        next = item.seq + 1;
        put_item(w, &item);
    }
    lp_json_put_array_end(w);
    lp_json_put_key(w, "more");
    lp_json_put_bool(w, lp_events_next(svc->bus_, next, &item));
    lp_json_put_key(w, "cursor");
    lp_json_put_str(w, lp_cursor_text(cursor, svc->start_, next));
    lp_json_put_object_end(w);
    lp_rpc_done(req);
}

// -- a reader that waits

static void wake_reader(lp_svc_events_t *svc)
{
    lp_rpc_req_t *req = svc->waiting_;
    svc->waiting_ = NULL;
    lp_timer_stop(svc->loop_, &svc->timer_);
    if (req != NULL) {
        answer(svc, req, &(query_t){.from = svc->from_});
    }
}

static void on_event(void *ctx, const lp_events_item_t *item)
{
    lp_svc_events_t *svc = ctx;
    if ((int32_t)(item->seq - svc->from_) >= 0) { // else it was in an answer already
        wake_reader(svc);
    }
}

static void on_timer(void *ctx)
{
    wake_reader(ctx);
}

static void events_read(void *ctx, lp_rpc_req_t *req)
{
    lp_svc_events_t *svc = ctx;
    lp_events_item_t item;
    query_t q;
    if (!take_query(svc, req, &q)) {
        return;
    }
    const bool may_wait = q.wait_ms > 0 && !q.is_new && !lp_events_next(svc->bus_, q.from, &item);
    if (!may_wait) {
        answer(svc, req, &q);
    } else if (svc->waiting_ != NULL) {
        lp_rpc_fail(req, LP_E_BUSY, "a reader waits for events already; ask without wait_ms");
    } else {
        svc->waiting_ = req;
        svc->from_ = q.from;
        lp_timer_start(svc->loop_, &svc->timer_, q.wait_ms);
    }
}

static const lp_rpc_method_t methods[] = {
    {"Events.Read", LP_RPC_READ, events_read, "cursor, wait_ms",
     "{lost, overflowed, is_new, events: [{seq, at_ms, name, number, text}...], more, cursor}"},
};

void lp_svc_events_init(lp_svc_events_t *svc, lp_loop_t *loop, lp_rpc_t *rpc, lp_events_t *bus,
                        uint32_t start)
{
    *svc = (lp_svc_events_t){.loop_ = loop, .bus_ = bus, .start_ = start};
    svc->set_ =
        (lp_rpc_set_t){.methods = methods, .count = sizeof methods / sizeof methods[0], .ctx = svc};
    lp_timer_init(&svc->timer_, on_timer, svc);
    lp_events_subscribe(bus, &svc->sub_, LP_EVENTS_ANY, on_event, svc);
    lp_rpc_add(rpc, &svc->set_);
}
