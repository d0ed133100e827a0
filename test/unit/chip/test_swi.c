// SPDX-License-Identifier: Apache-2.0
// Parts with the single-wire interface: flags instead of addresses, and the SCL pin as GPIO.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rig.h"

static rig_t rig;

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

static reply_t swi_info(rig_t *r, uint8_t p1, uint16_t p2)
{
    uint8_t g[7] = {7, 0x30, p1, (uint8_t)p2, (uint8_t)(p2 >> 8)};
    uint8_t in[64];
    lp_buf_t out = lp_buf(in, sizeof in);
    reply_t a = {.status = NO_ANSWER};
    uint16_t crc = host_crc(g, 5);
    g[5] = (uint8_t)crc;
    g[6] = (uint8_t)(crc >> 8);
    assert_int_equal(lp_chipsim_swi(r->chip, 0x77, lp_span(g, 7), &out), LP_OK);
    r->now_us += 2000;
    assert_int_equal(lp_chipsim_swi(r->chip, 0x88, lp_span(NULL, 0), &out), LP_OK);
    a.status = out.len == 4 ? in[1] : OK;
    a.len = out.len == 7 ? 4 : 0;
    memcpy(a.data, in + 1, 4);
    return a;
}

static void swi(rig_t *r, uint8_t control)
{
    rig_image(r, M508, ALL_LOCKED);
    r->image.config[14] = 0x58;
    r->image.config[16] = control;
    rig_start(r);
    lp_chipsim_swi_wake(r->chip);
    r->now_us += 2000;
}

static void single_wire_parts_answer_no_address(void **state)
{
    rig_t *r = *state;
    uint8_t buf[4];
    swi(r, 0x02);
    assert_int_equal(lp_chipsim_bus_read(r->bus, lp_chipsim_addr(r->chip), buf, 4), LP_E_I2C_NACK);
    reply_t a = swi_info(r, 0, 0);
    assert_int_equal(a.data[2], 0x50);
    lp_buf_t out = lp_buf(buf, sizeof buf);
    assert_int_equal(lp_chipsim_swi(r->chip, 0xCC, lp_span(NULL, 0), &out), LP_OK);
    assert_int_equal(lp_chipsim_swi(r->chip, 0x88, lp_span(NULL, 0), &out), LP_E_I2C_NACK);
}

static void gpio_modes(void **state)
{
    rig_t *r = *state;
    swi(r, 0x02); // input
    assert_int_equal(swi_info(r, 3, 0).data[0], 0);
    lp_chipsim_set_pin(r->chip, true);
    assert_int_equal(swi_info(r, 3, 0).data[0], 1);
    assert_int_equal(swi_info(r, 3, 2).status, EXEC);
    swi(r, 0x03); // output
    assert_int_equal(swi_info(r, 3, 3).data[0], 1);
    assert_int_equal(swi_info(r, 3, 2).data[0], 0);
    swi(r, 0x51); // authorisation output, slot 5: only its rest level without it
    assert_int_equal(swi_info(r, 3, 3).data[0], 0);
    swi(r, 0x00);
    assert_int_equal(swi_info(r, 3, 0).status, EXEC);
}

static unsigned swi_check_mac(rig_t *r, unsigned slot)
{
    uint8_t g[84] = {84, 0x28, 0, (uint8_t)slot};
    uint8_t in[8];
    lp_buf_t out = lp_buf(in, sizeof in);
    bytes_t b = {.len = 0};
    memcpy(g + 5, key32(1), 32);
    add(&b, key32(6), 32);
    add(&b, key32(1), 32);
    add0(&b, 15);
    add_sn(&b, r, 8, 1);
    add0(&b, 4);
    add_sn(&b, r, 0, 2);
    add0(&b, 2);
    host_hash(&b, g + 37);
    uint16_t crc = host_crc(g, 82);
    g[82] = (uint8_t)crc;
    g[83] = (uint8_t)(crc >> 8);
    lp_chipsim_swi(r->chip, 0x77, lp_span(g, 84), &out);
    r->now_us += 50000;
    lp_chipsim_swi(r->chip, 0x88, lp_span(NULL, 0), &out);
    return in[1];
}

