// SPDX-License-Identifier: Apache-2.0
// Rules of keys: MAC, HMAC, CheckMac, GenDig, DeriveKey, SHA, counters, authorisation.
#include "rig.h"

static unsigned mac_slot(rig_t *r, unsigned slot)
{
    return st(r, 0x08, 0x00, (uint16_t)slot, key32(1), 32);
}

// CheckMac with the slot's key, the client's challenge, and OtherData of zeros.
static unsigned checkmac(rig_t *r, uint8_t mode, unsigned slot, const uint8_t first[32],
                         const uint8_t second[32], bool right)
{
    uint8_t data[77] = {0};
    bytes_t b = {.len = 0};
    memcpy(data, key32(1), 32);
    add(&b, first, 32);
    add(&b, second, 32);
    add0(&b, 4 + 8 + 3);
    add_sn(&b, r, 8, 1);
    add0(&b, 4);
    add_sn(&b, r, 0, 2);
    add0(&b, 2);
    host_hash(&b, data + 32);
    data[63] ^= right ? 0 : 1;
    return st(r, 0x28, mode, (uint16_t)slot, data, sizeof data);
}

static void one_key(rig_t *r, int model, uint16_t sc, uint16_t kc)
{
    rig_image(r, model, ALL_LOCKED);
    rig_slot(r, 5, sc, kc);
    rig_slot(r, 6, 0x808F, 0x001C);
    rig_key(r, 5, 4);
    rig_key(r, 6, 6);
    rig_start(r);
}

static bool tempkey_must_be_valid(rig_t *r)
{
    one_key(r, M508, 0x808F, 0x001C);
    bool refused = st(r, 0x15, 2, 5, NULL, 0) == EXEC && st(r, 0x08, 0x01, 5, NULL, 0) == EXEC;
    nonce_random(r);
    return refused && st(r, 0x15, 2, 5, NULL, 0) == OK;
}

static bool keys_need_config_lock(rig_t *r)
{
    rig_image(r, M508, OPEN);
    rig_start(r);
    bool refused = mac_slot(r, 5) == EXEC;
    rig_image(r, M508, CONFIG_LOCKED);
    rig_start(r);
    return refused && mac_slot(r, 5) == OK;
}

static bool secret_commands_refuse_private_keys(rig_t *r)
{
    one_key(r, M508, 0x808F, 0x001C);
    rig_slot(r, 2, 0x2083, 0x0013);
    rig_private(r, 2, 3);
    rig_start(r);
    bool refused = mac_slot(r, 2) == EXEC;
    refused = refused && checkmac(r, 0, 2, r->image.data + 72, key32(1), true) == EXEC;
    nonce_random(r);
    refused = refused && st(r, 0x15, 2, 2, NULL, 0) == EXEC;
    refused = refused && st(r, 0x47, 4, 2, NULL, 0) == EXEC;
    return refused && mac_slot(r, 5) == OK;
}

// ---- authorisation ----------------------------------------------------------

// Key 5 needs authorisation by key 6.
static void auth_image(rig_t *r)
{
    one_key(r, M508, 0x808F, 0x069C);
}

static bool auth_is_required(rig_t *r)
{
    auth_image(r);
    bool refused = mac_slot(r, 5) == EXEC;
    bool wrong =
        checkmac(r, 0, 6, key32(6), key32(1), false) == MISCOMPARE && mac_slot(r, 5) == EXEC;
    bool given = checkmac(r, 0, 6, key32(6), key32(1), true) == OK;
    return refused && wrong && given && (state_bytes(r) & 0x7C00) == 0x3400 && mac_slot(r, 5) == OK;
}

static bool auth_is_for_one_use(rig_t *r)
{
    auth_image(r);
    checkmac(r, 0, 6, key32(6), key32(1), true);
    bool first = mac_slot(r, 5) == OK;
    bool second = mac_slot(r, 5) == EXEC;
    checkmac(r, 0, 6, key32(6), key32(1), true);
    rig_restart(r); // sleep takes it away, too
    return first && second && mac_slot(r, 5) == EXEC;
}

