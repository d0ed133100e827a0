// SPDX-License-Identifier: Apache-2.0
// Things, certificates, policies and attachments: AWS's rules of identity, idempotency and
// conflict.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fixture.h"
#include "x509.h"

#define POLICY                                                                                     \
    "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"iot:*\","       \
    "\"Resource\":\"*\"}]}"

static const lp_thing_config_t plain = {0};
static const lp_page_t all = {0};

static void make_thing(fixture_t *f, const char *name)
{
    cJSON *doc = NULL;
    assert_int_equal(lp_reg_thing_create(f->reg, &f->scope, name, &plain, &doc), LP_REG_OK);
    cJSON_Delete(doc);
}

static void make_policy(fixture_t *f, const char *name)
{
    cJSON *doc = NULL;
    assert_int_equal(lp_reg_policy_create(f->reg, &f->scope, name, POLICY, &doc), LP_REG_OK);
    cJSON_Delete(doc);
}

// --- the file -----------------------------------------------------------------------------------

static void registry_file_is_private(void **state)
{
    fixture_t *f = *state;
    char path[128];
    struct stat st;
    snprintf(path, sizeof path, "%s/registry.db", f->folder);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    snprintf(path, sizeof path, "%s/device-ca.key", f->folder);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
}

static void registry_missing_file_is_unavailable_with_words(void **state)
{
    (void)state;
    char why[200] = "";
    lp_registry_t *reg = NULL;
    assert_int_equal(lp_registry_open(&reg, "/nonexistent/x.db", false, why, sizeof why),
                     LP_REG_UNAVAILABLE);
    assert_null(reg);
    assert_string_not_equal(why, "");
}

static void registry_change_moves_for_every_handle(void **state)
{
    fixture_t *f = *state;
    char path[128];
    lp_registry_t *other = NULL;
    snprintf(path, sizeof path, "%s/registry.db", f->folder);
    assert_int_equal(lp_registry_open(&other, path, false, NULL, 0), LP_REG_OK);
    int64_t before = lp_registry_change(other);
    make_thing(f, "a");
    assert_true(lp_registry_change(other) > before);
    before = lp_registry_change(other);
    const lp_reg_event_t e = {.kind = "connect"};
    assert_int_equal(lp_reg_event_put(f->reg, &e), LP_REG_OK);
    assert_int_equal(lp_registry_change(other), before);
    lp_registry_close(other);
}

static void registry_accounts_and_regions_do_not_see_each_other(void **state)
{
    fixture_t *f = *state;
    lp_scope_t europe;
    cJSON *doc = NULL;
    assert_int_equal(lp_reg_scope(f->reg, FIXTURE_ACCOUNT, "eu-central-1", &europe), LP_REG_OK);
    make_thing(f, "a");
    assert_int_equal(lp_reg_thing_get(f->reg, &europe, "a", &doc), LP_REG_NOT_FOUND);
    lp_scope_t bad;
    assert_int_equal(lp_reg_scope(f->reg, FIXTURE_ACCOUNT, "US East!", &bad), LP_REG_INVALID);
}

// --- things -------------------------------------------------------------------------------------

static void thing_same_again_is_a_success_with_the_same_id(void **state)
{
    fixture_t *f = *state;
    cJSON *attributes = cJSON_Parse("{\"sn\":\"1\"}");
    const lp_thing_config_t config = {.attributes = attributes};
    cJSON *one = NULL;
    cJSON *two = NULL;
    assert_int_equal(lp_reg_thing_create(f->reg, &f->scope, "a", &config, &one), LP_REG_OK);
    assert_int_equal(lp_reg_thing_create(f->reg, &f->scope, "a", &config, &two), LP_REG_OK);
    assert_string_equal(fixture_text(one, "thingId"), fixture_text(two, "thingId"));
    assert_string_equal(fixture_text(one, "thingArn"),
                        "arn:aws:iot:us-east-1:" FIXTURE_ACCOUNT ":thing/a");
    cJSON_Delete(one);
    cJSON_Delete(two);
    cJSON_Delete(attributes);
}

