// SPDX-License-Identifier: Apache-2.0
// The CA's key in a PEM file, and what it has in common with one in a token.
#include <errno.h>
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ca_private.h"

enum { MAX_KEY_FILE = 1 << 16, MIN_RSA_BITS = 2048, MAX_ASKED = 3, KDF_ROUNDS = 600000 };

bool lp_ca_is_token(const char *key)
{
    return strncmp(key, "pkcs11:", 7) == 0;
}

void lp_ca_signer_close(lp_ca_signer_t *s)
{
    if (s == NULL) {
        return;
    }
    if (s->close != NULL) {
        s->close(s);
    }
    EVP_PKEY_free(s->public_key);
    EVP_PKEY_free(s->private_key);
    EVP_PKEY_free(s->throw_away);
    free(s);
}

static lp_exit_t sign_with_file(lp_ca_signer_t *s, const uint8_t *text, size_t text_len,
                                uint8_t *sig, size_t *len, lp_fault_t *f)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool is_signed = ctx != NULL &&
                     EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, s->private_key) == 1 &&
                     EVP_DigestSign(ctx, sig, len, text, text_len) == 1;
    EVP_MD_CTX_free(ctx);
    if (!is_signed) {
        ERR_clear_error();
        return lp_fault_set(f, LP_EXIT_LOCAL, "ca-sign", "the CA's key does not sign");
    }
    return LP_EXIT_OK;
}

lp_ca_signer_t *lp_ca_signer_of(EVP_PKEY *key)
{
    lp_ca_signer_t *s = calloc(1, sizeof *s);
    if (s == NULL || EVP_PKEY_up_ref(key) != 1) {
        free(s);
        EVP_PKEY_free(key);
        return NULL;
    }
    *s = (lp_ca_signer_t){.public_key = key, .private_key = key, .sign = sign_with_file};
    return s;
}

typedef struct {
    const lp_ca_access_t *access;
    const char *path;
    int n_asked;
    lp_exit_t rc;
    lp_fault_t *f;
} asking_t;

// OpenSSL calls it only when the key is encrypted.
static int on_passphrase(char *out, int cap, int is_writing, void *ctx)
{
    asking_t *a = ctx;
    char secret[LP_CA_MAX_SECRET];
    char question[LP_CA_PATH + 40];
    (void)is_writing;
    a->n_asked++;
    snprintf(question, sizeof question, "the passphrase of %s", a->path);
    a->rc = a->access->pass_file != NULL
                ? lp_ca_secret_file(a->access->pass_file, "passphrase", secret, sizeof secret, a->f)
                : lp_ca_secret_ask(question, "ca-passphrase", secret, sizeof secret, a->f);
    int len = a->rc == LP_EXIT_OK ? (int)strlen(secret) : -1;
    if (len >= 0 && len <= cap) {
        memcpy(out, secret, (size_t)len);
    }
    OPENSSL_cleanse(secret, sizeof secret);
    return len <= cap ? len : -1;
}

static lp_exit_t fail_key(const char *path, const char *why, lp_fault_t *f)
{
    lp_fault_set(f, LP_EXIT_LOCAL, "ca-key", "the CA's private key cannot be used");
    lp_fault_why(f, "%.300s: %s", path, why);
    lp_fault_next(f, "name the file with the key (PEM: P-256, or RSA of 2048 bits and more), or a "
                     "token: --ca-key FILE or --ca-key 'pkcs11:token=...;object=...'");
    return f->exit;
}

static EVP_PKEY *read_key(const char *pem, asking_t *a)
{
    bool is_repeated = a->access->pass_file == NULL;
    EVP_PKEY *key = NULL;
    for (int i = 0; i < MAX_ASKED && key == NULL; i++) {
        int before = a->n_asked;
        BIO *bio = BIO_new_mem_buf(pem, -1);
        key = bio != NULL ? PEM_read_bio_PrivateKey(bio, NULL, on_passphrase, a) : NULL;
        BIO_free(bio);
        ERR_clear_error();
        if (a->n_asked == before || a->rc != LP_EXIT_OK || !is_repeated) {
            break;
        }
        if (key == NULL) {
            lp_ui_warn("that is not the passphrase");
        }
    }
    return key;
}

