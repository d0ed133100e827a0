// SPDX-License-Identifier: Apache-2.0
// What the files of the CA share.
#ifndef LP_CA_PRIVATE_H
#define LP_CA_PRIVATE_H

#include "limpet/ca.h"

// --- the private key, wherever it is

struct lp_ca_signer {
    EVP_PKEY *public_key;  // owned
    EVP_PKEY *private_key; // owned; null when it is in a token
    EVP_PKEY *throw_away;  // owned; see sign.c
    // The signature of `text` as it stands in a certificate (SHA-256). `sig` has room for *len.
    lp_exit_t (*sign)(lp_ca_signer_t *s, const uint8_t *text, size_t text_len, uint8_t *sig,
                      size_t *len, lp_fault_t *f);
    void (*close)(lp_ca_signer_t *s); // may be null
    void *ctx;                        // the token's
};

enum { LP_CA_MAX_SIG = 1024, LP_CA_MAX_SECRET = 256 };

bool lp_ca_is_token(const char *key);
lp_exit_t lp_ca_signer_open(const lp_ca_access_t *access, lp_ca_signer_t **out, lp_fault_t *f);
lp_exit_t lp_ca_token_open(const lp_ca_access_t *access, bool is_made, lp_ca_signer_t **out,
                           lp_fault_t *f);
// A signer of a key pair that is here. Owns `key` in any case; null: no memory.
lp_ca_signer_t *lp_ca_signer_of(EVP_PKEY *key);
void lp_ca_signer_close(lp_ca_signer_t *s);
// A key pair whose private half is written to `path` (mode 0600), encrypted when `secret` is not
// null.
lp_exit_t lp_ca_key_write(const char *path, EVP_PKEY *key, const char *secret, lp_fault_t *f);

// Asks on the terminal without echo. Errors: `code` when there is no terminal; interrupted.
lp_exit_t lp_ca_secret_ask(const char *question, const char *code, char *out, size_t cap,
                           lp_fault_t *f);

// --- building and signing

typedef struct {
    lp_ca_kind_t kind;
    bool is_root;
    const char *name;
    EVP_PKEY *key;
    const char *const *names;
    X509 *issuer; // null for a root
    int64_t from_s;
    int64_t to_s;
    char serial[LP_CA_SERIAL_HEX + 1]; // filled in
} lp_ca_form_t;

// A signed certificate, checked against the signer's public key. Owned by the caller.
lp_exit_t lp_ca_sign_cert(lp_ca_form_t *form, lp_ca_signer_t *signer, X509 **out, lp_fault_t *f);
lp_exit_t lp_ca_sign_crl(X509 *root, const lp_ca_record_t *records, size_t n, int64_t number,
                         int64_t update_s, lp_ca_signer_t *signer, char **pem, lp_fault_t *f);
char *lp_ca_to_pem(X509 *cert); // malloc'd
bool lp_ca_times(X509 *cert, int64_t *from_s, int64_t *to_s);
// X and Y in hex of a P-256 key, "" for another kind.
void lp_ca_key_hex(EVP_PKEY *key, char out[129]);

// --- the register

typedef struct {
    char path[LP_CA_PATH];
    lp_ca_record_t *records;
    size_t n;
    size_t cap;
    uint64_t seq;     // of the newest line
    int64_t newest_s; // time of the newest line
    size_t n_revoked;
    bool was_cut; // the last line was not whole: a write that power took
    size_t whole; // bytes of whole lines
} lp_ca_register_t;

// Reads it. Errors: ca-register (a line in the middle is damaged or missing).
lp_exit_t lp_ca_register_load(lp_ca_register_t *r, lp_fault_t *f);
// The same from a text that the caller has; `r` is empty before.
lp_exit_t lp_ca_register_parse(lp_ca_register_t *r, const char *text, lp_fault_t *f);
// Append one line and wait until it is on disk. The caller holds the folder's lock.
lp_exit_t lp_ca_register_issued(lp_ca_register_t *r, const lp_ca_record_t *record, lp_fault_t *f);
lp_exit_t lp_ca_register_revoked(lp_ca_register_t *r, const char *serial, const char *reason,
                                 int64_t now_s, lp_fault_t *f);
void lp_ca_register_free(lp_ca_register_t *r);

// --- the folder

struct lp_ca {
    char dir[LP_CA_PATH];
    char key[LP_CA_PATH];
    char *root_pem;
    X509 *root;
    int64_t from_s;
    int64_t to_s;
    lp_ca_register_t reg;
    lp_ca_signer_t *signer;
};

enum { LP_CA_MAX_ROOT = 1 << 16, LP_CA_BACKDATE_S = 3600 };

lp_exit_t lp_ca_find_dir(const char *dir, char out[LP_CA_PATH], lp_fault_t *f);
// A root's PEM text (malloc'd) and certificate, when it may issue.
lp_exit_t lp_ca_read_root(const char *path, char **pem, X509 **out, lp_fault_t *f);
lp_exit_t lp_ca_fail_dir(const char *path, lp_fault_t *f);
// Locks the folder, reads what is new in the register, checks the clock. close(*lock) ends it.
lp_exit_t lp_ca_begin(lp_ca_t *ca, int *lock, lp_fault_t *f);

// --- files

// Reads a whole file; malloc'd, terminated. Null: errno says why.
char *lp_ca_read_file(const char *path, size_t max);
// Whole and durable, or as it was. False: errno.
bool lp_ca_write_atomic(const char *path, const char *text, unsigned mode);

#endif
