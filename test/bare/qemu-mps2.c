// SPDX-License-Identifier: Apache-2.0
// The harness on the Cortex-M3: the port's way in and out, nothing else of it. A fault is a
// failure.
#include <string.h>

#include "bare.h"
#include "mps2.h"

enum { OPEN_READ = 0, OPEN_WRITE = 4, EXIT_FAULT = 70 };

int main(void);
int lp_board_main(void);
void lp_mps2_interrupt(void);
_Noreturn void lp_mps2_fault(const uint32_t *frame, uint32_t exception);
_Noreturn void lp_mps2_nmi(const uint32_t *frame);

void lp_bare_put(const char *text, size_t len)
{
    static int fd = -1;
    if (fd < 0) {
        fd = mps2_file_open(":tt", (mps2_open_t)OPEN_WRITE);
    }
    (void)mps2_file_write(fd, text, len);
}

int lp_bare_open(const char *path)
{
    return mps2_file_open(path, (mps2_open_t)OPEN_READ);
}

long lp_bare_length(int file)
{
    return mps2_file_length(file);
}

int lp_bare_read(int file, size_t from, void *buf, size_t len)
{
    return mps2_file_seek(file, from) && mps2_file_read(file, buf, len) ? (int)len : -1;
}

void lp_bare_close(int file)
{
    mps2_file_close(file);
}

_Noreturn void lp_bare_end(int status)
{
    mps2_exit(status);
}

void lp_mps2_interrupt(void)
{
}

_Noreturn void lp_mps2_fault(const uint32_t *frame, uint32_t exception)
{
    static const char words[] = "[  ERROR   ] the core met an exception\n";
    (void)frame;
    (void)exception;
    lp_bare_put(words, sizeof words - 1);
    mps2_exit(EXIT_FAULT);
}

_Noreturn void lp_mps2_nmi(const uint32_t *frame)
{
    lp_mps2_fault(frame, 2);
}

int lp_board_main(void)
{
    return main();
}
