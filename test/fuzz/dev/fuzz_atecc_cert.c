// SPDX-License-Identifier: Apache-2.0
// Whatever 72 bytes come out of a slot: a refusal, or a certificate of a plausible size that packs
// to the same bytes again.
#include <stdlib.h>
#include <string.h>

#include "limpet/atecc_trust.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PREFIX_LEN = 220, TBS_LEN = 200 };

static const lp_atecc_cert_place_t places[] = {
    {LP_ATECC_CERT_PUBLIC_KEY, 100, 64},       {LP_ATECC_CERT_SERIAL, 10, 16},
    {LP_ATECC_CERT_NOT_BEFORE, 30, 13},        {LP_ATECC_CERT_NOT_AFTER, 45, 15},
    {LP_ATECC_CERT_SIGNER_ID, 62, 4},          {LP_ATECC_CERT_SUBJECT_KEY_ID, 66, 20},
    {LP_ATECC_CERT_AUTHORITY_KEY_ID, 170, 20},
};

static void check_packs_again(const uint8_t *raw)
{
    lp_atecc_cert_t cert;
    uint8_t again[LP_ATECC_CERT_LEN];
    if (lp_atecc_cert_unpack(raw, &cert) != LP_OK) {
        return;
    }
    if (lp_atecc_cert_pack(&cert, again) != LP_OK || memcmp(raw, again, 71) != 0) {
        abort();
    }
}

// What a Trust part might answer: two certificates that fit their templates, or none.
static void check_trust(const uint8_t *data, size_t size)
{
    lp_atecc_trust_t trust = {.serial = {1}};
    uint8_t device[LP_ATECC_TRUST_CERT_MAX];
    uint8_t signer[LP_ATECC_TRUST_CERT_MAX];
    lp_buf_t device_buf = lp_buf(device, sizeof device);
    lp_buf_t signer_buf = lp_buf(signer, sizeof signer);
    memcpy(&trust, data, size < sizeof trust ? size : sizeof trust);
    const lp_err_t err =
        lp_atecc_trust_build(&trust, &lp_atecc_trust_device, &lp_atecc_trust_signer,
                             lp_atecc_trust_root_pub, &device_buf, &signer_buf);
    if ((err == LP_OK) != (device_buf.len > 0) || (err == LP_OK) != (signer_buf.len > 0) ||
        err == LP_E_NOSPACE) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t prefix[PREFIX_LEN] = {0x30, 0x82};
    uint8_t raw[LP_ATECC_CERT_LEN] = {0};
    uint8_t out[PREFIX_LEN + LP_ATECC_CERT_TAIL_MAX];
    static const uint8_t pub[64] = {9};
    memcpy(raw, data, size < sizeof raw ? size : sizeof raw);
    check_packs_again(raw);
    check_trust(data, size);
    const lp_atecc_cert_template_t t = {.prefix = {prefix, sizeof prefix},
                                        .tbs_len = TBS_LEN,
                                        .template_id = raw[69] >> 4,
                                        .chain_id = raw[69] & 15,
                                        .places = places,
                                        .places_len = sizeof places / sizeof places[0]};
    const lp_atecc_cert_inputs_t in = {
        .pub = pub, .authority_pub = pub, .device_serial = pub, .stored_serial = {pub, 16}};
    lp_buf_t buf = lp_buf(out, sizeof out);
    const lp_err_t err = lp_atecc_cert_build(&t, raw, &in, &buf);
    if ((err == LP_OK) != (buf.len > 0) || err == LP_E_NOSPACE) {
        abort();
    }
    return 0;
}
