// SPDX-License-Identifier: Apache-2.0
// limpet aws-iot-audit: tells what was left behind in an account and region. Changes nothing.
#include <cjson/cJSON.h>

#include "audit.h"
#include "aws_opts.h"
#include "limpet/cmd.h"
#include "limpet/opt.h"

enum { MAX_DAYS = 36500 };

typedef struct {
    lp_aws_flags_t aws;
    long days;
    long limit;
} options_t;

static void say_kind(const lp_audit_t *a, lp_finding_kind_t kind)
{
    char clean[300];
    size_t n = 0;
    for (size_t i = 0; i < a->n_findings; i++) {
        n += a->findings[i].kind == kind ? 1 : 0;
    }
    if (n == 0) {
        return;
    }
    lp_ui_out("%s (%zu)", lp_finding_title(kind), n);
    for (size_t i = 0; i < a->n_findings; i++) {
        if (a->findings[i].kind == kind) {
            // What a policy says may hold anything, a terminal's control characters too.
            lp_ui_clean(clean, sizeof clean, a->findings[i].detail);
            lp_ui_out("  %s: %s %s: %s", lp_finding_code(kind), lp_finding_of(kind),
                      a->findings[i].name, clean);
        }
    }
    lp_ui_out("  -> %s\n", lp_finding_next(kind));
}

static void say_findings(const lp_audit_t *a)
{
    for (int kind = 0; kind < LP_FINDING_COUNT; kind++) {
        say_kind(a, (lp_finding_kind_t)kind);
    }
    for (size_t i = 0; i < a->n_findings; i++) {
        const lp_finding_t *one = &a->findings[i];
        cJSON *fields = cJSON_CreateObject();
        cJSON_AddStringToObject(fields, "code", lp_finding_code(one->kind));
        cJSON_AddStringToObject(fields, lp_finding_of(one->kind), one->name);
        cJSON_AddStringToObject(fields, "text", one->detail);
        lp_ui_event("finding", fields);
    }
}

static void say_end(const lp_audit_t *a)
{
    lp_ui_info("%zu certificates (%zu ACTIVE), %zu policies: %zu findings%s", a->n_certs,
               a->n_active, a->n_policies, a->n_findings,
               a->is_cut ? "; --limit left out the rest" : "");
    cJSON *fields = cJSON_CreateObject();
    cJSON_AddNumberToObject(fields, "findings", (double)a->n_findings);
    cJSON_AddNumberToObject(fields, "certificates", (double)a->n_certs);
    cJSON_AddNumberToObject(fields, "active", (double)a->n_active);
    cJSON_AddNumberToObject(fields, "policies", (double)a->n_policies);
    cJSON_AddBoolToObject(fields, "is_complete", !a->is_cut);
    lp_ui_event("done", fields);
}

static int run(const options_t *o)
{
    lp_fault_t fault = {.exit = LP_EXIT_OK};
    lp_aws_config_t aws;
    lp_audit_t audit = {.n_findings = 0};
    const lp_audit_wish_t wish = {.days = o->days, .limit = o->limit, .now_s = lp_aws_now_s()};
    lp_interrupt_catch();
    lp_exit_t rc = lp_aws_config_load(&o->aws, &aws, &fault);
    if (rc == LP_EXIT_OK) {
        rc = lp_audit_collect(&aws, &wish, &audit, &fault);
        // After an hour's walk that broke off, what was found is not thrown away.
        lp_ui_step_abort();
        say_findings(&audit);
    }
    if (rc == LP_EXIT_OK) {
        say_end(&audit);
        rc = audit.n_findings > 0 ? LP_EXIT_FINDINGS : LP_EXIT_OK;
    }
    lp_audit_deinit(&audit);
    lp_aws_config_deinit(&aws);
    return fault.exit != LP_EXIT_OK ? lp_fault_print(&fault) : (int)rc;
}

static int check(const options_t *o)
{
    if (o->days < 0 || o->days > MAX_DAYS || o->limit < 0) {
        return lp_ui_fail(LP_EXIT_USAGE, "usage",
                          o->limit < 0 ? "--limit is a number of 0 or more"
                                       : "--days is a number from 0 to 36500",
                          NULL, "limpet aws-iot-audit --help");
    }
    return run(o);
}

int lp_cmd_aws_iot_audit(int argc, char **argv)
{
    static const int exits[] = {LP_EXIT_CLOUD,    LP_EXIT_CREDENTIALS, LP_EXIT_NETWORK,
                                LP_EXIT_FINDINGS, LP_EXIT_INTERRUPTED, 0};
    static const lp_help_t help = {
        .name = "aws-iot-audit",
        .args = "",
        .summary = "Finds certificates that nobody uses or that end soon, things with several, and "
                   "policies that allow too much.",
        .examples = {"limpet aws-iot-audit", "limpet aws-iot-audit --days 90",
                     "limpet aws-iot-audit --json | jq 'select(.event == \"finding\")'", NULL},
        .notes = "Changes nothing. Permissions: iot:ListCertificates, DescribeCertificate, "
                 "ListPrincipalThings,\n"
                 "ListAttachedPolicies, ListThingGroupsForThing, ListPolicies, GetPolicy.",
        .exit_codes = exits,
    };
    options_t o = {.days = 30};
    const lp_opt_t opts[] = {
        {"days", LP_OPT_INT, &o.days, "N", "certificates that expire within N days (30)"},
        {"limit", LP_OPT_INT, &o.limit, "N", "look at no more than N certificates and N policies"},
        LP_AWS_OPTS(o.aws),
    };
    int n_args = 0;
    int rc = lp_opt_parse(&help, opts, sizeof opts / sizeof opts[0], argc, argv, &n_args);
    return rc != LP_OPT_GO_ON ? rc : check(&o);
}
