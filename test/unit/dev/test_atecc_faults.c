// SPDX-License-Identifier: Apache-2.0
// Every fault at every transfer of every operation: exactly one completion, no wrong result,
// nothing done twice that must not be, and a chip that works again afterwards.
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fake/port.h"
#include "fake_chip.h"
#include "limpet/port/clock.h"

static uint8_t digest[32];
static uint8_t peer[64];
static uint8_t out[256];
static uint8_t pub[64];
static uint8_t message[150];
static uint8_t rules[128]; // what a fresh chip's configuration is

// An operation, and the check of its result.
typedef struct {
    const char *name;
    lp_err_t (*start)(bench_t *b);
    bool (*is_right)(const bench_t *b);
    bool is_repeated; // a single passing fault must not show
} op_t;

static lp_err_t start_info(bench_t *b)
{
    return lp_atecc_info(&b->chip, &b->req, LP_ATECC_INFO_REVISION, 0, out, bench_done, b);
}

static bool right_info(const bench_t *b)
{
    (void)b;
    return out[2] == 0x50;
}

static lp_err_t start_sign(bench_t *b)
{
    b->fake.key[4] = 77;
    return lp_atecc_sign(&b->chip, &b->req, 4, digest, out, bench_done, b);
}

static bool right_sign(const bench_t *b)
{
    uint8_t want[64];
    (void)b;
    fake_sig(77, digest, want);
    return memcmp(out, want, 64) == 0;
}

static lp_err_t start_verify(bench_t *b)
{
    memset(pub, 0, sizeof pub);
    pub[0] = 33;
    fake_sig(33, digest, out);
    return lp_atecc_verify(&b->chip, &b->req, digest, out, pub, bench_done, b);
}

static bool right_verify(const bench_t *b)
{
    (void)b;
    return true; // LP_OK itself is the result
}

static lp_err_t start_genkey(bench_t *b)
{
    return lp_atecc_genkey(&b->chip, &b->req, 2, out, bench_done, b);
}

static bool right_genkey(const bench_t *b)
{
    uint8_t want[64];
    fake_pub(b->fake.key[2], want);
    return memcmp(out, want, 64) == 0 && b->fake.keys_made == 1 && b->wear >= 1;
}

static lp_err_t start_ecdhe(bench_t *b)
{
    return lp_atecc_ecdhe(&b->chip, &b->req, 2, peer, pub, out, bench_done, b);
}

static bool right_ecdhe(const bench_t *b)
{
    uint8_t want[64];
    fake_pub(b->fake.key[2], want);
    return memcmp(pub, want, 64) == 0 && out[0] == (peer[0] ^ b->fake.key[2]) &&
           memcmp(out + 1, peer + 1, 31) == 0 && b->fake.keys_made == 1;
}

static lp_err_t start_sha(bench_t *b)
{
    return lp_atecc_sha256(&b->chip, &b->req, lp_span(message, sizeof message), out, bench_done, b);
}

static bool right_sha(const bench_t *b)
{
    uint8_t want[32] = {0};
    (void)b;
    for (size_t i = 0; i < sizeof message; i++) {
        for (size_t k = 0; k < 32; k++) {
            want[k] = (uint8_t)(want[k] * 5 + message[i] + k);
        }
    }
    return memcmp(out, want, 32) == 0;
}

static lp_err_t start_read(bench_t *b)
{
    const lp_atecc_at_t at = {LP_ATECC_CONFIG, 0, 0};
    return lp_atecc_read(&b->chip, &b->req, at, out, 128, bench_done, b);
}

static bool right_read(const bench_t *b)
{
    return memcmp(out, b->fake.config, 128) == 0;
}

static lp_err_t start_write(bench_t *b)
{
    const lp_atecc_at_t at = {LP_ATECC_DATA, 9, 0};
    return lp_atecc_write(&b->chip, &b->req, at, lp_span(message, 72), false, bench_done, b);
}

