// SPDX-License-Identifier: Apache-2.0
// limpet config-get, config-set: a board's settings by dotted name.
#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

#include "board_config.h"
#include "config_words.h"
#include "limpet/board_cmd.h"
#include "limpet/cmd.h"

// A board tells null for a secret, and for nothing else. Stars say that it is one.
static void show_stars(cJSON *value)
{
    cJSON *child;
    if (cJSON_IsNull(value)) {
        value->type = cJSON_String;
        value->valuestring = strdup("***"); // freed with the tree
    }
    cJSON_ArrayForEach(child, value)
    {
        show_stars(child); // no deeper than the board's own table
    }
}

static void show_value(cJSON *value)
{
    if (lp_ui.json) {
        cJSON *line = cJSON_CreateObject();
        cJSON_AddItemToObject(line, "value", value);
        lp_ui_json_tree(line);
        return;
    }
    show_stars(value);
    if (cJSON_IsString(value) && value->valuestring != NULL) {
        lp_ui_out_long(value->valuestring);
    } else {
        char *text = cJSON_Print(value);
        lp_ui_out_long(text != NULL ? text : "");
        cJSON_free(text);
    }
    cJSON_Delete(value);
}

// One key, or none for all of them.
static lp_exit_t get_value(lp_board_t *board, const char *key, cJSON **value, lp_fault_t *f)
{
    cJSON *params = cJSON_CreateObject();
    if (key != NULL) {
        cJSON_AddStringToObject(params, "key", key);
    }
    return lp_board_call(board, "Config.Get", params, 0, value, f);
}

// Several keys: an object with each of them.
static lp_exit_t get_values(lp_board_t *board, int n, char **keys, cJSON **value, lp_fault_t *f)
{
    if (n <= 1) {
        return get_value(board, n == 1 ? keys[0] : NULL, value, f);
    }
    cJSON *all = cJSON_CreateObject();
    lp_exit_t rc = LP_EXIT_OK;
    for (int i = 0; rc == LP_EXIT_OK && i < n; i++) {
        cJSON *one = NULL;
        rc = get_value(board, keys[i], &one, f);
        if (rc == LP_EXIT_OK) {
            cJSON_AddItemToObject(all, keys[i], one);
        }
    }
    if (rc != LP_EXIT_OK) {
        cJSON_Delete(all);
        return rc;
    }
    *value = all;
    return LP_EXIT_OK;
}

// What a form needs: the groups with their settings.
static lp_exit_t get_schema(lp_board_t *board, cJSON **value, lp_fault_t *f)
{
    cJSON *groups = NULL;
    cJSON *group = NULL;
    lp_exit_t rc = lp_board_call(board, "Config.Schema", NULL, 0, &groups, f);
    cJSON_ArrayForEach(group, groups)
    {
        const cJSON *name = cJSON_GetObjectItemCaseSensitive(group, "group");
        cJSON *rows = NULL;
        cJSON *params = cJSON_CreateObject();
        cJSON_AddStringToObject(params, "group", cJSON_IsString(name) ? name->valuestring : "");
        if (rc != LP_EXIT_OK) {
            cJSON_Delete(params);
            break;
        }
        rc = lp_board_call(board, "Config.Schema", params, 0, &rows, f);
        if (rc == LP_EXIT_OK) {
            cJSON_AddItemToObject(group, "settings", rows);
        }
    }
    if (rc != LP_EXIT_OK) {
        cJSON_Delete(groups);
        return rc;
    }
    *value = groups;
    return LP_EXIT_OK;
}

int lp_cmd_config_get(int argc, char **argv)
{
    static const lp_help_t help = {
        .name = "config-get",
        .args = "[KEY...]",
        .summary = "Reads a board's settings: all of them, or some by their dotted names.",
        .examples = {"limpet config-get", "limpet config-get cloud.server",
                     "limpet config-get --schema", NULL},
        .exit_codes = lp_board_exits,
        .max_args = -1,
    };
    lp_board_options_t options = {.port = "auto"};
    bool is_schema = false;
    const lp_opt_t opts[] = {
        LP_BOARD_FLAGS_URL(options),
        {"schema", LP_OPT_BOOL, &is_schema, NULL, "what there is to set, instead of the values"},
    };
    int n_args = 0;
    int rc = lp_opt_parse(&help, opts, sizeof opts / sizeof opts[0], argc, argv, &n_args);
    if (rc != LP_OPT_GO_ON) {
        return rc;
    }
    lp_fault_t fault = {0};
    lp_board_t *board = NULL;
    cJSON *value = NULL;
    lp_interrupt_catch();
    lp_exit_t status = lp_board_open(&options, &board, &fault);
    if (status == LP_EXIT_OK) {
        status = is_schema ? get_schema(board, &value, &fault)
                           : get_values(board, n_args, argv + 1, &value, &fault);
    }
    lp_board_close(board);
    if (status != LP_EXIT_OK) {
        return lp_fault_print(&fault);
    }
    show_value(value);
    return LP_EXIT_OK;
}

