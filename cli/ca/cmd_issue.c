// SPDX-License-Identifier: Apache-2.0
// limpet ca issue, limpet ca revoke, limpet ca crl.
#include <cjson/cJSON.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ca_private.h"
#include "commands.h"

enum { MAX_CSR_FILE = 1 << 16, MAX_REVOKED = 64 };

static const int exits[] = {LP_EXIT_CREDENTIALS, LP_EXIT_DECLINED,    LP_EXIT_CONFLICT,
                            LP_EXIT_LOCAL,       LP_EXIT_INTERRUPTED, 0};

typedef struct {
    const char *dir;
    lp_ca_access_t access;
    const char *name;
    const char *csr;
    const char *out;
    const char *reason;
    long days;
    bool is_device;
    bool is_yes;
} options_t;

static lp_exit_t fail_out(const char *path, lp_fault_t *f)
{
    lp_fault_set(f, LP_EXIT_LOCAL, "ca-dir", "a file cannot be written");
    lp_fault_why(f, "%.300s: %s", path, strerror(errno));
    lp_fault_next(f, "name another folder: --out DIR");
    return f->exit;
}

static lp_exit_t take_request(const options_t *o, EVP_PKEY **key, lp_fault_t *f)
{
    char why[120];
    char *pem = lp_ca_read_file(o->csr, MAX_CSR_FILE);
    bool is_right = pem != NULL && lp_ca_take_csr(pem, o->name, key, why, sizeof why);
    if (pem == NULL) {
        snprintf(why, sizeof why, "%s", strerror(errno));
    }
    free(pem);
    if (is_right) {
        return LP_EXIT_OK;
    }
    lp_fault_set(f, LP_EXIT_CONFLICT, "csr-check", "the certificate request is not right");
    lp_fault_why(f, "%.200s: %s", o->csr, why);
    lp_fault_next(f, "it must be for \"%.64s\", with a P-256 key, signed with it", o->name);
    return f->exit;
}

static lp_exit_t write_pair(const options_t *o, const char *pem, EVP_PKEY *key, lp_fault_t *f)
{
    char path[LP_CA_PATH + 64];
    lp_exit_t rc = LP_EXIT_OK;
    if (key != NULL) {
        snprintf(path, sizeof path, "%.400s/%s.key", o->out, o->name);
        rc = lp_ca_key_write(path, key, NULL, f);
    }
    snprintf(path, sizeof path, "%.400s/%s.pem", o->out, o->name);
    if (rc == LP_EXIT_OK && !lp_ca_write_atomic(path, pem, 0644)) {
        rc = fail_out(path, f);
    }
    return rc;
}

static lp_exit_t issue(const options_t *o, lp_ca_t *ca, lp_ca_record_t *record, lp_fault_t *f)
{
    EVP_PKEY *key = NULL;
    lp_exit_t rc = LP_EXIT_OK;
    if (o->csr != NULL) {
        rc = take_request(o, &key, f);
    } else {
        key = lp_ca_make_key();
        rc = key != NULL ? LP_EXIT_OK
                         : lp_fault_set(f, LP_EXIT_LOCAL, "no-random", "no key could be made");
    }
    lp_ca_wish_t wish = {.kind = o->is_device ? LP_CA_DEVICE : LP_CA_CLIENT,
                         .name = o->name,
                         .key = key,
                         .valid_s = (int64_t)o->days * LP_CA_DAY_S};
    rc = rc == LP_EXIT_OK ? lp_ca_issue(ca, &wish, record, f) : rc;
    rc = rc == LP_EXIT_OK ? write_pair(o, record->pem, o->csr == NULL ? key : NULL, f) : rc;
    EVP_PKEY_free(key);
    return rc;
}

static void say_issued(const options_t *o, const lp_ca_record_t *r)
{
    char to[16];
    lp_ca_date(r->to_s, to);
    lp_ui_out("%s/%s.pem%s, good until %s (serial %s)", o->out, o->name,
              o->csr == NULL ? " and .key" : "", to, r->serial);
    cJSON *e = cJSON_CreateObject();
    cJSON_AddStringToObject(e, "name", o->name);
    cJSON_AddStringToObject(e, "serial", r->serial);
    cJSON_AddStringToObject(e, "certificate_id", r->id);
    cJSON_AddStringToObject(e, "ends", to);
    lp_ui_event("certificate", e);
}

