// SPDX-License-Identifier: Apache-2.0
// What the scripted cloud's operations do to its small registry. No sockets here.
#include <cjson/cJSON.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "check.h"
#include "fake_iot.h"

#define ACCOUNT    "123456789012"
#define ARN_PREFIX "arn:aws:iot:eu-central-1:" ACCOUNT ":"

typedef void route_fn(fake_cloud_t *c, const http_request_t *r, const char *name, answer_t *a);

void fake_fail(answer_t *a, int status, const char *type)
{
    a->status = status;
    snprintf(a->type, sizeof a->type, "%s", type);
    snprintf(a->body, sizeof a->body, "{\"message\":\"%s said the fake\"}", type);
}

static void answer_tree(answer_t *a, cJSON *tree)
{
    char *text = cJSON_PrintUnformatted(tree);
    snprintf(a->body, sizeof a->body, "%s", text);
    cJSON_free(text);
    cJSON_Delete(tree);
}

fake_cert_t *fake_cloud_cert(fake_cloud_t *c, const char *id)
{
    for (int i = 0; i < c->n_certs; i++) {
        if (!c->certs[i].is_deleted && strcmp(c->certs[i].id, id) == 0) {
            return &c->certs[i];
        }
    }
    return NULL;
}

static fake_cert_t *cert_of_arn(fake_cloud_t *c, const char *arn)
{
    const char *slash = arn != NULL ? strrchr(arn, '/') : NULL;
    return slash != NULL ? fake_cloud_cert(c, slash + 1) : NULL;
}

int fake_cloud_live_certs(const fake_cloud_t *c)
{
    int n = 0;
    for (int i = 0; i < c->n_certs; i++) {
        n += c->certs[i].is_deleted ? 0 : 1;
    }
    return n;
}

bool fake_cloud_admits(fake_cloud_t *c, const char *cert_id, const char *thing)
{
    pthread_mutex_lock(&c->lock);
    const fake_cert_t *cert = fake_cloud_cert(c, cert_id);
    bool is_in = cert != NULL && strcmp(cert->status, "ACTIVE") == 0 && cert->has_policy &&
                 cert->has_thing && c->has_thing && strcmp(c->thing, thing) == 0;
    pthread_mutex_unlock(&c->lock);
    return is_in;
}

// --- the operations

static void describe_endpoint(fake_cloud_t *c, const http_request_t *r, const char *name,
                              answer_t *a)
{
    (void)r;
    (void)name;
    cJSON *t = cJSON_CreateObject();
    cJSON_AddStringToObject(t, "endpointAddress", c->broker);
    answer_tree(a, t);
}

static X509 *sign_csr(fake_cloud_t *c, X509_REQ *req)
{
    static long serial = 1000;
    X509 *cert = X509_new();
    X509_set_version(cert, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(cert), serial++);
    X509_gmtime_adj(X509_getm_notBefore(cert), -60);
    X509_gmtime_adj(X509_getm_notAfter(cert), 86400);
    X509_set_subject_name(cert, X509_REQ_get_subject_name(req));
    X509_NAME_add_entry_by_txt(X509_get_issuer_name(cert), "CN", MBSTRING_ASC,
                               (const unsigned char *)"Fake CA", -1, -1, 0);
    X509_set_pubkey(cert, c->is_rsa ? c->ca_key_ : X509_REQ_get0_pubkey(req));
    X509_sign(cert, c->ca_key_, EVP_sha256());
    return cert;
}

static void store_cert(fake_cloud_t *c, X509 *x, fake_cert_t *cert)
{
    BIO *bio = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(bio, x);
    char *text = NULL;
    long n = BIO_get_mem_data(bio, &text);
    *cert = (fake_cert_t){.created_s = (double)time(NULL)};
    snprintf(cert->pem, sizeof cert->pem, "%.*s", (int)n, text);
    BIO_free(bio);
    lp_check_t check;
    char why[80];
    lp_check_cert(cert->pem, &check, why, sizeof why);
    snprintf(cert->id, sizeof cert->id, "%s", check.id);
    snprintf(cert->public_key, sizeof cert->public_key, "%s", check.public_key);
    snprintf(cert->arn, sizeof cert->arn, ARN_PREFIX "cert/%s", cert->id);
    snprintf(cert->status, sizeof cert->status, "ACTIVE");
    (void)c;
}

