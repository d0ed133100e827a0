// SPDX-License-Identifier: Apache-2.0
#include "limpet/svc_log.h"

#include "cursor.h"
#include "limpet/port/clock.h"
#include "limpet/utf8.h"

enum {
    LINES_BYTES_MAX = LP_RPC_FRAME_MAX - 512, // of one answer
    LINE_BYTES = 80,                          // around its text
};

typedef struct {
    uint32_t from;
    uint32_t lost; // lines before it that are gone
    bool is_new;   // the cursor is of a ring that is no more
    lp_log_level_t level;
    uint32_t wait_ms;
} query_t;

// -- questions

static lp_err_t take_cursor(const lp_svc_log_t *svc, const lp_rpc_req_t *req, query_t *q)
{
    char text[LP_CURSOR_BYTES];
    uint32_t nonce = 0;
    q->from = svc->ring_->first_id;
    const lp_err_t err = lp_rpc_param_str(req, "cursor", text, sizeof text);
    if (err == LP_E_NOT_FOUND) {
        return LP_OK;
    }
    uint32_t id = 0;
    if (err != LP_OK || !lp_cursor_parse(text, &nonce, &id)) {
        return LP_E_INVALID;
    }
    // What is ahead of this ring was not of this ring, either.
    q->is_new = nonce != svc->ring_->nonce || (int32_t)(id - svc->ring_->next_id) > 0;
    if (!q->is_new) {
        const int32_t behind = (int32_t)(svc->ring_->first_id - id);
        q->lost = behind > 0 ? (uint32_t)behind : 0;
        q->from = behind > 0 ? svc->ring_->first_id : id;
    }
    return LP_OK;
}

// `start` 0 is this start of the board, -1 the one before.
static lp_err_t take_start(const lp_svc_log_t *svc, const lp_rpc_req_t *req, query_t *q)
{
    uint8_t text[LP_LOG_LINE_MAX];
    lp_log_ring_line_t line;
    lp_json_t value;
    int64_t back = 0;
    const lp_err_t err = lp_rpc_param(req, "start", &value);
    if (err == LP_E_NOT_FOUND) {
        return LP_OK;
    }
    if (err != LP_OK || lp_json_int(value, -1000, 0, &back) != LP_OK) {
        return LP_E_INVALID;
    }
    uint32_t id = q->from;
    while (lp_log_ring_get(svc->ring_, id, text, &line) &&
           (int64_t)line.start - (int64_t)svc->ring_->start < back) {
        id = line.id + 1;
    }
    q->from = id;
    return LP_OK;
}

static bool take_query(const lp_svc_log_t *svc, lp_rpc_req_t *req, query_t *q)
{
    char level[8];
    lp_json_t value;
    *q = (query_t){.level = LP_LOG_DEBUG};
    if (take_cursor(svc, req, q) != LP_OK) {
        lp_rpc_fail(req, LP_E_INVALID, "cursor: what an earlier Log.Read answered is needed");
        return false;
    }
    if (take_start(svc, req, q) != LP_OK) {
        lp_rpc_fail(req, LP_E_RANGE, "start: 0 (this one), -1 (the one before), down to -1000");
        return false;
    }
    lp_err_t err = lp_rpc_param_str(req, "level", level, sizeof level);
    if (err != LP_E_NOT_FOUND &&
        (err != LP_OK || lp_log_level(lp_span_str(level), &q->level) != LP_OK)) {
        lp_rpc_fail(req, LP_E_INVALID, "level: error, warn, info or debug");
        return false;
    }
    err = lp_rpc_param(req, "wait_ms", &value);
    if (err != LP_E_NOT_FOUND &&
        (err != LP_OK || lp_json_u32(value, LP_SVC_LOG_WAIT_MAX_MS, &q->wait_ms) != LP_OK)) {
        lp_rpc_fail(req, LP_E_RANGE, "wait_ms: a whole number, 0..%d", LP_SVC_LOG_WAIT_MAX_MS);
        return false;
    }
    return true;
}

// -- answers

static const char *level_name(lp_log_level_t level)
{
    static const char *const names[] = {"off", "error", "warn", "info", "debug"};
    return names[level];
}

// As JSON at most: what is no plain character is written as \uXXXX.
static size_t bytes_of(lp_span_t text)
{
    size_t n = LINE_BYTES;
    for (size_t i = 0; i < text.len; i++) {
        const uint8_t c = text.ptr[i];
        n += c < 0x20 || c >= 0x7F ? 6 : c == '"' || c == '\\' ? 2 : 1;
    }
    return n;
}

static void put_line(lp_json_writer_t *w, const lp_log_ring_t *ring, const lp_log_ring_line_t *line)
{
    lp_json_put_object(w);
    lp_json_put_key(w, "id");
    lp_json_put_uint(w, line->id);
    lp_json_put_key(w, "start");
    lp_json_put_int(w, (int64_t)line->start - (int64_t)ring->start);
    lp_json_put_key(w, "level");
    lp_json_put_str(w, level_name(line->level));
    lp_json_put_key(w, "text");
    lp_json_put_span(w, line->text);
    lp_json_put_object_end(w);
}

// The first line from `id` on that is not of too low a level; false: none. *id: where it stopped.
static bool find_line(const lp_log_ring_t *ring, uint32_t *id, lp_log_level_t level,
                      uint8_t text[LP_LOG_LINE_MAX], lp_log_ring_line_t *line)
{
    while (lp_log_ring_get(ring, *id, text, line)) {
        *id = line->id;
        if (line->level <= level) {
            // What somebody else sent, or a cut line, may be no UTF-8, which JSON must be.
            lp_utf8_mask(text, line->text.len);
            return true;
        }
        (*id)++;
    }
    *id = ring->next_id;
    return false;
}

