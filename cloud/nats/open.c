// SPDX-License-Identifier: Apache-2.0
// Joining the cluster, and making sure of the stream.
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "link_private.h"

enum { START_MS = 30000, REFUSALS_MAX = 3 };
#define DUPLICATES_NS (120LL * 1000 * 1000 * 1000)
#define HOUR_NS       (3600LL * 1000 * 1000 * 1000)

static natsStatus add_stream(link_t *link, const link_config_t *config)
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
    // Another gateway was faster.
    return s != NATS_OK && code == JSStreamNameExistErr ? NATS_OK : s;
}

// What is there counts, also when its owner changed it.
static natsStatus make_stream(link_t *link, const link_config_t *config)
{
    jsStreamInfo *info = NULL;
    jsErrCode code = 0;
    natsStatus s = js_GetStreamInfo(&info, link->js, link->stream, NULL, &code);
    jsStreamInfo_Destroy(info);
    return s == NATS_NOT_FOUND || code == JSStreamNotFoundErr ? add_stream(link, config) : s;
}

// A PUBACK promises `replicas` copies on disks. One gateway must not break that word because
// another, or the cluster's owner, made the stream differently.
static const char *fault_of(const jsStreamInfo *info, const link_config_t *config)
{
    const jsStreamConfig *sc = info->Config;
    if (sc->Replicas < config->replicas) {
        return "it keeps fewer copies of a message than --replicas says";
    }
    return sc->Storage != js_FileStorage ? "it keeps messages in memory only"
           : sc->NoAck                   ? "it acknowledges nothing (no_ack)"
           : sc->Sealed                  ? "it is sealed"
                                         : NULL;
}

static bool stream_is_fit(link_t *link, const link_config_t *config, char *why, size_t size)
{
    jsStreamInfo *info = NULL;
    natsStatus s = js_GetStreamInfo(&info, link->js, link->stream, NULL, NULL);
    const char *fault = s == NATS_OK ? fault_of(info, config) : natsStatus_GetText(s);
    if (fault != NULL) {
        snprintf(why, size, "stream %s: %s", link->stream, fault);
    }
    jsStreamInfo_Destroy(info);
    return fault == NULL;
}

static void pause_ms(long ms)
{
    const struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};
    nanosleep(&t, NULL);
}

static natsStatus try_once(link_t *link, const link_config_t *config)
{
    jsOptions jo;
    jsOptions_Init(&jo);
    jo.Wait = LINK_API_MS;
    natsStatus s = link->nc == NULL ? natsConnection_Connect(&link->nc, link->opts) : NATS_OK;
    s = s == NATS_OK && link->js == NULL ? natsConnection_JetStream(&link->js, link->nc, &jo) : s;
    return s == NATS_OK ? make_stream(link, config) : s;
}

// What waiting does not mend.
static lp_gateway_trouble_t trouble_of(natsStatus s)
{
    switch ((int)s) {
    case NATS_SSL_ERROR:
    case NATS_SECURE_CONNECTION_WANTED:
    case NATS_SECURE_CONNECTION_REQUIRED:
        return LP_GATEWAY_NOT_TRUSTED;
    case NATS_CONNECTION_AUTH_FAILED:
    case NATS_NOT_PERMITTED:
        return LP_GATEWAY_NOT_LET_IN;
    default:
        return LP_GATEWAY_UNREACHABLE;
    }
}

// Whether it is worth another try. A server turns a right signature away once in some hundred
// times, so one refusal is not believed yet.
static bool may_change(natsStatus s, int *refusals)
{
    const lp_gateway_trouble_t trouble = trouble_of(s);
    return trouble == LP_GATEWAY_UNREACHABLE ||
           (trouble == LP_GATEWAY_NOT_LET_IN && ++*refusals < REFUSALS_MAX);
}

// A cluster that was started just now needs a few seconds to choose its leader.
static natsStatus try_for_a_while(link_t *link, const link_config_t *config)
{
    natsStatus s = NATS_TIMEOUT;
    int refusals = 0;
    const int64_t end = nats_Now() + START_MS;
    while (s != NATS_OK && nats_Now() < end && *config->stop == 0) {
        s = try_once(link, config);
        if (s != NATS_OK && !may_change(s, &refusals)) {
            return s;
        }
        if (s != NATS_OK) {
            pause_ms(LINK_STEP_MS);
        }
    }
    return s;
}

bool link_join(link_t *link, const link_config_t *config, lp_gateway_trouble_t *trouble, char *why,
               size_t size)
{
    natsStatus s = try_for_a_while(link, config);
    if (s == NATS_OK && secure_lets_anybody_in(config->access)) {
        *trouble = LP_GATEWAY_OPEN_TO_ALL;
        snprintf(why, size, "it let in a client without certificate, credentials or password");
        return false;
    }
    if (s == NATS_OK && !stream_is_fit(link, config, why, size)) {
        *trouble = LP_GATEWAY_STREAM;
        return false;
    }
    s = s == NATS_OK ? link_listen(link) : s;
    if (s != NATS_OK) {
        const char *detail = nats_GetLastError(NULL);
        *trouble = trouble_of(s);
        snprintf(why, size, "%s%s%s", natsStatus_GetText(s), detail != NULL ? ": " : "",
                 detail != NULL ? detail : "");
    }
    return s == NATS_OK;
}
