// SPDX-License-Identifier: Apache-2.0
// Rules that only the 608 has.
#include "rig.h"

// ---- volatile state ---------------------------------------------------------

static bool a_read_tempkey_is_gone(rig_t *r)
{
    rig_image(r, M608, ALL_LOCKED);
    rig_slot(r, 5, 0x808F, 0x001C);
    rig_key(r, 5, 4);
    rig_start(r);
    nonce_random(r);
    bool kept = st(r, 0x1B, 0, 0, NULL, 0) == OK && st(r, 0x08, 0x00, 5, key32(1), 32) == OK &&
                tempkey_valid(r);
    return kept && st(r, 0x08, 0x01, 5, NULL, 0) == OK && !tempkey_valid(r);
}

static unsigned to_msg_digest(rig_t *r, const uint8_t *bytes, size_t len)
{
    return st(r, 0x16, len == 64 ? 0x63 : 0x43, 0, bytes, len);
}

static void sign_image(rig_t *r)
{
    rig_image(r, M608, ALL_LOCKED);
    rig_slot(r, 2, 0x208F, 0x0033);
    rig_private(r, 2, 3);
    rig_start(r);
}

static bool the_message_digest_is_cleared(rig_t *r)
{
    sign_image(r);
    to_msg_digest(r, key32(1), 32);
    bool kept = st(r, 0x30, 0, 0, NULL, 0) == OK && st(r, 0x41, 0xA0, 2, NULL, 0) == OK;
    bool used_up = st(r, 0x41, 0xA0, 2, NULL, 0) == EXEC;
    to_msg_digest(r, key32(1), 32);
    st(r, 0x1B, 0, 0, NULL, 0);
    return kept && used_up && st(r, 0x41, 0xA0, 2, NULL, 0) == EXEC;
}

static bool the_message_digest_must_be_loaded(rig_t *r)
{
    sign_image(r);
    bool refused = st(r, 0x41, 0xA0, 2, NULL, 0) == EXEC;
    to_msg_digest(r, key32(1), 32);
    reply_t a = cmd(r, 0x41, 0xA0, 2, NULL, 0);
    uint8_t xy[64];
    host_public(key32(3), xy);
    return refused && a.len == 64 && host_verify(xy, key32(1), a.data);
}

// ---- KDF --------------------------------------------------------------------

static reply_t kdf(rig_t *r, uint8_t mode, uint16_t p2, uint32_t details, const uint8_t *msg,
                   size_t len)
{
    uint8_t data[140] = {(uint8_t)details, (uint8_t)(details >> 8), (uint8_t)(details >> 16),
                         (uint8_t)(details >> 24)};
    if (len > 0) {
        memcpy(data + 4, msg, len);
    }
    return cmd(r, 0x56, mode, p2, data, len + 4);
}

// HKDF from the alternate key, message in the command, result to the bus.
static reply_t hkdf_alt(rig_t *r)
{
    return kdf(r, 0x53, 0, 10u << 24 | 2, key32(2), 10);
}

static bool the_alternate_key_must_be_loaded(rig_t *r)
{
    uint8_t want[32];
    rig_image(r, M608, ALL_LOCKED);
    rig_start(r);
    bool refused = hkdf_alt(r).status == EXEC;
    st(r, 0x16, 0x83, 0, key32(5), 32);
    reply_t a = hkdf_alt(r);
    host_hmac(key32(5), 32, key32(2), 10, want);
    return refused && a.len == 32 && memcmp(a.data, want, 32) == 0;
}

static bool kdf_aes_must_be_enabled(rig_t *r)
{
    uint8_t want[32] = {0};
    rig_image(r, M608, ALL_LOCKED);
    rig_start(r);
    nonce_fixed(r, key32(5));
    bool refused = kdf(r, 0x30, 0, 1, key32(2), 16).status == EXEC;
    r->image.config[90] = 0x04;
    rig_start(r);
    nonce_fixed(r, key32(5));
    reply_t a = kdf(r, 0x30, 0, 1, key32(2), 16);
    host_aes(key32(5) + 16, key32(2), want);
    return refused && a.len == 32 && memcmp(a.data, want, 32) == 0;
}

