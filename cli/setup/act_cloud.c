// SPDX-License-Identifier: Apache-2.0
// Step 4: certificate, thing, policy, and who belongs to whom. Before each thing that cannot be
// taken back the journal says that it is about to happen, so a run that dies here is taken up by
// the next one.
#include <stdlib.h>

#include "check.h"
#include "json_take.h"
#include "observe.h"
#include "policy_file.h"
#include "setup.h"

enum { FIND_TRIES = 3, FIND_WAIT_MS = 500, CLOCK_SLACK_S = 900, CREATE_TRIES = 3 };

// The request is the board's; that it is for the right key and rightly signed is not left to trust.
lp_exit_t lp_act_get_csr(lp_setup_t *s, lp_fault_t *f)
{
    const lp_setup_board_t *b = &s->state.board;
    cJSON *params = cJSON_CreateObject();
    cJSON_AddStringToObject(params, "key", b->identity.key);
    cJSON_AddStringToObject(params, "cn", b->id);
    cJSON *r = NULL;
    lp_exit_t rc = lp_board_call(s->board, "Identity.Csr", params, 0, &r, f);
    if (rc != LP_EXIT_OK) {
        return rc;
    }
    lp_take_string(r, "csr", s->csr, sizeof s->csr);
    cJSON_Delete(r);
    lp_check_t check;
    char why[80];
    bool is_right = lp_check_csr(s->csr, &check, why, sizeof why);
    if (is_right && strcmp(check.public_key, b->identity.public_key) != 0) {
        is_right = false;
        snprintf(why, sizeof why, "it is for another key than %s", b->identity.key);
    }
    if (is_right && strcmp(check.common_name, b->id) != 0) {
        is_right = false;
        snprintf(why, sizeof why, "it is for another name than the board's");
    }
    if (!is_right) {
        lp_fault_set(f, LP_EXIT_BOARD, "csr-check", "the board's certificate request is not right");
        lp_fault_why(f, "%s", why);
        lp_fault_next(f, "nothing was created; run the same command again");
        return f->exit;
    }
    return LP_EXIT_OK;
}

static lp_exit_t check_certificate(const lp_setup_t *s, const lp_iot_cert_t *cert, lp_fault_t *f)
{
    lp_check_t check;
    char why[80];
    if (lp_check_cert(cert->pem, &check, why, sizeof why) && strcmp(check.id, cert->id) == 0 &&
        strcmp(check.public_key, s->state.board.identity.public_key) == 0) {
        return LP_EXIT_OK;
    }
    lp_fault_set(f, LP_EXIT_CLOUD, "certificate-check",
                 "the certificate that the cloud made is not for the board's key");
    lp_fault_why(f, "certificate %.8s...%s, which is removed again", cert->id, cert->id + 62);
    lp_fault_next(f, "is this the right cloud? Some imitations do not sign the key they are given");
    return f->exit;
}

// A certificate more than one for the same key, made in this run: a lost answer and a repeated
// call.
static void remove_extras(lp_setup_t *s, char (*extras)[LP_IOT_ID_LEN + 1], size_t n)
{
    lp_fault_t ignored;
    for (size_t i = 0; i < n; i++) {
        bool is_gone =
            lp_iot_cert_set_status(&s->aws, extras[i], "INACTIVE", &ignored) == LP_AWS_OK &&
            lp_iot_cert_delete(&s->aws, extras[i], &ignored) == LP_AWS_OK;
        if (!is_gone) {
            lp_ui_warn("certificate %.12s... is left over and could not be removed: %s", extras[i],
                       ignored.what);
        }
    }
}

// The answer was lost: is there a certificate for our key all the same? Lists may lag behind, so
// look more than once.
static lp_exit_t look_for_lost(lp_setup_t *s, lp_iot_cert_t *cert, bool *is_found, lp_fault_t *f)
{
    char(*extras)[LP_IOT_ID_LEN + 1] = calloc(LP_IOT_MAX_LISTED, sizeof *extras);
    size_t n = 0;
    lp_exit_t rc =
        extras != NULL ? LP_EXIT_OK : lp_fault_set(f, LP_EXIT_LOCAL, "no-memory", "out of memory");
    *is_found = false;
    for (int i = 0; i < FIND_TRIES && rc == LP_EXIT_OK && !*is_found; i++) {
        lp_ui_pause(FIND_WAIT_MS);
        n = 0;
        rc = lp_observe_find_cert(&s->aws, s->state.board.identity.public_key,
                                  s->journal.asked_utc_s - CLOCK_SLACK_S, cert, is_found, extras,
                                  &n, f);
    }
    if (rc == LP_EXIT_OK) {
        remove_extras(s, extras, n);
    }
    free(extras);
    return rc;
}

