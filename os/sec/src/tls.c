// SPDX-License-Identifier: Apache-2.0
// The stream: what the loop sees of a connection.
//
//   (none) --open--> HANDSHAKE --done--> OPEN --fatal in read/write--> ENDING --event--> (none)
//                        |                 |                                               ^
//                        '--failed, timed out: LP_STREAM_CLOSED----------------------------|
//                                          '--lower closed, drained: LP_STREAM_CLOSED------'
//   close() leads from everywhere to (none), at once and without a callback.
//
// The listener may close the connection, and reuse its memory, from inside its callback: calling it
// is always the last thing that is done.
#include "limpet/tls.h"

#include "limpet/fmt.h"
#include "limpet/port/clock.h"
#include "tls_internal.h"

enum { NONE = 0, HANDSHAKE, OPEN, ENDING };
enum { DEFAULT_TIMEOUT_MS = 30000 };

static lp_tls_t *of(lp_stream_t *s)
{
    return (lp_tls_t *)s;
}

static void post(lp_tls_t *tls)
{
    lp_loop_post(lp_tls_engine_loop(), &tls->event_);
}

// Gives everything back; no callback.
static void drop(lp_tls_t *tls)
{
    lp_loop_t *loop = lp_tls_engine_loop();
    bool is_polite = tls->state_ == OPEN && tls->lower_err_ == LP_OK;
    tls->state_ = NONE;
    lp_tls_engine_abort(tls);
    lp_tls_session_close(tls, is_polite);
    lp_stream_listen(tls->lower_, NULL, NULL);
    lp_stream_close(tls->lower_);
    lp_timer_stop(loop, &tls->timer_);
    lp_loop_unpost(loop, &tls->event_);
    lp_tls_engine_count(-1);
}

static void tell(lp_tls_t *tls, unsigned events, lp_err_t why)
{
    if (tls->fn_ != NULL) {
        tls->fn_(tls->ctx_, events, why);
    }
}

static void end(lp_tls_t *tls, lp_err_t why)
{
    tls->report_.err = why;
    drop(tls);
    tell(tls, LP_STREAM_CLOSED, why);
}

// What the fiber says while it unwinds is not the reason, so the words are written afterwards.
static void time_out(lp_tls_t *tls)
{
    const char *whom = lp_tls_engine_waits_for_key() ? "key" : "server";
    drop(tls);
    tls->report_.err = LP_E_TIMEOUT;
    (void)lp_fmt_str(tls->report_.detail, sizeof tls->report_.detail,
                     "the handshake was not finished in time, waiting for the %s", whom);
    tell(tls, LP_STREAM_CLOSED, LP_E_TIMEOUT);
}

static void pump_handshake(lp_tls_t *tls)
{
    lp_err_t err = LP_OK;
    if (tls->is_timed_out_) {
        time_out(tls);
        return;
    }
    if (!lp_tls_engine_resume(tls, &err)) {
        return;
    }
    if (err != LP_OK) {
        end(tls, err);
        return;
    }
    lp_timer_stop(lp_tls_engine_loop(), &tls->timer_);
    lp_tls_session_settle(tls);
    tls->state_ = OPEN;
    if (tls->lower_err_ != LP_OK) {
        post(tls);
    }
    tell(tls, LP_STREAM_OPEN | LP_STREAM_READABLE | LP_STREAM_WRITABLE, LP_OK);
}

// The end of the lower stream: the listener gets the chance to read what is left, then an alert
// that may be behind it is looked for, and only bytes that nobody wants keep the connection from
// ending.
static void pump_closed(lp_tls_t *tls)
{
    if (!tls->is_draining_) {
        tls->is_draining_ = true;
        post(tls);
        tell(tls, LP_STREAM_READABLE, LP_OK);
        return;
    }
    if (lp_tls_session_probe(tls) != LP_OK) {
        end(tls, tls->report_.err);
    }
}

static void pump_open(lp_tls_t *tls)
{
    unsigned events = 0;
    if (tls->is_write_blocked_) {
        lp_err_t err = lp_tls_session_flush(tls);
        if (err != LP_OK && err != LP_E_AGAIN) {
            end(tls, err);
            return;
        }
        tls->is_write_blocked_ = err == LP_E_AGAIN;
        events |= err == LP_OK ? LP_STREAM_WRITABLE : 0u;
    }
    if (tls->lower_err_ != LP_OK) {
        pump_closed(tls);
        return;
    }
    if (tls->is_lower_readable_) {
        tls->is_lower_readable_ = false;
        events |= LP_STREAM_READABLE;
    }
    if (events != 0) {
        tell(tls, events, LP_OK);
    }
}

static void on_event(void *ctx)
{
    lp_tls_t *tls = ctx;
    if (tls->state_ == HANDSHAKE) {
        pump_handshake(tls);
    } else if (tls->state_ == OPEN) {
        pump_open(tls);
    } else if (tls->state_ == ENDING) {
        end(tls, tls->report_.err);
    }
}

