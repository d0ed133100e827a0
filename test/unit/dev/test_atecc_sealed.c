// SPDX-License-Identifier: Apache-2.0
// Operations with a shared secret on the emulated chip: right, refused when the secret is wrong,
// alone in the queue, and whole again after a fault at any transfer.
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "emulated.h"
#include "limpet/atecc_raw.h"
#include "limpet/atecc_sealed.h"
#include "limpet/crc.h"

static const lp_chipsim_model_t models[] = {LP_CHIPSIM_ATECC508A, LP_CHIPSIM_ATECC608B};

static uint8_t bus_key[32];
static uint8_t binding[32];
static uint8_t num_in[20];
static uint8_t digest[32];
static lp_atecc_sealed_t op;

enum { IMPORT_SLOT = 1 };

static void craft(lp_chipsim_image_t *image)
{
    for (uint8_t i = 0; i < 32; i++) {
        bus_key[i] = (uint8_t)(i + 1);
        binding[i] = (uint8_t)(0xF0 - i);
        num_in[i % 20] = (uint8_t)(i * 5);
        digest[i] = (uint8_t)(i * 9);
    }
    world_set_data(image, LP_ATECC_SLOT_BUS_KEY, bus_key, 32);
    world_set_data(image, LP_ATECC_SLOT_BINDING, binding, 32);
    // What limpet-1 does not have: a slot that takes an import, and one that needs authorization.
    world_set_slot(image, IMPORT_SLOT, 0x4681, 0x0013);
    world_set_slot(image, 0, 0x2081, 0x0793); // ReqAuth, AuthKey 7
    world_set_slot(image, 3, 0x2082, 0x0013);
    world_set_slot(image, 11, 0x278F, 0x001C); // DeriveKey rolls it, no MAC
    world_set_slot(image, 12, 0xB78F, 0x001C); // DeriveKey makes it from 7, with MAC
    world_set_data(image, 11, binding, 32);
}

static lp_atecc_secret_t secret(const world_t *w, uint8_t slot)
{
    return (lp_atecc_secret_t){.slot = slot,
                               .key = slot == LP_ATECC_SLOT_BUS_KEY ? bus_key : binding,
                               .serial = w->id.serial,
                               .num_in = num_in};
}

static void check_wiped(void)
{
    for (size_t i = 0; i < 32; i++) {
        assert_int_equal(op.tk_.value[i], 0);
        assert_int_equal(op.data_[i], 0);
        assert_int_equal(op.mac_[i], 0);
    }
}

static void each_model(void (*fn)(world_t *w))
{
    for (size_t i = 0; i < 2; i++) {
        world_t *w = world_crafted(models[i], craft);
        fn(w);
        world_free(w);
    }
}

static void memory(world_t *w)
{
    const lp_atecc_secret_t s = secret(w, LP_ATECC_SLOT_BUS_KEY);
    uint8_t data[32];
    uint8_t back[32];
    size_t len = 0;
    for (uint16_t offset = 0; offset < 72; offset = (uint16_t)(offset + 32)) {
        const lp_atecc_at_t at = {LP_ATECC_DATA, LP_ATECC_SLOT_APP_SECRET, offset};
        const size_t used = offset == 64 ? 8 : 32;
        memset(data, 0xA0 + offset / 32, sizeof data);
        RUN(w, LP_OK, lp_atecc_sealed_write(&w->chip, &op, &s, at, data, world_done, w));
        assert_memory_equal(lp_chipsim_slot_const(world_image(w), 9, &len) + offset, data, used);
        check_wiped();
        RUN(w, LP_OK, lp_atecc_sealed_read(&w->chip, &op, &s, at, back, world_done, w));
        assert_memory_equal(back, data, used);
        check_wiped();
    }
    // In the clear nothing comes out and nothing goes in.
    const lp_atecc_at_t at = {LP_ATECC_DATA, LP_ATECC_SLOT_APP_SECRET, 0};
    RUN(w, LP_E_CHIP_EXEC, lp_atecc_read_block(&w->chip, &w->req, at, back, world_done, w));
    RUN(w, LP_E_CHIP_EXEC,
        lp_atecc_write_block(&w->chip, &w->req, at, data, NULL, false, world_done, w));
    // With the wrong secret a write is refused, and a read brings garbage.
    lp_atecc_secret_t wrong = s;
    wrong.key = binding;
    RUN(w, LP_E_CHIP_EXEC, lp_atecc_sealed_write(&w->chip, &op, &wrong, at, data, world_done, w));
    RUN(w, LP_OK, lp_atecc_sealed_read(&w->chip, &op, &wrong, at, back, world_done, w));
    assert_memory_not_equal(back, lp_chipsim_slot_const(world_image(w), 9, &len), 32);
}

