// SPDX-License-Identifier: Apache-2.0
// A key store that behaves like a crypto chip, slow and fallible, with OpenSSL inside.
#ifndef SEC_FAKECHIP_H
#define SEC_FAKECHIP_H

#include "limpet/keystore.h"
#include "pki.h"

enum { FAKECHIP_KINDS = LP_KEY_OP_VERIFY + 1 };

typedef struct {
    lp_keyprov_t prov; // must stay first
    lp_loop_t *loop;
    lp_timer_t timer;
    lp_key_op_t *op;
    lp_key_done_fn *done;
    void *ctx;
    EVP_PKEY *identity;
    EVP_PKEY *ephemeral;

    uint32_t delay_ms;
    lp_err_t fail_done[FAKECHIP_KINDS];  // what an operation of that kind completes with
    lp_err_t fail_start[FAKECHIP_KINDS]; // ... or is refused with
    bool is_hung[FAKECHIP_KINDS];        // does not complete before fakechip_release()
    bool lies[FAKECHIP_KINDS];           // completes with a wrong result

    unsigned count[FAKECHIP_KINDS];
    unsigned max_at_once;
    uint8_t last_ephemeral[64];
    uint8_t last_secret[32];
} fakechip_t;

void fakechip_open(fakechip_t *chip, lp_loop_t *loop);
// Lets an operation that hangs complete.
void fakechip_release(fakechip_t *chip);
void fakechip_close(fakechip_t *chip);

#endif
