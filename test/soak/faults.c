// SPDX-License-Identifier: Apache-2.0
// What goes wrong: one to four things at a time, each for a while.
#include "soak.h"

#include <limits.h>

typedef enum {
    BROKER_RESTARTS,
    CABLE_IS_PULLED,
    NAME_IS_UNKNOWN,
    NAME_IS_A_LIE,
    BROKER_IS_SILENT,
    LOGIN_IS_REFUSED,
    BROKER_BABBLES,
    CUT_IN_CONNECTION, // somewhere in the handshake, or soon after
    SILENCE_IN_CONNECTION,
    NOISE_IN_CONNECTION,
    TIME_IS_UNKNOWN,
    TIME_IS_A_LIE, // years from the truth
    CHIP_IS_UNPLUGGED,
    CHIP_SAYS_NO,
    CHIP_IS_LATE,
    CHIP_IS_GARBLED,
    FLASH_FAILS,
    POWER_FAILS,
    POWER_FAILS_IN_WRITE,
    FAULTS,
} fault_t;

static const char *const names[FAULTS] = {
    "broker restarts",   "cable is pulled",  "name is unknown",       "name is a lie",
    "broker is silent",  "login is refused", "broker babbles",        "connection is cut",
    "connection dies",   "a bit flips",      "time is unknown",       "time is a lie",
    "chip is unplugged", "chip says no",     "chip is late",          "chip is garbled",
    "flash fails",       "power fails",      "power fails in a write"};

enum { AT_ONCE = 4, HANDSHAKE_BYTES = 4000 };

static struct {
    fault_t fault;
    uint64_t end_ms;
    bool is_on;
} running[AT_ONCE];

static unsigned counts[FAULTS];

static bool is_of_network(fault_t fault)
{
    return fault <= NAME_IS_A_LIE;
}

static bool is_of_power(fault_t fault)
{
    return fault == POWER_FAILS || fault == POWER_FAILS_IN_WRITE;
}

static void set_time(int64_t years)
{
    const int64_t now_s = PKI_NOW_S + (int64_t)(soak_now() / 1000);
    fake_clock_set_utc_s(now_s + years * 365 * PKI_DAY_S);
}

static void begin_network(fault_t fault)
{
    static const soak_net_t how[] = {[BROKER_RESTARTS] = SOAK_NET_REFUSED,
                                     [CABLE_IS_PULLED] = SOAK_NET_UNPLUGGED,
                                     [NAME_IS_UNKNOWN] = SOAK_NET_NO_NAME,
                                     [NAME_IS_A_LIE] = SOAK_NET_LIAR};
    soak_net_set(how[fault]);
    if (fault == NAME_IS_UNKNOWN) {
        soak_net_reset();
    }
}

static void fail_power(void)
{
    soak.power_cuts++;
    soak_power_off();
    fake_clock_advance_ms(1 + soak_pick(30000));
    soak_power_on();
}

static void begin_local(fault_t fault)
{
    if (fault == TIME_IS_UNKNOWN) {
        fake_clock_forget_utc();
    } else if (fault == TIME_IS_A_LIE) {
        set_time(soak_chance(50) ? -4 : 20);
    } else if (fault == CHIP_IS_UNPLUGGED) {
        soak_chip_power(false);
    } else if (fault == CHIP_SAYS_NO) {
        soak.nack = 20 + soak_pick(400);
    } else if (fault == CHIP_IS_LATE) {
        soak.timeout = 5 + soak_pick(200);
    } else if (fault == CHIP_IS_GARBLED) {
        soak.garble = 20 + soak_pick(300);
    } else if (fault == FLASH_FAILS) {
        ledger_flash_fails(true);
        fake_flash_fail_at(1 + soak_pick(20));
    } else if (fault == POWER_FAILS) {
        fail_power();
    } else if (fault == POWER_FAILS_IN_WRITE) {
        fake_flash_cut_at(1 + soak_pick(30), soak_pick(1000));
    }
}

