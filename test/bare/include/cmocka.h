// SPDX-License-Identifier: Apache-2.0
// cmocka.h for machines without an operating system: as much of cmocka's interface as the unit
// tests use, so that the very same sources run on the emulated cores. It calls harness.c.
#ifndef LP_BARE_CMOCKA_H
#define LP_BARE_CMOCKA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct CMUnitTest {
    const char *name;
    void (*test_func)(void **state);
    int (*setup_func)(void **state);
    int (*teardown_func)(void **state);
    void *initial_state;
} lp_bare_test_t;

#define cmocka_unit_test(f)                                                                        \
    {                                                                                              \
#f, f, NULL, NULL, NULL                                                                    \
    }
#define cmocka_unit_test_setup(f, setup)                                                           \
    {                                                                                              \
#f, f, setup, NULL, NULL                                                                   \
    }
#define cmocka_unit_test_setup_teardown(f, up, down)                                               \
    {                                                                                              \
#f, f, up, down, NULL                                                                      \
    }
#define cmocka_run_group_tests(tests, up, down)                                                    \
    lp_bare_run(#tests, tests, sizeof(tests) / sizeof((tests)[0]), up, down)
#define cmocka_run_group_tests_name(name, tests, up, down)                                         \
    lp_bare_run(name, tests, sizeof(tests) / sizeof((tests)[0]), up, down)

int lp_bare_run(const char *group, const lp_bare_test_t *tests, size_t n, int (*up)(void **state),
                int (*down)(void **state));

// Each ends the test when it does not hold.
void lp_bare_true(bool holds, const char *text, const char *file, int line);
void lp_bare_same(uint64_t a, uint64_t b, bool is_same, const char *file, int line);
void lp_bare_range(uint64_t value, uint64_t low, uint64_t high, const char *file, int line);
void lp_bare_text(const char *a, const char *b, bool is_same, const char *file, int line);
void lp_bare_memory(const void *a, const void *b, size_t len, bool is_same, const char *file,
                    int line);
void lp_bare_test_fail(const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4), noreturn));
void lp_bare_test_skip(void) __attribute__((noreturn));
void print_message(const char *format, ...) __attribute__((format(printf, 1, 2)));

// As in cmocka, everything is compared as the largest unsigned type.
#define lp_bare_wide(x)    ((uint64_t)(x))
#define lp_bare_place(p)   ((uint64_t)(uintptr_t)(p))
#define assert_true(x)     lp_bare_true((x) ? true : false, #x, __FILE__, __LINE__)
#define assert_false(x)    lp_bare_true((x) ? false : true, "!(" #x ")", __FILE__, __LINE__)
#define assert_null(x)     lp_bare_true((x) == NULL, #x " == NULL", __FILE__, __LINE__)
#define assert_non_null(x) lp_bare_true((x) != NULL, #x " != NULL", __FILE__, __LINE__)
#define assert_int_equal(a, b)                                                                     \
    lp_bare_same(lp_bare_wide(a), lp_bare_wide(b), true, __FILE__, __LINE__)
#define assert_int_not_equal(a, b)                                                                 \
    lp_bare_same(lp_bare_wide(a), lp_bare_wide(b), false, __FILE__, __LINE__)
#define assert_ptr_equal(a, b)                                                                     \
    lp_bare_same(lp_bare_place(a), lp_bare_place(b), true, __FILE__, __LINE__)
#define assert_in_range(x, low, high)                                                              \
    lp_bare_range(lp_bare_wide(x), lp_bare_wide(low), lp_bare_wide(high), __FILE__, __LINE__)
#define assert_string_equal(a, b)          lp_bare_text(a, b, true, __FILE__, __LINE__)
#define assert_string_not_equal(a, b)      lp_bare_text(a, b, false, __FILE__, __LINE__)
#define assert_memory_equal(a, b, len)     lp_bare_memory(a, b, len, true, __FILE__, __LINE__)
#define assert_memory_not_equal(a, b, len) lp_bare_memory(a, b, len, false, __FILE__, __LINE__)
#define skip()                             lp_bare_test_skip()
#define fail()                             lp_bare_test_fail(__FILE__, __LINE__, "fail")
#define fail_msg(...)                      lp_bare_test_fail(__FILE__, __LINE__, __VA_ARGS__)

#endif
