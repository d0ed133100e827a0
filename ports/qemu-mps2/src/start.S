// SPDX-License-Identifier: Apache-2.0
// From reset to C: initialised data, cleared data, then the image; and what the core looks up at
// an exception.
// @source ARM DDI 0403 (ARMv7-M), B1.5.2 and B1.5.3
    .syntax unified
    .thumb

    .section .vectors, "a"
    .align  9
    .global lp_mps2_vectors
lp_mps2_vectors:
    .word   lp_stack_top
    .word   lp_mps2_start
    .word   nmi                 // non-maskable: the watchdog's
    .word   fault               // hard
    .word   fault               // memory
    .word   fault               // bus
    .word   fault               // usage
    .word   0, 0, 0, 0
    .word   fault               // supervisor call
    .word   fault               // debug
    .word   0
    .word   fault               // pending call
    .word   fault               // system tick: not used
    .rept   64
    .word   lp_mps2_interrupt
    .endr

    .section .text.lp_mps2_start, "ax"
    .global lp_mps2_start
    .thumb_func
    .type   lp_mps2_start, %function
lp_mps2_start:
    cpsid   i
    ldr     r0, =lp_stack_top
    mov     sp, r0
    ldr     r0, =lp_data_start
    ldr     r1, =lp_data_end
    ldr     r2, =lp_data_load
1:  cmp     r0, r1
    bhs     2f
    ldr     r3, [r2], #4
    str     r3, [r0], #4
    b       1b
2:  ldr     r0, =lp_bss_start
    ldr     r1, =lp_bss_end
    movs    r3, #0
3:  cmp     r0, r1
    bhs     4f
    str     r3, [r0], #4
    b       3b
4:  cpsie   i
    bl      lp_board_main
    bl      mps2_exit           // what it returned is how the machine ends
    .size   lp_mps2_start, . - lp_mps2_start

    // The stack limit that the core keeps, 0 for none (irq.c).
    .section .bss.lp_mps2_stack_limit, "aw", %nobits
    .balign 4
    .global lp_mps2_stack_limit
    .type   lp_mps2_stack_limit, %object
lp_mps2_stack_limit:
    .space  4
    .size   lp_mps2_stack_limit, . - lp_mps2_stack_limit

    // A core with a stack limit does without it while it tells what happened; MSPLIM is not known by
    // name here, nor to other cores.
    .macro  lift_limit
    ldr     r1, =lp_mps2_stack_limit
    ldr     r1, [r1]
    cbz     r1, 9f
    movs    r1, #0
    .inst.w 0xF381880A          // msr msplim, r1
9:
    .endm

    // The frame that the core has pushed is on the stack that was in use; there is only one.
    .section .text.fault, "ax"
    .thumb_func
    .type   fault, %function
fault:
    lift_limit
    mov     r0, sp
    ldr     r1, =lp_stack_bottom
    add     r1, r1, #1024       // a stack that is used up has no room for what follows: the place
    cmp     sp, r1              // of the outermost calls is taken
    bhs     1f
    ldr     r1, =lp_stack_top
    mov     sp, r1
1:  push    {r4-r11}
    mov     r1, sp
    b       lp_mps2_fault
    .size   fault, . - fault

    .section .text.nmi, "ax"
    .thumb_func
    .type   nmi, %function
nmi:
    lift_limit
    mov     r0, sp
    push    {r4-r11}
    mov     r1, sp
    b       lp_mps2_nmi
    .size   nmi, . - nmi
