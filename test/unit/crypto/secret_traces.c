// SPDX-License-Identifier: Apache-2.0
// Runs the operations with secrets that valgrind believes to be uninitialised: memcheck then
// reports each branch and each address that depends on one. test/system/crypto/constant-time
// runs it; without valgrind it only shows that the results are right.
#include <stdbool.h>
#include <string.h>
#include <valgrind/memcheck.h>

#include "limpet/p256.h"

static uint8_t d[32] = {7, 1, 2, 3, 4, 5}, extra[32] = {9};

static void hide(void)
{
    VALGRIND_MAKE_MEM_UNDEFINED(d, sizeof d);
    VALGRIND_MAKE_MEM_UNDEFINED(extra, sizeof extra);
}

// Results are public, and a refusal is no secret.
static bool is_fine(lp_err_t err, void *result, size_t len)
{
    VALGRIND_MAKE_MEM_DEFINED(&err, sizeof err);
    VALGRIND_MAKE_MEM_DEFINED(result, len);
    return err == LP_OK;
}

// What the test itself must be able to notice: a table that is read at a secret place.
static int leak(void)
{
    static const uint8_t table[256] = {1};
    volatile uint8_t got = table[d[0]];
    return got == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    uint8_t digest[32] = {42}, pub[64], secret[32], signature[64];
    (void)argv;
    hide();
    bool fine = is_fine(lp_p256_public(d, pub), pub, sizeof pub);
    fine = is_fine(lp_p256_ecdh(d, pub, secret), secret, sizeof secret) && fine;
    fine = is_fine(lp_p256_sign(d, digest, extra, sizeof extra, signature), signature,
                   sizeof signature) &&
           fine;
    fine = lp_p256_verify(pub, digest, signature) == LP_OK && fine;
    if (argc > 1) {
        return leak();
    }
    return fine ? 0 : 1;
}
