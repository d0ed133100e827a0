// SPDX-License-Identifier: Apache-2.0
// Analog inputs: what is told of them holds, and looking at one is quick and changes nothing. What
// is on the wire nobody knows here.
#include "limpet/port/adc.h"

#include <string.h>

#include "conformance.h"
#include "limpet/port/clock.h"

enum { CONVERSIONS = 200, GRAIN_US = 2000 };

static void inputs_have_names_and_what_is_none_is_refused(void **state)
{
    (void)state;
    lp_adc_info_t info = {.name = "untouched"};
    uint16_t raw = 12345;
    for (uint16_t channel = 0; channel < lp_port_adc_end(); channel++) {
        const lp_err_t err = lp_port_adc_info(channel, &info);
        assert_true(err == LP_OK || err == LP_E_NOT_FOUND);
        if (err == LP_OK) {
            assert_true(strlen(info.name) > 0);
            assert_true(info.bits >= 1 && info.bits <= LP_PORT_ADC_BITS_MAX);
            assert_true(info.reference_mv > 0);
        }
    }
    const uint16_t none[] = {lp_port_adc_end(), UINT16_MAX};
    for (size_t i = 0; i < 2; i++) {
        info.name = "untouched";
        assert_int_equal(lp_port_adc_info(none[i], &info), LP_E_NOT_FOUND);
        assert_string_equal(info.name, "untouched");
        assert_int_equal(lp_port_adc_read(none[i], &raw), LP_E_NOT_FOUND);
        assert_int_equal(raw, 12345);
    }
}

static void conversions_fit_into_their_bits_and_their_time(void **state)
{
    (void)state;
    lp_adc_info_t info;
    for (uint16_t channel = 0; channel < lp_port_adc_end(); channel++) {
        if (lp_port_adc_info(channel, &info) != LP_OK || info.taken_by != NULL) {
            continue;
        }
        // The quickest of all: an emulator may be put aside in the middle of one.
        uint64_t quickest_us = UINT64_MAX;
        for (int i = 0; i < CONVERSIONS; i++) {
            uint16_t raw = UINT16_MAX;
            const uint64_t began_us = lp_port_now_us();
            const lp_err_t err = lp_port_adc_read(channel, &raw);
            const uint64_t took_us = lp_port_now_us() - began_us;
            assert_true(err == LP_OK || err == LP_E_BUSY);
            assert_true(err != LP_OK || (uint32_t)raw >> info.bits == 0);
            quickest_us = took_us < quickest_us ? took_us : quickest_us;
        }
        assert_true(quickest_us <= LP_PORT_ADC_CONVERSION_US_MAX + GRAIN_US);
    }
}

int conformance_adc(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(inputs_have_names_and_what_is_none_is_refused),
        cmocka_unit_test(conversions_fit_into_their_bits_and_their_time),
    };
    return cmocka_run_group_tests_name("adc", tests, NULL, NULL);
}