lp_exit_t lp_board_config_set(lp_board_t *board, cJSON *tree, const lp_save_t *save, lp_fault_t *f)
{
    cJSON *result = NULL;
    cJSON *params = cJSON_CreateObject();
    cJSON_AddItemToObject(params, "config", tree);
    lp_exit_t rc = lp_board_call(board, "Config.Set", params, 0, &result, f);
    cJSON_Delete(result);
    if (rc == LP_EXIT_OK) {
        result = NULL;
        params = cJSON_CreateObject();
        cJSON_AddBoolToObject(params, "reboot", save->is_reboot || save->is_trial);
        if (save->is_trial) {
            cJSON_AddBoolToObject(params, "try_once", true);
        }
        rc = lp_board_call(board, "Config.Save", params, 0, &result, f);
        cJSON_Delete(result);
    }
    return rc;
}

void lp_board_config_told(const lp_save_t *save)
{
    if (save->is_trial) {
        lp_ui_info(
            "the board restarts with them; limpet config-confirm keeps them, the start after "
            "that has the old ones");
    } else {
        lp_ui_info("saved%s", save->is_reboot ? "; the board restarts" : "");
    }
}

static lp_exit_t set_and_save(const lp_board_options_t *options, cJSON *tree, const lp_save_t *save,
                              lp_fault_t *f)
{
    lp_board_t *board = NULL;
    lp_exit_t rc = lp_board_open(options, &board, f);
    if (rc != LP_EXIT_OK) {
        cJSON_Delete(tree);
        return rc;
    }
    rc = lp_board_config_set(board, tree, save, f);
    lp_board_close(board);
    return rc;
}

int lp_cmd_config_set(int argc, char **argv)
{
    static const lp_help_t help = {
        .name = "config-set",
        .args = "KEY=VALUE...|NAME|-",
        .summary = "Changes a board's settings, all of them or none, and saves them.",
        .examples = {"limpet config-set telemetry.interval_s=30", "limpet config-set wifi.sta.pass",
                     "limpet config-set --try-once cloud.server=new.example.com", NULL},
        .notes =
            "A name without a value is asked for without echo, or its value is a line of stdin "
            "(or LIMPET_CONFIG_VALUE):\nsecrets do not belong into a command line, which every "
            "user of this computer can read. With - the lines\nof stdin are settings, "
            "name=value each.",
        .exit_codes = lp_board_exits,
        .max_args = -1,
    };
    lp_board_options_t options = {.port = "auto"};
    lp_save_t save = {0};
    const lp_opt_t opts[] = {
        LP_BOARD_FLAGS_URL(options),
        {"reboot", LP_OPT_BOOL, &save.is_reboot, NULL, "restart the board after saving"},
        {"try-once", LP_OPT_BOOL, &save.is_trial, NULL,
         "restart with them; without config-confirm the next start has the old ones"},
    };
    int n_args = 0;
    int rc = lp_opt_parse(&help, opts, sizeof opts / sizeof opts[0], argc, argv, &n_args);
    if (rc != LP_OPT_GO_ON) {
        return rc;
    }
    if (n_args == 0) {
        return lp_ui_fail(LP_EXIT_USAGE, "usage", "name a setting and its value", NULL,
                          "limpet config-set --help");
    }
    cJSON *tree = cJSON_CreateObject();
    lp_fault_t fault = {0};
    lp_interrupt_catch();
    for (int i = 1; i <= n_args; i++) {
        if (lp_config_take_word(tree, argv[i], &fault) != LP_EXIT_OK) {
            cJSON_Delete(tree);
            return lp_fault_print(&fault);
        }
    }
    if (set_and_save(&options, tree, &save, &fault) != LP_EXIT_OK) {
        return lp_fault_print(&fault);
    }
    lp_board_config_told(&save);
    lp_ui_json("{\"ok\":true}");
    return LP_EXIT_OK;
}
