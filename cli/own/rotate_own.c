// SPDX-License-Identifier: Apache-2.0
// Moving a board to a new key and certificate.
//
// Where a run stopped shows from the board (which key it uses) and the register (which of its valid
// certificates is the newest), so there is no record to lose:
//
//   newest certificate is for    what is done
//   the key in use, alone        new key (what may be kept is kept), certificate, switch, prove
//   the other key                switch, prove
//   the key in use, not alone    prove: it was switched already, for this start or for good
//   and at the end               the certificates of before are revoked
//
// The board tries what it is switched to. Until that is confirmed a start has the old settings, and
// their certificate is good.
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "observe.h"
#include "own.h"
#include "rotate.h"

static lp_exit_t fail_not_set_up(const lp_own_t *o, lp_fault_t *f)
{
    const lp_setup_status_t *t = &o->setup.state.board.status;
    lp_fault_set(f, LP_EXIT_CONFLICT, "not-set-up", "%s has no working connection to move from",
                 o->setup.state.board.id);
    lp_fault_why(f, "Cloud.Status says \"%s\"%s%s", t->state, t->error_text[0] != '\0' ? ": " : "",
                 t->error_text);
    lp_fault_next(f, "run limpet setup first; it says what is missing and mends it");
    return f->exit;
}

static lp_exit_t find_other(const lp_own_t *o, char *other, size_t cap, lp_fault_t *f)
{
    const lp_setup_board_t *b = &o->setup.state.board;
    bool has_two = !b->chip.is_present || b->chip.plan == LP_CHIP_PLAN_MATCH;
    if (has_two && lp_rotate_other_key(b->identity.key, other, cap)) {
        return LP_EXIT_OK;
    }
    lp_fault_set(f, LP_EXIT_CHIP, "rotate-slot", "%s has no second key to move to", b->id);
    lp_fault_why(f, "it uses %s; a rotation needs Limpet's slot plan or a software key",
                 b->identity.key);
    lp_fault_next(f, "nothing was changed");
    return f->exit;
}

static const lp_ca_record_t *newest_live(const lp_own_t *o)
{
    size_t n = 0;
    int64_t now_s = (int64_t)time(NULL);
    const lp_ca_record_t *records = lp_ca_records(o->ca, &n);
    while (n-- > 0) {
        const lp_ca_record_t *r = &records[n];
        if (r->kind == LP_CA_DEVICE && r->revoked_s == 0 && r->to_s > now_s &&
            strcmp(r->name, o->setup.state.board.id) == 0) {
            return r;
        }
    }
    return NULL;
}

// The board and the register as they are for the other key.
static lp_exit_t look_with_key(lp_own_t *o, const char *key, lp_fault_t *f)
{
    lp_setup_state_t *s = &o->setup.state;
    snprintf(s->wish.key, sizeof s->wish.key, "%s", key);
    lp_exit_t rc = lp_observe_identity(o->setup.board, key, &s->board.identity, f);
    if (rc != LP_EXIT_OK) {
        return rc;
    }
    const lp_ca_record_t *newest = newest_live(o);
    const lp_setup_identity_t *i = &s->board.identity;
    bool is_under_way =
        newest != NULL && i->exists && strcmp(newest->public_key, i->public_key) == 0;
    // The certificate on the board is for the key in use; for the other one it is none.
    s->board.identity.cert_id[0] = '\0';
    // Slot 0 keeps the key it was born with.
    if (!is_under_way && strcmp(key, "atca:0") != 0) {
        s->board.identity.exists = false;
        s->board.identity.public_key[0] = '\0';
    }
    lp_own_take_state(o);
    return LP_EXIT_OK;
}

// The certificate for the other key, if it is one that works, is where to go back to.
static lp_exit_t find_way_back(lp_own_t *o, const char *other, lp_fault_t *f)
{
    lp_setup_identity_t i;
    int64_t now_s = (int64_t)time(NULL);
    lp_exit_t rc = lp_observe_identity(o->setup.board, other, &i, f);
    if (rc != LP_EXIT_OK || !i.exists) {
        return rc;
    }
    const lp_ca_record_t *r = lp_own_find(o->ca, o->setup.state.board.id, i.public_key);
    if (r != NULL && r->revoked_s == 0 && r->to_s > now_s) {
        snprintf(o->old_cert.id, sizeof o->old_cert.id, "%s", r->id);
        snprintf(o->old_cert.pem, sizeof o->old_cert.pem, "%s", r->pem);
        snprintf(o->old_key, sizeof o->old_key, "%s", other);
    }
    return LP_EXIT_OK;
}

