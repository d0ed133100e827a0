// SPDX-License-Identifier: Apache-2.0
#include "sessions.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static lp_entry_t **bucket_of(lp_sessions_t *sessions, const void *client)
{
    uintptr_t p = (uintptr_t)client;
    return &sessions->bucket[(p >> 4 ^ p >> 14) % SESSION_BUCKETS];
}

static lp_entry_t **link_of(lp_sessions_t *sessions, const void *client)
{
    lp_entry_t **link = bucket_of(sessions, client);
    while (*link != NULL && (*link)->client != client) {
        link = &(*link)->next;
    }
    return link;
}

lp_entry_t *lp_sessions_find(lp_sessions_t *sessions, const void *client, const char *client_id,
                             const char *certificate)
{
    lp_entry_t *e = *link_of(sessions, client);
    bool same = e != NULL && client_id != NULL && certificate != NULL &&
                strcmp(lp_session_client(e->session), client_id) == 0 &&
                strcmp(lp_session_certificate(e->session), certificate) == 0;
    return same ? e : NULL;
}

void lp_sessions_remove(lp_sessions_t *sessions, const void *client)
{
    lp_entry_t **link = link_of(sessions, client);
    lp_entry_t *e = *link;
    if (e != NULL) {
        *link = e->next;
        lp_session_close(e->session);
        free(e);
    }
}

lp_entry_t *lp_sessions_put(lp_sessions_t *sessions, const void *client, lp_session_t *session)
{
    lp_sessions_remove(sessions, client);
    lp_entry_t *e = calloc(1, sizeof *e);
    if (e == NULL) {
        lp_session_close(session);
        return NULL;
    }
    lp_entry_t **bucket = bucket_of(sessions, client);
    *e = (lp_entry_t){.client = client, .session = session, .next = *bucket};
    *bucket = e;
    return e;
}

lp_entry_t *lp_sessions_invalid(lp_sessions_t *sessions, lp_decision_t *decision)
{
    for (size_t i = 0; i < SESSION_BUCKETS; i++) {
        for (lp_entry_t *e = sessions->bucket[i]; e != NULL; e = e->next) {
            if (e->connected && !lp_session_valid(e->session, decision)) {
                return e;
            }
        }
    }
    return NULL;
}

void lp_sessions_clear(lp_sessions_t *sessions)
{
    for (size_t i = 0; i < SESSION_BUCKETS; i++) {
        while (sessions->bucket[i] != NULL) {
            lp_sessions_remove(sessions, sessions->bucket[i]->client);
        }
    }
}
