// SPDX-License-Identifier: Apache-2.0
// What the emulator does for the board: words, the flash's file, random numbers, the chip's bridge.
//
// There is one UART, which is the console. The bridge is a file of the computer (a pseudo terminal
// that the virtual chip listens on), read and written by simcalls; it has no interrupt.
#include <string.h>

#include "limpet/bare.h"
#include "limpet/endian.h"
#include "limpet/port/clock.h"
#include "lx106.h"

enum { WORDS_BYTES = 1024, ARGS_MAX = 16, PORTION = 256, REOPEN_MS = 500, PATIENCE_S = 5 };

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

// ---- the line to the chip's bridge

// The bridge lives in the computer's time and the board in its own. So each write goes out with the
// board's time, and the answer comes with how long it takes on the wire (docs/adapter-protocol.md,
// 'T'). While the computer works on it no time passes here: it is waited for inside of a simcall.
enum { HEAD_BYTES = 11, ANSWER_HEAD_BYTES = 10, ANSWER_BYTES = 1024 };
static uint8_t request[HEAD_BYTES + PORTION] BESIDE_THE_RAM;
static uint8_t answer[ANSWER_BYTES] BESIDE_THE_RAM;
static struct {
    size_t len, at;
    uint64_t due_us; // when it is there
} chip;

static void close_chip(void)
{
    (void)lx106_sim_close(chip_fd);
    chip_fd = -1;
}

// What somebody before us did not fetch.
static void drain_chip(void)
{
    while (lx106_sim_has_input(chip_fd, 0) && lx106_sim_read(chip_fd, answer, sizeof answer) > 0) {
    }
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
        if (chip_fd >= 0) {
            drain_chip();
        }
    }
    return chip_fd >= 0;
}

static bool fetch(uint8_t *bytes, size_t len)
{
    for (size_t at = 0; at < len;) {
        if (!lx106_sim_has_input(chip_fd, PATIENCE_S)) {
            return false;
        }
        const int n = lx106_sim_read(chip_fd, bytes + at, len - at);
        if (n <= 0) { // the other end is gone
            return false;
        }
        at += (size_t)n;
    }
    return true;
}

// Answers of somebody before us, whose time is another one, are passed over.
static bool fetch_answer(uint64_t asked_us)
{
    uint8_t head[ANSWER_HEAD_BYTES];
    do {
        if (!fetch(head, sizeof head)) {
            return false;
        }
        chip.len = lp_get_le16(head + 8);
        if (chip.len > sizeof answer || !fetch(answer, chip.len)) {
            return false;
        }
    } while (lp_get_le32(head) != (uint32_t)asked_us);
    chip.due_us = asked_us + lp_get_le32(head + 4);
    return true;
}

static bool has_input(void *ctx)
{
    (void)ctx;
    return chip.at < chip.len && lp_port_now_us() >= chip.due_us;
}

uint32_t lx106_chip_due_ticks(void)
{
    if (chip.at == chip.len) {
        return UINT32_MAX;
    }
    const uint64_t now_us = lp_port_now_us();
    return now_us < chip.due_us ? (uint32_t)(chip.due_us - now_us) * LX106_TICKS_PER_US : 1;
}

static size_t take(void *ctx, uint8_t *buf, size_t cap)
{
    if (!has_input(ctx)) {
        return 0;
    }
    const size_t left = chip.len - chip.at;
    const size_t n = cap < left ? cap : left;
    memcpy(buf, answer + chip.at, n);
    chip.at += n;
    return n;
}

static size_t room(void *ctx)
{
    (void)ctx;
    return PORTION;
}

static size_t put(void *ctx, const uint8_t *data, size_t len)
{
    (void)ctx;
    const uint64_t now_us = lp_port_now_us();
    chip.len = chip.at = 0;
    if (!is_chip_open()) {
        return len;
    }
    request[0] = 'T';
    lp_put_le64(request + 1, now_us);
    lp_put_le16(request + 9, (uint16_t)len);
    memcpy(request + HEAD_BYTES, data, len);
    const int all = (int)(HEAD_BYTES + len);
    if (lx106_sim_write(chip_fd, request, (size_t)all) != all || !fetch_answer(now_us)) {
        chip.len = 0;
        close_chip();
    }
    return len;
}

// A sleep ends when the answer is due, so nobody has to look for it meanwhile.
const lp_hw_line_t *lp_hw_chip_line(void)
{
    static const lp_hw_line_t line = {
        .has_input = has_input, .read = take, .room = room, .write = put, .has_interrupt = true};
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

void lp_hw_console_flush(void)
{
    lx106_uart_flush();
}

_Noreturn void lp_hw_exit(int status)
{
    lx106_sim_exit(status);
}
