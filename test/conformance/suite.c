// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "conformance.h"
#include "limpet/port/system.h"

lp_loop_t conformance_loop;
conformance_peers_t conformance_peers;
const char *conformance_host6;

static const char *take_number(const char *at, uint16_t *number)
{
    uint32_t value = 0;
    if (at == NULL || *at != ':') {
        return NULL;
    }
    for (at++; *at >= '0' && *at <= '9' && value <= UINT16_MAX; at++) {
        value = value * 10 + (uint32_t)(*at - '0');
    }
    *number = (uint16_t)value;
    return value > 0 && value <= UINT16_MAX ? at : NULL;
}

bool conformance_set_peers(const char *text)
{
    conformance_peers_t p = {.echo = 0};
    const char *colon = strchr(text, ':');
    if (colon == NULL || (size_t)(colon - text) >= sizeof p.host) {
        return false;
    }
    memcpy(p.host, text, (size_t)(colon - text));
    const char *at = take_number(colon, &p.echo);
    at = take_number(at, &p.greet);
    at = take_number(at, &p.flood);
    at = take_number(at, &p.reset);
    at = take_number(at, &p.refused);
    if (at == NULL || *at != '\0') {
        return false;
    }
    conformance_peers = p;
    return true;
}

static void restart_is_a_software_one(void **state)
{
    (void)state;
    assert_string_equal(lp_port_boot_reason(), "software");
}

static int run_first(void)
{
    return conformance_clock() + conformance_fiber() + conformance_flash() + conformance_system() +
           conformance_net() + conformance_uart();
}

static int run_later(uint8_t start)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(restart_is_a_software_one)};
    const int failed = start == 1 ? cmocka_run_group_tests_name("restart", tests, NULL, NULL) : 0;
    return failed + conformance_watchdog(start);
}

int conformance_run(void)
{
    conformance_mark_t mark = {.start = 0};
    const bool is_later = conformance_take_mark(&mark);
    const int failed = mark.failed + (is_later ? run_later(mark.start) : run_first());
    if (mark.start == CONFORMANCE_STARTS) {
        return failed;
    }
    mark.failed = (uint8_t)(failed < UINT8_MAX ? failed : UINT8_MAX);
    const uint8_t start = mark.start++;
    conformance_leave_mark(&mark);
    conformance_next_start(start);
}
