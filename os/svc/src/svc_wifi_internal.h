// SPDX-License-Identifier: Apache-2.0
// What the files of the Wi-Fi service share.
#ifndef SVC_WIFI_INTERNAL_H
#define SVC_WIFI_INTERNAL_H

#include "limpet/svc_wifi.h"

enum { WIFI_ROAM_GAIN_DB = 8 };

// -- networks of the settings

const char *lp_wifi_ssid_of(const lp_svc_wifi_t *svc, unsigned network);
// Static.
const char *lp_wifi_pass_key(unsigned network);
bool lp_wifi_has_pass(const lp_svc_wifi_t *svc, unsigned network);
// The one that the board is on; LP_SVC_WIFI_NETWORKS: none of the settings.
unsigned lp_wifi_current(const lp_svc_wifi_t *svc);
// How many are set.
unsigned lp_wifi_networks(const lp_svc_wifi_t *svc);
// Of all that makes a new start necessary when it changes.
uint32_t lp_wifi_hash(const lp_svc_wifi_t *svc);

// What worked last, as the only try. False: nothing is remembered for a network that is set.
bool lp_wifi_recall(lp_svc_wifi_t *svc);
void lp_wifi_remember(lp_svc_wifi_t *svc);

// The candidate has connected: into the settings, and saved.
lp_err_t lp_wifi_store_candidate(lp_svc_wifi_t *svc);

// -- choice

// Makes svc->tries_ of what was heard. LP_WIFI_WHY_NONE: there are some; else why there are none.
lp_wifi_why_t lp_wifi_choose(lp_svc_wifi_t *svc, const lp_wifi_seen_t *seen, size_t count);
// Whether a network is heard that may lead further than the one that the board is on.
bool lp_wifi_hears_other(const lp_svc_wifi_t *svc, const lp_wifi_seen_t *seen, size_t count);
// A better access point of the network that the board is on, as the only try.
bool lp_wifi_choose_better(lp_svc_wifi_t *svc, const lp_wifi_seen_t *seen, size_t count,
                           int8_t now_dbm);

// -- svc_wifi_way.c: a network without a way out

// What a scan for another network has heard. False: it was no such scan.
bool lp_wifi_look_away(lp_svc_wifi_t *svc, const lp_wifi_seen_t *seen, size_t count);
// Leaves the network, and starts anew. From svc_wifi.c.
void lp_wifi_restart(lp_svc_wifi_t *svc);

// -- the set-up network

void lp_wifi_own_init(lp_svc_wifi_t *svc);
void lp_wifi_own_event(lp_svc_wifi_t *svc, const lp_wifi_event_t *ev);
// A network was set up: closes soon.
void lp_wifi_own_done(lp_svc_wifi_t *svc);

// -- RPC

void lp_wifi_add_methods(lp_svc_wifi_t *svc);
void lp_wifi_answer_scan(lp_svc_wifi_t *svc, const lp_wifi_seen_t *seen, size_t count);
// LP_E_BUSY: not now. From svc_wifi.c.
lp_err_t lp_wifi_start_scan(lp_svc_wifi_t *svc);

#endif
