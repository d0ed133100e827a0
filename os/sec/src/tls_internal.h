// SPDX-License-Identifier: Apache-2.0
// What the files of the TLS adapter share. No mbedTLS header here: keyfile and tests see it too.
//
//   tls.c          the stream: states, events, timers                    (loop)
//   tls_fiber.c    the engine: one handshake at a time on its own stack  (loop | fiber)
//   tls_session.c  one connection in mbedTLS's terms                     (loop | fiber)
//   tls_config.c   its settings; tls_offer*.c what it offers to a server
//   tls_p256.c     P-256 in software, for mbedTLS; tls_known.c what was verified before
//   tls_verify.c   the server's certificates, in words
//   tls_error.c    mbedTLS's errors and alerts, in ours and in words
//   tls_psa.c      keys of the key store as opaque PSA keys              (fiber)
//   tls_rng.c      the random generator
//   tls_platform.c time and random numbers for mbedTLS
//   tls_memory.c   memory for whichever library there is
//   tls_common.c   what both libraries ask of the configuration; tls_fail.c failures in words
//   tls12_*.c      instead of mbedTLS where there is no room for it: tls12.h
//   tls_keyfile.c  software keys
//   tls_resume.c   the session that can be resumed                       (loop | fiber)
#ifndef LP_SEC_TLS_INTERNAL_H
#define LP_SEC_TLS_INTERNAL_H

#include "arena.h"
#include "limpet/port/fiber.h"
#include "limpet/tls.h"

typedef struct lp_tls_session lp_tls_session_t;

// ---- tls_fiber.c ------------------------------------------------------------------------------

// Starts `tls`'s handshake on the fiber; it runs in lp_tls_engine_resume().
lp_err_t lp_tls_engine_begin(lp_tls_t *tls);
// Runs the fiber until it waits or is done. True: done, with *err.
bool lp_tls_engine_resume(lp_tls_t *tls, lp_err_t *err);
// Makes every wait of `tls`'s handshake fail at once and runs it to its end. No-op if it is not
// running.
void lp_tls_engine_abort(lp_tls_t *tls);

// From inside the fiber: waits for the next event of the loop; false when the handshake was
// aborted.
bool lp_tls_engine_wait(void);
// From inside the fiber: like wait, but the loop comes back by itself in its next turn.
bool lp_tls_engine_breathe(void);
// From inside the fiber: runs one operation of the key store. in, out: as op->kind asks, null where
// it asks for nothing. LP_E_STATE when called from elsewhere. What failed is kept for the report.
lp_err_t lp_tls_engine_key(lp_key_op_kind_t kind, lp_key_id_t id, const uint8_t *in, size_t in_len,
                           uint8_t *out, size_t out_len);
// The same for a signature that the chip is to check; LP_E_CHIP_MISMATCH: it is wrong.
lp_err_t lp_tls_engine_verify(const uint8_t digest[LP_KEY_DIGEST_BYTES],
                              const lp_key_check_t *check);
// The public key of `id`, asked once per key and boot.
lp_err_t lp_tls_engine_public(lp_key_id_t id, uint8_t pub[LP_KEY_PUBLIC_BYTES]);
bool lp_tls_engine_waits_for_key(void);
lp_loop_t *lp_tls_engine_loop(void);
// Grows whenever a key may have become another.
uint32_t lp_tls_engine_key_changes(void);
bool lp_tls_engine_is_ready(void);
bool lp_tls_engine_has_chip(void);
lp_key_seal_t lp_tls_engine_seal(void);
bool lp_tls_engine_proves_checks(void);
// The connection whose handshake runs, or null.
lp_tls_t *lp_tls_engine_owner(void);
void lp_tls_engine_count(int open_connections);

// ---- tls_session.c ----------------------------------------------------------------------------

// Reads the configuration; errors as lp_tls_open(). On an error nothing is left taken.
lp_err_t lp_tls_session_open(lp_tls_t *tls, const lp_tls_config_t *config);
// On the fiber: the whole handshake.
lp_err_t lp_tls_session_handshake(lp_tls_t *tls);
// Gives back what only a handshake needs.
void lp_tls_session_settle(lp_tls_t *tls);
lp_err_t lp_tls_session_read(lp_tls_t *tls, uint8_t *buf, size_t cap, size_t *n);
lp_err_t lp_tls_session_write(lp_tls_t *tls, lp_span_t data, size_t *n);
// Sends what is left of an earlier write. LP_E_AGAIN: not all of it.
lp_err_t lp_tls_session_flush(lp_tls_t *tls);
// Whether bytes that were taken are still to be sent.
bool lp_tls_session_has_unsent(const lp_tls_t *tls);
// Looks for an alert without taking application data.
lp_err_t lp_tls_session_probe(lp_tls_t *tls);
// Says goodbye (if it can without waiting) and gives everything back.
void lp_tls_session_close(lp_tls_t *tls, bool is_polite);

