// SPDX-License-Identifier: Apache-2.0
// Private: what link.c and follow.c share.
#ifndef LP_NATS_LINK_PRIVATE_H
#define LP_NATS_LINK_PRIVATE_H

#include <pthread.h>

#include "link.h"
#include "secure.h"

enum { LINK_SUBJECT_SIZE = LP_SUBJECT_SIZE + 160, LINK_STEP_MS = 250, LINK_API_MS = 3000 };

typedef struct follow follow_t;
typedef struct order order_t;

struct link {
    natsOptions *opts;
    secure_t secure;
    natsConnection *nc;
    jsCtx *js;
    natsSubscription *answers, *control;
    char prefix[80], stream[80], inbox[80];
    size_t prefix_len;
    int event;
    pthread_mutex_t mutex; // of the two queues and `refusal`
    pthread_cond_t has_room;
    link_item_t *first, **last;
    size_t count, bytes;
    char refusal[120]; // the stream's last
    bool is_closing;
    // follow.c
    pthread_t worker;
    pthread_cond_t wake;
    bool is_working, is_ending;
    order_t *orders, **orders_last;
    follow_t *follows; // the worker's alone
};

// open.c
bool link_join(link_t *link, const link_config_t *config, lp_gateway_trouble_t *trouble, char *why,
               size_t size);
// link.c
natsStatus link_listen(link_t *link);
void link_put_message(link_t *link, link_kind_t kind, uint64_t id, natsMsg *msg);
void link_put_answer(link_t *link, link_kind_t kind, uint64_t id, bool ok);
void link_put(link_t *link, link_item_t *item);

#endif
