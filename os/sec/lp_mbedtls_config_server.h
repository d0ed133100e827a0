// SPDX-License-Identifier: Apache-2.0
// The profile of a board with room for callers: the same, and a server.
#ifndef LP_MBEDTLS_CONFIG_SERVER_H
#define LP_MBEDTLS_CONFIG_SERVER_H

#include "lp_mbedtls_config.h"

#define MBEDTLS_SSL_SRV_C

#endif
