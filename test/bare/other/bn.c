// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>

#include "other.h"

enum { CTX_NUMBERS = 16 };

struct bignum_ctx {
    BIGNUM *numbers[CTX_NUMBERS];
    size_t count;
};

void *other_new(size_t bytes)
{
    void *memory = calloc(1, bytes);
    if (memory == NULL) {
        abort();
    }
    return memory;
}

int other_ok(int mbedtls_error)
{
    return mbedtls_error == 0 ? 1 : 0;
}

BIGNUM *BN_new(void)
{
    BIGNUM *n = other_new(sizeof *n);
    mbedtls_mpi_init(&n->n);
    return n;
}

void BN_free(BIGNUM *n)
{
    if (n != NULL) {
        mbedtls_mpi_free(&n->n);
        free(n);
    }
}

void BN_clear(BIGNUM *n)
{
    mbedtls_mpi_free(&n->n);
}

void BN_clear_free(BIGNUM *n)
{
    BN_free(n);
}

BIGNUM *BN_dup(const BIGNUM *n)
{
    BIGNUM *copy = BN_new();
    if (mbedtls_mpi_copy(&copy->n, &n->n) != 0) {
        abort();
    }
    return copy;
}

BIGNUM *BN_bin2bn(const unsigned char *bytes, int len, BIGNUM *n)
{
    BIGNUM *to = n != NULL ? n : BN_new();
    if (mbedtls_mpi_read_binary(&to->n, bytes, (size_t)len) != 0) {
        abort();
    }
    return to;
}

int BN_bn2binpad(const BIGNUM *n, unsigned char *bytes, int len)
{
    return mbedtls_mpi_write_binary(&n->n, bytes, (size_t)len) == 0 ? len : -1;
}

int BN_hex2bn(BIGNUM **n, const char *text)
{
    if (*n == NULL) {
        *n = BN_new();
    }
    return other_ok(mbedtls_mpi_read_string(&(*n)->n, 16, text));
}

int BN_set_word(BIGNUM *n, BN_ULONG word)
{
    return other_ok(mbedtls_mpi_lset(&n->n, (mbedtls_mpi_sint)word));
}

int BN_add_word(BIGNUM *n, BN_ULONG word)
{
    return other_ok(mbedtls_mpi_add_int(&n->n, &n->n, (mbedtls_mpi_sint)word));
}

int BN_sub_word(BIGNUM *n, BN_ULONG word)
{
    return other_ok(mbedtls_mpi_sub_int(&n->n, &n->n, (mbedtls_mpi_sint)word));
}

int BN_sub(BIGNUM *r, const BIGNUM *a, const BIGNUM *b)
{
    return other_ok(mbedtls_mpi_sub_mpi(&r->n, &a->n, &b->n));
}

int BN_cmp(const BIGNUM *a, const BIGNUM *b)
{
    return mbedtls_mpi_cmp_mpi(&a->n, &b->n);
}

int BN_is_zero(const BIGNUM *n)
{
    return mbedtls_mpi_cmp_int(&n->n, 0) == 0;
}

int BN_nnmod(BIGNUM *r, const BIGNUM *a, const BIGNUM *m, BN_CTX *ctx)
{
    (void)ctx;
    return other_ok(mbedtls_mpi_mod_mpi(&r->n, &a->n, &m->n));
}

int BN_mod_add(BIGNUM *r, const BIGNUM *a, const BIGNUM *b, const BIGNUM *m, BN_CTX *ctx)
{
    return other_ok(mbedtls_mpi_add_mpi(&r->n, &a->n, &b->n)) == 1 && BN_nnmod(r, r, m, ctx) == 1;
}

int BN_mod_mul(BIGNUM *r, const BIGNUM *a, const BIGNUM *b, const BIGNUM *m, BN_CTX *ctx)
{
    return other_ok(mbedtls_mpi_mul_mpi(&r->n, &a->n, &b->n)) == 1 && BN_nnmod(r, r, m, ctx) == 1;
}

BIGNUM *BN_mod_inverse(BIGNUM *r, const BIGNUM *a, const BIGNUM *m, BN_CTX *ctx)
{
    (void)ctx;
    BIGNUM *to = r != NULL ? r : BN_new();
    if (mbedtls_mpi_inv_mod(&to->n, &a->n, &m->n) == 0) {
        return to;
    }
    if (r == NULL) {
        BN_free(to);
    }
    return NULL;
}

BN_CTX *BN_CTX_new(void)
{
    return other_new(sizeof(BN_CTX));
}

BN_CTX *BN_CTX_secure_new(void)
{
    return BN_CTX_new();
}

void BN_CTX_start(BN_CTX *ctx)
{
    (void)ctx;
}

BIGNUM *BN_CTX_get(BN_CTX *ctx)
{
    if (ctx->count == CTX_NUMBERS) {
        return NULL;
    }
    ctx->numbers[ctx->count] = BN_new();
    return ctx->numbers[ctx->count++];
}

void BN_CTX_end(BN_CTX *ctx)
{
    while (ctx->count > 0) {
        BN_free(ctx->numbers[--ctx->count]);
    }
}

void BN_CTX_free(BN_CTX *ctx)
{
    if (ctx != NULL) {
        BN_CTX_end(ctx);
        free(ctx);
    }
}