static void create_certificate(fake_cloud_t *c, const http_request_t *r, const char *name,
                               answer_t *a)
{
    (void)name;
    cJSON *body = cJSON_Parse(r->body);
    const cJSON *csr = cJSON_GetObjectItem(body, "certificateSigningRequest");
    BIO *bio = BIO_new_mem_buf(cJSON_IsString(csr) ? csr->valuestring : "", -1);
    X509_REQ *req = PEM_read_bio_X509_REQ(bio, NULL, NULL, NULL);
    BIO_free(bio);
    cJSON_Delete(body);
    if (req == NULL || c->n_certs == FAKE_MAX_CERTS) {
        X509_REQ_free(req);
        fake_fail(a, 400, "InvalidRequestException");
        return;
    }
    X509 *x = sign_csr(c, req);
    fake_cert_t *cert = &c->certs[c->n_certs++];
    store_cert(c, x, cert);
    X509_free(x);
    X509_REQ_free(req);
    cJSON *t = cJSON_CreateObject();
    cJSON_AddStringToObject(t, "certificateArn", cert->arn);
    cJSON_AddStringToObject(t, "certificateId", cert->id);
    cJSON_AddStringToObject(t, "certificatePem", cert->pem);
    answer_tree(a, t);
    a->is_change = true;
}

static void list_certificates(fake_cloud_t *c, const http_request_t *r, const char *name,
                              answer_t *a)
{
    (void)r;
    (void)name;
    cJSON *t = cJSON_CreateObject();
    cJSON *list = cJSON_AddArrayToObject(t, "certificates");
    bool is_lagging = c->list_lag_calls > 0 && c->list_lag_calls-- > 0;
    for (int i = c->n_certs - 1; i >= 0 && !is_lagging; i--) {
        if (c->certs[i].is_deleted) {
            continue;
        }
        cJSON *one = cJSON_CreateObject();
        cJSON_AddStringToObject(one, "certificateId", c->certs[i].id);
        cJSON_AddStringToObject(one, "certificateArn", c->certs[i].arn);
        cJSON_AddStringToObject(one, "status", c->certs[i].status);
        cJSON_AddNumberToObject(one, "creationDate", c->certs[i].created_s);
        cJSON_AddItemToArray(list, one);
    }
    answer_tree(a, t);
}

static void describe_certificate(fake_cloud_t *c, const http_request_t *r, const char *name,
                                 answer_t *a)
{
    (void)r;
    const fake_cert_t *cert = fake_cloud_cert(c, name);
    if (cert == NULL) {
        fake_fail(a, 404, "ResourceNotFoundException");
        return;
    }
    cJSON *t = cJSON_CreateObject();
    cJSON *d = cJSON_AddObjectToObject(t, "certificateDescription");
    cJSON_AddStringToObject(d, "certificateArn", cert->arn);
    cJSON_AddStringToObject(d, "certificateId", cert->id);
    cJSON_AddStringToObject(d, "certificatePem", cert->pem);
    cJSON_AddStringToObject(d, "status", cert->status);
    cJSON_AddNumberToObject(d, "creationDate", cert->created_s);
    answer_tree(a, t);
}

static void update_certificate(fake_cloud_t *c, const http_request_t *r, const char *name,
                               answer_t *a)
{
    fake_cert_t *cert = fake_cloud_cert(c, name);
    const char *status = strstr(r->target, "newStatus=");
    if (cert == NULL || status == NULL) {
        fake_fail(a, cert == NULL ? 404 : 400,
                  cert == NULL ? "ResourceNotFoundException" : "InvalidRequestException");
        return;
    }
    snprintf(cert->status, sizeof cert->status, "%.15s", status + 10);
    cert->status[strcspn(cert->status, "&")] = '\0';
    a->is_change = true;
}

static void delete_certificate(fake_cloud_t *c, const http_request_t *r, const char *name,
                               answer_t *a)
{
    (void)r;
    fake_cert_t *cert = fake_cloud_cert(c, name);
    if (cert == NULL) {
        fake_fail(a, 404, "ResourceNotFoundException");
    } else if (strcmp(cert->status, "ACTIVE") == 0) {
        fake_fail(a, 406, "CertificateStateException");
    } else if (cert->has_policy || cert->has_thing) {
        fake_fail(a, 409, "DeleteConflictException");
    } else {
        cert->is_deleted = true;
        a->is_change = true;
    }
}

