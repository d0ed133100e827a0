// SPDX-License-Identifier: Apache-2.0
#include "limpet/port/clock.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PLAUSIBLE_UTC_S = 1577836800 }; // 2020-01-01: before that it is a clock that was never set

static uint64_t monotonic_us(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000u + (uint64_t)ts.tv_nsec / 1000u;
}

uint64_t lp_port_now_us(void)
{
    static uint64_t start_us;
    const uint64_t now = monotonic_us();
    if (start_us == 0) {
        start_us = now;
    }
    return now - start_us;
}

uint64_t lp_port_now_ms(void)
{
    return lp_port_now_us() / 1000;
}

uint64_t lp_port_busy_us(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
    return (uint64_t)ts.tv_sec * 1000000u + (uint64_t)ts.tv_nsec / 1000u;
}

// LIMPET_POSIX_UTC_OFFSET_S moves the board's clock by so many seconds; "none" is a board that does
// not know the time. Read each time: tests change it.
lp_err_t lp_port_utc_s(int64_t *utc_s)
{
    const char *offset = getenv("LIMPET_POSIX_UTC_OFFSET_S");
    if (offset != NULL && strcmp(offset, "none") == 0) {
        return LP_E_CLOCK;
    }
    const int64_t now = (int64_t)time(NULL) + (offset != NULL ? strtoll(offset, NULL, 10) : 0);
    if (now < PLAUSIBLE_UTC_S) {
        return LP_E_CLOCK;
    }
    *utc_s = now;
    return LP_OK;
}
