// SPDX-License-Identifier: Apache-2.0
// The board's SPI controllers in their loop-back mode, which QEMU models: what is sent comes back,
// in each mode, at each rate, more than a FIFO of it. Says a line for each bus.
#include <string.h>

#include "limpet/bare.h"
#include "limpet/bare_hw.h"
#include "limpet/fmt.h"
#include "limpet/mps2.h"
#include "limpet/port/clock.h"
#include "limpet/port/system.h"

enum { BYTES = 300, LIMIT_MS = 5000, EXIT_BAD = 1 };

int lp_board_main(void);

static lp_loop_t loop;
static bool is_done;
static lp_err_t result;
static uint8_t tx[BYTES], rx[BYTES];

static void on_done(void *ctx, lp_err_t err)
{
    (void)ctx;
    is_done = true;
    result = err;
}

static lp_err_t transfer(lp_spi_bus_t *bus, const lp_spi_device_t *to, size_t from, size_t len)
{
    lp_spi_xfer_t x = {.to = to,
                       .tx = lp_span(tx, BYTES - 50),
                       .rx = rx,
                       .rx_from = from,
                       .rx_len = len,
                       .done = on_done};
    is_done = false;
    const lp_err_t err = lp_spi_start(bus, &x);
    const uint64_t end_ms = lp_port_now_ms() + LIMIT_MS;
    while (err == LP_OK && !is_done && lp_port_now_ms() < end_ms) {
        lp_loop_turn(&loop, 10);
    }
    return err != LP_OK ? err : is_done ? result : LP_E_TIMEOUT;
}

// The first `from` bytes are dropped, the last 50 are the filling.
static bool comes_back(lp_spi_bus_t *bus, const lp_spi_device_t *to, size_t from)
{
    memset(rx, 0, sizeof rx);
    if (transfer(bus, to, from, BYTES - from) != LP_OK) {
        return false;
    }
    for (size_t i = from; i < BYTES; i++) {
        if (rx[i - from] != (i < BYTES - 50 ? tx[i] : LP_SPI_FILL)) {
            return false;
        }
    }
    return true;
}

static bool test(unsigned n)
{
    static const uint32_t rates[] = {12500000, 1000000, 3000, 400};
    char line[80];
    lp_spi_bus_t *bus = lp_mps2_spi_open(&loop, (lp_mps2_spi_t)n, true);
    const uint32_t interrupts = lp_hw_interrupts();
    unsigned good = 0;
    for (uint8_t mode = 0; mode < 4; mode++) {
        for (size_t r = 0; r < sizeof rates / sizeof rates[0]; r++) {
            const lp_spi_device_t to = {.mode = mode, .rate_hz = rates[r]};
            good += comes_back(bus, &to, 0) && comes_back(bus, &to, 17) ? 1 : 0;
        }
    }
    const lp_spi_device_t slow = {.mode = 0, .rate_hz = 100};
    const lp_spi_device_t other = {.select = 1, .mode = 0, .rate_hz = 1000000};
    // A FIFO holds 8 bytes, and is served when there are 4 or more: never by asking.
    const bool is_served = lp_hw_interrupts() - interrupts >= 2 * 16 * (BYTES / 8);
    const lp_err_t too_slow = transfer(bus, &slow, 0, 1);
    const lp_err_t no_line = transfer(bus, &other, 0, 1);
    (void)lp_fmt_str(line, sizeof line, "spi %u good %u interrupts %s slow %s line %s", n, good,
                     is_served ? "yes" : "no", lp_err_name(too_slow), lp_err_name(no_line));
    lp_port_log_line(line, strlen(line));
    return good == 16;
}

int lp_board_main(void)
{
    bool is_good = lp_bare_init(&loop) == LP_OK;
    lp_loop_init(&loop);
    for (unsigned i = 0; i < BYTES; i++) {
        tx[i] = (uint8_t)(i * 7 + 1);
    }
    for (unsigned n = 0; is_good && n < LP_MPS2_SPI_BUSES; n++) {
        is_good = test(n);
    }
    lp_loop_turn(&loop, 100); // the console speaks
    return is_good ? 0 : EXIT_BAD;
}
