// SPDX-License-Identifier: Apache-2.0
#include "limpet/bare_uart.h"

#include "limpet/port/irq.h"

enum { FLUSH_TURNS = 1000000 };

void lp_bare_uart_init(lp_bare_uart_t *u, uint8_t *rx, size_t rx_bytes, uint8_t *tx,
                       size_t tx_bytes, void (*serve)(lp_bare_uart_t *u))
{
    (void)lp_ring_init(&u->rx, rx, rx_bytes);
    (void)lp_ring_init(&u->tx, tx, tx_bytes);
    u->serve = serve;
}

static void serve(lp_bare_uart_t *u)
{
    const uint32_t state = lp_port_irq_save();
    u->serve(u);
    lp_port_irq_restore(state);
}

void lp_bare_uart_flush(lp_bare_uart_t *u)
{
    for (uint32_t i = 0; i < FLUSH_TURNS && lp_ring_used(&u->tx) > 0; i++) {
        serve(u);
    }
}

bool lp_bare_uart_has_input(void *ctx)
{
    const lp_bare_uart_t *u = ctx;
    return lp_ring_used(&u->rx) > 0;
}

size_t lp_bare_uart_read(void *ctx, uint8_t *buf, size_t cap)
{
    lp_bare_uart_t *u = ctx;
    const size_t n = lp_ring_get(&u->rx, buf, cap);
    serve(u); // there is room for what the device holds
    return n;
}

size_t lp_bare_uart_room(void *ctx)
{
    const lp_bare_uart_t *u = ctx;
    return lp_ring_free(&u->tx);
}

size_t lp_bare_uart_write(void *ctx, const uint8_t *data, size_t len)
{
    lp_bare_uart_t *u = ctx;
    const size_t n = lp_ring_put(&u->tx, lp_span(data, len));
    serve(u);
    return n;
}