static bool kdf_iv_needs_its_label(rig_t *r)
{
    static const uint8_t with[12] = "tls13 iv";
    static const uint8_t without[12] = "tls13 ky";
    rig_image(r, M608, ALL_LOCKED);
    r->image.config[72] = 6;
    r->image.config[73] = 'i';
    r->image.config[74] = 'v';
    r->image.config[91] = 0x04; // KDFPROT 1: but an IV may leave in clear
    rig_start(r);
    nonce_fixed(r, key32(5));
    bool refused = kdf(r, 0x50, 0, 12u << 24 | 3, without, 12).status == EXEC;
    reply_t a = kdf(r, 0x50, 0, 12u << 24 | 3, with, 12);
    uint8_t want[32];
    host_hmac(key32(5), 32, with, 12, want);
    return refused && a.len == 32 && memcmp(a.data, want, 32) == 0;
}

static bool kdf_upper_needs_lower(rig_t *r)
{
    rig_image(r, M608, ALL_LOCKED);
    rig_start(r);
    st(r, 0x16, 0x83, 0, key32(5), 32);
    bool refused = kdf(r, 0x47, 0, 10u << 24 | 2, key32(2), 10).status == EXEC;
    nonce_fixed(r, key32(1));
    bool ok = kdf(r, 0x47, 0, 10u << 24 | 2, key32(2), 10).status == OK;
    // Now the upper half can be a source.
    uint8_t upper[32];
    uint8_t want[32];
    host_hmac(key32(5), 32, key32(2), 10, upper);
    host_hmac(upper, 32, key32(3), 10, want);
    reply_t a = kdf(r, 0x51, 0, 10u << 24 | 2, key32(3), 10);
    return refused && ok && a.len == 32 && memcmp(a.data, want, 32) == 0;
}

static bool kdf_spares_locked_slots(rig_t *r)
{
    rig_image(r, M608, ALL_LOCKED);
    r->image.config[89] = 0xFD; // slot 9
    rig_slot(r, 2, 0x208F, 0x0033);
    rig_start(r);
    nonce_fixed(r, key32(5));
    bool refused = kdf(r, 0x48, 0x0900, 10u << 24 | 2, key32(2), 10).status == EXEC &&
                   kdf(r, 0x48, 0x0200, 10u << 24 | 2, key32(2), 10).status == EXEC;
    bool ok = kdf(r, 0x48, 0x0A00, 10u << 24 | 2, key32(2), 10).status == OK;
    uint8_t want[32];
    host_hmac(key32(5), 32, key32(2), 10, want);
    return refused && ok && memcmp(slot_bytes(r, 10), want, 32) == 0;
}

// HKDF of the alternate key with the message in slot 5, which is used as a key is.
static reply_t hkdf_of_slot(rig_t *r, uint16_t sc, uint16_t kc)
{
    rig_image(r, M608, ALL_LOCKED);
    rig_slot(r, 5, sc, kc);
    rig_key(r, 5, 7);
    rig_start(r);
    st(r, 0x16, 0x83, 0, key32(1), 32);
    return kdf(r, 0x53, 0, 32u << 24 | 5u << 8, NULL, 0);
}

static bool is_hkdf_of_slot(const reply_t *a)
{
    uint8_t want[32];
    host_hmac(key32(1), 32, key32(7), 32, want);
    return a->len == 32 && memcmp(a->data, want, 32) == 0;
}

static bool hkdf_message_is_no_private_key(rig_t *r)
{
    reply_t secret = hkdf_of_slot(r, 0x808F, 0x001C);
    return is_hkdf_of_slot(&secret) && hkdf_of_slot(r, 0x808F, 0x001D).status == EXEC &&
           hkdf_of_slot(r, 0x2087, 0x0013).status == EXEC;
}

