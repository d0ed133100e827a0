// SPDX-License-Identifier: Apache-2.0
// Private: the sessions of connected clients, found by the broker's own pointer.
//
// The broker may use a pointer again for another client, and keeps the one of an absent client
// whose session persists; so an entry is only believed when client id and certificate agree, and
// can be made again.
#ifndef LP_PLUGIN_SESSIONS_H
#define LP_PLUGIN_SESSIONS_H

#include "limpet/authz.h"

enum { SESSION_BUCKETS = 1024 };

typedef struct lp_entry {
    const void *client; // the broker's pointer, never followed
    lp_session_t *session;
    bool connected;
    struct lp_entry *next;
} lp_entry_t;

typedef struct {
    lp_entry_t *bucket[SESSION_BUCKETS];
} lp_sessions_t;

// Null: there is none for this client with this client id and certificate.
lp_entry_t *lp_sessions_find(lp_sessions_t *sessions, const void *client, const char *client_id,
                             const char *certificate);
// Takes the session over; a former entry of the pointer is closed. Null: no memory (the session is
// closed).
lp_entry_t *lp_sessions_put(lp_sessions_t *sessions, const void *client, lp_session_t *session);
void lp_sessions_remove(lp_sessions_t *sessions, const void *client);
// The first connected entry that may no longer be connected; null: none. decision has the reason.
lp_entry_t *lp_sessions_invalid(lp_sessions_t *sessions, lp_decision_t *decision);
void lp_sessions_clear(lp_sessions_t *sessions);

#endif
