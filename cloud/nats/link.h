// SPDX-License-Identifier: Apache-2.0
// Private: the NATS side. The client library has threads of its own; whatever they bring is put
// into a queue that the gateway's loop empties when the descriptor is readable. What may wait for
// the cluster (making consumers) is done by one more thread.
#ifndef LP_NATS_LINK_H
#define LP_NATS_LINK_H

#include <nats/nats.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "limpet/gateway.h"
#include "limpet/nats_subject.h"

typedef enum {
    LINK_STORED,    // the answer to link_store(): ok or not
    LINK_MESSAGE,   // for a feed
    LINK_CONTROL,   // between gateways: subject and payload
    LINK_FOLLOWED,  // the answer to link_follow(): ok or not
    LINK_CONNECTED, // the connection to the cluster came back: ok, or is gone: not
    LINK_CLOSED,    // the cluster does not let us in any more; nothing comes after this
} link_kind_t;

typedef struct link_item {
    struct link_item *next;
    link_kind_t kind;
    uint64_t id;
    bool ok;
    const char *subject; // without the prefix; of messages
    const void *payload;
    size_t payload_len;
    natsMsg *msg_;
} link_item_t;

typedef struct {
    const lp_nats_access_t *access;
    const char *account, *region;
    int replicas, keep_h;
    const volatile sig_atomic_t *stop;
} link_config_t;

typedef struct link link_t;

// Null: `trouble` and `why`.
link_t *link_open(const link_config_t *config, lp_gateway_trouble_t *trouble, char *why,
                  size_t size);
void link_close(link_t *link);
int link_fd(const link_t *link);
// What came, oldest first; each is freed with link_item_free(). Null: nothing.
link_item_t *link_take(link_t *link);
void link_item_free(link_item_t *item);

// Subjects are without the prefix. False: it could not be handed to the library.
bool link_publish(link_t *link, const char *subject, const void *payload, size_t len);
// Asks the stream to keep it; LINK_STORED with this id is the answer, which may never come. The
// same id again is the same message. What the stream said when it last refused is link_refusal().
bool link_store(link_t *link, uint64_t id, const char *subject, const void *payload, size_t len);
void link_refusal(link_t *link, char *words, size_t size);
// What comes on "q0." and "q1." and this subject is LINK_MESSAGE with the id. is_stored: q1 is read
// out of the stream, so that nothing is left out when a node dies.
bool link_follow(link_t *link, uint64_t id, const char *subject, bool is_stored);
void link_unfollow(link_t *link, uint64_t id);

#endif
