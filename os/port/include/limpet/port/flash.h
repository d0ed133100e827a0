// SPDX-License-Identifier: Apache-2.0
// limpet/port/flash.h - NOR flash as a port must provide it.
//
// NOR semantics: erase sets a sector to 0xFF, program can only clear bits. Calls are synchronous
// (the part's own erase time). Power may fail inside any of them: a program or erase that was cut
// leaves the touched bytes in any mixture of old and new.
// @context loop; a call takes as long as the part does
#ifndef LIMPET_PORT_FLASH_H
#define LIMPET_PORT_FLASH_H

#include <stddef.h>
#include <stdint.h>

#include "limpet/err.h"

typedef struct {
    uint32_t size_bytes;   // of the region given to Limpet
    uint32_t sector_bytes; // smallest erasable unit
    uint32_t page_bytes;   // program alignment and multiple
} lp_flash_geometry_t;

lp_flash_geometry_t lp_port_flash_geometry(void);

// Errors of all three: LP_E_RANGE outside the region or misaligned; LP_E_IO the part failed.
lp_err_t lp_port_flash_read(uint32_t offset, uint8_t *buf, size_t len);
lp_err_t lp_port_flash_program(uint32_t offset, const uint8_t *data, size_t len);
lp_err_t lp_port_flash_erase(uint32_t offset, size_t len);

#endif