static int run_issue(const options_t *o)
{
    lp_ca_t *ca = NULL;
    lp_ca_record_t record;
    lp_fault_t fault = {.exit = LP_EXIT_OK};
    lp_interrupt_catch();
    lp_exit_t rc = lp_ca_open_to_sign(o->dir, &o->access, &ca, &fault);
    rc = rc == LP_EXIT_OK ? issue(o, ca, &record, &fault) : rc;
    if (rc == LP_EXIT_OK) {
        say_issued(o, &record);
    }
    lp_ca_close(ca);
    return lp_fault_end(rc, &fault);
}

int lp_ca_cmd_issue(int argc, char **argv)
{
    static const lp_help_t help = {
        .name = "ca issue",
        .args = "NAME",
        .summary = "Issues a client certificate: for a program, or from a request.",
        .examples = {"limpet ca issue dashboard --out ~/dashboard",
                     "limpet ca issue lp-4f21c0 --csr board.csr --device", NULL},
        .notes = "Without --csr it makes a key, too. NAME is what the broker calls the client "
                 "(use_identity_as_username).\n"
                 "For a board use limpet setup: there the key never leaves the chip.",
        .exit_codes = exits,
        .max_args = 1,
    };
    options_t o = {.out = ".", .days = LP_CA_DEVICE_DAYS};
    const lp_opt_t opts[] = {
        LP_CA_FLAG_DIR(o.dir),
        {"csr", LP_OPT_STR, &o.csr, "FILE", "a certificate request, PEM"},
        {"out", LP_OPT_STR, &o.out, "DIR", "where NAME.pem and NAME.key go (here)"},
        {"device", LP_OPT_BOOL, &o.is_device, NULL, "it is for a board"},
        {"days", LP_OPT_INT, &o.days, "N", "how long it lasts (3650)"},
        LP_CA_FLAGS_KEY(o.access),
    };
    int n_args = 0;
    int rc = lp_opt_parse(&help, opts, sizeof opts / sizeof opts[0], argc, argv, &n_args);
    if (rc != LP_OPT_GO_ON) {
        return rc;
    }
    if (n_args != 1 || !lp_ca_is_name(argv[1]) || o.days < 1 || o.days > LP_CA_MAX_DAYS) {
        return lp_ui_fail(LP_EXIT_USAGE, "usage",
                          "NAME is 1 to 64 letters, digits, ':', '_' and '-'; --days is 1 to 36500",
                          NULL, "limpet ca issue --help");
    }
    o.name = argv[1];
    return run_issue(&o);
}

// --- revoking

typedef struct {
    char serials[MAX_REVOKED][LP_CA_SERIAL_HEX + 1];
    size_t n;
    bool is_done; // all are revoked already
} found_t;

// One by its serial, or all that are valid by their name: who takes a device's access away means
// all of it.
static lp_exit_t find(const lp_ca_t *ca, const char *what, found_t *out, lp_fault_t *f)
{
    size_t n = 0;
    int64_t now_s = (int64_t)time(NULL);
    const lp_ca_record_t *records = lp_ca_records(ca, &n);
    for (size_t i = 0; i < n && out->n < MAX_REVOKED; i++) {
        const lp_ca_record_t *r = &records[i];
        bool is_named = strcmp(r->name, what) == 0 && r->revoked_s == 0 && r->to_s > now_s;
        if (is_named || strcmp(r->serial, what) == 0) {
            memcpy(out->serials[out->n++], r->serial, sizeof out->serials[0]);
            out->is_done = r->revoked_s != 0;
        }
    }
    if (out->n > 0) {
        return LP_EXIT_OK;
    }
    lp_fault_set(f, LP_EXIT_CONFLICT, "ca-unknown", "no valid certificate is called \"%.80s\"",
                 what);
    lp_fault_next(f, "limpet ca list --all shows names and serials");
    return f->exit;
}

static lp_exit_t ask(const options_t *o, const found_t *found, lp_fault_t *f)
{
    char question[200];
    snprintf(question, sizeof question,
             "Revoking %zu certificate%s of %.80s cannot be undone. Go ahead?", found->n,
             found->n > 1 ? "s" : "", o->name);
    lp_exit_t rc = lp_ui_ask(question, o->is_yes);
    f->exit = rc == LP_EXIT_OK ? f->exit : LP_EXIT_OK; // said already
    return rc;
}

