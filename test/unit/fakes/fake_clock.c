// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>

#include "fake/port.h"
#include "limpet/port/clock.h"
#include "limpet/port/irq.h"

static uint64_t now_us;
static bool has_utc;
static int64_t utc_at_zero_s;

void (*fake_on_wait)(uint64_t until_ms);
void (*fake_on_look)(void);
unsigned fake_irq_depth;

void fake_clock_reset(void)
{
    now_us = 0;
    has_utc = false;
    fake_on_wait = NULL;
    fake_on_look = NULL;
    fake_irq_depth = 0;
}

void fake_clock_advance_ms(uint64_t ms)
{
    now_us += ms * 1000;
}

void fake_clock_advance_us(uint64_t us)
{
    now_us += us;
}

void fake_clock_forget_utc(void)
{
    has_utc = false;
}

void fake_clock_set_utc_s(int64_t utc_s)
{
    has_utc = true;
    utc_at_zero_s = utc_s - (int64_t)(now_us / 1000000);
}

uint64_t lp_port_now_ms(void)
{
    return now_us / 1000;
}

uint64_t lp_port_now_us(void)
{
    if (fake_on_look != NULL) {
        fake_on_look();
    }
    return now_us;
}

// Nothing takes time here but what a test says, and that is sleep.
uint64_t lp_port_busy_us(void)
{
    return 0;
}

lp_err_t lp_port_utc_s(int64_t *utc_s)
{
    if (!has_utc) {
        return LP_E_CLOCK;
    }
    *utc_s = utc_at_zero_s + (int64_t)(now_us / 1000000);
    return LP_OK;
}

void lp_port_wait(uint64_t until_ms)
{
    if (fake_on_wait != NULL) {
        fake_on_wait(until_ms);
        if (until_ms == UINT64_MAX) {
            return;
        }
    } else if (until_ms == UINT64_MAX) {
        fprintf(stderr, "fake port: the loop sleeps with nothing that could wake it\n");
        abort();
    }
    if (until_ms * 1000 > now_us) {
        now_us = until_ms * 1000;
    }
}

uint32_t lp_port_irq_save(void)
{
    return fake_irq_depth++;
}

void lp_port_irq_restore(uint32_t state)
{
    fake_irq_depth = state;
}