static bool random_nonce_is_required(rig_t *r)
{
    one_key(r, M508, 0x808F, 0x005C);
    nonce_fixed(r, key32(1));
    bool refused = st(r, 0x08, 0x05, 5, NULL, 0) == EXEC;
    nonce_fixed(r, key32(1));
    refused = refused && gendig_slot(r, 5, key32(4)) == EXEC;
    nonce_random(r);
    bool allowed = st(r, 0x08, 0x01, 5, NULL, 0) == OK;
    return refused && allowed && session(r, 5, key32(4)) == OK;
}

static bool latch_blocks_keys(rig_t *r)
{
    one_key(r, M508, 0x808F, 0x101C);
    return mac_slot(r, 5) == EXEC && mac_slot(r, 6) == OK;
}

// ---- limited use ------------------------------------------------------------

static uint32_t counter(rig_t *r, unsigned id)
{
    reply_t a = cmd(r, 0x24, 0, (uint16_t)id, NULL, 0);
    return a.len == 4 ? (uint32_t)(a.data[0] | a.data[1] << 8 | a.data[2] << 16) : 0xFFFFFFFF;
}

static bool limited_use_counts(rig_t *r)
{
    one_key(r, M508, 0x80AF, 0x001C);
    bool ok = mac_slot(r, 5) == OK && mac_slot(r, 5) == OK && counter(r, 0) == 2;
    ok = ok && mac_slot(r, 6) == OK && counter(r, 0) == 2 && counter(r, 1) == 0;
    return ok && st(r, 0x20, 2, 5, NULL, 0) == OK &&
           counter(r, 0) == 3 && // UpdateExtra counts, too
           st(r, 0x20, 2, 6, NULL, 0) == OK && counter(r, 0) == 3;
}

static bool last_key_use_runs_out(rig_t *r)
{
    rig_image(r, M508, ALL_LOCKED);
    rig_slot(r, 15, 0x80AF, 0x001C);
    memset(r->image.config + 68, 0, 16);
    r->image.config[69] = 0x03; // two uses
    rig_start(r);
    bool ok = mac_slot(r, 15) == OK && lp_chipsim_image(r->chip)->config[69] == 0x01;
    ok = ok && mac_slot(r, 15) == OK && lp_chipsim_image(r->chip)->config[69] == 0x00;
    return ok && mac_slot(r, 15) == EXEC && counter(r, 0) == 0;
}

static bool counter_stops_at_its_end(rig_t *r)
{
    static const uint8_t nearly[8] = {0, 0, 0x00, 0x03, 0xFF, 0xFF, 0xFF, 0xFF}; // 2,097,150
    one_key(r, M508, 0x80AF, 0x001C);
    memcpy(r->image.config + 52, nearly, 8);
    rig_start(r);
    bool ok = counter(r, 0) == 2097150 && mac_slot(r, 5) == OK && counter(r, 0) == 2097151;
    return ok && mac_slot(r, 5) == EXEC && st(r, 0x24, 1, 0, NULL, 0) == EXEC &&
           counter(r, 0) == 2097151 && st(r, 0x24, 1, 1, NULL, 0) == OK;
}

static bool update_extra_writes_once(rig_t *r)
{
    rig_image(r, M508, ALL_LOCKED);
    rig_start(r);
    bool ok = st(r, 0x20, 0, 0x12, NULL, 0) == OK && st(r, 0x20, 0, 0x34, NULL, 0) == EXEC &&
              lp_chipsim_image(r->chip)->config[84] == 0x12;
    ok = ok && st(r, 0x20, 1, 1, NULL, 0) == OK &&
         st(r, 0x20, 1, 2, NULL, 0) == OK; // SelectorMode 0
    rig_image(r, M508, ALL_LOCKED);
    r->image.config[19] = 1;
    rig_start(r);
    return ok && st(r, 0x20, 1, 1, NULL, 0) == OK && st(r, 0x20, 1, 2, NULL, 0) == EXEC;
}

