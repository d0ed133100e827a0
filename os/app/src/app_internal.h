// SPDX-License-Identifier: Apache-2.0
// Between the platform's start and the application's calls.
#ifndef LP_APP_INTERNAL_H
#define LP_APP_INTERNAL_H

#include "limpet/access.h"
#include "limpet/app.h"
#include "limpet/settings_about.h"
#include "limpet/store.h"
#include "limpet/turn.h"

// Settings may have changed: periods that come from one are looked at again.
void lp_app_settings_changed(lp_app_t *app);

// -- net.c; no_remote.c has none of it

void lp_app_net_start(const lp_app_t *app, lp_turn_t *turn);
void lp_app_net_changed(void);
// Before the board goes down: says goodbye from the loop, which has to turn while something is up.
void lp_app_net_stop(void);
bool lp_app_net_is_up(void);

// -- remote.c, or no_remote.c in an image that nobody can call

// The settings of this board: up to SIZE_SETTINGS of them.
const lp_config_row_t *lp_app_settings(size_t *count);
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

#endif
