// SPDX-License-Identifier: Apache-2.0
// What the C library needs from a system, for tests: memory, a screen, an end. The product needs
// none of it.
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "bare.h"

enum { HEAP_BYTES = 512 * 1024, EXIT_ABORT = 134 };

// In memory that the image does not count as its own.
static uint8_t memory[HEAP_BYTES] __attribute__((section(".nor"), aligned(16)));

void *sbrk(ptrdiff_t more);

void *sbrk(ptrdiff_t more)
{
    static size_t used;
    if (more < 0 ? (size_t)-more > used : (size_t)more > HEAP_BYTES - used) {
        return (void *)-1;
    }
    void *old = memory + used;
    used = (size_t)((ptrdiff_t)used + more);
    return old;
}

static int put(char c, FILE *file)
{
    (void)file;
    lp_bare_put(&c, 1);
    return 0;
}

static FILE screen = FDEV_SETUP_STREAM(put, NULL, NULL, _FDEV_SETUP_WRITE);
FILE *const stdin = &screen;
FILE *const stdout = &screen;
FILE *const stderr = &screen;

_Noreturn void abort(void)
{
    static const char words[] = "[  ERROR   ] abort()\n";
    lp_bare_put(words, sizeof words - 1);
    lp_bare_end(EXIT_ABORT);
}
