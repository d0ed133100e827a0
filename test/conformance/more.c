// SPDX-License-Identifier: Apache-2.0
// What only boards with room for it have: the address that others reach them at.
#include <string.h>

#include "conformance.h"
#include "limpet/port/clock.h"
#include "limpet/port/net.h"

enum { LIMIT_MS = 20000 };

static void nothing(void *ctx)
{
    (void)ctx;
}

static void address_is_text_and_ends(void **state)
{
    char text[LP_NET_ADDRESS_MAX];
    const uint64_t end_ms = lp_port_now_ms() + LIMIT_MS;
    (void)state;
    lp_port_net_watch(nothing, NULL);
    memset(text, '~', sizeof text);
    while (!lp_port_net_address(text) && lp_port_now_ms() < end_ms) {
        assert_int_equal(text[0], '~'); // untouched where there is no network
        lp_loop_turn(&conformance_loop, 20);
    }
    const size_t len = strspn(text, "0123456789abcdefABCDEF.:");
    assert_in_range(len, 2, sizeof text - 1);
    assert_int_equal(text[len], '\0');
}

int conformance_more(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(address_is_text_and_ends)};
    return cmocka_run_group_tests_name("more", tests, NULL, NULL);
}