// The intrusion latch is set by authorisation and falls with the pin; a key tied to it works only
// in between.
static void intrusion_latch(void **state)
{
    rig_t *r = *state;
    uint8_t g[39] = {39, 0x08, 0, 5};
    uint8_t in[40];
    rig_image(r, M508, ALL_LOCKED);
    r->image.config[14] = 0x58;
    r->image.config[16] = 0x69; // authorisation by slot 6, intrusion detection
    rig_slot(r, 5, 0x808F, 0x101C);
    rig_slot(r, 6, 0x808F, 0x001C);
    rig_key(r, 6, 6);
    rig_start(r);
    lp_chipsim_swi_wake(r->chip);
    r->now_us += 2000;
    memcpy(g + 5, key32(1), 32);
    uint16_t crc = host_crc(g, 37);
    g[37] = (uint8_t)crc;
    g[38] = (uint8_t)(crc >> 8);
    static const size_t want[3] = {4, 35, 4};
    lp_chipsim_set_pin(r->chip, true);
    for (unsigned i = 0; i < 3; i++) {
        lp_buf_t out = lp_buf(in, sizeof in);
        if (i == 1) {
            assert_int_equal(swi_info(r, 3, 3).data[0], 0); // not without authorisation
            assert_int_equal(swi_check_mac(r, 6), OK);
            assert_int_equal(swi_info(r, 3, 1).data[0], 0); // asked for, not set
            assert_int_equal(swi_info(r, 3, 0).data[0], 0);
            assert_int_equal(swi_info(r, 3, 3).data[0], 1);
            assert_int_equal(swi_info(r, 3, 0).data[0], 1);
        } else if (i == 2) {
            lp_chipsim_set_pin(r->chip, false);
            assert_int_equal(swi_info(r, 3, 0).data[0], 0);
        }
        assert_int_equal(lp_chipsim_swi(r->chip, 0x77, lp_span(g, 39), &out), LP_OK);
        r->now_us += 50000;
        assert_int_equal(lp_chipsim_swi(r->chip, 0x88, lp_span(NULL, 0), &out), LP_OK);
        assert_int_equal(out.len, want[i]);
    }
}

// Bit 3 of the control byte tells the latch from the output: 61 and 69 are told apart by what
// happens without and with authorisation.
static void authorisation_output_is_no_latch(void **state)
{
    rig_t *r = *state;
    static const struct {
        uint8_t control;
        uint8_t rest;       // Info after "1" and after "0" without authorisation
        uint8_t authorised; // and after "1" with it
        bool falls;         // with the pin
    } cases[] = {{0x61, 0, 1, false}, {0x65, 1, 0, false}, {0x69, 0, 1, true}, {0x6D, 0, 1, true}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t away = cases[i].control == 0x65 ? 2 : 3;
        swi(r, cases[i].control);
        rig_slot(r, 6, 0x808F, 0x001C);
        rig_key(r, 6, 6);
        rig_start(r);
        lp_chipsim_swi_wake(r->chip);
        r->now_us += 2000;
        lp_chipsim_set_pin(r->chip, true);
        swi_info(r, 3, (uint16_t)(away ^ 1)); // the rest level, which needs nobody
        assert_int_equal(swi_info(r, 3, away).data[0], cases[i].rest);
        assert_int_equal(swi_check_mac(r, 6), OK);
        assert_int_equal(swi_info(r, 3, away).data[0], cases[i].authorised);
        lp_chipsim_set_pin(r->chip, false);
        uint8_t want = cases[i].falls ? 0 : cases[i].authorised;
        assert_int_equal(swi_info(r, 3, 0).data[0], want);
    }
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(single_wire_parts_answer_no_address),
        T(gpio_modes),
        T(intrusion_latch),
        T(authorisation_output_is_no_latch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
