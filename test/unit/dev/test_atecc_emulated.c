// SPDX-License-Identifier: Apache-2.0
// The driver on the emulated chip, in virtual time. The two were written apart, from the data
// sheets; here they meet on the bus for the first time.
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "emulated.h"
#include "limpet/port/clock.h"
#include "limpet/sha256.h"

static const lp_chipsim_model_t models[] = {LP_CHIPSIM_ATECC508A, LP_CHIPSIM_ATECC608A,
                                            LP_CHIPSIM_ATECC608B};

static uint8_t digest[32] = {1, 2, 3, 4, 5};

static void each_model(void (*fn)(world_t *w))
{
    for (size_t i = 0; i < 3; i++) {
        world_t *w = world_new(models[i]);
        fn(w);
        world_free(w);
    }
}

// ---- a blank chip ------------------------------------------------------------------------------

static void look_at_blank(world_t *w)
{
    uint8_t random[32];
    assert_int_equal(world_identify(w), LP_OK);
    assert_int_equal(w->id.variant, LP_ATECC_BLANK);
    assert_int_equal(w->id.part, w->model == LP_CHIPSIM_ATECC508A   ? LP_ATECC_508A
                                 : w->model == LP_CHIPSIM_ATECC608A ? LP_ATECC_608A
                                                                    : LP_ATECC_608B);
    assert_memory_equal(w->id.config, world_image(w)->config, 128);
    RUN(w, LP_E_STATE, lp_atecc_random(&w->chip, &w->req, random, world_done, w));
    RUN(w, LP_E_CHIP_EXEC, lp_atecc_genkey(&w->chip, &w->req, 0, w->pub, world_done, w));
}

static void blank_chip_is_recognized(void **state)
{
    (void)state;
    each_model(look_at_blank);
}

// ---- provisioning ------------------------------------------------------------------------------

static void check_provisioned(world_t *w)
{
    const lp_chipsim_image_t *image = world_image(w);
    size_t len = 0;
    assert_int_equal(image->config[86], 0);
    assert_int_equal(image->config[87], 0);
    assert_memory_equal(image->otp, "limpet-1", 8);
    for (unsigned slot = 0; slot < 16; slot++) {
        const uint8_t *data = lp_chipsim_slot_const(image, slot, &len);
        unsigned sum = 0;
        for (size_t i = 0; i < len; i++) {
            sum += data[i];
        }
        const bool is_born = slot == LP_ATECC_SLOT_IDENTITY || slot == LP_ATECC_SLOT_ATTEST;
        if (is_born) {
            assert_true(sum > 0);
        } else if (slot == LP_ATECC_SLOT_FIRMWARE_KEY2) {
            assert_int_equal(sum, 0xA0);
        } else if (slot != 1 && slot != 2 && slot != 4) {
            assert_int_equal(sum, 0);
        }
    }
    assert_int_equal(world_identify(w), LP_OK);
    assert_int_equal(w->id.variant, LP_ATECC_LIMPET);
}

static void provision_and_check(world_t *w)
{
    assert_int_equal(world_provision(w), LP_OK);
    check_provisioned(w);
}

static void blank_chip_is_provisioned(void **state)
{
    (void)state;
    each_model(provision_and_check);
}

