// SPDX-License-Identifier: Apache-2.0
// An SPI bus of pins, against a part that looks at the levels alone: a shift register that answers
// each byte with the one before it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fake/port.h"
#include "limpet/spibb.h"

static lp_loop_t loop;
static lp_spibb_t bb;
static unsigned done_count;
static lp_err_t done_err;

// The part. It knows its mode and nothing of the master's.
static struct {
    uint8_t mode;
    bool clock, data, is_selected;
    unsigned in, bits;
    uint8_t answer; // being sent, highest bit first
    uint8_t previous;
    unsigned edges; // while selected
    unsigned selections;
    uint64_t waited_ns;
    uint32_t shortest_ns;
    bool moved_badly; // the clock was not at rest at a selection, or no time passed
} part;

static void sample(void)
{
    part.in = (part.in << 1 | (part.data ? 1u : 0u)) & 0xFFu;
    if (++part.bits % 8 == 0) {
        part.previous = (uint8_t)part.in;
    }
}

static void set_clock(void *ctx, bool level)
{
    (void)ctx;
    if (level == part.clock) {
        return;
    }
    part.clock = level;
    if (!part.is_selected) {
        return;
    }
    part.edges++;
    const bool is_leading = level != (part.mode >= 2);
    const bool is_sampling = is_leading == (part.mode % 2 == 0);
    if (is_sampling) {
        sample();
    } else if (part.mode % 2 == 1) {
        if (part.bits % 8 == 0) {
            part.answer = part.previous;
        } else {
            part.answer = (uint8_t)(part.answer << 1);
        }
    } else {
        part.answer = part.bits % 8 == 0 ? part.previous : (uint8_t)(part.answer << 1);
    }
}

static void set_data(void *ctx, bool level)
{
    (void)ctx;
    part.data = level;
}

static bool get_data(void *ctx)
{
    (void)ctx;
    return (part.answer & 0x80) != 0;
}

static bool set_select(void *ctx, uint8_t line, bool is_selected)
{
    (void)ctx;
    if (line > 0) {
        return false;
    }
    part.moved_badly = part.moved_badly || part.clock != (part.mode >= 2);
    part.is_selected = is_selected;
    part.selections += is_selected ? 1 : 0;
    part.answer = part.previous = 0xA5;
    part.bits = 0;
    return true;
}

static void wait_ns(void *ctx, uint32_t ns)
{
    (void)ctx;
    part.waited_ns += ns;
    part.shortest_ns = ns < part.shortest_ns ? ns : part.shortest_ns;
}

static void on_done(void *ctx, lp_err_t err)
{
    (void)ctx;
    done_err = err;
    done_count++;
}

static void wait_for(unsigned count)
{
    for (int i = 0; i < 10000 && done_count < count; i++) {
        lp_loop_turn(&loop, 1);
    }
    assert_int_equal(done_count, count);
}

static int set_up(void **state)
{
    static const lp_spibb_pins_t pins = {.clock = set_clock,
                                         .data_out = set_data,
                                         .data_in = get_data,
                                         .select = set_select,
                                         .wait_ns = wait_ns};
    (void)state;
    fake_clock_reset();
    lp_loop_init(&loop);
    memset(&part, 0, sizeof part);
    part.shortest_ns = UINT32_MAX;
    done_count = 0;
    lp_spibb_init(&bb, &loop, &pins);
    return 0;
}

static lp_spi_xfer_t xfer(const lp_spi_device_t *to, lp_span_t tx, uint8_t *rx, size_t from,
                          size_t len)
{
    return (lp_spi_xfer_t){
        .to = to, .tx = tx, .rx = rx, .rx_from = from, .rx_len = len, .done = on_done};
}

static void bytes_go_both_ways_in_each_mode(void **state)
{
    (void)state;
    for (uint8_t mode = 0; mode < 4; mode++) {
        static const uint8_t tx[] = {0x01, 0x80, 0xFF, 0x00, 0x5A};
        static const uint8_t want[] = {0xA5, 0x01, 0x80, 0xFF, 0x00};
        const lp_spi_device_t to = {.mode = mode, .rate_hz = 1000000};
        uint8_t rx[5] = {0};
        set_up(state);
        part.mode = mode;
        part.clock = mode >= 2;
        lp_spi_xfer_t x = xfer(&to, lp_span(tx, sizeof tx), rx, 0, sizeof rx);
        assert_int_equal(lp_spi_start(&bb.bus, &x), LP_OK);
        assert_int_equal(done_count, 0); // never from inside
        wait_for(1);
        assert_int_equal(done_err, LP_OK);
        assert_memory_equal(rx, want, sizeof want);
        assert_int_equal(part.previous, 0xA5); // let go again
        assert_int_equal(part.edges, 2 * 8 * sizeof tx);
        assert_false(part.moved_badly);
        assert_false(part.is_selected);
    }
}

