// SPDX-License-Identifier: Apache-2.0
// What lp_hw_switch() finds on a stack of RISC-V that nobody has left yet.
#include <string.h>

#include "limpet/bare_hw.h"

enum { FRAME_BYTES = 64, STACK_ALIGN = 16 };

void *lp_hw_frame(void *stack, size_t bytes, void (*entry)(void))
{
    uintptr_t top = ((uintptr_t)stack + bytes) & ~(uintptr_t)(STACK_ALIGN - 1);
    uint32_t *frame = (uint32_t *)(top - FRAME_BYTES);
    memset(frame, 0, FRAME_BYTES);
    frame[0] = (uint32_t)(uintptr_t)entry; // where the switch returns to
    return frame;
}

// On this machine no stack is guarded; the port's fibers name the one of the loop all the same.
uint8_t lp_stack_bottom[1];
