// SPDX-License-Identifier: Apache-2.0
// Each operation on a healthy chip: what goes over the wire, and what comes back.
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "fake/port.h"
#include "fake_chip.h"
#include "limpet/port/clock.h"

static uint8_t digest[32];
static uint8_t peer[64];

static int setup(void **state)
{
    static bench_t bench;
    bench_init(&bench);
    *state = &bench;
    for (uint8_t i = 0; i < 32; i++) {
        digest[i] = i;
        peer[i] = (uint8_t)(i + 0x40);
    }
    return 0;
}

static void info_revision_is_read(void **state)
{
    bench_t *b = *state;
    uint8_t out[4] = {0};
    assert_int_equal(
        lp_atecc_info(&b->chip, &b->req, LP_ATECC_INFO_REVISION, 0, out, bench_done, b), LP_OK);
    assert_int_equal(b->done, 0); // never from inside the call
    assert_int_equal(bench_wait(b, 1), LP_OK);
    assert_memory_equal(out, ((uint8_t[]){0, 0, 0x50, 0}), 4);
}

static void sign_loads_the_digest_first(void **state)
{
    bench_t *b = *state;
    uint8_t sig[64];
    uint8_t want[64];
    b->fake.key[3] = 9;
    assert_int_equal(lp_atecc_sign(&b->chip, &b->req, 3, digest, sig, bench_done, b), LP_OK);
    assert_int_equal(bench_wait(b, 1), LP_OK);
    fake_sig(9, digest, want);
    assert_memory_equal(sig, want, 64);
    assert_int_equal(b->fake.log_len, 2);
    assert_int_equal(b->fake.log[0], 0x16);
    assert_int_equal(b->fake.log[1], 0x41);
}

static void two_users_do_not_mix(void **state)
{
    bench_t *b = *state;
    lp_atecc_req_t other = {0};
    uint8_t sig[64];
    uint8_t sig2[64];
    uint8_t want[64];
    uint8_t digest2[32];
    memset(digest2, 0xAA, sizeof digest2);
    b->fake.key[0] = 1;
    b->fake.key[1] = 2;
    assert_int_equal(lp_atecc_sign(&b->chip, &b->req, 0, digest, sig, bench_done, b), LP_OK);
    assert_int_equal(lp_atecc_sign(&b->chip, &other, 1, digest2, sig2, bench_done, b), LP_OK);
    assert_int_equal(lp_atecc_sign(&b->chip, &other, 1, digest2, sig2, bench_done, b), LP_E_BUSY);
    assert_int_equal(bench_wait(b, 2), LP_OK);
    fake_sig(1, digest, want);
    assert_memory_equal(sig, want, 64);
    fake_sig(2, digest2, want);
    assert_memory_equal(sig2, want, 64);
    assert_memory_equal(b->fake.log, ((uint8_t[]){0x16, 0x41, 0x16, 0x41}), 4);
}

static void verify_tells_good_from_bad(void **state)
{
    bench_t *b = *state;
    uint8_t sig[64];
    uint8_t pub[64] = {7};
    fake_sig(7, digest, sig);
    assert_int_equal(lp_atecc_verify(&b->chip, &b->req, digest, sig, pub, bench_done, b), LP_OK);
    assert_int_equal(bench_wait(b, 1), LP_OK);
    sig[5] ^= 1;
    assert_int_equal(lp_atecc_verify(&b->chip, &b->req, digest, sig, pub, bench_done, b), LP_OK);
    assert_int_equal(bench_wait(b, 2), LP_E_CHIP_MISMATCH);
}

static void genkey_and_pubkey_agree_and_count_wear(void **state)
{
    bench_t *b = *state;
    uint8_t made[64];
    uint8_t read[64];
    assert_int_equal(lp_atecc_genkey(&b->chip, &b->req, 2, made, bench_done, b), LP_OK);
    assert_int_equal(bench_wait(b, 1), LP_OK);
    assert_int_equal(b->wear, 1);
    assert_int_equal(lp_atecc_pubkey(&b->chip, &b->req, 2, read, bench_done, b), LP_OK);
    assert_int_equal(bench_wait(b, 2), LP_OK);
    assert_int_equal(b->wear, 1);
    assert_memory_equal(made, read, 64);
}

