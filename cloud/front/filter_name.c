// SPDX-License-Identifier: Apache-2.0
// The one part of the filter that the broker's plugin needs.
#include <stdio.h>
#include <string.h>

#include "limpet/front_filter.h"

void lp_filter_original(const char *filter, char *out, size_t size)
{
    size_t len = strlen(filter);
    bool is_longer = len >= 4 && strcmp(filter + len - 4, "/+/#") == 0;
    snprintf(out, size, "%.*s%s", (int)(is_longer ? len - 3 : len), filter, is_longer ? "#" : "");
}
