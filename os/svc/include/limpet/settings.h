// SPDX-License-Identifier: Apache-2.0
// limpet/settings.h - the settings of a Limpet device, as docs/settings.md lists them. The table is
// made of os/svc/schema by tools/gen-settings.
// @context loop
#ifndef LIMPET_SETTINGS_H
#define LIMPET_SETTINGS_H

#include "limpet/config.h"
#include "limpet/settings_rows.h"

enum {
// Small enough for all settings to fit in one RPC frame.
// identity.cert: own certificate and its chain; trust.ca: a bundle. The arena is for all strings
// at once and one more of the longest, see lp_config_setup_t; those two stay in flash on a small
// board.
#if defined(LP_SMALL)
    LP_SETTINGS_CERT_MAX = 1536,
    LP_SETTINGS_CA_MAX = 2048,
    LP_SETTINGS_ARENA = 1024,
#else
    LP_SETTINGS_CERT_MAX = 2048,
    LP_SETTINGS_CA_MAX = 3072,
    LP_SETTINGS_ARENA = 10240,
#endif
};

extern const lp_config_row_t lp_settings[LP_SETTINGS_COUNT];

// Old names, for lp_config_migrate(); null when there are none.
extern const lp_config_move_t *const lp_settings_moves;
extern const size_t lp_settings_move_count;

// Splits "host", "host:port" or "[v6]:port". LP_E_FORMAT; LP_E_NOSPACE: the host is too long.
lp_err_t lp_settings_split_server(const char *server, char *host, size_t host_cap, uint16_t *port);

#endif
