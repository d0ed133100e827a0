// SPDX-License-Identifier: Apache-2.0
// A configuration of somebody's own: what reads back differently is never locked, and the lock
// without a checksum is of the chip that was meant.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fake/port.h"
#include "fake_chip.h"
#include "limpet/atecc_setup.h"
#include "limpet/crc.h"

enum { WRITE = 0x12, LOCK = 0x17, WORD = 7, DATA_LOCK = 86, CONFIG_LOCK = 87 };

static lp_atecc_config_op_t op;

// Acknowledges a write of one word, but does not do it.
static size_t forgetful(fake_chip_t *c, const uint8_t *cmd, size_t len, uint8_t *payload)
{
    if (cmd[0] == WRITE && cmd[2] == WORD) {
        payload[0] = 0;
        return 1;
    }
    return fake_chip_default(c, cmd, len, payload);
}

// A blank chip, and its configuration with another word.
static bench_t *fresh(uint8_t want[128])
{
    static bench_t b;
    bench_init(&b);
    memset(&op, 0, sizeof op);
    memcpy(want, b.fake.config, 128);
    want[4 * WORD] ^= 0x40;
    return &b;
}

static lp_err_t write_config(bench_t *b, const uint8_t want[128])
{
    const unsigned n = b->done + 1;
    assert_int_equal(lp_atecc_config_write(&b->chip, &op, want, bench_done, b), LP_OK);
    return bench_wait(b, n);
}

static void what_reads_back_differently_gives_no_token(void **state)
{
    (void)state;
    uint8_t want[128];
    bench_t *b = fresh(want);
    b->fake.handler = forgetful;
    assert_int_equal(write_config(b, want), LP_E_VERIFY);
    const lp_atecc_token_t token = op.op.token;
    assert_int_equal(lp_atecc_lock_config(&b->chip, &op.op, &token, bench_done, b), LP_E_INVALID);
    assert_int_equal(fake_chip_count(&b->fake, LOCK), 0);
}

static void the_token_is_of_what_was_written(void **state)
{
    (void)state;
    uint8_t want[128];
    bench_t *b = fresh(want);
    assert_int_equal(write_config(b, want), LP_OK);
    assert_memory_equal(b->fake.config, want, sizeof want);
    assert_int_equal(op.op.token.crc, lp_crc16_8005(0, lp_span(want, sizeof want)));
}

static lp_err_t lock_unseen(bench_t *b, const uint8_t serial[LP_ATECC_SERIAL_LEN])
{
    const unsigned n = b->done + 1;
    assert_int_equal(lp_atecc_lock_data_unseen(&b->chip, &op, serial, bench_done, b), LP_OK);
    return bench_wait(b, n);
}

static void unseen_lock_is_of_the_chip_that_was_meant(void **state)
{
    (void)state;
    uint8_t want[128];
    uint8_t serial[LP_ATECC_SERIAL_LEN];
    bench_t *b = fresh(want);
    memcpy(serial, b->fake.config, 4);
    memcpy(serial + 4, b->fake.config + 8, 5);
    assert_int_equal(lock_unseen(b, serial), LP_E_STATE); // the configuration is open
    b->fake.config[CONFIG_LOCK] = 0;
    for (size_t i = 0; i < sizeof serial; i++) {
        serial[i] ^= 0x01;
        assert_int_equal(lock_unseen(b, serial), LP_E_CHIP_OTHER);
        serial[i] ^= 0x01;
    }
    assert_int_equal(fake_chip_count(&b->fake, LOCK), 0);
    assert_int_not_equal(b->fake.config[DATA_LOCK], 0);
    assert_int_equal(lock_unseen(b, serial), LP_OK);
    assert_int_equal(lock_unseen(b, serial), LP_OK); // once more changes nothing
    assert_int_equal(fake_chip_count(&b->fake, LOCK), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_reads_back_differently_gives_no_token),
        cmocka_unit_test(the_token_is_of_what_was_written),
        cmocka_unit_test(unseen_lock_is_of_the_chip_that_was_meant),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
