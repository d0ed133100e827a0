// SPDX-License-Identifier: Apache-2.0
#include "limpet/crash.h"

#include <string.h>

#include "limpet/crc.h"
#include "limpet/endian.h"
#include "limpet/log_ring.h"

enum {
    CRC_BYTES = 4,
    MISSED_BYTES = 12, // at the end of an area: a mark, the count, and the same once more turned
    MISSED_MARK = 0x5353494D,
    LOG_SHARE = 3, // of what is left, a third is the log's
    LOG_MAX = 1024,
};

static const char magic[4] = {'L', 'P', 'C', 'R'};

// -- writing

static void put_word(lp_buf_t *out, uint64_t word)
{
    uint8_t bytes[8];
    lp_put_le64(bytes, word);
    (void)lp_buf_put(out, lp_span(bytes, sizeof(uintptr_t)));
}

static void put_u16(lp_buf_t *out, size_t value)
{
    uint8_t bytes[2];
    lp_put_le16(bytes, (uint16_t)value);
    (void)lp_buf_put(out, lp_span(bytes, sizeof bytes));
}

static bool is_in(const lp_crash_range_t *range, uintptr_t word)
{
    return word >= range->begin && word < range->end;
}

// Nothing but an address of code or of the stack leaves this board.
static uintptr_t only_address(const lp_crash_t *c, uintptr_t word)
{
    bool is_kept = is_in(&c->stack, word);
    for (size_t i = 0; i < LP_CRASH_RANGES; i++) {
        is_kept = is_kept || is_in(&c->code[i], word);
    }
    return is_kept ? word : 0;
}

static void put_head(lp_buf_t *out, const lp_crash_t *c, size_t reg_count)
{
    uint8_t head[LP_CRASH_HEAD] = {0};
    const size_t id_len =
        c->build_id.len < LP_CRASH_BUILD_ID_MAX ? c->build_id.len : LP_CRASH_BUILD_ID_MAX;
    memcpy(head, magic, sizeof magic);
    lp_put_le16(head + 4, LP_CRASH_VERSION);
    head[8] = (uint8_t)c->core;
    head[9] = (uint8_t)c->reason;
    head[10] = sizeof(uintptr_t);
    head[11] = (uint8_t)reg_count;
    lp_put_le32(head + 12, c->cause);
    lp_put_le64(head + 16, c->address);
    lp_put_le64(head + 24, c->bias);
    lp_put_le64(head + 32, c->uptime_ms);
    lp_put_le32(head + 40, c->boots);
    head[44] = (uint8_t)id_len;
    memcpy(head + 45, c->build_id.ptr, id_len);
    const size_t app_len = c->app != NULL ? strlen(c->app) : 0;
    memcpy(head + 68, c->app != NULL ? c->app : "",
           app_len < LP_CRASH_APP_MAX ? app_len : LP_CRASH_APP_MAX - 1);
    (void)lp_buf_put(out, lp_span(head, sizeof head));
}

static void put_registers(lp_buf_t *out, const lp_crash_t *c, size_t reg_count)
{
    put_word(out, c->pc);
    put_word(out, c->sp);
    for (size_t i = 0; i < reg_count; i++) {
        put_word(out, only_address(c, c->regs[i]));
    }
}

static void put_stack(lp_buf_t *out, const lp_crash_t *c, size_t room)
{
    size_t words = 0;
    const uintptr_t sp = c->sp & ~(uintptr_t)(sizeof(uintptr_t) - 1);
    if (is_in(&c->stack, sp)) {
        words = (c->stack.end - sp) / sizeof(uintptr_t);
        words = words < room / sizeof(uintptr_t) ? words : room / sizeof(uintptr_t);
    }
    put_u16(out, words);
    for (size_t i = 0; i < words; i++) {
        uintptr_t word;
        memcpy(&word, (const uint8_t *)sp + i * sizeof word, sizeof word);
        put_word(out, only_address(c, word));
    }
}

