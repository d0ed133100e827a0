// SPDX-License-Identifier: Apache-2.0
// The store under power cuts: every flash operation of a whole life, several geometries, several
// mixtures, always old or new.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fake/port.h"
#include "limpet/store.h"

enum { ENTRIES = 12 };

static lp_store_entry_t entries[ENTRIES];
static lp_store_t store;

static const lp_flash_geometry_t geometries[] = {
    {.size_bytes = 2048, .sector_bytes = 1024, .page_bytes = 4},
    {.size_bytes = 4096, .sector_bytes = 256, .page_bytes = 1},
    {.size_bytes = 4096, .sector_bytes = 2048, .page_bytes = 8},
    {.size_bytes = 8192, .sector_bytes = 512, .page_bytes = 32},
    {.size_bytes = 16384, .sector_bytes = 4096, .page_bytes = 256},
};
enum { GEOMETRIES = sizeof geometries / sizeof geometries[0] };

static lp_err_t open_store(void)
{
    const lp_store_config_t config = {.offset = 0,
                                      .size_bytes = lp_port_flash_geometry().size_bytes,
                                      .entries = entries,
                                      .max_entries = ENTRIES};
    return lp_store_open(&store, &config);
}

static lp_err_t put(const char *key, const char *value)
{
    const lp_store_item_t item = {.key = key,
                                  .value = value != NULL ? lp_span_str(value) : lp_span(NULL, 0),
                                  .is_removal = value == NULL};
    return lp_store_put(&store, &item, 1);
}

// The value as a C string, or null.
static const char *get(const char *key)
{
    static char text[LP_STORE_VALUE_MAX + 1];
    lp_buf_t out = lp_buf(text, sizeof text - 1);
    if (lp_store_get(&store, key, &out) != LP_OK) {
        return NULL;
    }
    text[out.len] = '\0';
    return text;
}

static int setup(void **state)
{
    (void)state;
    fake_flash_reset(geometries[0]);
    return open_store();
}

static void store_blank_flash_is_fresh_and_empty(void **state)
{
    (void)state;
    assert_int_equal(store.health, LP_STORE_FRESH);
    assert_null(get("a"));
    assert_int_equal(fake_flash_ops(), 0); // opening writes nothing
}

static void store_values_survive_reopening(void **state)
{
    (void)state;
    for (int g = 0; g < GEOMETRIES; g++) {
        fake_flash_reset(geometries[g]);
        assert_int_equal(open_store(), LP_OK);
        assert_int_equal(put("a", "one"), LP_OK);
        assert_int_equal(put("b", ""), LP_OK);
        assert_int_equal(put("a", "two"), LP_OK);
        assert_int_equal(put("c", "gone"), LP_OK);
        assert_int_equal(put("c", NULL), LP_OK);
        for (int again = 0; again < 2; again++) {
            assert_string_equal(get("a"), "two");
            assert_string_equal(get("b"), "");
            assert_null(get("c"));
            assert_int_equal(open_store(), LP_OK);
            assert_int_equal(store.health, LP_STORE_CLEAN);
        }
    }
}

static void store_same_value_is_not_written_again(void **state)
{
    (void)state;
    assert_int_equal(put("a", "one"), LP_OK);
    const unsigned ops = fake_flash_ops();
    assert_int_equal(put("a", "one"), LP_OK);
    assert_int_equal(put("nothing", NULL), LP_OK);
    assert_int_equal(fake_flash_ops(), ops);
}

static void store_many_puts_compact_and_wear_both_banks(void **state)
{
    (void)state;
    for (int g = 0; g < GEOMETRIES; g++) {
        fake_flash_reset(geometries[g]);
        assert_int_equal(open_store(), LP_OK);
        assert_int_equal(put("keep", "me"), LP_OK);
        char value[16];
        for (int i = 0; i < 500; i++) {
            snprintf(value, sizeof value, "%d", i);
            assert_int_equal(put("count", value), LP_OK);
        }
        assert_int_equal(open_store(), LP_OK);
        assert_string_equal(get("count"), "499");
        assert_string_equal(get("keep"), "me");
        const uint32_t sectors = geometries[g].size_bytes / geometries[g].sector_bytes;
        const unsigned first = fake_flash_erases(0);
        const unsigned second = fake_flash_erases(sectors - 1);
        assert_true(first > 0 && second > 0 && first - second + 1 <= 2);
        assert_int_equal(fake_flash_bad_programs, 0);
    }
}

