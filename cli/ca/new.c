// SPDX-License-Identifier: Apache-2.0
// Making a CA's folder, with a key of its own or around one that exists.
#include <cjson/cJSON.h>
#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "ca_private.h"

static bool make_folders(const char *dir)
{
    char path[LP_CA_PATH];
    snprintf(path, sizeof path, "%s", dir);
    for (char *p = path + 1;; p++) {
        if (*p != '/' && *p != '\0') {
            continue;
        }
        char was = *p;
        *p = '\0';
        if (mkdir(path, 0700) != 0 && errno != EEXIST) {
            return false;
        }
        *p = was;
        if (was == '\0') {
            return true;
        }
    }
}

static lp_exit_t ask_new_passphrase(const lp_ca_new_t *w, char *out, size_t cap, lp_fault_t *f)
{
    if (w->access.pass_file != NULL) {
        return lp_ca_secret_file(w->access.pass_file, "passphrase", out, cap, f);
    }
    char again[LP_CA_MAX_SECRET];
    lp_exit_t rc = lp_ca_secret_ask("passphrase for the CA's key", "ca-passphrase", out, cap, f);
    rc = rc == LP_EXIT_OK
             ? lp_ca_secret_ask("the same again", "ca-passphrase", again, sizeof again, f)
             : rc;
    if (rc == LP_EXIT_OK && (out[0] == '\0' || strcmp(out, again) != 0)) {
        rc = lp_fault_set(f, LP_EXIT_CREDENTIALS, "ca-passphrase",
                          "the two are not the same, or empty");
        lp_fault_next(f, "nothing was made; run the same command again");
    }
    OPENSSL_cleanse(again, sizeof again);
    return rc;
}

static lp_exit_t make_key_file(const lp_ca_new_t *w, const char *path, lp_ca_signer_t **signer,
                               lp_fault_t *f)
{
    char secret[LP_CA_MAX_SECRET] = "";
    bool is_sealed = w->is_encrypted || w->access.pass_file != NULL;
    lp_exit_t rc = is_sealed ? ask_new_passphrase(w, secret, sizeof secret, f) : LP_EXIT_OK;
    EVP_PKEY *key = rc == LP_EXIT_OK ? lp_ca_make_key() : NULL;
    if (rc == LP_EXIT_OK) {
        rc = key != NULL ? lp_ca_key_write(path, key, is_sealed ? secret : NULL, f)
                         : lp_fault_set(f, LP_EXIT_LOCAL, "no-random", "no key could be made");
    }
    OPENSSL_cleanse(secret, sizeof secret);
    if (rc != LP_EXIT_OK) {
        EVP_PKEY_free(key);
        return rc;
    }
    *signer = lp_ca_signer_of(key);
    return *signer != NULL ? LP_EXIT_OK
                           : lp_fault_set(f, LP_EXIT_LOCAL, "no-memory", "out of memory");
}

// The key of a run that died is used, not replaced.
static lp_exit_t open_new_signer(const lp_ca_new_t *w, const char *dir, lp_ca_signer_t **signer,
                                 char key[LP_CA_PATH], lp_fault_t *f)
{
    if (w->access.key != NULL) {
        bool is_token = lp_ca_is_token(w->access.key);
        char *whole = is_token ? NULL : realpath(w->access.key, NULL);
        snprintf(key, LP_CA_PATH, "%s", whole != NULL ? whole : w->access.key);
        free(whole);
        return is_token ? lp_ca_token_open(&w->access, w->is_key_made, signer, f)
                        : lp_ca_signer_open(&w->access, signer, f);
    }
    snprintf(key, LP_CA_PATH, "%.480s/ca.key", dir);
    lp_ca_access_t at = {.key = key, .pass_file = w->access.pass_file};
    return access(key, F_OK) == 0 ? lp_ca_signer_open(&at, signer, f)
                                  : make_key_file(w, key, signer, f);
}

static lp_exit_t make_root(const lp_ca_new_t *w, lp_ca_signer_t *signer, char **pem, lp_fault_t *f)
{
    char name[LP_CA_NAME_MAX + 1];
    unsigned char tail[4] = {0};
    int64_t now_s = (int64_t)time(NULL);
    X509 *x = NULL;
    (void)!getentropy(tail, sizeof tail);
    snprintf(name, sizeof name, "Limpet CA %02x%02x%02x%02x", tail[0], tail[1], tail[2], tail[3]);
    lp_ca_form_t form = {.is_root = true,
                         .name = w->name != NULL ? w->name : name,
                         .key = signer->public_key,
                         .from_s = now_s - LP_CA_BACKDATE_S,
                         .to_s = now_s + (int64_t)w->days * 86400};
    lp_exit_t rc = lp_ca_sign_cert(&form, signer, &x, f);
    if (rc == LP_EXIT_OK) {
        *pem = lp_ca_to_pem(x);
        rc = *pem != NULL ? LP_EXIT_OK
                          : lp_fault_set(f, LP_EXIT_LOCAL, "no-memory", "out of memory");
    }
    X509_free(x);
    return rc;
}

