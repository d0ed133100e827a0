// SPDX-License-Identifier: Apache-2.0
// lp_hw_switch(void **from, void *to): keeps what a call must keep on the stack that is left,
// notes where, and takes the same from the other one. Interrupts may come at any point: each stack
// is in order at each instruction.
    .section .text.lp_hw_switch, "ax"
    .align  4
    .global lp_hw_switch
    .type   lp_hw_switch, @function
lp_hw_switch:
    addi    sp, sp, -32
    s32i    a0, sp, 0
    s32i    a12, sp, 4
    s32i    a13, sp, 8
    s32i    a14, sp, 12
    s32i    a15, sp, 16
    s32i    sp, a2, 0
    mov     sp, a3
    l32i    a0, sp, 0
    l32i    a12, sp, 4
    l32i    a13, sp, 8
    l32i    a14, sp, 12
    l32i    a15, sp, 16
    addi    sp, sp, 32
    ret
    .size   lp_hw_switch, . - lp_hw_switch
