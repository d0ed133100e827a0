// SPDX-License-Identifier: Apache-2.0
// Every digest of every command in every mode, byte for byte, against OpenSSL.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "digest_rig.h"

// Slot 5 and 6 are secrets.
static void secrets(rig_t *r, int model)
{
    rig_image(r, model, ALL_LOCKED);
    rig_slot(r, 5, 0x808F, 0x001C);
    rig_slot(r, 6, 0x808F, 0x001C);
    rig_key(r, 5, 4);
    rig_key(r, 6, 6);
    rig_start(r);
}

// ---- MAC, HMAC, CheckMac ----------------------------------------------------

static void mac_all_modes_are_exact(void **state)
{
    rig_t *r = *state;
    static const uint8_t modes[] = {0x00, 0x01, 0x02, 0x03, 0x05, 0x06,
                                    0x07, 0x40, 0x41, 0x45, 0x46, 0x47};
    for (int model = M508; model <= M608B; model++) {
        for (size_t i = 0; i < sizeof modes; i++) {
            uint8_t mode = modes[i];
            uint8_t want[32];
            secrets(r, model);
            (mode & 4) != 0 ? nonce_fixed(r, key32(9)) : nonce_random(r);
            const uint8_t *first = (mode & 2) != 0 ? r->tk : key32(4);
            const uint8_t *second = (mode & 1) != 0 ? r->tk : key32(1);
            host_mac(r, first, second, 0x08, mode, 0x0735,
                     want); // only the low four bits choose a slot
            reply_t a = cmd(r, 0x08, mode, 0x0735, key32(1), (mode & 1) != 0 ? 0 : 32);
            assert_data(&a, want, 32);
        }
    }
}

static void hmac_is_exact(void **state)
{
    rig_t *r = *state;
    static const uint8_t modes[] = {0x00, 0x04, 0x40, 0x44};
    for (size_t i = 0; i < sizeof modes; i++) {
        bytes_t b = {.len = 0};
        uint8_t want[32];
        secrets(r, M508);
        (modes[i] & 4) != 0 ? nonce_fixed(r, key32(9)) : nonce_random(r);
        add0(&b, 32);
        add(&b, r->tk, 32);
        add_head(&b, 0x11, modes[i], 5);
        add0(&b, 11);
        add_sn(&b, r, 8, 1);
        (modes[i] & 0x40) != 0 ? add_sn(&b, r, 4, 4) : add0(&b, 4);
        add_sn(&b, r, 0, 2);
        (modes[i] & 0x40) != 0 ? add_sn(&b, r, 2, 2) : add0(&b, 2);
        assert_int_equal(b.len, 88);
        host_hmac(key32(4), 32, b.bytes, b.len, want);
        reply_t a = cmd(r, 0x11, modes[i], 5, NULL, 0);
        assert_data(&a, want, 32);
    }
    assert_int_equal((secrets(r, M608), st(r, 0x11, 0, 5, NULL, 0)), PARSE);
}

static void check_mac_accepts_the_mac_of_another_chip(void **state)
{
    rig_t *r = *state;
    static const uint8_t modes[] = {0x00, 0x01, 0x02, 0x05, 0x06};
    for (size_t i = 0; i < sizeof modes; i++) {
        uint8_t mode = modes[i];
        uint8_t data[77];
        bytes_t b = {.len = 0};
        secrets(r, M508);
        (mode & 4) != 0 ? nonce_fixed(r, key32(9)) : nonce_random(r);
        memcpy(data, key32(1), 32);
        for (unsigned j = 0; j < 13; j++) {
            data[64 + j] = (uint8_t)(0x80 + j);
        }
        add(&b, (mode & 2) != 0 ? r->tk : key32(4), 32);
        add(&b, (mode & 1) != 0 ? r->tk : key32(1), 32);
        add(&b, data + 64, 4);
        add0(&b, 8);
        add(&b, data + 68, 3);
        add_sn(&b, r, 8, 1);
        add(&b, data + 71, 4);
        add_sn(&b, r, 0, 2);
        add(&b, data + 75, 2);
        assert_int_equal(b.len, 88);
        host_hash(&b, data + 32);
        assert_int_equal(st(r, 0x28, mode, 5, data, 77), OK);
        // Only a stored key authorises.
        assert_int_equal(state_bytes(r) & 0x7C00, (mode & 2) != 0 ? 0 : 0x2C00);
    }
}

// ---- Nonce, GenDig ----------------------------------------------------------

// What is in TempKey, proven by a MAC over it.
static void assert_tempkey(rig_t *r, const uint8_t want[32], bool input)
{
    uint8_t mac[32];
    uint8_t mode = input ? 0x05 : 0x01;
    host_mac(r, key32(6), want, 0x08, mode, 6, mac);
    reply_t a = cmd(r, 0x08, mode, 6, NULL, 0);
    assert_data(&a, mac, 32);
}

