// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake/port.h"
#include "limpet/port/system.h"
#include "limpet/port/watchdog.h"

enum { LINES = 64, LINE_BYTES = 512 };

unsigned fake_reboots;
void (*fake_on_reboot)(void);
bool fake_entropy_fails;
uint32_t fake_watchdog_ms;
unsigned fake_watchdog_feeds;
uint32_t fake_watchdog_starts;
unsigned fake_deep_sleeps;
uint64_t fake_sleep_ms;
void (*fake_on_deep_sleep)(void);
lp_wake_t fake_wake;
uint64_t fake_slept_ms;

static uint32_t entropy_state;
static char lines[LINES][LINE_BYTES];
static size_t line_count;
static bool echo;

void fake_system_reset(void)
{
    fake_reboots = 0;
    fake_on_reboot = NULL;
    fake_entropy_fails = false;
    fake_watchdog_ms = 0;
    fake_watchdog_feeds = 0;
    fake_watchdog_starts = 0;
    fake_deep_sleeps = 0;
    fake_sleep_ms = 0;
    fake_on_deep_sleep = NULL;
    fake_wake = LP_WAKE_POWER_ON;
    fake_slept_ms = 0;
    entropy_state = 1;
    line_count = 0;
    memset(lines, 0, sizeof lines);
}

lp_err_t lp_port_entropy(uint8_t *buf, size_t len)
{
    if (fake_entropy_fails) {
        return LP_E_IO;
    }
    for (size_t i = 0; i < len; i++) {
        entropy_state = entropy_state * 1664525u + 1013904223u;
        buf[i] = (uint8_t)(entropy_state >> 24);
    }
    return LP_OK;
}

void lp_port_hw_id(uint8_t id[6])
{
    static const uint8_t fake_id[6] = {0x02, 0x00, 0x00, 0x4F, 0x21, 0xC0};
    memcpy(id, fake_id, sizeof fake_id);
}

const char *lp_port_name(void)
{
    return "fake";
}

const char *lp_port_boot_reason(void)
{
    return fake_watchdog_starts > 0 ? "watchdog" : "power-on";
}

void lp_port_watchdog_start(uint32_t timeout_ms)
{
    fake_watchdog_ms = timeout_ms;
}

void lp_port_watchdog_feed(void)
{
    fake_watchdog_feeds++;
}

uint32_t lp_port_watchdog_starts(void)
{
    return fake_watchdog_starts;
}

_Noreturn void lp_port_reboot(void)
{
    fake_reboots++;
    if (fake_on_reboot != NULL) {
        fake_on_reboot();
    }
    fprintf(stderr, "fake port: reboot without a hook that jumps away\n");
    abort();
}

lp_wake_t lp_port_wake(void)
{
    return fake_wake;
}

uint64_t lp_port_slept_ms(void)
{
    return fake_slept_ms;
}

// Never cleared: that is what it is for.
uint8_t *lp_port_rtc(size_t *bytes)
{
    static uint8_t rtc[LP_PORT_RTC_BYTES_MIN];
    *bytes = sizeof rtc;
    return rtc;
}

_Noreturn void lp_port_deep_sleep(uint64_t ms)
{
    fake_deep_sleeps++;
    fake_sleep_ms = ms;
    if (fake_on_deep_sleep != NULL) {
        fake_on_deep_sleep();
    }
    fprintf(stderr, "fake port: deep sleep without a hook that jumps away\n");
    abort();
}

void lp_port_log_line(const char *line, size_t len)
{
    char *slot = lines[line_count % LINES];
    snprintf(slot, LINE_BYTES, "%.*s", (int)len, line);
    line_count++;
    if (echo) {
        fprintf(stderr, "%s\n", slot);
    }
}

size_t fake_log_count(void)
{
    return line_count;
}

const char *fake_log_last(void)
{
    return line_count == 0 ? "" : lines[(line_count - 1) % LINES];
}

bool fake_log_contains(const char *text)
{
    for (size_t i = 0; i < LINES; i++) {
        if (strstr(lines[i], text) != NULL) {
            return true;
        }
    }
    return false;
}

void fake_log_echo(bool on)
{
    echo = on;
}
