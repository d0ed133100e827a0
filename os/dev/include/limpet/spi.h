// SPDX-License-Identifier: Apache-2.0
// limpet/spi.h - an SPI bus master, split-phase, for several drivers that know nothing of each
// other: transfers run one after another in the order in which they were started.
//
// Implementations: os/dev/spi (pins), ports/qemu-mps2 (PL022), test doubles. Bytes go with the
// highest bit first.
// @context loop
#ifndef LIMPET_SPI_H
#define LIMPET_SPI_H

#include "limpet/loop.h"
#include "limpet/span.h"

enum { LP_SPI_FILL = 0xFF }; // what is sent while only reading

typedef struct lp_spi_bus lp_spi_bus_t;

// How a part wants to be spoken to. Static, or as long as its transfers.
typedef struct {
    uint8_t select;   // number of its chip select line on this bus, which is active low
    uint8_t mode;     // 0 to 3: clock idles at mode / 2; bits are sampled at the edge mode % 2
    uint32_t rate_hz; // at most
} lp_spi_device_t;

// LP_OK, LP_E_IO, or another error of the implementation.
typedef void lp_spi_done_fn(void *ctx, lp_err_t err);

// One selection: as many bytes as `tx` and what is read want, each sent and received at once.
typedef struct lp_spi_xfer {
    const lp_spi_device_t *to; // lends until done
    lp_span_t tx;              // lends until done; behind it LP_SPI_FILL is sent
    uint8_t *rx;               // lends until done; may be null when rx_len is 0
    size_t rx_from;            // so many received bytes are dropped; tx.len for write-then-read
    size_t rx_len;
    lp_spi_done_fn *done;
    void *ctx;
    struct lp_spi_xfer *next_;
} lp_spi_xfer_t;

typedef struct {
    // LP_OK: lp_spi_finished() is called later, once, from the loop. LP_E_UNSUPPORTED: no such
    // select line, mode or rate.
    lp_err_t (*begin)(lp_spi_bus_t *bus, const lp_spi_xfer_t *xfer);
} lp_spi_ops_t;

// Caller-owned; private. An implementation has it as its first member.
struct lp_spi_bus {
    const lp_spi_ops_t *ops_;
    lp_loop_t *loop_;
    lp_spi_xfer_t *head_; // under way; the others wait
    lp_spi_xfer_t *tail_;
    lp_event_t event_;
};

// LP_OK: done() comes later, once. `xfer` lends until then. LP_E_INVALID: nothing to do, a mode
// that is none, or bytes wanted and no room for them.
lp_err_t lp_spi_start(lp_spi_bus_t *bus, lp_spi_xfer_t *xfer);

// -- for implementations

// Lends all.
void lp_spi_init(lp_spi_bus_t *bus, lp_loop_t *loop, const lp_spi_ops_t *ops);
// How the transfer under way ended.
void lp_spi_finished(lp_spi_bus_t *bus, lp_err_t err);
// How many bytes a transfer has; the one to send at `i`, and where the one received there belongs.
size_t lp_spi_len(const lp_spi_xfer_t *xfer);
uint8_t lp_spi_out(const lp_spi_xfer_t *xfer, size_t i);
void lp_spi_in(const lp_spi_xfer_t *xfer, size_t i, uint8_t byte);

#endif
