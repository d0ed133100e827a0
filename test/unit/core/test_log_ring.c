// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake/port.h"
#include "limpet/log_ring.h"

enum { BYTES = 700 };

static uint8_t memory[BYTES];
static lp_log_ring_t ring;

static int setup(void **state)
{
    (void)state;
    fake_clock_reset();
    fake_system_reset();
    memset(memory, 0xA7, sizeof memory);
    lp_log_ring_open(&ring, memory, sizeof memory, 0x11223344);
    return 0;
}

static void put(const char *text)
{
    lp_log_ring_put(&ring, LP_LOG_INFO, lp_span_str(text));
}

// The text of line `id`; "" when the ring has another one or none.
static const char *text_of(const lp_log_ring_t *r, uint32_t id)
{
    static uint8_t text[LP_LOG_LINE_MAX + 1];
    lp_log_ring_line_t line;
    if (!lp_log_ring_get(r, id, text, &line) || line.id != id) {
        return "";
    }
    text[line.text.len] = '\0';
    return (const char *)text;
}

static void lines_come_back_with_their_ids(void **state)
{
    (void)state;
    put("one");
    lp_log_ring_put(&ring, LP_LOG_ERROR, lp_span_str("two"));
    uint8_t text[LP_LOG_LINE_MAX];
    lp_log_ring_line_t line;
    assert_true(lp_log_ring_get(&ring, 2, text, &line));
    assert_int_equal(line.id, 2);
    assert_int_equal(line.level, LP_LOG_ERROR);
    assert_int_equal(line.start, 1);
    assert_memory_equal(line.text.ptr, "two", 3);
    assert_string_equal(text_of(&ring, 1), "one");
    assert_false(lp_log_ring_get(&ring, 3, text, &line));
}

static void oldest_lines_make_room(void **state)
{
    (void)state;
    for (int i = 1; i <= 500; i++) {
        char text[64];
        snprintf(text, sizeof text, "line %d%.*s", i, i % 40,
                 "----------------------------------------");
        put(text);
        assert_string_equal(text_of(&ring, (uint32_t)i), text);
        assert_true(ring.next_id - ring.first_id >= 1);
    }
    assert_true(ring.first_id > 480);
    uint8_t text[LP_LOG_LINE_MAX];
    lp_log_ring_line_t line;
    assert_true(lp_log_ring_get(&ring, 1, text, &line)); // a gap shows in the id
    assert_int_equal(line.id, ring.first_id);
}

static void restart_keeps_the_lines(void **state)
{
    (void)state;
    for (int i = 1; i <= 30; i++) {
        put("before the restart");
    }
    const uint32_t first = ring.first_id;
    lp_log_ring_t again;
    lp_log_ring_open(&again, memory, sizeof memory, 0x55555555);
    assert_int_equal(again.nonce, 0x11223344);
    assert_int_equal(again.first_id, first);
    assert_int_equal(again.next_id, 31);
    assert_int_equal(again.start, 2);
    lp_log_ring_put(&again, LP_LOG_INFO, lp_span_str("after"));
    assert_string_equal(text_of(&again, 31), "after");
    assert_string_equal(text_of(&again, 30), "before the restart");
}

static void longest_line_fits_the_smallest_ring(void **state)
{
    (void)state;
    uint8_t least[LP_LOG_RING_BYTES_MIN];
    memset(least, 0, sizeof least);
    lp_log_ring_open(&ring, least, sizeof least, 1);
    char text[2 * LP_LOG_LINE_MAX];
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    for (int i = 0; i < 20; i++) {
        put(text);
        assert_int_equal(strlen(text_of(&ring, ring.next_id - 1)), LP_LOG_LINE_MAX);
    }
}

static bool is_one_of_ours(const char *text)
{
    return strncmp(text, "fine ", 5) == 0 && strspn(text + 5, "0123456789") == strlen(text + 5);
}

static void assert_only_whole_lines(const uint8_t *bytes)
{
    static uint8_t copy[BYTES];
    memcpy(copy, bytes, BYTES);
    lp_log_ring_t r;
    lp_log_ring_open(&r, copy, BYTES, 99);
    for (uint32_t id = r.first_id; id != r.next_id; id++) {
        assert_true(is_one_of_ours(text_of(&r, id)));
    }
    lp_log_ring_put(&r, LP_LOG_INFO, lp_span_str("fine 0"));
    assert_string_equal(text_of(&r, r.next_id - 1), "fine 0");
}

