// SPDX-License-Identifier: Apache-2.0
// The bridge driver against a small bridge: bytes on the line, errors, garbage, silence, hang-up.
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "fake/port.h"
#include "limpet/port/clock.h"
#include "limpet/sc18im.h"

// ---- a stream with a bridge behind it ----------------------------------------------------------

typedef struct {
    lp_stream_t stream; // must stay first
    lp_loop_t *loop;
    lp_event_t event;
    lp_stream_fn *fn;
    void *ctx;
    uint8_t sent[1024]; // by the driver
    size_t sent_len, parsed;
    uint8_t back[1024]; // to the driver
    size_t back_len, back_pos;
    size_t write_room; // bytes taken per write call; 0: unlimited
    unsigned writes_refused;
    bool is_closed, is_mute, is_not_open;
    bool is_unannounced; // what it brings is not told
    uint8_t stat;
    uint8_t regs[11];
    uint8_t payload[256];  // what a read brings
    uint8_t pending_error; // for the next transfer, 0: none
    unsigned transfers;
} line_t;

static void bring(line_t *l, uint8_t byte)
{
    l->back[l->back_len++ % sizeof l->back] = byte;
}

static void do_transfer(line_t *l, const uint8_t *cmd)
{
    const bool is_read = (cmd[1] & 1) != 0;
    l->transfers++;
    l->stat = 0xF0;
    if (l->pending_error != 0) {
        l->stat = l->pending_error;
        l->pending_error = 0;
        return;
    }
    for (size_t i = 0; is_read && i < cmd[2]; i++) {
        bring(l, l->payload[i]);
    }
}

// Length of the command at the front, 0 if it is not complete.
static size_t command_len(const uint8_t *c, size_t n)
{
    if (c[0] == 'S') {
        const size_t len = n < 3 ? 0 : 4u + ((c[1] & 1) != 0 ? 0u : c[2]);
        return n >= len ? len : 0;
    }
    for (size_t i = 0; i < n; i++) {
        if (c[i] == 'P') {
            return i + 1;
        }
    }
    return 0;
}

static void bridge(line_t *l)
{
    for (;;) {
        const uint8_t *c = l->sent + l->parsed;
        const size_t len = l->sent_len > l->parsed ? command_len(c, l->sent_len - l->parsed) : 0;
        if (len == 0) {
            return;
        }
        l->parsed += len;
        if (c[0] == 'S') {
            assert_int_equal(c[len - 1], 'P');
            do_transfer(l, c);
        } else if (c[0] == 'R') {
            for (size_t i = 1; i + 1 < len; i++) {
                bring(l, c[i] == 0x0A ? l->stat : l->regs[c[i]]);
            }
        } else if (c[0] == 'W') {
            for (size_t i = 1; i + 2 < len; i += 2) {
                l->regs[c[i]] = c[i + 1];
            }
        } else {
            fail_msg("unknown command %02x", c[0]);
        }
    }
}

static void on_event(void *ctx)
{
    line_t *l = ctx;
    if (l->fn == NULL) {
        return;
    }
    const unsigned events = l->is_closed ? LP_STREAM_CLOSED
                                         : LP_STREAM_READABLE | LP_STREAM_WRITABLE |
                                               (l->is_not_open ? 0u : LP_STREAM_OPEN);
    l->fn(l->ctx, events, l->is_closed ? LP_E_CLOSED : LP_OK);
}

static void line_listen(lp_stream_t *s, lp_stream_fn *fn, void *ctx)
{
    ((line_t *)s)->fn = fn;
    ((line_t *)s)->ctx = ctx;
}

static lp_err_t line_read(lp_stream_t *s, uint8_t *buf, size_t cap, size_t *n)
{
    line_t *l = (line_t *)s;
    if (l->is_closed) {
        return LP_E_CLOSED;
    }
    if (l->is_mute || l->back_pos == l->back_len) {
        return LP_E_AGAIN;
    }
    *n = 0;
    while (*n < cap && l->back_pos < l->back_len) {
        buf[(*n)++] = l->back[l->back_pos++];
    }
    return LP_OK;
}

static lp_err_t line_write(lp_stream_t *s, lp_span_t data, size_t *n)
{
    line_t *l = (line_t *)s;
    if (l->is_closed) {
        return LP_E_CLOSED;
    }
    if (l->is_not_open) {
        return LP_E_AGAIN;
    }
    if (l->write_room != 0 && l->writes_refused++ % 2 == 1) {
        lp_loop_post(l->loop, &l->event);
        return LP_E_AGAIN;
    }
    *n = l->write_room != 0 && data.len > l->write_room ? l->write_room : data.len;
    assert_true(l->sent_len + *n <= sizeof l->sent);
    memcpy(l->sent + l->sent_len, data.ptr, *n);
    l->sent_len += *n;
    bridge(l);
    if (!l->is_unannounced) {
        lp_loop_post(l->loop, &l->event);
    }
    return LP_OK;
}

