// SPDX-License-Identifier: Apache-2.0
// The CA's folder: opened, checked, and what is issued from it.
#include <cjson/cJSON.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "ca_private.h"

enum { CLOCK_SLACK_S = 300 };

bool lp_ca_default_dir(char *out, size_t cap)
{
    const char *data = getenv("XDG_DATA_HOME");
    const char *home = getenv("HOME");
    if (data != NULL && data[0] == '/') {
        snprintf(out, cap, "%s/limpet/ca", data);
    } else if (home != NULL && home[0] == '/') {
        snprintf(out, cap, "%s/.local/share/limpet/ca", home);
    } else {
        return false;
    }
    return true;
}

bool lp_ca_is_name(const char *name)
{
    size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:_-");
    return n > 0 && n <= LP_CA_NAME_MAX && name[n] == '\0';
}

lp_exit_t lp_ca_fail_dir(const char *path, lp_fault_t *f)
{
    lp_fault_set(f, LP_EXIT_LOCAL, "ca-dir", "the CA's folder cannot be used");
    lp_fault_why(f, "%.300s: %s", path, strerror(errno));
    lp_fault_next(f, "make room, give yourself the right to, or name another one");
    return f->exit;
}

// --- opening

static lp_exit_t fail_cert(const char *path, const char *why, lp_fault_t *f)
{
    lp_fault_set(f, LP_EXIT_LOCAL, "ca-cert", "that is not the certificate of a CA");
    lp_fault_why(f, "%.300s: %s", path, why);
    lp_fault_next(f, "name the PEM file of a root that may sign certificates and lists");
    return f->exit;
}

// Null: it may issue. Else why not.
static const char *root_trouble(X509 *x)
{
    uint32_t usage = X509_get_key_usage(x); // all bits when it does not say
    char hex[129];
    lp_ca_key_hex(X509_get0_pubkey(x), hex);
    if (X509_check_ca(x) != 1) {
        return "it says itself that it is none (basicConstraints)";
    }
    if ((usage & KU_KEY_CERT_SIGN) == 0 || (usage & KU_CRL_SIGN) == 0) {
        return "its key may not sign certificates and revocation lists (keyUsage)";
    }
    if (hex[0] == '\0' && EVP_PKEY_get_base_id(X509_get0_pubkey(x)) != EVP_PKEY_RSA) {
        return "its key is of another kind than P-256 or RSA";
    }
    if (X509_check_issued(x, x) != X509_V_OK) {
        return "it is not signed with its own key; mosquitto wants a root";
    }
    return X509_get0_subject_key_id(x) == NULL ? "it has no subjectKeyIdentifier" : NULL;
}

lp_exit_t lp_ca_read_root(const char *path, char **pem, X509 **out, lp_fault_t *f)
{
    char *text = lp_ca_read_file(path, LP_CA_MAX_ROOT);
    if (text == NULL) {
        return fail_cert(path, strerror(errno), f);
    }
    BIO *bio = BIO_new_mem_buf(text, -1);
    X509 *x = bio != NULL ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
    BIO_free(bio);
    free(text);
    ERR_clear_error();
    const char *why = x != NULL ? root_trouble(x) : "there is no PEM certificate in it";
    if (why != NULL) {
        X509_free(x);
        return fail_cert(path, why, f);
    }
    *out = x;
    *pem = lp_ca_to_pem(x);
    return *pem != NULL ? LP_EXIT_OK : lp_fault_set(f, LP_EXIT_LOCAL, "no-memory", "out of memory");
}

static void read_place(lp_ca_t *ca)
{
    char path[LP_CA_PATH + 64];
    snprintf(path, sizeof path, "%s/ca.json", ca->dir);
    char *text = lp_ca_read_file(path, LP_CA_MAX_ROOT);
    cJSON *tree = text != NULL ? cJSON_Parse(text) : NULL;
    const cJSON *key = cJSON_GetObjectItemCaseSensitive(tree, "key");
    if (cJSON_IsString(key) && strlen(key->valuestring) < sizeof ca->key) {
        snprintf(ca->key, sizeof ca->key, "%s", key->valuestring);
    }
    if (ca->key[0] == '\0') {
        snprintf(ca->key, sizeof ca->key, "%.480s/ca.key", ca->dir);
    }
    cJSON_Delete(tree);
    free(text);
}

lp_exit_t lp_ca_find_dir(const char *dir, char out[LP_CA_PATH], lp_fault_t *f)
{
    char given[LP_CA_PATH] = "";
    if (dir == NULL ? lp_ca_default_dir(given, sizeof given)
                    : snprintf(given, sizeof given, "%s", dir) < (int)sizeof given - 64) {
        size_t len = strlen(given);
        while (len > 1 && given[len - 1] == '/') {
            given[--len] = '\0';
        }
        snprintf(out, LP_CA_PATH, "%s", given);
        return LP_EXIT_OK;
    }
    lp_fault_set(f, LP_EXIT_USAGE, "usage", "which folder is the CA's?");
    lp_fault_why(f, "the name is too long, or neither HOME nor XDG_DATA_HOME is set");
    return f->exit;
}

