// SPDX-License-Identifier: Apache-2.0
// Rules of GenKey, Sign, Verify and ECDH.
#include "rig.h"

// ---- GenKey -----------------------------------------------------------------

static unsigned gen(rig_t *r, uint8_t mode, unsigned slot)
{
    return st(r, 0x40, mode, (uint16_t)slot, NULL, 0);
}

// Slot 2: a private key that may do everything.
static void private_image(rig_t *r, int state, uint16_t sc, uint16_t kc)
{
    rig_image(r, M508, state);
    rig_slot(r, 2, sc, kc);
    rig_private(r, 2, 3);
    rig_slot(r, 3, 0x208F, 0x0033);
    rig_private(r, 3, 4);
    rig_start(r);
}

static bool gen_key_needs_config_lock(rig_t *r)
{
    private_image(r, OPEN, 0x208F, 0x0033);
    bool refused = gen(r, 4, 2) == EXEC && gen(r, 0, 2) == EXEC;
    private_image(r, CONFIG_LOCKED, 0x208F, 0x0033);
    reply_t a = cmd(r, 0x40, 4, 2, NULL, 0);
    uint8_t xy[64];
    host_public(slot_bytes(r, 2) + 4, xy);
    return refused && a.len == 64 && memcmp(a.data, xy, 64) == 0 &&
           memcmp(slot_bytes(r, 2) + 4, key32(3), 32) != 0;
}

static bool gen_key_needs_a_private_slot(rig_t *r)
{
    private_image(r, CONFIG_LOCKED, 0x208F, 0x0030);
    return gen(r, 4, 2) == EXEC && gen(r, 4, 3) == OK;
}

static bool gen_key_needs_is_secret(rig_t *r)
{
    private_image(r, CONFIG_LOCKED, 0x200F, 0x0033);
    return gen(r, 4, 2) == EXEC && gen(r, 4, 3) == OK;
}

static bool gen_key_needs_p256(rig_t *r)
{
    private_image(r, CONFIG_LOCKED, 0x208F, 0x003F);
    return gen(r, 4, 2) == EXEC && gen(r, 4, 3) == OK;
}

static bool gen_key_spares_locked_slots(rig_t *r)
{
    bool ok = true;
    for (int state = CONFIG_LOCKED; state <= ALL_LOCKED; state++) {
        private_image(r, state, 0x208F, 0x0033);
        r->image.config[88] = 0xFB;
        rig_start(r);
        ok = ok && gen(r, 4, 2) == EXEC && gen(r, 0, 2) == OK && gen(r, 4, 3) == OK;
    }
    return ok;
}

static bool gen_key_must_be_enabled(rig_t *r)
{
    private_image(r, ALL_LOCKED, 0x008F, 0x0033);
    bool refused = gen(r, 4, 2) == EXEC && memcmp(slot_bytes(r, 2) + 4, key32(3), 32) == 0;
    private_image(r, CONFIG_LOCKED, 0x008F, 0x0033); // not enforced yet
    return refused && gen(r, 4, 2) == OK;
}

static bool public_key_needs_pub_info(rig_t *r)
{
    private_image(r, ALL_LOCKED, 0x208F, 0x0031);
    bool refused = gen(r, 0, 2) == EXEC;
    bool made = gen(r, 4, 2) == OK; // a new key's public half always comes
    reply_t a = cmd(r, 0x40, 0, 3, NULL, 0);
    uint8_t xy[64];
    host_public(key32(4), xy);
    return refused && made && a.len == 64 && memcmp(a.data, xy, 64) == 0;
}

static bool stored_digest_needs_a_public_key(rig_t *r)
{
    static const uint8_t other[3] = {1, 2, 3};
    private_image(r, ALL_LOCKED, 0x208F, 0x0033);
    rig_slot(r, 10, 0x000F, 0x0010);
    rig_public(r, 10, 5);
    rig_start(r);
    nonce_random(r);
    bool refused = st(r, 0x40, 0x10, 11, other, 3) == EXEC;
    nonce_random(r);
    return refused && st(r, 0x40, 0x10, 10, other, 3) == OK && (state_bytes(r) & 0x807F) == 0x804A;
}

// ---- Sign -------------------------------------------------------------------

static reply_t sign_external(rig_t *r, unsigned slot)
{
    nonce_fixed(r, key32(1));
    return cmd(r, 0x41, 0x80, (uint16_t)slot, NULL, 0);
}