static void thing_with_other_attributes_is_a_conflict(void **state)
{
    fixture_t *f = *state;
    cJSON *attributes = cJSON_Parse("{\"sn\":\"1\"}");
    const lp_thing_config_t config = {.attributes = attributes};
    cJSON *doc = NULL;
    make_thing(f, "a");
    assert_int_equal(lp_reg_thing_create(f->reg, &f->scope, "a", &config, &doc), LP_REG_EXISTS);
    assert_null(doc);
    assert_string_equal(lp_reg_error(f->reg)->resource_arn,
                        "arn:aws:iot:us-east-1:" FIXTURE_ACCOUNT ":thing/a");
    cJSON_Delete(attributes);
}

static void thing_names_are_checked(void **state)
{
    fixture_t *f = *state;
    char longest[130];
    cJSON *doc = NULL;
    memset(longest, 'a', 128);
    longest[128] = '\0';
    assert_int_equal(lp_reg_thing_create(f->reg, &f->scope, longest, &plain, &doc), LP_REG_OK);
    cJSON_Delete(doc);
    longest[128] = 'a';
    longest[129] = '\0';
    const char *const bad[] = {"", "a b", "a/b", "a'b", "caf\xc3\xa9", longest};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(lp_reg_thing_create(f->reg, &f->scope, bad[i], &plain, &doc),
                         LP_REG_INVALID);
    }
}

static void thing_update_merges_removes_and_counts(void **state)
{
    fixture_t *f = *state;
    cJSON *first = cJSON_Parse("{\"a\":\"1\",\"b\":\"2\"}");
    cJSON *second = cJSON_Parse("{\"a\":\"\",\"c\":\"3\"}");
    cJSON *doc = NULL;
    make_thing(f, "t");
    lp_thing_update_t u = {.attributes = first, .merge = true};
    assert_int_equal(lp_reg_thing_update(f->reg, &f->scope, "t", &u), LP_REG_OK);
    u.attributes = second;
    u.expected_version = 1;
    assert_int_equal(lp_reg_thing_update(f->reg, &f->scope, "t", &u), LP_REG_VERSION_CONFLICT);
    u.expected_version = 2;
    assert_int_equal(lp_reg_thing_update(f->reg, &f->scope, "t", &u), LP_REG_OK);
    assert_int_equal(lp_reg_thing_get(f->reg, &f->scope, "t", &doc), LP_REG_OK);
    char *attributes = cJSON_PrintUnformatted(cJSON_GetObjectItemCaseSensitive(doc, "attributes"));
    assert_string_equal(attributes, "{\"b\":\"2\",\"c\":\"3\"}");
    assert_int_equal(cJSON_GetObjectItemCaseSensitive(doc, "version")->valueint, 3);
    free(attributes);
    cJSON_Delete(doc);
    cJSON_Delete(first);
    cJSON_Delete(second);
}

static void thing_with_four_attributes_needs_a_type(void **state)
{
    fixture_t *f = *state;
    cJSON *four = cJSON_Parse("{\"a\":\"1\",\"b\":\"2\",\"c\":\"3\",\"d\":\"4\"}");
    const lp_thing_config_t config = {.attributes = four};
    cJSON *doc = NULL;
    assert_int_equal(lp_reg_thing_create(f->reg, &f->scope, "t", &config, &doc), LP_REG_INVALID);
    cJSON_Delete(four);
}

static void thing_delete_waits_for_its_principals(void **state)
{
    fixture_t *f = *state;
    const fixture_cert_t c = fixture_cert(f, true);
    make_thing(f, "t");
    assert_int_equal(lp_reg_thing_attach(f->reg, &f->scope, "t", c.arn), LP_REG_OK);
    assert_int_equal(lp_reg_thing_delete(f->reg, &f->scope, "t", 0), LP_REG_INVALID);
    assert_int_equal(lp_reg_thing_detach(f->reg, &f->scope, "t", c.arn), LP_REG_OK);
    assert_int_equal(lp_reg_thing_delete(f->reg, &f->scope, "t", 0), LP_REG_OK);
    assert_int_equal(lp_reg_thing_delete(f->reg, &f->scope, "t", 0), LP_REG_OK);
}

