// SPDX-License-Identifier: Apache-2.0
// Recorded transfers of a bus, as a log or as a logic analyser's table (the first byte chooses):
// what is read lies within its bounds, can be said in words, and can be played to a chip.
#include <stdlib.h>
#include <string.h>

#include "trace.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct {
    lp_chipsim_bus_t *bus;
    uint8_t last_op;
    uint64_t now_us;
} player_t;

static uint64_t now_us(void *ctx)
{
    return ((const player_t *)ctx)->now_us;
}

static void play(void *ctx, const lp_chip_transfer_t *t)
{
    player_t *p = ctx;
    uint8_t got[sizeof t->bytes];
    lp_chip_words_t w = {.len = 0};
    const lp_span_t bytes = lp_span(t->bytes, t->len);
    if (t->len > sizeof t->bytes || t->addr > 0x7F) {
        abort();
    }
    p->now_us += 1000;
    if (t->wake) {
        lp_chipsim_bus_wake(p->bus);
    } else if (t->read) {
        lp_chip_decode_read(&w, bytes, p->last_op);
        (void)lp_chipsim_bus_read(p->bus, t->addr, got, t->len);
    } else {
        lp_chip_decode_write(&w, bytes, &p->last_op);
        (void)lp_chipsim_bus_write(p->bus, t->addr, t->bytes, t->len);
    }
    if (strlen(w.text) != w.len) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    player_t p = {.bus = NULL};
    lp_chipsim_t *chip = NULL;
    const lp_chipsim_options_t opt = {.model = LP_CHIPSIM_ATECC508A,
                                      .clock = {.now_us = now_us, .ctx = &p}};
    if (size < 2) {
        return 0;
    }
    FILE *f = fmemopen((void *)(uintptr_t)(data + 1), size - 1, "r");
    p.bus = lp_chipsim_bus_new();
    if (f == NULL || p.bus == NULL || lp_chipsim_new(&chip, &opt) != LP_OK) {
        abort();
    }
    lp_chipsim_bus_attach(p.bus, chip);
    (void)((data[0] & 1) != 0 ? lp_chip_read_csv(f, play, &p) : lp_chip_read_log(f, play, &p));
    fclose(f);
    lp_chipsim_bus_free(p.bus);
    lp_chipsim_free(chip);
    return 0;
}
