// SPDX-License-Identifier: Apache-2.0
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

enum { ARENA = 160, ENTRIES = 16 };

static lp_err_t no_spaces(lp_span_t value, lp_buf_t *why)
{
    if (value.len > 0 && memchr(value.ptr, ' ', value.len) != NULL) {
        (void)lp_fmt(why, "no spaces, please");
        return LP_E_INVALID;
    }
    return LP_OK;
}

static const lp_config_row_t rows[] = {
    {.key = "device.id", .type = LP_CONFIG_STR, .flags = LP_CONFIG_READONLY, .fallback = ""},
    {.key = "cloud.enable", .type = LP_CONFIG_BOOL},
    {.key = "cloud.server", .type = LP_CONFIG_STR, .fallback = "", .max = 40, .check = no_spaces},
    {.key = "cloud.keep_s", .type = LP_CONFIG_INT, .fallback_num = 60, .min = 30, .max = 1200},
    {.key = "cloud.deep.a", .type = LP_CONFIG_INT, .min = -5, .max = 5},
    {.key = "cloud.mode",
     .type = LP_CONFIG_STR,
     .fallback = "auto",
     .max = 8,
     .choices = "auto|chip|software"},
    {.key = "wifi.pass",
     .type = LP_CONFIG_STR,
     .fallback = "",
     .max = 64,
     .flags = LP_CONFIG_SECRET},
    {.key = "wifi.ssid", .type = LP_CONFIG_STR, .fallback = "", .max = 100},
};
enum { ROWS = sizeof rows / sizeof rows[0] };

static lp_store_t store;
static lp_store_entry_t entries[ENTRIES];
static lp_config_t config;
static lp_config_value_t values[ROWS];
static lp_store_item_t items[ROWS];
static uint8_t arena[ARENA];
static char why_text[LP_CONFIG_WHY_MAX + 1];

static void start(void)
{
    const lp_store_config_t sc = {.size_bytes = 4096, .entries = entries, .max_entries = ENTRIES};
    assert_int_equal(lp_store_open(&store, &sc), LP_OK);
    const lp_config_setup_t setup = {.rows = rows,
                                     .count = ROWS,
                                     .values = values,
                                     .items = items,
                                     .arena = arena,
                                     .arena_bytes = sizeof arena,
                                     .store = &store};
    assert_int_equal(lp_config_init(&config, &setup), LP_OK);
    lp_config_set_fallback(&config, "device.id", "lp-4f21c0");
    lp_config_load(&config, NULL);
}

