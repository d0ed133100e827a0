// SPDX-License-Identifier: Apache-2.0
// Answers of a time server: what is taken carries the request's bytes and a plausible time.
#include <string.h>

#include "fuzz.h"
#include "limpet/sntp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < LP_SNTP_NONCE_BYTES) {
        return 0;
    }
    int64_t utc_s = -1;
    const lp_span_t packet = lp_span(data + LP_SNTP_NONCE_BYTES, size - LP_SNTP_NONCE_BYTES);
    const lp_err_t err = lp_sntp_answer(packet, data, &utc_s);
    if (err == LP_OK) {
        MUST(packet.len >= LP_SNTP_BYTES);
        MUST(memcmp(packet.ptr + 24, data, LP_SNTP_NONCE_BYTES) == 0);
        MUST(utc_s >= 1577836800 && utc_s < INT64_C(5000000000) * 2);
    } else {
        MUST(utc_s == -1);
    }
    return 0;
}
