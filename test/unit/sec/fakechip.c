// SPDX-License-Identifier: Apache-2.0
#include "fakechip.h"

#include <openssl/ecdsa.h>
#include <openssl/rand.h>
#include <string.h>

static lp_err_t sign(EVP_PKEY *key, const uint8_t digest[32], uint8_t signature[64])
{
    uint8_t der[80];
    size_t len = sizeof der;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
    bool is_fine = EVP_PKEY_sign_init(ctx) == 1 && EVP_PKEY_sign(ctx, der, &len, digest, 32) == 1;
    EVP_PKEY_CTX_free(ctx);
    if (!is_fine) {
        return LP_E_CHIP_ECC;
    }
    const unsigned char *p = der;
    ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &p, (long)len);
    BN_bn2binpad(ECDSA_SIG_get0_r(sig), signature, 32);
    BN_bn2binpad(ECDSA_SIG_get0_s(sig), signature + 32, 32);
    ECDSA_SIG_free(sig);
    return LP_OK;
}

static lp_err_t agree(fakechip_t *chip, const uint8_t peer[64], uint8_t secret[32])
{
    if (chip->ephemeral == NULL) {
        return LP_E_STATE;
    }
    size_t len = 32;
    EVP_PKEY *other = pki_from_public(peer);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(chip->ephemeral, NULL);
    bool is_fine = EVP_PKEY_derive_init(ctx) == 1 && EVP_PKEY_derive_set_peer(ctx, other) == 1 &&
                   EVP_PKEY_derive(ctx, secret, &len) == 1 && len == 32;
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(other);
    EVP_PKEY_free(chip->ephemeral);
    chip->ephemeral = NULL;
    memcpy(chip->last_secret, secret, 32);
    return is_fine ? LP_OK : LP_E_CHIP_EXEC;
}

static lp_err_t check_signature(const lp_key_op_t *op)
{
    uint8_t der[80];
    ECDSA_SIG *sig = ECDSA_SIG_new();
    ECDSA_SIG_set0(sig, BN_bin2bn(op->check->signature, 32, NULL),
                   BN_bin2bn(op->check->signature + 32, 32, NULL));
    unsigned char *p = der;
    int len = i2d_ECDSA_SIG(sig, &p);
    EVP_PKEY *key = pki_from_public(op->check->pub);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
    bool is_good =
        EVP_PKEY_verify_init(ctx) == 1 && EVP_PKEY_verify(ctx, der, (size_t)len, op->in, 32) == 1;
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(key);
    ECDSA_SIG_free(sig);
    return is_good ? LP_OK : LP_E_CHIP_MISMATCH;
}

static lp_err_t work(fakechip_t *chip, lp_key_op_t *op)
{
    switch (op->kind) {
    case LP_KEY_OP_PUBLIC:
        pki_public(chip->identity, op->out);
        return LP_OK;
    case LP_KEY_OP_GENERATE:
        EVP_PKEY_free(chip->identity);
        chip->identity = pki_key_p256();
        pki_public(chip->identity, op->out);
        return LP_OK;
    case LP_KEY_OP_SIGN:
        return sign(chip->identity, op->in, op->out);
    case LP_KEY_OP_RANDOM:
        return RAND_bytes(op->out, 32) == 1 ? LP_OK : LP_E_CHIP_HEALTH;
    case LP_KEY_OP_ECDHE_GENERATE:
    case LP_KEY_OP_ECDHE_SEALED:
        EVP_PKEY_free(chip->ephemeral);
        chip->ephemeral = pki_key_p256();
        pki_public(chip->ephemeral, op->out);
        memcpy(chip->last_ephemeral, op->out, 64);
        return LP_OK;
    case LP_KEY_OP_ECDHE_AGREE:
        return agree(chip, op->in, op->out);
    case LP_KEY_OP_VERIFY:
        return chip->lies[op->kind] ? LP_OK : check_signature(op);
    }
    return LP_E_INVALID;
}

static void on_timer(void *ctx)
{
    fakechip_t *chip = ctx;
    lp_key_op_t *op = chip->op;
    lp_err_t err = chip->fail_done[op->kind];
    if (err == LP_OK) {
        err = work(chip, op);
    } else {
        memset(op->out, 0xEE, sizeof op->out); // garbage that nobody may use
    }
    if (chip->lies[op->kind] && op->kind != LP_KEY_OP_VERIFY) {
        op->out[5] ^= 0x40;
    }
    chip->op = NULL;
    chip->done(chip->ctx, err);
}

static lp_err_t start(lp_keyprov_t *prov, lp_key_op_t *op, lp_key_done_fn *done, void *ctx)
{
    fakechip_t *chip = (fakechip_t *)prov;
    chip->count[op->kind]++;
    if (chip->fail_start[op->kind] != LP_OK) {
        return chip->fail_start[op->kind];
    }
    if (chip->op != NULL) {
        chip->max_at_once = 2;
        return LP_E_BUSY;
    }
    chip->op = op;
    chip->done = done;
    chip->ctx = ctx;
    if (!chip->is_hung[op->kind]) {
        lp_timer_start(chip->loop, &chip->timer, chip->delay_ms);
    }
    return LP_OK;
}

void fakechip_open(fakechip_t *chip, lp_loop_t *loop)
{
    static const lp_keyprov_ops_t ops = {.start = start};
    memset(chip, 0, sizeof *chip);
    chip->prov.ops = &ops;
    chip->loop = loop;
    chip->delay_ms = 100;
    chip->max_at_once = 1;
    chip->identity = pki_key_p256();
    lp_timer_init(&chip->timer, on_timer, chip);
}

void fakechip_release(fakechip_t *chip)
{
    memset(chip->is_hung, 0, sizeof chip->is_hung);
    if (chip->op != NULL) {
        lp_timer_start(chip->loop, &chip->timer, 0);
    }
}

void fakechip_close(fakechip_t *chip)
{
    lp_timer_stop(chip->loop, &chip->timer);
    EVP_PKEY_free(chip->identity);
    EVP_PKEY_free(chip->ephemeral);
    memset(chip, 0, sizeof *chip);
}