// ---- MAC, HMAC, CheckMac ------------------------------------------------------

static bool source_flag_must_match(rig_t *r)
{
    one_key(r, M508, 0x808F, 0x001C);
    nonce_random(r);
    bool refused = st(r, 0x08, 0x05, 5, NULL, 0) == EXEC;
    nonce_fixed(r, key32(1));
    refused = refused && st(r, 0x11, 0x00, 5, NULL, 0) == EXEC;
    nonce_fixed(r, key32(1));
    return refused && st(r, 0x08, 0x05, 5, NULL, 0) == OK;
}

static bool no_mac_key_makes_no_mac(rig_t *r)
{
    one_key(r, M508, 0x809F, 0x001C);
    bool refused = mac_slot(r, 5) == EXEC;
    nonce_random(r);
    refused = refused && st(r, 0x11, 0x00, 5, NULL, 0) == EXEC;
    refused = refused && st(r, 0x47, 4, 5, NULL, 0) == EXEC;
    return refused && mac_slot(r, 6) == OK && checkmac(r, 0, 5, key32(4), key32(1), true) == OK;
}

static bool no_mac_tempkey_makes_no_mac(rig_t *r)
{
    static const uint8_t other[4] = {0x1C, 0x04, 0x05, 0x00};
    one_key(r, M508, 0x809F, 0x001C);
    nonce_random(r);
    bool made = st(r, 0x15, 2, 5, other, 4) == OK && (state_bytes(r) & 0x80) != 0;
    bool refused = st(r, 0x08, 0x01, 6, NULL, 0) == EXEC;
    nonce_random(r);
    gendig_slot(r, 6, key32(6));
    return made && refused && st(r, 0x08, 0x01, 6, NULL, 0) == OK;
}

// 608: nor does it with SHA in HMAC mode, which has taken the place of the HMAC command.
static bool no_mac_tempkey_makes_no_sha_hmac(rig_t *r)
{
    static const uint8_t other[4] = {0x1C, 0x04, 0x05, 0x00};
    one_key(r, M608, 0x809F, 0x001C);
    nonce_random(r);
    bool made = st(r, 0x15, 2, 5, other, 4) == OK && (state_bytes(r) & 0x80) != 0;
    bool refused = st(r, 0x47, 4, 0xFFFF, NULL, 0) == EXEC;
    nonce_random(r);
    gendig_slot(r, 6, key32(6));
    uint8_t want[32];
    host_hmac(r->tk, 32, key32(1), 32, want);
    bool started = st(r, 0x47, 4, 0xFFFF, NULL, 0) == OK;
    reply_t a = cmd(r, 0x47, 0xC2, 32, key32(1), 32);
    return made && refused && started && a.len == 32 && memcmp(a.data, want, 32) == 0;
}

static bool check_mac_compares(rig_t *r)
{
    one_key(r, M508, 0x808F, 0x001C);
    return checkmac(r, 0, 5, key32(4), key32(1), false) == MISCOMPARE &&
           checkmac(r, 0, 5, key32(4), key32(1), true) == OK;
}

// The password is in slot 4, the secret it opens in slot 5.
static void copy_image(rig_t *r, uint16_t target_config)
{
    rig_image(r, M508, ALL_LOCKED);
    rig_slot(r, 4, 0x808F, 0x001C);
    rig_slot(r, 5, target_config, 0x001C);
    rig_slot(r, 6, 0x808F, 0x001C);
    rig_key(r, 4, 3);
    rig_key(r, 5, 4);
    rig_key(r, 6, 6);
    rig_start(r);
}