lp_exit_t lp_act_remove_doubles(lp_setup_t *s, bool is_last_look, lp_fault_t *f)
{
    lp_iot_cert_t newest = {.id = ""};
    bool is_found = false;
    size_t n = 0;
    if (!s->journal.is_double_possible || s->state.cloud.cert.id[0] == '\0') {
        return LP_EXIT_OK;
    }
    char(*ids)[LP_IOT_ID_LEN + 1] = calloc(LP_IOT_MAX_LISTED + 1, sizeof *ids);
    if (ids == NULL) {
        return lp_fault_set(f, LP_EXIT_LOCAL, "no-memory", "out of memory");
    }
    lp_exit_t rc = lp_observe_find_cert(&s->aws, s->state.board.identity.public_key,
                                        s->journal.asked_utc_s - CLOCK_SLACK_S, &newest, &is_found,
                                        ids, &n, f);
    if (rc == LP_EXIT_OK && is_found) {
        memcpy(ids[n++], newest.id, sizeof newest.id);
    }
    for (size_t i = 0; i < n; i++) {
        if (strcmp(ids[i], s->state.cloud.cert.id) != 0) {
            remove_extras(s, &ids[i], 1);
            is_last_look = true;
        }
    }
    free(ids);
    s->journal.is_double_possible = rc != LP_EXIT_OK || !is_last_look;
    return rc == LP_EXIT_OK ? lp_journal_save(&s->journal, f) : rc;
}

static lp_exit_t note_asked(lp_setup_t *s, lp_fault_t *f)
{
    lp_journal_t *j = &s->journal;
    snprintf(j->thing, sizeof j->thing, "%s", s->state.wish.thing);
    snprintf(j->policy, sizeof j->policy, "%s", s->state.wish.policy);
    snprintf(j->public_key, sizeof j->public_key, "%s", s->state.board.identity.public_key);
    j->cert_id[0] = '\0';
    j->is_cert_asked = true;
    j->is_double_possible = false;
    j->asked_utc_s = (double)lp_aws_now_s();
    j->is_proven = false;
    return lp_journal_save(j, f);
}

static lp_exit_t note_certificate(lp_setup_t *s, const lp_iot_cert_t *cert, lp_fault_t *f)
{
    snprintf(s->journal.cert_id, sizeof s->journal.cert_id, "%s", cert->id);
    s->journal.is_cert_asked = false;
    s->state.cloud.cert = *cert;
    s->state.cloud.cert_state = LP_CERT_ACTIVE;
    return lp_journal_save(&s->journal, f);
}

static void explain_unknown(lp_fault_t *f)
{
    lp_fault_next(f, "run the same command again; it first looks whether the certificate was made");
}

static lp_exit_t create_certificate(lp_setup_t *s, lp_iot_cert_t *cert, lp_fault_t *f)
{
    for (int i = 0; i < CREATE_TRIES; i++) {
        lp_aws_result_t rc = lp_iot_cert_create(&s->aws, s->csr, cert, f);
        if (rc == LP_AWS_OK) {
            return LP_EXIT_OK;
        }
        if (rc != LP_AWS_UNKNOWN || lp_interrupt_seen()) {
            return f->exit;
        }
        lp_ui_detail("%s; looking whether it was made", f->what);
        lp_fault_t lost;
        bool is_found = false;
        if (look_for_lost(s, cert, &is_found, &lost) != LP_EXIT_OK) {
            explain_unknown(f);
            return f->exit;
        }
        if (is_found) {
            return LP_EXIT_OK;
        }
        s->journal.is_double_possible = true;
    }
    explain_unknown(f);
    return f->exit;
}

static lp_exit_t fail_own_cert(lp_fault_t *f)
{
    f->exit = LP_EXIT_CHIP;
    snprintf(f->code, sizeof f->code, "chip-certificate");
    lp_fault_next(f, "to have AWS make a certificate for the chip's key: --use-slot 0");
    return f->exit;
}

// A part that was provisioned by its maker: the board rebuilds the certificate from the chip.
static lp_exit_t get_own_cert(lp_setup_t *s, char *pem, size_t cap, lp_check_t *check,
                              lp_fault_t *f)
{
    char why[80];
    cJSON *r = NULL;
    lp_exit_t rc = lp_board_call(s->board, "Chip.Certificate", NULL, 0, &r, f);
    if (rc != LP_EXIT_OK) {
        return strcmp(f->code, "board-refused") == 0 ? fail_own_cert(f) : rc;
    }
    lp_take_string(r, "certificate", pem, cap);
    cJSON_Delete(r);
    if (lp_check_cert(pem, check, why, sizeof why) &&
        strcmp(check->public_key, s->state.board.identity.public_key) == 0) {
        return LP_EXIT_OK;
    }
    lp_fault_set(f, LP_EXIT_CHIP, "chip-certificate",
                 "the chip's own certificate is not for its key");
    return fail_own_cert(f);
}

