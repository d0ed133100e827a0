// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "digest_rig.h"

static rig_t rig;

int set_up(void **state)
{
    memset(&rig, 0, sizeof rig);
    rig.rule_off = -1;
    rig.now_us = 1000000;
    rig.timing = LP_CHIPSIM_TIMING_INSTANT;
    *state = &rig;
    return 0;
}

int tear_down(void **state)
{
    rig_stop(*state);
    return 0;
}

void from_hex(const char *hex, uint8_t *out)
{
    for (size_t i = 0; hex[2 * i] != '\0'; i++) {
        unsigned v;
        sscanf(hex + 2 * i, "%2x", &v);
        out[i] = (uint8_t)v;
    }
}

void assert_data(const reply_t *a, const void *want, size_t len)
{
    assert_int_equal(a->status, OK);
    assert_int_equal(a->len, len);
    assert_memory_equal(a->data, want, len);
}
