// SPDX-License-Identifier: Apache-2.0
#include "link.h"

#include <cjson/cJSON.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "follow.h"
#include "link_private.h"

enum { RECONNECT_MS = 250, PING_MS = 5000, POOL = 4, PENDING_BYTES = 32 * 1024 * 1024 };
enum { QUEUE_MAX = 16384, QUEUE_BYTES = 64 * 1024 * 1024 };

// --- the queue ----------------------------------------------------------------------------------

void link_put(link_t *link, link_item_t *item)
{
    const uint64_t one = 1;
    pthread_mutex_lock(&link->mutex);
    *link->last = item;
    link->last = &item->next;
    link->count++;
    link->bytes += item->payload_len;
    pthread_mutex_unlock(&link->mutex);
    // It only fails when it is readable already.
    ssize_t n = write(link->event, &one, sizeof one);
    (void)n;
}

// Where the loop does not keep up, the library's threads wait, and with them the cluster: out of
// the stream comes no more than what is taken.
static void wait_for_room(link_t *link)
{
    pthread_mutex_lock(&link->mutex);
    while ((link->count >= QUEUE_MAX || link->bytes >= QUEUE_BYTES) && !link->is_closing) {
        pthread_cond_wait(&link->has_room, &link->mutex);
    }
    pthread_mutex_unlock(&link->mutex);
}

void link_put_message(link_t *link, link_kind_t kind, uint64_t id, natsMsg *msg)
{
    link_item_t *item = calloc(1, sizeof *item);
    const char *subject = natsMsg_GetSubject(msg);
    if (item == NULL || strncmp(subject, link->prefix, link->prefix_len) != 0) {
        free(item);
        natsMsg_Destroy(msg);
        return;
    }
    *item = (link_item_t){.kind = kind,
                          .id = id,
                          .ok = true,
                          .subject = subject + link->prefix_len,
                          .payload = natsMsg_GetData(msg),
                          .payload_len = (size_t)natsMsg_GetDataLength(msg),
                          .msg_ = msg};
    wait_for_room(link);
    link_put(link, item);
}

void link_put_answer(link_t *link, link_kind_t kind, uint64_t id, bool ok)
{
    link_item_t *item = calloc(1, sizeof *item);
    if (item != NULL) {
        *item = (link_item_t){.kind = kind, .id = id, .ok = ok};
        link_put(link, item);
    }
}

link_item_t *link_take(link_t *link)
{
    uint64_t count = 0;
    ssize_t n = read(link->event, &count, sizeof count);
    (void)n;
    pthread_mutex_lock(&link->mutex);
    link_item_t *first = link->first;
    link->first = NULL;
    link->last = &link->first;
    link->count = link->bytes = 0;
    pthread_cond_broadcast(&link->has_room);
    pthread_mutex_unlock(&link->mutex);
    return first;
}

void link_item_free(link_item_t *item)
{
    natsMsg_Destroy(item->msg_);
    free(item);
}

int link_fd(const link_t *link)
{
    return link->event;
}

// --- what the library's threads bring -----------------------------------------------------------

static void keep_refusal(link_t *link, const cJSON *error)
{
    const char *words =
        cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(error, "description"));
    pthread_mutex_lock(&link->mutex);
    snprintf(link->refusal, sizeof link->refusal, "%s",
             words != NULL ? words : "no stream takes it");
    pthread_mutex_unlock(&link->mutex);
}

void link_refusal(link_t *link, char *words, size_t size)
{
    pthread_mutex_lock(&link->mutex);
    snprintf(words, size, "%s", link->refusal);
    pthread_mutex_unlock(&link->mutex);
}

// {"stream":"...","seq":1}, or with "error"; no text at all when no stream takes the subject.
static bool is_stored(link_t *link, natsMsg *msg)
{
    cJSON *doc = cJSON_ParseWithLength(natsMsg_GetData(msg), (size_t)natsMsg_GetDataLength(msg));
    const cJSON *seq = cJSON_GetObjectItemCaseSensitive(doc, "seq");
    const cJSON *error = cJSON_GetObjectItemCaseSensitive(doc, "error");
    bool ok = cJSON_IsNumber(seq) && seq->valuedouble >= 1 && error == NULL;
    if (!ok) {
        keep_refusal(link, error);
    }
    cJSON_Delete(doc);
    return ok;
}

static void on_stored(natsConnection *nc, natsSubscription *sub, natsMsg *msg, void *closure)
{
    (void)nc;
    (void)sub;
    link_t *link = closure;
    const char *id = strrchr(natsMsg_GetSubject(msg), '.');
    uint64_t number = id != NULL ? strtoull(id + 1, NULL, 10) : 0;
    link_put_answer(link, LINK_STORED, number, is_stored(link, msg));
    natsMsg_Destroy(msg);
}

static void on_control(natsConnection *nc, natsSubscription *sub, natsMsg *msg, void *closure)
{
    (void)nc;
    (void)sub;
    link_put_message(closure, LINK_CONTROL, 0, msg);
}

static void on_reconnected(natsConnection *nc, void *closure)
{
    (void)nc;
    link_put_answer(closure, LINK_CONNECTED, 0, true);
}

static void on_disconnected(natsConnection *nc, void *closure)
{
    (void)nc;
    link_put_answer(closure, LINK_CONNECTED, 0, false);
}

// The library gives up when it is turned away twice; only then, as it is set up here.
static void on_closed(natsConnection *nc, void *closure)
{
    (void)nc;
    link_put_answer(closure, LINK_CLOSED, 0, false);
}

// --- sending ------------------------------------------------------------------------------------

