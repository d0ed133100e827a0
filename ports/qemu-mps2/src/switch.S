// SPDX-License-Identifier: Apache-2.0
// lp_hw_switch(void **from, void *to): keeps what a call must keep on the stack that is left,
// notes where, and takes the same from the other one. Interrupts use the stack that is in use.
    .syntax unified
    .thumb
    .section .text.lp_hw_switch, "ax"
    .global lp_hw_switch
    .thumb_func
    .type   lp_hw_switch, %function
lp_hw_switch:
    push    {r3-r11, lr}        // r3 keeps the stack aligned to 8 bytes
    str     sp, [r0]
    mov     sp, r1
    pop     {r3-r11, pc}
    .size   lp_hw_switch, . - lp_hw_switch