// After the lock: everything that must not be possible with the identity key.
static void attack_identity(world_t *w)
{
    uint8_t out[64];
    uint8_t before[64];
    uint8_t data[36] = {0};
    bool is_new = true;
    assert_int_equal(world_provision(w), LP_OK);
    RUN(w, LP_OK, lp_atecc_pubkey(&w->chip, &w->req, 0, before, world_done, w));
    RUN(w, LP_E_CHIP_EXEC, lp_atecc_genkey(&w->chip, &w->req, 0, out, world_done, w));
    const lp_atecc_at_t at = {LP_ATECC_DATA, 0, 0};
    RUN(w, LP_E_CHIP_EXEC, lp_atecc_read(&w->chip, &w->req, at, out, 32, world_done, w));
    RUN(w, LP_E_CHIP_EXEC, lp_atecc_read(&w->chip, &w->req, at, out, 4, world_done, w));
    RUN(w, LP_E_CHIP_EXEC,
        lp_atecc_write(&w->chip, &w->req, at, lp_span(data, 36), true, world_done, w));
    RUN(w, LP_E_CHIP_EXEC, lp_atecc_ecdh(&w->chip, &w->req, 0, before, out, world_done, w));
    RUN(w, LP_E_CHIP_EXEC, lp_atecc_lock_slot(&w->chip, &w->req, 0, world_done, w));
    RUN(w, LP_E_CHIP_EXEC, lp_atecc_sign(&w->chip, &w->req, 2, digest, out, world_done, w));
    RUN(w, LP_E_CHIP_EXEC, lp_atecc_sign(&w->chip, &w->req, 3, digest, out, world_done, w));
    RUN(w, LP_OK, lp_atecc_key_make(&w->chip, &w->req, 0, out, &is_new, world_done, w));
    assert_false(is_new);
    assert_memory_equal(out, before, 64);
}

static void identity_is_fixed_for_ever(void **state)
{
    (void)state;
    each_model(attack_identity);
}

// ---- work --------------------------------------------------------------------------------------

static void sign_and_verify(world_t *w)
{
    uint8_t sig[64];
    assert_int_equal(world_provision(w), LP_OK);
    RUN(w, LP_OK, lp_atecc_pubkey(&w->chip, &w->req, 0, w->pub, world_done, w));
    RUN(w, LP_OK, lp_atecc_sign(&w->chip, &w->req, 0, digest, sig, world_done, w));
    assert_true(world_verify(w->pub, digest, sig)); // OpenSSL, not the chip
    RUN(w, LP_OK, lp_atecc_verify(&w->chip, &w->req, digest, sig, w->pub, world_done, w));
    sig[63] ^= 1;
    RUN(w, LP_E_CHIP_MISMATCH,
        lp_atecc_verify(&w->chip, &w->req, digest, sig, w->pub, world_done, w));
}

static void signatures_are_good(void **state)
{
    (void)state;
    each_model(sign_and_verify);
}

static void agree(world_t *w)
{
    uint8_t peer[64];
    uint8_t secret[32];
    uint8_t want[32];
    uint8_t first[64];
    assert_int_equal(world_provision(w), LP_OK);
    world_peer(peer);
    w->wear = 0;
    RUN(w, LP_OK, lp_atecc_genkey(&w->chip, &w->req, LP_ATECC_SLOT_ECDHE, w->pub, world_done, w));
    RUN(w, LP_OK,
        lp_atecc_ecdh(&w->chip, &w->req, LP_ATECC_SLOT_ECDHE, peer, secret, world_done, w));
    world_ecdh(w->pub, want);
    assert_memory_equal(secret, want, 32);
    memcpy(first, w->pub, 64);
    RUN(w, LP_OK,
        lp_atecc_ecdhe(&w->chip, &w->req, LP_ATECC_SLOT_ECDHE, peer, w->pub, secret, world_done,
                       w));
    world_ecdh(w->pub, want);
    assert_memory_equal(secret, want, 32);
    assert_memory_not_equal(first, w->pub, 64); // fresh each time
    assert_int_equal(w->wear, 2);
    if (w->model == LP_CHIPSIM_ATECC508A) {
        return;
    }
    RUN(w, LP_OK, lp_atecc_genkey(&w->chip, &w->req, LP_ATECC_TEMPKEY, w->pub, world_done, w));
    const uint32_t mark = lp_atecc_tempkey_mark(&w->chip);
    uint8_t random[32];
    RUN(w, LP_OK, lp_atecc_random(&w->chip, &w->req, random, world_done, w));
    world_settle(w, 3000);
    RUN(w, LP_OK, lp_atecc_ecdh_tempkey(&w->chip, &w->req, mark, peer, secret, world_done, w));
    world_ecdh(w->pub, want);
    assert_memory_equal(secret, want, 32);
    RUN(w, LP_E_STATE, lp_atecc_ecdh_tempkey(&w->chip, &w->req, mark, peer, secret, world_done, w));
    assert_int_equal(w->wear, 2);
}

