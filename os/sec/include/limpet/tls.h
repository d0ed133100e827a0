// SPDX-License-Identifier: Apache-2.0
// limpet/tls.h - TLS 1.2 / 1.3 as a stream over a stream: a client, and where there is room for it
// a server.
//
// The private key is named by its id and may live in the crypto chip, which needs up to 0.1 s an
// operation; the handshake runs on a stack of its own so that the event loop keeps turning
// (docs/adr/0004). The server's chain, name and dates are always checked: there is no switch for
// the first two. One static arena serves everything; nothing else is allocated.
// @context loop
// @source RFC 8446, RFC 5246
#ifndef LIMPET_TLS_H
#define LIMPET_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "limpet/err.h"
#include "limpet/keystore.h"
#include "limpet/loan.h"
#include "limpet/loop.h"
#include "limpet/span.h"
#include "limpet/stream.h"

enum {
    LP_TLS_HOST_MAX = 254,      // longest host name, with its terminator
    LP_TLS_ALPN_MAX = 32,       // longest protocol name, with its terminator
    LP_TLS_DETAIL_MAX = 192,    // longest explanation, with its terminator
    LP_TLS_SESSION_BYTES = 704, // ample for a session, apart from its ticket
};

// What an image gives to TLS once. The memory is lent until lp_tls_deinit().
typedef struct {
    lp_loop_t *loop;
    lp_keystore_t *keys;
    void *arena; // all of the TLS library's memory; 64 KiB is ample for one connection
    size_t arena_bytes;
    void *stack; // of the handshake; 16 KiB, under a sanitizer 256 KiB
    size_t stack_bytes;
    lp_loan_t *loan; // of that stack, when others use it between handshakes; null: they do not
    void *session; // LP_TLS_SESSION_BYTES and the longest ticket to keep; null: nothing is resumed
    size_t session_bytes;
    size_t ticket_bytes; // longest ticket, which then stays in the arena instead; 0: in `session`
} lp_tls_setup_t;

// LP_E_INVALID: a pointer is missing. LP_E_NOSPACE: the arena or the stack is too small.
// LP_E_STATE: done already. LP_E_IO: the port has no entropy.
lp_err_t lp_tls_init(const lp_tls_setup_t *setup);

// LP_E_BUSY: a connection is open, or an operation of a key is under way for one.
lp_err_t lp_tls_deinit(void);

typedef struct {
    size_t arena_bytes;
    size_t arena_used;
    size_t arena_peak; // high-water mark since init
    size_t arena_lent; // by lp_tls_borrow(), besides
    size_t stack_bytes;
    size_t stack_peak;
} lp_tls_memory_t;

void lp_tls_memory(lp_tls_memory_t *memory);

// Memory of the arena that nobody needs now, zeroed; null: there is none, as in a handshake, or
// lp_tls_init() was not called. It is the next handshake's, so it is given back before the loop
// goes on, or together with the connection by whoever has that.
void *lp_tls_borrow(size_t bytes);
// Null is fine.
void lp_tls_give_back(void *memory);

typedef enum {
    LP_TLS_1_2 = 0x0303,
    LP_TLS_1_3 = 0x0304,
} lp_tls_version_t;

typedef enum {
    LP_TLS_ECDHE_AUTO, // in the chip when the identity key is in a chip: sealed where board and
                       // chip share a bus key, in software where the chip cannot prove it any more
    LP_TLS_ECDHE_CHIP, // P-256 only; the chip's result crosses the bus, see docs/caveats.md
    LP_TLS_ECDHE_SEALED, // as chip, but only so that a listener on the bus learns nothing
    LP_TLS_ECDHE_SOFTWARE,
} lp_tls_ecdhe_t;

// Whether a connection may go on where an earlier one ended (docs/adr/0015).
typedef enum {
    LP_TLS_RESUME_NEVER,
    LP_TLS_RESUME_1_3,    // with TLS 1.3 and a fresh key exchange: forward secrecy stays
    LP_TLS_RESUME_ASIDE,  // never, and the session that another connection keeps stays as it is
    LP_TLS_RESUME_ALWAYS, // by a ticket of TLS 1.2, too: whoever gets the server's ticket key can
                          // read what was recorded
} lp_tls_resume_t;

// Certificates in PEM, in memory or wherever `read` gets its bytes from. Borrowed until the call
// returns.
typedef struct {
    size_t len;
    const uint8_t *ptr; // or null, and
    lp_err_t (*read)(void *ctx, size_t at, uint8_t *to, size_t n);
    void *ctx;
} lp_tls_pem_t;

static inline lp_tls_pem_t lp_tls_pem(const char *text)
{
    const lp_span_t span = lp_span_str(text);
    return (lp_tls_pem_t){.len = span.len, .ptr = span.ptr};
}