static void things_come_in_pages(void **state)
{
    fixture_t *f = *state;
    const lp_thing_filter_t any = {0};
    char name[16];
    char token[200] = "";
    int seen = 0;
    for (int i = 0; i < 7; i++) {
        snprintf(name, sizeof name, "t%d", i);
        make_thing(f, name);
    }
    for (int pages = 0; pages < 3; pages++) {
        cJSON *doc = NULL;
        const lp_page_t page = {.limit = 3, .after = pages > 0 ? token : NULL};
        assert_int_equal(lp_reg_things(f->reg, &f->scope, &any, &page, &doc), LP_REG_OK);
        const cJSON *thing = NULL;
        cJSON_ArrayForEach(thing, cJSON_GetObjectItemCaseSensitive(doc, "things"))
        {
            snprintf(name, sizeof name, "t%d", seen++);
            assert_string_equal(fixture_text(thing, "thingName"), name);
        }
        snprintf(token, sizeof token, "%s", fixture_text(doc, "nextToken"));
        assert_true((token[0] != '\0') == (pages < 2));
        cJSON_Delete(doc);
    }
    assert_int_equal(seen, 7);
    const lp_page_t forged = {.after = "!!!!"};
    cJSON *doc = NULL;
    assert_int_equal(lp_reg_things(f->reg, &f->scope, &any, &forged, &doc), LP_REG_INVALID);
}

// --- certificates -------------------------------------------------------------------------------

static cJSON *certificate(fixture_t *f, const char *id)
{
    cJSON *doc = NULL;
    assert_int_equal(lp_reg_cert_get(f->reg, &f->scope, id, &doc), LP_REG_OK);
    return doc;
}

static void cert_from_csr_has_the_csrs_key_and_the_hash_as_id(void **state)
{
    fixture_t *f = *state;
    char *csr = fixture_csr("P-256", 0);
    cJSON *doc = NULL;
    assert_int_equal(lp_reg_cert_from_csr(f->reg, &f->scope, csr, true, &doc), LP_REG_OK);
    X509 *cert = lp_x509_from_pem(fixture_text(doc, "certificatePem"));
    BIO *bio = BIO_new_mem_buf(csr, -1);
    X509_REQ *req = PEM_read_bio_X509_REQ(bio, NULL, NULL, NULL);
    char id[LP_REG_ID_SIZE];
    assert_true(lp_x509_id(cert, id));
    assert_string_equal(id, fixture_text(doc, "certificateId"));
    assert_int_equal(EVP_PKEY_eq(X509_get0_pubkey(cert), X509_REQ_get0_pubkey(req)), 1);
    assert_true(lp_x509_time(X509_get0_notAfter(cert)) == 2524607999.0);
    assert_int_equal(ASN1_STRING_length(X509_get0_serialNumber(cert)), 20);
    cJSON *got = certificate(f, id);
    assert_string_equal(fixture_text(got, "status"), "ACTIVE");
    cJSON_Delete(got);
    X509_REQ_free(req);
    BIO_free(bio);
    X509_free(cert);
    cJSON_Delete(doc);
    free(csr);
}

static void cert_of_the_same_csr_is_another(void **state)
{
    fixture_t *f = *state;
    char *csr = fixture_csr("P-256", 0);
    cJSON *one = NULL;
    cJSON *two = NULL;
    assert_int_equal(lp_reg_cert_from_csr(f->reg, &f->scope, csr, false, &one), LP_REG_OK);
    assert_int_equal(lp_reg_cert_from_csr(f->reg, &f->scope, csr, false, &two), LP_REG_OK);
    assert_string_not_equal(fixture_text(one, "certificateId"), fixture_text(two, "certificateId"));
    cJSON_Delete(one);
    cJSON_Delete(two);
    free(csr);
}

static void cert_chain_verifies_against_the_device_ca(void **state)
{
    fixture_t *f = *state;
    char path[128];
    const fixture_cert_t c = fixture_cert(f, true);
    cJSON *doc = certificate(f, c.id);
    X509 *cert = lp_x509_from_pem(fixture_text(doc, "certificatePem"));
    snprintf(path, sizeof path, "%s/trust", f->folder);
    X509_STORE *store = X509_STORE_new();
    assert_int_equal(X509_STORE_load_path(store, path), 1);
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    X509_STORE_CTX_init(ctx, store, cert, NULL);
    assert_int_equal(X509_verify_cert(ctx), 1);
    X509_STORE_CTX_free(ctx);
    X509_STORE_free(store);
    X509_free(cert);
    cJSON_Delete(doc);
}

