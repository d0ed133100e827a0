// SPDX-License-Identifier: Apache-2.0
// limpet/front.h - the front of the local cloud: ends mutual TLS as AWS IoT does, judges MQTT as
// AWS IoT does (limpet/front_filter.h) and passes the rest to the broker's unix socket.
//
//   listener           port at AWS   asks for
//   LP_FRONT_MQTT      8883          nothing more; ALPN is heeded where the client offers it
//   LP_FRONT_ALPN      443           ALPN x-amzn-mqtt-ca (MQTT) or x-amzn-http-ca (HTTPS)
//   LP_FRONT_HTTPS     8443          nothing more: HTTPS with a client certificate
//
// One thread, one epoll loop; a process of its own, so that what bytes from clients can do to it
// does not reach the registry's service.
#ifndef LIMPET_FRONT_H
#define LIMPET_FRONT_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

typedef enum { LP_FRONT_MQTT, LP_FRONT_ALPN, LP_FRONT_HTTPS, LP_FRONT_KINDS } lp_front_kind_t;

// Everything is borrowed until lp_front_run() returns.
typedef struct {
    const char *folder;  // keys, trust/, registry.db
    const char *place;   // front.key, broker.sock; null: the folder too
    const char *account; // whose certificates it serves
    const char *region;
    int listener[LP_FRONT_KINDS]; // listening sockets, -1: none
    const volatile sig_atomic_t *stop;
} lp_front_config_t;

typedef struct lp_front lp_front_t;

// Opens keys, registry and trust. Null: `why` (size bytes) says what is missing.
lp_front_t *lp_front_open(const lp_front_config_t *config, char *why, size_t size);
// Serves until *stop is set (a signal wakes it) or the system fails it. False: it failed (errno).
bool lp_front_run(lp_front_t *front);
void lp_front_close(lp_front_t *front);

// Connects to the broker's socket in this folder, however long its path is. -1: errno. The
// descriptor does not block.
int lp_front_broker_connect(const char *folder);

#endif
