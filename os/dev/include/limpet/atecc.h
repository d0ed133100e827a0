// SPDX-License-Identifier: Apache-2.0
// limpet/atecc.h - the ATECC508A / ATECC608A / ATECC608B crypto chip on I2C, split-phase.
//
// One lp_atecc_t per chip and one lp_atecc_req_t per operation, both caller-owned. Requests of all
// users of a chip wait in one queue, first come first served. A request may need several commands
// (Sign loads the digest first); nothing of another request gets in between them.
//
// Rule for every operation: LP_OK means that `done` is called exactly once, later, from the loop;
// any other value means that nothing was queued and `done` will not be called. The request and all
// buffers given lend until `done`. When `done` reports an error, output buffers hold nothing usable
// (they are wiped). `done` may queue the same request again.
//
// Errors that every operation can complete with:
//   LP_E_CHIP_MISSING   nobody acknowledges, not even after a wake pulse and a bus recovery
//   LP_E_CHIP_WAKE      somebody acknowledges, but does not say what a chip says after waking up
//   LP_E_I2C_BUS, LP_E_TIMEOUT, LP_E_IO   the bus itself failed
//   LP_E_CRC            answers stay damaged after re-reading
//   LP_E_CHIP_PARSE, _EXEC, _ECC, _SELFTEST, _HEALTH, _WATCHDOG, _COMM   the chip's own status
// After LP_E_CRC, LP_E_TIMEOUT or LP_E_CHIP_MISSING from an operation marked "not repeated" it is
// unknown whether the chip did it.
//
// @context loop   @source ATECC508A data sheet DS20005927A, sections 6 and 9
#ifndef LIMPET_ATECC_H
#define LIMPET_ATECC_H

#include "limpet/err.h"
#include "limpet/i2c.h"
#include "limpet/loop.h"
#include "limpet/span.h"

enum {
    LP_ATECC_ADDR = 0x60,      // factory-new parts
    LP_ATECC_TEMPKEY = 0xFFFF, // "slot" of a 608's ephemeral key
    LP_ATECC_SLOTS = 16,
    LP_ATECC_CONFIG_LEN = 128,
    LP_ATECC_OTP_LEN = 64,
    LP_ATECC_SERIAL_LEN = 9,
    LP_ATECC_TX_MAX = 156, // word address and the longest command
    LP_ATECC_RX_MAX = 131, // the longest answer
};

typedef enum {
    LP_ATECC_PART_UNKNOWN,
    LP_ATECC_508A,
    LP_ATECC_608A,
    LP_ATECC_608B,
} lp_atecc_part_t;

typedef enum { LP_ATECC_CONFIG = 0, LP_ATECC_OTP = 1, LP_ATECC_DATA = 2 } lp_atecc_zone_t;

// Where the chip rests when nobody needs it. Idle keeps TempKey and the random seed (and saves
// wear of the seed in EEPROM); sleep forgets both and draws the least current.
typedef enum { LP_ATECC_IDLE = 0x02, LP_ATECC_SLEEP = 0x01 } lp_atecc_rest_t;

// A place in a zone. `slot` counts in the data zone only. `offset` in bytes, a multiple of four.
typedef struct {
    lp_atecc_zone_t zone;
    uint8_t slot;
    uint16_t offset;
} lp_atecc_at_t;

typedef struct lp_atecc lp_atecc_t;
typedef struct lp_atecc_req lp_atecc_req_t;

typedef void lp_atecc_done_fn(void *ctx, lp_err_t err);

// Called when the chip is about to make a key in `slot` (which wears the EEPROM of that slot:
// 400,000 writes), never for TempKey. The driver counts nothing itself.
typedef void lp_atecc_wear_fn(void *ctx, uint16_t slot);

// One step of a request: prepares the next command (LP_E_AGAIN) or ends the request. `last` is the
// result of the command before. Private to the driver.
typedef lp_err_t lp_atecc_step_fn(lp_atecc_t *chip, lp_atecc_req_t *req, lp_err_t last);