// As many as one put takes, and what is wrong with one more.
static void store_takes_many_at_once(void **state)
{
    static lp_store_entry_t many[LP_STORE_ITEMS_MAX];
    static char keys[LP_STORE_ITEMS_MAX + 1][8];
    static lp_store_item_t items[LP_STORE_ITEMS_MAX + 1];
    const lp_store_config_t config = {
        .size_bytes = 16384, .entries = many, .max_entries = LP_STORE_ITEMS_MAX};
    (void)state;
    fake_flash_reset(
        (lp_flash_geometry_t){.size_bytes = 16384, .sector_bytes = 4096, .page_bytes = 4});
    for (size_t i = 0; i <= LP_STORE_ITEMS_MAX; i++) {
        snprintf(keys[i], sizeof keys[i], "k%zu", i);
        items[i] = (lp_store_item_t){.key = keys[i], .value = lp_span_str(keys[i])};
    }
    assert_int_equal(lp_store_open(&store, &config), LP_OK);
    assert_int_equal(lp_store_put(&store, items, LP_STORE_ITEMS_MAX + 1), LP_E_INVALID);
    assert_int_equal(lp_store_put(&store, items, LP_STORE_ITEMS_MAX), LP_OK);
    assert_int_equal(lp_store_open(&store, &config), LP_OK);
    for (size_t i = 0; i < LP_STORE_ITEMS_MAX; i++) {
        assert_string_equal(get(keys[i]), keys[i]);
    }
    items[70].is_removal = true;
    items[71].value = lp_span_str("other");
    assert_int_equal(lp_store_put(&store, items, LP_STORE_ITEMS_MAX), LP_OK);
    assert_int_equal(lp_store_open(&store, &config), LP_OK);
    assert_null(get(keys[70]));
    assert_string_equal(get(keys[71]), "other");
    assert_string_equal(get(keys[6]), keys[6]);
}

static void store_full_refuses_and_keeps_all(void **state)
{
    (void)state;
    char big[600];
    memset(big, 'x', sizeof big);
    big[sizeof big - 1] = '\0';
    assert_int_equal(put("a", big), LP_OK);
    assert_int_equal(put("b", big), LP_E_NOSPACE);
    assert_null(get("b"));
    assert_string_equal(get("a"), big);
    assert_int_equal(put("a", "small"), LP_OK);
    assert_int_equal(put("b", big), LP_OK);
    assert_string_equal(get("b"), big);
    char key[8];
    for (int i = 0; i < ENTRIES - 2; i++) {
        snprintf(key, sizeof key, "k%d", i);
        assert_int_equal(put(key, ""), LP_OK);
    }
    assert_int_equal(put("one-more", ""), LP_E_NOSPACE);
    assert_int_equal(open_store(), LP_OK);
    assert_int_equal(store.health, LP_STORE_CLEAN);
    assert_string_equal(get("k9"), "");
    const lp_store_item_t swap[] = {{.key = "one-more"}, {.key = "k0", .is_removal = true}};
    assert_int_equal(lp_store_put(&store, swap, 2), LP_OK);
    assert_null(get("k0"));
    assert_string_equal(get("one-more"), "");
}

static void store_bad_items_are_refused_before_writing(void **state)
{
    (void)state;
    char key[LP_STORE_KEY_MAX + 1];
    memset(key, 'k', sizeof key);
    key[LP_STORE_KEY_MAX] = '\0';
    assert_int_equal(put("", "x"), LP_E_INVALID);
    assert_int_equal(put(key, "x"), LP_E_INVALID);
    key[LP_STORE_KEY_MAX - 1] = '\0';
    assert_int_equal(put(key, "x"), LP_OK);
    assert_string_equal(get(key), "x");
    const unsigned ops = fake_flash_ops();
    const lp_store_item_t twice[] = {{.key = "a"}, {.key = "a"}};
    assert_int_equal(lp_store_put(&store, twice, 2), LP_E_INVALID);
    const lp_store_item_t huge = {.key = "a",
                                  .value = {.ptr = NULL, .len = LP_STORE_VALUE_MAX + 1}};
    assert_int_equal(lp_store_put(&store, &huge, 1), LP_E_RANGE);
    assert_int_equal(fake_flash_ops(), ops);
}

