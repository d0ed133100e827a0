// SPDX-License-Identifier: Apache-2.0
// What both sides of mbedTLS share.
#ifndef BENCH_MBEDTLS_H
#define BENCH_MBEDTLS_H

#include <mbedtls/pk.h>
#include <mbedtls/ssl.h>
#include <mbedtls/x509_crt.h>

#include "pki.h"
#include "side.h"

// A side with its contexts, which it takes from its own memory, as all that the library takes.
typedef struct {
    mbedtls_ssl_context ssl;
    mbedtls_ssl_config config;
    mbedtls_x509_crt root, cert;
    mbedtls_pk_context key;
} mbed_t;

typedef struct {
    const unsigned char *cert, *key;
    size_t cert_len, key_len;
    int endpoint;
} mbed_who_t;

// ---- heap.c

// Whose memory the calls that follow take.
void heap_of(side_way_t whose);
size_t heap_peak(void);
size_t heap_now(void);

// ---- mbedtls_side.c

mbed_t *mbed_open(const mbed_who_t *who);
// `way`: where what this side writes goes.
void mbed_wire(mbed_t *side, side_way_t *way);
side_state_t mbed_turn(mbed_t *side);

#endif
