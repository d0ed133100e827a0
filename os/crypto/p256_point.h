// SPDX-License-Identifier: Apache-2.0
// Points of the curve in Jacobian coordinates: (x / z^2, y / z^3).
#ifndef LP_P256_POINT_H
#define LP_P256_POINT_H

#include "limpet/err.h"
#include "p256_fe.h"

typedef struct {
    lp_fe_t x, y, z; // reduced
    bool is_infinity;
} lp_point_t;

void lp_point_set(lp_point_t *p, const lp_affine_t *a);
void lp_point_double(lp_point_t *p);
// Both are right for any two points. What they branch on (equal, opposite, infinity) does not
// occur with a secret scalar but with a probability of 2^-250.
void lp_point_add(lp_point_t *p, const lp_point_t *q);
void lp_point_add_affine(lp_point_t *p, const lp_affine_t *q);

// Affine forms of `count` points, none at infinity, with one inversion. 1 <= count <= 8.
void lp_point_to_affine(lp_affine_t *out, const lp_point_t *in, int count);

// Bytes X, Y. from_bytes: LP_E_INVALID for what is no point of the curve.
lp_err_t lp_affine_from_bytes(lp_affine_t *a, const uint8_t bytes[64]);
void lp_affine_to_bytes(uint8_t bytes[64], const lp_affine_t *a);

#endif
