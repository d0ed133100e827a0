// SPDX-License-Identifier: Apache-2.0
// Crash.* and what becomes of a dump after a restart, with power cuts at every flash operation.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "caller.h"
#include "limpet/settings.h"
#include "limpet/svc_crash.h"

static lp_store_t store;
static lp_store_entry_t entries[64];
static lp_config_t config;
static lp_config_value_t values[LP_SETTINGS_COUNT];
static lp_store_item_t items[LP_SETTINGS_COUNT];
static uint8_t arena[LP_SETTINGS_ARENA];
static lp_svc_crash_t service;

// -- the port's side

static uint8_t area[2048];
static const uint8_t id[20] = {0x12, 0x34};

uint8_t *lp_port_crash_area(size_t *bytes)
{
    *bytes = sizeof area;
    return area;
}

const uint8_t *lp_port_build_id(size_t *len)
{
    *len = sizeof id;
    return id;
}

static void crash(uint32_t cause)
{
    enum { WORDS = 800 / sizeof(uintptr_t) }; // more than goes into one frame
    static uintptr_t stack[WORDS];
    const lp_crash_t c = {.core = LP_CRASH_X86_64,
                          .reason = LP_CRASH_FAULT,
                          .cause = cause,
                          .boots = 5,
                          .uptime_ms = 1234,
                          .app = "sensor 0.1",
                          .pc = 0x4711,
                          .sp = (uintptr_t)stack,
                          .stack = {(uintptr_t)stack, (uintptr_t)(stack + WORDS)},
                          .build_id = lp_span(id, sizeof id)};
    (void)lp_crash_keep(area, sizeof area, &c);
}

static void restart(void)
{
    const lp_store_config_t on = {
        .size_bytes = 32768, .entries = entries, .max_entries = sizeof entries / sizeof entries[0]};
    const lp_config_setup_t setup = {.rows = lp_settings,
                                     .count = LP_SETTINGS_COUNT,
                                     .values = values,
                                     .items = items,
                                     .arena = arena,
                                     .arena_bytes = sizeof arena,
                                     .store = &store};
    caller_start();
    assert_int_equal(lp_store_open(&store, &on), LP_OK);
    assert_int_equal(lp_config_init(&config, &setup), LP_OK);
    lp_config_set_fallback(&config, "device.id", "lp-1");
    lp_config_load(&config, NULL);
    lp_svc_crash_init(&service, &caller.rpc, &store, &config);
    caller_open(LP_RPC_WRITE);
}

static int setup(void **state)
{
    (void)state;
    fake_clock_reset();
    fake_system_reset();
    fake_flash_reset(
        (lp_flash_geometry_t){.size_bytes = 65536, .sector_bytes = 4096, .page_bytes = 16});
    memset(area, 0xEE, sizeof area);
    restart();
    return 0;
}

static void no_crash_is_an_empty_list(void **state)
{
    (void)state;
    assert_string_equal((caller_call("Crash.Info", "{}"), caller_get("result")),
                        "{\"crashes\":[],\"missed\":0}");
    caller_call("Crash.Read", "{}");
    assert_string_equal(caller_get("error.name"), "\"LP_E_NOT_FOUND\"");
}

static void crash_is_on_the_flash_after_the_restart(void **state)
{
    (void)state;
    crash(11);
    restart();
    assert_true(fake_log_contains("fault before this start, at 4711, kept"));
    memset(area, 0, sizeof area); // the power goes
    restart();
    caller_call("Crash.Info", "{}");
    assert_non_null(strstr(caller.answer,
                           "\"index\":0,\"reason\":\"fault\",\"core\":\"x86-64\",\"app\":\"sensor "
                           "0.1\",\"build_id\":\"1234"));
    assert_non_null(strstr(caller.answer, "\"is_this_build\":true,\"boot\":5,\"uptime_ms\":1234"));
}

static size_t read_all(unsigned index, uint8_t *bytes, size_t cap)
{
    lp_buf_t out = lp_buf(bytes, cap);
    do {
        char params[64];
        snprintf(params, sizeof params, "{\"index\":%u,\"offset\":%zu}", index, out.len);
        caller_call("Crash.Read", params);
        const char *data = caller_get("result.data");
        assert_int_equal(lp_base64_decode(&out, lp_span(data + 1, strlen(data) - 2)), LP_OK);
    } while (strcmp(caller_get("result.left"), "0") != 0);
    return out.len;
}