static void ecdhe_is_one_request(void **state)
{
    bench_t *b = *state;
    uint8_t pub[64];
    uint8_t want[64];
    uint8_t secret[32];
    uint8_t wanted_secret[32];
    assert_int_equal(lp_atecc_ecdhe(&b->chip, &b->req, 2, peer, pub, secret, bench_done, b), LP_OK);
    assert_int_equal(bench_wait(b, 1), LP_OK);
    fake_pub(1, want);
    assert_memory_equal(pub, want, 64);
    memcpy(wanted_secret, peer, 32);
    wanted_secret[0] ^= 1;
    assert_memory_equal(secret, wanted_secret, 32);
    assert_int_equal(b->wear, 1);
}

static void tempkey_key_of_a_508_is_refused(void **state)
{
    bench_t *b = *state;
    uint8_t pub[64];
    uint8_t secret[32];
    b->chip.part_ = LP_ATECC_508A;
    assert_int_equal(lp_atecc_genkey(&b->chip, &b->req, LP_ATECC_TEMPKEY, pub, bench_done, b),
                     LP_E_UNSUPPORTED);
    assert_int_equal(lp_atecc_ecdh_tempkey(&b->chip, &b->req, 0, peer, secret, bench_done, b),
                     LP_E_UNSUPPORTED);
}

static void tempkey_key_is_lost_to_another_user(void **state)
{
    bench_t *b = *state;
    lp_atecc_req_t other = {0};
    uint8_t pub[64];
    uint8_t secret[32];
    uint8_t sig[64];
    b->chip.part_ = LP_ATECC_608B;
    b->fake.key[15] = 0;
    assert_int_equal(lp_atecc_genkey(&b->chip, &b->req, LP_ATECC_TEMPKEY, pub, bench_done, b),
                     LP_OK);
    assert_int_equal(bench_wait(b, 1), LP_OK);
    assert_int_equal(b->wear, 0);
    const uint32_t mark = lp_atecc_tempkey_mark(&b->chip);
    assert_int_equal(lp_atecc_sign(&b->chip, &other, 0, digest, sig, bench_done, b), LP_OK);
    assert_int_equal(lp_atecc_ecdh_tempkey(&b->chip, &b->req, mark, peer, secret, bench_done, b),
                     LP_OK);
    assert_int_equal(bench_wait(b, 3), LP_E_STATE);
    assert_int_equal(fake_chip_count(&b->fake, 0x43), 0);
}

static void tempkey_key_survives_what_does_not_use_it(void **state)
{
    bench_t *b = *state;
    uint8_t pub[64];
    uint8_t secret[32];
    uint8_t random[32];
    b->chip.part_ = LP_ATECC_608B;
    assert_int_equal(lp_atecc_genkey(&b->chip, &b->req, LP_ATECC_TEMPKEY, pub, bench_done, b),
                     LP_OK);
    assert_int_equal(bench_wait(b, 1), LP_OK);
    const uint32_t mark = lp_atecc_tempkey_mark(&b->chip);
    assert_int_equal(lp_atecc_random(&b->chip, &b->req, random, bench_done, b), LP_OK);
    assert_int_equal(bench_wait(b, 2), LP_OK);
    bench_settle(b, 5000); // goes idle in between
    assert_int_equal(b->fake.power, POWER_IDLE);
    assert_int_equal(lp_atecc_ecdh_tempkey(&b->chip, &b->req, mark, peer, secret, bench_done, b),
                     LP_OK);
    assert_int_equal(bench_wait(b, 3), LP_OK);
}

static void tempkey_key_is_lost_to_a_brown_out(void **state)
{
    bench_t *b = *state;
    uint8_t pub[64];
    uint8_t secret[32];
    uint8_t random[32];
    b->chip.part_ = LP_ATECC_608B;
    assert_int_equal(lp_atecc_genkey(&b->chip, &b->req, LP_ATECC_TEMPKEY, pub, bench_done, b),
                     LP_OK);
    assert_int_equal(bench_wait(b, 1), LP_OK);
    const uint32_t mark = lp_atecc_tempkey_mark(&b->chip);
    b->fake.fault = FAULT_SLEEP;
    b->fake.fault_at = b->fake.transfers;
    assert_int_equal(lp_atecc_random(&b->chip, &b->req, random, bench_done, b), LP_OK);
    assert_int_equal(bench_wait(b, 2), LP_OK);
    assert_int_equal(lp_atecc_ecdh_tempkey(&b->chip, &b->req, mark, peer, secret, bench_done, b),
                     LP_OK);
    assert_int_equal(bench_wait(b, 3), LP_E_STATE);
    assert_int_equal(fake_chip_count(&b->fake, 0x43), 0);
}

