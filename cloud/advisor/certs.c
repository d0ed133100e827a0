// SPDX-License-Identifier: Apache-2.0
#include "certs.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "x509.h"

enum { DAY = 86400, CA_YEARS = 10, CERT_YEARS = 2, NAMES_MAX = 16384, FILE_MAX = 16384 };
// The chain of AWS IoT Core has about 5,000 bytes; 20 % more than that.
enum { LARGE_BYTES = 6000 };

// --- files --------------------------------------------------------------------------------------

static bool fault(char *why, size_t cap, const char *path)
{
    snprintf(why, cap, "%s: %s", path, errno != 0 ? strerror(errno) : "it cannot be used");
    return false;
}

static char *read_file(const char *path)
{
    FILE *f = fopen(path, "re");
    char *text = f != NULL ? malloc(FILE_MAX) : NULL;
    const size_t n = text != NULL ? fread(text, 1, FILE_MAX - 1, f) : 0;
    if (f != NULL) {
        fclose(f);
    }
    if (text != NULL) {
        text[n] = '\0';
    }
    return text;
}

// Whole or not at all.
static bool write_file(const char *path, const char *text, mode_t mode)
{
    char tmp[ADV_PATH_MAX + 8];
    snprintf(tmp, sizeof tmp, "%s.new", path);
    const int fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    if (fd < 0) {
        return false;
    }
    const size_t len = strlen(text);
    const bool ok = write(fd, text, len) == (ssize_t)len && fsync(fd) == 0;
    close(fd);
    if (!ok || rename(tmp, path) != 0) {
        unlink(tmp);
        return false;
    }
    return true;
}

static EVP_PKEY *read_key(const char *path)
{
    FILE *f = fopen(path, "re");
    EVP_PKEY *key = f != NULL ? PEM_read_PrivateKey(f, NULL, NULL, NULL) : NULL;
    if (f != NULL) {
        fclose(f);
    }
    return key;
}

static bool write_pair(const char *cert_path, const char *key_path, X509 *cert, EVP_PKEY *key)
{
    char *key_pem = lp_key_pem(key, true);
    char *cert_pem = lp_x509_pem(cert);
    const bool ok = key_pem != NULL && cert_pem != NULL && write_file(key_path, key_pem, 0600) &&
                    write_file(cert_path, cert_pem, 0644);
    if (key_pem != NULL) {
        OPENSSL_cleanse(key_pem, strlen(key_pem));
    }
    free(key_pem);
    free(cert_pem);
    return ok;
}

// --- authorities --------------------------------------------------------------------------------

static X509 *make_ca(const char *name, EVP_PKEY *key)
{
    const long long now = (long long)time(NULL);
    const lp_x509_config_t config = {
        .common_name = name,
        .organization = "Limpet",
        .is_ca = true,
        .not_before = now - DAY,
        .not_after = now + (long long)CA_YEARS * 365 * DAY,
    };
    return key != NULL ? lp_x509_make(&config, key, NULL, NULL) : NULL;
}

static bool open_ca(adv_certs_t *c, const char *dir, char *why, size_t cap)
{
    char key_path[ADV_PATH_MAX];
    errno = 0;
    if (mkdir(dir, 0700) != 0 && errno != EEXIST) {
        return fault(why, cap, dir);
    }
    snprintf(c->ca_path, sizeof c->ca_path, "%s/ca.pem", dir);
    snprintf(key_path, sizeof key_path, "%s/ca.key", dir);
    c->ca_pem = read_file(c->ca_path);
    c->ca = c->ca_pem != NULL ? lp_x509_from_pem(c->ca_pem) : NULL;
    c->ca_key = read_key(key_path);
    const bool is_there = c->ca != NULL && c->ca_key != NULL;
    if (is_there && X509_check_private_key(c->ca, c->ca_key) == 1) {
        return true;
    }
    X509_free(c->ca);
    EVP_PKEY_free(c->ca_key);
    free(c->ca_pem);
    c->ca_key = lp_key_new_rsa2048();
    c->ca = make_ca("Limpet Device Advisor CA", c->ca_key);
    c->ca_pem = c->ca != NULL ? lp_x509_pem(c->ca) : NULL;
    errno = 0;
    return (c->ca_pem != NULL && write_pair(c->ca_path, key_path, c->ca, c->ca_key)) ||
           fault(why, cap, c->ca_path);
}

// --- server certificates ------------------------------------------------------------------------

static void right_names(char *out, size_t cap, const char *name)
{
    const bool is_address = name != NULL && strspn(name, "0123456789.:") == strlen(name);
    snprintf(out, cap, "DNS:localhost,IP:127.0.0.1,IP:::1%s%s",
             name == NULL ? ""
             : is_address ? ",IP:"
                          : ",DNS:",
             name != NULL ? name : "");
}

// Names that nobody asks for, until the certificate is large enough.
static void add_ballast(char *names, size_t cap)
{
    for (int i = 0; strlen(names) < LARGE_BYTES && strlen(names) + 100 < cap; i++) {
        snprintf(names + strlen(names), cap - strlen(names),
                 ",DNS:a-name-that-makes-this-certificate-larger-%03d.example.invalid", i);
    }
}