static void describe_thing(fake_cloud_t *c, const http_request_t *r, const char *name, answer_t *a)
{
    (void)r;
    if (!c->has_thing || strcmp(name, c->thing) != 0) {
        fake_fail(a, 404, "ResourceNotFoundException");
        return;
    }
    cJSON *t = cJSON_CreateObject();
    cJSON_AddStringToObject(t, "thingName", c->thing);
    answer_tree(a, t);
}

static void create_thing(fake_cloud_t *c, const http_request_t *r, const char *name, answer_t *a)
{
    (void)r;
    c->has_thing = true;
    snprintf(c->thing, sizeof c->thing, "%s", name);
    describe_thing(c, r, name, a);
    a->is_change = true;
}

static void delete_thing(fake_cloud_t *c, const http_request_t *r, const char *name, answer_t *a)
{
    (void)r;
    for (int i = 0; i < c->n_certs; i++) {
        if (c->certs[i].has_thing && !c->certs[i].is_deleted) {
            fake_fail(a, 400, "InvalidRequestException");
            return;
        }
    }
    c->has_thing = c->has_thing && strcmp(name, c->thing) != 0;
    a->is_change = true;
}

static void list_principals(fake_cloud_t *c, const http_request_t *r, const char *name, answer_t *a)
{
    (void)r;
    (void)name;
    cJSON *t = cJSON_CreateObject();
    cJSON *list = cJSON_AddArrayToObject(t, "principals");
    for (int i = 0; i < c->n_certs; i++) {
        if (c->certs[i].has_thing && !c->certs[i].is_deleted) {
            cJSON_AddItemToArray(list, cJSON_CreateString(c->certs[i].arn));
        }
    }
    answer_tree(a, t);
}

static void list_things_of(fake_cloud_t *c, const http_request_t *r, const char *name, answer_t *a)
{
    (void)name;
    const fake_cert_t *cert = cert_of_arn(c, http_header(r, "x-amzn-principal"));
    cJSON *t = cJSON_CreateObject();
    cJSON *list = cJSON_AddArrayToObject(t, "things");
    if (cert != NULL && cert->has_thing) {
        cJSON_AddItemToArray(list, cJSON_CreateString(c->thing));
    }
    answer_tree(a, t);
}

static void attach_thing(fake_cloud_t *c, const http_request_t *r, const char *name, answer_t *a)
{
    fake_cert_t *cert = cert_of_arn(c, http_header(r, "x-amzn-principal"));
    if (cert == NULL || !c->has_thing || strcmp(c->thing, name) != 0) {
        fake_fail(a, 404, "ResourceNotFoundException");
        return;
    }
    cert->has_thing = strcmp(r->method, "PUT") == 0;
    a->is_change = true;
}

static void get_policy(fake_cloud_t *c, const http_request_t *r, const char *name, answer_t *a)
{
    (void)r;
    if (!c->has_policy || strcmp(c->policy, name) != 0) {
        fake_fail(a, 404, "ResourceNotFoundException");
        return;
    }
    cJSON *t = cJSON_CreateObject();
    char arn[200];
    snprintf(arn, sizeof arn, ARN_PREFIX "policy/%s", c->policy);
    cJSON_AddStringToObject(t, "policyName", c->policy);
    cJSON_AddStringToObject(t, "policyArn", arn);
    cJSON_AddStringToObject(t, "policyDocument", c->policy_document);
    answer_tree(a, t);
}

static void create_policy(fake_cloud_t *c, const http_request_t *r, const char *name, answer_t *a)
{
    if (c->has_policy && strcmp(c->policy, name) == 0) {
        fake_fail(a, 409, "ResourceAlreadyExistsException");
        return;
    }
    cJSON *body = cJSON_Parse(r->body);
    const cJSON *document = cJSON_GetObjectItem(body, "policyDocument");
    cJSON *parsed = cJSON_IsString(document) ? cJSON_Parse(document->valuestring) : NULL;
    if (parsed == NULL) {
        fake_fail(a, 400, "MalformedPolicyException");
    } else {
        c->has_policy = true;
        snprintf(c->policy, sizeof c->policy, "%s", name);
        snprintf(c->policy_document, sizeof c->policy_document, "%s", document->valuestring);
        get_policy(c, r, name, a);
        a->is_change = true;
    }
    cJSON_Delete(parsed);
    cJSON_Delete(body);
}

