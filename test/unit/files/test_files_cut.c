// SPDX-License-Identifier: Apache-2.0
// Files under power cuts: every flash operation of a whole life, several geometries, several
// mixtures; always old or new, never a mixture, and nothing else is touched.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fake/port.h"
#include "limpet/files.h"

enum { ENTRIES = 8, OLD_LEN = 700, PART = 900, PARTS = 3, NEW_LEN = PART * PARTS, SEEDS = 3 };

typedef struct {
    lp_flash_geometry_t flash;
    uint32_t store_bytes;
} part_t;

static const part_t parts[] = {
    {{.size_bytes = 65536, .sector_bytes = 4096, .page_bytes = 4}, 8192},
    {{.size_bytes = 32768, .sector_bytes = 512, .page_bytes = 1}, 4096},
    {{.size_bytes = 65536, .sector_bytes = 2048, .page_bytes = 64}, 8192},
    {{.size_bytes = 131072, .sector_bytes = 8192, .page_bytes = 256}, 32768},
};
enum { GEOMETRIES = sizeof parts / sizeof parts[0] };

static lp_store_entry_t entries[ENTRIES];
static lp_store_t store;
static lp_files_t files;
static uint8_t old_text[OLD_LEN];
static uint8_t new_text[NEW_LEN];

static lp_err_t power_on(const part_t *p)
{
    fake_flash_power_on();
    const lp_store_config_t s = {
        .offset = 0, .size_bytes = p->store_bytes, .entries = entries, .max_entries = ENTRIES};
    assert_int_equal(lp_store_open(&store, &s), LP_OK);
    const lp_files_config_t config = {.offset = p->store_bytes,
                                      .size_bytes = p->flash.size_bytes - p->store_bytes,
                                      .max_file_bytes = 8000,
                                      .max_files = 8,
                                      .store = &store};
    return lp_files_open(&files, &config);
}

static bool has(lp_files_area_t area, const char *name, lp_span_t content)
{
    static uint8_t back[NEW_LEN + 1];
    size_t got = 0;
    return lp_files_read(&files, area, name, 0, back, sizeof back, &got) == LP_OK &&
           lp_span_equal(lp_span(back, got), content);
}

static bool is_absent(const char *name)
{
    uint32_t size;
    return lp_files_size(&files, LP_FILES_PLAIN, name, &size) == LP_E_NOT_FOUND;
}

#define OLD lp_span(old_text, OLD_LEN)
#define NEW lp_span(new_text, NEW_LEN)

// One step of the life below. LP_OK or the first error.
static lp_err_t step(int n)
{
    switch (n) {
    case 0:
        return lp_files_put(&files, LP_FILES_PLAIN, "a", NEW); // replaces
    case 1:
    case 2:
    case 3:
        return lp_files_stage(&files, "b", (uint32_t)(n - 1) * PART,
                              lp_span(new_text + (n - 1) * PART, PART));
    case 4:
        return lp_files_commit(&files, "b");
    case 5:
        return lp_files_rename(&files, "b", "c", false);
    case 6:
        return lp_files_append(&files, "d", NEW);
    case 7:
        return lp_files_remove(&files, LP_FILES_PLAIN, "c");
    default:
        return lp_files_put(&files, LP_FILES_SEALED, "s", NEW);
    }
}
enum { STEPS = 9 };

static bool is_b_whole(const char *name, bool is_new)
{
    return has(LP_FILES_PLAIN, name, is_new ? NEW : OLD);
}

// What must be so after `done` whole steps, the next one having been cut.
static void check(int done)
{
    assert_true(has(LP_FILES_PLAIN, "keep", OLD));
    assert_true(done > 0 ? is_b_whole("a", true) : is_b_whole("a", true) || is_b_whole("a", false));
    if (done < 4) {
        assert_true(is_b_whole("b", false));
        assert_true(is_absent("c"));
    } else if (done == 4) {
        assert_true(is_b_whole("b", false) || is_b_whole("b", true));
    } else if (done == 5) {
        assert_true(is_b_whole("b", true) != is_b_whole("c", true));
    } else if (done == 6) {
        assert_true(is_absent("b") && is_b_whole("c", true));
    } else {
        assert_true(is_absent("b") && (is_absent("c") || is_b_whole("c", true)));
    }
    static uint8_t both[OLD_LEN + NEW_LEN];
    memcpy(both, old_text, OLD_LEN);
    memcpy(both + OLD_LEN, new_text, NEW_LEN);
    static uint8_t back[sizeof both + 1];
    size_t got = 0;
    assert_int_equal(lp_files_read(&files, LP_FILES_PLAIN, "d", 0, back, sizeof back, &got), LP_OK);
    assert_true(got == OLD_LEN || got == sizeof both);
    assert_memory_equal(back, both, got);
    assert_true(has(LP_FILES_SEALED, "s", OLD) || has(LP_FILES_SEALED, "s", NEW));
    assert_true(done == STEPS - 1 || has(LP_FILES_SEALED, "s", OLD));
}

