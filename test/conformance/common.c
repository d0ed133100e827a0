// SPDX-License-Identifier: Apache-2.0
// What the suites share.
#include <string.h>

#include "conformance.h"

lp_loop_t conformance_loop;
conformance_peers_t conformance_peers;
const char *conformance_host6;
conformance_tie_t conformance_tie;

static const char *take_number(const char *at, uint16_t *number)
{
    uint32_t value = 0;
    if (at == NULL || *at != ':') {
        return NULL;
    }
    for (at++; *at >= '0' && *at <= '9' && value <= UINT16_MAX; at++) {
        value = value * 10 + (uint32_t)(*at - '0');
    }
    *number = (uint16_t)value;
    return value > 0 && value <= UINT16_MAX ? at : NULL;
}

bool conformance_set_peers(const char *text)
{
    conformance_peers_t p = {.echo = 0};
    const char *colon = strchr(text, ':');
    if (colon == NULL || (size_t)(colon - text) >= sizeof p.host) {
        return false;
    }
    memcpy(p.host, text, (size_t)(colon - text));
    const char *at = take_number(colon, &p.echo);
    at = take_number(at, &p.greet);
    at = take_number(at, &p.flood);
    at = take_number(at, &p.reset);
    at = take_number(at, &p.refused);
    if (at == NULL || *at != '\0') {
        return false;
    }
    conformance_peers = p;
    return true;
}
