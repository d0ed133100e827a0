// SPDX-License-Identifier: Apache-2.0
// A TLS client, or a server, that does the same to the last bit on every run: fixed time, entropy,
// key and trust. So a server's recorded bytes stay valid, and a fuzzer starts from whole handshakes
// instead of from nothing.
#ifndef TLS_TARGET_H
#define TLS_TARGET_H

#include "limpet/keyfile.h"
#include "limpet/tls.h"

// The first byte of an input.
enum {
    TLS_TARGET_ONLY_12 = 1u,  // up to TLS 1.2
    TLS_TARGET_IDENTITY = 2u, // with a certificate and a software key
    TLS_TARGET_IP = 4u,       // the server is asked for by its address
    TLS_TARGET_CHUNK = 3,     // shift of the size of reads: 0 all there is, n: at most n * n
};

typedef struct {
    lp_loop_t loop;
    lp_keystore_t keys;
    lp_keyfile_t files;
    lp_keyfile_io_t io;
    lp_tls_t tls;
    unsigned opened;
    unsigned closed;
    size_t got;
} tls_target_t;

void tls_target_init(tls_target_t *t);
// LP_OK: the connection was started over `lower`.
lp_err_t tls_target_open(tls_target_t *t, lp_stream_t *lower, unsigned flags);
// The same for a server that is called over `lower`: with the client's certificate and a software
// key. TLS_TARGET_ONLY_12 and the chunks count.
lp_err_t tls_target_listen(tls_target_t *t, lp_stream_t *lower, unsigned flags);
// Turns the loop until nothing happens any more; reads and writes when open.
void tls_target_run(tls_target_t *t);
// Ends everything and checks that nothing was kept.
void tls_target_deinit(tls_target_t *t);
void tls_target_key(uint8_t key[LP_KEY_SECRET_BYTES]);

#endif
