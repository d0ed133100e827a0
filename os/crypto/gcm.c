// SPDX-License-Identifier: Apache-2.0
// Elements of GF(2^128) are four words, the coefficient of x^0 in the highest bit of the first. A
// multiplication by H takes the other factor four bits at a time from a table of the multiples.
#include "limpet/gcm.h"

#include <string.h>

#include "aes.h"
#include "limpet/endian.h"

typedef struct {
    uint32_t w[4];
} element_t;

typedef struct {
    lp_aes_t aes;
    uint8_t counter[LP_AES_BLOCK];
    element_t multiples[16]; // of H, by the bits of a nibble: 8 is H itself
    element_t sum;
} state_t;

// Times x^bits, 1 to 4; what falls out comes back as the field's polynomial wants it.
static void shift(element_t *z, unsigned bits)
{
    const uint32_t out = z->w[3] & ((1u << bits) - 1);
    for (int i = 3; i > 0; i--) {
        z->w[i] = z->w[i] >> bits | z->w[i - 1] << (32 - bits);
    }
    const uint32_t back = out << (32 - bits);
    z->w[0] = z->w[0] >> bits ^ back ^ back >> 1 ^ back >> 2 ^ back >> 7;
}

static void add(element_t *z, const element_t *e)
{
    for (int i = 0; i < 4; i++) {
        z->w[i] ^= e->w[i];
    }
}

static void load(element_t *e, const uint8_t block[LP_AES_BLOCK])
{
    for (int i = 0; i < 4; i++) {
        e->w[i] = lp_get_be32(block + 4 * i);
    }
}

static void make_multiples(state_t *s)
{
    uint8_t h[LP_AES_BLOCK] = {0};
    lp_aes_encrypt(&s->aes, h, h);
    memset(s->multiples, 0, sizeof s->multiples);
    load(&s->multiples[8], h);
    lp_wipe(h, sizeof h);
    for (unsigned n = 4; n > 0; n >>= 1) {
        s->multiples[n] = s->multiples[2 * n];
        shift(&s->multiples[n], 1);
    }
    for (unsigned n = 3; n < 16; n++) {
        const unsigned low = n & -n;
        if (n != low) {
            s->multiples[n] = s->multiples[n - low];
            add(&s->multiples[n], &s->multiples[low]);
        }
    }
}

static void take_block(state_t *s, const uint8_t block[LP_AES_BLOCK])
{
    element_t x, z = {0};
    load(&x, block);
    add(&x, &s->sum);
    for (int i = 3; i >= 0; i--) {
        for (unsigned at = 0; at < 32; at += 4) {
            shift(&z, 4);
            add(&z, &s->multiples[x.w[i] >> at & 0xf]);
        }
    }
    s->sum = z;
}

static void take(state_t *s, lp_span_t bytes)
{
    for (size_t at = 0; at < bytes.len; at += LP_AES_BLOCK) {
        uint8_t block[LP_AES_BLOCK] = {0};
        const size_t n = bytes.len - at < LP_AES_BLOCK ? bytes.len - at : LP_AES_BLOCK;
        memcpy(block, bytes.ptr + at, n);
        take_block(s, block);
    }
}

static void next_pad(state_t *s, uint8_t pad[LP_AES_BLOCK])
{
    uint8_t *number = s->counter + LP_GCM_NONCE_BYTES;
    lp_aes_encrypt(&s->aes, s->counter, pad);
    lp_put_be32(number, lp_get_be32(number) + 1);
}

static void start(state_t *s, const lp_gcm_t *with)
{
    memset(s, 0, sizeof *s);
    lp_aes_init(&s->aes, with->key);
    make_multiples(s);
    memcpy(s->counter, with->nonce, LP_GCM_NONCE_BYTES);
    s->counter[LP_AES_BLOCK - 1] = 1;
    take(s, with->extra);
}

// Both directions: the stream of the counters from 2 on, over the text.
static void apply(state_t *s, lp_span_t in, uint8_t *out)
{
    uint8_t pad[LP_AES_BLOCK];
    for (size_t i = 0; i < in.len; i++) {
        if (i % LP_AES_BLOCK == 0) {
            next_pad(s, pad);
        }
        out[i] = in.ptr[i] ^ pad[i % LP_AES_BLOCK];
    }
    lp_wipe(pad, sizeof pad);
}

// `first` is the pad of counter 1.
static void finish(state_t *s, const lp_gcm_t *with, lp_span_t sealed,
                   const uint8_t first[LP_AES_BLOCK], uint8_t tag[LP_GCM_TAG_BYTES])
{
    uint8_t lengths[LP_AES_BLOCK];
    lp_put_be64(lengths, (uint64_t)with->extra.len * 8);
    lp_put_be64(lengths + 8, (uint64_t)sealed.len * 8);
    take(s, sealed);
    take_block(s, lengths);
    for (int i = 0; i < 4; i++) {
        lp_put_be32(tag + 4 * i, s->sum.w[i] ^ lp_get_be32(first + 4 * i));
    }
}

void lp_gcm_seal(const lp_gcm_t *with, lp_span_t plain, uint8_t *out, uint8_t tag[LP_GCM_TAG_BYTES])
{
    state_t s;
    uint8_t first[LP_AES_BLOCK];
    start(&s, with);
    next_pad(&s, first);
    apply(&s, plain, out);
    finish(&s, with, lp_span(out, plain.len), first, tag);
    lp_wipe(&s, sizeof s);
    lp_wipe(first, sizeof first);
}

lp_err_t lp_gcm_open(const lp_gcm_t *with, lp_span_t sealed, const uint8_t tag[LP_GCM_TAG_BYTES],
                     uint8_t *out)
{
    state_t s;
    uint8_t first[LP_AES_BLOCK], expected[LP_GCM_TAG_BYTES];
    start(&s, with);
    next_pad(&s, first);
    finish(&s, with, sealed, first, expected);
    const bool is_right = lp_equal_ct(tag, expected, sizeof expected);
    if (is_right) {
        apply(&s, sealed, out);
    }
    lp_wipe(&s, sizeof s);
    lp_wipe(first, sizeof first);
    lp_wipe(expected, sizeof expected);
    return is_right ? LP_OK : LP_E_DENIED;
}
