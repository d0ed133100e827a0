// SPDX-License-Identifier: Apache-2.0
// Look, plan, ask, do, prove; and the way back.
#include "own.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json_take.h"

static void done_event(const lp_own_t *o, bool is_changed)
{
    const lp_setup_status_t *t = &o->setup.state.board.status;
    cJSON *e = cJSON_CreateObject();
    cJSON_AddBoolToObject(e, "changed", is_changed);
    cJSON_AddStringToObject(e, "board", o->setup.state.board.id);
    cJSON_AddStringToObject(e, "broker", o->broker.url);
    cJSON_AddStringToObject(e, "certificate_id", o->setup.state.cloud.cert.id);
    cJSON_AddStringToObject(e, "tls", t->version);
    cJSON_AddStringToObject(e, "suite", t->suite);
    cJSON_AddStringToObject(e, "key_source", t->key_source);
    cJSON_AddNumberToObject(e, "handshake_ms", t->handshake_ms);
    lp_ui_event("done", e);
}

// The key is opened before the first step: a wrong PIN should not leave a locked chip behind.
static lp_exit_t unlock(lp_own_t *o, lp_fault_t *f)
{
    bool needs_tool_cert = (o->setup.plan.actions & LP_DO_PROVE) != 0 && o->options->cert == NULL;
    bool is_signing = (o->setup.plan.actions & (LP_DO_CERT_CREATE | LP_DO_RETIRE)) != 0;
    return needs_tool_cert || is_signing ? lp_ca_unlock(o->ca, &o->options->ca_key, f) : LP_EXIT_OK;
}

static lp_exit_t carry_out(lp_own_t *o, lp_fault_t *f)
{
    static const lp_setup_step_t steps[] = {
        {LP_DO_CHIP_PLAN, lp_act_chip_plan},
        {LP_DO_LOCK, lp_act_lock},
        {LP_DO_BIND, lp_act_bind},
        {LP_DO_KEY, lp_act_key},
        {LP_DO_CERT_CREATE, lp_own_act_issue},
        {LP_DO_CONNECT, lp_own_act_connect},
        {LP_DO_RETIRE, lp_own_act_retire},
    };
    lp_setup_t *s = &o->setup;
    lp_exit_t rc = lp_setup_ask(s);
    if (rc != LP_EXIT_OK) {
        f->exit = LP_EXIT_OK; // said already
        return rc;
    }
    lp_ui_info("%s", "");
    rc = unlock(o, f);
    // If the record cannot be written, that shows now, before anything irreversible.
    rc = rc == LP_EXIT_OK ? lp_journal_save(&s->journal, f) : rc;
    rc = rc == LP_EXIT_OK ? lp_setup_run_steps(s, steps, sizeof steps / sizeof steps[0], f) : rc;
    if (rc == LP_EXIT_OK) {
        lp_ui_info("\nDone. See it:  limpet console        Undo it:  limpet remove --broker %s",
                   o->broker.url);
        done_event(o, true);
    }
    return rc;
}

lp_exit_t lp_own_run(lp_own_t *o, lp_fault_t *f)
{
    lp_exit_t rc = lp_own_look(o, f);
    rc = rc == LP_EXIT_OK ? lp_own_plan(o, f) : rc;
    return rc == LP_EXIT_OK ? lp_own_do(o, f) : rc;
}

lp_exit_t lp_own_do(lp_own_t *o, lp_fault_t *f)
{
    if (o->setup.plan.actions == 0) {
        lp_ui_info("Nothing to do: %s is set up and connected.", o->setup.state.board.id);
        done_event(o, false);
        return LP_EXIT_OK;
    }
    bool is_dry_run = o->options->setup.is_dry_run;
    lp_setup_say_plan(&o->setup.plan, is_dry_run);
    return is_dry_run ? LP_EXIT_OK : carry_out(o, f);
}

// --- the way back