static void shared_secrets_are_right(void **state)
{
    (void)state;
    each_model(agree);
}

static void hash(world_t *w)
{
    static uint8_t message[500];
    uint8_t got[32];
    uint8_t want[32];
    for (size_t i = 0; i < sizeof message; i++) {
        message[i] = (uint8_t)(i * 11);
    }
    static const size_t lengths[] = {0, 1, 55, 56, 63, 64, 65, 128, 500};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        const lp_span_t span = lp_span(message, lengths[i]);
        RUN(w, LP_OK, lp_atecc_sha256(&w->chip, &w->req, span, got, world_done, w));
        lp_sha256(span, want);
        assert_memory_equal(got, want, 32);
    }
}

static void digests_are_right(void **state)
{
    (void)state;
    each_model(hash);
}

static void memory(world_t *w)
{
    uint8_t data[416];
    uint8_t back[416];
    for (size_t i = 0; i < sizeof data; i++) {
        data[i] = (uint8_t)(i * 3 + 1);
    }
    assert_int_equal(world_provision(w), LP_OK);
    const lp_atecc_at_t all = {LP_ATECC_DATA, LP_ATECC_SLOT_DATA, 0};
    const lp_atecc_at_t some = {LP_ATECC_DATA, LP_ATECC_SLOT_DATA, 60};
    const lp_atecc_at_t cert = {LP_ATECC_DATA, LP_ATECC_SLOT_CERT, 0};
    RUN(w, LP_OK, lp_atecc_write(&w->chip, &w->req, all, lp_span(data, 416), false, world_done, w));
    RUN(w, LP_OK, lp_atecc_read(&w->chip, &w->req, all, back, 416, world_done, w));
    assert_memory_equal(back, data, 416);
    RUN(w, LP_OK, lp_atecc_read(&w->chip, &w->req, some, back, 200, world_done, w));
    assert_memory_equal(back, data + 60, 200);
    RUN(w, LP_OK, lp_atecc_write(&w->chip, &w->req, cert, lp_span(data, 72), false, world_done, w));
    RUN(w, LP_OK, lp_atecc_read(&w->chip, &w->req, cert, back, 72, world_done, w));
    assert_memory_equal(back, data, 72);
    RUN(w, LP_OK, lp_atecc_lock_slot(&w->chip, &w->req, LP_ATECC_SLOT_CERT, world_done, w));
    RUN(w, LP_E_CHIP_EXEC,
        lp_atecc_write(&w->chip, &w->req, cert, lp_span(data, 72), false, world_done, w));
    RUN(w, LP_OK, lp_atecc_lock_slot(&w->chip, &w->req, LP_ATECC_SLOT_CERT, world_done, w));
    const lp_atecc_at_t secret = {LP_ATECC_DATA, LP_ATECC_SLOT_BUS_KEY, 0};
    RUN(w, LP_E_CHIP_EXEC, lp_atecc_read(&w->chip, &w->req, secret, back, 32, world_done, w));
    // A chip that has had a slot locked is still one of ours.
    assert_int_equal(world_identify(w), LP_OK);
    assert_int_equal(w->id.variant, LP_ATECC_LIMPET);
}

static void slots_are_written_read_and_locked(void **state)
{
    (void)state;
    each_model(memory);
}