static bool hkdf_message_needs_authorisation(rig_t *r)
{
    bool refused = hkdf_of_slot(r, 0x808F, 0x069C).status == EXEC;
    rig_slot(r, 6, 0x808F, 0x001C);
    rig_key(r, 6, 6);
    rig_start(r);
    bytes_t b = {.len = 0}; // CheckMac with key 6
    uint8_t data[77] = {0};
    memcpy(data, key32(1), 32);
    add(&b, key32(6), 32);
    add(&b, key32(1), 32);
    add0(&b, 15);
    add_sn(&b, r, 8, 1);
    add0(&b, 4);
    add_sn(&b, r, 0, 2);
    add0(&b, 2);
    host_hash(&b, data + 32);
    bool shown = st(r, 0x28, 0x00, 6, data, 77) == OK;
    st(r, 0x16, 0x83, 0, key32(1), 32);
    reply_t a = kdf(r, 0x53, 0, 32u << 24 | 5u << 8, NULL, 0);
    bool once = kdf(r, 0x53, 0, 32u << 24 | 5u << 8, NULL, 0).status == EXEC;
    return refused && shown && once && is_hkdf_of_slot(&a);
}

static bool hkdf_message_heeds_the_latch(rig_t *r)
{
    reply_t a = hkdf_of_slot(r, 0x808F, 0x001C);
    return is_hkdf_of_slot(&a) && hkdf_of_slot(r, 0x808F, 0x101C).status == EXEC;
}

static bool hkdf_message_counts_a_use(rig_t *r)
{
    reply_t a = hkdf_of_slot(r, 0x80AF, 0x001C);
    reply_t counted = cmd(r, 0x24, 0, 0, NULL, 0);
    return is_hkdf_of_slot(&a) && counted.len == 4 && counted.data[0] == 1;
}

// The I/O key is in slot 6.
static void io_image(rig_t *r, uint8_t prot)
{
    rig_image(r, M608, ALL_LOCKED);
    r->image.config[90] = 0x02;
    r->image.config[91] = (uint8_t)(0x60 | prot);
    rig_slot(r, 6, 0x808F, 0x001C);
    rig_key(r, 6, 8);
    rig_slot(r, 2, 0x2087, 0x0033);
    rig_private(r, 2, 3);
    rig_start(r);
}

// Ciphertext and nonce, as KDF and ECDH send them: does it decrypt to this?
static bool opens_to(const reply_t *a, const uint8_t want[32])
{
    bytes_t b = {.len = 0};
    uint8_t pad[32];
    bool same = a->len == 64;
    add(&b, key32(8), 32);
    add(&b, a->data + 32, 16);
    host_hash(&b, pad);
    for (unsigned i = 0; i < 32; i++) {
        same = same && (a->data[i] ^ pad[i]) == want[i];
    }
    return same;
}

static bool io_key_must_be_enabled(rig_t *r)
{
    uint8_t data[128];
    unsigned answered[2] = {0, 0};
    for (unsigned on = 0; on < 2; on++) {
        io_image(r, 0x00);
        r->image.config[90] = on != 0 ? 0x02 : 0x00;
        rig_start(r);
        nonce_fixed(r, key32(5));
        answered[on] += kdf(r, 0x54, 0, 10u << 24 | 2, key32(2), 10).len == 64;
        host_public(key32(9), data);
        answered[on] += cmd(r, 0x43, 0x0E, 2, data, 64).len == 64;
        host_sign(key32(9), key32(1), data);
        host_public(key32(9), data + 64);
        st(r, 0x16, 0x43, 0, key32(3), 32);
        nonce_fixed(r, key32(1));
        answered[on] += cmd(r, 0x45, 0x82, 4, data, 128).len == 32;
    }
    return answered[0] == 0 && answered[1] == 3;
}

