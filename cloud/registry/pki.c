// SPDX-License-Identifier: Apache-2.0
#include "pki.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "limpet/pki.h"

enum { PATH_SIZE = 1200, DAY = 86400, CA_YEARS = 20, SERVER_YEARS = 10, TRUST_MAX = 1000 };

// Where the words of a failure go.
typedef struct {
    char *why;
    size_t size;
} fault_t;

static bool fault(const fault_t *f, const char *path, const char *what)
{
    snprintf(f->why, f->size, "%s: %s", path, what);
    return false;
}

static void path_of(char out[PATH_SIZE], const char *folder, const char *name)
{
    snprintf(out, PATH_SIZE, "%s/%s", folder, name);
}

// Whole or not at all: written beside, flushed, then renamed.
static bool write_file(const char *path, const char *text, mode_t mode)
{
    char tmp[PATH_SIZE + 8];
    snprintf(tmp, sizeof tmp, "%s.new", path);
    int fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    if (fd < 0) {
        return false;
    }
    size_t len = strlen(text);
    bool ok = write(fd, text, len) == (ssize_t)len && fsync(fd) == 0;
    int kept = errno;
    close(fd);
    ok = ok && rename(tmp, path) == 0;
    if (!ok) {
        kept = errno != 0 ? errno : kept;
        unlink(tmp);
        errno = kept;
    }
    return ok;
}

static char *read_text(const char *path)
{
    FILE *f = fopen(path, "re");
    if (f == NULL) {
        return NULL;
    }
    enum { MAX = 64 * 1024 };
    char *text = malloc(MAX + 1);
    size_t n = text != NULL ? fread(text, 1, MAX, f) : 0;
    fclose(f);
    if (text != NULL) {
        text[n] = '\0';
    }
    return text;
}

static X509 *read_cert(const char *folder, const char *name)
{
    char path[PATH_SIZE];
    path_of(path, folder, name);
    char *pem = read_text(path);
    X509 *cert = pem != NULL ? lp_x509_from_pem(pem) : NULL;
    free(pem);
    return cert;
}

static EVP_PKEY *read_key(const char *folder, const char *name)
{
    char path[PATH_SIZE];
    path_of(path, folder, name);
    FILE *f = fopen(path, "re");
    EVP_PKEY *key = f != NULL ? PEM_read_PrivateKey(f, NULL, NULL, NULL) : NULL;
    if (f != NULL) {
        fclose(f);
    }
    return key;
}

static bool write_pair(const char *folder, const char *name, X509 *cert, EVP_PKEY *key,
                       const fault_t *f)
{
    char path[PATH_SIZE];
    char *key_pem = lp_key_pem(key, true);
    char *cert_pem = lp_x509_pem(cert);
    snprintf(path, sizeof path, "%s/%s.key", folder, name);
    bool ok = key_pem != NULL && cert_pem != NULL && write_file(path, key_pem, 0600);
    if (ok) {
        snprintf(path, sizeof path, "%s/%s.pem", folder, name);
        ok = write_file(path, cert_pem, 0644);
    }
    if (!ok) {
        fault(f, path, errno != 0 ? strerror(errno) : "out of memory");
    }
    if (key_pem != NULL) {
        OPENSSL_cleanse(key_pem, strlen(key_pem));
    }
    free(key_pem);
    free(cert_pem);
    return ok;
}

static bool have_pair(const char *folder, const char *name)
{
    char file[64];
    snprintf(file, sizeof file, "%s.pem", name);
    X509 *cert = read_cert(folder, file);
    snprintf(file, sizeof file, "%s.key", name);
    EVP_PKEY *key = read_key(folder, file);
    bool ok = cert != NULL && key != NULL && X509_check_private_key(cert, key) == 1;
    X509_free(cert);
    EVP_PKEY_free(key);
    return ok;
}

static bool make_ca(const char *folder, const char *name, const char *common_name, const fault_t *f)
{
    if (have_pair(folder, name)) {
        return true;
    }
    const lp_x509_config_t config = {
        .common_name = common_name,
        .organization = "Limpet local cloud",
        .is_ca = true,
        .not_before = (long long)time(NULL) - DAY,
        .not_after = (long long)time(NULL) + (long long)CA_YEARS * 365 * DAY,
    };
    EVP_PKEY *key = lp_key_new_p256();
    X509 *cert = key != NULL ? lp_x509_make(&config, key, NULL, NULL) : NULL;
    bool ok = cert != NULL ? write_pair(folder, name, cert, key, f)
                           : fault(f, name, "no key could be made");
    X509_free(cert);
    EVP_PKEY_free(key);
    return ok;
}

static X509 *sign_server(const char *folder, const char *endpoint, EVP_PKEY *key)
{
    char names[256];
    snprintf(names, sizeof names, "DNS:localhost,IP:127.0.0.1,IP:::1,DNS:%s", endpoint);
    const lp_x509_config_t config = {
        .common_name = "localhost",
        .organization = "Limpet local cloud",
        .alt_names = names,
        .usage = "serverAuth",
        .not_before = (long long)time(NULL) - DAY,
        .not_after = (long long)time(NULL) + (long long)SERVER_YEARS * 365 * DAY,
    };
    X509 *ca = read_cert(folder, "ca.pem");
    EVP_PKEY *ca_key = read_key(folder, "ca.key");
    X509 *cert =
        ca != NULL && ca_key != NULL && key != NULL ? lp_x509_make(&config, key, ca, ca_key) : NULL;
    X509_free(ca);
    EVP_PKEY_free(ca_key);
    return cert;
}

