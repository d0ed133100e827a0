// SPDX-License-Identifier: Apache-2.0
// The chip's bridge where it is a file of the computer (a terminal that the virtual chip listens
// on) and has no UART. It lives in the computer's time and the board in its own: so each write goes
// out with the board's time, and the answer comes with how long it takes on the wire
// (docs/adapter-protocol.md, 'T'). While the computer works on it no time passes here, because it
// is waited for inside of a call of the emulator.
#include <string.h>

#include "bare_internal.h"
#include "limpet/endian.h"
#include "limpet/port/clock.h"

enum { PORTION = 256, REOPEN_MS = 500, STALE_MAX = 8192 };
enum { HEAD_BYTES = 11, ANSWER_HEAD_BYTES = 10, ANSWER_BYTES = 1024 };

// Not the board's RAM: what only the emulator knows.
#define BESIDE_THE_RAM __attribute__((section(".nor")))

static uint8_t request[HEAD_BYTES + PORTION] BESIDE_THE_RAM;
static uint8_t answer[ANSWER_BYTES] BESIDE_THE_RAM;
static int fd = -1;
static size_t answer_len, answer_at;
static uint64_t answer_due_us; // when it is there
static bool is_told;           // that it is

void lp_bare_bridge_close(void)
{
    if (fd >= 0) {
        lp_hw_file_close(fd);
    }
    fd = -1;
    answer_len = answer_at = 0;
}

static bool fetch(uint8_t *bytes, size_t len)
{
    for (size_t at = 0; at < len;) {
        const size_t n = lp_hw_file_read(fd, bytes + at, len - at);
        if (n == 0) { // the other end is gone, or silent
            return false;
        }
        at += n;
    }
    return true;
}

static bool ask(uint64_t now_us, const uint8_t *commands, size_t len)
{
    request[0] = 'T';
    lp_put_le64(request + 1, now_us);
    lp_put_le16(request + 9, (uint16_t)len);
    if (len > 0) {
        memcpy(request + HEAD_BYTES, commands, len);
    }
    return lp_hw_file_write(fd, request, HEAD_BYTES + len);
}

// Asks for nothing: all before the answer to that is what somebody before us did not fetch.
static bool skip_stale(uint64_t now_us)
{
    uint8_t wanted[ANSWER_HEAD_BYTES] = {0};
    lp_put_le32(wanted, (uint32_t)now_us);
    if (!ask(now_us, NULL, 0) || !fetch(answer, sizeof wanted)) {
        return false;
    }
    for (size_t i = 0; i < STALE_MAX; i++) {
        if (memcmp(answer, wanted, sizeof wanted) == 0) {
            return true;
        }
        memmove(answer, answer + 1, sizeof wanted - 1);
        if (!fetch(answer + sizeof wanted - 1, 1)) {
            return false;
        }
    }
    return false;
}

// The terminal goes away with whoever made it and may come back: it is looked for again, at most
// twice a second. What is written meanwhile is lost, as on a wire that is off.
static bool is_open(uint64_t now_us)
{
    static uint64_t next_ms;
    const uint64_t now_ms = lp_port_now_ms();
    if (fd < 0 && now_ms >= next_ms) {
        next_ms = now_ms + REOPEN_MS;
        fd = lp_hw_file_open(lp_bare_word("chip"));
        if (fd >= 0 && !skip_stale(now_us)) {
            lp_bare_bridge_close();
        }
    }
    return fd >= 0;
}

// Answers of somebody before us, whose time is another one, are passed over.
static bool fetch_answer(uint64_t asked_us)
{
    uint8_t head[ANSWER_HEAD_BYTES];
    do {
        if (!fetch(head, sizeof head)) {
            return false;
        }
        answer_len = lp_get_le16(head + 8);
        if (answer_len > sizeof answer || !fetch(answer, answer_len)) {
            return false;
        }
    } while (lp_get_le32(head) != (uint32_t)asked_us);
    answer_due_us = asked_us + lp_get_le32(head + 4);
    return true;
}

static bool has_input(void *ctx)
{
    (void)ctx;
    const bool is_there = answer_at < answer_len && lp_port_now_us() >= answer_due_us;
    is_told = is_told || is_there;
    return is_there;
}

uint64_t lp_bare_bridge_due_us(void)
{
    return answer_at < answer_len && !is_told ? answer_due_us : UINT64_MAX;
}

static size_t take(void *ctx, uint8_t *buf, size_t cap)
{
    if (!has_input(ctx)) {
        return 0;
    }
    const size_t left = answer_len - answer_at;
    const size_t n = cap < left ? cap : left;
    memcpy(buf, answer + answer_at, n);
    answer_at += n;
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
    answer_len = answer_at = 0;
    is_told = false;
    if (is_open(now_us) && (!ask(now_us, data, len) || !fetch_answer(now_us))) {
        lp_bare_bridge_close();
    }
    return len;
}

// A sleep ends when the answer is due, so nobody has to look for it meanwhile.
const lp_hw_line_t *lp_bare_bridge(void)
{
    static const lp_hw_line_t line = {
        .has_input = has_input, .read = take, .room = room, .write = put, .has_interrupt = true};
    return &line;
}
