// SPDX-License-Identifier: Apache-2.0
//   the board uses   record      what is done
//   the old key      none, same  new key and certificate (what is there is taken), switch, prove
//   the new key      same        switch once more, prove, or back
//   the new key      none        the older of the two certificates is retired
//   and at the end   same        the old certificate is retired, the record goes
#include "rotate.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "limpet/iot_list.h"
#include "observe.h"

bool lp_rotate_other_key(const char *key, char *out, size_t cap)
{
    static const char *const pairs[][2] = {
        {"atca:0", "atca:1"},
        {"atca:1", "atca:0"},
        {"file:key.pem", "file:key2.pem"},
        {"file:key2.pem", "file:key.pem"},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        if (strcmp(pairs[i][0], key) == 0) {
            snprintf(out, cap, "%s", pairs[i][1]);
            return true;
        }
    }
    return false;
}

// --- looking

static lp_exit_t fail_not_set_up(const lp_setup_t *s, lp_fault_t *f)
{
    const lp_setup_status_t *t = &s->state.board.status;
    lp_fault_set(f, LP_EXIT_CONFLICT, "not-set-up", "%s has no working connection to move from",
                 s->state.board.id);
    lp_fault_why(f, "Cloud.Status says \"%s\"%s%s", t->state, t->error_text[0] != '\0' ? ": " : "",
                 t->error_text);
    lp_fault_next(f, "run limpet aws-iot-setup first; it says what is missing and mends it");
    return f->exit;
}

// The identity and the cloud as they are for another key.
static lp_exit_t look_with_key(lp_rotation_t *r, const char *key, lp_fault_t *f)
{
    lp_setup_t *s = &r->setup;
    snprintf(s->state.wish.key, sizeof s->state.wish.key, "%s", key);
    lp_exit_t rc = lp_observe_identity(s->board, key, &s->state.board.identity, f);
    if (rc != LP_EXIT_OK) {
        return rc;
    }
    // The certificate on the board is for the key in use; for the other one it is none.
    if (!s->state.board.identity.is_match) {
        s->state.board.identity.cert_id[0] = '\0';
    }
    rc = lp_observe_cloud(&s->aws, &s->journal, &s->state, f);
    // The board keeps talking to the server it talks to.
    snprintf(s->state.cloud.server, sizeof s->state.cloud.server, "%s",
             s->state.board.config.server);
    return rc;
}

static void begin_record(lp_rotation_t *r, const char *other)
{
    lp_journal_t *j = &r->setup.journal;
    const lp_setup_state_t *s = &r->setup.state;
    snprintf(j->old_cert_id, sizeof j->old_cert_id, "%s", s->cloud.cert.id);
    snprintf(j->old_key, sizeof j->old_key, "%s", s->board.identity.key);
    snprintf(j->new_key, sizeof j->new_key, "%s", other);
}

static bool is_record_of(const lp_journal_t *j, const char *key)
{
    return lp_iot_is_cert_id(j->old_cert_id) &&
           (strcmp(j->old_key, key) == 0 || strcmp(j->new_key, key) == 0);
}

// What a record of something else names is not in use any more: it goes, so that nothing is left
// over.
static lp_exit_t drop_foreign_record(lp_rotation_t *r, lp_fault_t *f)
{
    lp_journal_t *j = &r->setup.journal;
    const char *const ids[] = {j->old_cert_id, j->cert_id};
    lp_exit_t rc = LP_EXIT_OK;
    for (size_t i = 0; i < 2 && rc == LP_EXIT_OK; i++) {
        bool is_unused = strcmp(ids[i], r->setup.state.cloud.cert.id) != 0;
        if (lp_iot_is_cert_id(ids[i]) && is_unused) {
            rc = lp_act_retire(&r->setup.aws, ids[i], f);
        }
    }
    lp_journal_t fresh = {.path = ""};
    snprintf(fresh.path, sizeof fresh.path, "%s", j->path);
    snprintf(fresh.device, sizeof fresh.device, "%s", j->device);
    snprintf(fresh.endpoint, sizeof fresh.endpoint, "%s", j->endpoint);
    if (rc == LP_EXIT_OK) {
        *j = fresh;
    }
    return rc;
}

