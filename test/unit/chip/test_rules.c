// SPDX-License-Identifier: Apache-2.0
// Every rule of the sheets: its test passes, and fails once the rule is switched off.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "rig.h"

enum { MAX = 400 };

static const rule_test_t *all[MAX];
static size_t count;

static void collect(const rule_test_t *list, size_t n)
{
    for (size_t i = 0; i < n && count < MAX; i++) {
        all[count++] = &list[i];
    }
}

static bool run(const rule_test_t *t, int rule_off)
{
    static rig_t rig;
    rig_stop(&rig);
    memset(&rig, 0, sizeof rig);
    rig.rule_off = rule_off;
    rig.now_us = 1000000;
    rig.timing = LP_CHIPSIM_TIMING_INSTANT;
    bool ok = t->run(&rig);
    rig_stop(&rig);
    return ok;
}

static void rule_holds(void **state)
{
    const rule_test_t *t = *state;
    assert_true(run(t, -1));
}

static void rule_missing_is_noticed(void **state)
{
    const rule_test_t *t = *state;
    assert_false(run(t, (int)t->rule));
}

static void every_rule_has_a_test(void **state)
{
    (void)state;
    for (int rule = 0; rule < LP_CHIPSIM_RULES; rule++) {
        size_t n = 0;
        for (size_t i = 0; i < count; i++) {
            n += (int)all[i]->rule == rule;
        }
        if (n == 0) {
            print_error("no test for rule %s\n", lp_chipsim_rule_name((lp_chipsim_rule_t)rule));
        }
        assert_true(n > 0);
    }
}

static void print_list(void)
{
    printf("# The rules of the chips, where they are written, and what proves them\n\n"
           "`L` and a number: line of the text of Microchip DS20005927A (ATECC508A); `T`: of "
           "DS40002138A\n"
           "(ATECC608A-TFLXTLS); `P`: other public knowledge of the 608. Each test passes with its "
           "rule, and fails\n"
           "when the rule is switched off in the model. Made by `test_chip_rules --list`; a test "
           "keeps it up to date.\n\n"
           "| rule | sheet | what it says | test |\n|---|---|---|---|\n");
    for (size_t i = 0; i < count; i++) {
        lp_chipsim_rule_t rule = all[i]->rule;
        printf("| %s | %s | %s | %s |\n", lp_chipsim_rule_name(rule), lp_chipsim_rule_source(rule),
               lp_chipsim_rule_text(rule), all[i]->name);
    }
}

int main(int argc, char **argv)
{
    static struct CMUnitTest tests[2 * MAX + 1];
    static char names[2 * MAX][96];
    size_t n = 0;
    collect(memory_tests, memory_count);
    collect(key_tests, key_count);
    collect(ecc_tests, ecc_count);
    collect(bus_tests, bus_count);
    collect(tests_608, count_608);
    if (argc > 1 && strcmp(argv[1], "--list") == 0) {
        print_list();
        return 0;
    }
    for (size_t i = 0; i < count; i++) {
        union {
            const void *in;
            void *out;
        } entry = {.in = all[i]};
        snprintf(names[n], sizeof names[n], "%s", all[i]->name);
        tests[n] = (struct CMUnitTest){names[n], rule_holds, NULL, NULL, entry.out};
        n++;
        snprintf(names[n], sizeof names[n], "%s, without %s", all[i]->name,
                 lp_chipsim_rule_name(all[i]->rule));
        tests[n] = (struct CMUnitTest){names[n], rule_missing_is_noticed, NULL, NULL, entry.out};
        n++;
    }
    tests[n++] =
        (struct CMUnitTest){"every_rule_has_a_test", every_rule_has_a_test, NULL, NULL, NULL};
    return _cmocka_run_group_tests("chip_rules", tests, n, NULL, NULL);
}
