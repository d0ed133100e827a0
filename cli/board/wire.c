// SPDX-License-Identifier: Apache-2.0
#include "wire.h"

#include <string.h>

static const struct {
    const char *scheme;
    lp_exit_t (*open)(const char *url, lp_wire_t **wire, lp_fault_t *f);
} ways[] = {
    {"http://", lp_wire_open_http}, {"https://", lp_wire_open_http},
    {"ws://", lp_wire_open_ws},     {"wss://", lp_wire_open_ws},
    {"mqtt://", lp_wire_open_mqtt}, {"mqtts://", lp_wire_open_mqtt},
};

enum { WAYS = sizeof ways / sizeof ways[0] };

bool lp_wire_is_address(const char *port)
{
    return strstr(port, "://") != NULL && strncmp(port, "tcp://", 6) != 0;
}

lp_exit_t lp_wire_open(const char *port, lp_wire_t **wire, lp_fault_t *f)
{
    for (size_t i = 0; i < WAYS; i++) {
        if (strncmp(port, ways[i].scheme, strlen(ways[i].scheme)) == 0) {
            return ways[i].open(port, wire, f);
        }
    }
    lp_fault_set(f, LP_EXIT_USAGE, "usage", "%.100s is no way to a board", port);
    lp_fault_next(
        f,
        "tcp://HOST:PORT, http://HOST:PORT, ws://HOST:PORT, mqtts://BROKER/ID, or a serial port");
    return f->exit;
}

lp_exit_t lp_wire_fail(lp_fault_t *f, const char *url, const char *why)
{
    lp_fault_set(f, LP_EXIT_NETWORK, "board-unreachable", "cannot reach the board at %.200s", url);
    lp_fault_why(f, "%s", why);
    lp_fault_next(f, "is rpc.http.enable true there? (limpet config-get rpc, at its UART)");
    return f->exit;
}
