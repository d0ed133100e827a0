// SPDX-License-Identifier: Apache-2.0
// Certificates of a Trust part: serial number, three slots, and the public key of slot 0.
#include "internal.h"
#include "limpet/atecc_trust.h"

enum { BLOCK = 32, BLOCKS = 3, ZONE_32_BYTES = 0x80, PUB_LEN = 64, SIGNER_PUB_AT = 4 };
enum { SLOT_KEY = 0, SLOT_DEVICE = 10, SLOT_SIGNER_PUB = 11, SLOT_SIGNER = 12 };
enum { STEP_SERIAL, STEP_DEVICE, STEP_SIGNER = 4, STEP_SIGNER_PUB = 7, STEP_KEY = 10, STEP_END };

static uint8_t slot_of(unsigned step)
{
    return step < STEP_SIGNER       ? SLOT_DEVICE
           : step < STEP_SIGNER_PUB ? SLOT_SIGNER
                                    : SLOT_SIGNER_PUB;
}

static lp_atecc_at_t place_of(unsigned step)
{
    if (step == STEP_SERIAL) {
        return (lp_atecc_at_t){.zone = LP_ATECC_CONFIG};
    }
    const unsigned block = (step - STEP_DEVICE) % BLOCKS;
    return (lp_atecc_at_t){
        .zone = LP_ATECC_DATA, .slot = slot_of(step), .offset = (uint16_t)(BLOCK * block)};
}

// A slot has 72 bytes: of its third block eight. A public key lies there as 4 zeros, X, 4 zeros, Y.
static void take_public(uint8_t pub[PUB_LEN], unsigned block, const uint8_t *reply)
{
    for (unsigned i = 0; i < BLOCK && BLOCK * block + i < LP_ATECC_CERT_LEN; i++) {
        const unsigned at = BLOCK * block + i;
        if (at % 36 >= SIGNER_PUB_AT) {
            pub[at / 36 * BLOCK + at % 36 - SIGNER_PUB_AT] = reply[i];
        }
    }
}

static void take(lp_atecc_trust_t *t, unsigned step, const uint8_t *reply)
{
    if (step == STEP_SERIAL) {
        memcpy(t->serial, reply, 4);
        memcpy(t->serial + 4, reply + 8, LP_ATECC_SERIAL_LEN - 4);
        return;
    }
    if (step == STEP_KEY) {
        memcpy(t->pub, reply, PUB_LEN);
        return;
    }
    const unsigned block = (step - STEP_DEVICE) % BLOCKS;
    if (step >= STEP_SIGNER_PUB) {
        take_public(t->signer_pub, block, reply);
        return;
    }
    uint8_t *to = step < STEP_SIGNER ? t->device : t->signer;
    const size_t left = LP_ATECC_CERT_LEN - BLOCK * block;
    memcpy(to + BLOCK * block, reply, left < BLOCK ? left : BLOCK);
}

static lp_err_t step(lp_atecc_t *chip, lp_atecc_req_t *req, lp_err_t last)
{
    if (last != LP_OK) {
        return last;
    }
    if (req->pos_ > 0) {
        take(req->aux_, req->pos_ - 1u, lp_atecc_reply(chip));
    }
    if (req->pos_ == STEP_END) {
        return LP_OK;
    }
    if (req->pos_ == STEP_KEY) {
        lp_atecc_begin_genkey(chip, 0, SLOT_KEY);
    } else {
        const lp_atecc_at_t at = place_of(req->pos_);
        lp_atecc_cmd_begin(chip, OP_READ, (uint8_t)(at.zone | ZONE_32_BYTES), lp_atecc_address(at),
                           BLOCK);
    }
    req->pos_++;
    return LP_E_AGAIN;
}

lp_err_t lp_atecc_trust_load(lp_atecc_t *chip, lp_atecc_req_t *req, lp_atecc_trust_t *out,
                             lp_atecc_done_fn *done, void *ctx)
{
    if (out == NULL) {
        return LP_E_INVALID;
    }
    const lp_atecc_args_t args = {.step = step, .aux = out};
    return lp_atecc_submit(chip, req, &args, done, ctx);
}
