// SPDX-License-Identifier: Apache-2.0
// Settings in layers: what the vendor sets and pins, what is tried for one start, factory reset and
// old names; with a power cut at every flash operation.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fake/port.h"
#include "limpet/config.h"
#include "limpet/fmt.h"

enum { ARENA = 200, ENTRIES = 24, FLASH = 8192, SEEDS = 3 };

static const lp_config_row_t rows[] = {
    {.key = "device.id", .type = LP_CONFIG_STR, .flags = LP_CONFIG_READONLY, .fallback = ""},
    {.key = "cloud.enable", .type = LP_CONFIG_BOOL},
    {.key = "cloud.server", .type = LP_CONFIG_STR, .fallback = "", .max = 40},
    {.key = "cloud.keep_s", .type = LP_CONFIG_INT, .fallback_num = 60, .min = 30, .max = 1200},
    {.key = "cloud.mode",
     .type = LP_CONFIG_STR,
     .fallback = "auto",
     .max = 8,
     .choices = "auto|chip"},
    {.key = "wifi.pass",
     .type = LP_CONFIG_STR,
     .fallback = "",
     .max = 64,
     .flags = LP_CONFIG_SECRET},
};
enum { ROWS = sizeof rows / sizeof rows[0] };
enum { ENABLE = 1, SERVER, KEEP, MODE, PASS };

static lp_store_t store;
static lp_store_entry_t entries[ENTRIES];
static lp_config_t config;
static lp_config_value_t values[ROWS];
static lp_store_item_t items[ROWS];
static uint8_t arena[ARENA];
static char why_text[LP_CONFIG_WHY_MAX + 1];

// A start of the board. The trial's own errors are those of a flash without power.
static lp_err_t start_with(const lp_config_vendor_t *vendor, size_t count)
{
    const lp_store_config_t sc = {.size_bytes = FLASH, .entries = entries, .max_entries = ENTRIES};
    assert_int_equal(lp_store_open(&store, &sc), LP_OK);
    const lp_config_setup_t setup = {.rows = rows,
                                     .count = ROWS,
                                     .values = values,
                                     .items = items,
                                     .arena = arena,
                                     .arena_bytes = sizeof arena,
                                     .store = &store,
                                     .vendor = vendor,
                                     .vendor_count = count};
    assert_int_equal(lp_config_init(&config, &setup), LP_OK);
    lp_config_load(&config, NULL);
    return lp_config_start_trial(&config);
}

static lp_err_t start(void)
{
    fake_flash_power_on();
    return start_with(NULL, 0);
}

static void blank(void)
{
    fake_clock_reset();
    fake_system_reset();
    fake_flash_reset((lp_flash_geometry_t){FLASH, 1024, 4});
    assert_int_equal(start(), LP_OK);
}

static int setup(void **state)
{
    (void)state;
    blank();
    return 0;
}

static lp_err_t set(const char *json)
{
    lp_json_t tree;
    assert_int_equal(lp_json_parse(lp_span_str(json), &tree), LP_OK);
    lp_buf_t why = lp_buf(why_text, sizeof why_text - 1);
    const lp_err_t err = lp_config_set(&config, tree, &why);
    why_text[why.len] = '\0';
    return err;
}

static bool is_on_flash(const char *text)
{
    for (size_t i = 0; i + strlen(text) <= FLASH; i++) {
        if (memcmp(fake_flash_bytes() + i, text, strlen(text)) == 0) {
            return true;
        }
    }
    return false;
}

// -- vendor

static const lp_config_vendor_t vendor[] = {
    {.key = "cloud.server", .text = "vendor.example"},
    {.key = "cloud.keep_s", .num = 300},
    {.key = "cloud.mode", .text = "chip", .is_pinned = true},
};

static void config_vendor_is_between_built_in_and_user(void **state)
{
    (void)state;
    assert_int_equal(start_with(vendor, 3), LP_OK);
    assert_string_equal(lp_config_str_at(&config, SERVER), "vendor.example");
    assert_int_equal(lp_config_int(&config, "cloud.keep_s"), 300);
    assert_false(lp_config_bool_at(&config, ENABLE));
    assert_false(lp_config_is_set(&config, SERVER));
    assert_int_equal(set("{\"cloud\":{\"server\":\"mine\",\"keep_s\":40}}"), LP_OK);
    assert_int_equal(lp_config_save(&config), LP_OK);
    assert_int_equal(start_with(vendor, 3), LP_OK);
    assert_string_equal(lp_config_str_at(&config, SERVER), "mine");
    assert_true(lp_config_is_set(&config, SERVER));
    assert_int_equal(set("{\"cloud\":{\"server\":null}}"), LP_OK); // back to the vendor's
    assert_string_equal(lp_config_str_at(&config, SERVER), "vendor.example");
}

