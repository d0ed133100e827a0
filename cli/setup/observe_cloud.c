// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "json_take.h"
#include "observe.h"
#include "policy_check.h"
#include "policy_file.h"

static lp_cert_state_t state_of(const char *status)
{
    static const struct {
        const char *status;
        lp_cert_state_t state;
    } states[] = {
        {"ACTIVE", LP_CERT_ACTIVE},
        {"INACTIVE", LP_CERT_INACTIVE},
        {"REGISTER_INACTIVE", LP_CERT_INACTIVE},
        {"REVOKED", LP_CERT_REVOKED},
    };
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        if (strcmp(states[i].status, status) == 0) {
            return states[i].state;
        }
    }
    return LP_CERT_OTHER;
}

// Gets a certificate and tells whether it is for our key. A missing one is no error.
static lp_exit_t look_at(const lp_aws_config_t *aws, const char *id, const char *public_key,
                         lp_iot_cert_t *cert, bool *is_ours, lp_fault_t *f)
{
    *is_ours = false;
    lp_iot_cert_t got;
    lp_aws_result_t rc = lp_iot_cert_get(aws, id, &got, f);
    if (rc == LP_AWS_NOT_FOUND) {
        return LP_EXIT_OK;
    }
    if (rc != LP_AWS_OK) {
        return f->exit;
    }
    lp_check_t check;
    char why[80];
    if (public_key[0] != '\0' && lp_check_cert(got.pem, &check, why, sizeof why) &&
        strcmp(check.id, id) == 0 && strcmp(check.public_key, public_key) == 0) {
        *cert = got;
        *is_ours = true;
    }
    return LP_EXIT_OK;
}

lp_exit_t lp_observe_find_cert(const lp_aws_config_t *aws, const char *public_key, double since_s,
                               lp_iot_cert_t *cert, bool *is_found,
                               char extras[LP_IOT_MAX_LISTED][LP_IOT_ID_LEN + 1], size_t *n_extras,
                               lp_fault_t *f)
{
    char(*ids)[LP_IOT_ID_LEN + 1] = calloc(LP_IOT_MAX_LISTED, sizeof *ids);
    size_t n = 0;
    lp_exit_t rc = LP_EXIT_OK;
    *is_found = false;
    if (ids == NULL) {
        return lp_fault_set(f, LP_EXIT_LOCAL, "no-memory", "out of memory");
    }
    if (lp_iot_cert_list(aws, since_s, ids, &n, f) != LP_AWS_OK) {
        rc = f->exit;
    }
    for (size_t i = 0; i < n && rc == LP_EXIT_OK; i++) {
        bool is_ours = false;
        lp_iot_cert_t got;
        rc = look_at(aws, ids[i], public_key, &got, &is_ours, f);
        // One that was revoked or switched off was not made by a call a moment ago.
        is_ours = is_ours && state_of(got.status) == LP_CERT_ACTIVE;
        if (is_ours && !*is_found) {
            *cert = got;
            *is_found = true;
        } else if (is_ours && extras != NULL) {
            memcpy(extras[(*n_extras)++], ids[i], LP_IOT_ID_LEN + 1);
        }
    }
    free(ids);
    return rc;
}

static void take_cert(lp_setup_cloud_t *cloud, const lp_iot_cert_t *cert)
{
    lp_cert_state_t state = state_of(cert->status);
    // Of several certificates for the key, one that works is better than one that does not.
    if (cloud->cert_state == LP_CERT_NONE ||
        (cloud->cert_state != LP_CERT_ACTIVE && state == LP_CERT_ACTIVE)) {
        cloud->cert = *cert;
        cloud->cert_state = state;
    }
}

static lp_exit_t consider(const lp_aws_config_t *aws, const char *id, lp_setup_state_t *s,
                          lp_fault_t *f)
{
    lp_iot_cert_t cert;
    bool is_ours = false;
    if (!lp_iot_is_cert_id(id) || s->cloud.cert_state == LP_CERT_ACTIVE) {
        return LP_EXIT_OK;
    }
    lp_exit_t rc = look_at(aws, id, s->board.identity.public_key, &cert, &is_ours, f);
    if (is_ours) {
        take_cert(&s->cloud, &cert);
    }
    return rc;
}

