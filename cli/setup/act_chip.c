// SPDX-License-Identifier: Apache-2.0
// Steps on the board's chip and key. Nothing irreversible happens before the read-back matched,
// here as well as on the board: the tool computes the CRC of what came back by itself.
#include <stdlib.h>

#include "check.h"
#include "json_take.h"
#include "observe.h"
#include "setup.h"

enum { CONFIG_BYTES = 128 };

static lp_exit_t call(lp_setup_t *s, const char *method, cJSON *params, cJSON **result,
                      lp_fault_t *f)
{
    return lp_board_call(s->board, method, params, 0, result, f);
}

// A refusal by the board that is about the chip gets the chip's exit code.
static lp_exit_t as_chip_fault(lp_fault_t *f, const char *code, const char *what, const char *next)
{
    if (strcmp(f->code, "board-refused") == 0) {
        f->exit = LP_EXIT_CHIP;
        snprintf(f->code, sizeof f->code, "%s", code);
        snprintf(f->what, sizeof f->what, "%s", what);
        lp_fault_next(f, "%s", next);
    }
    return f->exit;
}

static bool parse_hex(const char *hex, uint8_t *out, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        unsigned byte = 0;
        if (strspn(hex + 2 * i, "0123456789abcdefABCDEF") < 2 ||
            sscanf(hex + 2 * i, "%2x", &byte) != 1) {
            return false;
        }
        out[i] = (uint8_t)byte;
    }
    return hex[2 * len] == '\0';
}

// Whether the board's word for the CRC (hex digits, or a number) is our own CRC of the bytes it
// showed.
static bool is_crc(const cJSON *item, uint16_t crc)
{
    if (cJSON_IsNumber(item)) {
        return item->valuedouble == (double)crc;
    }
    const char *text = cJSON_IsString(item) ? item->valuestring : "";
    text += strncmp(text, "0x", 2) == 0 ? 2 : 0;
    char *end = NULL;
    unsigned long value = strtoul(text, &end, 16);
    return text[0] != '\0' && *end == '\0' && value == crc;
}

static bool check_read_back(lp_setup_t *s, const cJSON *r)
{
    const cJSON *config = cJSON_GetObjectItemCaseSensitive(r, "config");
    const cJSON *crc = cJSON_GetObjectItemCaseSensitive(r, "crc");
    uint8_t bytes[CONFIG_BYTES];
    if (!lp_take_bool(r, "is_equal") || !cJSON_IsString(config) ||
        !parse_hex(config->valuestring, bytes, sizeof bytes)) {
        return false;
    }
    char serial[24];
    for (int i = 0; i < 9; i++) {
        snprintf(serial + 2 * i, 3, "%02x", bytes[i < 4 ? i : i + 4]);
    }
    char wanted[24];
    snprintf(wanted, sizeof wanted, "%s", s->state.board.chip.serial);
    lp_lower(wanted);
    snprintf(s->crc, sizeof s->crc, "%04x", lp_check_chip_crc(bytes, sizeof bytes));
    return strcmp(serial, wanted) == 0 && is_crc(crc, lp_check_chip_crc(bytes, sizeof bytes));
}

lp_exit_t lp_act_chip_plan(lp_setup_t *s, lp_fault_t *f)
{
    cJSON *params = cJSON_CreateObject();
    cJSON_AddStringToObject(params, "confirm", s->state.board.chip.serial);
    cJSON *r = NULL;
    if (call(s, "Chip.Configure", params, &r, f) != LP_EXIT_OK) {
        return as_chip_fault(f, "chip-write", "the slot plan could not be written to the chip",
                             "nothing was locked; check power and wires, then run this again");
    }
    bool is_right = check_read_back(s, r);
    cJSON_Delete(r);
    if (!is_right) {
        lp_fault_set(f, LP_EXIT_CHIP, "chip-read-back",
                     "what was read back from the chip is not what was written");
        lp_fault_why(f, "nothing was locked");
        lp_fault_next(f, "check the wires (noise?) and run the same command again");
        return f->exit;
    }
    lp_ui_step_done("slot plan written, %d bytes read back and equal", CONFIG_BYTES);
    return LP_EXIT_OK;
}

static lp_exit_t lock_zone(lp_setup_t *s, const char *zone, lp_fault_t *f)
{
    cJSON *params = cJSON_CreateObject();
    cJSON_AddStringToObject(params, "zone", zone);
    if (strcmp(zone, "config") == 0) {
        cJSON_AddStringToObject(params, "crc", s->crc);
    }
    cJSON_AddStringToObject(params, "confirm", s->state.board.chip.serial);
    cJSON *r = NULL;
    if (call(s, "Chip.Lock", params, &r, f) != LP_EXIT_OK) {
        return as_chip_fault(f, "chip-lock", "the chip refused to be locked",
                             "run the same command again; it looks at the chip first");
    }
    bool is_locked = lp_take_bool(r, "is_locked");
    cJSON_Delete(r);
    return is_locked ? LP_EXIT_OK
                     : lp_fault_set(f, LP_EXIT_CHIP, "chip-lock",
                                    "the board did not say that the %s zone is locked", zone);
}

