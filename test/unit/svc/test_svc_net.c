// SPDX-License-Identifier: Apache-2.0
// Net.Status and the owner's address, with a port that the test is.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "device.h"
#include "limpet/settings_ip.h"
#include "limpet/svc_net.h"

static device_t dev;
static world_t *world;
static lp_config_t config;
static lp_config_value_t values[LP_SETTINGS_IP_COUNT];
static lp_store_item_t items[LP_SETTINGS_IP_COUNT];
static uint8_t arena[256];
static lp_svc_net_t net;
static lp_net_addresses_t addresses;
static lp_net_fixed_t fixed;
static unsigned told;

void lp_port_net_addresses(lp_net_addresses_t *a)
{
    *a = addresses;
}

void lp_port_net_set_fixed(const lp_net_fixed_t *wish)
{
    fixed = wish != NULL ? *wish : (lp_net_fixed_t){.bits = 0};
    told++;
}

static int setup(void **state)
{
    (void)state;
    memset(&addresses, 0, sizeof addresses);
    told = 0;
    world = device_world(LP_CHIPSIM_ATECC508A);
    device_start(&dev, world, false, NULL);
    const lp_config_setup_t c = {.rows = lp_settings_ip,
                                 .count = LP_SETTINGS_IP_COUNT,
                                 .values = values,
                                 .items = items,
                                 .arena = arena,
                                 .arena_bytes = sizeof arena,
                                 .store = &dev.store};
    assert_int_equal(lp_config_init(&config, &c), LP_OK);
    lp_config_load(&config, NULL);
    lp_svc_net_init(&net, &dev.rpc, &config);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    world_free(world);
    return 0;
}

static lp_err_t set(const char *json)
{
    uint8_t text[LP_CONFIG_WHY_MAX];
    lp_buf_t why = lp_buf(text, sizeof text);
    lp_json_t tree;
    assert_int_equal(lp_json_parse(lp_span_str(json), &tree), LP_OK);
    const lp_err_t err = lp_config_set(&config, tree, &why);
    lp_svc_net_poke(&net);
    return err;
}

static void port_is_told_what_the_owner_has_set(void **state)
{
    (void)state;
    assert_int_equal(told, 1);
    assert_int_equal(fixed.bits, 0);
    assert_int_equal(set("{\"ip\":{\"address\":\"192.0.2.10/24\",\"router\":\"192.0.2.1\",\"dns\":"
                         "\"192.0.2.53\",\"dns2\":\"198.51.100.53\"}}"),
                     LP_OK);
    const lp_net_fixed_t expected = {.address = {192, 0, 2, 10},
                                     .bits = 24,
                                     .router = {192, 0, 2, 1},
                                     .servers = {{192, 0, 2, 53}, {198, 51, 100, 53}}};
    assert_memory_equal(&fixed, &expected, sizeof fixed);
    assert_int_equal(set("{\"ip\":{\"address\":\"\"}}"), LP_OK);
    assert_int_equal(fixed.bits, 0);
}

static void address_without_the_rest_is_enough(void **state)
{
    (void)state;
    assert_int_equal(set("{\"ip\":{\"address\":\"10.1.2.2/30\"}}"), LP_OK);
    const lp_net_fixed_t expected = {.address = {10, 1, 2, 2}, .bits = 30};
    assert_memory_equal(&fixed, &expected, sizeof fixed);
}

static void addresses_that_cannot_be_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"192.0.2.10",
                                      "192.0.2.10/",
                                      "192.0.2.10/0",
                                      "192.0.2.10/31",
                                      "192.0.2.10/032",
                                      "192.0.2.10/24x",
                                      "192.0.2.0/24",
                                      "192.0.2.255/24",
                                      "127.0.0.1/8",
                                      "224.0.0.1/24",
                                      "0.0.0.1/8",
                                      "300.0.2.10/24",
                                      "/24",
                                      "2001:db8::1/24",
                                      "192.0.2.10/-1",
                                      "192.0.2.10 /24",
                                      "192.0.2.10/24/8"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char json[80];
        (void)snprintf(json, sizeof json, "{\"ip\":{\"address\":\"%s\"}}", bad[i]);
        assert_int_equal(set(json), LP_E_INVALID);
        assert_int_equal(fixed.bits, 0);
    }
    assert_int_equal(set("{\"ip\":{\"router\":\"192.0.2.1/24\"}}"), LP_E_INVALID);
    assert_int_equal(set("{\"ip\":{\"dns\":\"2001:db8::1\"}}"), LP_E_INVALID);
    assert_int_equal(set("{\"ip\":{\"dns2\":\"127.0.0.1\"}}"), LP_E_INVALID);
    assert_int_equal(set("{\"ip\":{\"dns2\":\"a\\u0000b\"}}"), LP_E_INVALID);
}

static void status_tells_all_addresses(void **state)
{
    (void)state;
    addresses = (lp_net_addresses_t){
        .source = LP_NET_DHCP,
        .address = {192, 0, 2, 10},
        .bits = 24,
        .router = {192, 0, 2, 1},
        .lease_s = 3600,
        .ipv6_count = 2,
        .ipv6 = {{0xFE, 0x80, [15] = 1}, {0x20, 0x01, 0x0D, 0xB8, [14] = 0xAB, [15] = 0xCD}},
        .server_count = 2,
        .servers = {{[10] = 0xFF, [11] = 0xFF, 192, 0, 2, 53}, {0xFD, [15] = 0x53}},
        .refused = 7};
    const char *answer = device_call(&dev, "Net.Status", "{}");
    assert_result(answer, "source", "\"dhcp\"");
    assert_result(answer, "address", "\"192.0.2.10\"");
    assert_result(answer, "bits", "24");
    assert_result(answer, "router", "\"192.0.2.1\"");
    assert_result(answer, "lease_s", "3600");
    assert_result(answer, "ipv6", "[\"fe80:0:0:0:0:0:0:1\",\"2001:db8:0:0:0:0:0:abcd\"]");
    assert_result(answer, "dns", "[\"192.0.2.53\",\"fd00:0:0:0:0:0:0:53\"]");
    assert_result(answer, "refused", "7");
}

static void status_without_any_is_one(void **state)
{
    (void)state;
    const char *answer = device_call(&dev, "Net.Status", "{}");
    assert_result(answer, "source", "\"none\"");
    assert_result(answer, "lease_s", "null");
    assert_result(answer, "ipv6", "[]");
    addresses.source = LP_NET_LINK_LOCAL;
    assert_result(device_call(&dev, "Net.Status", "{}"), "source", "\"link-local\"");
    addresses.source = LP_NET_FIXED;
    assert_result(device_call(&dev, "Net.Status", "{}"), "source", "\"fixed\"");
    addresses.source = LP_NET_DHCP;
    addresses.lease_s = UINT32_MAX;
    assert_result(device_call(&dev, "Net.Status", "{}"), "lease_s", "null");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(port_is_told_what_the_owner_has_set, setup, teardown),
        cmocka_unit_test_setup_teardown(address_without_the_rest_is_enough, setup, teardown),
        cmocka_unit_test_setup_teardown(addresses_that_cannot_be_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(status_tells_all_addresses, setup, teardown),
        cmocka_unit_test_setup_teardown(status_without_any_is_one, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
