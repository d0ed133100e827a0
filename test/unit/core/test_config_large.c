// SPDX-License-Identifier: Apache-2.0
// Settings that stay in the store because a small board's memory is not for them.
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

enum { ARENA = 64, ENTRIES = 16, CA_MAX = 400, LARGE = 300, FLASH = 8192 };

static lp_err_t no_spaces(lp_span_t value, lp_buf_t *why)
{
    if (value.len > 0 && memchr(value.ptr, ' ', value.len) != NULL) {
        (void)lp_fmt(why, "no spaces, please");
        return LP_E_INVALID;
    }
    return LP_OK;
}

static const lp_config_row_t rows[] = {
    {.key = "cert", .type = LP_CONFIG_STR, .fallback = "none", .max = LARGE, .check = no_spaces},
    {.key = "name", .type = LP_CONFIG_STR, .fallback = "", .max = 30},
    {.key = "other", .type = LP_CONFIG_STR, .fallback = "", .max = 20},
    {.key = "trust.ca", .type = LP_CONFIG_STR, .fallback = "", .max = CA_MAX},
    {.key = "trust.n", .type = LP_CONFIG_INT, .min = 0, .max = 500},
};
enum { ROWS = sizeof rows / sizeof rows[0] };

static lp_store_t store;
static lp_store_entry_t entries[ENTRIES];
static lp_config_t config;
static lp_config_value_t values[ROWS];
static lp_store_item_t items[ROWS];
static uint8_t arena[ARENA];
static char why_text[LP_CONFIG_WHY_MAX + 1];

// -- memory for a moment

static struct {
    _Alignas(16) char bytes[CA_MAX + 1];
    bool is_busy;
    bool is_taken;
    bool is_for_items; // of lp_store_put(), which are no secret
} desk;

static void *take(void *ctx, size_t bytes)
{
    (void)ctx;
    assert_false(desk.is_taken);
    assert_true(bytes <= sizeof desk.bytes);
    desk.is_taken = !desk.is_busy;
    return desk.is_busy ? NULL : desk.bytes;
}

static void give(void *ctx, void *memory)
{
    (void)ctx;
    assert_true(desk.is_taken);
    assert_ptr_equal(memory, desk.bytes);
    for (size_t i = 0; !desk.is_for_items && i < sizeof desk.bytes; i++) {
        assert_int_equal(desk.bytes[i], 0);
    }
    memset(desk.bytes, 0, sizeof desk.bytes);
    desk.is_taken = false;
}

static const lp_config_scratch_t scratch = {.take = take, .give = give};

static lp_config_setup_t setup_of(void)
{
    return (lp_config_setup_t){.rows = rows,
                               .count = ROWS,
                               .values = values,
                               .items = items,
                               .arena = arena,
                               .arena_bytes = sizeof arena,
                               .store = &store,
                               .large_bytes = LARGE,
                               .scratch = &scratch};
}

static void start(void)
{
    const lp_store_config_t sc = {.size_bytes = FLASH, .entries = entries, .max_entries = ENTRIES};
    const lp_config_setup_t how = setup_of();
    assert_int_equal(lp_store_open(&store, &sc), LP_OK);
    assert_int_equal(lp_config_init(&config, &how), LP_OK);
    lp_config_load(&config, NULL);
}

