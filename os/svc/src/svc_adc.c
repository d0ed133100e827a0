// SPDX-License-Identifier: Apache-2.0
#include "limpet/svc_adc.h"

#include "limpet/rpc_take.h"

static void put_channel(lp_json_writer_t *w, uint16_t channel, const lp_adc_info_t *info)
{
    lp_json_put_object(w);
    lp_json_put_key(w, "pin");
    lp_json_put_uint(w, channel);
    lp_json_put_key(w, "name");
    lp_json_put_str(w, info->name);
    lp_json_put_key(w, "bits");
    lp_json_put_uint(w, info->bits);
    lp_json_put_key(w, "reference_mv");
    lp_json_put_uint(w, info->reference_mv);
    if (info->taken_by != NULL) {
        lp_json_put_key(w, "user");
        lp_json_put_str(w, info->taken_by);
    }
    lp_json_put_object_end(w);
}

static void rpc_info(void *ctx, lp_rpc_req_t *req)
{
    (void)ctx;
    lp_adc_info_t info;
    lp_json_writer_t *w = lp_rpc_result(req);
    lp_json_put_array(w);
    for (uint16_t channel = 0; channel < lp_port_adc_end(); channel++) {
        if (lp_port_adc_info(channel, &info) == LP_OK) {
            put_channel(w, channel, &info);
        }
    }
    lp_json_put_array_end(w);
    lp_rpc_done(req);
}

static void refuse(lp_rpc_req_t *req, lp_err_t err, uint16_t channel)
{
    lp_adc_info_t info;
    if (err == LP_E_NOT_FOUND) {
        lp_rpc_fail(req, err, "pin: this board has no analog input of this number");
    } else if (err == LP_E_RANGE) {
        lp_rpc_fail(req, err, "samples: 1..%d", LP_ADC_SAMPLES_MAX);
    } else if (err == LP_E_BUSY && lp_port_adc_info(channel, &info) == LP_OK &&
               info.taken_by != NULL) {
        lp_rpc_fail(req, LP_E_DENIED, "pin: in use (%s)", info.taken_by);
    } else {
        lp_rpc_fail(req, err, NULL);
    }
}

// `pin` and `value` are mos's words.
static void rpc_read(void *ctx, lp_rpc_req_t *req)
{
    (void)ctx;
    uint32_t channel = 0;
    uint32_t samples = 0;
    lp_adc_value_t value;
    if (!lp_rpc_take_u32(req, "pin", UINT16_MAX, &channel) ||
        !lp_rpc_take_u32_or(req, "samples", UINT16_MAX, 1, &samples)) {
        return;
    }
    const lp_err_t err = lp_adc_read((uint16_t)channel, samples, &value);
    if (err != LP_OK) {
        refuse(req, err, (uint16_t)channel);
        return;
    }
    lp_json_writer_t *w = lp_rpc_result(req);
    lp_json_put_object(w);
    lp_json_put_key(w, "value");
    lp_json_put_uint(w, value.raw);
    lp_json_put_key(w, "mv");
    lp_json_put_uint(w, value.mv);
    lp_json_put_object_end(w);
    lp_rpc_done(req);
}

static const lp_rpc_method_t methods[] = {
    {"ADC.Info", LP_RPC_READ, rpc_info, "", "[{pin,name,bits,reference_mv,user}]"},
    {"ADC.Read", LP_RPC_READ, rpc_read, "pin,[samples]", "value,mv"},
};

void lp_svc_adc_init(lp_rpc_set_t *set, lp_rpc_t *rpc)
{
    *set = (lp_rpc_set_t){.methods = methods, .count = sizeof methods / sizeof methods[0]};
    lp_rpc_add(rpc, set);
}
