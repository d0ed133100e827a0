// SPDX-License-Identifier: Apache-2.0
// An exception of the core ends a test at once, and as a failure: this program must end so.
#include <cmocka.h>

static void traps(void **state)
{
    (void)state;
    __builtin_trap();
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(traps)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