static void rotate(world_t *w)
{
    uint8_t first[64];
    bool is_new = false;
    uint8_t sig[64];
    assert_int_equal(world_provision(w), LP_OK);
    RUN(w, LP_OK, lp_atecc_key_make(&w->chip, &w->req, 1, first, &is_new, world_done, w));
    assert_true(is_new);
    RUN(w, LP_OK, lp_atecc_sign(&w->chip, &w->req, 1, digest, sig, world_done, w));
    assert_true(world_verify(first, digest, sig));
    RUN(w, LP_OK, lp_atecc_lock_slot(&w->chip, &w->req, 1, world_done, w));
    RUN(w, LP_OK, lp_atecc_key_make(&w->chip, &w->req, 1, w->pub, &is_new, world_done, w));
    assert_false(is_new);
    assert_memory_equal(first, w->pub, 64);
}

static void second_identity_is_made_later_and_locked(void **state)
{
    (void)state;
    each_model(rotate);
}

// ---- several chips, slow chips, other states ----------------------------------------------------

static void scan_of_a_bus_with_two_chips(void **state)
{
    (void)state;
    world_t *w = world_new(LP_CHIPSIM_ATECC508A);
    lp_chipsim_image_t image;
    lp_chipsim_t *second = NULL;
    const lp_chipsim_options_t opt = world_options(w, LP_CHIPSIM_ATECC608B);
    assert_int_equal(lp_chipsim_image_factory(&image, LP_CHIPSIM_ATECC608B, NULL, 9), LP_OK);
    image.config[16] = 0x6A;
    assert_int_equal(lp_chipsim_from_image(&second, &opt, &image), LP_OK);
    assert_int_equal(lp_chipsim_bus_attach(w->bus, second), LP_OK);
    static lp_atecc_scan_t scan;
    static lp_atecc_id_t found[4];
    const unsigned n = w->done + 1;
    assert_int_equal(lp_atecc_scan(&scan, &w->loop, &w->i2c, found, 4, world_done, w), LP_OK);
    assert_int_equal(world_wait(w, n), LP_OK);
    assert_int_equal(scan.found_len, 2);
    assert_int_equal(found[0].part, LP_ATECC_508A);
    assert_int_equal(found[1].part, LP_ATECC_608B);
    assert_int_equal(found[1].addr, 0x35);
    lp_chipsim_bus_detach(w->bus, second);
    lp_chipsim_free(second);
    world_free(w);
}

// Each chip's wake pulse wakes the other, too; transfers of the one find the bus taken by the
// other.
static void two_chips_work_at_the_same_time(void **state)
{
    (void)state;
    static lp_atecc_t second_driver;
    static lp_atecc_req_t second_req;
    world_t *w = world_new(LP_CHIPSIM_ATECC508A);
    lp_chipsim_image_t image;
    lp_chipsim_t *second = NULL;
    const lp_chipsim_options_t opt = world_options(w, LP_CHIPSIM_ATECC608B);
    assert_int_equal(world_provision(w), LP_OK);
    assert_int_equal(lp_chipsim_image_factory(&image, LP_CHIPSIM_ATECC608B, NULL, 9), LP_OK);
    memcpy(image.config + 20, world_image(w)->config + 20, 32);
    memcpy(image.config + 96, world_image(w)->config + 96, 32);
    image.config[16] = 0x6A;
    image.config[86] = 0;
    image.config[87] = 0;
    assert_int_equal(lp_chipsim_from_image(&second, &opt, &image), LP_OK);
    assert_int_equal(lp_chipsim_bus_attach(w->bus, second), LP_OK);
    const lp_atecc_config_t cfg = {.loop = &w->loop, .bus = &w->i2c, .addr = 0x35};
    lp_atecc_init(&second_driver, &cfg);
    uint8_t pub[64];
    uint8_t sig[2][64];
    RUN(w, LP_OK, lp_atecc_pubkey(&w->chip, &w->req, 0, w->pub, world_done, w));
    RUN(w, LP_OK, lp_atecc_genkey(&second_driver, &second_req, 1, pub, world_done, w));
    for (uint8_t i = 0; i < 60; i++) {
        const unsigned n = w->done + 2;
        digest[0] = i;
        assert_int_equal(lp_atecc_sign(&w->chip, &w->req, 0, digest, sig[0], world_done, w), LP_OK);
        assert_int_equal(
            lp_atecc_sign(&second_driver, &second_req, 1, digest, sig[1], world_done, w), LP_OK);
        assert_int_equal(world_wait(w, n), LP_OK);
        assert_true(world_verify(w->pub, digest, sig[0]));
        assert_true(world_verify(pub, digest, sig[1]));
        world_settle(w, (uint32_t)i * 40); // less and more than linger and watchdog
    }
    lp_chipsim_bus_detach(w->bus, second);
    lp_chipsim_free(second);
    world_free(w);
}