static void on_timer(void *ctx)
{
    lp_tls_t *tls = ctx;
    tls->is_timed_out_ = true;
    post(tls);
}

static void on_lower(void *ctx, unsigned events, lp_err_t why)
{
    lp_tls_t *tls = ctx;
    if ((events & LP_STREAM_CLOSED) != 0 && tls->lower_err_ == LP_OK) {
        tls->lower_err_ = why != LP_OK ? why : LP_E_CLOSED;
    }
    if ((events & LP_STREAM_READABLE) != 0) {
        tls->is_lower_readable_ = true;
    }
    post(tls);
}

static void tls_listen(lp_stream_t *s, lp_stream_fn *fn, void *ctx)
{
    of(s)->fn_ = fn;
    of(s)->ctx_ = ctx;
}

// A fatal error met inside a call of the user's: it is told later, from the loop.
static lp_err_t end_later(lp_tls_t *tls, lp_err_t err)
{
    if (err == LP_OK || err == LP_E_AGAIN) {
        return err;
    }
    tls->state_ = ENDING;
    post(tls);
    return LP_E_CLOSED;
}

static lp_err_t tls_read(lp_stream_t *s, uint8_t *buf, size_t cap, size_t *n)
{
    lp_tls_t *tls = of(s);
    if (tls->state_ == HANDSHAKE) {
        return LP_E_AGAIN;
    }
    if (tls->state_ != OPEN) {
        return LP_E_CLOSED;
    }
    if (cap == 0) {
        return LP_E_INVALID;
    }
    return end_later(tls, lp_tls_session_read(tls, buf, cap, n));
}

static lp_err_t tls_write(lp_stream_t *s, lp_span_t data, size_t *n)
{
    lp_tls_t *tls = of(s);
    if (tls->state_ == HANDSHAKE) {
        return LP_E_AGAIN;
    }
    if (tls->state_ != OPEN) {
        return LP_E_CLOSED;
    }
    if (data.len == 0) {
        return LP_E_INVALID;
    }
    lp_err_t err = lp_tls_session_write(tls, data, n);
    tls->is_write_blocked_ = err == LP_E_AGAIN || lp_tls_session_has_unsent(tls);
    return end_later(tls, err);
}

static void tls_close(lp_stream_t *s)
{
    if (of(s)->state_ != NONE) {
        drop(of(s));
    }
}

static void reset(lp_tls_t *tls, lp_stream_t *lower, lp_stream_fn *fn, void *ctx)
{
    static const lp_stream_ops_t ops = {
        .listen = tls_listen, .read = tls_read, .write = tls_write, .close = tls_close};
    *tls = (lp_tls_t){.stream = {.ops = &ops}, .lower_ = lower, .fn_ = fn, .ctx_ = ctx};
    tls->report_ = (lp_tls_report_t){.version = "",
                                     .suite = "",
                                     .group = "",
                                     .key_source = "none",
                                     .ecdhe = "software",
                                     .verify = "software"};
    lp_event_init(&tls->event_, on_event, tls);
    lp_timer_init(&tls->timer_, on_timer, tls);
}

static lp_err_t start(lp_tls_t *tls, const lp_tls_config_t *config)
{
    if (!lp_tls_engine_is_ready()) {
        return LP_E_STATE;
    }
    if (lp_tls_engine_owner() != NULL) {
        (void)lp_fmt_str(tls->report_.detail, sizeof tls->report_.detail,
                         "another handshake is under way");
        return LP_E_BUSY;
    }
    lp_err_t err = lp_tls_session_open(tls, config);
    if (err == LP_OK) {
        err = lp_tls_engine_begin(tls);
        if (err != LP_OK) {
            lp_tls_session_close(tls, false);
        }
    }
    return err;
}

lp_err_t lp_tls_open(lp_tls_t *tls, lp_stream_t *lower, const lp_tls_config_t *config,
                     lp_stream_fn *fn, void *ctx)
{
    reset(tls, lower, fn, ctx);
    lp_err_t err = start(tls, config);
    tls->report_.err = err;
    if (err != LP_OK) {
        return err;
    }
    uint32_t timeout_ms = config->handshake_timeout_ms;
    tls->state_ = HANDSHAKE;
    tls->started_ms_ = lp_port_now_ms();
    tls->busy_before_us_ = lp_port_busy_us();
    lp_tls_engine_count(1);
    lp_stream_listen(lower, on_lower, tls);
    lp_timer_start(lp_tls_engine_loop(), &tls->timer_,
                   timeout_ms != 0 ? timeout_ms : DEFAULT_TIMEOUT_MS);
    post(tls);
    return LP_OK;
}

const lp_tls_report_t *lp_tls_report(const lp_tls_t *tls)
{
    return &tls->report_;
}
