// SPDX-License-Identifier: Apache-2.0
// Who listens to, or sits on, the two wires between board and chip during a handshake: with a bus
// key, and without.
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>

#include "emulated.h"
#include "fake/port.h"
#include "limpet/crc.h"
#include "limpet/keychip.h"
#include "rig.h"

enum { OP_READ = 0x02, OP_GENKEY = 0x40, OP_ECDH = 0x43, SECRET = 32, TAPE = 1 << 16 };

static rig_t rig;
static world_t *world;
static lp_keychip_t keychip;
static lp_keychip_seal_t seal;
static uint8_t bus_key[32];

static const lp_chipsim_model_t models[] = {LP_CHIPSIM_ATECC508A, LP_CHIPSIM_ATECC608B};

static void open_with(lp_chipsim_model_t model, bool has_bus_key)
{
    static const lp_atecc_at_t at = {.zone = LP_ATECC_DATA, .slot = LP_ATECC_SLOT_BUS_KEY};
    memset(bus_key, 0x5C, sizeof bus_key);
    bus_key[0] = (uint8_t)model;
    world = world_new(model);
    assert_int_equal(world_identify(world), LP_OK);
    assert_int_equal(world_provision(world), LP_OK);
    RUN(world, LP_OK,
        lp_atecc_write(&world->chip, &world->req, at, lp_span(bus_key, sizeof bus_key), true,
                       world_done, world));
    RUN(world, LP_OK, lp_atecc_pubkey(&world->chip, &world->req, 0, world->pub, world_done, world));
    rig_open_on(&rig, &world->loop);
    lp_keychip_init(&keychip, &world->chip);
    if (has_bus_key) {
        lp_keychip_seal(&keychip, &seal, bus_key, world->id.serial);
    }
    assert_int_equal(lp_keystore_set_chip(&rig.keys, &keychip.prov), LP_OK);
    rig_certify_key(&rig, world->pub, "atca:0");
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

static void skip_without_secrets(void)
{
    if (rig_newest == LP_TLS_1_2 && rig_server_is_openssl) {
        RIG_SKIP("OpenSSL's server forgets the secret of TLS 1.2");
    }
}

// Where the chip is not to do it, software does, and an image without that refuses.
static void only_software_does_it(void)
{
    if (rig_is_chip_only) {
        assert_int_equal(rig_connect(&rig), LP_E_UNSUPPORTED);
        assert_non_null(strstr(rig_report(&rig)->detail, "leaves key exchange and checks"));
        assert_int_equal(rig.peer.to_server, 0);
    } else {
        assert_true(rig_handshake(&rig));
    }
}

// ---- the recorder -------------------------------------------------------------------------------

typedef struct {
    uint8_t bytes[TAPE];
    size_t len;
} tape_t;

static tape_t tape;

static void record(void *ctx, uint8_t addr, bool read, bool ack, lp_span_t bytes)
{
    tape_t *t = ctx;
    (void)addr;
    (void)read;
    (void)ack;
    assert_true(bytes.len <= sizeof t->bytes - t->len);
    if (bytes.len == 0) {
        return;
    }
    memcpy(t->bytes + t->len, bytes.ptr, bytes.len);
    t->len += bytes.len;
}

static void start_recording(void)
{
    const lp_chipsim_tap_t tap = {.seen = record, .ctx = &tape};
    tape.len = 0;
    lp_chipsim_bus_tap(world->bus, &tap);
}

// Any 32 bytes that went by.
static bool is_on_tape(const uint8_t secret[SECRET])
{
    for (size_t i = 0; i + SECRET <= tape.len; i++) {
        if (memcmp(tape.bytes + i, secret, SECRET) == 0) {
            return true;
        }
    }
    return false;
}

// Any two times 32 bytes that went by, one masking the other.
static bool is_masked_on_tape(const uint8_t secret[SECRET])
{
    for (size_t i = 0; i + SECRET <= tape.len; i++) {
        for (size_t k = 0; k < i; k++) {
            size_t n = 0;
            while (n < SECRET && (tape.bytes[i + n] ^ tape.bytes[k + n]) == secret[n]) {
                n++;
            }
            if (n == SECRET) {
                return true;
            }
        }
    }
    return false;
}

static void recorder_has_the_secret_in_clear_and_nothing_when_sealed(void **state)
{
    (void)state;
    skip_without_secrets();
    for (size_t m = 0; m < 2; m++) {
        for (int is_sealed = 0; is_sealed < 2; is_sealed++) {
            uint8_t secret[SECRET];
            open_with(models[m], is_sealed == 1);
            rig.config.max_version = LP_TLS_1_3;
            start_recording();
            assert_true(rig_handshake(&rig));
            rig_turns(&rig, 20);
            assert_true(peer_secret(&rig.peer, secret));
            assert_string_equal(rig_report(&rig)->ecdhe, is_sealed == 1 ? "sealed" : "chip");
            assert_int_equal(is_on_tape(secret), is_sealed == 0);
            assert_true(is_on_tape(world->pub)); // the tape has what was said
            if (is_sealed == 1) {
                assert_false(is_masked_on_tape(secret));
                assert_false(is_on_tape(bus_key));
            }
            print_message("%s, %s: %u ms, of it %u ms keys, %zu bytes on the bus\n",
                          lp_chipsim_model_name(models[m]), rig_report(&rig)->ecdhe,
                          rig_report(&rig)->handshake_ms, rig_report(&rig)->chip_ms, tape.len);
            close_all();
        }
    }
}

static void sealed_goes_with_every_version_and_again(void **state)
{
    (void)state;
    for (size_t m = 0; m < 2; m++) {
        open_with(models[m], true);
        for (int i = 0; i < 4; i++) {
            rig.config.max_version = i % 2 == 0 ? LP_TLS_1_2 : LP_TLS_1_3;
            rig.config.ecdhe = i < 2 ? LP_TLS_ECDHE_AUTO : LP_TLS_ECDHE_SEALED;
            assert_true(rig_handshake(&rig));
            assert_string_equal(rig_report(&rig)->ecdhe, "sealed");
            assert_string_equal(rig_report(&rig)->group, "P-256");
            again();
        }
        close_all();
    }
}

static void secret_and_bus_key_are_wiped_from_the_arena(void **state)
{
    (void)state;
    skip_without_secrets();
    for (size_t m = 0; m < 2; m++) {
        uint8_t secret[SECRET];
        open_with(models[m], true);
        assert_true(rig_handshake(&rig));
        rig_turns(&rig, 20);
        assert_true(peer_secret(&rig.peer, secret));
        assert_false(rig_arena_contains(secret, 12));
        assert_false(rig_arena_contains(bus_key, 12));
        lp_keychip_unseal(&keychip, false);
        for (size_t i = 0; i < sizeof seal.key_; i++) {
            assert_int_equal(seal.key_[i], 0);
        }
        close_all();
    }
}

// ---- where there is no key, or the chip cannot prove it -----------------------------------------

static void broken_seal_means_software_and_never_clear(void **state)
{
    (void)state;
    open_with(LP_CHIPSIM_ATECC508A, true);
    lp_keychip_unseal(&keychip, true);
    start_recording();
    only_software_does_it();
    if (!rig_is_chip_only) {
        uint8_t secret[SECRET];
        assert_string_equal(rig_report(&rig)->ecdhe, "software");
        assert_string_equal(rig_report(&rig)->key_source, "chip");
        rig_turns(&rig, 20);
        assert_false(peer_secret(&rig.peer, secret) && is_on_tape(secret));
    }
    again();
    rig.config.ecdhe = LP_TLS_ECDHE_SEALED;
    assert_int_equal(rig_connect(&rig), LP_E_UNSUPPORTED);
    assert_non_null(strstr(rig_report(&rig)->detail, "no bus key"));
    again();
    lp_keychip_unseal(&keychip, false);
    assert_int_equal(rig_connect(&rig), LP_E_UNSUPPORTED);
    assert_non_null(strstr(rig_report(&rig)->detail, "no bus key"));
    close_all();
}

static lp_err_t run_op(lp_key_op_t *op, lp_key_op_kind_t kind)
{
    op->kind = kind;
    op->id = (lp_key_id_t){.place = LP_KEY_IN_CHIP};
    op->done = world_done;
    op->ctx = world;
    const unsigned n = world->done + 1;
    assert_int_equal(lp_keystore_start(&rig.keys, op), LP_OK);
    return world_wait(world, n);
}

static void key_made_for_a_sealed_exchange_is_never_used_in_clear(void **state)
{
    (void)state;
    for (size_t m = 0; m < 2; m++) {
        lp_key_op_t op = {0};
        open_with(models[m], true);
        assert_int_equal(run_op(&op, LP_KEY_OP_ECDHE_SEALED), LP_OK);
        lp_keychip_unseal(&keychip, false);
        world_peer(op.in);
        start_recording();
        assert_int_equal(run_op(&op, LP_KEY_OP_ECDHE_AGREE), LP_E_STATE);
        assert_int_equal(tape.len, 0);
        assert_int_equal(run_op(&op, LP_KEY_OP_ECDHE_SEALED), LP_E_UNSUPPORTED);
        close_all();
    }
}

// ---- who changes what is said -------------------------------------------------------------------

typedef struct {
    uint8_t opcode; // of the last command
    uint8_t target; // answers to this one
    bool replays;   // the first one for ever; else bit `bit` is inverted
    unsigned bit;
    uint8_t first[72];
    size_t first_len;
    unsigned hits;
} man_t;

static bool overhear(void *ctx, uint8_t addr, lp_buf_t *bytes)
{
    man_t *man = ctx;
    (void)addr;
    if (bytes->len > 6 && bytes->ptr[0] == 3) {
        man->opcode = bytes->ptr[2];
    }
    return true;
}

static bool change(void *ctx, uint8_t addr, lp_buf_t *bytes)
{
    man_t *man = ctx;
    (void)addr;
    const bool is_whole = bytes->len >= 35 && bytes->ptr[0] == bytes->len;
    if (man->opcode != man->target || !is_whole) {
        return true;
    }
    if (man->replays && man->first_len == 0) {
        memcpy(man->first, bytes->ptr, bytes->len);
        man->first_len = bytes->len;
        return true;
    }
    man->hits++;
    if (man->replays) {
        memcpy(bytes->ptr, man->first, man->first_len);
        return true;
    }
    bytes->ptr[1 + man->bit / 8] ^= (uint8_t)(1u << man->bit % 8);
    const uint16_t crc = lp_crc16_8005(0, lp_span(bytes->ptr, bytes->len - 2));
    bytes->ptr[bytes->len - 2] = (uint8_t)crc;
    bytes->ptr[bytes->len - 1] = (uint8_t)(crc >> 8);
    return true;
}

static void sit_on_the_bus(man_t *man)
{
    const lp_chipsim_tap_t tap = {.to_chip = overhear, .from_chip = change, .ctx = man};
    lp_chipsim_bus_tap(world->bus, &tap);
}

static uint8_t secret_answer_of(size_t m)
{
    return m == 0 ? OP_READ : OP_ECDH;
}

static void assert_no_handshake(man_t *man)
{
    man->hits = 0;
    assert_false(rig_handshake(&rig));
    assert_true(man->hits > 0);
    assert_int_equal(rig.opened, 0);
    again();
}

static void changed_secret_or_public_key_ends_the_handshake(void **state)
{
    (void)state;
    for (size_t m = 0; m < 2; m++) {
        open_with(models[m], true);
        for (int version = LP_TLS_1_2; version <= (int)rig_newest; version++) {
            rig.config.max_version = (lp_tls_version_t)version;
            man_t man = {.target = secret_answer_of(m), .bit = 77};
            sit_on_the_bus(&man);
            assert_no_handshake(&man);
            man = (man_t){.target = OP_GENKEY, .bit = 5};
            assert_no_handshake(&man);
            lp_chipsim_bus_tap(world->bus, NULL);
            assert_true(rig_handshake(&rig));
            again();
        }
        close_all();
    }
}

static void replayed_secret_ends_the_handshake(void **state)
{
    (void)state;
    for (size_t m = 0; m < 2; m++) {
        open_with(models[m], true);
        man_t man = {.target = secret_answer_of(m), .replays = true};
        sit_on_the_bus(&man);
        assert_true(rig_handshake(&rig)); // the one that is recorded
        assert_string_equal(rig_report(&rig)->ecdhe, "sealed");
        again();
        assert_no_handshake(&man);
        close_all();
    }
}

// A board with the right chip and another key, as after a copy of the flash that went wrong.
static void wrong_bus_key_ends_the_handshake(void **state)
{
    (void)state;
    for (size_t m = 0; m < 2; m++) {
        open_with(models[m], true);
        uint8_t wrong[32];
        memcpy(wrong, bus_key, sizeof wrong);
        wrong[31] ^= 1;
        lp_keychip_seal(&keychip, &seal, wrong, world->id.serial);
        assert_false(rig_handshake(&rig));
        assert_int_equal(rig.opened, 0);
        close_all();
    }
}

// ---- who says yes in the chip's place -----------------------------------------------------------

enum { OP_NONCE = 0x16, OP_VERIFY = 0x45, AT_DATA = 6, SIGNATURE = 64, POINT = 64 };

typedef struct {
    uint8_t opcode;
    uint8_t digest[32];
    bool says_yes;     // to every check
    bool changes_keys; // has the chip check with a key that fits the signature
    unsigned hits;
} liar_t;

static void close_packet(uint8_t *packet) // count first
{
    const size_t end = packet[0] - 2u;
    const uint16_t crc = lp_crc16_8005(0, lp_span(packet, end));
    packet[end] = (uint8_t)crc;
    packet[end + 1] = (uint8_t)(crc >> 8);
}

// A public key under which `sig` is a signature of `digest`: (s R - z G) / r, R the point with x =
// r.
static void recover_key(const uint8_t digest[32], const uint8_t sig[SIGNATURE], uint8_t pub[POINT])
{
    uint8_t point[1 + POINT];
    EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    const BIGNUM *order = EC_GROUP_get0_order(group);
    BN_CTX *ctx = BN_CTX_new();
    BIGNUM *r = BN_bin2bn(sig, 32, NULL);
    BIGNUM *s = BN_bin2bn(sig + 32, 32, NULL);
    BIGNUM *z = BN_bin2bn(digest, 32, NULL);
    BIGNUM *inverse = BN_mod_inverse(NULL, r, order, ctx);
    EC_POINT *q = EC_POINT_new(group);
    assert_int_equal(EC_POINT_set_compressed_coordinates(group, q, r, 0, ctx), 1);
    BN_mod_mul(s, s, inverse, order, ctx);
    BN_mod_mul(z, z, inverse, order, ctx);
    BN_sub(z, order, z);
    assert_int_equal(EC_POINT_mul(group, q, z, q, s, ctx), 1);
    assert_int_equal(
        EC_POINT_point2oct(group, q, POINT_CONVERSION_UNCOMPRESSED, point, sizeof point, ctx),
        sizeof point);
    memcpy(pub, point + 1, POINT);
    BN_free(r);
    BN_free(s);
    BN_free(z);
    BN_free(inverse);
    EC_POINT_free(q);
    EC_GROUP_free(group);
    BN_CTX_free(ctx);
}

static bool on_command(void *ctx, uint8_t addr, lp_buf_t *bytes)
{
    liar_t *liar = ctx;
    uint8_t *p = bytes->ptr;
    (void)addr;
    if (bytes->len <= AT_DATA || p[0] != 3) {
        return true;
    }
    liar->opcode = p[2];
    if (p[2] == OP_NONCE && p[3] == 3) {
        memcpy(liar->digest, p + AT_DATA, sizeof liar->digest);
    }
    if (p[2] == OP_VERIFY && liar->changes_keys) {
        recover_key(liar->digest, p + AT_DATA, p + AT_DATA + SIGNATURE);
        close_packet(p + 1);
        liar->hits++;
    }
    return true;
}

static bool on_answer(void *ctx, uint8_t addr, lp_buf_t *bytes)
{
    liar_t *liar = ctx;
    (void)addr;
    const bool is_no = bytes->len >= 4 && bytes->ptr[0] == 4 && bytes->ptr[1] == 1;
    if (liar->says_yes && liar->opcode == OP_VERIFY && is_no) {
        bytes->ptr[1] = 0;
        close_packet(bytes->ptr);
        liar->hits++;
    }
    return true;
}

// A server whose certificate names our root as its issuer and is signed by somebody else's key.
static pki_id_t impostor(void)
{
    const pki_spec_t spec = {.cn = "localhost", .san = "DNS:localhost"};
    EVP_PKEY *forger = pki_key_p256();
    const pki_id_t false_root = {.key = forger, .cert = rig_pki.root.cert};
    pki_id_t server = pki_issue(pki_key_p256(), &spec, &false_root);
    EVP_PKEY_free(forger);
    return server;
}

// Whether the board takes the impostor for the server while `liar` is on the bus.
static bool is_fooled(liar_t liar)
{
    pki_id_t server = impostor();
    const lp_chipsim_tap_t tap = {.to_chip = on_command, .from_chip = on_answer, .ctx = &liar};
    rig.peer_config.id = &server;
    rig.config.verify_in_chip = true;
    lp_chipsim_bus_tap(world->bus, &tap);
    const bool is_open = rig_handshake(&rig);
    lp_chipsim_bus_tap(world->bus, NULL);
    assert_true(liar.hits > 0 || strcmp(rig_report(&rig)->verify, "chip") != 0);
    rig.peer_config.id = &rig_pki.server;
    pki_free(&server);
    again();
    return is_open;
}

static void yes_of_the_bus_is_believed_by_a_508_and_not_by_a_608(void **state)
{
    (void)state;
    static const char *const words[] = {"chip", "proven"};
    for (size_t m = 0; m < 2; m++) {
        open_with(models[m], true);
        rig.config.verify_in_chip = true;
        assert_true(rig_handshake(&rig));
        assert_string_equal(rig_report(&rig)->verify, words[m]);
        again();
        assert_int_equal(is_fooled((liar_t){.says_yes = true}), m == 0);
        close_all();
    }
}

// What the proof does not cover (docs/slot-plan.md): why software checks by default, on a 608 too.
static void key_changed_on_the_bus_fools_even_a_proven_yes(void **state)
{
    (void)state;
    open_with(LP_CHIPSIM_ATECC608B, true);
    assert_true(is_fooled((liar_t){.changes_keys = true}));
    rig.config.verify_in_chip = false;
    only_software_does_it();
    assert_true(rig_is_chip_only || strcmp(rig_report(&rig)->verify, "software") == 0);
    close_all();
}

// Has the chip agree with a key of his own instead of the server's.
static bool put_own_peer(void *ctx, uint8_t addr, lp_buf_t *bytes)
{
    unsigned *hits = ctx;
    (void)addr;
    if (bytes->len > AT_DATA && bytes->ptr[0] == 3 && bytes->ptr[2] == OP_ECDH) {
        world_peer(bytes->ptr + AT_DATA);
        close_packet(bytes->ptr + 1);
        ++*hits;
    }
    return true;
}

// What the seal does not cover (docs/slot-plan.md): with whom the chip agreed. On the bus alone
// that ends the handshake, since the server has another secret; who holds the network, too, needs
// software.
static void peer_changed_on_the_bus_shows_only_in_the_handshake(void **state)
{
    (void)state;
    for (size_t m = 0; m < 2; m++) {
        lp_key_op_t op = {0};
        uint8_t pub[POINT];
        uint8_t his[SECRET];
        unsigned hits = 0;
        const lp_chipsim_tap_t tap = {.to_chip = put_own_peer, .ctx = &hits};
        open_with(models[m], true);
        lp_chipsim_bus_tap(world->bus, &tap);
        assert_int_equal(run_op(&op, LP_KEY_OP_ECDHE_SEALED), LP_OK);
        memcpy(pub, op.out, sizeof pub);
        memcpy(op.in, world->pub, sizeof op.in); // whom the board means
        assert_int_equal(run_op(&op, LP_KEY_OP_ECDHE_AGREE), LP_OK);
        world_ecdh(pub, his);
        assert_memory_equal(op.out, his, SECRET);
        assert_false(rig_handshake(&rig));
        assert_int_equal(rig.opened, 0);
        assert_int_equal(hits, 2);
        again();
        rig.config.ecdhe = LP_TLS_ECDHE_SOFTWARE;
        only_software_does_it();
        assert_int_equal(hits, 2); // nothing of it was on the bus
        close_all();
    }
}

static void chip_that_cannot_prove_itself_is_not_asked_who_is_trusted(void **state)
{
    (void)state;
    open_with(LP_CHIPSIM_ATECC608B, true);
    lp_keychip_unseal(&keychip, true);
    rig.config.verify_in_chip = true;
    only_software_does_it();
    assert_true(rig_is_chip_only || strcmp(rig_report(&rig)->verify, "software") == 0);
    again();
    lp_keychip_unseal(&keychip, false);
    assert_true(rig_handshake(&rig));
    assert_string_equal(rig_report(&rig)->verify, "chip");
    close_all();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recorder_has_the_secret_in_clear_and_nothing_when_sealed),
        cmocka_unit_test(sealed_goes_with_every_version_and_again),
        cmocka_unit_test(secret_and_bus_key_are_wiped_from_the_arena),
        cmocka_unit_test(broken_seal_means_software_and_never_clear),
        cmocka_unit_test(key_made_for_a_sealed_exchange_is_never_used_in_clear),
        cmocka_unit_test(changed_secret_or_public_key_ends_the_handshake),
        cmocka_unit_test(replayed_secret_ends_the_handshake),
        cmocka_unit_test(wrong_bus_key_ends_the_handshake),
        cmocka_unit_test(yes_of_the_bus_is_believed_by_a_508_and_not_by_a_608),
        cmocka_unit_test(key_changed_on_the_bus_fools_even_a_proven_yes),
        cmocka_unit_test(peer_changed_on_the_bus_shows_only_in_the_handshake),
        cmocka_unit_test(chip_that_cannot_prove_itself_is_not_asked_who_is_trusted),
    };
    return cmocka_run_group_tests_name("tls bus", tests, rig_pki_make, rig_pki_drop);
}
