// SPDX-License-Identifier: Apache-2.0
// Between the platform's start and the application's calls.
#ifndef LP_APP_INTERNAL_H
#define LP_APP_INTERNAL_H

#include "limpet/access.h"
#include "limpet/app.h"
#include "limpet/settings_about.h"
#include "limpet/store.h"
#include "limpet/svc_config.h"
#include "limpet/svc_remote.h"
#include "limpet/turn.h"

// Settings may have changed: periods that come from one are looked at again.
void lp_app_settings_changed(lp_app_t *app);

// -- app.c

// Ends connections, from the loop: "restart", "off", "sleep".
void lp_app_say_goodbye(const char *how);
bool lp_app_is_up(void);

// -- events.c, or no_events.c in an image without room for them

void lp_app_events_settings_changed(void);
void lp_app_events_stopping(const char *how); // "restart", "off", "sleep"
// Only in events.c: once storage is there; once everything is there; the board's address, or null.
void lp_app_events_begin(lp_app_t *app);
void lp_app_events_start(void);
void lp_app_events_network(const char *now);

// -- power.c; not in a small image, which has no_power.c

void lp_app_power_begin(lp_app_t *app);
void lp_app_power_start(lp_app_t *app, lp_turn_t *turn);
void lp_app_power_put(lp_json_writer_t *w);

// -- net.c, or no_net.c in an image without room for it

void lp_app_net_start(const lp_app_t *app, lp_turn_t *turn);
void lp_app_net_changed(void);
// Before the board goes down: says goodbye from the loop, which has to turn while something is up.
void lp_app_net_stop(void);
bool lp_app_net_is_up(void);
// The last thing before the board goes down.
void lp_app_net_end(void);

// -- mqtt_links.c, or no_mqtt_links.c in an image whose one broker is the cloud's; called by net.c

// Lends `base`.
void lp_app_mqtt_start(const lp_app_t *app, const lp_link_base_t *base);
void lp_app_mqtt_changed(void);
void lp_app_mqtt_stop(void);
bool lp_app_mqtt_is_up(void);

// -- log_sinks.c, or no_log_sinks.c where the log stays on the board; called by net.c

void lp_app_log_sinks_start(const lp_app_t *app);
void lp_app_log_sinks_changed(void);
void lp_app_log_sinks_stop(void);

// -- remote.c, or no_remote.c in an image that nobody can call

// The settings of this board: up to SIZE_SETTINGS of them.
const lp_config_row_t *lp_app_settings(size_t *count);
// Describes those that not every image has. Only in remote.c.
void lp_app_remote_words(lp_svc_config_t *config);
void lp_app_remote_start(lp_app_t *app, lp_store_t *store, lp_turn_t *turn);
void lp_app_remote_changed(void);
void lp_app_remote_stop(void);
// Callers over the board's own access point, at `address` (null: there is none any more).
void lp_app_remote_set_up(const char *address, lp_access_t *set_up);

// -- wifi.c, or no_wifi.c in an image for boards whose network is a wire

// Adds the settings of the radio, if there is one, and tells how many.
size_t lp_app_wifi_settings(lp_config_row_t *rows);
// What Config.Schema says of them; null: there is no radio.
const lp_settings_more_t *lp_app_wifi_words(void);
void lp_app_wifi_start(lp_app_t *app, lp_store_t *store, void (*on_config)(void *ctx));
void lp_app_wifi_changed(void);

// -- own_net.c, or no_own_net.c where the network is a computer's; called by remote.c

// Adds its settings, and tells how many.
size_t lp_app_own_net_settings(lp_config_row_t *rows);
const lp_settings_more_t *lp_app_own_net_words(void);
void lp_app_own_net_start(const lp_app_t *app);
void lp_app_own_net_changed(void);

// -- net_rows.c, or some_net_rows.c in an image with those parts that its manifest asks for; called
// by remote.c

// Writes the rows of their settings, as many as sizes.h counts.
size_t lp_app_net_settings(lp_config_row_t *rows);
lp_err_t lp_app_net_words(lp_svc_config_t *config);

// -- announce.c, or no_announce.c in an image that is not found by name; called by remote.c

void lp_app_announce_start(const lp_app_t *app, lp_svc_remote_t *remote);
void lp_app_announce_changed(void *ctx); // who listens has changed; from the loop
void lp_app_announce_stop(void);

#endif