static bool good_signature(const reply_t *a, uint8_t key_fill, const uint8_t digest[32])
{
    uint8_t xy[64];
    host_public(key32(key_fill), xy);
    return a->len == 64 && host_verify(xy, digest, a->data);
}

static bool sign_needs_a_private_key(rig_t *r)
{
    private_image(r, ALL_LOCKED, 0x208F, 0x0030);
    bool refused = sign_external(r, 2).status == EXEC;
    reply_t a = sign_external(r, 3);
    return refused && good_signature(&a, 4, key32(1));
}

static bool sign_needs_is_secret(rig_t *r)
{
    private_image(r, CONFIG_LOCKED, 0x200F, 0x0033);
    bool refused = sign_external(r, 2).status == EXEC;
    reply_t a = sign_external(r, 3);
    return refused && good_signature(&a, 4, key32(1));
}

static bool external_sign_must_be_enabled(rig_t *r)
{
    private_image(r, ALL_LOCKED, 0x208E, 0x0033);
    bool refused = sign_external(r, 2).status == EXEC;
    reply_t a = sign_external(r, 3);
    private_image(r, CONFIG_LOCKED, 0x208E, 0x0033); // not enforced yet
    reply_t b = sign_external(r, 2);
    return refused && good_signature(&a, 4, key32(1)) && good_signature(&b, 3, key32(1));
}

static reply_t sign_internal(rig_t *r, unsigned slot)
{
    nonce_random(r);
    gendig_slot(r, 6, r->image.data + 6 * 36);
    return cmd(r, 0x41, 0x00, (uint16_t)slot, NULL, 0);
}

// The 55 bytes of an internal message over a TempKey that GenDig made from slot 6.
static bool good_internal(rig_t *r, const reply_t *a, uint8_t key_fill, unsigned slot)
{
    bytes_t b = {.len = 0};
    uint8_t digest[32];
    add(&b, r->tk, 32);
    add_head(&b, 0x41, 0, slot);
    add(&b, r->image.config + 20 + 12, 2);
    add(&b, r->image.config + 96 + 12, 2);
    add1(&b, 0x26); // GenDigData, KeyID 6, random
    add0(&b, 2);
    add_sn(&b, r, 8, 1);
    add0(&b, 4);
    add_sn(&b, r, 0, 2);
    add0(&b, 2);
    add1(&b, 1); // not locked
    add0(&b, 2);
    host_hash(&b, digest);
    return b.len == 55 && good_signature(a, key_fill, digest);
}

static bool internal_sign_must_be_enabled(rig_t *r)
{
    private_image(r, ALL_LOCKED, 0x208D, 0x0033);
    bool refused = sign_internal(r, 2).status == EXEC;
    reply_t a = sign_internal(r, 3);
    return refused && good_internal(r, &a, 4, 3);
}

static bool internal_sign_needs_data_lock(rig_t *r)
{
    private_image(r, CONFIG_LOCKED, 0x208F, 0x0033);
    bool refused = sign_internal(r, 3).status == EXEC;
    private_image(r, ALL_LOCKED, 0x208F, 0x0033);
    reply_t a = sign_internal(r, 3);
    return refused && good_internal(r, &a, 4, 3);
}

static bool internal_sign_needs_gendig_or_genkey(rig_t *r)
{
    private_image(r, ALL_LOCKED, 0x208F, 0x0033);
    nonce_random(r);
    bool refused = st(r, 0x41, 0x00, 3, NULL, 0) == EXEC;
    nonce_random(r);
    bool genkey = gen(r, 8, 2) == OK && st(r, 0x41, 0x00, 3, NULL, 0) == OK;
    reply_t a = sign_internal(r, 3);
    return refused && genkey && good_internal(r, &a, 4, 3);
}

// ---- Verify -----------------------------------------------------------------

static unsigned verify_stored(rig_t *r, unsigned slot, uint8_t key_fill, bool right)
{
    uint8_t rs[64];
    host_sign(key32(key_fill), key32(1), rs);
    rs[63] ^= right ? 0 : 1;
    nonce_fixed(r, key32(1));
    return st(r, 0x45, 0x00, (uint16_t)slot, rs, 64);
}