static void random_is_read(void **state)
{
    bench_t *b = *state;
    uint8_t out[32];
    assert_int_equal(lp_atecc_random(&b->chip, &b->req, out, bench_done, b), LP_OK);
    assert_int_equal(bench_wait(b, 1), LP_OK);
    for (size_t i = 0; i < 32; i++) {
        assert_int_equal(out[i], 0x5A);
    }
}

static size_t answer_pattern(fake_chip_t *c, const uint8_t *cmd, size_t len, uint8_t *payload)
{
    (void)c;
    (void)cmd;
    (void)len;
    for (size_t i = 0; i < 32; i++) {
        payload[i] = (i & 2) == 0 ? 0xFF : 0x00;
    }
    return 32;
}

static void random_of_an_open_chip_is_an_error(void **state)
{
    bench_t *b = *state;
    uint8_t out[32];
    memset(out, 0x77, sizeof out);
    b->fake.handler = answer_pattern;
    assert_int_equal(lp_atecc_random(&b->chip, &b->req, out, bench_done, b), LP_OK);
    assert_int_equal(bench_wait(b, 1), LP_E_STATE);
    for (size_t i = 0; i < 32; i++) {
        assert_int_equal(out[i], 0);
    }
}

static void nonces(void **state)
{
    bench_t *b = *state;
    const uint8_t num_in[20] = {1, 2, 3};
    uint8_t random[32];
    assert_int_equal(lp_atecc_nonce_load(&b->chip, &b->req, digest, bench_done, b), LP_OK);
    assert_int_equal(bench_wait(b, 1), LP_OK);
    assert_memory_equal(b->fake.tempkey, digest, 32);
    assert_int_equal(lp_atecc_nonce_random(&b->chip, &b->req, num_in, random, bench_done, b),
                     LP_OK);
    assert_int_equal(bench_wait(b, 2), LP_OK);
    assert_int_equal(random[31], 0x33);
    assert_memory_equal(b->fake.tempkey, num_in, 20);
}

// ---- memory ------------------------------------------------------------------------------------

static void read_any_length_and_place(void **state)
{
    bench_t *b = *state;
    for (size_t i = 0; i < 72; i++) {
        b->fake.data[9][i] = (uint8_t)(i + 1);
    }
    for (uint16_t offset = 0; offset < 72; offset = (uint16_t)(offset + 4)) {
        for (size_t len = 4; offset + len <= 72; len += 4) {
            uint8_t out[76];
            memset(out, 0xCC, sizeof out);
            const lp_atecc_at_t at = {LP_ATECC_DATA, 9, offset};
            const unsigned n = b->done + 1;
            assert_int_equal(lp_atecc_read(&b->chip, &b->req, at, out, len, bench_done, b), LP_OK);
            assert_int_equal(bench_wait(b, n), LP_OK);
            assert_memory_equal(out, b->fake.data[9] + offset, len);
            assert_int_equal(out[len], 0xCC);
        }
    }
}

static void read_bounds_are_checked(void **state)
{
    bench_t *b = *state;
    uint8_t out[128];
    const lp_atecc_at_t end = {LP_ATECC_DATA, 0, 36};
    const lp_atecc_at_t odd = {LP_ATECC_DATA, 0, 2};
    const lp_atecc_at_t none = {LP_ATECC_DATA, 16, 0};
    const lp_atecc_at_t config = {LP_ATECC_CONFIG, 0, 0};
    assert_int_equal(lp_atecc_read(&b->chip, &b->req, end, out, 4, bench_done, b), LP_E_RANGE);
    assert_int_equal(lp_atecc_read(&b->chip, &b->req, odd, out, 4, bench_done, b), LP_E_INVALID);
    assert_int_equal(lp_atecc_read(&b->chip, &b->req, none, out, 4, bench_done, b), LP_E_RANGE);
    assert_int_equal(lp_atecc_read(&b->chip, &b->req, config, out, 132, bench_done, b), LP_E_RANGE);
    assert_int_equal(lp_atecc_read(&b->chip, &b->req, config, out, 0, bench_done, b), LP_E_INVALID);
    assert_int_equal(lp_atecc_read(&b->chip, &b->req, config, out, 6, bench_done, b), LP_E_INVALID);
    assert_int_equal(lp_atecc_read(&b->chip, &b->req, config, NULL, 4, bench_done, b),
                     LP_E_INVALID);
    assert_false(lp_atecc_is_busy(&b->chip));
}

