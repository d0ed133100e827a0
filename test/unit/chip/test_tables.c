// SPDX-License-Identifier: Apache-2.0
// The tables for people: complete, and the page in docs/ equal to the one in the code.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "limpet/chipsim_rules.h"

static void every_rule_names_its_source(void **state)
{
    (void)state;
    for (int i = 0; i < LP_CHIPSIM_RULES; i++) {
        lp_chipsim_rule_t rule = (lp_chipsim_rule_t)i;
        const char *source = lp_chipsim_rule_source(rule);
        assert_true(strcmp(source, "P") == 0 ||
                    ((source[0] == 'L' || source[0] == 'T') && strlen(source) >= 4));
        assert_true(strlen(lp_chipsim_rule_text(rule)) > 15);
    }
}

static void the_page_is_the_table(void **state)
{
    (void)state;
    size_t n;
    size_t rows = 0;
    char line[1024];
    char want[1024];
    const lp_chipsim_choice_t *c = lp_chipsim_choices(&n);
    FILE *f = fopen(LP_DOCS "/chip-contradictions.md", "r");
    assert_non_null(f);
    bool in_table = false;
    while (fgets(line, sizeof line, f) != NULL) {
        if (in_table) {
            assert_true(rows < n);
            const char *also = c[rows].also_says[0] != '\0' ? c[rows].also_says : "(nothing)";
            snprintf(want, sizeof want, "| %s | %s | %s | %s |\n", c[rows].id, c[rows].says, also,
                     c[rows].choice);
            assert_string_equal(line, want);
            rows++;
        }
        in_table = in_table || strncmp(line, "|---", 4) == 0;
    }
    fclose(f);
    assert_int_equal(rows, n);
    assert_true(n > 30);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_rule_names_its_source),
        cmocka_unit_test(the_page_is_the_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
