// SPDX-License-Identifier: Apache-2.0
// limpet/power.h in virtual time: who is asked, in which order things end, and what is remembered.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fake/port.h"
#include "limpet/port/clock.h"
#include "limpet/power.h"

typedef struct {
    uint32_t count;
    uint8_t more[8];
} kept_t;

static lp_loop_t loop;
static lp_power_t power;
static jmp_buf asleep;
static char trace[64];
static unsigned up_looks; // how often is_up() still says yes
static bool rests_never;
static lp_loop_fn *rested;
static void *rested_ctx;
static lp_event_t rest_event;

static void fall_asleep(void)
{
    longjmp(asleep, 1);
}

static void on_goodbye(void *ctx)
{
    strcat(trace, ctx);
    strcat(trace, "G");
}

static bool is_up(void *ctx)
{
    (void)ctx;
    return up_looks > 0 && up_looks-- > 0;
}

static void run_rested(void *ctx)
{
    (void)ctx;
    rested(rested_ctx);
}

static void on_rest(void *ctx, lp_loop_fn *done, void *done_ctx)
{
    (void)ctx;
    strcat(trace, "R");
    rested = done;
    rested_ctx = done_ctx;
    if (!rests_never) {
        lp_event_init(&rest_event, run_rested, NULL);
        lp_loop_post(&loop, &rest_event);
    }
}

static void start(lp_wake_t wake, uint64_t slept_ms)
{
    static char name[2] = "";
    fake_clock_reset();
    fake_wake = wake;
    fake_slept_ms = slept_ms;
    fake_on_deep_sleep = fall_asleep;
    lp_loop_init(&loop);
    lp_power_init(
        &power,
        &(lp_power_setup_t){
            .loop = &loop, .goodbye = on_goodbye, .is_up = is_up, .rest = on_rest, .ctx = name});
}

static int setup(void **state)
{
    size_t bytes;
    (void)state;
    fake_system_reset();
    memset(lp_port_rtc(&bytes), 0xA5, LP_PORT_RTC_BYTES_MIN);
    trace[0] = '\0';
    up_looks = 0;
    rests_never = false;
    start(LP_WAKE_POWER_ON, 0);
    return 0;
}

// True: the board slept within `ms`.
static bool sleeps_within(uint32_t ms)
{
    const uint64_t end_ms = lp_port_now_ms() + ms;
    if (setjmp(asleep) != 0) {
        return true;
    }
    while (lp_port_now_ms() < end_ms) {
        lp_loop_turn(&loop, (uint32_t)(end_ms - lp_port_now_ms()));
    }
    return false;
}

static void sleep_is_deep_for_its_time_and_in_order(void **state)
{
    (void)state;
    up_looks = 3;
    assert_int_equal(lp_power_sleep(&power, 90, 0), LP_OK);
    assert_string_equal(trace, ""); // nothing from inside the call
    assert_true(sleeps_within(1000));
    assert_string_equal(trace, "GR");
    assert_int_equal(fake_sleep_ms, 90000);
    assert_int_equal(fake_deep_sleeps, 1);
    assert_int_equal(up_looks, 0);
}

static void sleep_out_of_range_is_refused(void **state)
{
    (void)state;
    assert_int_equal(lp_power_sleep(&power, 0, 0), LP_E_RANGE);
    assert_int_equal(lp_power_sleep(&power, LP_POWER_SLEEP_MAX_S + 1, 0), LP_E_RANGE);
    assert_int_equal(lp_power_sleep(&power, 1, LP_POWER_PATIENCE_MAX_MS + 1), LP_E_RANGE);
    assert_false(sleeps_within(100000));
    assert_int_equal(lp_power_cancel(&power), LP_E_STATE);
}

static const char *says(void *ctx)
{
    const char *const *words = ctx;
    return *words;
}

static void sleep_waits_while_somebody_objects(void **state)
{
    const char *words = "a handshake";
    lp_power_veto_t quiet = {.why_not = says, .ctx = &(const char *){NULL}};
    lp_power_veto_t veto = {.why_not = says, .ctx = &words};
    (void)state;
    lp_power_add_veto(&power, &quiet);
    lp_power_add_veto(&power, &veto);
    assert_int_equal(lp_power_sleep(&power, 10, 60000), LP_OK);
    assert_false(sleeps_within(59000));
    assert_string_equal(trace, "");
    words = NULL;
    assert_true(sleeps_within(500));
}

