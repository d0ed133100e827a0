// SPDX-License-Identifier: Apache-2.0
#include "limpet/log_ring.h"

#include <stdatomic.h>
#include <string.h>

#include "limpet/crc.h"
#include "limpet/endian.h"

enum {
    MAGIC = 0x4752504C, // "LPRG"
    HEADS_BYTES = 2 * LP_LOG_RING_HEAD,
    HEAD_CRC_AT = 28,
    LINE_HEAD = 16,
    LINE_CRC_AT = 12,
    LINE_MARK = 0x5A,
};

// -- bytes of the lines, round and round

static void copy_in(lp_log_ring_t *r, uint32_t at, const uint8_t *from, uint32_t len)
{
    const uint32_t first = len < r->bytes_ - at ? len : r->bytes_ - at;
    memcpy(r->memory_ + HEADS_BYTES + at, from, first);
    memcpy(r->memory_ + HEADS_BYTES, from + first, len - first);
}

static void copy_out(const lp_log_ring_t *r, uint32_t at, uint8_t *to, uint32_t len)
{
    const uint32_t first = len < r->bytes_ - at ? len : r->bytes_ - at;
    memcpy(to, r->memory_ + HEADS_BYTES + at, first);
    memcpy(to + first, r->memory_ + HEADS_BYTES, len - first);
}

static uint32_t round_off(const lp_log_ring_t *r, uint32_t at)
{
    return at < r->bytes_ ? at : at - r->bytes_;
}

// -- headers

static void commit(lp_log_ring_t *r)
{
    uint8_t head[LP_LOG_RING_HEAD];
    const uint32_t words[] = {MAGIC,       ++r->generation_, r->nonce, r->start,
                              r->first_id, r->at_,           r->used_};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        lp_put_le32(head + 4 * i, words[i]);
    }
    lp_put_le32(head + HEAD_CRC_AT, lp_crc32(0, lp_span(head, HEAD_CRC_AT)));
    // A restart sees memory in the order of the program: what a header tells of is there before.
    atomic_signal_fence(memory_order_seq_cst);
    memcpy(r->memory_ + (size_t)(r->generation_ & 1) * LP_LOG_RING_HEAD, head, sizeof head);
    atomic_signal_fence(memory_order_seq_cst);
}

static bool read_head(lp_log_ring_t *r, const uint8_t *head)
{
    if (lp_get_le32(head) != MAGIC ||
        lp_get_le32(head + HEAD_CRC_AT) != lp_crc32(0, lp_span(head, HEAD_CRC_AT))) {
        return false;
    }
    r->generation_ = lp_get_le32(head + 4);
    r->nonce = lp_get_le32(head + 8);
    r->start = lp_get_le32(head + 12);
    r->first_id = lp_get_le32(head + 16);
    r->at_ = lp_get_le32(head + 20);
    r->used_ = lp_get_le32(head + 24);
    return r->at_ < r->bytes_ && r->used_ <= r->bytes_;
}

static bool read_newest_head(lp_log_ring_t *r)
{
    lp_log_ring_t other = *r;
    const bool has_first = read_head(r, r->memory_);
    if (!read_head(&other, r->memory_ + LP_LOG_RING_HEAD)) {
        return has_first;
    }
    if (!has_first || (int32_t)(other.generation_ - r->generation_) > 0) {
        *r = other;
    }
    return true;
}

// -- lines

// The line at `at`, of which `left` bytes can be there at most. 0: it is damaged; else its bytes.
static uint32_t read_line(const lp_log_ring_t *r, uint32_t at, uint32_t left,
                          uint8_t text[LP_LOG_LINE_MAX], lp_log_ring_line_t *line)
{
    uint8_t head[LINE_HEAD];
    if (left < LINE_HEAD) {
        return 0;
    }
    copy_out(r, at, head, LINE_HEAD);
    const uint32_t len = lp_get_le16(head);
    if (len > LP_LOG_LINE_MAX || len > left - LINE_HEAD || head[2] > LP_LOG_DEBUG ||
        head[3] != LINE_MARK) {
        return 0;
    }
    copy_out(r, round_off(r, at + LINE_HEAD), text, len);
    const uint32_t crc = lp_crc32(lp_crc32(0, lp_span(head, LINE_CRC_AT)), lp_span(text, len));
    if (crc != lp_get_le32(head + LINE_CRC_AT)) {
        return 0;
    }
    *line = (lp_log_ring_line_t){.id = lp_get_le32(head + 4),
                                 .start = lp_get_le32(head + 8),
                                 .level = (lp_log_level_t)head[2],
                                 .text = lp_span(text, len)};
    return LINE_HEAD + len;
}

