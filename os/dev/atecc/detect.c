// SPDX-License-Identifier: Apache-2.0
// Identify: revision, configuration, and the mark that Trust parts carry in OTP.
#include "limpet/atecc_detect.h"

#include "internal.h"
#include "limpet/atecc_plan.h"

enum {
    BLOCK = 32,
    ZONE_32_BYTES = 0x80,
    REVISION_LEN = 4,
    MARK_LEN = 8,
    LOCKED = 0x00,
    AT_CHIP_MODE = 19,
    AT_LOCK_VALUE = 86,
    AT_LOCK_CONFIG = 87,
};

const char *lp_atecc_part_name(lp_atecc_part_t part)
{
    switch (part) {
    case LP_ATECC_508A:
        return "ATECC508A";
    case LP_ATECC_608A:
        return "ATECC608A";
    case LP_ATECC_608B:
        return "ATECC608B";
    case LP_ATECC_PART_UNKNOWN:
        break;
    }
    return "unknown part";
}

const char *lp_atecc_variant_name(lp_atecc_variant_t variant)
{
    switch (variant) {
    case LP_ATECC_BLANK:
        return "blank";
    case LP_ATECC_LIMPET:
        return "limpet";
    case LP_ATECC_TRUSTNGO:
        return "trustngo";
    case LP_ATECC_TRUSTFLEX:
        return "trustflex";
    case LP_ATECC_FOREIGN:
        break;
    }
    return "foreign";
}

// @source DS20005927A Table 2-5 (RevNum 00 00 50 xx); 608: 00 00 60 02 and 00 00 60 03
static lp_atecc_part_t part_of(const uint8_t revision[REVISION_LEN])
{
    if (revision[2] == 0x50) {
        return LP_ATECC_508A;
    }
    if (revision[2] == 0x60) {
        return revision[3] >= 3 ? LP_ATECC_608B : LP_ATECC_608A;
    }
    return LP_ATECC_PART_UNKNOWN;
}

static bool is_trustflex(const uint8_t *mark)
{
    return memcmp(mark, "MKMwyhP1", MARK_LEN) == 0;
}

// The first bytes of OTP. @source chip notes: device types of the Trust platform
static bool is_trustngo(const uint8_t *mark)
{
    static const char marks[][MARK_LEN + 1] = {"KQp2ZkD8", "x6tjuZMy", "jsMu7iYO", "09qJNxI3",
                                               "wdNxAjae", "Rsuy5YJh", "BxZvm6q2"};
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        if (memcmp(mark, marks[i], MARK_LEN) == 0) {
            return true;
        }
    }
    return false;
}

static lp_atecc_variant_t variant_of(const lp_atecc_id_t *id, const uint8_t *mark)
{
    if (!id->is_config_locked) {
        return LP_ATECC_BLANK;
    }
    if (lp_atecc_plan_matches(&lp_atecc_plan_limpet1, id->part, id->config)) {
        return LP_ATECC_LIMPET;
    }
    if (mark != NULL && is_trustflex(mark)) {
        return LP_ATECC_TRUSTFLEX;
    }
    return mark != NULL && is_trustngo(mark) ? LP_ATECC_TRUSTNGO : LP_ATECC_FOREIGN;
}

void lp_atecc_id_parse(lp_atecc_id_t *id)
{
    memcpy(id->serial, id->config, 4);
    memcpy(id->serial + 4, id->config + 8, 5);
    id->is_config_locked = id->config[AT_LOCK_CONFIG] == LOCKED;
    id->is_data_locked = id->config[AT_LOCK_VALUE] == LOCKED;
    id->variant = variant_of(id, NULL);
}

enum phase { ASK_REVISION, TAKE_REVISION, TAKE_BLOCKS, TAKE_MARK };

static lp_err_t read_block(lp_atecc_t *chip, lp_atecc_zone_t zone, size_t block)
{
    const lp_atecc_at_t at = {.zone = zone, .offset = (uint16_t)(block * BLOCK)};
    lp_atecc_cmd_begin(chip, OP_READ, (uint8_t)(zone | ZONE_32_BYTES), lp_atecc_address(at), BLOCK);
    return LP_E_AGAIN;
}

// A chip object may meet another chip (swapped while the board ran): forget what was of the old
// one.
static void meet(lp_atecc_t *chip, const lp_atecc_id_t *id)
{
    if (memcmp(chip->serial_, id->serial, LP_ATECC_SERIAL_LEN) != 0) {
        memcpy(chip->serial_, id->serial, LP_ATECC_SERIAL_LEN);
        chip->born_ = 0;
    }
}

// LP_E_AGAIN: ask for the mark; else done.
static lp_err_t take_config(lp_atecc_t *chip, lp_atecc_id_t *id)
{
    lp_atecc_id_parse(id);
    chip->clock_ = id->config[AT_CHIP_MODE] >> 3;
    meet(chip, id);
    if (id->variant == LP_ATECC_FOREIGN && id->is_data_locked) {
        return read_block(chip, LP_ATECC_OTP, 0);
    }
    return LP_OK;
}

lp_err_t lp_atecc_identify_run(lp_atecc_t *chip, lp_atecc_req_t *req, lp_atecc_id_t *id,
                               lp_err_t last)
{
    if (last != LP_OK && !(req->phase_ == TAKE_MARK && last == LP_E_CHIP_EXEC)) {
        return last;
    }
    switch ((enum phase)req->phase_) {
    case ASK_REVISION:
        *id = (lp_atecc_id_t){.addr = lp_atecc_addr(chip)};
        req->phase_ = TAKE_REVISION;
        lp_atecc_cmd_begin(chip, OP_INFO, LP_ATECC_INFO_REVISION, 0, REVISION_LEN);
        return LP_E_AGAIN;
    case TAKE_REVISION:
        memcpy(id->revision, lp_atecc_reply(chip), REVISION_LEN);
        id->part = part_of(id->revision);
        if (id->part == LP_ATECC_PART_UNKNOWN) {
            return LP_E_CHIP_OTHER;
        }
        chip->part_ = id->part;
        req->phase_ = TAKE_BLOCKS;
        return read_block(chip, LP_ATECC_CONFIG, 0);
    case TAKE_BLOCKS:
        memcpy(id->config + req->pos_, lp_atecc_reply(chip), BLOCK);
        req->pos_ = (uint16_t)(req->pos_ + BLOCK);
        if (req->pos_ < LP_ATECC_CONFIG_LEN) {
            return read_block(chip, LP_ATECC_CONFIG, req->pos_ / BLOCK);
        }
        req->phase_ = TAKE_MARK;
        return take_config(chip, id);
    case TAKE_MARK:
        break;
    }
    id->variant = variant_of(id, last == LP_OK ? lp_atecc_reply(chip) : NULL);
    return LP_OK;
}

static lp_err_t step(lp_atecc_t *chip, lp_atecc_req_t *req, lp_err_t last)
{
    return lp_atecc_identify_run(chip, req, req->aux_, last);
}

lp_err_t lp_atecc_identify(lp_atecc_t *chip, lp_atecc_req_t *req, lp_atecc_id_t *id,
                           lp_atecc_done_fn *done, void *ctx)
{
    if (id == NULL) {
        return LP_E_INVALID;
    }
    const lp_atecc_args_t args = {.step = step, .aux = id};
    return lp_atecc_submit(chip, req, &args, done, ctx);
}
