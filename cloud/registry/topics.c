// SPDX-License-Identifier: Apache-2.0
// What AWS IoT accepts as topic and client id. @source AWS IoT Core endpoints and quotas, "Message
// broker".
#include <string.h>

#include "limpet/authz.h"

enum { TOPIC_MAX = 256, CLIENT_ID_MAX = 128, SLASHES_MAX = 7 };

// Bytes that follow the first of a UTF-8 character; -1: it cannot start one, or JSON cannot carry
// it.
static int utf8_more(unsigned char c)
{
    if (c < 0x80) {
        bool plain = (c >= 0x20 && c != 0x7f) || c == '\n' || c == '\r' || c == '\t';
        return plain ? 0 : -1;
    }
    return c < 0xc2 ? -1 : c < 0xe0 ? 1 : c < 0xf0 ? 2 : c < 0xf5 ? 3 : -1;
}

// Valid UTF-8 without control characters other than white space.
bool lp_text_ok(const void *text, size_t len)
{
    const unsigned char *p = text;
    for (size_t i = 0; i < len;) {
        int more = utf8_more(p[i]);
        if (more < 0 || (size_t)more >= len - i) {
            return false;
        }
        for (int k = 1; k <= more; k++) {
            if ((p[i + (size_t)k] & 0xc0) != 0x80) {
                return false;
            }
        }
        i += (size_t)more + 1;
    }
    return true;
}

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
    if (!lp_text_ok(topic, strlen(topic))) {
        return "the topic is not UTF-8 text";
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
    if (!lp_text_ok(client_id, strlen(client_id))) {
        return "the client id is not UTF-8 text";
    }
    return client_id[0] == '$' ? "the client id starts with $" : "";
}
