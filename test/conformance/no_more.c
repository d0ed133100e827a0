// SPDX-License-Identifier: Apache-2.0
// A port of small boards leaves out what is optional.
#include "conformance.h"

void conformance_more_sleep(void)
{
}

int conformance_more_woken(void)
{
    return 0;
}

int conformance_more(void)
{
    return 0;
}
