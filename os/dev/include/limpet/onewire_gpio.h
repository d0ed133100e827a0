// SPDX-License-Identifier: Apache-2.0
// limpet/onewire_gpio.h - a one-wire bus made of one pin with a resistor to the supply.
//
// Times come from the port's microsecond clock. Interrupts are kept out where a part would take a
// longer time for something else: 14 us of a one or of a bit that is read, 61 us of a zero, 72 us
// around the presence pulse. A byte, 0.6 ms, is moved a turn of the loop. If the core was held up
// in spite of that (by an interrupt that cannot be kept out, or a flash that is slow), no bit is
// guessed: the transfer ends with LP_E_TIMEOUT.
//
// Feeding parts over the wire needs a pin that drives high as well; it begins within microseconds
// behind the last bit.
// @source Maxim application note 126, 1-Wire Communication Through Software; 19-7487 (DS18B20)
// @context loop
#ifndef LIMPET_ONEWIRE_GPIO_H
#define LIMPET_ONEWIRE_GPIO_H

#include "limpet/gpio.h"
#include "limpet/onewire.h"

// Caller-owned; the bus to hand to a driver is &line->bus. Other fields private.
typedef struct {
    lp_onewire_t bus; // must stay first
    uint32_t late;    // bits that were lost because the core was held up
    lp_gpio_t gpio_;
    lp_event_t event_;
    uint8_t step_;
    uint8_t value_;
    bool is_fed_;     // behind this step
    bool is_feeding_; // now
} lp_onewire_gpio_t;

// Takes the pin (lends the rest) and switches its own pull-up on where it has one. Errors of
// lp_gpio_open(); LP_E_UNSUPPORTED: it is no open drain.
lp_err_t lp_onewire_gpio_open(lp_onewire_gpio_t *line, lp_loop_t *loop, uint16_t pin);
// Gives the pin back. No transfer may be under way.
void lp_onewire_gpio_close(lp_onewire_gpio_t *line);

#endif
