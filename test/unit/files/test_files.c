// SPDX-License-Identifier: Apache-2.0
// What the file layer promises while power stays on: names, replacing, staging, limits, wear, and
// that damage is an error.
#define _GNU_SOURCE // memmem
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fake/port.h"
#include "limpet/files.h"

enum { STORE_BYTES = 16384, ENTRIES = 8, MAX_FILE = 40000, MAX_FILES = 12, BIG = 30000 };

static const lp_flash_geometry_t usual = {
    .size_bytes = 131072, .sector_bytes = 4096, .page_bytes = 4};

static lp_store_entry_t entries[ENTRIES];
static lp_store_t store;
static lp_files_t files;
static uint8_t big[BIG];

static lp_err_t power_on(void)
{
    const lp_store_config_t s = {
        .offset = 0, .size_bytes = STORE_BYTES, .entries = entries, .max_entries = ENTRIES};
    assert_int_equal(lp_store_open(&store, &s), LP_OK);
    const lp_files_config_t config = {.offset = STORE_BYTES,
                                      .size_bytes =
                                          lp_port_flash_geometry().size_bytes - STORE_BYTES,
                                      .max_file_bytes = MAX_FILE,
                                      .max_files = MAX_FILES,
                                      .store = &store};
    return lp_files_open(&files, &config);
}

static int setup(void **state)
{
    (void)state;
    fake_flash_reset(usual);
    for (size_t i = 0; i < sizeof big; i++) {
        big[i] = (uint8_t)(i * 7 + i / 251);
    }
    return power_on();
}

static lp_err_t put(const char *name, const char *text)
{
    return lp_files_put(&files, LP_FILES_PLAIN, name, lp_span_str(text));
}

// The content as a C string; null when there is no such file.
static const char *get_in(lp_files_area_t area, const char *name)
{
    static char text[256];
    size_t got = 0;
    const lp_err_t err =
        lp_files_read(&files, area, name, 0, (uint8_t *)text, sizeof text - 1, &got);
    text[got] = '\0';
    return err == LP_OK ? text : NULL;
}

static const char *get(const char *name)
{
    return get_in(LP_FILES_PLAIN, name);
}

static void files_blank_region_is_made_and_empty(void **state)
{
    (void)state;
    lp_files_space_t space;
    assert_true(files.is_usable);
    assert_int_equal(lp_files_space(&files, &space), LP_OK);
    assert_int_equal(space.files, 0);
    assert_int_equal(space.size_bytes, 131072 - STORE_BYTES);
    assert_true(space.free_bytes > space.size_bytes - 5 * 4096);
    assert_null(get("a"));
}

static void files_content_survives_a_restart(void **state)
{
    (void)state;
    assert_int_equal(put("a.txt", "one"), LP_OK);
    assert_int_equal(put("b.txt", ""), LP_OK);
    assert_int_equal(put("a.txt", "two"), LP_OK);
    assert_int_equal(lp_files_put(&files, LP_FILES_PLAIN, "big", lp_span(big, sizeof big)), LP_OK);
    assert_int_equal(power_on(), LP_OK);
    assert_string_equal(get("a.txt"), "two");
    assert_string_equal(get("b.txt"), "");
    static uint8_t back[BIG + 1];
    size_t got = 0;
    assert_int_equal(lp_files_read(&files, LP_FILES_PLAIN, "big", 0, back, sizeof back, &got),
                     LP_OK);
    assert_int_equal(got, BIG);
    assert_memory_equal(back, big, BIG);
    assert_int_equal(lp_files_read(&files, LP_FILES_PLAIN, "big", BIG - 3, back, 100, &got), LP_OK);
    assert_int_equal(got, 3);
    assert_memory_equal(back, big + BIG - 3, 3);
    assert_int_equal(lp_files_read(&files, LP_FILES_PLAIN, "big", BIG, back, 100, &got), LP_OK);
    assert_int_equal(got, 0);
    assert_int_equal(lp_files_read(&files, LP_FILES_PLAIN, "big", 0xFFFFFFFF, back, 100, &got),
                     LP_OK);
    assert_int_equal(got, 0);
    assert_int_equal(fake_flash_bad_programs, 0);
}