// An operation under way. Caller-owned; zero it once before the first use; all fields private.
struct lp_atecc_req {
    lp_atecc_req_t *next_;
    lp_atecc_step_fn *step_;
    lp_atecc_done_fn *done_;
    void *ctx_;
    bool is_queued_;
    uint8_t mode_;
    uint16_t phase_;
    uint16_t param_;
    uint16_t pos_;
    uint32_t mark_;
    lp_atecc_at_t at_;
    lp_span_t in_[3];
    uint8_t *out_; // wiped when the request fails
    size_t out_len_;
    void *aux_;
};

typedef struct {
    lp_loop_t *loop;
    lp_i2c_bus_t *bus;
    uint8_t addr;           // 7 bits
    lp_atecc_rest_t rest;   // 0 means LP_ATECC_IDLE
    lp_atecc_wear_fn *wear; // may be null
    void *wear_ctx;
    bool is_hasty; // give up early on a silent chip (for scans)
    bool is_shy;   // write nothing to a device that did not greet as a chip does (for scans)
} lp_atecc_config_t;

// The command under way. Private.
typedef struct {
    uint8_t opcode;
    uint8_t rest;       // not a command, but a word address that puts the chip to rest
    bool is_once;       // not to be run again when in doubt
    bool is_byte;       // a one-byte answer is data, not a status
    bool is_short;      // the answer may be shorter than reply_len
    bool is_fragile;    // any error status loses that state, too
    bool is_dependent;  // needs volatile state that an earlier command of the request made
    uint16_t wear_slot; // counted when it is sent; LP_ATECC_TEMPKEY: none
    uint8_t reply_len;  // payload bytes of a successful answer
    uint16_t typical_ms;
    uint16_t max_ms;
} lp_atecc_cmd_t;

// A chip. Caller-owned; all fields private, use the functions below.
struct lp_atecc {
    lp_atecc_config_t cfg_;
    lp_atecc_part_t part_;
    uint8_t clock_; // 608: ChipMode[7:3]
    uint8_t state_;
    uint8_t then_;
    uint8_t power_;
    uint8_t sends_, rereads_, wakes_, restarts_, faults_;
    bool is_lost_;      // volatile state is gone since the last command
    bool is_fresh_;     // it woke up and nothing was sent yet
    bool is_mute_;      // the first reading of the answer brought nothing
    bool is_rested_;    // it was idle during this request
    bool is_running_;   // the head of the queue has begun
    bool is_bus_retry_; // the timer is about the start of a transfer
    lp_err_t then_err_;
    lp_err_t wake_err_;
    lp_err_t xfer_err_;
    uint8_t serial_[LP_ATECC_SERIAL_LEN];
    uint16_t born_; // slots in which this session made a key
    uint32_t tempkey_mark_;
    uint64_t awake_since_ms_;
    int32_t patience_ms_; // so long an answer is waited for
    uint64_t bus_wait_since_ms_;
    lp_atecc_req_t *head_, *tail_;
    lp_atecc_cmd_t cmd_;
    lp_event_t kick_;
    lp_timer_t timer_;
    lp_i2c_xfer_t xfer_;
    size_t tx_len_;
    uint8_t word_;
    uint16_t last_crc_; // of the last answer that was believed
    uint8_t tx_[LP_ATECC_TX_MAX];
    uint8_t rx_[LP_ATECC_RX_MAX];
};

// Prepares `chip` (copies *cfg). No bus traffic. Works before the part is known, with the longest
// times; lp_atecc_identify() (limpet/atecc_detect.h) makes it exact.
void lp_atecc_init(lp_atecc_t *chip, const lp_atecc_config_t *cfg);

// Takes the chip off the loop. Nothing is sent to it (lp_atecc_rest() first where that matters).
// LP_E_BUSY: requests are queued, or the driver's own transfer is under way.
lp_err_t lp_atecc_deinit(lp_atecc_t *chip);

