// SPDX-License-Identifier: Apache-2.0
// The test host: commands over the bus.
#include "rig.h"

#include <stdlib.h>

static uint64_t rig_clock(void *ctx)
{
    return ((const rig_t *)ctx)->now_us;
}

const uint8_t *key32(uint8_t fill)
{
    static uint8_t ring[8][32];
    static unsigned next;
    uint8_t *k = ring[next++ % 8];
    for (unsigned i = 0; i < 32; i++) {
        k[i] = (uint8_t)(fill * 7 + i * 13 + 1);
    }
    return k;
}

void rig_image(rig_t *r, int model, int state)
{
    rig_stop(r);
    lp_chipsim_image_factory(&r->image, (lp_chipsim_model_t)model, NULL, 77);
    for (unsigned slot = 0; slot < 16; slot++) {
        rig_slot(r, slot, 0x000F, 0x001C);
    }
    r->image.config[87] = state >= CONFIG_LOCKED ? 0x00 : 0x55;
    r->image.config[86] = state >= ALL_LOCKED ? 0x00 : 0x55;
}

void rig_slot(rig_t *r, unsigned slot, uint16_t slot_config, uint16_t key_config)
{
    r->image.config[20 + 2 * slot] = (uint8_t)slot_config;
    r->image.config[21 + 2 * slot] = (uint8_t)(slot_config >> 8);
    r->image.config[96 + 2 * slot] = (uint8_t)key_config;
    r->image.config[97 + 2 * slot] = (uint8_t)(key_config >> 8);
}

void rig_put(rig_t *r, unsigned slot, size_t offset, const uint8_t *bytes, size_t len)
{
    size_t size;
    memcpy(lp_chipsim_slot(&r->image, slot, &size) + offset, bytes, len);
}

void rig_key(rig_t *r, unsigned slot, uint8_t fill)
{
    rig_put(r, slot, 0, key32(fill), 32);
}

void rig_private(rig_t *r, unsigned slot, uint8_t fill)
{
    static const uint8_t pad[4];
    rig_put(r, slot, 0, pad, 4);
    rig_put(r, slot, 4, key32(fill), 32);
}

void rig_public(rig_t *r, unsigned slot, uint8_t fill)
{
    static const uint8_t pad[4];
    uint8_t xy[64];
    host_public(key32(fill), xy);
    rig_put(r, slot, 0, pad, 4);
    rig_put(r, slot, 4, xy, 32);
    rig_put(r, slot, 36, pad, 4);
    rig_put(r, slot, 40, xy + 32, 32);
}

void rig_wake(rig_t *r)
{
    r->now_us += 200;
    lp_chipsim_bus_wake(r->bus);
    r->now_us += 20000;
}

void rig_start(rig_t *r)
{
    rig_stop(r);
    lp_chipsim_options_t opt = {.timing = r->timing, .clock = {.now_us = rig_clock, .ctx = r}};
    if (lp_chipsim_from_image(&r->chip, &opt, &r->image) != LP_OK) {
        abort();
    }
    if (r->rule_off >= 0) {
        lp_chipsim_rule_switch(r->chip, (lp_chipsim_rule_t)r->rule_off, false);
    }
    r->bus = lp_chipsim_bus_new();
    lp_chipsim_bus_attach(r->bus, r->chip);
    rig_wake(r);
}

void rig_restart(rig_t *r)
{
    static const uint8_t sleep[1] = {1};
    lp_chipsim_bus_write(r->bus, lp_chipsim_addr(r->chip), sleep, 1);
    rig_wake(r);
}

void rig_cycle(rig_t *r)
{
    lp_chipsim_power_off(r->chip);
    lp_chipsim_power_on(r->chip);
    rig_wake(r);
}

void rig_stop(rig_t *r)
{
    lp_chipsim_bus_free(r->bus);
    lp_chipsim_free(r->chip);
    r->bus = NULL;
    r->chip = NULL;
}

reply_t group(rig_t *r, const uint8_t *bytes, size_t len)
{
    uint8_t out[200] = {3};
    reply_t reply = {.status = NO_ANSWER};
    uint8_t addr = lp_chipsim_addr(r->chip);
    memcpy(out + 1, bytes, len);
    if (lp_chipsim_bus_write(r->bus, addr, out, len + 1) != LP_OK) {
        return reply;
    }
    uint64_t done = lp_chipsim_busy_until_us(r->chip);
    r->now_us = done > r->now_us ? done : r->now_us;
    uint8_t in[160];
    if (lp_chipsim_bus_read(r->bus, addr, in, sizeof in) != LP_OK || in[0] < 4 || in[0] > 155 ||
        host_crc(in, in[0] - 2u) != (in[in[0] - 2] | in[in[0] - 1] << 8)) {
        return reply;
    }
    reply.status = in[0] == 4 ? in[1] : OK;
    reply.len = in[0] == 4 ? 0 : in[0] - 3u;
    memcpy(reply.data, in + 1, in[0] - 3u);
    return reply;
}

