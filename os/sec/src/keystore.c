// SPDX-License-Identifier: Apache-2.0
// A queue in front of the providers. One operation runs at a time; its completion is passed on from
// an event of the queue's own, so that done() may start the next operation or reuse its own.
#include "limpet/keystore.h"

#include "limpet/span.h"

static bool is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_';
}

static lp_err_t parse_slot(const char *text, lp_key_id_t *id)
{
    if (text[0] < '0' || text[0] > '9') {
        return LP_E_FORMAT;
    }
    unsigned slot = (unsigned)(text[0] - '0');
    if (text[1] != '\0') {
        if (slot != 1 || text[1] < '0' || text[1] > '5' || text[2] != '\0') {
            return LP_E_FORMAT;
        }
        slot = 10u + (unsigned)(text[1] - '0');
    }
    *id = (lp_key_id_t){.place = LP_KEY_IN_CHIP, .slot = (uint8_t)slot};
    return LP_OK;
}

static lp_err_t parse_name(const char *text, lp_key_id_t *id)
{
    lp_key_id_t parsed = {.place = LP_KEY_IN_FLASH};
    size_t len = 0;
    for (; text[len] != '\0'; len++) {
        if (len + 1 >= sizeof parsed.name || !is_name_char(text[len])) {
            return LP_E_FORMAT;
        }
        parsed.name[len] = text[len];
    }
    if (len == 0 || text[0] == '.') {
        return LP_E_FORMAT;
    }
    *id = parsed;
    return LP_OK;
}

// What is behind `prefix` at the beginning of `text`, or null.
static const char *behind(const char *text, const char *prefix)
{
    while (*prefix != '\0' && *text == *prefix) {
        text++;
        prefix++;
    }
    return *prefix == '\0' ? text : NULL;
}

lp_err_t lp_key_id_parse(const char *text, lp_key_id_t *id)
{
    if (text == NULL) {
        return LP_E_FORMAT;
    }
    const char *name = behind(text, "atca:");
    if (name != NULL) {
        return parse_slot(name, id);
    }
    name = behind(text, "file:");
    return name != NULL ? parse_name(name, id) : LP_E_FORMAT;
}

const char *lp_key_place_name(lp_key_place_t place)
{
    return place == LP_KEY_IN_CHIP ? "chip" : "flash";
}

const char *lp_key_seal_name(lp_key_seal_t seal)
{
    static const char *const names[] = {"clear", "broken", "sealed"};
    return names[seal];
}

static void on_provider_done(void *ctx, lp_err_t err)
{
    lp_keystore_t *ks = ctx;
    ks->head_->err_ = err;
    lp_loop_post(ks->loop_, &ks->done_event_);
}

static lp_err_t start_head(lp_keystore_t *ks)
{
    lp_key_op_t *op = ks->head_;
    bool is_chip = op->id.place == LP_KEY_IN_CHIP;
    lp_keyprov_t *prov = is_chip ? ks->chip_ : ks->files_;
    if (prov == NULL) {
        return is_chip ? LP_E_CHIP_MISSING : LP_E_UNSUPPORTED;
    }
    if (op->kind == LP_KEY_OP_GENERATE) {
        ks->changes++;
    }
    return prov->ops->start(prov, op, on_provider_done, ks);
}

static void on_next(void *ctx)
{
    lp_keystore_t *ks = ctx;
    lp_err_t err = start_head(ks);
    if (err != LP_OK) {
        on_provider_done(ks, err);
    }
}

static void on_done(void *ctx)
{
    lp_keystore_t *ks = ctx;
    lp_key_op_t *op = ks->head_;
    ks->head_ = op->next_;
    if (ks->head_ == NULL) {
        ks->tail_ = NULL;
    } else {
        lp_loop_post(ks->loop_, &ks->next_event_);
    }
    op->next_ = NULL;
    op->is_queued_ = false;
    lp_wipe(op->in, sizeof op->in);
    if (op->err_ != LP_OK) {
        lp_wipe(op->out, sizeof op->out);
    }
    op->done(op->ctx, op->err_);
}

void lp_keystore_init(lp_keystore_t *ks, lp_loop_t *loop, lp_keyprov_t *chip, lp_keyprov_t *files)
{
    *ks = (lp_keystore_t){.loop_ = loop, .chip_ = chip, .files_ = files};
    lp_event_init(&ks->next_event_, on_next, ks);
    lp_event_init(&ks->done_event_, on_done, ks);
}

lp_err_t lp_keystore_set_chip(lp_keystore_t *ks, lp_keyprov_t *chip)
{
    if (ks->head_ != NULL) {
        return LP_E_BUSY;
    }
    ks->chip_ = chip;
    ks->changes++;
    return LP_OK;
}

bool lp_keystore_has_chip(const lp_keystore_t *ks)
{
    return ks->chip_ != NULL;
}

lp_key_seal_t lp_keystore_seal(const lp_keystore_t *ks)
{
    const lp_keyprov_t *chip = ks->chip_;
    return chip != NULL && chip->ops->seal != NULL ? chip->ops->seal(chip) : LP_KEY_SEAL_NONE;
}

bool lp_keystore_proves_checks(const lp_keystore_t *ks)
{
    const lp_keyprov_t *chip = ks->chip_;
    return chip != NULL && chip->ops->proves_checks != NULL && chip->ops->proves_checks(chip);
}

lp_err_t lp_keystore_start(lp_keystore_t *ks, lp_key_op_t *op)
{
    if (op->done == NULL || op->is_queued_) {
        return LP_E_INVALID;
    }
    op->next_ = NULL;
    op->err_ = LP_OK;
    op->is_queued_ = true;
    if (ks->tail_ != NULL) {
        ks->tail_->next_ = op;
    } else {
        ks->head_ = op;
        lp_loop_post(ks->loop_, &ks->next_event_);
    }
    ks->tail_ = op;
    return LP_OK;
}
