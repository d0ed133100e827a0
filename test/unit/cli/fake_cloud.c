// SPDX-License-Identifier: Apache-2.0
#include "fake_cloud.h"

#include <arpa/inet.h>
#include <cjson/cJSON.h>
#include <ctype.h>
#include <errno.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

const char fake_key_id[] = "AKIDFAKECLOUD";
const char fake_secret[] = "se/cret+of=the-fake";

#define ACCOUNT    "123456789012"
#define ARN_PREFIX "arn:aws:iot:eu-central-1:" ACCOUNT ":"

enum { MAX_ANSWER = 16384, MAX_HEAD = 16384, MAX_BODY = 65536 };

typedef struct {
    int status;
    char type[64]; // of an error
    char body[MAX_ANSWER];
    bool is_change;
} answer_t;

typedef void route_fn(fake_cloud_t *c, const http_request_t *r, const char *name, answer_t *a);

static void fail(answer_t *a, int status, const char *type)
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
        fail(a, 400, "InvalidRequestException");
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
        fail(a, 404, "ResourceNotFoundException");
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
        fail(a, cert == NULL ? 404 : 400,
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
        fail(a, 404, "ResourceNotFoundException");
    } else if (strcmp(cert->status, "ACTIVE") == 0) {
        fail(a, 406, "CertificateStateException");
    } else if (cert->has_policy || cert->has_thing) {
        fail(a, 409, "DeleteConflictException");
    } else {
        cert->is_deleted = true;
        a->is_change = true;
    }
}

static void describe_thing(fake_cloud_t *c, const http_request_t *r, const char *name, answer_t *a)
{
    (void)r;
    if (!c->has_thing || strcmp(name, c->thing) != 0) {
        fail(a, 404, "ResourceNotFoundException");
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
            fail(a, 400, "InvalidRequestException");
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
        fail(a, 404, "ResourceNotFoundException");
        return;
    }
    cert->has_thing = strcmp(r->method, "PUT") == 0;
    a->is_change = true;
}

static void get_policy(fake_cloud_t *c, const http_request_t *r, const char *name, answer_t *a)
{
    (void)r;
    if (!c->has_policy || strcmp(c->policy, name) != 0) {
        fail(a, 404, "ResourceNotFoundException");
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
        fail(a, 409, "ResourceAlreadyExistsException");
        return;
    }
    cJSON *body = cJSON_Parse(r->body);
    const cJSON *document = cJSON_GetObjectItem(body, "policyDocument");
    cJSON *parsed = cJSON_IsString(document) ? cJSON_Parse(document->valuestring) : NULL;
    if (parsed == NULL) {
        fail(a, 400, "MalformedPolicyException");
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

static void attach_policy(fake_cloud_t *c, const http_request_t *r, const char *name, answer_t *a)
{
    cJSON *body = cJSON_Parse(r->body);
    const cJSON *target = cJSON_GetObjectItem(body, "target");
    fake_cert_t *cert = cert_of_arn(c, cJSON_IsString(target) ? target->valuestring : NULL);
    cJSON_Delete(body);
    if (cert == NULL || !c->has_policy || strcmp(c->policy, name) != 0) {
        fail(a, 404, "ResourceNotFoundException");
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
        fail(a, 404, "ResourceNotFoundException");
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
        fail(a, 403, "AccessDenied");
        return;
    }
    snprintf(a->body, sizeof a->body,
             "<R><GetCallerIdentityResult><Account>" ACCOUNT
             "</Account></GetCallerIdentityResult></R>");
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
    {"PUT", "/target-policies/*", "AttachPolicy", "iot", attach_policy},
    {"POST", "/target-policies/*", "DetachPolicy", "iot", attach_policy},
    {"POST", "/attached-policies/*", "ListAttachedPolicies", "iot", list_attached},
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

static int find_route(const http_request_t *r, char *name, size_t cap)
{
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++) {
        if (strcmp(routes[i].method, r->method) == 0 &&
            match(routes[i].path, r->target, name, cap)) {
            return (int)i;
        }
    }
    return -1;
}

// --- HTTP

static bool read_all(int fd, char *head, size_t *len, char **body)
{
    *len = 0;
    while (*len < MAX_HEAD - 1) {
        ssize_t n = recv(fd, head + *len, MAX_HEAD - 1 - *len, 0);
        if (n <= 0) {
            return false;
        }
        *len += (size_t)n;
        head[*len] = '\0';
        *body = strstr(head, "\r\n\r\n");
        if (*body != NULL) {
            *body += 4;
            return true;
        }
    }
    return false;
}

static void parse_headers(char *head, http_request_t *r)
{
    char *save = NULL;
    char *line = strtok_r(head, "\r\n", &save);
    if (line == NULL || sscanf(line, "%7s %2047s", r->method, r->target) != 2) {
        return;
    }
    while ((line = strtok_r(NULL, "\r\n", &save)) != NULL && r->n_headers < SIGV4_MAX_HEADERS) {
        char *colon = strchr(line, ':');
        if (colon == NULL) {
            continue;
        }
        *colon = '\0';
        for (char *p = line; *p != '\0'; p++) {
            *p = (char)tolower((unsigned char)*p);
        }
        const char *value = colon + 1 + strspn(colon + 1, " ");
        snprintf(r->headers[r->n_headers].name, 64, "%s", line);
        snprintf(r->headers[r->n_headers].value, 1024, "%s", value);
        r->n_headers++;
    }
}

static bool read_request(int fd, http_request_t *r)
{
    static char head[MAX_HEAD];
    static char bytes[MAX_BODY];
    size_t len = 0;
    char *body = NULL;
    if (!read_all(fd, head, &len, &body)) {
        return false;
    }
    size_t have = len - (size_t)(body - head);
    memcpy(bytes, body, have);
    body[-2] = '\0';
    parse_headers(head, r);
    const char *length = http_header(r, "content-length");
    size_t want = length != NULL ? strtoul(length, NULL, 10) : 0;
    while (have < want && want < MAX_BODY) {
        ssize_t n = recv(fd, bytes + have, want - have, 0);
        if (n <= 0) {
            return false;
        }
        have += (size_t)n;
    }
    bytes[want] = '\0';
    r->body = bytes;
    r->body_len = want;
    return true;
}

static void send_text(int fd, const char *text, size_t len)
{
    while (len > 0) {
        ssize_t n = send(fd, text, len, MSG_NOSIGNAL);
        if (n <= 0) {
            return;
        }
        text += n;
        len -= (size_t)n;
    }
}

static void send_answer(const fake_cloud_t *c, int fd, const answer_t *a, size_t body_len)
{
    char head[512];
    char date[64];
    time_t now = time(NULL) + c->clock_skew_s;
    struct tm tm;
    strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&now, &tm));
    int n = snprintf(head, sizeof head,
                     "HTTP/1.1 %d Fake\r\nDate: %s\r\n%s%s%sContent-Length: %zu\r\n"
                     "Connection: close\r\n\r\n",
                     a->status, date, a->type[0] != '\0' ? "x-amzn-errortype: " : "", a->type,
                     a->type[0] != '\0' ? ":http://fake/\r\n" : "", body_len);
    send_text(fd, head, (size_t)n);
}

