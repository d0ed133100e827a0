// SPDX-License-Identifier: Apache-2.0
#include <mbedtls/aes.h>
#include <mbedtls/gcm.h>
#include <mbedtls/md.h>
#include <mbedtls/platform_util.h>
#include <mbedtls/sha256.h>
#include <stdlib.h>
#include <string.h>

#include "other.h"

enum { BLOCK = 16, GCM_KEY_BITS = 256, ECB_KEY_BITS = 128 };

struct evp_md_st {
    mbedtls_md_type_t type;
};
struct evp_cipher_st {
    bool is_gcm;
};
struct evp_cipher_ctx_st {
    const EVP_CIPHER *cipher;
    bool is_encryption;
    mbedtls_aes_context aes;
    mbedtls_gcm_context gcm;
    size_t iv_len;
    unsigned char tag[BLOCK];
};

int other_rng(void *ctx, unsigned char *bytes, size_t len)
{
    static uint32_t count;
    unsigned char digest[32];
    (void)ctx;
    while (len > 0) {
        count++;
        if (mbedtls_sha256((const unsigned char *)&count, sizeof count, digest, 0) != 0) {
            return -1;
        }
        const size_t n = len < sizeof digest ? len : sizeof digest;
        memcpy(bytes, digest, n);
        bytes += n;
        len -= n;
    }
    return 0;
}

int RAND_bytes(unsigned char *bytes, int len)
{
    return other_ok(other_rng(NULL, bytes, (size_t)len));
}

int CRYPTO_memcmp(const void *a, const void *b, size_t len)
{
    return memcmp(a, b, len);
}

void OPENSSL_cleanse(void *bytes, size_t len)
{
    mbedtls_platform_zeroize(bytes, len);
}

void OPENSSL_free(void *memory)
{
    free(memory);
}

const EVP_MD *EVP_sha1(void)
{
    static const EVP_MD md = {MBEDTLS_MD_SHA1};
    return &md;
}

const EVP_MD *EVP_sha256(void)
{
    static const EVP_MD md = {MBEDTLS_MD_SHA256};
    return &md;
}

int EVP_Digest(const void *data, size_t len, unsigned char *digest, unsigned *digest_len,
               const EVP_MD *md, ENGINE *engine)
{
    (void)engine;
    const mbedtls_md_info_t *info = mbedtls_md_info_from_type(md->type);
    if (digest_len != NULL) {
        *digest_len = mbedtls_md_get_size(info);
    }
    return other_ok(mbedtls_md(info, data, len, digest));
}

unsigned char *SHA1(const unsigned char *data, size_t len, unsigned char *digest)
{
    return EVP_Digest(data, len, digest, NULL, EVP_sha1(), NULL) == 1 ? digest : NULL;
}

unsigned char *SHA256(const unsigned char *data, size_t len, unsigned char *digest)
{
    return EVP_Digest(data, len, digest, NULL, EVP_sha256(), NULL) == 1 ? digest : NULL;
}

unsigned char *HMAC(const EVP_MD *md, const void *key, int key_len, const unsigned char *data,
                    size_t len, unsigned char *mac, unsigned *mac_len)
{
    const mbedtls_md_info_t *info = mbedtls_md_info_from_type(md->type);
    if (mac_len != NULL) {
        *mac_len = mbedtls_md_get_size(info);
    }
    return mbedtls_md_hmac(info, key, (size_t)key_len, data, len, mac) == 0 ? mac : NULL;
}

const EVP_CIPHER *EVP_aes_128_ecb(void)
{
    static const EVP_CIPHER cipher = {.is_gcm = false};
    return &cipher;
}

const EVP_CIPHER *EVP_aes_256_gcm(void)
{
    static const EVP_CIPHER cipher = {.is_gcm = true};
    return &cipher;
}

EVP_CIPHER_CTX *EVP_CIPHER_CTX_new(void)
{
    EVP_CIPHER_CTX *ctx = other_new(sizeof *ctx);
    mbedtls_aes_init(&ctx->aes);
    mbedtls_gcm_init(&ctx->gcm);
    ctx->iv_len = 12;
    return ctx;
}

void EVP_CIPHER_CTX_free(EVP_CIPHER_CTX *ctx)
{
    mbedtls_aes_free(&ctx->aes);
    mbedtls_gcm_free(&ctx->gcm);
    free(ctx);
}

