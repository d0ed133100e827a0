// SPDX-License-Identifier: Apache-2.0
// The bus as silicon has it: wake, acknowledge, FIFOs, times, watchdog, addresses, several chips,
// faults.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rig.h"

static rig_t rig;
static const uint8_t INFO[8] = {3, 7, 0x30, 0, 0, 0, 0x03, 0x5D};
static const uint8_t WAKE_ANSWER[4] = {0x04, 0x11, 0x33, 0x43};

static int set_up(void **state)
{
    memset(&rig, 0, sizeof rig);
    rig.rule_off = -1;
    rig.now_us = 1000000;
    rig.timing = LP_CHIPSIM_TIMING_TYPICAL;
    *state = &rig;
    return 0;
}

static int tear_down(void **state)
{
    rig_stop(*state);
    return 0;
}

static lp_err_t rd(rig_t *r, uint8_t *buf, size_t len)
{
    return lp_chipsim_bus_read(r->bus, 0x60, buf, len);
}

static lp_err_t wr(rig_t *r, const uint8_t *bytes, size_t len)
{
    return lp_chipsim_bus_write(r->bus, 0x60, bytes, len);
}

static uint64_t clock_of(void *ctx)
{
    return ((const rig_t *)ctx)->now_us;
}

// A chip that has just got power and nobody has woken.
static void asleep(rig_t *r, int model, int lock)
{
    lp_chipsim_options_t opt = {.timing = r->timing, .clock = {.now_us = clock_of, .ctx = r}};
    rig_image(r, model, lock);
    assert_int_equal(lp_chipsim_from_image(&r->chip, &opt, &r->image), LP_OK);
    r->bus = lp_chipsim_bus_new();
    lp_chipsim_bus_attach(r->bus, r->chip);
}

// ---- wake -------------------------------------------------------------------

static void wake_takes_its_time(void **state)
{
    rig_t *r = *state;
    uint8_t buf[4];
    asleep(r, M508, OPEN);
    assert_int_equal(rd(r, buf, 4), LP_E_I2C_NACK);
    lp_chipsim_bus_wake(r->bus); // within 100 us of power-up: not seen
    r->now_us += 1600;
    assert_int_equal(rd(r, buf, 4), LP_E_I2C_NACK);
    lp_chipsim_bus_wake(r->bus);
    r->now_us += 1499;
    assert_int_equal(rd(r, buf, 4), LP_E_I2C_NACK);
    r->now_us += 1;
    assert_int_equal(rd(r, buf, 4), LP_OK);
    assert_memory_equal(buf, WAKE_ANSWER, 4);
}

static void wake_with_self_test_takes_longer(void **state)
{
    rig_t *r = *state;
    const lp_chipsim_defects_t bad = {.selftest = 0x20};
    uint8_t buf[4];
    asleep(r, M608, OPEN);
    r->image.config[90] = 1;
    rig_start(r);
    rig_restart(r);
    lp_chipsim_break(r->chip, &bad);
    static const uint8_t sleep[1] = {1};
    wr(r, sleep, 1);
    lp_chipsim_bus_wake(r->bus);
    r->now_us += 19999;
    assert_int_equal(rd(r, buf, 4), LP_E_I2C_NACK);
    r->now_us += 1;
    assert_int_equal(rd(r, buf, 4), LP_OK);
    assert_int_equal(buf[1], SELFTEST);
    assert_int_equal(host_crc(buf, 2), buf[2] | buf[3] << 8);
}

static void wake_while_awake_is_ignored(void **state)
{
    rig_t *r = *state;
    uint8_t buf[4];
    rig_image(r, M508, CONFIG_LOCKED);
    rig_start(r);
    nonce_fixed(r, key32(1));
    unsigned before = state_bytes(r);
    assert_int_equal(rd(r, buf, 1), LP_OK);
    lp_chipsim_bus_wake(r->bus);
    assert_int_equal(rd(r, buf, 1), LP_OK);
    assert_int_equal(state_bytes(r), before);
}

static void address_zero_is_a_wake_pulse(void **state)
{
    rig_t *r = *state;
    uint8_t buf[4];
    asleep(r, M508, OPEN);
    r->now_us += 200;
    assert_false(lp_chipsim_bus_start(r->bus, 0, false));
    lp_chipsim_bus_stop(r->bus);
    r->now_us += 1500;
    assert_int_equal(rd(r, buf, 4), LP_OK);
}

