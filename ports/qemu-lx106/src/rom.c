// SPDX-License-Identifier: Apache-2.0
// Arithmetic that Debian's libgcc for this core leaves out, because the ESP8266 has it in its ROM.
// The names are the compiler's.
#include <stdint.h>

uint32_t __udivsi3(uint32_t n, uint32_t d);
uint32_t __umodsi3(uint32_t n, uint32_t d);
int32_t __divsi3(int32_t n, int32_t d);
int32_t __modsi3(int32_t n, int32_t d);
uint64_t __umulsidi3(uint32_t a, uint32_t b);
uint64_t __muldi3(uint64_t a, uint64_t b);
uint64_t __udivdi3(uint64_t n, uint64_t d);
uint64_t __umoddi3(uint64_t n, uint64_t d);
int64_t __divdi3(int64_t n, int64_t d);
int64_t __moddi3(int64_t n, int64_t d);

static inline int leading_zeros(uint32_t x)
{
    int zeros;
    __asm__("nsau %0, %1" : "=a"(zeros) : "a"(x));
    return zeros;
}

// As many steps as the quotient has bits. Dividing by 0 gives all ones, as good as anything.
static uint32_t divide(uint32_t n, uint32_t d, uint32_t *rest)
{
    uint32_t quotient = 0;
    int shift = leading_zeros(d) - leading_zeros(n);
    for (d = shift >= 0 && d != 0 ? d << shift : d; shift >= 0; shift--, d >>= 1) {
        quotient <<= 1;
        if (n >= d) {
            n -= d;
            quotient |= 1;
        }
    }
    *rest = n;
    return quotient;
}

uint32_t __udivsi3(uint32_t n, uint32_t d)
{
    uint32_t rest;
    return d != 0 ? divide(n, d, &rest) : ~0U;
}

uint32_t __umodsi3(uint32_t n, uint32_t d)
{
    uint32_t rest = n;
    if (d != 0) {
        (void)divide(n, d, &rest);
    }
    return rest;
}

static uint32_t magnitude(int32_t x)
{
    return x < 0 ? 0U - (uint32_t)x : (uint32_t)x;
}

int32_t __divsi3(int32_t n, int32_t d)
{
    uint32_t quotient = __udivsi3(magnitude(n), magnitude(d));
    return (int32_t)((n ^ d) < 0 ? 0U - quotient : quotient);
}

int32_t __modsi3(int32_t n, int32_t d)
{
    uint32_t rest = __umodsi3(magnitude(n), magnitude(d));
    return (int32_t)(n < 0 ? 0U - rest : rest);
}

// Four products of 16 bits.
uint64_t __umulsidi3(uint32_t a, uint32_t b)
{
    uint32_t al = a & 0xFFFF, ah = a >> 16, bl = b & 0xFFFF, bh = b >> 16;
    uint32_t low = al * bl;
    uint32_t middle = ah * bl + (low >> 16);
    uint32_t other = al * bh + (middle & 0xFFFF);
    uint32_t high = ah * bh + (middle >> 16) + (other >> 16);
    return (uint64_t)high << 32 | (other << 16 | (low & 0xFFFF));
}

uint64_t __muldi3(uint64_t a, uint64_t b)
{
    uint64_t product = __umulsidi3((uint32_t)a, (uint32_t)b);
    uint32_t high = (uint32_t)(a >> 32) * (uint32_t)b + (uint32_t)a * (uint32_t)(b >> 32);
    return product + ((uint64_t)high << 32);
}

static int leading_zeros_64(uint64_t x)
{
    uint32_t high = (uint32_t)(x >> 32);
    return high != 0 ? leading_zeros(high) : 32 + leading_zeros((uint32_t)x);
}

static uint64_t divide_64(uint64_t n, uint64_t d, uint64_t *rest)
{
    uint64_t quotient = 0;
    if (((n | d) >> 32) == 0) {
        uint32_t small;
        quotient = divide((uint32_t)n, (uint32_t)d, &small);
        *rest = small;
        return quotient;
    }
    int shift = leading_zeros_64(d) - leading_zeros_64(n);
    for (d = shift >= 0 ? d << shift : d; shift >= 0; shift--, d >>= 1) {
        quotient <<= 1;
        if (n >= d) {
            n -= d;
            quotient |= 1;
        }
    }
    *rest = n;
    return quotient;
}

uint64_t __udivdi3(uint64_t n, uint64_t d)
{
    uint64_t rest;
    return d != 0 ? divide_64(n, d, &rest) : ~0ULL;
}

uint64_t __umoddi3(uint64_t n, uint64_t d)
{
    uint64_t rest = n;
    if (d != 0) {
        (void)divide_64(n, d, &rest);
    }
    return rest;
}

static uint64_t magnitude_64(int64_t x)
{
    return x < 0 ? 0ULL - (uint64_t)x : (uint64_t)x;
}

int64_t __divdi3(int64_t n, int64_t d)
{
    uint64_t quotient = __udivdi3(magnitude_64(n), magnitude_64(d));
    return (int64_t)((n ^ d) < 0 ? 0ULL - quotient : quotient);
}

int64_t __moddi3(int64_t n, int64_t d)
{
    uint64_t rest = __umoddi3(magnitude_64(n), magnitude_64(d));
    return (int64_t)(n < 0 ? 0ULL - rest : rest);
}
