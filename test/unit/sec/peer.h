// SPDX-License-Identifier: Apache-2.0
// A TLS server (OpenSSL, memory BIOs) behind an lp_stream_t: the far end and the wire in one
// object.
#ifndef SEC_PEER_H
#define SEC_PEER_H

#include <openssl/ssl.h>

#include "limpet/loop.h"
#include "limpet/stream.h"
#include "pki.h"

enum { PEER_WIRE_BYTES = 1 << 17 };

typedef struct {
    int min_version; // TLS1_2_VERSION...; 0: OpenSSL's default
    int max_version;
    const char *suites_12; // OpenSSL cipher list; null: default
    const char *suites_13;
    const char *groups; // "P-256:X25519"; null: default
    const pki_id_t *id;
    const pki_id_t *chain;     // sent behind id; may be null
    const pki_id_t *chain2;    // ... and behind that
    const pki_id_t *client_ca; // null: no client certificate is asked for
    const char *alpn;          // the one protocol the server speaks; null: no ALPN
    bool has_no_tickets;       // sends nothing after the handshake by itself
    bool prefers_own;          // its order of suites and groups counts, not the client's
    bool is_weak;              // security level 0, for what must be refused
    bool is_echo;              // sends back what it receives
    const char *ticket_keys; // 80 bytes: it resumes what peers with the same have begun; null: none
    size_t ticket_ballast;   // bytes more in each ticket
    bool has_no_ems;         // no extended master secret
} peer_config_t;

typedef struct {
    lp_stream_t stream; // must stay first: the client's lower stream
    lp_loop_t *loop;
    lp_stream_fn *fn;
    void *ctx;
    lp_event_t event;

    SSL_CTX *ssl_ctx;
    SSL *ssl;          // null: a scripted peer
    BIO *in;           // client -> server
    BIO *out;          // server -> client
    const char *alpn_; // borrowed
    unsigned char alpn_wire_[64];
    size_t ticket_ballast_;

    // What the wire does to the bytes from the server.
    size_t chunk;            // at most so many a read; 0: no limit
    size_t cut_after;        // closes after so many in all; 0: never
    bool is_cut_silent;      // ... without saying so: the line is just dead
    size_t flip_at;          // flips a bit of the n-th byte, 1 = the first; 0: never
    size_t write_cap;        // takes at most so many a write
    unsigned write_refusals; // says LP_E_AGAIN so many times first

    // What was seen.
    size_t to_client;
    size_t to_server;
    bool is_closed;
    bool has_ended; // the client was told
    lp_err_t end_why;
    char got[4096]; // application data
    size_t got_len;
    int shake_result; // of SSL_accept: 1 done
    unsigned char client_hello[2048];
    size_t client_hello_len;
} peer_t;

void peer_open(peer_t *peer, lp_loop_t *loop, const peer_config_t *config);
// A server that says exactly `script` and then nothing.
void peer_open_script(peer_t *peer, lp_loop_t *loop, const void *script, size_t len);
void peer_close(peer_t *peer); // frees; not the client's close
// From the server's side.
void peer_send(peer_t *peer, const void *data, size_t len);
void peer_shut_down(peer_t *peer); // close_notify, then the line ends
void peer_hang_up(peer_t *peer, lp_err_t why);
// The ECDH secret of the handshake that is just over, as the server has it. False: it has not kept
// it.
bool peer_secret(peer_t *peer, uint8_t secret[32]);

#endif
