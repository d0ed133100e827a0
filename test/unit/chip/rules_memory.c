// SPDX-License-Identifier: Apache-2.0
// Rules of Read, Write, PrivWrite and Lock.
#include "rig.h"

static unsigned read32(rig_t *r, unsigned slot)
{
    return st(r, 0x02, 0x82, slot_address(slot, 0, 0), NULL, 0);
}

static unsigned read4(rig_t *r, unsigned slot)
{
    return st(r, 0x02, 0x02, slot_address(slot, 0, 0), NULL, 0);
}

static unsigned write32(rig_t *r, unsigned slot, unsigned block)
{
    return st(r, 0x12, 0x82, slot_address(slot, block, 0), key32(9), 32);
}

// ---- Read -------------------------------------------------------------------

static bool read_data_needs_data_lock(rig_t *r)
{
    rig_image(r, M508, CONFIG_LOCKED);
    rig_start(r);
    bool refused = read32(r, 9) == EXEC;
    rig_image(r, M508, ALL_LOCKED);
    rig_key(r, 9, 3);
    rig_start(r);
    reply_t a = cmd(r, 0x02, 0x82, slot_address(9, 0, 0), NULL, 0);
    return refused && a.len == 32 && memcmp(a.data, key32(3), 32) == 0;
}

static bool read_otp_needs_data_lock(rig_t *r)
{
    rig_image(r, M508, CONFIG_LOCKED);
    rig_start(r);
    bool refused = st(r, 0x02, 0x81, 0, NULL, 0) == EXEC;
    rig_image(r, M508, ALL_LOCKED);
    r->image.otp[4] = 0x5A;
    rig_start(r);
    reply_t a = cmd(r, 0x02, 0x01, 1, NULL, 0);
    return refused && a.len == 4 && a.data[0] == 0x5A;
}

static bool read_private_key_is_refused(rig_t *r)
{
    rig_image(r, M508, ALL_LOCKED);
    rig_slot(r, 9, 0x0000, 0x0013); // private, though marked for clear reads
    rig_private(r, 9, 5);
    rig_slot(r, 10, 0x0000, 0x001C);
    rig_start(r);
    return read32(r, 9) == EXEC && read32(r, 10) == OK;
}

static bool read_secret_is_refused(rig_t *r)
{
    rig_image(r, M508, ALL_LOCKED);
    rig_slot(r, 9, 0x008F, 0x001C);
    rig_start(r);
    return read32(r, 9) == EXEC && read32(r, 10) == OK;
}

static bool read_prohibited_code_is_refused(rig_t *r)
{
    rig_image(r, M508, ALL_LOCKED);
    rig_slot(r, 9, 0x004F, 0x001C);
    rig_start(r);
    return read32(r, 9) == EXEC && read32(r, 10) == OK;
}

// Slot 9 is read encrypted with key 5.
static void encrypted_read_image(rig_t *r)
{
    rig_image(r, M508, ALL_LOCKED);
    rig_slot(r, 9, 0x00C5, 0x001C);
    rig_slot(r, 5, 0x808F, 0x001C);
    rig_slot(r, 6, 0x808F, 0x001C);
    rig_key(r, 9, 3);
    rig_key(r, 5, 4);
    rig_key(r, 6, 6);
    rig_start(r);
}

static bool read_secret_word_is_refused(rig_t *r)
{
    encrypted_read_image(r);
    session(r, 5, key32(4));
    bool word = read4(r, 9) == EXEC;
    session(r, 5, key32(4));
    return word && read32(r, 9) == OK && read4(r, 10) == OK;
}

static bool read_encrypted_is_encrypted(rig_t *r)
{
    encrypted_read_image(r);
    session(r, 5, key32(4));
    reply_t a = cmd(r, 0x02, 0x82, slot_address(9, 0, 0), NULL, 0);
    bool right = a.len == 32;
    for (unsigned i = 0; i < 32; i++) {
        right = right && (a.data[i] ^ r->tk[i]) == key32(3)[i];
    }
    session(r, 5, key32(4)); // the last block has 8 bytes and is zero-extended before encryption
    a = cmd(r, 0x02, 0x82, slot_address(9, 2, 0), NULL, 0);
    for (unsigned i = 8; i < 32; i++) {
        right = right && a.data[i] == r->tk[i];
    }
    return right;
}

