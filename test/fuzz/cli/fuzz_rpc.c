// SPDX-License-Identifier: Apache-2.0
// Bytes of a board: whatever way they are cut into pieces, the same lines come out.
#include <cjson/cJSON.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "limpet/rpc_frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static lp_rpc_reader_t reader;

// A number for the lines that `data` makes when it arrives in pieces of `piece` bytes.
static uint32_t digest(const uint8_t *data, size_t size, size_t piece)
{
    uint32_t sum = 0;
    lp_rpc_reader_reset(&reader);
    for (size_t at = 0; at < size; at += piece) {
        size_t n = size - at < piece ? size - at : piece;
        for (size_t used = 0;;) {
            const char *text = NULL;
            cJSON *frame = NULL;
            lp_rpc_line_t kind = lp_rpc_reader_feed(&reader, data + at, n, &used, &text, &frame);
            if (kind == LP_RPC_LINE_NONE) {
                break;
            }
            sum = sum * 31u + (uint32_t)kind;
            sum += text != NULL ? lp_rpc_crc32(text, strlen(text)) : 0u;
            if ((frame != NULL) != (kind == LP_RPC_LINE_FRAME)) {
                abort();
            }
            cJSON_Delete(frame);
        }
    }
    return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint32_t whole = digest(data, size, size > 0 ? size : 1);
    if (whole != digest(data, size, 1) || whole != digest(data, size, 7)) {
        abort();
    }
    return 0;
}
