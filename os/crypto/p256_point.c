// SPDX-License-Identifier: Apache-2.0
// @source Bernstein, Lange: Explicit-Formulas Database, short Weierstrass, a = -3, Jacobian:
//   dbl-2001-b for doubling, the classical addition (Cohen, Miyaji, Ono 1998) for the rest
#include "p256_point.h"

#include <string.h>

#include "limpet/span.h"
#include "p256_invert.h"

enum { MAX_POINTS = 8 };

void lp_point_set(lp_point_t *p, const lp_affine_t *a)
{
    p->x = a->x;
    p->y = a->y;
    p->z = lp_fe_one;
    p->is_infinity = false;
}

// delta = z^2, gamma = y^2, alpha = 3 (x - delta)(x + delta), s = 4 x gamma
// x' = alpha^2 - 2 s, z' = (y + z)^2 - gamma - delta, y' = alpha (s - x') - 8 gamma^2
void lp_point_double(lp_point_t *p)
{
    if (p->is_infinity) {
        return;
    }
    lp_fe_t delta, gamma, alpha, s, t;
    lp_fe_sqr(&delta, &p->z);
    lp_fe_sqr(&gamma, &p->y);
    lp_fe_sub(&t, &p->x, &delta);
    lp_fe_add(&alpha, &p->x, &delta);
    lp_fe_mul(&alpha, &alpha, &t);
    lp_fe_add(&t, &alpha, &alpha);
    lp_fe_add(&alpha, &alpha, &t);
    lp_fe_reduce(&alpha);
    lp_fe_add(&t, &p->y, &p->z);
    lp_fe_add(&delta, &delta, &gamma);
    lp_fe_sqr_sub(&p->z, &t, &delta);
    lp_fe_add(&gamma, &gamma, &gamma);
    lp_fe_add(&t, &gamma, &gamma);
    lp_fe_mul(&s, &p->x, &t);
    lp_fe_add(&t, &s, &s);
    lp_fe_sqr_sub(&p->x, &alpha, &t);
    lp_fe_sqr(&gamma, &gamma);
    lp_fe_add(&gamma, &gamma, &gamma);
    lp_fe_sub(&s, &s, &p->x);
    lp_fe_mul_sub(&p->y, &alpha, &s, &gamma);
}

// What both additions end with: x1 and x2 as u1 and u2, y1 and y2 as s1 and s2, all over `z`.
// h = u2 - u1, r = s2 - s1, x' = r^2 - h^3 - 2 u1 h^2, y' = r (u1 h^2 - x') - s1 h^3, z' = z h
typedef struct {
    lp_fe_t u1, s1, u2, s2, z;
} over_z_t;

static void add_over_z(lp_point_t *p, over_z_t *o)
{
    lp_fe_sub(&o->u2, &o->u2, &o->u1);
    lp_fe_sub(&o->s2, &o->s2, &o->s1);
    if (lp_fe_is_zero(&o->u2)) {
        if (lp_fe_is_zero(&o->s2)) {
            lp_point_double(p);
        } else {
            p->is_infinity = true;
        }
        return;
    }
    lp_fe_t hh, t;
    lp_fe_mul(&p->z, &o->u2, &o->z);
    lp_fe_sqr(&hh, &o->u2);
    lp_fe_mul(&o->u1, &o->u1, &hh);
    lp_fe_mul(&hh, &o->u2, &hh);
    lp_fe_mul(&o->s1, &o->s1, &hh);
    lp_fe_add(&t, &o->u1, &o->u1);
    lp_fe_add(&t, &t, &hh);
    lp_fe_sqr_sub(&p->x, &o->s2, &t);
    lp_fe_sub(&o->u1, &o->u1, &p->x);
    lp_fe_mul_sub(&p->y, &o->s2, &o->u1, &o->s1);
}

// x and y of `p` as they are over the z of the other point.
static void scale(lp_fe_t *u, lp_fe_t *s, const lp_fe_t *x, const lp_fe_t *y, const lp_fe_t *z)
{
    lp_fe_t zz;
    lp_fe_sqr(&zz, z);
    lp_fe_mul(u, x, &zz);
    lp_fe_mul(&zz, &zz, z);
    lp_fe_mul(s, y, &zz);
}

void lp_point_add(lp_point_t *p, const lp_point_t *q)
{
    if (p->is_infinity || q->is_infinity) {
        *p = p->is_infinity ? *q : *p;
        return;
    }
    over_z_t o;
    scale(&o.u1, &o.s1, &p->x, &p->y, &q->z);
    scale(&o.u2, &o.s2, &q->x, &q->y, &p->z);
    lp_fe_mul(&o.z, &p->z, &q->z);
    add_over_z(p, &o);
    lp_wipe(&o, sizeof o);
}

void lp_point_add_affine(lp_point_t *p, const lp_affine_t *q)
{
    if (p->is_infinity) {
        lp_point_set(p, q);
        return;
    }
    over_z_t o = {.u1 = p->x, .s1 = p->y, .z = p->z};
    scale(&o.u2, &o.s2, &q->x, &q->y, &p->z);
    add_over_z(p, &o);
}

// Products of all z up to each point, one inversion, and back (Montgomery's trick).
void lp_point_to_affine(lp_affine_t *out, const lp_point_t *in, int count)
{
    lp_fe_t prefix[MAX_POINTS], inverse, z;
    prefix[0] = in[0].z;
    for (int i = 1; i < count; i++) {
        lp_fe_mul(&prefix[i], &prefix[i - 1], &in[i].z);
    }
    lp_fe_invert(&inverse, &prefix[count - 1]);
    for (int i = count - 1; i >= 0; i--) {
        z = inverse;
        if (i > 0) {
            lp_fe_mul(&z, &inverse, &prefix[i - 1]);
            lp_fe_mul(&inverse, &inverse, &in[i].z);
        }
        scale(&out[i].x, &out[i].y, &in[i].x, &in[i].y, &z);
    }
    lp_wipe(prefix, sizeof prefix);
    lp_wipe(&inverse, sizeof inverse);
    lp_wipe(&z, sizeof z);
}

// y^2 = x^3 - 3x + b
static bool is_on_curve(const lp_affine_t *a)
{
    lp_fe_t t, u;
    lp_fe_sqr(&t, &a->x);
    lp_fe_sub(&t, &t, &lp_fe_one);
    lp_fe_sub(&t, &t, &lp_fe_one);
    lp_fe_sub(&t, &t, &lp_fe_one);
    lp_fe_mul(&t, &t, &a->x);
    lp_fe_add(&t, &t, &lp_fe_curve_b);
    lp_fe_sqr_sub(&u, &a->y, &t);
    return lp_fe_is_zero(&u);
}

// A coordinate that is not below p would come back as another one.
lp_err_t lp_affine_from_bytes(lp_affine_t *a, const uint8_t bytes[64])
{
    uint8_t again[64];
    lp_affine_t point;
    lp_fe_from_bytes(&point.x, bytes);
    lp_fe_from_bytes(&point.y, bytes + 32);
    lp_affine_to_bytes(again, &point);
    if (memcmp(again, bytes, sizeof again) != 0 || !is_on_curve(&point)) {
        return LP_E_INVALID;
    }
    *a = point;
    return LP_OK;
}

void lp_affine_to_bytes(uint8_t bytes[64], const lp_affine_t *a)
{
    lp_fe_to_bytes(bytes, &a->x);
    lp_fe_to_bytes(bytes + 32, &a->y);
}
