// SPDX-License-Identifier: Apache-2.0
// What the unit tests take of OpenSSL to judge our SHA-256 by, on machines that have none: another
// implementation than ours.
#ifndef LP_BARE_OPENSSL_SHA_H
#define LP_BARE_OPENSSL_SHA_H

#include <mbedtls/sha256.h>

static inline unsigned char *SHA256(const unsigned char *data, size_t len, unsigned char *digest)
{
    return mbedtls_sha256(data, len, digest, 0) == 0 ? digest : NULL;
}

#endif
