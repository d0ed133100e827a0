// SPDX-License-Identifier: Apache-2.0
// What CreateJob and UpdateJob may say, and within which limits.
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "jobs_priv.h"

enum { TEXT_MAX = 2028, DETAIL_NAME_MAX = 128, DETAIL_VALUE_MAX = 1024, RATE_MAX = 1000 };
enum { SCHEDULE_AHEAD_S = 30 * 60 };

const cJSON *lp_jobs_get(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

const char *lp_jobs_text(const cJSON *object, const char *name)
{
    return cJSON_GetStringValue(lp_jobs_get(object, name));
}

double lp_jobs_number(const cJSON *object, const char *name, double none)
{
    const cJSON *v = lp_jobs_get(object, name);
    return cJSON_IsNumber(v) ? v->valuedouble : none;
}

static bool whole_within(const cJSON *v, double min, double max)
{
    return cJSON_IsNumber(v) && v->valuedouble >= min && v->valuedouble <= max &&
           !(fabs(v->valuedouble - floor(v->valuedouble)) > 0.0);
}

static bool within(const cJSON *v, double min, double max)
{
    return cJSON_IsNumber(v) && v->valuedouble >= min && v->valuedouble <= max;
}

static bool one_of(const cJSON *v, const char *const *words)
{
    const char *text = cJSON_GetStringValue(v);
    for (; text != NULL && *words != NULL; words++) {
        if (strcmp(text, *words) == 0) {
            return true;
        }
    }
    return false;
}

static bool characters_ok(const char *text, size_t max, const char *also)
{
    size_t n = strlen(text);
    if (n == 0 || n > max) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        char c = text[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!plain && strchr(also, c) == NULL) {
            return false;
        }
    }
    return true;
}

bool lp_jobs_id_ok(const char *id)
{
    return id != NULL && characters_ok(id, LP_JOBS_ID_MAX, "_-");
}

// --- each configuration -------------------------------------------------------------------------

static const char *presigned_fault(const cJSON *c)
{
    const cJSON *role = lp_jobs_get(c, "roleArn");
    const cJSON *seconds = lp_jobs_get(c, "expiresInSec");
    const char *text = cJSON_GetStringValue(role);
    if (role != NULL && (text == NULL || strlen(text) < 20 || strlen(text) > 2048)) {
        return "presignedUrlConfig.roleArn has 20 to 2048 characters";
    }
    return seconds != NULL && !whole_within(seconds, 60, 3600)
               ? "presignedUrlConfig.expiresInSec is 60 to 3600"
               : NULL;
}

static const char *exponential_fault(const cJSON *e)
{
    const cJSON *criteria = lp_jobs_get(e, "rateIncreaseCriteria");
    const cJSON *notified = lp_jobs_get(criteria, "numberOfNotifiedThings");
    const cJSON *succeeded = lp_jobs_get(criteria, "numberOfSucceededThings");
    if (!whole_within(lp_jobs_get(e, "baseRatePerMinute"), 1, RATE_MAX)) {
        return "exponentialRate.baseRatePerMinute is 1 to 1000";
    }
    if (!within(lp_jobs_get(e, "incrementFactor"), 1.1, 5)) {
        return "exponentialRate.incrementFactor is 1.1 to 5";
    }
    const cJSON *one = notified != NULL ? notified : succeeded;
    return (notified == NULL) == (succeeded == NULL) || !whole_within(one, 1, 1e9)
               ? "rateIncreaseCriteria needs numberOfNotifiedThings or numberOfSucceededThings"
               : NULL;
}

static const char *rollout_fault(const cJSON *c)
{
    const cJSON *maximum = lp_jobs_get(c, "maximumPerMinute");
    const cJSON *exponential = lp_jobs_get(c, "exponentialRate");
    if (maximum != NULL && !whole_within(maximum, 1, RATE_MAX)) {
        return "maximumPerMinute is 1 to 1000";
    }
    return exponential != NULL ? exponential_fault(exponential) : NULL;
}