static void write_words_and_blocks(void **state)
{
    bench_t *b = *state;
    uint8_t data[72];
    memset(data, 0xB7, sizeof data);
    const lp_atecc_at_t at = {LP_ATECC_DATA, 10, 28};
    memset(b->fake.data[10], 0x11, 96);
    assert_int_equal(lp_atecc_write(&b->chip, &b->req, at, lp_span(data, 44), false, bench_done, b),
                     LP_OK);
    assert_int_equal(bench_wait(b, 1), LP_OK);
    assert_int_equal(b->fake.data[10][27], 0x11);
    assert_memory_equal(b->fake.data[10] + 28, data, 44);
    assert_int_equal(b->fake.data[10][72], 0x11);
    assert_int_equal(fake_chip_count(&b->fake, 0x12), 4); // 28, 32..63, 64, 68
}

static void write_whole_blocks_pads_the_end_of_a_slot(void **state)
{
    bench_t *b = *state;
    uint8_t data[72];
    memset(data, 0xB7, sizeof data);
    const lp_atecc_at_t at = {LP_ATECC_DATA, 10, 0};
    memset(b->fake.data[10], 0x11, 96);
    assert_int_equal(lp_atecc_write(&b->chip, &b->req, at, lp_span(data, 72), true, bench_done, b),
                     LP_OK);
    assert_int_equal(bench_wait(b, 1), LP_OK);
    assert_memory_equal(b->fake.data[10], data, 72);
    assert_int_equal(b->fake.data[10][95], 0);
    assert_int_equal(fake_chip_count(&b->fake, 0x12), 3);
    assert_int_equal(lp_atecc_write(&b->chip, &b->req, at, lp_span(data, 40), true, bench_done, b),
                     LP_E_INVALID);
}

static void lock_slot_locks_once(void **state)
{
    bench_t *b = *state;
    assert_int_equal(lp_atecc_lock_slot(&b->chip, &b->req, 9, bench_done, b), LP_OK);
    assert_int_equal(bench_wait(b, 1), LP_OK);
    assert_int_equal(b->fake.config[89], 0xFD);
    assert_int_equal(lp_atecc_lock_slot(&b->chip, &b->req, 9, bench_done, b), LP_OK);
    assert_int_equal(bench_wait(b, 2), LP_OK);
    assert_int_equal(fake_chip_count(&b->fake, 0x17), 1);
    assert_int_equal(lp_atecc_lock_slot(&b->chip, &b->req, 16, bench_done, b), LP_E_INVALID);
}

static void sha_of_any_length(void **state)
{
    bench_t *b = *state;
    uint8_t message[200];
    for (size_t i = 0; i < sizeof message; i++) {
        message[i] = (uint8_t)(i * 3);
    }
    static const size_t lengths[] = {0, 1, 63, 64, 65, 127, 128, 200};
    for (size_t k = 0; k < sizeof lengths / sizeof lengths[0]; k++) {
        uint8_t out[32];
        uint8_t want[32] = {0};
        for (size_t i = 0; i < lengths[k]; i++) {
            for (size_t j = 0; j < 32; j++) {
                want[j] = (uint8_t)(want[j] * 5 + message[i] + j);
            }
        }
        const unsigned n = b->done + 1;
        assert_int_equal(
            lp_atecc_sha256(&b->chip, &b->req, lp_span(message, lengths[k]), out, bench_done, b),
            LP_OK);
        assert_int_equal(bench_wait(b, n), LP_OK);
        assert_memory_equal(out, want, 32);
    }
}

// ---- queue and rest ----------------------------------------------------------------------------

