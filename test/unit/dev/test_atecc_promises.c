// SPDX-License-Identifier: Apache-2.0
// What limpet-1 promises, against everything a stranger on the bus can send: hundreds of thousands
// of well-formed commands with every opcode and mode, aimed at every slot. The identity key
// never changes and never comes out, and neither does any other secret.
#define _GNU_SOURCE // memmem
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "emulated.h"
#include "fake/port.h"
#include "limpet/crc.h"

enum { COMMANDS = 30000, SLOT_BYTES = 36 };

// Commands that are at least well-formed: opcode, a mode that exists, the length that goes with it.
static const uint8_t shapes[][3] = {
    {0x02, 0x02, 0},  {0x02, 0x82, 0},  {0x02, 0x80, 0},  {0x02, 0x81, 0},  {0x08, 0x00, 32},
    {0x08, 0x01, 0},  {0x08, 0x05, 0},  {0x08, 0x02, 32}, {0x08, 0x06, 32}, {0x08, 0x03, 0},
    {0x08, 0x07, 0},  {0x08, 0x45, 0},  {0x11, 0x00, 0},  {0x11, 0x04, 0},  {0x12, 0x02, 4},
    {0x12, 0x82, 32}, {0x12, 0x82, 64}, {0x12, 0xC2, 64}, {0x15, 0x00, 0},  {0x15, 0x01, 0},
    {0x15, 0x02, 0},  {0x15, 0x02, 4},  {0x15, 0x03, 32}, {0x15, 0x04, 0},  {0x15, 0x05, 0},
    {0x16, 0x00, 20}, {0x16, 0x00, 20}, {0x16, 0x00, 20}, {0x16, 0x03, 32}, {0x16, 0x03, 32},
    {0x16, 0x43, 32}, {0x16, 0x83, 32}, {0x16, 0x23, 64}, {0x1B, 0x00, 0},  {0x1C, 0x00, 0},
    {0x1C, 0x04, 0},  {0x1C, 0x00, 32}, {0x1C, 0x04, 32}, {0x20, 0x00, 0},  {0x20, 0x01, 0},
    {0x24, 0x00, 0},  {0x24, 0x01, 0},  {0x28, 0x00, 77}, {0x28, 0x01, 77}, {0x28, 0x05, 77},
    {0x30, 0x00, 0},  {0x30, 0x01, 0},  {0x30, 0x02, 0},  {0x40, 0x04, 0},  {0x40, 0x04, 0},
    {0x40, 0x00, 0},  {0x40, 0x08, 0},  {0x40, 0x0C, 0},  {0x40, 0x10, 3},  {0x41, 0x80, 0},
    {0x41, 0x00, 0},  {0x41, 0x40, 0},  {0x41, 0xA0, 0},  {0x43, 0x00, 64}, {0x43, 0x0C, 64},
    {0x43, 0x0E, 64}, {0x43, 0x08, 64}, {0x43, 0x04, 64}, {0x43, 0x0D, 64}, {0x45, 0x02, 128},
    {0x45, 0x00, 64}, {0x45, 0x03, 83}, {0x45, 0x07, 83}, {0x46, 0x00, 68}, {0x46, 0x40, 68},
    {0x47, 0x00, 0},  {0x47, 0x01, 64}, {0x47, 0x02, 20}, {0x47, 0x03, 0},  {0x47, 0x04, 0},
    {0x51, 0x00, 16}, {0x51, 0x01, 16}, {0x51, 0x03, 32}, {0x56, 0x12, 36}, {0x56, 0x10, 36},
    {0x56, 0x52, 36}, {0x56, 0x48, 36}, {0x56, 0x32, 20}, {0x56, 0x28, 20}, {0x77, 0x3D, 0},
    {0x80, 0x05, 96}, {0x80, 0x07, 96},
};

static uint32_t dice_state;

static uint32_t dice(uint32_t n)
{
    dice_state ^= dice_state << 13;
    dice_state ^= dice_state >> 17;
    dice_state ^= dice_state << 5;
    return dice_state % n;
}

static void wake(world_t *w)
{
    uint8_t hello[4];
    const uint8_t sleep = 0x02; // idle: keeps TempKey
    (void)lp_chipsim_bus_write(w->bus, LP_ATECC_ADDR, &sleep, 1);
    (void)lp_chipsim_bus_wake(w->bus);
    fake_clock_advance_ms(2);
    (void)lp_chipsim_bus_read(w->bus, LP_ATECC_ADDR, hello, 4);
}