static bool check_mac_copies_only_with_read_key_0(rig_t *r)
{
    copy_image(r, 0x808F);
    nonce_random(r);
    bool ok = checkmac(r, 1, 4, key32(3), r->tk, true) == OK && !tempkey_valid(r);
    copy_image(r, 0x8080);
    nonce_random(r);
    ok = ok && checkmac(r, 1, 4, key32(3), r->tk, true) == OK && tempkey_valid(r);
    // What is in TempKey now is the secret: a MAC over it proves that, with SourceFlag = Input.
    uint8_t want[32];
    host_mac(r, key32(6), key32(4), 0x08, 0x05, 6, want);
    reply_t a = cmd(r, 0x08, 0x05, 6, NULL, 0);
    return ok && a.len == 32 && memcmp(a.data, want, 32) == 0;
}

// ---- GenDig -----------------------------------------------------------------

static bool transport_keys_need_random(rig_t *r)
{
    one_key(r, M508, 0x808F, 0x001C);
    nonce_fixed(r, key32(1));
    bool refused = st(r, 0x15, 2, 0x8001, NULL, 0) == EXEC;
    nonce_random(r);
    return refused && st(r, 0x15, 2, 0x8001, NULL, 0) == OK && (state_bytes(r) & 0x20) == 0;
}

static bool gendig_otp_needs_config_lock(rig_t *r)
{
    rig_image(r, M508, OPEN);
    rig_start(r);
    nonce_fixed(r, key32(1));
    bool refused = st(r, 0x15, 1, 0, NULL, 0) == EXEC;
    rig_image(r, M508, CONFIG_LOCKED);
    rig_start(r);
    nonce_fixed(r, key32(1));
    return refused && st(r, 0x15, 1, 0, NULL, 0) == OK;
}

// ---- DeriveKey --------------------------------------------------------------

// Target 5, parent 6.
static void derive_image(rig_t *r, int state, unsigned write_config, uint16_t kc)
{
    rig_image(r, M508, state);
    rig_slot(r, 5, (uint16_t)(write_config << 12 | 0x068F), kc);
    rig_slot(r, 6, 0x808F, 0x001C);
    rig_key(r, 5, 4);
    rig_key(r, 6, 6);
    rig_start(r);
}

static unsigned derive(rig_t *r, const uint8_t *mac)
{
    nonce_random(r);
    return st(r, 0x1C, 0x00, 5, mac, mac != NULL ? 32 : 0);
}

static bool derived_from(rig_t *r, const uint8_t source[32])
{
    bytes_t b = {.len = 0};
    uint8_t want[32];
    add(&b, source, 32);
    add_head(&b, 0x1C, 0, 5);
    add_sn(&b, r, 8, 1);
    add_sn(&b, r, 0, 2);
    add0(&b, 25);
    add(&b, r->tk, 32);
    host_hash(&b, want);
    return memcmp(slot_bytes(r, 5), want, 32) == 0;
}

static void derive_mac(rig_t *r, const uint8_t parent[32], uint8_t mac[32])
{
    bytes_t b = {.len = 0};
    add(&b, parent, 32);
    add_head(&b, 0x1C, 0, 5);
    add_sn(&b, r, 8, 1);
    add_sn(&b, r, 0, 2);
    host_hash(&b, mac);
}

static bool derive_needs_config_lock(rig_t *r)
{
    rig_image(r, M508, OPEN);
    rig_slot(r, 5, 0x268F, 0x001C);
    rig_start(r);
    bool refused = derive(r, NULL) == EXEC;
    rig_image(r, M508, CONFIG_LOCKED);
    rig_slot(r, 5, 0x268F, 0x001C);
    rig_start(r);
    return refused && derive(r, NULL) == OK;
}

static bool derive_spares_private_keys(rig_t *r)
{
    derive_image(r, CONFIG_LOCKED, 3, 0x0013);
    bool refused = derive(r, NULL) == EXEC;
    derive_image(r, CONFIG_LOCKED, 3, 0x001C);
    return refused && derive(r, NULL) == OK && derived_from(r, key32(6));
}