static void cancel_takes_out_only_what_has_not_begun(void **state)
{
    bench_t *b = *state;
    lp_atecc_req_t second = {0};
    lp_atecc_req_t third = {0};
    uint8_t out[3][32];
    assert_int_equal(lp_atecc_cancel(&b->chip, &b->req), LP_E_NOT_FOUND);
    assert_int_equal(lp_atecc_random(&b->chip, &b->req, out[0], bench_done, b), LP_OK);
    assert_int_equal(lp_atecc_random(&b->chip, &second, out[1], bench_done, b), LP_OK);
    assert_int_equal(lp_atecc_random(&b->chip, &third, out[2], bench_done, b), LP_OK);
    lp_loop_turn(&b->loop, 0);
    assert_int_equal(lp_atecc_cancel(&b->chip, &b->req), LP_E_BUSY);
    assert_int_equal(lp_atecc_cancel(&b->chip, &third), LP_OK);
    assert_int_equal(lp_atecc_cancel(&b->chip, &second), LP_OK);
    assert_int_equal(bench_wait(b, 1), LP_OK);
    bench_settle(b, 1000);
    assert_int_equal(b->done, 1);
    assert_int_equal(fake_chip_count(&b->fake, 0x1B), 1);
    // The queue still works.
    assert_int_equal(lp_atecc_random(&b->chip, &third, out[2], bench_done, b), LP_OK);
    assert_int_equal(bench_wait(b, 2), LP_OK);
}

static void again_done(void *ctx, lp_err_t err)
{
    bench_t *b = ctx;
    static uint8_t out[32];
    bench_done(b, err);
    if (b->done < 3) {
        assert_int_equal(lp_atecc_random(&b->chip, &b->req, out, again_done, b), LP_OK);
    }
}

static void done_may_queue_the_same_request(void **state)
{
    bench_t *b = *state;
    again_done(b, LP_OK);
    assert_int_equal(bench_wait(b, 3), LP_OK);
    bench_settle(b, 500);
    assert_int_equal(b->done, 3);
}

static void chip_rests_when_nobody_needs_it(void **state)
{
    bench_t *b = *state;
    uint8_t out[32];
    assert_int_equal(lp_atecc_random(&b->chip, &b->req, out, bench_done, b), LP_OK);
    assert_int_equal(bench_wait(b, 1), LP_OK);
    bench_settle(b, 200);
    assert_int_equal(b->fake.power, POWER_IDLE);
    assert_int_equal(lp_atecc_rest(&b->chip, &b->req, LP_ATECC_IDLE, bench_done, b), LP_OK);
    assert_int_equal(bench_wait(b, 2), LP_OK);
    assert_int_equal(b->fake.idles, 1);
    assert_int_equal(lp_atecc_rest(&b->chip, &b->req, LP_ATECC_SLEEP, bench_done, b), LP_OK);
    assert_int_equal(bench_wait(b, 3), LP_OK);
    assert_int_equal(b->fake.power, POWER_ASLEEP);
    assert_int_equal(lp_atecc_rest(&b->chip, &b->req, (lp_atecc_rest_t)3, bench_done, b),
                     LP_E_INVALID);
    assert_int_equal(lp_atecc_deinit(&b->chip), LP_OK);
}

static void deinit_waits_for_the_end(void **state)
{
    bench_t *b = *state;
    uint8_t out[32];
    assert_int_equal(lp_atecc_random(&b->chip, &b->req, out, bench_done, b), LP_OK);
    assert_int_equal(lp_atecc_deinit(&b->chip), LP_E_BUSY);
    assert_int_equal(bench_wait(b, 1), LP_OK);
    assert_int_equal(lp_atecc_deinit(&b->chip), LP_OK);
    bench_settle(b, 100);
    assert_int_equal(b->fake.idles, 0);
}

static void long_work_does_not_meet_the_watchdog(void **state)
{
    bench_t *b = *state;
    uint8_t message[64 * 40];
    uint8_t out[32];
    memset(message, 5, sizeof message);
    b->chip.part_ = LP_ATECC_508A;
    b->fake.exec_ms = 30; // 40 blocks: over 1.2 s, with a watchdog of 0.7 s
    b->fake.watchdog_ms = 700;
    assert_int_equal(
        lp_atecc_sha256(&b->chip, &b->req, lp_span(message, sizeof message), out, bench_done, b),
        LP_OK);
    assert_int_equal(bench_wait(b, 1), LP_OK);
    assert_true(b->fake.idles >= 1);
    assert_int_equal(fake_chip_count(&b->fake, 0x47), 42); // nothing was repeated
}