static bool read_encrypted_needs_gendig(rig_t *r)
{
    encrypted_read_image(r);
    rig_slot(r, 9, 0x00C0, 0x001C); // key 0, so that TempKey's KeyID 0 would fit
    rig_start(r);
    nonce_random(r);
    bool refused = read32(r, 9) == EXEC;
    session(r, 0, slot_bytes(r, 0));
    return refused && read32(r, 9) == OK;
}

static bool read_encrypted_needs_its_key(rig_t *r)
{
    encrypted_read_image(r);
    session(r, 6, key32(6));
    bool refused = read32(r, 9) == EXEC;
    session(r, 5, key32(4));
    return refused && read32(r, 9) == OK;
}

static bool read_encrypted_needs_random(rig_t *r)
{
    encrypted_read_image(r);
    nonce_fixed(r, key32(1));
    gendig_slot(r, 5, key32(4));
    bool refused = read32(r, 9) == EXEC;
    session(r, 5, key32(4));
    return refused && read32(r, 9) == OK;
}

// ---- Write: configuration and OTP -------------------------------------------

static bool write_config_only_while_open(rig_t *r)
{
    static const uint8_t word[4] = {0xC0, 0, 0x55, 0};
    rig_image(r, M508, OPEN);
    rig_start(r);
    bool open = st(r, 0x12, 0x00, 4, word, 4) == OK;
    rig_image(r, M508, CONFIG_LOCKED);
    rig_start(r);
    return open && st(r, 0x12, 0x00, 4, word, 4) == EXEC;
}

static bool write_config_never_encrypted(rig_t *r)
{
    uint8_t data[64];
    rig_image(r, M508, OPEN);
    rig_start(r);
    memcpy(data, r->image.config + 96, 32);
    memset(data + 32, 0, 32);
    return st(r, 0x12, 0xC0, 3 << 3, data, 64) == EXEC && st(r, 0x12, 0x80, 3 << 3, data, 32) == OK;
}

static bool write_config_spares_fixed_bytes(rig_t *r)
{
    uint8_t block[32] = {0};
    rig_image(r, M508, OPEN);
    rig_start(r);
    bool ok = st(r, 0x12, 0x80, 0, block, 32) == EXEC;          // bytes 0-31
    ok = ok && st(r, 0x12, 0x80, 2 << 3, block, 32) == EXEC;    // 64-95: holds 84-87
    ok = ok && st(r, 0x12, 0x00, 3, block, 4) == EXEC;          // 12-15
    ok = ok && st(r, 0x12, 0x00, 2 << 3 | 5, block, 4) == EXEC; // 84-87
    ok = ok && memcmp(lp_chipsim_image(r->chip)->config, r->image.config, 128) == 0;
    return ok && st(r, 0x12, 0x00, 2 << 3 | 6, block, 4) == OK && // 88: SlotLocked
           st(r, 0x12, 0x00, 2 << 3 | 4, block, 4) == OK;         // 80: LastKeyUse
}

static bool write_data_needs_config_lock(rig_t *r)
{
    rig_image(r, M508, OPEN);
    rig_start(r);
    bool refused = write32(r, 9, 0) == EXEC && st(r, 0x12, 0x81, 0, key32(1), 32) == EXEC;
    rig_image(r, M508, CONFIG_LOCKED);
    rig_start(r);
    return refused && write32(r, 9, 0) == OK && st(r, 0x12, 0x81, 0, key32(1), 32) == OK &&
           memcmp(slot_bytes(r, 9), key32(9), 32) == 0;
}

