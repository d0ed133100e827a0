// SPDX-License-Identifier: Apache-2.0
// The board's chip: looked at, and changed in two calls with the question in between.
#include <cjson/cJSON.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "atca.h"
#include "limpet/base64.h"
#include "limpet/hexline.h"

const int atca_exits[] = {LP_EXIT_NO_BOARD,
                          LP_EXIT_CHIP,
                          LP_EXIT_DECLINED,
                          LP_EXIT_CONFLICT,
                          LP_EXIT_LOCAL,
                          LP_EXIT_BOARD,
                          0};

// -- bytes in JSON

static uint32_t crc_of(const uint8_t *bytes, size_t len)
{
    uint32_t crc = 0xFFFFFFFFu;
    for (size_t i = 0; i < len; i++) {
        crc ^= bytes[i];
        for (int k = 0; k < 8; k++) {
            crc = crc >> 1 ^ ((crc & 1u) != 0 ? 0xEDB88320u : 0u);
        }
    }
    return ~crc;
}

bool atca_take_bytes(const cJSON *tree, const char *name, uint8_t *out, size_t len)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(tree, name);
    const cJSON *crc = cJSON_GetObjectItemCaseSensitive(tree, "crc32");
    lp_buf_t buf = lp_buf(out, len);
    return cJSON_IsString(item) &&
           lp_base64_decode(&buf, lp_span(item->valuestring, strlen(item->valuestring))) == LP_OK &&
           buf.len == len &&
           (crc == NULL || (cJSON_IsNumber(crc) && crc->valuedouble == (double)crc_of(out, len)));
}

void atca_put_bytes(cJSON *tree, const char *name, const uint8_t *bytes, size_t len)
{
    char text[LP_BASE64_LEN(ATCA_CONFIG) + 1];
    lp_buf_t out = lp_buf(text, sizeof text - 1);
    (void)lp_base64_encode(&out, lp_span(bytes, len));
    text[out.len] = '\0';
    cJSON_AddStringToObject(tree, name, text);
    lp_wipe(text, sizeof text);
}

static void wiping_free(void *block)
{
    if (block != NULL) {
        lp_wipe(block, malloc_usable_size(block));
    }
    free(block);
}

void atca_wipe_trees(void)
{
    cJSON_Hooks hooks = {.malloc_fn = malloc, .free_fn = wiping_free};
    cJSON_InitHooks(&hooks);
}

// -- calls

static lp_exit_t judge(const lp_board_error_t *e, lp_fault_t *f)
{
    static const struct {
        const char *name;
        lp_exit_t exit;
        const char *code;
        const char *next;
    } rows[] = {
        {"LP_E_STATE", LP_EXIT_CHIP, "chip-state", "limpet atca-get-config shows its locks"},
        {"LP_E_DENIED", LP_EXIT_CHIP, "chip-kept", "docs/slot-plan.md says what each slot is for"},
        {"LP_E_EXISTS", LP_EXIT_CONFLICT, "chip-certified",
         "limpet aws-iot-rotate, or limpet rotate, makes a new identity and loses none"},
        {"LP_E_INVALID", LP_EXIT_USAGE, "chip-request", NULL},
        {"LP_E_NOT_FOUND", LP_EXIT_BOARD, "board-no-atca",
         "this board's firmware has no such method: limpet call RPC.List"},
    };
    if (e->name[0] == '\0' && e->code != 404) {
        return f->exit;
    }
    f->exit = LP_EXIT_CHIP;
    snprintf(f->code, sizeof f->code, "chip-trouble");
    lp_fault_next(f, "limpet doctor; then run the same command again");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (strcmp(e->name, rows[i].name) == 0) {
            f->exit = rows[i].exit;
            snprintf(f->code, sizeof f->code, "%s", rows[i].code);
            lp_fault_next(f, "%s",
                          rows[i].next != NULL ? rows[i].next : "look at the command line");
        }
    }
    return f->exit;
}

lp_exit_t atca_call(atca_t *a, const char *method, cJSON *params, cJSON **result, lp_fault_t *f)
{
    const lp_exit_t rc = lp_board_call(a->board, method, params, 0, result, f);
    if (rc == LP_EXIT_BOARD && strcmp(f->code, "board-refused") == 0) {
        return judge(lp_board_last_error(a->board), f);
    }
    return rc;
}

