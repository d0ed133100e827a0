// SPDX-License-Identifier: Apache-2.0
// limpet aws-iot-remove: undoes aws-iot-setup. The chip's locks and its key stay: they cannot be
// undone.
//
// Order: the board is told first to stop, so that it does not knock at a door that is being
// removed; then the certificate loses its attachments, its status and its life; then the thing,
// when nobody else uses it. The policy is shared and stays.
#include <stdlib.h>

#include "aws_opts.h"
#include "json_take.h"
#include "limpet/cmd.h"
#include "limpet/opt.h"
#include "observe.h"
#include "rotate.h"

typedef struct {
    lp_setup_t setup;
    bool has_board_part; // the board has settings to take back
    bool has_cert;
    bool has_thing;
} removal_t;

static lp_exit_t look(removal_t *r, lp_fault_t *f)
{
    lp_setup_t *s = &r->setup;
    lp_exit_t rc = lp_setup_look(s, f);
    if (rc != LP_EXIT_OK) {
        return rc;
    }
    const lp_setup_config_t *c = &s->state.board.config;
    r->has_board_part = c->enable || c->has_cert;
    r->has_cert = s->state.cloud.cert_state != LP_CERT_NONE;
    r->has_thing = s->state.cloud.has_thing && s->state.cloud.n_other_certs == 0;
    return LP_EXIT_OK;
}

static int say_plan(const removal_t *r)
{
    const lp_setup_t *s = &r->setup;
    bool is_result = s->options->is_dry_run;
    char text[200];
    int n = 0;
    lp_ui_info("%s", "\nPlan");
    if (r->has_board_part) {
        lp_ui_plan_step(++n, "take the cloud out of the board's settings, restart it", NULL,
                        is_result);
    }
    if (r->has_cert) {
        snprintf(text, sizeof text, "delete certificate %.4s...%s", s->state.cloud.cert.id,
                 s->state.cloud.cert.id + LP_IOT_ID_LEN - 2);
        lp_ui_plan_step(++n, text, "cannot be undone", is_result);
    }
    if (r->has_thing) {
        snprintf(text, sizeof text, "delete thing \"%s\"", s->state.wish.thing);
        lp_ui_plan_step(++n, text, NULL, is_result);
    }
    return n;
}

lp_exit_t lp_act_clear_board(lp_setup_t *s, lp_fault_t *f)
{
    cJSON *tree = cJSON_CreateObject();
    cJSON *cloud = cJSON_AddObjectToObject(tree, "cloud");
    cJSON *identity = cJSON_AddObjectToObject(tree, "identity");
    cJSON_AddBoolToObject(cloud, "enable", false);
    cJSON_AddStringToObject(cloud, "server", "");
    cJSON_AddStringToObject(cloud, "thing", "");
    cJSON_AddStringToObject(identity, "cert", "");
    cJSON *params = cJSON_CreateObject();
    cJSON_AddItemToObject(params, "config", tree);
    cJSON *result = NULL;
    lp_exit_t rc = lp_board_call(s->board, "Config.Set", params, 0, &result, f);
    cJSON_Delete(result);
    if (rc == LP_EXIT_OK) {
        result = NULL;
        params = cJSON_CreateObject();
        cJSON_AddBoolToObject(params, "reboot", true);
        rc = lp_board_call(s->board, "Config.Save", params, 0, &result, f);
        cJSON_Delete(result);
    }
    if (rc == LP_EXIT_OK) {
        lp_ui_step_done("the board's settings know no cloud any more");
    }
    return rc;
}

// Gone already is as good as gone now.
static bool is_gone(lp_aws_result_t rc)
{
    return rc == LP_AWS_OK || rc == LP_AWS_NOT_FOUND;
}

static lp_exit_t delete_certificate(lp_setup_t *s, lp_fault_t *f)
{
    lp_exit_t rc = lp_act_retire(&s->aws, s->state.cloud.cert.id, f);
    if (rc == LP_EXIT_OK) {
        lp_ui_step_done("certificate deleted");
    }
    return rc;
}

// A rotation that was stopped in the middle has a second certificate.
static lp_exit_t forget_rotation(lp_setup_t *s, lp_fault_t *f)
{
    lp_journal_t record;
    lp_exit_t rc = lp_journal_open_rotation(s->state.board.id, s->aws.endpoint_url, &record, f);
    const char *const ids[] = {record.old_cert_id, record.cert_id};
    for (size_t i = 0; i < 2 && rc == LP_EXIT_OK; i++) {
        rc = lp_iot_is_cert_id(ids[i]) ? lp_act_retire(&s->aws, ids[i], f) : LP_EXIT_OK;
    }
    if (rc == LP_EXIT_OK) {
        lp_journal_remove(&record);
    }
    return rc;
}

