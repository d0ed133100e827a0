// SPDX-License-Identifier: Apache-2.0
// SET_UP -> for each page with changes: WINDOW -> CHUNK ... -> SWITCH_ON -> done
// only when not ready                                          only when not ready
#include "limpet/ssd1306.h"

#include <string.h>

enum { SET_UP, WINDOW, CHUNK, SWITCH_ON };
enum { I2C_COMMANDS = 0x00, I2C_DATA = 0x40, ROWS_OF_A_PAGE = 8 };

static lp_err_t send(lp_ssd1306_t *d, bool is_data, size_t len)
{
    return d->send_(d, is_data, len);
}

static void end(lp_ssd1306_t *d, lp_err_t err)
{
    d->is_busy_ = false;
    d->is_ready_ = err == LP_OK;
    if (d->done_ != NULL) {
        d->done_(d->ctx_, err);
    }
}

// -- what is sent

static size_t put_commands(lp_ssd1306_t *d, const uint8_t *commands, size_t len)
{
    memcpy(d->tx_ + 1, commands, len);
    return len;
}

// Off, timing and wiring of the glass, the charge pump, then a memory that is walked in rows of
// bytes. Chapter 3 of the sheet's application note.
static size_t compose_set_up(lp_ssd1306_t *d)
{
    const bool is_high = d->canvas_->height > 32;
    const uint8_t rows = (uint8_t)(d->canvas_->height - 1);
    const uint8_t commands[] = {
        0xAE,                        // off
        0xD5, 0x80,                  // clock
        0xA8, rows,                  // multiplex ratio
        0xD3, 0x00,                  // no offset
        0x40,                        // start line 0
        0x8D, 0x14,                  // charge pump on
        0x20, 0x00,                  // memory in rows
        0xA1, 0xC8,                  // as modules are mounted: connector on top
        0xDA, is_high ? 0x12 : 0x02, // how the glass is wired
        0x81, is_high ? 0xCF : 0x8F, // contrast
        0xD9, 0xF1,                  // pre-charge
        0xDB, 0x40,                  // VCOMH
        0xA4, 0xA6,                  // what the memory has, not inverted
    };
    return put_commands(d, commands, sizeof commands);
}

static size_t compose_window(lp_ssd1306_t *d)
{
    const uint8_t commands[] = {0x21, (uint8_t)d->at_, (uint8_t)(d->to_ - 1),
                                0x22, d->page_,        d->page_};
    return put_commands(d, commands, sizeof commands);
}

static size_t compose_chunk(lp_ssd1306_t *d)
{
    const size_t left = (size_t)(d->to_ - d->at_);
    const size_t len = left < LP_SSD1306_CHUNK ? left : LP_SSD1306_CHUNK;
    memcpy(d->tx_ + 1, d->canvas_->dots + (size_t)d->page_ * LP_SSD1306_WIDTH + (size_t)d->at_,
           len);
    d->at_ = (int16_t)(d->at_ + (int16_t)len);
    return len;
}

static size_t compose_on(lp_ssd1306_t *d)
{
    d->tx_[1] = 0xAF;
    return 1;
}

static size_t compose(lp_ssd1306_t *d)
{
    switch (d->step_) {
    case SET_UP:
        return compose_set_up(d);
    case WINDOW:
        return compose_window(d);
    case CHUNK:
        return compose_chunk(d);
    default:
        return compose_on(d);
    }
}

// -- in which order

// Takes the next page that has changes; what is drawn on it from now on counts as a new change.
static bool take_page(lp_ssd1306_t *d)
{
    lp_canvas_t *c = d->canvas_;
    for (; d->page_ * ROWS_OF_A_PAGE < c->height; d->page_++) {
        if (c->dirty_[d->page_].from < c->dirty_[d->page_].to) {
            d->at_ = c->dirty_[d->page_].from;
            d->to_ = c->dirty_[d->page_].to;
            c->dirty_[d->page_].to = c->dirty_[d->page_].from;
            return true;
        }
    }
    return false;
}

static void start_step(lp_ssd1306_t *d, uint8_t step)
{
    d->step_ = step;
    const size_t len = compose(d);
    const lp_err_t err = send(d, step == CHUNK, len);
    if (err != LP_OK) {
        end(d, err);
    }
}

