// SPDX-License-Identifier: Apache-2.0
// What the emulator does for the board: words, the flash's file, random numbers, the chip's bridge.
//
// There is one UART, which is the console. The bridge is a file of the computer (a pseudo terminal
// that the virtual chip listens on), read and written by simcalls; it has no interrupt.
#include <string.h>

#include "limpet/bare.h"
#include "lx106.h"

enum { WORDS_BYTES = 1024, ARGS_MAX = 16 };

_Noreturn void _start(void);

// Not the board's RAM: a part of its flash, and what only the emulator knows.
#define BESIDE_THE_RAM __attribute__((section(".nor")))

static uint8_t nor[LP_HW_FLASH_BYTES] BESIDE_THE_RAM;
static char words[WORDS_BYTES] BESIDE_THE_RAM;
static union {
    char *argv[ARGS_MAX];
    char bytes[WORDS_BYTES];
} args BESIDE_THE_RAM;
static int flash_fd = -1, random_fd = -1;

void lp_hw_init(void)
{
    lx106_clock_init();
    lx106_uart_init();
}

const char *lp_hw_name(void)
{
    return "qemu-lx106";
}

// The strings lie one behind the other after the pointers, as we want them.
const char *lp_hw_words(void)
{
    static bool is_read;
    if (!is_read) {
        is_read = true;
        memset(words, 0, sizeof words);
        if (lx106_sim_args_bytes() > (int)sizeof args) {
            return words;
        }
        lx106_sim_args(args.argv);
        size_t at = 0;
        for (int i = 0; i < ARGS_MAX && args.argv[i] != NULL; i++) {
            size_t len = strlen(args.argv[i]) + 1;
            memcpy(words + at, args.argv[i], len);
            at += len;
        }
    }
    return words;
}

uint8_t *lp_hw_flash(void)
{
    return nor;
}

bool lp_hw_flash_load(const char *path)
{
    if (flash_fd < 0) {
        flash_fd = lx106_sim_open(path, SIM_READ_WRITE | SIM_CREATE, 0600);
    }
    if (flash_fd < 0) {
        return false;
    }
    memset(nor, 0xFF, sizeof nor);
    if (lx106_sim_seek(flash_fd, 0, SIM_FROM_END) != (int)sizeof nor) {
        return lp_hw_flash_store(0, sizeof nor);
    }
    return lx106_sim_seek(flash_fd, 0, SIM_FROM_START) == 0 &&
           lx106_sim_read(flash_fd, nor, sizeof nor) == (int)sizeof nor;
}

bool lp_hw_flash_store(uint32_t offset, size_t len)
{
    return lx106_sim_seek(flash_fd, (int)offset, SIM_FROM_START) == (int)offset &&
           lx106_sim_write(flash_fd, nor + offset, len) == (int)len;
}

bool lp_hw_random(uint8_t *buf, size_t len)
{
    if (random_fd < 0) {
        random_fd = lx106_sim_open("/dev/urandom", SIM_READ_ONLY, 0);
    }
    return random_fd >= 0 && lx106_sim_read(random_fd, buf, len) == (int)len;
}

// ---- the chip's bridge, a file of the computer

int lp_hw_file_open(const char *path)
{
    return lx106_sim_open(path, SIM_READ_WRITE, 0);
}

void lp_hw_file_close(int fd)
{
    (void)lx106_sim_close(fd);
}

size_t lp_hw_file_read(int fd, uint8_t *buf, size_t cap)
{
    const int n = lx106_sim_has_input(fd, LP_HW_FILE_PATIENCE_S) ? lx106_sim_read(fd, buf, cap) : 0;
    return n > 0 ? (size_t)n : 0;
}

bool lp_hw_file_write(int fd, const uint8_t *data, size_t len)
{
    return lx106_sim_write(fd, data, len) == (int)len;
}

const lp_hw_line_t *lp_hw_chip_line(void)
{
    return lp_bare_word("chip") != NULL ? lp_bare_bridge() : NULL;
}

// The computer's files would stay open for ever.
_Noreturn void lp_hw_restart(void)
{
    (void)lx106_sim_close(flash_fd);
    (void)lx106_sim_close(random_fd);
    lp_bare_bridge_close();
    _start();
}

void lp_hw_console_flush(void)
{
    lx106_uart_flush();
}

_Noreturn void lp_hw_exit(int status)
{
    lx106_sim_exit(status);
}
