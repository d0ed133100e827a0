// SPDX-License-Identifier: Apache-2.0
// Key exchange, master secret, record keys, and signatures: whichever of chip and software does it.
#include <string.h>

#include "limpet/der.h"
#include "limpet/prf.h"
#include "tls12.h"

enum { KEY_BLOCK = 2 * LP_GCM_KEY_BYTES + 2 * (LP_GCM_NONCE_BYTES - LP_TLS12_NONCE) };

lp_err_t lp_tls12_key_failed(lp_tls_t *tls, lp_err_t err)
{
    if (err == LP_E_CANCELED) {
        return err;
    }
    if (tls->session_->c.key_err != LP_OK) {
        return lp_tls12_end(tls, lp_tls_fail_key(tls));
    }
    return lp_tls12_end(tls, err);
}

// ---- Signatures --------------------------------------------------------------------------------

static lp_err_t check_in_chip(const uint8_t pub[LP_KEY_PUBLIC_BYTES],
                              const uint8_t digest[LP_SHA256_LEN],
                              const uint8_t signature[LP_KEY_SIGNATURE_BYTES])
{
    lp_key_check_t check;
    memcpy(check.pub, pub, sizeof check.pub);
    memcpy(check.signature, signature, sizeof check.signature);
    const lp_err_t err = lp_tls_engine_verify(digest, &check);
    return err == LP_E_CHIP_MISMATCH ? LP_E_DENIED : err;
}

lp_err_t lp_tls12_check(lp_tls_t *tls, const uint8_t pub[LP_KEY_PUBLIC_BYTES],
                        const uint8_t digest[LP_SHA256_LEN], lp_span_t signature)
{
    uint8_t raw[LP_ECDSA_RAW_LEN];
    if (lp_ecdsa_from_der(signature, raw) != LP_OK) {
        return LP_E_DENIED;
    }
    if (!lp_tls_has_software_p256 || tls->session_->c.is_verify_in_chip) {
        return check_in_chip(pub, digest, raw);
    }
    return lp_tls12_p256_verify(pub, digest, raw) == LP_OK ? LP_OK : LP_E_DENIED;
}

// ---- Secrets -----------------------------------------------------------------------------------

void lp_tls12_transcript(const lp_tls_t *tls, uint8_t digest[LP_SHA256_LEN])
{
    lp_sha256_t copy = tls->session_->papers->transcript;
    lp_sha256_final(&copy, digest);
}

void lp_tls12_verify_data(const lp_tls_t *tls, const char *label,
                          uint8_t data[LP_TLS12_VERIFY_DATA])
{
    uint8_t digest[LP_SHA256_LEN];
    lp_tls12_transcript(tls, digest);
    (void)lp_prf_sha256(lp_span(tls->session_->papers->master, LP_TLS12_MASTER), lp_span_str(label),
                        lp_span(digest, sizeof digest), data, LP_TLS12_VERIFY_DATA);
}

static void make_master(const lp_tls_t *tls, const uint8_t shared[LP_KEY_SECRET_BYTES])
{
    lp_tls12_papers_t *p = tls->session_->papers;
    uint8_t digest[LP_SHA256_LEN];
    lp_span_t label = lp_span_str("master secret"), seed = lp_span(p->randoms, sizeof p->randoms);
    if (p->has_ems) {
        lp_tls12_transcript(tls, digest);
        label = lp_span_str("extended master secret");
        seed = lp_span(digest, sizeof digest);
    }
    (void)lp_prf_sha256(lp_span(shared, LP_KEY_SECRET_BYTES), label, seed, p->master,
                        sizeof p->master);
}