static void line_close(lp_stream_t *s)
{
    ((line_t *)s)->is_closed = true;
}

// ---- the bench ---------------------------------------------------------------------------------

typedef struct {
    lp_loop_t loop;
    line_t line;
    lp_sc18im_t bridge;
    unsigned done;
    lp_err_t err;
    uint8_t rx[256];
    lp_i2c_xfer_t xfer;
} rig_t;

static void on_done(void *ctx, lp_err_t err)
{
    rig_t *r = ctx;
    r->done++;
    r->err = err;
}

static int setup(void **state)
{
    static const lp_stream_ops_t ops = {
        .listen = line_listen, .read = line_read, .write = line_write, .close = line_close};
    static rig_t rig;
    fake_clock_reset();
    memset(&rig, 0, sizeof rig);
    lp_loop_init(&rig.loop);
    rig.line.stream.ops = &ops;
    rig.line.loop = &rig.loop;
    rig.line.regs[6] = 0x26;
    for (size_t i = 0; i < sizeof rig.line.payload; i++) {
        rig.line.payload[i] = (uint8_t)(i + 1);
    }
    lp_event_init(&rig.line.event, on_event, &rig.line);
    lp_sc18im_init(&rig.bridge, &rig.loop, &rig.line.stream);
    *state = &rig;
    return 0;
}

static lp_err_t begin(rig_t *r, lp_i2c_op_t op, lp_span_t tx, size_t rx_len)
{
    r->xfer = (lp_i2c_xfer_t){
        .op = op, .addr = 0x60, .tx = tx, .rx = r->rx, .rx_len = rx_len, .done = on_done, .ctx = r};
    return lp_i2c_start(&r->bridge.bus, &r->xfer);
}

static lp_err_t finish(rig_t *r)
{
    const unsigned want = r->done + 1;
    const uint64_t end = lp_port_now_ms() + 5000;
    while (r->done < want) {
        lp_loop_turn(&r->loop, 100);
        assert_true(lp_port_now_ms() < end);
    }
    return r->err;
}

static lp_err_t transfer(rig_t *r, lp_i2c_op_t op, lp_span_t tx, size_t rx_len)
{
    assert_int_equal(begin(r, op, tx, rx_len), LP_OK);
    return finish(r);
}

#define SENT(r, ...)                                                                               \
    do {                                                                                           \
        static const uint8_t want_[] = {__VA_ARGS__};                                              \
        assert_int_equal((r)->line.sent_len, sizeof want_);                                        \
        assert_memory_equal((r)->line.sent, want_, sizeof want_);                                  \
        (r)->line.sent_len = 0;                                                                    \
        (r)->line.parsed = 0;                                                                      \
    } while (0)

#define FENCE 'R', 0x0A, 0x06, 0x0A, 'P'

// ---- tests -------------------------------------------------------------------------------------

static void write_is_framed(void **state)
{
    rig_t *r = *state;
    const uint8_t data[] = {3, 'P', 'S'}; // bytes that look like commands
    assert_int_equal(begin(r, LP_I2C_WRITE, lp_span(data, 3), 0), LP_OK);
    assert_int_equal(r->done, 0); // not from inside the call
    assert_int_equal(finish(r), LP_OK);
    SENT(r, 'S', 0xC0, 3, 3, 'P', 'S', 'P', FENCE);
}

static void probe_is_a_write_of_nothing(void **state)
{
    rig_t *r = *state;
    r->line.pending_error = 0xF1;
    assert_int_equal(transfer(r, LP_I2C_WRITE, lp_span(NULL, 0), 0), LP_E_I2C_NACK);
    SENT(r, 'S', 0xC0, 0, 'P', FENCE);
}

static void read_brings_bytes(void **state)
{
    rig_t *r = *state;
    assert_int_equal(transfer(r, LP_I2C_READ, lp_span(NULL, 0), 35), LP_OK);
    assert_memory_equal(r->rx, r->line.payload, 35);
    SENT(r, 'S', 0xC1, 35, 'P', FENCE);
}