lp_exit_t lp_ca_open(const char *dir, lp_ca_t **out, lp_fault_t *f)
{
    char path[LP_CA_PATH + 64];
    lp_ca_t *ca = calloc(1, sizeof *ca);
    if (ca == NULL) {
        return lp_fault_set(f, LP_EXIT_LOCAL, "no-memory", "out of memory");
    }
    lp_exit_t rc = lp_ca_find_dir(dir, ca->dir, f);
    snprintf(path, sizeof path, "%s/ca.pem", ca->dir);
    if (rc == LP_EXIT_OK && access(path, F_OK) != 0) {
        rc = lp_fault_set(f, LP_EXIT_LOCAL, "ca-none", "there is no CA in %.300s", ca->dir);
        lp_fault_why(f, "%s", strerror(errno));
        lp_fault_next(f, "make one: limpet ca new --dir %.200s", ca->dir);
    }
    rc = rc == LP_EXIT_OK ? lp_ca_read_root(path, &ca->root_pem, &ca->root, f) : rc;
    if (rc == LP_EXIT_OK) {
        (void)lp_ca_times(ca->root, &ca->from_s, &ca->to_s);
        read_place(ca);
        snprintf(ca->reg.path, sizeof ca->reg.path, "%.480s/issued.log", ca->dir);
        rc = lp_ca_register_load(&ca->reg, f);
    }
    if (rc != LP_EXIT_OK) {
        lp_ca_close(ca);
        return rc;
    }
    *out = ca;
    return LP_EXIT_OK;
}

void lp_ca_close(lp_ca_t *ca)
{
    if (ca != NULL) {
        lp_ca_signer_close(ca->signer);
        lp_ca_register_free(&ca->reg);
        X509_free(ca->root);
        free(ca->root_pem);
        free(ca);
    }
}

const char *lp_ca_dir(const lp_ca_t *ca)
{
    return ca->dir;
}

const char *lp_ca_root_pem(const lp_ca_t *ca)
{
    return ca->root_pem;
}

const char *lp_ca_key_place(const lp_ca_t *ca)
{
    return ca->key;
}

X509 *lp_ca_root(const lp_ca_t *ca)
{
    return ca->root;
}

int64_t lp_ca_start_s(const lp_ca_t *ca)
{
    return ca->from_s;
}

int64_t lp_ca_end_s(const lp_ca_t *ca)
{
    return ca->to_s;
}

const lp_ca_record_t *lp_ca_records(const lp_ca_t *ca, size_t *n)
{
    *n = ca->reg.n;
    return ca->reg.records;
}

bool lp_ca_signed(const lp_ca_t *ca, const lp_ca_record_t *record)
{
    BIO *bio = BIO_new_mem_buf(record->pem, -1);
    X509 *x = bio != NULL ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
    bool is_signed = x != NULL && X509_verify(x, X509_get0_pubkey(ca->root)) == 1;
    X509_free(x);
    BIO_free(bio);
    ERR_clear_error();
    return is_signed;
}

// --- time

static void say_time(int64_t t_s, char out[24])
{
    time_t t = (time_t)t_s;
    struct tm tm;
    gmtime_r(&t, &tm);
    strftime(out, 24, "%Y-%m-%d %H:%M", &tm);
}

lp_exit_t lp_ca_check_clock(const lp_ca_t *ca, lp_fault_t *f)
{
    int64_t now_s = (int64_t)time(NULL);
    char now[24];
    char then[24];
    say_time(now_s, now);
    if (now_s >= ca->to_s) {
        say_time(ca->to_s, then);
        lp_fault_set(f, LP_EXIT_LOCAL, "ca-expired", "the CA's own certificate has ended");
        lp_fault_why(f, "it ended on %s, and it is %s UTC", then, now);
        lp_fault_next(f, "if that is the time, make a new CA: limpet ca new --dir ANOTHER-FOLDER");
        return f->exit;
    }
    bool is_before_root = now_s < ca->from_s;
    if (is_before_root || now_s + CLOCK_SLACK_S < ca->reg.newest_s) {
        say_time(is_before_root ? ca->from_s : ca->reg.newest_s, then);
        lp_fault_set(f, LP_EXIT_LOCAL, "clock-wrong", "this computer's clock is wrong");
        lp_fault_why(f, "it says %s UTC, but the CA %s on %s", now,
                     is_before_root ? "begins" : "was last used", then);
        lp_fault_next(f, "set the clock (timedatectl), then run the same command again");
        return f->exit;
    }
    return LP_EXIT_OK;
}

// --- the private key