static void sealed_memory_opens_with_the_secret_only(void **state)
{
    (void)state;
    each_model(memory);
}

static void import(world_t *w)
{
    static const uint8_t key[32] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
    const lp_atecc_secret_t s = secret(w, LP_ATECC_SLOT_BUS_KEY);
    size_t len = 0;
    RUN(w, LP_OK, lp_atecc_sealed_import(&w->chip, &op, &s, IMPORT_SLOT, key, world_done, w));
    assert_memory_equal(lp_chipsim_slot_const(world_image(w), IMPORT_SLOT, &len) + 4, key, 32);
    check_wiped();
    RUN(w, LP_E_CHIP_EXEC, lp_atecc_sealed_import(&w->chip, &op, &s, 2, key, world_done, w));
}

static void private_keys_go_only_where_import_is_allowed(void **state)
{
    (void)state;
    each_model(import);
}

static void prove(world_t *w)
{
    const lp_atecc_secret_t s = secret(w, LP_ATECC_SLOT_BINDING);
    lp_atecc_secret_t wrong = s;
    uint8_t other_serial[9];
    wrong.key = bus_key;
    RUN(w, LP_OK, lp_atecc_prove(&w->chip, &op, &s, world_done, w));
    RUN(w, LP_E_CHIP_MISMATCH, lp_atecc_prove(&w->chip, &op, &wrong, world_done, w));
    wrong.key = s.key;
    memcpy(other_serial, w->id.serial, 9);
    other_serial[5] ^= 1;
    wrong.serial = other_serial;
    RUN(w, LP_E_CHIP_MISMATCH, lp_atecc_prove(&w->chip, &op, &wrong, world_done, w));
    check_wiped();
}

// An adversary on the bus who changes one byte of the chip's proof, with a right CRC.
static size_t forged_at;

static bool forge(void *ctx, uint8_t addr, lp_buf_t *bytes)
{
    (void)ctx;
    (void)addr;
    if (bytes->len >= 35 && bytes->ptr[0] == 35 && forged_at > 0) {
        bytes->ptr[forged_at] ^= 0x20;
        const uint16_t crc = lp_crc16_8005(0, lp_span(bytes->ptr, 33));
        bytes->ptr[33] = (uint8_t)crc;
        bytes->ptr[34] = (uint8_t)(crc >> 8);
    }
    return true;
}

static void proofs_cannot_be_forged(void **state)
{
    (void)state;
    world_t *w = world_crafted(LP_CHIPSIM_ATECC508A, craft);
    const lp_atecc_secret_t s = secret(w, LP_ATECC_SLOT_BINDING);
    const lp_chipsim_tap_t tap = {.from_chip = forge};
    lp_chipsim_bus_tap(w->bus, &tap);
    // Both 32-byte answers are hit, the nonce and the MAC; hit twice alike, neither passes.
    for (forged_at = 1; forged_at <= 32; forged_at++) {
        RUN(w, LP_E_CHIP_MISMATCH, lp_atecc_prove(&w->chip, &op, &s, world_done, w));
    }
    forged_at = 0;
    RUN(w, LP_OK, lp_atecc_prove(&w->chip, &op, &s, world_done, w));
    world_free(w);
}

// The same byte of the MAC alone.
static unsigned answers;

static bool forge_second(void *ctx, uint8_t addr, lp_buf_t *bytes)
{
    if (bytes->len >= 35 && bytes->ptr[0] == 35 && answers++ == 1) {
        return forge(ctx, addr, bytes);
    }
    return true;
}

static void a_mac_is_compared_to_its_last_byte(void **state)
{
    (void)state;
    world_t *w = world_crafted(LP_CHIPSIM_ATECC508A, craft);
    const lp_atecc_secret_t s = secret(w, LP_ATECC_SLOT_BINDING);
    const lp_chipsim_tap_t tap = {.from_chip = forge_second};
    lp_chipsim_bus_tap(w->bus, &tap);
    for (forged_at = 1; forged_at <= 32; forged_at++) {
        answers = 0;
        RUN(w, LP_E_CHIP_MISMATCH, lp_atecc_prove(&w->chip, &op, &s, world_done, w));
    }
    world_free(w);
}

static void another_chip_is_noticed(void **state)
{
    (void)state;
    each_model(prove);
}