static void expect_csr(fixture_t *f, const char *group, int bits, lp_reg_err_t expected)
{
    char *csr = fixture_csr(group, bits);
    cJSON *doc = NULL;
    assert_int_equal(lp_reg_cert_from_csr(f->reg, &f->scope, csr, false, &doc), expected);
    cJSON_Delete(doc);
    free(csr);
}

static void cert_keys_that_aws_takes(void **state)
{
    fixture_t *f = *state;
    expect_csr(f, "P-384", 0, LP_REG_OK);
    expect_csr(f, "P-521", 0, LP_REG_OK);
    expect_csr(f, NULL, 2048, LP_REG_OK);
    expect_csr(f, NULL, 1024, LP_REG_INVALID);
    expect_csr(f, "secp256k1", 0, LP_REG_INVALID);
}

static void cert_csr_with_a_foreign_signature_is_refused(void **state)
{
    fixture_t *f = *state;
    cJSON *doc = NULL;
    char *csr = fixture_csr("P-256", 0);
    // The last base64 characters before the end belong to the signature.
    char *end = strstr(csr, "\n-----END");
    end[-6] = end[-6] == 'A' ? 'B' : 'A';
    assert_int_equal(lp_reg_cert_from_csr(f->reg, &f->scope, csr, false, &doc), LP_REG_INVALID);
    const char *const bad[] = {"", "x", "-----BEGIN CERTIFICATE REQUEST-----\n", NULL};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(lp_reg_cert_from_csr(f->reg, &f->scope, bad[i], false, &doc),
                         LP_REG_INVALID);
    }
    assert_null(doc);
    free(csr);
}

static void cert_with_keys_fits_its_key(void **state)
{
    fixture_t *f = *state;
    cJSON *doc = NULL;
    assert_int_equal(lp_reg_cert_with_keys(f->reg, &f->scope, true, &doc), LP_REG_OK);
    const cJSON *pair = cJSON_GetObjectItemCaseSensitive(doc, "keyPair");
    BIO *bio = BIO_new_mem_buf(fixture_text(pair, "PrivateKey"), -1);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
    X509 *cert = lp_x509_from_pem(fixture_text(doc, "certificatePem"));
    assert_int_equal(X509_check_private_key(cert, key), 1);
    assert_int_equal(EVP_PKEY_bits(key), 2048);
    X509_free(cert);
    EVP_PKEY_free(key);
    BIO_free(bio);
    cJSON_Delete(doc);
}

static void cert_registered_twice_is_a_conflict_that_names_it(void **state)
{
    fixture_t *f = *state;
    fixture_own_t own = fixture_own("device", false, NULL);
    cJSON *doc = NULL;
    assert_int_equal(lp_reg_cert_register(f->reg, &f->scope, own.pem, "ACTIVE", &doc), LP_REG_OK);
    char arn[LP_REG_ARN_SIZE];
    snprintf(arn, sizeof arn, "%s", fixture_text(doc, "certificateArn"));
    cJSON_Delete(doc);
    doc = NULL;
    assert_int_equal(lp_reg_cert_register(f->reg, &f->scope, own.pem, "ACTIVE", &doc),
                     LP_REG_EXISTS);
    assert_string_equal(lp_reg_error(f->reg)->resource_arn, arn);
    lp_scope_t other;
    assert_int_equal(lp_reg_scope(f->reg, FIXTURE_ACCOUNT, "eu-west-1", &other), LP_REG_OK);
    assert_int_equal(lp_reg_cert_register(f->reg, &other, own.pem, NULL, &doc), LP_REG_OK);
    cJSON_Delete(doc);
    fixture_own_free(&own);
}

// How many of the names HASH.0, HASH.1 ... are there without a gap.
static int trusted(const fixture_t *f, const char *pem)
{
    char path[128];
    struct stat st;
    X509 *cert = lp_x509_from_pem(pem);
    int n = 0;
    do {
        snprintf(path, sizeof path, "%s/trust/%08lx.%d", f->folder, X509_subject_name_hash(cert),
                 n);
    } while (stat(path, &st) == 0 && ++n > 0);
    X509_free(cert);
    return n;
}