int EVP_CIPHER_CTX_set_padding(EVP_CIPHER_CTX *ctx, int padding)
{
    (void)ctx;
    return padding == 0;
}

int EVP_CIPHER_CTX_ctrl(EVP_CIPHER_CTX *ctx, int what, int number, void *data)
{
    if (what == EVP_CTRL_AEAD_SET_IVLEN) {
        ctx->iv_len = (size_t)number;
        return 1;
    }
    if (what == EVP_CTRL_GCM_SET_TAG && number == BLOCK) {
        memcpy(ctx->tag, data, BLOCK);
        return 1;
    }
    return 0;
}

static int init_gcm(EVP_CIPHER_CTX *ctx, const unsigned char *key, const unsigned char *iv)
{
    if (key != NULL &&
        mbedtls_gcm_setkey(&ctx->gcm, MBEDTLS_CIPHER_ID_AES, key, GCM_KEY_BITS) != 0) {
        return 0;
    }
    const int mode = ctx->is_encryption ? MBEDTLS_GCM_ENCRYPT : MBEDTLS_GCM_DECRYPT;
    return iv == NULL ? 1 : other_ok(mbedtls_gcm_starts(&ctx->gcm, mode, iv, ctx->iv_len));
}

int EVP_CipherInit_ex(EVP_CIPHER_CTX *ctx, const EVP_CIPHER *cipher, ENGINE *engine,
                      const unsigned char *key, const unsigned char *iv, int is_encryption)
{
    (void)engine;
    ctx->cipher = cipher != NULL ? cipher : ctx->cipher;
    ctx->is_encryption = is_encryption != 0;
    if (ctx->cipher->is_gcm) {
        return init_gcm(ctx, key, iv);
    }
    return other_ok(is_encryption ? mbedtls_aes_setkey_enc(&ctx->aes, key, ECB_KEY_BITS)
                                  : mbedtls_aes_setkey_dec(&ctx->aes, key, ECB_KEY_BITS));
}

int EVP_CipherUpdate(EVP_CIPHER_CTX *ctx, unsigned char *out, int *out_len, const unsigned char *in,
                     int len)
{
    *out_len = len;
    if (ctx->cipher->is_gcm) {
        size_t n = 0;
        return out == NULL
                   ? other_ok(mbedtls_gcm_update_ad(&ctx->gcm, in, (size_t)len))
                   : other_ok(mbedtls_gcm_update(&ctx->gcm, in, (size_t)len, out, (size_t)len, &n));
    }
    const int mode = ctx->is_encryption ? MBEDTLS_AES_ENCRYPT : MBEDTLS_AES_DECRYPT;
    for (int i = 0; i + BLOCK <= len; i += BLOCK) {
        if (mbedtls_aes_crypt_ecb(&ctx->aes, mode, in + i, out + i) != 0) {
            return 0;
        }
    }
    return len % BLOCK == 0;
}

int EVP_EncryptInit_ex(EVP_CIPHER_CTX *ctx, const EVP_CIPHER *cipher, ENGINE *engine,
                       const unsigned char *key, const unsigned char *iv)
{
    return EVP_CipherInit_ex(ctx, cipher, engine, key, iv, 1);
}

int EVP_EncryptUpdate(EVP_CIPHER_CTX *ctx, unsigned char *out, int *out_len,
                      const unsigned char *in, int len)
{
    return EVP_CipherUpdate(ctx, out, out_len, in, len);
}

int EVP_DecryptInit_ex(EVP_CIPHER_CTX *ctx, const EVP_CIPHER *cipher, ENGINE *engine,
                       const unsigned char *key, const unsigned char *iv)
{
    return EVP_CipherInit_ex(ctx, cipher, engine, key, iv, 0);
}

int EVP_DecryptUpdate(EVP_CIPHER_CTX *ctx, unsigned char *out, int *out_len,
                      const unsigned char *in, int len)
{
    return EVP_CipherUpdate(ctx, out, out_len, in, len);
}

int EVP_DecryptFinal_ex(EVP_CIPHER_CTX *ctx, unsigned char *out, int *out_len)
{
    unsigned char tag[BLOCK], rest[BLOCK];
    size_t n = 0;
    (void)out;
    *out_len = 0;
    return mbedtls_gcm_finish(&ctx->gcm, rest, sizeof rest, &n, tag, sizeof tag) == 0 &&
           memcmp(tag, ctx->tag, BLOCK) == 0;
}
