// SPDX-License-Identifier: Apache-2.0
// limpet/rpc_frame.h - RPC frames on a byte stream, without any I/O: bytes in, lines out.
//
// A frame is one line of JSON, with a CRC-32 (eight lower-case hex digits) behind the closing brace
// when the sender adds one; every other line is log text. @source docs/rpc.md
#ifndef LIMPET_RPC_FRAME_H
#define LIMPET_RPC_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cJSON;

enum {
    LP_RPC_MAX_REQUEST = 6144, // what a board accepts
    LP_RPC_MAX_LINE = 65536,   // what the tool accepts
    LP_RPC_TAIL = 9,           // checksum and line end of a request
};

typedef enum {
    LP_RPC_LINE_NONE,    // no whole line yet
    LP_RPC_LINE_EMPTY,   // an answer to the opening
    LP_RPC_LINE_LOG,     // text
    LP_RPC_LINE_FRAME,   // JSON; CRC right or absent
    LP_RPC_LINE_DAMAGED, // began like a frame, but JSON or CRC is wrong
    LP_RPC_LINE_TOO_LONG // dropped up to its end
} lp_rpc_line_t;

// Assembles lines from bytes as they arrive.
typedef struct {
    char line_[LP_RPC_MAX_LINE + 1];
    size_t len_;
    bool is_dropping_;
} lp_rpc_reader_t;

// To start, and again after a reconnect.
void lp_rpc_reader_reset(lp_rpc_reader_t *r);

// Takes bytes from data[*used..len) up to the end of one line. Call until it returns
// LP_RPC_LINE_NONE. For LOG, FRAME and DAMAGED, *text is the line (lends until the next call). For
// FRAME, *frame is a tree that the caller owns (cJSON_Delete). Otherwise the outputs are untouched.
lp_rpc_line_t lp_rpc_reader_feed(lp_rpc_reader_t *r, const uint8_t *data, size_t len, size_t *used,
                                 const char **text, struct cJSON **frame);

// IEEE CRC-32 as zlib and PNG have it.
uint32_t lp_rpc_crc32(const void *data, size_t len);

// {"id":id,"method":method,"params":params} with CRC and newline. `params` (borrows) may be null.
// Returns a malloc'd string, or null when it is longer than a board accepts.
char *lp_rpc_request(uint32_t id, const char *method, const struct cJSON *params);
// The same with a member "auth" (borrows, may be null).
char *lp_rpc_request_with(uint32_t id, const char *method, const struct cJSON *params,
                          const struct cJSON *auth);

#endif