// The certificates of the thing: one may be ours, the others are counted.
static lp_exit_t consider_thing(const lp_aws_config_t *aws, lp_setup_state_t *s,
                                char (*ids)[LP_IOT_ID_LEN + 1], size_t n, lp_fault_t *f)
{
    lp_exit_t rc = LP_EXIT_OK;
    for (size_t i = 0; i < n && rc == LP_EXIT_OK; i++) {
        rc = consider(aws, ids[i], s, f);
    }
    for (size_t i = 0; i < n; i++) {
        bool is_ours = strcmp(ids[i], s->cloud.cert.id) == 0;
        s->cloud.is_thing_attached = s->cloud.is_thing_attached || is_ours;
        s->cloud.n_other_certs += is_ours ? 0u : 1u;
    }
    return rc;
}

static lp_exit_t observe_thing(const lp_aws_config_t *aws, lp_setup_state_t *s, lp_fault_t *f)
{
    lp_aws_result_t rc = lp_iot_thing_get(aws, s->wish.thing, f);
    if (rc == LP_AWS_NOT_FOUND) {
        return LP_EXIT_OK;
    }
    if (rc != LP_AWS_OK) {
        return f->exit;
    }
    s->cloud.has_thing = true;
    char(*ids)[LP_IOT_ID_LEN + 1] = calloc(LP_IOT_MAX_LISTED, sizeof *ids);
    size_t n = 0;
    if (ids == NULL) {
        return lp_fault_set(f, LP_EXIT_LOCAL, "no-memory", "out of memory");
    }
    lp_exit_t status = LP_EXIT_OK;
    if (lp_iot_thing_certs(aws, s->wish.thing, ids, &n, f) != LP_AWS_OK) {
        status = f->exit;
    } else {
        status = consider_thing(aws, s, ids, n, f);
    }
    free(ids);
    return status;
}

// Certificates of the key, where they may be: named by the board, by the journal, attached to the
// thing, or made by a run whose answer was lost.
static lp_exit_t observe_certs(const lp_aws_config_t *aws, const lp_journal_t *journal,
                               lp_setup_state_t *s, lp_fault_t *f)
{
    const char *key = s->board.identity.public_key;
    lp_exit_t rc = consider(aws, s->board.identity.cert_id, s, f);
    if (rc == LP_EXIT_OK) {
        rc = consider(aws, journal->cert_id, s, f);
    }
    if (rc == LP_EXIT_OK) {
        rc = observe_thing(aws, s, f);
    }
    bool is_lost = journal->is_cert_asked && journal->cert_id[0] == '\0' &&
                   strcmp(journal->public_key, key) == 0 && s->cloud.cert_state == LP_CERT_NONE;
    if (rc == LP_EXIT_OK && is_lost) {
        bool is_found = false;
        lp_iot_cert_t cert;
        enum { CLOCK_SLACK_S = 900 };
        rc = lp_observe_find_cert(aws, key, journal->asked_utc_s - CLOCK_SLACK_S, &cert, &is_found,
                                  NULL, NULL, f);
        if (is_found) {
            take_cert(&s->cloud, &cert);
        }
    }
    return rc;
}

static lp_exit_t observe_versions(const lp_aws_config_t *aws, lp_setup_state_t *s, lp_fault_t *f)
{
    return lp_iot_policy_versions(aws, s->wish.policy, &s->cloud.n_policy_versions,
                                  s->cloud.oldest_version, sizeof s->cloud.oldest_version,
                                  f) == LP_AWS_OK
               ? LP_EXIT_OK
               : f->exit;
}

// Compares with what is wished for. Takes over `document`, which is what the cloud has.
static lp_exit_t compare_policy(const lp_aws_config_t *aws, char *document, const char *arn,
                                lp_setup_state_t *s, lp_fault_t *f)
{
    const char *own = s->wish.policy_document;
    char *ours = own == NULL ? lp_setup_policy_document(arn) : NULL;
    bool is_same = lp_policy_is_same(document, own != NULL ? own : ours);
    s->cloud.policy = is_same ? LP_POLICY_SAME : LP_POLICY_OTHER;
    (void)lp_policy_find_wildcard(own != NULL ? own : document, s->cloud.policy_wildcard,
                                  sizeof s->cloud.policy_wildcard);
    cJSON_free(ours);
    if (own == NULL || is_same) {
        free(document);
        return LP_EXIT_OK;
    }
    free(s->cloud.policy_text);
    s->cloud.policy_text = document;
    return observe_versions(aws, s, f);
}