lp_exit_t lp_act_lock(lp_setup_t *s, lp_fault_t *f)
{
    unsigned a = s->plan.actions;
    lp_exit_t rc = LP_EXIT_OK;
    if ((a & LP_DO_LOCK_CONFIG) != 0) {
        rc = lock_zone(s, "config", f);
    }
    if (rc == LP_EXIT_OK && (a & LP_DO_LOCK_DATA) != 0) {
        rc = lock_zone(s, "data", f);
    }
    lp_setup_chip_t after;
    if (rc == LP_EXIT_OK) {
        rc = lp_observe_chip(s->board, &after, f);
    }
    if (rc != LP_EXIT_OK) {
        return rc;
    }
    if (!after.is_config_locked || !after.is_data_locked || after.plan != LP_CHIP_PLAN_MATCH) {
        lp_fault_set(f, LP_EXIT_CHIP, "chip-lock", "the chip is not locked with Limpet's plan");
        lp_fault_why(f, "configuration %s, data %s; %s", after.is_config_locked ? "locked" : "open",
                     after.is_data_locked ? "locked" : "open", after.differences);
        return f->exit;
    }
    s->state.board.chip = after;
    lp_ui_step_done("%s locked%s",
                    (a & LP_DO_LOCK) == LP_DO_LOCK ? "configuration and data" : "data zone",
                    (a & LP_DO_LOCK_CONFIG) != 0 ? " (CRC matched)" : "");
    return LP_EXIT_OK;
}

lp_exit_t lp_act_bind(lp_setup_t *s, lp_fault_t *f)
{
    cJSON *params = cJSON_CreateObject();
    cJSON_AddStringToObject(params, "confirm", s->state.board.chip.serial);
    cJSON *r = NULL;
    lp_exit_t rc = call(s, "Chip.Bind", params, &r, f);
    cJSON_Delete(r);
    if (rc != LP_EXIT_OK) {
        return as_chip_fault(f, "chip-bind", "board and chip did not agree on a bus key",
                             "run the same command again, it goes on there; or with "
                             "--no-bus-key to leave the bus in clear");
    }
    lp_setup_chip_t after;
    if (lp_observe_chip(s->board, &after, f) != LP_EXIT_OK) {
        return f->exit;
    }
    if (strcmp(after.seal, "sealed") != 0) {
        lp_fault_set(f, LP_EXIT_CHIP, "chip-bind", "the chip did not prove the bus key");
        lp_fault_why(f, "Chip.Info says bus \"%s\"", after.seal);
        lp_fault_next(f, "is the right chip in place? limpet console shows what the board says");
        return f->exit;
    }
    s->state.board.chip = after;
    lp_ui_step_done("bus key made, proven by the chip and locked");
    return LP_EXIT_OK;
}

static lp_exit_t check_key(lp_setup_t *s, const char *key_id, const char *public_key, lp_fault_t *f)
{
    lp_setup_identity_t *i = &s->state.board.identity;
    lp_exit_t rc = lp_observe_identity(s->board, key_id, i, f);
    if (rc != LP_EXIT_OK) {
        return rc;
    }
    lp_key_source_t wanted = s->state.board.chip.is_present ? LP_KEY_CHIP : LP_KEY_FLASH;
    if (!i->exists || i->source != wanted || strcmp(i->public_key, public_key) != 0 ||
        strlen(i->public_key) != LP_CHECK_KEY_HEX) {
        lp_fault_set(f, LP_EXIT_CHIP, "key-check",
                     "the key that was made is not the one that is there");
        lp_fault_next(f, "run the same command again; it looks at the key first");
        return f->exit;
    }
    return LP_EXIT_OK;
}

lp_exit_t lp_act_key(lp_setup_t *s, lp_fault_t *f)
{
    const lp_setup_chip_t *chip = &s->state.board.chip;
    char key_id[40];
    lp_setup_key_id(chip, &s->state.wish, key_id, sizeof key_id);
    cJSON *params = cJSON_CreateObject();
    cJSON_AddStringToObject(params, "key", key_id);
    if (chip->is_present) {
        cJSON_AddStringToObject(params, "confirm", chip->serial);
    }
    // A certificate for a key that is not there any more is no reason to keep the board without
    // one.
    cJSON_AddBoolToObject(params, "replace", s->state.board.identity.cert_id[0] != '\0');
    cJSON *r = NULL;
    if (call(s, "Identity.GenKey", params, &r, f) != LP_EXIT_OK) {
        return as_chip_fault(f, "key-make", "the key could not be made",
                             "run the same command again; it looks at the key first");
    }
    char public_key[LP_CHECK_KEY_HEX + 8];
    lp_take_string(r, "public_key", public_key, sizeof public_key);
    lp_lower(public_key);
    cJSON_Delete(r);
    lp_exit_t rc = check_key(s, key_id, public_key, f);
    if (rc != LP_EXIT_OK) {
        return rc;
    }
    if (chip->is_present) {
        lp_ui_step_done("key made in slot %s", key_id + strlen("atca:"));
    } else {
        lp_ui_step_done("software key made in flash; no chip protects it");
    }
    return LP_EXIT_OK;
}
