// SPDX-License-Identifier: Apache-2.0
#include "limpet/sntp.h"

#include <string.h>

#include "limpet/endian.h"

enum {
    VERSION = 4,
    CLIENT = 3,
    SERVER = 4,
    UNSYNCHRONISED = 3, // leap indicator
    STRATUM = 1,
    STRATUM_MAX = 15,
    ORIGINATE = 24,
    TRANSMIT = 40,
    PLAUSIBLE_UTC_S = 1577836800, // 2020-01-01
};

void lp_sntp_request(uint8_t packet[LP_SNTP_BYTES], const uint8_t nonce[LP_SNTP_NONCE_BYTES])
{
    memset(packet, 0, LP_SNTP_BYTES);
    packet[0] = VERSION << 3 | CLIENT;
    memcpy(packet + TRANSMIT, nonce, LP_SNTP_NONCE_BYTES);
}

// Seconds are counted from 1900 and start anew in 2036: the lower half belongs to the next era.
static int64_t to_utc(uint32_t seconds)
{
    const int64_t era = seconds < UINT32_C(0x80000000) ? INT64_C(0x100000000) : 0;
    return era + (int64_t)seconds - INT64_C(2208988800);
}

lp_err_t lp_sntp_answer(lp_span_t packet, const uint8_t nonce[LP_SNTP_NONCE_BYTES], int64_t *utc_s)
{
    if (packet.len < LP_SNTP_BYTES) {
        return LP_E_FORMAT;
    }
    const uint8_t *p = packet.ptr;
    const unsigned version = p[0] >> 3 & 7u;
    if ((p[0] & 7u) != SERVER || version == 0 || version > VERSION ||
        memcmp(p + ORIGINATE, nonce, LP_SNTP_NONCE_BYTES) != 0) {
        return LP_E_FORMAT;
    }
    if (p[STRATUM] == 0) {
        return LP_E_DENIED;
    }
    const uint32_t seconds = lp_get_be32(p + TRANSMIT);
    const int64_t utc = to_utc(seconds);
    if (p[0] >> 6 == UNSYNCHRONISED || p[STRATUM] > STRATUM_MAX || seconds == 0 ||
        utc < PLAUSIBLE_UTC_S) {
        return LP_E_CLOCK;
    }
    *utc_s = utc;
    return LP_OK;
}
