// SPDX-License-Identifier: Apache-2.0
// limpet cloud account: further accounts of one cloud, as profiles of the AWS tools.
#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "limpet/pki.h"
#include "limpet/registry.h"
#include "setup.h"

enum { NAME_CHARS = 32 };

static const char digits[] = "0123456789";
static const char base32[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
static const char secret_letters[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static const lp_help_t help = {
    .name = "cloud account",
    .args = "list | add NAME",
    .summary = "Further accounts of the cloud: each has its own things, and a profile of its name.",
    .examples = {"limpet cloud account add tenant", "AWS_PROFILE=tenant aws iot list-things",
                 "limpet cloud account list", NULL},
    .notes = "The broker serves the cloud's first account; the others have the control plane. For "
             "devices of another account run another cloud (--dir).",
    .max_args = 2,
};

static int fail(const char *code, const char *what, const char *why)
{
    return lp_ui_fail(LP_EXIT_LOCAL, code, what, why, NULL);
}

static bool name_ok(const char *name)
{
    size_t len = strlen(name);
    return len > 0 && len <= NAME_CHARS && strcmp(name, "default") != 0 &&
           strcmp(name, "limpet") != 0 &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-_") == len;
}

static bool user_exists(const cJSON *doc, const char *name)
{
    const cJSON *a = NULL;
    cJSON_ArrayForEach(a, cJSON_GetObjectItemCaseSensitive(doc, "accounts"))
    {
        const char *user = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(a, "user"));
        if (user != NULL && strcmp(user, name) == 0) {
            return true;
        }
    }
    return false;
}

static lp_reg_err_t insert(lp_registry_t *reg, const char *name, char account[13])
{
    char id[21] = "AKIA";
    lp_access_key_t key = {0};
    bool ok = lp_pki_random_text(account, 12, digits) && lp_pki_random_text(id + 4, 16, base32) &&
              lp_pki_random_text(key.secret, 40, secret_letters);
    snprintf(key.account, sizeof key.account, "%s", account);
    snprintf(key.user, sizeof key.user, "%s", name);
    lp_reg_err_t rc = ok ? lp_reg_account_add(reg, account, name) : LP_REG_INTERNAL;
    rc = rc == LP_REG_OK ? lp_reg_access_key_add(reg, id, &key) : rc;
    explicit_bzero(&key, sizeof key);
    return rc;
}

static int add(lp_registry_t *reg, const cloud_place_t *place, const char *name)
{
    char account[13];
    char why[WHY_SIZE];
    cloud_info_t info;
    cJSON *doc = NULL;
    if (lp_reg_accounts(reg, &doc) != LP_REG_OK) {
        return fail("cloud-account", "the accounts cannot be read", lp_reg_error(reg)->message);
    }
    bool taken = user_exists(doc, name);
    cJSON_Delete(doc);
    if (taken) {
        return lp_ui_fail(LP_EXIT_CONFLICT, "cloud-account-exists",
                          "an account of this name is there already", NULL,
                          "limpet cloud account list");
    }
    if (insert(reg, name, account) != LP_REG_OK) {
        return fail("cloud-account", "the account cannot be added", lp_reg_error(reg)->message);
    }
    if (!cloud_info_read(place, &info) || !cloud_write_profiles(place, &info, why, sizeof why)) {
        return fail("cloud-write", "the profile cannot be written", why);
    }
    lp_ui_info("Account %s added. AWS tools: AWS_PROFILE=%s", account, name);
    doc = cJSON_CreateObject();
    cJSON_AddStringToObject(doc, "accountId", account);
    cJSON_AddStringToObject(doc, "profile", name);
    lp_ui_event("cloud-account", doc);
    return LP_EXIT_OK;
}

static int list(lp_registry_t *reg)
{
    cJSON *doc = NULL;
    const cJSON *a = NULL;
    if (lp_reg_accounts(reg, &doc) != LP_REG_OK) {
        return fail("cloud-account", "the accounts cannot be read", lp_reg_error(reg)->message);
    }
    cJSON_ArrayForEach(a, cJSON_GetObjectItemCaseSensitive(doc, "accounts"))
    {
        lp_ui_out("%s  %s", cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(a, "accountId")),
                  cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(a, "user")));
    }
    lp_ui_json_tree(doc);
    return LP_EXIT_OK;
}

int cloud_cmd_account(int argc, char **argv)
{
    const char *dir = NULL;
    const lp_opt_t opts[] = {CLOUD_OPT_DIR(dir)};
    cloud_place_t place;
    lp_registry_t *reg = NULL;
    char path[PLACE_PATH];
    char why[WHY_SIZE];
    int n = 0;
    int rc = lp_opt_parse(&help, opts, 1, argc, argv, &n);
    rc = rc == LP_OPT_GO_ON ? cloud_find_place(dir, &place) : rc;
    if (rc != LP_OPT_GO_ON) {
        return rc;
    }
    bool adds = n == 2 && strcmp(argv[1], "add") == 0;
    if (!adds && !(n == 1 && strcmp(argv[1], "list") == 0)) {
        return lp_ui_fail(LP_EXIT_USAGE, "usage", "say list, or add NAME", NULL,
                          "limpet cloud account --help");
    }
    if (adds && !name_ok(argv[2])) {
        return lp_ui_fail(LP_EXIT_USAGE, "usage", "this cannot be the name of an account",
                          "it has 1 to 32 of a-z 0-9 - _, and is neither default nor limpet", NULL);
    }
    cloud_path(&place, "registry.db", path);
    if (lp_registry_open(&reg, path, false, why, sizeof why) != LP_REG_OK) {
        return cloud_fail_none(&place);
    }
    rc = adds ? add(reg, &place, argv[2]) : list(reg);
    lp_registry_close(reg);
    return rc;
}
