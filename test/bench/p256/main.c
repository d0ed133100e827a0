// SPDX-License-Identifier: Apache-2.0
// Counts instructions on the ESP8266's core: under -icount shift=0 CCOUNT moves once in 25.
#include <string.h>

#include "bench.h"
#include "limpet/fmt.h"
#include "lx106.h"

enum { INSTRUCTIONS_A_TICK = 25, THOUSAND = 1000 };

int lp_board_main(void);
void lp_lx106_exception(void *frame);

static void say(const char *line)
{
    lx106_sim_write(1, line, strlen(line));
}

void lp_lx106_exception(void *frame)
{
    (void)frame;
    say("an exception\n");
    lx106_sim_exit(70);
}

int lp_board_main(void)
{
    static const struct {
        const char *name;
        bool (*run)(void);
    } ops[] = {{"keygen", bench_keygen},
               {"ecdh", bench_ecdh},
               {"sign", bench_sign},
               {"verify", bench_verify}};
    if (!bench_prepare()) {
        return 1;
    }
    for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++) {
        char line[80];
        uint32_t began = lx106_ccount();
        bool is_right = ops[i].run();
        uint32_t ticks = lx106_ccount() - began;
        if (!is_right) {
            say("a wrong result\n");
            return 1;
        }
        (void)lp_fmt_str(line, sizeof line, "p256-%s-%s %u\n", ops[i].name, bench_library,
                         (unsigned)(ticks / (THOUSAND / INSTRUCTIONS_A_TICK)));
        say(line);
    }
    return 0;
}