static void register_and_delete(fixture_t *f, const char *pem)
{
    cJSON *doc = NULL;
    assert_int_equal(lp_reg_cert_register(f->reg, &f->scope, pem, NULL, &doc), LP_REG_OK);
    assert_int_equal(
        lp_reg_cert_delete(f->reg, &f->scope, fixture_text(doc, "certificateId"), false),
        LP_REG_OK);
    cJSON_Delete(doc);
}

static void cert_without_ca_is_trusted_by_the_broker_until_deleted(void **state)
{
    fixture_t *f = *state;
    fixture_own_t one = fixture_own("same", false, NULL);
    fixture_own_t two = fixture_own("same", false, NULL);
    cJSON *doc = NULL;
    assert_int_equal(lp_reg_cert_register(f->reg, &f->scope, one.pem, NULL, &doc), LP_REG_OK);
    cJSON_Delete(doc);
    assert_int_equal(trusted(f, one.pem), 1);
    register_and_delete(f, two.pem);
    assert_int_equal(trusted(f, one.pem), 1);
    assert_int_equal(lp_reg_cert_register(f->reg, &f->scope, two.pem, NULL, &doc), LP_REG_OK);
    assert_int_equal(trusted(f, one.pem), 2);
    cJSON_Delete(doc);
    fixture_own_free(&one);
    fixture_own_free(&two);
}

static void cert_status_can_be_set_and_deletion_is_guarded(void **state)
{
    fixture_t *f = *state;
    const fixture_cert_t c = fixture_cert(f, true);
    make_thing(f, "t");
    make_policy(f, "p");
    assert_int_equal(lp_reg_thing_attach(f->reg, &f->scope, "t", c.arn), LP_REG_OK);
    assert_int_equal(lp_reg_policy_attach(f->reg, &f->scope, "p", c.arn), LP_REG_OK);
    assert_int_equal(lp_reg_cert_delete(f->reg, &f->scope, c.id, true), LP_REG_CERT_STATE);
    assert_int_equal(lp_reg_cert_set_status(f->reg, &f->scope, c.id, "PENDING_TRANSFER"),
                     LP_REG_INVALID);
    assert_int_equal(lp_reg_cert_set_status(f->reg, &f->scope, c.id, "INACTIVE"), LP_REG_OK);
    assert_int_equal(lp_reg_cert_set_status(f->reg, &f->scope, c.id, "INACTIVE"), LP_REG_OK);
    assert_int_equal(lp_reg_cert_delete(f->reg, &f->scope, c.id, true), LP_REG_DELETE_CONFLICT);
    assert_int_equal(lp_reg_thing_detach(f->reg, &f->scope, "t", c.arn), LP_REG_OK);
    assert_int_equal(lp_reg_cert_delete(f->reg, &f->scope, c.id, false), LP_REG_DELETE_CONFLICT);
    assert_int_equal(lp_reg_cert_delete(f->reg, &f->scope, c.id, true), LP_REG_OK);
    assert_int_equal(lp_reg_cert_delete(f->reg, &f->scope, c.id, true), LP_REG_NOT_FOUND);
    assert_int_equal(lp_reg_policy_delete(f->reg, &f->scope, "p"), LP_REG_OK);
}

static void cert_ids_are_checked(void **state)
{
    fixture_t *f = *state;
    cJSON *doc = NULL;
    assert_int_equal(lp_reg_cert_get(f->reg, &f->scope, "abc", &doc), LP_REG_INVALID);
    char unknown[LP_REG_ID_SIZE];
    memset(unknown, 'a', 64);
    unknown[64] = '\0';
    assert_int_equal(lp_reg_cert_get(f->reg, &f->scope, unknown, &doc), LP_REG_NOT_FOUND);
    assert_int_equal(lp_reg_cert_set_status(f->reg, &f->scope, unknown, "ACTIVE"),
                     LP_REG_NOT_FOUND);
}

// --- policies -----------------------------------------------------------------------------------