static void create_version(fake_cloud_t *c, const http_request_t *r, const char *name, answer_t *a)
{
    if (!c->has_policy || strcmp(c->policy, name) != 0) {
        fake_fail(a, 404, "ResourceNotFoundException");
    } else if (c->n_policy_versions >= 4) {
        fake_fail(a, 409, "VersionsLimitExceededException");
    } else {
        cJSON *body = cJSON_Parse(r->body);
        const cJSON *document = cJSON_GetObjectItem(body, "policyDocument");
        snprintf(c->policy_document, sizeof c->policy_document, "%s", document->valuestring);
        cJSON_Delete(body);
        c->n_policy_versions++;
        a->is_change = true;
    }
}

static void list_versions(fake_cloud_t *c, const http_request_t *r, const char *name, answer_t *a)
{
    (void)r;
    (void)name;
    cJSON *t = cJSON_CreateObject();
    cJSON *list = cJSON_AddArrayToObject(t, "policyVersions");
    for (int i = c->n_policy_versions; i >= 0; i--) {
        char id[12];
        snprintf(id, sizeof id, "%d", 3 + i);
        cJSON *one = cJSON_CreateObject();
        cJSON_AddStringToObject(one, "versionId", id);
        cJSON_AddBoolToObject(one, "isDefaultVersion", i == c->n_policy_versions);
        cJSON_AddItemToArray(list, one);
    }
    answer_tree(a, t);
}

static void attach_policy(fake_cloud_t *c, const http_request_t *r, const char *name, answer_t *a)
{
    cJSON *body = cJSON_Parse(r->body);
    const cJSON *target = cJSON_GetObjectItem(body, "target");
    fake_cert_t *cert = cert_of_arn(c, cJSON_IsString(target) ? target->valuestring : NULL);
    cJSON_Delete(body);
    if (cert == NULL || !c->has_policy || strcmp(c->policy, name) != 0) {
        fake_fail(a, 404, "ResourceNotFoundException");
        return;
    }
    cert->has_policy = strcmp(r->method, "PUT") == 0;
    a->is_change = true;
}

static void list_attached(fake_cloud_t *c, const http_request_t *r, const char *name, answer_t *a)
{
    (void)r;
    const fake_cert_t *cert = cert_of_arn(c, name);
    cJSON *t = cJSON_CreateObject();
    cJSON *list = cJSON_AddArrayToObject(t, "policies");
    if (cert != NULL && cert->has_policy) {
        cJSON *one = cJSON_CreateObject();
        cJSON_AddStringToObject(one, "policyName", c->policy);
        cJSON_AddItemToArray(list, one);
    }
    answer_tree(a, t);
}

static void get_retained(fake_cloud_t *c, const http_request_t *r, const char *name, answer_t *a)
{
    (void)r;
    if (strcmp(c->retained_topic, name) != 0) {
        fake_fail(a, 404, "ResourceNotFoundException");
        return;
    }
    unsigned char text[2048];
    EVP_EncodeBlock(text, (const unsigned char *)c->retained, (int)strlen(c->retained));
    cJSON *t = cJSON_CreateObject();
    cJSON_AddStringToObject(t, "topic", name);
    cJSON_AddStringToObject(t, "payload", (const char *)text);
    answer_tree(a, t);
}

static void caller_identity(fake_cloud_t *c, const http_request_t *r, const char *name, answer_t *a)
{
    (void)r;
    (void)name;
    if (!c->has_sts) {
        fake_fail(a, 403, "AccessDenied");
        return;
    }
    snprintf(a->body, sizeof a->body,
             "<R><GetCallerIdentityResult><Account>" ACCOUNT
             "</Account></GetCallerIdentityResult></R>");
}

