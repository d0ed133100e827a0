// SPDX-License-Identifier: Apache-2.0
// limpet/cmd_cloud.h - `limpet cloud`: an AWS IoT Core work-alike on this computer.
#ifndef LIMPET_CMD_CLOUD_H
#define LIMPET_CMD_CLOUD_H

#include <stdbool.h>
#include <stddef.h>

struct cJSON;

// Runs `limpet cloud up|down|status|watch|env|reset ...`; argv[0] is "cloud". The global flags
// (--json, --quiet,
// --verbose, --no-color) are already taken out by lp_ui_parse(). Returns an exit code of
// limpet/ui.h.
int lp_cmd_cloud(int argc, char **argv);

// Calls fn for each client that is connected to this user's local cloud, as far as its log goes
// back, with the port of its broker. Returns how many; 0 where no cloud runs. `client` is what the
// client said of itself.
typedef void lp_cloud_client_fn(void *ctx, const char *client, int port);
size_t lp_cloud_each_client(lp_cloud_client_fn *fn, void *ctx);

// What happens in this user's local cloud from now on, as `limpet cloud watch --json` tells it.
// Null: there is none here. Owned by the caller.
typedef struct lp_cloud_feed lp_cloud_feed_t;
lp_cloud_feed_t *lp_cloud_feed_open(void);
void lp_cloud_feed_close(lp_cloud_feed_t *feed); // null is fine
// The next events as an array that the caller owns; null when nothing happened.
struct cJSON *lp_cloud_feed_next(lp_cloud_feed_t *feed);
// Whether it runs now.
bool lp_cloud_is_up(void);

#endif
