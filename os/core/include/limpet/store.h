// SPDX-License-Identifier: Apache-2.0
// limpet/store.h - small named values on NOR flash that survive a power cut at any instant.
//
// Two banks, one active. A put appends one record to the active bank, checked by CRC-32: either the
// whole put counts or nothing of it. A full (or torn) bank is copied, live values only, to the
// other one, whose header is written last and so commits the copy. Flash contents are hostile
// input: whatever they are, open() ends, says what it found, and the store is usable.
//
//   bank    | magic "LPS1" | generation u32 | CRC-32 of the 8 bytes before |  (padded to a page)
//   record  | magic "LPR1" | body length u32 | CRC-32 of the body | CRC-32 of the 12 bytes before |
//           | body: items, each  key length u8 | flags u8 | value length u16 | key | value |
//           (padded to a page with 0xFF; integers little endian)
// @context loop
#ifndef LIMPET_STORE_H
#define LIMPET_STORE_H

#include <stdbool.h>

#include "limpet/err.h"
#include "limpet/span.h"

enum {
    LP_STORE_KEY_MAX = 48,     // longest key, with its terminator
    LP_STORE_VALUE_MAX = 8192, // longest value
    LP_STORE_PAGE_MAX = 256,   // largest page of a flash that can be used
    LP_STORE_ITEMS_MAX = 96,   // of one put
};

// One live value: where it is. The caller owns an array of them.
typedef struct {
    uint32_t at; // offset of the item in flash
    uint8_t key_len;
    uint16_t value_len;
    uint32_t key_hash;
} lp_store_entry_t;

typedef struct {
    uint32_t offset;           // of the region in the port's flash; whole sectors
    uint32_t size_bytes;       // two banks of whole sectors
    lp_store_entry_t *entries; // lent for as long as the store is open
    uint16_t max_entries;
} lp_store_config_t;

typedef enum {
    LP_STORE_FRESH,   // the flash was blank
    LP_STORE_CLEAN,   // all well
    LP_STORE_TORN,    // the last put was cut by a power failure and does not count
    LP_STORE_DAMAGED, // something that had been written is not readable any more
} lp_store_health_t;

typedef struct {
    lp_store_config_t config_;
    uint32_t bank_bytes_;
    uint32_t page_bytes_;
    uint32_t generation_;
    uint32_t end_;      // where the next record goes, offset in the bank
    uint8_t bank_;      // the active one
    bool has_bank_;     // false: nothing is on the flash yet
    bool must_compact_; // the space behind end_ is not blank
    bool is_open_;
    uint16_t count_;
    lp_store_health_t health;
} lp_store_t;

// Reads what is there. LP_E_INVALID: the region does not fit the flash's geometry, or its pages are
// larger than LP_STORE_PAGE_MAX. LP_E_IO: the flash cannot be read. Nothing is written.
lp_err_t lp_store_open(lp_store_t *s, const lp_store_config_t *config);

// Appends the value of `key` to `out`. LP_E_NOT_FOUND; LP_E_NOSPACE: nothing was appended; LP_E_IO.
lp_err_t lp_store_get(const lp_store_t *s, const char *key, lp_buf_t *out);

// Copies `n` bytes of the value of `key`, from `at` on. LP_E_NOT_FOUND; LP_E_RANGE: it is shorter;
// LP_E_IO.
lp_err_t lp_store_read(const lp_store_t *s, const char *key, size_t at, uint8_t *to, size_t n);

// Length of the value of `key`. LP_E_NOT_FOUND.
lp_err_t lp_store_len(const lp_store_t *s, const char *key, size_t *len);

typedef struct {
    const char *key;
    lp_span_t value;
    bool is_removal; // the key is to be gone; `value` is not looked at
    // Not null: the value is the one that this key has on the flash now; `value` is not looked at.
    const char *copy_of;
} lp_store_item_t;

// Writes all items or none of them, whatever happens. LP_OK means they are on the flash and were
// read back. Values that are on the flash already, byte for byte, are not written again.
// LP_E_INVALID: a key is empty or too long, a key comes twice, or too many items.
// LP_E_NOT_FOUND: there is no value to copy. LP_E_RANGE: a value is too long. LP_E_NOSPACE: it will
// not fit, nothing was written. LP_E_IO, LP_E_VERIFY: the flash failed; all old values still count
// unless open() says otherwise.
lp_err_t lp_store_put(lp_store_t *s, const lp_store_item_t *items, size_t n);

// Copies the live values to the other bank and erases this one, so that what was replaced or
// removed (a key) is not on the flash any more.
lp_err_t lp_store_scrub(lp_store_t *s);

// Erases both banks.
lp_err_t lp_store_erase(lp_store_t *s);

// Calls `fn` for each key, in no particular order.
typedef void lp_store_each_fn(void *ctx, const char *key, size_t value_len);
lp_err_t lp_store_each(const lp_store_t *s, lp_store_each_fn *fn, void *ctx);

// Bytes of records that can still be put when everything stale is gone.
uint32_t lp_store_free_bytes(const lp_store_t *s);

#endif
