// SPDX-License-Identifier: Apache-2.0
// limpet atca-gen-csr, atca-gen-cert: a request and a certificate for a key that is in the chip.
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "atca.h"
#include "limpet/ca.h"
#include "limpet/cmd.h"
#include "limpet/opt.h"

enum { DAYS = 3650, DAYS_MAX = 36500, DAY_S = 86400, WHY_MAX = 120 };

typedef struct {
    long slot;
    const char *path;
    const char *subject; // "CN=name", or the name
    char name[LP_CA_NAME_MAX + 1];
    const char *dir;
    lp_ca_access_t access;
    long days;
    bool is_kept_off; // not put on the board
    bool is_replaced;
} cert_t;

static const char *text_of(const cJSON *tree, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(tree, name);
    return cJSON_IsString(item) ? item->valuestring : "";
}

// The name: as the subject says it, else the board's id.
static lp_exit_t find_name(atca_t *a, cert_t *c, lp_fault_t *f)
{
    cJSON *info = NULL;
    const char *given = c->subject;
    if (given != NULL) {
        given += strncasecmp(given, "CN=", 3) == 0 ? 3 : 0;
        if (strpbrk(given, "=,/") != NULL || given[0] == '\0' || strlen(given) > LP_CA_NAME_MAX) {
            lp_fault_set(f, LP_EXIT_USAGE, "usage", "--subject is CN=NAME, 1 to 64 characters");
            lp_fault_why(f, "a device's certificate has its name and nothing else");
            return f->exit;
        }
        snprintf(c->name, sizeof c->name, "%s", given);
        return LP_EXIT_OK;
    }
    const lp_exit_t rc = lp_board_call(a->board, "Sys.GetInfo", NULL, 0, &info, f);
    snprintf(c->name, sizeof c->name, "%s", rc == LP_EXIT_OK ? text_of(info, "id") : "");
    cJSON_Delete(info);
    return rc;
}

// The request, its signature checked. *csr and *key: owned by the caller.
static lp_exit_t get_csr(atca_t *a, cert_t *c, char **csr, EVP_PKEY **key, lp_fault_t *f)
{
    char id[16];
    char why[WHY_MAX] = "";
    cJSON *result = NULL;
    lp_exit_t rc = find_name(a, c, f);
    if (rc != LP_EXIT_OK) {
        return rc;
    }
    snprintf(id, sizeof id, "atca:%ld", c->slot);
    cJSON *params = cJSON_CreateObject();
    cJSON_AddStringToObject(params, "key", id);
    cJSON_AddStringToObject(params, "cn", c->name);
    rc = atca_call(a, "Identity.Csr", params, &result, f);
    if (rc == LP_EXIT_OK &&
        !lp_ca_take_csr(text_of(result, "csr"), c->name, key, why, sizeof why)) {
        rc = lp_fault_set(f, LP_EXIT_BOARD, "csr-check", "the board's request is not right");
        lp_fault_why(f, "%s", why);
    }
    if (rc == LP_EXIT_OK) {
        *csr = strdup(text_of(result, "csr"));
    }
    cJSON_Delete(result);
    return rc;
}

// -- atca-gen-csr

static lp_exit_t gen_csr(atca_t *a, cert_t *c, lp_fault_t *f)
{
    char *csr = NULL;
    EVP_PKEY *key = NULL;
    lp_exit_t rc = atca_open(a, f);
    rc = rc == LP_EXIT_OK ? get_csr(a, c, &csr, &key, f) : rc;
    if (rc == LP_EXIT_OK && (!lp_ui.json || c->path != NULL)) {
        rc = atca_file_write(c->path, csr, f);
    }
    if (rc == LP_EXIT_OK) {
        cJSON *line = cJSON_CreateObject();
        cJSON_AddStringToObject(line, "name", c->name);
        cJSON_AddStringToObject(line, "csr", csr);
        lp_ui_json_tree(line);
    }
    EVP_PKEY_free(key);
    free(csr);
    return rc;
}

