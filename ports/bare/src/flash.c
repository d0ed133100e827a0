// SPDX-License-Identifier: Apache-2.0
// NOR flash in memory that the image does not count as its own, with a file behind it: what was
// programmed is written through at once, so that ending the emulator is a power cut like any other.
#include "limpet/port/flash.h"

#include <string.h>

#include "bare_internal.h"

enum { SECTOR = 4096, PAGE = 4 };

lp_flash_geometry_t lp_port_flash_geometry(void)
{
    return (lp_flash_geometry_t){
        .size_bytes = LP_HW_FLASH_BYTES, .sector_bytes = SECTOR, .page_bytes = PAGE};
}

static bool is_inside(uint32_t offset, size_t len, uint32_t unit)
{
    return offset <= LP_HW_FLASH_BYTES && len <= LP_HW_FLASH_BYTES - offset && offset % unit == 0 &&
           len % unit == 0;
}

lp_err_t lp_port_flash_read(uint32_t offset, uint8_t *buf, size_t len)
{
    if (!is_inside(offset, len, 1)) {
        return LP_E_RANGE;
    }
    memcpy(buf, lp_hw_flash() + offset, len);
    return LP_OK;
}

lp_err_t lp_port_flash_program(uint32_t offset, const uint8_t *data, size_t len)
{
    if (!is_inside(offset, len, PAGE)) {
        return LP_E_RANGE;
    }
    uint8_t *cells = lp_hw_flash() + offset;
    for (size_t i = 0; i < len; i++) {
        cells[i] &= data[i];
    }
    return lp_hw_flash_store(offset, len) ? LP_OK : LP_E_IO;
}

lp_err_t lp_port_flash_erase(uint32_t offset, size_t len)
{
    if (!is_inside(offset, len, SECTOR)) {
        return LP_E_RANGE;
    }
    memset(lp_hw_flash() + offset, 0xFF, len);
    return lp_hw_flash_store(offset, len) ? LP_OK : LP_E_IO;
}