static void written_first_and_read_behind(void **state)
{
    (void)state;
    const lp_spi_device_t to = {.mode = 0, .rate_hz = 100000};
    uint8_t rx[4] = {0, 0, 0, 0x77};
    lp_spi_xfer_t x = xfer(&to, lp_span("\x12\x34", 2), rx, 2, 3);
    assert_int_equal(lp_spi_start(&bb.bus, &x), LP_OK);
    wait_for(1);
    const uint8_t want[] = {0x34, LP_SPI_FILL, LP_SPI_FILL, 0x77};
    assert_memory_equal(rx, want, sizeof want);
    assert_int_equal(part.shortest_ns, 5000);
}

static void rate_is_kept_and_no_turn_is_long(void **state)
{
    (void)state;
    static uint8_t tx[1000];
    const lp_spi_device_t to = {.mode = 0, .rate_hz = 1000000};
    lp_spi_xfer_t x = xfer(&to, lp_span(tx, sizeof tx), NULL, 0, 0);
    assert_int_equal(lp_spi_start(&bb.bus, &x), LP_OK);
    uint64_t longest = 0;
    while (done_count == 0) {
        const uint64_t before = part.waited_ns;
        lp_loop_turn(&loop, 1);
        longest = part.waited_ns - before > longest ? part.waited_ns - before : longest;
    }
    assert_true(part.waited_ns >= 8000000);
    assert_true(longest <= (LP_SPIBB_TURN_US + 8) * 1000);
}

static void transfers_take_turns(void **state)
{
    (void)state;
    const lp_spi_device_t to = {.mode = 0, .rate_hz = 1000000};
    lp_spi_xfer_t x[4];
    for (int i = 0; i < 4; i++) {
        x[i] = xfer(&to, lp_span("ab", 2), NULL, 0, 0);
        assert_int_equal(lp_spi_start(&bb.bus, &x[i]), LP_OK);
    }
    wait_for(4);
    assert_int_equal(part.selections, 4);
}

// One that cannot be ends alone; those behind it go on.
static void what_cannot_be_is_said(void **state)
{
    (void)state;
    const lp_spi_device_t good = {.mode = 0, .rate_hz = 1000000};
    const lp_spi_device_t none = {.select = 9, .mode = 0, .rate_hz = 1000000};
    const lp_spi_device_t slow = {.mode = 0, .rate_hz = 10};
    const lp_spi_device_t odd = {.mode = 4, .rate_hz = 1000000};
    lp_spi_xfer_t a = xfer(&none, lp_span("a", 1), NULL, 0, 0);
    lp_spi_xfer_t b = xfer(&good, lp_span("a", 1), NULL, 0, 0);
    lp_spi_xfer_t c = xfer(&slow, lp_span("a", 1), NULL, 0, 0);
    assert_int_equal(lp_spi_start(&bb.bus, &a), LP_OK);
    assert_int_equal(lp_spi_start(&bb.bus, &b), LP_OK);
    assert_int_equal(lp_spi_start(&bb.bus, &c), LP_OK);
    wait_for(1);
    assert_int_equal(done_err, LP_E_UNSUPPORTED);
    wait_for(2);
    assert_int_equal(done_err, LP_OK);
    wait_for(3);
    assert_int_equal(done_err, LP_E_UNSUPPORTED);
    lp_spi_xfer_t bad = xfer(&odd, lp_span("a", 1), NULL, 0, 0);
    assert_int_equal(lp_spi_start(&bb.bus, &bad), LP_E_INVALID);
    bad = xfer(&good, lp_span(NULL, 0), NULL, 0, 0);
    assert_int_equal(lp_spi_start(&bb.bus, &bad), LP_E_INVALID);
    bad = xfer(&good, lp_span("a", 1), NULL, 0, 1);
    assert_int_equal(lp_spi_start(&bb.bus, &bad), LP_E_INVALID);
    bad = xfer(NULL, lp_span("a", 1), NULL, 0, 0);
    assert_int_equal(lp_spi_start(&bb.bus, &bad), LP_E_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(bytes_go_both_ways_in_each_mode, set_up),
        cmocka_unit_test_setup(written_first_and_read_behind, set_up),
        cmocka_unit_test_setup(rate_is_kept_and_no_turn_is_long, set_up),
        cmocka_unit_test_setup(transfers_take_turns, set_up),
        cmocka_unit_test_setup(what_cannot_be_is_said, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
