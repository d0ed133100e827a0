// SPDX-License-Identifier: Apache-2.0
// KDF (608, T3620): PRF of TLS 1.2, AES, one HMAC of HKDF; from and to TempKey, slots, the
// alternate key buffer, the bus.
#include <string.h>

#include "internal.h"

enum { ALG_PRF = 0x00, ALG_AES = 0x20, ALG_HKDF = 0x40, ALG = 0xE0 };
enum { SRC_TK = 0, SRC_TK_UPPER = 1, SRC_SLOT = 2, SRC_ALT = 3 };
enum { DST_TK = 0, DST_TK_UPPER = 1, DST_SLOT = 2, DST_ALT = 3, DST_OUT = 4, DST_OUT_ENC = 5 };
enum { MSG_SLOT = 0, MSG_TK = 1, MSG_INPUT = 2, MSG_IV = 3, MSG_MAX = 127 };

typedef struct {
    unsigned source;
    unsigned target;
    unsigned source_slot;
    unsigned target_slot;
    unsigned message_slot; // NO_SLOT: the message is none of a slot
    uint32_t details;
    const uint8_t *msg;
    size_t msg_len;
    uint8_t key[64];
    size_t key_len; // how much of `key` there is
    uint8_t out[64];
    size_t out_len;   // for the target
    uint8_t aead[32]; // PRF with AEAD: in clear to the bus as well
    bool has_aead;
    bool is_masked; // the output is encrypted with the IO protection key
    bool clear_ok;  // a TLS 1.3 IV: KDFPROT does not force encryption
} kdf_t;

// ---- source -----------------------------------------------------------------

static lp_cs_status_t from_tempkey(lp_chipsim_t *c, kdf_t *k)
{
    const uint8_t *tk = lp_cs_tk_use(c);
    bool upper = k->source == SRC_TK_UPPER;
    if (tk == NULL || (upper && !c->v.tk.high_valid)) {
        return ST_EXEC;
    }
    k->key_len = upper || !c->v.tk.high_valid ? 32 : 64;
    memcpy(k->key, tk + (upper ? 32 : 0), k->key_len);
    return ST_OK;
}

// The use is counted later, when nothing can refuse any more.
static lp_cs_status_t from_slot(lp_chipsim_t *c, kdf_t *k)
{
    size_t len;
    const uint8_t *p = lp_cs_slot_ptr(c, k->source_slot, &len);
    k->key_len = len < sizeof k->key ? len : sizeof k->key;
    memcpy(k->key, p, k->key_len);
    return lp_cs_use_secret(c, k->source_slot, USE_AUTH | USE_LATCH);
}

static lp_cs_status_t get_key(lp_chipsim_t *c, kdf_t *k)
{
    switch (k->source) {
    case SRC_TK:
    case SRC_TK_UPPER:
        return from_tempkey(c, k);
    case SRC_SLOT:
        return from_slot(c, k);
    default:
        if (lp_cs_breaks(c, LP_RULE_ALTKEY_VALID, !c->v.alt_key_valid)) {
            return ST_EXEC;
        }
        memcpy(k->key, c->v.alt_key, 32);
        k->key_len = 32;
        return ST_OK;
    }
}

// ---- the three functions ----------------------------------------------------

// P_SHA256(secret, label | seed) of RFC 5246, chapter 5.
static void p_sha256(const uint8_t *key, size_t key_len, const uint8_t *seed, size_t len,
                     uint8_t out[64])
{
    uint8_t block[32 + MSG_MAX];
    uint8_t a[32];
    lp_cs_hmac(key, key_len, seed, len, a);
    for (unsigned i = 0; i < 2; i++) {
        memcpy(block, a, 32);
        memcpy(block + 32, seed, len);
        lp_cs_hmac(key, key_len, block, 32 + len, out + 32 * i);
        lp_cs_hmac(key, key_len, a, 32, a);
    }
    lp_cs_wipe(block, sizeof block);
    lp_cs_wipe(a, sizeof a);
}

static lp_cs_status_t prf(kdf_t *k)
{
    size_t key_len = 16 * ((k->details & 3) + 1);
    unsigned aead = k->details >> 9 & 3;
    bool wide = (k->details >> 8 & 1) != 0;
    bool target_is_bus = k->target >= DST_OUT;
    if ((k->details & 0x00FFF8FC) != 0 || aead >= 2 || (aead == 1 && (!wide || target_is_bus)) ||
        k->details >> 24 != k->msg_len || k->msg_len > MSG_MAX) {
        return ST_PARSE;
    }
    if (key_len > k->key_len) {
        return ST_EXEC;
    }
    uint8_t out[64];
    p_sha256(k->key, key_len, k->msg, k->msg_len, out);
    k->has_aead = aead == 1;
    k->out_len = wide && !k->has_aead ? 64 : 32;
    memcpy(k->out, out, 64);
    memcpy(k->aead, out + 32, 32);
    lp_cs_wipe(out, sizeof out);
    return ST_OK;
}

