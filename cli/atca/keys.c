// SPDX-License-Identifier: Apache-2.0
// Keys in files, and files themselves. What held a secret is wiped before it is freed.
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "atca.h"
#include "limpet/base64.h"
#include "limpet/safe_file.h"

enum { POINT = 65 };

static lp_exit_t fail_file(const char *path, const char *code, const char *why, lp_fault_t *f)
{
    lp_fault_set(f, LP_EXIT_LOCAL, code, "%.200s cannot be used",
                 strcmp(path, "-") == 0 ? "standard input" : path);
    lp_fault_why(f, "%s", why);
    return f->exit;
}

char *atca_file_read(const char *path, size_t *len, lp_fault_t *f)
{
    const int fd = strcmp(path, "-") == 0 ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
    char *text = fd >= 0 ? calloc(1, ATCA_FILE_MAX + 1) : NULL;
    size_t n = 0;
    ssize_t got = text != NULL ? 1 : -1;
    while (got > 0 && n < ATCA_FILE_MAX) {
        got = read(fd, text + n, ATCA_FILE_MAX - n);
        n += got > 0 ? (size_t)got : 0;
    }
    if (got != 0) {
        fail_file(path, "file-open", got > 0 ? "it is too long" : strerror(errno), f);
        OPENSSL_clear_free(text, text != NULL ? ATCA_FILE_MAX + 1 : 0);
        text = NULL;
    }
    if (fd >= 0) {
        close(fd);
    }
    if (len != NULL) {
        *len = n;
    }
    return text;
}

static void to_stdout(const char *text)
{
    char *lines = strdup(text);
    const size_t len = lines != NULL ? strlen(lines) : 0;
    if (len > 0 && lines[len - 1] == '\n') {
        lines[len - 1] = '\0'; // which lp_ui_out_long() adds
    }
    lp_ui_out_long(lines != NULL ? lines : "");
    free(lines);
}

static bool put_text(int fd, const char *text)
{
    const bool is_ok =
        lp_file_write_all(fd, text, strlen(text)) && fchmod(fd, 0644) == 0 && fsync(fd) == 0;
    return close(fd) == 0 && is_ok;
}

lp_exit_t atca_file_write(const char *path, const char *text, lp_fault_t *f)
{
    char tmp[512];
    if (path == NULL || strcmp(path, "-") == 0) {
        to_stdout(text);
        return LP_EXIT_OK;
    }
    snprintf(tmp, sizeof tmp, "%.480s.XXXXXX", path);
    const int fd = mkstemp(tmp);
    if (fd >= 0 && put_text(fd, text) && rename(tmp, path) == 0) {
        return LP_EXIT_OK;
    }
    fail_file(path, "file-write", strerror(errno), f);
    if (fd >= 0) {
        (void)unlink(tmp);
    }
    return f->exit;
}

// -- EC keys

static bool take_public(const EVP_PKEY *pkey, uint8_t out[ATCA_PUBLIC])
{
    uint8_t point[POINT];
    size_t len = 0;
    if (EVP_PKEY_get_octet_string_param(pkey, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point, &len) !=
            1 ||
        len != POINT || point[0] != 4) {
        return false;
    }
    memcpy(out, point + 1, ATCA_PUBLIC);
    return true;
}

static bool is_p256(const EVP_PKEY *pkey)
{
    char group[32] = "";
    return EVP_PKEY_get_utf8_string_param(pkey, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof group,
                                          NULL) == 1 &&
           strcmp(group, "prime256v1") == 0;
}

// The number is padded on the left: a key may begin with zero bytes.
static bool take_private(const EVP_PKEY *pkey, atca_key_t *key)
{
    BIGNUM *d = NULL;
    bool is_ok = EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_PRIV_KEY, &d) == 1 &&
                 BN_bn2binpad(d, key->bytes, ATCA_SECRET) == ATCA_SECRET;
    BN_clear_free(d);
    key->len = ATCA_SECRET;
    key->is_private = true;
    return is_ok && take_public(pkey, key->public_key);
}

static int no_passphrase(char *buf, int size, int is_writing, void *ctx)
{
    (void)buf;
    (void)size;
    (void)is_writing;
    (void)ctx;
    return 0;
}

