// SPDX-License-Identifier: Apache-2.0
// limpet/log_ring.h - the last lines of the log, in memory that a restart leaves alone.
//
// Two headers, each with its own CRC, written in turn; a line is in the ring once a header says so,
// and each line has a CRC of its own. A restart in the middle of a put loses that line at most. The
// memory is hostile input when it is opened: whatever it holds, open() ends and the ring is usable.
//
//   header | magic "LPRG" | generation u32 | nonce u32 | start u32 | first id u32 | at u32 |
//          | used u32 | CRC-32 of the 28 bytes before |   twice, then the lines, round and round:
//   line   | length u16 | level u8 | 0x5A | id u32 | start u32 | CRC-32 of the 12 bytes and the
//   text
//          | text
#ifndef LIMPET_LOG_RING_H
#define LIMPET_LOG_RING_H

#include "limpet/log.h"

enum { LP_LOG_RING_BYTES_MIN = 512, LP_LOG_RING_HEAD = 32 };

typedef struct {
    uint8_t *memory_;
    uint32_t bytes_; // behind the headers
    uint32_t generation_;
    uint32_t at_; // the oldest line
    uint32_t used_;
    uint32_t nonce;    // another one means that another ring was here before
    uint32_t start;    // grows with each open()
    uint32_t first_id; // of the oldest line
    uint32_t next_id;  // of the line that comes next; lines are numbered without a gap
    lp_log_sink_t sink_;
} lp_log_ring_t;

typedef struct {
    uint32_t id;
    uint32_t start; // of the ring when it was written
    lp_log_level_t level;
    lp_span_t text; // in the caller's buffer
} lp_log_ring_line_t;

// Takes over `memory` (lends; of LP_LOG_RING_BYTES_MIN at least) with the lines that are whole in
// it. `nonce`, a random number, is the name of a ring that begins empty.
void lp_log_ring_open(lp_log_ring_t *ring, uint8_t *memory, size_t bytes, uint32_t nonce);

// The same, without changing anything: for who looks at what is left of a ring, from wherever.
// False: there is none.
// @context loop, interrupt, signal handler
bool lp_log_ring_look(lp_log_ring_t *ring, const uint8_t *memory, size_t bytes);

// The sink that puts each line into the ring, for lp_log_add_sink().
lp_log_sink_t *lp_log_ring_sink(lp_log_ring_t *ring);

// Adds a line; the oldest ones make room.
void lp_log_ring_put(lp_log_ring_t *ring, lp_log_level_t level, lp_span_t text);

// The line `id`, or the oldest one that there still is. False: there is none from `id` on.
bool lp_log_ring_get(const lp_log_ring_t *ring, uint32_t id, uint8_t text[LP_LOG_LINE_MAX],
                     lp_log_ring_line_t *line);

#endif
