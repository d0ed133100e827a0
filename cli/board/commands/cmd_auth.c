// SPDX-License-Identifier: Apache-2.0
// limpet auth-set, auth-remove: accounts for callers over the network.
#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

#include "limpet/board_cmd.h"
#include "limpet/cmd.h"
#include "limpet/span.h"
#include "login.h"

static lp_exit_t get_realm(lp_board_t *board, char *realm, lp_fault_t *f)
{
    cJSON *info = NULL;
    lp_exit_t rc = lp_board_call(board, "Auth.Info", NULL, 0, &info, f);
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(info, "realm");
    if (rc == LP_EXIT_OK && (!cJSON_IsString(item) || strlen(item->valuestring) >= LP_LOGIN_TEXT)) {
        rc = lp_fault_set(f, LP_EXIT_BOARD, "board-answer", "the board does not say its realm");
    }
    snprintf(realm, LP_LOGIN_TEXT, "%s", rc == LP_EXIT_OK ? item->valuestring : "");
    cJSON_Delete(info);
    return rc;
}

static lp_exit_t call_with(lp_board_t *board, const char *method, cJSON *params, lp_fault_t *f)
{
    cJSON *result = NULL;
    lp_exit_t rc = lp_board_call(board, method, params, 0, &result, f);
    cJSON_Delete(result);
    return rc;
}

static lp_exit_t set_account(lp_board_t *board, const char *user, const char *role,
                             const char *realm, const char *password, lp_fault_t *f)
{
    char verifier[65];
    char device[LP_LOGIN_TEXT];
    lp_login_device(realm, device, sizeof device);
    lp_login_verifier(user, realm, password, verifier);
    cJSON *params = cJSON_CreateObject();
    cJSON_AddStringToObject(params, "user", user);
    cJSON_AddStringToObject(params, "role", role);
    cJSON_AddStringToObject(params, "realm", realm);
    cJSON_AddStringToObject(params, "verifier", verifier);
    lp_wipe(verifier, sizeof verifier);
    // The file first: a password that only the board knows is lost.
    lp_exit_t rc = lp_passwords_put(device, user, password, f);
    if (rc != LP_EXIT_OK) {
        cJSON_Delete(params);
        return rc;
    }
    return call_with(board, "Auth.Set", params, f);
}

static lp_exit_t make_account(lp_board_t *board, const char *user, const char *role, bool shows,
                              lp_fault_t *f)
{
    char realm[LP_LOGIN_TEXT];
    char path[300] = "";
    char password[LP_LOGIN_RANDOM];
    lp_exit_t rc = get_realm(board, realm, f);
    if (rc == LP_EXIT_OK && !lp_passwords_make(password)) {
        rc = lp_fault_set(f, LP_EXIT_LOCAL, "no-random", "this computer gives no random numbers");
    }
    if (rc == LP_EXIT_OK) {
        rc = set_account(board, user, role, realm, password, f);
    }
    if (rc == LP_EXIT_OK) {
        (void)lp_passwords_path(path, sizeof path);
        lp_ui_info("%s may call this board as %s; the password is in %s", user, role, path);
        if (shows && !lp_ui.json) {
            lp_ui_out("%s", password);
        }
        lp_ui_json("{\"ok\":true}");
    }
    lp_wipe(password, sizeof password);
    return rc;
}

static bool is_role(const char *role)
{
    return strcmp(role, "reader") == 0 || strcmp(role, "operator") == 0 ||
           strcmp(role, "admin") == 0;
}

int lp_cmd_auth_set(int argc, char **argv)
{
    static const lp_help_t help = {
        .name = "auth-set",
        .args = "USER",
        .summary = "Makes an account for calls over the network, or gives it a new password.",
        .examples = {"limpet auth-set ann --role operator",
                     "limpet auth-set tv --role reader --show", NULL},
        .notes =
            "The password is made at random and kept in ~/.config/limpet/passwords, which only "
            "you can\nread. It is not shown, unless --show asks for it.",
        .exit_codes = lp_board_exits,
        .max_args = 1,
    };
    lp_board_options_t options = {.port = "auto"};
    const char *role = "reader";
    bool shows = false;
    const lp_opt_t opts[] = {
        LP_BOARD_FLAGS_NAMED(options, "where the board is: its UART (limpet help ports)"),
        {"role", LP_OPT_STR, &role, "ROLE", "reader, operator or admin (reader)"},
        {"show", LP_OPT_BOOL, &shows, NULL, "print the password, once"},
    };
    int n_args = 0;
    int rc = lp_opt_parse(&help, opts, sizeof opts / sizeof opts[0], argc, argv, &n_args);
    if (rc != LP_OPT_GO_ON) {
        return rc;
    }
    if (n_args < 1 || !is_role(role)) {
        return lp_ui_fail(LP_EXIT_USAGE, "usage",
                          n_args < 1 ? "name the account" : "a role is reader, operator or admin",
                          NULL, "limpet auth-set ann --role operator");
    }
    lp_fault_t fault = {0};
    lp_board_t *board = NULL;
    lp_interrupt_catch();
    lp_exit_t status = lp_board_open(&options, &board, &fault);
    if (status == LP_EXIT_OK) {
        status = make_account(board, argv[1], role, shows, &fault);
    }
    return lp_board_end(board, status, &fault);
}

static lp_exit_t remove_account(lp_board_t *board, const char *user, lp_fault_t *f)
{
    char realm[LP_LOGIN_TEXT];
    char device[LP_LOGIN_TEXT];
    lp_exit_t rc = get_realm(board, realm, f);
    if (rc == LP_EXIT_OK) {
        cJSON *params = cJSON_CreateObject();
        cJSON_AddStringToObject(params, "user", user);
        rc = call_with(board, "Auth.Remove", params, f);
    }
    if (rc == LP_EXIT_OK) {
        lp_login_device(realm, device, sizeof device);
        rc = lp_passwords_put(device, user, NULL, f);
    }
    if (rc == LP_EXIT_OK) {
        lp_ui_info("%s may not call this board any more", user);
        lp_ui_json("{\"ok\":true}");
    }
    return rc;
}

int lp_cmd_auth_remove(int argc, char **argv)
{
    static const lp_help_t help = {
        .name = "auth-remove",
        .args = "USER",
        .summary = "Takes an account for calls over the network away.",
        .examples = {"limpet auth-remove ann", NULL},
        .exit_codes = lp_board_exits,
        .max_args = 1,
    };
    lp_board_options_t options = {.port = "auto"};
    const lp_opt_t opts[] = {
        LP_BOARD_FLAGS_NAMED(options, "where the board is: its UART (limpet help ports)"),
    };
    int n_args = 0;
    int rc = lp_opt_parse(&help, opts, sizeof opts / sizeof opts[0], argc, argv, &n_args);
    if (rc != LP_OPT_GO_ON) {
        return rc;
    }
    if (n_args < 1) {
        return lp_ui_fail(LP_EXIT_USAGE, "usage", "name the account", NULL,
                          "limpet call Auth.Info lists them");
    }
    lp_fault_t fault = {0};
    lp_board_t *board = NULL;
    lp_interrupt_catch();
    lp_exit_t status = lp_board_open(&options, &board, &fault);
    if (status == LP_EXIT_OK) {
        status = remove_account(board, argv[1], &fault);
    }
    return lp_board_end(board, status, &fault);
}