static lp_cs_status_t aes(lp_chipsim_t *c, kdf_t *k)
{
    size_t at = 16 * (k->details & 3);
    bool enabled = (lp_cs_chip_options(c) & 4) != 0 && (c->image.config[CFG_AES_ENABLE] & 1) != 0;
    if ((k->details & ~3u) != 0 || k->msg_len != 16) {
        return ST_PARSE;
    }
    if (lp_cs_breaks(c, LP_RULE_KDF_AES_ENABLED, !enabled) || at + 16 > k->key_len) {
        return ST_EXEC;
    }
    memset(k->out, 0, 32);
    lp_cs_aes(k->key + at, false, k->msg, k->out);
    k->out_len = 32;
    return ST_OK;
}

// The label that makes an IV an IV: KdfIvStr at KdfIvLoc of the message.
static bool iv_label_ok(const lp_chipsim_t *c, const kdf_t *k)
{
    size_t at = c->image.config[CFG_KDF_IV_LOC];
    return at + 2 <= k->msg_len && memcmp(k->msg + at, c->image.config + CFG_KDF_IV_STR, 2) == 0;
}

static lp_cs_status_t hkdf_message(lp_chipsim_t *c, kdf_t *k, uint8_t msg[MSG_MAX + 1], size_t *len)
{
    size_t want = k->details >> 24;
    size_t have = k->msg_len;
    const uint8_t *from = k->msg;
    switch (k->details & 3) {
    case MSG_SLOT:
        from = lp_cs_slot_ptr(c, k->details >> 8 & 0x0F, &have);
        k->message_slot = k->details >> 8 & 0x0F;
        if (lp_cs_use_secret(c, k->message_slot, USE_AUTH | USE_LATCH) != ST_OK) {
            return ST_EXEC;
        }
        break;
    case MSG_TK:
        from = lp_cs_tk_use(c);
        have = c->v.tk.high_valid ? 64 : 32;
        break;
    case MSG_IV:
        if (lp_cs_breaks(c, LP_RULE_KDF_IV, !iv_label_ok(c, k))) {
            return ST_EXEC;
        }
        k->clear_ok = true;
        break;
    default:
        break;
    }
    bool input = (k->details & 3) >= MSG_INPUT;
    if ((input && want != have) || want > MSG_MAX) {
        return ST_PARSE;
    }
    if (from == NULL || want > have) {
        return ST_EXEC;
    }
    memset(msg, 0, MSG_MAX + 1);
    if (want > 0) {
        memcpy(msg, from, want);
    }
    *len = want > 0 ? want : 32; // no message: 32 zeros (T3868)
    return ST_OK;
}

static lp_cs_status_t hkdf(lp_chipsim_t *c, kdf_t *k)
{
    uint8_t msg[MSG_MAX + 1];
    size_t len;
    bool zero_key = (k->details & 4) != 0;
    bool tk_to_tk = k->source == SRC_TK && k->target == DST_TK;
    if ((k->details & 0x00FFF0F8) != 0 || (tk_to_tk && (k->details & 3) == MSG_TK)) {
        return ST_PARSE;
    }
    lp_cs_status_t status = hkdf_message(c, k, msg, &len);
    if (status == ST_OK) {
        if (zero_key) {
            memset(k->key, 0, 32);
        }
        lp_cs_hmac(k->key, 32, msg, len, k->out);
        k->out_len = 32;
    }
    lp_cs_wipe(msg, sizeof msg);
    return status;
}

// ---- target -----------------------------------------------------------------

// May the result go where it shall? Asked before a use of a key is counted.
static lp_cs_status_t target_ok(lp_chipsim_t *c, kdf_t *k)
{
    bool refused;
    switch (k->target) {
    case DST_TK:
        return ST_OK;
    case DST_TK_UPPER: // "the upper 32 bytes only if the lower are already valid" (T3626)
        refused = lp_cs_breaks(c, LP_RULE_KDF_UPPER, !c->v.tk.valid) || k->out_len != 32;
        return refused ? ST_EXEC : ST_OK;
    case DST_SLOT:
        refused = lp_cs_is_private(c, k->target_slot) || lp_cs_slot_locked(c, k->target_slot) ||
                  !lp_cs_config_locked(c);
        return lp_cs_breaks(c, LP_RULE_KDF_TARGET, refused) ? ST_EXEC : ST_OK;
    case DST_ALT:
        return k->out_len != 32 ? ST_EXEC : ST_OK;
    default:
        break;
    }
    // KDFPROT: 0 clear allowed, 1 encrypted only, 2 and 3 never on the bus.
    unsigned prot = k->clear_ok ? 0 : lp_cs_chip_options(c) >> 10 & 3u;
    k->is_masked =
        k->target == DST_OUT_ENC || lp_cs_breaks(c, LP_RULE_KDFPROT_ENCRYPTED, prot == 1);
    refused = lp_cs_breaks(c, LP_RULE_KDFPROT_FORBIDDEN, prot >= 2) ||
              (k->is_masked && lp_cs_io_key(c) == NULL);
    return refused ? ST_EXEC : ST_OK;
}