static X509 *make_server(const adv_certs_t *c, lp_advisor_cert_t which, const char *name)
{
    char *names = malloc(NAMES_MAX);
    const long long now = (long long)time(NULL);
    lp_x509_config_t config = {
        .common_name = "localhost",
        .organization = "Limpet Device Advisor",
        .alt_names = names,
        .usage = "serverAuth",
        .not_before = now - 2 * DAY,
        .not_after = now + (long long)CERT_YEARS * 365 * DAY,
    };
    if (names == NULL) {
        return NULL;
    }
    right_names(names, NAMES_MAX, name);
    if (which == LP_ADVISOR_CERT_LARGE) {
        add_ballast(names, NAMES_MAX);
    } else if (which == LP_ADVISOR_CERT_WRONG_NAME) {
        snprintf(names, NAMES_MAX, "DNS:another-server.example.invalid");
        config.common_name = "another-server.example.invalid";
    } else if (which == LP_ADVISOR_CERT_EXPIRED) {
        config.not_after = now - DAY;
    }
    const bool is_strange = which == LP_ADVISOR_CERT_UNKNOWN_CA;
    X509 *cert = lp_x509_make(&config, c->key, is_strange ? c->strange_ca : c->ca,
                              is_strange ? c->strange_key : c->ca_key);
    free(names);
    return cert;
}

// Kept only because an RSA key takes a while to make.
static EVP_PKEY *open_server_key(const char *dir)
{
    char path[ADV_PATH_MAX];
    snprintf(path, sizeof path, "%s/server.key", dir);
    EVP_PKEY *key = read_key(path);
    if (key != NULL && EVP_PKEY_base_id(key) == EVP_PKEY_RSA) {
        return key;
    }
    EVP_PKEY_free(key);
    key = lp_key_new_rsa2048();
    char *pem = key != NULL ? lp_key_pem(key, true) : NULL;
    if (pem != NULL) {
        (void)write_file(path, pem, 0600); // the next run makes another one then
        OPENSSL_cleanse(pem, strlen(pem));
    }
    free(pem);
    return key;
}

bool adv_certs_open(adv_certs_t *c, const char *dir, const char *name, char *why, size_t cap)
{
    *c = (adv_certs_t){0};
    if (!open_ca(c, dir, why, cap)) {
        return false;
    }
    c->strange_key = lp_key_new_p256();
    // The same name as the true one: a device that looks at names only is caught.
    c->strange_ca = make_ca("Limpet Device Advisor CA", c->strange_key);
    c->key = open_server_key(dir);
    bool ok = c->strange_ca != NULL && c->key != NULL;
    for (int i = 0; ok && i < ADV_CERTS; i++) {
        c->cert[i] = make_server(c, (lp_advisor_cert_t)i, name);
        ok = c->cert[i] != NULL;
    }
    if (!ok) {
        snprintf(why, cap, "the server's certificates cannot be made (is \"%s\" a name?)",
                 name != NULL ? name : "localhost");
    }
    return ok;
}

void adv_certs_close(adv_certs_t *c)
{
    free(c->ca_pem);
    X509_free(c->ca);
    X509_free(c->strange_ca);
    EVP_PKEY_free(c->ca_key);
    EVP_PKEY_free(c->strange_key);
    EVP_PKEY_free(c->key);
    for (int i = 0; i < ADV_CERTS; i++) {
        X509_free(c->cert[i]);
    }
    *c = (adv_certs_t){0};
}

bool adv_certs_use(const adv_certs_t *c, lp_advisor_cert_t which, SSL_CTX *ctx)
{
    X509 *ca = which == LP_ADVISOR_CERT_UNKNOWN_CA ? c->strange_ca : c->ca;
    const bool ok = SSL_CTX_use_certificate(ctx, c->cert[which]) == 1 &&
                    SSL_CTX_use_PrivateKey(ctx, c->key) == 1 &&
                    SSL_CTX_add1_chain_cert(ctx, ca) == 1;
    ERR_clear_error();
    return ok;
}

bool adv_certs_make_device(const adv_certs_t *c, const char *prefix, const char *common_name,
                           char *why, size_t cap)
{
    char cert_path[ADV_PATH_MAX];
    char key_path[ADV_PATH_MAX];
    snprintf(cert_path, sizeof cert_path, "%s.pem", prefix);
    snprintf(key_path, sizeof key_path, "%s.key", prefix);
    if (access(cert_path, R_OK) == 0 && access(key_path, R_OK) == 0) {
        return true;
    }
    const long long now = (long long)time(NULL);
    const lp_x509_config_t config = {
        .common_name = common_name,
        .usage = "clientAuth",
        .not_before = now - DAY,
        .not_after = now + (long long)CERT_YEARS * 365 * DAY,
    };
    EVP_PKEY *key = lp_key_new_p256();
    X509 *cert = key != NULL ? lp_x509_make(&config, key, c->ca, c->ca_key) : NULL;
    errno = 0;
    const bool ok =
        (cert != NULL && write_pair(cert_path, key_path, cert, key)) || fault(why, cap, cert_path);
    X509_free(cert);
    EVP_PKEY_free(key);
    return ok;
}
