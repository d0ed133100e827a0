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

#include "limpet/nats_access.h"

// Everything is borrowed until lp_gateway_close() returns.
typedef struct {
    const char *folder; // of the cloud: registry.db
    const char *place;  // of this gateway: front.key, broker.sock
    const char *account;
    const char *region;
    const lp_nats_access_t *nats; // passed lp_nats_access_check()
    int replicas;                 // of the stream, 1..5
    int keep_h;                   // hours that it keeps a message; 0: for ever
    const volatile sig_atomic_t *stop;
} lp_gateway_config_t;

typedef struct lp_gateway lp_gateway_t;

typedef enum {
    LP_GATEWAY_LOCAL,       // registry, files, memory
    LP_GATEWAY_UNREACHABLE, // no server, or no quorum that could make the stream
    LP_GATEWAY_NOT_TRUSTED, // a server without TLS, with another CA's certificate or another's name
    LP_GATEWAY_NOT_LET_IN,  // the cluster does not know us, or does not permit what we need
    LP_GATEWAY_OPEN_TO_ALL, // the cluster lets in whoever has its CA
    LP_GATEWAY_STREAM,      // there is a stream that does not keep what a PUBACK promises
} lp_gateway_trouble_t;

// Opens registry and socket, joins the cluster and makes the stream if there is none; waits for the
// cluster for half a minute. Null: `trouble`, and `why` (size bytes) has the words.
lp_gateway_t *lp_gateway_open(const lp_gateway_config_t *config, lp_gateway_trouble_t *trouble,
                              char *why, size_t size);
// Serves until *stop is set. False: the system failed it (errno), or the cluster lets it in no more
// (EACCES).
bool lp_gateway_run(lp_gateway_t *gateway);
void lp_gateway_close(lp_gateway_t *gateway);

#endif
