// SPDX-License-Identifier: Apache-2.0
// limpet/keychip.h - the keys of an ATECC508A / ATECC608A / ATECC608B as a key store.
//
// ECDHE keys are fresh for every handshake. A 608 makes them in TempKey; a 508A writes them to the
// plan's ECDHE slot, whose EEPROM is good for 400,000 writes (the driver's wear hook counts them).
// On both the shared secret crosses the bus in the clear: docs/caveats.md.
#ifndef LIMPET_KEYCHIP_H
#define LIMPET_KEYCHIP_H

#include "limpet/atecc.h"
#include "limpet/keystore.h"

typedef struct {
    lp_keyprov_t prov; // must stay first; give this to lp_keystore_init()
    lp_atecc_t *chip_;
    lp_atecc_req_t req_;
    lp_key_op_t *op_;
    lp_key_done_fn *done_;
    void *ctx_;
    bool is_in_tempkey_;
    uint32_t tempkey_mark_;
} lp_keychip_t;

// `chip` is lent for as long as the store is used. Serves every operation.
void lp_keychip_init(lp_keychip_t *keys, lp_atecc_t *chip);

#endif
