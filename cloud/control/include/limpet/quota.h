// SPDX-License-Identifier: Apache-2.0
// limpet/quota.h - how many calls a second AWS takes from an account: one token bucket for each
// account and call, filled at the call's rate, with room for one second's worth.
// @source AWS IoT Core endpoints and quotas, "API throttling" (2020); calls that are not in the
// table: 10.
#ifndef LIMPET_QUOTA_H
#define LIMPET_QUOTA_H

#include <stdbool.h>
#include <stdint.h>

typedef struct lp_quota lp_quota_t;

// May be shared by threads. Null: no memory.
lp_quota_t *lp_quota_new(void);
void lp_quota_free(lp_quota_t *quota);

// Calls a second of this call; 0: it is not counted (the data plane's).
int lp_quota_rate(const char *operation);
// Takes a token. False: there is none, the answer is ThrottlingException. now_ms: any clock that
// does not go back.
bool lp_quota_take(lp_quota_t *quota, const char *account, const char *operation, int64_t now_ms);

#endif