static void nonce_modes_are_exact(void **state)
{
    rig_t *r = *state;
    uint8_t num_in[20] = {9};
    for (int model = M508; model <= M608B; model++) {
        secrets(r, model);
        nonce_random(r);
        assert_tempkey(r, r->tk, false);
        nonce_fixed(r, key32(3));
        assert_tempkey(r, key32(3), true);
        // Calculation mode: the new TempKey comes back, the flags stay.
        nonce_fixed(r, key32(3));
        bytes_t b = {.len = 0};
        uint8_t want[32];
        add(&b, key32(3), 32);
        add(&b, num_in, 20);
        add1(&b, 0x16);
        add1(&b, 0x01);
        add1(&b, 0x00);
        host_hash(&b, want);
        reply_t a = cmd(r, 0x16, 0x01, 0x8000, num_in, 20);
        assert_data(&a, want, 32);
        assert_tempkey(r, want, true);
        assert_int_equal(st(r, 0x16, 0x02, 0, num_in, 20), PARSE);
        assert_int_equal(st(r, 0x16, 0x00, 1, num_in, 20), PARSE);
        assert_int_equal(st(r, 0x16, 0x03, 0, num_in, 20), PARSE);
    }
}

static void gendig_head(bytes_t *b, const rig_t *r, unsigned zone, unsigned key_id)
{
    add_head(b, 0x15, zone, key_id);
    add_sn(b, r, 8, 1);
    add_sn(b, r, 0, 2);
}

static void gendig_zones_are_exact(void **state)
{
    rig_t *r = *state;
    for (unsigned zone = 0; zone <= 5; zone++) {
        for (unsigned key_id = 0; key_id < 2; key_id++) {
            bytes_t b = {.len = 0};
            uint8_t want[32];
            secrets(r, M508);
            r->image.otp[33] = 0x5A;
            r->image.config[54] = 0x7F; // counter 0 at 1
            rig_start(r);
            nonce_random(r);
            if (zone <= 2) {
                const uint8_t *from = zone == 0   ? r->image.config + 32 * key_id
                                      : zone == 1 ? r->image.otp + 32 * key_id
                                                  : r->image.data + 36 * key_id;
                add(&b, from, 32);
                gendig_head(&b, r, zone, key_id);
                add0(&b, 25);
                add(&b, r->tk, 32);
            } else if (zone == 3) {
                add(&b, key32(8), 32);
                gendig_head(&b, r, zone, key_id);
                add0(&b, 25);
                add(&b, r->tk, 32);
            } else if (zone == 4) {
                reply_t c = cmd(r, 0x24, 0, (uint16_t)key_id, NULL, 0);
                nonce_random(r);
                add0(&b, 32);
                gendig_head(&b, r, zone, key_id);
                add0(&b, 1);
                add(&b, c.data, 4);
                add0(&b, 20);
                add(&b, r->tk, 32);
            } else {
                add0(&b, 32);
                gendig_head(&b, r, zone, key_id);
                add0(&b, 1);
                add(&b, r->image.config + 20 + 2 * key_id, 2);
                add(&b, r->image.config + 96 + 2 * key_id, 2);
                add1(&b, 1);
                add0(&b, 19);
                add(&b, r->tk, 32);
            }
            assert_int_equal(b.len, 96);
            host_hash(&b, want);
            assert_int_equal(
                st(r, 0x15, (uint8_t)zone, (uint16_t)key_id, key32(8), zone == 3 ? 32 : 0), OK);
            assert_tempkey(r, want, false);
        }
    }
}

static void gendig_shared_nonce_swaps_by_bit_15(void **state)
{
    rig_t *r = *state;
    bytes_t b = {.len = 0};
    uint8_t want[32];
    secrets(r, M508);
    nonce_random(r);
    add(&b, r->tk, 32);
    add1(&b, 0x15);
    add1(&b, 3);
    add1(&b, 7); // the low byte of KeyID, then zero
    add1(&b, 0);
    add_sn(&b, r, 8, 1);
    add_sn(&b, r, 0, 2);
    add0(&b, 25);
    add(&b, key32(8), 32);
    host_hash(&b, want);
    assert_int_equal(st(r, 0x15, 3, 0x8007, key32(8), 32), OK);
    assert_tempkey(r, want, false);
}

static void gendig_ignores_four_bytes_without_no_mac(void **state)
{
    rig_t *r = *state;
    static const uint8_t four[4] = {1, 2, 3, 4};
    secrets(r, M508);
    nonce_random(r);
    bytes_t b = {.len = 0};
    uint8_t want[32];
    add(&b, key32(4), 32);
    gendig_head(&b, r, 2, 5);
    add0(&b, 25);
    add(&b, r->tk, 32);
    host_hash(&b, want);
    assert_int_equal(st(r, 0x15, 2, 5, four, 4), OK);
    assert_tempkey(r, want, false);
}