static void config_pinned_cannot_be_set_nor_stored(void **state)
{
    (void)state;
    assert_int_equal(set("{\"cloud\":{\"mode\":\"auto\",\"keep_s\":99}}"), LP_OK);
    assert_int_equal(lp_config_save(&config), LP_OK); // before the vendor pinned it
    assert_int_equal(start_with(vendor, 3), LP_OK);
    assert_true(lp_config_is_pinned(&config, MODE));
    assert_string_equal(lp_config_str_at(&config, MODE), "chip");
    assert_int_equal(set("{\"cloud\":{\"keep_s\":50,\"mode\":\"auto\"}}"), LP_E_DENIED);
    assert_non_null(strstr(why_text, "cloud.mode is pinned"));
    assert_int_equal(lp_config_int_at(&config, KEEP), 99); // all or nothing
    assert_int_equal(set("{\"cloud\":{\"mode\":null}}"), LP_E_DENIED);
}

static void config_vendor_values_that_are_not_legal_do_not_count(void **state)
{
    (void)state;
    static const lp_config_vendor_t bad[] = {
        {.key = "cloud.keep_s", .num = 5, .is_pinned = true},
        {.key = "cloud.mode", .text = "manual"},
        {.key = "cloud.server"},
        {.key = "no.such"},
    };
    fake_system_reset();
    assert_int_equal(start_with(bad, 4), LP_OK);
    assert_int_equal(lp_config_int_at(&config, KEEP), 60);
    assert_string_equal(lp_config_str_at(&config, MODE), "auto");
    assert_string_equal(lp_config_str_at(&config, SERVER), "");
    assert_false(lp_config_is_pinned(&config, KEEP));
    assert_true(fake_log_contains("vendor's value of no.such"));
}

// -- trials

static void begin_trial(void)
{
    blank();
    assert_int_equal(
        set("{\"cloud\":{\"server\":\"old\",\"keep_s\":50},\"wifi\":{\"pass\":\"keep me\"}}"),
        LP_OK);
    assert_int_equal(lp_config_save(&config), LP_OK);
    assert_int_equal(set("{\"cloud\":{\"server\":\"new\",\"keep_s\":null,\"enable\":true}}"),
                     LP_OK);
}

static bool is_old(void)
{
    return strcmp(lp_config_str_at(&config, SERVER), "old") == 0 &&
           lp_config_int_at(&config, KEEP) == 50 && !lp_config_bool_at(&config, ENABLE) &&
           strcmp(lp_config_str_at(&config, PASS), "keep me") == 0;
}

static bool is_new(void)
{
    return strcmp(lp_config_str_at(&config, SERVER), "new") == 0 &&
           lp_config_int_at(&config, KEEP) == 60 && lp_config_bool_at(&config, ENABLE) &&
           strcmp(lp_config_str_at(&config, PASS), "keep me") == 0;
}

static void config_trial_counts_for_one_start(void **state)
{
    (void)state;
    begin_trial();
    assert_int_equal(lp_config_save_trial(&config), LP_OK);
    assert_int_equal(start(), LP_OK);
    assert_true(is_new());
    assert_true(config.is_trial);
    assert_int_equal(start(), LP_OK);
    assert_true(is_old());
    assert_false(config.is_trial);
    assert_true(fake_log_contains("were not confirmed"));
    assert_int_equal(start(), LP_OK);
    assert_true(is_old());
    assert_int_equal(lp_config_confirm(&config), LP_E_STATE);
}

static void config_trial_that_is_confirmed_stays(void **state)
{
    (void)state;
    begin_trial();
    assert_int_equal(lp_config_save_trial(&config), LP_OK);
    assert_int_equal(start(), LP_OK);
    assert_int_equal(lp_config_confirm(&config), LP_OK);
    assert_int_equal(start(), LP_OK);
    assert_true(is_new());
    assert_false(config.is_trial);
}

static void config_save_drops_a_trial_that_waits(void **state)
{
    (void)state;
    begin_trial();
    assert_int_equal(lp_config_save_trial(&config), LP_OK);
    assert_int_equal(set("{\"cloud\":{\"server\":\"third\"}}"), LP_OK);
    assert_int_equal(lp_config_save(&config), LP_OK);
    assert_int_equal(start(), LP_OK);
    assert_string_equal(lp_config_str_at(&config, SERVER), "third");
    assert_false(config.is_trial);
}

