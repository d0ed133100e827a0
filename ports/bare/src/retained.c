// SPDX-License-Identifier: Apache-2.0
// What a reset leaves alone. An image that asks for none of it has none: the linker drops it.
#include "limpet/port/retained.h"
#include "limpet/port/crash.h"

#if defined(LP_SMALL)
enum { LOG_BYTES = 1024, CRASH_BYTES = 1024 };
#else
enum { LOG_BYTES = 4096, CRASH_BYTES = 2048 };
#endif

uint8_t *lp_port_crash_area(size_t *bytes)
{
    static uint8_t area[CRASH_BYTES] __attribute__((section(".noinit.crash")));
    *bytes = sizeof area;
    return area;
}

uint8_t *lp_port_retained_log(size_t *bytes)
{
    static uint8_t log[LOG_BYTES] __attribute__((section(".noinit.log")));
    *bytes = sizeof log;
    return log;
}