static bool write_word_needs_data_lock(rig_t *r)
{
    static const uint8_t word[4] = {1, 2, 3, 4};
    rig_image(r, M508, CONFIG_LOCKED);
    rig_start(r);
    bool refused = st(r, 0x12, 0x02, slot_address(9, 0, 0), word, 4) == EXEC &&
                   st(r, 0x12, 0x01, 0, word, 4) == EXEC;
    rig_image(r, M508, ALL_LOCKED);
    rig_start(r);
    return refused && st(r, 0x12, 0x02, slot_address(9, 1, 3), word, 4) == OK &&
           memcmp(slot_bytes(r, 9) + 44, word, 4) == 0;
}

static bool write_otp_read_only(rig_t *r)
{
    rig_image(r, M508, ALL_LOCKED);
    r->image.config[18] = 0xAA;
    rig_start(r);
    bool refused = st(r, 0x12, 0x81, 0, key32(1), 32) == EXEC;
    rig_image(r, M508, ALL_LOCKED);
    rig_start(r);
    return refused && st(r, 0x12, 0x81, 0, key32(1), 32) == OK;
}

static bool write_otp_only_clears(rig_t *r)
{
    static const uint8_t word[4] = {0xF0, 0xFF, 0x00, 0x3C};
    rig_image(r, M508, ALL_LOCKED);
    memset(r->image.otp, 0xCC, 64);
    rig_start(r);
    static const uint8_t want[4] = {0xC0, 0xCC, 0x00, 0x0C};
    return st(r, 0x12, 0x01, 1, word, 4) == OK &&
           memcmp(lp_chipsim_image(r->chip)->otp + 4, want, 4) == 0 &&
           lp_chipsim_image(r->chip)->otp[8] == 0xCC;
}

static bool write_locked_otp_never_encrypted(rig_t *r)
{
    uint8_t data[64] = {0};
    rig_image(r, M508, ALL_LOCKED);
    rig_start(r);
    return st(r, 0x12, 0xC1, 0, data, 64) == EXEC && st(r, 0x12, 0x81, 0, data, 32) == OK;
}

// ---- Write: slots -----------------------------------------------------------

static bool write_private_is_refused(rig_t *r)
{
    rig_image(r, M508, CONFIG_LOCKED);
    rig_slot(r, 2, 0x0083, 0x0013);
    rig_start(r);
    return write32(r, 2, 0) == EXEC && write32(r, 3, 0) == OK;
}

static bool write_locked_slot_is_refused(rig_t *r)
{
    bool ok = true;
    for (int state = CONFIG_LOCKED; state <= ALL_LOCKED; state++) {
        rig_image(r, M508, state);
        r->image.config[89] = 0xFD; // slot 9
        rig_start(r);
        ok = ok && write32(r, 9, 0) == EXEC && write32(r, 10, 0) == OK;
    }
    return ok;
}

static bool write_never_is_never(rig_t *r)
{
    static const uint16_t never[] = {0x2000, 0x3000, 0x8000, 0x9000, 0xA000, 0xB000};
    bool ok = true;
    for (size_t i = 0; i < sizeof never / sizeof never[0]; i++) {
        rig_image(r, M508, ALL_LOCKED);
        rig_slot(r, 9, never[i] | 0x0F, 0x001C);
        rig_start(r);
        ok = ok && write32(r, 9, 0) == EXEC && write32(r, 10, 0) == OK;
    }
    return ok;
}

static bool write_validated_key_is_refused(rig_t *r)
{
    uint8_t mark = 0x50;
    rig_image(r, M508, ALL_LOCKED);
    rig_slot(r, 9, 0x100D, 0x0012);
    rig_slot(r, 10, 0x100D, 0x0012);
    rig_put(r, 9, 0, &mark, 1);
    mark = 0xA0;
    rig_put(r, 10, 0, &mark, 1);
    rig_slot(r, 2, 0x100D, 0x0012); // no public key fits there, so this is no mark
    mark = 0x50;
    rig_put(r, 2, 0, &mark, 1);
    rig_start(r);
    return write32(r, 9, 0) == EXEC && write32(r, 9, 1) == EXEC && write32(r, 10, 0) == OK &&
           write32(r, 2, 0) == OK;
}

