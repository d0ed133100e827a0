// SPDX-License-Identifier: Apache-2.0
// Memory for whichever TLS library there is.
#include <stdint.h>

#include "lp_mbedtls_platform.h"
#include "tls_internal.h"

lp_arena_t lp_tls_arena;

void *lp_tls_calloc(size_t count, size_t size)
{
    if (size != 0 && count > SIZE_MAX / size) {
        return NULL;
    }
    return lp_arena_take(&lp_tls_arena, count * size);
}

void lp_tls_free(void *ptr)
{
    lp_arena_give(&lp_tls_arena, ptr);
}