static void store_geometry_that_does_not_fit_is_refused(void **state)
{
    (void)state;
    const lp_store_config_t bad[] = {
        {.offset = 0, .size_bytes = 1024, .entries = entries, .max_entries = ENTRIES},
        {.offset = 0, .size_bytes = 4096, .entries = entries, .max_entries = ENTRIES},
        {.offset = 512, .size_bytes = 1024, .entries = entries, .max_entries = ENTRIES},
        {.offset = 0xFFFFFC00u, .size_bytes = 2048, .entries = entries, .max_entries = ENTRIES},
        {.offset = 0, .size_bytes = 0, .entries = entries, .max_entries = ENTRIES},
        {.offset = 0, .size_bytes = 2048, .entries = NULL, .max_entries = ENTRIES},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(lp_store_open(&store, &bad[i]), LP_E_INVALID);
        assert_int_equal(put("a", "x"), LP_E_STATE);
    }
}

// -- power cuts

// One life: a fixed list of puts, each a batch of two keys that must change together.
enum { STEPS = 30 };

static lp_err_t put_step(int step)
{
    char value[120];
    memset(value, 'a' + step % 26, sizeof value);
    const lp_store_item_t items[] = {
        {.key = "left", .value = lp_span(value, 3 + (size_t)(step * 7) % 90)},
        {.key = step % 3 == 0 ? "third" : "right", .value = lp_span(value, 5)},
        {.key = step % 3 == 0 ? "right" : "third", .is_removal = true},
    };
    return lp_store_put(&store, items, 3);
}

// The step whose values the store holds, or -1 before the first. Fails on a mixture.
static int step_of_store(int at_least, int at_most)
{
    char expect[121];
    for (int step = at_most; step >= at_least && step >= 0; step--) {
        memset(expect, 'a' + step % 26, sizeof expect);
        expect[3 + step * 7 % 90] = '\0';
        const char *left = get("left");
        if (left == NULL || strcmp(left, expect) != 0) {
            continue;
        }
        expect[5] = '\0';
        memset(expect, 'a' + step % 26, 5);
        assert_string_equal(get(step % 3 == 0 ? "third" : "right"), expect);
        assert_null(get(step % 3 == 0 ? "right" : "third"));
        return step;
    }
    assert_int_equal(at_least, -1);
    assert_null(get("left"));
    assert_null(get("right"));
    assert_null(get("third"));
    return -1;
}

// Returns false when `cut` is beyond the life's last operation.
static bool live_with_cut(unsigned cut, uint32_t seed, unsigned second_cut)
{
    fake_flash_cut_at(cut, seed);
    int step = 0;
    while (step < STEPS && put_step(step) == LP_OK) {
        step++;
    }
    if (!fake_flash_is_cut()) {
        return false;
    }
    fake_flash_power_on();
    assert_int_equal(open_store(), LP_OK);
    assert_int_not_equal(store.health, LP_STORE_DAMAGED);
    int now = step_of_store(step - 1, step);
    if (second_cut > 0) { // and power goes again while it recovers
        fake_flash_cut_at(second_cut, seed + 7);
        if (put_step(now + 1) != LP_OK) {
            fake_flash_power_on();
            assert_int_equal(open_store(), LP_OK);
            assert_int_not_equal(store.health, LP_STORE_DAMAGED);
        }
        fake_flash_power_on();
        now = step_of_store(now, now + 1);
    }
    for (step = now + 1; step < STEPS; step++) {
        assert_int_equal(put_step(step), LP_OK);
    }
    assert_int_equal(open_store(), LP_OK);
    assert_int_equal(store.health, LP_STORE_CLEAN);
    assert_int_equal(step_of_store(STEPS - 1, STEPS - 1), STEPS - 1);
    assert_int_equal(fake_flash_bad_programs, 0);
    return true;
}

static void store_power_cut_at_every_operation_leaves_old_or_new(void **state)
{
    (void)state;
    for (int g = 0; g < GEOMETRIES; g++) {
        unsigned lives = 0;
        for (uint32_t seed = 0; seed < 5; seed++) {
            for (unsigned cut = 1;; cut++, lives++) {
                fake_flash_reset(geometries[g]);
                assert_int_equal(open_store(), LP_OK);
                if (!live_with_cut(cut, seed, 0)) {
                    break;
                }
            }
        }
        assert_true(lives >= 5 * STEPS);
    }
}