reply_t cmd(rig_t *r, uint8_t op, uint8_t p1, uint16_t p2, const uint8_t *data, size_t len)
{
    uint8_t g[160] = {(uint8_t)(len + 7), op, p1, (uint8_t)p2, (uint8_t)(p2 >> 8)};
    if (len > 0) {
        memcpy(g + 5, data, len);
    }
    uint16_t crc = host_crc(g, len + 5);
    g[len + 5] = (uint8_t)crc;
    g[len + 6] = (uint8_t)(crc >> 8);
    return group(r, g, len + 7);
}

unsigned st(rig_t *r, uint8_t op, uint8_t p1, uint16_t p2, const uint8_t *data, size_t len)
{
    return cmd(r, op, p1, p2, data, len).status;
}

unsigned nonce_fixed(rig_t *r, const uint8_t value[32])
{
    memcpy(r->tk, value, 32);
    return st(r, 0x16, 0x03, 0, value, 32);
}

unsigned nonce_random(rig_t *r)
{
    static const uint8_t num_in[20] = {1, 2, 3};
    reply_t a = cmd(r, 0x16, 0x00, 0, num_in, 20);
    bytes_t b = {.len = 0};
    add(&b, a.data, 32);
    add(&b, num_in, 20);
    add1(&b, 0x16);
    add0(&b, 2);
    host_hash(&b, r->tk);
    return a.len == 32 ? a.status : NO_ANSWER;
}

unsigned gendig_slot(rig_t *r, unsigned slot, const uint8_t key[32])
{
    bytes_t b = {.len = 0};
    add(&b, key, 32);
    add_head(&b, 0x15, 2, slot);
    add_sn(&b, r, 8, 1);
    add_sn(&b, r, 0, 2);
    add0(&b, 25);
    add(&b, r->tk, 32);
    unsigned status = st(r, 0x15, 0x02, (uint16_t)slot, NULL, 0);
    if (status == OK) {
        host_hash(&b, r->tk);
    }
    return status;
}

unsigned session(rig_t *r, unsigned slot, const uint8_t key[32])
{
    unsigned status = nonce_random(r);
    return status == OK ? gendig_slot(r, slot, key) : status;
}

unsigned write_encrypted(rig_t *r, uint8_t p1, uint16_t addr, const uint8_t plain[32],
                         bool good_mac)
{
    uint8_t data[64];
    bytes_t b = {.len = 0};
    for (unsigned i = 0; i < 32; i++) {
        data[i] = (uint8_t)(plain[i] ^ r->tk[i]);
    }
    add(&b, r->tk, 32);
    add_head(&b, 0x12, p1, addr);
    add_sn(&b, r, 8, 1);
    add_sn(&b, r, 0, 2);
    add0(&b, 25);
    add(&b, plain, 32);
    host_hash(&b, data + 32);
    data[63] ^= good_mac ? 0 : 1;
    return st(r, 0x12, p1, addr, data, sizeof data);
}

unsigned priv_write(rig_t *r, unsigned slot, const uint8_t key[32], bool good_mac)
{
    uint8_t plain[36] = {0};
    uint8_t data[68];
    uint8_t pad[32];
    bytes_t b = {.len = 0};
    memcpy(plain + 4, key, 32);
    host_sha(r->tk, 32, pad);
    for (unsigned i = 0; i < 36; i++) {
        data[i] = (uint8_t)(plain[i] ^ (i < 32 ? r->tk[i] : pad[i - 32]));
    }
    add(&b, r->tk, 32);
    add_head(&b, 0x46, 0x40, slot);
    add_sn(&b, r, 8, 1);
    add_sn(&b, r, 0, 2);
    add0(&b, 21);
    add(&b, plain, 36);
    host_hash(&b, data + 36);
    data[67] ^= good_mac ? 0 : 1;
    return st(r, 0x46, 0x40, (uint16_t)slot, data, sizeof data);
}

unsigned state_bytes(rig_t *r)
{
    reply_t a = cmd(r, 0x30, 2, 0, NULL, 0);
    return a.len == 4 ? (unsigned)(a.data[0] | a.data[1] << 8) : 0xFFFFFF;
}

bool tempkey_valid(rig_t *r)
{
    return (state_bytes(r) & 0x8000) != 0;
}

const uint8_t *slot_bytes(rig_t *r, unsigned slot)
{
    size_t len;
    return lp_chipsim_slot_const(lp_chipsim_image(r->chip), slot, &len);
}

uint16_t slot_address(unsigned slot, unsigned block, unsigned word)
{
    return (uint16_t)(block << 8 | slot << 3 | word);
}
