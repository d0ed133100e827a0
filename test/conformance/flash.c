// SPDX-License-Identifier: Apache-2.0
// NOR flash, on its last two sectors; the very last one carries the mark over the restart.
#include "limpet/port/flash.h"

#include <string.h>

#include "conformance.h"

enum { CHUNK = 256, MARK_BYTES = 16 };

static lp_flash_geometry_t geometry;
static uint32_t sector; // the last but one
static uint8_t buf[CHUNK];

static int setup(void **state)
{
    (void)state;
    geometry = lp_port_flash_geometry();
    sector = geometry.size_bytes - 2 * geometry.sector_bytes;
    return lp_port_flash_erase(sector, geometry.sector_bytes) == LP_OK ? 0 : 1;
}

static void flash_geometry_fits_the_store(void **state)
{
    (void)state;
    assert_true(geometry.sector_bytes > 0 && geometry.size_bytes >= 4 * geometry.sector_bytes);
    assert_int_equal(geometry.size_bytes % geometry.sector_bytes, 0);
    assert_true(geometry.page_bytes > 0 && geometry.page_bytes <= CHUNK);
    assert_int_equal(geometry.sector_bytes % geometry.page_bytes, 0);
}

static void assert_all(uint32_t offset, size_t len, uint8_t value)
{
    for (size_t at = 0; at < len; at += CHUNK) {
        assert_int_equal(lp_port_flash_read(offset + (uint32_t)at, buf, CHUNK), LP_OK);
        for (size_t i = 0; i < CHUNK; i++) {
            assert_int_equal(buf[i], value);
        }
    }
}

static void flash_erase_sets_all_bits_of_the_sector(void **state)
{
    (void)state;
    assert_all(sector, geometry.sector_bytes, 0xFF);
}

static void flash_program_only_clears_bits(void **state)
{
    (void)state;
    const size_t len = CHUNK - CHUNK % geometry.page_bytes;
    memset(buf, 0xF0, sizeof buf);
    assert_int_equal(lp_port_flash_program(sector, buf, len), LP_OK);
    assert_int_equal(lp_port_flash_read(sector, buf, len), LP_OK);
    assert_int_equal(buf[0], 0xF0);
    assert_int_equal(buf[len - 1], 0xF0);
    assert_int_equal(lp_port_flash_read(sector + (uint32_t)len, buf, 1), LP_OK);
    assert_int_equal(buf[0], 0xFF); // and nothing beyond
}

static void flash_erase_leaves_the_neighbour_alone(void **state)
{
    (void)state;
    const uint32_t before = sector - geometry.page_bytes;
    uint8_t old[CHUNK], now[CHUNK];
    assert_int_equal(lp_port_flash_read(before, old, geometry.page_bytes), LP_OK);
    assert_int_equal(lp_port_flash_erase(sector, geometry.sector_bytes), LP_OK);
    assert_int_equal(lp_port_flash_read(before, now, geometry.page_bytes), LP_OK);
    assert_memory_equal(old, now, geometry.page_bytes);
}

static void flash_reads_any_offset_and_length(void **state)
{
    (void)state;
    uint8_t pattern[CHUNK] = {0};
    const size_t len = CHUNK - CHUNK % geometry.page_bytes;
    for (size_t i = 0; i < len; i++) {
        pattern[i] = (uint8_t)(i * 7);
    }
    assert_int_equal(lp_port_flash_program(sector, pattern, len), LP_OK);
    for (uint32_t at = 0; at < 9; at++) {
        for (size_t n = 0; n < 9; n++) {
            memset(buf, 0xEE, sizeof buf);
            assert_int_equal(lp_port_flash_read(sector + at, buf, n), LP_OK);
            assert_memory_equal(buf, pattern + at, n);
            assert_int_equal(buf[n], 0xEE);
        }
    }
}

static void flash_refuses_what_is_outside_or_misaligned(void **state)
{
    (void)state;
    const uint32_t end = geometry.size_bytes;
    memset(buf, 0, sizeof buf);
    assert_int_equal(lp_port_flash_read(end - 4, buf, 8), LP_E_RANGE);
    assert_int_equal(lp_port_flash_read(end, buf, 0), LP_OK);
    assert_int_equal(lp_port_flash_read(UINT32_MAX, buf, 8), LP_E_RANGE);
    assert_int_equal(lp_port_flash_program(end, buf, geometry.page_bytes), LP_E_RANGE);
    assert_int_equal(lp_port_flash_program(end - geometry.page_bytes, buf, CHUNK), LP_E_RANGE);
    assert_int_equal(lp_port_flash_erase(sector + geometry.page_bytes, geometry.sector_bytes),
                     LP_E_RANGE);
    assert_int_equal(lp_port_flash_erase(sector, geometry.page_bytes), LP_E_RANGE);
    assert_int_equal(lp_port_flash_erase(end, geometry.sector_bytes), LP_E_RANGE);
    if (geometry.page_bytes > 1) {
        assert_int_equal(lp_port_flash_program(sector + 1, buf, geometry.page_bytes), LP_E_RANGE);
        assert_int_equal(lp_port_flash_program(sector, buf, geometry.page_bytes - 1), LP_E_RANGE);
    }
    assert_all(sector, CHUNK, 0xFF);
}

static const uint8_t mark_name[MARK_BYTES] = "conformance";

static uint32_t mark_offset(void)
{
    const lp_flash_geometry_t g = lp_port_flash_geometry();
    return g.size_bytes - g.sector_bytes;
}

void conformance_leave_mark(const conformance_mark_t *mark)
{
    uint8_t page[CHUNK];
    memset(page, 0xFF, sizeof page);
    memcpy(page, mark_name, sizeof mark_name);
    page[MARK_BYTES] = mark->start;
    page[MARK_BYTES + 1] = mark->failed;
    (void)lp_port_flash_erase(mark_offset(), lp_port_flash_geometry().sector_bytes);
    (void)lp_port_flash_program(mark_offset(), page, CHUNK);
}

bool conformance_take_mark(conformance_mark_t *mark)
{
    uint8_t page[MARK_BYTES + 2];
    if (lp_port_flash_read(mark_offset(), page, sizeof page) != LP_OK ||
        memcmp(page, mark_name, sizeof mark_name) != 0) {
        return false;
    }
    *mark = (conformance_mark_t){.start = page[MARK_BYTES], .failed = page[MARK_BYTES + 1]};
    (void)lp_port_flash_erase(mark_offset(), lp_port_flash_geometry().sector_bytes);
    return true;
}

int conformance_flash(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(flash_geometry_fits_the_store, setup),
        cmocka_unit_test_setup(flash_erase_sets_all_bits_of_the_sector, setup),
        cmocka_unit_test_setup(flash_program_only_clears_bits, setup),
        cmocka_unit_test_setup(flash_erase_leaves_the_neighbour_alone, setup),
        cmocka_unit_test_setup(flash_reads_any_offset_and_length, setup),
        cmocka_unit_test_setup(flash_refuses_what_is_outside_or_misaligned, setup),
    };
    return cmocka_run_group_tests_name("flash", tests, NULL, NULL);
}
