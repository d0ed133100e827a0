// SPDX-License-Identifier: Apache-2.0
// Rules of groups, power states, the watchdog and what volatile state survives.
#include "rig.h"

static bool a_wrong_crc_is_answered_ff(rig_t *r)
{
    uint8_t info[7] = {7, 0x30, 0, 0, 0, 0x03, 0x5D};
    uint8_t write[11] = {11, 0x12, 0x00, 0x04, 0x00, 0xC2, 0, 0x55, 0, 0, 0};
    rig_image(r, M508, OPEN);
    rig_start(r);
    bool good = group(r, info, 7).len == 4;
    info[6] ^= 1;
    bool bad = group(r, info, 7).status == COMM;
    bad = bad && group(r, write, 11).status == COMM && // and nothing was done
          lp_chipsim_image(r->chip)->config[16] == 0xC0;
    info[0] = 3;
    return good && bad && group(r, info, 3).status == COMM;
}

static bool a_command_too_long_for_the_watchdog_is_answered_ee(rig_t *r)
{
    rig_image(r, M508, CONFIG_LOCKED);
    rig_slot(r, 2, 0x208F, 0x0033);
    rig_start(r);
    r->now_us += 1300000 - 20000 - 100000; // 100 ms left; GenKey may take 115
    bool refused = st(r, 0x40, 4, 2, NULL, 0) == WATCHDOG && slot_bytes(r, 2)[4] == 0xFF;
    bool short_one = st(r, 0x30, 0, 0, NULL, 0) == OK;
    rig_restart(r);
    return refused && short_one && st(r, 0x40, 4, 2, NULL, 0) == OK;
}

static bool the_watchdog_puts_to_sleep(rig_t *r)
{
    rig_image(r, M508, CONFIG_LOCKED);
    rig_start(r);
    nonce_fixed(r, key32(1));
    r->now_us += 1000000;
    bool awake = tempkey_valid(r);
    r->now_us += 300000;
    bool asleep = st(r, 0x30, 0, 0, NULL, 0) == NO_ANSWER;
    rig_wake(r);
    return awake && asleep && !tempkey_valid(r);
}

static bool idle_keeps_and_sleep_forgets(rig_t *r)
{
    static const uint8_t idle[1] = {2};
    rig_image(r, M508, CONFIG_LOCKED);
    rig_start(r);
    nonce_random(r);
    unsigned before = state_bytes(r);
    lp_chipsim_bus_write(r->bus, 0x60, idle, 1);
    bool silent = st(r, 0x30, 0, 0, NULL, 0) == NO_ANSWER;
    r->now_us += 5000000; // no watchdog in idle
    rig_wake(r);
    bool kept = (before & 0x8300) == 0x8300 && state_bytes(r) == before;
    rig_restart(r);
    return silent && kept && state_bytes(r) == 0;
}

// Which commands leave a valid TempKey behind, on a 508.
static bool tempkey_goes_after_most_commands(rig_t *r)
{
    rig_image(r, M508, ALL_LOCKED);
    rig_slot(r, 5, 0x808F, 0x001C);
    rig_key(r, 5, 4);
    rig_start(r);
    static const struct {
        uint8_t op, p1, p2;
        size_t len;
    } clears[] = {{0x02, 0x00, 0, 0}, {0x08, 0x00, 5, 32},    {0x1B, 0x00, 0, 0},
                  {0x24, 0x00, 0, 0}, {0x12, 0x82, 0x48, 32}, {0x17, 0x80, 0, 0},
                  {0x20, 0x00, 0, 0}, {0x99, 0x00, 0, 0},     {0x02, 0x03, 0, 0},
                  {0x15, 0x00, 9, 0}};
    bool ok = true;
    for (size_t i = 0; i < sizeof clears / sizeof clears[0]; i++) {
        nonce_random(r);
        st(r, clears[i].op, clears[i].p1, clears[i].p2, key32(1), clears[i].len);
        ok = ok && !tempkey_valid(r);
    }
    nonce_random(r);
    uint8_t bad[7] = {7, 0x02, 0, 0, 0, 0, 0};
    ok = ok && group(r, bad, 7).status == COMM &&
         tempkey_valid(r); // a CRC error is no return code of a command
    return ok && st(r, 0x15, 2, 5, NULL, 0) == OK && tempkey_valid(r);
}

static bool random_is_a_pattern_before_config_lock(rig_t *r)
{
    static const uint8_t pattern[4] = {0xFF, 0xFF, 0x00, 0x00};
    rig_image(r, M508, OPEN);
    rig_start(r);
    reply_t a = cmd(r, 0x1B, 0, 0, NULL, 0);
    bool ok = a.len == 32;
    for (unsigned i = 0; i < 32; i += 4) {
        ok = ok && memcmp(a.data + i, pattern, 4) == 0;
    }
    rig_image(r, M508, CONFIG_LOCKED);
    rig_start(r);
    reply_t b = cmd(r, 0x1B, 0, 0, NULL, 0);
    reply_t c = cmd(r, 0x1B, 0, 0, NULL, 0);
    return ok && b.len == 32 && memcmp(b.data, a.data, 32) != 0 && memcmp(b.data, c.data, 32) != 0;
}

static bool pause_idles_the_others(rig_t *r)
{
    rig_image(r, M508, CONFIG_LOCKED);
    r->image.config[85] = 7;
    rig_start(r);
    bool stays = st(r, 0x01, 7, 0, NULL, 0) == OK && st(r, 0x30, 0, 0, NULL, 0) == OK;
    bool idles = st(r, 0x01, 8, 0, NULL, 0) == NO_ANSWER && st(r, 0x30, 0, 0, NULL, 0) == NO_ANSWER;
    rig_wake(r);
    return stays && idles && st(r, 0x30, 0, 0, NULL, 0) == OK;
}

static bool gpio_is_for_single_wire_parts(rig_t *r)
{
    rig_image(r, M508, CONFIG_LOCKED);
    r->image.config[16] = 0xC2; // as GPIO control: mode 10, input
    rig_start(r);
    return st(r, 0x30, 3, 0, NULL, 0) == EXEC && st(r, 0x30, 0, 0, NULL, 0) == OK;
}

const rule_test_t bus_tests[] = {
    RULE(CRC, a_wrong_crc_is_answered_ff),
    RULE(WATCHDOG_NEAR, a_command_too_long_for_the_watchdog_is_answered_ee),
    RULE(WATCHDOG_SLEEP, the_watchdog_puts_to_sleep),
    RULE(IDLE_KEEPS, idle_keeps_and_sleep_forgets),
    RULE(TEMPKEY_CLEARED_508, tempkey_goes_after_most_commands),
    RULE(RANDOM_PATTERN, random_is_a_pattern_before_config_lock),
    RULE(PAUSE_SELECTOR, pause_idles_the_others),
    RULE(GPIO_I2C, gpio_is_for_single_wire_parts),
};
const size_t bus_count = sizeof bus_tests / sizeof bus_tests[0];