static const char *abort_fault(const cJSON *c)
{
    static const char *const types[] = {"FAILED", "REJECTED", "TIMED_OUT", "ALL", NULL};
    const cJSON *list = lp_jobs_get(c, "criteriaList");
    const cJSON *e = NULL;
    if (!cJSON_IsArray(list) || cJSON_GetArraySize(list) < 1) {
        return "abortConfig.criteriaList is missing";
    }
    cJSON_ArrayForEach(e, list)
    {
        const char *action = lp_jobs_text(e, "action");
        if (!one_of(lp_jobs_get(e, "failureType"), types) || action == NULL ||
            strcmp(action, "CANCEL") != 0 ||
            !within(lp_jobs_get(e, "thresholdPercentage"), 1, 100) ||
            !whole_within(lp_jobs_get(e, "minNumberOfExecutedThings"), 1, 1e9)) {
            return "An abort criterion needs failureType (FAILED, REJECTED, TIMED_OUT, ALL), "
                   "action CANCEL, thresholdPercentage 1 to 100 and minNumberOfExecutedThings";
        }
    }
    return NULL;
}

static const char *timeout_fault(const cJSON *c)
{
    const cJSON *minutes = lp_jobs_get(c, "inProgressTimeoutInMinutes");
    return minutes != NULL && !whole_within(minutes, 1, LP_JOBS_MINUTES_MAX)
               ? "inProgressTimeoutInMinutes is 1 to 10080"
               : NULL;
}

static const char *retry_fault(const cJSON *c)
{
    static const char *const types[] = {"FAILED", "TIMED_OUT", "ALL", NULL};
    const cJSON *list = lp_jobs_get(c, "criteriaList");
    const cJSON *e = NULL;
    int n = cJSON_IsArray(list) ? cJSON_GetArraySize(list) : 0;
    if (n < 1 || n > 2) {
        return "jobExecutionsRetryConfig.criteriaList has one or two criteria";
    }
    cJSON_ArrayForEach(e, list)
    {
        if (!one_of(lp_jobs_get(e, "failureType"), types) ||
            !whole_within(lp_jobs_get(e, "numberOfRetries"), 0, 10)) {
            return "A retry criterion needs failureType (FAILED, TIMED_OUT, ALL) and "
                   "numberOfRetries 0 to 10";
        }
    }
    return NULL;
}

double lp_jobs_time(const char *text)
{
    struct tm tm = {0};
    int used = 0;
    char between = 0;
    if (text == NULL ||
        sscanf(text, "%4d-%2d-%2d%c%2d:%2d%n", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &between,
               &tm.tm_hour, &tm.tm_min, &used) != 6 ||
        (between != ' ' && between != 'T')) {
        return 0;
    }
    const char *rest = text + used;
    if (sscanf(rest, ":%2d%n", &tm.tm_sec, &used) == 1) {
        rest += used;
    }
    if (strcmp(rest, "") != 0 && strcmp(rest, "Z") != 0) {
        return 0;
    }
    struct tm asked = tm;
    asked.tm_year -= 1900;
    asked.tm_mon -= 1;
    struct tm got = asked;
    time_t at = timegm(&got);
    bool real = got.tm_mday == asked.tm_mday && got.tm_mon == asked.tm_mon &&
                got.tm_hour == asked.tm_hour && got.tm_min == asked.tm_min;
    return real && at > 0 ? (double)at : 0;
}

static const char *schedule_fault(const cJSON *c, double now)
{
    static const char *const behaviors[] = {"STOP_ROLLOUT", "CANCEL", "FORCE_CANCEL", NULL};
    const cJSON *start = lp_jobs_get(c, "startTime");
    const cJSON *end = lp_jobs_get(c, "endTime");
    const cJSON *behavior = lp_jobs_get(c, "endBehavior");
    double from = start != NULL ? lp_jobs_time(cJSON_GetStringValue(start)) : now;
    double to = end != NULL ? lp_jobs_time(cJSON_GetStringValue(end)) : 0;
    if (start != NULL && from < now + SCHEDULE_AHEAD_S - 60) {
        return "schedulingConfig.startTime is YYYY-MM-DD HH:MM in UTC, 30 minutes ahead or more";
    }
    if (end != NULL && to < from + SCHEDULE_AHEAD_S) {
        return "schedulingConfig.endTime is YYYY-MM-DD HH:MM in UTC, 30 minutes after the start "
               "or more";
    }
    return behavior != NULL && (end == NULL || !one_of(behavior, behaviors))
               ? "schedulingConfig.endBehavior is STOP_ROLLOUT, CANCEL or FORCE_CANCEL, and needs "
                 "an endTime"
               : NULL;
}

