// SPDX-License-Identifier: Apache-2.0
// Between the wire and the sensors on it.
#ifndef LP_WIRE_INTERNAL_H
#define LP_WIRE_INTERNAL_H

#include "limpet/parts_wire.h"

enum { WIRE_ROM_BYTES = 8, WIRE_PAD_BYTES = 9, WIRE_SOURCE_MAX = 512 };

typedef enum { HEALTH_GOOD, HEALTH_ABSENT, HEALTH_CRC, HEALTH_RESET, HEALTH_SHORT } ds_health_t;

// What a sensor expects of the next slots.
typedef enum {
    DS_IDLE, // not addressed: waits for a reset
    DS_ROM,
    DS_MATCH,
    DS_SEARCH,
    DS_FUNCTION,
    DS_WRITE,
    DS_SEND,
    DS_SEND_STATE, // ones, or zeros while it is busy
} ds_state_t;

typedef struct {
    uint8_t rom[WIRE_ROM_BYTES];
    uint8_t pad[WIRE_PAD_BYTES]; // scratchpad
    uint8_t stored[3];           // TH, TL, configuration in the EEPROM
    uint8_t out[WIRE_PAD_BYTES];
    ds_state_t state;
    unsigned bits;     // of the byte or number under way
    unsigned out_bits; // to send
    uint8_t in[8];
    bool is_parasitic;
    bool is_low_power; // state asked by Read Power Supply
    bool is_converting;
    bool is_fed; // since the conversion began, without a pause
    uint64_t ready_us;
    double celsius;
    ds_health_t health;
} ds18b20_t;

void ds18b20_init(ds18b20_t *d, unsigned number, bool is_parasitic);
void ds18b20_reset(ds18b20_t *d, uint64_t now_us);
// A slot in which the master says `bit`. False: the sensor pulls the wire low.
bool ds18b20_slot(ds18b20_t *d, bool bit, uint64_t now_us);
void ds18b20_feed(ds18b20_t *d, bool is_on, uint64_t now_us);

#endif
