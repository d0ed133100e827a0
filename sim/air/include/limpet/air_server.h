// SPDX-License-Identifier: Apache-2.0
// limpet/air_server.h - the medium as a process: radios and scripts come over a Unix socket.
//
// A packet (SOCK_SEQPACKET) is a line. Whose first one is "hello MAC" is the host of a radio; a
// line "script LINE" changes the air and is answered. A station's host opens a TCP connection to
// the access point that it is joined to with "connect PORT" and one end of a socket pair
// (SCM_RIGHTS); the access point's host gets "conn ADDRESS PORT" with another. What runs between
// them is cut with the radio link. docs/wifi.md has the table.
#ifndef LIMPET_AIR_SERVER_H
#define LIMPET_AIR_SERVER_H

#include <stdbool.h>
#include <stddef.h>

typedef struct air_server air_server_t;

// Listens on `path`, mode 0600; a socket that nobody listens on any more is replaced. Null: `why`
// says it.
air_server_t *air_server_new(const char *path, char *why, size_t why_cap);
// Runs the lines of a file. False: `why` has the first one that is wrong, with its number.
bool air_server_load(air_server_t *server, const char *file, char *why, size_t why_cap);
// Waits for what comes, at most `max_ms`, and does it. False: the socket failed.
bool air_server_turn(air_server_t *server, int max_ms);
// Closes everything and removes the socket.
void air_server_free(air_server_t *server);

// -- for who speaks to one

// Connects to the socket. -1: nobody is there.
int air_dial(const char *path);
// A line, with a descriptor unless it is -1 (lent). False: it did not get out.
bool air_send(int fd, const char *line, int passed);
// A line; *passed is a descriptor that came with it (owns) or -1. 0: the end; -1: none waits, or an
// error (errno).
int air_receive(int fd, char *line, size_t cap, int *passed);

#endif