static void read_of_bytes_that_look_like_an_error(void **state)
{
    rig_t *r = *state;
    // All lengths, and data that begin with a status; only an exact likeness of the fence with
    // nothing behind it yet could be taken for one.
    for (size_t n = 1; n < 40; n++) {
        memset(r->line.payload, 0xF1, sizeof r->line.payload);
        r->line.payload[2] = 0x55;
        r->line.payload[0] = 0xF0;
        assert_int_equal(transfer(r, LP_I2C_READ, lp_span(NULL, 0), n), LP_OK);
        assert_memory_equal(r->rx, r->line.payload, n);
    }
}

static void errors_are_named(void **state)
{
    rig_t *r = *state;
    static const struct {
        uint8_t stat;
        lp_err_t err;
    } table[] = {{0xF1, LP_E_I2C_NACK}, {0xF2, LP_E_I2C_NACK}, {0xF8, LP_E_I2C_BUS}};
    const uint8_t data[4] = {0};
    for (size_t i = 0; i < 3; i++) {
        for (size_t n = 1; n < 6; n++) {
            r->line.pending_error = table[i].stat;
            assert_int_equal(transfer(r, LP_I2C_READ, lp_span(NULL, 0), n), table[i].err);
            r->line.pending_error = table[i].stat;
            assert_int_equal(transfer(r, LP_I2C_WRITE, lp_span(data, 4), 0), table[i].err);
            assert_int_equal(transfer(r, LP_I2C_READ, lp_span(NULL, 0), n), LP_OK);
            r->line.sent_len = 0;
            r->line.parsed = 0;
        }
    }
    r->line.pending_error = 0x77;
    assert_int_equal(transfer(r, LP_I2C_WRITE, lp_span(data, 4), 0), LP_E_IO);
}

static void wake_needs_no_acknowledge(void **state)
{
    rig_t *r = *state;
    r->line.pending_error = 0xF1;
    assert_int_equal(transfer(r, LP_I2C_WAKE, lp_span(NULL, 0), 0), LP_OK);
    SENT(r, 'S', 0x00, 0, 'P', FENCE);
    r->line.pending_error = 0xF8;
    assert_int_equal(transfer(r, LP_I2C_WAKE, lp_span(NULL, 0), 0), LP_E_I2C_BUS);
}

static void recover_clocks_with_the_line_high(void **state)
{
    rig_t *r = *state;
    r->line.pending_error = 0xF1;
    assert_int_equal(transfer(r, LP_I2C_RECOVER, lp_span(NULL, 0), 0), LP_OK);
    SENT(r, 'S', 0xFE, 0, 'P', FENCE);
}

static uint32_t rate_of(const rig_t *r)
{
    return 7372800u / 2 / (uint32_t)(r->line.regs[7] + r->line.regs[8]);
}

static void rate_is_set_and_lowered_for_the_pulse(void **state)
{
    rig_t *r = *state;
    assert_int_equal(lp_i2c_set_rate(&r->bridge.bus, 1000), LP_E_UNSUPPORTED);
    assert_int_equal(lp_i2c_set_rate(&r->bridge.bus, 1000000), LP_E_UNSUPPORTED);
    assert_int_equal(lp_i2c_set_rate(&r->bridge.bus, 300000), LP_OK);
    assert_int_equal(transfer(r, LP_I2C_READ, lp_span(NULL, 0), 4), LP_OK);
    assert_in_range(rate_of(r), 250000, 300000);
    assert_int_equal(transfer(r, LP_I2C_WAKE, lp_span(NULL, 0), 0), LP_OK);
    assert_in_range(rate_of(r), 90000, 100000);
    assert_int_equal(transfer(r, LP_I2C_READ, lp_span(NULL, 0), 4), LP_OK);
    assert_in_range(rate_of(r), 250000, 300000);
    r->line.sent_len = 0;
    r->line.parsed = 0;
    assert_int_equal(transfer(r, LP_I2C_READ, lp_span(NULL, 0), 4), LP_OK);
    SENT(r, 'S', 0xC1, 4, 'P', FENCE); // not set again
}

static void slow_line_takes_bytes_in_pieces(void **state)
{
    rig_t *r = *state;
    uint8_t data[155];
    memset(data, 0xA5, sizeof data);
    r->line.write_room = 3;
    assert_int_equal(transfer(r, LP_I2C_WRITE, lp_span(data, sizeof data), 0), LP_OK);
    assert_memory_equal(r->line.sent + 3, data, sizeof data);
}

static void one_transfer_at_a_time(void **state)
{
    rig_t *r = *state;
    lp_i2c_xfer_t other = {.op = LP_I2C_WAKE, .done = on_done, .ctx = r};
    assert_int_equal(begin(r, LP_I2C_READ, lp_span(NULL, 0), 4), LP_OK);
    assert_int_equal(lp_i2c_start(&r->bridge.bus, &other), LP_E_BUSY);
    assert_int_equal(finish(r), LP_OK);
    assert_int_equal(lp_i2c_start(&r->bridge.bus, &other), LP_OK);
    assert_int_equal(finish(r), LP_OK);
}

