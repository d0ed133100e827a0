// SPDX-License-Identifier: Apache-2.0
// What the files of the driver share. Not for users.
#ifndef ATECC_INTERNAL_H
#define ATECC_INTERNAL_H

#include <string.h>

#include "limpet/atecc.h"
#include "limpet/atecc_detect.h"

// Opcodes. @source DS20005927A Table 9-4; chip notes for the 608's
enum {
    OP_PAUSE = 0x01,
    OP_READ = 0x02,
    OP_MAC = 0x08,
    OP_HMAC = 0x11,
    OP_WRITE = 0x12,
    OP_GENDIG = 0x15,
    OP_NONCE = 0x16,
    OP_LOCK = 0x17,
    OP_RANDOM = 0x1B,
    OP_DERIVEKEY = 0x1C,
    OP_UPDATEEXTRA = 0x20,
    OP_COUNTER = 0x24,
    OP_CHECKMAC = 0x28,
    OP_INFO = 0x30,
    OP_GENKEY = 0x40,
    OP_SIGN = 0x41,
    OP_ECDH = 0x43,
    OP_VERIFY = 0x45,
    OP_PRIVWRITE = 0x46,
    OP_SHA = 0x47,
    OP_AES = 0x51,
    OP_KDF = 0x56,
    OP_SELFTEST = 0x77,
    OP_SECUREBOOT = 0x80,
};

enum { REPLY_STATUS = 1 }; // a reply that is only a status byte

enum { NONCE_PASS_THROUGH = 0x03, GENKEY_CREATE = 0x04, SIGN_EXTERNAL = 0x80, VERIFY_EXTERNAL = 2 };

enum { KEYTYPE_P256 = 4 };

// What a request is started with; the rest of the request is zero.
typedef struct {
    lp_atecc_step_fn *step;
    uint8_t mode;
    uint16_t param;
    uint32_t mark;
    lp_atecc_at_t at;
    lp_span_t in[3];
    uint8_t *out;
    size_t out_len;
    void *aux;
} lp_atecc_args_t;

// Queues `req` with *args. LP_E_BUSY: it is queued. LP_E_INVALID: done is null.
lp_err_t lp_atecc_submit(lp_atecc_t *chip, lp_atecc_req_t *req, const lp_atecc_args_t *args,
                         lp_atecc_done_fn *done, void *ctx);

// Prepares a command whose successful answer has `reply_len` payload bytes. For steps.
void lp_atecc_cmd_begin(lp_atecc_t *chip, uint8_t opcode, uint8_t param1, uint16_t param2,
                        uint8_t reply_len);
// Appends data to it.
void lp_atecc_cmd_put(lp_atecc_t *chip, lp_span_t data);
// Closes it with count and CRC.
void lp_atecc_cmd_end(lp_atecc_t *chip);

// Typical and maximum time of a command on this part, as the driver knows it.
void lp_atecc_cmd_times(const lp_atecc_t *chip, uint8_t opcode, uint16_t *typical_ms,
                        uint16_t *max_ms);

// Runs the prepared command or rest; the answer arrives at lp_atecc_cmd_done(). In exec.c.
void lp_atecc_exec(lp_atecc_t *chip);
// Puts the chip to rest if nothing is to be done. In exec.c.
void lp_atecc_exec_linger(lp_atecc_t *chip);
// A transfer of its own is under way, though no request is.
bool lp_atecc_exec_is_busy(const lp_atecc_t *chip);
void lp_atecc_exec_init(lp_atecc_t *chip);

// From exec.c to queue.c: the command ended.
void lp_atecc_cmd_done(lp_atecc_t *chip, lp_err_t err);
// From exec.c to queue.c: the command needs state that was lost; false when that happened too
// often.
bool lp_atecc_cmd_restart(lp_atecc_t *chip);

// A request of one command: param1 and param2, up to three pieces of data, an answer that is copied
// to `out`. reply_len 0: as long as `out`, or a status without `out`.
typedef struct {
    uint8_t opcode;
    uint8_t mode;
    uint16_t param;
    lp_span_t in[3];
    uint8_t *out;
    size_t out_len;
    bool is_once;
    bool is_byte;
} lp_atecc_simple_t;

lp_err_t lp_atecc_simple(lp_atecc_t *chip, lp_atecc_req_t *req, const lp_atecc_simple_t *simple,
                         lp_atecc_done_fn *done, void *ctx);

static inline bool lp_atecc_is_508(const lp_atecc_t *chip)
{
    return chip->part_ == LP_ATECC_508A;
}

// Prepares GenKey: GENKEY_CREATE, or 0 for the public key of what is there.
void lp_atecc_begin_genkey(lp_atecc_t *chip, uint8_t mode, uint16_t slot);

// Does this command use or change TempKey? For lp_atecc_tempkey_mark().
bool lp_atecc_uses_tempkey(const lp_atecc_t *chip, uint8_t opcode);

// Payload of the last answer.
static inline const uint8_t *lp_atecc_reply(const lp_atecc_t *chip)
{
    return chip->rx_ + 1;
}

// Size of a slot or zone in bytes. @source DS20005927A 2.1
size_t lp_atecc_area_len(lp_atecc_at_t at);
// Param2 of Read and Write. @source DS20005927A 9.1.4
uint16_t lp_atecc_address(lp_atecc_at_t at);

// The walk of lp_atecc_identify() for steps of other operations: LP_E_AGAIN while it runs, then the
// result. Begins with req->phase_ and pos_ at 0 and `last` LP_OK.
lp_err_t lp_atecc_identify_run(lp_atecc_t *chip, lp_atecc_req_t *req, lp_atecc_id_t *id,
                               lp_err_t last);

// Fills the fields of *id that follow from id->config and id->part.
void lp_atecc_id_parse(lp_atecc_id_t *id);

// Did the way to the chip fail, and not the command?
static inline bool lp_atecc_is_transport_error(lp_err_t err)
{
    return err == LP_E_CRC || err == LP_E_TIMEOUT || err == LP_E_IO || err == LP_E_I2C_NACK ||
           err == LP_E_I2C_BUS || err == LP_E_CHIP_WAKE || err == LP_E_CHIP_COMM;
}

static inline bool lp_atecc_is_608(const lp_atecc_t *chip)
{
    return chip->part_ == LP_ATECC_608A || chip->part_ == LP_ATECC_608B;
}

#endif