static void take_text(const cJSON *tree, const char *name, char *out, size_t cap)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(tree, name);
    snprintf(out, cap, "%s", cJSON_IsString(item) ? item->valuestring : "?");
}

lp_exit_t atca_open(atca_t *a, lp_fault_t *f)
{
    cJSON *info = NULL;
    cJSON *config = NULL;
    lp_interrupt_catch();
    lp_exit_t rc = lp_board_open(&a->options, &a->board, f);
    rc = rc == LP_EXIT_OK ? atca_call(a, "Chip.Info", NULL, &info, f) : rc;
    rc = rc == LP_EXIT_OK ? atca_call(a, "ATCA.GetConfig", NULL, &config, f) : rc;
    if (rc == LP_EXIT_OK) {
        take_text(info, "serial", a->serial, sizeof a->serial);
        take_text(info, "part", a->part, sizeof a->part);
        take_text(cJSON_GetObjectItemCaseSensitive(info, "plan"), "state", a->plan, sizeof a->plan);
        if (!atca_take_bytes(config, "config", a->config, sizeof a->config)) {
            rc = lp_fault_set(f, LP_EXIT_BOARD, "board-answer",
                              "the board's answer is no configuration of a chip");
        }
    }
    cJSON_Delete(info);
    cJSON_Delete(config);
    return rc;
}

static lp_exit_t confirmed(atca_t *a, const char *method, cJSON *params, const cJSON *ticket,
                           cJSON **result, lp_fault_t *f)
{
    char token[40];
    char serial[24];
    take_text(ticket, "token", token, sizeof token);
    take_text(ticket, "serial", serial, sizeof serial);
    if (strcmp(serial, a->serial) != 0) {
        cJSON_Delete(params);
        return lp_fault_set(f, LP_EXIT_CHIP, "chip-trouble",
                            "this is another chip than a moment ago; nothing was changed");
    }
    cJSON_AddStringToObject(params, "token", token);
    return atca_call(a, method, params, result, f);
}

lp_exit_t atca_change(atca_t *a, const char *method, cJSON *params, const char *question,
                      cJSON **result, lp_fault_t *f)
{
    cJSON *ticket = NULL;
    *result = NULL;
    lp_exit_t rc = atca_call(a, method, cJSON_Duplicate(params, true), &ticket, f);
    if (rc == LP_EXIT_OK && !a->is_dry_run) {
        rc = lp_ui_ask(question, a->is_yes);
        f->exit = LP_EXIT_OK; // it is said already
        if (rc == LP_EXIT_OK) {
            rc = confirmed(a, method, params, ticket, result, f);
            params = NULL;
        }
    } else if (rc == LP_EXIT_OK) {
        lp_ui_info("Nothing was changed: this was a dry run. --dry-run=false does it.");
        lp_ui_json("{\"dry_run\":true}");
    }
    cJSON_Delete(params);
    cJSON_Delete(ticket);
    return rc;
}

// -- showing

size_t atca_show_diff(const uint8_t was[ATCA_CONFIG], const uint8_t will[ATCA_CONFIG])
{
    size_t n = 0;
    for (size_t at = 0; at < ATCA_CONFIG; at++) {
        char place[40];
        if (was[at] != will[at]) {
            atca_config_place(at, place);
            lp_ui_out("  byte %3zu  %02x -> %02x  %s", at, was[at], will[at], place);
            n++;
        }
    }
    return n;
}

bool atca_slot_parse(const char *command, const char *text, long *slot)
{
    char next[80];
    char *end = NULL;
    *slot = text != NULL ? strtol(text, &end, 10) : -1;
    if (text != NULL && text[0] != '\0' && *end == '\0' && *slot >= 0 && *slot < ATCA_SLOTS) {
        return true;
    }
    snprintf(next, sizeof next, "limpet %s --help", command);
    lp_ui_fail(LP_EXIT_USAGE, "usage", "name a slot of the chip: 0 to 15", NULL, next);
    return false;
}

int atca_end(atca_t *a, lp_exit_t rc, const lp_fault_t *f)
{
    lp_board_close(a->board);
    a->board = NULL;
    return rc != LP_EXIT_OK && f->exit != LP_EXIT_OK ? lp_fault_print(f) : (int)rc;
}
