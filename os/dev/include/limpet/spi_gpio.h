// SPDX-License-Identifier: Apache-2.0
// limpet/spi_gpio.h - an SPI bus on pins of limpet/gpio.h, moved by limpet/spibb.h.
//
// Halves of a clock are waited for by the port's microsecond clock, and are up to two microseconds
// longer than asked for: whatever the rate, a byte takes some 30 us at least.
// @context loop
#ifndef LIMPET_SPI_GPIO_H
#define LIMPET_SPI_GPIO_H

#include "limpet/gpio.h"
#include "limpet/spibb.h"

enum { LP_SPI_GPIO_SELECTS = 4, LP_SPI_GPIO_NO_PIN = 0xFFFF };

typedef struct {
    uint16_t clock;
    uint16_t data_out; // to the parts; LP_SPI_GPIO_NO_PIN: nobody is told anything
    uint16_t data_in;  // from them; LP_SPI_GPIO_NO_PIN: nobody says anything, which reads as ones
    uint16_t selects[LP_SPI_GPIO_SELECTS]; // active low, by the number of the line
    uint8_t select_count;
} lp_spi_gpio_setup_t;

// Caller-owned; the bus to hand to a driver is &line->bb.bus. Other fields private.
typedef struct {
    lp_spibb_t bb; // must stay first
    lp_spibb_pins_t pins_;
    lp_gpio_t clock_, out_, in_, selects_[LP_SPI_GPIO_SELECTS];
    uint8_t select_count_;
    bool has_out_, has_in_;
} lp_spi_gpio_t;

// Takes the pins (lends the rest), with nobody selected. Errors of lp_gpio_open(), then none is
// taken; LP_E_RANGE: there are more select lines.
lp_err_t lp_spi_gpio_open(lp_spi_gpio_t *line, lp_loop_t *loop, const lp_spi_gpio_setup_t *setup);
// Gives the pins back. No transfer may be under way.
void lp_spi_gpio_close(lp_spi_gpio_t *line);

#endif
