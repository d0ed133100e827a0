// SPDX-License-Identifier: Apache-2.0
// A scripted chip on a scripted bus, in virtual time: the rules of the wire (wake, busy, buffers,
// watchdog, CRC), just enough of a chip behind them, and a fault at any transfer.
// It is not the emulator: that one is sim/chip; this one fails on command.
#ifndef FAKE_CHIP_H
#define FAKE_CHIP_H

#include "limpet/atecc.h"
#include "limpet/atecc_plan.h"

typedef enum {
    FAULT_NONE,
    FAULT_NACK,       // this transfer is not acknowledged
    FAULT_BUS,        // LP_E_I2C_BUS
    FAULT_TIMEOUT,    // LP_E_TIMEOUT
    FAULT_IO,         // LP_E_IO
    FAULT_FLIP,       // one bit of the bytes flips on the way
    FAULT_FLIP_ONCE,  // the same, for reads only, and the buffer in the chip stays right
    FAULT_FF,         // a read brings 0xFF
    FAULT_SHORT,      // a write loses its last byte: half a command
    FAULT_LOST,       // a command is acknowledged, but never reaches the chip's engine
    FAULT_SLEEP,      // the chip fell asleep just before (brown-out)
    FAULT_SLEEP_LATE, // the chip executes and falls asleep before the answer is read
    FAULT_VANISH,     // nobody there from here on
    FAULT_STUCK,      // the bus is stuck from here on until it is recovered
    FAULT_DEAD_BUS,   // the bus is stuck for ever
    FAULT_KINDS,
} fault_t;

enum { POWER_ASLEEP, POWER_IDLE, POWER_AWAKE };

typedef struct fake_chip fake_chip_t;
// Answers a command: fills payload, returns its length (1: a status byte).
typedef size_t fake_handler_fn(fake_chip_t *chip, const uint8_t *cmd, size_t len, uint8_t *payload);

struct fake_chip {
    lp_i2c_bus_t bus; // must stay first
    lp_loop_t *loop;
    lp_timer_t timer;
    lp_i2c_xfer_t *xfer;
    uint8_t addr;
    uint8_t power;
    bool has_tempkey;
    bool is_hashing;
    uint8_t tempkey[32];
    uint64_t awake_since_ms, busy_until_ms;
    uint32_t watchdog_ms;
    uint8_t in[200];
    size_t in_len;
    uint8_t out[200];
    size_t out_len, out_pos;
    fake_handler_fn *handler;
    uint32_t exec_ms;
    // faults
    fault_t fault;
    int fault_at; // number of the transfer, from 0; negative: never
    int fault_times;
    int transfers;
    bool is_alien; // another device: always awake, always 0x42
    unsigned writes;
    bool is_vanished, is_stuck;
    bool is_sleeping_late;
    // what happened
    uint8_t log[512]; // opcodes that were executed
    size_t log_len;
    unsigned keys_made, signatures, recoveries, idles, sleeps, polls;
    // memory
    uint8_t config[128];
    uint8_t data[16][416];
    uint8_t otp[64];
    uint8_t key[16];      // a number for the private key in each slot, 0 none
    uint8_t force_status; // answer the next command with this instead, once (0: do not)
    int force_times;
    bool force_before; // without executing it
};

void fake_chip_init(fake_chip_t *chip, lp_loop_t *loop);
size_t fake_chip_default(fake_chip_t *chip, const uint8_t *cmd, size_t len, uint8_t *payload);
unsigned fake_chip_count(const fake_chip_t *chip, uint8_t opcode);

// The public key of key number n, and what the fake makes of a digest.
void fake_pub(uint8_t n, uint8_t pub[64]);
void fake_sig(uint8_t n, const uint8_t digest[32], uint8_t sig[64]);

// A loop, a chip object, a fake chip and one completion to wait for.
typedef struct {
    lp_loop_t loop;
    fake_chip_t fake;
    lp_atecc_t chip;
    lp_atecc_req_t req;
    unsigned done;
    lp_err_t err;
    unsigned wear;
} bench_t;

void bench_init(bench_t *b);
void bench_done(void *ctx, lp_err_t err);
// Runs until b->done is `count` and returns the last result; fails the test after a virtual minute.
lp_err_t bench_wait(bench_t *b, unsigned count);
// Runs everything that is left for `ms` of virtual time.
void bench_settle(bench_t *b, uint32_t ms);
// Steps of the plan limpet-1 with the operation's own token, each to its end.
lp_err_t bench_lock_config(bench_t *b, lp_atecc_plan_op_t *op);
lp_err_t bench_fill(bench_t *b, lp_atecc_plan_op_t *op);
lp_err_t bench_lock_data(bench_t *b, lp_atecc_plan_op_t *op);

#endif
