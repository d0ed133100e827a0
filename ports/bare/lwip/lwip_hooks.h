// SPDX-License-Identifier: Apache-2.0
#ifndef LWIP_HOOKS_H
#define LWIP_HOOKS_H

#include <stdint.h>

uint32_t lp_bare_rand(void);

#endif