static bool right_write(const bench_t *b)
{
    return memcmp(b->fake.data[9], message, 72) == 0;
}

static lp_err_t start_lock(bench_t *b)
{
    return lp_atecc_lock_slot(&b->chip, &b->req, 3, bench_done, b);
}

static bool right_lock(const bench_t *b)
{
    return b->fake.config[88] == 0xF7 && fake_chip_count(&b->fake, 0x17) == 1;
}

static const op_t ops[] = {
    {"info", start_info, right_info, true},
    {"sign", start_sign, right_sign, true},
    {"verify", start_verify, right_verify, true},
    {"genkey", start_genkey, right_genkey, false},
    {"ecdhe", start_ecdhe, right_ecdhe, false},
    {"sha", start_sha, right_sha, true},
    {"read", start_read, right_read, true},
    {"write", start_write, right_write, true},
    // Not repeated, but a lost answer is settled by looking.
    {"lock slot", start_lock, right_lock, true},
};

// Faults that one day go away, and from which a repeatable operation must recover on its own.
static bool is_passing(fault_t fault)
{
    return fault != FAULT_VANISH && fault != FAULT_DEAD_BUS;
}

static void start_bench(bench_t *b)
{
    bench_init(b);
    memset(out, 0x99, sizeof out);
    for (uint8_t i = 0; i < 64; i++) {
        peer[i] = (uint8_t)(i + 1);
        digest[i % 32] = (uint8_t)(i * 3);
    }
    for (size_t i = 0; i < sizeof message; i++) {
        message[i] = (uint8_t)(i * 7 + 1);
    }
    memcpy(rules, b->fake.config, sizeof rules);
}

// The chip must be of use after whatever happened (if it is still there).
static void check_alive(bench_t *b, const char *what)
{
    uint8_t rev[4];
    b->fake.fault_at = -1;
    b->fake.fault = FAULT_NONE;
    b->fake.is_stuck = false;
    b->fake.is_vanished = false;
    b->fake.force_times = 0;
    const unsigned n = b->done + 1;
    assert_int_equal(
        lp_atecc_info(&b->chip, &b->req, LP_ATECC_INFO_REVISION, 0, rev, bench_done, b), LP_OK);
    if (bench_wait(b, n) != LP_OK) {
        fail_msg("%s: chip unusable afterwards (%d)", what, (int)b->err);
    }
}

static int run_faulty(const op_t *op, fault_t fault, int at, int times)
{
    static bench_t b;
    char what[96];
    snprintf(what, sizeof what, "%s: fault %d at transfer %d, %d times", op->name, (int)fault, at,
             times);
    start_bench(&b);
    b.fake.fault = fault;
    b.fake.fault_at = at;
    b.fake.fault_times = times;
    assert_int_equal(op->start(&b), LP_OK);
    const lp_err_t err = bench_wait(&b, 1);
    const int transfers = b.fake.transfers;
    if (err == LP_OK && !op->is_right(&b)) {
        fail_msg("%s: success, but the result is wrong", what);
    }
    if (err != LP_OK && op->is_repeated && times == 1 && is_passing(fault)) {
        fail_msg("%s: a passing fault was not overcome (%d)", what, (int)err);
    }
    if (b.fake.keys_made > 1 || fake_chip_count(&b.fake, 0x17) > 1) {
        fail_msg("%s: done twice", what);
    }
    bench_settle(&b, 4000);
    if (b.done != 1) {
        fail_msg("%s: %u completions", what, b.done);
    }
    check_alive(&b, what);
    return transfers;
}

static int healthy_transfers(const op_t *op)
{
    return run_faulty(op, FAULT_NONE, -1, 0);
}

