// SPDX-License-Identifier: Apache-2.0
// Runs the tests one after the other and says how they went in cmocka's words. A test that does not
// hold ends by longjmp; its teardown still runs.
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "bare.h"
#include <cmocka.h>

enum { LINE = 240 };
enum { FAILED = 1, SKIPPED = 2 }; // how a test ends before its end

static jmp_buf way_out;

static void say(const char *format, va_list args)
{
    char line[LINE];
    const int len = vsnprintf(line, sizeof line, format, args);
    if (len > 0) {
        lp_bare_put(line, (size_t)len < sizeof line ? (size_t)len : sizeof line - 1);
    }
}

void print_message(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say(format, args);
    va_end(args);
}

void lp_bare_test_fail(const char *file, int line, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say(format, args);
    va_end(args);
    print_message("\n[   LINE   ] --- %s:%d: error: Failure!\n", file, line);
    longjmp(way_out, FAILED);
}

void lp_bare_test_skip(void)
{
    longjmp(way_out, SKIPPED);
}

void lp_bare_true(bool holds, const char *text, const char *file, int line)
{
    if (!holds) {
        lp_bare_test_fail(file, line, "%s", text);
    }
}

void lp_bare_same(uint64_t a, uint64_t b, bool is_same, const char *file, int line)
{
    if ((a == b) != is_same) {
        lp_bare_test_fail(file, line, "0x%08lx%08lx %s 0x%08lx%08lx", (unsigned long)(a >> 32),
                          (unsigned long)(uint32_t)a,
                          is_same ? "!=" : "==", (unsigned long)(b >> 32),
                          (unsigned long)(uint32_t)b);
    }
}

void lp_bare_range(uint64_t value, uint64_t low, uint64_t high, const char *file, int line)
{
    if (value < low || value > high) {
        lp_bare_test_fail(file, line, "0x%lx is not within 0x%lx-0x%lx", (unsigned long)value,
                          (unsigned long)low, (unsigned long)high);
    }
}

void lp_bare_text(const char *a, const char *b, bool is_same, const char *file, int line)
{
    if ((strcmp(a, b) == 0) != is_same) {
        lp_bare_test_fail(file, line, "\"%.80s\" %s \"%.80s\"", a, is_same ? "!=" : "==", b);
    }
}

void lp_bare_memory(const void *a, const void *b, size_t len, bool is_same, const char *file,
                    int line)
{
    if (len > 0 && (memcmp(a, b, len) == 0) != is_same) {
        lp_bare_test_fail(file, line, "%lu bytes %s", (unsigned long)len,
                          is_same ? "differ" : "are the same");
    }
}

// 0, FAILED or SKIPPED.
static int run_one(const lp_bare_test_t *test)
{
    static const char *const words[] = {"      OK", " FAILED ", " SKIPPED"};
    void *state = test->initial_state;
    volatile int end = FAILED;
    print_message("[ RUN      ] %s\n", test->name);
    switch (setjmp(way_out)) {
    case 0:
        if (test->setup_func != NULL && test->setup_func(&state) != 0) {
            lp_bare_test_fail(__FILE__, __LINE__, "the setup failed");
        }
        test->test_func(&state);
        end = 0;
        break;
    case SKIPPED:
        end = SKIPPED;
        break;
    }
    if (setjmp(way_out) == 0) {
        if (test->teardown_func != NULL && test->teardown_func(&state) != 0) {
            lp_bare_test_fail(__FILE__, __LINE__, "the teardown failed");
        }
    } else {
        end = FAILED;
    }
    print_message("[ %s ] %s\n", words[end], test->name);
    return end;
}

int lp_bare_run(const char *group, const lp_bare_test_t *tests, size_t n, int (*up)(void **state),
                int (*down)(void **state))
{
    void *state = NULL;
    unsigned ends[] = {0, 0, 0};
    print_message("[==========] %s: Running %u test(s).\n", group, (unsigned)n);
    if (up != NULL && up(&state) != 0) {
        print_message("[  ERROR   ] group setup\n");
        return 1;
    }
    for (size_t i = 0; i < n; i++) {
        ends[run_one(&tests[i])]++;
    }
    if (down != NULL && down(&state) != 0) {
        ends[FAILED]++;
    }
    print_message("[  PASSED  ] %u test(s).\n", ends[0]);
    if (ends[SKIPPED] > 0) {
        print_message("[  SKIPPED ] %u test(s).\n", ends[SKIPPED]);
    }
    return (int)ends[FAILED];
}
