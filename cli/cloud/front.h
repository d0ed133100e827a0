// SPDX-License-Identifier: Apache-2.0
// Private: the front as a child process. The listening sockets belong to the daemon and outlive it.
#ifndef LP_CLOUD_FRONT_H
#define LP_CLOUD_FRONT_H

#include "limpet/front.h"
#include "place.h"

typedef struct {
    int fd[LP_FRONT_KINDS]; // -1: not open
    const char *place;      // of the broker's socket and the key; null: the cloud's folder
} front_sockets_t;

// Listens on 127.0.0.1 at info's ports and puts the ports that it got there. asked[kind]: the port
// that was asked for, which must be free; -1: the one of last time, or another. False: `why`.
bool front_listen(front_sockets_t *sockets, const long asked[LP_FRONT_KINDS], cloud_info_t *info,
                  char *why, size_t size);
void front_close(front_sockets_t *sockets);
// Starts the process and waits until it serves. 0: `why`.
pid_t front_start(const cloud_place_t *place, const cloud_info_t *info,
                  const front_sockets_t *sockets, char *why, size_t size);

#endif
