// SPDX-License-Identifier: Apache-2.0
// limpet atca-get-config, atca-set-config, atca-lock-zone.
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "atca.h"
#include "limpet/atecc_plan.h"
#include "limpet/cmd.h"
#include "limpet/hexline.h"
#include "limpet/opt.h"

// -- atca-get-config

static lp_exit_t get_config(atca_t *a, atca_format_t format, const char *path, lp_fault_t *f)
{
    lp_exit_t rc = atca_open(a, f);
    char *text = rc == LP_EXIT_OK ? atca_config_write(a->config, format) : NULL;
    char hex[2 * ATCA_CONFIG + 1];
    if (rc != LP_EXIT_OK || text == NULL) {
        return rc;
    }
    if (lp_ui.json) {
        lp_hexline(hex, a->config, ATCA_CONFIG);
        cJSON *line = cJSON_CreateObject();
        cJSON_AddStringToObject(line, "part", a->part);
        cJSON_AddStringToObject(line, "serial", a->serial);
        cJSON_AddStringToObject(line, "plan", a->plan);
        cJSON_AddStringToObject(line, "config", hex);
        lp_ui_json_tree(line);
    }
    if (!lp_ui.json || path != NULL) {
        rc = atca_file_write(path, text, f);
    }
    free(text);
    return rc;
}

int lp_cmd_atca_get_config(int argc, char **argv)
{
    static const lp_help_t help = {
        .name = "atca-get-config",
        .args = "[FILE]",
        .summary = "Shows the configuration of a board's crypto chip, or writes it to a file.",
        .examples = {"limpet atca-get-config", "limpet atca-get-config chip.yaml", NULL},
        .exit_codes = atca_exits,
        .max_args = 1,
    };
    atca_t a = {.options = {.port = "auto"}};
    const char *format_name = "yaml";
    const lp_opt_t opts[] = {
        ATCA_BOARD_FLAGS(a),
        {"format", LP_OPT_STR, &format_name, "yaml|json|hex", "how it is written (yaml)"},
    };
    int n_args = 0;
    atca_format_t format = ATCA_YAML;
    int rc = lp_opt_parse(&help, opts, sizeof opts / sizeof opts[0], argc, argv, &n_args);
    if (rc != LP_OPT_GO_ON) {
        return rc;
    }
    if (!atca_format_parse(format_name, &format)) {
        return lp_ui_fail(LP_EXIT_USAGE, "usage", "--format is yaml, json or hex", NULL,
                          "limpet atca-get-config --help");
    }
    lp_fault_t fault = {.exit = LP_EXIT_OK};
    return atca_end(&a, get_config(&a, format, n_args > 0 ? argv[1] : NULL, &fault), &fault);
}

// -- atca-set-config

// The plan's bytes over those of the chip, as Chip.Configure would write them.
static void take_plan(const char *part, uint8_t *config)
{
    const lp_atecc_plan_t *plan = &lp_atecc_plan_limpet1;
    const bool is_508 = strcmp(part, "ATECC508A") == 0;
    const lp_atecc_plan_byte_t *bytes = is_508 ? plan->bytes_508 : plan->bytes_608;
    const size_t n = is_508 ? plan->bytes_508_len : plan->bytes_608_len;
    for (size_t i = 0; i < n; i++) {
        uint8_t *at = &config[bytes[i].offset];
        *at = (uint8_t)((*at & ~bytes[i].mask) | (bytes[i].value & bytes[i].mask));
    }
    for (size_t i = 0; i < ATCA_SLOTS; i++) {
        config[20 + 2 * i] = (uint8_t)plan->slots[i].slot_config;
        config[21 + 2 * i] = (uint8_t)(plan->slots[i].slot_config >> 8);
        config[96 + 2 * i] = (uint8_t)plan->slots[i].key_config;
        config[97 + 2 * i] = (uint8_t)(plan->slots[i].key_config >> 8);
    }
}

