// SPDX-License-Identifier: Apache-2.0
// From reset to C: stack, vectors, initialised data, cleared data. Interrupts stay off until the
// port turns them on.
    .section .entry, "ax"
    .align  4
    .literal_position
    .global _start
    .type   _start, @function
_start:
    movi    a0, 0
    movi    sp, lp_stack_top
    movi    a2, 0
    wsr     a2, intenable
    movi    a2, lp_lx106_vectors
    wsr     a2, vecbase
    movi    a2, 0x20                // user mode, no interrupt level, no exception
    wsr     a2, ps
    rsync

    movi    a2, lp_data_start       // RAM
    movi    a3, lp_data_end
    movi    a4, lp_data_load        // where the image keeps it
    bgeu    a2, a3, 2f
1:  l32i    a5, a4, 0
    s32i    a5, a2, 0
    addi    a2, a2, 4
    addi    a4, a4, 4
    bltu    a2, a3, 1b
2:  movi    a2, lp_bss_start
    movi    a3, lp_bss_end
    movi    a4, 0
    bgeu    a2, a3, 4f
3:  s32i    a4, a2, 0
    addi    a2, a2, 4
    bltu    a2, a3, 3b
4:  movi    a0, lp_board_main
    callx0  a0
    mov     a3, a2                  // what it returned is how the machine ends
    movi    a2, 1
    simcall
5:  j       5b
    .size   _start, . - _start