// Without a record: a certificate for the other key is what an interrupted rotation left behind.
// The older of the two is the old one.
static lp_exit_t look_for_other(lp_rotation_t *r, const char *other, lp_fault_t *f)
{
    lp_setup_t *s = &r->setup;
    char key[40];
    lp_iot_cert_t mine = s->state.cloud.cert;
    snprintf(key, sizeof key, "%s", s->state.board.identity.key);
    begin_record(r, other);
    lp_exit_t rc = look_with_key(r, other, f);
    if (rc != LP_EXIT_OK) {
        return rc;
    }
    const lp_iot_cert_t *found = &s->state.cloud.cert;
    bool is_left_over = s->state.cloud.cert_state != LP_CERT_NONE && found->created_s > 0.0 &&
                        found->created_s < mine.created_s;
    if (is_left_over) {
        snprintf(s->journal.old_cert_id, sizeof s->journal.old_cert_id, "%s", found->id);
        snprintf(s->journal.old_key, sizeof s->journal.old_key, "%s", other);
        snprintf(s->journal.new_key, sizeof s->journal.new_key, "%s", key);
    }
    r->is_switched = is_left_over;
    return is_left_over ? look_with_key(r, key, f) : LP_EXIT_OK;
}

static lp_exit_t look_at_record(lp_rotation_t *r, const char *other, lp_fault_t *f)
{
    lp_setup_t *s = &r->setup;
    char key[40];
    snprintf(key, sizeof key, "%s", s->state.board.identity.key);
    r->record_of_setup = s->journal;
    lp_exit_t rc = lp_journal_open_rotation(s->state.board.id, s->aws.endpoint_url, &s->journal, f);
    bool is_here = is_record_of(&s->journal, key);
    bool is_on_old = is_here && strcmp(s->journal.old_key, key) == 0 &&
                     strcmp(s->journal.old_cert_id, s->state.cloud.cert.id) == 0;
    bool is_on_new = is_here && strcmp(s->journal.new_key, key) == 0 &&
                     strcmp(s->journal.old_cert_id, s->state.cloud.cert.id) != 0;
    if (rc == LP_EXIT_OK && is_on_new) {
        r->is_switched = true;
        return look_with_key(r, key, f);
    }
    if (rc == LP_EXIT_OK && !is_on_old) {
        rc = drop_foreign_record(r, f);
        return rc == LP_EXIT_OK ? look_for_other(r, other, f) : rc;
    }
    return rc == LP_EXIT_OK ? look_with_key(r, other, f) : rc;
}

// The certificate that is to go, to go back to it if need be.
static lp_exit_t get_old(lp_rotation_t *r, lp_fault_t *f)
{
    lp_aws_result_t rc =
        lp_iot_cert_get(&r->setup.aws, r->setup.journal.old_cert_id, &r->old_cert, f);
    if (rc == LP_AWS_NOT_FOUND) {
        r->old_cert.id[0] = '\0';
    }
    return rc == LP_AWS_OK || rc == LP_AWS_NOT_FOUND ? LP_EXIT_OK : f->exit;
}

static bool is_key_due(const lp_rotation_t *r)
{
    const lp_setup_state_t *s = &r->setup.state;
    const lp_setup_identity_t *i = &s->board.identity;
    bool is_from_this_rotation =
        i->public_key[0] != '\0' && strcmp(r->setup.journal.public_key, i->public_key) == 0;
    // Slot 0 keeps the key it was born with.
    bool is_fixed = strcmp(i->key, "atca:0") == 0;
    bool is_usable = is_from_this_rotation || is_fixed || s->cloud.cert_state == LP_CERT_ACTIVE;
    return !r->is_switched && !(i->exists && is_usable);
}