static void every_fault_at_every_transfer(void **state)
{
    (void)state;
    static const int times[] = {1, 2, 3, 7, 1000000};
    unsigned runs = 0;
    for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++) {
        const int transfers = healthy_transfers(&ops[i]);
        for (int fault = FAULT_NACK; fault < FAULT_KINDS; fault++) {
            for (int at = 0; at < transfers + 3; at++) {
                for (size_t k = 0; k < sizeof times / sizeof times[0]; k++) {
                    (void)run_faulty(&ops[i], (fault_t)fault, at, times[k]);
                    runs++;
                }
            }
        }
    }
    print_message("%u runs\n", runs);
    assert_true(runs > 5000);
}

static void every_status_byte(void **state)
{
    (void)state;
    static bench_t b;
    for (int s = 1; s < 256; s++) {
        for (int times = 1; times < 8; times++) {
            start_bench(&b);
            b.fake.force_status = (uint8_t)s;
            b.fake.force_times = times;
            b.fake.force_before = true;
            assert_int_equal(start_sign(&b), LP_OK);
            const lp_err_t err = bench_wait(&b, 1);
            const bool is_retried = s == 0xFF || s == 0xEE || s == 0x05 || s == 0x11;
            if (is_retried && times <= 3) {
                assert_int_equal(err, LP_OK);
                assert_true(right_sign(&b));
            } else {
                assert_int_not_equal(err, LP_OK);
            }
            check_alive(&b, "status byte");
        }
    }
}

static void status_bytes_are_named(void **state)
{
    (void)state;
    static const struct {
        uint8_t status;
        lp_err_t err;
    } table[] = {
        {0x01, LP_E_CHIP_MISMATCH}, {0x03, LP_E_CHIP_PARSE},    {0x05, LP_E_CHIP_ECC},
        {0x07, LP_E_CHIP_SELFTEST}, {0x08, LP_E_CHIP_HEALTH},   {0x0F, LP_E_CHIP_EXEC},
        {0x11, LP_E_CHIP_WAKE},     {0xEE, LP_E_CHIP_WATCHDOG}, {0xFF, LP_E_CHIP_COMM},
        {0x42, LP_E_FORMAT},        {0x00, LP_E_FORMAT},
    };
    static bench_t b;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        start_bench(&b);
        b.fake.force_status = table[i].status;
        b.fake.force_times = 1000;
        b.fake.force_before = true;
        assert_int_equal(start_info(&b), LP_OK);
        assert_int_equal(bench_wait(&b, 1), table[i].err);
        assert_int_equal(out[0], 0); // wiped
    }
}

static void genkey_is_repeated_only_when_it_was_not_done(void **state)
{
    (void)state;
    static const uint8_t not_done[] = {0xFF, 0xEE, 0x05};
    static bench_t b;
    for (size_t i = 0; i < sizeof not_done; i++) {
        start_bench(&b);
        b.fake.force_status = not_done[i];
        b.fake.force_times = 1;
        b.fake.force_before = true;
        assert_int_equal(start_genkey(&b), LP_OK);
        assert_int_equal(bench_wait(&b, 1), LP_OK);
        assert_true(right_genkey(&b));
    }
    // Reset while it worked: unknown, so not repeated.
    start_bench(&b);
    b.fake.force_status = 0x11;
    b.fake.force_times = 1;
    assert_int_equal(start_genkey(&b), LP_OK);
    assert_int_equal(bench_wait(&b, 1), LP_E_CHIP_WAKE);
    assert_int_equal(b.fake.keys_made, 1);
}

static void damaged_answer_of_genkey_is_read_again(void **state)
{
    (void)state;
    static bench_t b;
    start_bench(&b);
    const int transfers = b.fake.transfers;
    (void)transfers;
    for (int at = 0; at < 20; at++) {
        start_bench(&b);
        b.fake.fault = FAULT_FLIP_ONCE;
        b.fake.fault_at = at;
        b.fake.fault_times = 2;
        assert_int_equal(start_genkey(&b), LP_OK);
        assert_int_equal(bench_wait(&b, 1), LP_OK);
        assert_true(right_genkey(&b));
    }
}

