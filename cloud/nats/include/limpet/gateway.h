// SPDX-License-Identifier: Apache-2.0
// limpet/gateway.h - the broker's end of the cloud on a NATS cluster: stands where mosquitto stands
// behind the front (limpet/front.h), takes MQTT 3.1.1 with the front's pass on a unix socket, asks
// the registry's policies and hands messages to NATS. Several run at once on one registry and one
// cluster; a client of one reaches a client of another.
//
//   QoS 1  ->  stored in a JetStream stream with `replicas` copies, and acknowledged to the client
//              only after the stream said that it has it
//   QoS 0  ->  published, not stored
#ifndef LIMPET_GATEWAY_H
#define LIMPET_GATEWAY_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

// Everything is borrowed until lp_gateway_close() returns.
typedef struct {
    const char *folder; // of the cloud: registry.db
    const char *place;  // of this gateway: front.key, broker.sock
    const char *account;
    const char *region;
    const char *nats; // URLs with commas between
    int replicas;     // of the stream, 1..5
    int keep_h;       // hours that it keeps a message; 0: for ever
    const volatile sig_atomic_t *stop;
} lp_gateway_config_t;

typedef struct lp_gateway lp_gateway_t;

// Opens registry and socket, joins the cluster and makes the stream if there is none; waits for the
// cluster for half a minute. Null: `why` (size bytes) has the words.
lp_gateway_t *lp_gateway_open(const lp_gateway_config_t *config, char *why, size_t size);
// Serves until *stop is set. False: the system failed it (errno).
bool lp_gateway_run(lp_gateway_t *gateway);
void lp_gateway_close(lp_gateway_t *gateway);

#endif