static void files_names_that_leave_the_area_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        ".",
        "..",
        "../a",
        "/a",
        "a/b",
        "a\\b",
        "~a",
        "=a",
        "+",
        ".a",
        "-a",
        "a b",
        "a\nb",
        "a:b",
        "\xC3\xA4",
        "a\x7F",
        "a%2fb",
        "0123456789012345678901234567890123456789012345678901234567890123"};
    size_t got;
    uint8_t byte;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(lp_files_is_name(bad[i]));
        assert_int_equal(put(bad[i], "x"), LP_E_INVALID);
        assert_int_equal(lp_files_read(&files, LP_FILES_PLAIN, bad[i], 0, &byte, 1, &got),
                         LP_E_INVALID);
        assert_int_equal(lp_files_stage(&files, bad[i], 0, lp_span_str("x")), LP_E_INVALID);
        assert_int_equal(lp_files_remove(&files, LP_FILES_PLAIN, bad[i]), LP_E_INVALID);
        assert_int_equal(lp_files_append(&files, bad[i], lp_span_str("x")), LP_E_INVALID);
        assert_int_equal(put("good", "x"), LP_OK);
        assert_int_equal(lp_files_rename(&files, "good", bad[i], true), LP_E_INVALID);
        assert_int_equal(lp_files_rename(&files, bad[i], "good", true), LP_E_INVALID);
    }
    assert_true(lp_files_is_name("Az09._-"));
    assert_true(
        lp_files_is_name("012345678901234567890123456789012345678901234567890123456789012"));
    assert_int_equal(put("012345678901234567890123456789012345678901234567890123456789012", "long"),
                     LP_OK);
    assert_int_equal(lp_files_put(&files, LP_FILES_SEALED,
                                  "012345678901234567890123456789012345678901234567890123456789012",
                                  lp_span_str("s")),
                     LP_OK);
}

static void files_areas_do_not_see_each_other(void **state)
{
    (void)state;
    assert_int_equal(put("a", "plain"), LP_OK);
    assert_int_equal(lp_files_put(&files, LP_FILES_SEALED, "a", lp_span_str("sealed")), LP_OK);
    assert_int_equal(lp_files_stage(&files, "a", 0, lp_span_str("staged")), LP_OK);
    assert_string_equal(get_in(LP_FILES_PLAIN, "a"), "plain");
    assert_string_equal(get_in(LP_FILES_SEALED, "a"), "sealed");
    assert_string_equal(get_in(LP_FILES_STAGED, "a"), "staged");
    assert_int_equal(lp_files_remove(&files, LP_FILES_SEALED, "a"), LP_OK);
    assert_string_equal(get_in(LP_FILES_PLAIN, "a"), "plain");
    assert_null(get_in(LP_FILES_SEALED, "a"));
}

static void files_staged_parts_show_when_committed(void **state)
{
    (void)state;
    assert_int_equal(put("f", "old"), LP_OK);
    assert_int_equal(lp_files_commit(&files, "f"), LP_E_NOT_FOUND);
    assert_int_equal(lp_files_stage(&files, "f", 2, lp_span_str("xx")), LP_E_STATE);
    assert_int_equal(lp_files_stage(&files, "f", 0, lp_span_str("one ")), LP_OK);
    assert_int_equal(lp_files_stage(&files, "f", 4, lp_span_str("two ")), LP_OK);
    assert_int_equal(power_on(), LP_OK); // it can be gone on with after a restart
    assert_int_equal(lp_files_stage(&files, "f", 4, lp_span_str("two ")), LP_OK); // repeated
    assert_int_equal(lp_files_stage(&files, "f", 4, lp_span_str("twoX")), LP_E_STATE);
    assert_int_equal(lp_files_stage(&files, "f", 7, lp_span_str("x")), LP_E_STATE);
    assert_int_equal(lp_files_stage(&files, "f", 9, lp_span_str("x")), LP_E_STATE);
    assert_int_equal(lp_files_stage(&files, "f", 8, lp_span_str("three")), LP_OK);
    assert_string_equal(get("f"), "old");
    assert_int_equal(lp_files_commit(&files, "f"), LP_OK);
    assert_string_equal(get("f"), "one two three");
    assert_null(get_in(LP_FILES_STAGED, "f"));
    assert_int_equal(lp_files_append(&files, "f", lp_span_str(" four")), LP_OK);
    assert_int_equal(lp_files_append(&files, "new", lp_span_str("1")), LP_OK);
    assert_string_equal(get("f"), "one two three four");
    assert_string_equal(get("new"), "1");
}