// client_write_key, server_write_key, client_write_IV, server_write_IV; the seed has the server's
// random first.
static void make_record_keys(lp_tls_session_t *s)
{
    const lp_tls12_papers_t *p = s->papers;
    uint8_t block[KEY_BLOCK], seed[2 * LP_TLS12_RANDOM];
    memcpy(seed, p->randoms + LP_TLS12_RANDOM, LP_TLS12_RANDOM);
    memcpy(seed + LP_TLS12_RANDOM, p->randoms, LP_TLS12_RANDOM);
    (void)lp_prf_sha256(lp_span(p->master, sizeof p->master), lp_span_str("key expansion"),
                        lp_span(seed, sizeof seed), block, sizeof block);
    const uint8_t *salts = block + 2 * LP_GCM_KEY_BYTES;
    memcpy(s->writing.key, block, LP_GCM_KEY_BYTES);
    memcpy(s->reading.key, block + LP_GCM_KEY_BYTES, LP_GCM_KEY_BYTES);
    memcpy(s->writing.salt, salts, sizeof s->writing.salt);
    memcpy(s->reading.salt, salts + sizeof s->writing.salt, sizeof s->reading.salt);
    lp_wipe(block, sizeof block);
}

// ---- Key exchange ------------------------------------------------------------------------------

// A fresh key, ours for this handshake; secret stays unused when it is the chip's.
static lp_err_t make_key(lp_tls_t *tls, bool in_chip, uint8_t secret[32],
                         uint8_t pub[LP_KEY_PUBLIC_BYTES])
{
    const lp_key_id_t chip = {.place = LP_KEY_IN_CHIP};
    if (!in_chip) {
        return lp_tls12_p256_make(secret, pub);
    }
    return lp_tls_engine_key(tls->session_->c.is_ecdhe_sealed ? LP_KEY_OP_ECDHE_SEALED
                                                              : LP_KEY_OP_ECDHE_GENERATE,
                             chip, NULL, 0, pub, LP_KEY_PUBLIC_BYTES);
}

static lp_err_t agree(lp_tls_t *tls, bool in_chip, const uint8_t secret[32],
                      uint8_t shared[LP_KEY_SECRET_BYTES])
{
    const lp_key_id_t chip = {.place = LP_KEY_IN_CHIP};
    const uint8_t *peer = tls->session_->papers->server_point;
    if (!in_chip) {
        return lp_tls12_p256_agree(secret, peer, shared);
    }
    return lp_tls_engine_key(LP_KEY_OP_ECDHE_AGREE, chip, peer, LP_KEY_PUBLIC_BYTES, shared,
                             LP_KEY_SECRET_BYTES);
}

// ECPoint: its length, and that it is not compressed.
static lp_err_t send_point(lp_tls_t *tls, const uint8_t pub[LP_KEY_PUBLIC_BYTES])
{
    static const uint8_t head[2] = {1 + LP_KEY_PUBLIC_BYTES, 4};
    lp_err_t err =
        lp_tls12_begin(tls, LP_TLS12_CLIENT_KEY_EXCHANGE, sizeof head + LP_KEY_PUBLIC_BYTES);
    if (err == LP_OK) {
        err = lp_tls12_say(tls, lp_span(head, sizeof head));
    }
    return err == LP_OK ? lp_tls12_say(tls, lp_span(pub, LP_KEY_PUBLIC_BYTES)) : err;
}

// The extended master secret is bound to everything up to and with the ClientKeyExchange.
lp_err_t lp_tls12_exchange(lp_tls_t *tls)
{
    uint8_t secret[32] = {0}, pub[LP_KEY_PUBLIC_BYTES], shared[LP_KEY_SECRET_BYTES];
    const bool in_chip = lp_tls_session_ecdhe_in_chip(tls, true, "P-256");
    lp_err_t err = make_key(tls, in_chip, secret, pub);
    if (err == LP_OK) {
        err = agree(tls, in_chip, secret, shared);
    }
    lp_wipe(secret, sizeof secret);
    if (err != LP_OK) {
        return lp_tls12_key_failed(tls, err);
    }
    err = send_point(tls, pub);
    if (err == LP_OK) {
        make_master(tls, shared);
        make_record_keys(tls->session_);
    }
    lp_wipe(shared, sizeof shared);
    return err;
}
