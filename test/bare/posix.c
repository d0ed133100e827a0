// SPDX-License-Identifier: Apache-2.0
// The harness where there is a C library: on a kernel under qemu-user, and on picolibc with semihosting.
#include <stdlib.h>
#include <unistd.h>

#include "bare.h"

void lp_bare_put(const char *text, size_t len)
{
    while (len > 0) {
        const ssize_t n = write(STDOUT_FILENO, text, len);
        if (n <= 0) {
            return;
        }
        text += n;
        len -= (size_t)n;
    }
}

_Noreturn void lp_bare_end(int status)
{
    exit(status);
}