static void files_rename_replaces_only_when_told(void **state)
{
    (void)state;
    assert_int_equal(put("a", "A"), LP_OK);
    assert_int_equal(put("b", "B"), LP_OK);
    assert_int_equal(lp_files_rename(&files, "a", "b", false), LP_E_EXISTS);
    assert_int_equal(lp_files_rename(&files, "x", "b", true), LP_E_NOT_FOUND);
    assert_string_equal(get("b"), "B");
    assert_int_equal(lp_files_rename(&files, "a", "a", false), LP_OK);
    assert_string_equal(get("a"), "A");
    assert_int_equal(lp_files_rename(&files, "a", "b", true), LP_OK);
    assert_null(get("a"));
    assert_string_equal(get("b"), "A");
    assert_int_equal(lp_files_remove(&files, LP_FILES_PLAIN, "b"), LP_OK);
    assert_int_equal(lp_files_remove(&files, LP_FILES_PLAIN, "b"), LP_E_NOT_FOUND);
}

static void collect(void *ctx, const char *name, uint32_t size_bytes)
{
    char *text = ctx;
    snprintf(text + strlen(text), 256 - strlen(text), "%s:%u ", name, (unsigned)size_bytes);
}

static void files_list_names_plain_files_only(void **state)
{
    (void)state;
    char text[256] = "";
    assert_int_equal(put("b", "123"), LP_OK);
    assert_int_equal(put("a", ""), LP_OK);
    assert_int_equal(lp_files_stage(&files, "c", 0, lp_span_str("x")), LP_OK);
    assert_int_equal(lp_files_put(&files, LP_FILES_SEALED, "d", lp_span_str("x")), LP_OK);
    assert_int_equal(lp_files_each(&files, LP_FILES_PLAIN, collect, text), LP_OK);
    assert_string_equal(text, "a:0 b:3 ");
}

static void files_full_flash_keeps_the_old_content(void **state)
{
    (void)state;
    assert_int_equal(put("keep", "this"), LP_OK);
    char name[8];
    lp_err_t err = LP_OK;
    for (int i = 0; i < 8 && err == LP_OK; i++) {
        snprintf(name, sizeof name, "f%d", i);
        err = lp_files_put(&files, LP_FILES_PLAIN, name, lp_span(big, sizeof big));
    }
    assert_int_equal(err, LP_E_NOSPACE);
    assert_null(get(name));
    assert_int_equal(lp_files_put(&files, LP_FILES_PLAIN, "keep", lp_span(big, sizeof big)),
                     LP_E_NOSPACE);
    assert_string_equal(get("keep"), "this");
    assert_int_equal(put("keep", "that"), LP_OK);
    assert_int_equal(lp_files_remove(&files, LP_FILES_PLAIN, "f0"), LP_OK);
    assert_int_equal(lp_files_put(&files, LP_FILES_PLAIN, "keep", lp_span(big, sizeof big)), LP_OK);
}

static void files_limits_are_kept(void **state)
{
    (void)state;
    static uint8_t long_one[MAX_FILE + 1];
    char name[8];
    assert_int_equal(lp_files_put(&files, LP_FILES_PLAIN, "x", lp_span(long_one, sizeof long_one)),
                     LP_E_RANGE);
    assert_int_equal(lp_files_stage(&files, "x", 0, lp_span(long_one, MAX_FILE)), LP_OK);
    assert_int_equal(lp_files_stage(&files, "x", MAX_FILE, lp_span_str("y")), LP_E_RANGE);
    assert_int_equal(lp_files_remove(&files, LP_FILES_STAGED, "x"), LP_OK);
    for (int i = 0; i < MAX_FILES; i++) {
        snprintf(name, sizeof name, "n%d", i);
        assert_int_equal(put(name, name), LP_OK);
    }
    assert_int_equal(put("one-more", "x"), LP_E_NOSPACE);
    assert_int_equal(lp_files_stage(&files, "one-more", 0, lp_span_str("x")), LP_E_NOSPACE);
    assert_int_equal(put("n3", "replaced"), LP_OK);
    assert_string_equal(get("n3"), "replaced");
}