static void store_second_power_cut_during_recovery_leaves_old_or_new(void **state)
{
    (void)state;
    for (int g = 0; g < 3; g++) {
        for (unsigned cut = 1;; cut += 3) {
            bool is_over = false;
            for (unsigned second = 1; second <= 6 && !is_over; second++) {
                fake_flash_reset(geometries[g]);
                assert_int_equal(open_store(), LP_OK);
                is_over = !live_with_cut(cut, cut + 2, second);
            }
            if (is_over) {
                break;
            }
        }
    }
}

// -- damage

static void store_any_damaged_byte_never_stops_it(void **state)
{
    (void)state;
    uint8_t copy[2048];
    for (int i = 0; i < 9; i++) {
        assert_int_equal(put_step(i), LP_OK);
    }
    memcpy(copy, fake_flash_bytes(), sizeof copy);
    for (size_t at = 0; at < sizeof copy; at++) {
        for (int bit = 0; bit < 8; bit++) {
            memcpy(fake_flash_bytes(), copy, sizeof copy);
            fake_flash_bytes()[at] ^= (uint8_t)(1 << bit);
            assert_int_equal(open_store(), LP_OK);
            assert_int_equal(put("after", "works"), LP_OK);
            assert_int_equal(open_store(), LP_OK);
            assert_string_equal(get("after"), "works");
            const char *left = get("left"); // a value of some step or none, never a mangled one
            for (size_t k = 0; left != NULL && left[k] != '\0'; k++) {
                assert_int_equal(left[k], left[0]);
            }
        }
    }
}

static void store_damage_in_the_middle_is_told_and_later_values_count(void **state)
{
    (void)state;
    assert_int_equal(put("a", "first"), LP_OK);
    assert_int_equal(put("b", "second"), LP_OK);
    assert_int_equal(put("c", "third"), LP_OK);
    uint8_t *bytes = fake_flash_bytes();
    for (size_t i = 0; i < 1024; i++) {
        if (memcmp(bytes + i, "second", 6) == 0) {
            bytes[i] = 'S';
        }
    }
    assert_int_equal(open_store(), LP_OK);
    assert_int_equal(store.health, LP_STORE_DAMAGED);
    assert_string_equal(get("a"), "first");
    assert_null(get("b"));
    assert_string_equal(get("c"), "third");
}

static void store_random_flash_is_usable(void **state)
{
    (void)state;
    uint32_t x = 12345;
    for (int round = 0; round < 200; round++) {
        for (size_t i = 0; i < 2048; i++) {
            x = x * 1664525u + 1013904223u;
            fake_flash_bytes()[i] = (uint8_t)(x >> 24);
        }
        if (round % 2 == 0) { // with the right magic in the right place
            memcpy(fake_flash_bytes(), "LPS1", 4);
            memcpy(fake_flash_bytes() + 12, "LPR1", 4);
        }
        assert_int_equal(open_store(), LP_OK);
        assert_int_equal(store.health, LP_STORE_DAMAGED);
        assert_int_equal(put("a", "x"), LP_OK);
        assert_int_equal(open_store(), LP_OK);
        assert_int_equal(store.health, LP_STORE_CLEAN);
        assert_string_equal(get("a"), "x");
    }
}

static bool flash_contains(const char *text)
{
    for (size_t i = 0; i + strlen(text) <= lp_port_flash_geometry().size_bytes; i++) {
        if (memcmp(fake_flash_bytes() + i, text, strlen(text)) == 0) {
            return true;
        }
    }
    return false;
}

static void store_scrub_leaves_nothing_of_removed_values(void **state)
{
    (void)state;
    assert_int_equal(put("key", "very-secret"), LP_OK);
    assert_int_equal(put("other", "stays"), LP_OK);
    assert_int_equal(put("key", NULL), LP_OK);
    assert_true(flash_contains("very-secret"));
    assert_int_equal(lp_store_scrub(&store), LP_OK);
    assert_false(flash_contains("very-secret"));
    assert_int_equal(open_store(), LP_OK);
    assert_string_equal(get("other"), "stays");
}

static void store_stuck_bit_is_noticed(void **state)
{
    (void)state;
    assert_int_equal(put("a", "1"), LP_OK);
    // A part whose next free byte cannot be programmed right: some bit is 0 already.
    fake_flash_bytes()[store.end_ + 20] = 0x00;
    assert_int_equal(put("b", "will be somewhere else"), LP_OK);
    assert_int_equal(open_store(), LP_OK);
    assert_string_equal(get("a"), "1");
    assert_string_equal(get("b"), "will be somewhere else");
}

static unsigned each_count;