lp_atecc_part_t lp_atecc_part(const lp_atecc_t *chip);
uint8_t lp_atecc_addr(const lp_atecc_t *chip);
bool lp_atecc_is_busy(const lp_atecc_t *chip);

// Takes a request that has not begun out of the queue; its `done` will not be called.
// LP_E_BUSY: it has begun and will complete. LP_E_NOT_FOUND: it is not queued.
lp_err_t lp_atecc_cancel(lp_atecc_t *chip, lp_atecc_req_t *req);

// Errors of all start functions below: LP_E_BUSY the request is queued already; LP_E_INVALID a null
// pointer, an impossible length, slot or mode; LP_E_UNSUPPORTED not on this (known) part.

// ---- identity and state of the chip -----------------------------------------------------------

typedef enum {
    LP_ATECC_INFO_REVISION = 0,
    LP_ATECC_INFO_KEY_VALID = 1, // param: slot; out[0] is 1 for a valid key
    LP_ATECC_INFO_STATE = 2,
    LP_ATECC_INFO_GPIO = 3,
} lp_atecc_info_t;

// @source DS20005927A 9.9
lp_err_t lp_atecc_info(lp_atecc_t *chip, lp_atecc_req_t *req, lp_atecc_info_t mode, uint16_t param,
                       uint8_t out[4], lp_atecc_done_fn *done, void *ctx);

// Puts the chip to rest at once instead of a little later. Completes LP_OK also if it was at rest.
lp_err_t lp_atecc_rest(lp_atecc_t *chip, lp_atecc_req_t *req, lp_atecc_rest_t how,
                       lp_atecc_done_fn *done, void *ctx);

// ---- memory -----------------------------------------------------------------------------------

// Reads `len` bytes in the clear, in as few commands as possible. offset and len: multiples of
// four. LP_E_RANGE: past the end of the zone or slot. @source DS20005927A 9.15
lp_err_t lp_atecc_read(lp_atecc_t *chip, lp_atecc_req_t *req, lp_atecc_at_t at, uint8_t *out,
                       size_t len, lp_atecc_done_fn *done, void *ctx);

// Writes in the clear. While the data zone is not locked the chip takes whole blocks of 32 bytes
// only: then offset must be a multiple of 32 and len one too or reach the end of the slot. With
// `whole_blocks` false, words of four bytes are used at the ends. Repeated on communication
// errors (same bytes). It does not read back. @source DS20005927A 9.23
lp_err_t lp_atecc_write(lp_atecc_t *chip, lp_atecc_req_t *req, lp_atecc_at_t at, lp_span_t data,
                        bool whole_blocks, lp_atecc_done_fn *done, void *ctx);

// Locks one slot for ever (KeyConfig.Lockable must be set). Locking the zones needs a token of a
// verified read-back: see limpet/atecc_plan.h. LP_OK also when it was locked. @source
// DS20005927A 9.11
lp_err_t lp_atecc_lock_slot(lp_atecc_t *chip, lp_atecc_req_t *req, uint8_t slot,
                            lp_atecc_done_fn *done, void *ctx);

// ---- random numbers and nonces ----------------------------------------------------------------

// 32 bytes from the chip's generator: mix them, do not believe them (the bus is not protected).
// LP_E_STATE: the configuration is not locked, the chip sends a fixed pattern. @source
// DS20005927A 9.14
lp_err_t lp_atecc_random(lp_atecc_t *chip, lp_atecc_req_t *req, uint8_t out[32],
                         lp_atecc_done_fn *done, void *ctx);

// Loads TempKey with `value` (pass-through). @source DS20005927A 9.12
lp_err_t lp_atecc_nonce_load(lp_atecc_t *chip, lp_atecc_req_t *req, const uint8_t value[32],
                             lp_atecc_done_fn *done, void *ctx);

// TempKey = SHA256(random | num_in | 16 00 00); `random` receives the chip's part.
lp_err_t lp_atecc_nonce_random(lp_atecc_t *chip, lp_atecc_req_t *req, const uint8_t num_in[20],
                               uint8_t random[32], lp_atecc_done_fn *done, void *ctx);