// What keys did during the handshake; called by tls_fiber.c and tls_psa.c.
typedef enum {
    LP_TLS_USE_RANDOM,
    LP_TLS_USE_PUBLIC,
    LP_TLS_USE_SIGN,
    LP_TLS_USE_ECDHE,
    LP_TLS_USE_VERIFY,
} lp_tls_use_t;
void lp_tls_session_key_failed(lp_tls_t *tls, lp_tls_use_t use, lp_err_t err);
// Whether the server's signatures are to be checked by the chip.
bool lp_tls_session_verifies_in_chip(const lp_tls_t *tls);
// Whether the secret of an ECDHE key in the chip is to come sealed.
bool lp_tls_session_seals(const lp_tls_t *tls);
// Whether the ECDHE key of this kind is to be made in the chip; notes the group for the report.
bool lp_tls_session_ecdhe_in_chip(lp_tls_t *tls, bool is_p256, const char *group);

// ---- tls_resume.c -----------------------------------------------------------------------------

// The memory is lent until deinit; too little of it: nothing is resumed. ticket_bytes: as in
// lp_tls_setup_t.
void lp_tls_resume_init(void *memory, size_t bytes, size_t ticket_bytes);
void lp_tls_resume_deinit(void);
// Says to mbedTLS which tickets `tls` may ask for. Forgets a session of other settings.
void lp_tls_resume_begin(lp_tls_t *tls, const lp_tls_config_t *config);
// Offers the session that is kept, if there is one.
void lp_tls_resume_offer(lp_tls_t *tls);
// After each step of the handshake: what the server made of it. False: something it must not.
bool lp_tls_resume_follow(lp_tls_t *tls);
// Takes the ticket out of mbedTLS's session, and keeps it if it is allowed to and fits.
void lp_tls_resume_keep(lp_tls_t *tls);
void lp_tls_resume_succeeded(const lp_tls_t *tls);
// The arena was too small: perhaps for a ticket, so none is asked for in the next handshakes.
void lp_tls_resume_overran(const lp_tls_t *tls);

// ---- tls_psa.c --------------------------------------------------------------------------------

// Asks the chip about a signature; psa_status_t.
int32_t lp_tls_p256_verify_in_chip(const uint8_t pub[LP_KEY_PUBLIC_BYTES],
                                   const uint8_t digest[LP_KEY_DIGEST_BYTES],
                                   const uint8_t signature[LP_KEY_SIGNATURE_BYTES]);

// ---- tls_known.c ------------------------------------------------------------------------------

// lp_p256_verify(), which is not done again for a signature that was right a short while ago.
lp_err_t lp_tls_p256_verify(const uint8_t pub[LP_KEY_PUBLIC_BYTES],
                            const uint8_t digest[LP_KEY_DIGEST_BYTES],
                            const uint8_t signature[LP_KEY_SIGNATURE_BYTES]);
void lp_tls_known_forget(void);

// ---- tls_p256.c, or tls12_p256.c, or tls12_chip.c ---------------------------------------------

// Without it all that needs the curve is for the chip.
extern const bool lp_tls_has_software_p256;
// Whether X Y is a point of the curve; tls12_chip.c leaves that to the chip.
bool lp_tls_p256_is_point(const uint8_t point[LP_KEY_PUBLIC_BYTES]);
// ---- tls_rng.c --------------------------------------------------------------------------------

lp_err_t lp_tls_rng_init(void);
void lp_tls_rng_deinit(void);
// Mixes fresh entropy of the port, and `more` (may be empty), into the state.
lp_err_t lp_tls_rng_stir(lp_span_t more);
// mbedTLS's shape of a generator: 0 or negative.
enum { LP_TLS_RNG_FAILED = -0x7F80 }; // MBEDTLS_ERR_SSL_HW_ACCEL_FAILED
int lp_tls_rng_fill(void *ctx, unsigned char *out, size_t len);

// ---- tls_platform.c, or tls12_session.c -------------------------------------------------------

// What the library needs once. LP_E_NOSPACE: nothing is taken.
lp_err_t lp_tls_library_init(void);
void lp_tls_library_deinit(void);

// ---- tls_memory.c -----------------------------------------------------------------------------

extern lp_arena_t lp_tls_arena;

#endif