static bool derive_spares_locked_slots(rig_t *r)
{
    derive_image(r, ALL_LOCKED, 2, 0x001C);
    r->image.config[88] = 0xDF;
    rig_start(r);
    bool refused = derive(r, NULL) == EXEC;
    derive_image(r, ALL_LOCKED, 2, 0x001C);
    return refused && derive(r, NULL) == OK && derived_from(r, key32(4));
}

static bool derive_must_be_enabled(rig_t *r)
{
    static const unsigned never[] = {0, 1, 4, 5, 8, 9, 12, 13};
    bool ok = true;
    for (size_t i = 0; i < sizeof never / sizeof never[0]; i++) {
        derive_image(r, ALL_LOCKED, never[i], 0x001C);
        uint8_t mac[32];
        derive_mac(r, key32(6), mac);
        ok = ok && derive(r, mac) == EXEC;
    }
    derive_image(r, ALL_LOCKED, 3, 0x001C);
    return ok && derive(r, NULL) == OK && derived_from(r, key32(6));
}

static bool derive_source_must_match(rig_t *r)
{
    derive_image(r, ALL_LOCKED, 2, 0x001C);
    nonce_fixed(r, key32(1));
    bool refused = st(r, 0x1C, 0x00, 5, NULL, 0) == EXEC;
    nonce_fixed(r, key32(1));
    return refused && st(r, 0x1C, 0x04, 5, NULL, 0) == OK;
}

// Source and parent are one slot, asked twice in one command: as what rolls and for its MAC.
static bool derive_is_one_use_of_its_keys(rig_t *r)
{
    uint8_t mac[32];
    rig_image(r, M508, ALL_LOCKED);
    rig_slot(r, 5, 0xA58F, 0x069C);
    rig_slot(r, 6, 0x808F, 0x001C);
    rig_key(r, 5, 4);
    rig_key(r, 6, 6);
    rig_start(r);
    derive_mac(r, key32(4), mac);
    checkmac(r, 0, 6, key32(6), key32(1), true);
    bool once = derive(r, mac) == OK && derived_from(r, key32(4));
    derive_mac(r, slot_bytes(r, 5), mac);
    return once && derive(r, mac) == EXEC;
}

static bool derive_needs_a_mac(rig_t *r)
{
    uint8_t mac[32];
    derive_image(r, ALL_LOCKED, 0xA, 0x001C);
    derive_mac(r, key32(6), mac);
    return derive(r, NULL) == EXEC && derive(r, mac) == OK && derived_from(r, key32(4));
}

static bool derive_checks_the_mac(rig_t *r)
{
    uint8_t mac[32];
    derive_image(r, ALL_LOCKED, 0xB, 0x001C);
    derive_mac(r, key32(6), mac);
    mac[0] ^= 1;
    bool refused = derive(r, mac) == EXEC && memcmp(slot_bytes(r, 5), key32(4), 32) == 0;
    mac[0] ^= 1;
    return refused && derive(r, mac) == OK && derived_from(r, key32(6));
}

// ---- SHA --------------------------------------------------------------------

static bool sha_needs_a_start(rig_t *r)
{
    uint8_t block[64] = {1};
    one_key(r, M508, 0x808F, 0x001C);
    bool refused = st(r, 0x47, 1, 64, block, 64) == EXEC && st(r, 0x47, 2, 0, NULL, 0) == EXEC;
    return refused && st(r, 0x47, 0, 0, NULL, 0) == OK && st(r, 0x47, 1, 64, block, 64) == OK;
}

static bool sha_is_interrupted(rig_t *r)
{
    uint8_t block[64] = {1};
    one_key(r, M508, 0x808F, 0x001C);
    st(r, 0x47, 0, 0, NULL, 0);
    st(r, 0x30, 0, 0, NULL, 0); // any other command
    bool gone = st(r, 0x47, 1, 64, block, 64) == EXEC;
    st(r, 0x47, 0, 0, NULL, 0);
    return gone && st(r, 0x47, 1, 64, block, 64) == OK;
}