static lp_exit_t look(lp_own_t *o, bool *is_switched, lp_fault_t *f)
{
    char other[40];
    lp_setup_state_t *s = &o->setup.state;
    lp_exit_t rc = lp_own_look(o, f);
    if (rc != LP_EXIT_OK) {
        return rc;
    }
    if (!s->board.config.enable || !s->board.identity.is_match ||
        s->cloud.cert_state != LP_CERT_ACTIVE) {
        return fail_not_set_up(o, f);
    }
    rc = find_other(o, other, sizeof other, f);
    if (rc != LP_EXIT_OK) {
        return rc;
    }
    const lp_ca_record_t *newest = newest_live(o);
    *is_switched = newest != NULL && o->n_former > 0 &&
                   strcmp(newest->public_key, s->board.identity.public_key) == 0;
    if (*is_switched) {
        return find_way_back(o, other, f);
    }
    if (!lp_setup_is_connected(s)) {
        return fail_not_set_up(o, f);
    }
    o->old_cert = s->cloud.cert;
    snprintf(o->old_key, sizeof o->old_key, "%s", s->board.identity.key);
    return look_with_key(o, other, f);
}

static void word_key(lp_own_t *o)
{
    lp_plan_t *plan = &o->setup.plan;
    const char *key = o->setup.state.wish.key;
    for (int i = 0; i < plan->n_lines; i++) {
        lp_plan_line_t *line = &plan->lines[i];
        if (line->group == LP_DO_KEY && strncmp(key, "atca:", 5) == 0) {
            snprintf(line->text, sizeof line->text, "make a new key in slot %s", key + 5);
        } else if ((line->group & LP_DO_CONFIG) != 0) {
            snprintf(line->text, sizeof line->text,
                     "switch the board over and prove the connection; back if it fails for %ld s",
                     o->setup.options->connect_s);
        }
    }
}

lp_exit_t lp_own_rotate(lp_own_t *o, lp_fault_t *f)
{
    bool is_switched = false;
    lp_exit_t rc = look(o, &is_switched, f);
    rc = rc == LP_EXIT_OK ? lp_own_plan(o, f) : rc;
    if (rc != LP_EXIT_OK) {
        return rc;
    }
    word_key(o);
    o->setup.is_trial = true;
    // The other key may be there from a rotation before; nothing uses it, so it may be replaced.
    if (!is_switched) {
        snprintf(o->setup.state.board.identity.cert_id,
                 sizeof o->setup.state.board.identity.cert_id, "%s", o->old_cert.id);
    }
    return lp_own_do(o, f);
}

// --- the way back

static lp_exit_t fail_back(const lp_fault_t *first, bool is_back, lp_fault_t *f)
{
    lp_fault_set(f, LP_EXIT_UNPROVEN, "rotate-back",
                 is_back ? "the new certificate did not work; the board is back on the old one"
                         : "the new certificate did not work, and the board is not seen back yet");
    lp_fault_why(f, "%s", first->why[0] != '\0' ? first->why : first->what);
    lp_fault_next(f, is_back
                         ? "it works as before, the new certificate is revoked; the broker's log "
                           "says why it was refused"
                         : "limpet setup looks at it anew and mends what it can");
    return f->exit;
}

lp_exit_t lp_own_go_back(lp_own_t *o, lp_fault_t *f)
{
    lp_setup_t *s = &o->setup;
    lp_fault_t first = *f;
    lp_fault_t second;
    char serial[LP_CA_SERIAL_HEX + 1];
    const lp_ca_record_t *made =
        lp_own_find(o->ca, s->state.board.id, s->state.board.identity.public_key);
    // A broker that cannot be reached says nothing about a certificate: then nothing is undone.
    if (made == NULL || lp_own_listen(o, &second) != LP_EXIT_OK) {
        return f->exit;
    }
    snprintf(serial, sizeof serial, "%s", made->serial);
    lp_ui_detail("%s; going back", first.what);
    bool is_back = false;
    lp_exit_t rc = lp_act_go_back(s, o->old_key, &o->old_cert, &is_back, &second);
    if (is_back && lp_ca_revoke(o->ca, serial, "superseded", &second) != LP_EXIT_OK) {
        lp_ui_warn("the new certificate %s could not be revoked: %s", serial, second.what);
    }
    return fail_back(&first, rc == LP_EXIT_OK, f);
}