// The newest lines that fit, oldest first.
static void put_log(lp_buf_t *out, lp_span_t memory, size_t room)
{
    lp_log_ring_t ring;
    lp_log_ring_line_t line;
    uint8_t text[LP_LOG_LINE_MAX];
    if (room > LOG_MAX) {
        room = LOG_MAX;
    }
    if (memory.len == 0 || !lp_log_ring_look(&ring, memory.ptr, memory.len)) {
        put_u16(out, 0);
        return;
    }
    uint32_t first = ring.next_id;
    size_t bytes = 0;
    while (first != ring.first_id && lp_log_ring_get(&ring, first - 1, text, &line) &&
           bytes + line.text.len + 1 <= room) {
        bytes += line.text.len + 1;
        first--;
    }
    put_u16(out, bytes);
    for (uint32_t id = first; id != ring.next_id; id++) {
        if (lp_log_ring_get(&ring, id, text, &line)) {
            (void)lp_buf_put(out, line.text);
            (void)lp_buf_put(out, lp_span("\n", 1));
        }
    }
}

static void count_missed(uint8_t *area, size_t bytes)
{
    const uint32_t missed = lp_crash_missed(area, bytes) + 1;
    uint8_t *at = area + bytes - MISSED_BYTES;
    lp_put_le32(at, MISSED_MARK);
    lp_put_le32(at + 4, missed);
    lp_put_le32(at + 8, ~missed);
}

bool lp_crash_keep(uint8_t *area, size_t bytes, const lp_crash_t *c)
{
    if (lp_crash_kept(area, bytes).len > 0) {
        count_missed(area, bytes);
        return false;
    }
    const size_t reg_count = c->reg_count < LP_CRASH_REGS_MAX ? c->reg_count : LP_CRASH_REGS_MAX;
    lp_buf_t out = lp_buf(area, bytes - MISSED_BYTES - CRC_BYTES);
    put_head(&out, c, reg_count);
    put_registers(&out, c, reg_count);
    const size_t room = out.cap - out.len - 4; // without the two lengths
    put_stack(&out, c, c->log_ring.len > 0 ? room - room / LOG_SHARE : room);
    put_log(&out, c->log_ring, out.cap - out.len - 2);
    lp_put_le16(area + 6, (uint16_t)(out.len + CRC_BYTES));
    lp_put_le32(area + out.len, lp_crc32(0, lp_span(area, out.len)));
    return true;
}

// -- reading

bool lp_crash_is_dump(lp_span_t dump)
{
    return dump.len >= LP_CRASH_MIN && memcmp(dump.ptr, magic, sizeof magic) == 0 &&
           lp_get_le16(dump.ptr + 4) == LP_CRASH_VERSION && lp_get_le16(dump.ptr + 6) == dump.len &&
           lp_crc32(0, lp_span(dump.ptr, dump.len - CRC_BYTES)) ==
               lp_get_le32(dump.ptr + dump.len - CRC_BYTES);
}

lp_span_t lp_crash_kept(const uint8_t *area, size_t bytes)
{
    const size_t len = lp_get_le16(area + 6);
    if (len > bytes - MISSED_BYTES || !lp_crash_is_dump(lp_span(area, len))) {
        return lp_span(area, 0);
    }
    return lp_span(area, len);
}

uint32_t lp_crash_missed(const uint8_t *area, size_t bytes)
{
    const uint8_t *at = area + bytes - MISSED_BYTES;
    const uint32_t missed = lp_get_le32(at + 4);
    return lp_get_le32(at) == MISSED_MARK && lp_get_le32(at + 8) == (uint32_t)~missed ? missed : 0;
}

void lp_crash_forget(uint8_t *area, size_t bytes)
{
    lp_wipe(area, bytes);
}

const char *lp_crash_reason_name(unsigned reason)
{
    static const char *const names[] = {
        [LP_CRASH_FAULT] = "fault",
        [LP_CRASH_PANIC] = "panic",
        [LP_CRASH_WATCHDOG] = "watchdog",
        [LP_CRASH_STACK] = "stack",
    };
    return reason < sizeof names / sizeof names[0] ? names[reason] : NULL;
}
