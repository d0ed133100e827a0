// SPDX-License-Identifier: Apache-2.0
// What all ways to credentials have in common. Private to this folder.
#ifndef LP_CREDENTIALS_H
#define LP_CREDENTIALS_H

#include "limpet/aws.h"

// Reads "2026-01-31T12:00:00Z", with fractions or an offset too. False: it is no time.
bool lp_credential_time(const char *text, int64_t *utc_s);

#endif