static bool write_word_only_to_open_slots(rig_t *r)
{
    static const uint8_t word[4] = {1, 2, 3, 4};
    rig_image(r, M508, ALL_LOCKED);
    rig_slot(r, 9, 0x008F, 0x001C);  // secret, Always
    rig_slot(r, 10, 0x100F, 0x0012); // PubInvalid, not validated
    rig_start(r);
    return st(r, 0x12, 0x02, slot_address(9, 0, 0), word, 4) == EXEC &&
           st(r, 0x12, 0x02, slot_address(10, 0, 0), word, 4) == EXEC &&
           st(r, 0x12, 0x42, slot_address(11, 0, 0), word, 4) == EXEC &&
           st(r, 0x12, 0x02, slot_address(11, 0, 0), word, 4) == OK && write32(r, 9, 0) == OK;
}

// Slot 9 is written encrypted with key 5.
static void encrypted_write_image(rig_t *r, int state)
{
    rig_image(r, M508, state);
    rig_slot(r, 9, 0x458F, 0x001C);
    rig_slot(r, 5, 0x808F, 0x001C);
    rig_slot(r, 6, 0x808F, 0x001C);
    rig_key(r, 5, 4);
    rig_key(r, 6, 6);
    rig_start(r);
}

static bool write_encrypted_needs_a_mac(rig_t *r)
{
    encrypted_write_image(r, ALL_LOCKED);
    session(r, 5, key32(4));
    bool refused = write32(r, 9, 0) == EXEC;
    session(r, 5, key32(4));
    return refused && write_encrypted(r, 0x82, slot_address(9, 0, 0), key32(8), true) == OK &&
           memcmp(slot_bytes(r, 9), key32(8), 32) == 0;
}

static bool write_encrypted_checks_the_mac(rig_t *r)
{
    encrypted_write_image(r, ALL_LOCKED);
    session(r, 5, key32(4));
    bool refused = write_encrypted(r, 0x82, slot_address(9, 0, 0), key32(8), false) == EXEC;
    bool untouched = slot_bytes(r, 9)[0] == 0xFF;
    session(r, 5, key32(4));
    // Zone bit 6 does not decide any more, but it is in the MAC.
    return refused && untouched &&
           write_encrypted(r, 0xC2, slot_address(9, 1, 0), key32(8), true) == OK;
}

static bool write_encrypted_needs_gendig(rig_t *r)
{
    encrypted_write_image(r, ALL_LOCKED);
    rig_slot(r, 9, 0x408F, 0x001C); // key 0
    rig_start(r);
    nonce_random(r);
    bool refused = write_encrypted(r, 0x82, slot_address(9, 0, 0), key32(8), true) == EXEC;
    session(r, 0, slot_bytes(r, 0));
    bool allowed = write_encrypted(r, 0x82, slot_address(9, 0, 0), key32(8), true) == OK;
    encrypted_write_image(r,
                          CONFIG_LOCKED); // "prior to data locking the GenDigData bit is ignored"
    nonce_random(r);
    return refused && allowed &&
           write_encrypted(r, 0xC2, slot_address(9, 0, 0), key32(8), true) == OK;
}

static bool write_encrypted_needs_its_key(rig_t *r)
{
    encrypted_write_image(r, ALL_LOCKED);
    session(r, 6, key32(6));
    bool refused = write_encrypted(r, 0x82, slot_address(9, 0, 0), key32(8), true) == EXEC;
    encrypted_write_image(r, CONFIG_LOCKED); // "any key can be used"
    session(r, 6, key32(6));
    return refused && write_encrypted(r, 0xC2, slot_address(9, 0, 0), key32(8), true) == OK;
}

static bool write_invalidates_a_public_key(rig_t *r)
{
    uint8_t mark = 0x53;
    bool ok = true;
    for (unsigned block = 0; block < 3; block++) {
        rig_image(r, M508, ALL_LOCKED);
        rig_slot(r, 9, 0x000D, 0x0012);
        rig_put(r, 9, 0, &mark, 1);
        rig_start(r);
        ok = ok && write32(r, 9, block) == OK && slot_bytes(r, 9)[0] >> 4 == 0x0A;
    }
    return ok;
}

