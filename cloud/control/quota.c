// SPDX-License-Identifier: Apache-2.0
#include "limpet/quota.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MILLI = 1000, RATE_OF_OTHERS = 10 };

static const struct {
    const char *operation;
    int rate; // a second
} rates[] = {
    {"AttachPolicy", 15},
    {"AttachThingPrincipal", 15},
    {"CreateCertificateFromCsr", 15},
    {"CreatePolicy", 10},
    {"CreateThing", 15},
    {"DescribeCertificate", 10},
    {"DescribeThing", 350},
    {"DetachPolicy", 15},
    {"DetachThingPrincipal", 15},
    {"RegisterCACertificate", 10},
    {"RegisterCertificate", 10},
    {"RegisterCertificateWithoutCA", 10},
    {"RegisterThing", 10},
    {"UpdateCertificate", 10},
    // Other services, or the data plane, which AWS counts by connection and account.
    {"GetCallerIdentity", 0},
    {"Publish", 0},
    {"GetRetainedMessage", 0},
    {"ListRetainedMessages", 0},
    {"GetThingShadow", 0},
    {"UpdateThingShadow", 0},
    {"DeleteThingShadow", 0},
    {"ListNamedShadowsForThing", 0},
    {"DescribeJobExecution", 0},
    {"GetPendingJobExecutions", 0},
    {"StartNextPendingJobExecution", 0},
    {"UpdateJobExecution", 0},
};

typedef struct bucket {
    char account[16];
    const char *operation; // AWS's name, static
    int64_t milli;         // tokens
    int64_t filled_ms;
    struct bucket *next;
} bucket_t;

struct lp_quota {
    pthread_mutex_t lock_;
    bucket_t *buckets_; // accounts are few
};

lp_quota_t *lp_quota_new(void)
{
    lp_quota_t *quota = calloc(1, sizeof *quota);
    if (quota != NULL && pthread_mutex_init(&quota->lock_, NULL) != 0) {
        free(quota);
        quota = NULL;
    }
    return quota;
}

void lp_quota_free(lp_quota_t *quota)
{
    if (quota == NULL) {
        return;
    }
    while (quota->buckets_ != NULL) {
        bucket_t *next = quota->buckets_->next;
        free(quota->buckets_);
        quota->buckets_ = next;
    }
    pthread_mutex_destroy(&quota->lock_);
    free(quota);
}

int lp_quota_rate(const char *operation)
{
    for (size_t i = 0; i < sizeof rates / sizeof rates[0]; i++) {
        if (strcmp(rates[i].operation, operation) == 0) {
            return rates[i].rate;
        }
    }
    return RATE_OF_OTHERS;
}

static bucket_t *find(lp_quota_t *quota, const char *account, const char *operation, int64_t full,
                      int64_t now_ms)
{
    for (bucket_t *b = quota->buckets_; b != NULL; b = b->next) {
        if (strcmp(b->operation, operation) == 0 && strcmp(b->account, account) == 0) {
            return b;
        }
    }
    bucket_t *b = calloc(1, sizeof *b);
    if (b != NULL) {
        *b = (bucket_t){
            .operation = operation, .milli = full, .filled_ms = now_ms, .next = quota->buckets_};
        snprintf(b->account, sizeof b->account, "%s", account);
        quota->buckets_ = b;
    }
    return b;
}

static bool take(bucket_t *b, int rate, int64_t full, int64_t now_ms)
{
    int64_t passed = now_ms - b->filled_ms;
    int64_t more = passed > MILLI ? full : passed * rate; // a token is a second's part
    b->milli = b->milli + more > full ? full : b->milli + more;
    b->filled_ms = now_ms;
    if (b->milli < MILLI) {
        return false;
    }
    b->milli -= MILLI;
    return true;
}

bool lp_quota_take(lp_quota_t *quota, const char *account, const char *operation, int64_t now_ms)
{
    int rate = lp_quota_rate(operation);
    int64_t full = (int64_t)rate * MILLI;
    if (rate == 0) {
        return true;
    }
    pthread_mutex_lock(&quota->lock_);
    bucket_t *b = find(quota, account, operation, full, now_ms);
    bool ok = b == NULL || take(b, rate, full, now_ms);
    pthread_mutex_unlock(&quota->lock_);
    return ok;
}