// The board restarted while the chip was at work, or awake, or with half a command.
static void chip_in_any_state_at_the_start(void **state)
{
    (void)state;
    static bench_t b;
    for (int k = 0; k < 4; k++) {
        start_bench(&b);
        b.fake.power = k == 3 ? POWER_IDLE : POWER_AWAKE;
        b.fake.awake_since_ms = lp_port_now_ms();
        if (k == 1) { // half a command
            b.fake.in[0] = 40;
            b.fake.in_len = 9;
        } else if (k == 2) { // at work
            b.fake.busy_until_ms = lp_port_now_ms() + 120;
        }
        assert_int_equal(start_sign(&b), LP_OK);
        assert_int_equal(bench_wait(&b, 1), LP_OK);
        assert_true(right_sign(&b));
    }
}

static size_t answer_short(fake_chip_t *c, const uint8_t *cmd, size_t len, uint8_t *payload)
{
    (void)c;
    (void)len;
    memset(payload, 0x10, 64);
    return cmd[0] == 0x41 ? 32 : 1; // status 0x10 for Nonce
}

static size_t answer_long(fake_chip_t *c, const uint8_t *cmd, size_t len, uint8_t *payload)
{
    (void)c;
    (void)cmd;
    (void)len;
    memset(payload, 0, 100);
    return 100;
}

static void answers_of_the_wrong_length_are_refused(void **state)
{
    (void)state;
    static bench_t b;
    start_bench(&b);
    b.fake.handler = answer_short;
    assert_int_equal(start_info(&b), LP_OK);
    assert_int_equal(bench_wait(&b, 1), LP_E_FORMAT);
    start_bench(&b);
    b.fake.handler = answer_long;
    assert_int_equal(start_info(&b), LP_OK);
    assert_int_equal(bench_wait(&b, 1), LP_E_CRC); // does not fit what was asked for
}

static void missing_chip_is_said_soon(void **state)
{
    (void)state;
    static bench_t b;
    start_bench(&b);
    b.fake.is_vanished = true;
    assert_int_equal(start_sign(&b), LP_OK);
    assert_int_equal(bench_wait(&b, 1), LP_E_CHIP_MISSING);
    assert_in_range(lp_port_now_ms(), 0, 2000);
    for (size_t i = 0; i < 64; i++) {
        assert_int_equal(out[i], 0);
    }
}

// This board gets no time for two seconds while the chip works (the clock jumps), and looks once in
// the middle: that is neither a silent chip nor the end of its patience.
static void board_that_is_held_up_waits_for_the_chip(void **state)
{
    (void)state;
    static bench_t b;
    start_bench(&b);
    b.fake.watchdog_ms = 60000;
    assert_int_equal(start_genkey(&b), LP_OK);
    while (fake_chip_count(&b.fake, 0x40) == 0) {
        lp_loop_turn(&b.loop, 1);
    }
    b.fake.busy_until_ms += 2000; // in whose time it was held up as well
    fake_clock_advance_ms(1900);
    assert_int_equal(bench_wait(&b, 1), LP_OK);
    assert_true(right_genkey(&b));
}

// One that says nothing is given up in bounded time all the same.
static void chip_that_is_busy_for_ever_is_given_up(void **state)
{
    (void)state;
    static bench_t b;
    start_bench(&b);
    b.fake.watchdog_ms = 600000;
    assert_int_equal(start_genkey(&b), LP_OK);
    while (fake_chip_count(&b.fake, 0x40) == 0) {
        lp_loop_turn(&b.loop, 1);
    }
    b.fake.busy_until_ms += 500000;
    const uint64_t from_ms = lp_port_now_ms();
    assert_int_equal(bench_wait(&b, 1), LP_E_TIMEOUT);
    assert_in_range(lp_port_now_ms() - from_ms, 100, 3000);
}

