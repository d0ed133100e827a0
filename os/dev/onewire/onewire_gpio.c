// SPDX-License-Identifier: Apache-2.0
// One bit is one slot, which begins when the wire falls:
//
//   one, read    low 6 us | let go, look at 14 us | until 70 us
//   zero         low 61 us          | let go      | until 70 us
//   reset        low 480 us ... let go, look 70 us later, until 480 us later
//
// What is waited for is a microsecond more than what must have passed, since the clock's first
// microsecond may have been over nearly.
#include "limpet/onewire_gpio.h"

#include <stddef.h>

#include "limpet/port/clock.h"
#include "limpet/port/irq.h"

enum {
    PULSE_US = 6,      // of a one: 1 to 15
    LOOK_US = 13,      // at the level, behind the falling edge
    LOOK_MAX_US = 15,  // parts hold a zero so long at least
    ZERO_US = 61,      // 60 to 120
    ZERO_MAX_US = 119, // longer may be a reset for some
    SLOT_US = 70,      // with the time in which the wire rises
    RESET_US = 481,    // at least 480
    PRESENCE_US = 70,  // behind the rising edge every part that is there pulls
    PRESENCE_MAX_US = 74,
    RECOVER_US = 480,
};

static const lp_gpio_config_t with_pull = {
    .mode = LP_GPIO_OPEN_DRAIN, .pull = LP_GPIO_PULL_UP, .level = true};
static const lp_gpio_config_t released = {.mode = LP_GPIO_OPEN_DRAIN, .level = true};
static const lp_gpio_config_t feeding = {.mode = LP_GPIO_OUTPUT, .level = true};

static uint64_t now(void)
{
    return lp_port_now_us();
}

// Returns when it is over: not before, and at most what the clock or an interrupt takes later.
static uint64_t wait_until(uint64_t until_us)
{
    uint64_t at_us = now();
    while (at_us < until_us) {
        at_us = now();
    }
    return at_us;
}

// -- slots

static void pull(const lp_onewire_gpio_t *l)
{
    lp_port_gpio_write(l->gpio_.pin, false);
}

static void let_go(const lp_onewire_gpio_t *l)
{
    lp_port_gpio_write(l->gpio_.pin, true);
}

// A short pulse, and whether the wire was high behind it. False: it came too late to mean anything.
static bool short_slot(lp_onewire_gpio_t *l, bool *bit)
{
    const uint32_t irq = lp_port_irq_save();
    const uint64_t fell_us = now();
    pull(l);
    (void)wait_until(fell_us + PULSE_US);
    let_go(l);
    (void)wait_until(fell_us + LOOK_US);
    *bit = lp_port_gpio_read(l->gpio_.pin);
    const uint64_t looked_us = now();
    lp_port_irq_restore(irq);
    (void)wait_until(fell_us + SLOT_US);
    return looked_us - fell_us <= LOOK_MAX_US;
}

static bool zero_slot(lp_onewire_gpio_t *l)
{
    const uint32_t irq = lp_port_irq_save();
    const uint64_t fell_us = now();
    pull(l);
    (void)wait_until(fell_us + ZERO_US);
    let_go(l);
    const uint64_t rose_us = now();
    lp_port_irq_restore(irq);
    (void)wait_until(fell_us + SLOT_US);
    return rose_us - fell_us <= ZERO_MAX_US;
}

// A one that is written and does not come back is a wire that somebody holds.
static lp_err_t write_bit(lp_onewire_gpio_t *l, bool bit)
{
    bool is_high = true;
    const bool is_timely = bit ? short_slot(l, &is_high) : zero_slot(l);
    l->late += is_timely ? 0 : 1;
    if (!is_timely) {
        return LP_E_TIMEOUT;
    }
    return is_high ? LP_OK : LP_E_IO;
}

static lp_err_t read_bit(lp_onewire_gpio_t *l, bool *bit)
{
    const bool is_timely = short_slot(l, bit);
    l->late += is_timely ? 0 : 1;
    return is_timely ? LP_OK : LP_E_TIMEOUT;
}

// -- steps

static lp_err_t reset(lp_onewire_gpio_t *l)
{
    const uint16_t pin = l->gpio_.pin;
    if (!lp_port_gpio_read(pin)) {
        return LP_E_IO;
    }
    pull(l);
    (void)wait_until(now() + RESET_US); // longer does no harm
    const uint32_t irq = lp_port_irq_save();
    let_go(l);
    const uint64_t rose_us = now();
    (void)wait_until(rose_us + PRESENCE_US);
    const bool is_there = !lp_port_gpio_read(pin);
    const uint64_t looked_us = now();
    lp_port_irq_restore(irq);
    (void)wait_until(rose_us + RECOVER_US);
    if (!lp_port_gpio_read(pin)) {
        return LP_E_IO;
    }
    if (!is_there && looked_us - rose_us > PRESENCE_MAX_US) {
        l->late++;
        return LP_E_TIMEOUT;
    }
    return is_there ? LP_OK : LP_E_NOT_FOUND;
}