static lp_exit_t look(lp_rotation_t *r, lp_fault_t *f)
{
    lp_setup_t *s = &r->setup;
    char other[40];
    lp_exit_t rc = lp_setup_look(s, f);
    if (rc != LP_EXIT_OK) {
        return rc;
    }
    const lp_setup_config_t *c = &s->state.board.config;
    if (!c->enable || !s->state.board.identity.is_match || s->state.cloud.cert.id[0] == '\0') {
        return fail_not_set_up(s, f);
    }
    const lp_setup_chip_t *chip = &s->state.board.chip;
    bool has_two = !chip->is_present || chip->plan == LP_CHIP_PLAN_MATCH;
    if (!has_two || !lp_rotate_other_key(s->state.board.identity.key, other, sizeof other)) {
        lp_fault_set(f, LP_EXIT_CHIP, "rotate-slot", "%s has no second key to move to",
                     s->state.board.id);
        lp_fault_why(f, "it uses %s; a rotation needs Limpet's slot plan or a software key",
                     s->state.board.identity.key);
        lp_fault_next(f, "nothing was changed");
        return f->exit;
    }
    // The roots that the board trusts stay as they are.
    snprintf(s->state.wish.trust_ca, sizeof s->state.wish.trust_ca, "%s",
             c->trust_ca != NULL ? c->trust_ca : "");
    bool is_connected = lp_setup_is_connected(&s->state);
    rc = look_at_record(r, other, f);
    if (rc == LP_EXIT_OK && !r->is_switched && !is_connected) {
        return fail_not_set_up(s, f);
    }
    rc = rc == LP_EXIT_OK ? get_old(r, f) : rc;
    r->is_key_due = is_key_due(r);
    return rc;
}

// --- saying

static void key_words(const char *key, bool is_new, char *out, size_t cap)
{
    const char *slot = strncmp(key, "atca:", 5) == 0 ? key + 5 : NULL;
    if (slot == NULL) {
        snprintf(out, cap, "%s the software key %s", is_new ? "make" : "use", key + 5);
    } else if (is_new) {
        snprintf(out, cap, "make a new key in slot %s", slot);
    } else {
        snprintf(out, cap, "use the key that is in slot %s", slot);
    }
}

static void say_plan(const lp_rotation_t *r)
{
    const lp_setup_t *s = &r->setup;
    const lp_journal_t *j = &s->journal;
    bool is_result = s->options->is_dry_run;
    char text[200];
    int n = 0;
    (is_result ? lp_ui_out : lp_ui_info)("%s", "\nPlan");
    if (!r->is_switched) {
        key_words(j->new_key, r->is_key_due, text, sizeof text);
        lp_ui_plan_step(++n, text, NULL, is_result);
        lp_ui_plan_step(++n, "a certificate for it, with thing and policies of the old one", NULL,
                        is_result);
        snprintf(text, sizeof text,
                 "switch the board over and prove the connection; back if it fails for %ld s",
                 s->options->connect_s);
    } else {
        snprintf(text, sizeof text,
                 "restart the board, prove the connection with the new certificate");
    }
    lp_ui_plan_step(++n, text, NULL, is_result);
    snprintf(text, sizeof text, "delete the old certificate %.4s...%s", j->old_cert_id,
             j->old_cert_id + LP_IOT_ID_LEN - 2);
    lp_ui_plan_step(++n, text, "cannot be undone", is_result);
}

static void done_event(const lp_rotation_t *r)
{
    cJSON *e = cJSON_CreateObject();
    cJSON_AddBoolToObject(e, "changed", true);
    cJSON_AddStringToObject(e, "board", r->setup.state.board.id);
    cJSON_AddStringToObject(e, "thing", r->setup.state.wish.thing);
    cJSON_AddStringToObject(e, "key", r->setup.journal.new_key);
    cJSON_AddStringToObject(e, "certificate_id", r->setup.state.cloud.cert.id);
    cJSON_AddStringToObject(e, "old_certificate_id", r->setup.journal.old_cert_id);
    lp_ui_event("done", e);
}

// --- doing

