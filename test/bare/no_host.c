// SPDX-License-Identifier: Apache-2.0
// The emulated chip on a core has the time that a test gives it, and nothing else of a computer.
#include <stdlib.h>

#include "internal.h"

uint64_t lp_chipsim_host_clock(void *ctx)
{
    (void)ctx;
    abort();
}

// No files: what survives is the image, in memory.
lp_err_t lp_cs_state_claim(lp_chipsim_t *c, const char *path, bool create)
{
    (void)c;
    (void)path;
    (void)create;
    return LP_E_UNSUPPORTED;
}

lp_err_t lp_cs_state_save(lp_chipsim_t *c)
{
    (void)c;
    return LP_OK;
}