static void random_and_longest_times_and_noise(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed < 40; seed++) {
        world_t *w = world_new_timed(models[seed % 3],
                                     seed % 2 ? LP_CHIPSIM_TIMING_RANDOM : LP_CHIPSIM_TIMING_MAX);
        uint8_t sig[64];
        assert_int_equal(world_provision(w), LP_OK);
        RUN(w, LP_OK, lp_atecc_pubkey(&w->chip, &w->req, 0, w->pub, world_done, w));
        const lp_chipsim_faults_t noise = {
            .nack_ppm = 20000, .flip_to_ppm = 200, .flip_from_ppm = 200, .seed = seed};
        lp_chipsim_bus_faults(w->bus, &noise);
        for (unsigned i = 0; i < 20; i++) {
            RUN(w, LP_OK, lp_atecc_sign(&w->chip, &w->req, 0, digest, sig, world_done, w));
            assert_true(world_verify(w->pub, digest, sig));
        }
        world_free(w);
    }
}

// What a mutual TLS handshake asks of the chip: an ephemeral exchange and a signature. Typical
// times of the sheet, bus at 100 kHz; the bounds keep a change from making it slower unseen.
static void handshake_costs(world_t *w)
{
    uint8_t peer[64];
    uint8_t secret[32];
    uint8_t sig[64];
    assert_int_equal(world_provision(w), LP_OK);
    world_peer(peer);
    const uint64_t start_ms = lp_port_now_ms();
    w->wire_bytes = 0;
    w->transfers = 0;
    const uint16_t slot = w->model == LP_CHIPSIM_ATECC508A ? LP_ATECC_SLOT_ECDHE : LP_ATECC_TEMPKEY;
    RUN(w, LP_OK, lp_atecc_ecdhe(&w->chip, &w->req, slot, peer, w->pub, secret, world_done, w));
    RUN(w, LP_OK, lp_atecc_sign(&w->chip, &w->req, 0, digest, sig, world_done, w));
    const unsigned ms = (unsigned)(lp_port_now_ms() - start_ms);
    print_message("%s: %u ms, %u bytes in %u transfers\n", lp_chipsim_model_name(w->model), ms,
                  w->wire_bytes, w->transfers);
    assert_in_range(ms, 90, w->model == LP_CHIPSIM_ATECC508A ? 140 : 500);
    assert_in_range(w->wire_bytes, 300, 600);
}

static void handshake_is_not_slower_than_the_chip(void **state)
{
    (void)state;
    each_model(handshake_costs);
}

// ---- power cuts --------------------------------------------------------------------------------

// Power fails just before the n-th EEPROM word is programmed; then the whole way again.
static void cut_and_resume(lp_chipsim_model_t model, unsigned *total)
{
    for (uint32_t n = 1;; n++) {
        world_t *w = world_new(model);
        const lp_chipsim_faults_t cut = {.cut_after_words = n};
        lp_chipsim_bus_faults(w->bus, &cut);
        const lp_err_t err = world_provision(w);
        if (err == LP_OK) {
            check_provisioned(w);
            world_free(w);
            *total += n;
            return;
        }
        lp_chipsim_bus_faults(w->bus, &(lp_chipsim_faults_t){0});
        world_power_cycle(w);
        assert_int_equal(world_provision(w), LP_OK);
        check_provisioned(w);
        world_free(w);
    }
}