static void count_key(void *ctx, const char *key, size_t value_len)
{
    assert_ptr_equal(ctx, &each_count);
    assert_true(strlen(key) == 1 && value_len == 1);
    each_count++;
}

static void store_each_names_all(void **state)
{
    (void)state;
    assert_int_equal(put("a", "1"), LP_OK);
    assert_int_equal(put("b", "2"), LP_OK);
    each_count = 0;
    assert_int_equal(lp_store_each(&store, count_key, &each_count), LP_OK);
    assert_int_equal(each_count, 2);
    size_t len = 0;
    assert_int_equal(lp_store_len(&store, "a", &len), LP_OK);
    assert_int_equal(len, 1);
    assert_int_equal(lp_store_erase(&store), LP_OK);
    assert_int_equal(lp_store_len(&store, "a", &len), LP_E_NOT_FOUND);
    assert_int_equal(open_store(), LP_OK);
    assert_int_equal(store.health, LP_STORE_FRESH);
}

// The value of one key becomes that of another, without being in memory: appended and by
// compaction.
static void store_copies_a_value_from_flash_to_flash(void **state)
{
    (void)state;
    assert_int_equal(put("from", "what is to be copied"), LP_OK);
    for (int i = 0; i < 40; i++) {
        char other[16];
        (void)snprintf(other, sizeof other, "other %d", i);
        const lp_store_item_t items[] = {
            {.key = "to", .copy_of = "from"},
            {.key = "other", .value = lp_span_str(other)},
            {.key = "gone", .is_removal = true, .copy_of = "nothing"},
        };
        assert_int_equal(lp_store_put(&store, items, 3), LP_OK);
        assert_int_equal(open_store(), LP_OK);
        assert_string_equal(get("to"), "what is to be copied");
        assert_string_equal(get("from"), "what is to be copied");
        assert_string_equal(get("other"), other);
        assert_int_equal(put("to", "else"), LP_OK);
    }
    const lp_store_item_t items[] = {{.key = "other", .value = lp_span_str("new")},
                                     {.key = "to", .copy_of = "nothing"}};
    assert_int_equal(lp_store_put(&store, items, 2), LP_E_NOT_FOUND);
    assert_string_equal(get("to"), "else");
    assert_string_equal(get("other"), "other 39");
}

static void store_reads_parts(void **state)
{
    (void)state;
    uint8_t part[8];
    assert_int_equal(put("key", "abcdef"), LP_OK);
    assert_int_equal(lp_store_read(&store, "key", 2, part, 3), LP_OK);
    assert_memory_equal(part, "cde", 3);
    assert_int_equal(lp_store_read(&store, "key", 6, part, 0), LP_OK);
    assert_int_equal(lp_store_read(&store, "key", 5, part, 2), LP_E_RANGE);
    assert_int_equal(lp_store_read(&store, "key", 7, part, 0), LP_E_RANGE);
    assert_int_equal(lp_store_read(&store, "none", 0, part, 1), LP_E_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(store_blank_flash_is_fresh_and_empty, setup),
        cmocka_unit_test_setup(store_copies_a_value_from_flash_to_flash, setup),
        cmocka_unit_test_setup(store_reads_parts, setup),
        cmocka_unit_test_setup(store_values_survive_reopening, setup),
        cmocka_unit_test_setup(store_same_value_is_not_written_again, setup),
        cmocka_unit_test_setup(store_many_puts_compact_and_wear_both_banks, setup),
        cmocka_unit_test_setup(store_takes_many_at_once, setup),
        cmocka_unit_test_setup(store_full_refuses_and_keeps_all, setup),
        cmocka_unit_test_setup(store_bad_items_are_refused_before_writing, setup),
        cmocka_unit_test_setup(store_geometry_that_does_not_fit_is_refused, setup),
        cmocka_unit_test_setup(store_power_cut_at_every_operation_leaves_old_or_new, setup),
        cmocka_unit_test_setup(store_second_power_cut_during_recovery_leaves_old_or_new, setup),
        cmocka_unit_test_setup(store_any_damaged_byte_never_stops_it, setup),
        cmocka_unit_test_setup(store_damage_in_the_middle_is_told_and_later_values_count, setup),
        cmocka_unit_test_setup(store_random_flash_is_usable, setup),
        cmocka_unit_test_setup(store_scrub_leaves_nothing_of_removed_values, setup),
        cmocka_unit_test_setup(store_stuck_bit_is_noticed, setup),
        cmocka_unit_test_setup(store_each_names_all, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