static void policy_again_is_a_conflict(void **state)
{
    fixture_t *f = *state;
    cJSON *doc = NULL;
    make_policy(f, "p");
    assert_int_equal(lp_reg_policy_create(f->reg, &f->scope, "p", POLICY, &doc), LP_REG_EXISTS);
    assert_int_equal(lp_reg_policy_create(f->reg, &f->scope, "q", "{}", &doc),
                     LP_REG_MALFORMED_POLICY);
    assert_int_equal(lp_reg_policy_create(f->reg, &f->scope, "a b", POLICY, &doc), LP_REG_INVALID);
    assert_null(doc);
}

static void policy_size_leaves_white_space_out(void **state)
{
    fixture_t *f = *state;
    char text[6000];
    cJSON *doc = NULL;
    int n = snprintf(text, sizeof text, "%s", POLICY);
    memset(text + n, ' ', 3000);
    text[n + 3000] = '\0';
    assert_int_equal(lp_reg_policy_create(f->reg, &f->scope, "p", text, &doc), LP_REG_OK);
    cJSON_Delete(doc);
    char resource[2100];
    memset(resource, 'x', sizeof resource - 1);
    resource[sizeof resource - 1] = '\0';
    snprintf(
        text, sizeof text,
        "{\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"iot:*\",\"Resource\":\"arn:%s\"}]}",
        resource);
    assert_int_equal(lp_reg_policy_create(f->reg, &f->scope, "q", text, &doc),
                     LP_REG_MALFORMED_POLICY);
}

static void policy_versions_are_five_and_the_default_stays(void **state)
{
    fixture_t *f = *state;
    cJSON *doc = NULL;
    make_policy(f, "p");
    for (int i = 2; i <= 5; i++) {
        assert_int_equal(lp_reg_policy_version_create(f->reg, &f->scope, "p", POLICY, i == 5, &doc),
                         LP_REG_OK);
        cJSON_Delete(doc);
        doc = NULL;
    }
    assert_int_equal(lp_reg_policy_version_create(f->reg, &f->scope, "p", POLICY, false, &doc),
                     LP_REG_VERSIONS_LIMIT);
    assert_int_equal(lp_reg_policy_get(f->reg, &f->scope, "p", &doc), LP_REG_OK);
    assert_string_equal(fixture_text(doc, "defaultVersionId"), "5");
    cJSON_Delete(doc);
    doc = NULL;
    assert_int_equal(lp_reg_policy_version_delete(f->reg, &f->scope, "p", "5"),
                     LP_REG_DELETE_CONFLICT);
    assert_int_equal(lp_reg_policy_delete(f->reg, &f->scope, "p"), LP_REG_DELETE_CONFLICT);
    assert_int_equal(lp_reg_policy_version_delete(f->reg, &f->scope, "p", "2"), LP_REG_OK);
    assert_int_equal(lp_reg_policy_version_delete(f->reg, &f->scope, "p", "2"), LP_REG_NOT_FOUND);
    // A number is never given twice.
    assert_int_equal(lp_reg_policy_version_create(f->reg, &f->scope, "p", POLICY, false, &doc),
                     LP_REG_OK);
    assert_string_equal(fixture_text(doc, "policyVersionId"), "6");
    cJSON_Delete(doc);
    assert_int_equal(lp_reg_policy_version_default(f->reg, &f->scope, "p", "3"), LP_REG_OK);
}

// --- attachments --------------------------------------------------------------------------------

static void attachments_repeat_and_list_both_ways(void **state)
{
    fixture_t *f = *state;
    const fixture_cert_t c = fixture_cert(f, true);
    cJSON *doc = NULL;
    make_policy(f, "p");
    make_thing(f, "t");
    for (int i = 0; i < 2; i++) {
        assert_int_equal(lp_reg_policy_attach(f->reg, &f->scope, "p", c.arn), LP_REG_OK);
        assert_int_equal(lp_reg_thing_attach(f->reg, &f->scope, "t", c.arn), LP_REG_OK);
    }
    assert_int_equal(lp_reg_target_policies(f->reg, &f->scope, c.arn, &all, &doc), LP_REG_OK);
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(doc, "policies")), 1);
    cJSON_Delete(doc);
    assert_int_equal(lp_reg_policy_targets(f->reg, &f->scope, "p", "targets", &all, &doc),
                     LP_REG_OK);
    assert_string_equal(cJSON_GetStringValue(cJSON_GetArrayItem(
                            cJSON_GetObjectItemCaseSensitive(doc, "targets"), 0)),
                        c.arn);
    cJSON_Delete(doc);
    assert_int_equal(lp_reg_thing_principals(f->reg, &f->scope, "t", &all, &doc), LP_REG_OK);
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(doc, "principals")), 1);
    cJSON_Delete(doc);
    assert_int_equal(lp_reg_principal_things(f->reg, &f->scope, c.arn, &all, &doc), LP_REG_OK);
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(doc, "things")), 1);
    cJSON_Delete(doc);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(lp_reg_policy_detach(f->reg, &f->scope, "p", c.arn), LP_REG_OK);
    }
}

