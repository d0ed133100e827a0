// SPDX-License-Identifier: Apache-2.0
// Carries a template out: certificate, thing, policies, and what is attached to what.
//
// Where AWS's documents do not say what happens to a resource that exists and has no
// OverrideSettings, it is left as it is.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "fleet.h"
#include "template_eval.h"

enum { WHY = 240 };

typedef struct {
    lp_registry_t *reg;
    const lp_scope_t *scope;
    const lp_provision_t *how;
    cJSON *doc; // the evaluated template, then the answer
    cJSON *arns;
    char cert_id[LP_REG_ID_SIZE]; // "": none
    const char *thing;            // null: none
} work_t;

static const cJSON *get(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

static lp_reg_err_t refuse(const work_t *w, const char *what, const char *name)
{
    return lp_reg_fail(w->reg, LP_REG_REGISTRATION, "%s%s%.128s", what, name[0] != '\0' ? ": " : "",
                       name);
}

// A property that is a text or is not there (*out null).
static lp_reg_err_t take(const work_t *w, const cJSON *resource, const char *name, const char **out)
{
    const cJSON *value = get(get(resource, "Properties"), name);
    *out = cJSON_GetStringValue(value);
    return value == NULL || *out != NULL ? LP_REG_OK
                                         : refuse(w, "The property must be a text", name);
}

static void add_arn(const work_t *w, const cJSON *resource, const char *kind, const char *name)
{
    char arn[LP_REG_ARN_SIZE];
    lp_reg_arn(w->scope, kind, name, arn);
    cJSON_AddStringToObject(w->arns, resource->string, arn);
}

// What the template wants done with a property of a resource that exists; either spelling of it.
static const char * override(const cJSON *resource, const char *name, const char *other)
{
    const cJSON *settings = get(resource, "OverrideSettings");
    const char *word = cJSON_GetStringValue(get(settings, name));
    word = word != NULL ? word : cJSON_GetStringValue(get(settings, other));
    return word != NULL ? word : "DO_NOTHING";
}

static bool is(const char *word, const char *other)
{
    return strcmp(word, other) == 0;
}

static lp_reg_err_t conflict(const work_t *w, const char *property)
{
    return lp_reg_fail(w->reg, LP_REG_UPDATE_CONFLICT,
                       "The resource exists, and OverrideSettings says FAIL for its %s", property);
}

// --- the certificate ----------------------------------------------------------------------------

static void remember_cert(work_t *w, const cJSON *made)
{
    const char *id = cJSON_GetStringValue(get(made, "certificateId"));
    snprintf(w->cert_id, sizeof w->cert_id, "%s", id != NULL ? id : "");
}

static lp_reg_err_t cert_by_id(work_t *w, const char *id)
{
    cJSON *known = NULL;
    if (w->how->certificate != NULL && strcmp(w->how->certificate, id) != 0) {
        return refuse(w, "The template names another certificate than the device's", "");
    }
    lp_reg_err_t rc = lp_reg_cert_get(w->reg, w->scope, id, &known);
    if (rc == LP_REG_OK) {
        remember_cert(w, known);
    }
    cJSON_Delete(known);
    return rc;
}

static lp_reg_err_t cert_by_csr(work_t *w, const char *csr)
{
    cJSON *made = NULL;
    lp_reg_err_t rc = lp_reg_cert_from_csr(w->reg, w->scope, csr, false, &made);
    if (rc == LP_REG_OK) {
        remember_cert(w, made);
    }
    cJSON_Delete(made);
    return rc;
}

static lp_reg_err_t cert_by_pem(work_t *w, const cJSON *resource, const char *pem, bool *existed)
{
    const char *ca = NULL;
    cJSON *made = NULL;
    lp_reg_err_t rc = take(w, resource, "CACertificatePem", &ca);
    rc = rc == LP_REG_OK ? lp_reg_cert_register_ca(w->reg, w->scope, pem, ca, NULL, &made) : rc;
    if (rc == LP_REG_OK) {
        remember_cert(w, made);
    } else if (rc == LP_REG_EXISTS) {
        snprintf(w->cert_id, sizeof w->cert_id, "%s", lp_reg_error(w->reg)->resource_id);
        *existed = true;
        rc = LP_REG_OK;
    }
    cJSON_Delete(made);
    return rc;
}

static lp_reg_err_t find_cert(work_t *w, const cJSON *resource, bool *existed)
{
    const char *id = NULL;
    const char *csr = NULL;
    const char *pem = NULL;
    lp_reg_err_t rc = take(w, resource, "CertificateId", &id);
    rc = rc == LP_REG_OK && id == NULL ? take(w, resource, "CertificateID", &id) : rc;
    rc = rc == LP_REG_OK ? take(w, resource, "CertificateSigningRequest", &csr) : rc;
    rc = rc == LP_REG_OK ? take(w, resource, "CertificatePem", &pem) : rc;
    if (rc != LP_REG_OK) {
        return rc;
    }
    if (id != NULL) {
        *existed = true;
        return cert_by_id(w, id);
    }
    if (w->how->certificate != NULL) {
        return refuse(w, "The template makes another certificate than the device's", "");
    }
    return csr != NULL ? cert_by_csr(w, csr) : cert_by_pem(w, resource, pem, existed);
}

// Its status and its text.
static lp_reg_err_t look_at_cert(const work_t *w, char status[32])
{
    cJSON *known = NULL;
    lp_reg_err_t rc = lp_reg_cert_get(w->reg, w->scope, w->cert_id, &known);
    if (rc == LP_REG_OK) {
        snprintf(status, 32, "%s", cJSON_GetStringValue(get(known, "status")));
        cJSON_AddItemToObject(w->doc, "certificatePem",
                              cJSON_DetachItemFromObjectCaseSensitive(known, "certificatePem"));
    }
    cJSON_Delete(known);
    return rc;
}

// AWS's own examples write "Active".
static lp_reg_err_t wanted_status(const work_t *w, const cJSON *resource, const char **status)
{
    lp_reg_err_t rc = take(w, resource, "Status", status);
    if (rc != LP_REG_OK) {
        return rc;
    }
    if (*status == NULL || strcasecmp(*status, "ACTIVE") == 0) {
        *status = "ACTIVE";
        return LP_REG_OK;
    }
    if (strcasecmp(*status, "INACTIVE") != 0) {
        return refuse(w, "The Status of a certificate must be ACTIVE or INACTIVE", *status);
    }
    *status = "INACTIVE";
    return LP_REG_OK;
}

// A certificate that waits for its provisioning gets its status whatever the settings say, since
// they are about certificates in use.
static lp_reg_err_t set_status(work_t *w, const cJSON *resource, bool existed)
{
    char have[32] = "";
    const char *want = NULL;
    const char *word = override(resource, "Status", "STATUS");
    lp_reg_err_t rc = wanted_status(w, resource, &want);
    rc = rc == LP_REG_OK ? look_at_cert(w, have) : rc;
    if (rc != LP_REG_OK || strcmp(have, want) == 0) {
        return rc;
    }
    if (existed && strcmp(have, "PENDING_ACTIVATION") != 0) {
        if (is(word, "FAIL")) {
            return conflict(w, "Status");
        }
        if (is(word, "DO_NOTHING")) {
            return LP_REG_OK;
        }
    }
    return lp_reg_cert_set_status(w->reg, w->scope, w->cert_id, want);
}

static lp_reg_err_t do_certificate(work_t *w)
{
    const cJSON *resource = lp_template_resource(w->doc, LP_TEMPLATE_CERTIFICATE, NULL);
    bool existed = false;
    if (resource == NULL) {
        return LP_REG_OK;
    }
    lp_reg_err_t rc = find_cert(w, resource, &existed);
    rc = rc == LP_REG_OK ? set_status(w, resource, existed) : rc;
    if (rc == LP_REG_OK) {
        add_arn(w, resource, "cert", w->cert_id);
    }
    return rc;
}

// --- the thing ----------------------------------------------------------------------------------

typedef struct {
    const cJSON *resource;
    const char *type, *billing;
    const cJSON *attributes, *groups; // null: none
} thing_t;

static lp_reg_err_t read_thing(work_t *w, const cJSON *resource, thing_t *t)
{
    const cJSON *g = NULL;
    *t = (thing_t){.resource = resource,
                   .attributes = get(get(resource, "Properties"), "AttributePayload"),
                   .groups = get(get(resource, "Properties"), "ThingGroups")};
    lp_reg_err_t rc = take(w, resource, "ThingName", &w->thing);
    rc = rc == LP_REG_OK ? take(w, resource, "ThingTypeName", &t->type) : rc;
    rc = rc == LP_REG_OK ? take(w, resource, "BillingGroup", &t->billing) : rc;
    if (rc == LP_REG_OK && w->thing == NULL) {
        return refuse(w, "The thing has no ThingName", "");
    }
    if (t->attributes != NULL && !cJSON_IsObject(t->attributes)) {
        return refuse(w, "AttributePayload must be an object of texts", "");
    }
    cJSON_ArrayForEach(g, t->groups)
    {
        if (!cJSON_IsString(g)) {
            return refuse(w, "ThingGroups must be a list of names", "");
        }
    }
    return t->groups == NULL || cJSON_IsArray(t->groups) || rc != LP_REG_OK
               ? rc
               : refuse(w, "ThingGroups must be a list of names", "");
}

static lp_reg_err_t add_groups(const work_t *w, const cJSON *groups)
{
    const cJSON *g = NULL;
    lp_reg_err_t rc = LP_REG_OK;
    cJSON_ArrayForEach(g, groups)
    {
        rc = rc == LP_REG_OK ? lp_reg_group_add(w->reg, w->scope, g->valuestring, w->thing) : rc;
    }
    return rc;
}

static lp_reg_err_t new_thing(const work_t *w, const thing_t *t)
{
    const lp_thing_config_t config = {
        .type = t->type, .group = t->billing, .attributes = t->attributes};
    cJSON *made = NULL;
    lp_reg_err_t rc = lp_reg_thing_create(w->reg, w->scope, w->thing, &config, &made);
    cJSON_Delete(made);
    return rc == LP_REG_OK ? add_groups(w, t->groups) : rc;
}

static lp_reg_err_t change_attributes(const work_t *w, const thing_t *t)
{
    const char *word = override(t->resource, "AttributePayload", "ATTRIBUTE_PAYLOAD");
    if (t->attributes == NULL || is(word, "DO_NOTHING")) {
        return LP_REG_OK;
    }
    if (is(word, "FAIL")) {
        return conflict(w, "AttributePayload");
    }
    const lp_thing_update_t update = {.attributes = t->attributes, .merge = is(word, "MERGE")};
    return lp_reg_thing_update(w->reg, w->scope, w->thing, &update);
}

static lp_reg_err_t change_type(const work_t *w, const thing_t *t, const cJSON *known)
{
    const char *word = override(t->resource, "ThingTypeName", "THING_TYPE_NAME");
    const char *have = cJSON_GetStringValue(get(known, "thingTypeName"));
    if (t->type == NULL || is(word, "DO_NOTHING") || (have != NULL && strcmp(have, t->type) == 0)) {
        return LP_REG_OK;
    }
    if (is(word, "FAIL")) {
        return conflict(w, "ThingTypeName");
    }
    const lp_thing_update_t update = {.type = t->type};
    return lp_reg_thing_update(w->reg, w->scope, w->thing, &update);
}

static lp_reg_err_t change_groups(const work_t *w, const thing_t *t)
{
    const char *word = override(t->resource, "ThingGroups", "THING_GROUPS");
    lp_reg_err_t rc = LP_REG_OK;
    if (t->groups == NULL || is(word, "DO_NOTHING")) {
        return LP_REG_OK;
    }
    if (is(word, "FAIL")) {
        return conflict(w, "ThingGroups");
    }
    if (is(word, "REPLACE")) {
        rc = lp_db_run(w->reg, "DELETE FROM group_things WHERE scope=? AND thing=?", "it",
                       w->scope->id, w->thing);
    }
    return rc == LP_REG_OK ? add_groups(w, t->groups) : rc;
}

static lp_reg_err_t do_thing(work_t *w)
{
    const cJSON *resource = lp_template_resource(w->doc, LP_TEMPLATE_THING, NULL);
    cJSON *known = NULL;
    thing_t t;
    if (resource == NULL) {
        return LP_REG_OK;
    }
    lp_reg_err_t rc = read_thing(w, resource, &t);
    if (rc != LP_REG_OK) {
        return rc;
    }
    if (lp_reg_thing_get(w->reg, w->scope, w->thing, &known) != LP_REG_OK) {
        rc = new_thing(w, &t);
    } else {
        rc = change_type(w, &t, known);
        rc = rc == LP_REG_OK ? change_attributes(w, &t) : rc;
        rc = rc == LP_REG_OK ? change_groups(w, &t) : rc;
    }
    cJSON_Delete(known);
    if (rc == LP_REG_OK) {
        add_arn(w, resource, "thing", w->thing);
    }
    return rc;
}

// --- policies and attachments -------------------------------------------------------------------

// By its document: the name is the document's hash, so that equal ones are one policy.
static lp_reg_err_t policy_by_document(const work_t *w, const cJSON *document, char name[65])
{
    cJSON *made = NULL;
    char *printed = cJSON_IsString(document) ? NULL : cJSON_PrintUnformatted(document);
    const char *text = printed != NULL ? printed : cJSON_GetStringValue(document);
    lp_reg_err_t rc = refuse(w, "PolicyDocument must be a document", "");
    if (text != NULL) {
        lp_fleet_hash(text, name);
        rc = lp_reg_policy_create(w->reg, w->scope, name, text, &made);
        rc = rc == LP_REG_EXISTS ? LP_REG_OK : rc;
    }
    cJSON_Delete(made);
    cJSON_free(printed);
    return rc;
}

static lp_reg_err_t do_policy(const work_t *w, const cJSON *resource)
{
    char hash[65] = "";
    char arn[LP_REG_ARN_SIZE];
    const char *name = NULL;
    const cJSON *document = get(get(resource, "Properties"), "PolicyDocument");
    lp_reg_err_t rc = take(w, resource, "PolicyName", &name);
    if (rc == LP_REG_OK && document != NULL) {
        rc = policy_by_document(w, document, hash);
        name = hash;
    }
    if (rc == LP_REG_OK && w->cert_id[0] != '\0') {
        lp_reg_arn(w->scope, "cert", w->cert_id, arn);
        rc = lp_reg_policy_attach(w->reg, w->scope, name, arn);
    }
    if (rc == LP_REG_OK) {
        add_arn(w, resource, "policy", name);
    }
    return rc;
}

static lp_reg_err_t do_policies(const work_t *w)
{
    const cJSON *p = NULL;
    lp_reg_err_t rc = LP_REG_OK;
    while (rc == LP_REG_OK && (p = lp_template_resource(w->doc, LP_TEMPLATE_POLICY, p)) != NULL) {
        rc = do_policy(w, p);
    }
    return rc;
}

static lp_reg_err_t join_thing(const work_t *w)
{
    char arn[LP_REG_ARN_SIZE];
    if (w->thing == NULL || w->cert_id[0] == '\0') {
        return LP_REG_OK;
    }
    lp_reg_arn(w->scope, "cert", w->cert_id, arn);
    return lp_reg_thing_attach(w->reg, w->scope, w->thing, arn);
}

// What a resource was refused for becomes one error, with its words; trouble of our own stays.
static lp_reg_err_t as_registration(lp_registry_t *reg, lp_reg_err_t rc)
{
    char words[sizeof reg->error_.message];
    if (rc == LP_REG_OK || rc == LP_REG_INTERNAL || rc == LP_REG_UNAVAILABLE ||
        rc == LP_REG_UPDATE_CONFLICT || rc == LP_REG_REGISTRATION) {
        return rc;
    }
    snprintf(words, sizeof words, "%s", lp_reg_error(reg)->message);
    return lp_reg_fail(reg, LP_REG_REGISTRATION, "%s", words);
}

static lp_reg_err_t carry_out(work_t *w)
{
    lp_reg_err_t rc = do_certificate(w);
    rc = rc == LP_REG_OK ? do_thing(w) : rc;
    rc = rc == LP_REG_OK ? do_policies(w) : rc;
    rc = rc == LP_REG_OK ? join_thing(w) : rc;
    return as_registration(w->reg, rc);
}

// What the cloud itself says of the certificate wins over what the caller says.
static cJSON *given_values(const lp_provision_t *how)
{
    cJSON *given = cJSON_CreateObject();
    if (how->certificate != NULL) {
        cJSON_AddStringToObject(given, LP_TEMPLATE_CERT "Id", how->certificate);
    }
    return given;
}

static void finish(work_t *w)
{
    cJSON_DeleteItemFromObjectCaseSensitive(w->doc, "Resources");
    cJSON *config = cJSON_DetachItemFromObjectCaseSensitive(w->doc, "DeviceConfiguration");
    if (w->how->config) {
        cJSON_AddItemToObject(w->doc, "deviceConfiguration",
                              config != NULL ? config : cJSON_CreateObject());
    } else {
        cJSON_Delete(config);
    }
}

lp_reg_err_t lp_provision_run(lp_registry_t *reg, const lp_scope_t *scope, const cJSON *template,
                              const lp_provision_t *how, cJSON **doc)
{
    char why[WHY];
    work_t w = {.reg = reg, .scope = scope, .how = how};
    cJSON *given = given_values(how);
    bool ok = lp_template_evaluate(template, how->values, given, &w.doc, why, sizeof why);
    cJSON_Delete(given);
    if (!ok) {
        return lp_reg_fail(reg, LP_REG_INVALID, "%s", why);
    }
    w.arns = cJSON_AddObjectToObject(w.doc, "resourceArns");
    lp_reg_err_t rc = lp_db_begin(reg);
    rc = rc == LP_REG_OK ? lp_db_end(reg, carry_out(&w)) : rc;
    if (rc == LP_REG_OK && w.thing != NULL) {
        cJSON_AddStringToObject(w.doc, "thingName", w.thing);
    }
    finish(&w);
    if (rc != LP_REG_OK) {
        cJSON_Delete(w.doc);
        return rc;
    }
    *doc = w.doc;
    return LP_REG_OK;
}