static void authorize(world_t *w)
{
    const lp_atecc_secret_t s = secret(w, LP_ATECC_SLOT_BINDING);
    lp_atecc_secret_t wrong = s;
    uint8_t sig[64];
    // The key is made with an authorization, too: by hand, since it is a rare thing.
    lp_atecc_tempkey_t tk;
    uint8_t random[32];
    uint8_t response[32];
    const uint8_t other[13] = {0};
    RUN(w, LP_E_CHIP_EXEC, lp_atecc_genkey(&w->chip, &w->req, 0, w->pub, world_done, w));
    RUN(w, LP_OK, lp_atecc_nonce_random(&w->chip, &w->req, num_in, random, world_done, w));
    lp_atecc_calc_nonce_random(&tk, random, num_in);
    lp_atecc_calc_checkmac(w->id.serial, binding, tk.value, other, response);
    RUN(w, LP_OK,
        lp_atecc_checkmac(&w->chip, &w->req, 1, LP_ATECC_SLOT_BINDING, NULL, response, other,
                          world_done, w));
    RUN(w, LP_OK, lp_atecc_genkey(&w->chip, &w->req, 0, w->pub, world_done, w));
    RUN(w, LP_E_CHIP_EXEC, lp_atecc_sign(&w->chip, &w->req, 0, digest, sig, world_done, w));
    for (int k = 0; k < 3; k++) {
        RUN(w, LP_OK, lp_atecc_authorized_sign(&w->chip, &op, &s, 0, digest, sig, world_done, w));
        assert_true(world_verify(w->pub, digest, sig));
    }
    wrong.key = bus_key;
    RUN(w, LP_E_CHIP_MISMATCH,
        lp_atecc_authorized_sign(&w->chip, &op, &wrong, 0, digest, sig, world_done, w));
    assert_int_equal(sig[0] | sig[63], 0);
}

static void bound_key_signs_only_for_its_board(void **state)
{
    (void)state;
    each_model(authorize);
}

static void derive(world_t *w)
{
    const lp_atecc_secret_t parent = secret(w, LP_ATECC_SLOT_BINDING);
    lp_atecc_secret_t self = parent;
    uint8_t key[32];
    size_t len = 0;
    self.slot = 11;
    RUN(w, LP_OK, lp_atecc_derive(&w->chip, &op, &self, 11, false, key, world_done, w));
    assert_memory_equal(lp_chipsim_slot_const(world_image(w), 11, &len), key, 32);
    RUN(w, LP_OK, lp_atecc_derive(&w->chip, &op, &parent, 12, true, key, world_done, w));
    assert_memory_equal(lp_chipsim_slot_const(world_image(w), 12, &len), key, 32);
    lp_atecc_secret_t wrong = parent;
    wrong.key = bus_key;
    RUN(w, LP_E_CHIP_EXEC, lp_atecc_derive(&w->chip, &op, &wrong, 12, true, key, world_done, w));
    assert_int_equal(key[0] | key[31], 0);
}

static void derived_keys_are_the_same_on_both_sides(void **state)
{
    (void)state;
    each_model(derive);
}

static void ecdhe(world_t *w)
{
    const lp_atecc_secret_t s = secret(w, LP_ATECC_SLOT_BUS_KEY);
    uint8_t peer[64];
    uint8_t got[32];
    uint8_t want[32];
    world_peer(peer);
    w->wear = 0;
    RUN(w, LP_OK, lp_atecc_ecdhe_sealed(&w->chip, &op, &s, peer, w->pub, got, world_done, w));
    world_ecdh(w->pub, want);
    assert_memory_equal(got, want, 32);
    assert_int_equal(w->wear, 1);
    check_wiped();
}

static void ecdh_secret_does_not_cross_the_bus(void **state)
{
    (void)state;
    each_model(ecdhe);
}