static bool is_usable(EVP_PKEY *key)
{
    char hex[129];
    lp_ca_key_hex(key, hex);
    return hex[0] != '\0' ||
           (EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA && EVP_PKEY_get_bits(key) >= MIN_RSA_BITS);
}

static lp_exit_t open_file(const lp_ca_access_t *access, lp_ca_signer_t **out, lp_fault_t *f)
{
    char *pem = lp_ca_read_file(access->key, MAX_KEY_FILE);
    if (pem == NULL) {
        return fail_key(access->key, strerror(errno), f);
    }
    asking_t asking = {.access = access, .path = access->key, .f = f};
    EVP_PKEY *key = read_key(pem, &asking);
    OPENSSL_cleanse(pem, strlen(pem));
    free(pem);
    if (key == NULL && asking.rc != LP_EXIT_OK) {
        return asking.rc;
    }
    if (key == NULL && asking.n_asked > 0) {
        lp_fault_set(f, LP_EXIT_CREDENTIALS, "ca-passphrase",
                     "that is not the passphrase of %.200s", access->key);
        lp_fault_next(f, "there is no way around it; look where it was written down");
        return f->exit;
    }
    if (key == NULL || !is_usable(key)) {
        EVP_PKEY_free(key);
        return fail_key(access->key,
                        key == NULL ? "there is no private key in it"
                                    : "it is of another kind than P-256 or RSA",
                        f);
    }
    lp_ca_signer_t *s = lp_ca_signer_of(key);
    if (s == NULL) {
        return lp_fault_set(f, LP_EXIT_LOCAL, "no-memory", "out of memory");
    }
    *out = s;
    return LP_EXIT_OK;
}

lp_exit_t lp_ca_signer_open(const lp_ca_access_t *access, lp_ca_signer_t **out, lp_fault_t *f)
{
    return lp_ca_is_token(access->key) ? lp_ca_token_open(access, false, out, f)
                                       : open_file(access, out, f);
}

// PKCS #8, with PBES2 (AES-256, PBKDF2 with HMAC-SHA-256) when there is a passphrase: any openssl
// reads it.
static bool put_key(BIO *bio, EVP_PKEY *key, const char *secret)
{
    PKCS8_PRIV_KEY_INFO *plain = EVP_PKEY2PKCS8(key);
    bool is_put = false;
    if (plain != NULL && secret == NULL) {
        is_put = PEM_write_bio_PKCS8_PRIV_KEY_INFO(bio, plain) == 1;
    } else if (plain != NULL) {
        X509_SIG *sealed = PKCS8_encrypt(-1, EVP_aes_256_cbc(), secret, (int)strlen(secret), NULL,
                                         0, KDF_ROUNDS, plain);
        is_put = sealed != NULL && PEM_write_bio_PKCS8(bio, sealed) == 1;
        X509_SIG_free(sealed);
    }
    PKCS8_PRIV_KEY_INFO_free(plain);
    return is_put;
}

lp_exit_t lp_ca_key_write(const char *path, EVP_PKEY *key, const char *secret, lp_fault_t *f)
{
    BIO *bio = BIO_new(BIO_s_secmem());
    char *text = NULL;
    bool is_made = bio != NULL && put_key(bio, key, secret) && BIO_write(bio, "", 1) == 1;
    long len = is_made ? BIO_get_mem_data(bio, &text) : 0;
    bool is_written = len > 1 && lp_ca_write_atomic(path, text, 0600);
    int error = errno;
    if (len > 0) {
        OPENSSL_cleanse(text, (size_t)len);
    }
    BIO_free(bio);
    if (is_written) {
        return LP_EXIT_OK;
    }
    lp_fault_set(f, LP_EXIT_LOCAL, "ca-dir", "a key cannot be written");
    lp_fault_why(f, "%.300s: %s", path, is_made ? strerror(error) : "OpenSSL could not encode it");
    return f->exit;
}

EVP_PKEY *lp_ca_make_key(void)
{
    return EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
}
