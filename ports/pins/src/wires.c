// SPDX-License-Identifier: Apache-2.0
// Wires: who drives them, what level that makes, and who hears of it.
#include "wires.h"

#include <stddef.h>

// Peers that answer each other for ever, as an inverter on its own input does, are left alone after
// that many turns.
enum { ROUNDS_MAX = 64 };

pins_pin_t pins[LP_PINS_MAX];
static lp_pins_peer_t *peers;
static uint32_t fights;
static bool is_ready, is_telling;

static void begin(void)
{
    is_ready = true;
    for (uint16_t i = 0; i < LP_PINS_MAX; i++) {
        pins[i].next = i;
        pins[i].is_told = true;
    }
    lp_pins_set_jumpers();
}

pins_pin_t *pins_find(uint16_t pin)
{
    if (!is_ready) {
        begin();
    }
    return pin < lp_pins_count && lp_pins_table[pin].name != NULL ? &pins[pin] : NULL;
}

// -- the level

typedef struct {
    bool low, high, up, down;
} forces_t;

static void add_drive(forces_t *f, lp_pins_drive_t drive)
{
    f->low |= drive == LP_PINS_DRIVE_LOW;
    f->high |= drive == LP_PINS_DRIVE_HIGH;
    f->up |= drive == LP_PINS_RESISTOR_UP;
    f->down |= drive == LP_PINS_RESISTOR_DOWN;
}

static void add_pin(forces_t *f, const lp_gpio_config_t *c)
{
    const bool drives = c->mode == LP_GPIO_OUTPUT || c->mode == LP_GPIO_OPEN_DRAIN;
    f->low |= drives && !c->level;
    f->high |= c->mode == LP_GPIO_OUTPUT && c->level;
    f->up |= c->mode != LP_GPIO_OFF && c->pull == LP_GPIO_PULL_UP;
    f->down |= c->mode != LP_GPIO_OFF && c->pull == LP_GPIO_PULL_DOWN;
}

static bool is_on_wire(uint16_t pin, uint16_t other)
{
    uint16_t at = pin;
    do {
        if (at == other) {
            return true;
        }
        at = pins[at].next;
    } while (at != pin);
    return false;
}

static bool level_of(uint16_t pin)
{
    forces_t f = {.low = false};
    uint16_t at = pin;
    do {
        add_pin(&f, &pins[at].config);
        at = pins[at].next;
    } while (at != pin);
    for (const lp_pins_peer_t *p = peers; p != NULL; p = p->next_) {
        if (is_on_wire(pin, p->pin_)) {
            add_drive(&f, p->drive_);
        }
    }
    fights += f.low && f.high;
    return !f.low && (f.high || f.up);
}

// -- telling

static void tell_edge(const pins_pin_t *p, bool level)
{
    const lp_gpio_edge_t edge = level ? LP_GPIO_EDGE_RISING : LP_GPIO_EDGE_FALLING;
    if (p->fn != NULL && (p->edges & edge) != 0) {
        p->fn(p->ctx);
    }
}

static void tell(uint16_t pin)
{
    const bool level = pins[pin].level;
    pins[pin].is_told = true;
    tell_edge(&pins[pin], level);
    lp_pins_peer_t *next;
    for (lp_pins_peer_t *p = peers; p != NULL; p = next) {
        next = p->next_;
        if (p->pin_ == pin && p->changed != NULL) {
            p->changed(p->ctx, level);
        }
    }
}

static bool tell_all(void)
{
    bool was_news = false;
    for (uint16_t pin = 0; pin < lp_pins_count; pin++) {
        if (!pins[pin].is_told) {
            was_news = true;
            tell(pin);
        }
    }
    return was_news;
}

void pins_settle(uint16_t pin)
{
    const bool level = level_of(pin);
    uint16_t at = pin;
    do {
        // A change that was taken back before anybody heard of it has not been.
        pins[at].is_told = pins[at].is_told == (pins[at].level == level);
        pins[at].level = level;
        at = pins[at].next;
    } while (at != pin);
    if (is_telling) {
        return; // the one who tells goes on with it
    }
    is_telling = true;
    for (int i = 0; i < ROUNDS_MAX && tell_all(); i++) {
    }
    is_telling = false;
}

void pins_tell_pulses(uint16_t pin)
{
    lp_pins_peer_t *next;
    for (lp_pins_peer_t *p = peers; p != NULL; p = next) {
        next = p->next_;
        if (p->pulses != NULL && is_on_wire(pin, p->pin_)) {
            p->pulses(p->ctx, pins[pin].freq_hz, pins[pin].duty);
        }
    }
}

// -- the other side

lp_err_t lp_pins_attach(lp_pins_peer_t *peer, uint16_t pin)
{
    if (pins_find(pin) == NULL) {
        return LP_E_NOT_FOUND;
    }
    lp_pins_peer_t **link = &peers;
    while (*link != NULL) {
        link = &(*link)->next_;
    }
    *link = peer;
    peer->next_ = NULL;
    peer->pin_ = pin;
    peer->drive_ = LP_PINS_LET_GO;
    return LP_OK;
}

void lp_pins_detach(lp_pins_peer_t *peer)
{
    for (lp_pins_peer_t **link = &peers; *link != NULL; link = &(*link)->next_) {
        if (*link == peer) {
            *link = peer->next_;
            pins_settle(peer->pin_);
            return;
        }
    }
}

void lp_pins_drive(lp_pins_peer_t *peer, lp_pins_drive_t drive)
{
    if (peer->drive_ != drive) {
        peer->drive_ = drive;
        pins_settle(peer->pin_);
    }
}

lp_err_t lp_pins_tie(uint16_t a, uint16_t b)
{
    if (pins_find(a) == NULL || pins_find(b) == NULL) {
        return LP_E_NOT_FOUND;
    }
    if (!is_on_wire(a, b)) { // two rings become one
        const uint16_t next = pins[a].next;
        pins[a].next = pins[b].next;
        pins[b].next = next;
        pins_settle(a);
    }
    return LP_OK;
}

bool lp_pins_level(uint16_t pin)
{
    const pins_pin_t *p = pins_find(pin);
    return p != NULL && p->level;
}

uint32_t lp_pins_fights(void)
{
    return fights;
}
