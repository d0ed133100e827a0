// SPDX-License-Identifier: Apache-2.0
// What exec.c and wake.c share: states, and the steps that one asks of the other. Not for users.
#ifndef ATECC_EXEC_H
#define ATECC_EXEC_H

#include "internal.h"

enum state {
    OFF,     // nothing to do
    LINGER,  // awake, waiting a little for more to do
    PULSE,   // wake pulse on the bus
    RISE,    // tWHI
    GREET,   // reading the wake answer
    GAP,     // pause before the next wake attempt
    RESTING, // idle or sleep under way
    SEND,    // command under way to the chip
    WAIT,    // it works
    READ,    // asking for the answer
    REWIND,  // setting its address counter back to read again
    RECOVER, // nine clocks and a STOP
};

enum power { UNKNOWN, AWAKE, IDLE, ASLEEP };

enum then { THEN_WAKE, THEN_REWIND, THEN_FINISH, THEN_OFF };

enum {
    WORD_RESET = 0x00,
    STATUS_OK = 0x00,
    STATUS_MISCOMPARE = 0x01,
    STATUS_PARSE = 0x03,
    STATUS_ECC = 0x05,
    STATUS_SELFTEST = 0x07,
    STATUS_HEALTH = 0x08,
    STATUS_EXEC = 0x0F,
    STATUS_AFTER_WAKE = 0x11,
    STATUS_WATCHDOG = 0xEE,
    STATUS_COMM = 0xFF,
};

enum { GROUP_MIN = 4 }; // bytes of the shortest answer

// -- wake.c
void lp_atecc_x_set_timer(lp_atecc_t *chip, enum state state, uint32_t delay_ms);
void lp_atecc_x_start_xfer(lp_atecc_t *chip);
void lp_atecc_x_transfer(lp_atecc_t *chip, enum state state, lp_i2c_op_t op, lp_span_t tx,
                         size_t rx_len);
void lp_atecc_x_write_word(lp_atecc_t *chip, enum state state, uint8_t word);
void lp_atecc_x_complete(lp_atecc_t *chip, lp_err_t err);
void lp_atecc_x_lose(lp_atecc_t *chip);
void lp_atecc_x_rest(lp_atecc_t *chip, lp_atecc_rest_t how, enum then then);
void lp_atecc_x_recover(lp_atecc_t *chip, enum then then);
void lp_atecc_x_wake(lp_atecc_t *chip);
void lp_atecc_x_on_pulse(lp_atecc_t *chip, lp_err_t err);
void lp_atecc_x_on_greet(lp_atecc_t *chip, lp_err_t err);
void lp_atecc_x_on_rested(lp_atecc_t *chip, lp_err_t err);
void lp_atecc_x_after(lp_atecc_t *chip);

// -- exec.c
void lp_atecc_x_on_xfer(void *ctx, lp_err_t err);
// Runs the command on a chip that may be awake or not.
void lp_atecc_x_begin(lp_atecc_t *chip);

#endif
