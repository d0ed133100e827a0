// SPDX-License-Identifier: Apache-2.0
// What happens in the local cloud, for other parts of the tool.
#include <cjson/cJSON.h>
#include <stdlib.h>

#include "limpet/cmd_cloud.h"
#include "limpet/registry.h"
#include "place.h"

enum { BATCH = 100 };

struct lp_cloud_feed {
    lp_registry_t *reg;
    int64_t after;
};

static bool find_place(cloud_place_t *place)
{
    char why[WHY_SIZE];
    return cloud_place(NULL, place, why, sizeof why);
}

lp_cloud_feed_t *lp_cloud_feed_open(void)
{
    cloud_place_t place;
    char path[PLACE_PATH];
    lp_cloud_feed_t *feed = calloc(1, sizeof *feed);
    if (feed == NULL || !find_place(&place)) {
        free(feed);
        return NULL;
    }
    cloud_path(&place, "registry.db", path);
    if (lp_registry_open(&feed->reg, path, false, NULL, 0) != LP_REG_OK) {
        free(feed);
        return NULL;
    }
    feed->after = lp_reg_event_last(feed->reg);
    return feed;
}

void lp_cloud_feed_close(lp_cloud_feed_t *feed)
{
    if (feed != NULL) {
        lp_registry_close(feed->reg);
        free(feed);
    }
}

struct cJSON *lp_cloud_feed_next(lp_cloud_feed_t *feed)
{
    cJSON *list = NULL;
    if (lp_reg_events(feed->reg, feed->after, BATCH, &list) != LP_REG_OK) {
        return NULL;
    }
    const int n = cJSON_GetArraySize(list);
    if (n == 0) {
        cJSON_Delete(list);
        return NULL;
    }
    const cJSON *last = cJSON_GetArrayItem(list, n - 1);
    feed->after = (int64_t)cJSON_GetObjectItemCaseSensitive(last, "id")->valuedouble;
    return list;
}

bool lp_cloud_is_up(void)
{
    cloud_place_t place;
    pid_t owner = 0;
    return find_place(&place) && cloud_is_running(&place, &owner);
}
