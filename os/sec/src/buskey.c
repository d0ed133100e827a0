// SPDX-License-Identifier: Apache-2.0
// The record on the flash:  version (1) | stage | serial (9) | key (32)
#include "limpet/buskey.h"

#include <string.h>

enum { VERSION = 1, AT_STAGE = 1, AT_SERIAL = 2, AT_KEY = AT_SERIAL + LP_ATECC_SERIAL_LEN };

static const char store_key[] = "bus/key";

const char *lp_buskey_state_name(lp_buskey_state_t state)
{
    switch (state) {
    case LP_BUSKEY_NONE:
        return "none";
    case LP_BUSKEY_UNFINISHED:
        return "unfinished";
    case LP_BUSKEY_SEALED:
        return "sealed";
    case LP_BUSKEY_LOST:
        return "lost";
    case LP_BUSKEY_OTHER_CHIP:
        return "other-chip";
    case LP_BUSKEY_REFUTED:
        return "refuted";
    }
    return "unknown";
}

static lp_err_t parse(const uint8_t bytes[LP_BUSKEY_RECORD_BYTES], lp_buskey_t *out)
{
    if (bytes[0] != VERSION ||
        (bytes[AT_STAGE] != LP_BUSKEY_MADE && bytes[AT_STAGE] != LP_BUSKEY_BOUND)) {
        return LP_E_FORMAT;
    }
    out->stage = (lp_buskey_stage_t)bytes[AT_STAGE];
    memcpy(out->serial, bytes + AT_SERIAL, sizeof out->serial);
    memcpy(out->key, bytes + AT_KEY, sizeof out->key);
    return LP_OK;
}

lp_err_t lp_buskey_load(const lp_store_t *store, lp_buskey_t *out)
{
    uint8_t bytes[LP_BUSKEY_RECORD_BYTES];
    lp_buf_t buf = lp_buf(bytes, sizeof bytes);
    size_t len = 0;
    lp_err_t err = lp_store_len(store, store_key, &len);
    if (err == LP_OK && len != sizeof bytes) {
        err = LP_E_FORMAT;
    }
    if (err == LP_OK) {
        err = lp_store_get(store, store_key, &buf);
    }
    if (err == LP_OK) {
        err = parse(bytes, out);
    }
    lp_wipe(bytes, sizeof bytes);
    return err;
}

lp_err_t lp_buskey_save(lp_store_t *store, const lp_buskey_t *record)
{
    lp_buskey_t old = {0};
    const bool was_there = lp_buskey_load(store, &old) != LP_E_NOT_FOUND;
    const bool replaces = was_there && memcmp(old.key, record->key, sizeof old.key) != 0;
    uint8_t bytes[LP_BUSKEY_RECORD_BYTES] = {VERSION, (uint8_t)record->stage};
    memcpy(bytes + AT_SERIAL, record->serial, sizeof record->serial);
    memcpy(bytes + AT_KEY, record->key, sizeof record->key);
    const lp_store_item_t item = {.key = store_key, .value = lp_span(bytes, sizeof bytes)};
    lp_err_t err = lp_store_put(store, &item, 1);
    // What somebody else's chip may still have must not stay readable behind the new one.
    if (err == LP_OK && replaces) {
        err = lp_store_scrub(store);
    }
    lp_wipe(bytes, sizeof bytes);
    lp_wipe(&old, sizeof old);
    return err;
}
