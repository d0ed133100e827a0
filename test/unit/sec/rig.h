// SPDX-License-Identifier: Apache-2.0
// A board with a chip, a key store and TLS, a server, and the certificates of both, in virtual
// time.
#ifndef SEC_RIG_H
#define SEC_RIG_H

#include "fakechip.h"
#include "limpet/keyfile.h"
#include "limpet/tls.h"
#include "peer.h"

enum { RIG_PEM_BYTES = 8192, RIG_HEARTBEAT_MS = 10 };

typedef struct {
    // The two authorities and who they vouch for; made once for all tests of a program.
    pki_id_t root;       // ECDSA, signs servers
    pki_id_t rsa_root;   // RSA
    pki_id_t device_ca;  // signs boards
    pki_id_t server;     // ECDSA, "localhost" and 127.0.0.1, ::1
    pki_id_t rsa_server; // RSA
    char root_pem[RIG_PEM_BYTES];
    char rsa_root_pem[RIG_PEM_BYTES];
} rig_pki_t;

// False: the small TLS, which speaks 1.2 with one suite on P-256; what asks for more is skipped or
// expects less.
extern const bool rig_has_all;
extern const lp_tls_version_t rig_newest; // for whoever goes through the versions
// The newest in which the server agrees to short records: mbedTLS's knows them in 1.2 alone.
extern const lp_tls_version_t rig_newest_short;
// The small TLS as an image without curves in software has it: the chip does all of it.
extern const bool rig_is_chip_only;
// On the emulated cores the server is mbedTLS's (test/bare), which can do less.
extern const bool rig_server_is_openssl;
// Ends the test, which this TLS or this server cannot have, and says why.
#define RIG_SKIP(why)                                                                              \
    do {                                                                                           \
        print_message("skipped: %s\n", why);                                                       \
        skip();                                                                                    \
    } while (false)

extern rig_pki_t rig_pki;
extern size_t rig_arena_bytes; // what rig_open() gives
extern bool rig_lends_stack;   // ... whose stack is lent by rig_loan
extern lp_loan_t rig_loan;
extern size_t rig_ticket_bytes;  // of a ticket that is kept in the arena; 0: with the session
extern size_t rig_session_bytes; // ... to resume a session; 0: nothing

typedef struct {
    lp_loop_t *loop;
    lp_keystore_t keys;
    fakechip_t chip;
    lp_keyfile_t files;
    lp_keyfile_io_t io;
    uint8_t file_key[32];
    bool has_file_key;

    lp_timer_t heartbeat;
    unsigned beats;

    peer_t peer;
    peer_config_t peer_config;
    lp_tls_config_t config;
    lp_tls_t tls;
    char cert_pem[RIG_PEM_BYTES];
    const pki_id_t *issuer; // of our certificate; null: the device CA

    unsigned opened;
    unsigned closed;
    unsigned readable;
    lp_err_t why;
    bool is_reading; // reads all it can on LP_STREAM_READABLE
    bool closes_on_open;
    char got[65536];
    size_t got_len;
    size_t base_used; // of the arena, before a connection
} rig_t;

int rig_pki_make(void **state);
int rig_pki_drop(void **state);

// A board with its key in the chip and a server that accepts it. Change rig->config and
// rig->peer_config, then rig_connect().
void rig_open(rig_t *rig);
// The same on a loop that exists already, in the time that it is.
void rig_open_on(rig_t *rig, lp_loop_t *loop);
void rig_close(rig_t *rig);
// Gives the board a certificate for the key of `key_id`.
void rig_certify(rig_t *rig, const char *key_id);
void rig_certify_key(rig_t *rig, const uint8_t pub[64], const char *key_id);
// Opens the peer (unless it is open) and the connection. What lp_tls_open() says.
lp_err_t rig_connect(rig_t *rig);
// Turns until opened or closed, or until the loop has turned too often.
void rig_run(rig_t *rig);
void rig_turns(rig_t *rig, unsigned turns);
// connect and run; true when it is open.
bool rig_handshake(rig_t *rig);
const lp_tls_report_t *rig_report(const rig_t *rig);
// Whether these bytes are anywhere in the arena, taken or not, or on the handshake's stack.
bool rig_arena_contains(const uint8_t *bytes, size_t len);
// Whether the memory that a session is kept in has anything but zeros and, at its beginning, what
// is no secret. With the ticket in the arena: whether one is there, and the connection is closed.
bool rig_keeps_session(rig_t *rig);
// PEM as a JSON string without its quotes. Static: the last two of them.
const char *rig_quoted(const char *pem);
// Everything was given back.
void rig_assert_clean(rig_t *rig);

#endif
