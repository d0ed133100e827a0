// SPDX-License-Identifier: Apache-2.0
// The end of a certificate. It is switched off first, so that whatever fails later, nobody gets in
// with it any more.
#include <string.h>

#include "limpet/iot_list.h"
#include "rotate.h"

enum { DELETE_TRIES = 6, DELETE_WAIT_MS = 500 };

// Gone already is as good as gone now.
static bool is_gone(lp_aws_result_t rc)
{
    return rc == LP_AWS_OK || rc == LP_AWS_NOT_FOUND;
}

static bool detach_policies(const lp_aws_config_t *aws, const char *arn, lp_fault_t *f)
{
    lp_iot_names_t names;
    lp_aws_result_t rc = lp_iot_cert_policies(aws, arn, &names, f);
    bool is_done = is_gone(rc);
    for (size_t i = 0; rc == LP_AWS_OK && i < names.n && is_done; i++) {
        is_done = is_gone(lp_iot_policy_detach(aws, names.names[i], arn, f));
    }
    return is_done;
}

static bool detach_things(const lp_aws_config_t *aws, const char *arn, lp_fault_t *f)
{
    lp_iot_names_t names;
    lp_aws_result_t rc = lp_iot_cert_things(aws, arn, &names, f);
    bool is_done = is_gone(rc);
    for (size_t i = 0; rc == LP_AWS_OK && i < names.n && is_done; i++) {
        is_done = is_gone(lp_iot_thing_detach(aws, names.names[i], arn, f));
    }
    return is_done;
}

// AWS takes a while to believe that a thing was detached; until then it says that there is a
// conflict.
static bool delete_it(const lp_aws_config_t *aws, const char *id, lp_fault_t *f)
{
    lp_aws_result_t rc = LP_AWS_CONFLICT;
    for (int i = 0; i < DELETE_TRIES && rc == LP_AWS_CONFLICT && !lp_interrupt_seen(); i++) {
        if (i > 0) {
            lp_ui_pause(DELETE_WAIT_MS);
        }
        rc = lp_iot_cert_delete(aws, id, f);
    }
    return is_gone(rc);
}

lp_exit_t lp_act_retire(const lp_aws_config_t *aws, const char *cert_id, lp_fault_t *f)
{
    lp_iot_cert_t cert;
    lp_aws_result_t rc = lp_iot_cert_get(aws, cert_id, &cert, f);
    if (rc == LP_AWS_NOT_FOUND) {
        return LP_EXIT_OK;
    }
    if (rc != LP_AWS_OK) {
        return f->exit;
    }
    // What is REVOKED stays so: INACTIVE would be less.
    bool is_off = strcmp(cert.status, "ACTIVE") != 0;
    bool is_done = is_off || is_gone(lp_iot_cert_set_status(aws, cert_id, "INACTIVE", f));
    is_done = is_done && detach_policies(aws, cert.arn, f) && detach_things(aws, cert.arn, f) &&
              delete_it(aws, cert_id, f);
    return is_done ? LP_EXIT_OK : f->exit;
}