static bool kdfprot_1_encrypts(rig_t *r)
{
    uint8_t want[32];
    io_image(r, 0x04);
    nonce_fixed(r, key32(5));
    reply_t a = kdf(r, 0x50, 0, 10u << 24 | 2, key32(2), 10);
    host_hmac(key32(5), 32, key32(2), 10, want);
    return opens_to(&a, want);
}

static bool kdfprot_2_forbids(rig_t *r)
{
    io_image(r, 0x08);
    nonce_fixed(r, key32(5));
    bool refused = kdf(r, 0x50, 0, 10u << 24 | 2, key32(2), 10).status == EXEC &&
                   kdf(r, 0x54, 0, 10u << 24 | 2, key32(2), 10).status == EXEC;
    return refused && kdf(r, 0x40, 0, 10u << 24 | 2, key32(2), 10).status == OK;
}

// ---- ECDH -------------------------------------------------------------------

static reply_t ecdh(rig_t *r, uint8_t mode, uint16_t key_id)
{
    uint8_t xy[64];
    host_public(key32(9), xy);
    return cmd(r, 0x43, mode, key_id, xy, 64);
}

static bool ecdh_tempkey_needs_a_generated_key(rig_t *r)
{
    io_image(r, 0);
    nonce_fixed(r, key32(5));
    bool refused = ecdh(r, 0x0D, 0).status == EXEC;
    reply_t pub = cmd(r, 0x40, 0x04, 0xFFFF, NULL, 0);
    reply_t a = ecdh(r, 0x0D, 0);
    uint8_t want[32];
    host_ecdh(key32(9), pub.data, want); // the other side of the same exchange
    return refused && pub.len == 64 && a.len == 32 && memcmp(a.data, want, 32) == 0;
}

static bool ephemeral_key_needs_config_lock(rig_t *r)
{
    rig_image(r, M608, OPEN);
    rig_start(r);
    bool refused = st(r, 0x40, 0x04, 0xFFFF, NULL, 0) == EXEC;
    rig_image(r, M608, CONFIG_LOCKED);
    rig_start(r);
    return refused && cmd(r, 0x40, 0x04, 0xFFFF, NULL, 0).len == 64;
}

static bool ecdhprot_1_encrypts(rig_t *r)
{
    uint8_t xy[64];
    uint8_t want[32];
    io_image(r, 0x01);
    reply_t a = ecdh(r, 0x0C, 2);
    host_public(key32(9), xy);
    host_ecdh(key32(3), xy, want);
    return opens_to(&a, want);
}

static bool ecdhprot_2_forbids(rig_t *r)
{
    io_image(r, 0x02);
    return ecdh(r, 0x0C, 2).status == EXEC && ecdh(r, 0x0E, 2).status == EXEC &&
           ecdh(r, 0x08, 2).status == OK && tempkey_valid(r);
}

// ---- Verify with a MAC --------------------------------------------------------

static bool verify_mac_needs_a_nonce(rig_t *r)
{
    uint8_t data[128];
    io_image(r, 0);
    host_sign(key32(9), key32(1), data);
    host_public(key32(9), data + 64);
    nonce_fixed(r, key32(1));
    bool refused = st(r, 0x45, 0x82, 4, data, 128) == EXEC;
    nonce_fixed(r, key32(1));
    to_msg_digest(r, key32(2), 32);
    reply_t a = cmd(r, 0x45, 0x82, 4, data, 128);
    bytes_t b = {.len = 0};
    uint8_t want[32];
    add(&b, key32(8), 32);
    add(&b, key32(1), 32);
    add(&b, key32(2), 32);
    add(&b, data, 64);
    add_head(&b, 0x45, 0x82, 4);
    host_hash(&b, want);
    return refused && a.len == 32 && memcmp(a.data, want, 32) == 0;
}

// ---- SHA, AES ---------------------------------------------------------------