// The key made before, the two halves apart: as a handshake does it.
static void ecdhe_in_halves(world_t *w)
{
    const lp_atecc_secret_t s = secret(w, LP_ATECC_SLOT_BUS_KEY);
    const bool is_608 = w->model != LP_CHIPSIM_ATECC508A;
    uint8_t peer[64];
    uint8_t got[32];
    uint8_t want[32];
    world_peer(peer);
    RUN(w, LP_OK, lp_atecc_genkey(&w->chip, &w->req, 4, w->pub, world_done, w));
    RUN(w, LP_OK, lp_atecc_ecdh_sealed(&w->chip, &op, &s, peer, got, world_done, w));
    world_ecdh(w->pub, want);
    assert_memory_equal(got, want, 32);
    check_wiped();
    if (!is_608) {
        assert_int_equal(
            lp_atecc_ecdh_tempkey_sealed(&w->chip, &w->req, 0, bus_key, peer, got, world_done, w),
            LP_E_UNSUPPORTED);
        return;
    }
    RUN(w, LP_OK, lp_atecc_genkey(&w->chip, &w->req, LP_ATECC_TEMPKEY, w->pub, world_done, w));
    const uint32_t mark = lp_atecc_tempkey_mark(&w->chip);
    RUN(w, LP_OK,
        lp_atecc_ecdh_tempkey_sealed(&w->chip, &w->req, mark, bus_key, peer, got, world_done, w));
    world_ecdh(w->pub, want);
    assert_memory_equal(got, want, 32);
    // Used up, and never with the wrong one.
    RUN(w, LP_E_STATE,
        lp_atecc_ecdh_tempkey_sealed(&w->chip, &w->req, mark, bus_key, peer, got, world_done, w));
    RUN(w, LP_OK, lp_atecc_genkey(&w->chip, &w->req, LP_ATECC_TEMPKEY, w->pub, world_done, w));
    RUN(w, LP_OK,
        lp_atecc_ecdh_tempkey_sealed(&w->chip, &w->req, lp_atecc_tempkey_mark(&w->chip), binding,
                                     peer, got, world_done, w));
    world_ecdh(w->pub, want);
    assert_memory_not_equal(got, want, 32);
}

static void ecdh_in_two_halves_does_not_cross_the_bus(void **state)
{
    (void)state;
    each_model(ecdhe_in_halves);
}

static void verify(world_t *w)
{
    uint8_t sig[64];
    uint8_t pub[64];
    uint8_t nonce[32] = {7};
    lp_atecc_check_t check = {
        .digest = digest, .sig = sig, .pub = pub, .io_key = bus_key, .nonce = nonce};
    world_peer(pub);
    world_sign(digest, sig);
    if (w->model == LP_CHIPSIM_ATECC508A) {
        assert_int_equal(lp_atecc_verify_sealed(&w->chip, &w->req, &check, world_done, w),
                         LP_E_UNSUPPORTED);
        return;
    }
    RUN(w, LP_OK, lp_atecc_verify_sealed(&w->chip, &w->req, &check, world_done, w));
    check.io_key = binding;
    RUN(w, LP_E_CHIP_MISMATCH, lp_atecc_verify_sealed(&w->chip, &w->req, &check, world_done, w));
    check.io_key = bus_key;
    sig[40] ^= 1;
    RUN(w, LP_E_CHIP_MISMATCH, lp_atecc_verify_sealed(&w->chip, &w->req, &check, world_done, w));
    check.nonce = NULL;
    assert_int_equal(lp_atecc_verify_sealed(&w->chip, &w->req, &check, world_done, w),
                     LP_E_INVALID);
}

static void yes_of_a_608_is_proven(void **state)
{
    (void)state;
    each_model(verify);
}

static void attest(world_t *w)
{
    uint8_t signer[64];
    uint8_t random[32];
    uint8_t sig[64];
    uint8_t statement[32];
    RUN(w, LP_OK, lp_atecc_genkey(&w->chip, &w->req, 3, signer, world_done, w));
    RUN(w, LP_OK, lp_atecc_genkey(&w->chip, &w->req, 2, w->pub, world_done, w));
    uint8_t pub[64];
    RUN(w, LP_OK, lp_atecc_attest(&w->chip, &op, num_in, 2, 3, random, pub, sig, world_done, w));
    assert_memory_equal(pub, w->pub, 64);
    lp_atecc_tempkey_t tk;
    const lp_atecc_statement_t s = {
        .mode = 0x40, .signer = 3, .slot_config = 0x2084, .key_config = 0x0013, .is_open = true};
    lp_atecc_calc_nonce_random(&tk, random, num_in);
    lp_atecc_calc_pubkey_digest(&tk, w->id.serial, 2, (const uint8_t[]){0x08, 2, 0}, pub);
    lp_atecc_calc_statement(&tk, w->id.serial, &s, statement);
    assert_true(world_verify(signer, statement, sig));
    // Another key, other settings or another nonce are another statement.
    lp_atecc_statement_t other = s;
    other.slot_config ^= 0x2000;
    lp_atecc_calc_statement(&tk, w->id.serial, &other, statement);
    assert_false(world_verify(signer, statement, sig));
}

static void chip_states_where_a_key_lives(void **state)
{
    (void)state;
    each_model(attest);
}

// ---- faults ------------------------------------------------------------------------------------

