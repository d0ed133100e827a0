// SPDX-License-Identifier: Apache-2.0
// Every remaining command on the emulated chip, and the host's calculations against what it
// answers. The emulator and the calculations were written apart from the same message tables.
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "secrets_rig.h"

static uint8_t out[128];

// Shows the chip's TempKey to the host: MAC with slot 7 over it.
static void compare_tempkey(world_t *w, const lp_atecc_tempkey_t *tk)
{
    uint8_t want[32];
    const uint8_t mode =
        (uint8_t)(LP_ATECC_MAC_BLOCK2_TEMPKEY | (tk->is_input ? LP_ATECC_MAC_SOURCE_INPUT : 0));
    RUN(w, LP_OK, lp_atecc_mac(&w->chip, &w->req, mode, 7, NULL, out, world_done, w));
    lp_atecc_calc_mac(w->id.serial, mode, 7, secret, tk->value, want);
    assert_memory_equal(out, want, 32);
}

static void macs(world_t *w)
{
    lp_atecc_tempkey_t tk;
    uint8_t want[32];
    for (int k = 0; k < 2; k++) {
        const uint8_t extra = k == 0 ? 0 : LP_ATECC_MAC_SERIAL;
        const uint8_t mode = (uint8_t)(LP_ATECC_MAC_BLOCK2_TEMPKEY | extra);
        begin_random(w, &tk);
        RUN(w, LP_OK, lp_atecc_mac(&w->chip, &w->req, mode, 7, NULL, out, world_done, w));
        lp_atecc_calc_mac(w->id.serial, mode, 7, secret, tk.value, want);
        assert_memory_equal(out, want, 32);
    }
    // A challenge alone is not enough for a slot that wants a random nonce.
    RUN(w, LP_E_CHIP_EXEC, lp_atecc_mac(&w->chip, &w->req, 0, 7, other_secret, out, world_done, w));
    begin_random(w, &tk);
    RUN(w, LP_E_CHIP_EXEC,
        lp_atecc_mac(&w->chip, &w->req, LP_ATECC_MAC_BLOCK2_TEMPKEY | LP_ATECC_MAC_SOURCE_INPUT, 7,
                     NULL, out, world_done, w));
}

static void mac_is_what_the_host_computes(void **state)
{
    (void)state;
    each_model(with_secrets, macs);
}

static void hmacs(world_t *w)
{
    lp_atecc_tempkey_t tk;
    uint8_t want[32];
    if (!is_508(w)) {
        assert_int_equal(lp_atecc_hmac(&w->chip, &w->req, 0, 7, out, world_done, w),
                         LP_E_UNSUPPORTED);
        return;
    }
    for (int k = 0; k < 2; k++) {
        const uint8_t mode = k == 0 ? 0 : LP_ATECC_MAC_SERIAL;
        begin_random(w, &tk);
        RUN(w, LP_OK, lp_atecc_hmac(&w->chip, &w->req, mode, 7, out, world_done, w));
        lp_atecc_calc_hmac(w->id.serial, mode, 7, secret, tk.value, want);
        assert_memory_equal(out, want, 32);
    }
}

static void hmac_is_what_the_host_computes(void **state)
{
    (void)state;
    each_model(with_secrets, hmacs);
}

