// SPDX-License-Identifier: Apache-2.0
#include <mbedtls/gcm.h>
#include <string.h>

#include "limpet/endian.h"
#include "limpet/hmac.h"
#include "limpet/seal.h"

enum { TAG_BYTES = 16, NONCE_BYTES = 12, AT_VERSION = 4, AT_SALT = 8, SEALED_NAME_MAX = 64 };

static const uint8_t magic[4] = {'L', 'P', 'S', '1'};

// The head, and behind it the name: what is authenticated beside the content.
typedef struct {
    uint8_t bytes[LP_SEAL_HEAD_BYTES + SEALED_NAME_MAX];
    size_t len;
} extra_t;

static lp_err_t make_extra(extra_t *x, const uint8_t head[LP_SEAL_HEAD_BYTES], const char *name)
{
    const size_t len = strlen(name);
    if (len > SEALED_NAME_MAX) {
        return LP_E_INVALID;
    }
    memcpy(x->bytes, head, LP_SEAL_HEAD_BYTES);
    memcpy(x->bytes + LP_SEAL_HEAD_BYTES, name, len);
    x->len = LP_SEAL_HEAD_BYTES + len;
    return LP_OK;
}

// A context with the key of this one sealing.
static lp_err_t begin(mbedtls_gcm_context *gcm, const uint8_t key[LP_SEAL_KEY_BYTES],
                      const extra_t *x)
{
    uint8_t own[LP_SHA256_LEN];
    lp_hmac_t mac;
    lp_hmac_sha256_init(&mac, key);
    lp_hmac_sha256_update(&mac, lp_span_str("limpet seal"));
    lp_hmac_sha256_update(&mac, lp_span(x->bytes, x->len));
    lp_hmac_sha256_final(&mac, own);
    mbedtls_gcm_init(gcm);
    const int ret = mbedtls_gcm_setkey(gcm, MBEDTLS_CIPHER_ID_AES, own, 8 * sizeof own);
    lp_wipe(own, sizeof own);
    return ret == 0 ? LP_OK : LP_E_IO;
}

lp_err_t lp_seal(const uint8_t key[LP_SEAL_KEY_BYTES], const char *name, uint32_t version,
                 const uint8_t salt[LP_SEAL_SALT_BYTES], lp_span_t plain, lp_buf_t *out)
{
    static const uint8_t nonce[NONCE_BYTES]; // the key is used once
    mbedtls_gcm_context gcm;
    extra_t x;
    if (out->cap - out->len < plain.len + LP_SEAL_EXTRA_BYTES) {
        return LP_E_NOSPACE;
    }
    uint8_t *head = out->ptr + out->len;
    memcpy(head, magic, sizeof magic);
    lp_put_le32(head + AT_VERSION, version);
    memcpy(head + AT_SALT, salt, LP_SEAL_SALT_BYTES);
    lp_err_t err = make_extra(&x, head, name);
    if (err != LP_OK) {
        return err;
    }
    err = begin(&gcm, key, &x);
    uint8_t *cipher = head + LP_SEAL_HEAD_BYTES;
    if (err == LP_OK && mbedtls_gcm_crypt_and_tag(&gcm, MBEDTLS_GCM_ENCRYPT, plain.len, nonce,
                                                  sizeof nonce, x.bytes, x.len, plain.ptr, cipher,
                                                  TAG_BYTES, cipher + plain.len) != 0) {
        err = LP_E_IO;
    }
    mbedtls_gcm_free(&gcm);
    if (err == LP_OK) {
        out->len += plain.len + LP_SEAL_EXTRA_BYTES;
    }
    return err;
}

lp_err_t lp_unseal(const uint8_t key[LP_SEAL_KEY_BYTES], const char *name, lp_span_t sealed,
                   uint32_t *version, lp_buf_t *out)
{
    static const uint8_t nonce[NONCE_BYTES];
    mbedtls_gcm_context gcm;
    extra_t x;
    if (sealed.len < LP_SEAL_EXTRA_BYTES || memcmp(sealed.ptr, magic, sizeof magic) != 0) {
        return LP_E_FORMAT;
    }
    const size_t len = sealed.len - LP_SEAL_EXTRA_BYTES;
    if (out->cap - out->len < len) {
        return LP_E_NOSPACE;
    }
    lp_err_t err = make_extra(&x, sealed.ptr, name);
    if (err != LP_OK) {
        return err;
    }
    err = begin(&gcm, key, &x);
    const uint8_t *cipher = sealed.ptr + LP_SEAL_HEAD_BYTES;
    if (err == LP_OK) {
        const int ret =
            mbedtls_gcm_auth_decrypt(&gcm, len, nonce, sizeof nonce, x.bytes, x.len, cipher + len,
                                     TAG_BYTES, cipher, out->ptr + out->len);
        err = ret == 0 ? LP_OK : ret == MBEDTLS_ERR_GCM_AUTH_FAILED ? LP_E_VERIFY : LP_E_IO;
    }
    mbedtls_gcm_free(&gcm);
    if (err == LP_OK) {
        out->len += len;
        *version = lp_get_le32(sealed.ptr + AT_VERSION);
    } else {
        lp_wipe(out->ptr + out->len, len);
    }
    return err;
}