static void provisioning_survives_a_power_cut_at_every_word(void **state)
{
    (void)state;
    unsigned total = 0;
    cut_and_resume(LP_CHIPSIM_ATECC508A, &total);
    cut_and_resume(LP_CHIPSIM_ATECC608B, &total);
    print_message("%u cuts\n", total);
    assert_true(total > 100);
}

static void provisioning_survives_a_bus_fault_at_every_transfer(void **state)
{
    (void)state;
    world_t *w = world_new(LP_CHIPSIM_ATECC508A);
    assert_int_equal(world_provision(w), LP_OK);
    const unsigned transfers = w->transfers;
    world_free(w);
    for (unsigned at = 0; at < transfers; at++) {
        w = world_new(LP_CHIPSIM_ATECC508A);
        w->vanish_at = at; // the plug is pulled
        lp_err_t err = world_provision(w);
        if (err != LP_OK) {
            w->vanish_at = UINT32_MAX;
            world_power_cycle(w);
            err = world_provision(w);
        }
        assert_int_equal(err, LP_OK);
        check_provisioned(w);
        world_free(w);
    }
    print_message("%u transfers\n", transfers);
}

// A lost STOP leaves a command in the chip, a brown-out takes TempKey away between Nonce and Sign:
// a signature that comes is good, or an error comes. Afterwards the chip works as before.
static void a_lost_stop_or_a_brown_out_spoils_no_signature(void **state)
{
    (void)state;
    unsigned signatures = 0;
    unsigned errors = 0;
    for (unsigned n = 1; n <= 60; n++) {
        uint8_t sig[64];
        world_t *w = world_new(n % 2 ? LP_CHIPSIM_ATECC508A : LP_CHIPSIM_ATECC608B);
        assert_int_equal(world_provision(w), LP_OK);
        RUN(w, LP_OK, lp_atecc_pubkey(&w->chip, &w->req, 0, w->pub, world_done, w));
        const lp_chipsim_faults_t faults = {
            .lost_stop_ppm = 60000, .brown_out_after = 1 + n / 2, .seed = n};
        lp_chipsim_bus_faults(w->bus, &faults);
        for (unsigned i = 0; i < 3; i++) {
            const unsigned done = w->done + 1;
            assert_int_equal(lp_atecc_sign(&w->chip, &w->req, 0, digest, sig, world_done, w),
                             LP_OK);
            const bool is_signed = world_wait(w, done) == LP_OK;
            assert_true(!is_signed || world_verify(w->pub, digest, sig));
            signatures += is_signed;
            errors += !is_signed;
        }
        lp_chipsim_bus_faults(w->bus, &(lp_chipsim_faults_t){0});
        RUN(w, LP_OK, lp_atecc_sign(&w->chip, &w->req, 0, digest, sig, world_done, w));
        assert_true(world_verify(w->pub, digest, sig));
        world_free(w);
    }
    assert_true(signatures > 60);
    assert_int_equal(signatures + errors, 180);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blank_chip_is_recognized),
        cmocka_unit_test(blank_chip_is_provisioned),
        cmocka_unit_test(identity_is_fixed_for_ever),
        cmocka_unit_test(signatures_are_good),
        cmocka_unit_test(shared_secrets_are_right),
        cmocka_unit_test(digests_are_right),
        cmocka_unit_test(slots_are_written_read_and_locked),
        cmocka_unit_test(second_identity_is_made_later_and_locked),
        cmocka_unit_test(scan_of_a_bus_with_two_chips),
        cmocka_unit_test(two_chips_work_at_the_same_time),
        cmocka_unit_test(random_and_longest_times_and_noise),
        cmocka_unit_test(handshake_is_not_slower_than_the_chip),
        cmocka_unit_test(provisioning_survives_a_power_cut_at_every_word),
        cmocka_unit_test(provisioning_survives_a_bus_fault_at_every_transfer),
        cmocka_unit_test(a_lost_stop_or_a_brown_out_spoils_no_signature),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
