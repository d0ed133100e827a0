// SPDX-License-Identifier: Apache-2.0
// P-256 by the textbook on OpenSSL's numbers and points: what the tests compare with.
#ifndef REFERENCE_H
#define REFERENCE_H

#include <stdbool.h>
#include <stdint.h>

#include <openssl/bn.h>

// A fixed stream of pseudo-random bytes, the same on every run.
void ref_random(uint8_t *bytes, size_t len);

BIGNUM *ref_order(void); // borrowed
BIGNUM *ref_prime(void); // borrowed

// bytes = number mod m, where m may be null for "as it is"; 32 bytes big-endian.
void ref_number(uint8_t bytes[32], uint64_t value);
void ref_below(uint8_t bytes[32], const BIGNUM *modulus, uint64_t distance); // modulus - distance
void ref_mod_mul(uint8_t out[32], const uint8_t a[32], const uint8_t b[32], const BIGNUM *modulus);
void ref_mod_add(uint8_t out[32], const uint8_t a[32], const uint8_t b[32], const BIGNUM *modulus);
void ref_mod_inverse(uint8_t out[32], const uint8_t a[32], const BIGNUM *modulus);

// point = a*G + b*Q; Q may be null. False for infinity.
bool ref_mult(uint8_t point[64], const uint8_t a[32], const uint8_t b[32], const uint8_t q[64]);
// A point with this x, the even y; false when there is none.
bool ref_lift(uint8_t point[64], const uint8_t x[32]);

bool ref_sign(const uint8_t d[32], const uint8_t digest[32], const uint8_t k[32],
              uint8_t signature[64]);
bool ref_verify(const uint8_t pub[64], const uint8_t digest[32], const uint8_t signature[64]);

#endif
