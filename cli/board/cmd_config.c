// SPDX-License-Identifier: Apache-2.0
// limpet config-get, config-set: a board's settings by dotted name.
#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

#include "limpet/board.h"
#include "limpet/cmd.h"
#include "limpet/opt.h"

static const int exits[] = {LP_EXIT_NO_BOARD, LP_EXIT_LOCAL, LP_EXIT_BOARD, 0};

static void show_value(cJSON *value)
{
    if (lp_ui.json) {
        cJSON *line = cJSON_CreateObject();
        cJSON_AddItemToObject(line, "value", value);
        lp_ui_json_tree(line);
        return;
    }
    if (cJSON_IsString(value)) {
        lp_ui_out_long(value->valuestring);
    } else {
        char *text = cJSON_Print(value);
        lp_ui_out_long(text != NULL ? text : "");
        cJSON_free(text);
    }
    cJSON_Delete(value);
}

int lp_cmd_config_get(int argc, char **argv)
{
    static const lp_help_t help = {
        .name = "config-get",
        .args = "[KEY]",
        .summary = "Reads a board's settings: all of them, or one by its dotted name.",
        .examples = {"limpet config-get", "limpet config-get cloud.server", NULL},
        .exit_codes = exits,
        .max_args = 1,
    };
    lp_board_options_t options = {.port = "auto"};
    const lp_opt_t opts[] = {
        {"port", LP_OPT_STR, &options.port, "PORT", "auto, a device, an id, or a URL (help call)"},
        {"baud", LP_OPT_INT, &options.baud, "RATE", "speed of a real serial port (115200)"},
    };
    int n_args = 0;
    int rc = lp_opt_parse(&help, opts, sizeof opts / sizeof opts[0], argc, argv, &n_args);
    if (rc != LP_OPT_GO_ON) {
        return rc;
    }
    cJSON *params = cJSON_CreateObject();
    if (n_args > 0) {
        cJSON_AddStringToObject(params, "key", argv[1]);
    }
    lp_fault_t fault = {0};
    lp_board_t *board = NULL;
    cJSON *value = NULL;
    lp_interrupt_catch();
    lp_exit_t status = lp_board_open(&options, &board, &fault);
    if (status == LP_EXIT_OK) {
        status = lp_board_call(board, "Config.Get", params, 0, &value, &fault);
    } else {
        cJSON_Delete(params);
    }
    lp_board_close(board);
    if (status != LP_EXIT_OK) {
        return lp_fault_print(&fault);
    }
    show_value(value);
    return LP_EXIT_OK;
}

// Puts `value` at the dotted path in `tree`. False: the path is malformed or crosses a value.
static bool put_path(cJSON *tree, const char *path, cJSON *value)
{
    char name[64];
    size_t len = strcspn(path, ".");
    if (len == 0 || len >= sizeof name) {
        cJSON_Delete(value);
        return false;
    }
    memcpy(name, path, len);
    name[len] = '\0';
    cJSON *child = cJSON_GetObjectItemCaseSensitive(tree, name);
    if (path[len] == '\0') {
        if (child != NULL) {
            cJSON_Delete(value);
            return false;
        }
        return cJSON_AddItemToObject(tree, name, value);
    }
    if (child == NULL) {
        child = cJSON_AddObjectToObject(tree, name);
    }
    if (!cJSON_IsObject(child)) {
        cJSON_Delete(value);
        return false;
    }
    return put_path(child, path + len + 1, value);
}

// "cloud.enable=true": JSON where it parses as a number, a bool or a quoted string, else a plain
// string.
static bool put_assignment(cJSON *tree, const char *text)
{
    char path[128];
    const char *equals = strchr(text, '=');
    if (equals == NULL || (size_t)(equals - text) >= sizeof path) {
        return false;
    }
    memcpy(path, text, (size_t)(equals - text));
    path[equals - text] = '\0';
    cJSON *value = cJSON_ParseWithOpts(equals + 1, NULL, 1);
    if (value == NULL || cJSON_IsObject(value) || cJSON_IsArray(value)) {
        cJSON_Delete(value);
        value = cJSON_CreateString(equals + 1);
    }
    return put_path(tree, path, value);
}

static lp_exit_t set_and_save(const lp_board_options_t *options, cJSON *tree, bool is_reboot,
                              lp_fault_t *f)
{
    lp_board_t *board = NULL;
    lp_exit_t rc = lp_board_open(options, &board, f);
    if (rc != LP_EXIT_OK) {
        cJSON_Delete(tree);
        return rc;
    }
    cJSON *result = NULL;
    cJSON *params = cJSON_CreateObject();
    cJSON_AddItemToObject(params, "config", tree);
    rc = lp_board_call(board, "Config.Set", params, 0, &result, f);
    cJSON_Delete(result);
    if (rc == LP_EXIT_OK) {
        result = NULL;
        params = cJSON_CreateObject();
        cJSON_AddBoolToObject(params, "reboot", is_reboot);
        rc = lp_board_call(board, "Config.Save", params, 0, &result, f);
        cJSON_Delete(result);
    }
    lp_board_close(board);
    return rc;
}

static int fail_assignment(const char *text)
{
    char what[160];
    // The name only: the value may be a secret.
    snprintf(what, sizeof what, "\"%.*s\" is not a setting of the form name=value",
             (int)(strcspn(text, "=") < 60 ? strcspn(text, "=") : 60), text);
    return lp_ui_fail(LP_EXIT_USAGE, "usage", what, NULL,
                      "limpet config-set cloud.keep_alive_s=60; each name once");
}

int lp_cmd_config_set(int argc, char **argv)
{
    static const lp_help_t help = {
        .name = "config-set",
        .args = "KEY=VALUE...",
        .summary = "Changes a board's settings, all of them or none, and saves them.",
        .examples = {"limpet config-set telemetry.interval_s=30",
                     "limpet config-set --reboot cloud.enable=false", NULL},
        .exit_codes = exits,
        .max_args = -1,
    };
    lp_board_options_t options = {.port = "auto"};
    bool is_reboot = false;
    const lp_opt_t opts[] = {
        {"port", LP_OPT_STR, &options.port, "PORT", "auto, a device, an id, or a URL (help call)"},
        {"baud", LP_OPT_INT, &options.baud, "RATE", "speed of a real serial port (115200)"},
        {"reboot", LP_OPT_BOOL, &is_reboot, NULL, "restart the board after saving"},
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
    for (int i = 1; i <= n_args; i++) {
        if (!put_assignment(tree, argv[i])) {
            cJSON_Delete(tree);
            return fail_assignment(argv[i]);
        }
    }
    lp_fault_t fault = {0};
    lp_interrupt_catch();
    if (set_and_save(&options, tree, is_reboot, &fault) != LP_EXIT_OK) {
        return lp_fault_print(&fault);
    }
    lp_ui_info("saved%s", is_reboot ? "; the board restarts" : "");
    lp_ui_json("{\"ok\":true}");
    return LP_EXIT_OK;
}
