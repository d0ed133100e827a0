// SPDX-License-Identifier: Apache-2.0
// What is there: the board, the CA's register, the broker.
#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cjson/cJSON.h>

#include "check.h"
#include "observe.h"
#include "own.h"

enum { MAX_PEM = 1 << 16, DAY_S = 86400, WARN_DAYS = 30 };

// --- the register

const lp_ca_record_t *lp_own_find(const lp_ca_t *ca, const char *name, const char *public_key)
{
    size_t n = 0;
    const lp_ca_record_t *records = lp_ca_records(ca, &n);
    while (public_key[0] != '\0' && n-- > 0) {
        const lp_ca_record_t *r = &records[n];
        if (r->kind == LP_CA_DEVICE && strcmp(r->name, name) == 0 &&
            strcmp(r->public_key, public_key) == 0 && lp_ca_signed(ca, r)) {
            return r;
        }
    }
    return NULL;
}

size_t lp_own_list_former(const lp_ca_t *ca, const char *name, const char *keep,
                          char (*serials)[LP_CA_SERIAL_HEX + 1], size_t cap)
{
    size_t n = 0;
    size_t found = 0;
    int64_t now_s = (int64_t)time(NULL);
    const lp_ca_record_t *records = lp_ca_records(ca, &n);
    for (size_t i = 0; i < n && found < cap; i++) {
        const lp_ca_record_t *r = &records[i];
        bool is_live = r->kind == LP_CA_DEVICE && r->revoked_s == 0 && r->to_s > now_s;
        bool is_kept = keep != NULL && strcmp(r->serial, keep) == 0;
        if (is_live && !is_kept && strcmp(r->name, name) == 0) {
            memcpy(serials[found++], r->serial, sizeof serials[0]);
        }
    }
    return found;
}

// Revoked by this tool, because another one took its place or the board was taken out of service:
// no reason not to make a new one. Anything else was somebody's decision.
static bool is_revoked_for_good(const lp_ca_record_t *r)
{
    return r->revoked_s != 0 && strcmp(r->reason, "superseded") != 0 &&
           strcmp(r->reason, "cessationOfOperation") != 0;
}

// The certificate that the board is to have, as lp_plan_make() knows certificates.
static void take_certificate(lp_own_t *o)
{
    lp_setup_state_t *s = &o->setup.state;
    int64_t now_s = (int64_t)time(NULL);
    const lp_ca_record_t *r = lp_own_find(o->ca, s->board.id, s->board.identity.public_key);
    const char *keep = NULL;
    s->cloud.cert_state = LP_CERT_NONE;
    if (r != NULL) {
        bool is_due = r->to_s - now_s < o->options->renew_days * DAY_S ||
                      s->wish.is_new_certificate || r->revoked_s != 0;
        snprintf(s->cloud.cert.id, sizeof s->cloud.cert.id, "%s", r->id);
        snprintf(s->cloud.cert.pem, sizeof s->cloud.cert.pem, "%s", r->pem);
        s->cloud.cert_state = is_revoked_for_good(r) ? LP_CERT_REVOKED
                              : is_due               ? LP_CERT_NONE
                                                     : LP_CERT_ACTIVE;
        keep = s->cloud.cert_state == LP_CERT_ACTIVE ? r->serial : NULL;
    }
    o->n_former = lp_own_list_former(o->ca, s->board.id, keep, o->former, LP_OWN_MAX_FORMER);
    o->is_list_behind = !lp_ca_is_crl_current(o->ca);
}

void lp_own_take_state(lp_own_t *o)
{
    lp_setup_state_t *s = &o->setup.state;
    const lp_journal_t *j = &o->setup.journal;
    take_certificate(o);
    snprintf(s->cloud.server, sizeof s->cloud.server, "%s", o->broker.server);
    s->cloud.has_thing = true;
    s->cloud.policy = LP_POLICY_SAME;
    s->cloud.is_policy_attached = true;
    s->cloud.is_thing_attached = true;
    s->cloud.is_proven = j->is_proven && s->cloud.cert_state == LP_CERT_ACTIVE &&
                         strcmp(j->cert_id, s->cloud.cert.id) == 0;
}

// --- whom to trust

static lp_exit_t fail_roots(const char *path, const char *why, lp_fault_t *f)
{
    lp_fault_set(f, LP_EXIT_LOCAL, "trust-roots", "no roots for the board in %.200s", path);
    lp_fault_why(f, "%s", why);
    lp_fault_next(f,
                  "name the file with the CA that signs the broker's certificate: --ca-file FILE");
    return f->exit;
}

static char *read_text(const char *path, char *why, size_t cap)
{
    FILE *file = fopen(path, "rbe");
    char *text = calloc(1, MAX_PEM);
    if (file == NULL || text == NULL) {
        snprintf(why, cap, "%s", strerror(errno));
        if (file != NULL) {
            fclose(file);
        }
        free(text);
        return NULL;
    }
    (void)!fread(text, 1, MAX_PEM - 1, file);
    fclose(file);
    return text;
}

