// SPDX-License-Identifier: Apache-2.0
#include <ctype.h>
#include <stdlib.h>

#include "json_take.h"
#include "observe.h"

static lp_exit_t ask(lp_board_t *board, const char *method, cJSON **result, lp_fault_t *f)
{
    return lp_board_call(board, method, NULL, 0, result, f);
}

lp_exit_t lp_observe_info(lp_board_t *board, lp_setup_board_t *out, lp_fault_t *f)
{
    cJSON *r = NULL;
    lp_exit_t rc = ask(board, "Sys.GetInfo", &r, f);
    if (rc != LP_EXIT_OK) {
        return rc;
    }
    lp_take_string(r, "id", out->id, sizeof out->id);
    lp_take_string(r, "app", out->app, sizeof out->app);
    lp_take_string(r, "fw_version", out->firmware, sizeof out->firmware);
    lp_take_string(r, "port", out->port_name, sizeof out->port_name);
    lp_take_string(r, "settings", out->settings, sizeof out->settings);
    const cJSON *boot = cJSON_GetObjectItemCaseSensitive(r, "boot");
    const bool is_safe_mode = lp_take_bool(boot, "safe_mode");
    out->boot_count = lp_take_number(boot, "count");
    cJSON_Delete(r);
    if (is_safe_mode) {
        lp_fault_set(f, LP_EXIT_BOARD, "board-safe-mode", "the board is in safe mode");
        lp_fault_why(f, "it hung several times in a row, so it keeps network and chip off");
        lp_fault_next(f, "look at `limpet console`; `limpet call Sys.Reboot` tries again");
        return f->exit;
    }
    if (!lp_iot_is_thing_name(out->id)) {
        lp_fault_set(f, LP_EXIT_BOARD, "board-id", "the board has no usable device id");
        lp_fault_why(f, "Sys.GetInfo says \"%s\"", out->id);
        lp_fault_next(f, "flash a newer firmware");
        return f->exit;
    }
    return LP_EXIT_OK;
}

// --- chip

static void take_chip(const cJSON *c, lp_setup_chip_t *chip)
{
    const cJSON *lock = cJSON_GetObjectItemCaseSensitive(c, "lock");
    chip->addr = (int)lp_take_number(c, "addr");
    lp_take_string(c, "part", chip->part, sizeof chip->part);
    lp_take_string(c, "serial", chip->serial, sizeof chip->serial);
    lp_take_string(c, "variant", chip->variant, sizeof chip->variant);
    chip->is_config_locked = lp_take_bool(lock, "config");
    chip->is_data_locked = lp_take_bool(lock, "data");
}

static void take_differences(const cJSON *plan, lp_setup_chip_t *chip)
{
    const cJSON *item = NULL;
    size_t n = 0;
    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(plan, "differences"))
    {
        if (cJSON_IsString(item) && n < sizeof chip->differences) {
            n += (size_t)snprintf(chip->differences + n, sizeof chip->differences - n, "%s%s",
                                  n > 0 ? "\n" : "", item->valuestring);
        }
    }
}

static void take_plan(const cJSON *plan, lp_setup_chip_t *chip)
{
    char state[16];
    lp_take_string(plan, "state", state, sizeof state);
    chip->plan = strcmp(state, "match") == 0  ? LP_CHIP_PLAN_MATCH
                 : strcmp(state, "open") == 0 ? LP_CHIP_PLAN_OPEN
                                              : LP_CHIP_PLAN_DIFFERS;
    take_differences(plan, chip);
}

// The lines of the bus as words: a string, or an object of level words.
static void take_lines(const cJSON *bus, lp_setup_chip_t *chip)
{
    const cJSON *lines = cJSON_GetObjectItemCaseSensitive(bus, "lines");
    lp_take_string(bus, "name", chip->bus, sizeof chip->bus);
    if (cJSON_IsString(lines)) {
        snprintf(chip->lines, sizeof chip->lines, "lines: %.60s", lines->valuestring);
    } else if (cJSON_IsObject(lines) || cJSON_IsArray(lines)) {
        char *text = cJSON_PrintUnformatted(lines);
        snprintf(chip->lines, sizeof chip->lines, "lines: %.60s", text != NULL ? text : "");
        cJSON_free(text);
    }
}