static void answer(const lp_svc_log_t *svc, lp_rpc_req_t *req, const query_t *q)
{
    uint8_t text[LP_LOG_LINE_MAX];
    char cursor[LP_CURSOR_BYTES];
    lp_log_ring_line_t line;
    uint32_t id = q->from;
    size_t bytes = 0;
    bool has_more = false;
    lp_json_writer_t *w = lp_rpc_result(req);
    lp_json_put_object(w);
    lp_json_put_key(w, "lost");
    lp_json_put_uint(w, q->lost);
    lp_json_put_key(w, "is_new");
    lp_json_put_bool(w, q->is_new);
    lp_json_put_key(w, "lines");
    lp_json_put_array(w);
    while (!has_more && find_line(svc->ring_, &id, q->level, text, &line)) {
        bytes += bytes_of(line.text);
        has_more = bytes > LINES_BYTES_MAX;
        if (!has_more) {
            put_line(w, svc->ring_, &line);
            id = line.id + 1;
        }
    }
    lp_json_put_array_end(w);
    lp_json_put_key(w, "more");
    lp_json_put_bool(w, has_more);
    lp_json_put_key(w, "cursor");
    lp_json_put_str(w, lp_cursor_text(cursor, svc->ring_->nonce, id));
    lp_json_put_object_end(w);
    lp_rpc_done(req);
}

// -- readers that wait

static bool has_line(const lp_svc_log_t *svc, uint32_t from, lp_log_level_t level)
{
    uint8_t text[LP_LOG_LINE_MAX];
    lp_log_ring_line_t line;
    return find_line(svc->ring_, &from, level, text, &line);
}

static void set_timer(lp_svc_log_t *svc)
{
    uint64_t due_ms = UINT64_MAX;
    const uint64_t now_ms = lp_port_now_ms();
    for (size_t i = 0; i < LP_SVC_LOG_WAITERS; i++) {
        const lp_svc_log_waiter_t *w = &svc->waiters_[i];
        due_ms = w->req_ != NULL && w->until_ms_ < due_ms ? w->until_ms_ : due_ms;
    }
    lp_timer_stop(svc->loop_, &svc->timer_);
    if (due_ms != UINT64_MAX) {
        lp_timer_start(svc->loop_, &svc->timer_, due_ms > now_ms ? (uint32_t)(due_ms - now_ms) : 0);
    }
}

static void look(void *ctx)
{
    lp_svc_log_t *svc = ctx;
    const uint64_t now_ms = lp_port_now_ms();
    for (size_t i = 0; i < LP_SVC_LOG_WAITERS; i++) {
        lp_svc_log_waiter_t *w = &svc->waiters_[i];
        if (w->req_ != NULL && (now_ms >= w->until_ms_ || has_line(svc, w->from_, w->level_))) {
            lp_rpc_req_t *req = w->req_;
            const uint32_t first = svc->ring_->first_id;
            const int32_t behind = (int32_t)(first - w->from_);
            const query_t q = {.from = behind > 0 ? first : w->from_,
                               .lost = behind > 0 ? (uint32_t)behind : 0,
                               .level = w->level_};
            w->req_ = NULL;
            answer(svc, req, &q);
        }
    }
    set_timer(svc);
}

static bool wait(lp_svc_log_t *svc, lp_rpc_req_t *req, const query_t *q)
{
    for (size_t i = 0; i < LP_SVC_LOG_WAITERS; i++) {
        lp_svc_log_waiter_t *w = &svc->waiters_[i];
        if (w->req_ == NULL) {
            *w = (lp_svc_log_waiter_t){.req_ = req,
                                       .from_ = q->from,
                                       .level_ = q->level,
                                       .until_ms_ = lp_port_now_ms() + q->wait_ms};
            set_timer(svc);
            return true;
        }
    }
    return false;
}

static void on_line(void *ctx, lp_log_level_t level, lp_span_t line)
{
    lp_svc_log_t *svc = ctx;
    (void)level;
    (void)line;
    for (size_t i = 0; i < LP_SVC_LOG_WAITERS; i++) {
        if (svc->waiters_[i].req_ != NULL) {
            lp_loop_post(svc->loop_, &svc->event_); // whoever logs may be inside an answer
            return;
        }
    }
}

static void log_read(void *ctx, lp_rpc_req_t *req)
{
    lp_svc_log_t *svc = ctx;
    query_t q;
    if (!take_query(svc, req, &q)) {
        return;
    }
    const bool may_wait =
        q.wait_ms > 0 && q.lost == 0 && !q.is_new && !has_line(svc, q.from, q.level);
    if (!may_wait) {
        answer(svc, req, &q);
    } else if (!wait(svc, req, &q)) {
        lp_rpc_fail(req, LP_E_BUSY, "%d readers wait for the log already", LP_SVC_LOG_WAITERS);
    }
}

static const lp_rpc_method_t methods[] = {
    {"Log.Read", LP_RPC_READ, log_read, "cursor, start: 0 or less, level, wait_ms",
     "{lost, is_new, lines: [{id, start, level, text}...], more, cursor}"},
};

void lp_svc_log_init(lp_svc_log_t *svc, lp_loop_t *loop, lp_rpc_t *rpc, const lp_log_ring_t *ring)
{
    *svc = (lp_svc_log_t){.loop_ = loop, .ring_ = ring};
    svc->set_ =
        (lp_rpc_set_t){.methods = methods, .count = sizeof methods / sizeof methods[0], .ctx = svc};
    svc->sink_ = (lp_log_sink_t){.put = on_line, .ctx = svc};
    lp_event_init(&svc->event_, look, svc);
    lp_timer_init(&svc->timer_, look, svc);
    lp_log_add_sink(&svc->sink_);
    lp_rpc_add(rpc, &svc->set_);
}
