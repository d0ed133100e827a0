// SPDX-License-Identifier: Apache-2.0
// The plan of aws-iot-setup, with the CA in the place of the cloud.
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "own.h"

static lp_exit_t fail_revoked(const lp_own_t *o, lp_fault_t *f)
{
    lp_fault_set(f, LP_EXIT_CONFLICT, "certificate-revoked",
                 "the certificate of this board's key was revoked");
    lp_fault_why(f, "certificate %.8s...%s", o->setup.state.cloud.cert.id,
                 o->setup.state.cloud.cert.id + LP_IOT_ID_LEN - 2);
    lp_fault_next(f, "somebody revoked it, usually for a reason; if the board may come back, run "
                     "the same command with --new-certificate");
    return f->exit;
}

static void word_issue(const lp_own_t *o, lp_plan_line_t *line)
{
    char date[16];
    int64_t end_s = (int64_t)time(NULL) + (int64_t)o->options->days * 86400;
    time_t t = (time_t)(end_s < lp_ca_end_s(o->ca) ? end_s : lp_ca_end_s(o->ca));
    struct tm tm;
    gmtime_r(&t, &tm);
    strftime(date, sizeof date, "%Y-%m-%d", &tm);
    line->group = LP_DO_CERT_CREATE;
    line->note[0] = '\0';
    snprintf(line->text, sizeof line->text, "issue a certificate for \"%s\", good until %s",
             o->setup.state.wish.thing, date);
}

static void add_retire(const lp_own_t *o, lp_plan_t *plan)
{
    if (o->n_former == 0 && !o->is_list_behind) {
        return;
    }
    lp_plan_line_t *line = &plan->lines[plan->n_lines++];
    plan->actions |= LP_DO_RETIRE;
    line->group = LP_DO_RETIRE;
    if (o->n_former > 0) {
        snprintf(line->text, sizeof line->text,
                 "after the proof, revoke this board's %zu former certificate%s", o->n_former,
                 o->n_former > 1 ? "s" : "");
        snprintf(line->note, sizeof line->note, "cannot be undone");
    } else {
        snprintf(line->text, sizeof line->text,
                 "write the revocation list, which is behind the register");
        line->note[0] = '\0';
    }
}

// A board that is somebody else's so far: what is there is left behind.
static void warn_of_move(const lp_own_t *o, lp_plan_t *plan)
{
    const lp_setup_config_t *c = &o->setup.state.board.config;
    bool is_elsewhere =
        c->enable && c->server[0] != '\0' && strcmp(c->server, o->broker.server) != 0;
    if (is_elsewhere &&
        plan->n_warnings < (int)(sizeof plan->warnings / sizeof plan->warnings[0])) {
        snprintf(
            plan->warnings[plan->n_warnings++], sizeof plan->warnings[0],
            "the board speaks to %.80s now; what it has there (certificate, thing) stays there: "
            "limpet aws-iot-remove, or remove with that broker, clears it",
            c->server);
    }
}

lp_exit_t lp_own_plan(lp_own_t *o, lp_fault_t *f)
{
    lp_setup_state_t *s = &o->setup.state;
    lp_plan_t *plan = &o->setup.plan;
    if (s->cloud.cert_state == LP_CERT_REVOKED) {
        if (!s->wish.is_new_certificate) {
            return fail_revoked(o, f);
        }
        s->cloud.cert_state = LP_CERT_NONE;
    }
    lp_exit_t rc = lp_plan_make(s, plan, f);
    if (rc != LP_EXIT_OK) {
        return rc;
    }
    plan->actions &= ~(unsigned)(LP_DO_THING | LP_DO_POLICY | LP_DO_ATTACH_POLICY |
                                 LP_DO_ATTACH_THING | LP_DO_CERT_ACTIVATE);
    for (int i = 0; i < plan->n_lines; i++) {
        if ((plan->lines[i].group & LP_DO_CERT_CREATE) != 0) {
            word_issue(o, &plan->lines[i]);
        }
    }
    add_retire(o, plan);
    warn_of_move(o, plan);
    return LP_EXIT_OK;
}