static lp_exit_t delete_thing(lp_setup_t *s, lp_fault_t *f)
{
    if (!is_gone(lp_iot_thing_delete(&s->aws, s->state.wish.thing, f))) {
        return f->exit;
    }
    lp_ui_step_done("thing \"%s\" deleted", s->state.wish.thing);
    return LP_EXIT_OK;
}

static lp_exit_t carry_out(removal_t *r, lp_fault_t *f)
{
    const struct {
        bool is_due;
        lp_exit_t (*act)(lp_setup_t *, lp_fault_t *);
        const char *text;
    } steps[] = {
        {r->has_board_part, lp_act_clear_board, "taking the cloud out of the board's settings"},
        {r->has_cert, delete_certificate, "deleting the certificate"},
        {r->has_thing, delete_thing, "deleting the thing"},
    };
    int number = 0;
    lp_exit_t rc = LP_EXIT_OK;
    for (size_t i = 0; i < sizeof steps / sizeof steps[0] && rc == LP_EXIT_OK; i++) {
        if (!steps[i].is_due) {
            continue;
        }
        if (lp_interrupt_seen()) {
            return lp_fault_interrupted(f);
        }
        lp_ui_step_start(++number, steps[i].text);
        rc = steps[i].act(&r->setup, f);
    }
    rc = rc == LP_EXIT_OK ? forget_rotation(&r->setup, f) : rc;
    if (rc == LP_EXIT_OK) {
        lp_journal_remove(&r->setup.journal);
        lp_ui_info(
            "\nDone. The chip keeps its key and its locks; policy \"%s\" stays for other boards.",
            r->setup.state.wish.policy);
        lp_ui_event("done", NULL);
    }
    return rc;
}

static lp_exit_t run(removal_t *r, lp_fault_t *f)
{
    lp_exit_t rc = look(r, f);
    if (rc != LP_EXIT_OK) {
        return rc;
    }
    if (say_plan(r) == 0) {
        lp_ui_info("Nothing to do: %s is not set up.", r->setup.state.board.id);
        lp_ui_event("done", NULL);
        return LP_EXIT_OK;
    }
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

static int run_and_report(const lp_setup_options_t *options)
{
    lp_fault_t fault = {.exit = LP_EXIT_OK};
    removal_t *r = calloc(1, sizeof *r);
    if (r == NULL) {
        return lp_ui_fail(LP_EXIT_LOCAL, "no-memory", "out of memory", NULL, NULL);
    }
    lp_interrupt_catch();
    r->setup.options = options;
    lp_exit_t rc = run(r, &fault);
    lp_setup_deinit(&r->setup);
    free(r);
    return rc != LP_EXIT_OK && fault.exit != LP_EXIT_OK ? lp_fault_print(&fault) : (int)rc;
}

int lp_cmd_aws_iot_remove(int argc, char **argv)
{
    static const int exits[] = {
        LP_EXIT_NO_BOARD, LP_EXIT_CLOUD,    LP_EXIT_CREDENTIALS, LP_EXIT_NETWORK,
        LP_EXIT_DECLINED, LP_EXIT_CONFLICT, LP_EXIT_BOARD,       0};
    static const lp_help_t help = {
        .name = "aws-iot-remove",
        .args = "",
        .summary = "Undoes aws-iot-setup: the board's settings, its certificate and its thing.",
        .examples = {"limpet aws-iot-remove --dry-run", "limpet aws-iot-remove", NULL},
        .notes = "The chip's locks and its key stay, since they cannot be undone; so does the "
                 "policy, which\n"
                 "other boards share. aws-iot-setup sets the same board up again.",
        .exit_codes = exits,
    };
    lp_setup_options_t o = {.port = "auto", .use_slot = -1, .connect_s = 1};
    const lp_opt_t opts[] = {
        {"port", LP_OPT_STR, &o.port, "PORT", "auto, a device, a board's id, tcp:host:port"},
        {"dry-run", LP_OPT_BOOL, &o.is_dry_run, NULL, "show the plan and change nothing"},
        {"yes", LP_OPT_BOOL, &o.is_yes, NULL, "do not ask"},
        LP_AWS_OPTS(o.aws),
        {"thing", LP_OPT_STR, &o.thing, "NAME", "name of the thing (the board's id)"},
        {"policy-name", LP_OPT_STR, &o.policy, "NAME", "policy (limpet-device)"},
        {"baud", LP_OPT_INT, &o.baud, "RATE", "speed of a real serial port (115200)"},
    };
    int n_args = 0;
    int rc = lp_opt_parse(&help, opts, sizeof opts / sizeof opts[0], argc, argv, &n_args);
    return rc != LP_OPT_GO_ON ? rc : run_and_report(&o);
}
