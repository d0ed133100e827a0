// SPDX-License-Identifier: Apache-2.0
// What the parts of OpenSSL's interface on mbedTLS share.
#ifndef LP_BARE_OTHER_H
#define LP_BARE_OTHER_H

#include <mbedtls/bignum.h>
#include <mbedtls/ecp.h>
#include <openssl/bare.h>
#include <stdbool.h>

struct bignum_st {
    mbedtls_mpi n;
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

#endif
