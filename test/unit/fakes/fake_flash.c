// SPDX-License-Identifier: Apache-2.0
// NOR flash in memory. A cut program clears any part of the bits it should have cleared; a cut
// erase sets any part of the bits of its sectors.
#include <stdlib.h>
#include <string.h>

#include "fake/port.h"

enum { MAX_BYTES = 1 << 20, MAX_SECTORS = 4096 };

unsigned fake_flash_bad_programs;
void (*fake_flash_on_op)(size_t programmed, size_t erased);

static uint8_t part[MAX_BYTES];
static unsigned erases[MAX_SECTORS];
static lp_flash_geometry_t geometry = {.size_bytes = 65536, .sector_bytes = 4096, .page_bytes = 4};
static unsigned ops;
static unsigned cut_in; // 0: never
static uint32_t mix;
static bool is_cut;
static unsigned fail_in; // 0: never

void fake_flash_reset(lp_flash_geometry_t g)
{
    if (g.size_bytes > MAX_BYTES || g.size_bytes / g.sector_bytes > MAX_SECTORS) {
        abort();
    }
    geometry = g;
    memset(part, 0xFF, g.size_bytes);
    memset(erases, 0, sizeof erases);
    ops = 0;
    cut_in = 0;
    is_cut = false;
    fail_in = 0;
    fake_flash_on_op = NULL;
    fake_flash_bad_programs = 0;
}

void fake_flash_cut_at(unsigned n, uint32_t seed)
{
    cut_in = n;
    mix = seed;
}

void fake_flash_power_on(void)
{
    is_cut = false;
    cut_in = 0;
}

void fake_flash_fail_at(unsigned n)
{
    fail_in = n;
}

bool fake_flash_is_cut(void)
{
    return is_cut;
}

unsigned fake_flash_ops(void)
{
    return ops;
}

unsigned fake_flash_erases(uint32_t sector)
{
    return sector < MAX_SECTORS ? erases[sector] : 0;
}

uint8_t *fake_flash_bytes(void)
{
    return part;
}

lp_flash_geometry_t lp_port_flash_geometry(void)
{
    return geometry;
}

// Seeds 0 and 1 are the extremes: nothing happened yet, everything happened.
static uint8_t mixture(void)
{
    if (mix < 2) {
        return mix == 0 ? 0x00 : 0xFF;
    }
    mix = mix * 1664525u + 1013904223u;
    return (uint8_t)(mix >> 23);
}

static bool is_inside(uint32_t offset, size_t len, uint32_t unit)
{
    return offset <= geometry.size_bytes && len <= geometry.size_bytes - offset &&
           offset % unit == 0 && len % unit == 0;
}

static bool power_goes_now(void)
{
    ops++;
    if (cut_in > 0 && --cut_in == 0) {
        is_cut = true;
        return true;
    }
    return false;
}

static bool fails_now(size_t programmed, size_t erased)
{
    if (fake_flash_on_op != NULL) {
        fake_flash_on_op(programmed, erased);
    }
    return fail_in > 0 && --fail_in == 0;
}

lp_err_t lp_port_flash_read(uint32_t offset, uint8_t *buf, size_t len)
{
    if (!is_inside(offset, len, 1)) {
        return LP_E_RANGE;
    }
    if (is_cut) {
        return LP_E_IO;
    }
    memcpy(buf, part + offset, len);
    return LP_OK;
}

lp_err_t lp_port_flash_program(uint32_t offset, const uint8_t *data, size_t len)
{
    if (!is_inside(offset, len, geometry.page_bytes)) {
        return LP_E_RANGE;
    }
    if (is_cut) {
        return LP_E_IO;
    }
    if (fails_now(len, 0)) {
        return LP_E_IO;
    }
    const bool cut = power_goes_now();
    for (size_t i = 0; i < len; i++) {
        if ((data[i] & ~part[offset + i]) != 0) {
            fake_flash_bad_programs++;
        }
        const uint8_t kept = cut ? mixture() : 0;
        part[offset + i] &= (uint8_t)(data[i] | kept);
    }
    return cut ? LP_E_IO : LP_OK;
}

lp_err_t lp_port_flash_erase(uint32_t offset, size_t len)
{
    if (!is_inside(offset, len, geometry.sector_bytes)) {
        return LP_E_RANGE;
    }
    if (is_cut) {
        return LP_E_IO;
    }
    if (fails_now(0, len / geometry.sector_bytes)) {
        return LP_E_IO;
    }
    const bool cut = power_goes_now();
    for (size_t i = 0; i < len; i++) {
        part[offset + i] |= (uint8_t)(cut ? mixture() : 0xFF);
    }
    for (size_t s = 0; s < len / geometry.sector_bytes; s++) {
        erases[offset / geometry.sector_bytes + s]++;
    }
    return cut ? LP_E_IO : LP_OK;
}