static void config_trial_of_a_trial_is_the_last_one(void **state)
{
    (void)state;
    begin_trial();
    assert_int_equal(lp_config_save_trial(&config), LP_OK);
    assert_int_equal(start(), LP_OK);
    assert_int_equal(set("{\"cloud\":{\"server\":\"other\"}}"), LP_OK);
    assert_int_equal(lp_config_save_trial(&config), LP_OK);
    assert_int_equal(start(), LP_OK);
    assert_string_equal(lp_config_str_at(&config, SERVER), "other");
    assert_int_equal(start(), LP_OK);
    assert_true(is_old());
}

static void config_trial_cut_anywhere_is_old_or_new_as_a_whole(void **state)
{
    (void)state;
    for (uint32_t seed = 0; seed < SEEDS; seed++) {
        bool was_cut = true;
        for (unsigned n = 1; was_cut; n++) {
            begin_trial();
            fake_flash_cut_at(n, seed);
            const lp_err_t err = lp_config_save_trial(&config);
            was_cut = err != LP_OK;
            assert_int_equal(start(), LP_OK);
            assert_true(is_new() || (was_cut && is_old()));
            assert_int_equal(start(), LP_OK);
            assert_true(is_old()); // in any case
        }
    }
}

static void config_trial_cut_at_its_start_is_not_tried_twice(void **state)
{
    (void)state;
    for (uint32_t seed = 0; seed < SEEDS; seed++) {
        bool was_cut = true;
        for (unsigned n = 1; was_cut; n++) {
            begin_trial();
            assert_int_equal(lp_config_save_trial(&config), LP_OK);
            fake_flash_cut_at(n, seed);
            was_cut = start_with(NULL, 0) != LP_OK;
            assert_true(is_new() || (was_cut && is_old()));
            assert_int_equal(start(), LP_OK);
            assert_true(is_old() || (was_cut && is_new()));
            assert_int_equal(start(), LP_OK);
            assert_true(is_old());
        }
    }
}

static void config_confirm_cut_anywhere_is_old_or_new_for_good(void **state)
{
    (void)state;
    for (uint32_t seed = 0; seed < SEEDS; seed++) {
        bool was_cut = true;
        for (unsigned n = 1; was_cut; n++) {
            begin_trial();
            assert_int_equal(lp_config_save_trial(&config), LP_OK);
            assert_int_equal(start(), LP_OK);
            fake_flash_cut_at(n, seed);
            was_cut = lp_config_confirm(&config) != LP_OK;
            assert_int_equal(start(), LP_OK);
            const bool stays_new = is_new();
            assert_true(stays_new || (was_cut && is_old()));
            assert_int_equal(start(), LP_OK);
            assert_int_equal(is_new(), stays_new);
        }
    }
}

// -- factory reset

static void config_reset_leaves_no_value_on_the_flash(void **state)
{
    (void)state;
    const lp_store_item_t key = {.key = "key/main", .value = lp_span_str("the identity key")};
    assert_int_equal(lp_store_put(&store, &key, 1), LP_OK);
    begin_trial();
    assert_int_equal(lp_store_put(&store, &key, 1), LP_OK);
    assert_int_equal(set("{\"wifi\":{\"pass\":\"hunter2\"}}"), LP_OK);
    assert_int_equal(lp_config_save_trial(&config), LP_OK);
    assert_true(is_on_flash("hunter2"));
    assert_int_equal(lp_config_reset(&config), LP_OK);
    assert_false(is_on_flash("hunter2"));
    assert_false(is_on_flash("keep me"));
    assert_true(is_on_flash("the identity key"));
    assert_string_equal(lp_config_str_at(&config, SERVER), "");
    assert_int_equal(start_with(vendor, 3), LP_OK);
    assert_false(config.is_trial);
    assert_string_equal(lp_config_str_at(&config, SERVER), "vendor.example");
    assert_int_equal(lp_config_int_at(&config, KEEP), 300);
}

static void config_reset_cut_anywhere_is_all_or_nothing(void **state)
{
    (void)state;
    for (uint32_t seed = 0; seed < SEEDS; seed++) {
        bool was_cut = true;
        for (unsigned n = 1; was_cut; n++) {
            begin_trial();
            assert_int_equal(lp_config_save(&config), LP_OK);
            fake_flash_cut_at(n, seed);
            was_cut = lp_config_reset(&config) != LP_OK;
            assert_int_equal(start(), LP_OK);
            const bool is_default = strcmp(lp_config_str_at(&config, SERVER), "") == 0 &&
                                    strcmp(lp_config_str_at(&config, PASS), "") == 0 &&
                                    !lp_config_bool_at(&config, ENABLE);
            assert_true(is_default || (was_cut && is_new()));
            assert_int_equal(lp_config_reset(&config), LP_OK); // said again, it is done
            assert_false(is_on_flash("keep me"));
        }
    }
}

