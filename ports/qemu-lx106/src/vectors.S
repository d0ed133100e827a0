// SPDX-License-Identifier: Apache-2.0
// The vector table and the one way into C for interrupts and exceptions.
// @source Xtensa Instruction Set Architecture, 4.4; offsets of the lx106: QEMU's core-lx106
    .section .vectors, "ax"
    .align  4096
    .global lp_lx106_vectors
lp_lx106_vectors:
    .org    lp_lx106_vectors + 0x10     // debug
    j       stuck
    .org    lp_lx106_vectors + 0x20     // non-maskable interrupt: nothing is connected to it
    j       stuck
    .org    lp_lx106_vectors + 0x30     // exception or interrupt in kernel mode
    wsr     a0, excsave1
    j       enter
    .org    lp_lx106_vectors + 0x50     // the same in user mode
    wsr     a0, excsave1
    j       enter
    .org    lp_lx106_vectors + 0x70     // an exception inside of an exception
    j       stuck
    .org    lp_lx106_vectors + 0x80

    // The frame is what lp_lx106_frame_t says.
    .align  4
enter:
    addi    sp, sp, -80
    s32i    a2, sp, 8
    rsr     a0, excsave1
    s32i    a0, sp, 0
    addi    a2, sp, 80
    s32i    a2, sp, 4
    s32i    a3, sp, 12
    s32i    a4, sp, 16
    s32i    a5, sp, 20
    s32i    a6, sp, 24
    s32i    a7, sp, 28
    s32i    a8, sp, 32
    s32i    a9, sp, 36
    s32i    a10, sp, 40
    s32i    a11, sp, 44
    rsr     a2, sar
    s32i    a2, sp, 48
    rsr     a2, epc1
    s32i    a2, sp, 52
    rsr     a2, exccause
    s32i    a2, sp, 56
    rsr     a2, excvaddr
    s32i    a2, sp, 60
    s32i    a12, sp, 64             // for a crash only: a function keeps them
    s32i    a13, sp, 68
    s32i    a14, sp, 72
    s32i    a15, sp, 76
    mov     a2, sp
    .begin  no-longcalls            // a literal would have to lie before the table
    call0   lp_lx106_exception
    .end    no-longcalls
    l32i    a2, sp, 52
    wsr     a2, epc1
    l32i    a2, sp, 48
    wsr     a2, sar
    l32i    a0, sp, 0
    l32i    a2, sp, 8
    l32i    a3, sp, 12
    l32i    a4, sp, 16
    l32i    a5, sp, 20
    l32i    a6, sp, 24
    l32i    a7, sp, 28
    l32i    a8, sp, 32
    l32i    a9, sp, 36
    l32i    a10, sp, 40
    l32i    a11, sp, 44
    addi    sp, sp, 80
    rsync
    rfe

    // Nothing can be trusted any more, a stack least of all: end the machine.
    .align  4
stuck:
    movi    a2, 1
    movi    a3, 99
    simcall
    j       stuck
