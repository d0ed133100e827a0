// SPDX-License-Identifier: Apache-2.0
// The board's lines as streams. A write that fits is taken whole; of a longer one a part is taken,
// and until the rest has come log lines are left out, so that a frame is never torn.
#include "bare_internal.h"
#include "limpet/fmt.h"
#include "limpet/port/clock.h"
#include "limpet/port/system.h"

#include <string.h>

enum { FLUSH_MS = 300 };

typedef struct {
    lp_stream_t stream; // must stay first
    const lp_hw_line_t *hw;
    lp_stream_fn *fn;
    void *ctx;
    lp_event_t event;
    bool is_told;    // the listener knows of input that it has not read yet
    bool is_blocked; // a write was refused
    bool is_mid_frame;
} line_t;

static line_t console, chip;
static unsigned dropped; // log lines

static line_t *of(lp_stream_t *s)
{
    return (line_t *)s;
}

static void on_event(void *ctx)
{
    line_t *line = ctx;
    unsigned events = line->hw->has_input(line->hw->ctx) ? LP_STREAM_READABLE : 0;
    if (line->is_blocked && line->hw->room(line->hw->ctx) > 0) {
        line->is_blocked = false;
        events |= LP_STREAM_WRITABLE;
    }
    if (events != 0 && line->fn != NULL) {
        line->fn(line->ctx, events, LP_OK);
    }
}

static void poll(line_t *line)
{
    if (line->hw == NULL) {
        return;
    }
    bool is_new = !line->is_told && line->hw->has_input(line->hw->ctx);
    if (is_new || (line->is_blocked && line->hw->room(line->hw->ctx) > 0)) {
        line->is_told = line->is_told || is_new;
        lp_loop_post(lp_bare_loop, &line->event);
    }
}

void lp_bare_lines_poll(void)
{
    poll(&console);
    poll(&chip);
}

bool lp_bare_lines_need_polling(void)
{
    return (chip.hw != NULL && !chip.hw->has_interrupt) || console.is_blocked || chip.is_blocked;
}

static void listen(lp_stream_t *s, lp_stream_fn *fn, void *ctx)
{
    of(s)->fn = fn;
    of(s)->ctx = ctx;
    of(s)->is_told = false;
}

static lp_err_t read(lp_stream_t *s, uint8_t *buf, size_t cap, size_t *n)
{
    size_t got = of(s)->hw->read(of(s)->hw->ctx, buf, cap);
    if (got == 0) {
        of(s)->is_told = false;
        return LP_E_AGAIN;
    }
    *n = got;
    return LP_OK;
}

static lp_err_t write(lp_stream_t *s, lp_span_t data, size_t *n)
{
    line_t *line = of(s);
    size_t room = line->hw->room(line->hw->ctx);
    if (room == 0) {
        line->is_blocked = true;
        return LP_E_AGAIN;
    }
    *n = line->hw->write(line->hw->ctx, data.ptr, data.len < room ? data.len : room);
    line->is_mid_frame = *n < data.len;
    return LP_OK;
}

static void close(lp_stream_t *s)
{
    (void)s; // a line is there as long as the board is
}

static void open_line(line_t *line, const lp_hw_line_t *hw)
{
    static const lp_stream_ops_t ops = {
        .listen = listen, .read = read, .write = write, .close = close};
    *line = (line_t){.stream = {.ops = &ops}, .hw = hw};
    lp_event_init(&line->event, on_event, line);
}

void lp_bare_lines_init(void)
{
    open_line(&console, lp_hw_console());
    open_line(&chip, lp_hw_chip_line());
}

lp_stream_t *lp_bare_console(void)
{
    return &console.stream;
}

lp_stream_t *lp_bare_chip_line(void)
{
    return chip.hw != NULL ? &chip.stream : NULL;
}

static void put(const char *text, size_t len)
{
    (void)console.hw->write(console.hw->ctx, (const uint8_t *)text, len);
}

void lp_port_log_line(const char *line, size_t len)
{
    char note[56] = "";
    if (console.hw == NULL) {
        return;
    }
    if (dropped > 0) {
        (void)lp_fmt_str(note, sizeof note, "(%u log lines were lost here, nobody read)\r\n",
                         dropped);
    }
    if (console.is_mid_frame || console.hw->room(console.hw->ctx) < strlen(note) + len + 2) {
        dropped++;
        return;
    }
    dropped = 0;
    put(note, strlen(note));
    put(line, len);
    put("\r\n", 2);
}

void lp_bare_console_break(void)
{
    if (console.hw != NULL && console.is_mid_frame) {
        put("\r\n", 2);
        console.is_mid_frame = false;
    }
}

void lp_bare_console_flush(void)
{
    uint64_t until_ms = lp_port_now_ms() + FLUSH_MS;
    size_t room = 0;
    while (lp_port_now_ms() < until_ms && room != console.hw->room(console.hw->ctx)) {
        room = console.hw->room(console.hw->ctx);
        lp_hw_idle(lp_port_now_ms() + 20, lp_hw_interrupts());
    }
}
