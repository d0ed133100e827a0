// SPDX-License-Identifier: Apache-2.0
// The words of the command line: parameters by AWS's names, cases and groups, policy files.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "advisor.h"
#include "limpet/opt.h"

enum { POLICY_MAX = 1 << 20 };

static int bad(const char *what, const char *why)
{
    return lp_ui_fail(LP_EXIT_USAGE, "usage", what, why, "limpet advisor run --help");
}

// --- KEY=VALUE ----------------------------------------------------------------------------------

static bool take_number(const char *text, long min, long max, long *out)
{
    char *end = NULL;
    errno = 0;
    const long n = strtol(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || n < min || n > max) {
        return false;
    }
    *out = n;
    return true;
}

// 1: taken, 0: not a number that fits, -1: no such name.
static int take_named_number(lp_advisor_params_t *v, const char *name, const char *value)
{
    const struct {
        const char *name;
        long *place;
        long min, max;
    } numbers[] = {
        {"EXECUTION_TIMEOUT", &v->execution_timeout_s, 1, 10L * 24 * 3600},
        {"PAYLOAD_SIZE", &v->payload_kb, 0, 127},
        {"RECONNECTION_ATTEMPTS", &v->reconnection_attempts, 5, 10},
        {"LONG_SERVER_DISCONNECT", &v->long_disconnect_s, 1, 4L * 3600},
        {"SETTLE_MS", &v->settle_ms, 1, 60000},
    };
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        if (strcmp(numbers[i].name, name) == 0) {
            return take_number(value, numbers[i].min, numbers[i].max, numbers[i].place) ? 1 : 0;
        }
    }
    return -1;
}

static bool take_named_text(lp_advisor_params_t *v, const char *name, const char *value)
{
    const struct {
        const char *name;
        const char **place;
    } texts[] = {
        {"TRIGGER_TOPIC", &v->trigger_topic},
        {"PAYLOAD", &v->payload},
        {"TOPIC_FOR_PUBLISH_VALIDATION", &v->publish_topic},
        {"PAYLOAD_FOR_PUBLISH_VALIDATION", &v->publish_payload},
        {"TOPIC_LIST_FOR_SUBSCRIPTION_VALIDATION_ID", &v->subscribe_topics},
        {"SHADOW_NAME", &v->shadow_name},
        {"REPORTED_STATE", &v->reported_state},
        {"DESIRED_STATE", &v->desired_state},
        {"JOB_DOCUMENT", &v->job_document},
        {"JOB_JOBID", &v->job_id},
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (strcmp(texts[i].name, name) == 0) {
            *texts[i].place = value;
            return true;
        }
    }
    return false;
}

static int take_word(advisor_params_t *p, const char *word)
{
    char name[64];
    char what[120];
    const char *equals = strchr(word, '=');
    if (equals == NULL || (size_t)(equals - word) >= sizeof name) {
        snprintf(what, sizeof what, "\"%.60s\" is not of the form NAME=VALUE", word);
        return bad(what, "cases are named with --case");
    }
    memcpy(name, word, (size_t)(equals - word));
    name[equals - word] = '\0';
    const int number = take_named_number(&p->values, name, equals + 1);
    if (number == 0) {
        snprintf(what, sizeof what, "%s is not a number that fits: %.30s", name, equals + 1);
        return bad(what, NULL);
    }
    if (number < 0 && !take_named_text(&p->values, name, equals + 1)) {
        snprintf(what, sizeof what, "no test case has a parameter %s", name);
        return bad(what, "limpet advisor list shows them");
    }
    return LP_OPT_GO_ON;
}

int advisor_params_take(advisor_params_t *p, int count, char **words)
{
    for (int i = 0; i < count; i++) {
        const int rc = take_word(p, words[i]);
        if (rc != LP_OPT_GO_ON) {
            return rc;
        }
    }
    return LP_OPT_GO_ON;
}

// --- policies -----------------------------------------------------------------------------------

