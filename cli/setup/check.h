// SPDX-License-Identifier: Apache-2.0
// What the tool does not believe but checks: requests, certificates, roots. OpenSSL behind it.
#ifndef LP_SETUP_CHECK_H
#define LP_SETUP_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LP_CHECK_KEY_HEX = 128, LP_CHECK_ID_HEX = 64 };

// What a certificate or request says of itself; lower-case hex, terminated.
typedef struct {
    char public_key[LP_CHECK_KEY_HEX + 1]; // X and Y of a P-256 key; "" for another kind
    char id[LP_CHECK_ID_HEX + 1];          // SHA-256 of the DER certificate
    char common_name[80];
} lp_check_t;

// A certificate request whose own signature is right. False: `why` says what is wrong.
bool lp_check_csr(const char *pem, lp_check_t *out, char *why, size_t cap);

// A certificate that parses.
bool lp_check_cert(const char *pem, lp_check_t *out, char *why, size_t cap);

// When a certificate ends, in seconds since 1970. False: it does not parse.
bool lp_check_cert_end(const char *pem, int64_t *end_s);

// Copies the certificates of a PEM text, without comments, to `out`. *n is how many there are.
// False: none, or one does not parse, or they do not fit.
bool lp_check_roots(const char *pem, char *out, size_t out_cap, size_t *n, char *why, size_t cap);

// CRC-16 of the ATECC family (polynomial 0x8005, bits in from the right, low byte first).
uint16_t lp_check_chip_crc(const uint8_t *data, size_t len);

#endif