static bool sha_end_must_fit_start(rig_t *r)
{
    one_key(r, M508, 0x808F, 0x001C);
    st(r, 0x47, 0, 0, NULL, 0);
    bool refused = st(r, 0x47, 5, 0, NULL, 0) == EXEC;
    st(r, 0x47, 4, 5, NULL, 0);
    refused = refused && st(r, 0x47, 2, 0, NULL, 0) == EXEC;
    st(r, 0x47, 4, 5, NULL, 0);
    return refused && st(r, 0x47, 5, 0, NULL, 0) == OK;
}

static bool sha_public_needs_a_public_key(rig_t *r)
{
    one_key(r, M508, 0x808F, 0x001C);
    rig_slot(r, 10, 0x000F, 0x0010);
    rig_public(r, 10, 3);
    rig_start(r);
    st(r, 0x47, 0, 0, NULL, 0);
    bool refused = st(r, 0x47, 3, 11, NULL, 0) == EXEC;
    st(r, 0x47, 0, 0, NULL, 0);
    bool ok = st(r, 0x47, 3, 10, NULL, 0) == OK;
    reply_t a = cmd(r, 0x47, 2, 0, NULL, 0);
    uint8_t xy[64];
    uint8_t want[32];
    host_public(key32(3), xy);
    host_sha(xy, 64, want);
    return refused && ok && a.len == 32 && memcmp(a.data, want, 32) == 0;
}

const rule_test_t key_tests[] = {
    RULE(TEMPKEY_VALID, tempkey_must_be_valid),
    RULE(KEYS_NEED_CONFIG_LOCK, keys_need_config_lock),
    RULE(SECRET_NOT_PRIVATE, secret_commands_refuse_private_keys),
    RULE(REQ_AUTH, auth_is_required),
    RULE(AUTH_ONCE, auth_is_for_one_use),
    RULE(AUTH_ONCE, derive_is_one_use_of_its_keys),
    RULE(REQ_RANDOM, random_nonce_is_required),
    RULE(LATCH, latch_blocks_keys),
    RULE(LIMITED_USE, limited_use_counts),
    RULE(LAST_KEY_USE, last_key_use_runs_out),
    RULE(COUNTER_MAX, counter_stops_at_its_end),
    RULE(UPDATEEXTRA_ONCE, update_extra_writes_once),
    RULE(SOURCE_MATCH, source_flag_must_match),
    RULE(NO_MAC_SLOT, no_mac_key_makes_no_mac),
    RULE(NO_MAC_TEMPKEY, no_mac_tempkey_makes_no_mac),
    RULE(NO_MAC_TEMPKEY, no_mac_tempkey_makes_no_sha_hmac),
    RULE(CHECKMAC_COMPARE, check_mac_compares),
    RULE(CHECKMAC_COPY_READKEY, check_mac_copies_only_with_read_key_0),
    RULE(GENDIG_TRANSPORT_RANDOM, transport_keys_need_random),
    RULE(GENDIG_OTP_CONFIG_LOCK, gendig_otp_needs_config_lock),
    RULE(KEYS_NEED_CONFIG_LOCK, derive_needs_config_lock),
    RULE(DERIVE_PRIVATE, derive_spares_private_keys),
    RULE(DERIVE_SLOT_LOCKED, derive_spares_locked_slots),
    RULE(DERIVE_ENABLED, derive_must_be_enabled),
    RULE(DERIVE_SOURCE, derive_source_must_match),
    RULE(DERIVE_NEEDS_MAC, derive_needs_a_mac),
    RULE(DERIVE_MAC, derive_checks_the_mac),
    RULE(SHA_STARTED, sha_needs_a_start),
    RULE(SHA_INTERRUPTED_508, sha_is_interrupted),
    RULE(SHA_END_KIND, sha_end_must_fit_start),
    RULE(SHA_PUBLIC_SLOT, sha_public_needs_a_public_key),
};
const size_t key_count = sizeof key_tests / sizeof key_tests[0];
