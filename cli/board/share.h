// SPDX-License-Identifier: Apache-2.0
// One serial port for several commands at once. Private to this folder.
//
// The process that opened the port (a console) owns it and listens on a Unix socket; commands that
// find the port locked join there and speak as on the line itself. The owner passes whole lines on:
// requests to the board one behind the other, log lines to everybody, an answer to the one that
// asked. Only the same user gets in: the folder is private, and both ends look at who the other is.
// When the owner ends, the lock on the port is free, and whoever needs the port is its next owner.
//
//   owner -> guest   "limpet-share 1 PID\n", then lines as the board sends them
//   guest -> owner   lines as the board takes them
#ifndef LP_BOARD_SHARE_H
#define LP_BOARD_SHARE_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

#include "limpet/fault.h"

struct cJSON;

typedef struct lp_share lp_share_t;

enum { LP_SHARE_GUESTS = 32, LP_SHARE_POLLS = LP_SHARE_GUESTS + 1 };

// -- the owner, who has the lock on the port

// `port` is the port's real path. Null: it cannot be shared, which is said with --verbose.
lp_share_t *lp_share_start(const char *port);
// Sends its guests away. Null is fine.
void lp_share_end(lp_share_t *s);

// What to wait for, LP_SHARE_POLLS at most; returns how many. Then what came of it.
size_t lp_share_polls(const lp_share_t *s, struct pollfd *polls);
void lp_share_turn(lp_share_t *s, const struct pollfd *polls, size_t n);

// A line of the board that is no frame: for every guest.
void lp_share_tell(lp_share_t *s, const char *line);
// A frame (`text` is its line). True: it answers a guest, who has it now. A notification is for
// every guest and the owner.
bool lp_share_answer(lp_share_t *s, const char *text, const struct cJSON *frame);

// Whole lines that guests want sent to the board (lends), and that n bytes of them were.
const char *lp_share_pending(const lp_share_t *s, size_t *len);
void lp_share_sent(lp_share_t *s, size_t n);

// -- a guest

typedef enum {
    LP_SHARE_JOINED,
    LP_SHARE_NOBODY, // nobody shares this port
    LP_SHARE_DEAF,   // *pid does, and does not answer
} lp_share_join_t;

// Joins the owner of `port`. On LP_SHARE_JOINED *fd is owned by the caller, a line to the board.
lp_share_join_t lp_share_join(const char *port, int *fd, long *pid);

// -- both: where the sockets are

// The folder, which is made when `is_made`. -1: it is not there, or not ours alone.
int lp_share_folder(bool is_made);
// The socket's file name for `port`. False: too long.
bool lp_share_name(const char *port, char *name, size_t cap);
// A connected socket to name in folder, or -1 with errno.
int lp_share_connect(int folder, const char *name, long *pid);

struct sockaddr_un;
// Its address through the folder's descriptor: short, whatever the folder is called.
void lp_share_address(int folder, const char *name, struct sockaddr_un *address);
// Whether the other end of a socket is a process of the same user.
bool lp_share_is_ours(int fd, long *pid);

#endif