// Slot 10 holds public key 5; slot 11 public key 7, to be validated by key 10.
static void public_image(rig_t *r, int model, uint8_t mark)
{
    rig_image(r, model, ALL_LOCKED);
    rig_slot(r, 10, 0x000F, 0x0010);
    rig_public(r, 10, 5);
    rig_slot(r, 11, 0x000A, 0x0012);
    rig_public(r, 11, 7);
    rig_put(r, 11, 0, &mark, 1);
    rig_start(r);
}

static bool verify_compares(rig_t *r)
{
    uint8_t data[128];
    public_image(r, M508, 0xA0);
    bool ok = verify_stored(r, 10, 5, true) == OK && verify_stored(r, 10, 5, false) == MISCOMPARE &&
              verify_stored(r, 10, 6, true) == MISCOMPARE;
    host_sign(key32(9), key32(1), data);
    host_public(key32(9), data + 64);
    nonce_fixed(r, key32(1));
    ok = ok && st(r, 0x45, 0x02, 4, data, 128) == OK;
    nonce_fixed(r, key32(2));
    return ok && st(r, 0x45, 0x02, 4, data, 128) == MISCOMPARE;
}

static bool verify_needs_a_p256_key(rig_t *r)
{
    public_image(r, M508, 0xA0);
    rig_slot(r, 12, 0x000F, 0x001C);
    rig_public(r, 12, 5);
    rig_start(r);
    return verify_stored(r, 12, 5, true) == EXEC && verify_stored(r, 10, 5, true) == OK;
}

static bool verify_needs_validation(rig_t *r)
{
    public_image(r, M508, 0xA0);
    bool refused = verify_stored(r, 11, 7, true) == EXEC;
    public_image(r, M508, 0x50);
    return refused && verify_stored(r, 11, 7, true) == OK;
}

// Signs the message of Validate or Invalidate for a slot with the parent key 5.
static unsigned validate(rig_t *r, uint8_t mode, unsigned slot, unsigned digest_slot,
                         uint8_t valid_bit)
{
    static const uint8_t genkey_other[3] = {0x10, 0x0B, 0x00};
    uint8_t data[83] = {0};
    uint8_t digest[32];
    uint8_t xy[64];
    bytes_t b = {.len = 0};
    nonce_random(r);
    add(&b, r->tk, 32);
    add1(&b, 0x40);
    add(&b, genkey_other, 3);
    add_sn(&b, r, 8, 1);
    add_sn(&b, r, 0, 2);
    add0(&b, 25);
    host_public(key32(digest_slot == 10 ? 5 : 7), xy);
    add(&b, xy, 64);
    host_hash(&b, r->tk);
    if (st(r, 0x40, 0x10, (uint16_t)digest_slot, genkey_other, 3) != OK) {
        return NO_ANSWER;
    }
    for (unsigned i = 0; i < 19; i++) {
        data[64 + i] = (uint8_t)(0x30 + i);
    }
    data[64 + 17] = valid_bit;
    b.len = 0;
    add(&b, r->tk, 32);
    add1(&b, 0x41);
    add(&b, data + 64, 10);
    add_sn(&b, r, 8, 1);
    add(&b, data + 74, 4);
    add_sn(&b, r, 0, 2);
    add(&b, data + 78, 5);
    host_hash(&b, digest);
    host_sign(key32(5), digest, data);
    return st(r, 0x45, mode, (uint16_t)slot, data, 83);
}

static bool validation_needs_pub_info(rig_t *r)
{
    public_image(r, M508, 0xA0);
    rig_slot(r, 11, 0x000A, 0x0010);
    rig_start(r);
    bool refused = validate(r, 3, 11, 11, 0) == EXEC;
    public_image(r, M508, 0xA0);
    return refused && validate(r, 3, 11, 11, 0) == OK && slot_bytes(r, 11)[0] == 0x50;
}

static bool validation_needs_the_slots_digest(rig_t *r)
{
    public_image(r, M508, 0xA0);
    bool refused = validate(r, 3, 11, 10, 0) == EXEC;
    bool ok = validate(r, 3, 11, 11, 0) == OK && slot_bytes(r, 11)[0] == 0x50;
    return refused && ok && validate(r, 7, 11, 11, 1) == OK && slot_bytes(r, 11)[0] == 0xA0;
}

static bool validation_says_what_it_does(rig_t *r)
{
    public_image(r, M508, 0xA0);
    return validate(r, 3, 11, 11, 1) == EXEC && validate(r, 7, 11, 11, 0) == EXEC &&
           validate(r, 3, 11, 11, 0) == OK;
}

