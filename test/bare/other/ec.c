// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "other.h"

enum { COORDINATE = 32, OCTETS = 1 + 2 * COORDINATE };

EC_GROUP *EC_GROUP_new_by_curve_name(int nid)
{
    if (nid != NID_X9_62_prime256v1) {
        return NULL;
    }
    EC_GROUP *g = other_new(sizeof *g);
    mbedtls_ecp_group_init(&g->group);
    mbedtls_mpi_init(&g->order.n);
    if (mbedtls_ecp_group_load(&g->group, MBEDTLS_ECP_DP_SECP256R1) != 0 ||
        mbedtls_mpi_copy(&g->order.n, &g->group.N) != 0) {
        abort();
    }
    return g;
}

void EC_GROUP_free(EC_GROUP *group)
{
    if (group != NULL) {
        mbedtls_ecp_group_free(&group->group);
        mbedtls_mpi_free(&group->order.n);
        free(group);
    }
}

const BIGNUM *EC_GROUP_get0_order(const EC_GROUP *group)
{
    return &group->order;
}

int EC_GROUP_get_order(const EC_GROUP *group, BIGNUM *order, BN_CTX *ctx)
{
    (void)ctx;
    return other_ok(mbedtls_mpi_copy(&order->n, &group->order.n));
}

EC_POINT *EC_POINT_new(const EC_GROUP *group)
{
    (void)group;
    EC_POINT *p = other_new(sizeof *p);
    mbedtls_ecp_point_init(&p->point);
    return p;
}

void EC_POINT_free(EC_POINT *point)
{
    if (point != NULL) {
        mbedtls_ecp_point_free(&point->point);
        free(point);
    }
}

void EC_POINT_clear_free(EC_POINT *point)
{
    EC_POINT_free(point);
}

// mbedTLS notes what it computes about the generator in the group.
static mbedtls_ecp_group *of(const EC_GROUP *group)
{
    return (mbedtls_ecp_group *)(uintptr_t)&group->group;
}

// r = n modulo the order; null: 0.
static int reduced(const mbedtls_ecp_group *g, mbedtls_mpi *r, const BIGNUM *n)
{
    return n != NULL ? mbedtls_mpi_mod_mpi(r, &n->n, &g->N) : mbedtls_mpi_lset(r, 0);
}

// r = a G + b q, where mbedTLS wants scalars that are not 0 and points that are not at infinity.
static int sum(mbedtls_ecp_group *g, mbedtls_ecp_point *r, const mbedtls_mpi *a,
               const mbedtls_ecp_point *q, const mbedtls_mpi *b)
{
    const bool has_a = mbedtls_mpi_cmp_int(a, 0) != 0;
    const bool has_b =
        q != NULL && mbedtls_mpi_cmp_int(b, 0) != 0 && mbedtls_mpi_cmp_int(&q->Z, 0) != 0;
    if (has_a && has_b) {
        return mbedtls_ecp_muladd(g, r, a, &g->G, b, q);
    }
    if (has_a) {
        return mbedtls_ecp_mul(g, r, a, &g->G, other_rng, NULL);
    }
    return has_b ? mbedtls_ecp_mul(g, r, b, q, other_rng, NULL) : mbedtls_ecp_set_zero(r);
}

int EC_POINT_mul(const EC_GROUP *group, EC_POINT *r, const BIGNUM *n, const EC_POINT *q,
                 const BIGNUM *m, BN_CTX *ctx)
{
    (void)ctx;
    mbedtls_ecp_group *g = of(group);
    mbedtls_mpi a, b;
    mbedtls_ecp_point point;
    mbedtls_mpi_init(&a);
    mbedtls_mpi_init(&b);
    mbedtls_ecp_point_init(&point);
    const bool is_good = reduced(g, &a, n) == 0 && reduced(g, &b, m) == 0 &&
                         sum(g, &point, &a, q != NULL ? &q->point : NULL, &b) == 0 &&
                         mbedtls_ecp_copy(&r->point, &point) == 0;
    mbedtls_ecp_point_free(&point);
    mbedtls_mpi_free(&a);
    mbedtls_mpi_free(&b);
    return is_good ? 1 : 0;
}

int EC_POINT_is_at_infinity(const EC_GROUP *group, const EC_POINT *point)
{
    (void)group;
    return mbedtls_mpi_cmp_int(&point->point.Z, 0) == 0;
}

int EC_POINT_oct2point(const EC_GROUP *group, EC_POINT *point, const unsigned char *bytes,
                       size_t len, BN_CTX *ctx)
{
    (void)ctx;
    mbedtls_ecp_group *g = of(group);
    return len == OCTETS && bytes[0] == POINT_CONVERSION_UNCOMPRESSED &&
           other_ok(mbedtls_ecp_point_read_binary(g, &point->point, bytes, len)) == 1 &&
           other_ok(mbedtls_ecp_check_pubkey(g, &point->point)) == 1;
}

size_t EC_POINT_point2oct(const EC_GROUP *group, const EC_POINT *point,
                          point_conversion_form_t form, unsigned char *bytes, size_t cap,
                          BN_CTX *ctx)
{
    (void)form;
    (void)ctx;
    size_t len = 0;
    return mbedtls_ecp_point_write_binary(of(group), &point->point, MBEDTLS_ECP_PF_UNCOMPRESSED,
                                          &len, bytes, cap) == 0
               ? len
               : 0;
}

int EC_POINT_get_affine_coordinates(const EC_GROUP *group, const EC_POINT *point, BIGNUM *x,
                                    BIGNUM *y, BN_CTX *ctx)
{
    (void)ctx;
    return !EC_POINT_is_at_infinity(group, point) &&
           other_ok(mbedtls_mpi_copy(&x->n, &point->point.X)) == 1 &&
           (y == NULL || other_ok(mbedtls_mpi_copy(&y->n, &point->point.Y)) == 1);
}

int EC_POINT_set_compressed_coordinates(const EC_GROUP *group, EC_POINT *point, const BIGNUM *x,
                                        int y_bit, BN_CTX *ctx)
{
    (void)ctx;
    unsigned char bytes[1 + COORDINATE] = {(unsigned char)(2 + (y_bit != 0))};
    return BN_bn2binpad(x, bytes + 1, COORDINATE) == COORDINATE &&
           other_ok(mbedtls_ecp_point_read_binary(of(group), &point->point, bytes, sizeof bytes)) ==
               1 &&
           other_ok(mbedtls_ecp_check_pubkey(of(group), &point->point)) == 1;
}