static void attachments_need_both_ends(void **state)
{
    fixture_t *f = *state;
    const fixture_cert_t c = fixture_cert(f, true);
    make_policy(f, "p");
    assert_int_equal(lp_reg_policy_attach(f->reg, &f->scope, "none", c.arn), LP_REG_NOT_FOUND);
    assert_int_equal(lp_reg_policy_attach(f->reg, &f->scope, "p", "arn:aws:iot:x"), LP_REG_INVALID);
    assert_int_equal(
        lp_reg_policy_attach(f->reg, &f->scope, "p", "arn:aws:iot:us-east-1:999999999999:cert/00"),
        LP_REG_INVALID);
    assert_int_equal(lp_reg_thing_attach(f->reg, &f->scope, "none", c.arn), LP_REG_NOT_FOUND);
}

static void attachments_to_one_certificate_are_ten(void **state)
{
    fixture_t *f = *state;
    const fixture_cert_t c = fixture_cert(f, true);
    char name[16];
    for (int i = 0; i < 11; i++) {
        snprintf(name, sizeof name, "p%d", i);
        make_policy(f, name);
        assert_int_equal(lp_reg_policy_attach(f->reg, &f->scope, name, c.arn),
                         i < 10 ? LP_REG_OK : LP_REG_LIMIT);
    }
    assert_int_equal(lp_reg_policy_attach(f->reg, &f->scope, "p0", c.arn), LP_REG_OK);
}

// --- messages and events ------------------------------------------------------------------------

static void retained_is_kept_and_forgotten(void **state)
{
    fixture_t *f = *state;
    cJSON *doc = NULL;
    lp_reg_message_t m = {.topic = "a/b", .payload = "\x00\xff", .payload_len = 2, .qos = 1};
    assert_int_equal(lp_reg_retained_put(f->reg, &f->scope, &m), LP_REG_OK);
    assert_int_equal(lp_reg_retained_get(f->reg, &f->scope, "a/b", &doc), LP_REG_OK);
    assert_string_equal(fixture_text(doc, "payload"), "AP8=");
    cJSON_Delete(doc);
    m.payload_len = 0;
    assert_int_equal(lp_reg_retained_put(f->reg, &f->scope, &m), LP_REG_OK);
    assert_int_equal(lp_reg_retained_get(f->reg, &f->scope, "a/b", &doc), LP_REG_NOT_FOUND);
}

static void count_message(void *arg, const char *client, const lp_reg_message_t *m)
{
    int *count = arg;
    assert_null(client);
    assert_string_equal(m->topic, *count == 0 ? "first" : "second");
    (*count)++;
}

static void outbox_gives_each_message_once_in_order(void **state)
{
    fixture_t *f = *state;
    int count = 0;
    const lp_reg_message_t one = {.topic = "first", .payload = "x", .payload_len = 1};
    const lp_reg_message_t two = {.topic = "second"};
    assert_int_equal(lp_reg_outbox_put(f->reg, &f->scope, NULL, &one), LP_REG_OK);
    assert_int_equal(lp_reg_outbox_put(f->reg, &f->scope, NULL, &two), LP_REG_OK);
    assert_int_equal(lp_reg_outbox_take(f->reg, &f->scope, count_message, &count), 2);
    assert_int_equal(lp_reg_outbox_take(f->reg, &f->scope, count_message, &count), 0);
    assert_int_equal(count, 2);
}