static void impossible_lengths_are_refused(void **state)
{
    rig_t *r = *state;
    uint8_t data[256] = {0};
    assert_int_equal(begin(r, LP_I2C_WRITE, lp_span(data, 256), 0), LP_E_INVALID);
    assert_int_equal(begin(r, LP_I2C_READ, lp_span(NULL, 0), 256), LP_E_INVALID);
    assert_int_equal(begin(r, LP_I2C_WRITE, lp_span(data, LP_SC18IM_TX_MAX), 0), LP_E_INVALID);
}

static void silence_is_a_timeout_and_late_bytes_are_thrown_away(void **state)
{
    rig_t *r = *state;
    r->line.is_mute = true;
    assert_int_equal(transfer(r, LP_I2C_READ, lp_span(NULL, 0), 8), LP_E_TIMEOUT);
    assert_in_range(lp_port_now_ms(), LP_SC18IM_TIMEOUT_MS, LP_SC18IM_TIMEOUT_MS + 100);
    r->line.is_mute = false; // now the old answer comes
    r->line.payload[0] = 0x99;
    assert_int_equal(transfer(r, LP_I2C_READ, lp_span(NULL, 0), 8), LP_OK);
    assert_int_equal(r->rx[0], 0x99);
    assert_memory_equal(r->rx, r->line.payload, 8);
}

// The board that gets no time until after the answer is due finds it all the same; a bridge that is
// a process may be given more time, and is given up, too.
static void answer_that_waited_for_a_busy_board_counts(void **state)
{
    rig_t *r = *state;
    r->line.payload[0] = 0x55;
    r->line.is_unannounced = true;
    assert_int_equal(begin(r, LP_I2C_READ, lp_span(NULL, 0), 8), LP_OK);
    lp_loop_turn(&r->loop, 1); // the request is out, and the answer there
    assert_true(r->line.back_len > 0);
    fake_clock_advance_ms(3000);
    assert_int_equal(finish(r), LP_OK);
    assert_int_equal(r->rx[0], 0x55);
    r->line.is_unannounced = false;
    assert_int_equal(transfer(r, LP_I2C_READ, lp_span(NULL, 0), 8), LP_OK);
    lp_sc18im_set_timeout(&r->bridge, 3000);
    r->line.is_mute = true;
    const uint64_t from_ms = lp_port_now_ms();
    assert_int_equal(transfer(r, LP_I2C_READ, lp_span(NULL, 0), 8), LP_E_TIMEOUT);
    assert_in_range(lp_port_now_ms() - from_ms, 3000, 3100);
}

static void garbage_before_and_within(void **state)
{
    rig_t *r = *state;
    bring(&r->line, 0x13); // before: drained
    bring(&r->line, 0xF1);
    assert_int_equal(transfer(r, LP_I2C_READ, lp_span(NULL, 0), 8), LP_OK);
    assert_memory_equal(r->rx, r->line.payload, 8);
    assert_int_equal(begin(r, LP_I2C_READ, lp_span(NULL, 0), 8), LP_OK);
    bring(&r->line, 0x13); // within: seen, because the fence does not stand where it must
    assert_int_equal(finish(r), LP_E_IO);
    assert_int_equal(transfer(r, LP_I2C_READ, lp_span(NULL, 0), 8), LP_OK);
    assert_memory_equal(r->rx, r->line.payload, 8);
}

// A byte too many that looks like a good status: the fence does not close.
static void stray_status_is_not_taken_for_the_answer(void **state)
{
    rig_t *r = *state;
    const uint8_t data[4] = {0};
    assert_int_equal(begin(r, LP_I2C_WRITE, lp_span(data, 4), 0), LP_OK);
    bring(&r->line, 0xF0);
    assert_int_equal(finish(r), LP_E_IO);
    assert_int_equal(transfer(r, LP_I2C_WRITE, lp_span(data, 4), 0), LP_OK);
}

static void unmute(void *ctx)
{
    rig_t *r = ctx;
    r->line.is_mute = false;
    lp_loop_post(&r->loop, &r->line.event);
}