static void begin(const part_t *p)
{
    fake_flash_reset(p->flash);
    assert_int_equal(power_on(p), LP_OK);
    static const char *const names[] = {"keep", "a", "b", "d"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_int_equal(lp_files_put(&files, LP_FILES_PLAIN, names[i], OLD), LP_OK);
    }
    assert_int_equal(lp_files_put(&files, LP_FILES_SEALED, "s", OLD), LP_OK);
}

// Lives until the n-th flash operation. false: it came to an end before.
static bool live_until(const part_t *p, unsigned n, uint32_t seed)
{
    begin(p);
    fake_flash_cut_at(n, seed);
    int done = 0;
    while (done < STEPS && step(done) == LP_OK) {
        done++;
    }
    if (done == STEPS) {
        return false;
    }
    assert_true(fake_flash_is_cut());
    assert_int_equal(power_on(p), LP_OK);
    check(done);
    // The life goes on where it was cut, as a tool that repeats its call would.
    while (done < STEPS) {
        lp_err_t err = step(done);
        if ((done == 4 || done == 5 || done == 7) && err == LP_E_NOT_FOUND) {
            err = LP_OK; // the cut came after it counted
        }
        assert_int_equal(err, LP_OK);
        done++;
    }
    assert_true(has(LP_FILES_PLAIN, "keep", OLD));
    assert_true(has(LP_FILES_SEALED, "s", NEW));
    assert_int_equal(fake_flash_bad_programs, 0);
    return true;
}

static void files_cut_at_every_operation_is_old_or_new(void **state)
{
    (void)state;
    unsigned cuts = 0;
    for (int g = 0; g < GEOMETRIES; g++) {
        for (uint32_t seed = 0; seed < SEEDS; seed++) {
            for (unsigned n = 1; live_until(&parts[g], n, seed); n++) {
                cuts++;
            }
        }
    }
    assert_true(cuts > 500);
}

static void files_cut_while_being_made_is_made_again(void **state)
{
    (void)state;
    for (int g = 0; g < GEOMETRIES; g++) {
        for (uint32_t seed = 0; seed < SEEDS; seed++) {
            bool was_cut = true;
            for (unsigned n = 1; was_cut; n++) {
                fake_flash_reset(parts[g].flash);
                const lp_store_config_t s = {
                    .size_bytes = parts[g].store_bytes, .entries = entries, .max_entries = ENTRIES};
                assert_int_equal(lp_store_open(&store, &s), LP_OK);
                fake_flash_cut_at(n, seed);
                const lp_files_config_t config = {.offset = parts[g].store_bytes,
                                                  .size_bytes = parts[g].flash.size_bytes -
                                                                parts[g].store_bytes,
                                                  .max_file_bytes = 8000,
                                                  .max_files = 8,
                                                  .store = &store};
                was_cut = lp_files_open(&files, &config) != LP_OK;
                assert_int_equal(power_on(&parts[g]), LP_OK);
                assert_int_equal(lp_files_put(&files, LP_FILES_PLAIN, "a", OLD), LP_OK);
            }
        }
    }
}

static void files_cut_while_all_is_erased_ends_empty(void **state)
{
    (void)state;
    for (int g = 0; g < GEOMETRIES; g++) {
        bool was_cut = true;
        for (unsigned n = 1; was_cut; n++) {
            begin(&parts[g]);
            fake_flash_cut_at(n, 3);
            was_cut = lp_files_format(&files) != LP_OK;
            assert_int_equal(power_on(&parts[g]), LP_OK);
            // Before it was begun everything is there, later nothing is.
            assert_true(is_absent("keep") == is_absent("a"));
            assert_true(is_absent("keep") || n <= 2);
        }
    }
}

// A write that the flash refuses, while power stays: that one call fails, and nothing after it.
static void files_outlive_a_write_that_fails(void **state)
{
    (void)state;
    for (int g = 0; g < GEOMETRIES; g++) {
        int done = 0;
        for (unsigned n = 1; done < STEPS; n++) {
            begin(&parts[g]);
            fake_flash_fail_at(n);
            for (done = 0; done < STEPS && step(done) == LP_OK; done++) {
            }
            fake_flash_fail_at(0);
            assert_true(files.is_usable);
            if (done < STEPS) {
                check(done);
            }
            assert_int_equal(lp_files_put(&files, LP_FILES_PLAIN, "e", NEW), LP_OK);
            assert_true(has(LP_FILES_PLAIN, "e", NEW));
            assert_int_equal(power_on(&parts[g]), LP_OK);
            assert_true(has(LP_FILES_PLAIN, "e", NEW) && has(LP_FILES_PLAIN, "keep", OLD));
        }
    }
    assert_int_equal(fake_flash_bad_programs, 0);
}

int main(void)
{
    for (size_t i = 0; i < NEW_LEN; i++) {
        new_text[i] = (uint8_t)(i * 13 + i / 256);
        old_text[i % OLD_LEN] = (uint8_t)(i * 31);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_cut_at_every_operation_is_old_or_new),
        cmocka_unit_test(files_outlive_a_write_that_fails),
        cmocka_unit_test(files_cut_while_being_made_is_made_again),
        cmocka_unit_test(files_cut_while_all_is_erased_ends_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
