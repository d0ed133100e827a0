// SPDX-License-Identifier: Apache-2.0
// The life of a chip: made, powered, asleep, waking, awake, idle; and the watchdog (L3201).
//
//   OFF --power on--> ASLEEP --wake--> WAKING --tWHI--> AWAKE --idle--> IDLE --wake--> WAKING
//                        ^                                |
//                        +---- sleep, watchdog -----------+
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "internal.h"

enum {
    POWER_UP_US = 100,
    WAKE_US = 1500,
    WAKE_SELFTEST_US = 20000, // 608 with the power-on self test
    WATCHDOG_US = 1300000,
    WATCHDOG_MIN_US = 700000,
    WATCHDOG_LONG_US = 10000000,
};

uint64_t lp_cs_now(const lp_chipsim_t *c)
{
    return c->clock.now_us(c->clock.ctx);
}

uint64_t lp_cs_roll(uint64_t *dice)
{
    uint64_t x = *dice != 0 ? *dice : 0x9E3779B97F4A7C15u;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    *dice = x;
    return x;
}

void lp_cs_forget(lp_chipsim_t *c)
{
    lp_cs_wipe(&c->v, sizeof c->v);
    c->v.x509_slot = NO_SLOT;
    c->v.sha.public_slot = NO_SLOT;
    lp_cs_wipe(c->in, sizeof c->in);
    lp_cs_wipe(c->out, sizeof c->out);
    c->in_len = 0;
    c->out_len = 0;
    c->out_pos = 0;
    c->was_read = false;
    c->busy = false;
}

void lp_cs_fall_asleep(lp_chipsim_t *c)
{
    lp_cs_forget(c);
    c->power = PWR_ASLEEP;
}

// TempKey, the seeds and the authorisation stay; the watchdog stops.
void lp_cs_fall_idle(lp_chipsim_t *c)
{
    if (c->rule_off[LP_RULE_IDLE_KEEPS]) {
        lp_cs_forget(c);
    }
    c->in_len = 0;
    c->out_len = 0;
    c->out_pos = 0;
    c->was_read = false;
    c->busy = false;
    c->power = PWR_IDLE;
}

// 508: the I2C_Address byte. 608: UserExtraAdd instead, if ChipMode bit 0 says so and it is not 0
// (T439). Taken over at power-up and at a wake from sleep (T505).
static void latch_address(lp_chipsim_t *c)
{
    const uint8_t *config = c->image.config;
    uint8_t other = config[CFG_SELECTOR];
    bool alternative = lp_cs_is_608(c) && (config[CFG_CHIP_MODE] & 1) != 0 && other != 0;
    c->addr = (alternative ? other : config[CFG_I2C_ADDRESS]) >> 1;
}

static uint64_t watchdog_span(const lp_chipsim_t *c)
{
    if ((c->image.config[CFG_CHIP_MODE] & 4) != 0) {
        return WATCHDOG_LONG_US;
    }
    return c->timing == LP_CHIPSIM_TIMING_MAX ? WATCHDOG_MIN_US : WATCHDOG_US;
}

static void wake_up(lp_chipsim_t *c)
{
    uint8_t status = ST_WAKE;
    c->power = PWR_AWAKE;
    c->v.selftest_failed = 0;
    if ((lp_cs_chip_options(c) & 1) != 0 && c->broken_units != 0) {
        c->v.selftest_failed = c->broken_units;
        status = ST_SELFTEST;
    }
    lp_cs_put_status(c, status);
}

// Brings the chip's state up to the present moment.
void lp_cs_tick(lp_chipsim_t *c)
{
    uint64_t now = lp_cs_now(c);
    if (c->power == PWR_WAKING && now >= c->ready_us) {
        wake_up(c);
    }
    if (c->busy && now >= c->busy_us && c->busy_us <= c->watchdog_us) {
        c->busy = false;
    }
    bool on = c->power == PWR_AWAKE || c->power == PWR_WAKING;
    if (on && lp_cs_breaks(c, LP_RULE_WATCHDOG_SLEEP, now >= c->watchdog_us)) {
        lp_cs_fall_asleep(c);
    }
}

void lp_cs_wake(lp_chipsim_t *c)
{
    lp_cs_tick(c);
    uint64_t now = lp_cs_now(c);
    bool low_power = c->power == PWR_ASLEEP || c->power == PWR_IDLE;
    if (!low_power || (c->power == PWR_ASLEEP && now < c->ready_us)) {
        return; // awake already, off, or not yet powered up
    }
    if (c->power == PWR_ASLEEP) {
        latch_address(c);
    }
    bool selftest = (lp_cs_chip_options(c) & 1) != 0;
    bool instant = c->timing == LP_CHIPSIM_TIMING_INSTANT;
    c->power = PWR_WAKING;
    c->ready_us = now + (instant ? 0 : selftest ? WAKE_SELFTEST_US : WAKE_US);
    c->watchdog_us = now + watchdog_span(c);
}