static const struct {
    const char *name;
    const char *(*fault)(const cJSON *);
} configs[] = {
    {"presignedUrlConfig", presigned_fault},
    {"jobExecutionsRolloutConfig", rollout_fault},
    {"abortConfig", abort_fault},
    {"timeoutConfig", timeout_fault},
    {"jobExecutionsRetryConfig", retry_fault},
};

const char *lp_jobs_config_fault(const cJSON *request, double now)
{
    for (size_t i = 0; i < sizeof configs / sizeof configs[0]; i++) {
        const cJSON *c = lp_jobs_get(request, configs[i].name);
        const char *fault = NULL;
        if (c != NULL) {
            fault = cJSON_IsObject(c) ? configs[i].fault(c) : "A configuration is an object";
        }
        if (fault != NULL) {
            return fault;
        }
    }
    const cJSON *schedule = lp_jobs_get(request, "schedulingConfig");
    return schedule != NULL ? schedule_fault(schedule, now) : NULL;
}

cJSON *lp_jobs_config_of(const cJSON *request)
{
    static const char *const also[] = {"schedulingConfig", "namespaceId", "jobTemplateArn"};
    cJSON *all = cJSON_CreateObject();
    for (size_t i = 0; i < sizeof configs / sizeof configs[0]; i++) {
        const cJSON *c = lp_jobs_get(request, configs[i].name);
        if (c != NULL) {
            cJSON_AddItemToObject(all, configs[i].name, cJSON_Duplicate(c, true));
        }
    }
    for (size_t i = 0; i < sizeof also / sizeof also[0]; i++) {
        const cJSON *c = lp_jobs_get(request, also[i]);
        if (c != NULL) {
            cJSON_AddItemToObject(all, also[i], cJSON_Duplicate(c, true));
        }
    }
    return all;
}

// --- texts --------------------------------------------------------------------------------------

static bool has_control(const char *text)
{
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text < 0x20 || *text == 0x7f) {
            return true;
        }
    }
    return false;
}

static bool text_fits(const cJSON *v, size_t max)
{
    const char *text = cJSON_GetStringValue(v);
    return v == NULL || (text != NULL && strlen(text) <= max && !has_control(text));
}

const char *lp_jobs_text_fault(const cJSON *request)
{
    const cJSON *reason = lp_jobs_get(request, "reasonCode");
    const char *text = cJSON_GetStringValue(reason);
    if (!text_fits(lp_jobs_get(request, "description"), TEXT_MAX)) {
        return "The description has up to 2028 characters and no control characters";
    }
    if (!text_fits(lp_jobs_get(request, "comment"), TEXT_MAX)) {
        return "The comment has up to 2028 characters and no control characters";
    }
    if (reason != NULL && (text == NULL || text[0] == '\0' || strlen(text) > 128 ||
                           strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") != strlen(text))) {
        return "The reasonCode has up to 128 characters of A-Z 0-9 _";
    }
    const char *name_space = lp_jobs_text(request, "namespaceId");
    return name_space != NULL && !characters_ok(name_space, 64, "_-")
               ? "The namespaceId has 1 to 64 characters of a-z A-Z 0-9 _ -"
               : NULL;
}

const char *lp_jobs_details_fault(const cJSON *details)
{
    const cJSON *e = NULL;
    if (details == NULL) {
        return NULL;
    }
    if (!cJSON_IsObject(details) || cJSON_GetArraySize(details) > LP_JOBS_DETAILS_MAX) {
        return "statusDetails is an object of up to 10 texts";
    }
    cJSON_ArrayForEach(e, details)
    {
        const char *value = cJSON_GetStringValue(e);
        if (!characters_ok(e->string, DETAIL_NAME_MAX, ":_-")) {
            return "A name in statusDetails has 1 to 128 characters of a-z A-Z 0-9 : _ -";
        }
        if (value == NULL || value[0] == '\0' || strlen(value) > DETAIL_VALUE_MAX ||
            has_control(value)) {
            return "A value in statusDetails is a text of 1 to 1024 characters without control "
                   "characters";
        }
    }
    return NULL;
}
