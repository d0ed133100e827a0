// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>

#include "results.h"

static void line(const char *text)
{
    puts(text);
}

static uint32_t now(void)
{
    return 0;
}

static void cost(const char *operation, uint32_t ticks)
{
    (void)operation;
    (void)ticks;
}

int main(void)
{
    results(line, now, cost);
    return 0;
}