static void patience_ends_for_soft_vetoes_only(void **state)
{
    static const char *soft = "a message waits";
    static const char *hard = "flash is written";
    static lp_power_veto_t a = {.why_not = says, .ctx = &soft};
    static lp_power_veto_t b = {.why_not = says, .ctx = &hard, .is_hard = true};
    (void)state;
    lp_power_add_veto(&power, &a);
    lp_power_add_veto(&power, &b);
    assert_int_equal(lp_power_sleep(&power, 10, 2000), LP_OK);
    assert_false(sleeps_within(30000));
    hard = NULL;
    assert_true(sleeps_within(500)); // the soft one still objects
}

static void sleep_can_be_called_off_until_goodbye(void **state)
{
    static const char *words = "not yet";
    static lp_power_veto_t veto = {.why_not = says, .ctx = &words};
    (void)state;
    words = "not yet";
    lp_power_add_veto(&power, &veto);
    assert_int_equal(lp_power_sleep(&power, 10, 60000), LP_OK);
    assert_false(sleeps_within(100));
    assert_int_equal(lp_power_sleep(&power, 20, 60000), LP_OK); // counts instead
    assert_int_equal(lp_power_cancel(&power), LP_OK);
    words = NULL;
    assert_false(sleeps_within(10000));
    up_looks = UINT32_MAX;
    assert_int_equal(lp_power_sleep(&power, 30, 0), LP_OK);
    assert_false(sleeps_within(100));
    assert_int_equal(power.state, LP_POWER_GOODBYE);
    assert_int_equal(lp_power_cancel(&power), LP_E_STATE);
    assert_int_equal(lp_power_sleep(&power, 40, 0), LP_E_STATE);
    assert_true(sleeps_within(LP_POWER_GOODBYE_MS + 100)); // connections that never end
    assert_int_equal(fake_sleep_ms, 30000);
}

static void part_that_does_not_rest_is_told_and_left(void **state)
{
    (void)state;
    rests_never = true;
    assert_int_equal(lp_power_sleep(&power, 10, 0), LP_OK);
    assert_true(sleeps_within(LP_POWER_REST_MS + 500));
    assert_true(fake_log_contains("not put to rest in time"));
}

// -- what is remembered

static void sleep_with(kept_t *kept, uint16_t version)
{
    (void)lp_power_keep(&power, kept, sizeof *kept, version);
    assert_int_equal(lp_power_sleep(&power, 60, 0), LP_OK);
    assert_true(sleeps_within(1000));
}

static void block_is_there_after_a_timer_and_after_a_pin(void **state)
{
    kept_t kept = {.count = 7, .more = "limpet"};
    (void)state;
    sleep_with(&kept, 1);
    static const lp_wake_t wakes[] = {LP_WAKE_TIMER, LP_WAKE_PIN};
    for (size_t i = 0; i < 2; i++) {
        kept_t back = {0};
        start(wakes[i], 60000);
        assert_true(lp_power_keep(&power, &back, sizeof back, 1));
        assert_memory_equal(&back, &kept, sizeof back);
    }
}

static void block_is_not_taken_when_it_is_another_or_damaged(void **state)
{
    kept_t kept = {.count = 7};
    kept_t back = {.count = 99};
    size_t bytes;
    (void)state;
    sleep_with(&kept, 1);
    static const lp_wake_t others[] = {LP_WAKE_POWER_ON, LP_WAKE_RESET, LP_WAKE_WATCHDOG,
                                       LP_WAKE_CRASH};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        start(others[i], 0);
        assert_false(lp_power_keep(&power, &back, sizeof back, 1));
        assert_int_equal(power.sleeps, 0);
    }
    start(LP_WAKE_TIMER, 60000);
    assert_false(lp_power_keep(&power, &back, sizeof back, 2));     // another version
    assert_false(lp_power_keep(&power, &back, sizeof back - 1, 1)); // another size
    for (size_t i = 0; i < LP_POWER_HEAD_BYTES + sizeof kept; i++) {
        lp_port_rtc(&bytes)[i] ^= 0x10;
        start(LP_WAKE_TIMER, 60000);
        assert_false(lp_power_keep(&power, &back, sizeof back, 1));
        assert_int_equal(power.sleeps, 0);
        lp_port_rtc(&bytes)[i] ^= 0x10;
    }
    assert_int_equal(back.count, 99);
    assert_true(fake_log_contains("is damaged"));
}