// What comes behind a damaged line cannot be found and does not count.
static void check_lines(lp_log_ring_t *r)
{
    uint8_t text[LP_LOG_LINE_MAX];
    lp_log_ring_line_t line;
    uint32_t seen = 0;
    r->next_id = r->first_id;
    while (seen < r->used_) {
        const uint32_t bytes =
            read_line(r, round_off(r, r->at_ + seen), r->used_ - seen, text, &line);
        if (bytes == 0 || line.id != r->next_id) {
            break;
        }
        seen += bytes;
        r->next_id++;
    }
    r->used_ = seen;
}

// Its length is all that is needed of a line that goes.
static void drop_oldest(lp_log_ring_t *r)
{
    uint8_t len[2];
    copy_out(r, r->at_, len, sizeof len);
    const uint32_t told = LINE_HEAD + lp_get_le16(len);
    const uint32_t bytes = told < r->used_ ? told : r->used_;
    r->at_ = round_off(r, r->at_ + bytes);
    r->used_ -= bytes;
    r->first_id++;
}

// -- what others call

static uint8_t *writable(const uint8_t *memory)
{
    union {
        const uint8_t *borrowed;
        uint8_t *memory;
    } u = {.borrowed = memory}; // look() does not write
    return u.memory;
}

bool lp_log_ring_look(lp_log_ring_t *ring, const uint8_t *memory, size_t bytes)
{
    if (bytes < LP_LOG_RING_BYTES_MIN) {
        return false;
    }
    *ring = (lp_log_ring_t){.memory_ = writable(memory), .bytes_ = (uint32_t)bytes - HEADS_BYTES};
    if (!read_newest_head(ring)) {
        return false;
    }
    check_lines(ring);
    return true;
}

static void put(void *ctx, lp_log_level_t level, lp_span_t line)
{
    lp_log_ring_put(ctx, level, line);
}

void lp_log_ring_open(lp_log_ring_t *ring, uint8_t *memory, size_t bytes, uint32_t nonce)
{
    if (!lp_log_ring_look(ring, memory, bytes)) {
        *ring = (lp_log_ring_t){.memory_ = memory,
                                .bytes_ = (uint32_t)bytes - HEADS_BYTES,
                                .nonce = nonce,
                                .first_id = 1,
                                .next_id = 1};
        memset(memory, 0, HEADS_BYTES);
    }
    ring->start++;
    ring->sink_ = (lp_log_sink_t){.put = put, .ctx = ring};
    commit(ring);
}

lp_log_sink_t *lp_log_ring_sink(lp_log_ring_t *ring)
{
    return &ring->sink_;
}

void lp_log_ring_put(lp_log_ring_t *ring, lp_log_level_t level, lp_span_t text)
{
    uint8_t head[LINE_HEAD] = {0};
    const uint32_t len = (uint32_t)(text.len < LP_LOG_LINE_MAX ? text.len : LP_LOG_LINE_MAX);
    if (ring->bytes_ - ring->used_ < LINE_HEAD + len) {
        while (ring->bytes_ - ring->used_ < LINE_HEAD + len) {
            drop_oldest(ring);
        }
        commit(ring); // before what they were is written over
    }
    lp_put_le16(head, (uint16_t)len);
    head[2] = (uint8_t)level;
    head[3] = LINE_MARK;
    lp_put_le32(head + 4, ring->next_id);
    lp_put_le32(head + 8, ring->start);
    lp_put_le32(head + LINE_CRC_AT,
                lp_crc32(lp_crc32(0, lp_span(head, LINE_CRC_AT)), lp_span(text.ptr, len)));
    const uint32_t at = round_off(ring, ring->at_ + ring->used_);
    copy_in(ring, at, head, LINE_HEAD);
    copy_in(ring, round_off(ring, at + LINE_HEAD), text.ptr, len);
    ring->used_ += LINE_HEAD + len;
    ring->next_id++;
    commit(ring);
}

bool lp_log_ring_get(const lp_log_ring_t *ring, uint32_t id, uint8_t text[LP_LOG_LINE_MAX],
                     lp_log_ring_line_t *line)
{
    uint32_t seen = 0;
    while (seen < ring->used_) {
        const uint32_t bytes =
            read_line(ring, round_off(ring, ring->at_ + seen), ring->used_ - seen, text, line);
        if (bytes == 0) {
            return false;
        }
        if ((int32_t)(line->id - id) >= 0) {
            return true;
        }
        seen += bytes;
    }
    return false;
}