static void take_tried(const cJSON *scan, lp_setup_chip_t *chip)
{
    const cJSON *item = NULL;
    size_t n = 0;
    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(scan, "tried"))
    {
        if (cJSON_IsNumber(item) && n < sizeof chip->tried) {
            n += (size_t)snprintf(chip->tried + n, sizeof chip->tried - n, "%s0x%02x",
                                  n > 0 ? ", " : "", (unsigned)item->valueint & 0x7Fu);
        }
    }
    if (n == 0) {
        snprintf(chip->tried, sizeof chip->tried, "no address");
    }
}

static lp_exit_t scan(lp_board_t *board, lp_setup_chip_t *chip, lp_fault_t *f)
{
    cJSON *r = NULL;
    lp_exit_t rc = ask(board, "Chip.Scan", &r, f);
    if (rc != LP_EXIT_OK) {
        return rc;
    }
    const cJSON *chips = cJSON_GetObjectItemCaseSensitive(r, "chips");
    take_lines(cJSON_GetObjectItemCaseSensitive(r, "bus"), chip);
    take_tried(r, chip);
    chip->count = cJSON_GetArraySize(chips);
    chip->is_present = chip->count > 0;
    cJSON_Delete(r);
    return LP_EXIT_OK;
}

lp_exit_t lp_observe_chip(lp_board_t *board, lp_setup_chip_t *chip, lp_fault_t *f)
{
    *chip = (lp_setup_chip_t){.plan = LP_CHIP_PLAN_DIFFERS};
    lp_exit_t rc = scan(board, chip, f);
    if (rc != LP_EXIT_OK || !chip->is_present) {
        return rc;
    }
    cJSON *r = NULL;
    rc = ask(board, "Chip.Info", &r, f);
    if (rc != LP_EXIT_OK) {
        if (strcmp(f->code, "board-refused") == 0) {
            f->exit = LP_EXIT_CHIP;
            snprintf(f->code, sizeof f->code, "chip-trouble");
            snprintf(f->what, sizeof f->what,
                     "the chip was seen once and then did not answer well");
            lp_fault_next(f, "check power, the two wires and their pull-ups; then run this again");
            return LP_EXIT_CHIP;
        }
        return rc;
    }
    take_chip(r, chip);
    take_plan(cJSON_GetObjectItemCaseSensitive(r, "plan"), chip);
    chip->can_bind = lp_take_bool(r, "can_bind");
    lp_take_string(r, "bus", chip->seal, sizeof chip->seal);
    cJSON_Delete(r);
    if (chip->serial[0] == '\0' || chip->part[0] == '\0') {
        return lp_fault_set(f, LP_EXIT_BOARD, "board-answer", "Chip.Info names no part or serial");
    }
    return LP_EXIT_OK;
}

// --- identity, configuration, status

lp_exit_t lp_observe_identity(lp_board_t *board, const char *key_id, lp_setup_identity_t *out,
                              lp_fault_t *f)
{
    *out = (lp_setup_identity_t){.source = LP_KEY_NONE};
    cJSON *params = cJSON_CreateObject();
    cJSON_AddStringToObject(params, "key", key_id);
    cJSON *r = NULL;
    lp_exit_t rc = lp_board_call(board, "Identity.Info", params, 0, &r, f);
    if (rc != LP_EXIT_OK) {
        return rc;
    }
    char source[16];
    lp_take_string(r, "key", out->key, sizeof out->key);
    lp_take_string(r, "source", source, sizeof source);
    out->source = strcmp(source, "chip") == 0    ? LP_KEY_CHIP
                  : strcmp(source, "flash") == 0 ? LP_KEY_FLASH
                                                 : LP_KEY_NONE;
    out->exists = lp_take_bool(r, "exists");
    lp_take_string(r, "public_key", out->public_key, sizeof out->public_key);
    lp_take_string(r, "cert_id", out->cert_id, sizeof out->cert_id);
    lp_lower(out->public_key);
    lp_lower(out->cert_id);
    out->is_match = lp_take_bool(r, "is_match");
    cJSON_Delete(r);
    return LP_EXIT_OK;
}

