// SPDX-License-Identifier: Apache-2.0
#include "link.h"

#include <cjson/cJSON.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "follow.h"
#include "link_private.h"

enum { START_MS = 30000, RECONNECT_MS = 250, PING_MS = 5000, STEP_MS = 250, SERVERS_MAX = 16 };
enum { API_MS = 3000, PENDING_BYTES = 32 * 1024 * 1024, POOL = 4, QUEUE_MAX = 16384 };
#define DUPLICATES_NS (120LL * 1000 * 1000 * 1000)
#define HOUR_NS       (3600LL * 1000 * 1000 * 1000)

// --- the queue ----------------------------------------------------------------------------------

void link_put(link_t *link, link_item_t *item)
{
    const uint64_t one = 1;
    pthread_mutex_lock(&link->mutex);
    *link->last = item;
    link->last = &item->next;
    link->count++;
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
    while (link->count >= QUEUE_MAX && !link->is_closing) {
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
    link->count = 0;
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

// {"stream":"...","seq":1}, or with "error"; no text at all when no stream takes the subject.
static bool is_stored(natsMsg *msg)
{
    cJSON *doc = cJSON_ParseWithLength(natsMsg_GetData(msg), (size_t)natsMsg_GetDataLength(msg));
    const cJSON *seq = cJSON_GetObjectItemCaseSensitive(doc, "seq");
    bool ok = cJSON_IsNumber(seq) && seq->valuedouble >= 1 &&
              cJSON_GetObjectItemCaseSensitive(doc, "error") == NULL;
    cJSON_Delete(doc);
    return ok;
}

static void on_stored(natsConnection *nc, natsSubscription *sub, natsMsg *msg, void *closure)
{
    (void)nc;
    (void)sub;
    link_t *link = closure;
    const char *id = strrchr(natsMsg_GetSubject(msg), '.');
    link_put_answer(link, LINK_STORED, id != NULL ? strtoull(id + 1, NULL, 10) : 0, is_stored(msg));
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

// --- sending ------------------------------------------------------------------------------------

bool link_publish(link_t *link, const char *subject, const void *payload, size_t len)
{
    char full[LINK_SUBJECT_SIZE];
    snprintf(full, sizeof full, "%s%s", link->prefix, subject);
    return natsConnection_Publish(link->nc, full, payload, (int)len) == NATS_OK;
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

static bool set_servers(natsOptions *opts, const char *urls)
{
    const char *server[SERVERS_MAX];
    int count = 0;
    char *rest = NULL;
    char *copy = strdup(urls);
    for (char *s = copy != NULL ? strtok_r(copy, ", ", &rest) : NULL;
         s != NULL && count < SERVERS_MAX; s = strtok_r(NULL, ", ", &rest)) {
        server[count++] = s;
    }
    bool ok = count > 0 && natsOptions_SetServers(opts, server, count) == NATS_OK;
    free(copy);
    return ok;
}

static bool set_options(link_t *link, const char *urls)
{
    natsOptions *o = link->opts;
    return set_servers(o, urls) && natsOptions_SetName(o, "limpet-gateway") == NATS_OK &&
           natsOptions_SetMaxReconnect(o, -1) == NATS_OK &&
           natsOptions_SetReconnectWait(o, RECONNECT_MS) == NATS_OK &&
           natsOptions_SetReconnectJitter(o, RECONNECT_MS, RECONNECT_MS) == NATS_OK &&
           natsOptions_SetPingInterval(o, PING_MS) == NATS_OK &&
           natsOptions_SetReconnectBufSize(o, PENDING_BYTES) == NATS_OK &&
           natsOptions_SetReconnectedCB(o, on_reconnected, link) == NATS_OK &&
           natsOptions_SetDisconnectedCB(o, on_disconnected, link) == NATS_OK &&
           natsOptions_UseGlobalMessageDelivery(o, true) == NATS_OK;
}

static natsStatus make_stream(link_t *link, const link_config_t *config)
{
    char stored[160];
    const char *subjects[] = {stored};
    jsStreamConfig sc;
    jsErrCode code = 0;
    jsStreamConfig_Init(&sc);
    snprintf(stored, sizeof stored, "%sq1.>", link->prefix);
    sc.Name = link->stream;
    sc.Description = "MQTT messages of QoS 1";
    sc.Subjects = subjects;
    sc.SubjectsLen = 1;
    sc.Storage = js_FileStorage;
    sc.Replicas = config->replicas;
    sc.MaxAge = config->keep_h * HOUR_NS;
    sc.Duplicates = DUPLICATES_NS;
    natsStatus s = js_AddStream(NULL, link->js, &sc, NULL, &code);
    // Made by another gateway, or changed by its owner: what is there counts.
    return s != NATS_OK && code == JSStreamNameExistErr ? NATS_OK : s;
}

static natsStatus listen_all(link_t *link)
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

static void pause_ms(long ms)
{
    const struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};
    nanosleep(&t, NULL);
}

// A cluster that was started just now needs a few seconds to choose its leader.
static bool join(link_t *link, const link_config_t *config, char *why, size_t size)
{
    jsOptions jo;
    natsStatus s = NATS_TIMEOUT;
    jsOptions_Init(&jo);
    jo.Wait = API_MS;
    const int64_t end = nats_Now() + START_MS;
    while (s != NATS_OK && nats_Now() < end && *config->stop == 0) {
        s = link->nc == NULL ? natsConnection_Connect(&link->nc, link->opts) : NATS_OK;
        s = s == NATS_OK && link->js == NULL ? natsConnection_JetStream(&link->js, link->nc, &jo)
                                             : s;
        s = s == NATS_OK ? make_stream(link, config) : s;
        if (s != NATS_OK) {
            pause_ms(STEP_MS);
        }
    }
    s = s == NATS_OK ? listen_all(link) : s;
    if (s != NATS_OK) {
        const char *detail = nats_GetLastError(NULL);
        snprintf(why, size, "%s%s%s", natsStatus_GetText(s), detail != NULL ? ": " : "",
                 detail != NULL ? detail : "");
    }
    return s == NATS_OK;
}

link_t *link_open(const link_config_t *config, char *why, size_t size)
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
    snprintf(why, size, "the addresses of the NATS servers cannot be used");
    bool ok = link->event >= 0 && natsOptions_Create(&link->opts) == NATS_OK &&
              nats_SetMessageDeliveryPoolSize(POOL) == NATS_OK && set_options(link, config->urls) &&
              join(link, config, why, size);
    if (!ok || !follow_start(link)) {
        link_close(link);
        return NULL;
    }
    return link;
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
        natsConnection_FlushTimeout(link->nc, STEP_MS);
        natsConnection_Close(link->nc);
    }
    natsConnection_Destroy(link->nc);
    natsOptions_Destroy(link->opts);
    nats_CloseAndWait(API_MS); // no callback runs after this
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