static lp_cs_status_t count_uses(lp_chipsim_t *c, const kdf_t *k)
{
    lp_cs_status_t status = ST_OK;
    if (k->source == SRC_SLOT) {
        status = lp_cs_use_secret(c, k->source_slot, USE_LIMITED);
    }
    if (status == ST_OK && k->message_slot != NO_SLOT) {
        status = lp_cs_use_secret(c, k->message_slot, USE_LIMITED);
    }
    return status;
}

static lp_cs_status_t encrypted(lp_chipsim_t *c, const kdf_t *k, lp_cs_reply_t *r)
{
    uint8_t *nonce = r->bytes + k->out_len;
    lp_cs_status_t status = lp_cs_random(c, true, nonce);
    if (status != ST_OK) {
        return status;
    }
    memcpy(r->bytes, k->out, k->out_len);
    for (size_t i = 0; i < k->out_len / 32; i++) {
        lp_cs_msg_t msg = {.len = 0};
        uint8_t pad[32];
        lp_cs_add(&msg, lp_cs_io_key(c), 32);
        lp_cs_add(&msg, nonce + 16 * i, 16);
        lp_cs_msg_hash(&msg, pad);
        lp_cs_xor(r->bytes + 32 * i, pad, 32);
        lp_cs_wipe(pad, sizeof pad);
    }
    r->len = k->out_len + 32;
    return ST_OK;
}

static void to_tempkey(lp_chipsim_t *c, const kdf_t *k)
{
    lp_cs_tk_flags(c, false);
    lp_cs_tk_set(c, k->out);
    if (k->out_len == 64) {
        memcpy(c->v.tk.value + 32, k->out + 32, 32);
        c->v.tk.high_valid = true;
    }
}

static void to_inside(lp_chipsim_t *c, const kdf_t *k)
{
    switch (k->target) {
    case DST_TK:
        to_tempkey(c, k);
        break;
    case DST_TK_UPPER:
        memcpy(c->v.tk.value + 32, k->out, 32);
        c->v.tk.high_valid = true;
        break;
    case DST_SLOT:
        lp_cs_program_slot(c, k->target_slot, 0, k->out, k->out_len);
        break;
    default:
        memcpy(c->v.alt_key, k->out, 32);
        c->v.alt_key_valid = true;
    }
}

static lp_cs_status_t deliver(lp_chipsim_t *c, const kdf_t *k, lp_cs_reply_t *r)
{
    if (k->target < DST_OUT) {
        to_inside(c, k);
        memcpy(r->bytes, k->aead, 32);
        r->len = k->has_aead ? 32 : 0;
        return ST_OK;
    }
    if (k->is_masked) {
        return encrypted(c, k, r);
    }
    memcpy(r->bytes, k->out, k->out_len);
    r->len = k->out_len;
    return ST_OK;
}

static lp_cs_status_t run(lp_chipsim_t *c, kdf_t *k, unsigned alg, lp_cs_reply_t *r)
{
    lp_cs_status_t status = get_key(c, k);
    if (status == ST_OK) {
        status = alg == ALG_PRF ? prf(k) : alg == ALG_AES ? aes(c, k) : hkdf(c, k);
    }
    if (status == ST_OK) {
        status = target_ok(c, k);
    }
    if (status == ST_OK) {
        status = count_uses(c, k);
    }
    return status == ST_OK ? deliver(c, k, r) : status;
}

LP_CS_HANDLER(kdf)
{
    unsigned alg = m->p1 & ALG;
    if (alg > ALG_HKDF || alg == 0x60 || (m->p1 >> 2 & 7) > DST_OUT_ENC || m->len < 4 ||
        m->len > 4 + MSG_MAX + 1) {
        return ST_PARSE;
    }
    kdf_t k = {.source = m->p1 & 3,
               .target = m->p1 >> 2 & 7,
               .source_slot = m->p2 & 0x0F,
               .target_slot = m->p2 >> 8 & 0x0F,
               .message_slot = NO_SLOT,
               .msg = m->data + 4,
               .msg_len = m->len - 4};
    for (unsigned i = 0; i < 4; i++) {
        k.details |= (uint32_t)m->data[i] << 8 * i;
    }
    lp_cs_status_t status = run(c, &k, alg, r);
    lp_cs_wipe(&k, sizeof k);
    return status;
}
