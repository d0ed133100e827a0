// SPDX-License-Identifier: Apache-2.0
// The parameters of ATCA.SetConfig, LockZone, SetKey and GenKey, as mos names them.
#include <string.h>

#include "limpet/base64.h"
#include "limpet/crc.h"
#include "svc_atca_internal.h"

enum { ZONE_CONFIG, ZONE_DATA, ZONE_SLOT, PUBLIC_BYTES = 64, PAD = 4 };

static lp_err_t bad(const char **why, const char *text)
{
    *why = text;
    return LP_E_INVALID;
}

static bool read_number(const lp_rpc_req_t *req, const char *key, uint32_t max, uint8_t *out)
{
    lp_json_t value;
    uint32_t n = 0;
    if (lp_rpc_param(req, key, &value) != LP_OK || lp_json_u32(value, max, &n) != LP_OK) {
        return false;
    }
    *out = (uint8_t)n;
    return true;
}

// Base64 of at most cap bytes. LP_E_NOT_FOUND: the parameter is not there.
static lp_err_t read_bytes(const lp_rpc_req_t *req, const char *key, uint8_t *out, size_t cap,
                           size_t *len)
{
    char text[LP_BASE64_LEN(LP_ATECC_CONFIG_LEN) + 1];
    lp_buf_t buf = lp_buf(out, cap);
    lp_err_t err = lp_rpc_param_str(req, key, text, sizeof text);
    if (err == LP_OK) {
        err = lp_base64_decode(&buf, lp_span_str(text));
    }
    lp_wipe(text, sizeof text);
    *len = buf.len;
    return err;
}

// mos sends a checksum of what it sends; one that is there has to be right.
static bool is_crc_right(const lp_rpc_req_t *req, lp_span_t bytes)
{
    lp_json_t value;
    uint32_t crc = 0;
    const lp_err_t err = lp_rpc_param(req, "crc32", &value);
    return err == LP_E_NOT_FOUND ||
           (err == LP_OK && lp_json_u32(value, UINT32_MAX, &crc) == LP_OK &&
            crc == lp_crc32(0, bytes));
}

static lp_err_t read_flags(lp_rpc_req_t *req, lp_atca_change_t *change, const char **why)
{
    return lp_rpc_param_bool(req, "other_plan", false, &change->takes_other_plan) == LP_OK
               ? LP_OK
               : bad(why, "other_plan: true or false");
}

lp_err_t lp_atca_read_config(lp_rpc_req_t *req, lp_atca_change_t *change, const char **why)
{
    size_t len = 0;
    change->kind = LP_ATCA_SET_CONFIG;
    if (read_bytes(req, "config", change->bytes, sizeof change->bytes, &len) != LP_OK ||
        len != LP_ATECC_CONFIG_LEN) {
        return bad(why, "config: base64 of 128 bytes");
    }
    if (!is_crc_right(req, lp_span(change->bytes, len))) {
        return bad(why, "crc32 is not that of config");
    }
    change->len = (uint8_t)len;
    return read_flags(req, change, why);
}

lp_err_t lp_atca_read_slot(lp_rpc_req_t *req, lp_atca_change_t *change, const char **why)
{
    change->kind = LP_ATCA_GEN_KEY;
    return read_number(req, "slot", LP_ATECC_SLOTS - 1, &change->slot)
               ? LP_OK
               : bad(why, "slot: a whole number, 0..15");
}

lp_err_t lp_atca_read_lock(lp_rpc_req_t *req, lp_atca_change_t *change, const char **why)
{
    char zone[8] = "";
    uint8_t number = UINT8_MAX;
    (void)lp_rpc_param_str(req, "zone", zone, sizeof zone);
    (void)read_number(req, "zone", ZONE_SLOT, &number);
    if (strcmp(zone, "config") == 0 || number == ZONE_CONFIG) {
        change->kind = LP_ATCA_LOCK_CONFIG;
    } else if (strcmp(zone, "data") == 0 || number == ZONE_DATA) {
        change->kind = LP_ATCA_LOCK_DATA;
    } else if (strcmp(zone, "slot") == 0 || number == ZONE_SLOT) {
        const lp_err_t err = lp_atca_read_slot(req, change, why);
        change->kind = LP_ATCA_LOCK_SLOT;
        return err;
    } else {
        return bad(why, "zone: config, data, or slot with the number of one");
    }
    return read_flags(req, change, why);
}

void lp_atca_pad_public(lp_atca_change_t *change)
{
    uint8_t *b = change->bytes;
    memmove(b + PAD + LP_ATCA_KEY_BYTES + PAD, b + LP_ATCA_KEY_BYTES, LP_ATCA_KEY_BYTES);
    memmove(b + PAD, b, LP_ATCA_KEY_BYTES);
    memset(b, 0, PAD);
    memset(b + PAD + LP_ATCA_KEY_BYTES, 0, PAD);
    change->len = LP_ATCA_SLOT_BYTES;
}

static lp_err_t read_write_key(lp_rpc_req_t *req, lp_atca_change_t *change, const char **why)
{
    size_t len = 0;
    const lp_err_t err = read_bytes(req, "wkey", change->write_key, sizeof change->write_key, &len);
    if (err == LP_E_NOT_FOUND) {
        return LP_OK;
    }
    if (err != LP_OK || len != LP_ATCA_KEY_BYTES ||
        !read_number(req, "wkslot", LP_ATECC_SLOTS - 1, &change->write_slot)) {
        return bad(why, "wkey: base64 of the 32 bytes in slot wkslot");
    }
    change->has_write_key = true;
    return LP_OK;
}

lp_err_t lp_atca_read_key(lp_rpc_req_t *req, lp_atca_change_t *change, const char **why)
{
    size_t len = 0;
    lp_err_t err = lp_atca_read_slot(req, change, why);
    change->kind = LP_ATCA_SET_KEY;
    if (err != LP_OK) {
        return err;
    }
    if (read_bytes(req, "key", change->bytes, PUBLIC_BYTES, &len) != LP_OK ||
        (len != LP_ATCA_KEY_BYTES && len != PUBLIC_BYTES)) {
        return bad(why, "key: base64 of 32 bytes, or of the 64 of a public key");
    }
    if (!is_crc_right(req, lp_span(change->bytes, len))) {
        return bad(why, "crc32 is not that of key");
    }
    if (lp_rpc_param_bool(req, "ecc", false, &change->is_private) != LP_OK) {
        return bad(why, "ecc: true or false");
    }
    change->len = (uint8_t)len;
    if (len == PUBLIC_BYTES) {
        lp_atca_pad_public(change);
    }
    err = read_write_key(req, change, why);
    return err == LP_OK ? read_flags(req, change, why) : err;
}