// ---- elliptic curve P-256 ---------------------------------------------------------------------
// Public keys are X|Y, signatures R|S, all big-endian, 64 bytes.

// Makes a new private key in `slot` (LP_ATECC_TEMPKEY on a 608). Not repeated when in doubt: a
// lost answer is re-read, never asked for by making another key. Calls the wear hook.
// @source DS20005927A 9.8
lp_err_t lp_atecc_genkey(lp_atecc_t *chip, lp_atecc_req_t *req, uint16_t slot, uint8_t pub[64],
                         lp_atecc_done_fn *done, void *ctx);

// The public key of the private key in `slot`.
lp_err_t lp_atecc_pubkey(lp_atecc_t *chip, lp_atecc_req_t *req, uint16_t slot, uint8_t pub[64],
                         lp_atecc_done_fn *done, void *ctx);

// Signs a digest with the key in `slot`: loads it (Nonce) and signs, as one request.
// @source DS20005927A 9.19
lp_err_t lp_atecc_sign(lp_atecc_t *chip, lp_atecc_req_t *req, uint8_t slot,
                       const uint8_t digest[32], uint8_t sig[64], lp_atecc_done_fn *done,
                       void *ctx);

// LP_OK: the signature is good (says the chip, over a bus that can lie). LP_E_CHIP_MISMATCH: it is
// not. @source DS20005927A 9.22
lp_err_t lp_atecc_verify(lp_atecc_t *chip, lp_atecc_req_t *req, const uint8_t digest[32],
                         const uint8_t sig[64], const uint8_t pub[64], lp_atecc_done_fn *done,
                         void *ctx);

// Shared secret (X coordinate) of the key in `slot` and `peer`, in the clear over the bus.
// LP_ATECC_TEMPKEY: see lp_atecc_tempkey_mark(). @source DS20005927A 9.4
lp_err_t lp_atecc_ecdh(lp_atecc_t *chip, lp_atecc_req_t *req, uint16_t slot, const uint8_t peer[64],
                       uint8_t secret[32], lp_atecc_done_fn *done, void *ctx);

// A number that changes whenever TempKey may have changed. Read it in the `done` of
// lp_atecc_genkey(LP_ATECC_TEMPKEY) and hand it to lp_atecc_ecdh_tempkey(), which completes with
// LP_E_STATE, the chip untouched, when somebody used TempKey in between. (Other devices' traffic
// below 300 kHz can wake an idle chip, whose watchdog then takes TempKey unseen: LP_E_CHIP_EXEC.)
uint32_t lp_atecc_tempkey_mark(const lp_atecc_t *chip);

// lp_atecc_ecdh() with the ephemeral key in a 608's TempKey; the key is used up.
lp_err_t lp_atecc_ecdh_tempkey(lp_atecc_t *chip, lp_atecc_req_t *req, uint32_t mark,
                               const uint8_t peer[64], uint8_t secret[32], lp_atecc_done_fn *done,
                               void *ctx);

// One whole ephemeral exchange as one request: a new key in `slot` (or LP_ATECC_TEMPKEY), its
// public half to `pub`, the secret with `peer` to `secret`. For protocols that know the peer's key
// first (TLS 1.2). Calls the wear hook.
lp_err_t lp_atecc_ecdhe(lp_atecc_t *chip, lp_atecc_req_t *req, uint16_t slot,
                        const uint8_t peer[64], uint8_t pub[64], uint8_t secret[32],
                        lp_atecc_done_fn *done, void *ctx);

// ---- SHA-256 ----------------------------------------------------------------------------------

// Digest of `message` (any length) computed by the chip, as one request. @source DS20005927A 9.18
lp_err_t lp_atecc_sha256(lp_atecc_t *chip, lp_atecc_req_t *req, lp_span_t message,
                         uint8_t digest[32], lp_atecc_done_fn *done, void *ctx);

#endif