// ---- PrivWrite --------------------------------------------------------------

static unsigned priv_clear(rig_t *r, unsigned slot)
{
    uint8_t plain[36] = {0};
    memcpy(plain + 4, key32(7), 32);
    return st(r, 0x46, 0x00, (uint16_t)slot, plain, 36);
}

static bool priv_write_needs_config_lock(rig_t *r)
{
    rig_image(r, M508, OPEN);
    rig_slot(r, 2, 0x4583, 0x0013);
    rig_start(r);
    bool refused = priv_clear(r, 2) == EXEC;
    rig_image(r, M508, CONFIG_LOCKED);
    rig_slot(r, 2, 0x4583, 0x0013);
    rig_start(r);
    return refused && priv_clear(r, 2) == OK && memcmp(slot_bytes(r, 2) + 4, key32(7), 32) == 0;
}

static bool priv_write_needs_a_private_slot(rig_t *r)
{
    rig_image(r, M508, CONFIG_LOCKED);
    rig_slot(r, 2, 0x4583, 0x0013);
    rig_slot(r, 3, 0x4583, 0x001C);
    rig_start(r);
    return priv_clear(r, 3) == EXEC && priv_clear(r, 2) == OK;
}

static bool priv_write_needs_is_secret(rig_t *r)
{
    rig_image(r, M508, CONFIG_LOCKED);
    rig_slot(r, 2, 0x4583, 0x0013);
    rig_slot(r, 3, 0x4503, 0x0013);
    rig_start(r);
    return priv_clear(r, 3) == EXEC && priv_clear(r, 2) == OK;
}

static bool priv_write_spares_locked_slots(rig_t *r)
{
    rig_image(r, M508, CONFIG_LOCKED);
    rig_slot(r, 2, 0x4583, 0x0013);
    rig_slot(r, 3, 0x4583, 0x0013);
    r->image.config[88] = 0xF7; // slot 3
    rig_start(r);
    return priv_clear(r, 3) == EXEC && priv_clear(r, 2) == OK;
}

static void priv_image(rig_t *r)
{
    rig_image(r, M508, ALL_LOCKED);
    rig_slot(r, 2, 0x4583, 0x0013);
    rig_slot(r, 3, 0x2583, 0x0013); // GenKey only
    rig_slot(r, 5, 0x808F, 0x001C);
    rig_slot(r, 6, 0x808F, 0x001C);
    rig_key(r, 5, 4);
    rig_key(r, 6, 6);
    rig_start(r);
}

static bool priv_write_needs_encrypt_mode(rig_t *r)
{
    priv_image(r);
    session(r, 5, key32(4));
    bool refused = priv_write(r, 3, key32(7), true) == EXEC;
    session(r, 5, key32(4));
    return refused && priv_write(r, 2, key32(7), true) == OK &&
           memcmp(slot_bytes(r, 2) + 4, key32(7), 32) == 0;
}

static bool priv_write_never_clear_once_locked(rig_t *r)
{
    priv_image(r);
    bool refused = priv_clear(r, 2) == EXEC;
    session(r, 5, key32(4));
    return refused && priv_write(r, 2, key32(7), true) == OK;
}

static bool priv_write_needs_gendig(rig_t *r)
{
    priv_image(r);
    rig_slot(r, 2, 0x4083, 0x0013); // key 0
    rig_start(r);
    nonce_random(r);
    bool refused = priv_write(r, 2, key32(7), true) == EXEC;
    session(r, 0, slot_bytes(r, 0));
    return refused && priv_write(r, 2, key32(7), true) == OK;
}

static bool priv_write_needs_its_key(rig_t *r)
{
    priv_image(r);
    session(r, 6, key32(6));
    bool refused = priv_write(r, 2, key32(7), true) == EXEC;
    session(r, 5, key32(4));
    return refused && priv_write(r, 2, key32(7), true) == OK;
}

