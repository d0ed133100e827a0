// SPDX-License-Identifier: Apache-2.0
// Between the transfers and the search.
#ifndef LP_ONEWIRE_INTERNAL_H
#define LP_ONEWIRE_INTERNAL_H

#include "limpet/onewire.h"

enum { ONEWIRE_ROM_BITS = 64 };

// Which way to go where there are two, and what a triplet has told. LP_E_NOT_FOUND: nobody takes
// part. LP_E_CRC: all who did have gone.
uint8_t onewire_search_wish(const lp_onewire_search_t *s);
lp_err_t onewire_search_take(lp_onewire_search_t *s, uint8_t answer);

#endif
