// SPDX-License-Identifier: Apache-2.0
// The wire: what a pulse of the master means to the parts (Maxim 19-7487, figures 15 and 16), and
// what they are told to measure.
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "source.h"
#include "wire_internal.h"

enum {
    RESET_US = 480, // at least
    SAMPLE_US = 30, // where parts look at the level, 15 to 60
    HOLD_US = 40,   // for how long they hold a zero
    PRESENCE_WAIT_US = 30,
    PRESENCE_US = 120,
};

struct lp_wire {
    char file[WIRE_SOURCE_MAX]; // "": fixed
    ds18b20_t part[LP_WIRE_PARTS];
    size_t count;
    lp_chipsim_clock_t clock;
};

// -- what is measured

static bool parse_one(const char *word, ds_health_t *health, double *celsius)
{
    static const char *const ills[] = {"", "absent", "crc", "reset", "short"};
    for (int i = HEALTH_ABSENT; i <= HEALTH_SHORT; i++) {
        if (strcmp(word, ills[i]) == 0) {
            *health = (ds_health_t)i;
            return true;
        }
    }
    char *end = NULL;
    double value = strtod(word, &end);
    if (end == word || *end != '\0' || !isfinite(value)) {
        return false;
    }
    *health = HEALTH_GOOD;
    *celsius = value;
    return true;
}

typedef struct {
    ds_health_t health[LP_WIRE_PARTS];
    double celsius[LP_WIRE_PARTS];
    size_t count;
} wishes_t;

static bool parse(const char *text, wishes_t *wishes)
{
    char words[200];
    char *rest = NULL;
    wishes->count = 0;
    if (snprintf(words, sizeof words, "%s", text) >= (int)sizeof words) {
        return false;
    }
    for (char *word = strtok_r(words, ", \t\r\n", &rest); word != NULL;
         word = strtok_r(NULL, ", \t\r\n", &rest)) {
        size_t n = wishes->count;
        if (n == LP_WIRE_PARTS || !parse_one(word, &wishes->health[n], &wishes->celsius[n])) {
            return false;
        }
        wishes->count++;
    }
    return wishes->count > 0;
}

static bool parse_file(const char *path, wishes_t *wishes)
{
    char text[SOURCE_TEXT];
    return source_read(path, text) && parse(text, wishes);
}

// A wire has the parts that it began with; words for more of them are of no use.
static void take_wishes(lp_wire_t *w, const wishes_t *wishes)
{
    for (size_t i = 0; i < w->count && i < wishes->count; i++) {
        w->part[i].health = wishes->health[i];
        if (wishes->health[i] == HEALTH_GOOD) {
            w->part[i].celsius = wishes->celsius[i];
        }
    }
}

lp_wire_t *lp_wire_new(const char *values, bool is_parasitic, const lp_chipsim_clock_t *clock)
{
    wishes_t wishes = {.count = 0};
    bool is_file = !parse(values, &wishes);
    if (is_file && (strlen(values) >= WIRE_SOURCE_MAX || !parse_file(values, &wishes))) {
        return NULL;
    }
    lp_wire_t *w = calloc(1, sizeof *w);
    if (w == NULL) {
        return NULL;
    }
    if (is_file) {
        memcpy(w->file, values, strlen(values) + 1);
    }
    w->count = wishes.count;
    w->clock = clock != NULL ? *clock : (lp_chipsim_clock_t){.now_us = lp_chipsim_host_clock};
    for (size_t i = 0; i < w->count; i++) {
        ds18b20_init(&w->part[i], (unsigned)i + 1, is_parasitic);
    }
    take_wishes(w, &wishes);
    return w;
}

void lp_wire_free(lp_wire_t *wire)
{
    free(wire);
}

size_t lp_wire_count(const lp_wire_t *wire)
{
    return wire->count;
}

const uint8_t *lp_wire_rom(const lp_wire_t *wire, size_t n)
{
    return wire->part[n].rom;
}

// -- pulses

static bool is_short(const lp_wire_t *w)
{
    for (size_t i = 0; i < w->count; i++) {
        if (w->part[i].health == HEALTH_SHORT) {
            return true;
        }
    }
    return false;
}

static lp_wire_echo_t reset(lp_wire_t *w, uint32_t low_us, uint64_t now_us)
{
    lp_wire_echo_t echo = {.low_us = low_us};
    for (size_t i = 0; i < w->count; i++) {
        if (w->part[i].health != HEALTH_ABSENT) {
            ds18b20_reset(&w->part[i], now_us);
            echo.presence_us = PRESENCE_US;
            echo.presence_at_us = low_us + PRESENCE_WAIT_US;
        }
    }
    return echo;
}

lp_wire_echo_t lp_wire_pulse(lp_wire_t *wire, uint32_t low_us)
{
    uint64_t now_us = wire->clock.now_us(wire->clock.ctx);
    wishes_t wishes;
    if (low_us >= RESET_US && wire->file[0] != '\0' && parse_file(wire->file, &wishes)) {
        take_wishes(wire, &wishes);
    }
    if (is_short(wire)) {
        return (lp_wire_echo_t){.low_us = LP_WIRE_LOW};
    }
    if (low_us >= RESET_US) {
        return reset(wire, low_us, now_us);
    }
    lp_wire_echo_t echo = {.low_us = low_us};
    for (size_t i = 0; i < wire->count; i++) {
        bool is_there = wire->part[i].health != HEALTH_ABSENT;
        if (is_there && !ds18b20_slot(&wire->part[i], low_us < SAMPLE_US, now_us)) {
            echo.low_us = low_us > HOLD_US ? low_us : HOLD_US;
        }
    }
    return echo;
}

void lp_wire_feed(lp_wire_t *wire, bool is_on)
{
    for (size_t i = 0; i < wire->count; i++) {
        ds18b20_feed(&wire->part[i], is_on, wire->clock.now_us(wire->clock.ctx));
    }
}
