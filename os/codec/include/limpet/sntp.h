// SPDX-License-Identifier: Apache-2.0
// limpet/sntp.h - asking a server for the time: the two packets of SNTP.
//
// Nobody proves who answers: whoever sits on the way can tell any time. An answer must carry the
// eight random bytes of the request, so that others cannot.
// @source RFC 4330, sections 4 and 5; RFC 5905, sections 6 and 7.3
// @context any
#ifndef LIMPET_SNTP_H
#define LIMPET_SNTP_H

#include "limpet/err.h"
#include "limpet/span.h"

enum {
    LP_SNTP_BYTES = 48,
    LP_SNTP_NONCE_BYTES = 8,
    LP_SNTP_PORT = 123,
};

// A request of a client. `nonce` is random; it stands where the client's time would be.
void lp_sntp_request(uint8_t packet[LP_SNTP_BYTES], const uint8_t nonce[LP_SNTP_NONCE_BYTES]);

// Seconds since 1970 in a server's answer; from 2020 to 2155.
// LP_E_FORMAT: no answer to this request. LP_E_DENIED: the server wants to be left alone.
// LP_E_CLOCK: it does not know the time itself. On errors *utc_s is untouched.
lp_err_t lp_sntp_answer(lp_span_t packet, const uint8_t nonce[LP_SNTP_NONCE_BYTES], int64_t *utc_s);

#endif
