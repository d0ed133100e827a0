// SPDX-License-Identifier: Apache-2.0
// What the port's fibers want of the rest of the port: no stack is guarded here, and one that ran
// over ends the test.
#include <stdlib.h>

#include "bare_internal.h"

void (*lp_bare_guard)(uint8_t *bottom);

_Noreturn void lp_bare_trap(lp_crash_reason_t reason)
{
    (void)reason;
    abort();
}