// One command of the stranger's; returns the length of the answer.
static size_t send(world_t *w, uint8_t *answer, size_t cap)
{
    uint8_t group[160] = {0x03};
    const uint8_t *shape = shapes[dice(sizeof shapes / sizeof shapes[0])];
    const uint8_t opcode = shape[0];
    const size_t len = shape[2];
    const bool is_memory = opcode == 0x02 || opcode == 0x12;
    group[1] = (uint8_t)(7 + len);
    group[2] = opcode;
    group[3] = dice(10) == 0 ? (uint8_t)dice(256) : shape[1];
    group[4] = (uint8_t)(is_memory ? dice(16) << 3 : dice(3) == 0 ? 0 : dice(16));
    group[5] = (uint8_t)(dice(20) == 0 ? 0xFF : is_memory ? dice(2) : 0);
    if (len == 64 && dice(2) == 0) {
        world_peer(group + 6); // a point that is on the curve
    } else {
        for (size_t i = 0; i < len; i++) {
            group[6 + i] = (uint8_t)(dice(5) == 0 ? dice(256) : 0);
        }
    }
    const uint16_t crc = lp_crc16_8005(0, lp_span(group + 1, 5 + len));
    group[6 + len] = (uint8_t)crc;
    group[7 + len] = (uint8_t)(crc >> 8);
    if (lp_chipsim_bus_write(w->bus, LP_ATECC_ADDR, group, 8 + len) != LP_OK) {
        wake(w);
        return 0;
    }
    fake_clock_advance_ms(1);
    memset(answer, 0xFF, cap);
    if (lp_chipsim_bus_read(w->bus, LP_ATECC_ADDR, answer, cap) != LP_OK) {
        wake(w);
        return 0;
    }
    if (answer[0] == 4 && answer[1] == 0xEE) {
        wake(w);
    }
    return cap;
}

static bool leaks(const uint8_t *answer, size_t len, const uint8_t *secret, size_t secret_len)
{
    return memmem(answer, len, secret, secret_len) != NULL;
}

static void attack(lp_chipsim_model_t model, uint32_t seed)
{
    world_t *w = world_new_timed(model, LP_CHIPSIM_TIMING_INSTANT);
    uint8_t key[16][SLOT_BYTES];
    uint8_t answer[128];
    uint8_t pub[64];
    uint8_t config[128];
    unsigned answered = 0;
    unsigned done_well = 0;
    size_t len = 0;
    dice_state = seed;
    assert_int_equal(world_provision(w), LP_OK);
    RUN(w, LP_OK, lp_atecc_pubkey(&w->chip, &w->req, 0, pub, world_done, w));
    for (unsigned slot = 0; slot < 8; slot++) {
        memcpy(key[slot], lp_chipsim_slot_const(world_image(w), slot, &len), SLOT_BYTES);
    }
    memcpy(config, world_image(w)->config, sizeof config);
    wake(w);
    for (unsigned i = 0; i < COMMANDS; i++) {
        const size_t n = send(w, answer, sizeof answer);
        answered += n > 0;
        done_well += n > 0 && (answer[0] != 4 || answer[1] == 0);
        // What never changes: the keys that were born before the lock, and all of the settings.
        assert_memory_equal(lp_chipsim_slot_const(world_image(w), 0, &len), key[0], SLOT_BYTES);
        assert_memory_equal(lp_chipsim_slot_const(world_image(w), 3, &len), key[3], SLOT_BYTES);
        assert_memory_equal(world_image(w)->config + 20, config + 20, 32);
        assert_memory_equal(world_image(w)->config + 96, config + 96, 32);
        // What never comes out: any private key, the present ones of 1, 2 and 4 included.
        for (unsigned slot = 0; slot < 5; slot++) {
            const uint8_t *now = lp_chipsim_slot_const(world_image(w), slot, &len);
            const bool is_born = slot == LP_ATECC_SLOT_IDENTITY || slot == LP_ATECC_SLOT_ATTEST;
            const bool is_made = is_born || memcmp(now, key[slot], SLOT_BYTES) != 0;
            if (n > 0 && is_made && leaks(answer, n, now + 4, 8)) {
                fail_msg("slot %u: part of the private key in an answer", slot);
            }
        }
    }
    print_message("%s: %u answered, %u carried out\n", lp_chipsim_model_name(model), answered,
                  done_well);
    assert_true(answered > COMMANDS / 2);
    assert_true(done_well > 3000); // the stranger did get somewhere, only not there
    world_free(w);
}

static void identity_and_attestation_keys_withstand_everything(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed <= 2; seed++) {
        attack(LP_CHIPSIM_ATECC508A, 0x1234567u * seed);
        attack(LP_CHIPSIM_ATECC608B, 0x89ABCDEu * seed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(identity_and_attestation_keys_withstand_everything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