static lp_exit_t look_back(lp_own_t *o, bool *has_board_part, lp_fault_t *f)
{
    lp_setup_t *s = &o->setup;
    s->options = &o->options->setup;
    s->owner = o;
    lp_exit_t rc = lp_broker_parse(o->options->broker, &o->broker, f);
    rc = rc == LP_EXIT_OK ? lp_setup_make_wish(s, f) : rc;
    rc = rc == LP_EXIT_OK ? lp_ca_open(o->options->ca_dir, &o->ca, f) : rc;
    rc = rc == LP_EXIT_OK ? lp_ca_check_clock(o->ca, f) : rc;
    rc = rc == LP_EXIT_OK ? lp_setup_look_at_board(s, f) : rc;
    rc = rc == LP_EXIT_OK ? lp_journal_open_broker(s->state.board.id, o->broker.url, &s->journal, f)
                          : rc;
    if (rc != LP_EXIT_OK) {
        return rc;
    }
    const lp_setup_config_t *c = &s->state.board.config;
    *has_board_part = (c->enable || c->has_cert) && strcmp(c->server, o->broker.server) == 0;
    o->n_former = lp_own_list_former(o->ca, s->state.board.id, NULL, o->former, LP_OWN_MAX_FORMER);
    o->is_list_behind = !lp_ca_is_crl_current(o->ca);
    return LP_EXIT_OK;
}

static int say_way_back(const lp_own_t *o, bool has_board_part)
{
    bool is_result = o->options->setup.is_dry_run;
    char text[120];
    int n = 0;
    if (has_board_part || o->n_former > 0 || o->is_list_behind) {
        lp_ui_info("%s", "\nPlan");
    }
    if (has_board_part) {
        lp_ui_plan_step(++n, "take the broker out of the board's settings, restart it", NULL,
                        is_result);
    }
    if (o->n_former > 0 || o->is_list_behind) {
        snprintf(text, sizeof text, "revoke %zu certificate%s of \"%.64s\"", o->n_former,
                 o->n_former == 1 ? "" : "s", o->setup.state.board.id);
        lp_ui_plan_step(++n, text, "cannot be undone", is_result);
    }
    return n;
}

static lp_exit_t revoke_all(lp_own_t *o, lp_fault_t *f)
{
    lp_exit_t rc = LP_EXIT_OK;
    for (size_t i = 0; i < o->n_former && rc == LP_EXIT_OK; i++) {
        rc = lp_ca_revoke(o->ca, o->former[i], "cessationOfOperation", f);
    }
    if (rc == LP_EXIT_OK && !lp_ca_is_crl_current(o->ca)) {
        rc = lp_ca_write_crl(o->ca, f);
    }
    if (rc == LP_EXIT_OK) {
        lp_ui_step_done(
            "on the revocation list: bring %s/broker/crl.pem\nto the broker and have it "
            "read it (kill -HUP, or systemctl reload mosquitto)",
            lp_ca_dir(o->ca));
    }
    return rc;
}

static lp_exit_t go_back(lp_own_t *o, bool has_board_part, lp_fault_t *f)
{
    int number = 0;
    bool has_list_part = o->n_former > 0 || o->is_list_behind;
    lp_exit_t rc = has_list_part ? lp_ca_unlock(o->ca, &o->options->ca_key, f) : LP_EXIT_OK;
    if (rc == LP_EXIT_OK && has_board_part) {
        lp_ui_step_start(++number, "taking the broker out of the board's settings");
        rc = lp_act_clear_board(&o->setup, f);
    }
    if (rc == LP_EXIT_OK && lp_interrupt_seen()) {
        return lp_fault_interrupted(f);
    }
    if (rc == LP_EXIT_OK && has_list_part) {
        lp_ui_step_start(++number, "revoking");
        rc = revoke_all(o, f);
    }
    if (rc == LP_EXIT_OK) {
        lp_journal_remove(&o->setup.journal);
        lp_ui_info("\nDone. The chip keeps its key and its locks.");
        lp_ui_event("done", NULL);
    }
    return rc;
}

lp_exit_t lp_own_remove(lp_own_t *o, lp_fault_t *f)
{
    bool has_board_part = false;
    lp_exit_t rc = look_back(o, &has_board_part, f);
    if (rc != LP_EXIT_OK) {
        return rc;
    }
    if (say_way_back(o, has_board_part) == 0) {
        lp_ui_info("Nothing to do: %s is not set up with %s.", o->setup.state.board.id,
                   o->broker.url);
        lp_ui_event("done", NULL);
        return LP_EXIT_OK;
    }
    if (o->options->setup.is_dry_run) {
        return LP_EXIT_OK;
    }
    rc = lp_ui_ask("Go ahead?", o->options->setup.is_yes);
    if (rc != LP_EXIT_OK) {
        f->exit = LP_EXIT_OK; // said already
        return rc;
    }
    return go_back(o, has_board_part, f);
}