// One that is registered already may have been switched off, or revoked for good.
static lp_exit_t wake_certificate(lp_setup_t *s, const lp_iot_cert_t *cert, lp_fault_t *f)
{
    if (strcmp(cert->status, "ACTIVE") == 0) {
        return LP_EXIT_OK;
    }
    if (strcmp(cert->status, "INACTIVE") != 0) {
        lp_fault_set(f, LP_EXIT_CONFLICT, "certificate-revoked",
                     "the chip's own certificate is %s in the cloud", cert->status);
        lp_fault_next(f, "find out why; a chip that may be trusted gets another certificate with "
                         "--use-slot 0");
        return f->exit;
    }
    return lp_iot_cert_set_status(&s->aws, cert->id, "ACTIVE", f) == LP_AWS_OK ? LP_EXIT_OK
                                                                               : f->exit;
}

static lp_exit_t register_certificate(lp_setup_t *s, lp_fault_t *f)
{
    lp_iot_cert_t cert = {.id = ""};
    lp_check_t check;
    char pem[2048];
    lp_exit_t rc = get_own_cert(s, pem, sizeof pem, &check, f);
    rc = rc == LP_EXIT_OK ? note_asked(s, f) : rc;
    if (rc == LP_EXIT_OK && lp_iot_cert_register(&s->aws, pem, check.id, &cert, f) != LP_AWS_OK) {
        return f->exit;
    }
    rc = rc == LP_EXIT_OK ? check_certificate(s, &cert, f) : rc;
    rc = rc == LP_EXIT_OK ? wake_certificate(s, &cert, f) : rc;
    return rc == LP_EXIT_OK ? note_certificate(s, &cert, f) : rc;
}

static lp_exit_t make_certificate(lp_setup_t *s, lp_fault_t *f)
{
    lp_iot_cert_t cert = {.id = ""};
    if (lp_setup_has_own_cert(&s->state)) {
        return register_certificate(s, f);
    }
    lp_exit_t rc = lp_act_get_csr(s, f);
    if (rc == LP_EXIT_OK) {
        rc = note_asked(s, f);
    }
    if (rc == LP_EXIT_OK) {
        rc = create_certificate(s, &cert, f);
    }
    if (rc == LP_EXIT_OK) {
        rc = check_certificate(s, &cert, f);
        if (rc != LP_EXIT_OK) {
            remove_extras(s, &cert.id, 1);
        }
    }
    return rc == LP_EXIT_OK ? note_certificate(s, &cert, f) : rc;
}

static lp_exit_t activate_certificate(lp_setup_t *s, lp_fault_t *f)
{
    if (lp_iot_cert_set_status(&s->aws, s->state.cloud.cert.id, "ACTIVE", f) != LP_AWS_OK) {
        return f->exit;
    }
    s->state.cloud.cert_state = LP_CERT_ACTIVE;
    return LP_EXIT_OK;
}

static lp_exit_t make_thing(lp_setup_t *s, lp_fault_t *f)
{
    const lp_setup_options_t *o = s->options;
    s->journal.made_thing = true;
    lp_exit_t rc = lp_journal_save(&s->journal, f);
    if (rc == LP_EXIT_OK && lp_iot_thing_create_as(&s->aws, s->state.wish.thing, o->thing_type,
                                                   o->attributes, f) != LP_AWS_OK) {
        rc = f->exit;
        if (o->thing_type != NULL && strcmp(f->code, "cloud-not-found") == 0) {
            lp_fault_next(f, "is there a thing type \"%.60s\"? It is not made by this command",
                          o->thing_type);
        }
    }
    s->state.cloud.has_thing = rc == LP_EXIT_OK;
    return rc;
}

static lp_exit_t join_group(lp_setup_t *s, lp_fault_t *f)
{
    const char *group = s->options->group;
    if (group == NULL || lp_iot_thing_join(&s->aws, s->state.wish.thing, group, f) == LP_AWS_OK) {
        return LP_EXIT_OK;
    }
    if (strcmp(f->code, "cloud-not-found") == 0) {
        lp_fault_next(f, "is there a thing group \"%.60s\"? It is not made by this command", group);
    }
    return f->exit;
}