static bool priv_write_checks_the_mac(rig_t *r)
{
    priv_image(r);
    session(r, 5, key32(4));
    bool refused = priv_write(r, 2, key32(7), false) == EXEC && slot_bytes(r, 2)[4] == 0xFF;
    session(r, 5, key32(4));
    return refused && priv_write(r, 2, key32(7), true) == OK;
}

// ---- Lock -------------------------------------------------------------------

static uint16_t config_crc(rig_t *r)
{
    return host_crc(lp_chipsim_image(r->chip)->config, 128);
}

// Slots in order without private keys, then OTP.
static uint16_t data_crc(rig_t *r)
{
    uint8_t all[1208 + 64];
    size_t n = 0;
    const lp_chipsim_image_t *i = lp_chipsim_image(r->chip);
    for (unsigned slot = 0; slot < 16; slot++) {
        size_t len;
        const uint8_t *p = lp_chipsim_slot_const(i, slot, &len);
        if ((i->config[96 + 2 * slot] & 1) == 0) {
            memcpy(all + n, p, len);
            n += len;
        }
    }
    memcpy(all + n, i->otp, 64);
    return host_crc(all, n + 64);
}

static bool lock_works_once(rig_t *r)
{
    rig_image(r, M508, OPEN);
    rig_start(r);
    bool ok = st(r, 0x17, 0x80, 0, NULL, 0) == OK && st(r, 0x17, 0x80, 0, NULL, 0) == EXEC;
    return ok && st(r, 0x17, 0x81, 0, NULL, 0) == OK && st(r, 0x17, 0x81, 0, NULL, 0) == EXEC &&
           lp_chipsim_image(r->chip)->config[87] == 0 && lp_chipsim_image(r->chip)->config[86] == 0;
}

static bool lock_config_checks_the_crc(rig_t *r)
{
    rig_image(r, M508, OPEN);
    rig_start(r);
    uint16_t crc = config_crc(r);
    bool refused = st(r, 0x17, 0x00, crc ^ 1, NULL, 0) == EXEC;
    return refused && lp_chipsim_image(r->chip)->config[87] == 0x55 &&
           st(r, 0x17, 0x00, crc, NULL, 0) == OK;
}

static bool lock_data_checks_the_crc(rig_t *r)
{
    rig_image(r, M508, CONFIG_LOCKED);
    rig_slot(r, 0, 0x2083, 0x0013);
    rig_private(r, 0, 3); // must not be part of the sum
    rig_key(r, 9, 4);
    rig_start(r);
    uint16_t crc = data_crc(r);
    return st(r, 0x17, 0x01, crc ^ 0x8000, NULL, 0) == EXEC &&
           st(r, 0x17, 0x01, crc, NULL, 0) == OK;
}

static bool lock_data_after_config(rig_t *r)
{
    rig_image(r, M508, OPEN);
    rig_start(r);
    return st(r, 0x17, 0x81, 0, NULL, 0) == EXEC && st(r, 0x17, 0x80, 0, NULL, 0) == OK &&
           st(r, 0x17, 0x81, 0, NULL, 0) == OK;
}

static bool lock_slot_after_config(rig_t *r)
{
    rig_image(r, M508, OPEN);
    rig_slot(r, 9, 0x000F, 0x003C);
    rig_start(r);
    return st(r, 0x17, 9 << 2 | 2, 0, NULL, 0) == EXEC && st(r, 0x17, 0x80, 0, NULL, 0) == OK &&
           st(r, 0x17, 9 << 2 | 2, 0, NULL, 0) == OK;
}

static bool lock_slot_only_if_lockable(rig_t *r)
{
    rig_image(r, M508, ALL_LOCKED);
    rig_slot(r, 9, 0x000F, 0x003C);
    rig_start(r);
    return st(r, 0x17, 10 << 2 | 2, 0, NULL, 0) == EXEC &&
           st(r, 0x17, 9 << 2 | 2, 0, NULL, 0) == OK &&
           lp_chipsim_image(r->chip)->config[89] == 0xFD && write32(r, 9, 0) == EXEC;
}

