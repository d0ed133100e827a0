// SPDX-License-Identifier: Apache-2.0
// limpet ca show, limpet ca list.
#include <cjson/cJSON.h>
#include <openssl/x509.h>
#include <string.h>
#include <time.h>

#include "commands.h"

static const int exits[] = {LP_EXIT_LOCAL, 0};

static bool is_live(const lp_ca_record_t *r, int64_t now_s)
{
    return r->revoked_s == 0 && r->to_s > now_s;
}

static void say_ca(const lp_ca_t *ca)
{
    size_t n = 0;
    size_t live = 0;
    size_t revoked = 0;
    char from[16];
    char to[16];
    char name[LP_CA_NAME_MAX + 8] = "";
    int64_t now_s = (int64_t)time(NULL);
    const lp_ca_record_t *records = lp_ca_records(ca, &n);
    for (size_t i = 0; i < n; i++) {
        live += is_live(&records[i], now_s) ? 1u : 0u;
        revoked += records[i].revoked_s != 0 ? 1u : 0u;
    }
    (void)X509_NAME_get_text_by_NID(X509_get_subject_name(lp_ca_root(ca)), NID_commonName, name,
                                    (int)sizeof name);
    lp_ca_date(lp_ca_start_s(ca), from);
    lp_ca_date(lp_ca_end_s(ca), to);
    bool is_current = lp_ca_is_crl_current(ca);
    lp_ui_out("Name     %s", name);
    lp_ui_out("Folder   %s", lp_ca_dir(ca));
    lp_ui_out("Key      %s", lp_ca_key_place(ca));
    lp_ui_out("Valid    %s to %s", from, to);
    lp_ui_out("Issued   %zu, of which %zu are valid and %zu revoked", n, live, revoked);
    lp_ui_out("List     %s", is_current ? "broker/crl.pem names everything that is revoked"
                                        : "broker/crl.pem is behind: limpet ca crl");
    cJSON *e = cJSON_CreateObject();
    cJSON_AddStringToObject(e, "name", name);
    cJSON_AddStringToObject(e, "dir", lp_ca_dir(ca));
    cJSON_AddStringToObject(e, "key", lp_ca_key_place(ca));
    cJSON_AddStringToObject(e, "begins", from);
    cJSON_AddStringToObject(e, "ends", to);
    cJSON_AddNumberToObject(e, "issued", (double)n);
    cJSON_AddNumberToObject(e, "live", (double)live);
    cJSON_AddNumberToObject(e, "revoked", (double)revoked);
    cJSON_AddBoolToObject(e, "crl_current", is_current);
    lp_ui_event("ca", e);
}

int lp_ca_cmd_show(int argc, char **argv)
{
    static const lp_help_t help = {
        .name = "ca show",
        .args = "",
        .summary = "Says what the CA is, where its key is and how long it lasts.",
        .examples = {"limpet ca show", "limpet ca show --dir factory-ca --json", NULL},
        .exit_codes = exits,
    };
    const char *dir = NULL;
    const lp_opt_t opts[] = {LP_CA_FLAG_DIR(dir)};
    int n_args = 0;
    int rc = lp_opt_parse(&help, opts, 1, argc, argv, &n_args);
    if (rc != LP_OPT_GO_ON) {
        return rc;
    }
    lp_ca_t *ca = NULL;
    lp_fault_t fault = {.exit = LP_EXIT_OK};
    lp_exit_t done = lp_ca_open(dir, &ca, &fault);
    if (done == LP_EXIT_OK) {
        say_ca(ca);
    }
    lp_ca_close(ca);
    return lp_fault_end(done, &fault);
}

static const char *state_word(const lp_ca_record_t *r, int64_t now_s)
{
    return r->revoked_s != 0 ? "revoked" : r->to_s <= now_s ? "ended" : "valid";
}

static void say_record(const lp_ca_record_t *r, int64_t now_s)
{
    char to[16];
    lp_ca_date(r->to_s, to);
    lp_ui_out("%s  %-7s %-8s until %s  %s%s%s", r->serial, lp_ca_kind_word(r->kind),
              state_word(r, now_s), to, r->name, r->revoked_s != 0 ? ", " : "", r->reason);
    cJSON *e = cJSON_CreateObject();
    cJSON_AddStringToObject(e, "serial", r->serial);
    cJSON_AddStringToObject(e, "kind", lp_ca_kind_word(r->kind));
    cJSON_AddStringToObject(e, "state", state_word(r, now_s));
    cJSON_AddStringToObject(e, "ends", to);
    cJSON_AddStringToObject(e, "name", r->name);
    cJSON_AddStringToObject(e, "certificate_id", r->id);
    if (r->revoked_s != 0) {
        cJSON_AddStringToObject(e, "reason", r->reason);
    }
    lp_ui_event("certificate", e);
}

static void say_list(const lp_ca_t *ca, const char *name, bool is_all)
{
    size_t n = 0;
    int64_t now_s = (int64_t)time(NULL);
    const lp_ca_record_t *records = lp_ca_records(ca, &n);
    for (size_t i = 0; i < n; i++) {
        const lp_ca_record_t *r = &records[i];
        bool is_wanted = name == NULL || strcmp(name, r->name) == 0;
        if (is_wanted && (is_all || (is_live(r, now_s) && r->kind != LP_CA_TOOL))) {
            say_record(r, now_s);
        }
    }
}

int lp_ca_cmd_list(int argc, char **argv)
{
    static const lp_help_t help = {
        .name = "ca list",
        .args = "[NAME]",
        .summary = "Lists what the CA issued and what is still valid.",
        .examples = {"limpet ca list", "limpet ca list --all", "limpet ca list lp-4f21c0", NULL},
        .exit_codes = exits,
        .max_args = 1,
    };
    const char *dir = NULL;
    bool is_all = false;
    const lp_opt_t opts[] = {
        LP_CA_FLAG_DIR(dir),
        {"all", LP_OPT_BOOL, &is_all, NULL, "also what ended, was revoked, or was the tool's"}};
    int n_args = 0;
    int rc = lp_opt_parse(&help, opts, 2, argc, argv, &n_args);
    if (rc != LP_OPT_GO_ON) {
        return rc;
    }
    lp_ca_t *ca = NULL;
    lp_fault_t fault = {.exit = LP_EXIT_OK};
    lp_exit_t done = lp_ca_open(dir, &ca, &fault);
    if (done == LP_EXIT_OK) {
        say_list(ca, n_args == 1 ? argv[1] : NULL, is_all);
    }
    lp_ca_close(ca);
    return lp_fault_end(done, &fault);
}