static void dumps_are_read_in_parts(void **state)
{
    (void)state;
    uint8_t bytes[2048], wanted[2048];
    crash(11);
    const size_t len = lp_crash_kept(area, sizeof area).len;
    memcpy(wanted, area, len);
    assert_true(len > LP_SVC_CRASH_PART_MAX);
    restart();
    assert_int_equal(read_all(0, bytes, sizeof bytes), len);
    assert_memory_equal(bytes, wanted, len);
    crash(4); // the next one is told, too
    restart();
    assert_int_equal(read_all(0, bytes, sizeof bytes), len);
    assert_memory_equal(bytes, wanted, len);
    assert_int_equal(read_all(1, bytes, sizeof bytes), len);
    assert_int_equal(bytes[12], 4);
    crash(5); // this one has no place
    caller_call("Crash.Info", "{}");
    assert_string_equal(caller_get("result.missed"), "1");
}

static void clear_wants_the_id_and_makes_room(void **state)
{
    (void)state;
    crash(11);
    restart();
    crash(12);
    caller_call("Crash.Clear", "{}");
    assert_string_equal(caller_get("error.name"), "\"LP_E_DENIED\"");
    caller_call("Crash.Clear", "{\"confirm\":\"lp-2\"}");
    assert_string_equal(caller_get("error.name"), "\"LP_E_DENIED\"");
    caller_call("Crash.Clear", "{\"confirm\":\"lp-1\"}");
    assert_string_equal(caller_get("result"), "{}");
    assert_string_equal((caller_call("Crash.Info", "{}"), caller_get("result")),
                        "{\"crashes\":[],\"missed\":0}");
    restart();
    assert_string_equal((caller_call("Crash.Info", "{}"), caller_get("result")),
                        "{\"crashes\":[],\"missed\":0}");
}

// At any moment there is the dump in one place at least.
static void power_cut_at_every_flash_operation_loses_no_dump(void **state)
{
    (void)state;
    for (unsigned n = 1; n < 40; n++) {
        fake_flash_reset(
            (lp_flash_geometry_t){.size_bytes = 65536, .sector_bytes = 4096, .page_bytes = 16});
        memset(area, 0, sizeof area);
        restart();
        crash(11);
        fake_flash_cut_at(n, n * 7);
        lp_store_open(&store, &(lp_store_config_t){
                                  .size_bytes = 32768, .entries = entries, .max_entries = 64});
        lp_svc_crash_init(&service, &caller.rpc, &store, &config);
        const bool was_cut = fake_flash_is_cut();
        fake_flash_power_on();
        restart(); // the memory was kept: a reset, not a power cut
        caller_call("Crash.Info", "{}");
        assert_non_null(strstr(caller.answer, "\"reason\":\"fault\""));
        assert_null(strstr(caller.answer, "\"index\":1"));
        if (!was_cut) {
            assert_true(n > 1);
            return;
        }
    }
    fail_msg("the loop never came to its end");
}

static void damaged_dump_in_the_store_counts_as_none(void **state)
{
    (void)state;
    const lp_store_item_t item = {.key = "crash.dump", .value = lp_span_str("LPCRnonsense")};
    assert_int_equal(lp_store_put(&store, &item, 1), LP_OK);
    crash(11);
    restart();
    caller_call("Crash.Info", "{}");
    assert_non_null(strstr(caller.answer, "\"index\":0,\"reason\":\"fault\""));
}

static void nonsense_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"{\"index\":2}",   "{\"index\":-1}",     "{\"index\":\"x\"}",
                                      "{\"offset\":-1}", "{\"offset\":99999}", "{\"offset\":{}}"};
    crash(11);
    restart();
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        caller_call("Crash.Read", bad[i]);
        assert_string_equal(caller_get("error.name"), "\"LP_E_RANGE\"");
    }
    char behind[32];
    snprintf(behind, sizeof behind, "{\"offset\":%d}", LP_SVC_CRASH_DUMP_MAX);
    caller_call("Crash.Read", behind); // behind the end is nothing
    assert_string_equal(caller_get("result"), "{\"data\":\"\",\"left\":0}");
}

static void rpc_doc_has_the_methods(void **state)
{
    (void)state;
    assert_true(caller_page_has(RPC_DOC, "| Crash.Info | read |"));
    assert_true(caller_page_has(RPC_DOC, "| Crash.Read | read |"));
    assert_true(caller_page_has(RPC_DOC, "| Crash.Clear | write |"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(no_crash_is_an_empty_list, setup),
        cmocka_unit_test_setup(crash_is_on_the_flash_after_the_restart, setup),
        cmocka_unit_test_setup(dumps_are_read_in_parts, setup),
        cmocka_unit_test_setup(clear_wants_the_id_and_makes_room, setup),
        cmocka_unit_test_setup(power_cut_at_every_flash_operation_loses_no_dump, setup),
        cmocka_unit_test_setup(damaged_dump_in_the_store_counts_as_none, setup),
        cmocka_unit_test_setup(nonsense_is_refused, setup),
        cmocka_unit_test(rpc_doc_has_the_methods),
    };
    return cmocka_run_group_tests_name("svc_crash", tests, NULL, NULL);
}