static bool hmac_context_stays_inside(rig_t *r)
{
    rig_image(r, M608, ALL_LOCKED);
    rig_slot(r, 5, 0x808F, 0x001C);
    rig_start(r);
    st(r, 0x47, 4, 5, NULL, 0);
    bool refused = st(r, 0x47, 6, 0, NULL, 0) == EXEC;
    st(r, 0x47, 0, 0, NULL, 0);
    return refused && cmd(r, 0x47, 6, 0, NULL, 0).len == 40;
}

static void aes_image(rig_t *r, uint8_t enable)
{
    rig_image(r, M608, ALL_LOCKED);
    r->image.config[13] = enable;
    rig_slot(r, 9, 0x0F8F, 0x001A);
    rig_key(r, 9, 4);
    rig_slot(r, 10, 0x0F8F, 0x001C);
    rig_start(r);
}

static bool aes_must_be_enabled(rig_t *r)
{
    uint8_t want[16];
    aes_image(r, 0);
    uint8_t h_and_x[32];
    memset(h_and_x, 0x5A, sizeof h_and_x);
    bool refused = st(r, 0x51, 0x40, 9, key32(1), 16) == EXEC &&
                   st(r, 0x51, 0x03, 0, h_and_x, 32) == EXEC &&
                   st(r, 0x51, 0x03, 0, h_and_x, 16) == PARSE;
    aes_image(r, 1);
    refused = refused && cmd(r, 0x51, 0x03, 0, h_and_x, 32).len == 16;
    reply_t a = cmd(r, 0x51, 0x40, 9, key32(1), 16);
    host_aes(key32(4) + 16, key32(1), want);
    return refused && a.len == 16 && memcmp(a.data, want, 16) == 0;
}

static bool aes_needs_an_aes_slot(rig_t *r)
{
    aes_image(r, 1);
    return st(r, 0x51, 0x00, 10, key32(1), 16) == EXEC && st(r, 0x51, 0x00, 9, key32(1), 16) == OK;
}

// ---- health and self-test -----------------------------------------------------

static bool health_test_stops_random(rig_t *r)
{
    const lp_chipsim_defects_t bad = {.rng_health = true};
    rig_image(r, M608, ALL_LOCKED);
    rig_start(r);
    lp_chipsim_break(r->chip, &bad);
    bool stays = st(r, 0x1B, 0, 0, NULL, 0) == HEALTH && st(r, 0x1B, 0, 0, NULL, 0) == HEALTH &&
                 st(r, 0x02, 0x80, 0, NULL, 0) == OK;
    r->image.config[90] = 0x08; // cleared by the failing command
    rig_start(r);
    lp_chipsim_break(r->chip, &bad);
    return stays && st(r, 0x1B, 0, 0, NULL, 0) == HEALTH && st(r, 0x1B, 0, 0, NULL, 0) == OK;
}

static bool self_test_failure_stops_most(rig_t *r)
{
    const lp_chipsim_defects_t bad = {.selftest = 0x10};
    const lp_chipsim_defects_t good = {.selftest = 0};
    rig_image(r, M608, ALL_LOCKED);
    rig_start(r);
    lp_chipsim_break(r->chip, &bad);
    bool ok = st(r, 0x77, 0x3B, 0, NULL, 0) == 0x10 && st(r, 0x1B, 0, 0, NULL, 0) == SELFTEST &&
              st(r, 0x02, 0x81, 0, NULL, 0) == SELFTEST && st(r, 0x02, 0x80, 0, NULL, 0) == OK &&
              st(r, 0x77, 0x00, 0, NULL, 0) == 0x10;
    lp_chipsim_break(r->chip, &good);
    return ok && st(r, 0x77, 0x10, 0, NULL, 0) == OK && st(r, 0x1B, 0, 0, NULL, 0) == OK;
}

// ---- latch, count match -------------------------------------------------------