static lp_exit_t take_roots(lp_own_t *o, lp_fault_t *f)
{
    char why[120] = "";
    size_t n = 0;
    const char *path = o->options->ca_file != NULL ? o->options->ca_file : "the CA's folder";
    lp_setup_wish_t *w = &o->setup.state.wish;
    char *pem = o->options->ca_file != NULL ? read_text(o->options->ca_file, why, sizeof why)
                                            : strdup(lp_ca_root_pem(o->ca));
    bool is_taken =
        pem != NULL && lp_check_roots(pem, w->trust_ca, sizeof w->trust_ca, &n, why, sizeof why);
    if (is_taken && strlen(w->trust_ca) > LP_OWN_BOARD_ROOTS) {
        snprintf(why, sizeof why, "%zu bytes, and a board has room for %d", strlen(w->trust_ca),
                 LP_OWN_BOARD_ROOTS);
        is_taken = false;
    }
    free(pem);
    if (!is_taken) {
        return fail_roots(path, why, f);
    }
    o->broker_roots = strdup(w->trust_ca);
    return o->broker_roots != NULL ? LP_EXIT_OK
                                   : lp_fault_set(f, LP_EXIT_LOCAL, "no-memory", "out of memory");
}

// --- the broker

static lp_exit_t look_at_broker(lp_own_t *o, lp_fault_t *f)
{
    int64_t now_s = (int64_t)time(NULL);
    lp_exit_t rc = lp_broker_probe(&o->broker, o->broker_roots, &o->probe, f);
    if (rc != LP_EXIT_OK) {
        return rc;
    }
    lp_ui_label("Broker", "%s, certificate checked", o->broker.url);
    if (o->probe.lets_in_anonymous) {
        lp_ui_warn(
            "this broker lets in clients without a certificate: anybody who reaches it can "
            "speak for a device. mosquitto: require_certificate true, allow_anonymous false");
    }
    if (o->probe.cert_end_s != 0 && o->probe.cert_end_s - now_s < WARN_DAYS * DAY_S) {
        lp_ui_warn("the broker's certificate ends in %lld days; then no board connects. "
                   "limpet ca server makes a new one",
                   (long long)((o->probe.cert_end_s - now_s) / DAY_S));
    }
    return LP_EXIT_OK;
}

static lp_exit_t look_at_ca(lp_own_t *o, lp_fault_t *f)
{
    lp_exit_t rc = lp_ca_open(o->options->ca_dir, &o->ca, f);
    rc = rc == LP_EXIT_OK ? lp_ca_check_clock(o->ca, f) : rc;
    if (rc == LP_EXIT_OK) {
        lp_ui_label("CA", "%s (key: %s)", lp_ca_dir(o->ca), lp_ca_key_place(o->ca));
        rc = take_roots(o, f);
    }
    return rc;
}

static void found_event(const lp_own_t *o)
{
    const lp_setup_board_t *b = &o->setup.state.board;
    cJSON *e = cJSON_CreateObject();
    cJSON *board = cJSON_AddObjectToObject(e, "board");
    cJSON_AddStringToObject(board, "id", b->id);
    cJSON_AddStringToObject(board, "port", b->where);
    cJSON_AddStringToObject(board, "firmware", b->firmware);
    if (b->chip.is_present) {
        cJSON *chip = cJSON_AddObjectToObject(e, "chip");
        cJSON_AddStringToObject(chip, "part", b->chip.part);
        cJSON_AddStringToObject(chip, "serial", b->chip.serial);
    } else {
        cJSON_AddNullToObject(e, "chip");
    }
    cJSON_AddStringToObject(e, "ca", lp_ca_dir(o->ca));
    cJSON *broker = cJSON_AddObjectToObject(e, "broker");
    cJSON_AddStringToObject(broker, "url", o->broker.url);
    cJSON_AddBoolToObject(broker, "anonymous", o->probe.lets_in_anonymous);
    lp_ui_event("found", e);
}

// A name is this board's alone: it is the user at the broker.
static lp_exit_t check_id(lp_own_t *o, lp_fault_t *f)
{
    const char *id = o->setup.state.board.id;
    snprintf(o->setup.state.wish.thing, sizeof o->setup.state.wish.thing, "%s", id);
    if (lp_ca_is_name(id) && strcmp(id, LP_CA_TOOL_NAME) != 0) {
        return LP_EXIT_OK;
    }
    lp_fault_set(f, LP_EXIT_BOARD, "board-id", "the board's id cannot be a name at the broker");
    lp_fault_why(f, "it is \"%s\"", id);
    lp_fault_next(f, "give the board another id");
    return f->exit;
}

lp_exit_t lp_own_look(lp_own_t *o, lp_fault_t *f)
{
    lp_setup_t *s = &o->setup;
    s->options = &o->options->setup;
    s->owner = o;
    s->read_back = lp_own_read_back;
    lp_exit_t rc = lp_broker_parse(o->options->broker, &o->broker, f);
    rc = rc == LP_EXIT_OK ? lp_setup_make_wish(s, f) : rc;
    rc = rc == LP_EXIT_OK ? look_at_ca(o, f) : rc;
    rc = rc == LP_EXIT_OK ? lp_setup_look_at_board(s, f) : rc;
    rc = rc == LP_EXIT_OK ? check_id(o, f) : rc;
    rc = rc == LP_EXIT_OK ? look_at_broker(o, f) : rc;
    rc = rc == LP_EXIT_OK ? lp_journal_open_broker(s->state.board.id, o->broker.url, &s->journal, f)
                          : rc;
    if (rc == LP_EXIT_OK) {
        lp_own_take_state(o);
        found_event(o);
    }
    return rc;
}

void lp_own_deinit(lp_own_t *o)
{
    lp_broker_close(o->link);
    lp_ca_close(o->ca);
    X509_free(o->cert);
    EVP_PKEY_free(o->key);
    OPENSSL_cleanse(o->password, sizeof o->password);
    free(o->broker_roots);
    lp_setup_deinit(&o->setup);
}