// The old answer comes while the next transfer has begun: that one waits for a quiet line first.
static void late_answer_does_not_meet_the_next_transfer(void **state)
{
    rig_t *r = *state;
    lp_timer_t timer;
    lp_timer_init(&timer, unmute, r);
    memset(r->line.payload, 0x11, sizeof r->line.payload);
    r->line.is_mute = true;
    assert_int_equal(transfer(r, LP_I2C_READ, lp_span(NULL, 0), 8), LP_E_TIMEOUT);
    memset(r->line.payload, 0x22, sizeof r->line.payload);
    assert_int_equal(begin(r, LP_I2C_READ, lp_span(NULL, 0), 8), LP_OK);
    lp_timer_start(&r->loop, &timer, 20);
    assert_int_equal(finish(r), LP_OK);
    assert_memory_equal(r->rx, r->line.payload, 8);
}

static void lost_byte_is_a_timeout(void **state)
{
    rig_t *r = *state;
    assert_int_equal(begin(r, LP_I2C_READ, lp_span(NULL, 0), 8), LP_OK);
    lp_loop_turn(&r->loop, 0); // sent; the answer is on the line
    r->line.back_pos++;
    assert_int_equal(finish(r), LP_E_TIMEOUT);
    assert_int_equal(transfer(r, LP_I2C_READ, lp_span(NULL, 0), 8), LP_OK);
}

static void hang_up_completes_and_stays(void **state)
{
    rig_t *r = *state;
    r->line.is_mute = true;
    assert_int_equal(begin(r, LP_I2C_READ, lp_span(NULL, 0), 8), LP_OK);
    lp_loop_turn(&r->loop, 0);
    r->line.is_closed = true;
    lp_loop_post(&r->loop, &r->line.event);
    assert_int_equal(finish(r), LP_E_CLOSED);
    assert_int_equal(begin(r, LP_I2C_READ, lp_span(NULL, 0), 8), LP_E_CLOSED);
    assert_int_equal(r->done, 1);
}

static void hang_up_before_the_first_byte(void **state)
{
    rig_t *r = *state;
    assert_int_equal(begin(r, LP_I2C_READ, lp_span(NULL, 0), 8), LP_OK);
    r->line.is_closed = true;
    assert_int_equal(finish(r), LP_E_CLOSED);
}

static void not_open_yet_is_waited_for(void **state)
{
    rig_t *r = *state;
    r->line.is_not_open = true;
    assert_int_equal(begin(r, LP_I2C_READ, lp_span(NULL, 0), 8), LP_OK);
    lp_loop_turn(&r->loop, 0);
    assert_int_equal(r->line.sent_len, 0);
    r->line.is_not_open = false;
    lp_loop_post(&r->loop, &r->line.event);
    assert_int_equal(finish(r), LP_OK);
}

static void deinit_completes_from_the_loop(void **state)
{
    rig_t *r = *state;
    r->line.is_mute = true;
    assert_int_equal(begin(r, LP_I2C_READ, lp_span(NULL, 0), 8), LP_OK);
    lp_sc18im_deinit(&r->bridge);
    assert_int_equal(r->done, 0);
    assert_int_equal(finish(r), LP_E_CLOSED);
    assert_null(r->line.fn);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(write_is_framed, setup),
        cmocka_unit_test_setup(probe_is_a_write_of_nothing, setup),
        cmocka_unit_test_setup(read_brings_bytes, setup),
        cmocka_unit_test_setup(read_of_bytes_that_look_like_an_error, setup),
        cmocka_unit_test_setup(errors_are_named, setup),
        cmocka_unit_test_setup(wake_needs_no_acknowledge, setup),
        cmocka_unit_test_setup(recover_clocks_with_the_line_high, setup),
        cmocka_unit_test_setup(rate_is_set_and_lowered_for_the_pulse, setup),
        cmocka_unit_test_setup(slow_line_takes_bytes_in_pieces, setup),
        cmocka_unit_test_setup(one_transfer_at_a_time, setup),
        cmocka_unit_test_setup(impossible_lengths_are_refused, setup),
        cmocka_unit_test_setup(silence_is_a_timeout_and_late_bytes_are_thrown_away, setup),
        cmocka_unit_test_setup(answer_that_waited_for_a_busy_board_counts, setup),
        cmocka_unit_test_setup(garbage_before_and_within, setup),
        cmocka_unit_test_setup(stray_status_is_not_taken_for_the_answer, setup),
        cmocka_unit_test_setup(late_answer_does_not_meet_the_next_transfer, setup),
        cmocka_unit_test_setup(lost_byte_is_a_timeout, setup),
        cmocka_unit_test_setup(hang_up_completes_and_stays, setup),
        cmocka_unit_test_setup(hang_up_before_the_first_byte, setup),
        cmocka_unit_test_setup(not_open_yet_is_waited_for, setup),
        cmocka_unit_test_setup(deinit_completes_from_the_loop, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