static bool lock_slot_works_once(rig_t *r)
{
    rig_image(r, M508, ALL_LOCKED);
    rig_slot(r, 9, 0x000F, 0x003C);
    rig_start(r);
    return st(r, 0x17, 9 << 2 | 2, 0, NULL, 0) == OK && st(r, 0x17, 9 << 2 | 2, 0, NULL, 0) == EXEC;
}

const rule_test_t memory_tests[] = {
    RULE(READ_DATA_UNLOCKED, read_data_needs_data_lock),
    RULE(READ_OTP_UNLOCKED, read_otp_needs_data_lock),
    RULE(READ_PRIVATE, read_private_key_is_refused),
    RULE(READ_SECRET, read_secret_is_refused),
    RULE(READ_PROHIBITED, read_prohibited_code_is_refused),
    RULE(READ_SECRET_WORD, read_secret_word_is_refused),
    RULE(READ_ENCRYPTS, read_encrypted_is_encrypted),
    RULE(READ_ENC_GENDIG, read_encrypted_needs_gendig),
    RULE(READ_ENC_KEY, read_encrypted_needs_its_key),
    RULE(READ_ENC_RANDOM, read_encrypted_needs_random),
    RULE(WRITE_CONFIG_LOCKED, write_config_only_while_open),
    RULE(WRITE_CONFIG_ENCRYPTED, write_config_never_encrypted),
    RULE(WRITE_CONFIG_FORBIDDEN, write_config_spares_fixed_bytes),
    RULE(WRITE_NEEDS_CONFIG_LOCK, write_data_needs_config_lock),
    RULE(WRITE_OPEN_WORD, write_word_needs_data_lock),
    RULE(WRITE_OTP_READONLY, write_otp_read_only),
    RULE(WRITE_OTP_AND, write_otp_only_clears),
    RULE(WRITE_OTP_ENCRYPTED, write_locked_otp_never_encrypted),
    RULE(WRITE_PRIVATE, write_private_is_refused),
    RULE(WRITE_SLOT_LOCKED, write_locked_slot_is_refused),
    RULE(WRITE_NEVER, write_never_is_never),
    RULE(WRITE_PUB_INVALID, write_validated_key_is_refused),
    RULE(WRITE_WORD, write_word_only_to_open_slots),
    RULE(WRITE_NEEDS_MAC, write_encrypted_needs_a_mac),
    RULE(WRITE_MAC, write_encrypted_checks_the_mac),
    RULE(WRITE_ENC_GENDIG, write_encrypted_needs_gendig),
    RULE(WRITE_ENC_KEY, write_encrypted_needs_its_key),
    RULE(WRITE_INVALIDATES, write_invalidates_a_public_key),
    RULE(PRIVWRITE_CONFIG_LOCK, priv_write_needs_config_lock),
    RULE(PRIVWRITE_PRIVATE, priv_write_needs_a_private_slot),
    RULE(PRIVWRITE_SECRET, priv_write_needs_is_secret),
    RULE(PRIVWRITE_SLOT_LOCKED, priv_write_spares_locked_slots),
    RULE(PRIVWRITE_FORBIDDEN, priv_write_needs_encrypt_mode),
    RULE(PRIVWRITE_CLEAR, priv_write_never_clear_once_locked),
    RULE(PRIVWRITE_GENDIG, priv_write_needs_gendig),
    RULE(PRIVWRITE_KEY, priv_write_needs_its_key),
    RULE(PRIVWRITE_MAC, priv_write_checks_the_mac),
    RULE(LOCK_TWICE, lock_works_once),
    RULE(LOCK_CONFIG_CRC, lock_config_checks_the_crc),
    RULE(LOCK_DATA_CRC, lock_data_checks_the_crc),
    RULE(LOCK_DATA_FIRST, lock_data_after_config),
    RULE(LOCK_SLOT_FIRST, lock_slot_after_config),
    RULE(LOCK_SLOT_LOCKABLE, lock_slot_only_if_lockable),
    RULE(LOCK_SLOT_TWICE, lock_slot_works_once),
};
const size_t memory_count = sizeof memory_tests / sizeof memory_tests[0];
