// SPDX-License-Identifier: Apache-2.0
// Private: the running cloud: control plane in this process, broker and front as its children.
#ifndef LP_CLOUD_DAEMON_H
#define LP_CLOUD_DAEMON_H

#include "broker.h"

// Ports as asked for: -1 the one of last time or any, 0 any, else this one.
typedef struct {
    long http, https, mqtt, alpn, data;
} cloud_ports_t;

// Where the one line "ok" or "code\twhy" goes when the cloud is up or cannot be.
typedef struct {
    int report; // descriptor, -1: nobody waits
} daemon_config_t;

// Runs until told to stop (SIGTERM, SIGINT). `lock` is held; info is completed with the ports.
// Returns an exit code.
int daemon_run(const cloud_place_t *place, cloud_info_t *info, const cloud_ports_t *ports,
               const daemon_config_t *config);

#endif
