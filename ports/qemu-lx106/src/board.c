// SPDX-License-Identifier: Apache-2.0
// What the emulator does for the board: words, the flash's file, random numbers, the chip's bridge.
//
// There is one UART, which is the console. The bridge is a file of the computer (a pseudo terminal
// that the virtual chip listens on), read and written by simcalls; it has no interrupt.
#include <string.h>

#include "limpet/bare.h"
#include "limpet/port/clock.h"
#include "lx106.h"

enum { WORDS_BYTES = 1024, ARGS_MAX = 16, PORTION = 256, REOPEN_MS = 500 };

_Noreturn void _start(void);

// Not the board's RAM: a part of its flash, and what only the emulator knows.
#define BESIDE_THE_RAM __attribute__((section(".nor")))

static uint8_t nor[LP_HW_FLASH_BYTES] BESIDE_THE_RAM;
static char words[WORDS_BYTES] BESIDE_THE_RAM;
static union {
    char *argv[ARGS_MAX];
    char bytes[WORDS_BYTES];
} args BESIDE_THE_RAM;
static int flash_fd = -1, chip_fd = -1, random_fd = -1;

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

// The terminal goes away with whoever made it and may come back: it is looked for again, at most
// twice a second. What is written meanwhile is lost, as on a wire that is off.
static bool is_chip_open(void)
{
    static uint64_t next_ms;
    const uint64_t now_ms = lp_port_now_ms();
    if (chip_fd < 0 && now_ms >= next_ms) {
        next_ms = now_ms + REOPEN_MS;
        chip_fd = lx106_sim_open(lp_bare_word("chip"), SIM_READ_WRITE, 0);
    }
    return chip_fd >= 0;
}

static void close_chip(void)
{
    (void)lx106_sim_close(chip_fd);
    chip_fd = -1;
}

static bool has_input(void *ctx)
{
    (void)ctx;
    return is_chip_open() && lx106_sim_has_input(chip_fd);
}

static size_t take(void *ctx, uint8_t *buf, size_t cap)
{
    if (!has_input(ctx)) {
        return 0;
    }
    const int n = lx106_sim_read(chip_fd, buf, cap);
    if (n <= 0) { // the other end is gone
        close_chip();
    }
    return n > 0 ? (size_t)n : 0;
}

static size_t room(void *ctx)
{
    (void)ctx;
    return PORTION;
}

static size_t put(void *ctx, const uint8_t *data, size_t len)
{
    (void)ctx;
    const int n = is_chip_open() ? lx106_sim_write(chip_fd, data, len) : 0;
    if (n < 0) {
        close_chip();
    }
    return n > 0 ? (size_t)n : len;
}

const lp_hw_line_t *lp_hw_chip_line(void)
{
    static const lp_hw_line_t line = {
        .has_input = has_input, .read = take, .room = room, .write = put};
    return lp_bare_word("chip") != NULL ? &line : NULL;
}

// The computer's files would stay open for ever.
_Noreturn void lp_hw_restart(void)
{
    (void)lx106_sim_close(flash_fd);
    (void)lx106_sim_close(random_fd);
    (void)lx106_sim_close(chip_fd);
    _start();
}

_Noreturn void lp_hw_exit(int status)
{
    lx106_sim_exit(status);
}
