// SPDX-License-Identifier: Apache-2.0
// limpet devices: the boards that can be seen.
#include <cjson/cJSON.h>
#include <stdio.h>

#include "browse.h"
#include "limpet/board.h"
#include "limpet/cmd.h"
#include "limpet/cmd_cloud.h"
#include "limpet/opt.h"

enum { MAX_SHOWN = 64, BROWSE_MS = 1000, BROWSE_MAX_MS = 60000 };

static void show(const lp_board_found_t *found)
{
    lp_ui_out("%-14s %-40s %s", found->id[0] != '\0' ? found->id : "-", found->port, found->about);
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "port", found->port);
    cJSON_AddStringToObject(object, "id", found->id);
    cJSON_AddStringToObject(object, "about", found->about);
    cJSON_AddBoolToObject(object, "virtual", found->is_virtual);
    cJSON_AddStringToObject(object, "source", found->source);
    lp_ui_json_tree(object);
}

static void show_all(const lp_board_found_t *found, size_t n)
{
    for (size_t i = 0; i < n && i < MAX_SHOWN; i++) {
        show(&found[i]);
    }
    if (n > MAX_SHOWN) {
        lp_ui_warn("%zu more are not shown", n - MAX_SHOWN);
    }
}

// A client of the local cloud; with rpc.mqtt.enable it can be called there.
static void show_client(void *ctx, const char *client, int port)
{
    char clean[140];
    lp_board_found_t one = {.source = "cloud"};
    (void)ctx;
    lp_ui_clean(clean, sizeof clean, client);
    for (char *p = clean; *p != '\0'; p++) {
        *p = *p == '\n' || *p == '\t' ? '?' : *p;
    }
    snprintf(one.id, sizeof one.id, "%.60s", clean);
    snprintf(one.port, sizeof one.port, "mqtts://localhost:%d/%.128s", port, clean);
    snprintf(one.about, sizeof one.about, "connected to the local cloud");
    show(&one);
}

static void on_tick(int over_ms, int all_ms)
{
    lp_ui_progress("looking on the network", (uint64_t)over_ms, (uint64_t)all_ms);
}

int lp_cmd_devices(int argc, char **argv)
{
    static lp_board_found_t found[MAX_SHOWN];
    bool is_local = false;
    long time_ms = BROWSE_MS;
    const lp_opt_t opts[] = {
        {"local", LP_OPT_BOOL, &is_local, NULL, "only what is plugged in or runs here"},
        {"time", LP_OPT_INT, &time_ms, "MS", "how long to listen on the network [1000]"},
    };
    static const lp_help_t help = {
        .name = "devices",
        .args = "",
        .summary = "Lists the boards that are plugged in, run here, are on the network or in the "
                   "local cloud.",
        .examples = {"limpet devices", "limpet devices --local", "limpet devices --json", NULL},
        .notes =
            "What stands in the second column can be given to --port. A board is seen on the\n"
            "network when its owner opened a channel (rpc.http.enable and so on) and\n"
            "mdns.enable is true. Anybody on the network can pretend to be a board: passwords\n"
            "are never sent, and answers over http and tcp prove nothing.",
    };
    int n_args = 0;
    int rc = lp_opt_parse(&help, opts, sizeof opts / sizeof opts[0], argc, argv, &n_args);
    if (rc != LP_OPT_GO_ON) {
        return rc;
    }
    if (time_ms < 0 || time_ms > BROWSE_MAX_MS) {
        return lp_ui_fail(LP_EXIT_USAGE, "usage", "--time must be 0 to 60000", NULL, NULL);
    }
    size_t local = 0;
    size_t near = 0;
    lp_board_list(found, MAX_SHOWN, &local);
    show_all(found, local);
    if (!is_local && time_ms > 0) {
        lp_browse((int)time_ms, lp_ui.is_tty && !lp_ui.json ? on_tick : NULL, found, MAX_SHOWN,
                  &near);
        show_all(found, near);
    }
    const size_t clients = is_local ? 0 : lp_cloud_each_client(show_client, NULL);
    if (local + near + clients == 0) {
        lp_ui_info("no board found: no USB serial port, no virtual board is running%s",
                   is_local ? "" : ", none answers on the network");
    }
    return LP_EXIT_OK;
}