static void dead_bus_is_said(void **state)
{
    (void)state;
    static bench_t b;
    start_bench(&b);
    b.fake.fault = FAULT_DEAD_BUS;
    b.fake.fault_at = 0;
    b.fake.fault_times = 1000000;
    assert_int_equal(start_sign(&b), LP_OK);
    assert_int_equal(bench_wait(&b, 1), LP_E_I2C_BUS);
    assert_true(b.fake.recoveries >= 1);
}

// Another device that acknowledges the address and always answers the same.
static lp_err_t alien_start(lp_i2c_bus_t *bus, lp_i2c_xfer_t *x);
static lp_err_t alien_rate(lp_i2c_bus_t *bus, uint32_t rate_hz)
{
    (void)bus;
    (void)rate_hz;
    return LP_OK;
}

typedef struct {
    lp_i2c_bus_t bus;
    lp_loop_t *loop;
    lp_event_t event;
    lp_i2c_xfer_t *xfer;
} alien_t;

static void alien_run(void *ctx)
{
    alien_t *a = ctx;
    memset(a->xfer->rx, 0x42, a->xfer->rx_len);
    a->xfer->done(a->xfer->ctx, LP_OK);
}

static lp_err_t alien_start(lp_i2c_bus_t *bus, lp_i2c_xfer_t *x)
{
    alien_t *a = (alien_t *)bus;
    a->xfer = x;
    lp_loop_post(a->loop, &a->event);
    return LP_OK;
}

static void another_device_at_the_address_is_said(void **state)
{
    (void)state;
    static const lp_i2c_ops_t ops_alien = {.start = alien_start, .set_rate = alien_rate};
    static bench_t b;
    start_bench(&b);
    alien_t alien = {.bus = {.ops = &ops_alien}, .loop = &b.loop};
    lp_event_init(&alien.event, alien_run, &alien);
    const lp_atecc_config_t cfg = {.loop = &b.loop, .bus = &alien.bus, .addr = 0x60};
    lp_atecc_init(&b.chip, &cfg);
    assert_int_equal(start_info(&b), LP_OK);
    assert_int_equal(bench_wait(&b, 1), LP_E_CHIP_WAKE);
}

// A bus that cannot start transfers: busy for a while, for ever, or broken.
static void busy_bus_is_waited_for(void **state)
{
    (void)state;
    static bench_t b;
    lp_i2c_xfer_t other = {.op = LP_I2C_RECOVER, .done = bench_done, .ctx = &b};
    start_bench(&b);
    assert_int_equal(lp_i2c_start(&b.fake.bus, &other), LP_OK);
    lp_timer_start(&b.loop, &b.fake.timer, 300); // somebody else's transfer takes its time
    assert_int_equal(start_info(&b), LP_OK);
    assert_int_equal(bench_wait(&b, 2), LP_OK);
    start_bench(&b);
    assert_int_equal(lp_i2c_start(&b.fake.bus, &other), LP_OK);
    lp_timer_stop(&b.loop, &b.fake.timer); // never ends
    assert_int_equal(start_info(&b), LP_OK);
    assert_int_equal(bench_wait(&b, 1), LP_E_I2C_BUS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_fault_at_every_transfer),
        cmocka_unit_test(every_status_byte),
        cmocka_unit_test(status_bytes_are_named),
        cmocka_unit_test(genkey_is_repeated_only_when_it_was_not_done),
        cmocka_unit_test(damaged_answer_of_genkey_is_read_again),
        cmocka_unit_test(chip_in_any_state_at_the_start),
        cmocka_unit_test(answers_of_the_wrong_length_are_refused),
        cmocka_unit_test(missing_chip_is_said_soon),
        cmocka_unit_test(board_that_is_held_up_waits_for_the_chip),
        cmocka_unit_test(chip_that_is_busy_for_ever_is_given_up),
        cmocka_unit_test(dead_bus_is_said),
        cmocka_unit_test(another_device_at_the_address_is_said),
        cmocka_unit_test(busy_bus_is_waited_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
