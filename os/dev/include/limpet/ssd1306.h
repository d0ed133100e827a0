// SPDX-License-Identifier: Apache-2.0
// limpet/ssd1306.h - displays with Solomon Systech's SSD1306, 128 dots wide, 32 or 64 high, on I2C
// or SPI. One draws on a canvas (limpet/canvas.h) and shows it; only what has changed is sent.
//
// The display is set up by the first show, and again by the next one after each error, since it may
// have been unplugged. Drawing while it is being shown is allowed; what was sent before that is
// shown by the next show.
// @source Solomon Systech, SSD1306 rev 1.1: chapters 8.1 (interfaces), 9 and 10 (commands)
// @context loop
#ifndef LIMPET_SSD1306_H
#define LIMPET_SSD1306_H

#include "limpet/canvas.h"
#include "limpet/i2c.h"
#include "limpet/spi.h"

enum {
    LP_SSD1306_ADDR = 0x3C,
    LP_SSD1306_ADDR_HIGH = 0x3D, // as its D/C pin is wired
    LP_SSD1306_WIDTH = 128,
    LP_SSD1306_CHUNK = 64, // dots' bytes in a transfer
};

// LP_OK, LP_E_I2C_NACK (no display answers), or another error of the bus.
typedef void lp_ssd1306_done_fn(void *ctx, lp_err_t err);

// Caller-owned, private.
typedef struct lp_ssd1306 {
    lp_canvas_t *canvas_;
    lp_err_t (*send_)(struct lp_ssd1306 *d, bool is_data, size_t len); // tx_ + 1 on
    lp_i2c_bus_t *i2c_;
    lp_i2c_xfer_t i2c_xfer_;
    uint8_t addr_;
    lp_spi_bus_t *spi_;
    lp_spi_xfer_t spi_xfer_;
    lp_spi_device_t device_;
    void (*set_data_)(void *ctx, bool is_data);
    void *pin_ctx_;
    uint8_t step_;
    bool is_busy_, is_ready_;
    uint8_t page_;
    int16_t at_, to_; // columns of the page that are still to be sent
    uint8_t tx_[1 + LP_SSD1306_CHUNK];
    lp_ssd1306_done_fn *done_;
    void *ctx_;
} lp_ssd1306_t;

// Lends bus and canvas, which is 128 wide and 32 or 64 high. LP_E_RANGE: it is not.
lp_err_t lp_ssd1306_init_i2c(lp_ssd1306_t *d, lp_i2c_bus_t *bus, uint8_t addr, lp_canvas_t *canvas);

// The same on SPI, mode 0, up to 10 MHz. `set_data` sets the display's D/C pin, high for data; no
// other part may use that pin.
lp_err_t lp_ssd1306_init_spi(lp_ssd1306_t *d, lp_spi_bus_t *bus, const lp_spi_device_t *device,
                             void (*set_data)(void *ctx, bool is_data), void *ctx,
                             lp_canvas_t *canvas);

// LP_OK: the display gets what has changed, and done(), which may be null, comes later, once.
// LP_E_BUSY: it is getting it just now.
lp_err_t lp_ssd1306_show(lp_ssd1306_t *d, lp_ssd1306_done_fn *done, void *ctx);

#endif
