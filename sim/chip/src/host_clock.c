// SPDX-License-Identifier: Apache-2.0
// The time of the computer that the model runs on, for chips that are given no other.
#include <time.h>

#include "internal.h"

uint64_t lp_chipsim_host_clock(void *ctx)
{
    (void)ctx;
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000u + (uint64_t)t.tv_nsec / 1000u;
}
