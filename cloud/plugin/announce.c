// SPDX-License-Identifier: Apache-2.0
#include "announce.h"

#include <cjson/cJSON.h>
#include <stdio.h>

static char *finish(cJSON *doc)
{
    char *text = cJSON_PrintUnformatted(doc);
    cJSON_Delete(doc);
    return text;
}

static cJSON *about(const lp_presence_t *p, const char *type)
{
    cJSON *doc = cJSON_CreateObject();
    cJSON_AddStringToObject(doc, "clientId", p->client_id);
    cJSON_AddNumberToObject(doc, "timestamp", (double)p->at_ms);
    cJSON_AddStringToObject(doc, "eventType", type);
    cJSON_AddStringToObject(doc, "principalIdentifier", p->certificate_id);
    return doc;
}

char *lp_announce_presence(const lp_presence_t *p, bool connected, char topic[300])
{
    const char *type = connected ? "connected" : "disconnected";
    cJSON *doc = about(p, type);
    if (p->address != NULL) {
        cJSON_AddStringToObject(doc, "ipAddress", p->address);
    }
    cJSON_AddNumberToObject(doc, "versionNumber", (double)p->version);
    snprintf(topic, 300, "$aws/events/presence/%s/%s", type, p->client_id);
    return finish(doc);
}

char *lp_announce_subscription(const lp_presence_t *p, const char *filter, bool subscribed,
                               char topic[300])
{
    const char *type = subscribed ? "subscribed" : "unsubscribed";
    cJSON *doc = about(p, type);
    cJSON *list = cJSON_AddArrayToObject(doc, "topics");
    cJSON_AddItemToArray(list, cJSON_CreateString(filter));
    snprintf(topic, 300, "$aws/events/subscriptions/%s/%s", type, p->client_id);
    return finish(doc);
}

char *lp_announce_registered(const char *certificate_id, const char *ca_id, const char *account,
                             int64_t at_ms, char topic[300])
{
    cJSON *doc = cJSON_CreateObject();
    cJSON_AddStringToObject(doc, "certificateId", certificate_id);
    cJSON_AddStringToObject(doc, "caCertificateId", ca_id);
    cJSON_AddNumberToObject(doc, "timestamp", (double)at_ms);
    cJSON_AddStringToObject(doc, "certificateStatus", "PENDING_ACTIVATION");
    cJSON_AddStringToObject(doc, "awsAccountId", account);
    cJSON_AddNumberToObject(doc, "certificateRegistrationTimestamp", (double)at_ms);
    snprintf(topic, 300, "$aws/events/certificates/registered/%s", ca_id);
    return finish(doc);
}
