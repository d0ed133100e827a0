// SPDX-License-Identifier: Apache-2.0
// What AWS IoT accepts as topic and client id. @source AWS IoT Core endpoints and quotas, "Message
// broker".
#include <string.h>

#include "limpet/authz.h"

enum { TOPIC_MAX = 256, CLIENT_ID_MAX = 128, SLASHES_MAX = 7 };

// Behind "$aws/rules/NAME/" or "$share/GROUP/", which do not count; the topic itself otherwise.
static const char *counted_part(const char *topic)
{
    int skip = strncmp(topic, "$aws/rules/", 11) == 0 ? 3
               : strncmp(topic, "$share/", 7) == 0    ? 2
                                                      : 0;
    const char *p = topic;
    for (int i = 0; i < skip; i++) {
        const char *slash = strchr(p, '/');
        if (slash == NULL) {
            return topic;
        }
        p = slash + 1;
    }
    return p;
}

static int slashes(const char *s)
{
    int n = 0;
    for (; *s != '\0'; s++) {
        n += *s == '/';
    }
    return n;
}

const char *lp_topic_fault(const char *topic, bool is_filter)
{
    const char *counted = counted_part(topic);
    if (counted[0] == '\0') {
        return "the topic is empty";
    }
    if (strlen(counted) > TOPIC_MAX) {
        return "the topic is longer than 256 bytes";
    }
    if (slashes(counted) > SLASHES_MAX) {
        return "the topic has more than 7 slashes";
    }
    if (topic[0] == '$' && strncmp(topic, "$aws/", 5) != 0 &&
        !(is_filter && strncmp(topic, "$share/", 7) == 0)) {
        return "topics that start with $ are reserved";
    }
    return "";
}

const char *lp_client_id_fault(const char *client_id)
{
    if (client_id == NULL || client_id[0] == '\0') {
        return "the client id is empty";
    }
    if (strlen(client_id) > CLIENT_ID_MAX) {
        return "the client id is longer than 128 bytes";
    }
    return client_id[0] == '$' ? "the client id starts with $" : "";
}