static void next_page(lp_ssd1306_t *d)
{
    if (take_page(d)) {
        start_step(d, WINDOW);
    } else if (!d->is_ready_) {
        start_step(d, SWITCH_ON);
    } else {
        end(d, LP_OK);
    }
}

static void on_sent(void *ctx, lp_err_t err)
{
    lp_ssd1306_t *d = ctx;
    if (err != LP_OK || d->step_ == SWITCH_ON) {
        end(d, err);
    } else if (d->step_ == SET_UP) {
        next_page(d);
    } else if (d->at_ < d->to_) {
        start_step(d, CHUNK);
    } else {
        d->page_++;
        next_page(d);
    }
}

// -- the two buses

static lp_err_t send_i2c(lp_ssd1306_t *d, bool is_data, size_t len)
{
    d->tx_[0] = is_data ? I2C_DATA : I2C_COMMANDS;
    d->i2c_xfer_ = (lp_i2c_xfer_t){.op = LP_I2C_WRITE,
                                   .addr = d->addr_,
                                   .tx = lp_span(d->tx_, 1 + len),
                                   .done = on_sent,
                                   .ctx = d};
    return lp_i2c_start(d->i2c_, &d->i2c_xfer_);
}

// Nothing of the display is on the bus when the pin moves: its last transfer is over.
static lp_err_t send_spi(lp_ssd1306_t *d, bool is_data, size_t len)
{
    d->set_data_(d->pin_ctx_, is_data);
    d->spi_xfer_ = (lp_spi_xfer_t){
        .to = &d->device_, .tx = lp_span(d->tx_ + 1, len), .done = on_sent, .ctx = d};
    return lp_spi_start(d->spi_, &d->spi_xfer_);
}

static bool is_fitting(const lp_canvas_t *c)
{
    return c->width == LP_SSD1306_WIDTH && (c->height == 32 || c->height == 64);
}

lp_err_t lp_ssd1306_init_i2c(lp_ssd1306_t *d, lp_i2c_bus_t *bus, uint8_t addr, lp_canvas_t *canvas)
{
    *d = (lp_ssd1306_t){.canvas_ = canvas, .send_ = send_i2c, .i2c_ = bus, .addr_ = addr};
    return is_fitting(canvas) ? LP_OK : LP_E_RANGE;
}

lp_err_t lp_ssd1306_init_spi(lp_ssd1306_t *d, lp_spi_bus_t *bus, const lp_spi_device_t *device,
                             void (*set_data)(void *ctx, bool is_data), void *ctx,
                             lp_canvas_t *canvas)
{
    *d = (lp_ssd1306_t){.canvas_ = canvas,
                        .send_ = send_spi,
                        .spi_ = bus,
                        .device_ = *device,
                        .set_data_ = set_data,
                        .pin_ctx_ = ctx};
    return is_fitting(canvas) ? LP_OK : LP_E_RANGE;
}

static void touch_all(lp_canvas_t *c)
{
    for (int page = 0; page * ROWS_OF_A_PAGE < c->height; page++) {
        c->dirty_[page].from = 0;
        c->dirty_[page].to = c->width;
    }
}

// The first transfer starts at once; when it cannot, nothing has begun.
lp_err_t lp_ssd1306_show(lp_ssd1306_t *d, lp_ssd1306_done_fn *done, void *ctx)
{
    if (d->is_busy_) {
        return LP_E_BUSY;
    }
    d->done_ = done;
    d->ctx_ = ctx;
    d->page_ = 0;
    if (!d->is_ready_) {
        touch_all(d->canvas_);
    } else if (!take_page(d)) {
        d->page_ = 0;
        d->at_ = 0;
        d->to_ = 1; // nothing has changed: one byte again, whose end is the end
    }
    d->step_ = d->is_ready_ ? WINDOW : SET_UP;
    const lp_err_t err = send(d, false, compose(d));
    d->is_busy_ = err == LP_OK;
    d->is_ready_ = d->is_ready_ && err == LP_OK; // what was taken of a page must be sent again
    return err;
}
