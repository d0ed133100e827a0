// SPDX-License-Identifier: Apache-2.0
// limpet advisor run: the endpoint, the device, one case after the other.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "advisor.h"
#include "limpet/opt.h"

enum { FAST_TIMEOUT_S = 60, FAST_LONG_S = 600, FAST_SETTLE_MS = 1000, FAST_AWAY_S = 5 };

static const int exits[] = {LP_EXIT_NO_BOARD, LP_EXIT_LOCAL, LP_EXIT_BOARD, LP_EXIT_INTERRUPTED, 0};

typedef struct {
    advisor_options_t o;
    advisor_params_t params;
    const lp_advisor_case_t *picked[ADVISOR_CASES_MAX];
    size_t count;
    char dir[ADVISOR_DIR_MAX];
    lp_advisor_endpoint_t *ep;
    advisor_device_t device;
    advisor_report_t reports[ADVISOR_CASES_MAX];
    size_t played;
} session_t;

// --- one case -----------------------------------------------------------------------------------

static void on_log(void *ctx, const char *line)
{
    advisor_report_log(ctx, line);
}

static bool is_stopped(void *ctx)
{
    (void)ctx;
    return lp_interrupt_seen();
}

// A device that was started by hand is told when it is its turn.
static void tell_hand(const session_t *s, const lp_advisor_case_t *which)
{
    if (s->o.port == NULL && s->o.command == NULL) {
        lp_ui_info("now: %s - %s", which->id, which->summary);
    }
}

static lp_exit_t play(session_t *s, const lp_advisor_case_t *which, lp_fault_t *f)
{
    advisor_report_t *r = &s->reports[s->played];
    const lp_advisor_watch_t watch = {.log = on_log, .is_stopped = is_stopped, .ctx = r};
    lp_advisor_params_t params = s->params.values;
    const bool is_alone = strcmp(which->group, "Security") == 0;
    r->which = which;
    if (s->o.is_fast && which->is_long && params.execution_timeout_s == FAST_TIMEOUT_S) {
        params.execution_timeout_s = FAST_LONG_S;
    }
    tell_hand(s, which);
    if (!lp_ui.json && !lp_ui.verbose) {
        lp_ui_step_start((int)s->played + 1, which->id);
    }
    lp_ui_detail("%s: %s", which->id, which->summary);
    const lp_exit_t rc = is_alone ? LP_EXIT_OK : advisor_device_start(&s->device, which, f);
    if (rc != LP_EXIT_OK) {
        r->result.verdict = LP_ADVISOR_ERROR;
        snprintf(r->result.reason, sizeof r->result.reason, "%.300s", f->what);
    } else {
        lp_advisor_endpoint_play(s->ep, which, &params, &watch, &r->result);
    }
    advisor_device_stop(&s->device);
    lp_ui_step_abort();
    s->played++;
    if (r->result.verdict == LP_ADVISOR_RUNNING) {
        snprintf(r->result.reason, sizeof r->result.reason, "stopped");
        return lp_fault_interrupted(f);
    }
    advisor_report_case(r, s->played - 1, s->count);
    return rc;
}

// --- before and after ---------------------------------------------------------------------------

static int take_dir(session_t *s)
{
    const char *state = getenv("XDG_STATE_HOME");
    const char *home = getenv("HOME");
    if (s->o.dir != NULL) {
        snprintf(s->dir, sizeof s->dir, "%s", s->o.dir);
    } else if (state != NULL && state[0] == '/') {
        mkdir(state, 0700);
        snprintf(s->dir, sizeof s->dir, "%s/limpet-advisor", state);
    } else if (home != NULL && home[0] == '/') {
        snprintf(s->dir, sizeof s->dir, "%s/.limpet-advisor", home);
    } else {
        return lp_ui_fail(LP_EXIT_USAGE, "advisor-dir", "there is no place for the advisor's CA",
                          "HOME is not set", "name a folder with --dir");
    }
    snprintf(s->device.prefix, sizeof s->device.prefix, "%s/device", s->dir);
    return LP_OPT_GO_ON;
}