static void gendig_no_mac_takes_its_header_from_the_input(void **state)
{
    rig_t *r = *state;
    static const uint8_t four[4] = {0x1C, 0x04, 0x05, 0x00};
    uint8_t data[77] = {0};
    uint8_t want[32];
    secrets(r, M508);
    rig_slot(r, 5, 0x809F, 0x001C);
    rig_start(r);
    nonce_random(r);
    bytes_t b = {.len = 0};
    add(&b, key32(4), 32);
    add(&b, four, 4);
    add_sn(&b, r, 8, 1);
    add_sn(&b, r, 0, 2);
    add0(&b, 25);
    add(&b, r->tk, 32);
    host_hash(&b, want);
    assert_int_equal(st(r, 0x15, 2, 5, four, 4), OK);
    // NoMac forbids MAC, so CheckMac tells what TempKey holds.
    b.len = 0;
    add(&b, key32(6), 32);
    add(&b, want, 32);
    add0(&b, 15);
    add_sn(&b, r, 8, 1);
    add0(&b, 4);
    add_sn(&b, r, 0, 2);
    add0(&b, 2);
    host_hash(&b, data + 32);
    assert_int_equal(st(r, 0x28, 1, 6, data, 77), OK);
}

// ---- GenKey's digest, Sign(Internal) ----------------------------------------

static void genkey_digest_is_exact(void **state)
{
    rig_t *r = *state;
    static const uint8_t other[3] = {0xA1, 0xB2, 0xC3};
    for (unsigned stored = 0; stored < 2; stored++) {
        uint8_t xy[64];
        uint8_t want[32];
        bytes_t b = {.len = 0};
        secrets(r, M508);
        rig_slot(r, 2, 0x2083, 0x0033);
        rig_private(r, 2, 3);
        rig_slot(r, 10, 0x000F, 0x0010);
        rig_public(r, 10, 3);
        rig_start(r);
        nonce_random(r);
        host_public(key32(3), xy);
        add(&b, r->tk, 32);
        add1(&b, 0x40);
        if (stored != 0) {
            add(&b, other, 3);
        } else {
            add1(&b, 0x08);
            add1(&b, 2);
            add1(&b, 0);
        }
        add_sn(&b, r, 8, 1);
        add_sn(&b, r, 0, 2);
        add0(&b, 25);
        add(&b, xy, 64);
        assert_int_equal(b.len, 128);
        host_hash(&b, want);
        assert_int_equal(st(r, 0x40, stored ? 0x10 : 0x08, stored ? 10 : 2, other, stored ? 3 : 0),
                         OK);
        assert_tempkey(r, want, false);
    }
}

static void internal_signature_covers_the_serial_number(void **state)
{
    rig_t *r = *state;
    bytes_t b = {.len = 0};
    uint8_t digest[32];
    uint8_t xy[64];
    secrets(r, M608);
    rig_slot(r, 2, 0x2083, 0x0033);
    rig_private(r, 2, 3);
    rig_start(r);
    nonce_random(r);
    gendig_slot(r, 5, key32(4));
    add(&b, r->tk, 32);
    add_head(&b, 0x41, 0x40, 2);
    add(&b, r->image.config + 20 + 10, 2);
    add(&b, r->image.config + 96 + 10, 2);
    add1(&b, 0x25);
    add0(&b, 2);
    add_sn(&b, r, 8, 1);
    add_sn(&b, r, 4, 4);
    add_sn(&b, r, 0, 2);
    add_sn(&b, r, 2, 2);
    add1(&b, 1);
    add0(&b, 2);
    host_hash(&b, digest);
    reply_t a = cmd(r, 0x41, 0x40, 2, NULL, 0);
    host_public(key32(3), xy);
    assert_int_equal(a.len, 64);
    assert_true(host_verify(xy, digest, a.data));
}

// ---- SHA --------------------------------------------------------------------

static reply_t sha_508(rig_t *r, uint8_t start, uint8_t end, uint16_t slot, const uint8_t *msg,
                       size_t len)
{
    st(r, 0x47, start, slot, NULL, 0);
    while (len >= 64) {
        assert_int_equal(st(r, 0x47, 1, 64, msg, 64), OK);
        msg += 64;
        len -= 64;
    }
    return cmd(r, 0x47, end, (uint16_t)len, msg, len);
}