// A reset stops the stores somewhere; which of a put's bytes are new then is up to compiler and
// memory. Any mixture must give whole lines only, and one where they come in order loses at most
// the line under way.
static void reset_within_a_put_leaves_whole_lines(void **state)
{
    (void)state;
    uint8_t before[BYTES], mixed[BYTES];
    srand(7);
    for (int i = 0; i < 120; i++) {
        char text[32];
        memcpy(before, memory, BYTES);
        snprintf(text, sizeof text, "fine %d%d", i, i * i * i);
        put(text);
        for (size_t cut = 0; cut <= BYTES; cut += 1 + (size_t)(rand() % 7)) {
            memcpy(mixed, memory, cut); // new up to the cut
            memcpy(mixed + cut, before + cut, BYTES - cut);
            assert_only_whole_lines(mixed);
            memcpy(mixed, before, cut); // and behind it
            memcpy(mixed + cut, memory + cut, BYTES - cut);
            assert_only_whole_lines(mixed);
        }
    }
}

static void damage_anywhere_is_noticed(void **state)
{
    (void)state;
    uint8_t damaged[BYTES];
    for (int i = 0; i < 50; i++) {
        char text[32];
        snprintf(text, sizeof text, "fine %d", i);
        put(text);
    }
    srand(8);
    for (int i = 0; i < 20000; i++) {
        memcpy(damaged, memory, BYTES);
        for (int n = rand() % 4; n >= 0; n--) {
            damaged[rand() % BYTES] ^= (uint8_t)(1 + rand() % 255);
        }
        assert_only_whole_lines(damaged);
    }
}

static void looking_changes_nothing(void **state)
{
    (void)state;
    put("fine 1");
    uint8_t before[BYTES];
    memcpy(before, memory, BYTES);
    lp_log_ring_t seen;
    assert_true(lp_log_ring_look(&seen, memory, BYTES));
    assert_string_equal(text_of(&seen, 1), "fine 1");
    assert_memory_equal(before, memory, BYTES);
    memset(memory, 0, BYTES);
    assert_false(lp_log_ring_look(&seen, memory, BYTES));
    assert_false(lp_log_ring_look(&seen, before, LP_LOG_RING_BYTES_MIN - 1));
}

// Once only in this program, since sinks stay.
static lp_log_ring_t logged;

static void nested(void *ctx, lp_log_level_t level, lp_span_t line)
{
    (void)level;
    ++*(unsigned *)ctx;
    lp_log(LP_LOG_INFO, "sink", "%u bytes", (unsigned)line.len);
}

static void log_goes_to_its_sinks_and_never_round_in_circles(void **state)
{
    (void)state;
    static unsigned calls;
    static lp_log_sink_t counts = {.put = nested, .ctx = &calls};
    lp_log_ring_open(&logged, memory, sizeof memory, 1);
    const uint32_t id = logged.next_id;
    lp_log_add_sink(lp_log_ring_sink(&logged));
    lp_log_add_sink(&counts);
    lp_log(LP_LOG_INFO, "x", "hello");
    lp_log(LP_LOG_DEBUG, "x", "not on");
    assert_string_equal(text_of(&logged, id), "I 0.000 x: hello");
    assert_int_equal(logged.next_id, id + 1);
    assert_int_equal(calls, 1);
    assert_string_equal(fake_log_last(), "I 0.000 sink: 16 bytes"); // the console has it
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(lines_come_back_with_their_ids, setup),
        cmocka_unit_test_setup(oldest_lines_make_room, setup),
        cmocka_unit_test_setup(restart_keeps_the_lines, setup),
        cmocka_unit_test_setup(longest_line_fits_the_smallest_ring, setup),
        cmocka_unit_test_setup(reset_within_a_put_leaves_whole_lines, setup),
        cmocka_unit_test_setup(damage_anywhere_is_noticed, setup),
        cmocka_unit_test_setup(looking_changes_nothing, setup),
        cmocka_unit_test_setup(log_goes_to_its_sinks_and_never_round_in_circles, setup),
    };
    return cmocka_run_group_tests_name("log_ring", tests, NULL, NULL);
}
