// SPDX-License-Identifier: Apache-2.0
// limpet aws-iot-revoke: takes a device's access away, and gives it back.
#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "limpet/cmd.h"
#include "limpet/iot.h"
#include "limpet/opt.h"

typedef struct {
    lp_aws_flags_t aws;
    const char *cert_id; // this one, or
    const char *thing;   // all that are attached to this thing
    bool is_undo;
    bool is_for_ever;
    bool is_yes;
} options_t;

static const char *wanted_status(const options_t *o)
{
    return o->is_for_ever ? "REVOKED" : o->is_undo ? "ACTIVE" : "INACTIVE";
}

// One certificate; nothing is sent when it is in that state already.
static lp_exit_t set_one(const lp_aws_config_t *aws, const char *id, const char *status,
                         lp_fault_t *f)
{
    lp_iot_cert_t cert;
    lp_aws_result_t rc = lp_iot_cert_get(aws, id, &cert, f);
    if (rc == LP_AWS_NOT_FOUND) {
        lp_fault_set(f, LP_EXIT_CLOUD, "aws-no-certificate", "there is no certificate %s", id);
        lp_fault_next(f, "check the account, the region and the number");
        return f->exit;
    }
    bool is_change = rc == LP_AWS_OK && strcmp(cert.status, status) != 0;
    if (is_change) {
        rc = lp_iot_cert_set_status(aws, id, status, f);
    }
    if (rc != LP_AWS_OK) {
        return f->exit;
    }
    cJSON *fields = cJSON_CreateObject();
    cJSON_AddStringToObject(fields, "cert_id", id);
    cJSON_AddStringToObject(fields, "status", status);
    cJSON_AddBoolToObject(fields, "is_changed", is_change);
    lp_ui_event("certificate", fields);
    lp_ui_out("%s  %s%s", id, status, is_change ? "" : " already");
    return LP_EXIT_OK;
}

static lp_exit_t set_of_thing(const lp_aws_config_t *aws, const options_t *o, lp_fault_t *f)
{
    char(*ids)[LP_IOT_ID_LEN + 1] = calloc(LP_IOT_MAX_LISTED, sizeof *ids);
    size_t n = 0;
    lp_exit_t exit = LP_EXIT_OK;
    if (ids == NULL) {
        return lp_fault_set(f, LP_EXIT_LOCAL, "no-memory", "out of memory");
    }
    lp_aws_result_t rc = lp_iot_thing_certs(aws, o->thing, ids, &n, f);
    if (rc == LP_AWS_NOT_FOUND || (rc == LP_AWS_OK && n == 0)) {
        lp_fault_set(f, LP_EXIT_CLOUD, "aws-no-certificate", "thing %s has no certificate",
                     o->thing);
        lp_fault_next(f, "check the account, the region and the name");
        exit = f->exit;
    } else if (rc != LP_AWS_OK) {
        exit = f->exit;
    }
    for (size_t i = 0; i < n && exit == LP_EXIT_OK; i++) {
        exit = set_one(aws, ids[i], wanted_status(o), f);
    }
    free(ids);
    return exit;
}

static int run(const options_t *o)
{
    lp_fault_t fault = {.exit = LP_EXIT_OK};
    lp_aws_config_t aws;
    if (o->is_for_ever) {
        lp_exit_t consent = lp_ui_ask("REVOKED cannot be undone. Go ahead?", o->is_yes);
        if (consent != LP_EXIT_OK) {
            return (int)consent;
        }
    }
    lp_exit_t rc = lp_aws_config_load(&o->aws, &aws, &fault);
    if (rc == LP_EXIT_OK) {
        rc = o->thing != NULL ? set_of_thing(&aws, o, &fault)
                              : set_one(&aws, o->cert_id, wanted_status(o), &fault);
    }
    lp_aws_config_deinit(&aws);
    return rc == LP_EXIT_OK ? LP_EXIT_OK : lp_fault_print(&fault);
}

static const char *bad_usage(const options_t *o)
{
    if ((o->thing == NULL) == (o->cert_id == NULL)) {
        return "name a thing, or a certificate with --certificate";
    }
    if (o->is_undo && o->is_for_ever) {
        return "--undo and --for-ever contradict each other";
    }
    if (o->thing != NULL && !lp_iot_is_thing_name(o->thing)) {
        return "a thing's name is 1 to 128 letters, digits, ':', '_' and '-'";
    }
    if (o->cert_id != NULL && !lp_iot_is_cert_id(o->cert_id)) {
        return "a certificate's number is 64 hex digits";
    }
    return NULL;
}

int lp_cmd_aws_iot_revoke(int argc, char **argv)
{
    static const int exits[] = {LP_EXIT_CLOUD,    LP_EXIT_CREDENTIALS, LP_EXIT_NETWORK,
                                LP_EXIT_DECLINED, LP_EXIT_LOCAL,       0};
    static const lp_help_t help = {
        .name = "aws-iot-revoke",
        .args = "[THING]",
        .summary = "Takes a device's access to AWS IoT away: its certificates become INACTIVE.",
        .examples = {"limpet aws-iot-revoke lp-4f21c0", "limpet aws-iot-revoke lp-4f21c0 --undo",
                     NULL},
        .notes = "The live connection ends within seconds and the next one is refused.",
        .exit_codes = exits,
        .max_args = 1,
    };
    options_t o = {.thing = NULL};
    const lp_opt_t opts[] = {
        {"certificate", LP_OPT_STR, &o.cert_id, "ID", "this certificate, instead of a thing's"},
        {"undo", LP_OPT_BOOL, &o.is_undo, NULL, "give the access back: ACTIVE"},
        {"for-ever", LP_OPT_BOOL, &o.is_for_ever, NULL, "REVOKED, which cannot be undone"},
        {"yes", LP_OPT_BOOL, &o.is_yes, NULL, "do not ask"},
        {"aws-region", LP_OPT_STR, &o.aws.region, "REGION", "region (AWS_REGION, profile)"},
        {"aws-profile", LP_OPT_STR, &o.aws.profile, "NAME", "profile (AWS_PROFILE, default)"},
        {"endpoint-url", LP_OPT_STR, &o.aws.endpoint_url, "URL", "another cloud than AWS"},
        {"ca-bundle", LP_OPT_STR, &o.aws.ca_bundle, "FILE", "CA of that cloud (AWS_CA_BUNDLE)"},
    };
    int n_args = 0;
    int rc = lp_opt_parse(&help, opts, sizeof opts / sizeof opts[0], argc, argv, &n_args);
    if (rc != LP_OPT_GO_ON) {
        return rc;
    }
    o.thing = n_args > 0 ? argv[1] : NULL;
    const char *wrong = bad_usage(&o);
    return wrong == NULL
               ? run(&o)
               : lp_ui_fail(LP_EXIT_USAGE, "usage", wrong, NULL, "limpet aws-iot-revoke --help");
}
