// SPDX-License-Identifier: Apache-2.0
// The harness on the ESP8266's core: the port's way in and out, nothing else of it. An exception is
// a failure.
#include <stdio.h>

#include "bare.h"
#include "lx106.h"

enum { STDOUT = 1, EXIT_FAULT = 70 };

int main(void);
int lp_board_main(void);
void lp_lx106_exception(void *frame);

void lp_bare_put(const char *text, size_t len)
{
    (void)lx106_sim_write(STDOUT, text, len);
}

int lp_bare_open(const char *path)
{
    return lx106_sim_open(path, 0, 0);
}

long lp_bare_length(int file)
{
    return lx106_sim_seek(file, 0, SEEK_END);
}

int lp_bare_read(int file, size_t from, void *buf, size_t len)
{
    return lx106_sim_seek(file, (int)from, SEEK_SET) < 0 ? -1 : lx106_sim_read(file, buf, len);
}

void lp_bare_close(int file)
{
    (void)lx106_sim_close(file);
}

_Noreturn void lp_bare_end(int status)
{
    lx106_sim_exit(status);
}

void lp_lx106_exception(void *frame)
{
    static const char words[] = "[  ERROR   ] the core met an exception\n";
    (void)frame;
    lp_bare_put(words, sizeof words - 1);
    lx106_sim_exit(EXIT_FAULT);
}

int lp_board_main(void)
{
    return main();
}