static bool make_server(const char *folder, const char *endpoint, const fault_t *f)
{
    if (have_pair(folder, "server")) {
        return true;
    }
    EVP_PKEY *key = lp_key_new_p256();
    X509 *cert = sign_server(folder, endpoint, key);
    bool ok = cert != NULL ? write_pair(folder, "server", cert, key, f)
                           : fault(f, "server.pem", "it could not be signed");
    X509_free(cert);
    EVP_PKEY_free(key);
    return ok;
}

// The file in trust/ that holds this certificate, or the first free name for it. OpenSSL looks
// certificates up by the hash of the subject, with a number behind for equal hashes.
static bool trust_path(const char *folder, X509 *cert, char path[PATH_SIZE], bool *present)
{
    for (int n = 0; n < TRUST_MAX; n++) {
        snprintf(path, PATH_SIZE, "%s/trust/%08lx.%d", folder, X509_subject_name_hash(cert), n);
        char *pem = read_text(path);
        X509 *have = pem != NULL ? lp_x509_from_pem(pem) : NULL;
        free(pem);
        *present = have != NULL && X509_cmp(have, cert) == 0;
        bool free_name = have == NULL;
        X509_free(have);
        if (*present || free_name) {
            return true;
        }
    }
    return false;
}

static bool trust(const char *folder, X509 *cert)
{
    char path[PATH_SIZE];
    bool present = false;
    if (!trust_path(folder, cert, path, &present)) {
        return false;
    }
    char *pem = present ? NULL : lp_x509_pem(cert);
    bool ok = present || (pem != NULL && write_file(path, pem, 0644));
    free(pem);
    return ok;
}

bool lp_pki_trust(lp_registry_t *reg, X509 *cert)
{
    return reg->folder_[0] == '\0' || trust(reg->folder_, cert);
}

// The highest number of the same hash moves into the gap: OpenSSL stops looking at the first
// missing one.
void lp_pki_distrust(lp_registry_t *reg, X509 *cert)
{
    char path[PATH_SIZE];
    bool present = false;
    if (reg->folder_[0] == '\0' || !trust_path(reg->folder_, cert, path, &present) || !present) {
        return;
    }
    char last[PATH_SIZE];
    char next[PATH_SIZE];
    snprintf(last, sizeof last, "%s", path);
    for (int n = 0; n < TRUST_MAX; n++) {
        snprintf(next, sizeof next, "%s/trust/%08lx.%d", reg->folder_, X509_subject_name_hash(cert),
                 n);
        if (access(next, F_OK) != 0) {
            break;
        }
        snprintf(last, sizeof last, "%s", next);
    }
    if (strcmp(last, path) != 0) {
        rename(last, path);
    } else {
        unlink(path);
    }
}

static bool trust_device_ca(const char *folder, const fault_t *f)
{
    char path[PATH_SIZE];
    path_of(path, folder, "trust");
    if (mkdir(path, 0700) != 0 && errno != EEXIST) {
        return fault(f, path, strerror(errno));
    }
    X509 *ca = read_cert(folder, "device-ca.pem");
    bool ok = ca != NULL && trust(folder, ca);
    X509_free(ca);
    return ok || fault(f, path, errno != 0 ? strerror(errno) : "it could not be filled");
}

bool lp_pki_setup(const char *folder, const char *endpoint, char *why, size_t size)
{
    const fault_t f = {.why = why, .size = size};
    errno = 0;
    return make_ca(folder, "ca", "Limpet local server CA", &f) &&
           make_server(folder, endpoint, &f) &&
           make_ca(folder, "device-ca", "Limpet local device CA", &f) &&
           trust_device_ca(folder, &f);
}

bool lp_pki_random_text(char *out, size_t len, const char *alphabet)
{
    size_t n = strlen(alphabet);
    for (size_t i = 0; i < len;) {
        unsigned char b = 0;
        if (RAND_bytes(&b, 1) != 1) {
            return false;
        }
        if (b < 256 / n * n) { // no letter more often than another
            out[i++] = alphabet[b % n];
        }
    }
    out[len] = '\0';
    return true;
}

lp_reg_err_t lp_pki_issuer(lp_registry_t *reg, lp_issuer_t *issuer)
{
    issuer->cert = read_cert(reg->folder_, "device-ca.pem");
    issuer->key = read_key(reg->folder_, "device-ca.key");
    if (issuer->cert == NULL || issuer->key == NULL) {
        lp_pki_issuer_free(issuer);
        return lp_reg_fail(reg, LP_REG_UNAVAILABLE, "the device CA of this cloud cannot be read");
    }
    return LP_REG_OK;
}

void lp_pki_issuer_free(lp_issuer_t *issuer)
{
    X509_free(issuer->cert);
    EVP_PKEY_free(issuer->key);
    *issuer = (lp_issuer_t){0};
}
