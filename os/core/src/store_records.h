// SPDX-License-Identifier: Apache-2.0
// Records of the store: reading and writing them, without any idea of what is live.
#ifndef STORE_RECORDS_H
#define STORE_RECORDS_H

#include "bits.h"
#include "limpet/store.h"

enum {
    BANK_HEADER_BYTES = 12,
    RECORD_HEADER_BYTES = 16,
    ITEM_HEADER_BYTES = 4,
    ITEM_IS_REMOVAL = 1,
};

typedef struct {
    bool is_blank; // nothing but 0xFF
    bool is_valid; // magic and checksum fit
    uint32_t body_len;
    uint32_t body_crc;
} record_header_t;

typedef struct {
    uint32_t at; // of the item in flash
    uint8_t key_len;
    uint8_t flags;
    uint16_t value_len;
} item_t;

// Offsets here are offsets in the port's flash unless they are called `pos`, which is in the bank.
uint32_t lp_store_bank_base(const lp_store_t *s, unsigned bank);
uint32_t lp_store_round_up(const lp_store_t *s, uint32_t len);
uint32_t lp_store_first_pos(const lp_store_t *s);

lp_err_t lp_store_read_bank_header(const lp_store_t *s, unsigned bank, bool *is_valid,
                                   uint32_t *generation);
lp_err_t lp_store_write_bank_header(const lp_store_t *s, unsigned bank, uint32_t generation);

// Whether both headers look like a store whose very first commit was cut: programming had only
// begun to clear the bits of the first header.
lp_err_t lp_store_is_first_header_torn(const lp_store_t *s, bool *is_torn);

lp_err_t lp_store_is_blank(uint32_t at, uint32_t len, bool *is_blank);
lp_err_t lp_store_read_record_header(const lp_store_t *s, unsigned bank, uint32_t pos,
                                     record_header_t *h);
lp_err_t lp_store_crc_of_flash(uint32_t at, uint32_t len, uint32_t *crc);
lp_err_t lp_store_read_item(uint32_t at, item_t *item);

// The pieces of a body, from memory or from flash.
typedef struct {
    const lp_store_item_t *items; // from memory, those whose bit in `mask` is set, or
    lp_bits_t mask;
    uint32_t flash_at; // when items is null: a copy of what is at flash_at
    uint32_t len;
} body_t;

uint32_t lp_store_items_len(const lp_store_t *s, const lp_store_item_t *items, size_t n,
                            const lp_bits_t *mask);

// Programs one record at `pos` and reads it back. LP_E_VERIFY: it is not what was written.
lp_err_t lp_store_write_record(const lp_store_t *s, unsigned bank, uint32_t pos,
                               const body_t *body);

#endif
