// SPDX-License-Identifier: Apache-2.0
// The small TLS: a client of TLS 1.2 with ECDHE-ECDSA-AES128-GCM-SHA256 on P-256 and nothing else,
// for images in which a TLS library would be half of all code (docs/adr/0016). It stands where
// mbedTLS stands in the others: behind the lp_tls_session_*() of tls_internal.h.
//
//   tls12_session.c    configuration, memory, application data           (loop | fiber)
//   tls12_handshake.c  the messages, one after the other                 (fiber)
//   tls12_hello.c      the first two of them
//   tls12_keys.c       everything between the secret and the record keys
//   tls12_verify.c     the server's certificates
//   tls12_record.c     records: reading, writing, alerts                 (loop | fiber)
//   tls12_p256.c       P-256 in software; tls12_chip.c in an image that has none
//
// A handshake is straight-line code on its fiber, so that a message out of turn has no way in: what
// is expected next is where the code stands.
// @source RFC 5246; RFC 5288; RFC 8422; RFC 7627; RFC 7301; RFC 5746
#ifndef LP_SEC_TLS12_H
#define LP_SEC_TLS12_H

#include "limpet/gcm.h"
#include "limpet/sha256.h"
#include "tls_common.h"

#if !defined(LP_TLS_IN_BYTES) // tools/bench-records tries others
#define LP_TLS_IN_BYTES 4096
#endif

enum {
    LP_TLS12_OUT_BYTES = 1024, // longer writes are several records
    LP_TLS12_HEADER = 5,
    LP_TLS12_NONCE = 8, // the part of the nonce that is sent
    LP_TLS12_OVERHEAD = LP_TLS12_HEADER + LP_TLS12_NONCE + LP_GCM_TAG_BYTES,
    LP_TLS12_RANDOM = 32,
    LP_TLS12_MASTER = 48,
};

// Contents of records.
enum { LP_TLS12_CIPHER = 20, LP_TLS12_ALERT = 21, LP_TLS12_HANDSHAKE = 22, LP_TLS12_DATA = 23 };

// Messages of the handshake.
enum {
    LP_TLS12_HELLO_REQUEST = 0,
    LP_TLS12_CLIENT_HELLO = 1,
    LP_TLS12_SERVER_HELLO = 2,
    LP_TLS12_CERTIFICATE = 11,
    LP_TLS12_SERVER_KEY_EXCHANGE = 12,
    LP_TLS12_CERTIFICATE_REQUEST = 13,
    LP_TLS12_SERVER_HELLO_DONE = 14,
    LP_TLS12_CERTIFICATE_VERIFY = 15,
    LP_TLS12_CLIENT_KEY_EXCHANGE = 16,
    LP_TLS12_FINISHED = 20,
};

// The alerts that are sent.
enum {
    LP_TLS12_CLOSE_NOTIFY = 0,
    LP_TLS12_UNEXPECTED_MESSAGE = 10,
    LP_TLS12_BAD_RECORD_MAC = 20,
    LP_TLS12_RECORD_OVERFLOW = 22,
    LP_TLS12_HANDSHAKE_FAILURE = 40,
    LP_TLS12_BAD_CERTIFICATE = 42,
    LP_TLS12_UNSUPPORTED_CERTIFICATE = 43,
    LP_TLS12_CERTIFICATE_EXPIRED = 45,
    LP_TLS12_ILLEGAL_PARAMETER = 47,
    LP_TLS12_UNKNOWN_CA = 48,
    LP_TLS12_DECODE_ERROR = 50,
    LP_TLS12_DECRYPT_ERROR = 51,
    LP_TLS12_PROTOCOL_VERSION = 70,
    LP_TLS12_INTERNAL_ERROR = 80,
    LP_TLS12_NO_RENEGOTIATION = 100,
    LP_TLS12_UNSUPPORTED_EXTENSION = 110,
};

enum { LP_TLS12_SIGNATURE = 0x0403, LP_TLS12_GROUP = 23 }; // ecdsa_secp256r1_sha256; secp256r1

