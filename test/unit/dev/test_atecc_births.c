// SPDX-License-Identifier: Apache-2.0
// Keys of which it is unknown whether they were made.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fake/port.h"
#include "fake_chip.h"
#include "limpet/atecc_plan.h"

static lp_atecc_plan_op_t op;

static bench_t *fresh(void)
{
    static bench_t b;
    bench_init(&b);
    memset(&op, 0, sizeof op);
    return &b;
}

static lp_err_t write_plan(bench_t *b)
{
    const unsigned n = b->done + 1;
    assert_int_equal(
        lp_atecc_plan_write(&b->chip, &op, &lp_atecc_plan_limpet1, NULL, NULL, bench_done, b),
        LP_OK);
    return bench_wait(b, n);
}

// The answer to the making of a key is lost with the chip's sleep: another one takes its place,
// since nobody has seen the first.
static void key_of_which_it_is_unknown_whether_it_was_made_is_made_again(void **state)
{
    (void)state;
    int n_again = 0;
    for (int at = 0; at < 30; at++) {
        bench_t *b = fresh();
        uint8_t pub[64];
        uint8_t want[64];
        assert_int_equal(write_plan(b), LP_OK);
        assert_int_equal(bench_lock_config(b, &op), LP_OK);
        b->fake.fault = FAULT_SLEEP_LATE;
        b->fake.fault_at = b->fake.transfers + at;
        b->fake.fault_times = 1;
        assert_int_equal(lp_atecc_key_make(&b->chip, &b->req, 0, pub, NULL, bench_done, b), LP_OK);
        assert_int_equal(bench_wait(b, 3), LP_OK);
        fake_pub(b->fake.key[0], want);
        assert_memory_equal(pub, want, 64);
        n_again += b->fake.keys_made > 1;
    }
    assert_int_equal(n_again, 1);
}

// The same while the slots are filled, where two keys are born.
static void fill_makes_a_key_again_that_is_in_doubt(void **state)
{
    (void)state;
    int n_again = 0;
    for (int at = 0; at < 250; at++) {
        bench_t *b = fresh();
        assert_int_equal(write_plan(b), LP_OK);
        assert_int_equal(bench_lock_config(b, &op), LP_OK);
        b->fake.fault = FAULT_SLEEP_LATE;
        b->fake.fault_at = b->fake.transfers + at;
        b->fake.fault_times = 1;
        assert_int_equal(bench_fill(b, &op), LP_OK);
        b->fake.fault_at = -1;
        n_again += b->fake.keys_made > 2;
        assert_int_equal(bench_lock_data(b, &op), LP_OK);
    }
    assert_in_range(n_again, 1, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(key_of_which_it_is_unknown_whether_it_was_made_is_made_again),
        cmocka_unit_test(fill_makes_a_key_again_that_is_in_doubt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
