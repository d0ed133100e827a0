// SPDX-License-Identifier: Apache-2.0
// The whole way: TLS, key store, chip driver, I2C, and the emulated chips with the slot plan
// locked.
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "emulated.h"
#include "fake/port.h"
#include "limpet/keychip.h"
#include "rig.h"

static rig_t rig;
static world_t *world;
static lp_keychip_t keychip;

static void open_with(lp_chipsim_model_t model)
{
    world = world_new(model);
    assert_int_equal(world_identify(world), LP_OK);
    assert_int_equal(world_provision(world), LP_OK);
    RUN(world, LP_OK, lp_atecc_pubkey(&world->chip, &world->req, 0, world->pub, world_done, world));
    rig_open_on(&rig, &world->loop);
    lp_keychip_init(&keychip, &world->chip);
    assert_int_equal(lp_keystore_set_chip(&rig.keys, &keychip.prov), LP_OK);
    rig_certify_key(&rig, world->pub, "atca:0");
    world->wear = 0;
}

static void close_all(void)
{
    rig_assert_clean(&rig);
    rig_close(&rig);
    world_free(world);
}

static void again(void)
{
    rig_assert_clean(&rig);
    peer_close(&rig.peer);
}

static void must_connect(void)
{
    bool is_open = rig_handshake(&rig);
    if (!is_open) {
        print_message("closed with %s: %s\n", lp_err_name(rig.why), rig_report(&rig)->detail);
    }
    assert_true(is_open);
    rig_turns(&rig, 20);
    assert_int_equal(rig.closed, 0);
    assert_int_equal(rig.peer.shake_result, 1);
}

static void copy_slot(unsigned slot, uint8_t bytes[36])
{
    size_t len = 0;
    const uint8_t *content = lp_chipsim_slot_const(world_image(world), slot, &len);
    assert_int_equal(len, 36);
    memcpy(bytes, content, 36);
}

static void every_chip_connects_with_a_fresh_key_exchange(void **state)
{
    (void)state;
    for (int model = 0; model < LP_CHIPSIM_MODELS; model++) {
        bool is_508 = model == LP_CHIPSIM_ATECC508A;
        open_with((lp_chipsim_model_t)model);
        for (int i = 0; i < 4; i++) {
            uint8_t before[36];
            uint8_t after[36];
            copy_slot(LP_ATECC_SLOT_ECDHE, before);
            rig.config.max_version = i % 2 == 0 ? LP_TLS_1_3 : LP_TLS_1_2;
            must_connect();
            const lp_tls_report_t *report = rig_report(&rig);
            assert_string_equal(report->key_source, "chip");
            assert_string_equal(report->ecdhe, "chip");
            copy_slot(LP_ATECC_SLOT_ECDHE, after);
            assert_int_equal(world->wear, is_508 ? i + 1 : 0); // a 608 uses TempKey
            assert_int_equal(memcmp(before, after, sizeof before) != 0, is_508);
            if (i < 2) {
                print_message("%s, %s: handshake %u ms, of it %u ms keys\n",
                              lp_chipsim_model_name((lp_chipsim_model_t)model), report->version,
                              report->handshake_ms, report->chip_ms);
            }
            again();
        }
        close_all();
    }
}

static void private_key_is_nowhere_outside_of_the_chip(void **state)
{
    (void)state;
    open_with(LP_CHIPSIM_ATECC508A);
    uint8_t slot[36];
    assert_int_equal(rig_connect(&rig), LP_OK);
    while (rig.peer.to_client == 0) {
        rig_turns(&rig, 1);
    }
    copy_slot(LP_ATECC_SLOT_IDENTITY, slot);
    assert_false(rig_arena_contains(slot + 4, 16));
    assert_false(rig_arena_contains(slot + 20, 16));
    assert_true(rig_arena_contains(world->pub, 16)); // the search finds what is there
    close_all();
}

static void chip_vanishing_at_any_transfer_is_told(void **state)
{
    (void)state;
    static const lp_chipsim_model_t models[] = {LP_CHIPSIM_ATECC508A, LP_CHIPSIM_ATECC608B};
    for (size_t m = 0; m < 2; m++) {
        open_with(models[m]);
        for (int version = LP_TLS_1_2; version <= (int)rig_newest; version++) {
            rig.config.max_version = (lp_tls_version_t)version;
            bool is_open = false;
            unsigned failed = 0;
            for (unsigned n = 0; !is_open; n++) {
                assert_int_equal(lp_keystore_set_chip(&rig.keys, &keychip.prov), LP_OK);
                world->vanish_at = world->transfers + n;
                is_open = rig_handshake(&rig);
                if (!is_open) {
                    failed++;
                    assert_int_equal(rig.why, LP_E_TLS_KEY);
                    assert_non_null(strstr(rig_report(&rig)->detail, ": "));
                }
                again();
                world->vanish_at = UINT_MAX;
                lp_chipsim_power_on(world->sim);
                world_settle(world, 2000);
            }
            print_message("%s: fails at each of the first %u transfers\n",
                          lp_chipsim_model_name(models[m]), failed);
            assert_true(failed >= 10);
        }
        close_all();
    }
}