static int setup(void **state)
{
    (void)state;
    fake_clock_reset();
    fake_system_reset();
    fake_flash_reset(
        (lp_flash_geometry_t){.size_bytes = 4096, .sector_bytes = 1024, .page_bytes = 4});
    start();
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

static const char *shown(const char *key)
{
    static char text[1024];
    lp_buf_t out = lp_buf(text, sizeof text - 1);
    lp_json_writer_t w;
    lp_json_init(&w, &out);
    if (lp_config_put(&config, key, &w) != LP_OK) {
        return NULL;
    }
    assert_int_equal(lp_json_done(&w), LP_OK);
    text[out.len] = '\0';
    return text;
}

static void config_defaults_make_the_tree(void **state)
{
    (void)state;
    assert_string_equal(shown(NULL), "{\"device\":{\"id\":\"lp-4f21c0\"},"
                                     "\"cloud\":{\"enable\":false,\"server\":\"\",\"keep_s\":60,"
                                     "\"deep\":{\"a\":0},\"mode\":\"auto\"},"
                                     "\"wifi\":{\"pass\":null,\"ssid\":\"\"}}");
    assert_string_equal(shown("cloud.deep"), "{\"a\":0}");
    assert_string_equal(shown("cloud.keep_s"), "60");
    assert_null(shown("cloud.de"));
    assert_null(shown("nothing"));
}

static void config_set_counts_at_once_and_survives_only_when_saved(void **state)
{
    (void)state;
    const char *all = "{\"cloud\":{\"enable\":true,\"server\":\"host:1\",\"keep_s\":1200,"
                      "\"deep\":{\"a\":-5},\"mode\":\"chip\"},\"wifi\":{\"pass\":\"p\\u00e4ss\"}}";
    assert_int_equal(set(all), LP_OK);
    assert_true(lp_config_bool(&config, "cloud.enable"));
    assert_string_equal(lp_config_str(&config, "cloud.server"), "host:1");
    assert_int_equal(lp_config_int(&config, "cloud.deep.a"), -5);
    assert_false(config.is_saved);
    start();
    assert_false(lp_config_bool(&config, "cloud.enable"));
    assert_int_equal(set(all), LP_OK);
    assert_int_equal(lp_config_save(&config), LP_OK);
    assert_true(config.is_saved);
    start();
    assert_true(lp_config_bool(&config, "cloud.enable"));
    assert_string_equal(lp_config_str(&config, "cloud.mode"), "chip");
    assert_string_equal(lp_config_str(&config, "wifi.pass"), "p\xc3\xa4ss");
    assert_int_equal(lp_config_int(&config, "cloud.deep.a"), -5);
    assert_int_equal(set("{\"cloud\":{\"mode\":null}}"), LP_OK);
    assert_int_equal(lp_config_save(&config), LP_OK);
    start();
    assert_string_equal(lp_config_str(&config, "cloud.mode"), "auto");
}

static void config_bad_sets_change_nothing_and_say_why(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        lp_err_t err;
        const char *why;
    } bad[] = {
        {"[]", LP_E_INVALID, "one object"},
        {"{\"cloud\":{\"sevrer\":\"x\"}}", LP_E_NOT_FOUND, "is cloud.server meant?"},
        {"{\"qqqqqqqqqqqqqq\":1}", LP_E_NOT_FOUND, "there is no setting qqqqqqqqqqqqqq"},
        {"{\"cloud\":1}", LP_E_NOT_FOUND, "there is no setting cloud"},
        {"{\"cloud\":{\"server\":{\"x\":1}}}", LP_E_NOT_FOUND, "there is no setting"},
        {"{\"device\":{\"id\":\"x\"}}", LP_E_DENIED, "device.id cannot be set"},
        {"{\"cloud\":{\"enable\":1}}", LP_E_INVALID, "true or false"},
        {"{\"cloud\":{\"keep_s\":\"60\"}}", LP_E_INVALID, "a whole number"},
        {"{\"cloud\":{\"keep_s\":60.5}}", LP_E_INVALID, "a whole number"},
        {"{\"cloud\":{\"keep_s\":29}}", LP_E_RANGE, "outside 30..1200; the nearest is 30"},
        {"{\"cloud\":{\"keep_s\":1201}}", LP_E_RANGE, "the nearest is 1200"},
        {"{\"cloud\":{\"server\":7}}", LP_E_INVALID, "a string"},
        {"{\"cloud\":{\"server\":\"a b\"}}", LP_E_INVALID, "cloud.server: no spaces, please"},
        {"{\"cloud\":{\"server\":\"a\\u0000b\"}}", LP_E_INVALID, "a string"},
        {"{\"cloud\":{\"mode\":\"loud\"}}", LP_E_INVALID, "must be one of auto, chip, software"},
        {"{\"cloud\":{\"server\":\"12345678901234567890123456789012345678901\"}}", LP_E_RANGE,
         "41 bytes are too long, at most 40"},
        {"{\"cloud\":{\"keep_s\":40},\"cloud\":{\"keep_s\":50}}", LP_E_EXISTS, "given twice"},
        {"{\"cloud\":{\"keep_s\":40,\"keep_s\":50}}", LP_E_EXISTS, "given twice"},
        {"{\"a\":{\"b\":{\"c\":{\"d\":{\"e\":{\"f\":1}}}}}}", LP_E_NOT_FOUND, "no setting"},
        {"{\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\":1}",
         LP_E_NOT_FOUND, "no setting"},
        {"{\"\":1}", LP_E_NOT_FOUND, "no setting"},
        {"{\"cloud\":{\"mode\":\"chip\",\"enable\":true,\"zzz\":0}}", LP_E_NOT_FOUND, "cloud.zzz"},
    };
    assert_int_equal(set("{\"cloud\":{\"server\":\"old\"}}"), LP_OK);
    char before[1024];
    snprintf(before, sizeof before, "%s", shown(NULL));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(set(bad[i].json), bad[i].err);
        assert_non_null(strstr(why_text, bad[i].why));
        assert_string_equal(shown(NULL), before);
    }
}

// Fills `json` with two strings of the given lengths.
static void two_strings(char *json, size_t cap, int pass, int ssid)
{
    static const char xs[] = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
                             "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
    snprintf(json, cap, "{\"wifi\":{\"ssid\":\"%.*s\",\"pass\":\"%.*s\"}}", ssid, xs, pass, xs);
}

static void config_full_arena_refuses_whole_sets_and_never_half(void **state)
{
    (void)state;
    char json[512];
    for (int old_pass = 1; old_pass <= 60; old_pass += 7) {
        for (int pass = 1; pass <= 64; pass += 3) {
            for (int ssid = 1; ssid <= 100; ssid += 3) {
                setup(NULL);
                two_strings(json, sizeof json, old_pass, 98 - old_pass);
                assert_int_equal(set(json), LP_OK);
                char before[1024];
                snprintf(before, sizeof before, "%s", shown(NULL));
                two_strings(json, sizeof json, pass, ssid);
                if (set(json) == LP_OK) {
                    assert_int_equal(strlen(lp_config_str(&config, "wifi.pass")), pass);
                    assert_int_equal(strlen(lp_config_str(&config, "wifi.ssid")), ssid);
                } else {
                    assert_string_equal(shown(NULL), before);
                    assert_int_equal(strlen(lp_config_str(&config, "wifi.pass")), old_pass);
                }
            }
        }
    }
}

