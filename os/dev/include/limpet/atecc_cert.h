// SPDX-License-Identifier: Apache-2.0
// limpet/atecc_cert.h - compressed certificates: an X.509 certificate in one 72-byte slot.
//
//   byte 0        64       67          69               70                     71
//        | R | S  | dates  | signer id | template chain | serial source format | extension |
//        64 bytes   3 bytes   2 bytes      4 + 4 bits          4 + 4 bits        1 byte
//
// What is the same in all certificates of a product is a template in the program: the certificate
// up to its signature, with a list of the places that differ. Certificate = template + these 72
// bytes + the public key that the chip computes. ECDSA P-256 with SHA-256 only.
//
// @source DS20006367A, sections 2 and 3; formats 1 and 2 (years past 2031): chip notes
// @context loop; what needs no chip: any
#ifndef LIMPET_ATECC_CERT_H
#define LIMPET_ATECC_CERT_H

#include "limpet/atecc.h"

enum {
    LP_ATECC_CERT_LEN = 72,
    LP_ATECC_CERT_SERIAL_MAX = 20,
    LP_ATECC_CERT_TAIL_MAX = 75, // the signature as BIT STRING, behind the template
};

// Hours are the finest unit. expire_years 0: no end.
typedef struct {
    uint16_t year; // 2000 to 2031; to 2127 with format 1 and 2
    uint8_t month, day, hour;
    uint8_t expire_years; // to 31; to 127 with format 1 and 2
} lp_atecc_cert_dates_t;

typedef enum {
    LP_ATECC_SN_STORED = 0x0,
    LP_ATECC_SN_STORED_DYNAMIC = 0x7,
    LP_ATECC_SN_DEVICE = 0x8,      // 0x40 | device serial number
    LP_ATECC_SN_SIGNER_ID = 0x9,   // 0x40 | signer id
    LP_ATECC_SN_PUB_HASH = 0xA,    // of public key and dates
    LP_ATECC_SN_DEVICE_HASH = 0xB, // of device serial number and dates
} lp_atecc_sn_source_t;

typedef struct {
    uint8_t signature[64];
    lp_atecc_cert_dates_t dates;
    uint16_t signer_id;
    uint8_t template_id, chain_id; // 0 to 15
    uint8_t sn_source;             // 0 to 15
    uint8_t format;                // 0 to 2
} lp_atecc_cert_t;

// LP_E_RANGE: a value that the format cannot hold, or a date that does not exist, at the end
// included (29 February).
lp_err_t lp_atecc_cert_pack(const lp_atecc_cert_t *cert, uint8_t out[LP_ATECC_CERT_LEN]);
// LP_E_FORMAT: not a compressed certificate of format 0, 1 or 2.
lp_err_t lp_atecc_cert_unpack(const uint8_t in[LP_ATECC_CERT_LEN], lp_atecc_cert_t *out);

// ---- templates --------------------------------------------------------------------------------

typedef enum {
    LP_ATECC_CERT_PUBLIC_KEY, // 64 bytes
    LP_ATECC_CERT_SERIAL,     // contents of the INTEGER, up to 20 bytes
    LP_ATECC_CERT_NOT_BEFORE, // 13 (UTCTime) or 15 bytes (GeneralizedTime), contents
    LP_ATECC_CERT_NOT_AFTER,
    LP_ATECC_CERT_SIGNER_ID,        // four upper-case hex digits
    LP_ATECC_CERT_DEVICE_SERIAL,    // 18 upper-case hex digits
    LP_ATECC_CERT_SUBJECT_KEY_ID,   // 20 bytes, SHA-1 of 04 | public key
    LP_ATECC_CERT_AUTHORITY_KEY_ID, // the same of the signer's
} lp_atecc_cert_part_t;

typedef struct {
    lp_atecc_cert_part_t part;
    uint16_t offset; // in the whole certificate
    uint16_t len;
} lp_atecc_cert_place_t;

// Static data of a product.
typedef struct {
    lp_span_t prefix; // the certificate from 30 82 up to and without its signature BIT STRING
    uint16_t tbs_len; // of what is signed; it begins at offset 4
    uint8_t template_id, chain_id;
    const lp_atecc_cert_place_t *places;
    size_t places_len;
} lp_atecc_cert_template_t;

// What is neither in the template nor in the 72 bytes. Pointers that no place asks for may be null.
typedef struct {
    const uint8_t *pub;           // 64 bytes, of the subject
    const uint8_t *authority_pub; // 64 bytes, of the signer
    const uint8_t *device_serial; // 9 bytes
    lp_span_t stored_serial;      // as long as its place
} lp_atecc_cert_inputs_t;

// Rebuilds the certificate at the end of `out` (room: prefix + LP_ATECC_CERT_TAIL_MAX).
// LP_E_FORMAT: bad bytes or a template that does not fit itself; LP_E_NOT_FOUND: made with another
// template; LP_E_INVALID: an input is missing; LP_E_RANGE: a date does not fit its place;
// LP_E_UNSUPPORTED: serial source; LP_E_NOSPACE. The signature is not verified here.
lp_err_t lp_atecc_cert_build(const lp_atecc_cert_template_t *t, const uint8_t in[LP_ATECC_CERT_LEN],
                             const lp_atecc_cert_inputs_t *inputs, lp_buf_t *out);

// SHA-256 of what has to be signed, for who issues certificates: as lp_atecc_cert_build(), without
// regard to the signature. `work` needs room for the prefix.
lp_err_t lp_atecc_cert_digest(const lp_atecc_cert_template_t *t,
                              const uint8_t in[LP_ATECC_CERT_LEN],
                              const lp_atecc_cert_inputs_t *inputs, lp_buf_t *work,
                              uint8_t digest[32]);

// ---- in the chip ------------------------------------------------------------------------------

// Reads the 72 bytes from `cert_slot` and the public key of `key_slot` from the chip. Writing is
// lp_atecc_write(). `pub` may be null.
lp_err_t lp_atecc_cert_load(lp_atecc_t *chip, lp_atecc_req_t *req, uint8_t cert_slot,
                            uint8_t key_slot, uint8_t cert[LP_ATECC_CERT_LEN], uint8_t pub[64],
                            lp_atecc_done_fn *done, void *ctx);

// A public key as the chip stores it (4 zeros, X, 4 zeros, Y), and back.
void lp_atecc_pub_pack(const uint8_t pub[64], uint8_t slot[72]);
void lp_atecc_pub_unpack(const uint8_t slot[72], uint8_t pub[64]);

#endif