static lp_exit_t read_wanted(atca_t *a, const char *source, uint8_t *want, lp_fault_t *f)
{
    memcpy(want, a->config, ATCA_CONFIG);
    if (strcmp(source, lp_atecc_plan_limpet1.name) == 0) {
        take_plan(a->part, want);
        return LP_EXIT_OK;
    }
    char *text = atca_file_read(source, NULL, f);
    const lp_exit_t rc = text != NULL ? atca_config_read(text, want, f) : f->exit;
    free(text);
    return rc;
}

static lp_exit_t set_config(atca_t *a, const char *source, bool is_other, lp_fault_t *f)
{
    uint8_t want[ATCA_CONFIG];
    uint8_t back[ATCA_CONFIG];
    cJSON *result = NULL;
    lp_exit_t rc = atca_open(a, f);
    rc = rc == LP_EXIT_OK ? read_wanted(a, source, want, f) : rc;
    if (rc != LP_EXIT_OK) {
        return rc;
    }
    lp_ui_label("Chip", "%s %s", a->part, a->serial);
    if (atca_show_diff(a->config, want) == 0) {
        lp_ui_out("Nothing to do: the chip has this configuration.");
        lp_ui_json("{\"changed\":0}");
        return LP_EXIT_OK;
    }
    cJSON *params = cJSON_CreateObject();
    atca_put_bytes(params, "config", want, sizeof want);
    cJSON_AddBoolToObject(params, "other_plan", is_other);
    rc = atca_change(a, "ATCA.SetConfig", params, "Write this configuration?", &result, f);
    if (rc == LP_EXIT_OK && result != NULL) {
        if (!atca_take_bytes(result, "config", back, sizeof back) ||
            memcmp(back, want, sizeof back) != 0) {
            rc = lp_fault_set(f, LP_EXIT_CHIP, "chip-read-back",
                              "the chip's configuration is not what was written");
        } else {
            lp_ui_out("Written, read back and equal. It is not locked yet: limpet atca-lock-zone");
            lp_ui_json("{\"written\":true}");
        }
    }
    cJSON_Delete(result);
    return rc;
}

int lp_cmd_atca_set_config(int argc, char **argv)
{
    static const lp_help_t help = {
        .name = "atca-set-config",
        .args = "FILE|limpet-1",
        .summary = "Writes the configuration of a crypto chip that is not locked yet.",
        .examples = {"limpet atca-set-config limpet-1",
                     "limpet atca-set-config chip.yaml --other-plan --dry-run=false", NULL},
        .notes =
            "FILE is YAML, JSON or hex as atca-get-config writes it, - is standard input; what is "
            "not named in it\nstays. limpet aws-iot-setup does all of this by itself, with "
            "Limpet's "
            "slot plan; a chip that was\nlocked with another one can never be set up by it.",
        .exit_codes = atca_exits,
        .max_args = 1,
    };
    atca_t a = {.options = {.port = "auto"}, .is_dry_run = true};
    bool is_other = false;
    const lp_opt_t opts[] = {
        ATCA_BOARD_FLAGS(a),
        ATCA_CHANGE_FLAGS(a),
        {"other-plan", LP_OPT_BOOL, &is_other, NULL, "it is not Limpet's slot plan, on purpose"},
    };
    int n_args = 0;
    int rc = lp_opt_parse(&help, opts, sizeof opts / sizeof opts[0], argc, argv, &n_args);
    if (rc != LP_OPT_GO_ON) {
        return rc;
    }
    if (n_args != 1) {
        return lp_ui_fail(LP_EXIT_USAGE, "usage", "name a file with a configuration", NULL,
                          "limpet atca-set-config --help");
    }
    lp_fault_t fault = {.exit = LP_EXIT_OK};
    return atca_end(&a, set_config(&a, argv[1], is_other, &fault), &fault);
}

// -- atca-lock-zone

typedef struct {
    const char *zone; // config, data or slot
    long slot;
    bool is_other;
} lock_t;