int lp_cmd_atca_gen_csr(int argc, char **argv)
{
    static const lp_help_t help = {
        .name = "atca-gen-csr",
        .args = "SLOT [FILE]",
        .summary = "Writes a certificate request that is signed with a key in the crypto chip.",
        .examples = {"limpet atca-gen-csr 0",
                     "limpet atca-gen-csr 0 board.csr --subject CN=lp-4f21c0", NULL},
        .exit_codes = atca_exits,
        .max_args = 2,
    };
    atca_t a = {.options = {.port = "auto"}};
    cert_t c = {.slot = 0};
    const lp_opt_t opts[] = {
        ATCA_BOARD_FLAGS(a),
        {"subject", LP_OPT_STR, &c.subject, "CN=NAME", "whom it is for (the board's id)"},
    };
    int n_args = 0;
    int rc = lp_opt_parse(&help, opts, sizeof opts / sizeof opts[0], argc, argv, &n_args);
    if (rc != LP_OPT_GO_ON) {
        return rc;
    }
    if (!atca_slot_parse(help.name, n_args > 0 ? argv[1] : NULL, &c.slot)) {
        return LP_EXIT_USAGE;
    }
    c.path = n_args > 1 ? argv[2] : NULL;
    lp_fault_t fault = {.exit = LP_EXIT_OK};
    return atca_end(&a, gen_csr(&a, &c, &fault), &fault);
}

// -- atca-gen-cert

static lp_exit_t get_setting(atca_t *a, const char *key, char *out, size_t cap, lp_fault_t *f)
{
    cJSON *value = NULL;
    cJSON *params = cJSON_CreateObject();
    cJSON_AddStringToObject(params, "key", key);
    const lp_exit_t rc = lp_board_call(a->board, "Config.Get", params, 0, &value, f);
    if (rc == LP_EXIT_OK) {
        snprintf(out, cap, "%s", cJSON_IsString(value) ? value->valuestring : "");
    }
    cJSON_Delete(value);
    return rc;
}

// A board with an identity keeps it, unless it is said.
static lp_exit_t check_identity(atca_t *a, const cert_t *c, lp_fault_t *f)
{
    char key[32] = "";
    char cert[LP_CA_BOARD_CERT + 1] = "";
    lp_exit_t rc = c->is_kept_off ? LP_EXIT_OK : get_setting(a, "identity.key", key, sizeof key, f);
    if (rc == LP_EXIT_OK && !c->is_kept_off) {
        rc = get_setting(a, "identity.cert", cert, sizeof cert, f);
    }
    if (rc != LP_EXIT_OK || cert[0] == '\0' || c->is_replaced) {
        return rc;
    }
    lp_fault_set(f, LP_EXIT_CONFLICT, "chip-certified", "the board has a certificate already");
    lp_fault_why(f, "it is for %s; with another one the board may lose its cloud", key);
    lp_fault_next(f, "--replace puts the new one in its place, --no-set leaves the board as it is");
    return f->exit;
}

static lp_exit_t put_on_board(atca_t *a, const cert_t *c, const char *pem, lp_fault_t *f)
{
    char id[16];
    cJSON *result = NULL;
    snprintf(id, sizeof id, "atca:%ld", c->slot);
    cJSON *params = cJSON_CreateObject();
    cJSON *identity =
        cJSON_AddObjectToObject(cJSON_AddObjectToObject(params, "config"), "identity");
    cJSON_AddStringToObject(identity, "key", id);
    cJSON_AddStringToObject(identity, "cert", pem);
    lp_exit_t rc = lp_board_call(a->board, "Config.Set", params, 0, &result, f);
    cJSON_Delete(result);
    result = NULL;
    if (rc == LP_EXIT_OK) {
        rc = lp_board_call(a->board, "Config.Save", NULL, 0, &result, f);
        cJSON_Delete(result);
    }
    return rc;
}

static lp_exit_t issue(atca_t *a, cert_t *c, EVP_PKEY *key, lp_fault_t *f)
{
    lp_ca_t *ca = NULL;
    lp_ca_record_t record = {0};
    const lp_ca_wish_t wish = {
        .kind = LP_CA_DEVICE, .name = c->name, .key = key, .valid_s = (int64_t)c->days * DAY_S};
    lp_exit_t rc = lp_ca_open(c->dir, &ca, f);
    rc = rc == LP_EXIT_OK ? lp_ca_check_clock(ca, f) : rc;
    rc = rc == LP_EXIT_OK ? lp_ca_unlock(ca, &c->access, f) : rc;
    rc = rc == LP_EXIT_OK ? lp_ca_issue(ca, &wish, &record, f) : rc;
    if (rc == LP_EXIT_OK) {
        rc = c->path != NULL || c->is_kept_off ? atca_file_write(c->path, record.pem, f) : rc;
        rc = rc == LP_EXIT_OK && !c->is_kept_off ? put_on_board(a, c, record.pem, f) : rc;
        if (rc != LP_EXIT_OK) {
            lp_fault_why(f, "certificate %s was issued; limpet ca revoke takes it back",
                         record.serial);
        } else {
            lp_ui_info("Certificate %s for %s%s.", record.serial, c->name,
                       c->is_kept_off ? "" : ", on the board and saved");
            cJSON *line = cJSON_CreateObject();
            cJSON_AddStringToObject(line, "name", c->name);
            cJSON_AddStringToObject(line, "serial", record.serial);
            cJSON_AddStringToObject(line, "certificate_id", record.id);
            cJSON_AddBoolToObject(line, "is_on_board", !c->is_kept_off);
            lp_ui_json_tree(line);
        }
    }
    lp_ca_close(ca);
    return rc;
}

