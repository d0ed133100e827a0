// SPDX-License-Identifier: Apache-2.0
// What a reset leaves alone. An image that asks for none of it has none: the linker drops it.
#include "limpet/port/retained.h"

enum { LOG_BYTES = 4096 };

uint8_t *lp_port_retained_log(size_t *bytes)
{
    static uint8_t log[LOG_BYTES] __attribute__((section(".noinit.log")));
    *bytes = sizeof log;
    return log;
}
