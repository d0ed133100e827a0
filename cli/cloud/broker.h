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

// Makes a fresh key for the front and writes mosquitto.conf.
bool broker_configure(const cloud_place_t *place, const cloud_info_t *info,
                      const broker_files_t *files, char *why, size_t size);

// Starts it and waits until it answers on its socket. 0: it did not (`why`: the last line of its
// log).
pid_t broker_start(const cloud_place_t *place, const broker_files_t *files, char *why, size_t size);
// Asks a child process to stop, and ends it when it does not.
void broker_stop(pid_t pid);

// Does the broker answer, and the front before it?
bool broker_answers(const cloud_place_t *place, const cloud_info_t *info);

// Does something listen on this port of 127.0.0.1?
bool broker_listens(int port);
// `port`, or any free one for 0. 0: it is taken (errno).
int broker_free_port(int port);

#endif