static void files_wear_is_spread(void **state)
{
    (void)state;
    char text[64];
    for (int i = 0; i < 20000; i++) {
        snprintf(text, sizeof text, "%d and some more text of a log line", i);
        assert_int_equal(put("counter", text), LP_OK);
    }
    assert_string_equal(get("counter"), text);
    unsigned most = 0;
    unsigned sum = 0;
    const uint32_t sectors = (131072 - STORE_BYTES) / 4096;
    for (uint32_t s = 0; s < sectors; s++) {
        const unsigned n = fake_flash_erases(STORE_BYTES / 4096 + s);
        most = n > most ? n : most;
        sum += n;
    }
    assert_true(sum > 80);
    assert_true(most < sum / 3); // without levelling two sectors would take all of them
}

static void files_damaged_region_is_an_error_and_stays_as_it_is(void **state)
{
    (void)state;
    static uint8_t before[131072];
    assert_int_equal(put("a", "x"), LP_OK);
    memset(fake_flash_bytes() + STORE_BYTES, 0x5A, 2 * 4096);
    memcpy(before, fake_flash_bytes(), sizeof before);
    assert_int_equal(power_on(), LP_E_FORMAT);
    assert_false(files.is_usable);
    assert_int_equal(put("a", "x"), LP_E_STATE);
    assert_null(get("a"));
    assert_memory_equal(before, fake_flash_bytes(), sizeof before);
    // Blank, but it was made once: damage too, and not a new board.
    memset(fake_flash_bytes() + STORE_BYTES, 0xFF, 131072 - STORE_BYTES);
    assert_int_equal(power_on(), LP_E_FORMAT);
    assert_int_equal(lp_files_format(&files), LP_OK);
    assert_int_equal(put("a", "again"), LP_OK);
    assert_int_equal(power_on(), LP_OK);
    assert_string_equal(get("a"), "again");
}

static void files_format_leaves_nothing_to_read(void **state)
{
    (void)state;
    static const char secret[] = "a password that somebody left here";
    assert_int_equal(put("a", secret), LP_OK);
    assert_non_null(memmem(fake_flash_bytes(), 131072, secret, sizeof secret - 1));
    assert_int_equal(lp_files_format(&files), LP_OK);
    assert_null(memmem(fake_flash_bytes(), 131072, secret, sizeof secret - 1));
}

static void files_region_that_does_not_fit_is_refused(void **state)
{
    (void)state;
    static const lp_files_config_t bad[] = {
        {.offset = 100, .size_bytes = 32768},        {.offset = 16384, .size_bytes = 1000},
        {.offset = 16384, .size_bytes = 131072},     {.offset = 0x80000000, .size_bytes = 32768},
        {.offset = 16384, .size_bytes = 2 * 4096},   {.offset = 16384, .size_bytes = 0},
        {.offset = 16384, .size_bytes = 0xFFFFF000},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(lp_files_open(&files, &bad[i]), LP_E_INVALID);
        assert_int_equal(lp_files_format(&files), LP_E_STATE);
        assert_int_equal(put("a", "x"), LP_E_STATE);
    }
    fake_flash_reset((lp_flash_geometry_t){65536, 4096, 512});
    const lp_files_config_t fits = {.offset = 0, .size_bytes = 65536};
    assert_int_equal(lp_files_open(&files, &fits), LP_E_INVALID); // pages too large
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(files_blank_region_is_made_and_empty, setup),
        cmocka_unit_test_setup(files_content_survives_a_restart, setup),
        cmocka_unit_test_setup(files_names_that_leave_the_area_are_refused, setup),
        cmocka_unit_test_setup(files_areas_do_not_see_each_other, setup),
        cmocka_unit_test_setup(files_staged_parts_show_when_committed, setup),
        cmocka_unit_test_setup(files_rename_replaces_only_when_told, setup),
        cmocka_unit_test_setup(files_list_names_plain_files_only, setup),
        cmocka_unit_test_setup(files_full_flash_keeps_the_old_content, setup),
        cmocka_unit_test_setup(files_limits_are_kept, setup),
        cmocka_unit_test_setup(files_wear_is_spread, setup),
        cmocka_unit_test_setup(files_damaged_region_is_an_error_and_stays_as_it_is, setup),
        cmocka_unit_test_setup(files_format_leaves_nothing_to_read, setup),
        cmocka_unit_test_setup(files_region_that_does_not_fit_is_refused, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
