// SPDX-License-Identifier: Apache-2.0
#include "bearssl.h"

enum { NOW_DAYS = 750000, NOW_SECONDS = 0 }; // a day of 2053: days are counted from year 0

const br_x509_trust_anchor bear_root = {
    .dn = {.data = pki_root_name, .len = sizeof pki_root_name},
    .flags = BR_X509_TA_CA,
    .pkey = {.key_type = BR_KEYTYPE_EC,
             .key.ec = {.curve = BR_EC_secp256r1,
                        .q = pki_root_point,
                        .qlen = sizeof pki_root_point}},
};

static void bear_chain(br_x509_minimal_context *chain)
{
    br_x509_minimal_init(chain, &br_sha256_vtable, &bear_root, 1);
    br_x509_minimal_set_hash(chain, br_sha256_ID, &br_sha256_vtable);
    br_x509_minimal_set_ecdsa(chain, &br_ec_p256_m15, br_ecdsa_i15_vrfy_asn1);
    br_x509_minimal_set_time(chain, NOW_DAYS, NOW_SECONDS);
}

void bear_engine(br_ssl_engine_context *engine, br_x509_minimal_context *chain)
{
    static const uint16_t suites[] = {BR_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256};
    unsigned char seed[32];
    wire_numbers(seed, sizeof seed);
    bear_chain(chain);
    br_ssl_engine_set_versions(engine, BR_TLS12, BR_TLS12);
    br_ssl_engine_set_suites(engine, suites, sizeof suites / sizeof suites[0]);
    br_ssl_engine_set_ec(engine, &br_ec_p256_m15);
    br_ssl_engine_set_ecdsa(engine, br_ecdsa_i15_vrfy_asn1);
    br_ssl_engine_set_hash(engine, br_sha256_ID, &br_sha256_vtable);
    br_ssl_engine_set_prf_sha256(engine, &br_tls12_sha256_prf);
    br_ssl_engine_set_gcm(engine, &br_sslrec_in_gcm_vtable, &br_sslrec_out_gcm_vtable);
    br_ssl_engine_set_aes_ctr(engine, &br_aes_ct_ctr_vtable);
    br_ssl_engine_set_ghash(engine, br_ghash_ctmul32);
    br_ssl_engine_set_x509(engine, &chain->vtable);
    br_ssl_engine_inject_entropy(engine, seed, sizeof seed);
}

static bool records(br_ssl_engine_context *engine, side_way_t way)
{
    size_t len, n = 0;
    unsigned char *buf = br_ssl_engine_sendrec_buf(engine, &len);
    if (buf != NULL && (n = wire_put(way, buf, len)) > 0) {
        br_ssl_engine_sendrec_ack(engine, n);
        return true;
    }
    buf = br_ssl_engine_recvrec_buf(engine, &len);
    if (buf != NULL && (n = wire_take(way == TO_SERVER ? TO_CLIENT : TO_SERVER, buf, len)) > 0) {
        br_ssl_engine_recvrec_ack(engine, n);
        return true;
    }
    return false;
}

side_state_t bear_turn(br_ssl_engine_context *engine, side_way_t way)
{
    while (records(engine, way)) {
    }
    unsigned is = br_ssl_engine_current_state(engine);
    if (is == BR_SSL_CLOSED) {
        return SIDE_FAILED;
    }
    return (is & (BR_SSL_SENDAPP | BR_SSL_RECVAPP)) != 0 ? SIDE_OPEN : SIDE_GOING;
}