static void sha_known_answers(void **state)
{
    rig_t *r = *state;
    uint8_t want[32];
    uint8_t million[640];
    secrets(r, M508);
    from_hex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
             want); // FIPS 180-4, "abc"
    reply_t a = sha_508(r, 0, 2, 0, (const uint8_t *)"abc", 3);
    assert_data(&a, want, 32);
    from_hex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", want);
    a = sha_508(r, 0, 2, 0, NULL, 0);
    assert_data(&a, want, 32);
    from_hex("248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1", want);
    a = sha_508(r, 0, 2, 0,
                (const uint8_t *)"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56);
    assert_data(&a, want, 32);
    memset(million, 'a', sizeof million);
    for (size_t len = 0; len < sizeof million; len += 37) {
        host_sha(million, len, want);
        a = sha_508(r, 0, 2, 0, million, len);
        assert_data(&a, want, 32);
    }
}

static void sha_hmac_is_exact(void **state)
{
    rig_t *r = *state;
    uint8_t msg[200];
    uint8_t want[32];
    memset(msg, 0x5C, sizeof msg);
    for (size_t len = 0; len < sizeof msg; len += 33) {
        secrets(r, M508);
        host_hmac(key32(4), 32, msg, len, want);
        reply_t a = sha_508(r, 4, 5, 5, msg, len);
        assert_data(&a, want, 32);
        secrets(r, M608);
        a = sha_508(r, 4, 2, 5, msg, len);
        assert_data(&a, want, 32);
        nonce_fixed(r, key32(9)); // 608: key from TempKey
        host_hmac(key32(9), 32, msg, len, want);
        a = sha_508(r, 4, 0xC2, 0xFFFF, msg, len);
        assert_data(&a, want, 32);
    }
}

static void sha_508_leaves_the_digest_in_tempkey(void **state)
{
    rig_t *r = *state;
    uint8_t want[32];
    secrets(r, M508);
    sha_508(r, 0, 2, 0, key32(1), 32);
    host_sha(key32(1), 32, want);
    assert_tempkey(r, want, true);
}

static void sha_608_targets(void **state)
{
    rig_t *r = *state;
    uint8_t digest[32];
    uint8_t data[128];
    secrets(r, M608);
    host_sha("hello", 5, digest);
    host_sign(key32(3), digest, data);
    host_public(key32(3), data + 64);
    st(r, 0x47, 0, 0, NULL, 0);
    st(r, 0x1B, 0, 0, NULL, 0); // other commands do not disturb
    assert_int_equal(st(r, 0x47, 1, 4, (const uint8_t *)"hell", 4), OK);
    assert_int_equal(st(r, 0x47, 0x42, 1, (const uint8_t *)"o", 1), OK);
    assert_int_equal(st(r, 0x45, 0x22, 4, data, 128), OK); // from the message digest buffer
    assert_false(tempkey_valid(r));
    sha_508(r, 0, 0xC2, 0, (const uint8_t *)"hello", 5);
    assert_false(tempkey_valid(r));
    sha_508(r, 0, 2, 0, (const uint8_t *)"hello", 5);
    assert_int_equal(st(r, 0x45, 0x02, 4, data, 128), OK); // from TempKey
}

static void sha_context_moves(void **state)
{
    rig_t *r = *state;
    uint8_t msg[150];
    uint8_t want[32];
    memset(msg, 0x33, sizeof msg);
    host_sha(msg, sizeof msg, want);
    secrets(r, M608);
    st(r, 0x47, 0, 0, NULL, 0);
    st(r, 0x47, 1, 64, msg, 64);
    st(r, 0x47, 1, 20, msg, 20);
    reply_t ctx = cmd(r, 0x47, 6, 0, NULL, 0);
    assert_int_equal(ctx.len, 40 + 20);
    assert_int_equal(ctx.data[0] & 63, 20);
    sha_508(r, 0, 2, 0, key32(1), 32); // something else in between
    rig_restart(r);                    // even sleep
    assert_int_equal(st(r, 0x47, 7, (uint16_t)ctx.len, ctx.data, ctx.len), OK);
    assert_int_equal(st(r, 0x47, 1, 64, msg + 84, 64), OK);
    reply_t a = cmd(r, 0x47, 2, 2, msg + 148, 2);
    assert_data(&a, want, 32);
    ctx.data[0] ^= 1;
    assert_int_equal(st(r, 0x47, 7, (uint16_t)ctx.len, ctx.data, ctx.len), PARSE);
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(mac_all_modes_are_exact),
        T(hmac_is_exact),
        T(check_mac_accepts_the_mac_of_another_chip),
        T(nonce_modes_are_exact),
        T(gendig_zones_are_exact),
        T(gendig_shared_nonce_swaps_by_bit_15),
        T(gendig_ignores_four_bytes_without_no_mac),
        T(gendig_no_mac_takes_its_header_from_the_input),
        T(genkey_digest_is_exact),
        T(internal_signature_covers_the_serial_number),
        T(sha_known_answers),
        T(sha_hmac_is_exact),
        T(sha_508_leaves_the_digest_in_tempkey),
        T(sha_608_targets),
        T(sha_context_moves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
