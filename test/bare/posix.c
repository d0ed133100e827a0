// SPDX-License-Identifier: Apache-2.0
// The harness where there is a C library: on a kernel under qemu-user, and on picolibc with
// semihosting.
#include <stdio.h>
#include <stdlib.h>

#include "bare.h"

void lp_bare_put(const char *text, size_t len)
{
    (void)fwrite(text, 1, len, stdout);
    (void)fflush(stdout);
}

_Noreturn void lp_bare_end(int status)
{
    exit(status);
}
