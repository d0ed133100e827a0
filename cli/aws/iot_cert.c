// SPDX-License-Identifier: Apache-2.0
// Certificates.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "iot_private.h"

enum { PAGE = 50, MAX_PAGES = 20 };

// Both answers have the same three members; only DescribeCertificate has the rest.
static bool take_cert(const cJSON *tree, lp_iot_cert_t *cert)
{
    const cJSON *created = cJSON_GetObjectItemCaseSensitive(tree, "creationDate");
    cert->created_s = cJSON_IsNumber(created) ? created->valuedouble : 0.0;
    snprintf(cert->status, sizeof cert->status, "ACTIVE");
    (void)iot_take(tree, "status", cert->status, sizeof cert->status);
    return iot_take(tree, "certificateId", cert->id, sizeof cert->id) &&
           lp_iot_is_cert_id(cert->id) &&
           iot_take(tree, "certificateArn", cert->arn, sizeof cert->arn) &&
           strncmp(cert->arn, "arn:", 4) == 0 &&
           iot_take(tree, "certificatePem", cert->pem, sizeof cert->pem);
}

lp_aws_result_t lp_iot_cert_get(const lp_aws_config_t *c, const char *id, lp_iot_cert_t *cert,
                                lp_fault_t *f)
{
    char path[IOT_PATH];
    if (!lp_iot_is_cert_id(id) || !iot_path(path, "/certificates/", id, "")) {
        return iot_fail_name("DescribeCertificate", id, f);
    }
    lp_aws_request_t r = iot_request(c, "DescribeCertificate", "GET", path);
    cJSON *answer = NULL;
    lp_aws_result_t rc = lp_aws_call(c, &r, &answer, f);
    lp_iot_cert_t got = {.id = ""};
    if (rc == LP_AWS_OK &&
        (!take_cert(cJSON_GetObjectItemCaseSensitive(answer, "certificateDescription"), &got) ||
         strcmp(got.id, id) != 0)) {
        rc = iot_fail_answer(r.action, "certificateDescription", f);
    }
    if (rc == LP_AWS_OK) {
        *cert = got;
    }
    cJSON_Delete(answer);
    return rc;
}

lp_aws_result_t lp_iot_cert_create(const lp_aws_config_t *c, const char *csr_pem,
                                   lp_iot_cert_t *cert, lp_fault_t *f)
{
    cJSON *body = cJSON_CreateObject();
    cJSON_AddStringToObject(body, "certificateSigningRequest", csr_pem);
    char *text = cJSON_PrintUnformatted(body);
    cJSON_Delete(body);
    lp_aws_request_t r = iot_request(c, "CreateCertificateFromCsr", "POST", "/certificates");
    r.query = "setAsActive=true";
    r.body = text;
    r.is_once = true;
    cJSON *answer = NULL;
    lp_aws_result_t rc = lp_aws_call(c, &r, &answer, f);
    cJSON_free(text);
    lp_iot_cert_t got = {.id = ""};
    if (rc == LP_AWS_OK && !take_cert(answer, &got)) {
        (void)iot_fail_answer(r.action, "certificateId", f);
        rc = LP_AWS_UNKNOWN;
    }
    if (rc == LP_AWS_OK) {
        *cert = got;
    }
    cJSON_Delete(answer);
    return rc;
}

lp_aws_result_t lp_iot_cert_register(const lp_aws_config_t *c, const char *pem, const char *id,
                                     lp_iot_cert_t *cert, lp_fault_t *f)
{
    cJSON *body = cJSON_CreateObject();
    cJSON_AddStringToObject(body, "certificatePem", pem);
    cJSON_AddStringToObject(body, "status", "ACTIVE");
    char *text = cJSON_PrintUnformatted(body);
    cJSON_Delete(body);
    lp_aws_result_t rc = iot_simple(c, "RegisterCertificateWithoutCA", "POST",
                                    "/certificate/register-no-ca", "", text, NULL, f);
    cJSON_free(text);
    // A repeated call finds what the first one did.
    bool is_there = rc == LP_AWS_OK || rc == LP_AWS_CONFLICT;
    return is_there ? lp_iot_cert_get(c, id, cert, f) : rc;
}

lp_aws_result_t lp_iot_cert_set_status(const lp_aws_config_t *c, const char *id, const char *status,
                                       lp_fault_t *f)
{
    char path[IOT_PATH];
    char query[64];
    if (!lp_iot_is_cert_id(id) || !iot_path(path, "/certificates/", id, "")) {
        return iot_fail_name("UpdateCertificate", id, f);
    }
    snprintf(query, sizeof query, "newStatus=%s", status);
    return iot_simple(c, "UpdateCertificate", "PUT", path, query, NULL, NULL, f);
}

lp_aws_result_t lp_iot_cert_delete(const lp_aws_config_t *c, const char *id, lp_fault_t *f)
{
    char path[IOT_PATH];
    if (!lp_iot_is_cert_id(id) || !iot_path(path, "/certificates/", id, "")) {
        return iot_fail_name("DeleteCertificate", id, f);
    }
    return iot_simple(c, "DeleteCertificate", "DELETE", path, "", NULL, NULL, f);
}

typedef struct {
    char (*ids)[LP_IOT_ID_LEN + 1];
    size_t n;
} id_list_t;

static bool add_id(id_list_t *list, const char *id)
{
    if (list->n >= LP_IOT_MAX_LISTED || !lp_iot_is_cert_id(id)) {
        return false;
    }
    memcpy(list->ids[list->n++], id, LP_IOT_ID_LEN + 1);
    return true;
}

// False: older ones follow, or the list is full.
static bool take_page_of_certs(const cJSON *answer, double since_s, id_list_t *list)
{
    const cJSON *item = NULL;
    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(answer, "certificates"))
    {
        const cJSON *id = cJSON_GetObjectItemCaseSensitive(item, "certificateId");
        const cJSON *created = cJSON_GetObjectItemCaseSensitive(item, "creationDate");
        if (cJSON_IsNumber(created) && created->valuedouble < since_s) {
            return false;
        }
        if (cJSON_IsString(id) && !add_id(list, id->valuestring)) {
            return false;
        }
    }
    return true;
}

lp_aws_result_t lp_iot_cert_list(const lp_aws_config_t *c, double since_s,
                                 char ids[LP_IOT_MAX_LISTED][LP_IOT_ID_LEN + 1], size_t *n,
                                 lp_fault_t *f)
{
    id_list_t list = {.ids = ids};
    char marker[700] = "";
    for (int page = 0; page < MAX_PAGES; page++) {
        char query[1024];
        snprintf(query, sizeof query, "isAscendingOrder=false%s%s&pageSize=%d",
                 marker[0] != '\0' ? "&marker=" : "", marker, PAGE);
        lp_aws_request_t r = iot_request(c, "ListCertificates", "GET", "/certificates");
        r.query = query;
        cJSON *answer = NULL;
        lp_aws_result_t rc = lp_aws_call(c, &r, &answer, f);
        if (rc != LP_AWS_OK) {
            return rc;
        }
        if (!iot_has_array(answer, "certificates")) {
            cJSON_Delete(answer);
            return iot_fail_answer(r.action, "certificates", f);
        }
        const cJSON *next = cJSON_GetObjectItemCaseSensitive(answer, "nextMarker");
        bool is_more = take_page_of_certs(answer, since_s, &list) && cJSON_IsString(next) &&
                       lp_aws_encode(marker, sizeof marker, next->valuestring) && marker[0] != '\0';
        cJSON_Delete(answer);
        if (!is_more) {
            break;
        }
    }
    *n = list.n;
    return LP_AWS_OK;
}