// -- old names

static lp_err_t to_seconds(lp_buf_t *value)
{
    if (value->len != 4) {
        return LP_E_FORMAT;
    }
    value->ptr[0] = (uint8_t)(value->ptr[0] * 2);
    return LP_OK;
}

static const lp_config_move_t moves[] = {
    {.from = "mqtt.server", .to = "cloud.server"},
    {.from = "mqtt.keep", .to = "cloud.keep_s", .convert = to_seconds},
};

static lp_err_t migrate(void)
{
    uint8_t scratch[64];
    lp_buf_t buf = lp_buf(scratch, sizeof scratch);
    return lp_config_migrate(&store, moves, 2, &buf);
}

// `keep`: four bytes.
static void put_old(const char *server, const char *keep)
{
    const lp_store_item_t old[] = {
        {.key = "mqtt.server", .value = lp_span_str(server)},
        {.key = "mqtt.keep", .value = lp_span(keep, 4)},
    };
    assert_int_equal(lp_store_put(&store, old, 2), LP_OK);
}

static void config_old_names_move_with_their_values(void **state)
{
    (void)state;
    put_old("old.example", "\x20\0\0\0");
    assert_int_equal(migrate(), LP_OK);
    assert_int_equal(start(), LP_OK);
    assert_string_equal(lp_config_str_at(&config, SERVER), "old.example");
    assert_int_equal(lp_config_int_at(&config, KEEP), 64);
    size_t len;
    assert_int_equal(lp_store_len(&store, "mqtt.server", &len), LP_E_NOT_FOUND);
    // A value under the new name is younger.
    put_old("older.example", "\x20\0\0\0");
    assert_int_equal(migrate(), LP_OK);
    assert_int_equal(start(), LP_OK);
    assert_string_equal(lp_config_str_at(&config, SERVER), "old.example");
    assert_int_equal(lp_store_len(&store, "mqtt.server", &len), LP_E_NOT_FOUND);
}

static void config_old_value_that_cannot_be_converted_is_dropped(void **state)
{
    (void)state;
    const lp_store_item_t odd = {.key = "mqtt.keep", .value = lp_span_str("x")};
    assert_int_equal(lp_store_put(&store, &odd, 1), LP_OK);
    assert_int_equal(migrate(), LP_OK);
    assert_int_equal(start(), LP_OK);
    assert_int_equal(lp_config_int_at(&config, KEEP), 60);
    size_t len;
    assert_int_equal(lp_store_len(&store, "mqtt.keep", &len), LP_E_NOT_FOUND);
}

static void config_old_names_cut_anywhere_lose_nothing(void **state)
{
    (void)state;
    for (uint32_t seed = 0; seed < SEEDS; seed++) {
        bool was_cut = true;
        for (unsigned n = 1; was_cut; n++) {
            blank();
            put_old("old.example", "\x20\0\0\0");
            fake_flash_cut_at(n, seed);
            was_cut = migrate() != LP_OK;
            assert_int_equal(start(), LP_OK);
            assert_int_equal(migrate(), LP_OK);
            assert_int_equal(start(), LP_OK);
            assert_string_equal(lp_config_str_at(&config, SERVER), "old.example");
            assert_int_equal(lp_config_int_at(&config, KEEP), 64);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(config_vendor_is_between_built_in_and_user, setup),
        cmocka_unit_test_setup(config_pinned_cannot_be_set_nor_stored, setup),
        cmocka_unit_test_setup(config_vendor_values_that_are_not_legal_do_not_count, setup),
        cmocka_unit_test_setup(config_trial_counts_for_one_start, setup),
        cmocka_unit_test_setup(config_trial_that_is_confirmed_stays, setup),
        cmocka_unit_test_setup(config_save_drops_a_trial_that_waits, setup),
        cmocka_unit_test_setup(config_trial_of_a_trial_is_the_last_one, setup),
        cmocka_unit_test_setup(config_trial_cut_anywhere_is_old_or_new_as_a_whole, setup),
        cmocka_unit_test_setup(config_trial_cut_at_its_start_is_not_tried_twice, setup),
        cmocka_unit_test_setup(config_confirm_cut_anywhere_is_old_or_new_for_good, setup),
        cmocka_unit_test_setup(config_reset_leaves_no_value_on_the_flash, setup),
        cmocka_unit_test_setup(config_reset_cut_anywhere_is_all_or_nothing, setup),
        cmocka_unit_test_setup(config_old_names_move_with_their_values, setup),
        cmocka_unit_test_setup(config_old_value_that_cannot_be_converted_is_dropped, setup),
        cmocka_unit_test_setup(config_old_names_cut_anywhere_lose_nothing, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
