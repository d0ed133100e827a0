// SPDX-License-Identifier: Apache-2.0
// limpet/pins.h - pins in memory: limpet/port/gpio.h for ports whose machine has none, and the
// other side of it, where a test or a virtual part holds the wire.
//
// A wire is one pin, or several that are tied together. Its level: low when somebody drives low
// (and when somebody else drives high at the same time, which is counted), else high when somebody
// drives high, else what resistors pull it to (up wins), else low. Peers hear each change, in the
// order in which they were attached, and may drive from there; what follows from that is told
// when all have heard the first.
#ifndef LIMPET_PINS_H
#define LIMPET_PINS_H

#include "limpet/port/gpio.h"

// What the port says of its board: its pins by number (no name: there is none), and how jumpers
// are set, called once before the first use.
extern const lp_gpio_info_t lp_pins_table[];
extern const uint16_t lp_pins_count;
enum { LP_PINS_MAX = 40 };
void lp_pins_set_jumpers(void);

typedef enum {
    LP_PINS_LET_GO,
    LP_PINS_DRIVE_LOW,
    LP_PINS_DRIVE_HIGH,
    LP_PINS_RESISTOR_UP,
    LP_PINS_RESISTOR_DOWN,
} lp_pins_drive_t;

// Something that is wired to a pin. Caller-owned, lent while attached. Fields that end in _ are
// private; the others are set before it is attached.
typedef struct lp_pins_peer {
    void (*changed)(void *ctx, bool level); // the wire has another level; null: it does not care
    // The board's generator makes such pulses on this pin; 0 Hz: none any more. The wire has no
    // edges of them, and is high unless the duty is 0. Null: it does not care.
    void (*pulses)(void *ctx, uint32_t freq_hz, uint32_t duty);
    void *ctx;
    struct lp_pins_peer *next_;
    uint16_t pin_;
    lp_pins_drive_t drive_;
} lp_pins_peer_t;

// LP_E_NOT_FOUND: there is no such pin. A peer starts with letting go.
lp_err_t lp_pins_attach(lp_pins_peer_t *peer, uint16_t pin);
void lp_pins_detach(lp_pins_peer_t *peer);
void lp_pins_drive(lp_pins_peer_t *peer, lp_pins_drive_t drive);

// A wire from pin to pin, for ever. LP_E_NOT_FOUND: there is no such pin.
lp_err_t lp_pins_tie(uint16_t a, uint16_t b);

// The level of the wire, whatever mode the pin is in.
bool lp_pins_level(uint16_t pin);
// What the board's side of this pin does, for those who show it.
lp_gpio_config_t lp_pins_config(uint16_t pin);
// What the board's generator makes there; 0 Hz: nothing.
void lp_pins_pulses(uint16_t pin, uint32_t *freq_hz, uint32_t *duty);
// How often somebody drove high against somebody who drove low.
uint32_t lp_pins_fights(void);

#endif
