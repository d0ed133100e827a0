// SPDX-License-Identifier: Apache-2.0
// The operations of a chip whose bus key the board knows. @source docs/slot-plan.md
#include <string.h>

#include "limpet/keychip.h"
#include "limpet/port/system.h"

static lp_err_t agree(lp_keychip_t *keys, const uint8_t peer[64], uint8_t out[32],
                      lp_atecc_done_fn *done)
{
    lp_keychip_seal_t *seal = keys->seal_;
    if (keys->is_in_tempkey_) {
        return lp_atecc_ecdh_tempkey_sealed(keys->chip_, &keys->req_, keys->tempkey_mark_,
                                            seal->key_, peer, out, done, keys);
    }
    const lp_err_t err = lp_port_entropy(seal->num_in_, sizeof seal->num_in_);
    const lp_atecc_secret_t secret = {.slot = LP_ATECC_SLOT_BUS_KEY,
                                      .key = seal->key_,
                                      .serial = seal->serial_,
                                      .num_in = seal->num_in_};
    return err != LP_OK
               ? err
               : lp_atecc_ecdh_sealed(keys->chip_, &seal->op_, &secret, peer, out, done, keys);
}

static lp_err_t verify(lp_keychip_t *keys, lp_key_op_t *op, lp_atecc_done_fn *done)
{
    lp_keychip_seal_t *seal = keys->seal_;
    const lp_err_t err = lp_port_entropy(seal->num_in_, sizeof seal->num_in_);
    seal->check_ = (lp_atecc_check_t){.digest = op->in,
                                      .sig = op->check->signature,
                                      .pub = op->check->pub,
                                      .io_key = seal->key_,
                                      .nonce = seal->num_in_};
    return err != LP_OK
               ? err
               : lp_atecc_verify_sealed(keys->chip_, &keys->req_, &seal->check_, done, keys);
}

void lp_keychip_seal(lp_keychip_t *keys, lp_keychip_seal_t *seal, const uint8_t bus_key[32],
                     const uint8_t serial[LP_ATECC_SERIAL_LEN])
{
    const lp_atecc_part_t part = lp_atecc_part(keys->chip_);
    const bool is_608 = part == LP_ATECC_608A || part == LP_ATECC_608B;
    *seal = (lp_keychip_seal_t){.agree_ = agree, .verify_ = is_608 ? verify : NULL};
    memcpy(seal->key_, bus_key, sizeof seal->key_);
    memcpy(seal->serial_, serial, sizeof seal->serial_);
    keys->seal_ = seal;
    keys->is_broken_ = false;
}

void lp_keychip_unseal(lp_keychip_t *keys, bool is_broken)
{
    if (keys->seal_ != NULL) {
        lp_wipe(keys->seal_->key_, sizeof keys->seal_->key_);
    }
    keys->seal_ = NULL;
    keys->is_broken_ = is_broken;
}
