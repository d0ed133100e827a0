// SPDX-License-Identifier: Apache-2.0
// limpet/ca.h - a small certificate authority of one's own: a folder, a key, a register.
//
// The folder holds the root (ca.pem), the private key (ca.key, mode 0600) or where else it is, an
// append-only register of everything that was issued and revoked (issued.log) and the revocation
// list made from it (broker/crl.pem). Nothing that was signed leaves a function before the register
// has it on disk. One process changes a folder at a time.
#ifndef LIMPET_CA_H
#define LIMPET_CA_H

#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "limpet/fault.h"

enum {
    LP_CA_PATH = 512,
    LP_CA_SERIAL_HEX = 32,  // 16 random bytes
    LP_CA_NAME_MAX = 64,    // ub-common-name, RFC 5280 appendix A
    LP_CA_BOARD_CERT = 2048 // PEM bytes that a board has room for
};

// The name under which the tool itself speaks to the broker; no device may have it.
#define LP_CA_TOOL_NAME "limpet-setup"

typedef enum {
    LP_CA_DEVICE, // a board
    LP_CA_CLIENT, // a program that speaks to the broker
    LP_CA_TOOL,   // this tool, for an hour
    LP_CA_SERVER, // the broker
} lp_ca_kind_t;

typedef struct {
    lp_ca_kind_t kind;
    char serial[LP_CA_SERIAL_HEX + 1];
    char name[LP_CA_NAME_MAX + 1];
    char public_key[129]; // X and Y of a P-256 key; "" for another kind
    char id[65];          // SHA-256 of the DER certificate
    int64_t issued_s;
    int64_t from_s;
    int64_t to_s;
    int64_t revoked_s; // 0: it is not
    char reason[24];   // of the revocation
    char *pem;         // owned by the register
} lp_ca_record_t;

typedef struct lp_ca lp_ca_t;
typedef struct lp_ca_signer lp_ca_signer_t;

// Where the private key is and how it is opened. Strings are borrowed.
typedef struct {
    const char *key;       // a PEM file, or "pkcs11:..."; null: what the folder says
    const char *pass_file; // passphrase or PIN in a file; null: pin-source, or ask on the terminal
} lp_ca_access_t;

typedef struct {
    const char *dir;       // null: lp_ca_default_dir()
    const char *name;      // common name of a root that is made; null: one with a random tail
    const char *cert;      // file of an existing root, to be adopted; null: make one
    lp_ca_access_t access; // key null: make one in the folder
    bool is_key_made;      // make the key at access.key, in the token
    bool is_encrypted;     // a key that is made in the folder gets a passphrase
    long days;
} lp_ca_new_t;

// $XDG_DATA_HOME/limpet/ca, else ~/.local/share/limpet/ca. False: neither is set.
bool lp_ca_default_dir(char *out, size_t cap);

// Makes the folder. What is half there from a run that died is taken up; a finished one is never
// touched. *ca: owned, its key open. Errors: ca-exists, ca-dir, ca-cert, and those of the signer.
lp_exit_t lp_ca_new(const lp_ca_new_t *wish, lp_ca_t **ca, lp_fault_t *f);

// Opens a folder for reading. Errors: ca-none, ca-dir, ca-cert, ca-register. *ca: owned.
lp_exit_t lp_ca_open(const char *dir, lp_ca_t **ca, lp_fault_t *f);
void lp_ca_close(lp_ca_t *ca); // null is fine

const char *lp_ca_dir(const lp_ca_t *ca);
const char *lp_ca_root_pem(const lp_ca_t *ca);
const char *lp_ca_key_place(const lp_ca_t *ca); // file or URI, without a PIN
X509 *lp_ca_root(const lp_ca_t *ca);            // lends
int64_t lp_ca_end_s(const lp_ca_t *ca);
int64_t lp_ca_start_s(const lp_ca_t *ca);
// Whether this CA's key signed the certificate of a record.
bool lp_ca_signed(const lp_ca_t *ca, const lp_ca_record_t *record);
// What was issued, oldest first. Lends; the next change of the register ends it.
const lp_ca_record_t *lp_ca_records(const lp_ca_t *ca, size_t *n);

