// SPDX-License-Identifier: Apache-2.0
// Certificate requests from whoever: what is taken from one is its key, when all else is right.
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>

#include "ca_private.h"

enum { MAX_CSR = 8192 };

// One name, of one kind, and all of its bytes: what stops at a zero byte is a trap.
static bool is_for(const X509_REQ *req, const char *name)
{
    const X509_NAME *subject = X509_REQ_get_subject_name(req);
    const X509_NAME_ENTRY *entry =
        X509_NAME_entry_count(subject) == 1 ? X509_NAME_get_entry(subject, 0) : NULL;
    if (entry == NULL || OBJ_obj2nid(X509_NAME_ENTRY_get_object(entry)) != NID_commonName) {
        return false;
    }
    const ASN1_STRING *text = X509_NAME_ENTRY_get_data(entry);
    size_t len = (size_t)ASN1_STRING_length(text);
    return len == strlen(name) && memcmp(ASN1_STRING_get0_data(text), name, len) == 0;
}

static const char *trouble(X509_REQ *req, const char *name)
{
    char hex[129];
    EVP_PKEY *key = X509_REQ_get0_pubkey(req);
    if (key == NULL) {
        return "its key is none";
    }
    lp_ca_key_hex(key, hex);
    if (hex[0] == '\0') {
        return "its key is not on P-256";
    }
    if (X509_REQ_verify(req, key) != 1) {
        return "its signature is not made with the key in it";
    }
    return is_for(req, name) ? NULL : "it is for another name";
}

bool lp_ca_take_csr(const char *pem, const char *name, EVP_PKEY **key, char *why, size_t cap)
{
    size_t len = strnlen(pem, MAX_CSR + 1);
    BIO *bio = len <= MAX_CSR ? BIO_new_mem_buf(pem, (int)len) : NULL;
    X509_REQ *req = bio != NULL ? PEM_read_bio_X509_REQ(bio, NULL, NULL, NULL) : NULL;
    const char *wrong = req != NULL ? trouble(req, name) : "it is not a certificate request";
    if (wrong == NULL) {
        *key = X509_REQ_get_pubkey(req);
        wrong = *key != NULL ? NULL : "its key is none";
    }
    X509_REQ_free(req);
    BIO_free(bio);
    ERR_clear_error();
    snprintf(why, cap, "%s", wrong != NULL ? wrong : "");
    return wrong == NULL;
}