// Slot 15 with LimitedUse: the key to be validated is used, too (508; a 608 has no LastKeyUse).
static unsigned validate_15(rig_t *r, int model, uint8_t uses)
{
    public_image(r, model, 0xA0);
    rig_slot(r, 15, 0x002A, 0x0012);
    rig_public(r, 15, 7);
    if (model == M508) {
        memset(r->image.config + 68, 0, 16);
        r->image.config[68] = uses;
    }
    rig_start(r);
    return validate(r, 3, 15, 15, 0);
}

static bool validation_uses_slot_15(rig_t *r)
{
    // One use goes to GenKey's digest of slot 15, one to Verify.
    bool enough = validate_15(r, M508, 0x03) == OK && lp_chipsim_image(r->chip)->config[68] == 0;
    bool too_few = validate_15(r, M508, 0x01) == EXEC;
    bool ok_608 = validate_15(r, M608, 0) == OK;
    // There Counter0 has counted the digest alone.
    return enough && too_few && ok_608 && lp_chipsim_image(r->chip)->config[52] == 0x7F;
}

// A certificate with the key of slot 11 after `before` blocks. That the chip's digest is SHA-256 is
// shown elsewhere.
static unsigned validate_external(rig_t *r, unsigned before, unsigned after)
{
    uint8_t block[64] = {0x30};
    uint8_t rs[64];
    st(r, 0x47, 0, 0, NULL, 0);
    for (unsigned i = 0; i < before + 1 + after; i++) {
        i == before ? st(r, 0x47, 3, 11, NULL, 0) : st(r, 0x47, 1, 64, block, 64);
    }
    reply_t digest = cmd(r, 0x47, 2, 0, NULL, 0);
    host_sign(key32(5), digest.data, rs);
    return st(r, 0x45, 1, 11, rs, 64);
}

static bool x509_format_chooses_the_mode(rig_t *r)
{
    public_image(r, M508, 0xA0);
    bool refused = validate_external(r, 0, 0) == EXEC;
    r->image.config[92] = 0x31;
    rig_start(r);
    refused = refused && validate(r, 3, 11, 11, 0) == EXEC;
    return refused && validate_external(r, 1, 1) == OK && slot_bytes(r, 11)[0] == 0x50;
}

// Formats 0 and 1 say "of no blocks": no certificate is.
static bool x509_format_without_blocks(rig_t *r, uint8_t format)
{
    public_image(r, M508, 0xA0);
    r->image.config[92] = format;
    rig_start(r);
    return validate_external(r, 0, 0) == EXEC && validate_external(r, 1, 0) == EXEC &&
           validate_external(r, 256, 0) == EXEC && validate_external(r, 0, 255) == EXEC &&
           slot_bytes(r, 11)[0] == 0xA0;
}

static bool x509_format_gives_the_shape(rig_t *r)
{
    bool never = x509_format_without_blocks(r, 0) && x509_format_without_blocks(r, 1);
    public_image(r, M508, 0xA0);
    r->image.config[92] = 0x31;
    rig_start(r);
    // Blocks are not counted round a byte: 257 and 1 are not the same.
    return never && validate_external(r, 257, 1) == EXEC && validate_external(r, 0, 2) == EXEC &&
           validate_external(r, 1, 2) == EXEC && validate_external(r, 1, 257) == EXEC &&
           validate_external(r, 1, 1) == OK;
}

// ---- ECDH -------------------------------------------------------------------

static reply_t ecdh(rig_t *r, unsigned slot)
{
    uint8_t xy[64];
    host_public(key32(9), xy);
    return cmd(r, 0x43, 0x00, (uint16_t)slot, xy, 64);
}

static bool secret_is(const uint8_t *got, uint8_t own, uint8_t peer)
{
    uint8_t want[32];
    uint8_t xy[64];
    host_public(key32(peer), xy);
    host_ecdh(key32(own), xy, want);
    return memcmp(got, want, 32) == 0;
}

static bool ecdh_needs_a_private_key(rig_t *r)
{
    private_image(r, ALL_LOCKED, 0x2087, 0x0030);
    rig_slot(r, 3, 0x2087, 0x0033);
    rig_start(r);
    bool refused = ecdh(r, 2).status == EXEC;
    reply_t a = ecdh(r, 3);
    bool ok = a.len == 32 && secret_is(a.data, 4, 9);
    private_image(r, ALL_LOCKED, 0x2087, 0x003F); // Private, but of another KeyType
    bool type_7 = ecdh(r, 2).status == EXEC;
    private_image(r, ALL_LOCKED, 0x2087, 0x001B);
    return refused && ok && type_7 && ecdh(r, 2).status == EXEC;
}

