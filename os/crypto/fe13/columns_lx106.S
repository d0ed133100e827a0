// SPDX-License-Identifier: Apache-2.0
// The columns of a product for the ESP8266's core, four columns at a time.
//
// Column k is the sum of a[i]*b[k-i]. For four columns a window of four digits of b slides down
// while i goes up: each step loads one digit of a and one of b and makes four products. The window
// turns through four registers, so that nothing is moved. Two products in five instructions; no
// branch depends on data.
//
//   a2 c   a3 a   a4 b   a5..a8 columns   a9..a12 window   a13 digit of a   a14 product

    .section .text.lp_fe13_columns, "ax"
    .align 4

    // column += digit * window
    .macro mac column, window
    mull    a14, a13, \window
    add.n   \column, \column, a14
    .endm

    .macro load_a i
    l16si   a13, a3, 2 * (\i)
    .endm

    .macro load_b reg, j
    l16si   \reg, a4, 2 * (\j)
    .endm

    .macro clear
    movi.n  a5, 0
    movi.n  a6, 0
    movi.n  a7, 0
    movi.n  a8, 0
    .endm

    .macro put k
    s32i    a5, a2, 4 * (\k)
    s32i    a6, a2, 4 * (\k) + 4
    s32i    a7, a2, 4 * (\k) + 8
    s32i    a8, a2, 4 * (\k) + 12
    .endm

    // All four columns at digit i.
    .macro step k, i, w0, w1, w2, w3
    load_a  \i
    load_b  \w0, \k - (\i)
    mac     a5, \w0
    mac     a6, \w1
    mac     a7, \w2
    mac     a8, \w3
    .endm

    .macro four_steps k, i
    step    \k, (\i), a9, a10, a11, a12
    step    \k, (\i) + 1, a12, a9, a10, a11
    step    \k, (\i) + 2, a11, a12, a9, a10
    step    \k, (\i) + 3, a10, a11, a12, a9
    .endm

    // `n` steps from digit `from`; n is even.
    .macro steps k, from, n
    .set    i, \from
    .rept   (\n) / 4
    four_steps \k, i
    .set    i, i + 4
    .endr
    .if     (\n) % 4
    step    \k, i, a9, a10, a11, a12
    step    \k, i + 1, a12, a9, a10, a11
    .endif
    .endm

    // Columns k..k+3 for k = 0, 4 .. 16: the window comes in from above, digit 0 of b ends it.
    .macro low_columns k
    clear
    load_b  a10, \k + 1
    load_b  a11, \k + 2
    load_b  a12, \k + 3
    steps   \k, 0, \k
    step    \k, \k, a9, a10, a11, a12
    load_a  \k + 1
    mac     a6, a9
    mac     a7, a10
    mac     a8, a11
    load_a  \k + 2
    mac     a7, a9
    mac     a8, a10
    load_a  \k + 3
    mac     a8, a9
    put     \k
    .endm

    // The first three products where digit 19 of b begins the window.
    .macro high_start k
    clear
    load_b  a12, 19
    load_a  \k - 19
    mac     a5, a12
    load_b  a11, 18
    load_a  \k - 18
    mac     a5, a11
    mac     a6, a12
    load_b  a10, 17
    load_a  \k - 17
    mac     a5, a10
    mac     a6, a11
    mac     a7, a12
    .endm

    // Columns k..k+3 for k = 20, 24 .. 36: digit 19 of a ends the steps.
    .macro high_columns k
    high_start \k
    steps   \k, \k - 16, 36 - (\k)
    put     \k
    .endm

    .macro  enter name
    .global \name
    .type   \name, @function
\name:
    addi    sp, sp, -16
    s32i.n  a12, sp, 0
    s32i.n  a13, sp, 4
    s32i.n  a14, sp, 8
    .endm

    .macro  leave name
    l32i.n  a12, sp, 0
    l32i.n  a13, sp, 4
    l32i.n  a14, sp, 8
    addi    sp, sp, 16
    ret.n
    .size   \name, . - \name
    .endm

    enter   lp_fe13_mul_columns
    low_columns 0
    low_columns 4
    low_columns 8
    low_columns 12
    low_columns 16
    high_columns 20
    high_columns 24
    high_columns 28
    high_columns 32
    high_columns 36
    leave   lp_fe13_mul_columns

    // A square: each product of two different digits once, doubled with the square of the middle
    // digit added. The steps end at digit k/2 - 1; then come the products near the middle, with
    // digits k/2 + 1 .. k/2 + 3 in the window.
    .macro middle k, w1, w2, w3
    load_a  (\k) / 2
    mac     a6, \w1
    mac     a7, \w2
    mac     a8, \w3
    mull    a14, \w1, \w2
    add.n   a8, a8, a14
    mull    a14, a13, a13
    addx2   a5, a5, a14
    add.n   a6, a6, a6
    mull    a14, \w1, \w1
    addx2   a7, a7, a14
    add.n   a8, a8, a8
    put     \k
    .endm

    // Where the window stands depends on how often it was turned.
    .macro middle_of k
    .if     (\k) % 8
    middle  \k, a12, a9, a10
    .else
    middle  \k, a10, a11, a12
    .endif
    .endm

    .macro low_squares k
    clear
    load_b  a10, \k + 1
    load_b  a11, \k + 2
    load_b  a12, \k + 3
    steps   \k, 0, (\k) / 2
    middle_of \k
    .endm

    .macro high_squares k
    high_start \k
    steps   \k, \k - 16, 16 - (\k) / 2
    middle_of \k
    .endm

    enter   lp_fe13_sqr_columns
    mov.n   a4, a3
    low_squares 0
    low_squares 4
    low_squares 8
    low_squares 12
    low_squares 16
    high_squares 20
    high_squares 24
    high_squares 28
    high_squares 32
    // Columns 36 to 39: 2 a[17] a[19] + a[18]^2, 2 a[18] a[19], a[19]^2, nothing.
    load_b  a10, 17
    load_b  a11, 18
    load_b  a12, 19
    mull    a5, a10, a12
    mull    a14, a11, a11
    addx2   a5, a5, a14
    mull    a6, a11, a12
    add.n   a6, a6, a6
    mull    a7, a12, a12
    movi.n  a8, 0
    put     36
    leave   lp_fe13_sqr_columns
