// SPDX-License-Identifier: Apache-2.0
#include "limpet/log_outlet.h"

#include "limpet/port/clock.h"

enum { RETRY_MS = 1000, LINES_A_TURN = 8 };

static void refill(lp_log_outlet_t *out)
{
    const uint64_t now_ms = lp_port_now_ms();
    const uint64_t more = (now_ms - out->filled_ms_) * out->lines_s_ / 1000;
    if (more > 0) {
        out->tokens_ =
            more < out->lines_s_ - out->tokens_ ? out->tokens_ + (uint32_t)more : out->lines_s_;
        out->filled_ms_ = now_ms;
    }
}

// The next line that is meant for this way, in `text`; false: none.
static bool find(lp_log_outlet_t *out, uint8_t text[LP_LOG_LINE_MAX], lp_log_ring_line_t *line)
{
    while (lp_log_ring_get(out->ring_, out->next_, text, line)) {
        out->dropped_ += line->id - out->next_; // the ring had no room for them any more
        out->next_ = line->id;
        if (line->level <= out->level_) {
            return true;
        }
        out->next_++;
    }
    return false;
}

static lp_err_t tell_dropped(lp_log_outlet_t *out, const lp_log_ring_line_t *before)
{
    char words[64];
    (void)lp_fmt_str(words, sizeof words, "W %lu.%03u log: %u lines dropped",
                     (unsigned long)(lp_port_now_ms() / 1000), (unsigned)(lp_port_now_ms() % 1000),
                     (unsigned)out->dropped_);
    const lp_log_ring_line_t line = {
        .id = before->id, .start = before->start, .level = LP_LOG_WARN, .text = lp_span_str(words)};
    const lp_err_t err = out->send_(out->ctx_, &line);
    if (err == LP_OK) {
        out->dropped_ = 0;
    }
    return err;
}

static bool send_one(lp_log_outlet_t *out, const lp_log_ring_line_t *line)
{
    lp_err_t err = out->dropped_ > 0 ? tell_dropped(out, line) : LP_OK;
    if (err != LP_E_AGAIN) {
        err = out->send_(out->ctx_, line);
    }
    if (err == LP_E_AGAIN) {
        return false;
    }
    out->dropped_ += err != LP_OK ? 1 : 0;
    out->next_++;
    out->tokens_--;
    return true;
}

static void pump(void *ctx)
{
    lp_log_outlet_t *out = ctx;
    uint8_t text[LP_LOG_LINE_MAX];
    lp_log_ring_line_t line;
    unsigned sent = 0;
    uint32_t wait_ms = 0;
    refill(out);
    while (out->level_ != LP_LOG_OFF && wait_ms == 0 && find(out, text, &line)) {
        if (out->tokens_ == 0) {
            wait_ms = 1000 / out->lines_s_ + 1;
        } else if (!send_one(out, &line)) {
            wait_ms = RETRY_MS;
        } else if (++sent == LINES_A_TURN) {
            wait_ms = 1; // others want the loop, too
        }
    }
    if (wait_ms > 0) {
        lp_timer_start(out->loop_, &out->timer_, wait_ms);
    }
}

static void on_line(void *ctx, lp_log_level_t level, lp_span_t line)
{
    lp_log_outlet_t *out = ctx;
    (void)line;
    if (out->level_ == LP_LOG_OFF) {
        // What is logged while it is closed is not meant for it.
        out->next_ = out->was_open_ ? out->ring_->next_id : out->next_;
    } else if (level <= out->level_) {
        lp_loop_post(out->loop_, &out->event_);
    }
}

void lp_log_outlet_init(lp_log_outlet_t *out, lp_loop_t *loop, const lp_log_ring_t *ring,
                        lp_log_outlet_fn *send, void *ctx, uint32_t lines_s)
{
    uint8_t text[LP_LOG_LINE_MAX];
    lp_log_ring_line_t line;
    *out = (lp_log_outlet_t){.loop_ = loop,
                             .ring_ = ring,
                             .send_ = send,
                             .ctx_ = ctx,
                             .lines_s_ = lines_s,
                             .tokens_ = lines_s,
                             .filled_ms_ = lp_port_now_ms(),
                             .next_ = ring->first_id};
    while (lp_log_ring_get(ring, out->next_, text, &line) && line.start != ring->start) {
        out->next_ = line.id + 1;
    }
    out->sink_ = (lp_log_sink_t){.put = on_line, .ctx = out};
    lp_event_init(&out->event_, pump, out);
    lp_timer_init(&out->timer_, pump, out);
    lp_log_add_sink(&out->sink_);
}

void lp_log_outlet_open(lp_log_outlet_t *out, lp_log_level_t level)
{
    if (level == LP_LOG_OFF) {
        lp_timer_stop(out->loop_, &out->timer_);
        out->dropped_ = 0;
    } else {
        out->was_open_ = true;
        lp_loop_post(out->loop_, &out->event_);
    }
    out->level_ = level;
}