static lp_exit_t adopt_root(const lp_ca_new_t *w, const lp_ca_signer_t *signer, char **pem,
                            lp_fault_t *f)
{
    X509 *x = NULL;
    lp_exit_t rc = lp_ca_read_root(w->cert, pem, &x, f);
    if (rc == LP_EXIT_OK && EVP_PKEY_eq(signer->public_key, X509_get0_pubkey(x)) != 1) {
        lp_fault_set(f, LP_EXIT_CONFLICT, "ca-key-other",
                     "that is not the key of this certificate");
        lp_fault_why(f, "%.200s and %.200s do not belong together", w->cert, w->access.key);
        rc = f->exit;
    }
    X509_free(x);
    return rc;
}

static bool put_file(const char *dir, const char *name, const char *text, unsigned mode)
{
    char path[LP_CA_PATH + 64];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    return lp_ca_write_atomic(path, text, mode);
}

// ca.pem comes last but one: what has it is a CA.
static lp_exit_t write_folder(const char *dir, const char *key, const char *pem, lp_fault_t *f)
{
    char broker[LP_CA_PATH];
    snprintf(broker, sizeof broker, "%.480s/broker", dir);
    cJSON *tree = cJSON_CreateObject();
    cJSON_AddNumberToObject(tree, "version", 1);
    cJSON_AddStringToObject(tree, "key", key);
    char *place = cJSON_Print(tree);
    bool is_written = place != NULL && make_folders(broker) &&
                      put_file(dir, "broker/ca.pem", pem, 0644) &&
                      put_file(dir, "ca.json", place, 0600) &&
                      put_file(dir, "issued.log", "", 0600) && put_file(dir, "ca.pem", pem, 0644);
    cJSON_free(place);
    cJSON_Delete(tree);
    return is_written ? LP_EXIT_OK : lp_ca_fail_dir(dir, f);
}

// Opens what was made and writes its first list. The CA owns the signer in any case.
static lp_exit_t open_made(const char *dir, lp_ca_signer_t *signer, lp_ca_t **out, lp_fault_t *f)
{
    lp_ca_t *ca = NULL;
    lp_exit_t rc = lp_ca_open(dir, &ca, f);
    if (rc != LP_EXIT_OK) {
        lp_ca_signer_close(signer);
        return rc;
    }
    ca->signer = signer;
    rc = lp_ca_write_crl(ca, f);
    if (rc != LP_EXIT_OK) {
        lp_ca_close(ca);
        return rc;
    }
    *out = ca;
    return LP_EXIT_OK;
}

lp_exit_t lp_ca_new(const lp_ca_new_t *w, lp_ca_t **ca, lp_fault_t *f)
{
    char dir[LP_CA_PATH];
    char path[LP_CA_PATH + 64];
    char key[LP_CA_PATH];
    char *pem = NULL;
    lp_ca_signer_t *signer = NULL;
    lp_exit_t rc = lp_ca_find_dir(w->dir, dir, f);
    snprintf(path, sizeof path, "%s/ca.pem", dir);
    if (rc == LP_EXIT_OK && access(path, F_OK) == 0) {
        rc = lp_fault_set(f, LP_EXIT_CONFLICT, "ca-exists", "there is a CA in %.300s already", dir);
        lp_fault_why(f, "it is left as it is");
        lp_fault_next(f, "see it: limpet ca show --dir %.150s; another one needs another folder",
                      dir);
    }
    if (rc == LP_EXIT_OK && !make_folders(dir)) {
        rc = lp_ca_fail_dir(dir, f);
    }
    rc = rc == LP_EXIT_OK ? open_new_signer(w, dir, &signer, key, f) : rc;
    if (rc == LP_EXIT_OK) {
        rc = w->cert != NULL ? adopt_root(w, signer, &pem, f) : make_root(w, signer, &pem, f);
    }
    // A folder with its key in it can be moved.
    rc = rc == LP_EXIT_OK ? write_folder(dir, w->access.key != NULL ? key : "", pem, f) : rc;
    free(pem);
    if (rc != LP_EXIT_OK) {
        lp_ca_signer_close(signer);
        return rc;
    }
    return open_made(dir, signer, ca, f);
}