lp_exit_t lp_ca_unlock(lp_ca_t *ca, const lp_ca_access_t *access, lp_fault_t *f)
{
    if (ca->signer != NULL) {
        return LP_EXIT_OK;
    }
    lp_ca_access_t at = {.key = access->key != NULL ? access->key : ca->key,
                         .pass_file = access->pass_file};
    lp_exit_t rc = lp_ca_signer_open(&at, &ca->signer, f);
    if (rc == LP_EXIT_OK && EVP_PKEY_eq(ca->signer->public_key, X509_get0_pubkey(ca->root)) != 1) {
        lp_ca_signer_close(ca->signer);
        ca->signer = NULL;
        lp_fault_set(f, LP_EXIT_CONFLICT, "ca-key-other", "that is not this CA's key");
        lp_fault_why(f, "%.200s and %.200s/ca.pem do not belong together", at.key, ca->dir);
        lp_fault_next(f, "name the right one with --ca-key, or the right folder");
        rc = f->exit;
    }
    return rc;
}

// --- changing

// One at a time; what another process has appended meanwhile is read.
lp_exit_t lp_ca_begin(lp_ca_t *ca, int *lock, lp_fault_t *f)
{
    char path[LP_CA_PATH + 64];
    if (ca->signer == NULL) {
        lp_fault_set(f, LP_EXIT_LOCAL, "ca-key", "the CA's key was not opened");
        return f->exit;
    }
    snprintf(path, sizeof path, "%s/lock", ca->dir);
    *lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    while (*lock >= 0 && flock(*lock, LOCK_EX) != 0) {
        if (errno != EINTR || lp_interrupt_seen()) {
            close(*lock);
            *lock = -1;
        }
    }
    if (*lock < 0) {
        return lp_interrupt_seen() ? lp_fault_interrupted(f) : lp_ca_fail_dir(path, f);
    }
    lp_exit_t rc = lp_ca_register_load(&ca->reg, f);
    if (rc == LP_EXIT_OK) {
        rc = lp_ca_check_clock(ca, f);
    }
    if (rc != LP_EXIT_OK) {
        close(*lock);
    } else if (ca->reg.was_cut) {
        lp_ui_warn(
            "the last line of the CA's register was not whole (a power cut?) and is dropped");
    }
    return rc;
}

static lp_exit_t check_wish(const lp_ca_wish_t *w, lp_fault_t *f)
{
    bool is_server = w->kind == LP_CA_SERVER;
    bool is_taken = w->kind != LP_CA_TOOL && strcmp(w->name, LP_CA_TOOL_NAME) == 0;
    if ((is_server || lp_ca_is_name(w->name)) && !is_taken) {
        return LP_EXIT_OK;
    }
    lp_fault_set(f, LP_EXIT_CONFLICT, "ca-name", "\"%.80s\" cannot be the name in a certificate",
                 w->name);
    lp_fault_why(f, is_taken ? "it is this tool's own name at the broker"
                             : "a name is 1 to 64 letters, digits, ':', '_' and '-'");
    lp_fault_next(f, "choose another one");
    return f->exit;
}

lp_exit_t lp_ca_issue(lp_ca_t *ca, const lp_ca_wish_t *wish, lp_ca_record_t *out, lp_fault_t *f)
{
    int lock = -1;
    X509 *x = NULL;
    int64_t now_s = (int64_t)time(NULL);
    int64_t to_s = now_s + wish->valid_s;
    lp_exit_t rc = check_wish(wish, f);
    rc = rc == LP_EXIT_OK ? lp_ca_begin(ca, &lock, f) : rc;
    if (rc != LP_EXIT_OK) {
        return rc;
    }
    lp_ca_form_t form = {.kind = wish->kind,
                         .name = wish->name,
                         .key = wish->key,
                         .names = wish->names,
                         .issuer = ca->root,
                         // clocks of brokers and boards differ
                         .from_s = now_s - LP_CA_BACKDATE_S < ca->from_s ? ca->from_s
                                                                         : now_s - LP_CA_BACKDATE_S,
                         .to_s = to_s > ca->to_s ? ca->to_s : to_s};
    rc = lp_ca_sign_cert(&form, ca->signer, &x, f);
    char *pem = rc == LP_EXIT_OK ? lp_ca_to_pem(x) : NULL;
    if (rc == LP_EXIT_OK && pem == NULL) {
        rc = lp_fault_set(f, LP_EXIT_LOCAL, "no-memory", "out of memory");
    }
    if (rc == LP_EXIT_OK) {
        lp_ca_record_t record = {.kind = wish->kind, .issued_s = now_s, .pem = pem};
        snprintf(record.serial, sizeof record.serial, "%s", form.serial);
        snprintf(record.name, sizeof record.name, "%s", wish->name);
        rc = lp_ca_register_issued(&ca->reg, &record, f);
    }
    if (rc == LP_EXIT_OK) {
        *out = ca->reg.records[ca->reg.n - 1];
    }
    free(pem);
    X509_free(x);
    close(lock);
    return rc;
}
