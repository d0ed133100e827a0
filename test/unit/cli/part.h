// SPDX-License-Identifier: Apache-2.0
// A long test in parts that ctest runs side by side: "2/3" is every third case, beginning with the
// second. Include it behind cmocka.h.
#ifndef PART_H
#define PART_H

#include <stdio.h>

// Runs the part of the `count` cases that `words` names; all of them without words. Returns what
// cmocka does, or 2.
static inline int run_part(const struct CMUnitTest *cases, size_t count, const char *words)
{
    struct CMUnitTest mine[32];
    size_t part = 1;
    size_t parts = 1;
    size_t n = 0;
    bool is_good = words == NULL || sscanf(words, "%zu/%zu", &part, &parts) == 2;
    if (!is_good || part < 1 || part > parts || count > sizeof mine / sizeof mine[0]) {
        fprintf(stderr, "usage: TEST [PART/PARTS]\n");
        return 2;
    }
    for (size_t i = part - 1; i < count; i += parts) {
        mine[n++] = cases[i];
    }
    return _cmocka_run_group_tests(words == NULL ? "all" : words, mine, n, NULL, NULL);
}

#endif
