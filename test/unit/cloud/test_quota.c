// SPDX-License-Identifier: Apache-2.0
// The token buckets with a clock of the test's own, and what a call hears that has no token.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "limpet/quota.h"

static int taken(lp_quota_t *q, const char *account, const char *operation, int tries, int64_t now)
{
    int n = 0;
    for (int i = 0; i < tries; i++) {
        n += lp_quota_take(q, account, operation, now);
    }
    return n;
}

static void quota_lets_one_seconds_worth_through_at_once(void **state)
{
    (void)state;
    static const struct {
        const char *operation;
        int rate;
    } t[] = {{"CreateThing", 15},
             {"RegisterCertificate", 10},
             {"DescribeThing", 350},
             {"ListThings", 10}};
    lp_quota_t *q = lp_quota_new();
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        assert_int_equal(lp_quota_rate(t[i].operation), t[i].rate);
        assert_int_equal(taken(q, "1", t[i].operation, 1000, 5000), t[i].rate);
    }
    lp_quota_free(q);
}

static void quota_fills_at_its_rate_and_no_further(void **state)
{
    (void)state;
    lp_quota_t *q = lp_quota_new();
    assert_int_equal(taken(q, "1", "CreatePolicy", 100, 0), 10);
    assert_int_equal(taken(q, "1", "CreatePolicy", 100, 99), 0);
    assert_int_equal(taken(q, "1", "CreatePolicy", 100, 100), 1);
    assert_int_equal(taken(q, "1", "CreatePolicy", 100, 600), 5);
    assert_int_equal(taken(q, "1", "CreatePolicy", 100, INT64_C(1) << 50), 10);
    lp_quota_free(q);
}

static void quota_accounts_and_calls_are_apart(void **state)
{
    (void)state;
    lp_quota_t *q = lp_quota_new();
    assert_int_equal(taken(q, "1", "CreateThing", 100, 0), 15);
    assert_int_equal(taken(q, "2", "CreateThing", 100, 0), 15);
    assert_int_equal(taken(q, "1", "CreatePolicy", 100, 0), 10);
    lp_quota_free(q);
}

static void quota_does_not_count_the_data_plane(void **state)
{
    (void)state;
    lp_quota_t *q = lp_quota_new();
    assert_int_equal(taken(q, "1", "Publish", 5000, 0), 5000);
    assert_int_equal(taken(q, "1", "GetThingShadow", 5000, 0), 5000);
    lp_quota_free(q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quota_lets_one_seconds_worth_through_at_once),
        cmocka_unit_test(quota_fills_at_its_rate_and_no_further),
        cmocka_unit_test(quota_accounts_and_calls_are_apart),
        cmocka_unit_test(quota_does_not_count_the_data_plane),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
