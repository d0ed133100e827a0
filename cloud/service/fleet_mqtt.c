// SPDX-License-Identifier: Apache-2.0
// Fleet provisioning over MQTT: a claim asks for a certificate, then for what makes it a device.
// @source AWS IoT Core Developer Guide, "Device provisioning MQTT API".
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cbor_json.h"
#include "fleet.h"
#include "limpet/template.h"

#define CREATE    "$aws/certificates/create/"
#define FROM_CSR  "$aws/certificates/create-from-csr/"
#define TEMPLATES "$aws/provisioning-templates/"

enum { ANSWER_MAX = 128 * 1024 };

typedef enum { OP_CREATE, OP_FROM_CSR, OP_PROVISION } op_t;

typedef struct {
    op_t op;
    char template[LP_FLEET_TEMPLATE_NAME_MAX + 1];
    bool cbor;
} topic_t;

static const cJSON *get(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

static bool take_format(const char *p, topic_t *t)
{
    t->cbor = strcmp(p, "cbor") == 0;
    return t->cbor || strcmp(p, "json") == 0;
}

static bool take_template(const char *p, topic_t *t)
{
    size_t len = strcspn(p, "/");
    if (len == 0 || len >= sizeof t->template || strncmp(p + len, "/provision/", 11) != 0) {
        return false;
    }
    snprintf(t->template, sizeof t->template, "%.*s", (int)len, p);
    t->op = OP_PROVISION;
    return take_format(p + len + 11, t);
}

static bool read_topic(const char *topic, topic_t *t)
{
    *t = (topic_t){0};
    if (strncmp(topic, CREATE, sizeof CREATE - 1) == 0) {
        t->op = OP_CREATE;
        return take_format(topic + sizeof CREATE - 1, t);
    }
    if (strncmp(topic, FROM_CSR, sizeof FROM_CSR - 1) == 0) {
        t->op = OP_FROM_CSR;
        return take_format(topic + sizeof FROM_CSR - 1, t);
    }
    return strncmp(topic, TEMPLATES, sizeof TEMPLATES - 1) == 0 &&
           take_template(topic + sizeof TEMPLATES - 1, t);
}

bool lp_fleet_is_request(const char *topic)
{
    topic_t t;
    return read_topic(topic, &t);
}

// --- the three requests -------------------------------------------------------------------------

static lp_reg_err_t set_pending(const lp_service_request_t *q, const char *id)
{
    return lp_db_run(q->reg,
                     "UPDATE certificates SET status='PENDING_ACTIVATION' WHERE scope=?"
                     " AND id=?",
                     "it", q->scope->id, id);
}

static void move(cJSON *from, const char *name, cJSON *to, const char *as)
{
    cJSON *item = cJSON_DetachItemFromObjectCaseSensitive(from, name);
    if (item != NULL) {
        cJSON_AddItemToObject(to, as, item);
    }
}

static lp_reg_err_t certificate_in(const lp_service_request_t *q, cJSON *made, cJSON **doc)
{
    char token[65];
    const char *id = cJSON_GetStringValue(get(made, "certificateId"));
    lp_reg_err_t rc = set_pending(q, id);
    rc = rc == LP_REG_OK ? lp_fleet_token_make(q->reg, q->scope, id, q->certificate, token) : rc;
    if (rc == LP_REG_OK) {
        cJSON *out = cJSON_CreateObject();
        move(made, "certificateId", out, "certificateId");
        move(made, "certificatePem", out, "certificatePem");
        move(cJSON_GetObjectItemCaseSensitive(made, "keyPair"), "PrivateKey", out, "privateKey");
        cJSON_AddStringToObject(out, "certificateOwnershipToken", token);
        *doc = out;
    }
    return rc;
}

static lp_reg_err_t create(const lp_service_request_t *q, op_t op, const cJSON *request,
                           cJSON **doc)
{
    cJSON *made = NULL;
    lp_reg_err_t rc = lp_db_begin(q->reg);
    if (rc != LP_REG_OK) {
        return rc;
    }
    rc = op == OP_CREATE
             ? lp_reg_cert_with_keys(q->reg, q->scope, false, &made)
             : lp_reg_cert_from_csr(q->reg, q->scope,
                                    cJSON_GetStringValue(get(request, "certificateSigningRequest")),
                                    false, &made);
    rc = rc == LP_REG_OK ? certificate_in(q, made, doc) : rc;
    cJSON_Delete(made);
    return lp_db_end(q->reg, rc);
}

// Texts only; what the cloud itself knows of a certificate is not the device's to say.
static lp_reg_err_t read_parameters(const lp_service_request_t *q, const cJSON *request,
                                    cJSON **values)
{
    const cJSON *parameters = get(request, "parameters");
    const cJSON *p = NULL;
    if (parameters != NULL && !cJSON_IsObject(parameters) && !cJSON_IsNull(parameters)) {
        return lp_reg_fail(q->reg, LP_REG_INVALID, "parameters must be an object of texts");
    }
    *values = cJSON_CreateObject();
    cJSON_ArrayForEach(p, parameters)
    {
        if (!cJSON_IsString(p)) {
            return lp_reg_fail(q->reg, LP_REG_INVALID, "The parameter %.100s is not a text",
                               p->string);
        }
        if (strncmp(p->string, "AWS::", 5) != 0) {
            cJSON_AddStringToObject(*values, p->string, p->valuestring);
        }
    }
    return LP_REG_OK;
}

static lp_reg_err_t provision_in(const lp_service_request_t *q, const char *name,
                                 const cJSON *values, const char *token, cJSON **doc)
{
    char id[LP_REG_ID_SIZE];
    cJSON *template = NULL;
    lp_reg_err_t rc = lp_fleet_token_take(q->reg, q->scope, token, q->certificate, id);
    rc = rc == LP_REG_OK ? lp_fleet_load(q->reg, q->scope, name, "FLEET_PROVISIONING", &template)
                         : rc;
    if (rc == LP_REG_OK) {
        const lp_provision_t how = {.values = values, .certificate = id, .config = true};
        rc = lp_provision_run(q->reg, q->scope, template, &how, doc);
    }
    cJSON_Delete(template);
    return rc;
}

// A token that did not lead to a device is not used up: the device may try again with it.
static lp_reg_err_t provision(const lp_service_request_t *q, const char *name, const cJSON *request,
                              cJSON **doc)
{
    cJSON *values = NULL;
    const char *token = cJSON_GetStringValue(get(request, "certificateOwnershipToken"));
    if (token == NULL || token[0] == '\0') {
        return lp_reg_fail(q->reg, LP_REG_FORBIDDEN,
                           "Certificate ownership token cannot be empty.");
    }
    lp_reg_err_t rc = read_parameters(q, request, &values);
    rc = rc == LP_REG_OK ? lp_db_begin(q->reg) : rc;
    rc = rc == LP_REG_OK ? lp_db_end(q->reg, provision_in(q, name, values, token, doc)) : rc;
    cJSON_Delete(values);
    if (rc == LP_REG_OK) {
        cJSON_DeleteItemFromObjectCaseSensitive(*doc, "certificatePem");
        cJSON_DeleteItemFromObjectCaseSensitive(*doc, "resourceArns");
    }
    return rc;
}

// --- answers ------------------------------------------------------------------------------------

static cJSON *rejection(const lp_service_request_t *q, lp_reg_err_t rc)
{
    char code[64];
    bool token = rc == LP_REG_FORBIDDEN;
    snprintf(code, sizeof code, "%s", lp_reg_err_name(rc));
    char *end = strstr(code, "Exception");
    if (end != NULL) {
        *end = '\0';
    }
    cJSON *doc = cJSON_CreateObject();
    cJSON_AddNumberToObject(doc, "statusCode", token ? 400 : lp_reg_err_status(rc));
    cJSON_AddStringToObject(doc, "errorCode", token ? "InvalidCertificateOwnershipToken" : code);
    cJSON_AddStringToObject(doc, "errorMessage", lp_reg_error(q->reg)->message);
    return doc;
}

// Caller frees; null: no memory, or larger than any answer.
static char *as_cbor(const cJSON *doc, size_t *len)
{
    char *bytes = malloc(ANSWER_MAX);
    lp_buf_t buf = lp_buf(bytes, ANSWER_MAX);
    if (bytes != NULL && lp_cjson_to_cbor(doc, &buf) != LP_OK) {
        free(bytes);
        bytes = NULL;
    }
    *len = buf.len;
    return bytes;
}

static void answer(const lp_service_request_t *q, const lp_service_out_t *out, const topic_t *t,
                   lp_reg_err_t rc, cJSON *doc)
{
    char topic[300];
    size_t len = 0;
    char *bytes = NULL;
    if (t->cbor) {
        bytes = as_cbor(doc, &len);
    } else if ((bytes = cJSON_PrintUnformatted(doc)) != NULL) {
        len = strlen(bytes);
    }
    if (bytes != NULL) {
        snprintf(topic, sizeof topic, "%.256s/%s", q->topic,
                 rc == LP_REG_OK ? "accepted" : "rejected");
        out->send(out->arg, q->client, topic, bytes, len);
        OPENSSL_cleanse(bytes, len); // there may be a private key in it
        free(bytes);
    }
}

static void wipe(cJSON *doc)
{
    const cJSON *key = get(doc, "privateKey");
    if (cJSON_IsString(key)) {
        OPENSSL_cleanse(key->valuestring, strlen(key->valuestring));
    }
    cJSON_Delete(doc);
}

static cJSON *read_request(const lp_service_request_t *q, const topic_t *t)
{
    if (q->payload_len == 0) {
        return cJSON_CreateObject();
    }
    if (t->cbor) {
        return lp_cbor_to_cjson(lp_span(q->payload, q->payload_len));
    }
    return lp_text_ok(q->payload, q->payload_len)
               ? cJSON_ParseWithLength(q->payload, q->payload_len)
               : NULL;
}

void lp_fleet_serve(const lp_service_request_t *q, const lp_service_out_t *out)
{
    topic_t t;
    cJSON *doc = NULL;
    lp_reg_err_t rc = LP_REG_OK;
    if (!read_topic(q->topic, &t) || q->certificate == NULL) {
        return;
    }
    cJSON *request = read_request(q, &t);
    if (!cJSON_IsObject(request)) {
        rc = lp_reg_fail(q->reg, LP_REG_INVALID, "The payload is not a %s object",
                         t.cbor ? "CBOR" : "JSON");
    } else if (t.op == OP_PROVISION) {
        rc = provision(q, t.template, request, &doc);
    } else {
        rc = create(q, t.op, request, &doc);
    }
    doc = rc == LP_REG_OK ? doc : rejection(q, rc);
    answer(q, out, &t, rc, doc);
    wipe(doc);
    cJSON_Delete(request);
}
