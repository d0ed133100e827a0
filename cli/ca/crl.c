// SPDX-License-Identifier: Apache-2.0
// Revocations, and the list that the broker reads (crlfile of mosquitto).
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ca_private.h"

enum { MAX_CRL = 1 << 26 };

bool lp_ca_is_reason(const char *reason)
{
    return strcmp(reason, "unspecified") == 0 || strcmp(reason, "keyCompromise") == 0 ||
           strcmp(reason, "superseded") == 0 || strcmp(reason, "cessationOfOperation") == 0;
}

static X509_CRL *read_crl(const lp_ca_t *ca)
{
    char path[LP_CA_PATH + 64];
    snprintf(path, sizeof path, "%s/broker/crl.pem", ca->dir);
    char *text = lp_ca_read_file(path, MAX_CRL);
    BIO *bio = text != NULL ? BIO_new_mem_buf(text, -1) : NULL;
    X509_CRL *crl = bio != NULL ? PEM_read_bio_X509_CRL(bio, NULL, NULL, NULL) : NULL;
    BIO_free(bio);
    free(text);
    ERR_clear_error();
    return crl;
}

bool lp_ca_is_crl_current(const lp_ca_t *ca)
{
    X509_CRL *crl = read_crl(ca);
    bool is_current =
        crl != NULL && X509_CRL_verify(crl, X509_get0_pubkey(ca->root)) == 1 &&
        (size_t)(X509_CRL_get_REVOKED(crl) != NULL ? sk_X509_REVOKED_num(X509_CRL_get_REVOKED(crl))
                                                   : 0) == ca->reg.n_revoked;
    X509_CRL_free(crl);
    ERR_clear_error();
    return is_current;
}

// A broker that has both lists takes the one with the later date, to the second. So each list is
// later than the one before, and they begin an hour back, to have seconds in hand and because the
// broker's clock may be behind this one.
static int64_t update_time(const lp_ca_t *ca, int64_t now_s)
{
    int64_t last_s = ca->from_s - 1;
    X509_CRL *crl = read_crl(ca);
    struct tm tm;
    if (crl != NULL && ASN1_TIME_to_tm(X509_CRL_get0_lastUpdate(crl), &tm) == 1) {
        last_s = (int64_t)timegm(&tm);
    }
    X509_CRL_free(crl);
    int64_t at_s = now_s - LP_CA_BACKDATE_S;
    return at_s > last_s ? at_s : last_s + 1;
}

static lp_exit_t write_crl(lp_ca_t *ca, lp_fault_t *f)
{
    char *pem = NULL;
    int64_t now_s = (int64_t)time(NULL);
    lp_exit_t rc = lp_ca_sign_crl(ca->root, ca->reg.records, ca->reg.n, (int64_t)ca->reg.seq + 1,
                                  update_time(ca, now_s), ca->signer, &pem, f);
    if (rc == LP_EXIT_OK) {
        rc = lp_ca_write_file(ca, "broker/crl.pem", pem, 0644, f);
    }
    free(pem);
    return rc;
}

lp_exit_t lp_ca_write_crl(lp_ca_t *ca, lp_fault_t *f)
{
    int lock = -1;
    lp_exit_t rc = lp_ca_begin(ca, &lock, f);
    if (rc == LP_EXIT_OK) {
        rc = write_crl(ca, f);
        close(lock);
    }
    return rc;
}

static const lp_ca_record_t *find(const lp_ca_t *ca, const char *serial)
{
    for (size_t i = 0; i < ca->reg.n; i++) {
        if (strcmp(ca->reg.records[i].serial, serial) == 0) {
            return &ca->reg.records[i];
        }
    }
    return NULL;
}

lp_exit_t lp_ca_revoke(lp_ca_t *ca, const char *serial, const char *reason, lp_fault_t *f)
{
    int lock = -1;
    lp_exit_t rc = lp_ca_begin(ca, &lock, f);
    if (rc != LP_EXIT_OK) {
        return rc;
    }
    const lp_ca_record_t *record = find(ca, serial);
    if (record == NULL) {
        rc = lp_fault_set(f, LP_EXIT_CONFLICT, "ca-unknown", "this CA issued no certificate %.40s",
                          serial);
        lp_fault_next(f, "limpet ca list shows what it issued");
    } else if (record->revoked_s == 0) {
        rc = lp_ca_register_revoked(&ca->reg, serial, reason, (int64_t)time(NULL), f);
    }
    // Also when it was revoked before: a run that died may have left the list as it was.
    if (rc == LP_EXIT_OK && !lp_ca_is_crl_current(ca)) {
        rc = write_crl(ca, f);
    }
    close(lock);
    return rc;
}
