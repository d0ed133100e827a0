// SPDX-License-Identifier: Apache-2.0
// Which cipher suites AWS IoT Core takes, and which it recommends.
#include <stdio.h>
#include <string.h>

#include "limpet/advisor.h"

// @source AWS IoT Core Developer Guide, "Transport security": the security policies
// IoTSecurityPolicy_TLS13_1_2_2022_10 (recommended: forward secrecy and AEAD) and _TLS12_1_2_*;
// numbers: IANA TLS Cipher Suites registry
static const struct {
    uint16_t number;
    bool is_recommended;
} known[] = {
    {0x1301, true},  // TLS_AES_128_GCM_SHA256
    {0x1302, true},  // TLS_AES_256_GCM_SHA384
    {0x1303, true},  // TLS_CHACHA20_POLY1305_SHA256
    {0xc02b, true},  // ECDHE-ECDSA-AES128-GCM-SHA256
    {0xc02f, true},  // ECDHE-RSA-AES128-GCM-SHA256
    {0xc02c, true},  // ECDHE-ECDSA-AES256-GCM-SHA384
    {0xc030, true},  // ECDHE-RSA-AES256-GCM-SHA384
    {0xc023, false}, // ECDHE-ECDSA-AES128-SHA256
    {0xc027, false}, // ECDHE-RSA-AES128-SHA256
    {0xc009, false}, // ECDHE-ECDSA-AES128-SHA
    {0xc013, false}, // ECDHE-RSA-AES128-SHA
    {0xc024, false}, // ECDHE-ECDSA-AES256-SHA384
    {0xc028, false}, // ECDHE-RSA-AES256-SHA384
    {0xc00a, false}, // ECDHE-ECDSA-AES256-SHA
    {0xc014, false}, // ECDHE-RSA-AES256-SHA
    {0x009c, false}, // AES128-GCM-SHA256
    {0x003c, false}, // AES128-SHA256
    {0x002f, false}, // AES128-SHA
    {0x009d, false}, // AES256-GCM-SHA384
    {0x003d, false}, // AES256-SHA256
    {0x0035, false}, // AES256-SHA
};

// Signals that look like suites: renegotiation, fallback, and GREASE (RFC 8701).
static bool is_signal(uint16_t suite)
{
    return suite == 0x00ff || suite == 0x5600 ||
           ((suite & 0x0f0f) == 0x0a0a && suite >> 8 == (suite & 0xff));
}

static void name_unsupported(lp_advisor_suites_t *out, uint16_t suite)
{
    const size_t len = strlen(out->unsupported_names);
    if (out->unsupported <= 8) {
        snprintf(out->unsupported_names + len, sizeof out->unsupported_names - len, "%s0x%04x",
                 len > 0 ? ", " : "", suite);
    }
}

void lp_advisor_suites_judge(lp_span_t suites, lp_advisor_suites_t *out)
{
    *out = (lp_advisor_suites_t){0};
    for (size_t at = 0; at + 2 <= suites.len; at += 2) {
        const uint16_t suite = (uint16_t)(suites.ptr[at] << 8 | suites.ptr[at + 1]);
        size_t i = 0;
        while (i < sizeof known / sizeof known[0] && known[i].number != suite) {
            i++;
        }
        if (i < sizeof known / sizeof known[0]) {
            out->supported++;
            out->recommended += known[i].is_recommended ? 1 : 0;
        } else if (!is_signal(suite)) {
            out->unsupported++;
            name_unsupported(out, suite);
        }
    }
}
