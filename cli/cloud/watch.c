// SPDX-License-Identifier: Apache-2.0
// limpet cloud watch: what happens, as it happens.
#include <cjson/cJSON.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "commands.h"
#include "limpet/registry.h"

enum { POLL_MS = 100, BATCH = 200 };

typedef struct {
    const char *dir, *since, *kind, *client;
    long timeout_s; // 0: what is there; negative: for ever
    long limit;     // 0: no limit
} watch_t;

static volatile sig_atomic_t interrupted;

static void on_interrupt(int sig)
{
    (void)sig;
    interrupted = 1;
}

static const char *text_of(const cJSON *e, const char *name)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(e, name));
    return text != NULL ? text : "";
}

static bool wanted(const watch_t *w, const cJSON *e)
{
    return (w->kind == NULL || strcmp(w->kind, text_of(e, "type")) == 0) &&
           (w->client == NULL || strcmp(w->client, text_of(e, "client_id")) == 0);
}

static void describe_publish(const cJSON *e, char *out, size_t size)
{
    const cJSON *bytes = cJSON_GetObjectItemCaseSensitive(e, "size");
    const cJSON *qos = cJSON_GetObjectItemCaseSensitive(e, "qos");
    bool acked = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(e, "acknowledged"));
    snprintf(out, size, "%s  QoS %d%s, %d B  %s", text_of(e, "topic"),
             qos != NULL ? qos->valueint : 0, acked ? " acknowledged" : "",
             bytes != NULL ? bytes->valueint : 0, text_of(e, "payload"));
}

static void print_event(const cJSON *e)
{
    char clean[900];
    char text[800];
    char what[700];
    const char *kind = text_of(e, "type");
    if (strcmp(kind, "publish") == 0) {
        describe_publish(e, what, sizeof what);
    } else {
        snprintf(what, sizeof what, "%s%s%s", text_of(e, "topic"),
                 text_of(e, "topic")[0] != '\0' ? "  " : "", text_of(e, "reason"));
    }
    const char *cert = text_of(e, "cert_id");
    snprintf(text, sizeof text, "%.12s  %-10s %s%s%s%.8s%s  %s", text_of(e, "time") + 11, kind,
             text_of(e, "client_id"), cert[0] != '\0' ? " " : "", cert[0] != '\0' ? "(" : "", cert,
             cert[0] != '\0' ? ")" : "", what);
    lp_ui_clean(clean, sizeof clean, text);
    lp_ui_out("%s", clean);
}

// The next events, up to BATCH of them; how many were shown. *more: there may be further ones.
static long show_batch(lp_registry_t *reg, const watch_t *w, int64_t *after, long room, bool *more)
{
    cJSON *list = NULL;
    const cJSON *e = NULL;
    long shown = 0;
    *more = false;
    if (lp_reg_events(reg, *after, BATCH, &list) != LP_REG_OK) {
        return 0;
    }
    *more = cJSON_GetArraySize(list) == BATCH;
    cJSON_ArrayForEach(e, list)
    {
        *after = (int64_t)cJSON_GetObjectItemCaseSensitive(e, "id")->valuedouble;
        if (!wanted(w, e) || (room > 0 && shown >= room)) {
            continue;
        }
        print_event(e);
        if (lp_ui.json) {
            lp_ui_json_tree(cJSON_Duplicate(e, true));
        }
        shown++;
    }
    cJSON_Delete(list);
    fflush(stdout);
    return shown;
}

// An event's number, or an age such as 90s, 10m, 2h. False: neither.
static bool parse_since(lp_registry_t *reg, const char *text, int64_t *after)
{
    char *end = NULL;
    long long n = strtoll(text, &end, 10);
    long long unit = strcmp(end, "s") == 0   ? 1
                     : strcmp(end, "m") == 0 ? 60
                     : strcmp(end, "h") == 0 ? 3600
                                             : 0;
    if (end == text || n < 0 || (*end != '\0' && unit == 0) || n > 1000000000000LL) {
        return false;
    }
    *after = unit == 0 ? n : lp_reg_event_before(reg, ((int64_t)time(NULL) - n * unit) * 1000);
    return true;
}

static long show_new(lp_registry_t *reg, const watch_t *w, int64_t *after, long room)
{
    long shown = 0;
    bool more = true;
    while (more && interrupted == 0 && (room == 0 || shown < room)) {
        shown += show_batch(reg, w, after, room > 0 ? room - shown : 0, &more);
    }
    return shown;
}

static void pause_poll(void)
{
    const struct timespec t = {.tv_nsec = POLL_MS * 1000000L};
    nanosleep(&t, NULL);
}

static int follow(lp_registry_t *reg, const watch_t *w, int64_t after)
{
    long shown = 0;
    uint64_t begun = lp_ui_now_ms();
    while (interrupted == 0) {
        shown += show_new(reg, w, &after, w->limit > 0 ? w->limit - shown : 0);
        bool enough = w->limit > 0 && shown >= w->limit;
        bool late = w->timeout_s >= 0 && lp_ui_now_ms() - begun >= (uint64_t)w->timeout_s * 1000;
        if (enough || late) {
            return w->limit > 0 && !enough ? LP_EXIT_UNPROVEN : LP_EXIT_OK;
        }
        pause_poll();
    }
    return LP_EXIT_OK;
}

static int run(const cloud_place_t *place, const watch_t *w)
{
    char path[PLACE_PATH];
    lp_registry_t *reg = NULL;
    cloud_path(place, "registry.db", path);
    if (lp_registry_open(&reg, path, false, NULL, 0) != LP_REG_OK) {
        return cloud_fail_none(place);
    }
    int64_t after = lp_reg_event_last(reg);
    if (w->since != NULL && !parse_since(reg, w->since, &after)) {
        lp_registry_close(reg);
        return lp_ui_fail(LP_EXIT_USAGE, "usage",
                          "--since takes an event's number or an age such as 90s, 10m, 2h", NULL,
                          NULL);
    }
    signal(SIGINT, on_interrupt);
    signal(SIGTERM, on_interrupt);
    int rc = follow(reg, w, after);
    lp_registry_close(reg);
    return rc;
}

int cloud_cmd_watch(int argc, char **argv)
{
    static const lp_help_t help = {
        .name = "cloud watch",
        .args = "",
        .summary = "Follows what happens in the local cloud: connects, refusals with the reason in "
                   "words, messages, calls.",
        .examples = {"limpet cloud watch", "limpet cloud watch --since 10m --event refused --json",
                     NULL},
        .notes = "With --limit, ends after so many events, or with exit code 10 when --timeout "
                 "passes first.",
    };
    watch_t w = {.timeout_s = -1};
    const lp_opt_t opts[] = {
        CLOUD_OPT_DIR(w.dir),
        {"since", LP_OPT_STR, &w.since, "WHEN", "start at an event's number or an age (0: all)"},
        {"timeout", LP_OPT_INT, &w.timeout_s, "SECONDS",
         "end after this time; 0 shows what is there"},
        {"limit", LP_OPT_INT, &w.limit, "N", "end after so many events"},
        {"event", LP_OPT_STR, &w.kind, "KIND", "only connect, refused, publish, kick, ..."},
        {"client", LP_OPT_STR, &w.client, "ID", "only this client"},
    };
    cloud_place_t place;
    int n_args = 0;
    int rc = lp_opt_parse(&help, opts, sizeof opts / sizeof opts[0], argc, argv, &n_args);
    rc = rc == LP_OPT_GO_ON ? cloud_find_place(w.dir, &place) : rc;
    return rc == LP_OPT_GO_ON ? run(&place, &w) : rc;
}