static lp_exit_t observe_policy(const lp_aws_config_t *aws, lp_setup_state_t *s, lp_fault_t *f)
{
    char *document = NULL;
    char arn[256];
    lp_aws_result_t rc = lp_iot_policy_get(aws, s->wish.policy, &document, arn, sizeof arn, f);
    if (rc == LP_AWS_NOT_FOUND) {
        s->cloud.policy = LP_POLICY_MISSING;
        (void)(s->wish.policy_document != NULL &&
               lp_policy_find_wildcard(s->wish.policy_document, s->cloud.policy_wildcard,
                                       sizeof s->cloud.policy_wildcard));
        return LP_EXIT_OK;
    }
    if (rc != LP_AWS_OK || compare_policy(aws, document, arn, s, f) != LP_EXIT_OK) {
        return f->exit;
    }
    if (s->cloud.cert_state != LP_CERT_NONE &&
        lp_iot_policy_is_attached(aws, s->wish.policy, s->cloud.cert.arn,
                                  &s->cloud.is_policy_attached, f) != LP_AWS_OK) {
        return f->exit;
    }
    return LP_EXIT_OK;
}

// A proof in the cloud, from whichever computer, spares another one. Asking for it now also tells
// whether asking is permitted, before anything is made or locked.
static lp_exit_t observe_proof(const lp_aws_config_t *aws, lp_setup_state_t *s, lp_fault_t *f)
{
    char topic[256];
    char payload[1024];
    char cert_id[LP_IOT_ID_LEN + 1];
    snprintf(topic, sizeof topic, "limpet/%s/proof", s->wish.thing);
    lp_aws_result_t rc = lp_iot_retained(aws, topic, payload, sizeof payload, f);
    if (rc == LP_AWS_NOT_FOUND) {
        return LP_EXIT_OK;
    }
    if (rc != LP_AWS_OK) {
        return f->exit;
    }
    cJSON *tree = cJSON_Parse(payload);
    lp_take_string(tree, "cert_id", cert_id, sizeof cert_id);
    cJSON_Delete(tree);
    lp_lower(cert_id);
    s->cloud.is_proven = cert_id[0] != '\0' && strcmp(cert_id, s->cloud.cert.id) == 0;
    return LP_EXIT_OK;
}

// Nice to show, often not permitted: no error.
static void observe_account(const lp_aws_config_t *aws, lp_setup_cloud_t *cloud)
{
    lp_fault_t ignored;
    lp_aws_config_t once = *aws;
    once.max_tries = 1;
    if (lp_iot_account(&once, cloud->account, sizeof cloud->account, &ignored) != LP_AWS_OK) {
        cloud->account[0] = '\0';
        lp_ui_detail("the account number is not known: %s", ignored.what);
    }
}

static lp_exit_t observe_endpoint(lp_aws_config_t *aws, lp_setup_cloud_t *cloud, lp_fault_t *f)
{
    if (lp_iot_endpoint(aws, cloud->server, sizeof cloud->server, f) != LP_AWS_OK) {
        return f->exit;
    }
    size_t n = strcspn(cloud->server, ":");
    if (!aws->is_custom) {
        snprintf(aws->data_url, sizeof aws->data_url, "https://%.*s", (int)n, cloud->server);
    }
    if (cloud->server[n] == '\0') {
        snprintf(cloud->server + n, sizeof cloud->server - n, ":8883");
    }
    return LP_EXIT_OK;
}

lp_exit_t lp_observe_cloud(lp_aws_config_t *aws, const lp_journal_t *journal, lp_setup_state_t *s,
                           lp_fault_t *f)
{
    s->cloud = (lp_setup_cloud_t){.cert_state = LP_CERT_NONE};
    if (observe_endpoint(aws, &s->cloud, f) != LP_EXIT_OK) {
        return f->exit;
    }
    observe_account(aws, &s->cloud);
    bool has_key = s->board.identity.exists && s->board.identity.public_key[0] != '\0';
    lp_exit_t rc = has_key ? observe_certs(aws, journal, s, f) : observe_thing(aws, s, f);
    if (rc == LP_EXIT_OK) {
        rc = observe_policy(aws, s, f);
    }
    return rc == LP_EXIT_OK ? observe_proof(aws, s, f) : rc;
}
