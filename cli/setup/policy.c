// SPDX-License-Identifier: Apache-2.0
// The least-privilege policy: a device is itself, speaks in its own name, and nothing else.
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "observe.h"

#define THING "${iot:Connection.Thing.ThingName}"

// "arn:aws:iot:region:account:" of any ARN.
static bool arn_prefix(const char *arn, char *out, size_t cap)
{
    const char *p = arn;
    for (int colons = 0; colons < 5; colons++) {
        p = strchr(p, ':');
        if (p == NULL) {
            return false;
        }
        p++;
    }
    return snprintf(out, cap, "%.*s", (int)(p - arn), arn) < (int)cap;
}

static void add_text(cJSON *array, const char *prefix, const char *rest)
{
    char text[400];
    snprintf(text, sizeof text, "%s%s", prefix, rest);
    cJSON_AddItemToArray(array, cJSON_CreateString(text));
}

static void add_statement(cJSON *statements, const char *prefix, const char *const *actions,
                          const char *const *resources)
{
    cJSON *s = cJSON_CreateObject();
    cJSON_AddStringToObject(s, "Effect", "Allow");
    cJSON *action = cJSON_AddArrayToObject(s, "Action");
    cJSON *resource = cJSON_AddArrayToObject(s, "Resource");
    for (; *actions != NULL; actions++) {
        add_text(action, "", *actions);
    }
    for (; *resources != NULL; resources++) {
        add_text(resource, prefix, *resources);
    }
    cJSON_AddItemToArray(statements, s);
}

char *lp_setup_policy_document(const char *arn)
{
    static const struct {
        const char *actions[3];
        const char *resources[3];
    } rules[] = {
        {{"iot:Connect", NULL}, {"client/" THING, NULL}},
        {{"iot:Publish", "iot:RetainPublish", NULL}, {"topic/limpet/" THING "/proof", NULL}},
        {{"iot:Publish", "iot:Receive", NULL},
         {"topic/limpet/" THING "/*", "topic/$aws/things/" THING "/*", NULL}},
        {{"iot:Subscribe", NULL},
         {"topicfilter/limpet/" THING "/*", "topicfilter/$aws/things/" THING "/*", NULL}},
    };
    char prefix[128];
    if (!arn_prefix(arn, prefix, sizeof prefix)) {
        return NULL;
    }
    cJSON *document = cJSON_CreateObject();
    cJSON_AddStringToObject(document, "Version", "2012-10-17");
    cJSON *statements = cJSON_AddArrayToObject(document, "Statement");
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        add_statement(statements, prefix, rules[i].actions, rules[i].resources);
    }
    char *text = cJSON_PrintUnformatted(document);
    cJSON_Delete(document);
    return text;
}