// For what only a script answers.
static void not_here(fake_cloud_t *c, const http_request_t *r, const char *name, answer_t *a)
{
    (void)c;
    (void)r;
    (void)name;
    fake_fail(a, 404, "ResourceNotFoundException");
}

// --- which operation a request is: '*' in the pattern is one encoded segment

static const struct {
    const char *method;
    const char *path;
    const char *action;
    const char *service;
    route_fn *run;
} routes[] = {
    {"GET", "/endpoint", "DescribeEndpoint", "iot", describe_endpoint},
    {"POST", "/", "GetCallerIdentity", "sts", caller_identity},
    {"POST", "/certificates", "CreateCertificateFromCsr", "iot", create_certificate},
    {"GET", "/certificates", "ListCertificates", "iot", list_certificates},
    {"GET", "/certificates/*", "DescribeCertificate", "iot", describe_certificate},
    {"PUT", "/certificates/*", "UpdateCertificate", "iot", update_certificate},
    {"DELETE", "/certificates/*", "DeleteCertificate", "iot", delete_certificate},
    {"GET", "/things/*", "DescribeThing", "iot", describe_thing},
    {"POST", "/things/*", "CreateThing", "iot", create_thing},
    {"DELETE", "/things/*", "DeleteThing", "iot", delete_thing},
    {"GET", "/things/*/principals", "ListThingPrincipals", "iot", list_principals},
    {"PUT", "/things/*/principals", "AttachThingPrincipal", "iot", attach_thing},
    {"DELETE", "/things/*/principals", "DetachThingPrincipal", "iot", attach_thing},
    {"GET", "/principals/things", "ListPrincipalThings", "iot", list_things_of},
    {"GET", "/policies/*", "GetPolicy", "iot", get_policy},
    {"POST", "/policies/*", "CreatePolicy", "iot", create_policy},
    {"GET", "/policies/*/version", "ListPolicyVersions", "iot", list_versions},
    {"POST", "/policies/*/version", "CreatePolicyVersion", "iot", create_version},
    {"PUT", "/target-policies/*", "AttachPolicy", "iot", attach_policy},
    {"POST", "/target-policies/*", "DetachPolicy", "iot", attach_policy},
    {"POST", "/attached-policies/*", "ListAttachedPolicies", "iot", list_attached},
    {"GET", "/policies", "ListPolicies", "iot", not_here},
    {"GET", "/things/*/thing-groups", "ListThingGroupsForThing", "iot", not_here},
    {"GET", "/retainedMessage/*", "GetRetainedMessage", "iotdata", get_retained},
};

static void decode(char *out, size_t cap, const char *in, size_t len)
{
    size_t n = 0;
    for (size_t i = 0; i < len && n + 1 < cap; i++) {
        unsigned byte = 0;
        if (in[i] == '%' && i + 2 < len && sscanf(in + i + 1, "%2x", &byte) == 1) {
            out[n++] = (char)byte;
            i += 2;
        } else {
            out[n++] = in[i];
        }
    }
    out[n] = '\0';
}

static bool match(const char *pattern, const char *target, char *name, size_t cap)
{
    size_t len = strcspn(target, "?");
    const char *star = strchr(pattern, '*');
    if (star == NULL) {
        return strlen(pattern) == len && strncmp(pattern, target, len) == 0;
    }
    size_t before = (size_t)(star - pattern);
    size_t after = strlen(star + 1);
    if (len <= before + after || strncmp(pattern, target, before) != 0 ||
        strncmp(star + 1, target + len - after, after) != 0 ||
        memchr(target + before, '/', len - before - after) != NULL) {
        return false;
    }
    decode(name, cap, target + before, len - before - after);
    return true;
}

int fake_iot_find(const http_request_t *r, char *name, size_t cap)
{
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++) {
        if (strcmp(routes[i].method, r->method) == 0 &&
            match(routes[i].path, r->target, name, cap)) {
            return (int)i;
        }
    }
    return -1;
}

const char *fake_iot_action(int route)
{
    return routes[route].action;
}

const char *fake_iot_service(int route)
{
    return routes[route].service;
}

void fake_iot_run(int route, fake_cloud_t *c, const http_request_t *r, const char *name,
                  answer_t *a)
{
    routes[route].run(c, r, name, a);
}