static lp_exit_t gen_cert(atca_t *a, cert_t *c, lp_fault_t *f)
{
    char *csr = NULL;
    EVP_PKEY *key = NULL;
    char question[160];
    lp_exit_t rc = atca_open(a, f);
    rc = rc == LP_EXIT_OK ? check_identity(a, c, f) : rc;
    rc = rc == LP_EXIT_OK ? get_csr(a, c, &csr, &key, f) : rc;
    free(csr);
    if (rc == LP_EXIT_OK) {
        lp_ui_label("Chip", "%s %s, key in slot %ld", a->part, a->serial, c->slot);
        lp_ui_label("Name", "%s", c->name);
        snprintf(question, sizeof question, "Issue a certificate%s?",
                 c->is_kept_off ? "" : " and put it on the board");
        rc = lp_ui_ask(question, a->is_yes);
        f->exit = LP_EXIT_OK; // said already
    }
    rc = rc == LP_EXIT_OK ? issue(a, c, key, f) : rc;
    EVP_PKEY_free(key);
    return rc;
}

int lp_cmd_atca_gen_cert(int argc, char **argv)
{
    static const int exits[] = {
        LP_EXIT_NO_BOARD, LP_EXIT_CHIP,  LP_EXIT_CREDENTIALS, LP_EXIT_DECLINED,
        LP_EXIT_CONFLICT, LP_EXIT_LOCAL, LP_EXIT_BOARD,       0};
    static const lp_help_t help = {
        .name = "atca-gen-cert",
        .args = "SLOT [FILE]",
        .summary = "Issues a certificate for a key in the crypto chip and puts it on the board.",
        .examples = {"limpet atca-gen-cert 0", "limpet atca-gen-cert 0 board.pem --no-set", NULL},
        .notes = "The CA is one that limpet ca new made or adopted; its key may be in a PKCS#11 "
                 "token.\nlimpet setup does this and proves the connection to your broker.",
        .exit_codes = exits,
        .max_args = 2,
    };
    atca_t a = {.options = {.port = "auto"}};
    cert_t c = {.days = DAYS};
    const lp_opt_t opts[] = {
        ATCA_BOARD_FLAGS(a),
        {"subject", LP_OPT_STR, &c.subject, "CN=NAME", "whom it is for (the board's id)"},
        {"days", LP_OPT_INT, &c.days, "N", "how long it lasts (3650)"},
        {"ca-dir", LP_OPT_STR, &c.dir, "DIR", "the CA's folder (~/.local/share/limpet/ca)"},
        {"ca-key", LP_OPT_STR, &c.access.key, "FILE|URI", "the CA's key (what the folder says)"},
        {"ca-pass-file", LP_OPT_STR, &c.access.pass_file, "FILE", "passphrase or PIN, first line"},
        {"no-set", LP_OPT_BOOL, &c.is_kept_off, NULL, "do not put it on the board"},
        {"replace", LP_OPT_BOOL, &c.is_replaced, NULL, "put it in the place of another one"},
        {"yes", LP_OPT_BOOL, &a.is_yes, NULL, "do not ask"},
    };
    int n_args = 0;
    int rc = lp_opt_parse(&help, opts, sizeof opts / sizeof opts[0], argc, argv, &n_args);
    if (rc != LP_OPT_GO_ON) {
        return rc;
    }
    if (!atca_slot_parse(help.name, n_args > 0 ? argv[1] : NULL, &c.slot)) {
        return LP_EXIT_USAGE;
    }
    if (c.days < 1 || c.days > DAYS_MAX) {
        return lp_ui_fail(LP_EXIT_USAGE, "usage", "--days is 1 to 36500", NULL,
                          "limpet atca-gen-cert --help");
    }
    c.path = n_args > 1 ? argv[2] : NULL;
    lp_fault_t fault = {.exit = LP_EXIT_OK};
    return atca_end(&a, gen_cert(&a, &c, &fault), &fault);
}