static int open_endpoint(session_t *s)
{
    char why[1400] = "";
    const lp_advisor_endpoint_options_t options = {
        .dir = s->dir, .listen = s->o.listen, .port = s->o.endpoint_port, .name = s->o.name};
    if (!lp_advisor_endpoint_open(&options, &s->ep, why, sizeof why)) {
        return lp_ui_fail(LP_EXIT_LOCAL, "advisor-endpoint", "the endpoint cannot be opened", why,
                          "another --dir, --endpoint-port or --name");
    }
    return LP_OPT_GO_ON;
}

static void set_defaults(session_t *s)
{
    lp_advisor_params_t *v = &s->params.values;
    if (s->o.timeout_s > 0) {
        v->execution_timeout_s = s->o.timeout_s;
    }
    if (s->o.is_fast) {
        v->execution_timeout_s =
            v->execution_timeout_s > 0 ? v->execution_timeout_s : FAST_TIMEOUT_S;
        v->settle_ms = v->settle_ms > 0 ? v->settle_ms : FAST_SETTLE_MS;
        v->long_disconnect_s = v->long_disconnect_s > 0 ? v->long_disconnect_s : FAST_AWAY_S;
    }
    v->thing = s->o.thing != NULL                 ? s->o.thing
               : s->device.board_thing[0] != '\0' ? s->device.board_thing
                                                  : NULL;
}

// No policy was named, so the case that reads them has nothing to say.
static void leave_out_policies(session_t *s)
{
    if (s->o.policy != NULL || s->o.cases != NULL) {
        return;
    }
    for (size_t i = 0; i < s->count; i++) {
        if (strcmp(s->picked[i]->group, "Security") == 0) {
            lp_ui_info("%s is left out: no --policy was given", s->picked[i]->id);
            memmove(&s->picked[i], &s->picked[i + 1], (--s->count - i) * sizeof s->picked[0]);
            return;
        }
    }
}

static void tell_start(const session_t *s)
{
    long worst_s = 0;
    for (size_t i = 0; i < s->count; i++) {
        const long own = s->params.values.execution_timeout_s;
        worst_s += own > 0 ? own : s->picked[i]->timeout_s;
    }
    lp_ui_label("Endpoint", "%s port %d", s->o.name != NULL ? s->o.name : "localhost",
                lp_advisor_endpoint_port(s->ep));
    lp_ui_label("CA", "%s", lp_advisor_endpoint_ca(s->ep));
    lp_ui_label("Cases", "%zu; %s, at most %ld min if the device does nothing", s->count,
                s->o.is_fast ? "a minute or two" : "in real time, some minutes",
                (worst_s + 59) / 60);
}

static int play_all(session_t *s, lp_fault_t *f)
{
    lp_exit_t rc = LP_EXIT_OK;
    for (size_t i = 0; rc == LP_EXIT_OK && i < s->count; i++) {
        rc = play(s, s->picked[i], f);
        const lp_advisor_verdict_t v = s->reports[i].result.verdict;
        if (s->o.is_stopping_at_failure && v == LP_ADVISOR_FAIL) {
            break;
        }
    }
    return rc;
}

static int run(session_t *s)
{
    lp_fault_t fault = {0};
    lp_fault_t closing = {0};
    s->device.o = &s->o;
    s->device.ep = s->ep;
    lp_interrupt_catch();
    lp_exit_t rc = advisor_device_open(&s->device, &fault);
    if (rc != LP_EXIT_OK) {
        return lp_fault_print(&fault);
    }
    set_defaults(s);
    tell_start(s);
    rc = play_all(s, &fault);
    const lp_exit_t closed = advisor_device_close(&s->device, &closing);
    const int said = s->played > 0 ? advisor_report_end(s->reports, s->played, s->o.junit) : 0;
    if (closed != LP_EXIT_OK) {
        (void)lp_fault_print(&closing);
    }
    return rc != LP_EXIT_OK ? lp_fault_print(&fault) : closed != LP_EXIT_OK ? (int)closed : said;
}

