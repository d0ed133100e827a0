// SPDX-License-Identifier: Apache-2.0
// The key: where it is, and how it comes there.
//
//   slot 9, first 32 bytes    the key, random
//           next 32 bytes     HMAC-SHA256(key, "limpet seal key"): that it is one, and arrived
//           whole
//   store, "seal.key"         "making" from before the first write until both were read back
//   store, "key/seal"         the key, without a chip
//
// An encrypted read carries no checksum of its own, so the second block also tells a bus that was
// tampered with.
#include <string.h>

#include "limpet/hmac.h"
#include "limpet/log.h"
#include "limpet/port/system.h"
#include "limpet/settings.h"
#include "svc_seal_internal.h"

#define LOG_MODULE "seal"

static const char store_key[] = "key/seal";
static const char mark_key[] = "seal.key";

static void make_check(const uint8_t key[32], uint8_t check[32])
{
    lp_hmac_t mac;
    lp_hmac_sha256_init(&mac, key);
    lp_hmac_sha256_update(&mac, lp_span_str("limpet seal key"));
    lp_hmac_sha256_final(&mac, check);
}

static bool is_whole(const uint8_t slot[2][32])
{
    uint8_t check[32];
    make_check(slot[0], check);
    const bool is_equal = lp_equal_ct(check, slot[1], sizeof check);
    lp_wipe(check, sizeof check);
    return is_equal;
}

// What the plan fills slots with.
static bool is_unused(const uint8_t slot[2][32])
{
    static const uint8_t zeros[32];
    return memcmp(slot[0], zeros, 32) == 0 && memcmp(slot[1], zeros, 32) == 0;
}

// Whether power failed while the key was written: nothing was sealed with it then.
static bool is_half_made(const lp_svc_seal_t *svc)
{
    size_t len;
    return lp_store_len(svc->s_.store, mark_key, &len) == LP_OK;
}

static lp_err_t mark(lp_svc_seal_t *svc, bool is_making)
{
    const lp_store_item_t item = {
        .key = mark_key, .value = lp_span_str("making"), .is_removal = !is_making};
    return lp_store_put(svc->s_.store, &item, 1);
}

static lp_err_t make_key(lp_svc_seal_t *svc)
{
    const lp_err_t err = lp_port_entropy(svc->made_[0], 32);
    if (err == LP_OK) {
        make_check(svc->made_[0], svc->made_[1]);
    }
    return err;
}

// -- without a chip

static void fetch_from_flash(lp_svc_seal_t *svc)
{
    lp_buf_t out = lp_buf(svc->slot_[0], 32);
    lp_err_t err = lp_store_get(svc->s_.store, store_key, &out);
    if (!svc->was_told_) {
        svc->was_told_ = true;
        LP_LOGW("SOFTWARE KEY: what is sealed can be opened by whoever can read this flash");
    }
    if (err == LP_E_NOT_FOUND && !lp_svc_seal_has_files(svc)) {
        err = make_key(svc);
        memcpy(svc->slot_[0], svc->made_[0], 32);
        const lp_store_item_t item = {.key = store_key, .value = lp_span(svc->slot_[0], 32)};
        err = err == LP_OK ? lp_store_put(svc->s_.store, &item, 1) : err;
    } else if (err == LP_OK && out.len != 32) {
        err = LP_E_FORMAT;
    }
    lp_svc_seal_has_key(svc, err);
}

// -- in the chip

static void on_chip_step(void *ctx, lp_err_t err);

static lp_err_t start_step(lp_svc_seal_t *svc, lp_svc_seal_step_t step)
{
    lp_atecc_t *driver = lp_svc_chip_driver(svc->s_.chip);
    const lp_atecc_id_t *id = lp_svc_chip_id(svc->s_.chip);
    if (driver == NULL || id == NULL) {
        return LP_E_CHIP_MISSING;
    }
    lp_err_t err = lp_port_entropy(svc->num_in_, sizeof svc->num_in_);
    if (err != LP_OK) {
        return err;
    }
    const lp_atecc_secret_t secret = {.slot = LP_ATECC_SLOT_BUS_KEY,
                                      .key = svc->bus_key_,
                                      .serial = id->serial,
                                      .num_in = svc->num_in_};
    const unsigned block = step % 2; // a key, then its check
    const lp_atecc_at_t at = {
        .zone = LP_ATECC_DATA, .slot = LP_ATECC_SLOT_APP_SECRET, .offset = (uint16_t)(32 * block)};
    svc->step_ = step;
    if (step == LP_SVC_SEAL_WRITE_KEY || step == LP_SVC_SEAL_WRITE_CHECK) {
        return lp_atecc_sealed_write(driver, &svc->op_, &secret, at, svc->made_[block],
                                     on_chip_step, svc);
    }
    return lp_atecc_sealed_read(driver, &svc->op_, &secret, at, svc->slot_[block], on_chip_step,
                                svc);
}