static lp_exit_t make_key(lp_rotation_t *r, lp_fault_t *f)
{
    lp_setup_t *s = &r->setup;
    if (!r->is_key_due) {
        lp_ui_step_done("the key is there");
        return LP_EXIT_OK;
    }
    // What an earlier try left for the key that is replaced now would be an orphan.
    lp_exit_t rc = LP_EXIT_OK;
    if (s->state.cloud.cert_state != LP_CERT_NONE) {
        rc = lp_act_retire(&s->aws, s->state.cloud.cert.id, f);
    }
    // "replace": the other key may be there from a rotation before; nothing uses it.
    snprintf(s->state.board.identity.cert_id, sizeof s->state.board.identity.cert_id, "%s",
             s->journal.old_cert_id);
    rc = rc == LP_EXIT_OK ? lp_act_key(s, f) : rc;
    return rc == LP_EXIT_OK ? look_with_key(r, s->journal.new_key, f) : rc;
}

static lp_exit_t copy_policies(lp_rotation_t *r, lp_fault_t *f)
{
    lp_setup_t *s = &r->setup;
    lp_iot_names_t names;
    if (lp_iot_cert_policies(&s->aws, r->old_cert.arn, &names, f) != LP_AWS_OK) {
        return f->exit;
    }
    for (size_t i = 0; i < names.n; i++) {
        if (lp_iot_policy_attach(&s->aws, names.names[i], s->state.cloud.cert.arn, f) !=
            LP_AWS_OK) {
            return f->exit;
        }
    }
    return LP_EXIT_OK;
}

static lp_exit_t make_certificate(lp_rotation_t *r, lp_fault_t *f)
{
    lp_setup_t *s = &r->setup;
    lp_exit_t rc = LP_EXIT_OK;
    if (s->state.cloud.cert_state == LP_CERT_REVOKED ||
        s->state.cloud.cert_state == LP_CERT_OTHER) {
        rc = lp_act_retire(&s->aws, s->state.cloud.cert.id, f);
        s->state.cloud.cert_state = LP_CERT_NONE;
    }
    bool is_new = s->state.cloud.cert_state == LP_CERT_NONE;
    s->plan.actions = is_new ? LP_DO_CERT_CREATE : 0u;
    if (s->state.cloud.cert_state == LP_CERT_INACTIVE) {
        s->plan.actions |= LP_DO_CERT_ACTIVATE;
    }
    if (is_new || !s->state.cloud.is_thing_attached) {
        s->plan.actions |= LP_DO_ATTACH_THING;
    }
    rc = rc == LP_EXIT_OK ? lp_act_cloud(s, f) : rc;
    rc = rc == LP_EXIT_OK ? copy_policies(r, f) : rc;
    return rc == LP_EXIT_OK ? lp_act_remove_doubles(s, true, f) : rc;
}

static lp_exit_t go_back(lp_rotation_t *r, lp_fault_t *f)
{
    lp_setup_t *s = &r->setup;
    lp_fault_t back = {.exit = LP_EXIT_OK};
    char new_cert[LP_IOT_ID_LEN + 1];
    snprintf(new_cert, sizeof new_cert, "%s", s->state.cloud.cert.id);
    lp_ui_step_abort();
    lp_ui_warn("%s; going back to the old certificate", f->what);
    lp_journal_t keep = s->journal; // the proof of the old one is none of the new one
    bool is_back = false;
    lp_exit_t rc = lp_act_go_back(s, keep.old_key, &r->old_cert, &is_back, &back);
    s->journal = keep;
    lp_fault_t end = {.exit = LP_EXIT_OK};
    if (is_back && lp_act_retire(&s->aws, new_cert, &end) == LP_EXIT_OK) {
        lp_journal_remove(&s->journal);
    }
    char why[sizeof f->what + 8];
    snprintf(why, sizeof why, "%s", f->what);
    lp_fault_set(f, LP_EXIT_UNPROVEN, "rotate-back",
                 rc == LP_EXIT_OK ? "the new certificate did not work; %s is back on the old one"
                                  : "the new certificate did not work, and %s is not seen back yet",
                 s->state.board.id);
    lp_fault_why(f, "%s%s%s", why, rc == LP_EXIT_OK ? "" : "; ", rc == LP_EXIT_OK ? "" : back.what);
    lp_fault_next(f, "limpet console shows what the board says; then run the same command again");
    return f->exit;
}