static void only_a_slow_bus_wakes(void **state)
{
    rig_t *r = *state;
    uint8_t buf[4];
    static const struct {
        int model;
        uint32_t rate;
        bool wakes;
    } cases[] = {{M508, 100000, true},
                 {M508, 133000, true},
                 {M508, 134000, false},
                 {M608, 299000, true},
                 {M608, 400000, false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        asleep(r, cases[i].model, OPEN);
        r->now_us += 200;
        lp_chipsim_bus_set_rate(r->bus, cases[i].rate);
        assert_false(lp_chipsim_bus_start(r->bus, 0, false));
        lp_chipsim_bus_stop(r->bus);
        r->now_us += 1500;
        assert_int_equal(rd(r, buf, 4) == LP_OK, cases[i].wakes);
    }
}

// ---- FIFOs ------------------------------------------------------------------

static void reply_can_be_read_in_pieces_and_again(void **state)
{
    rig_t *r = *state;
    uint8_t buf[16];
    uint8_t all[7];
    static const uint8_t reset[1] = {0};
    rig_image(r, M508, OPEN);
    rig_start(r);
    assert_int_equal(wr(r, INFO, 8), LP_OK);
    r->now_us += 100;
    assert_int_equal(rd(r, all, 3), LP_OK);
    assert_int_equal(rd(r, all + 3, 4), LP_OK);
    assert_int_equal(all[0], 7);
    assert_int_equal(all[3], 0x50);
    assert_int_equal(rd(r, buf, 2), LP_OK); // beyond the end
    assert_int_equal(buf[0], 0xFF);
    assert_int_equal(wr(r, reset, 1), LP_OK);
    assert_int_equal(rd(r, buf, 10), LP_OK);
    assert_memory_equal(buf, all, 7);
    assert_int_equal(buf[7], 0xFF); // no wrap
    assert_int_equal(buf[9], 0xFF);
}

static void command_can_come_in_pieces(void **state)
{
    rig_t *r = *state;
    uint8_t buf[8];
    uint8_t piece[3] = {3};
    rig_image(r, M508, OPEN);
    rig_start(r);
    for (unsigned i = 1; i < 8; i++) {
        piece[1] = INFO[i];
        assert_int_equal(wr(r, piece, 2), LP_OK);
        if (i < 7) {
            assert_int_equal(rd(r, buf, 2), LP_OK); // acknowledged, but nothing there
            assert_int_equal(buf[0], 0xFF);
        }
    }
    assert_int_equal(rd(r, buf, 7), LP_E_I2C_NACK); // busy now
    r->now_us += 100;
    assert_int_equal(rd(r, buf, 7), LP_OK);
    assert_int_equal(buf[0], 7);
}

static void address_reset_forgets_half_a_command(void **state)
{
    rig_t *r = *state;
    static const uint8_t reset[1] = {0};
    uint8_t buf[7];
    rig_image(r, M508, OPEN);
    rig_start(r);
    wr(r, INFO, 4);
    wr(r, reset, 1);
    assert_int_equal(wr(r, INFO, 8), LP_OK);
    r->now_us += 100;
    assert_int_equal(rd(r, buf, 7), LP_OK);
    assert_int_equal(buf[0], 7);
}

static void surplus_bytes_are_not_acknowledged(void **state)
{
    rig_t *r = *state;
    uint8_t buf[7];
    rig_image(r, M508, OPEN);
    rig_start(r);
    assert_true(lp_chipsim_bus_start(r->bus, 0x60, false));
    for (unsigned i = 0; i < 8; i++) {
        assert_true(lp_chipsim_bus_send(r->bus, INFO[i]));
    }
    assert_false(lp_chipsim_bus_send(r->bus, 0xAA));
    lp_chipsim_bus_stop(r->bus);
    r->now_us += 100;
    assert_int_equal(rd(r, buf, 7), LP_OK); // and do not disturb
    assert_int_equal(buf[0], 7);
}

static void a_command_begins_with_stop(void **state)
{
    rig_t *r = *state;
    uint8_t buf[7];
    rig_image(r, M508, OPEN);
    rig_start(r);
    lp_chipsim_bus_start(r->bus, 0x60, false);
    for (unsigned i = 0; i < 8; i++) {
        lp_chipsim_bus_send(r->bus, INFO[i]);
    }
    assert_true(lp_chipsim_bus_start(r->bus, 0x60, true)); // repeated START: not begun, not busy
    assert_int_equal(lp_chipsim_bus_receive(r->bus), 0xFF);
    lp_chipsim_bus_stop(r->bus);
    uint8_t again[1] = {3};
    wr(r, again, 1); // a STOP of a write sets it going
    assert_int_equal(rd(r, buf, 7), LP_E_I2C_NACK);
    r->now_us += 100;
    assert_int_equal(rd(r, buf, 7), LP_OK);
}

static void odd_counts_are_communication_errors(void **state)
{
    rig_t *r = *state;
    static const uint8_t counts[] = {0, 1, 2, 3, 156, 255};
    rig_image(r, M508, OPEN);
    rig_start(r);
    for (size_t i = 0; i < sizeof counts; i++) {
        uint8_t w[2] = {3, counts[i]};
        uint8_t buf[4];
        assert_int_equal(wr(r, w, 2), LP_OK);
        r->now_us += 1000;
        assert_int_equal(rd(r, buf, 4), LP_OK);
        assert_int_equal(buf[1], 0xFF);
    }
    uint8_t tiny[5] = {5, 0x30, 0};
    uint16_t crc = host_crc(tiny, 3);
    tiny[3] = (uint8_t)crc;
    tiny[4] = (uint8_t)(crc >> 8);
    assert_int_equal(group(r, tiny, 5).status, PARSE);
}

// ---- time -------------------------------------------------------------------

static void busy_for_the_time_of_the_sheet(void **state)
{
    rig_t *r = *state;
    static const struct {
        lp_chipsim_timing_t timing;
        int model;
        uint64_t genkey_us;
        uint64_t nonce_us;
    } cases[] = {{LP_CHIPSIM_TIMING_TYPICAL, M508, 11000, 100},
                 {LP_CHIPSIM_TIMING_MAX, M508, 115000, 7000},
                 {LP_CHIPSIM_TIMING_MAX, M608, 115000, 20000},
                 {LP_CHIPSIM_TIMING_INSTANT, M508, 0, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        r->timing = cases[i].timing;
        rig_image(r, cases[i].model, CONFIG_LOCKED);
        rig_slot(r, 2, 0x208F, 0x0033);
        rig_start(r);
        uint64_t t = r->now_us;
        assert_int_equal(st(r, 0x40, 4, 2, NULL, 0), OK);
        assert_int_equal(r->now_us - t, cases[i].genkey_us);
        t = r->now_us;
        nonce_random(r);
        assert_int_equal(r->now_us - t, cases[i].nonce_us);
    }
}

static void random_times_lie_between(void **state)
{
    rig_t *r = *state;
    uint64_t least = UINT64_MAX;
    uint64_t most = 0;
    r->timing = LP_CHIPSIM_TIMING_RANDOM;
    rig_image(r, M508, CONFIG_LOCKED);
    rig_start(r);
    for (unsigned i = 0; i < 50; i++) {
        uint64_t t = r->now_us;
        nonce_fixed(r, key32(1));
        t = r->now_us - t;
        least = t < least ? t : least;
        most = t > most ? t : most;
    }
    assert_in_range(least, 100, 2000);
    assert_in_range(most, 5000, 7000);
}

static void clock_divider_slows_a_608(void **state)
{
    rig_t *r = *state;
    static const struct {
        uint8_t divider;
        uint64_t sign_us;
    } cases[] = {{0x00, 115000}, {0x05 << 3, 220000}, {0x0D << 3, 665000}};
    r->timing = LP_CHIPSIM_TIMING_MAX;
    for (size_t i = 0; i < 3; i++) {
        rig_image(r, M608, ALL_LOCKED);
        r->image.config[19] = cases[i].divider;
        rig_slot(r, 2, 0x2083, 0x0033);
        rig_private(r, 2, 3);
        rig_start(r);
        nonce_fixed(r, key32(1));
        uint64_t t = r->now_us;
        unsigned status = st(r, 0x41, 0x80, 2, NULL, 0);
        // In its slowest mode the watchdog of the worst part leaves no room for a signature.
        assert_int_equal(status, i < 2 ? OK : WATCHDOG);
        if (status == OK) {
            assert_int_equal(r->now_us - t, cases[i].sign_us);
        }
    }
}

static void long_watchdog(void **state)
{
    rig_t *r = *state;
    rig_image(r, M508, CONFIG_LOCKED);
    r->image.config[19] = 4;
    rig_start(r);
    r->now_us += 9000000;
    assert_int_equal(st(r, 0x30, 0, 0, NULL, 0), OK);
    r->now_us += 1000000;
    assert_int_equal(st(r, 0x30, 0, 0, NULL, 0), NO_ANSWER);
}

static void watchdog_strikes_in_mid_command(void **state)
{
    rig_t *r = *state;
    const lp_chipsim_faults_t slow = {.slow_percent = 100000};
    uint8_t buf[4];
    rig_image(r, M508, CONFIG_LOCKED);
    rig_start(r);
    lp_chipsim_bus_faults(r->bus, &slow); // a Nonce of 100 ms
    nonce_fixed(r, key32(1));
    r->now_us = 1000000 + 1300000 - 50000;
    uint8_t w[8] = {3, 7, 0x30, 0, 0, 0, 0x03, 0x5D};
    assert_int_equal(wr(r, w, 8), LP_OK);
    r->now_us += 200000;
    assert_int_equal(rd(r, buf, 4), LP_E_I2C_NACK); // asleep: the answer is lost
    rig_wake(r);
    assert_int_equal(rd(r, buf, 4), LP_OK);
    assert_memory_equal(buf, WAKE_ANSWER, 4);
}

// ---- addresses, several chips -----------------------------------------------

static void new_address_after_sleep(void **state)
{
    rig_t *r = *state;
    static const uint8_t word[4] = {0x6A, 0, 0x55, 0};
    rig_image(r, M508, OPEN);
    rig_start(r);
    assert_int_equal(st(r, 0x12, 0x00, 4, word, 4), OK);
    assert_int_equal(lp_chipsim_addr(r->chip), 0x60);
    rig_restart(r);
    assert_int_equal(lp_chipsim_addr(r->chip), 0x35);
    assert_int_equal(st(r, 0x30, 0, 0, NULL, 0), OK);
}

static void user_extra_add_is_an_address_on_a_608(void **state)
{
    rig_t *r = *state;
    rig_image(r, M608, ALL_LOCKED);
    r->image.config[19] = 1;
    rig_start(r);
    assert_int_equal(st(r, 0x20, 1, 0xC4, NULL, 0), OK);
    assert_int_equal(lp_chipsim_addr(r->chip), 0x60);
    rig_restart(r);
    assert_int_equal(lp_chipsim_addr(r->chip), 0x62);
    assert_int_equal(st(r, 0x20, 1, 0xC6, NULL, 0), EXEC);
}

static void two_chips_answer_at_their_own_addresses(void **state)
{
    rig_t *r = *state;
    uint8_t a[4];
    uint8_t b[4];
    lp_chipsim_t *second;
    lp_chipsim_options_t opt = {.timing = r->timing, .clock = {.now_us = clock_of, .ctx = r}};
    rig_image(r, M508, OPEN);
    rig_start(r);
    lp_chipsim_image_t image = r->image;
    image.config[16] = 0xC2;
    assert_int_equal(lp_chipsim_from_image(&second, &opt, &image), LP_OK);
    lp_chipsim_bus_attach(r->bus, second);
    r->now_us += 200;
    lp_chipsim_bus_wake(r->bus); // one pulse for all
    r->now_us += 1500;
    assert_int_equal(lp_chipsim_bus_read(r->bus, 0x60, a, 4), LP_OK);
    assert_int_equal(lp_chipsim_bus_read(r->bus, 0x61, b, 4), LP_OK);
    assert_memory_equal(a, b, 4);
    assert_int_equal(lp_chipsim_bus_read(r->bus, 0x62, b, 4), LP_E_I2C_NACK);
    static const uint8_t sleep[1] = {1};
    lp_chipsim_bus_write(r->bus, 0x61, sleep, 1);
    assert_int_equal(lp_chipsim_bus_read(r->bus, 0x61, b, 4), LP_E_I2C_NACK);
    assert_int_equal(st(r, 0x30, 0, 0, NULL, 0), OK);
    lp_chipsim_bus_detach(r->bus, second);
    lp_chipsim_free(second);
}

static void two_chips_of_one_address_pull_the_same_line(void **state)
{
    rig_t *r = *state;
    uint8_t buf[7];
    lp_chipsim_t *second;
    lp_chipsim_options_t opt = {.timing = r->timing, .clock = {.now_us = clock_of, .ctx = r}};
    rig_image(r, M508, OPEN);
    lp_chipsim_image_t image = r->image;
    image.model = LP_CHIPSIM_ATECC608A;
    image.config[6] = 0x60;
    rig_start(r);
    assert_int_equal(lp_chipsim_from_image(&second, &opt, &image), LP_OK);
    lp_chipsim_bus_attach(r->bus, second);
    rig_wake(r);
    assert_int_equal(wr(r, INFO, 8), LP_OK);
    r->now_us += 10000;
    assert_int_equal(rd(r, buf, 7), LP_OK);
    assert_int_equal(buf[3], 0x50 & 0x60);
    lp_chipsim_bus_detach(r->bus, second);
    lp_chipsim_free(second);
}

// ---- randomness -------------------------------------------------------------

static void seeds_are_updated_once(void **state)
{
    rig_t *r = *state;
    uint8_t seed[32];
    rig_image(r, M508, ALL_LOCKED);
    rig_start(r);
    memcpy(seed, lp_chipsim_image(r->chip)->eeprom_seed, 32);
    assert_int_equal(state_bytes(r) & 0x300, 0);
    st(r, 0x1B, 1, 0, NULL, 0); // without an update
    assert_memory_equal(lp_chipsim_image(r->chip)->eeprom_seed, seed, 32);
    assert_int_equal(state_bytes(r) & 0x300, 0x200);
    st(r, 0x1B, 0, 0, NULL, 0);
    assert_memory_not_equal(lp_chipsim_image(r->chip)->eeprom_seed, seed, 32);
    assert_int_equal(state_bytes(r) & 0x300, 0x300);
    memcpy(seed, lp_chipsim_image(r->chip)->eeprom_seed, 32);
    st(r, 0x1B, 0, 0, NULL, 0); // once is enough
    assert_memory_equal(lp_chipsim_image(r->chip)->eeprom_seed, seed, 32);
    rig_restart(r);
    st(r, 0x1B, 0, 0, NULL, 0);
    assert_memory_not_equal(lp_chipsim_image(r->chip)->eeprom_seed, seed, 32);
}

static void a_seed_makes_runs_repeatable(void **state)
{
    rig_t *r = *state;
    uint8_t first[32];
    rig_image(r, M508, ALL_LOCKED);
    rig_start(r);
    memcpy(first, cmd(r, 0x1B, 0, 0, NULL, 0).data, 32);
    rig_start(r);
    assert_memory_equal(cmd(r, 0x1B, 0, 0, NULL, 0).data, first, 32);
    r->image.seed = 0;
    rig_start(r);
    assert_memory_not_equal(cmd(r, 0x1B, 0, 0, NULL, 0).data, first, 32);
}

static void new_chips_have_serial_numbers_of_their_own(void **state)
{
    (void)state;
    lp_chipsim_image_t a;
    lp_chipsim_image_t b;
    lp_chipsim_image_factory(&a, LP_CHIPSIM_ATECC508A, NULL, 0);
    lp_chipsim_image_factory(&b, LP_CHIPSIM_ATECC508A, NULL, 0);
    assert_memory_not_equal(a.config, b.config, 13);
    assert_int_equal(a.config[0], 0x01);
    assert_int_equal(a.config[1], 0x23);
    assert_int_equal(a.config[12], 0xEE);
}

// ---- silicon that fails, buses that lie ---------------------------------------

static void ecc_faults_leave_tempkey_alone(void **state)
{
    rig_t *r = *state;
    const lp_chipsim_defects_t once = {.ecc_faults = 1};
    rig_image(r, M508, ALL_LOCKED);
    rig_slot(r, 2, 0x2083, 0x0033);
    rig_private(r, 2, 3);
    rig_start(r);
    nonce_fixed(r, key32(1));
    lp_chipsim_break(r->chip, &once);
    assert_int_equal(st(r, 0x41, 0x80, 2, NULL, 0), ECC);
    assert_int_equal(st(r, 0x41, 0x80, 2, NULL, 0), OK); // "retrying may result in success"
}

static void faults_are_as_ordered(void **state)
{
    rig_t *r = *state;
    uint8_t buf[7];
    rig_image(r, M508, OPEN);
    rig_start(r);
    lp_chipsim_faults_t f = {.nack_next = 2};
    lp_chipsim_bus_faults(r->bus, &f);
    assert_int_equal(wr(r, INFO, 8), LP_E_I2C_NACK);
    assert_int_equal(wr(r, INFO, 8), LP_E_I2C_NACK);
    assert_int_equal(wr(r, INFO, 8), LP_OK);
    f = (lp_chipsim_faults_t){.stuck_after = 2};
    lp_chipsim_bus_faults(r->bus, &f);
    r->now_us += 1000;
    assert_int_equal(rd(r, buf, 7), LP_OK);
    assert_int_equal(rd(r, buf, 7), LP_E_I2C_BUS);
    assert_int_equal(wr(r, INFO, 8), LP_E_I2C_BUS);
    lp_chipsim_bus_recover(r->bus);
    assert_int_equal(wr(r, INFO, 8), LP_OK);
}

// Noise is never taken for an answer: either the chip or the host sees a wrong CRC.
static void flipped_bits_are_noticed(void **state)
{
    rig_t *r = *state;
    unsigned good = 0;
    unsigned bad = 0;
    rig_image(r, M508, OPEN);
    rig_start(r);
    for (unsigned i = 0; i < 400; i++) {
        lp_chipsim_faults_t f = {.flip_to_ppm = 40000, .flip_from_ppm = 40000, .seed = i};
        rig_restart(r);
        lp_chipsim_bus_faults(r->bus, &f);
        reply_t a = cmd(r, 0x30, 0, 0, NULL, 0);
        f = (lp_chipsim_faults_t){.seed = 0};
        lp_chipsim_bus_faults(r->bus, &f);
        if (a.status == OK && a.len == 4) {
            assert_int_equal(a.data[2], 0x50);
            good++;
        } else {
            bad++;
        }
        if (!lp_chipsim_busy_until_us(r->chip)) {
            static const uint8_t reset[1] = {0};
            wr(r, reset, 1);
        }
        r->now_us += 1000;
    }
    assert_true(good > 50 && bad > 50);
}

typedef struct {
    uint8_t recorded[160];
    size_t len;
    bool replay;
    unsigned seen;
} adversary_t;

static bool from_chip(void *ctx, uint8_t addr, lp_buf_t *bytes)
{
    adversary_t *a = ctx;
    (void)addr;
    if (a->replay) {
        memcpy(bytes->ptr, a->recorded, a->len);
        bytes->len = a->len;
    } else {
        memcpy(a->recorded, bytes->ptr, bytes->len);
        a->len = bytes->len;
    }
    return true;
}

static void seen(void *ctx, uint8_t addr, bool read, bool ack, lp_span_t bytes)
{
    (void)addr;
    (void)read;
    (void)ack;
    (void)bytes;
    ((adversary_t *)ctx)->seen++;
}

static void an_adversary_can_replay_random_numbers(void **state)
{
    rig_t *r = *state;
    adversary_t a = {.len = 0};
    const lp_chipsim_tap_t tap = {.from_chip = from_chip, .seen = seen, .ctx = &a};
    rig_image(r, M508, ALL_LOCKED);
    rig_start(r);
    lp_chipsim_bus_tap(r->bus, &tap);
    reply_t first = cmd(r, 0x1B, 0, 0, NULL, 0);
    a.replay = true;
    reply_t second = cmd(r, 0x1B, 0, 0, NULL, 0);
    assert_memory_equal(first.data, second.data, 32);
    assert_int_equal(a.seen, 4);
    lp_chipsim_bus_tap(r->bus, NULL);
    assert_memory_not_equal(cmd(r, 0x1B, 0, 0, NULL, 0).data, first.data, 32);
}

static bool swallow(void *ctx, uint8_t addr, lp_buf_t *bytes)
{
    (void)ctx;
    (void)addr;
    bytes->ptr[0] = 0x01; // every write becomes "sleep"
    return true;
}

static void an_adversary_can_change_what_is_written(void **state)
{
    rig_t *r = *state;
    const lp_chipsim_tap_t tap = {.to_chip = swallow};
    rig_image(r, M508, ALL_LOCKED);
    rig_start(r);
    lp_chipsim_bus_tap(r->bus, &tap);
    assert_int_equal(st(r, 0x30, 0, 0, NULL, 0), NO_ANSWER);
}

static void order(rig_t *r, lp_chipsim_faults_t f)
{
    lp_chipsim_bus_faults(r->bus, &f);
}

// The command is in the chip, whole, and does not begin; the next STOP of a write begins it.
static void a_lost_stop_leaves_the_command_waiting(void **state)
{
    rig_t *r = *state;
    uint8_t buf[7];
    static const uint8_t counter[8] = {3, 7, 0x24, 1, 0, 0, 0x0F, 0x77};
    rig_image(r, M508, ALL_LOCKED);
    rig_start(r);
    assert_int_equal(host_crc(counter + 1, 5), counter[6] | counter[7] << 8);
    order(r, (lp_chipsim_faults_t){.lost_stop_ppm = 1000000});
    assert_int_equal(wr(r, counter, 8), LP_OK);
    r->now_us += 50000;
    assert_int_equal(rd(r, buf, 7), LP_OK);
    assert_int_equal(buf[0], 0xFF);
    assert_int_equal(lp_chipsim_words_written(r->chip), 0);
    order(r, (lp_chipsim_faults_t){.seed = 0});
    static const uint8_t reset[1] = {0};
    assert_int_equal(wr(r, reset, 1), LP_OK); // drops it
    assert_int_equal(wr(r, counter, 8), LP_OK);
    r->now_us += 50000;
    assert_int_equal(rd(r, buf, 7), LP_OK);
    assert_int_equal(buf[0], 7);
    assert_int_equal(buf[1], 1);
}

// Power dips before START number n: whatever was under way, volatile state is gone and a locked
// configuration is not.
static void a_brown_out_at_any_start_forgets_and_keeps(void **state)
{
    rig_t *r = *state;
    for (uint32_t n = 1; n < 9; n++) {
        rig_image(r, M508, ALL_LOCKED);
        rig_slot(r, 2, 0x2083, 0x0033);
        rig_private(r, 2, 3);
        rig_start(r);
        order(r, (lp_chipsim_faults_t){.brown_out_after = n});
        unsigned answered = 0;
        answered += nonce_fixed(r, key32(1)) == OK; // two STARTs each
        answered += st(r, 0x41, 0x80, 2, NULL, 0) == OK;
        answered += st(r, 0x24, 1, 0, NULL, 0) == OK;
        answered += st(r, 0x24, 0, 0, NULL, 0) == OK;
        assert_true(answered < 4);
        uint32_t before = n < 6 ? 0 : 1; // the counter's command began before the dip, or never
        rig_wake(r);
        assert_false(tempkey_valid(r));
        reply_t a = cmd(r, 0x24, 0, 0, NULL, 0);
        assert_int_equal(a.len, 4);
        assert_int_equal(a.data[0], before);
        assert_int_equal(st(r, 0x17, 0x80, 0, NULL, 0), EXEC); // still locked
        assert_memory_equal(slot_bytes(r, 2) + 4, key32(3), 32);
    }
}

// Somebody who can do CRCs: nothing on the wire tells, so what tells must be the answer's meaning.
static void an_adversary_by_dice_forges_and_replays(void **state)
{
    rig_t *r = *state;
    rig_image(r, M508, ALL_LOCKED);
    rig_start(r);
    reply_t first = cmd(r, 0x1B, 0, 0, NULL, 0);
    order(r, (lp_chipsim_faults_t){.replay_ppm = 1000000});
    reply_t second = cmd(r, 0x1B, 0, 0, NULL, 0); // nothing to replay yet
    reply_t third = cmd(r, 0x1B, 0, 0, NULL, 0);
    assert_memory_not_equal(first.data, second.data, 32);
    assert_memory_equal(second.data, third.data, 32);
    assert_int_equal(cmd(r, 0x30, 0, 0, NULL, 0).data[2], 0x50); // of another length: as it is
    unsigned changed = 0;
    for (unsigned i = 0; i < 64; i++) {
        order(r, (lp_chipsim_faults_t){.forge_from_ppm = 1000000, .seed = i});
        reply_t a = cmd(r, 0x30, 0, 0, NULL, 0); // the rig checks the CRC
        assert_int_equal(a.len, 4);
        static const uint8_t revision[4] = {0x00, 0x00, 0x50, 0x00};
        for (unsigned j = 0; j < 4; j++) {
            unsigned bits = a.data[j] ^ revision[j];
            assert_int_equal(bits & (bits - 1), 0); // one bit at most in a byte
            changed += bits != 0;
        }
    }
    assert_int_equal(changed, 64); // and one in all
    unsigned other = 0;
    for (unsigned i = 0; i < 64; i++) {
        order(r, (lp_chipsim_faults_t){.forge_to_ppm = 1000000, .seed = i});
        reply_t a = cmd(r, 0x30, 0, 0, NULL, 0);
        assert_int_not_equal(a.status, COMM); // the chip believes the CRC
        other += a.status != OK || a.data[2] != 0x50;
        order(r, (lp_chipsim_faults_t){.seed = 0});
        rig_restart(r);
    }
    assert_true(other > 16); // Param2 of Info(Revision) is looked at by nobody
}

static void fault_texts(void **state)
{
    (void)state;
    lp_chipsim_faults_t f;
    assert_int_equal(lp_chipsim_faults_parse("nack=10,flip-to=2,seed=9,slow=50", &f), LP_OK);
    assert_int_equal(f.nack_ppm, 10);
    assert_int_equal(f.flip_to_ppm, 2);
    assert_int_equal(f.seed, 9);
    assert_int_equal(f.slow_percent, 50);
    assert_int_equal(lp_chipsim_faults_parse("lost-stop=1,forge-to=2,forge-from=3,replay=4,"
                                             "brown-out-after=5",
                                             &f),
                     LP_OK);
    assert_int_equal(f.lost_stop_ppm, 1);
    assert_int_equal(f.forge_to_ppm, 2);
    assert_int_equal(f.forge_from_ppm, 3);
    assert_int_equal(f.replay_ppm, 4);
    assert_int_equal(f.brown_out_after, 5);
    assert_int_equal(lp_chipsim_faults_parse("", &f), LP_OK);
    static const char *const wrong[] = {"nack",    "nack=", "nack=x",          "what=1",
                                        "nack=1,", "=1",    "nack=99999999999"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(lp_chipsim_faults_parse(wrong[i], &f), LP_E_FORMAT);
    }
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(wake_takes_its_time),
        T(wake_with_self_test_takes_longer),
        T(wake_while_awake_is_ignored),
        T(address_zero_is_a_wake_pulse),
        T(only_a_slow_bus_wakes),
        T(reply_can_be_read_in_pieces_and_again),
        T(command_can_come_in_pieces),
        T(address_reset_forgets_half_a_command),
        T(surplus_bytes_are_not_acknowledged),
        T(a_command_begins_with_stop),
        T(odd_counts_are_communication_errors),
        T(busy_for_the_time_of_the_sheet),
        T(random_times_lie_between),
        T(clock_divider_slows_a_608),
        T(long_watchdog),
        T(watchdog_strikes_in_mid_command),
        T(new_address_after_sleep),
        T(user_extra_add_is_an_address_on_a_608),
        T(two_chips_answer_at_their_own_addresses),
        T(two_chips_of_one_address_pull_the_same_line),
        T(seeds_are_updated_once),
        T(a_seed_makes_runs_repeatable),
        T(new_chips_have_serial_numbers_of_their_own),
        T(ecc_faults_leave_tempkey_alone),
        T(faults_are_as_ordered),
        T(flipped_bits_are_noticed),
        T(an_adversary_can_replay_random_numbers),
        T(an_adversary_can_change_what_is_written),
        T(a_lost_stop_leaves_the_command_waiting),
        T(a_brown_out_at_any_start_forgets_and_keeps),
        T(an_adversary_by_dice_forges_and_replays),
        T(fault_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