static bool latch_needs_permission(rig_t *r)
{
    uint8_t rs[64];
    rig_image(r, M608, ALL_LOCKED);
    r->image.config[69] = 0x8A; // key 10
    rig_slot(r, 10, 0x000F, 0x0010);
    rig_public(r, 10, 5);
    rig_start(r);
    bool refused = st(r, 0x30, 4, 3, NULL, 0) == EXEC && cmd(r, 0x30, 4, 0, NULL, 0).data[0] == 0;
    host_sign(key32(5), key32(1), rs);
    nonce_fixed(r, key32(1));
    st(r, 0x45, 0x00, 10, rs, 64);
    bool set = cmd(r, 0x30, 4, 3, NULL, 0).data[0] == 1;
    rig_restart(r); // it survives sleep, not the loss of power
    set = set && cmd(r, 0x30, 4, 0, NULL, 0).data[0] == 1;
    rig_cycle(r);
    return refused && set && cmd(r, 0x30, 4, 0, NULL, 0).data[0] == 0;
}

static bool count_match_ends_use(rig_t *r)
{
    static const uint8_t limit[4] = {2, 0, 0, 0};
    rig_image(r, M608, ALL_LOCKED);
    r->image.config[18] = 0xA1; // slot 10
    rig_slot(r, 5, 0x80AF, 0x001C);
    rig_put(r, 10, 0, limit, 4);
    rig_start(r);
    return st(r, 0x08, 0, 5, key32(1), 32) == OK && st(r, 0x08, 0, 5, key32(1), 32) == OK &&
           st(r, 0x08, 0, 5, key32(1), 32) == EXEC;
}

// ---- SecureBoot ---------------------------------------------------------------

// Firmware key 5 in slot 15, digest or signature in slot 8.
static void boot_image(rig_t *r, uint8_t config)
{
    rig_image(r, M608, ALL_LOCKED);
    r->image.config[70] = config;
    r->image.config[71] = 0xF8;
    rig_slot(r, 15, 0x000F, 0x0010);
    rig_public(r, 15, 5);
    rig_slot(r, 8, 0x8F9F, 0x001C);
    rig_start(r);
}

static unsigned boot(rig_t *r, uint8_t mode, uint8_t digest_fill, bool right)
{
    uint8_t data[96];
    memcpy(data, key32(digest_fill), 32);
    host_sign(key32(5), key32(digest_fill), data + 32);
    data[95] ^= right ? 0 : 1;
    return st(r, 0x80, mode, 0, data, (mode & 7) == 6 ? 32 : 96);
}

static bool boot_must_be_enabled(rig_t *r)
{
    boot_image(r, 0);
    bool refused = boot(r, 7, 1, true) == EXEC;
    boot_image(r, 3);
    return refused && boot(r, 7, 1, true) == OK && memcmp(slot_bytes(r, 8), key32(1), 32) == 0;
}

static bool boot_can_be_prohibited(rig_t *r)
{
    boot_image(r, 1);
    bool ok = boot(r, 0x45, 1, true) == OK && boot(r, 5, 1, true) == EXEC;
    rig_restart(r);
    ok = ok && boot(r, 5, 1, true) == EXEC;
    rig_cycle(r);
    return ok && boot(r, 5, 1, true) == OK;
}

static bool boot_mode_must_fit(rig_t *r)
{
    boot_image(r, 1);
    bool refused = boot(r, 7, 1, true) == EXEC && boot(r, 6, 1, true) == EXEC;
    bool ok = boot(r, 5, 1, true) == OK;
    boot_image(r, 3);
    return refused && ok && boot(r, 5, 1, true) == EXEC && boot(r, 7, 1, true) == OK &&
           boot(r, 6, 1, true) == OK;
}

static bool boot_needs_data_lock(rig_t *r)
{
    boot_image(r, 1);
    r->image.config[86] = 0x55;
    rig_start(r);
    bool refused = boot(r, 5, 1, true) == EXEC;
    boot_image(r, 1);
    return refused && boot(r, 5, 1, true) == OK;
}