static lp_exit_t switch_over(lp_rotation_t *r, lp_fault_t *f)
{
    lp_setup_t *s = &r->setup;
    // Also a board that uses the new key already: whether that is saved, tried, or only set does
    // not show.
    s->plan.actions = LP_DO_CONFIG | LP_DO_PROVE;
    s->is_trial = true;
    lp_exit_t rc = lp_act_connect(s, f);
    bool can_go_back = r->old_cert.id[0] != '\0' && strcmp(r->old_cert.status, "ACTIVE") == 0;
    return lp_act_is_refusal(rc) && can_go_back && !lp_interrupt_seen() ? go_back(r, f) : rc;
}

// The proof goes to the record of the setup, so that the next aws-iot-setup knows where to look.
static lp_exit_t note_end(lp_rotation_t *r, lp_fault_t *f)
{
    lp_journal_t *j = &r->record_of_setup;
    const lp_setup_state_t *s = &r->setup.state;
    snprintf(j->thing, sizeof j->thing, "%s", s->wish.thing);
    snprintf(j->public_key, sizeof j->public_key, "%s", s->board.identity.public_key);
    snprintf(j->cert_id, sizeof j->cert_id, "%s", s->cloud.cert.id);
    j->is_cert_asked = false;
    j->is_double_possible = false;
    j->is_proven = true;
    j->proven_utc_s = (double)time(NULL);
    return lp_journal_save(j, f);
}

static lp_exit_t retire_old(lp_rotation_t *r, lp_fault_t *f)
{
    lp_setup_t *s = &r->setup;
    lp_exit_t rc = note_end(r, f);
    rc = rc == LP_EXIT_OK ? lp_act_retire(&s->aws, s->journal.old_cert_id, f) : rc;
    if (rc == LP_EXIT_OK) {
        lp_journal_remove(&s->journal);
        lp_ui_step_done("the old certificate is deleted");
    }
    return rc;
}

static lp_exit_t carry_out(lp_rotation_t *r, lp_fault_t *f)
{
    const struct {
        bool is_due;
        lp_exit_t (*act)(lp_rotation_t *, lp_fault_t *);
        const char *text;
    } steps[] = {
        {!r->is_switched, make_key, "the second key"},
        {!r->is_switched, make_certificate, "a certificate for it"},
        {true, switch_over, "switching over, proof"},
        {true, retire_old, "deleting the old certificate"},
    };
    int number = 0;
    lp_exit_t rc = lp_journal_save(&r->setup.journal, f);
    for (size_t i = 0; i < sizeof steps / sizeof steps[0] && rc == LP_EXIT_OK; i++) {
        if (!steps[i].is_due) {
            continue;
        }
        if (lp_interrupt_seen()) {
            return lp_fault_interrupted(f);
        }
        lp_ui_step_start(++number, steps[i].text);
        rc = steps[i].act(r, f);
    }
    if (rc == LP_EXIT_OK) {
        lp_ui_info("\nDone. %s uses %s and its new certificate.", r->setup.state.board.id,
                   r->setup.journal.new_key);
        done_event(r);
    }
    return rc;
}

lp_exit_t lp_rotate_run(lp_rotation_t *r, lp_fault_t *f)
{
    lp_exit_t rc = look(r, f);
    if (rc != LP_EXIT_OK) {
        return rc;
    }
    say_plan(r);
    if (r->setup.options->is_dry_run) {
        return LP_EXIT_OK;
    }
    rc = lp_ui_ask("Go ahead?", r->setup.options->is_yes);
    if (rc != LP_EXIT_OK) {
        f->exit = LP_EXIT_OK; // said already
        return rc;
    }
    return carry_out(r, f);
}