static char *read_text(const char *path)
{
    FILE *f = fopen(path, "re");
    char *text = f != NULL ? malloc(POLICY_MAX + 1) : NULL;
    const size_t n = text != NULL ? fread(text, 1, POLICY_MAX, f) : 0;
    if (f != NULL) {
        fclose(f);
    }
    if (text != NULL) {
        text[n] = '\0';
    }
    return text;
}

int advisor_params_policies(advisor_params_t *p, const char *files)
{
    size_t n = 0;
    while (files != NULL && *files != '\0') {
        char path[ADVISOR_DIR_MAX];
        const size_t len = strcspn(files, ",");
        snprintf(path, sizeof path, "%.*s", (int)len, files);
        p->documents[n] = n < ADVISOR_POLICIES_MAX ? read_text(path) : NULL;
        if (p->documents[n] == NULL) {
            return lp_ui_fail(
                LP_EXIT_LOCAL, "policy-file", "a policy cannot be read", path,
                "give --policy a file with a policy document, or several with commas");
        }
        n++;
        files += len + (files[len] == ',' ? 1 : 0);
    }
    p->values.policies = (const char *const *)p->documents;
    return LP_OPT_GO_ON;
}

void advisor_params_free(advisor_params_t *p)
{
    for (size_t i = 0; i < ADVISOR_POLICIES_MAX; i++) {
        free(p->documents[i]);
    }
}

// --- which cases --------------------------------------------------------------------------------

static bool is_named(const char *list, const lp_advisor_case_t *c, bool *by_id)
{
    while (*list != '\0') {
        const size_t len = strcspn(list, ",");
        const bool is_id = strlen(c->id) == len && strncasecmp(c->id, list, len) == 0;
        const bool is_group = strlen(c->group) == len && strncasecmp(c->group, list, len) == 0;
        if (is_id || is_group) {
            *by_id = is_id || c->is_long;
            return true;
        }
        list += len + (list[len] == ',' ? 1 : 0);
    }
    return false;
}

// Says which word of the list names nothing.
static int check_names(const char *list)
{
    size_t count = 0;
    const lp_advisor_case_t *cases = lp_advisor_cases(&count);
    while (*list != '\0') {
        char word[80];
        char what[140];
        const size_t len = strcspn(list, ",");
        bool is_known = false;
        bool by_id;
        snprintf(word, sizeof word, "%.*s", (int)len, list);
        for (size_t i = 0; i < count; i++) {
            is_known = is_known || is_named(word, &cases[i], &by_id);
        }
        if (!is_known) {
            snprintf(what, sizeof what, "there is no test case or group \"%s\"", word);
            return lp_ui_fail(LP_EXIT_USAGE, "usage", what, NULL, "limpet advisor list");
        }
        list += len + (list[len] == ',' ? 1 : 0);
    }
    return LP_OPT_GO_ON;
}

int advisor_pick(const advisor_options_t *o, const lp_advisor_case_t *picked[ADVISOR_CASES_MAX],
                 size_t *count)
{
    size_t n = 0;
    const lp_advisor_case_t *cases = lp_advisor_cases(&n);
    const bool is_qualification = strcmp(o->suite, "qualification") == 0;
    *count = 0;
    if (!is_qualification && strcmp(o->suite, "all") != 0) {
        return bad("a suite is qualification or all", NULL);
    }
    const int rc = o->cases != NULL ? check_names(o->cases) : LP_OPT_GO_ON;
    for (size_t i = 0; rc == LP_OPT_GO_ON && i < n; i++) {
        bool by_id = false;
        const bool is_in = o->cases != NULL   ? is_named(o->cases, &cases[i], &by_id)
                           : is_qualification ? cases[i].is_qualification
                                              : !cases[i].is_long;
        if (is_in) {
            picked[(*count)++] = &cases[i];
        }
    }
    return rc == LP_OPT_GO_ON && *count == 0 ? bad("no test case is left to play", NULL) : rc;
}
