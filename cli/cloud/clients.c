// SPDX-License-Identifier: Apache-2.0
// Who is connected to the local cloud, read from what it wrote down about it.
#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

#include "limpet/cmd_cloud.h"
#include "limpet/registry.h"
#include "place.h"

enum { CLIENTS = 256, NAME = 130, BATCH = 500 };

typedef struct {
    char names[CLIENTS][NAME];
    bool is_up[CLIENTS];
    size_t count;
} clients_t;

static const char *text_of(const cJSON *e, const char *name)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(e, name));
    return text != NULL ? text : "";
}

static bool *entry_of(clients_t *c, const char *name)
{
    for (size_t i = 0; i < c->count; i++) {
        if (strcmp(c->names[i], name) == 0) {
            return &c->is_up[i];
        }
    }
    if (c->count == CLIENTS || strlen(name) >= NAME) {
        return NULL;
    }
    snprintf(c->names[c->count], NAME, "%s", name);
    return &c->is_up[c->count++];
}

// The log forgets its beginning: who publishes is there, even if nobody remembers the login.
static void take(clients_t *c, const cJSON *e)
{
    const char *kind = text_of(e, "type");
    const char *name = text_of(e, "client_id");
    const bool is_up = strcmp(kind, "connect") == 0 || strcmp(kind, "publish") == 0 ||
                       strcmp(kind, "subscribe") == 0;
    const bool is_down = strcmp(kind, "disconnect") == 0 || strcmp(kind, "kick") == 0;
    bool *entry = name[0] != '\0' && (is_up || is_down) ? entry_of(c, name) : NULL;
    if (entry != NULL) {
        *entry = is_up;
    }
    if (strcmp(kind, "broker") == 0) { // it was started anew: nobody is connected yet
        memset(c->is_up, 0, sizeof c->is_up);
    }
}

static void read_log(lp_registry_t *reg, clients_t *c)
{
    int64_t after = 0;
    bool more = true;
    while (more) {
        cJSON *list = NULL;
        const cJSON *e = NULL;
        more = false;
        if (lp_reg_events(reg, after, BATCH, &list) != LP_REG_OK) {
            return;
        }
        cJSON_ArrayForEach(e, list)
        {
            const cJSON *id = cJSON_GetObjectItemCaseSensitive(e, "id");
            take(c, e);
            more = cJSON_IsNumber(id) && (int64_t)id->valuedouble > after;
            after = more ? (int64_t)id->valuedouble : after;
        }
        cJSON_Delete(list);
    }
}

size_t lp_cloud_each_client(lp_cloud_client_fn *fn, void *ctx)
{
    static clients_t clients;
    cloud_place_t place;
    cloud_info_t info;
    char why[WHY_SIZE];
    char path[PLACE_PATH];
    pid_t owner = 0;
    lp_registry_t *reg = NULL;
    size_t n = 0;
    memset(&clients, 0, sizeof clients);
    if (!cloud_place(NULL, &place, why, sizeof why) || !cloud_is_running(&place, &owner) ||
        !cloud_info_read(&place, &info)) {
        return 0;
    }
    cloud_path(&place, "registry.db", path);
    if (lp_registry_open(&reg, path, false, NULL, 0) != LP_REG_OK) {
        return 0;
    }
    read_log(reg, &clients);
    lp_registry_close(reg);
    for (size_t i = 0; i < clients.count; i++) {
        if (clients.is_up[i]) {
            fn(ctx, clients.names[i], info.port_mqtt);
            n++;
        }
    }
    return n;
}