static int setup(void **state)
{
    (void)state;
    memset(&desk, 0, sizeof desk);
    fake_clock_reset();
    fake_system_reset();
    fake_flash_reset(
        (lp_flash_geometry_t){.size_bytes = FLASH, .sector_bytes = 1024, .page_bytes = 4});
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

// A text of `len` times `c`.
static const char *many(char c, size_t len)
{
    static char text[2][FLASH];
    static unsigned next;
    char *t = text[next++ % 2];
    memset(t, c, len);
    t[len] = '\0';
    return t;
}

static lp_err_t set_both(const char *cert, const char *ca)
{
    static char json[2 * FLASH];
    (void)snprintf(json, sizeof json,
                   "{\"cert\":\"%s\",\"name\":\"%.5s\",\"trust\":{\"ca\":\"%s\"}}", cert, ca, ca);
    return set(json);
}

// What the key has, read in pieces of `step`.
static const char *read_all(const char *key, size_t step)
{
    static char text[FLASH];
    const size_t len = lp_config_len(&config, key);
    for (size_t at = 0; at < len; at += step) {
        const size_t n = len - at < step ? len - at : step;
        assert_int_equal(lp_config_read(&config, key, at, (uint8_t *)text + at, n), LP_OK);
    }
    text[len] = '\0';
    return text;
}

static const char *shown(const char *key)
{
    static char text[FLASH];
    lp_buf_t out = lp_buf(text, sizeof text - 1);
    lp_json_writer_t w;
    lp_json_init(&w, &out);
    assert_int_equal(lp_config_put(&config, key, &w), LP_OK);
    assert_int_equal(lp_json_done(&w), LP_OK);
    text[out.len] = '\0';
    return text;
}

static bool has(const char *key)
{
    size_t len;
    return lp_store_len(&store, key, &len) == LP_OK;
}

static void large_counts_at_once_and_survives_only_when_saved(void **state)
{
    (void)state;
    assert_string_equal(read_all("cert", 7), "none");
    assert_int_equal(set_both(many('c', LARGE), many('a', CA_MAX)), LP_OK);
    assert_string_equal(read_all("cert", 7), many('c', LARGE));
    assert_string_equal(read_all("trust.ca", 64), many('a', CA_MAX));
    assert_false(config.is_saved);
    start();
    assert_string_equal(read_all("cert", 7), "none");
    assert_int_equal(lp_config_len(&config, "trust.ca"), 0);
    assert_false(has("1/cert") || has("2/cert") || has("1/trust.ca"));

    assert_int_equal(set_both("first", "one"), LP_OK);
    assert_int_equal(set_both(many('c', LARGE), many('a', CA_MAX)), LP_OK);
    assert_int_equal(lp_config_save(&config), LP_OK);
    assert_true(config.is_saved);
    assert_false(has("1/cert") || has("2/cert") || has("1/trust.ca") || has("2/trust.ca"));
    start();
    assert_string_equal(read_all("cert", 1), many('c', LARGE));
    assert_string_equal(read_all("trust.ca", 1000), many('a', CA_MAX));
    assert_string_equal(lp_config_str(&config, "name"), "aaaaa");

    assert_int_equal(set("{\"cert\":null}"), LP_OK);
    assert_string_equal(read_all("cert", 7), "none");
    assert_int_equal(lp_config_save(&config), LP_OK);
    start();
    assert_string_equal(read_all("cert", 7), "none");
    assert_string_equal(read_all("trust.ca", 1000), many('a', CA_MAX));
}

static void large_takes_nothing_of_the_arena(void **state)
{
    (void)state;
    assert_int_equal(set("{\"name\":\"abc\",\"other\":\"def\"}"), LP_OK);
    assert_int_equal(set_both(many('c', LARGE), many('a', CA_MAX)), LP_OK);
    assert_int_equal(set("{\"name\":\"x\"}"), LP_OK); // moves what is behind it
    assert_int_equal(set("{\"cert\":\"y\"}"), LP_OK);
    assert_int_equal(set("{\"cert\":\"z\",\"name\":null}"), LP_OK);
    assert_string_equal(lp_config_str(&config, "other"), "def");
    assert_string_equal(read_all("cert", 9), "z");
    assert_string_equal(read_all("trust.ca", 9), many('a', CA_MAX));
    assert_string_equal(lp_config_str(&config, "cert"), ""); // who asks for it whole has a bug
}

static void large_is_read_within_its_length_only(void **state)
{
    (void)state;
    uint8_t byte[2];
    assert_int_equal(set("{\"cert\":\"abc\"}"), LP_OK);
    assert_int_equal(lp_config_read(&config, "cert", 2, byte, 1), LP_OK);
    assert_int_equal(byte[0], 'c');
    assert_int_equal(lp_config_read(&config, "cert", 2, byte, 2), LP_E_RANGE);
    assert_int_equal(lp_config_read(&config, "cert", 4, byte, 0), LP_E_RANGE);
    assert_int_equal(lp_config_read(&config, "cert", SIZE_MAX, byte, 2), LP_E_RANGE);
    assert_int_equal(lp_config_read(&config, "name", 1, byte, 1), LP_E_RANGE);
    assert_int_equal(lp_config_read(&config, "nothing", 0, byte, 1), LP_E_NOT_FOUND);
    assert_int_equal(lp_config_read(&config, "trust.n", 0, byte, 1), LP_E_NOT_FOUND);
    assert_int_equal(lp_config_len(&config, "trust.n"), 0);
}

static void large_bad_sets_change_nothing_and_say_why(void **state)
{
    (void)state;
    static char json[2 * FLASH];
    assert_int_equal(set_both("old", "older"), LP_OK);
    (void)snprintf(json, sizeof json, "{\"cert\":\"%s\"}", many('c', LARGE + 1));
    const struct {
        const char *json;
        lp_err_t err;
        const char *why;
    } bad[] = {
        {json, LP_E_RANGE, "at most 300 bytes"},
        {"{\"cert\":5}", LP_E_INVALID, "a string"},
        {"{\"cert\":{}}", LP_OK, ""},
        {"{\"cert\":\"a\\u0000b\"}", LP_E_INVALID, "a string"},
        {"{\"cert\":\"a b\"}", LP_E_INVALID, "no spaces, please"},
        {"{\"cert\":\"new\",\"cert\":\"newer\"}", LP_E_EXISTS, "given twice"},
        {"{\"cert\":\"new\",\"trust\":{\"ca\":\"new\",\"n\":501}}", LP_E_RANGE, "outside"},
        {"{\"cert\":\"new\",\"nothing\":1}", LP_E_NOT_FOUND, "no setting"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(set(bad[i].json), bad[i].err);
        assert_non_null(strstr(why_text, bad[i].why));
        assert_string_equal(read_all("cert", 9), "old");
        assert_string_equal(read_all("trust.ca", 9), "older");
    }
    assert_int_equal(lp_config_save(&config), LP_OK);
    start();
    assert_string_equal(read_all("cert", 9), "old");
}

static void large_without_memory_is_busy_and_can_still_be_read(void **state)
{
    (void)state;
    assert_int_equal(set_both("old", "older"), LP_OK);
    desk.is_busy = true;
    assert_int_equal(set_both("new", "newer"), LP_E_BUSY);
    assert_non_null(strstr(why_text, "try again"));
    assert_string_equal(lp_config_str(&config, "name"), "older");
    assert_string_equal(shown("cert"), "\"old\"");
    assert_int_equal(set("{\"name\":\"small\"}"), LP_OK);
    assert_int_equal(lp_config_save(&config), LP_OK);
    desk.is_busy = false;
    assert_int_equal(set_both("new", "newer"), LP_OK);
    assert_string_equal(shown("trust"), "{\"ca\":\"newer\",\"n\":0}");
}

// Characters of several bytes at every place of a piece.
static void large_is_shown_as_it_was_set(void **state)
{
    (void)state;
    for (size_t shift = 0; shift < 5; shift++) {
        char json[FLASH];
        char text[FLASH];
        lp_buf_t out = lp_buf(text, sizeof text);
        (void)lp_fmt(&out, "%s", many('x', shift));
        for (int i = 0; i < 30; i++) {
            (void)lp_fmt(&out, "\\n\xe2\x82\xac\\\"\xf0\x9f\x90\x9a");
        }
        (void)lp_buf_put_byte(&out, 0);
        (void)snprintf(json, sizeof json, "{\"trust\":{\"ca\":\"%s\"}}", text);
        assert_int_equal(set(json), LP_OK);
        (void)snprintf(json, sizeof json, "\"%s\"", text);
        assert_string_equal(shown("trust.ca"), json);
    }
}

static void large_power_cut_in_set_and_save_leaves_old_or_new(void **state)
{
    (void)state;
    bool was_cut = true;
    for (unsigned cut = 1; was_cut; cut++) {
        setup(state);
        assert_int_equal(set_both(many('o', 200), many('p', 100)), LP_OK);
        assert_int_equal(lp_config_save(&config), LP_OK);
        fake_flash_cut_at(cut, cut * 77);
        if (set_both(many('c', LARGE), many('a', CA_MAX)) == LP_OK) {
            (void)lp_config_save(&config);
        }
        was_cut = fake_flash_is_cut();
        fake_flash_power_on();
        start();
        const bool is_old = strcmp(lp_config_str(&config, "name"), "ppppp") == 0;
        assert_string_equal(read_all("cert", 50), is_old ? many('o', 200) : many('c', LARGE));
        assert_string_equal(read_all("trust.ca", 50), is_old ? many('p', 100) : many('a', CA_MAX));
        assert_false(has("1/cert") || has("2/cert") || has("1/trust.ca") || has("2/trust.ca"));
        assert_true(was_cut || !is_old);
    }
}

static void large_that_the_flash_does_not_take_changes_nothing(void **state)
{
    (void)state;
    assert_int_equal(set_both("old", "older"), LP_OK);
    static uint8_t filler[3300];
    const lp_store_item_t item = {.key = "filler", .value = lp_span(filler, sizeof filler)};
    assert_int_equal(lp_store_put(&store, &item, 1), LP_OK);
    assert_int_equal(set_both(many('c', LARGE), many('a', CA_MAX)), LP_E_NOSPACE);
    assert_non_null(strstr(why_text, "the flash does not take it"));
    assert_string_equal(read_all("cert", 9), "old");
    assert_string_equal(read_all("trust.ca", 9), "older");
}

static void large_stored_value_that_is_not_legal_falls_back(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        size_t len;
    } bad[] = {{"a b", 3}, {"a\0b", 3}, {NULL, LARGE + 1}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const char *text = bad[i].value != NULL ? bad[i].value : many('c', LARGE + 1);
        const lp_store_item_t item = {.key = "cert", .value = lp_span(text, bad[i].len)};
        unsigned dropped = 0;
        assert_int_equal(lp_store_put(&store, &item, 1), LP_OK);
        start();
        lp_config_load(&config, &dropped);
        assert_int_equal(dropped, 1);
        assert_string_equal(read_all("cert", 9), "none");
    }
}

static void large_is_gone_after_a_reset_and_is_not_tried(void **state)
{
    (void)state;
    assert_int_equal(set_both("old", "older"), LP_OK);
    assert_int_equal(lp_config_save(&config), LP_OK);
    assert_int_equal(set_both("new", "newer"), LP_OK);
    assert_int_equal(lp_config_save_trial(&config), LP_E_UNSUPPORTED);
    assert_int_equal(lp_config_reset(&config), LP_OK);
    assert_string_equal(read_all("cert", 9), "none");
    assert_false(has("cert") || has("trust.ca") || has("1/cert") || has("1/trust.ca"));
    start();
    assert_string_equal(read_all("cert", 9), "none");
}

// The row of items for a save is needed only then.
static void items_are_borrowed_where_none_are_lent(void **state)
{
    (void)state;
    lp_config_setup_t how = setup_of();
    how.items = NULL;
    assert_int_equal(lp_config_init(&config, &how), LP_OK);
    _Static_assert(ROWS * sizeof(lp_store_item_t) <= sizeof desk.bytes, "they fit");
    assert_int_equal(set_both("old", "older"), LP_OK);
    desk.is_for_items = true;
    desk.is_busy = true;
    assert_int_equal(lp_config_save(&config), LP_E_BUSY);
    assert_false(config.is_saved);
    desk.is_busy = false;
    assert_int_equal(lp_config_save(&config), LP_OK);
    assert_false(desk.is_taken);
    start();
    assert_string_equal(read_all("trust.ca", 9), "older");
    assert_int_equal(lp_config_init(&config, &how), LP_OK);
    desk.is_busy = true;
    assert_int_equal(lp_config_reset(&config), LP_E_BUSY);
    desk.is_busy = false;
    assert_int_equal(lp_config_reset(&config), LP_OK);
    assert_false(has("trust.ca") || has("cert"));
    how.scratch = NULL;
    how.large_bytes = 0;
    assert_int_equal(lp_config_init(&config, &how), LP_E_INVALID);
}

static void large_setup_that_cannot_be_is_refused(void **state)
{
    (void)state;
    lp_config_setup_t how = setup_of();
    how.scratch = NULL;
    assert_int_equal(lp_config_init(&config, &how), LP_E_INVALID);
    static lp_config_row_t many_rows[LP_CONFIG_LARGE_MAX + 1];
    for (size_t i = 0; i <= LP_CONFIG_LARGE_MAX; i++) {
        many_rows[i] = rows[0];
    }
    how = setup_of();
    how.rows = many_rows;
    how.count = LP_CONFIG_LARGE_MAX + 1;
    assert_int_equal(lp_config_init(&config, &how), LP_E_INVALID);
    how.count = LP_CONFIG_LARGE_MAX;
    assert_int_equal(lp_config_init(&config, &how), LP_OK);
}

#define T(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(large_counts_at_once_and_survives_only_when_saved),
        T(large_takes_nothing_of_the_arena),
        T(large_is_read_within_its_length_only),
        T(large_bad_sets_change_nothing_and_say_why),
        T(large_without_memory_is_busy_and_can_still_be_read),
        T(large_is_shown_as_it_was_set),
        T(large_power_cut_in_set_and_save_leaves_old_or_new),
        T(large_that_the_flash_does_not_take_changes_nothing),
        T(large_stored_value_that_is_not_legal_falls_back),
        T(large_is_gone_after_a_reset_and_is_not_tried),
        T(items_are_borrowed_where_none_are_lent),
        T(large_setup_that_cannot_be_is_refused),
    };
    return cmocka_run_group_tests_name("config large", tests, NULL, NULL);
}