static void ephemeral_key_lost_to_another_user_of_the_chip_is_told(void **state)
{
    (void)state;
    open_with(LP_CHIPSIM_ATECC608B);
    uint8_t digest[32] = {1};
    uint8_t sig[64];
    assert_int_equal(rig_connect(&rig), LP_OK);
    while (rig.peer.to_server == 0) { // until the ClientHello with our half is out
        rig_turns(&rig, 1);
    }
    RUN(world, LP_OK, lp_atecc_sign(&world->chip, &world->req, 0, digest, sig, world_done, world));
    rig_run(&rig);
    if (rig.opened == 0) { // it came in between: the secret would be another one
        assert_int_equal(rig.why, LP_E_TLS_KEY);
        assert_non_null(strstr(rig_report(&rig)->detail, "key exchange in the chip"));
    }
    again();
    must_connect();
    close_all();
}

static void another_chip_on_the_board_is_told(void **state)
{
    (void)state;
    open_with(LP_CHIPSIM_ATECC508A);
    uint8_t other[64];
    world_peer(other);
    rig_certify_key(&rig, other, "atca:0"); // a certificate for a key that this chip has not
    assert_false(rig_handshake(&rig));
    assert_int_equal(rig.why, LP_E_TLS_KEY);
    assert_non_null(strstr(rig_report(&rig)->detail, "is not the one"));
    assert_int_equal(rig.peer.to_server, 0);
    close_all();
}

static void slot_that_may_not_sign_is_told(void **state)
{
    (void)state;
    open_with(LP_CHIPSIM_ATECC508A);
    uint8_t pub[64];
    RUN(world, LP_OK,
        lp_atecc_genkey(&world->chip, &world->req, LP_ATECC_SLOT_ECDHE, pub, world_done, world));
    rig_certify_key(&rig, pub, "atca:2"); // a key, but for ECDH only
    assert_false(rig_handshake(&rig));
    assert_int_equal(rig.why, LP_E_TLS_KEY);
    close_all();
}

typedef struct {
    uint8_t opcode;
    unsigned count;
    uint8_t secret[32];
} spy_t;

static void spy(void *ctx, uint8_t addr, bool read, bool ack, lp_span_t bytes)
{
    enum { COMMAND = 3, ECDH = 0x43, REPLY = 1 + 32 + 2 };
    spy_t *s = ctx;
    (void)addr;
    if (!read && bytes.len > 2 && bytes.ptr[0] == COMMAND) {
        s->opcode = bytes.ptr[2];
    }
    if (read && ack && s->opcode == ECDH && bytes.len == REPLY && bytes.ptr[0] == REPLY) {
        memcpy(s->secret, bytes.ptr + 1, sizeof s->secret);
        s->count++;
    }
}

static bool is_in(const void *where, size_t size, const uint8_t *bytes, size_t len)
{
    const uint8_t *p = where;
    for (size_t i = 0; i + len <= size; i++) {
        if (memcmp(p + i, bytes, len) == 0) {
            return true;
        }
    }
    return false;
}

// Whoever reads the bus of a 508A has the secret (docs/caveats.md); whoever reads the RAM later has
// not.
static void shared_secret_is_wiped_everywhere(void **state)
{
    (void)state;
    for (int version = LP_TLS_1_2; version <= (int)rig_newest; version++) {
        open_with(LP_CHIPSIM_ATECC508A);
        spy_t seen = {0};
        const lp_chipsim_tap_t tap = {.seen = spy, .ctx = &seen};
        lp_chipsim_bus_tap(world->bus, &tap);
        rig.config.max_version = (lp_tls_version_t)version;
        must_connect();
        assert_int_equal(seen.count, 1);
        assert_false(rig_arena_contains(seen.secret, 12));
        assert_false(is_in(&world->chip, sizeof world->chip, seen.secret, 12));
        assert_false(is_in(&keychip, sizeof keychip, seen.secret, 12));
        assert_false(is_in(&rig.keys, sizeof rig.keys, seen.secret, 12));
        assert_false(is_in(&rig.tls, sizeof rig.tls, seen.secret, 12));
        close_all();
    }
}

static void noise_on_the_bus_delays_or_is_told(void **state)
{
    (void)state;
    open_with(LP_CHIPSIM_ATECC608A);
    unsigned opened = 0;
    for (uint64_t seed = 1; seed <= 30; seed++) {
        const lp_chipsim_faults_t noise = {
            .nack_ppm = 60000, .flip_to_ppm = 1500, .flip_from_ppm = 1500, .seed = seed};
        lp_chipsim_bus_faults(world->bus, &noise);
        assert_int_equal(lp_keystore_set_chip(&rig.keys, &keychip.prov), LP_OK);
        if (rig_handshake(&rig)) {
            opened++;
        } else {
            assert_int_equal(rig.why, LP_E_TLS_KEY);
            assert_string_not_equal(rig_report(&rig)->detail, "");
        }
        again();
    }
    print_message("%u of 30 handshakes went through the noise\n", opened);
    assert_true(opened >= 5);
    const lp_chipsim_faults_t healthy = {0};
    lp_chipsim_bus_faults(world->bus, &healthy);
    world_settle(world, 3000);
    must_connect();
    close_all();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_chip_connects_with_a_fresh_key_exchange),
        cmocka_unit_test(private_key_is_nowhere_outside_of_the_chip),
        cmocka_unit_test(chip_vanishing_at_any_transfer_is_told),
        cmocka_unit_test(ephemeral_key_lost_to_another_user_of_the_chip_is_told),
        cmocka_unit_test(another_chip_on_the_board_is_told),
        cmocka_unit_test(slot_that_may_not_sign_is_told),
        cmocka_unit_test(shared_secret_is_wiped_everywhere),
        cmocka_unit_test(noise_on_the_bus_delays_or_is_told),
    };
    return cmocka_run_group_tests_name("tls chip", tests, rig_pki_make, rig_pki_drop);
}
