// SPDX-License-Identifier: Apache-2.0
#include "jit.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "announce.h"
#include "limpet/fleet.h"

static int64_t now_ms(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_REALTIME, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

// With a template the certificate is a device from its next connection on, as AWS has it; what a
// template was refused for leaves the certificate waiting, and is said.
static void provision_just_in_time(const lp_jit_t *jit, const char *id, const char *ca_id,
                                   lp_decision_t *d)
{
    lp_reg_err_t rc = lp_fleet_just_in_time(jit->reg, jit->scope, id, ca_id);
    if (rc == LP_REG_OK) {
        snprintf(d->reason, sizeof d->reason,
                 "certificate %.8s was just provisioned by its CA: connect again", id);
    } else if (rc != LP_REG_NOT_FOUND) {
        snprintf(d->reason, sizeof d->reason,
                 "certificate %.8s could not be provisioned by its CA: %.300s", id,
                 lp_reg_error(jit->reg)->message);
    }
}

// A device whose provisioning failed gets another chance each time it comes, since its template may
// have been mended.
static void provision_again(const lp_jit_t *jit, const char *id, const cJSON *known,
                            lp_decision_t *d)
{
    const char *status = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(known, "status"));
    const char *ca =
        cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(known, "caCertificateId"));
    if (status != NULL && strcmp(status, "PENDING_ACTIVATION") == 0 && ca != NULL) {
        provision_just_in_time(jit, id, ca, d);
    }
}

void lp_jit_register(const lp_jit_t *jit, const lp_pass_t *pass, lp_decision_t *d)
{
    const char *id = pass->certificate_id;
    char ca_id[LP_REG_ID_SIZE];
    char topic[300];
    cJSON *known = NULL;
    if (lp_reg_cert_get(jit->reg, jit->scope, id, &known) != LP_REG_NOT_FOUND) {
        provision_again(jit, id, known, d);
        cJSON_Delete(known);
        return;
    }
    if (lp_reg_cert_auto_register(jit->reg, jit->scope, pass->pem, ca_id) == LP_REG_OK) {
        jit->announce(jit->arg, topic,
                      lp_announce_registered(id, ca_id, jit->scope->account, now_ms(), topic));
        snprintf(d->reason, sizeof d->reason,
                 "certificate %.8s was just registered by its CA and waits for its activation", id);
        provision_just_in_time(jit, id, ca_id, d);
    }
}