static void config_secrets_are_not_shown_and_null_keeps_them(void **state)
{
    (void)state;
    assert_int_equal(set("{\"wifi\":{\"pass\":\"hunter2\"}}"), LP_OK);
    assert_string_equal(shown("wifi.pass"), "null");
    assert_null(strstr(shown(NULL), "hunter2"));
    assert_int_equal(set("{\"wifi\":{\"pass\":null}}"), LP_OK);
    assert_string_equal(lp_config_str(&config, "wifi.pass"), "hunter2");
    assert_int_equal(set("{\"wifi\":{\"pass\":\"\"}}"), LP_OK);
    for (size_t i = 0; i + 7 <= sizeof arena; i++) { // nor does the memory keep it
        assert_int_not_equal(memcmp(arena + i, "hunter2", 7), 0);
    }
}

static void config_stored_value_that_is_not_legal_falls_back(void **state)
{
    (void)state;
    const uint8_t low[4] = {1, 0, 0, 0};
    const lp_store_item_t bad[] = {
        {.key = "cloud.keep_s", .value = lp_span(low, 4)},
        {.key = "cloud.enable", .value = lp_span("x", 1)},
        {.key = "cloud.mode", .value = lp_span_str("loud")},
        {.key = "cloud.server", .value = lp_span("a\0b", 3)},
        {.key = "wifi.ssid", .value = lp_span_str("good")},
    };
    assert_int_equal(lp_store_put(&store, bad, 5), LP_OK);
    start();
    assert_string_equal(lp_config_str(&config, "wifi.ssid"), "good");
    assert_int_equal(lp_config_int(&config, "cloud.keep_s"), 60);
    assert_string_equal(lp_config_str(&config, "cloud.mode"), "auto");
    assert_string_equal(lp_config_str(&config, "cloud.server"), "");
    assert_true(fake_log_contains("the stored value of cloud.keep_s is not usable"));
}

static void config_question_that_makes_no_sense_has_an_answer_in_every_build(void **state)
{
    (void)state;
    assert_false(lp_config_bool(&config, "no.such"));
    assert_int_equal(lp_config_int(&config, "cloud.enable"), 0);
    assert_string_equal(lp_config_str(&config, "cloud.keep_s"), "");
    lp_config_set_fallback(&config, "no.such", "x");
    assert_true(fake_log_contains("no setting no.such of this type: this is a bug"));
}

static void config_power_cut_in_save_leaves_old_or_new(void **state)
{
    (void)state;
    for (unsigned cut = 1;; cut++) {
        setup(NULL);
        assert_int_equal(set("{\"cloud\":{\"keep_s\":100,\"server\":\"old\"}}"), LP_OK);
        assert_int_equal(lp_config_save(&config), LP_OK);
        fake_flash_cut_at(cut, cut * 77);
        assert_int_equal(set("{\"cloud\":{\"keep_s\":200,\"server\":\"newer\"}}"), LP_OK);
        const lp_err_t err = lp_config_save(&config);
        const bool was_cut = fake_flash_is_cut();
        assert_int_equal(err == LP_OK, !was_cut);
        fake_flash_power_on();
        start();
        const bool is_new = lp_config_int(&config, "cloud.keep_s") == 200;
        assert_true(is_new || lp_config_int(&config, "cloud.keep_s") == 100);
        assert_string_equal(lp_config_str(&config, "cloud.server"), is_new ? "newer" : "old");
        if (!was_cut) {
            assert_true(is_new);
            break;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(config_defaults_make_the_tree, setup),
        cmocka_unit_test_setup(config_set_counts_at_once_and_survives_only_when_saved, setup),
        cmocka_unit_test_setup(config_bad_sets_change_nothing_and_say_why, setup),
        cmocka_unit_test_setup(config_full_arena_refuses_whole_sets_and_never_half, setup),
        cmocka_unit_test_setup(config_secrets_are_not_shown_and_null_keeps_them, setup),
        cmocka_unit_test_setup(config_stored_value_that_is_not_legal_falls_back, setup),
        cmocka_unit_test_setup(config_question_that_makes_no_sense_has_an_answer_in_every_build,
                               setup),
        cmocka_unit_test_setup(config_power_cut_in_save_leaves_old_or_new, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