static void begin(fault_t fault)
{
    if (is_of_network(fault)) {
        begin_network(fault);
    } else if (fault == BROKER_IS_SILENT) {
        soak_broker_mute(true);
    } else if (fault == LOGIN_IS_REFUSED) {
        soak_broker_refuse(true);
    } else if (fault == BROKER_BABBLES) {
        soak_broker_babble();
    } else if (fault == CUT_IN_CONNECTION || fault == SILENCE_IN_CONNECTION) {
        soak_net_cut_next(fault == SILENCE_IN_CONNECTION, 1 + soak_pick(HANDSHAKE_BYTES));
    } else if (fault == NOISE_IN_CONNECTION) {
        soak_net_flip_next(1 + soak_pick(HANDSHAKE_BYTES));
    } else {
        begin_local(fault);
    }
}

static void end(fault_t fault)
{
    if (is_of_network(fault)) {
        soak_net_set(SOAK_NET_FINE);
        if (fault == CABLE_IS_PULLED || fault == NAME_IS_A_LIE) {
            return; // the board has to notice that by itself
        }
    } else if (fault == BROKER_IS_SILENT) {
        soak_broker_mute(false);
    } else if (fault == LOGIN_IS_REFUSED) {
        soak_broker_refuse(false);
    } else if (fault == TIME_IS_UNKNOWN || fault == TIME_IS_A_LIE) {
        set_time(0);
    } else if (fault == CHIP_IS_UNPLUGGED) {
        soak_chip_power(true);
    } else if (fault == FLASH_FAILS) {
        fake_flash_fail_at(0);
        ledger_flash_fails(false);
    } else if (fault == POWER_FAILS_IN_WRITE) {
        fake_flash_cut_at(0, 0);
    }
    soak.nack = fault == CHIP_SAYS_NO ? 0 : soak.nack;
    soak.timeout = fault == CHIP_IS_LATE ? 0 : soak.timeout;
    soak.garble = fault == CHIP_IS_GARBLED ? 0 : soak.garble;
}

// One of a kind at a time, and one state of the network.
static bool is_possible(fault_t fault)
{
    for (unsigned i = 0; i < AT_ONCE; i++) {
        const fault_t other = running[i].fault;
        if (running[i].is_on && (other == fault || (is_of_network(other) && is_of_network(fault)) ||
                                 (is_of_power(other) && is_of_power(fault)) ||
                                 (other == TIME_IS_UNKNOWN && fault == TIME_IS_A_LIE) ||
                                 (other == TIME_IS_A_LIE && fault == TIME_IS_UNKNOWN))) {
            return false;
        }
    }
    return !is_of_power(fault) || soak_may_restart();
}

void faults_begin(void)
{
    const unsigned how_many = 1 + soak_pick(AT_ONCE);
    for (unsigned i = 0; i < how_many; i++) {
        const fault_t fault = (fault_t)soak_pick(FAULTS);
        if (!is_possible(fault)) {
            continue;
        }
        running[i].fault = fault;
        running[i].is_on = true;
        running[i].end_ms = soak_now() + 10 + soak_pick(soak_chance(70) ? 5000 : 60000);
        counts[fault]++;
        soak_note("fault: %s", names[fault]);
        begin(fault);
    }
}

bool faults_step(void)
{
    bool is_any = false;
    for (unsigned i = 0; i < AT_ONCE; i++) {
        if (running[i].is_on && soak_now() >= running[i].end_ms) {
            running[i].is_on = false;
            end(running[i].fault);
        }
        is_any = is_any || running[i].is_on;
    }
    return is_any;
}

void faults_report(void)
{
    unsigned sum = 0;
    for (unsigned i = 0; i < FAULTS; i++) {
        sum += counts[i];
    }
    print_message("%u faults:", sum);
    for (unsigned i = 0; i < FAULTS; i++) {
        print_message(" %s %u%s", names[i], counts[i], i + 1 < FAULTS ? "," : "\n");
    }
}