static lp_exit_t revoke_found(const options_t *o, lp_ca_t *ca, const found_t *found, lp_fault_t *f)
{
    lp_exit_t rc = lp_ca_check_clock(ca, f);
    rc = rc == LP_EXIT_OK ? lp_ca_unlock(ca, &o->access, f) : rc;
    for (size_t i = 0; i < found->n && rc == LP_EXIT_OK; i++) {
        rc = lp_ca_revoke(ca, found->serials[i], o->reason, f);
        if (rc == LP_EXIT_OK) {
            lp_ui_out("%s revoked", found->serials[i]);
        }
    }
    if (rc == LP_EXIT_OK) {
        lp_ui_out(
            "Bring %s/broker/crl.pem to the broker and have it read it: kill -HUP, or systemctl\n"
            "reload mosquitto. A connection that stands is not cut by that.",
            lp_ca_dir(ca));
        lp_ui_event("done", NULL);
    }
    return rc;
}

static lp_exit_t revoke(const options_t *o, lp_ca_t **ca, lp_fault_t *f)
{
    found_t found = {.n = 0};
    lp_exit_t rc = lp_ca_open(o->dir, ca, f);
    rc = rc == LP_EXIT_OK ? find(*ca, o->name, &found, f) : rc;
    if (rc != LP_EXIT_OK) {
        return rc;
    }
    if (found.is_done && lp_ca_is_crl_current(*ca)) {
        lp_ui_out("Nothing to do: %s is revoked already.", o->name);
        lp_ui_event("done", NULL);
        return LP_EXIT_OK;
    }
    rc = ask(o, &found, f);
    return rc == LP_EXIT_OK ? revoke_found(o, *ca, &found, f) : rc;
}

int lp_ca_cmd_revoke(int argc, char **argv)
{
    static const lp_help_t help = {
        .name = "ca revoke",
        .args = "SERIAL|NAME",
        .summary = "Puts a certificate, or all of a name, on the revocation list, for good.",
        .examples = {"limpet ca revoke lp-4f21c0 --reason keyCompromise",
                     "limpet ca revoke 5f0c1d...", NULL},
        .notes = "Reasons: unspecified, keyCompromise, superseded, cessationOfOperation.",
        .exit_codes = exits,
        .max_args = 1,
    };
    options_t o = {.reason = "unspecified"};
    const lp_opt_t opts[] = {
        LP_CA_FLAG_DIR(o.dir),
        {"reason", LP_OPT_STR, &o.reason, "WORD", "why (unspecified)"},
        {"yes", LP_OPT_BOOL, &o.is_yes, NULL, "do not ask"},
        LP_CA_FLAGS_KEY(o.access),
    };
    int n_args = 0;
    int rc = lp_opt_parse(&help, opts, sizeof opts / sizeof opts[0], argc, argv, &n_args);
    if (rc != LP_OPT_GO_ON) {
        return rc;
    }
    if (n_args != 1 || !lp_ca_is_reason(o.reason)) {
        return lp_ui_fail(LP_EXIT_USAGE, "usage", "name one certificate, and a reason of the list",
                          NULL, "limpet ca revoke --help");
    }
    o.name = argv[1];
    lp_ca_t *ca = NULL;
    lp_fault_t fault = {.exit = LP_EXIT_OK};
    lp_interrupt_catch();
    lp_exit_t done = revoke(&o, &ca, &fault);
    lp_ca_close(ca);
    return lp_fault_end(done, &fault);
}

int lp_ca_cmd_crl(int argc, char **argv)
{
    static const lp_help_t help = {
        .name = "ca crl",
        .args = "",
        .summary = "Writes the revocation list anew from the register.",
        .examples = {"limpet ca crl", NULL},
        .exit_codes = exits,
    };
    options_t o = {.dir = NULL};
    const lp_opt_t opts[] = {
        LP_CA_FLAG_DIR(o.dir),
        LP_CA_FLAGS_KEY(o.access),
    };
    int n_args = 0;
    int rc = lp_opt_parse(&help, opts, sizeof opts / sizeof opts[0], argc, argv, &n_args);
    if (rc != LP_OPT_GO_ON) {
        return rc;
    }
    lp_ca_t *ca = NULL;
    lp_fault_t fault = {.exit = LP_EXIT_OK};
    lp_interrupt_catch();
    lp_exit_t done = lp_ca_open_to_sign(o.dir, &o.access, &ca, &fault);
    done = done == LP_EXIT_OK ? lp_ca_write_crl(ca, &fault) : done;
    if (done == LP_EXIT_OK) {
        lp_ui_out("%s/broker/crl.pem", lp_ca_dir(ca));
        lp_ui_event("done", NULL);
    }
    lp_ca_close(ca);
    return lp_fault_end(done, &fault);
}
