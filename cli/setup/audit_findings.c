// SPDX-License-Identifier: Apache-2.0
// What is to be said of what the cloud has. No I/O.
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "audit.h"

enum { DAY_S = 86400 };

#define CERTIFICATE "certificate"

static const struct {
    const char *code;
    const char *of;
    const char *title;
    const char *next;
} kinds[LP_FINDING_COUNT] = {
    [LP_FINDING_NO_THING] = {"no-thing", CERTIFICATE, "Active certificates that belong to no thing",
                             "whoever has the key may connect: attach them to a thing, or limpet "
                             "aws-iot-revoke (a provisioning claim has none on purpose)"},
    [LP_FINDING_NO_POLICY] = {"no-policy", CERTIFICATE, "Active certificates without a policy",
                              "they can do nothing: attach a policy, or revoke and delete them"},
    [LP_FINDING_SEVERAL_ACTIVE] = {"several-active", "thing",
                                   "Things with several active certificates",
                                   "find out which one the device uses and revoke the others"},
    [LP_FINDING_WIDE_POLICY] = {"policy-wildcard", "policy", "Policies that allow too much",
                                "name the device by ${iot:Connection.Thing.ThingName} "
                                "(docs/aws-iot-setup.md)"},
    [LP_FINDING_EXPIRED] = {"expired", CERTIFICATE, "Certificates that have expired",
                            "the device needs a new one; delete the old one"},
    [LP_FINDING_EXPIRING] = {"expiring", CERTIFICATE, "Certificates that expire soon",
                             "give the device a new one in time: limpet aws-iot-rotate"},
    [LP_FINDING_UNREADABLE] = {"unreadable", CERTIFICATE, "Active certificates that do not parse",
                               "find out who registered them; revoke and delete them"},
    [LP_FINDING_OFF_ATTACHED] = {"off-attached", CERTIFICATE,
                                 "Inactive or revoked certificates that are still attached",
                                 "detach and delete them, unless they are to come back"},
    [LP_FINDING_PENDING] = {"pending", CERTIFICATE, "Certificates that wait for somebody",
                            "accept, activate or delete them"},
};

const char *lp_finding_code(lp_finding_kind_t kind)
{
    return kinds[kind].code;
}

const char *lp_finding_of(lp_finding_kind_t kind)
{
    return kinds[kind].of;
}

const char *lp_finding_title(lp_finding_kind_t kind)
{
    return kinds[kind].title;
}

const char *lp_finding_next(lp_finding_kind_t kind)
{
    return kinds[kind].next;
}

void lp_audit_deinit(lp_audit_t *a)
{
    free(a->findings);
    free(a->things);
    *a = (lp_audit_t){.n_findings = 0};
}

// Room for one more; grows by doubling at each power of two.
static void *grow(lp_audit_t *a, void *array, size_t n, size_t size)
{
    if (n != 0 && (n & (n - 1)) != 0) {
        return array;
    }
    void *bigger = reallocarray(array, n == 0 ? 1 : 2 * n, size);
    a->has_no_memory = a->has_no_memory || bigger == NULL;
    return bigger;
}

void lp_audit_add(lp_audit_t *a, lp_finding_kind_t kind, const char *name, const char *fmt, ...)
{
    lp_finding_t *bigger = grow(a, a->findings, a->n_findings, sizeof *a->findings);
    if (bigger == NULL) {
        return;
    }
    a->findings = bigger;
    lp_finding_t *one = &a->findings[a->n_findings++];
    one->kind = kind;
    snprintf(one->name, sizeof one->name, "%s", name);
    va_list args;
    va_start(args, fmt);
    vsnprintf(one->detail, sizeof one->detail, fmt, args);
    va_end(args);
}

void lp_audit_count_thing(lp_audit_t *a, const char *thing)
{
    lp_audit_thing_t *bigger = grow(a, a->things, a->n_things, sizeof *a->things);
    if (bigger == NULL) {
        return;
    }
    a->things = bigger;
    snprintf(a->things[a->n_things].name, sizeof a->things[0].name, "%s", thing);
    a->n_things++;
}

static int compare_things(const void *a, const void *b)
{
    return strcmp(((const lp_audit_thing_t *)a)->name, ((const lp_audit_thing_t *)b)->name);
}

void lp_audit_judge_things(lp_audit_t *a)
{
    if (a->n_things > 0) {
        qsort(a->things, a->n_things, sizeof *a->things, compare_things);
    }
    for (size_t i = 0, n = 1; i < a->n_things; i += n, n = 1) {
        while (i + n < a->n_things && compare_things(&a->things[i], &a->things[i + n]) == 0) {
            n++;
        }
        if (n > 1) {
            lp_audit_add(a, LP_FINDING_SEVERAL_ACTIVE, a->things[i].name,
                         "has %zu ACTIVE certificates", n);
        }
    }
}

static const char *day(int64_t at_s, char out[32])
{
    time_t t = (time_t)at_s;
    struct tm tm;
    if (gmtime_r(&t, &tm) == NULL || strftime(out, 32, "%Y-%m-%d", &tm) == 0) {
        snprintf(out, 32, "?");
    }
    return out;
}

static void judge_dates(lp_audit_t *a, const lp_audit_cert_t *cert, int64_t now_s, long days)
{
    char text[32];
    if (cert->not_after_s == 0 && strcmp(cert->status, "ACTIVE") == 0) {
        lp_audit_add(a, LP_FINDING_UNREADABLE, cert->id, "ACTIVE, and its end cannot be read");
    }
    if (cert->not_after_s == 0 || strcmp(cert->status, "REVOKED") == 0) {
        return;
    }
    if (cert->not_after_s <= now_s) {
        lp_audit_add(a, LP_FINDING_EXPIRED, cert->id, "%s, and expired on %s", cert->status,
                     day(cert->not_after_s, text));
    } else if ((cert->not_after_s - now_s) / DAY_S < days && strcmp(cert->status, "ACTIVE") == 0) {
        lp_audit_add(a, LP_FINDING_EXPIRING, cert->id, "expires in %lld days, on %s",
                     (long long)((cert->not_after_s - now_s) / DAY_S),
                     day(cert->not_after_s, text));
    }
}

void lp_audit_judge_cert(lp_audit_t *a, const lp_audit_cert_t *cert, int64_t now_s, long days)
{
    bool is_active = strcmp(cert->status, "ACTIVE") == 0;
    bool is_pending = strncmp(cert->status, "PENDING_", 8) == 0;
    if (is_active && cert->n_things == 0) {
        lp_audit_add(a, LP_FINDING_NO_THING, cert->id,
                     "ACTIVE, and attached to no thing; policies: %zu", cert->n_policies);
    }
    if (is_active && cert->n_policies == 0) {
        lp_audit_add(a, LP_FINDING_NO_POLICY, cert->id,
                     "ACTIVE, and no policy is attached; things: %zu", cert->n_things);
    }
    if (is_pending) {
        lp_audit_add(a, LP_FINDING_PENDING, cert->id, "%s", cert->status);
    }
    if (!is_active && !is_pending && cert->n_things + cert->n_policies > 0) {
        lp_audit_add(a, LP_FINDING_OFF_ATTACHED, cert->id, "%s, things: %zu, policies: %zu",
                     cert->status, cert->n_things, cert->n_policies);
    }
    judge_dates(a, cert, now_s, days);
}
