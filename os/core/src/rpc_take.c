// SPDX-License-Identifier: Apache-2.0
#include "limpet/rpc_take.h"

bool lp_rpc_take_u32(lp_rpc_req_t *req, const char *key, uint32_t max, uint32_t *out)
{
    lp_json_t value;
    if (lp_rpc_param(req, key, &value) != LP_OK || lp_json_u32(value, max, out) != LP_OK) {
        lp_rpc_fail(req, LP_E_INVALID, "%s: a whole number, 0..%lu", key, (unsigned long)max);
        return false;
    }
    return true;
}

bool lp_rpc_take_u32_or(lp_rpc_req_t *req, const char *key, uint32_t max, uint32_t fallback,
                        uint32_t *out)
{
    lp_json_t value;
    if (lp_rpc_param(req, key, &value) == LP_E_NOT_FOUND) {
        *out = fallback;
        return true;
    }
    return lp_rpc_take_u32(req, key, max, out);
}

bool lp_rpc_take_level(lp_rpc_req_t *req, const char *key, bool *level)
{
    lp_json_t value;
    uint32_t number = 0;
    if (lp_rpc_param(req, key, &value) == LP_OK) {
        if (lp_json_bool(value, level) == LP_OK) {
            return true;
        }
        if (lp_json_u32(value, 1, &number) == LP_OK) {
            *level = number == 1;
            return true;
        }
    }
    lp_rpc_fail(req, LP_E_INVALID, "%s: 0 or 1", key);
    return false;
}

bool lp_rpc_take_word(lp_rpc_req_t *req, const char *key, const char *const *words, size_t count,
                      size_t *index)
{
    lp_json_t value;
    *index = 0;
    if (lp_rpc_param(req, key, &value) == LP_E_NOT_FOUND) {
        return true;
    }
    for (size_t i = 0; lp_rpc_param(req, key, &value) == LP_OK && i < count; i++) {
        if (lp_json_equal_str(value, words[i])) {
            *index = i;
            return true;
        }
    }
    lp_rpc_fail(req, LP_E_INVALID, "%s: see RPC.Describe for the words", key);
    return false;
}