// Both blocks are read. LP_E_AGAIN: a key is to be written.
static lp_err_t judge(lp_svc_seal_t *svc)
{
    if (is_whole(svc->slot_)) {
        return LP_OK;
    }
    if ((!is_unused(svc->slot_) && !is_half_made(svc)) || lp_svc_seal_has_files(svc)) {
        LP_LOGE("slot 9 of the chip has no key of ours: another chip, or a bus that lies");
        return LP_E_CHIP_OTHER;
    }
    lp_err_t err = make_key(svc);
    if (err == LP_OK) {
        err = mark(svc, true);
    }
    return err == LP_OK ? LP_E_AGAIN : err;
}

static lp_err_t next_step(lp_svc_seal_t *svc)
{
    lp_err_t err;
    switch (svc->step_) {
    case LP_SVC_SEAL_READ_KEY:
        return start_step(svc, LP_SVC_SEAL_READ_CHECK);
    case LP_SVC_SEAL_READ_CHECK:
        err = judge(svc);
        return err == LP_E_AGAIN ? start_step(svc, LP_SVC_SEAL_WRITE_KEY) : err;
    case LP_SVC_SEAL_WRITE_KEY:
        return start_step(svc, LP_SVC_SEAL_WRITE_CHECK);
    case LP_SVC_SEAL_WRITE_CHECK:
        return start_step(svc, LP_SVC_SEAL_BACK_KEY);
    case LP_SVC_SEAL_BACK_KEY:
        return start_step(svc, LP_SVC_SEAL_BACK_CHECK);
    case LP_SVC_SEAL_BACK_CHECK:
        return memcmp(svc->slot_, svc->made_, sizeof svc->slot_) == 0 ? mark(svc, false)
                                                                      : LP_E_VERIFY;
    }
    return LP_E_STATE;
}

static bool is_last(const lp_svc_seal_t *svc, lp_svc_seal_step_t before, lp_err_t err)
{
    return err != LP_OK || svc->step_ == before;
}

static void on_chip_step(void *ctx, lp_err_t err)
{
    lp_svc_seal_t *svc = ctx;
    const lp_svc_seal_step_t before = svc->step_;
    if (err == LP_OK) {
        err = next_step(svc);
    }
    if (is_last(svc, before, err)) {
        lp_svc_seal_has_key(svc, err);
    }
}

// What reading and writing of the slot is encrypted with: the bus key, or the zeros that slot 6 has
// without one.
static lp_err_t load_bus_key(lp_svc_seal_t *svc)
{
    lp_buskey_t record = {0};
    lp_err_t err = lp_buskey_load(svc->s_.store, &record);
    const lp_atecc_id_t *id = lp_svc_chip_id(svc->s_.chip);
    memset(svc->bus_key_, 0, sizeof svc->bus_key_);
    if (err == LP_OK && id != NULL && memcmp(record.serial, id->serial, sizeof id->serial) == 0) {
        memcpy(svc->bus_key_, record.key, sizeof svc->bus_key_);
        // Begun and not finished: nobody knows what the slot has. Chip.Bind ends it.
        err = record.stage == LP_BUSKEY_BOUND ? LP_OK : LP_E_STATE;
    } else if (err == LP_E_NOT_FOUND) {
        err = LP_OK;
    }
    lp_wipe(&record, sizeof record);
    return err;
}

static void on_looked(void *ctx, lp_err_t err)
{
    lp_svc_seal_t *svc = ctx;
    if (err == LP_OK) {
        err = load_bus_key(svc);
    }
    if (err == LP_OK) {
        err = start_step(svc, LP_SVC_SEAL_READ_KEY);
    }
    if (err != LP_OK) {
        lp_svc_seal_has_key(svc, err);
    }
}

void lp_svc_seal_fetch_key(lp_svc_seal_t *svc)
{
    if (strncmp(lp_setting_identity_key(svc->s_.config), "atca:", 5) != 0) {
        fetch_from_flash(svc);
        return;
    }
    const lp_err_t err = lp_svc_chip_check(svc->s_.chip, on_looked, svc);
    if (err != LP_OK) {
        on_looked(svc, err);
    }
}