static bool take_ec(const char *text, atca_key_t *key)
{
    BIO *bio = BIO_new_mem_buf(text, -1);
    EVP_PKEY *pkey = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
    bool is_ok = pkey != NULL && is_p256(pkey) && take_private(pkey, key);
    if (pkey == NULL) {
        BIO_reset(bio);
        pkey = PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);
        is_ok = pkey != NULL && is_p256(pkey) && take_public(pkey, key->bytes);
        key->len = ATCA_PUBLIC;
    }
    EVP_PKEY_free(pkey);
    BIO_free(bio);
    return is_ok;
}

// -- plain secrets

// Text without white space; PEM without its first and last line.
static size_t squeeze(const char *text, char *out, size_t cap)
{
    size_t n = 0;
    while (*text != '\0' && n + 1 < cap) {
        const size_t line = strcspn(text, "\r\n");
        for (size_t i = 0; i < line && strncmp(text, "-----", 5) != 0 && n + 1 < cap; i++) {
            if (!isspace((unsigned char)text[i])) {
                out[n++] = text[i];
            }
        }
        text += line + strspn(text + line, "\r\n");
    }
    out[n] = '\0';
    return n;
}

static bool take_hex(const char *text, uint8_t *out)
{
    for (size_t i = 0; i < ATCA_SECRET; i++) {
        const char two[3] = {text[2 * i], text[2 * i + 1], '\0'};
        if (!isxdigit((unsigned char)two[0]) || !isxdigit((unsigned char)two[1])) {
            return false;
        }
        out[i] = (uint8_t)strtoul(two, NULL, 16);
    }
    return true;
}

static bool take_plain(const char *text, size_t len, atca_key_t *key)
{
    char word[2 * ATCA_SECRET + 2];
    lp_buf_t out = lp_buf(key->bytes, ATCA_SECRET);
    key->len = ATCA_SECRET;
    if (len == ATCA_SECRET) {
        memcpy(key->bytes, text, ATCA_SECRET);
        return true;
    }
    const size_t n = squeeze(text, word, sizeof word);
    const bool is_ok =
        n == (size_t)2 * ATCA_SECRET
            ? take_hex(word, key->bytes)
            : lp_base64_decode(&out, lp_span(word, n)) == LP_OK && out.len == ATCA_SECRET;
    OPENSSL_cleanse(word, sizeof word);
    return is_ok;
}

static lp_exit_t check_access(const char *path, const atca_key_t *key, lp_fault_t *f)
{
    struct stat st;
    if (key->len == ATCA_PUBLIC || strcmp(path, "-") == 0 || stat(path, &st) != 0 ||
        !S_ISREG(st.st_mode) || (st.st_mode & 077) == 0) {
        return LP_EXIT_OK;
    }
    fail_file(path, "atca-key-access", "others may read this secret", f);
    lp_fault_next(f, "chmod 600 it, and ask yourself who has read it already");
    return f->exit;
}

lp_exit_t atca_key_read(const char *path, atca_key_t *key, lp_fault_t *f)
{
    size_t len = 0;
    memset(key, 0, sizeof *key);
    char *text = atca_file_read(path, &len, f);
    if (text == NULL) {
        return f->exit;
    }
    const bool is_ok =
        take_ec(text, key) || (memset(key, 0, sizeof *key), take_plain(text, len, key));
    OPENSSL_clear_free(text, ATCA_FILE_MAX + 1);
    if (is_ok) {
        return check_access(path, key, f);
    }
    OPENSSL_cleanse(key, sizeof *key);
    fail_file(path, "atca-key-file", "it holds no P-256 key in PEM and no 32 bytes", f);
    lp_fault_next(f, "openssl rand -hex 32, or openssl ecparam -name prime256v1 -genkey -noout");
    return f->exit;
}

char *atca_public_pem(const uint8_t key[ATCA_PUBLIC])
{
    uint8_t point[POINT] = {4};
    memcpy(point + 1, key, ATCA_PUBLIC);
    char group[] = "prime256v1";
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point),
        OSSL_PARAM_construct_end()};
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    EVP_PKEY *pkey = NULL;
    char *text = NULL;
    BIO *bio = BIO_new(BIO_s_mem());
    char *data = NULL;
    if (EVP_PKEY_fromdata_init(ctx) == 1 &&
        EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params) == 1 &&
        PEM_write_bio_PUBKEY(bio, pkey) == 1) {
        const long len = BIO_get_mem_data(bio, &data);
        text = strndup(data, (size_t)len);
    }
    BIO_free(bio);
    EVP_PKEY_free(pkey);
    EVP_PKEY_CTX_free(ctx);
    return text;
}
