// SPDX-License-Identifier: Apache-2.0
// What the emulator does for the board: words, the flash's file, random numbers, and the chip where
// it follows the board's time.
#include <string.h>

#include "limpet/bare.h"
#include "mps2.h"

enum { WORDS_BYTES = 1024 };

// Not the board's RAM: a part of its flash, and what only the emulator knows.
#define BESIDE_THE_RAM __attribute__((section(".nor")))

static uint8_t nor[LP_HW_FLASH_BYTES] BESIDE_THE_RAM;
static char words[WORDS_BYTES] BESIDE_THE_RAM;
static int flash_fd = -1, random_fd = -1;

void lp_hw_init(void)
{
    mps2_clock_init();
    mps2_uart_init();
}

const char *lp_hw_name(void)
{
    return "qemu-mps2";
}

// Two zeros at the end, whatever came.
const char *lp_hw_words(void)
{
    static bool is_read;
    if (!is_read) {
        is_read = true;
        memset(words, 0, sizeof words);
        if (!mps2_command_line(words, sizeof words - 1)) {
            words[0] = words[1] = '\0';
        }
        for (char *c = words; *c != '\0'; c++) {
            *c = *c == ' ' ? '\0' : *c;
        }
    }
    return words;
}

uint8_t *lp_hw_flash(void)
{
    return nor;
}

// Semihosting knows no way to make a file that is missing and keep one that is there in one call.
bool lp_hw_flash_load(const char *path)
{
    flash_fd = mps2_file_open(path, MPS2_UPDATE);
    if (flash_fd < 0) {
        flash_fd = mps2_file_open(path, MPS2_CREATE);
    }
    memset(nor, 0xFF, sizeof nor);
    if (flash_fd < 0 || mps2_file_length(flash_fd) == 0) {
        return flash_fd >= 0 && lp_hw_flash_store(0, sizeof nor);
    }
    return mps2_file_length(flash_fd) == (long)sizeof nor && mps2_file_seek(flash_fd, 0) &&
           mps2_file_read(flash_fd, nor, sizeof nor);
}

bool lp_hw_flash_store(uint32_t offset, size_t len)
{
    return mps2_file_seek(flash_fd, offset) && mps2_file_write(flash_fd, nor + offset, len);
}

bool lp_hw_random(uint8_t *buf, size_t len)
{
    if (random_fd < 0) {
        random_fd = mps2_file_open("/dev/urandom", MPS2_READ);
    }
    return random_fd >= 0 && mps2_file_read(random_fd, buf, len);
}

int lp_hw_file_open(const char *path)
{
    return mps2_file_open(path, MPS2_UPDATE);
}

void lp_hw_file_close(int fd)
{
    mps2_file_close(fd);
}

// The terminal itself has the patience: limpet chip serve sets it up so.
size_t lp_hw_file_read(int fd, uint8_t *buf, size_t cap)
{
    return mps2_file_read_some(fd, buf, cap);
}

bool lp_hw_file_write(int fd, const uint8_t *data, size_t len)
{
    return mps2_file_write(fd, data, len);
}

// A path is that of a terminal of the computer; else it is the UART, which is always there, and
// whether something is wired to it only the word can tell.
const lp_hw_line_t *lp_hw_chip_line(void)
{
    const char *wired = lp_bare_word("chip");
    if (wired != NULL && wired[0] == '/') {
        return lp_bare_bridge();
    }
    return wired != NULL && strcmp(wired, "none") != 0 ? mps2_uart_chip_line() : NULL;
}

_Noreturn void lp_hw_restart(void)
{
    lp_bare_bridge_close();
    mps2_file_close(flash_fd);
    mps2_file_close(random_fd);
    mps2_reset();
}

void lp_hw_console_flush(void)
{
    mps2_uart_flush();
}

_Noreturn void lp_hw_exit(int status)
{
    mps2_exit(status);
}
