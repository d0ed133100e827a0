// SPDX-License-Identifier: Apache-2.0
// What the parts of OpenSSL's interface on mbedTLS share.
#ifndef LP_BARE_OTHER_H
#define LP_BARE_OTHER_H

#include <mbedtls/bignum.h>
#include <mbedtls/ecp.h>
#include <mbedtls/pk.h>
#include <openssl/tls.h>
#include <stdbool.h>

struct bignum_st {
    mbedtls_mpi n;
};
struct evp_pkey_st {
    unsigned refs;
    mbedtls_ecp_group group;
    mbedtls_mpi d;
    mbedtls_ecp_point q;
};
struct x509_st { // DER, and whom it names
    unsigned char bytes[2048];
    size_t len;
    char name[96];
};
struct ec_group_st {
    mbedtls_ecp_group group;
    BIGNUM order;
};
struct ec_point_st {
    mbedtls_ecp_point point;
};

// Memory that is there, or the end of the test; mbedTLS's 0 as OpenSSL's 1.
void *other_new(size_t bytes);
int other_ok(int mbedtls_error);
// mbedTLS's random numbers: of no value but the same in each run.
int other_rng(void *ctx, unsigned char *bytes, size_t len);
// The key as mbedTLS's TLS and certificates want it; mbedtls_pk_free() frees.
void other_pk(mbedtls_pk_context *pk, const EVP_PKEY *key);
// In place of the C library's, in the other mbedTLS: `rename`.
void *other_memset(void *to, int byte, size_t len);
void *other_memcpy(void *restrict to, const void *restrict from, size_t len);

#endif