// The broker serves one account; what another publishes must not come out of its queue.
static void outbox_of_another_account_is_not_heard(void **state)
{
    fixture_t *f = *state;
    int count = 0;
    lp_scope_t other;
    const lp_reg_message_t first = {.topic = "first", .payload = "x", .payload_len = 1};
    const lp_reg_message_t forged = {.topic = "forged", .payload = "x", .payload_len = 1};
    assert_int_equal(lp_reg_scope(f->reg, "999999999999", "us-east-1", &other), LP_REG_OK);
    assert_int_equal(lp_reg_outbox_put(f->reg, &other, NULL, &forged), LP_REG_OK);
    assert_int_equal(lp_reg_outbox_put(f->reg, &f->scope, NULL, &first), LP_REG_OK);
    assert_int_equal(lp_reg_outbox_take(f->reg, &f->scope, count_message, &count), 1);
    assert_int_equal(lp_reg_outbox_take(f->reg, &f->scope, count_message, &count), 0);
}

static void events_are_numbered_trimmed_and_safe_to_print(void **state)
{
    fixture_t *f = *state;
    cJSON *list = NULL;
    const lp_reg_event_t text = {.kind = "publish",
                                 .client = "c",
                                 .topic = "t",
                                 .qos = 1,
                                 .acknowledged = true,
                                 .payload = "caf\xc3\xa9",
                                 .payload_len = 5};
    const lp_reg_event_t bytes = {.kind = "publish", .payload = "\xc3", .payload_len = 1};
    assert_int_equal(lp_reg_event_put(f->reg, &text), LP_REG_OK);
    assert_int_equal(lp_reg_event_put(f->reg, &bytes), LP_REG_OK);
    assert_int_equal(lp_reg_events(f->reg, 0, 10, &list), LP_REG_OK);
    const cJSON *first = cJSON_GetArrayItem(list, 0);
    assert_string_equal(fixture_text(first, "payload"), "caf\xc3\xa9");
    assert_true(cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(first, "acknowledged")));
    assert_string_equal(fixture_text(cJSON_GetArrayItem(list, 1), "payload_hex"), "c3");
    cJSON_Delete(list);
    assert_int_equal(lp_reg_event_trim(f->reg, 1), LP_REG_OK);
    assert_int_equal(lp_reg_events(f->reg, 0, 10, &list), LP_REG_OK);
    assert_int_equal(cJSON_GetArraySize(list), 1);
    assert_int_equal(lp_reg_event_last(f->reg), 2);
    cJSON_Delete(list);
}

#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(registry_file_is_private),
        T(registry_missing_file_is_unavailable_with_words),
        T(registry_change_moves_for_every_handle),
        T(registry_accounts_and_regions_do_not_see_each_other),
        T(thing_same_again_is_a_success_with_the_same_id),
        T(thing_with_other_attributes_is_a_conflict),
        T(thing_names_are_checked),
        T(thing_update_merges_removes_and_counts),
        T(thing_with_four_attributes_needs_a_type),
        T(thing_delete_waits_for_its_principals),
        T(things_come_in_pages),
        T(cert_from_csr_has_the_csrs_key_and_the_hash_as_id),
        T(cert_of_the_same_csr_is_another),
        T(cert_chain_verifies_against_the_device_ca),
        T(cert_keys_that_aws_takes),
        T(cert_csr_with_a_foreign_signature_is_refused),
        T(cert_with_keys_fits_its_key),
        T(cert_registered_twice_is_a_conflict_that_names_it),
        T(cert_without_ca_is_trusted_by_the_broker_until_deleted),
        T(cert_status_can_be_set_and_deletion_is_guarded),
        T(cert_ids_are_checked),
        T(policy_again_is_a_conflict),
        T(policy_size_leaves_white_space_out),
        T(policy_versions_are_five_and_the_default_stays),
        T(attachments_repeat_and_list_both_ways),
        T(attachments_need_both_ends),
        T(attachments_to_one_certificate_are_ten),
        T(retained_is_kept_and_forgotten),
        T(outbox_gives_each_message_once_in_order),
        T(outbox_of_another_account_is_not_heard),
        T(events_are_numbered_trimmed_and_safe_to_print),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