static void polling_begins_at_the_typical_time(void **state)
{
    bench_t *b = *state;
    uint8_t sig[64];
    b->fake.exec_ms = 44; // Sign: typically 42
    assert_int_equal(lp_atecc_sign(&b->chip, &b->req, 0, digest, sig, bench_done, b), LP_OK);
    assert_int_equal(bench_wait(b, 1), LP_OK);
    assert_true(fake_chip_count(&b->fake, 0x41) == 1);
    const unsigned of_nonce = 44 / 3 + 1; // typical 0.1 ms, then every 2 ms and a byte on the wire
    assert_in_range(b->fake.polls, of_nonce - 4, of_nonce + 4);
}

static void null_arguments_are_refused(void **state)
{
    bench_t *b = *state;
    uint8_t out[64];
    assert_int_equal(lp_atecc_random(&b->chip, &b->req, NULL, bench_done, b), LP_E_INVALID);
    assert_int_equal(lp_atecc_random(NULL, &b->req, out, bench_done, b), LP_E_INVALID);
    assert_int_equal(lp_atecc_random(&b->chip, NULL, out, bench_done, b), LP_E_INVALID);
    assert_int_equal(lp_atecc_random(&b->chip, &b->req, out, NULL, b), LP_E_INVALID);
    assert_int_equal(lp_atecc_sign(&b->chip, &b->req, 16, digest, out, bench_done, b),
                     LP_E_INVALID);
    assert_int_equal(lp_atecc_sign(&b->chip, &b->req, 0, NULL, out, bench_done, b), LP_E_INVALID);
    assert_int_equal(lp_atecc_genkey(&b->chip, &b->req, 16, out, bench_done, b), LP_E_INVALID);
    assert_int_equal(lp_atecc_ecdh(&b->chip, &b->req, LP_ATECC_TEMPKEY, peer, out, bench_done, b),
                     LP_E_INVALID);
    assert_int_equal(lp_atecc_ecdhe(&b->chip, &b->req, 0, peer, NULL, out, bench_done, b),
                     LP_E_INVALID);
    bench_settle(b, 100);
    assert_int_equal(b->done, 0);
    assert_int_equal(b->fake.transfers, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(info_revision_is_read, setup),
        cmocka_unit_test_setup(sign_loads_the_digest_first, setup),
        cmocka_unit_test_setup(two_users_do_not_mix, setup),
        cmocka_unit_test_setup(verify_tells_good_from_bad, setup),
        cmocka_unit_test_setup(genkey_and_pubkey_agree_and_count_wear, setup),
        cmocka_unit_test_setup(ecdhe_is_one_request, setup),
        cmocka_unit_test_setup(tempkey_key_of_a_508_is_refused, setup),
        cmocka_unit_test_setup(tempkey_key_is_lost_to_another_user, setup),
        cmocka_unit_test_setup(tempkey_key_survives_what_does_not_use_it, setup),
        cmocka_unit_test_setup(tempkey_key_is_lost_to_a_brown_out, setup),
        cmocka_unit_test_setup(random_is_read, setup),
        cmocka_unit_test_setup(random_of_an_open_chip_is_an_error, setup),
        cmocka_unit_test_setup(nonces, setup),
        cmocka_unit_test_setup(read_any_length_and_place, setup),
        cmocka_unit_test_setup(read_bounds_are_checked, setup),
        cmocka_unit_test_setup(write_words_and_blocks, setup),
        cmocka_unit_test_setup(write_whole_blocks_pads_the_end_of_a_slot, setup),
        cmocka_unit_test_setup(lock_slot_locks_once, setup),
        cmocka_unit_test_setup(sha_of_any_length, setup),
        cmocka_unit_test_setup(cancel_takes_out_only_what_has_not_begun, setup),
        cmocka_unit_test_setup(done_may_queue_the_same_request, setup),
        cmocka_unit_test_setup(chip_rests_when_nobody_needs_it, setup),
        cmocka_unit_test_setup(deinit_waits_for_the_end, setup),
        cmocka_unit_test_setup(long_work_does_not_meet_the_watchdog, setup),
        cmocka_unit_test_setup(polling_begins_at_the_typical_time, setup),
        cmocka_unit_test_setup(null_arguments_are_refused, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
