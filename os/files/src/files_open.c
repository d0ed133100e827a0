// SPDX-License-Identifier: Apache-2.0
// Taking a region, and making a file system on it. That a region was made is kept in the store: a
// cut in the middle of making must not look like damage, and damage not like a blank region.
//
//   fs.state   absent: nothing was made yet    "making": it was begun    "made": it was finished
#include <string.h>

#include "files_internal.h"
#include "limpet/port/flash.h"

static const char state_key[] = "fs.state";

typedef enum { STATE_UNKNOWN, STATE_MAKING, STATE_MADE } made_t;

static made_t read_state(const lp_files_t *f)
{
    uint8_t text[8];
    lp_buf_t out = lp_buf(text, sizeof text);
    if (f->config_.store == NULL || lp_store_get(f->config_.store, state_key, &out) != LP_OK) {
        return STATE_UNKNOWN;
    }
    return lp_span_equal_str(lp_buf_span(&out), "making") ? STATE_MAKING : STATE_MADE;
}

static lp_err_t write_state(const lp_files_t *f, const char *state)
{
    const lp_store_item_t item = {.key = state_key, .value = lp_span_str(state)};
    return f->config_.store != NULL ? lp_store_put(f->config_.store, &item, 1) : LP_OK;
}

static lp_err_t is_blank(const lp_files_t *f, bool *blank)
{
    uint8_t bytes[64];
    *blank = true;
    for (uint32_t at = 0; *blank && at < f->config_.size_bytes; at += sizeof bytes) {
        const lp_err_t err = lp_port_flash_read(f->config_.offset + at, bytes, sizeof bytes);
        if (err != LP_OK) {
            return err;
        }
        for (size_t i = 0; i < sizeof bytes; i++) {
            *blank = *blank && bytes[i] == 0xFF;
        }
    }
    return LP_OK;
}

static lp_err_t mount(lp_files_t *f)
{
    lp_files_begin(f);
    const lp_err_t err = lp_files_end(f, lfs2_mount(files_fs(f), files_fs_config(f)));
    f->is_usable = err == LP_OK;
    return err == LP_E_NOT_FOUND ? LP_E_FORMAT : err;
}

lp_err_t lp_files_format(lp_files_t *f)
{
    if (!f->has_region_) {
        return LP_E_STATE;
    }
    f->is_usable = false;
    lp_err_t err = write_state(f, "making");
    if (err == LP_OK) {
        err = lp_port_flash_erase(f->config_.offset, f->config_.size_bytes);
    }
    if (err == LP_OK) {
        memset(f->fs_, 0, sizeof f->fs_);
        lp_files_begin(f);
        err = lp_files_end(f, lfs2_format(files_fs(f), files_fs_config(f)));
    }
    if (err == LP_OK) {
        err = mount(f);
    }
    if (err == LP_OK) {
        err = write_state(f, "made");
    }
    f->is_usable =
        err == LP_OK; // the next start makes it again, and what was put until then is gone
    return err;
}

lp_err_t lp_files_open(lp_files_t *f, const lp_files_config_t *config)
{
    *f = (lp_files_t){.config_ = *config};
    lp_err_t err = lp_files_flash_setup(f);
    if (err != LP_OK) {
        return err;
    }
    f->has_region_ = true;
    bool blank = false;
    const made_t state = read_state(f);
    if (state != STATE_MADE) {
        err = is_blank(f, &blank);
    }
    if (err == LP_OK && (blank || state == STATE_MAKING)) {
        return lp_files_format(f);
    }
    if (err == LP_OK) {
        err = mount(f);
    }
    return err == LP_OK && state == STATE_UNKNOWN ? write_state(f, "made") : err;
}
