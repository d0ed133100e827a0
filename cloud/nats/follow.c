// SPDX-License-Identifier: Apache-2.0
// A feed is one or two subscriptions: q0 and q1 together from NATS itself, or q0 from NATS and q1
// out of the stream by an ordered consumer. That one is made anew by the library, from the place
// where it was, when heartbeats or messages are missing.
#include "follow.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "link_private.h"

enum { FLUSH_MS = 3000, TRIES = 5, PENDING_MSGS = 65536, PENDING_SIZE = 64 * 1024 * 1024 };
#define HEARTBEAT_NS (1000LL * 1000 * 1000)

struct order {
    order_t *next;
    uint64_t id;
    bool is_end, is_stored;
    char subject[]; // "" with is_end
};

// Freed when the last of its subscriptions is done with its callbacks.
struct follow {
    follow_t *next;
    link_t *link;
    uint64_t id;
    int refs; // atomic
    natsSubscription *live, *stored;
};

static bool order(link_t *link, uint64_t id, const char *subject, bool is_stored)
{
    size_t len = subject != NULL ? strlen(subject) : 0;
    order_t *o = calloc(1, sizeof *o + len + 1);
    if (o == NULL) {
        return false;
    }
    o->id = id;
    o->is_end = subject == NULL;
    o->is_stored = is_stored;
    memcpy(o->subject, subject != NULL ? subject : "", len + 1);
    pthread_mutex_lock(&link->mutex);
    *link->orders_last = o;
    link->orders_last = &o->next;
    pthread_cond_signal(&link->wake);
    pthread_mutex_unlock(&link->mutex);
    return true;
}

bool link_follow(link_t *link, uint64_t id, const char *subject, bool is_stored)
{
    return order(link, id, subject, is_stored);
}

void link_unfollow(link_t *link, uint64_t id)
{
    (void)order(link, id, NULL, false);
}

static void on_message(natsConnection *nc, natsSubscription *sub, natsMsg *msg, void *closure)
{
    (void)nc;
    (void)sub;
    follow_t *f = closure;
    link_put_message(f->link, LINK_MESSAGE, f->id, msg);
}

static void release(void *closure)
{
    follow_t *f = closure;
    if (__atomic_sub_fetch(&f->refs, 1, __ATOMIC_ACQ_REL) == 0) {
        free(f);
    }
}

static void hold(follow_t *f, natsSubscription *sub)
{
    natsSubscription_SetPendingLimits(sub, PENDING_MSGS, PENDING_SIZE);
    __atomic_add_fetch(&f->refs, 1, __ATOMIC_ACQ_REL);
    if (natsSubscription_SetOnCompleteCB(sub, release, f) != NATS_OK) {
        release(f);
    }
}

static bool follow_live(follow_t *f, const char *quality, const char *subject)
{
    char full[LINK_SUBJECT_SIZE];
    snprintf(full, sizeof full, "%s%s.%s", f->link->prefix, quality, subject);
    if (natsConnection_Subscribe(&f->live, f->link->nc, full, on_message, f) != NATS_OK) {
        return false;
    }
    hold(f, f->live);
    return true;
}

static bool follow_stored(follow_t *f, const char *subject)
{
    char full[LINK_SUBJECT_SIZE];
    jsSubOptions so;
    natsStatus s = NATS_TIMEOUT;
    jsSubOptions_Init(&so);
    so.Stream = f->link->stream;
    so.Ordered = true;
    so.Config.DeliverPolicy = js_DeliverNew;
    so.Config.Heartbeat = HEARTBEAT_NS;
    snprintf(full, sizeof full, "%sq1.%s", f->link->prefix, subject);
    for (int i = 0; s != NATS_OK && i < TRIES; i++) { // there may be no leader just now
        s = js_Subscribe(&f->stored, f->link->js, full, on_message, f, NULL, &so, NULL);
    }
    if (s == NATS_OK) {
        hold(f, f->stored);
    }
    return s == NATS_OK;
}

static void end(follow_t *f)
{
    natsSubscription_Destroy(f->live);
    natsSubscription_Destroy(f->stored);
    release(f); // ours
}

static void begin(link_t *link, const order_t *o)
{
    follow_t *f = calloc(1, sizeof *f);
    if (f == NULL) {
        link_put_answer(link, LINK_FOLLOWED, o->id, false);
        return;
    }
    *f = (follow_t){.next = link->follows, .link = link, .id = o->id, .refs = 1};
    bool ok = follow_live(f, o->is_stored ? "q0" : "*", o->subject) &&
              (!o->is_stored || follow_stored(f, o->subject));
    // The cluster knows of it before the client does.
    ok = ok && natsConnection_FlushTimeout(link->nc, FLUSH_MS) == NATS_OK;
    if (ok) {
        link->follows = f;
    } else {
        end(f);
    }
    link_put_answer(link, LINK_FOLLOWED, o->id, ok);
}

static void end_id(link_t *link, uint64_t id)
{
    for (follow_t **at = &link->follows; *at != NULL; at = &(*at)->next) {
        if ((*at)->id == id) {
            follow_t *f = *at;
            *at = f->next;
            end(f);
            return;
        }
    }
}

static order_t *take_order(link_t *link)
{
    pthread_mutex_lock(&link->mutex);
    while (link->orders == NULL && !link->is_ending) {
        pthread_cond_wait(&link->wake, &link->mutex);
    }
    order_t *o = link->is_ending ? NULL : link->orders;
    if (o != NULL) {
        link->orders = o->next;
        link->orders_last = link->orders == NULL ? &link->orders : link->orders_last;
    }
    pthread_mutex_unlock(&link->mutex);
    return o;
}

static void *work(void *arg)
{
    link_t *link = arg;
    for (order_t *o = NULL; (o = take_order(link)) != NULL;) {
        if (o->is_end) {
            end_id(link, o->id);
        } else {
            begin(link, o);
        }
        free(o);
    }
    return NULL;
}

bool follow_start(link_t *link)
{
    link->orders_last = &link->orders;
    pthread_cond_init(&link->wake, NULL);
    link->is_working = pthread_create(&link->worker, NULL, work, link) == 0;
    return link->is_working;
}

void follow_stop(link_t *link)
{
    if (!link->is_working) {
        return;
    }
    pthread_mutex_lock(&link->mutex);
    link->is_ending = true;
    pthread_cond_signal(&link->wake);
    pthread_mutex_unlock(&link->mutex);
    pthread_join(link->worker, NULL);
    while (link->orders != NULL) {
        order_t *o = link->orders;
        link->orders = o->next;
        free(o);
    }
    while (link->follows != NULL) {
        follow_t *f = link->follows;
        link->follows = f->next;
        end(f);
    }
    pthread_cond_destroy(&link->wake);
}