static lp_err_t write_byte(lp_onewire_gpio_t *l)
{
    lp_err_t err = LP_OK;
    for (unsigned i = 0; i < 8 && err == LP_OK; i++) {
        err = write_bit(l, (l->value_ >> i & 1u) != 0);
    }
    return err;
}

static lp_err_t read_byte(lp_onewire_gpio_t *l, uint8_t *answer)
{
    lp_err_t err = LP_OK;
    unsigned value = 0;
    for (unsigned i = 0; i < 8 && err == LP_OK; i++) {
        bool bit = false;
        err = read_bit(l, &bit);
        value |= bit ? 1u << i : 0;
    }
    *answer = (uint8_t)value;
    return err;
}

// Both ones: nobody takes part any more, and nothing hangs on the third.
static lp_err_t triplet(lp_onewire_gpio_t *l, uint8_t *answer)
{
    bool first = false;
    bool second = false;
    lp_err_t err = read_bit(l, &first);
    if (err == LP_OK) {
        err = read_bit(l, &second);
    }
    const bool way = first == second ? (first || l->value_ != 0) : first;
    *answer = (uint8_t)((first ? 1u : 0) | (second ? 2u : 0) | (way ? 4u : 0));
    return err == LP_OK ? write_bit(l, way) : err;
}

static lp_err_t move(lp_onewire_gpio_t *l, uint8_t *answer)
{
    switch ((lp_onewire_step_t)l->step_) {
    case LP_ONEWIRE_RESET:
        return reset(l);
    case LP_ONEWIRE_WRITE:
        return write_byte(l);
    case LP_ONEWIRE_READ:
        return read_byte(l, answer);
    case LP_ONEWIRE_TRIPLET:
        return triplet(l, answer);
    }
    return LP_E_INVALID;
}

static void on_turn(void *ctx)
{
    lp_onewire_gpio_t *l = ctx;
    uint8_t answer = 0;
    lp_err_t err = move(l, &answer);
    if (err == LP_OK && l->is_fed_) {
        err = lp_gpio_configure(&l->gpio_, &feeding);
        l->is_feeding_ = err == LP_OK;
    }
    lp_onewire_stepped(&l->bus, err, answer);
}

// -- the bus

static lp_err_t rest(lp_onewire_gpio_t *l)
{
    const lp_err_t err = lp_gpio_configure(&l->gpio_, &with_pull);
    l->is_feeding_ = false;
    return err == LP_E_UNSUPPORTED ? lp_gpio_configure(&l->gpio_, &released) : err;
}

static void unfeed(lp_onewire_t *bus)
{
    lp_onewire_gpio_t *l = (lp_onewire_gpio_t *)bus; // bus is its first member
    if (l->is_feeding_) {
        (void)rest(l);
    }
}

static lp_err_t start(lp_onewire_t *bus, lp_onewire_step_t step, uint8_t value, bool is_fed)
{
    lp_onewire_gpio_t *l = (lp_onewire_gpio_t *)bus;
    lp_gpio_info_t info;
    if (is_fed &&
        (lp_port_gpio_info(l->gpio_.pin, &info) != LP_OK || (info.can & LP_GPIO_CAN_OUTPUT) == 0)) {
        return LP_E_UNSUPPORTED;
    }
    unfeed(bus);
    l->step_ = (uint8_t)step;
    l->value_ = value;
    l->is_fed_ = is_fed;
    lp_loop_post(bus->loop_, &l->event_);
    return LP_OK;
}

lp_err_t lp_onewire_gpio_open(lp_onewire_gpio_t *line, lp_loop_t *loop, uint16_t pin)
{
    static const lp_onewire_line_t ops = {.step = start, .unfeed = unfeed};
    *line = (lp_onewire_gpio_t){.late = 0};
    const lp_err_t err = lp_gpio_open_drain(&line->gpio_, loop, pin, "onewire");
    if (err == LP_OK) {
        lp_onewire_init(&line->bus, loop, &ops);
        lp_event_init(&line->event_, on_turn, line);
    }
    return err;
}

void lp_onewire_gpio_close(lp_onewire_gpio_t *line)
{
    lp_loop_unpost(line->bus.loop_, &line->event_);
    lp_gpio_close(&line->gpio_);
}