// One direction of the connection.
typedef struct {
    bool is_on; // its records are encrypted
    uint8_t key[LP_GCM_KEY_BYTES];
    uint8_t salt[LP_GCM_NONCE_BYTES - LP_TLS12_NONCE];
    uint64_t number; // of the next record
} lp_tls12_way_t;

// Certificates as the Certificate message has them: each with three bytes of length in front.
typedef struct {
    uint8_t *ptr; // owned, of the arena
    size_t len;
} lp_tls12_certs_t;

// What only a handshake needs; given back after it.
typedef struct {
    lp_tls12_certs_t trust, own;
    char host[LP_TLS_HOST_MAX];
    lp_sha256_t transcript;
    uint8_t randoms[2 * LP_TLS12_RANDOM];      // the client's, the server's
    uint8_t server_key[LP_KEY_PUBLIC_BYTES];   // of its certificate
    uint8_t server_point[LP_KEY_PUBLIC_BYTES]; // for the key exchange
    uint8_t master[LP_TLS12_MASTER];
    bool has_ems;  // the extended master secret of RFC 7627
    bool is_asked; // for our certificate
} lp_tls12_papers_t;

struct lp_tls_session {
    lp_tls_common_t c; // first
    lp_tls12_papers_t *papers;
    lp_tls12_way_t reading, writing;
    // in: `kept` bytes of handshake messages, then the record that is being read, of which `have`
    // bytes are there. A record's text stays in place.
    size_t kept, have;
    size_t message_len; // of the first of those messages, its head included
    lp_span_t text;     // of the last record, what was not taken yet
    uint8_t idle;       // records in a row that brought nothing
    // out: a record that is being filled, or, with out_left > 0, sent.
    size_t out_len, out_at, out_left;
    uint8_t out_type;
    uint8_t in[LP_TLS_IN_BYTES + LP_TLS12_OVERHEAD];
    uint8_t out[LP_TLS12_OUT_BYTES + LP_TLS12_OVERHEAD];
};

// ---- tls12_record.c ---------------------------------------------------------------------------

// Takes n bytes off the front of *in; false: there are not so many.
bool lp_tls12_take(lp_span_t *in, size_t n, lp_span_t *out);
// The same with a length of 1 to 3 bytes in front, which is big-endian.
bool lp_tls12_take_vector(lp_span_t *in, size_t length_bytes, lp_span_t *out);
// A big-endian number of 1 to 3 bytes.
size_t lp_tls12_number(const uint8_t *p, size_t bytes);
void lp_tls12_put_number(uint8_t *p, size_t bytes, size_t value);

// Reads a record: its type, and its text in s->text. LP_E_AGAIN: it is not whole yet. Alerts are
// dealt with in here. All other errors end the connection and are told in its report.
lp_err_t lp_tls12_pull(lp_tls_t *tls, uint8_t *type);
// From the fiber: the same, and waits for it. LP_E_CANCELED.
lp_err_t lp_tls12_await(lp_tls_t *tls, uint8_t *type);
// Sends what is left of a record. LP_E_AGAIN: not all of it.
lp_err_t lp_tls12_push(lp_tls_t *tls);
// Seals what is in `out` as a record of this type and sends what it can.
lp_err_t lp_tls12_seal(lp_tls_t *tls, uint8_t type);
// From the fiber: appends to the record of this type, and sends it whenever it is full.
lp_err_t lp_tls12_put(lp_tls_t *tls, uint8_t type, lp_span_t bytes);
// From the fiber: sends it, and waits until it is sent.
lp_err_t lp_tls12_flush(lp_tls_t *tls);

