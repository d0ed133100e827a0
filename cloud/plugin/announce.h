// SPDX-License-Identifier: Apache-2.0
// Private: AWS's life-cycle events as messages on $aws/events/...
// @source AWS IoT Core Developer Guide, "Lifecycle events", "Just-in-time registration".
#ifndef LP_PLUGIN_ANNOUNCE_H
#define LP_PLUGIN_ANNOUNCE_H

#include <stdbool.h>
#include <stdint.h>

// What the documents say of a client. Texts are borrowed.
typedef struct {
    const char *client_id;
    const char *certificate_id;
    const char *address;
    int64_t at_ms;
    long long version; // of this client's events, rising
} lp_presence_t;

// Documents are the caller's to free() and null without memory; topics fit into 300 bytes.
char *lp_announce_presence(const lp_presence_t *p, bool connected, char topic[300]);
char *lp_announce_subscription(const lp_presence_t *p, const char *filter, bool subscribed,
                               char topic[300]);
char *lp_announce_registered(const char *certificate_id, const char *ca_id, const char *account,
                             int64_t at_ms, char topic[300]);

#endif
