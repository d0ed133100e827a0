// SPDX-License-Identifier: Apache-2.0
// Bus traffic of any kind into a chip. Beyond "it does not crash": what must never happen, never
// happens.
#include <stdlib.h>
#include <string.h>

#include "limpet/chipsim.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct {
    const uint8_t *p;
    size_t left;
} input_t;

typedef struct {
    lp_chipsim_t *chip;
    lp_chipsim_bus_t *bus;
    lp_chipsim_image_t start;
    uint64_t now_us;
} world_t;

static uint64_t now(void *ctx)
{
    return ((const world_t *)ctx)->now_us;
}

static uint8_t take(input_t *in)
{
    if (in->left == 0) {
        return 0;
    }
    in->left--;
    return *in->p++;
}

static void must(int claim)
{
    if (!claim) {
        abort();
    }
}

// Two private keys that must not leave: slot 0 can be used, not replaced; slot 2 may be replaced.
static void arrange(lp_chipsim_image_t *image, uint8_t choice)
{
    lp_chipsim_image_factory(image, (lp_chipsim_model_t)(choice % 3), NULL, 1 + choice);
    size_t len;
    image->config[20] = 0x87;
    image->config[21] = 0x00;
    image->config[96] = 0x33;
    image->config[13] = (uint8_t)(choice >> 6);
    image->config[90] = (uint8_t)(choice >> 4);
    for (unsigned slot = 0; slot < 4; slot += 2) {
        uint8_t *p = lp_chipsim_slot(image, slot, &len);
        memset(p, 0, 4);
        memset(p + 4, 0x41 + (int)slot, 32);
    }
    image->config[87] = (choice & 0x04) != 0 ? 0x00 : 0x55;
    image->config[86] = (choice & 0x0C) == 0x0C ? 0x00 : 0x55;
}

static int contains(const uint8_t *hay, size_t len, const uint8_t *needle, size_t n)
{
    for (size_t i = 0; i + n <= len; i++) {
        if (memcmp(hay + i, needle, n) == 0) {
            return 1;
        }
    }
    return 0;
}

static void look_at_reply(world_t *w, const uint8_t *reply, size_t len)
{
    const lp_chipsim_image_t *i = lp_chipsim_image(w->chip);
    size_t n;
    if (reply[0] == 0xFF || reply[0] > len) {
        return;
    }
    must(reply[0] >= 4 &&
         lp_chipsim_crc(reply, reply[0] - 2u) == (reply[reply[0] - 2] | reply[reply[0] - 1] << 8));
    // A slot marked private keeps its key, in every lock state.
    if (i->config[86] == 0x00 && (i->config[96] & 1) != 0) {
        must(!contains(reply, reply[0], lp_chipsim_slot_const(i, 0, &n) + 4, 32));
    }
}

static void send(world_t *w, input_t *in, int sealed)
{
    uint8_t out[200];
    size_t n = take(in) % 160;
    out[0] = 3;
    for (size_t i = 0; i < n; i++) {
        out[1 + i] = take(in);
    }
    if (sealed && n >= 4) { // count and CRC put right, so that the command is reached
        out[1] = (uint8_t)(n + 2 > 155 ? 155 : n + 2);
        n = out[1] - 2u;
        uint16_t crc = lp_chipsim_crc(out + 1, n);
        out[1 + n] = (uint8_t)crc;
        out[2 + n] = (uint8_t)(crc >> 8);
        n += 2;
    } else if (!sealed) {
        out[0] = take(in);
    }
    lp_chipsim_bus_write(w->bus, lp_chipsim_addr(w->chip), out, n + 1);
}

static void step(world_t *w, input_t *in)
{
    uint8_t reply[160];
    switch (take(in) % 8) {
    case 0:
        lp_chipsim_bus_wake(w->bus);
        w->now_us += 20000;
        break;
    case 1:
        w->now_us += (uint64_t)take(in) * 1000;
        break;
    case 2:
        send(w, in, 0);
        break;
    case 3:
        lp_chipsim_bus_read(w->bus, lp_chipsim_addr(w->chip), reply, 1 + take(in) % 155u);
        break;
    default:
        send(w, in, 1);
        w->now_us += 200000;
        // From the beginning, whatever was read of it before.
        lp_chipsim_bus_write(w->bus, lp_chipsim_addr(w->chip), (const uint8_t[1]){0}, 1);
        if (lp_chipsim_bus_read(w->bus, lp_chipsim_addr(w->chip), reply, 155) == LP_OK) {
            look_at_reply(w, reply, 155);
        }
        break;
    }
}

static void look_at_image(const world_t *w, const lp_chipsim_image_t *before)
{
    const lp_chipsim_image_t *i = lp_chipsim_image(w->chip);
    must(memcmp(i->config, w->start.config, 16) == 0); // never written
    must(before->config[87] == 0x55 || i->config[87] == before->config[87]);
    must(before->config[86] == 0x55 || i->config[86] == before->config[86]);
    if (before->config[87] != 0x55) { // configuration rules are frozen
        must(memcmp(i->config + 16, before->config + 16, 36) == 0);
        must(memcmp(i->config + 90, before->config + 90, 38) == 0);
        must(((before->config[88] ^ 0xFF) & i->config[88]) == 0);
    }
    if (before->config[86] != 0x55 && w->start.config[86] != 0x55) {
        must(memcmp(i->data, w->start.data, 36) == 0); // slot 0: neither GenKey nor PrivWrite
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    input_t in = {.p = data, .left = size};
    world_t w = {.now_us = 1000000};
    lp_chipsim_options_t opt = {.clock = {.now_us = now, .ctx = &w}};
    arrange(&w.start, take(&in));
    must(lp_chipsim_from_image(&w.chip, &opt, &w.start) == LP_OK);
    w.bus = lp_chipsim_bus_new();
    must(w.bus != NULL);
    lp_chipsim_bus_attach(w.bus, w.chip);
    w.now_us += 200;
    lp_chipsim_bus_wake(w.bus);
    w.now_us += 2000;
    for (unsigned steps = 0; in.left > 0 && steps < 60; steps++) {
        lp_chipsim_image_t before = *lp_chipsim_image(w.chip);
        step(&w, &in);
        look_at_image(&w, &before);
    }
    lp_chipsim_bus_free(w.bus);
    lp_chipsim_free(w.chip);
    return 0;
}