// Another run (or a repeated try of ours) was quicker, or the answer was lost: what the cloud has
// now decides.
static lp_exit_t confirm_policy(lp_setup_t *s, const char *document, lp_fault_t *f)
{
    char *now = NULL;
    lp_fault_t found = {.exit = LP_EXIT_OK};
    lp_aws_result_t rc = lp_iot_policy_get(&s->aws, s->state.wish.policy, &now, NULL, 0, &found);
    bool is_same = rc == LP_AWS_OK && lp_policy_is_same(now, document);
    free(now);
    if (is_same) {
        f->exit = LP_EXIT_OK;
        return LP_EXIT_OK;
    }
    if (rc == LP_AWS_FAILED) {
        *f = found;
        return f->exit;
    }
    (void)lp_fault_set(f, LP_EXIT_CONFLICT, "policy-differs",
                       "policy \"%s\" has another text than it was just given",
                       s->state.wish.policy);
    lp_fault_next(f, "run the same command again; it looks anew");
    return f->exit;
}

static lp_aws_result_t write_policy(lp_setup_t *s, const char *document, lp_fault_t *f)
{
    return (s->plan.actions & LP_DO_POLICY) != 0
               ? lp_iot_policy_create(&s->aws, s->state.wish.policy, document, f)
               : lp_iot_policy_version(&s->aws, s->state.wish.policy, document, f);
}

static lp_exit_t make_policy(lp_setup_t *s, lp_fault_t *f)
{
    const char *own = s->state.wish.policy_document;
    char *ours = own == NULL ? lp_setup_policy_document(s->state.cloud.cert.arn) : NULL;
    const char *document = own != NULL ? own : ours;
    if (document == NULL) {
        return lp_fault_set(f, LP_EXIT_CLOUD, "cloud-garbage",
                            "the certificate's ARN makes no sense");
    }
    s->journal.made_policy = s->journal.made_policy || (s->plan.actions & LP_DO_POLICY) != 0;
    lp_exit_t rc = lp_journal_save(&s->journal, f);
    if (rc == LP_EXIT_OK) {
        lp_aws_result_t made = write_policy(s, document, f);
        bool is_open = made == LP_AWS_CONFLICT || made == LP_AWS_UNKNOWN;
        rc = made == LP_AWS_OK ? LP_EXIT_OK : is_open ? confirm_policy(s, document, f) : f->exit;
    }
    cJSON_free(ours);
    return rc;
}

static lp_exit_t attach(lp_setup_t *s, lp_fault_t *f)
{
    const char *arn = s->state.cloud.cert.arn;
    if ((s->plan.actions & LP_DO_ATTACH_POLICY) != 0 &&
        lp_iot_policy_attach(&s->aws, s->state.wish.policy, arn, f) != LP_AWS_OK) {
        return f->exit;
    }
    if ((s->plan.actions & LP_DO_ATTACH_THING) != 0 &&
        lp_iot_thing_attach(&s->aws, s->state.wish.thing, arn, f) != LP_AWS_OK) {
        return f->exit;
    }
    return LP_EXIT_OK;
}

static void say_done(const lp_setup_t *s)
{
    const char *id = s->state.cloud.cert.id;
    lp_ui_step_done("certificate %.4s...%s active, attached to %s", id, id + LP_IOT_ID_LEN - 2,
                    s->state.wish.thing);
}

lp_exit_t lp_act_cloud(lp_setup_t *s, lp_fault_t *f)
{
    unsigned a = s->plan.actions;
    lp_exit_t rc = LP_EXIT_OK;
    if ((a & LP_DO_CERT_CREATE) != 0) {
        rc = make_certificate(s, f);
    }
    if (rc == LP_EXIT_OK && (a & LP_DO_CERT_ACTIVATE) != 0) {
        rc = activate_certificate(s, f);
    }
    if (rc == LP_EXIT_OK && (a & LP_DO_THING) != 0) {
        rc = make_thing(s, f);
    }
    // Joining again does no harm, so a run that died in between is made good.
    if (rc == LP_EXIT_OK && (a & (LP_DO_THING | LP_DO_ATTACH_THING)) != 0) {
        rc = join_group(s, f);
    }
    if (rc == LP_EXIT_OK && (a & (LP_DO_POLICY | LP_DO_POLICY_VERSION)) != 0) {
        rc = make_policy(s, f);
    }
    if (rc == LP_EXIT_OK) {
        rc = attach(s, f);
    }
    if (rc == LP_EXIT_OK) {
        say_done(s);
    }
    return rc;
}
