// SPDX-License-Identifier: Apache-2.0
// A harness that could not fail would prove nothing: this program must end with an error.
#include <cmocka.h>

static void fails(void **state)
{
    (void)state;
    assert_int_equal(1, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(fails)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
