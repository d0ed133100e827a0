// SPDX-License-Identifier: Apache-2.0
// Sealing and opening, once the key is there. Versions: "seal.v" in the store is the newest of all,
// "seal/NAME" the newest of a name. The file is written first; a content whose version is the one
// behind "seal.v" was written when power failed before the store knew of it, and counts.
#include <string.h>

#include "limpet/endian.h"
#include "limpet/fmt.h"
#include "limpet/log.h"
#include "limpet/port/system.h"
#include "svc_seal_internal.h"

#define LOG_MODULE "seal"

static const char newest_key[] = "seal.v";
enum { LOOSE_VERSION = 0 }; // of what is in no file; files begin with 1

typedef char seal_key_t[LP_STORE_KEY_MAX];

static const char *version_key(const char *name, seal_key_t text)
{
    (void)lp_fmt_str(text, sizeof(seal_key_t), "seal/%s", name);
    return text;
}

static uint32_t read_version(const lp_svc_seal_t *svc, const char *key)
{
    uint8_t bytes[4];
    lp_buf_t out = lp_buf(bytes, sizeof bytes);
    const bool is_there = lp_store_get(svc->s_.store, key, &out) == LP_OK && out.len == 4;
    return is_there ? lp_get_le32(bytes) : 0;
}

static lp_err_t write_version(lp_svc_seal_t *svc, uint32_t version)
{
    seal_key_t key;
    uint8_t bytes[4];
    lp_put_le32(bytes, version);
    const lp_store_item_t items[] = {
        {.key = version_key(svc->name_, key), .value = lp_span(bytes, sizeof bytes)},
        {.key = newest_key, .value = lp_span(bytes, sizeof bytes)},
    };
    return lp_store_put(svc->s_.store, items, 2);
}

static lp_err_t put(lp_svc_seal_t *svc)
{
    uint8_t salt[LP_SEAL_SALT_BYTES];
    lp_buf_t sealed = lp_buf(svc->sealed_, sizeof svc->sealed_);
    const uint32_t version = read_version(svc, newest_key) + 1;
    lp_err_t err = version == 0 ? LP_E_RANGE : lp_port_entropy(salt, sizeof salt);
    if (err == LP_OK) {
        err = lp_seal(svc->slot_[0], svc->name_, version, salt, svc->plain_, &sealed);
    }
    if (err == LP_OK) {
        err = lp_files_put(svc->s_.files, LP_FILES_SEALED, svc->name_, lp_buf_span(&sealed));
    }
    return err == LP_OK ? write_version(svc, version) : err;
}

// The content was made with our key; is it the newest?
static lp_err_t check_version(lp_svc_seal_t *svc, uint32_t version)
{
    seal_key_t key;
    if (version == read_version(svc, version_key(svc->name_, key))) {
        return LP_OK;
    }
    if (version == read_version(svc, newest_key) + 1) {
        return write_version(svc, version);
    }
    LP_LOGE("%s was put back to an older content", svc->name_);
    return LP_E_VERIFY;
}

static lp_err_t get(lp_svc_seal_t *svc)
{
    uint32_t version = 0;
    size_t got = 0;
    const size_t mark = svc->out_->len;
    lp_err_t err = lp_files_read(svc->s_.files, LP_FILES_SEALED, svc->name_, 0, svc->sealed_,
                                 sizeof svc->sealed_, &got);
    if (err == LP_OK) {
        err = lp_unseal(svc->slot_[0], svc->name_, lp_span(svc->sealed_, got), &version, svc->out_);
    }
    if (err == LP_OK) {
        err = check_version(svc, version);
    }
    if (err != LP_OK) {
        lp_wipe(svc->out_->ptr + mark, svc->out_->cap - mark);
        svc->out_->len = mark;
    }
    return err == LP_E_FORMAT ? LP_E_VERIFY : err;
}

// -- without a file

static lp_err_t close(lp_svc_seal_t *svc)
{
    uint8_t salt[LP_SEAL_SALT_BYTES];
    const lp_err_t err = lp_port_entropy(salt, sizeof salt);
    return err == LP_OK
               ? lp_seal(svc->slot_[0], svc->name_, LOOSE_VERSION, salt, svc->plain_, svc->out_)
               : err;
}

static lp_err_t open(lp_svc_seal_t *svc)
{
    uint32_t version = LOOSE_VERSION;
    const lp_err_t err = lp_unseal(svc->slot_[0], svc->name_, svc->plain_, &version, svc->out_);
    return err == LP_E_FORMAT || version != LOOSE_VERSION ? LP_E_VERIFY : err;
}

