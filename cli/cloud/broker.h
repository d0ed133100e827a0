// SPDX-License-Identifier: Apache-2.0
// Private: mosquitto as a child process.
#ifndef LP_CLOUD_BROKER_H
#define LP_CLOUD_BROKER_H

#include "place.h"

// Finds mosquitto and our plugin; false: `why` says which is missing.
typedef struct {
    char program[PLACE_PATH];
    char plugin[PLACE_PATH];
} broker_files_t;
bool broker_find(broker_files_t *files, char *why, size_t size);

// Writes mosquitto.conf for these ports.
bool broker_configure(const cloud_place_t *place, const cloud_info_t *info,
                      const broker_files_t *files, char *why, size_t size);

// Starts it and waits until it listens. 0: it did not (`why`: the last line of its log).
pid_t broker_start(const cloud_place_t *place, const broker_files_t *files, int port, char *why,
                   size_t size);
// Asks it to stop, and ends it when it does not.
void broker_stop(pid_t pid);

// Does something listen on this port of 127.0.0.1?
bool broker_listens(int port);
// `port`, or any free one for 0. 0: it is taken (errno).
int broker_free_port(int port);

#endif
