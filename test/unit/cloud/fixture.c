// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fixture.h"

#include <dirent.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "limpet/pki.h"
#include "x509.h"

int fixture_setup(void **state)
{
    char path[128];
    char why[200] = "";
    fixture_t *f = calloc(1, sizeof *f);
    assert_non_null(f);
    snprintf(f->folder, sizeof f->folder, "/tmp/lp-cloud-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    assert_true(lp_pki_setup(f->folder, "x.localhost", why, sizeof why));
    snprintf(path, sizeof path, "%s/registry.db", f->folder);
    assert_int_equal(lp_registry_open(&f->reg, path, true, why, sizeof why), LP_REG_OK);
    lp_registry_set_folder(f->reg, f->folder);
    lp_access_key_t key = {.account = FIXTURE_ACCOUNT, .user = "tester", .secret = FIXTURE_SECRET};
    assert_int_equal(lp_reg_account_add(f->reg, FIXTURE_ACCOUNT, "test"), LP_REG_OK);
    assert_int_equal(lp_reg_access_key_add(f->reg, FIXTURE_KEY, &key), LP_REG_OK);
    assert_int_equal(lp_reg_scope(f->reg, FIXTURE_ACCOUNT, "us-east-1", &f->scope), LP_REG_OK);
    *state = f;
    return 0;
}

static void empty(const char *folder)
{
    char path[512];
    DIR *d = opendir(folder);
    for (struct dirent *e; d != NULL && (e = readdir(d)) != NULL;) {
        snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        if (e->d_name[0] != '.' && unlink(path) != 0) {
            empty(path);
        }
    }
    if (d != NULL) {
        closedir(d);
    }
    rmdir(folder);
}

int fixture_teardown(void **state)
{
    fixture_t *f = *state;
    lp_registry_close(f->reg);
    empty(f->folder);
    free(f);
    return 0;
}

static char *bio_string(BIO *bio)
{
    char *data = NULL;
    long len = BIO_get_mem_data(bio, &data);
    char *text = strndup(data, (size_t)len);
    BIO_free(bio);
    return text;
}

char *fixture_csr(const char *group, int bits)
{
    EVP_PKEY *key = group != NULL ? EVP_EC_gen(group) : EVP_RSA_gen((unsigned)bits);
    X509_REQ *req = X509_REQ_new();
    X509_NAME_add_entry_by_txt(X509_REQ_get_subject_name(req), "CN", MBSTRING_ASC,
                               (const unsigned char *)"dev1", -1, -1, 0);
    X509_REQ_set_pubkey(req, key);
    assert_true(X509_REQ_sign(req, key, EVP_sha256()) > 0);
    BIO *bio = BIO_new(BIO_s_mem());
    PEM_write_bio_X509_REQ(bio, req);
    X509_REQ_free(req);
    EVP_PKEY_free(key);
    return bio_string(bio);
}

const char *fixture_text(const cJSON *doc, const char *name)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(doc, name));
    return text != NULL ? text : "";
}

fixture_cert_t fixture_cert(fixture_t *f, bool active)
{
    fixture_cert_t c;
    cJSON *doc = NULL;
    char *csr = fixture_csr("P-256", 0);
    assert_int_equal(lp_reg_cert_from_csr(f->reg, &f->scope, csr, active, &doc), LP_REG_OK);
    snprintf(c.id, sizeof c.id, "%s", fixture_text(doc, "certificateId"));
    snprintf(c.arn, sizeof c.arn, "%s", fixture_text(doc, "certificateArn"));
    free(csr);
    cJSON_Delete(doc);
    return c;
}

fixture_own_t fixture_own(const char *common_name, bool is_ca, const fixture_own_t *issuer)
{
    fixture_own_t own = {.key = lp_key_new_p256()};
    X509 *by = issuer != NULL ? lp_x509_from_pem(issuer->pem) : NULL;
    const lp_x509_config_t config = {.common_name = common_name,
                                     .is_ca = is_ca,
                                     .not_before = (long long)time(NULL) - 60,
                                     .not_after = (long long)time(NULL) + 86400};
    X509 *cert = lp_x509_make(&config, own.key, by, issuer != NULL ? issuer->key : NULL);
    assert_non_null(cert);
    own.pem = lp_x509_pem(cert);
    X509_free(cert);
    X509_free(by);
    return own;
}

void fixture_own_free(fixture_own_t *own)
{
    EVP_PKEY_free(own->key);
    free(own->pem);
}