// A length that reaches over the memory, with a checksum of whoever wrote it.
static void block_that_claims_to_be_longer_is_not_read(void **state)
{
    kept_t back;
    size_t bytes;
    (void)state;
    uint8_t *rtc = lp_port_rtc(&bytes);
    memset(rtc, 0xFF, LP_PORT_RTC_BYTES_MIN);
    memcpy(rtc, "LPRT", 4);
    start(LP_WAKE_TIMER, 1);
    assert_false(lp_power_keep(&power, &back, sizeof back, 0xFFFF));
}

static void block_that_is_too_large_is_refused(void **state)
{
    static uint8_t large[LP_POWER_KEEP_MAX + 1];
    (void)state;
    assert_false(lp_power_keep(&power, large, sizeof large, 1));
    assert_true(fake_log_contains("cannot be kept"));
    assert_int_equal(lp_power_sleep(&power, 1, 0), LP_OK);
    assert_true(sleeps_within(1000));
    start(LP_WAKE_TIMER, 1000);
    static uint8_t most[LP_POWER_KEEP_MAX];
    most[sizeof most - 1] = 42;
    assert_false(lp_power_keep(&power, most, sizeof most, 1));
    assert_int_equal(lp_power_sleep(&power, 1, 0), LP_OK);
    assert_true(sleeps_within(1000));
    most[sizeof most - 1] = 0;
    start(LP_WAKE_TIMER, 1000);
    assert_true(lp_power_keep(&power, most, sizeof most, 1));
    assert_int_equal(most[sizeof most - 1], 42);
}

static void time_awake_and_asleep_is_counted(void **state)
{
    uint64_t awake_ms = 0;
    (void)state;
    for (uint32_t i = 0; i < 5; i++) {
        assert_int_equal(power.sleeps, i);
        assert_int_equal(power.slept_ms, (uint64_t)i * 60000);
        assert_int_equal(lp_power_awake_ms(&power), awake_ms);
        fake_clock_advance_ms(1000 + i);
        assert_int_equal(lp_power_sleep(&power, 60, 0), LP_OK);
        assert_true(sleeps_within(1000));
        awake_ms = lp_power_awake_ms(&power);
        start(LP_WAKE_TIMER, 60000);
    }
    assert_in_range(awake_ms, 5010, 5010 + 5 * 200);
}

static void wakes_have_names(void **state)
{
    (void)state;
    assert_string_equal(lp_power_wake_name(LP_WAKE_TIMER), "timer");
    assert_string_equal(lp_power_wake_name(LP_WAKE_RESET), "reset");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(sleep_is_deep_for_its_time_and_in_order, setup),
        cmocka_unit_test_setup(sleep_out_of_range_is_refused, setup),
        cmocka_unit_test_setup(sleep_waits_while_somebody_objects, setup),
        cmocka_unit_test_setup(patience_ends_for_soft_vetoes_only, setup),
        cmocka_unit_test_setup(sleep_can_be_called_off_until_goodbye, setup),
        cmocka_unit_test_setup(part_that_does_not_rest_is_told_and_left, setup),
        cmocka_unit_test_setup(block_is_there_after_a_timer_and_after_a_pin, setup),
        cmocka_unit_test_setup(block_is_not_taken_when_it_is_another_or_damaged, setup),
        cmocka_unit_test_setup(block_that_claims_to_be_longer_is_not_read, setup),
        cmocka_unit_test_setup(block_that_is_too_large_is_refused, setup),
        cmocka_unit_test_setup(time_awake_and_asleep_is_counted, setup),
        cmocka_unit_test_setup(wakes_have_names, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
