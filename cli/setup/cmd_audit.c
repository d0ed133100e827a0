// SPDX-License-Identifier: Apache-2.0
// limpet aws-iot-audit: what in an account nobody needs, or what lets too much in.
#include <cjson/cJSON.h>

#include "audit.h"
#include "limpet/cmd.h"
#include "limpet/opt.h"

static int run(const lp_aws_flags_t *flags, lp_audit_t *audit)
{
    lp_fault_t fault = {.exit = LP_EXIT_OK};
    lp_aws_config_t aws;
    lp_interrupt_catch();
    lp_exit_t rc = lp_aws_config_load(flags, &aws, &fault);
    rc = rc == LP_EXIT_OK ? lp_audit_run(&aws, audit, &fault) : rc;
    lp_aws_config_deinit(&aws);
    if (rc != LP_EXIT_OK) {
        return lp_fault_print(&fault);
    }
    cJSON *e = cJSON_CreateObject();
    cJSON_AddNumberToObject(e, "certificates", (double)audit->n_certs);
    cJSON_AddNumberToObject(e, "active", (double)audit->n_active);
    cJSON_AddNumberToObject(e, "policies", (double)audit->n_policies);
    cJSON_AddNumberToObject(e, "findings", (double)audit->n_findings);
    lp_ui_event("done", e);
    lp_ui_info("%zu certificates (%zu ACTIVE), %zu policies: %zu findings", audit->n_certs,
               audit->n_active, audit->n_policies, audit->n_findings);
    return audit->n_findings > 0 ? LP_EXIT_FAILED : LP_EXIT_OK;
}

int lp_cmd_aws_iot_audit(int argc, char **argv)
{
    static const int exits[] = {LP_EXIT_FAILED,  LP_EXIT_CLOUD,       LP_EXIT_CREDENTIALS,
                                LP_EXIT_NETWORK, LP_EXIT_INTERRUPTED, 0};
    static const lp_help_t help = {
        .name = "aws-iot-audit",
        .args = "",
        .summary = "Finds certificates that nobody uses or that end soon, things with several, and "
                   "policies that allow too much.",
        .examples = {"limpet aws-iot-audit", "limpet aws-iot-audit --days 90 --json", NULL},
        .notes = "Changes nothing. Exit code 1: there are findings.",
        .exit_codes = exits,
    };
    lp_aws_flags_t aws = {.profile = NULL};
    lp_audit_t audit = {.days = 30};
    const lp_opt_t opts[] = {
        {"days", LP_OPT_INT, &audit.days, "N", "say which certificates end within N days (30)"},
        {"aws-region", LP_OPT_STR, &aws.region, "REGION", "region (AWS_REGION, profile)"},
        {"aws-profile", LP_OPT_STR, &aws.profile, "NAME", "profile (AWS_PROFILE, default)"},
        {"endpoint-url", LP_OPT_STR, &aws.endpoint_url, "URL", "another cloud than AWS"},
        {"ca-bundle", LP_OPT_STR, &aws.ca_bundle, "FILE", "CA of that cloud (AWS_CA_BUNDLE)"},
        {"insecure-plain-http", LP_OPT_BOOL, &aws.is_plain_http_allowed, NULL,
         "allow http:// to another machine"},
    };
    int n_args = 0;
    int rc = lp_opt_parse(&help, opts, sizeof opts / sizeof opts[0], argc, argv, &n_args);
    if (rc != LP_OPT_GO_ON) {
        return rc;
    }
    if (audit.days < 0 || audit.days > 36500) {
        return lp_ui_fail(LP_EXIT_USAGE, "usage", "--days is between 0 and 36500", NULL, NULL);
    }
    return run(&aws, &audit);
}