static lp_err_t start_one(world_t *w, int which, uint8_t *a, uint8_t *b)
{
    static lp_atecc_secret_t s;
    static uint8_t peer[64];
    static const lp_atecc_at_t at = {LP_ATECC_DATA, LP_ATECC_SLOT_APP_SECRET, 0};
    s = secret(w, which == 2 ? LP_ATECC_SLOT_BINDING : LP_ATECC_SLOT_BUS_KEY);
    world_peer(peer);
    switch (which) {
    case 0:
        return lp_atecc_sealed_read(&w->chip, &op, &s, at, a, world_done, w);
    case 1:
        return lp_atecc_sealed_write(&w->chip, &op, &s, at, digest, world_done, w);
    case 2:
        return lp_atecc_prove(&w->chip, &op, &s, world_done, w);
    case 3:
        return lp_atecc_ecdhe_sealed(&w->chip, &op, &s, peer, b, a, world_done, w);
    default:
        return lp_atecc_ecdh_sealed(&w->chip, &op, &s, peer, a, world_done, w);
    }
}

static void brown_out_at_every_transfer(void **state)
{
    (void)state;
    unsigned runs = 0;
    for (int which = 0; which < 5; which++) {
        for (unsigned at = 0;; at++) {
            uint8_t a[32];
            uint8_t b[64];
            uint8_t want[32];
            world_t *w = world_crafted(LP_CHIPSIM_ATECC508A, craft);
            if (which == 4) { // its key was made before
                RUN(w, LP_OK, lp_atecc_genkey(&w->chip, &w->req, 4, b, world_done, w));
            }
            world_settle(w, 100);
            w->dip_at = w->transfers + at;
            const unsigned last = w->transfers;
            assert_int_equal(start_one(w, which, a, b), LP_OK);
            const lp_err_t err = world_wait(w, w->done + 1);
            if (err == LP_OK && which >= 3) {
                world_ecdh(b, want);
                assert_memory_equal(a, want, 32);
            } else if (which != 3) { // its GenKey must not be repeated on a doubt
                assert_int_equal(err, LP_OK);
            }
            const bool is_past = w->transfers - last < at;
            world_free(w);
            runs++;
            if (is_past) {
                break;
            }
        }
    }
    print_message("%u runs\n", runs);
}

static void impossible_arguments_are_refused(void **state)
{
    (void)state;
    world_t *w = world_crafted(LP_CHIPSIM_ATECC508A, craft);
    lp_atecc_secret_t s = secret(w, LP_ATECC_SLOT_BUS_KEY);
    uint8_t buf[64];
    const lp_atecc_at_t odd = {LP_ATECC_DATA, 9, 4};
    const lp_atecc_at_t past = {LP_ATECC_DATA, 9, 96};
    const lp_atecc_at_t config = {LP_ATECC_CONFIG, 0, 32};
    assert_int_equal(lp_atecc_sealed_read(&w->chip, &op, &s, odd, buf, world_done, w),
                     LP_E_INVALID);
    assert_int_equal(lp_atecc_sealed_read(&w->chip, &op, &s, past, buf, world_done, w),
                     LP_E_INVALID);
    assert_int_equal(lp_atecc_sealed_write(&w->chip, &op, &s, config, buf, world_done, w),
                     LP_E_INVALID);
    s.num_in = NULL;
    assert_int_equal(lp_atecc_prove(&w->chip, &op, &s, world_done, w), LP_E_INVALID);
    s = secret(w, LP_ATECC_SLOT_BUS_KEY);
    s.slot = 16;
    assert_int_equal(lp_atecc_prove(&w->chip, &op, &s, world_done, w), LP_E_INVALID);
    s.slot = 6;
    assert_int_equal(lp_atecc_prove(&w->chip, &op, &s, world_done, w), LP_OK);
    assert_int_equal(lp_atecc_prove(&w->chip, &op, &s, world_done, w), LP_E_BUSY);
    assert_int_equal(world_wait(w, w->done + 1), LP_OK);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sealed_memory_opens_with_the_secret_only),
        cmocka_unit_test(private_keys_go_only_where_import_is_allowed),
        cmocka_unit_test(another_chip_is_noticed),
        cmocka_unit_test(proofs_cannot_be_forged),
        cmocka_unit_test(a_mac_is_compared_to_its_last_byte),
        cmocka_unit_test(bound_key_signs_only_for_its_board),
        cmocka_unit_test(derived_keys_are_the_same_on_both_sides),
        cmocka_unit_test(ecdh_secret_does_not_cross_the_bus),
        cmocka_unit_test(ecdh_in_two_halves_does_not_cross_the_bus),
        cmocka_unit_test(yes_of_a_608_is_proven),
        cmocka_unit_test(chip_states_where_a_key_lives),
        cmocka_unit_test(brown_out_at_every_transfer),
        cmocka_unit_test(impossible_arguments_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