static bool ecdh_must_be_permitted(rig_t *r)
{
    private_image(r, ALL_LOCKED, 0x2083, 0x0033);
    rig_slot(r, 3, 0x2087, 0x0033);
    rig_start(r);
    return ecdh(r, 2).status == EXEC && ecdh(r, 3).len == 32;
}

static bool ecdh_bit_3_sends_to_the_next_slot(rig_t *r)
{
    private_image(r, ALL_LOCKED, 0x208F, 0x0033);
    rig_slot(r, 3, 0x808F, 0x001C);
    rig_start(r);
    reply_t a = ecdh(r, 2);
    return a.status == OK && a.len == 0 && secret_is(slot_bytes(r, 3), 3, 9);
}

static bool ecdh_bit_3_in_even_slots_only(rig_t *r)
{
    private_image(r, ALL_LOCKED, 0x208F, 0x0033);
    rig_slot(r, 3, 0x208F, 0x0033);
    rig_slot(r, 4, 0x808F, 0x001C);
    rig_start(r);
    return ecdh(r, 3).status == EXEC && slot_bytes(r, 4)[0] == 0xFF;
}

static bool ecdh_spares_locked_slots(rig_t *r)
{
    private_image(r, ALL_LOCKED, 0x208F, 0x0033);
    rig_slot(r, 3, 0x808F, 0x001C);
    r->image.config[88] = 0xF7;
    rig_start(r);
    bool locked = ecdh(r, 2).status == EXEC;
    private_image(r, ALL_LOCKED, 0x208F, 0x0033); // slot 3 is a private key here
    return locked && ecdh(r, 2).status == EXEC && memcmp(slot_bytes(r, 3) + 4, key32(4), 32) == 0;
}

const rule_test_t ecc_tests[] = {
    RULE(KEYS_NEED_CONFIG_LOCK, gen_key_needs_config_lock),
    RULE(GENKEY_PRIVATE, gen_key_needs_a_private_slot),
    RULE(GENKEY_SECRET, gen_key_needs_is_secret),
    RULE(GENKEY_TYPE, gen_key_needs_p256),
    RULE(GENKEY_SLOT_LOCKED, gen_key_spares_locked_slots),
    RULE(GENKEY_ENABLED, gen_key_must_be_enabled),
    RULE(GENKEY_PUB_INFO, public_key_needs_pub_info),
    RULE(GENKEY_PUBLIC_SLOT, stored_digest_needs_a_public_key),
    RULE(SIGN_PRIVATE, sign_needs_a_private_key),
    RULE(SIGN_SECRET, sign_needs_is_secret),
    RULE(SIGN_EXTERNAL, external_sign_must_be_enabled),
    RULE(SIGN_INTERNAL, internal_sign_must_be_enabled),
    RULE(SIGN_INTERNAL_DATA_LOCK, internal_sign_needs_data_lock),
    RULE(SIGN_INTERNAL_SOURCE, internal_sign_needs_gendig_or_genkey),
    RULE(VERIFY_COMPARE, verify_compares),
    RULE(VERIFY_KEY_TYPE, verify_needs_a_p256_key),
    RULE(VERIFY_VALIDATED, verify_needs_validation),
    RULE(VERIFY_MARKABLE, validation_needs_pub_info),
    RULE(VERIFY_GENKEY, validation_needs_the_slots_digest),
    RULE(VERIFY_OTHERDATA, validation_says_what_it_does),
    RULE(VERIFY_X509_FORMAT, x509_format_chooses_the_mode),
    RULE(VERIFY_X509_SHAPE, x509_format_gives_the_shape),
    RULE(LAST_KEY_USE, validation_uses_slot_15),
    RULE(ECDH_PRIVATE, ecdh_needs_a_private_key),
    RULE(ECDH_PERMITTED, ecdh_must_be_permitted),
    RULE(ECDH_TO_SLOT, ecdh_bit_3_sends_to_the_next_slot),
    RULE(ECDH_ODD_SLOT, ecdh_bit_3_in_even_slots_only),
    RULE(ECDH_TARGET, ecdh_spares_locked_slots),
};
const size_t ecc_count = sizeof ecc_tests / sizeof ecc_tests[0];
