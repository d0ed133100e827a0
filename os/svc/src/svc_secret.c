// SPDX-License-Identifier: Apache-2.0
#include "limpet/svc_secret.h"

#include <string.h>

#include "limpet/base64.h"
#include "limpet/log.h"

#define LOG_MODULE "secret"

enum { RETRY_MS = 1000, CHIP_RETRY_MS = 30000, TREE_MAX = LP_CONFIG_KEY_MAX + 256 };

bool lp_secret_is_sealed(lp_span_t value)
{
    uint8_t bytes[LP_SECRET_BYTES_MAX];
    lp_buf_t out = lp_buf(bytes, sizeof bytes);
    return value.len > 1 && value.ptr[0] == LP_SECRET_MARK &&
           lp_base64_decode(&out, lp_span(value.ptr + 1, value.len - 1)) == LP_OK &&
           out.len >= LP_SEAL_EXTRA_BYTES;
}

static bool is_clear(const lp_svc_secret_t *svc, size_t i)
{
    const lp_config_row_t *row = &svc->rows_[i];
    const char *value =
        (row->flags & LP_CONFIG_SECRET) != 0 ? lp_config_str(svc->config_, row->key) : "";
    return value[0] != '\0' && value[0] != LP_SECRET_MARK &&
           lp_config_is_set(svc->config_, lp_config_row(svc->config_, row->key));
}

// -- sealing, one at a time

static void forget(lp_svc_secret_t *svc)
{
    lp_wipe(svc->bytes_, sizeof svc->bytes_);
    lp_wipe(svc->plain_, sizeof svc->plain_);
}

// {"KEY":"MARK base64"}
static lp_err_t replace(lp_svc_secret_t *svc, const char *key)
{
    char text[LP_SECRET_TEXT_MAX] = {LP_SECRET_MARK};
    uint8_t tree[TREE_MAX];
    uint8_t words[LP_CONFIG_WHY_MAX];
    lp_buf_t coded = lp_buf(text + 1, sizeof text - 2);
    lp_buf_t json = lp_buf(tree, sizeof tree);
    lp_buf_t why = lp_buf(words, sizeof words);
    lp_json_writer_t w;
    lp_json_t value;
    lp_err_t err = lp_base64_encode(&coded, lp_buf_span(&svc->out_));
    lp_json_init(&w, &json);
    lp_json_put_object(&w);
    lp_json_put_key(&w, key);
    lp_json_put_str(&w, text);
    lp_json_put_object_end(&w);
    err = err == LP_OK ? lp_json_done(&w) : err;
    err = err == LP_OK ? lp_json_parse(lp_buf_span(&json), &value) : err;
    return err == LP_OK ? lp_config_set(svc->config_, value, &why) : err;
}

// What was saved in clear is saved sealed, and not left in flash beside.
static lp_err_t commit(lp_svc_secret_t *svc, const char *key)
{
    const bool was_saved = svc->config_->is_saved;
    lp_err_t err = replace(svc, key);
    if (err == LP_OK && was_saved) {
        err = lp_config_save(svc->config_);
    }
    svc->owes_scrub_ = true;
    return err;
}

// Once what is saved is sealed, what was there before is removed, and what a trial had left.
static void scrub(lp_svc_secret_t *svc)
{
    if (!svc->owes_scrub_) {
        return;
    }
    svc->owes_scrub_ = !svc->config_->is_saved || lp_store_scrub(svc->store_) != LP_OK;
    if (svc->owes_scrub_) {
        lp_timer_start(svc->loop_, &svc->retry_, CHIP_RETRY_MS);
    }
}

static void on_sealed(void *ctx, lp_err_t err)
{
    lp_svc_secret_t *svc = ctx;
    const lp_config_row_t *row = &svc->rows_[svc->row_];
    // It may have been changed meanwhile: then its own turn comes.
    const bool is_same = strcmp(lp_config_str(svc->config_, row->key), svc->plain_) == 0;
    svc->is_sealing_ = false;
    if (err == LP_OK && is_same) {
        err = commit(svc, row->key);
        svc->sealed += err == LP_OK;
    }
    forget(svc);
    if (err == LP_OK) {
        LP_LOGI("%s is sealed", row->key);
        lp_svc_secret_poke(svc);
        return;
    }
    if (!svc->was_told_) {
        svc->was_told_ = true;
        LP_LOGW("%s stays in clear in flash: this board cannot seal yet (%s)", row->key,
                lp_err_text(err));
    }
    lp_timer_start(svc->loop_, &svc->retry_, CHIP_RETRY_MS);
}

