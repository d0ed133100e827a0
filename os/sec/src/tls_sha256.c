// SPDX-License-Identifier: Apache-2.0
// mbedTLS's SHA-256 by os/base's: an image that counts its bytes has no room for two.
#include <mbedtls/sha256.h>

#include "limpet/span.h"

void mbedtls_sha256_init(mbedtls_sha256_context *ctx)
{
    lp_sha256_init(ctx);
}

void mbedtls_sha256_free(mbedtls_sha256_context *ctx)
{
    if (ctx != NULL) {
        lp_wipe(ctx, sizeof *ctx);
    }
}

void mbedtls_sha256_clone(mbedtls_sha256_context *dst, const mbedtls_sha256_context *src)
{
    *dst = *src;
}

int mbedtls_sha256_starts(mbedtls_sha256_context *ctx, int is224)
{
    lp_sha256_init(ctx);
    return is224 == 0 ? 0 : MBEDTLS_ERR_SHA256_BAD_INPUT_DATA;
}

int mbedtls_sha256_update(mbedtls_sha256_context *ctx, const unsigned char *input, size_t len)
{
    lp_sha256_update(ctx, lp_span(input, len));
    return 0;
}

int mbedtls_sha256_finish(mbedtls_sha256_context *ctx, unsigned char *output)
{
    lp_sha256_final(ctx, output);
    return 0;
}
