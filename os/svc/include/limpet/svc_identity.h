// SPDX-License-Identifier: Apache-2.0
// limpet/svc_identity.h - who the device is: its key, its certificate, whether they belong
// together; the methods Identity.*.
//
// There is no method that signs what the caller chose: Identity.Csr signs a request that it builds.
// @context loop
#ifndef LIMPET_SVC_IDENTITY_H
#define LIMPET_SVC_IDENTITY_H

#include "limpet/config.h"
#include "limpet/pem.h"
#include "limpet/rpc.h"
#include "limpet/sha256.h"
#include "limpet/svc_chip.h"
#include "limpet/x509.h"

enum { LP_CERT_ID_BYTES = 65 }; // SHA-256 of the certificate in hex, with its terminator

// The certificate in identity.cert.
typedef struct {
    bool exists;
    char id[LP_CERT_ID_BYTES];
    bool has_p256;
    uint8_t public_key[LP_KEY_PUBLIC_BYTES]; // when has_p256
} lp_identity_cert_t;

void lp_identity_read_cert(const lp_config_t *config, lp_identity_cert_t *cert);

// Its SHA-256 alone, zeros when there is none; and the id that such a hash is.
void lp_identity_hash_cert(const lp_config_t *config, uint8_t digest[LP_SHA256_LEN]);
void lp_identity_cert_id(const uint8_t digest[LP_SHA256_LEN], char id[LP_CERT_ID_BYTES]);

// Whether `key` is the key of `cert`.
bool lp_identity_is_match(const lp_identity_cert_t *cert, const uint8_t key[LP_KEY_PUBLIC_BYTES]);

typedef struct {
    lp_loop_t *loop;
    lp_rpc_t *rpc;
    lp_config_t *config;
    lp_store_t *store;
    lp_keystore_t *keys;
    lp_svc_chip_t *chip;
    lp_turn_t *turn;
} lp_svc_identity_setup_t;

typedef enum {
    LP_SVC_IDENTITY_INFO,
    LP_SVC_IDENTITY_GENKEY,
    LP_SVC_IDENTITY_CSR,
} lp_svc_identity_job_t;

typedef struct {
    lp_svc_identity_setup_t s_;
    lp_rpc_set_t set_;
    lp_rpc_req_t *req_;
    lp_turn_ticket_t ticket_;
    lp_svc_identity_job_t job_;
    lp_key_id_t id_;
    char key_[48];     // the id as text
    char confirm_[32]; // serial number
    char cn_[65];
    bool replaces_;
    lp_key_op_t op_;
    bool is_new_;
    uint8_t tbs_[LP_CSR_TBS_MAX];
    size_t tbs_len_;
} lp_svc_identity_t;

void lp_svc_identity_init(lp_svc_identity_t *svc, const lp_svc_identity_setup_t *setup);

#endif