typedef struct {
    lp_tls_pem_t trust_pem; // one or more CA certificates
    lp_tls_pem_t cert_pem;  // own certificate, then its chain if any; empty: none is sent
    const char *key_id;     // of that certificate; null with an empty cert_pem. Copies.
    const char *host; // name or IP address: SNI, and what the certificate must be for. Copies.
    const char *alpn; // one protocol name, null for none. Copies.
    lp_tls_version_t max_version;
    lp_tls_ecdhe_t ecdhe;
    bool verify_in_chip; // P-256 signatures of the server: a board whose bus nobody can touch, and
                         // which wants the time. Else whoever answers in the chip's place, or has
                         // it asked something else, is believed.
    lp_tls_resume_t resume;
    bool wants_short_records; // asks the server for 4 KB at most (RFC 6066, 4): when it agrees the
                              // connection takes 12 KB less. A small board's buffer is as long
    bool check_dates;         // false is for boards that can never know the time
    bool is_server; // waits for a client: cert_pem and key_id are needed, the client needs none;
                    // trust_pem, host and alpn are not looked at, the key exchange is in software
    uint32_t handshake_timeout_ms; // 0: 30,000
} lp_tls_config_t;

// What is known about a connection. Strings are static or live as long as the connection.
typedef struct {
    const char *version; // "TLS 1.2", "TLS 1.3"; "" before the handshake is done
    const char *suite; // OpenSSL's name: "ECDHE-ECDSA-AES128-GCM-SHA256", "TLS_AES_128_GCM_SHA256"
    const char *group; // "P-256", "X25519", ...
    const char *key_source; // "chip", "flash" or "none"
    const char *ecdhe;      // "chip", "sealed" or "software": what was really used
    const char *verify;     // who checked the server's signatures: "software", "chip", or "proven":
                            // the chip, whose yes was not only believed
    uint32_t handshake_ms;
    uint32_t chip_ms; // of it, spent waiting for keys
    uint32_t cpu_us;  // of it, in which the core worked (for whatever else ran, too)
    bool is_resumed;
    char alpn[LP_TLS_ALPN_MAX];     // what the server chose, "" for none
    lp_err_t err;                   // why it ended; LP_OK while it has not
    char detail[LP_TLS_DETAIL_MAX]; // the same in words: which certificate, which reason, what the
                                    // server said
} lp_tls_report_t;

// A caller-owned connection.
typedef struct lp_tls {
    lp_stream_t stream; // must stay first
    lp_stream_t *lower_;
    lp_stream_fn *fn_;
    void *ctx_;
    struct lp_tls_session *session_;
    lp_event_t event_;
    lp_timer_t timer_;
    uint8_t state_;
    bool is_lower_readable_;
    bool is_write_blocked_;
    bool is_timed_out_;
    bool is_draining_;
    lp_err_t lower_err_;
    uint64_t started_ms_;
    uint64_t busy_before_us_;
    lp_tls_report_t report_;
} lp_tls_t;

// `tls` needs no initialisation and must not be in use. Starts the handshake over `lower`, which
// must be open (its LP_STREAM_OPEN has come) and is lent and listened to until `tls` is closed;
// closing `tls` closes it too. LP_OK: LP_STREAM_OPEN or LP_STREAM_CLOSED comes later through `fn`.
// LP_STREAM_CLOSED then carries
//   LP_E_TLS_CERT, LP_E_TLS_NAME, LP_E_TLS_EXPIRED   the server's certificate, see report.detail
//   LP_E_TLS_ALERT      the server refused; report.detail has its word for it
//   LP_E_TLS_PROTOCOL   the server does not keep to the protocol, or offers nothing we accept
//   LP_E_TLS_KEY        the private key, or the chip, did not do its part
//   LP_E_NOSPACE        the arena is too small; LP_E_TIMEOUT; LP_E_CLOSED; the error of `lower`.
// An error here: nothing was sent, `lower` is as it was, and lp_tls_report(tls)->detail says what
// is wrong:
//   LP_E_FORMAT   trust_pem, cert_pem or key_id cannot be read
//   LP_E_TLS_CERT no trust anchor, or a certificate without a key
//   LP_E_TLS_EXPIRED the board's own certificate is outside its dates
//   LP_E_CLOCK    dates are to be checked and the board does not know the time
//   LP_E_INVALID  host missing or too long, ALPN too long, unknown version
//   LP_E_UNSUPPORTED chip ECDHE or verification asked for on a board without a chip, or a server on
//                 one that is a client only
//   LP_E_CHIP_MISSING the key is in a chip and there is none
//   LP_E_BUSY     another handshake is under way, or somebody else has the stack; LP_E_STATE not
//   initialised; LP_E_NOSPACE.
lp_err_t lp_tls_open(lp_tls_t *tls, lp_stream_t *lower, const lp_tls_config_t *config,
                     lp_stream_fn *fn, void *ctx);

// Wipes the session that could be resumed. A connection with another server, key, certificate or
// trust anchor does so by itself; for whoever knows that none will come.
void lp_tls_forget(void);

// Valid from lp_tls_open() on, also after the end.
const lp_tls_report_t *lp_tls_report(const lp_tls_t *tls);

#endif
