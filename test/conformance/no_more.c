// SPDX-License-Identifier: Apache-2.0
// A port of small boards leaves out what is optional.
#include "conformance.h"

int conformance_more(void)
{
    return 0;
}