// Whether this computer's clock can be right: not before the root or the newest record.
// Errors: clock-wrong, ca-expired.
lp_exit_t lp_ca_check_clock(const lp_ca_t *ca, lp_fault_t *f);

// Opens the private key and makes sure that it is the root's. Errors: ca-key, ca-key-missing,
// ca-key-many, ca-key-other, ca-passphrase, ca-token, ca-token-missing, ca-token-many, ca-pin,
// ca-pin-last, ca-pin-locked, ca-pin-missing.
lp_exit_t lp_ca_unlock(lp_ca_t *ca, const lp_ca_access_t *access, lp_fault_t *f);

typedef struct {
    lp_ca_kind_t kind;
    const char *name;         // common name
    EVP_PKEY *key;            // the subject's public key; borrowed
    const char *const *names; // server only: DNS names and addresses, null-ended
    int64_t valid_s;          // how long; cut to the root's end
} lp_ca_wish_t;

// Issues a certificate, which is on disk in the register when this returns. *out is a copy whose
// pem is lent by the register. Errors: ca-name, clock-wrong, ca-expired, ca-register, ca-sign.
lp_exit_t lp_ca_issue(lp_ca_t *ca, const lp_ca_wish_t *wish, lp_ca_record_t *out, lp_fault_t *f);

// Revokes one certificate by its serial and writes the list anew. One that is revoked already is
// fine. Errors: ca-unknown, ca-register, ca-sign.
lp_exit_t lp_ca_revoke(lp_ca_t *ca, const char *serial, const char *reason, lp_fault_t *f);
// Whether `reason` is one that a revocation list knows.
bool lp_ca_is_reason(const char *reason);

// Whether broker/crl.pem is there and names everything that is revoked.
bool lp_ca_is_crl_current(const lp_ca_t *ca);
// Writes it from the register.
lp_exit_t lp_ca_write_crl(lp_ca_t *ca, lp_fault_t *f);

// A file of the folder, written so that it is there whole or as it was. Errors: ca-dir.
lp_exit_t lp_ca_write_file(const lp_ca_t *ca, const char *name, const char *text, unsigned mode,
                           lp_fault_t *f);

// The words of the register for a kind; static.
const char *lp_ca_kind_word(lp_ca_kind_t kind);

// Whether a name can be a device's or program's: letters, digits, ':', '_', '-', at most 64.
bool lp_ca_is_name(const char *name);

// The key of a certificate request (PEM) that is signed with that key and is for `name` and nothing
// else. Whatever else it asks for is not looked at and never copied. *key: owned. False: `why`.
bool lp_ca_take_csr(const char *pem, const char *name, EVP_PKEY **key, char *why, size_t cap);

typedef struct {
    const char *const *names; // DNS names and addresses, null-ended
    const char *at; // where the files will be on the broker's computer; null: where they are
    long port;
    long days;
} lp_ca_server_t;

// The broker's certificate, and a configuration for mosquitto with it: all of it in the folder
// broker/, which has what the broker needs and nothing else of the CA.
lp_exit_t lp_ca_make_server(lp_ca_t *ca, const lp_ca_server_t *server, lp_fault_t *f);

// Whether it can be in a server's certificate: a DNS name or an address.
bool lp_ca_is_host(const char *name);

// A secret from the first line of a file; `what` names it in the error ca-secret-file.
lp_exit_t lp_ca_secret_file(const char *path, const char *what, char *out, size_t cap,
                            lp_fault_t *f);

// A fresh P-256 key pair, or null. Owned by the caller.
EVP_PKEY *lp_ca_make_key(void);

#endif
