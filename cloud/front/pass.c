// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "limpet/front_pass.h"

static const char prefix[] = "limpet-front/1 ";

static void to_hex(const unsigned char *bytes, size_t len, char *out)
{
    for (size_t i = 0; i < len; i++) {
        snprintf(out + 2 * i, 3, "%02x", bytes[i]);
    }
}

bool lp_pass_key_make(const char *path)
{
    lp_pass_key_t key;
    unlink(path);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        return false;
    }
    bool ok = RAND_bytes(key.byte, sizeof key.byte) == 1 &&
              write(fd, key.byte, sizeof key.byte) == (ssize_t)sizeof key.byte;
    int kept = errno;
    close(fd);
    OPENSSL_cleanse(&key, sizeof key);
    errno = kept;
    return ok;
}

bool lp_pass_key_read(const char *path, lp_pass_key_t *key)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    bool ok = fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
              st.st_size == LP_PASS_KEY_SIZE &&
              read(fd, key->byte, sizeof key->byte) == (ssize_t)sizeof key->byte;
    if (fd >= 0) {
        close(fd);
    }
    return ok;
}

void lp_pass_user(const char *address, bool last_will, char user[LP_PASS_USER_SIZE])
{
    snprintf(user, LP_PASS_USER_SIZE, "%s%.60s %c", prefix, address, last_will ? 'w' : '-');
}

// The zero byte between the two keeps one from flowing into the other.
bool lp_pass_mac(const lp_pass_key_t *key, const char *user, const char *pem,
                 char mac[LP_PASS_MAC_SIZE + 1])
{
    unsigned char md[EVP_MAX_MD_SIZE];
    unsigned int len = 0;
    EVP_PKEY *k = EVP_PKEY_new_raw_private_key(EVP_PKEY_HMAC, NULL, key->byte, sizeof key->byte);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    size_t size = sizeof md;
    bool ok = k != NULL && ctx != NULL &&
              EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, k) == 1 &&
              EVP_DigestSignUpdate(ctx, user, strlen(user) + 1) == 1 &&
              EVP_DigestSignUpdate(ctx, pem, strlen(pem)) == 1 &&
              EVP_DigestSignFinal(ctx, md, &size) == 1;
    len = (unsigned int)size;
    if (ok) {
        to_hex(md, len, mac);
    }
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(k);
    OPENSSL_cleanse(md, sizeof md);
    return ok;
}

bool lp_pass_certificate_id(const X509 *certificate, char id[65])
{
    unsigned char md[EVP_MAX_MD_SIZE];
    unsigned int len = 0;
    if (X509_digest(certificate, EVP_sha256(), md, &len) != 1) {
        return false;
    }
    to_hex(md, len, id);
    return true;
}

static bool read_user(const char *user, lp_pass_t *pass)
{
    char will = 0;
    int end = 0;
    if (strncmp(user, prefix, sizeof prefix - 1) != 0 ||
        sscanf(user + sizeof prefix - 1, "%63s %c%n", pass->address, &will, &end) != 2 ||
        user[sizeof prefix - 1 + (size_t)end] != '\0') {
        return false;
    }
    pass->last_will = will == 'w';
    return true;
}

// Of the bytes as they are: to make an X509 of them would cost more than all the rest, and only few
// connections need one.
static bool id_of_pem(const char *pem, char id[65])
{
    unsigned char md[EVP_MAX_MD_SIZE];
    unsigned int md_len = 0;
    char *name = NULL;
    char *header = NULL;
    unsigned char *der = NULL;
    long len = 0;
    BIO *in = BIO_new_mem_buf(pem, -1);
    bool ok = in != NULL && PEM_read_bio(in, &name, &header, &der, &len) == 1 &&
              strcmp(name, PEM_STRING_X509) == 0 && len > 0 &&
              EVP_Digest(der, (size_t)len, md, &md_len, EVP_sha256(), NULL) == 1;
    if (ok) {
        to_hex(md, md_len, id);
    }
    OPENSSL_free(name);
    OPENSSL_free(header);
    OPENSSL_free(der);
    BIO_free(in);
    return ok;
}

bool lp_pass_open(const lp_pass_key_t *key, const char *user, const char *password, lp_pass_t *pass)
{
    char mac[LP_PASS_MAC_SIZE + 1];
    lp_pass_t got = {0};
    if (user == NULL || password == NULL || strlen(password) <= LP_PASS_MAC_SIZE ||
        !lp_pass_mac(key, user, password + LP_PASS_MAC_SIZE, mac) ||
        CRYPTO_memcmp(mac, password, LP_PASS_MAC_SIZE) != 0 || !read_user(user, &got) ||
        !id_of_pem(password + LP_PASS_MAC_SIZE, got.certificate_id)) {
        return false;
    }
    got.pem = strdup(password + LP_PASS_MAC_SIZE);
    if (got.pem != NULL) {
        *pass = got;
    }
    return got.pem != NULL;
}

void lp_pass_close(lp_pass_t *pass)
{
    free(pass->pem);
    pass->pem = NULL;
}