void lp_chipsim_power_off(lp_chipsim_t *c)
{
    lp_cs_forget(c);
    c->power = PWR_OFF;
    c->persistent_latch = false;
    c->secureboot_prohibited = false;
    c->intrusion_latch = false;
}

void lp_chipsim_power_on(lp_chipsim_t *c)
{
    if (c->power != PWR_OFF || c->health != LP_OK) {
        return;
    }
    lp_cs_forget(c);
    c->power = PWR_ASLEEP;
    bool instant = c->timing == LP_CHIPSIM_TIMING_INSTANT;
    c->ready_us = lp_cs_now(c) + (instant ? 0 : POWER_UP_US);
    c->draws = 0;
    c->gpio_level = (c->image.config[CFG_I2C_ADDRESS] & 4) != 0; // table 7-1 (L2400)
    c->image.boots++;
    c->dirty = c->dirty || c->image.seed != 0;
    latch_address(c);
    lp_cs_commit(c);
}

static lp_chipsim_t *make(const lp_chipsim_options_t *opt)
{
    lp_chipsim_t *c = calloc(1, sizeof *c);
    if (c == NULL) {
        return NULL;
    }
    c->timing = opt->timing;
    c->clock = opt->clock;
    if (c->clock.now_us == NULL) {
        c->clock.now_us = lp_chipsim_host_clock;
    }
    c->no_sync = opt->no_sync;
    c->state_fd = -1;
    c->dice = opt->seed + 1;
    c->power = PWR_OFF;
    return c;
}

lp_err_t lp_chipsim_new(lp_chipsim_t **out, const lp_chipsim_options_t *opt)
{
    lp_chipsim_t *c = make(opt);
    if (c == NULL) {
        return LP_E_NOSPACE;
    }
    lp_err_t err = lp_chipsim_image_factory(&c->image, opt->model, opt->serial, opt->seed);
    if (err == LP_OK) {
        err = lp_chipsim_image_variant(&c->image, opt->variant);
    }
    if (err == LP_OK && opt->state_path != NULL) {
        err = lp_cs_state_claim(c, opt->state_path, true);
    }
    if (err != LP_OK) {
        lp_chipsim_free(c);
        return err;
    }
    lp_chipsim_power_on(c);
    *out = c;
    return LP_OK;
}

lp_err_t lp_chipsim_open(lp_chipsim_t **out, const lp_chipsim_options_t *opt)
{
    if (opt->state_path == NULL) {
        return LP_E_INVALID;
    }
    lp_chipsim_t *c = make(opt);
    if (c == NULL) {
        return LP_E_NOSPACE;
    }
    lp_err_t err = lp_cs_state_claim(c, opt->state_path, false);
    if (err == LP_OK && c->image.model != opt->model) {
        err = LP_E_CHIP_OTHER;
    }
    if (err != LP_OK) {
        lp_chipsim_free(c);
        return err;
    }
    lp_chipsim_power_on(c);
    *out = c;
    return LP_OK;
}

lp_err_t lp_chipsim_from_image(lp_chipsim_t **out, const lp_chipsim_options_t *opt,
                               const lp_chipsim_image_t *image)
{
    lp_chipsim_t *c = make(opt);
    if (c == NULL) {
        return LP_E_NOSPACE;
    }
    c->image = *image;
    c->dice = image->seed + 1;
    lp_chipsim_power_on(c);
    *out = c;
    return LP_OK;
}

void lp_chipsim_free(lp_chipsim_t *c)
{
    if (c == NULL) {
        return;
    }
    if (c->state_fd >= 0) {
        close(c->state_fd);
    }
    free(c->state_path);
    lp_cs_wipe(c, sizeof *c);
    free(c);
}

const lp_chipsim_image_t *lp_chipsim_image(const lp_chipsim_t *c)
{
    return &c->image;
}

uint8_t lp_chipsim_addr(const lp_chipsim_t *c)
{
    return c->addr;
}

lp_err_t lp_chipsim_health(const lp_chipsim_t *c)
{
    return c->health;
}

uint64_t lp_chipsim_busy_until_us(const lp_chipsim_t *c)
{
    if (c->power == PWR_WAKING) {
        return c->ready_us;
    }
    return c->busy ? c->busy_us : 0;
}

uint64_t lp_chipsim_words_written(const lp_chipsim_t *c)
{
    return c->words_written;
}

void lp_chipsim_break(lp_chipsim_t *c, const lp_chipsim_defects_t *defects)
{
    c->v.health_failed = defects->rng_health;
    c->broken_units = defects->selftest;
    c->fail_ecc = defects->ecc_faults;
}

void lp_chipsim_set_pin(lp_chipsim_t *c, bool high)
{
    if (c->gpio_pin && !high) {
        c->intrusion_latch = false; // "any falling edge" (L2423)
    }
    c->gpio_pin = high;
}