static void seal(lp_svc_secret_t *svc, size_t row)
{
    const char *key = svc->rows_[row].key;
    const char *value = lp_config_str(svc->config_, key);
    const size_t len = strlen(value);
    if (len > LP_SECRET_PLAIN_MAX) {
        return; // no rule allows that
    }
    memcpy(svc->plain_, value, len + 1);
    svc->row_ = row;
    svc->out_ = lp_buf(svc->bytes_, sizeof svc->bytes_);
    const lp_err_t err =
        lp_svc_seal_close(svc->seal_, key, lp_span(svc->plain_, len), &svc->out_, on_sealed, svc);
    svc->is_sealing_ = err == LP_OK;
    if (err != LP_OK) {
        forget(svc);
        lp_timer_start(svc->loop_, &svc->retry_, RETRY_MS);
    }
}

static void step(void *ctx)
{
    lp_svc_secret_t *svc = ctx;
    if (svc->seal_ == NULL || svc->is_sealing_ || svc->is_opening_) {
        return;
    }
    for (size_t i = 0; i < svc->count_; i++) {
        if (is_clear(svc, i)) {
            seal(svc, i);
            return;
        }
    }
    scrub(svc);
}

// -- opening

static void finish(lp_svc_secret_t *svc, lp_err_t err)
{
    const bool is_wanted = svc->is_opening_ && !svc->is_canceled_;
    svc->is_opening_ = false;
    svc->plain_[err == LP_OK ? svc->out_.len : 0] = '\0';
    if (is_wanted) {
        svc->done_(svc->ctx_, err, svc->plain_);
    }
    forget(svc);
    lp_svc_secret_poke(svc);
}

static void on_opened(void *ctx, lp_err_t err)
{
    finish(ctx, err);
}

// False: the sealing service is busy with somebody else's; again soon.
static bool begin_opening(lp_svc_secret_t *svc, lp_err_t *err)
{
    const char *value = lp_config_str(svc->config_, svc->key_);
    svc->out_ = lp_buf(svc->plain_, LP_SECRET_PLAIN_MAX);
    if (value[0] != LP_SECRET_MARK) {
        *err = lp_buf_put_str(&svc->out_, value);
        return true;
    }
    lp_buf_t bytes = lp_buf(svc->bytes_, sizeof svc->bytes_);
    *err = svc->seal_ == NULL ? LP_E_UNSUPPORTED : lp_base64_decode(&bytes, lp_span_str(value + 1));
    if (*err != LP_OK) {
        return true;
    }
    svc->in_ = lp_buf_span(&bytes);
    *err = lp_svc_seal_open(svc->seal_, svc->key_, svc->in_, &svc->out_, on_opened, svc);
    return *err != LP_OK && *err != LP_E_BUSY;
}

static void start_opening(void *ctx)
{
    lp_svc_secret_t *svc = ctx;
    lp_err_t err = LP_OK;
    if (!svc->is_opening_) {
        step(svc);
    } else if (svc->is_sealing_) {
        lp_timer_start(svc->loop_, &svc->retry_, RETRY_MS / 10);
    } else if (begin_opening(svc, &err)) {
        finish(svc, err);
    } else if (err == LP_E_BUSY) {
        lp_timer_start(svc->loop_, &svc->retry_, RETRY_MS / 10);
    }
}

lp_err_t lp_svc_secret_open(lp_svc_secret_t *svc, const char *key, lp_secret_done_fn *done,
                            void *ctx)
{
    if (svc->is_opening_) {
        return LP_E_BUSY;
    }
    svc->is_opening_ = true;
    svc->is_canceled_ = false;
    svc->key_ = key;
    svc->done_ = done;
    svc->ctx_ = ctx;
    lp_timer_start(svc->loop_, &svc->retry_, 0);
    return LP_OK;
}

void lp_svc_secret_cancel(lp_svc_secret_t *svc)
{
    svc->is_canceled_ = true;
}

void lp_svc_secret_poke(lp_svc_secret_t *svc)
{
    lp_loop_post(svc->loop_, &svc->step_);
}

void lp_svc_secret_use(lp_svc_secret_t *svc, lp_svc_seal_t *seal)
{
    svc->seal_ = seal;
    lp_svc_secret_poke(svc);
}

void lp_svc_secret_init(lp_svc_secret_t *svc, lp_loop_t *loop, lp_config_t *config,
                        lp_store_t *store, const lp_config_row_t *rows, size_t count)
{
    memset(svc, 0, sizeof *svc);
    svc->loop_ = loop;
    svc->config_ = config;
    svc->store_ = store;
    svc->rows_ = rows;
    svc->count_ = count;
    svc->owes_scrub_ = config->is_trial;
    lp_event_init(&svc->step_, step, svc);
    lp_timer_init(&svc->retry_, start_opening, svc);
}
