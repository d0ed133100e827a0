// SPDX-License-Identifier: Apache-2.0
// Between the parts: what each kind brings along, and what it gets.
#ifndef LP_PARTS_INTERNAL_H
#define LP_PARTS_INTERNAL_H

#include "limpet/parts.h"
#include "limpet/parts_display.h"
#include "limpet/parts_wire.h"

enum { PART_VALUES_MAX = 3, PART_SOURCE_MAX = 512 };

// What is measured: fixed numbers, or those in a file.
typedef struct {
    char file[PART_SOURCE_MAX]; // "": fixed
    double value[PART_VALUES_MAX];
    size_t count;
} part_values_t;

// False: `text` is neither numbers nor a file with numbers, `count` of them.
bool part_values_init(part_values_t *v, const char *text, size_t count);
// Looks again; a file that cannot be read leaves the values as they were.
void part_values_refresh(part_values_t *v);

typedef struct part_kind part_kind_t;

struct lp_part {
    lp_chipsim_part_t on_bus;
    lp_chipsim_clock_t clock;
    part_values_t values;
    uint64_t ready_us; // the measurement under way ends
    uint8_t answer[32];
    size_t answer_len;
    // register parts
    uint8_t regs[256];
    uint8_t pointer;
    const part_kind_t *kind;
    lp_wire_t *wire; // of a one-wire bridge
    lp_display_t *display;
};

struct part_kind {
    const char *name;
    uint8_t addr;
    size_t values;     // numbers; 0: parse() knows what it wants
    const char *wants; // in words; null: numbers
    // Null: numbers are all there is to it. False: that is not what it wants.
    bool (*parse)(lp_part_t *part, const char *values);
    void (*release)(lp_part_t *part); // may be null
    void (*init)(lp_part_t *part);
    bool (*addressed)(void *ctx, bool read);
    void (*written)(void *ctx, lp_span_t bytes);
    size_t (*read)(void *ctx, uint8_t *bytes, size_t cap);
};

extern const part_kind_t part_sht3x;
extern const part_kind_t part_ds18b20;
extern const part_kind_t part_ds18b20_parasite;
extern const part_kind_t part_max31855;
extern const part_kind_t part_ssd1306;
extern const part_kind_t part_bme280;

uint64_t part_now_us(const lp_part_t *part);

#endif
