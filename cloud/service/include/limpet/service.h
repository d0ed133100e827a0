// SPDX-License-Identifier: Apache-2.0
// limpet/service.h - what the cloud itself answers on $aws/... topics: from a message to its
// service.
//
// A broker's adapter hands every accepted publish to lp_service_handle() and sends what comes back.
// Services know neither the broker nor its connections.
// @source AWS IoT Core Developer Guide, "Reserved topics".
#ifndef LIMPET_SERVICE_H
#define LIMPET_SERVICE_H

#include "limpet/registry.h"

// A message from a client whose policies allow it. All borrowed until the call returns.
typedef struct {
    lp_registry_t *reg;
    const lp_scope_t *scope;
    const char *client;      // the client id
    const char *certificate; // its certificate's id, null where there is none
    const char *topic;
    const void *payload;
    size_t payload_len;
} lp_service_request_t;

// client null: to all who subscribed. Otherwise to this client alone, whether it subscribed or not,
// and to nobody else.
typedef struct {
    void (*send)(void *arg, const char *client, const char *topic, const void *payload, size_t len);
    void *arg;
} lp_service_out_t;

typedef void (*lp_service_fn)(const lp_service_request_t *request, const lp_service_out_t *out);

// Calls the service that the topic belongs to. False: it belongs to none.
bool lp_service_handle(const lp_service_request_t *request, const lp_service_out_t *out);

// Whether an MQTT filter with + and # fits a topic.
bool lp_service_topic_fits(const char *filter, const char *topic);

#endif
