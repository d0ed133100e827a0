// SPDX-License-Identifier: Apache-2.0
// What the CA reads: certificate requests, and its own register from a disk that may have been
// written by anybody. The first byte chooses.
#include <openssl/evp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ca_private.h"
#include "limpet/crc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_csr(const char *text)
{
    EVP_PKEY *key = NULL;
    char why[120];
    if (lp_ca_take_csr(text, "lp-1", &key, why, sizeof why) != (key != NULL)) {
        abort();
    }
    EVP_PKEY_free(key);
}

// The request itself as bytes, which a fuzzer changes better than base64.
static void try_csr_der(const uint8_t *data, size_t size)
{
    static const char head[] = "-----BEGIN CERTIFICATE REQUEST-----\n";
    static const char tail[] = "\n-----END CERTIFICATE REQUEST-----\n";
    size_t cap = sizeof head + sizeof tail + size * 2 + 8;
    char *pem = malloc(cap);
    if (pem == NULL || size > 3000) {
        free(pem);
        return;
    }
    size_t n = (size_t)snprintf(pem, cap, "%s", head);
    n += (size_t)EVP_EncodeBlock((unsigned char *)pem + n, data, (int)size);
    // lines of base64 may be long; OpenSSL takes up to 254 digits
    snprintf(pem + n, cap - n, "%s", tail);
    try_csr(pem);
    free(pem);
}

static void check_records(const lp_ca_register_t *r)
{
    size_t revoked = 0;
    for (size_t i = 0; i < r->n; i++) {
        const lp_ca_record_t *rec = &r->records[i];
        if (strlen(rec->serial) != LP_CA_SERIAL_HEX || strlen(rec->id) != 64 || rec->pem == NULL) {
            abort();
        }
        revoked += rec->revoked_s != 0 ? 1u : 0u;
    }
    if (revoked > r->n_revoked || r->n > r->seq) {
        abort();
    }
}

// As it is, and with each line's checksum made right, to come behind it.
static void try_register(const char *text, bool is_mended)
{
    lp_ca_register_t r = {.path = "fuzz"};
    lp_fault_t f;
    size_t cap = strlen(text) * 2 + 4096;
    char *mended = is_mended ? calloc(1, cap) : NULL;
    size_t n = 0;
    for (const char *p = text; mended != NULL && *p != '\0';) {
        size_t len = strcspn(p, "\n");
        if (n + len + 16 > cap) {
            break;
        }
        n += (size_t)snprintf(mended + n, cap - n, "%.*s %08x\n", (int)len, p,
                              (unsigned)lp_crc32(0, lp_span(p, len)));
        p += len + (p[len] == '\n' ? 1u : 0u);
    }
    (void)lp_ca_register_parse(&r, mended != NULL ? mended : text, &f);
    check_records(&r);
    lp_ca_register_free(&r);
    free(mended);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = size > 0 ? malloc(size) : NULL;
    if (text == NULL) {
        return 0;
    }
    memcpy(text, data + 1, size - 1);
    text[size - 1] = '\0';
    switch (data[0] % 4) {
    case 0:
        try_csr(text);
        break;
    case 1:
        try_csr_der(data + 1, size - 1);
        break;
    default:
        try_register(text, data[0] % 4 == 3);
    }
    free(text);
    return 0;
}
