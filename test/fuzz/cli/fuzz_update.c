// SPDX-License-Identifier: Apache-2.0
// A release's manifest: nothing is believed without a signature, so the forms behind it are reached
// with a key of the fuzzer's own.
#include <openssl/evp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "limpet/base64.h"
#include "update.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void sign(const uint8_t *text, size_t len, uint8_t key[32], uint8_t signature[64])
{
    static const uint8_t seed[32] = {7};
    size_t n = 32;
    EVP_PKEY *pkey = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, sizeof seed);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    if (EVP_PKEY_get_raw_public_key(pkey, key, &n) != 1 ||
        EVP_DigestSignInit(ctx, NULL, NULL, NULL, pkey) != 1 ||
        (n = 64, EVP_DigestSign(ctx, signature, &n, text, len)) != 1) {
        abort();
    }
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(pkey);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t text[UPDATE_MANIFEST_MAX];
    uint8_t key[32];
    uint8_t signature[64];
    lp_fault_t f = {.exit = LP_EXIT_OK};
    update_release_t r = {.size = 0};
    if (size > 2000) {
        return 0;
    }
    sign(data, size, key, signature);
    if (update_manifest_read(data, size, key, &r, &f) == LP_EXIT_OK) {
        abort(); // it has no signature of this key
    }
    memcpy(text, data, size);
    memcpy(text + size, "signature ", 10);
    lp_buf_t out = lp_buf(text + size + 10, 100);
    (void)lp_base64_encode(&out, lp_span(signature, sizeof signature));
    text[size + 10 + out.len] = '\n';
    if (update_manifest_read(text, size + 11 + out.len, key, &r, &f) == LP_EXIT_OK &&
        (strchr(r.file, '/') != NULL || r.file[0] == '.' || !update_version_is_good(r.version) ||
         r.size == 0 || r.size > UPDATE_FILE_MAX ||
         update_version_compare(r.version, r.version) != 0)) {
        abort();
    }
    return 0;
}
