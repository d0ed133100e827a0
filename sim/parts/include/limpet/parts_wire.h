// SPDX-License-Identifier: Apache-2.0
// limpet/parts_wire.h - a virtual one-wire bus with DS18B20 sensors, pulse by pulse.
//
// Whoever plays the master pulls the wire low for a time and sees for how long it stays low: a
// bridge on I2C (the part "ds18b20" of limpet/parts.h), or a test that plays a UART or a pin.
#ifndef LIMPET_PARTS_WIRE_H
#define LIMPET_PARTS_WIRE_H

#include "limpet/chipsim.h"

typedef struct lp_wire lp_wire_t;

enum { LP_WIRE_PARTS = 8, LP_WIRE_LOW = 0xFFFFFFFF };

// `values`: for each sensor its temperature in degrees Celsius, with commas between; or what is
// wrong with it: "absent" (does not answer), "crc" (a bit of what it says is damaged), "reset"
// (loses its power in each conversion); "short" alone for a wire that is held low. Or the path of a
// file that has them and is read at each reset. `is_parasitic`: the sensors have no supply of their
// own. A null clock is this computer's. Null: it is none of this.
lp_wire_t *lp_wire_new(const char *values, bool is_parasitic, const lp_chipsim_clock_t *clock);
// Null is allowed.
void lp_wire_free(lp_wire_t *wire);

size_t lp_wire_count(const lp_wire_t *wire);
// The number of the n-th sensor, 8 bytes with CRC.
const uint8_t *lp_wire_rom(const lp_wire_t *wire, size_t n);

typedef struct {
    uint32_t low_us;      // from the falling edge on, master and parts together; or LP_WIRE_LOW
    uint32_t presence_us; // not 0: behind it, from presence_at_us on, the parts pull again so long
    uint32_t presence_at_us; // from the falling edge
} lp_wire_echo_t;

// The master pulls the wire low for low_us and lets it go.
lp_wire_echo_t lp_wire_pulse(lp_wire_t *wire, uint32_t low_us);
// The master's strong pull-up, on or off.
void lp_wire_feed(lp_wire_t *wire, bool is_on);

#endif
