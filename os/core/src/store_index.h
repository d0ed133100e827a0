// SPDX-License-Identifier: Apache-2.0
// What is live in a store: the index in memory, and how it is made from a bank.
#ifndef STORE_INDEX_H
#define STORE_INDEX_H

#include "limpet/store.h"

// Whether the key of the item at `at` is `key`. Flash that cannot be read holds no key.
bool lp_store_key_is(uint32_t at, size_t key_len, lp_span_t key);

// The live value of `key`, or null.
lp_store_entry_t *lp_store_find(const lp_store_t *s, lp_span_t key);

// Takes the items of a checked body into the index. LP_E_FORMAT: they make no sense, or do not fit.
lp_err_t lp_store_index_body(lp_store_t *s, uint32_t at, uint32_t len);

// Makes the index of the active bank and judges its health.
lp_err_t lp_store_scan_bank(lp_store_t *s);

#endif
