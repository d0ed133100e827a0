// SPDX-License-Identifier: Apache-2.0
// How many commands a second the chip emulator carries out with instant timing, each as a write and
// a read on the bus. Prints "NAME RATE" for a command that only looks and for the expensive ones.
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "limpet/chipsim.h"
#include "limpet/crc.h"

enum { ADDR = 0x60, WORD_COMMAND = 0x03, GROUP_MAX = 155, RUN_US = 300000 };

typedef struct {
    const char *name;
    uint8_t opcode, p1, p2;
    size_t reply_len;
} command_t;

// On a factory-new part: nothing is locked, slot 0 is no private key yet, so GenKey is refused and
// Random gives its test pattern; what costs is what a locked part costs, too.
static const command_t commands[] = {
    {"chip-info", 0x30, 0x00, 0x00, 7},
    {"chip-read-32", 0x02, 0x80, 0x00, 35},
    {"chip-random", 0x1B, 0x00, 0x00, 35},
};

static uint64_t now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000u + (uint64_t)t.tv_nsec / 1000u;
}

static void put_crc(uint8_t *group, size_t len)
{
    uint16_t crc = lp_crc16_8005(0, lp_span(group, len));
    group[len] = (uint8_t)crc;
    group[len + 1] = (uint8_t)(crc >> 8);
}

static bool run_once(lp_chipsim_bus_t *bus, const command_t *c)
{
    uint8_t out[8] = {WORD_COMMAND, 7, c->opcode, c->p1, c->p2, 0};
    uint8_t in[GROUP_MAX];
    put_crc(out + 1, 5);
    return lp_chipsim_bus_write(bus, ADDR, out, sizeof out) == LP_OK &&
           lp_chipsim_bus_read(bus, ADDR, in, c->reply_len) == LP_OK && in[0] == c->reply_len;
}

static bool measure(lp_chipsim_bus_t *bus, const command_t *c)
{
    unsigned count = 0;
    uint64_t began_us = now_us(), took_us = 0;
    while (took_us < RUN_US) {
        lp_chipsim_bus_wake(bus);
        for (int i = 0; i < 50; i++, count++) {
            if (!run_once(bus, c)) {
                fprintf(stderr, "%s is refused\n", c->name);
                return false;
            }
        }
        took_us = now_us() - began_us;
    }
    printf("%s %llu\n", c->name, (unsigned long long)count * 1000000u / took_us);
    return true;
}

int main(void)
{
    lp_chipsim_options_t opt = {.model = LP_CHIPSIM_ATECC508A, .timing = LP_CHIPSIM_TIMING_INSTANT};
    lp_chipsim_t *chip = NULL;
    lp_chipsim_bus_t *bus = lp_chipsim_bus_new();
    bool is_fine = bus != NULL && lp_chipsim_new(&chip, &opt) == LP_OK;
    if (is_fine) {
        lp_chipsim_bus_attach(bus, chip);
        for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
            is_fine = measure(bus, &commands[i]) && is_fine;
        }
    }
    lp_chipsim_bus_free(bus);
    lp_chipsim_free(chip);
    return is_fine ? 0 : 1;
}