// Sends an alert, if that is possible without waiting.
void lp_tls12_alert(lp_tls_t *tls, bool is_fatal, uint8_t alert);
// Notes why the connection ends; returns err.
lp_err_t lp_tls12_end(lp_tls_t *tls, lp_err_t err);
// The server breaks the protocol: sends the alert and says what it did. LP_E_TLS_PROTOCOL.
lp_err_t lp_tls12_refuse(lp_tls_t *tls, uint8_t alert, const char *what);
lp_err_t lp_tls12_malformed(lp_tls_t *tls);
lp_err_t lp_tls12_out_of_turn(lp_tls_t *tls);

// ---- tls12_handshake.c ------------------------------------------------------------------------

// Waits for a whole message; body borrows s->in until lp_tls12_done().
lp_err_t lp_tls12_message(lp_tls_t *tls, uint8_t *type, lp_span_t *body);
// The same, and it must be of this type.
lp_err_t lp_tls12_expect(lp_tls_t *tls, uint8_t type, lp_span_t *body);
// The message was looked at: it goes into the transcript and out of the buffer.
void lp_tls12_done(lp_tls_t *tls);
// Sends a message's head, or a part of its body, and takes it into the transcript.
lp_err_t lp_tls12_begin(lp_tls_t *tls, uint8_t type, size_t body_len);
lp_err_t lp_tls12_say(lp_tls_t *tls, lp_span_t bytes);

// ---- tls12_hello.c ----------------------------------------------------------------------------

lp_err_t lp_tls12_send_hello(lp_tls_t *tls);
lp_err_t lp_tls12_take_hello(lp_tls_t *tls);

// ---- tls12_verify.c ---------------------------------------------------------------------------

// Reads PEM into certificates as above. LP_E_FORMAT: a damaged one, or none at all; LP_E_NOSPACE.
lp_err_t lp_tls12_load(lp_tls12_certs_t *certs, const lp_tls_pem_t *pem, bool is_trust,
                       unsigned *skipped);
// Our own: for a P-256 key, within its dates.
lp_err_t lp_tls12_check_own(lp_tls_t *tls);
// Whether the key is the one that our certificate is for.
bool lp_tls12_is_own_key(const lp_tls_t *tls, const uint8_t pub[LP_KEY_PUBLIC_BYTES]);
// Checks the server's certificates and keeps its public key.
lp_err_t lp_tls12_verify(lp_tls_t *tls, lp_span_t list);

// ---- tls12_keys.c -----------------------------------------------------------------------------

// LP_E_DENIED: the signature, in DER, is wrong. Else the failure of a key, noted.
lp_err_t lp_tls12_check(lp_tls_t *tls, const uint8_t pub[LP_KEY_PUBLIC_BYTES],
                        const uint8_t digest[LP_SHA256_LEN], lp_span_t signature);
// Sends the ClientKeyExchange; makes master secret and record keys.
lp_err_t lp_tls12_exchange(lp_tls_t *tls);
// What of the transcript there is now.
void lp_tls12_transcript(const lp_tls_t *tls, uint8_t digest[LP_SHA256_LEN]);
enum { LP_TLS12_VERIFY_DATA = 12 };
void lp_tls12_verify_data(const lp_tls_t *tls, const char *label,
                          uint8_t data[LP_TLS12_VERIFY_DATA]);
// The failure of a key operation as the connection's.
lp_err_t lp_tls12_key_failed(lp_tls_t *tls, lp_err_t err);

// ---- tls12_p256.c, or tls12_chip.c ------------------------------------------------------------

lp_err_t lp_tls12_p256_make(uint8_t secret[32], uint8_t pub[LP_KEY_PUBLIC_BYTES]);
lp_err_t lp_tls12_p256_agree(const uint8_t secret[32], const uint8_t peer[LP_KEY_PUBLIC_BYTES],
                             uint8_t shared[LP_KEY_SECRET_BYTES]);
// LP_E_DENIED: it is wrong.
lp_err_t lp_tls12_p256_verify(const uint8_t pub[LP_KEY_PUBLIC_BYTES],
                              const uint8_t digest[LP_KEY_DIGEST_BYTES],
                              const uint8_t signature[LP_KEY_SIGNATURE_BYTES]);

#endif