static void reset(int fd)
{
    struct linger hard = {.l_onoff = 1, .l_linger = 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
}

static void send_huge(const fake_cloud_t *c, int fd, answer_t *a)
{
    enum { HUGE_BYTES = 2 << 20 };
    char *text = malloc(HUGE_BYTES);
    memset(text, 'x', HUGE_BYTES);
    a->status = 200;
    a->type[0] = '\0';
    send_answer(c, fd, a, HUGE_BYTES);
    send_text(fd, text, HUGE_BYTES);
    free(text);
}

static bool is_before(fault_mode_t f)
{
    return f == FAULT_RESET_BEFORE || f == FAULT_500_BEFORE || f == FAULT_THROTTLE ||
           f == FAULT_DENIED;
}

static void send_fault(fake_cloud_t *c, int fd, fault_mode_t f, answer_t *a)
{
    static const char html[] = "<html><body>Welcome to nginx!</body></html>";
    switch (f) {
    case FAULT_RESET_BEFORE:
    case FAULT_RESET_AFTER:
    case FAULT_HANG:
    case FAULT_KILL:
        if (f == FAULT_HANG || (f == FAULT_KILL && c->kill_signal != 0)) {
            sleep(f == FAULT_HANG ? 3 : 1); // the signal comes in the middle of the call
        }
        reset(fd);
        return;
    case FAULT_500_BEFORE:
    case FAULT_500_AFTER:
        fail(a, 500, "InternalFailureException");
        break;
    case FAULT_THROTTLE:
        fail(a, 400, "ThrottlingException");
        break;
    case FAULT_DENIED:
        fail(a, 403, "AccessDeniedException");
        break;
    case FAULT_HTML:
        *a = (answer_t){.status = 200};
        snprintf(a->body, sizeof a->body, "%s", html);
        break;
    case FAULT_NOTHING:
        *a = (answer_t){.status = 200};
        break;
    case FAULT_HALF:
        send_answer(c, fd, a, strlen(a->body) + 10);
        send_text(fd, a->body, strlen(a->body) / 2);
        return;
    case FAULT_HUGE:
        send_huge(c, fd, a);
        return;
    case FAULT_NONE:
    case FAULT_COUNT:
        break;
    }
    send_answer(c, fd, a, strlen(a->body));
    send_text(fd, a->body, strlen(a->body));
}

static fault_mode_t fault_for(fake_cloud_t *c, const char *action)
{
    bool is_it =
        c->fault != FAULT_NONE && (c->fault_action == NULL || strcmp(c->fault_action, action) == 0);
    if (!is_it || c->fault_count == 0) {
        return FAULT_NONE;
    }
    if (c->fault_skip > 0) {
        c->fault_skip--;
        return FAULT_NONE;
    }
    c->fault_count -= c->fault_count > 0 ? 1 : 0;
    return c->fault;
}

static bool is_dated_well(const fake_cloud_t *c, const char *date)
{
    struct tm tm = {.tm_year = 0};
    const char *end = date != NULL ? strptime(date, "%Y%m%dT%H%M%SZ", &tm) : NULL;
    double off_s = end != NULL ? difftime(timegm(&tm), time(NULL) + c->clock_skew_s) : 1e9;
    return off_s >= -300 && off_s <= 300;
}

static bool is_accepted(fake_cloud_t *c, const http_request_t *r, int route, answer_t *a)
{
    char why[256];
    char scope[80];
    const char *authorization = http_header(r, "authorization");
    snprintf(scope, sizeof scope, "/eu-central-1/%s/aws4_request", routes[route].service);
    if (c->has_no_time_for_you || !is_dated_well(c, http_header(r, "x-amz-date"))) {
        fail(a, 403, "InvalidSignatureException");
        snprintf(a->body, sizeof a->body, "{\"message\":\"Signature expired: it is too late\"}");
        return false;
    }
    if (!sigv4_check(r, fake_key_id, fake_secret, why, sizeof why) ||
        strstr(authorization, scope) == NULL) {
        c->n_bad_signatures++;
        snprintf(c->last_bad, sizeof c->last_bad, "%s %.120s: %.100s", r->method, r->target, why);
        fail(a, 403,
             strcmp(why, "unknown key") == 0 ? "UnrecognizedClientException"
                                             : "SignatureDoesNotMatch");
        return false;
    }
    return true;
}

static void handle(fake_cloud_t *c, int fd, const http_request_t *r)
{
    static answer_t a;
    a = (answer_t){.status = 200};
    char name[600] = "";
    int route = find_route(r, name, sizeof name);
    fault_mode_t f = FAULT_NONE;
    pthread_mutex_lock(&c->lock);
    if (route < 0) {
        fail(&a, 404, "UnknownOperationException");
        snprintf(c->last_bad, sizeof c->last_bad, "no route: %s %.200s", r->method, r->target);
        c->n_bad_signatures++;
    } else if (is_accepted(c, r, route, &a)) {
        snprintf(c->calls[c->n_calls % FAKE_MAX_CALLS], sizeof c->calls[0], "%s",
                 routes[route].action);
        c->n_calls++;
        f = fault_for(c, routes[route].action);
        if (!is_before(f)) {
            routes[route].run(c, r, name, &a);
            c->n_changes += a.is_change ? 1 : 0;
            if (a.is_change && c->on_change != NULL) {
                c->on_change(c->on_change_ctx);
            }
        }
        if (f == FAULT_KILL && c->kill_pid > 0) {
            kill(c->kill_pid, c->kill_signal != 0 ? c->kill_signal : SIGKILL);
        }
    }
    pthread_mutex_unlock(&c->lock);
    if (a.status == 200 && a.body[0] == '\0' && f == FAULT_NONE) {
        snprintf(a.body, sizeof a.body, "%s", a.is_change ? "" : "{}");
    }
    send_fault(c, fd, f, &a);
}

static void *serve(void *ctx)
{
    fake_cloud_t *c = ctx;
    static http_request_t r;
    while (!c->is_stopping_) {
        int fd = accept(c->listen_fd_, NULL, NULL);
        if (fd < 0) {
            continue;
        }
        r = (http_request_t){.n_headers = 0};
        if (!c->is_stopping_ && read_request(fd, &r)) {
            handle(c, fd, &r);
        }
        close(fd);
    }
    return NULL;
}

void fake_cloud_start(fake_cloud_t *c)
{
    *c = (fake_cloud_t){.has_sts = true};
    pthread_mutex_init(&c->lock, NULL);
    snprintf(c->broker, sizeof c->broker, "localhost:18883");
    c->ca_key_ = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    c->listen_fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    if (bind(c->listen_fd_, (struct sockaddr *)&address, len) != 0 ||
        listen(c->listen_fd_, 16) != 0 ||
        getsockname(c->listen_fd_, (struct sockaddr *)&address, &len) != 0) {
        abort();
    }
    c->port = ntohs(address.sin_port);
    pthread_create(&c->thread_, NULL, serve, c);
}

void fake_cloud_stop(fake_cloud_t *c)
{
    c->is_stopping_ = true;
    shutdown(c->listen_fd_, SHUT_RDWR);
    pthread_join(c->thread_, NULL);
    close(c->listen_fd_);
    EVP_PKEY_free(c->ca_key_);
    pthread_mutex_destroy(&c->lock);
}

void fake_cloud_calm(fake_cloud_t *c)
{
    pthread_mutex_lock(&c->lock);
    c->fault = FAULT_NONE;
    c->fault_action = NULL;
    c->fault_skip = 0;
    c->fault_count = 0;
    c->kill_pid = 0;
    c->clock_skew_s = 0;
    c->list_lag_calls = 0;
    c->n_calls = 0;
    c->n_changes = 0;
    pthread_mutex_unlock(&c->lock);
}

int fake_cloud_count(const fake_cloud_t *c, const char *action)
{
    int n = 0;
    for (int i = 0; i < c->n_calls && i < FAKE_MAX_CALLS; i++) {
        n += strcmp(c->calls[i], action) == 0 ? 1 : 0;
    }
    return n;
}