static bool boot_may_demand_random(rig_t *r)
{
    boot_image(r, 1 | 0x08);
    nonce_fixed(r, key32(1));
    bool refused = boot(r, 5, 1, true) == EXEC;
    nonce_random(r);
    return refused && boot(r, 5, 1, true) == OK;
}

static bool boot_compares(rig_t *r)
{
    boot_image(r, 3);
    bool ok = boot(r, 7, 1, false) == MISCOMPARE && slot_bytes(r, 8)[0] == 0xFF;
    ok = ok && boot(r, 7, 1, true) == OK && boot(r, 6, 2, true) == MISCOMPARE &&
         boot(r, 6, 1, true) == OK;
    boot_image(r, 2); // signature stored
    return ok && boot(r, 7, 1, true) == OK && boot(r, 6, 2, true) == MISCOMPARE &&
           boot(r, 6, 1, true) == OK;
}

static bool boot_spares_locked_slots(rig_t *r)
{
    boot_image(r, 3);
    r->image.config[89] = 0xFE;
    rig_start(r);
    return boot(r, 7, 1, true) == EXEC && slot_bytes(r, 8)[0] == 0xFF;
}

const rule_test_t tests_608[] = {
    RULE(TEMPKEY_CLEARED_608, a_read_tempkey_is_gone),
    RULE(MSGDIG_CLEARED, the_message_digest_is_cleared),
    RULE(MSGDIG_VALID, the_message_digest_must_be_loaded),
    RULE(ALTKEY_VALID, the_alternate_key_must_be_loaded),
    RULE(KDF_AES_ENABLED, kdf_aes_must_be_enabled),
    RULE(KDF_IV, kdf_iv_needs_its_label),
    RULE(KDF_UPPER, kdf_upper_needs_lower),
    RULE(KDF_TARGET, kdf_spares_locked_slots),
    RULE(SECRET_NOT_PRIVATE, hkdf_message_is_no_private_key),
    RULE(REQ_AUTH, hkdf_message_needs_authorisation),
    RULE(LATCH, hkdf_message_heeds_the_latch),
    RULE(LIMITED_USE, hkdf_message_counts_a_use),
    RULE(KDFPROT_ENCRYPTED, kdfprot_1_encrypts),
    RULE(KDFPROT_FORBIDDEN, kdfprot_2_forbids),
    RULE(ECDH_TEMPKEY, ecdh_tempkey_needs_a_generated_key),
    RULE(GENKEY_CONFIG_LOCK, ephemeral_key_needs_config_lock),
    RULE(ECDHPROT_ENCRYPTED, ecdhprot_1_encrypts),
    RULE(ECDHPROT_FORBIDDEN, ecdhprot_2_forbids),
    RULE(IO_KEY_ENABLED, io_key_must_be_enabled),
    RULE(VERIFY_MAC_NONCE, verify_mac_needs_a_nonce),
    RULE(SHA_CONTEXT_HMAC, hmac_context_stays_inside),
    RULE(AES_ENABLED, aes_must_be_enabled),
    RULE(AES_KEY_TYPE, aes_needs_an_aes_slot),
    RULE(HEALTH_TEST, health_test_stops_random),
    RULE(SELFTEST_STATE, self_test_failure_stops_most),
    RULE(LATCH_AUTH, latch_needs_permission),
    RULE(COUNT_MATCH, count_match_ends_use),
    RULE(BOOT_ENABLED, boot_must_be_enabled),
    RULE(BOOT_PROHIBITED, boot_can_be_prohibited),
    RULE(BOOT_MODE, boot_mode_must_fit),
    RULE(BOOT_DATA_LOCK, boot_needs_data_lock),
    RULE(BOOT_RANDOM, boot_may_demand_random),
    RULE(BOOT_COMPARE, boot_compares),
    RULE(BOOT_SLOT_LOCKED, boot_spares_locked_slots),
};
const size_t count_608 = sizeof tests_608 / sizeof tests_608[0];