static void checkmacs(world_t *w)
{
    lp_atecc_tempkey_t tk;
    uint8_t response[32];
    const uint8_t other[13] = {8, 1, 7, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
    begin_random(w, &tk);
    lp_atecc_calc_checkmac(w->id.serial, secret, tk.value, other, response);
    RUN(w, LP_OK, lp_atecc_checkmac(&w->chip, &w->req, 1, 7, NULL, response, other, world_done, w));
    begin_random(w, &tk);
    lp_atecc_calc_checkmac(w->id.serial, secret, tk.value, other, response);
    response[31] ^= 1;
    RUN(w, LP_E_CHIP_MISMATCH,
        lp_atecc_checkmac(&w->chip, &w->req, 1, 7, NULL, response, other, world_done, w));
}

static void checkmac_takes_the_hosts_response(void **state)
{
    (void)state;
    each_model(with_secrets, checkmacs);
}

// ---- TempKey -----------------------------------------------------------------------------------

static void gendigs(world_t *w)
{
    lp_atecc_tempkey_t tk;
    const lp_span_t none = lp_span(NULL, 0);
    uint8_t fixed[32];
    memset(fixed, 0x3C, sizeof fixed);
    begin_random(w, &tk);
    compare_tempkey(w, &tk);
    for (uint16_t block = 0; block < 4; block++) {
        begin_random(w, &tk);
        RUN(w, LP_OK,
            lp_atecc_gendig(&w->chip, &w->req, LP_ATECC_DIG_CONFIG, block, none, world_done, w));
        lp_atecc_calc_gendig(&tk, w->id.serial, 0, block, w->id.config + 32 * block);
        compare_tempkey(w, &tk);
    }
    begin_random(w, &tk);
    RUN(w, LP_OK, lp_atecc_gendig(&w->chip, &w->req, LP_ATECC_DIG_OTP, 1, none, world_done, w));
    lp_atecc_calc_gendig(&tk, w->id.serial, 1, 1, world_image(w)->otp + 32);
    compare_tempkey(w, &tk);
    begin_random(w, &tk);
    RUN(w, LP_OK, lp_atecc_gendig(&w->chip, &w->req, LP_ATECC_DIG_SLOT, 6, none, world_done, w));
    lp_atecc_calc_gendig(&tk, w->id.serial, 2, 6, other_secret);
    compare_tempkey(w, &tk);
    for (int k = 0; k < 2; k++) {
        const uint16_t key_id = k == 0 ? 0 : 0x8000;
        begin_random(w, &tk);
        RUN(w, LP_OK,
            lp_atecc_gendig(&w->chip, &w->req, LP_ATECC_DIG_SHARED_NONCE, key_id,
                            lp_span(fixed, 32), world_done, w));
        lp_atecc_calc_gendig_shared(&tk, w->id.serial, key_id, fixed);
        compare_tempkey(w, &tk);
    }
    uint32_t count = 0;
    RUN(w, LP_OK, lp_atecc_counter(&w->chip, &w->req, 1, true, &count, world_done, w));
    begin_random(w, &tk);
    RUN(w, LP_OK, lp_atecc_gendig(&w->chip, &w->req, LP_ATECC_DIG_COUNTER, 1, none, world_done, w));
    lp_atecc_calc_gendig_counter(&tk, w->id.serial, 1, count);
    compare_tempkey(w, &tk);
    begin_random(w, &tk);
    RUN(w, LP_OK,
        lp_atecc_gendig(&w->chip, &w->req, LP_ATECC_DIG_KEY_CONFIG, 9, none, world_done, w));
    lp_atecc_calc_gendig_config(&tk, w->id.serial, 9, 0x46C6, 0x007C, true);
    compare_tempkey(w, &tk);
}

static void gendig_is_what_the_host_computes(void **state)
{
    (void)state;
    each_model(with_secrets, gendigs);
}

static void with_no_mac(lp_chipsim_image_t *image)
{
    with_secrets(image);
    world_set_slot(image, 6, 0x0F9F, 0x003C); // NoMac
}

static void gendig_no_mac(world_t *w)
{
    lp_atecc_tempkey_t tk;
    const uint8_t four[4] = {0x1C, 4, 9, 0};
    const lp_atecc_at_t at = {LP_ATECC_DATA, 9, 0};
    begin_random(w, &tk);
    RUN(w, LP_OK,
        lp_atecc_gendig(&w->chip, &w->req, LP_ATECC_DIG_SLOT, 6, lp_span(four, 4), world_done, w));
    // Such a TempKey is for no MAC, but it encrypts.
    RUN(w, LP_OK, lp_atecc_read_block(&w->chip, &w->req, at, out, world_done, w));
    lp_atecc_calc_gendig_no_mac(&tk, w->id.serial, 6, other_secret, four);
    lp_atecc_calc_open(&tk, out);
    size_t len = 0;
    assert_memory_equal(out, lp_chipsim_slot_const(world_image(w), 9, &len), 32);
    assert_true(tk.is_no_mac && tk.is_gendig && tk.key_id == 6);
}

static void gendig_of_a_host_key(void **state)
{
    (void)state;
    each_model(with_no_mac, gendig_no_mac);
}

static void nonces(world_t *w)
{
    lp_atecc_tempkey_t tk;
    uint8_t fixed[64];
    memset(fixed, 0x11, sizeof fixed);
    begin_random(w, &tk);
    RUN(w, LP_OK, lp_atecc_nonce_calc(&w->chip, &w->req, num_in, out, world_done, w));
    lp_atecc_calc_nonce_calc(&tk, num_in);
    assert_memory_equal(out, tk.value, 32);
    compare_tempkey(w, &tk);
    RUN(w, LP_OK,
        lp_atecc_nonce_store(&w->chip, &w->req, LP_ATECC_TO_TEMPKEY, lp_span(fixed, 32), world_done,
                             w));
    const lp_span_t wide = lp_span(fixed, 64);
    if (is_508(w)) {
        assert_int_equal(
            lp_atecc_nonce_store(&w->chip, &w->req, LP_ATECC_TO_DIGEST, wide, world_done, w),
            LP_E_UNSUPPORTED);
    } else {
        RUN(w, LP_OK,
            lp_atecc_nonce_store(&w->chip, &w->req, LP_ATECC_TO_DIGEST, wide, world_done, w));
        RUN(w, LP_OK,
            lp_atecc_nonce_store(&w->chip, &w->req, LP_ATECC_TO_ALTKEY, lp_span(fixed, 32),
                                 world_done, w));
    }
    assert_int_equal(
        lp_atecc_nonce_store(&w->chip, &w->req, LP_ATECC_TO_ALTKEY, wide, world_done, w),
        LP_E_INVALID);
    assert_int_equal(lp_atecc_nonce_store(&w->chip, &w->req, LP_ATECC_TO_TEMPKEY,
                                          lp_span(fixed, 31), world_done, w),
                     LP_E_INVALID);
}

static void nonce_in_every_mode(void **state)
{
    (void)state;
    each_model(with_secrets, nonces);
}

// ---- keys that change --------------------------------------------------------------------------

static void with_derivable(lp_chipsim_image_t *image)
{
    with_secrets(image);
    world_set_slot(image, 5, 0x2F8F, 0x001C); // roll, no MAC
    world_set_slot(image, 9, 0xB78F, 0x001C); // create from 7, MAC
    world_set_data(image, 5, other_secret, 32);
}

static void derives(world_t *w)
{
    lp_atecc_tempkey_t tk;
    uint8_t key[32];
    uint8_t mac[32];
    size_t len = 0;
    begin_random(w, &tk);
    lp_atecc_calc_derived_key(w->id.serial, 0, 5, other_secret, tk.value, key);
    RUN(w, LP_OK, lp_atecc_derive_key(&w->chip, &w->req, 0, 5, lp_span(NULL, 0), world_done, w));
    assert_memory_equal(lp_chipsim_slot_const(world_image(w), 5, &len), key, 32);
    begin_random(w, &tk);
    RUN(w, LP_E_CHIP_EXEC,
        lp_atecc_derive_key(&w->chip, &w->req, 0, 9, lp_span(secret, 32), world_done, w));
    begin_random(w, &tk);
    lp_atecc_calc_derive_mac(w->id.serial, 0, 9, secret, mac);
    lp_atecc_calc_derived_key(w->id.serial, 0, 9, secret, tk.value, key);
    RUN(w, LP_OK, lp_atecc_derive_key(&w->chip, &w->req, 0, 9, lp_span(mac, 32), world_done, w));
    assert_memory_equal(lp_chipsim_slot_const(world_image(w), 9, &len), key, 32);
}

static void derived_keys_are_what_the_host_computes(void **state)
{
    (void)state;
    each_model(with_derivable, derives);
}

static void counters(world_t *w)
{
    uint32_t value = 99;
    uint32_t first = 0;
    RUN(w, LP_OK, lp_atecc_counter(&w->chip, &w->req, 1, false, &first, world_done, w));
    for (uint32_t i = 1; i < 70; i++) {
        RUN(w, LP_OK, lp_atecc_counter(&w->chip, &w->req, 1, true, &value, world_done, w));
        assert_int_equal(value, first + i);
    }
    RUN(w, LP_OK, lp_atecc_counter(&w->chip, &w->req, 0, false, &value, world_done, w));
    assert_int_equal(value, 0);
    assert_int_equal(lp_atecc_counter(&w->chip, &w->req, 2, false, &value, world_done, w),
                     LP_E_INVALID);
    RUN(w, LP_OK, lp_atecc_update_extra(&w->chip, &w->req, 0, 0x42, world_done, w));
    assert_int_equal(world_image(w)->config[84], 0x42);
    RUN(w, LP_E_CHIP_EXEC, lp_atecc_update_extra(&w->chip, &w->req, 0, 0x43, world_done, w));
}

static void counters_count_and_extra_bytes_are_set_once(void **state)
{
    (void)state;
    each_model(NULL, counters);
}

static void pause_sends_others_to_idle(void **state)
{
    (void)state;
    world_t *w = world_crafted(LP_CHIPSIM_ATECC508A, NULL);
    RUN(w, LP_OK, lp_atecc_pause(&w->chip, &w->req, w->id.config[85], world_done, w));
    world_free(w);
    w = world_crafted(LP_CHIPSIM_ATECC608A, NULL);
    assert_int_equal(lp_atecc_pause(&w->chip, &w->req, 0, world_done, w), LP_E_UNSUPPORTED);
    world_free(w);
}

// ---- signatures over what is in the chip --------------------------------------------------------

static void statements(world_t *w)
{
    lp_atecc_tempkey_t tk;
    uint8_t signer_pub[64];
    uint8_t sig[64];
    uint8_t digest[32];
    RUN(w, LP_OK, lp_atecc_genkey(&w->chip, &w->req, 2, w->pub, world_done, w));
    RUN(w, LP_OK, lp_atecc_genkey(&w->chip, &w->req, 3, signer_pub, world_done, w));
    begin_random(w, &tk);
    RUN(w, LP_OK, lp_atecc_pubkey_digest(&w->chip, &w->req, 2, w->pub, world_done, w));
    lp_atecc_calc_pubkey_digest(&tk, w->id.serial, 2, (const uint8_t[]){0x08, 2, 0}, w->pub);
    {
        const lp_atecc_statement_t s = {.mode = LP_ATECC_SIGN_SERIAL,
                                        .signer = 3,
                                        .slot_config = 0x2084,
                                        .key_config = 0x0013,
                                        .is_open = true};
        RUN(w, LP_OK, lp_atecc_sign_mode(&w->chip, &w->req, s.mode, 3, sig, world_done, w));
        lp_atecc_calc_statement(&tk, w->id.serial, &s, digest);
        assert_true(world_verify(signer_pub, digest, sig));
    }
    // Of a slot's content and settings, by GenDig.
    begin_random(w, &tk);
    RUN(w, LP_OK,
        lp_atecc_gendig(&w->chip, &w->req, LP_ATECC_DIG_SLOT, 7, lp_span(NULL, 0), world_done, w));
    lp_atecc_calc_gendig(&tk, w->id.serial, 2, 7, secret);
    const lp_atecc_statement_t s = {
        .mode = 0, .signer = 3, .slot_config = 0x0F8F, .key_config = 0x007C, .is_open = true};
    RUN(w, LP_OK, lp_atecc_sign_mode(&w->chip, &w->req, 0, 3, sig, world_done, w));
    lp_atecc_calc_statement(&tk, w->id.serial, &s, digest);
    assert_true(world_verify(signer_pub, digest, sig));
    // Slot 3 signs nothing from outside.
    RUN(w, LP_OK, lp_atecc_nonce_load(&w->chip, &w->req, digest, world_done, w));
    RUN(w, LP_E_CHIP_EXEC,
        lp_atecc_sign_mode(&w->chip, &w->req, LP_ATECC_SIGN_EXTERNAL, 3, sig, world_done, w));
}

static void with_signer(lp_chipsim_image_t *image)
{
    with_secrets(image);
    world_set_slot(image, 3, 0x2082, 0x0013); // a new key can be made, for the test
}

static void internal_signatures_are_over_the_hosts_digest(void **state)
{
    (void)state;
    each_model(with_signer, statements);
}

// Public keys are stored as 4 bytes, X, 4 bytes, Y.
static void pack_pub(const uint8_t pub[64], uint8_t slot[72])
{
    memset(slot, 0, 72);
    memcpy(slot + 4, pub, 32);
    memcpy(slot + 40, pub + 32, 32);
}

static void with_public_keys(lp_chipsim_image_t *image)
{
    uint8_t peer[64];
    uint8_t slot[72];
    with_secrets(image);
    world_peer(peer);
    pack_pub(peer, slot);
    world_set_data(image, 13, slot, 72);
    slot[0] = 0xA0;
    world_set_data(image, 14, slot, 72);
}

static void verifies(world_t *w)
{
    uint8_t digest[32] = {7, 7};
    uint8_t sig[64];
    uint8_t peer[64];
    const lp_span_t none = lp_span(NULL, 0);
    lp_atecc_tempkey_t tk;
    world_peer(peer);
    world_sign(digest, sig);
    RUN(w, LP_OK, lp_atecc_nonce_load(&w->chip, &w->req, digest, world_done, w));
    RUN(w, LP_OK,
        lp_atecc_verify_mode(&w->chip, &w->req, LP_ATECC_VERIFY_STORED, 13, sig, none, NULL,
                             world_done, w));
    // 14 is not validated yet.
    RUN(w, LP_OK, lp_atecc_nonce_load(&w->chip, &w->req, digest, world_done, w));
    RUN(w, LP_E_CHIP_EXEC,
        lp_atecc_verify_mode(&w->chip, &w->req, LP_ATECC_VERIFY_STORED, 14, sig, none, NULL,
                             world_done, w));
    uint8_t other[19] = {0};
    uint8_t validation[32];
    const uint8_t three[3] = {0x10, 14, 0};
    begin_random(w, &tk);
    RUN(w, LP_OK, lp_atecc_stored_digest(&w->chip, &w->req, 14, three, world_done, w));
    lp_atecc_calc_pubkey_digest(&tk, w->id.serial, 14, three, peer);
    lp_atecc_calc_validation(&tk, w->id.serial, other, validation);
    world_sign(validation, sig);
    RUN(w, LP_OK,
        lp_atecc_verify_mode(&w->chip, &w->req, LP_ATECC_VERIFY_VALIDATE, 14, sig,
                             lp_span(other, 19), NULL, world_done, w));
    world_sign(digest, sig);
    RUN(w, LP_OK, lp_atecc_nonce_load(&w->chip, &w->req, digest, world_done, w));
    RUN(w, LP_OK,
        lp_atecc_verify_mode(&w->chip, &w->req, LP_ATECC_VERIFY_STORED, 14, sig, none, NULL,
                             world_done, w));
    // Writing takes the validation away.
    const lp_atecc_at_t at = {LP_ATECC_DATA, 14, 0};
    uint8_t again[32];
    RUN(w, LP_OK, lp_atecc_read_block(&w->chip, &w->req, at, again, world_done, w));
    assert_int_equal(again[0] >> 4, 5);
    RUN(w, LP_OK, lp_atecc_write_block(&w->chip, &w->req, at, again, NULL, false, world_done, w));
    RUN(w, LP_OK, lp_atecc_nonce_load(&w->chip, &w->req, digest, world_done, w));
    RUN(w, LP_E_CHIP_EXEC,
        lp_atecc_verify_mode(&w->chip, &w->req, LP_ATECC_VERIFY_STORED, 14, sig, none, NULL,
                             world_done, w));
}

static void stored_keys_verify_and_are_validated(void **state)
{
    (void)state;
    each_model(with_public_keys, verifies);
}

static void verify_mac(world_t *w)
{
    uint8_t digest[32] = {9};
    uint8_t nonce[32];
    uint8_t sig[64];
    uint8_t peer[64];
    uint8_t mac[32];
    uint8_t want[32];
    const uint8_t mode = LP_ATECC_VERIFY_EXTERNAL | LP_ATECC_VERIFY_MAC;
    world_peer(peer);
    world_sign(digest, sig);
    memset(nonce, 0x66, sizeof nonce);
    if (is_508(w)) {
        assert_int_equal(lp_atecc_verify_mode(&w->chip, &w->req, mode, 4, sig, lp_span(peer, 64),
                                              mac, world_done, w),
                         LP_E_UNSUPPORTED);
        return;
    }
    RUN(w, LP_OK, lp_atecc_nonce_load(&w->chip, &w->req, digest, world_done, w));
    RUN(w, LP_OK,
        lp_atecc_nonce_store(&w->chip, &w->req, LP_ATECC_TO_DIGEST, lp_span(nonce, 32), world_done,
                             w));
    RUN(w, LP_OK,
        lp_atecc_verify_mode(&w->chip, &w->req, mode, 4, sig, lp_span(peer, 64), mac, world_done,
                             w));
    lp_atecc_calc_verify_mac(other_secret, digest, nonce, sig, mode, 4, want);
    assert_memory_equal(mac, want, 32);
}

static void verify_with_a_mac_that_cannot_be_forged(void **state)
{
    (void)state;
    each_model(with_secrets, verify_mac);
}

// ---- ECDH that stays in the chip or comes out protected -----------------------------------------

static void keeps(world_t *w)
{
    uint8_t peer[64];
    uint8_t want[32];
    size_t len = 0;
    world_peer(peer);
    RUN(w, LP_OK, lp_atecc_genkey(&w->chip, &w->req, 4, w->pub, world_done, w));
    RUN(w, LP_OK,
        lp_atecc_ecdh_keep(&w->chip, &w->req, LP_ATECC_ECDH_TO_NEXT_SLOT, false, 4, peer,
                           world_done, w));
    world_ecdh(w->pub, want);
    assert_memory_equal(lp_chipsim_slot_const(world_image(w), 5, &len), want, 32);
    if (is_508(w)) {
        assert_int_equal(
            lp_atecc_ecdh_protected(&w->chip, &w->req, false, 2, peer, out, world_done, w),
            LP_E_UNSUPPORTED);
        return;
    }
    RUN(w, LP_OK, lp_atecc_genkey(&w->chip, &w->req, 2, w->pub, world_done, w));
    RUN(w, LP_OK, lp_atecc_ecdh_protected(&w->chip, &w->req, false, 2, peer, out, world_done, w));
    world_ecdh(w->pub, want);
    assert_memory_not_equal(out, want, 32);
    lp_atecc_calc_unprotect(other_secret, out + 32, out, 32);
    assert_memory_equal(out, want, 32);
    RUN(w, LP_OK, lp_atecc_genkey(&w->chip, &w->req, LP_ATECC_TEMPKEY, w->pub, world_done, w));
    RUN(w, LP_OK, lp_atecc_ecdh_protected(&w->chip, &w->req, true, 0, peer, out, world_done, w));
    world_ecdh(w->pub, want);
    lp_atecc_calc_unprotect(other_secret, out + 32, out, 32);
    assert_memory_equal(out, want, 32);
    RUN(w, LP_OK, lp_atecc_genkey(&w->chip, &w->req, 2, w->pub, world_done, w));
    RUN(w, LP_OK,
        lp_atecc_ecdh_keep(&w->chip, &w->req, LP_ATECC_ECDH_TO_TEMPKEY, false, 2, peer, world_done,
                           w));
}

static void shared_secrets_can_stay_in_the_chip(void **state)
{
    (void)state;
    each_model(with_secrets, keeps);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mac_is_what_the_host_computes),
        cmocka_unit_test(hmac_is_what_the_host_computes),
        cmocka_unit_test(checkmac_takes_the_hosts_response),
        cmocka_unit_test(gendig_is_what_the_host_computes),
        cmocka_unit_test(gendig_of_a_host_key),
        cmocka_unit_test(nonce_in_every_mode),
        cmocka_unit_test(derived_keys_are_what_the_host_computes),
        cmocka_unit_test(counters_count_and_extra_bytes_are_set_once),
        cmocka_unit_test(pause_sends_others_to_idle),
        cmocka_unit_test(internal_signatures_are_over_the_hosts_digest),
        cmocka_unit_test(stored_keys_verify_and_are_validated),
        cmocka_unit_test(verify_with_a_mac_that_cannot_be_forged),
        cmocka_unit_test(shared_secrets_can_stay_in_the_chip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