static bool parse_zone(const char *text, lock_t *lock)
{
    lock->slot = -1;
    if (strcmp(text, "config") == 0 || strcmp(text, "data") == 0) {
        lock->zone = text;
        return true;
    }
    char *end = NULL;
    const char *digits = strncmp(text, "slot", 4) == 0 ? text + 4 : text;
    lock->zone = "slot";
    lock->slot = strtol(digits, &end, 10);
    return digits[0] >= '0' && digits[0] <= '9' && *end == '\0' && lock->slot < ATCA_SLOTS;
}

static void show_lock(const atca_t *a, const lock_t *lock)
{
    uint8_t locked[ATCA_CONFIG];
    memcpy(locked, a->config, sizeof locked);
    if (lock->slot >= 0) {
        locked[88 + lock->slot / 8] &= (uint8_t) ~(1u << lock->slot % 8);
    } else {
        locked[strcmp(lock->zone, "config") == 0 ? 87 : 86] = 0;
    }
    lp_ui_label("Chip", "%s %s, slot plan %s", a->part, a->serial,
                strcmp(a->plan, "match") == 0 ? "limpet-1" : "NOT limpet-1");
    if (strcmp(lock->zone, "config") == 0) {
        char *text = atca_config_write(a->config, ATCA_HEX);
        lp_ui_out("  to be locked as it is: %.256s", text != NULL ? text : "");
        free(text);
    }
    (void)atca_show_diff(a->config, locked);
}

static lp_exit_t lock_zone(atca_t *a, const lock_t *lock, lp_fault_t *f)
{
    cJSON *result = NULL;
    char question[120];
    lp_exit_t rc = atca_open(a, f);
    if (rc != LP_EXIT_OK) {
        return rc;
    }
    show_lock(a, lock);
    cJSON *params = cJSON_CreateObject();
    cJSON_AddStringToObject(params, "zone", lock->zone);
    cJSON_AddBoolToObject(params, "other_plan", lock->is_other);
    if (lock->slot >= 0) {
        cJSON_AddNumberToObject(params, "slot", (double)lock->slot);
    }
    snprintf(question, sizeof question, "Locking cannot be undone, ever. Lock %s of chip %s?",
             lock->slot >= 0 ? "this slot" : lock->zone, a->serial);
    rc = atca_change(a, "ATCA.LockZone", params, question, &result, f);
    if (rc == LP_EXIT_OK && result != NULL) {
        lp_ui_out("Locked.");
        lp_ui_json("{\"locked\":true}");
    }
    cJSON_Delete(result);
    return rc;
}

int lp_cmd_atca_lock_zone(int argc, char **argv)
{
    static const lp_help_t help = {
        .name = "atca-lock-zone",
        .args = "config|data|slotN",
        .summary = "Locks a zone or a slot of a board's crypto chip, for ever.",
        .examples = {"limpet atca-lock-zone config", "limpet atca-lock-zone slot13 --dry-run=false",
                     NULL},
        .notes = "Locking data of a chip with Limpet's slot plan fills every slot and makes the "
                 "identity key first.",
        .exit_codes = atca_exits,
        .max_args = 1,
    };
    atca_t a = {.options = {.port = "auto"}, .is_dry_run = true};
    lock_t lock = {.zone = ""};
    const lp_opt_t opts[] = {
        ATCA_BOARD_FLAGS(a),
        ATCA_CHANGE_FLAGS(a),
        {"other-plan", LP_OPT_BOOL, &lock.is_other, NULL,
         "lock a chip that does not have Limpet's slot plan"},
    };
    int n_args = 0;
    int rc = lp_opt_parse(&help, opts, sizeof opts / sizeof opts[0], argc, argv, &n_args);
    if (rc != LP_OPT_GO_ON) {
        return rc;
    }
    if (n_args != 1 || !parse_zone(argv[1], &lock)) {
        return lp_ui_fail(LP_EXIT_USAGE, "usage", "what is to be locked: config, data or slotN",
                          NULL, "limpet atca-lock-zone --help");
    }
    lp_fault_t fault = {.exit = LP_EXIT_OK};
    return atca_end(&a, lock_zone(&a, &lock, &fault), &fault);
}
