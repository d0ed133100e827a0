// SPDX-License-Identifier: Apache-2.0
// What lwIP asks of a compiler and a C library; both are the ordinary ones.
#ifndef LWIP_ARCH_CC_H
#define LWIP_ARCH_CC_H

#include "lwip_hooks.h"

#define LWIP_NO_INTTYPES_H 0
#define LWIP_NO_CTYPE_H    0
#define LWIP_NO_UNISTD_H   1
#define LWIP_ERR_T         int

_Noreturn void lp_bare_fail(const char *what);
#define LWIP_PLATFORM_ASSERT(x) lp_bare_fail(x)
#define LWIP_PLATFORM_DIAG(x)                                                                      \
    do {                                                                                           \
    } while (0)

#endif
