// SPDX-License-Identifier: Apache-2.0
// PWM.Set, with mos's words: the duty is a part of 1.
#include "limpet/port/pwm.h"
#include "limpet/rpc_take.h"
#include "svc_gpio_internal.h"

enum { FREQ_MAX_HZ = 100000000, DECIMALS = 6, MILLION = 1000000 };

static bool take_duty(lp_rpc_req_t *req, uint32_t *duty)
{
    lp_json_t value;
    int64_t millionths = 0;
    if (lp_rpc_param(req, "duty", &value) != LP_OK ||
        lp_json_fixed(value, DECIMALS, &millionths) != LP_OK || millionths < 0 ||
        millionths > MILLION) {
        lp_rpc_fail(req, LP_E_INVALID, "duty: a number from 0 to 1 with at most %d decimals",
                    DECIMALS);
        return false;
    }
    *duty = (uint32_t)((millionths * LP_PWM_DUTY_FULL + MILLION / 2) / MILLION);
    return true;
}

void svc_gpio_rpc_set_pwm(void *ctx, lp_rpc_req_t *req)
{
    uint32_t freq_hz = 0;
    uint32_t duty = 0;
    lp_json_t value;
    if (!lp_rpc_take_u32(req, "freq", FREQ_MAX_HZ, &freq_hz)) {
        return;
    }
    const bool needs_duty = freq_hz > 0 || lp_rpc_param(req, "duty", &value) != LP_E_NOT_FOUND;
    if (needs_duty && !take_duty(req, &duty)) {
        return;
    }
    lp_gpio_t *gpio = svc_gpio_take_output(ctx, req);
    if (gpio == NULL) {
        return;
    }
    const lp_err_t err = lp_gpio_pwm(gpio, freq_hz, duty);
    if (err == LP_E_RANGE) {
        lp_rpc_fail(req, err, "freq: this pin cannot do that; without hardware for it at most %d",
                    LP_GPIO_SOFT_PWM_MAX_HZ);
    } else if (err != LP_OK) {
        lp_rpc_fail(req, err, NULL);
    } else {
        lp_rpc_ok(req);
    }
}
