// SPDX-License-Identifier: Apache-2.0
// Costs go out as lines of their own: "cost public 63012", in ticks of 25 instructions.
#include <string.h>

#include "limpet/fmt.h"
#include "lx106.h"
#include "results.h"

int lp_board_main(void);
void lp_lx106_exception(void *frame);

static void line(const char *text)
{
    lx106_sim_write(1, text, strlen(text));
    lx106_sim_write(1, "\n", 1);
}

static void cost(const char *operation, uint32_t ticks)
{
    char text[64];
    (void)lp_fmt_str(text, sizeof text, "cost %s %u", operation, (unsigned)ticks);
    line(text);
}

void lp_lx106_exception(void *frame)
{
    (void)frame;
    line("an exception");
    lx106_sim_exit(70);
}

int lp_board_main(void)
{
    results(line, lx106_ccount, cost);
    return 0;
}
