// SPDX-License-Identifier: Apache-2.0
// limpet/keyflash.h - where software keys are kept: the store on flash. For boards without a chip.
//
// The key is in flash as it is: whoever can read the flash has it. That is said at every boot.
// @context loop
#ifndef LIMPET_KEYFLASH_H
#define LIMPET_KEYFLASH_H

#include "limpet/keyfile.h"
#include "limpet/store.h"

// Fills `io` for lp_keyfile_init(); `store` is lent for as long as it is used.
void lp_keyflash_init(lp_keyfile_io_t *io, lp_store_t *store);

// Whether there is a key of this name.
bool lp_keyflash_has(const lp_store_t *store, const char *name);

#endif
