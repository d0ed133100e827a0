// SPDX-License-Identifier: Apache-2.0
// simcall: the number in a2, arguments in a3, a4, a5; the result comes in a2.
// @source QEMU, -semihosting on Xtensa; the numbers are those of Tensilica's simulator
    .macro  call name, number
    .section .text.\name, "ax"
    .literal_position
    .align  4
    .global \name
    .type   \name, @function
\name:
    mov     a5, a4
    mov     a4, a3
    mov     a3, a2
    movi    a2, \number
    simcall
    ret
    .size   \name, . - \name
    .endm

    call    lx106_sim_exit, 1
    call    lx106_sim_read, 3
    call    lx106_sim_write, 4
    call    lx106_sim_open, 5
    call    lx106_sim_close, 6
    call    lx106_sim_seek, 19
    call    lx106_sim_args_bytes, 1001
    call    lx106_sim_args, 1002

    .section .text.lx106_sim_has_input, "ax"
    .align  4
    .global lx106_sim_has_input
    .type   lx106_sim_has_input, @function
lx106_sim_has_input:                    // select_one(fd, for reading, within a3 seconds)
    addi    sp, sp, -16
    s32i    a3, sp, 0
    movi    a5, 0
    s32i    a5, sp, 4
    mov     a3, a2
    movi    a4, 1
    mov     a5, sp
    movi    a2, 29
    simcall
    addi    sp, sp, 16
    movi    a3, 1
    beq     a2, a3, 1f
    movi    a2, 0
1:  ret
    .size   lx106_sim_has_input, . - lx106_sim_has_input
