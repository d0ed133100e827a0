// SPDX-License-Identifier: Apache-2.0
// Transfers of a bus as the trace commands read them from files.
#ifndef LP_CLI_CHIP_TRACE_H
#define LP_CLI_CHIP_TRACE_H

#include "common.h"

typedef struct {
    uint64_t us;
    uint8_t addr;
    bool wake;
    bool read;
    bool ack;
    uint8_t bytes[600];
    size_t len;
} lp_chip_transfer_t;

typedef void lp_chip_transfer_fn(void *ctx, const lp_chip_transfer_t *t);

// Calls `each` for every transfer. 0, or the number of the line that is not understood.
int lp_chip_read_csv(FILE *f, lp_chip_transfer_fn *each, void *ctx);
int lp_chip_read_log(FILE *f, lp_chip_transfer_fn *each, void *ctx);

#endif