static lp_err_t do_job(lp_svc_seal_t *svc)
{
    switch (svc->job_) {
    case LP_SVC_SEAL_PUT:
        return put(svc);
    case LP_SVC_SEAL_GET:
        return get(svc);
    case LP_SVC_SEAL_CLOSE:
        return close(svc);
    case LP_SVC_SEAL_OPEN:
        return open(svc);
    }
    return LP_E_STATE;
}

static void forget_key(lp_svc_seal_t *svc)
{
    lp_wipe(svc->slot_, sizeof svc->slot_);
    lp_wipe(svc->made_, sizeof svc->made_);
    lp_wipe(svc->num_in_, sizeof svc->num_in_);
    lp_wipe(svc->bus_key_, sizeof svc->bus_key_);
    lp_wipe(svc->sealed_, sizeof svc->sealed_);
}

void lp_svc_seal_has_key(lp_svc_seal_t *svc, lp_err_t err)
{
    lp_turn_give(svc->s_.turn, &svc->ticket_);
    if (err == LP_OK) {
        err = do_job(svc);
    }
    forget_key(svc);
    svc->is_busy_ = false;
    svc->done_(svc->ctx_, err);
}

static void on_turn(void *ctx)
{
    lp_svc_seal_fetch_key(ctx);
}

static lp_err_t begin(lp_svc_seal_t *svc, const char *name, lp_svc_seal_job_t job,
                      lp_svc_seal_done_fn *done, void *ctx)
{
    if (!lp_files_is_name(name) || strlen(name) >= LP_SVC_SEAL_NAME_MAX) {
        return LP_E_INVALID;
    }
    if (svc->is_busy_) {
        return LP_E_BUSY;
    }
    svc->is_busy_ = true;
    svc->job_ = job;
    memcpy(svc->name_, name, strlen(name) + 1);
    svc->done_ = done;
    svc->ctx_ = ctx;
    lp_turn_take(svc->s_.turn, &svc->ticket_, on_turn, svc);
    return LP_OK;
}

lp_err_t lp_svc_seal_put(lp_svc_seal_t *svc, const char *name, lp_span_t plain,
                         lp_svc_seal_done_fn *done, void *ctx)
{
    if (plain.len > LP_SVC_SEAL_PLAIN_MAX) {
        return LP_E_RANGE;
    }
    const lp_err_t err = begin(svc, name, LP_SVC_SEAL_PUT, done, ctx);
    if (err == LP_OK) {
        svc->plain_ = plain;
    }
    return err;
}

lp_err_t lp_svc_seal_get(lp_svc_seal_t *svc, const char *name, lp_buf_t *out,
                         lp_svc_seal_done_fn *done, void *ctx)
{
    const lp_err_t err = begin(svc, name, LP_SVC_SEAL_GET, done, ctx);
    if (err == LP_OK) {
        svc->out_ = out;
    }
    return err;
}

lp_err_t lp_svc_seal_close(lp_svc_seal_t *svc, const char *name, lp_span_t plain, lp_buf_t *out,
                           lp_svc_seal_done_fn *done, void *ctx)
{
    if (plain.len > LP_SVC_SEAL_PLAIN_MAX) {
        return LP_E_RANGE;
    }
    const lp_err_t err = begin(svc, name, LP_SVC_SEAL_CLOSE, done, ctx);
    if (err == LP_OK) {
        svc->plain_ = plain;
        svc->out_ = out;
    }
    return err;
}

lp_err_t lp_svc_seal_open(lp_svc_seal_t *svc, const char *name, lp_span_t sealed, lp_buf_t *out,
                          lp_svc_seal_done_fn *done, void *ctx)
{
    const lp_err_t err = begin(svc, name, LP_SVC_SEAL_OPEN, done, ctx);
    if (err == LP_OK) {
        svc->plain_ = sealed;
        svc->out_ = out;
    }
    return err;
}

static void count(void *ctx, const char *name, uint32_t size_bytes)
{
    (void)name;
    (void)size_bytes;
    *(bool *)ctx = true;
}

bool lp_svc_seal_has_files(lp_svc_seal_t *svc)
{
    bool has = false;
    // Not known is taken for yes: a key is not made anew on a doubt.
    return lp_files_each(svc->s_.files, LP_FILES_SEALED, count, &has) != LP_OK || has;
}

void lp_svc_seal_init(lp_svc_seal_t *svc, const lp_svc_seal_setup_t *setup)
{
    memset(svc, 0, sizeof *svc);
    svc->s_ = *setup;
    lp_svc_seal_add_methods(svc);
}