static int parse(session_t *s, int argc, char **argv)
{
    static const lp_help_t help = {
        .name = "advisor run",
        .args = "[PARAMETER=VALUE...]",
        .summary = "Plays AWS IoT Device Advisor's test cases against a device.",
        .examples = {"limpet advisor run --port auto --fast",
                     "limpet advisor run --case TLS,MQTT_Connect --device-command ./my-device",
                     "limpet advisor run --suite qualification --listen 0.0.0.0 --name desk.local "
                     "--endpoint-port 8883",
                     NULL},
        .notes =
            "A device command finds where to go in LIMPET_ADVISOR_HOST, _PORT, _CA, _CERT, _KEY,\n"
            "_THING, _CASE and _PERSISTENT. Parameters have AWS's names; advisor list shows them.\n"
            "With neither --port nor --device-command the device is yours to start.\n"
            "Exit code 0: every case passed, with warnings or without.",
        .exit_codes = exits,
        .max_args = -1,
    };
    advisor_options_t *o = &s->o;
    o->suite = "all";
    const lp_opt_t opts[] = {
        {"case", LP_OPT_STR, &o->cases, "LIST", "cases or groups, with commas (TLS,MQTT_Publish)"},
        {"suite", LP_OPT_STR, &o->suite, "NAME", "qualification, or all but the long one (all)"},
        {"port", LP_OPT_STR, &o->port, "PORT", "a Limpet board to test: auto, a device, an id"},
        {"device-command", LP_OPT_STR, &o->command, "CMD", "starts the device, for each case anew"},
        {"thing", LP_OPT_STR, &o->thing, "NAME", "the thing of shadow and jobs (the client id)"},
        {"fast", LP_OPT_BOOL, &o->is_fast, NULL,
         "short waits; the board is told, else it is yours"},
        {"timeout", LP_OPT_INT, &o->timeout_s, "S", "EXECUTION_TIMEOUT of every case"},
        {"policy", LP_OPT_STR, &o->policy, "FILES", "policy documents of the device's certificate"},
        {"junit", LP_OPT_STR, &o->junit, "FILE", "a report as JUnit XML, for CI"},
        {"stop", LP_OPT_BOOL, &o->is_stopping_at_failure, NULL, "stop at the first failure"},
        {"listen", LP_OPT_STR, &o->listen, "ADDRESS", "where the endpoint listens (127.0.0.1)"},
        {"endpoint-port", LP_OPT_INT, &o->endpoint_port, "N", "its port (any free one)"},
        {"name", LP_OPT_STR, &o->name, "HOST", "how the device calls it (localhost)"},
        {"dir", LP_OPT_STR, &o->dir, "FOLDER", "keeps the CA that the device must trust"},
    };
    int n_args = 0;
    int rc = lp_opt_parse(&help, opts, sizeof opts / sizeof opts[0], argc, argv, &n_args);
    if (rc == LP_OPT_GO_ON && o->port != NULL && o->command != NULL) {
        rc = lp_ui_fail(LP_EXIT_USAGE, "usage", "--port and --device-command are two devices", NULL,
                        "name one of them");
    }
    if (rc == LP_OPT_GO_ON && (o->endpoint_port < 0 || o->endpoint_port > 65535)) {
        rc = lp_ui_fail(LP_EXIT_USAGE, "usage", "--endpoint-port is 1 to 65535", NULL, NULL);
    }
    if (rc == LP_OPT_GO_ON) {
        rc = advisor_params_take(&s->params, n_args, argv + 1);
    }
    return rc;
}

int advisor_cmd_run(int argc, char **argv)
{
    session_t *s = calloc(1, sizeof *s);
    if (s == NULL) {
        return lp_ui_fail(LP_EXIT_LOCAL, "no-memory", "out of memory", NULL, NULL);
    }
    int rc = parse(s, argc, argv);
    if (rc == LP_OPT_GO_ON) {
        rc = advisor_params_policies(&s->params, s->o.policy);
    }
    if (rc == LP_OPT_GO_ON) {
        rc = advisor_pick(&s->o, s->picked, &s->count);
    }
    if (rc == LP_OPT_GO_ON) {
        leave_out_policies(s);
        rc = take_dir(s);
    }
    if (rc == LP_OPT_GO_ON) {
        rc = open_endpoint(s);
    }
    if (rc == LP_OPT_GO_ON) {
        rc = run(s);
    }
    for (size_t i = 0; i < s->played; i++) {
        advisor_report_free(&s->reports[i]);
    }
    advisor_params_free(&s->params);
    lp_advisor_endpoint_close(s->ep);
    free(s);
    return rc;
}