bool link_publish(link_t *link, const char *subject, const void *payload, size_t len)
{
    char full[LINK_SUBJECT_SIZE];
    int n = snprintf(full, sizeof full, "%s%s", link->prefix, subject);
    return n < (int)sizeof full &&
           natsConnection_Publish(link->nc, full, payload, (int)len) == NATS_OK;
}

bool link_store(link_t *link, uint64_t id, const char *subject, const void *payload, size_t len)
{
    char full[LINK_SUBJECT_SIZE];
    char reply[128];
    char name[128];
    natsMsg *msg = NULL;
    snprintf(full, sizeof full, "%s%s", link->prefix, subject);
    snprintf(reply, sizeof reply, "%s.%llu", link->inbox, (unsigned long long)id);
    snprintf(name, sizeof name, "%s.%llu", link->inbox + strlen("_INBOX."), (unsigned long long)id);
    bool ok = natsMsg_Create(&msg, full, reply, payload, (int)len) == NATS_OK &&
              natsMsgHeader_Set(msg, "Nats-Msg-Id", name) == NATS_OK &&
              natsConnection_PublishMsg(link->nc, msg) == NATS_OK;
    natsMsg_Destroy(msg);
    return ok;
}

// --- opening ------------------------------------------------------------------------------------

natsStatus link_listen(link_t *link)
{
    char subject[LINK_SUBJECT_SIZE];
    natsInbox *inbox = NULL;
    natsStatus s = natsInbox_Create(&inbox);
    if (s != NATS_OK) {
        return s;
    }
    snprintf(link->inbox, sizeof link->inbox, "%s", inbox);
    natsInbox_Destroy(inbox);
    snprintf(subject, sizeof subject, "%s.*", link->inbox);
    s = natsConnection_Subscribe(&link->answers, link->nc, subject, on_stored, link);
    snprintf(subject, sizeof subject, "%sctl.>", link->prefix);
    return s == NATS_OK
               ? natsConnection_Subscribe(&link->control, link->nc, subject, on_control, link)
               : s;
}

// Servers that the cluster tells of are left alone: what counts are the named ones, whose names are
// in their certificates.
static bool set_options(link_t *link)
{
    natsOptions *o = link->opts;
    return natsOptions_SetName(o, "limpet-gateway") == NATS_OK &&
           natsOptions_SetIgnoreDiscoveredServers(o, true) == NATS_OK &&
           natsOptions_SetMaxReconnect(o, -1) == NATS_OK &&
           natsOptions_SetReconnectWait(o, RECONNECT_MS) == NATS_OK &&
           natsOptions_SetReconnectJitter(o, RECONNECT_MS, RECONNECT_MS) == NATS_OK &&
           natsOptions_SetPingInterval(o, PING_MS) == NATS_OK &&
           natsOptions_SetReconnectBufSize(o, PENDING_BYTES) == NATS_OK &&
           natsOptions_SetReconnectedCB(o, on_reconnected, link) == NATS_OK &&
           natsOptions_SetDisconnectedCB(o, on_disconnected, link) == NATS_OK &&
           natsOptions_SetClosedCB(o, on_closed, link) == NATS_OK &&
           natsOptions_UseGlobalMessageDelivery(o, true) == NATS_OK;
}

link_t *link_open(const link_config_t *config, lp_gateway_trouble_t *trouble, char *why,
                  size_t size)
{
    link_t *link = calloc(1, sizeof *link);
    if (link == NULL) {
        snprintf(why, size, "out of memory");
        return NULL;
    }
    link->last = &link->first;
    pthread_mutex_init(&link->mutex, NULL);
    pthread_cond_init(&link->has_room, NULL);
    snprintf(link->prefix, sizeof link->prefix, "lp.%s.%s.", config->account, config->region);
    snprintf(link->stream, sizeof link->stream, "limpet_%s_%s", config->account, config->region);
    link->prefix_len = strlen(link->prefix);
    link->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    snprintf(why, size, "the client library of NATS does not start");
    bool ok = link->event >= 0 && natsOptions_Create(&link->opts) == NATS_OK &&
              nats_SetMessageDeliveryPoolSize(POOL) == NATS_OK && set_options(link) &&
              secure_set(&link->secure, link->opts, config->access, why, size) &&
              link_join(link, config, trouble, why, size);
    if (!ok || !follow_start(link)) {
        link_close(link);
        return NULL;
    }
    return link;
}

// No callback runs after this. When the process ends the library (3.4) frees OpenSSL's list of
// compression methods and leaves it where OpenSSL frees it once more; so it must not find it.
static void close_library(void)
{
    nats_CloseAndWait(LINK_API_MS);
    sk_SSL_COMP_free(SSL_COMP_set0_compression_methods(NULL));
}

void link_close(link_t *link)
{
    if (link == NULL) {
        return;
    }
    pthread_mutex_lock(&link->mutex);
    link->is_closing = true;
    pthread_cond_broadcast(&link->has_room);
    pthread_mutex_unlock(&link->mutex);
    follow_stop(link);
    natsSubscription_Destroy(link->answers);
    natsSubscription_Destroy(link->control);
    jsCtx_Destroy(link->js);
    if (link->nc != NULL) {
        natsConnection_FlushTimeout(link->nc, LINK_STEP_MS);
        natsConnection_Close(link->nc);
    }
    natsConnection_Destroy(link->nc);
    natsOptions_Destroy(link->opts);
    close_library();
    for (link_item_t *i = link->first, *next = NULL; i != NULL; i = next) {
        next = i->next;
        link_item_free(i);
    }
    if (link->event >= 0) {
        close(link->event);
    }
    pthread_cond_destroy(&link->has_room);
    pthread_mutex_destroy(&link->mutex);
    free(link);
}