static lp_exit_t observe_config(lp_board_t *board, lp_setup_config_t *out, lp_fault_t *f)
{
    cJSON *r = NULL;
    lp_exit_t rc = ask(board, "Config.Get", &r, f);
    if (rc != LP_EXIT_OK) {
        return rc;
    }
    const cJSON *cloud = cJSON_GetObjectItemCaseSensitive(r, "cloud");
    const cJSON *identity = cJSON_GetObjectItemCaseSensitive(r, "identity");
    const cJSON *cert = cJSON_GetObjectItemCaseSensitive(identity, "cert");
    const cJSON *ca =
        cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(r, "trust"), "ca");
    out->enable = lp_take_bool(cloud, "enable");
    lp_take_string(cloud, "server", out->server, sizeof out->server);
    lp_take_string(cloud, "client_id", out->client_id, sizeof out->client_id);
    lp_take_string(cloud, "thing", out->thing, sizeof out->thing);
    lp_take_string(identity, "key", out->key, sizeof out->key);
    out->has_cert = cJSON_IsString(cert) && cert->valuestring[0] != '\0';
    free(out->trust_ca);
    out->trust_ca = strdup(cJSON_IsString(ca) ? ca->valuestring : "");
    cJSON_Delete(r);
    return LP_EXIT_OK;
}

static void take_tls(const cJSON *tls, lp_setup_status_t *out)
{
    lp_take_string(tls, "version", out->version, sizeof out->version);
    lp_take_string(tls, "suite", out->suite, sizeof out->suite);
    lp_take_string(tls, "key_source", out->key_source, sizeof out->key_source);
    out->handshake_ms = lp_take_number(tls, "handshake_ms");
}

lp_exit_t lp_observe_status(lp_board_t *board, lp_setup_status_t *out, lp_fault_t *f)
{
    cJSON *r = NULL;
    lp_exit_t rc = ask(board, "Cloud.Status", &r, f);
    if (rc != LP_EXIT_OK) {
        return rc;
    }
    *out = (lp_setup_status_t){.at_ms = lp_ui_now_ms()};
    lp_take_string(r, "state", out->state, sizeof out->state);
    lp_take_string(r, "cert_id", out->cert_id, sizeof out->cert_id);
    lp_lower(out->cert_id);
    take_tls(cJSON_GetObjectItemCaseSensitive(r, "tls"), out);
    const cJSON *error = cJSON_GetObjectItemCaseSensitive(r, "last_error");
    lp_take_string(error, "name", out->error_name, sizeof out->error_name);
    lp_take_string(error, "text", out->error_text, sizeof out->error_text);
    const cJSON *detail = cJSON_GetObjectItemCaseSensitive(error, "detail");
    if (cJSON_IsString(detail) && detail->valuestring[0] != '\0') {
        size_t n = strlen(out->error_text);
        snprintf(out->error_text + n, sizeof out->error_text - n, "%s%s", n > 0 ? ": " : "",
                 detail->valuestring);
    }
    cJSON_Delete(r);
    return LP_EXIT_OK;
}

lp_exit_t lp_observe_settings(lp_board_t *board, lp_setup_state_t *s, lp_fault_t *f)
{
    char key_id[40];
    lp_setup_key_id(&s->board.chip, &s->wish, key_id, sizeof key_id);
    lp_exit_t rc = lp_observe_identity(board, key_id, &s->board.identity, f);
    return rc == LP_EXIT_OK ? observe_config(board, &s->board.config, f) : rc;
}

lp_exit_t lp_observe_board(lp_board_t *board, lp_setup_wish_t *wish, lp_setup_board_t *out,
                           lp_fault_t *f)
{
    snprintf(out->where, sizeof out->where, "%s", lp_board_where(board));
    lp_exit_t rc = lp_observe_info(board, out, f);
    if (rc == LP_EXIT_OK) {
        rc = lp_observe_chip(board, &out->chip, f);
    }
    if (rc == LP_EXIT_OK) {
        rc = observe_config(board, &out->config, f);
    }
    if (rc != LP_EXIT_OK) {
        return rc;
    }
    char key_id[40];
    lp_setup_keep_key(out, wish);
    lp_setup_key_id(&out->chip, wish, key_id, sizeof key_id);
    rc = lp_observe_identity(board, key_id, &out->identity, f);
    return rc == LP_EXIT_OK ? lp_observe_status(board, &out->status, f) : rc;
}

void lp_setup_board_deinit(lp_setup_board_t *b)
{
    free(b->config.trust_ca);
    b->config.trust_ca = NULL;
}
