// SPDX-License-Identifier: Apache-2.0
// The flash file has NOR semantics, is private, and belongs to one board at a time; the hardware id
// stays beside it.
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "limpet/port/flash.h"
#include "limpet/port/system.h"
#include "limpet/posix.h"

static char folder[64];
static char path[128];
static char why[256];

static int setup(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/limpet-test-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/flash.bin", folder);
    why[0] = '\0';
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

static void put_file(const char *name, const char *text, size_t len)
{
    FILE *f = fopen(name, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, len, f), len);
    fclose(f);
}

static void flash_is_made_blank_and_private(void **state)
{
    (void)state;
    umask(0);
    assert_int_equal(lp_posix_flash_open(path, why, sizeof why), LP_OK);
    assert_true(lp_posix_flash_is_new());
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(st.st_size, LP_POSIX_FLASH_BYTES);
    const lp_flash_geometry_t g = lp_port_flash_geometry();
    assert_int_equal(g.size_bytes, LP_POSIX_FLASH_BYTES);
    uint8_t all[4096];
    for (uint32_t at = 0; at < g.size_bytes; at += sizeof all) {
        assert_int_equal(lp_port_flash_read(at, all, sizeof all), LP_OK);
        for (size_t i = 0; i < sizeof all; i++) {
            assert_int_equal(all[i], 0xFF);
        }
    }
}

static void flash_program_only_clears_and_erase_sets(void **state)
{
    (void)state;
    assert_int_equal(lp_posix_flash_open(path, why, sizeof why), LP_OK);
    static uint8_t data[3000], got[3000];
    memset(data, 0xF0, sizeof data);
    assert_int_equal(lp_port_flash_program(4, data, sizeof data), LP_OK);
    memset(data, 0x3C, sizeof data);
    assert_int_equal(lp_port_flash_program(4, data, sizeof data), LP_OK);
    assert_int_equal(lp_port_flash_read(4, got, sizeof got), LP_OK);
    for (size_t i = 0; i < sizeof got; i++) {
        assert_int_equal(got[i], 0x30);
    }
    assert_int_equal(lp_port_flash_erase(0, LP_POSIX_FLASH_SECTOR), LP_OK);
    assert_int_equal(lp_port_flash_read(4, got, 1), LP_OK);
    assert_int_equal(got[0], 0xFF);
}

static void flash_refuses_what_is_outside_or_misaligned(void **state)
{
    (void)state;
    assert_int_equal(lp_posix_flash_open(path, why, sizeof why), LP_OK);
    uint8_t data[8] = {0};
    const uint32_t end = LP_POSIX_FLASH_BYTES;
    assert_int_equal(lp_port_flash_read(end - 4, data, 8), LP_E_RANGE);
    assert_int_equal(lp_port_flash_read(end, data, 0), LP_OK);
    assert_int_equal(lp_port_flash_read(0xFFFFFFFFu, data, 8), LP_E_RANGE);
    assert_int_equal(lp_port_flash_program(2, data, 4), LP_E_RANGE);
    assert_int_equal(lp_port_flash_program(0, data, 3), LP_E_RANGE);
    assert_int_equal(lp_port_flash_program(end - 4, data, 8), LP_E_RANGE);
    assert_int_equal(lp_port_flash_erase(4, LP_POSIX_FLASH_SECTOR), LP_E_RANGE);
    assert_int_equal(lp_port_flash_erase(0, 100), LP_E_RANGE);
    assert_int_equal(lp_port_flash_erase(end, LP_POSIX_FLASH_SECTOR), LP_E_RANGE);
}

static void flash_that_is_none_is_named(void **state)
{
    (void)state;
    put_file(path, "hello", 5);
    assert_int_equal(lp_posix_flash_open(path, why, sizeof why), LP_E_FORMAT);
    assert_non_null(strstr(why, "5 bytes long"));
    assert_int_equal(lp_posix_flash_open(folder, why, sizeof why), LP_E_IO);
    assert_int_equal(lp_posix_flash_open("/nonexistent/f", why, sizeof why), LP_E_NOT_FOUND);
    assert_non_null(strstr(why, "cannot open /nonexistent/f"));
    assert_int_equal(lp_posix_flash_open("/dev/full", why, sizeof why), LP_E_INVALID);
}

static void flash_open_to_others_is_closed(void **state)
{
    (void)state;
    char blank[65536];
    memset(blank, 0xFF, sizeof blank);
    put_file(path, blank, sizeof blank);
    assert_int_equal(chmod(path, 0644), 0);
    assert_int_equal(lp_posix_flash_open(path, why, sizeof why), LP_OK);
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(lp_port_flash_geometry().size_bytes, 65536);
}

static void flash_of_a_running_board_is_refused(void **state)
{
    (void)state;
    assert_int_equal(lp_posix_flash_open(path, why, sizeof why), LP_OK);
    assert_int_equal(lp_posix_flash_open(path, why, sizeof why), LP_E_BUSY);
    assert_non_null(strstr(why, "a board that is running"));
}

static void hw_id_is_given_or_kept(void **state)
{
    (void)state;
    uint8_t first[6], second[6];
    assert_int_equal(lp_posix_hw_id_open(path, "02AbCdEf0123", why, sizeof why), LP_OK);
    lp_port_hw_id(first);
    assert_memory_equal(first, "\x02\xab\xcd\xef\x01\x23", 6);
    assert_int_equal(lp_posix_hw_id_open(path, "02abc", why, sizeof why), LP_E_FORMAT);
    assert_int_equal(lp_posix_hw_id_open(path, "zz0000000000", why, sizeof why), LP_E_FORMAT);
    assert_int_equal(lp_posix_hw_id_open(path, NULL, why, sizeof why), LP_OK);
    lp_port_hw_id(first);
    assert_int_equal(first[0], 0x02);
    assert_int_equal(lp_posix_hw_id_open(path, NULL, why, sizeof why), LP_OK);
    lp_port_hw_id(second);
    assert_memory_equal(first, second, 6);
    char beside[160];
    snprintf(beside, sizeof beside, "%s.hwid", path);
    put_file(beside, "garbage", 7);
    assert_int_equal(lp_posix_hw_id_open(path, NULL, why, sizeof why), LP_E_FORMAT);
    assert_non_null(strstr(why, "remove it to get a new id"));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(flash_is_made_blank_and_private),
        T(flash_program_only_clears_and_erase_sets),
        T(flash_refuses_what_is_outside_or_misaligned),
        T(flash_that_is_none_is_named),
        T(flash_open_to_others_is_closed),
        T(flash_of_a_running_board_is_refused),
        T(hw_id_is_given_or_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
