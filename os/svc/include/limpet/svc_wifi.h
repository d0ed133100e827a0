// SPDX-License-Identifier: Apache-2.0
// limpet/svc_wifi.h - keeps a board on one of its Wi-Fi networks, and lets its owner set it up;
// Wifi.*.
//
//   OFF --enabled--> IDLE --a network is set--> SCANNING --found--> OPENING --password--> JOINING
//                                                  ^  '--nobody--.                          |
//                                                  |             v              no <--------+
//                                               WAITING <-- the last one <-- next           |
//                                               address
//                                                  ^                                        v
//                                                  '------------- lost ------------------- UP
//
// The access point that worked last is tried first, without a scan. A network that is to be set up
// is tried before anything is stored: what does not connect changes nothing. Passwords are opened
// for a join and kept nowhere.
//
// The set-up network is an access point of the board's own, with a password made at random, once a
// board. It is opened while no network is set, or when the owner asks, and closes by itself.
//
// @context loop
#ifndef LIMPET_SVC_WIFI_H
#define LIMPET_SVC_WIFI_H

#include "limpet/backoff.h"
#include "limpet/config.h"
#include "limpet/port/wifi.h"
#include "limpet/rpc.h"
#include "limpet/svc_secret.h"

enum {
    LP_SVC_WIFI_NETWORKS = 3,
    LP_SVC_WIFI_TRIES_MAX = 8,     // access points that are tried of one scan
    LP_SVC_WIFI_SECRET_MAX = 20,   // set-up password, with its terminator
    LP_SVC_WIFI_REFUSED_MAX = 20,  // wrong passwords until the set-up network closes
    LP_SVC_WIFI_UNREACHED_MAX = 5, // tries of the cloud in a row until a network leads nowhere
};

typedef enum {
    LP_SVC_WIFI_OFF,
    LP_SVC_WIFI_IDLE, // no network is set
    LP_SVC_WIFI_SCANNING,
    LP_SVC_WIFI_OPENING, // the password
    LP_SVC_WIFI_JOINING,
    LP_SVC_WIFI_UP,
    LP_SVC_WIFI_WAITING, // until the next try
} lp_svc_wifi_state_t;

// "off", "idle", "connecting", "connected", "waiting": what people are told. Static.
const char *lp_svc_wifi_state_name(lp_svc_wifi_state_t state);
// "wrong-password", "no-such-network" ...; a sentence. Static.
const char *lp_svc_wifi_why_name(lp_wifi_why_t why);
const char *lp_svc_wifi_why_text(lp_wifi_why_t why);

// What to try: a network of the settings, or (index LP_SVC_WIFI_NETWORKS) the one being set up.
typedef struct {
    uint8_t network;
    bool has_place; // bssid and channel are known
    uint8_t bssid[6];
    uint8_t channel;
    int8_t rssi_dbm;
} lp_svc_wifi_try_t;

typedef enum {
    LP_SVC_WIFI_NO_SETUP,
    LP_SVC_WIFI_TRYING,
    LP_SVC_WIFI_STORED,
    LP_SVC_WIFI_FAILED,
} lp_svc_wifi_setup_state_t;

// The network that is being set up.
typedef struct {
    lp_svc_wifi_setup_state_t state;
    char ssid[LP_WIFI_SSID_MAX + 1];
    char pass[LP_WIFI_PASS_MAX + 1]; // wiped when it is over
    uint8_t slot;
    lp_wifi_why_t why;
    lp_err_t err; // of storing it
} lp_svc_wifi_candidate_t;

typedef enum {
    LP_SVC_WIFI_AP_CLOSED,
    LP_SVC_WIFI_AP_STARTING,
    LP_SVC_WIFI_AP_OPEN
} lp_svc_wifi_ap_state_t;

typedef struct {
    lp_svc_wifi_ap_state_t state;
    char ssid[LP_WIFI_SSID_MAX + 1];
    uint64_t closes_ms;
    unsigned stations;
    unsigned refused; // wrong passwords since it was opened
    unsigned locks;   // how often it was closed for too many
    uint64_t locked_until_ms;
    lp_timer_t timer;
} lp_svc_wifi_own_t;

typedef struct {
    lp_loop_t *loop;
    lp_rpc_t *rpc;
    lp_config_t *config;
    lp_store_t *store;
    lp_svc_secret_t *secrets;
    // The board has a network now, or has none any more.
    void (*on_link)(void *ctx, bool is_up);
    // The set-up network is open (`address`: what to listen on) or (null) closed; `password` is
    // that of the network.
    void (*on_setup)(void *ctx, const char *address, const char *password);
    // Settings were changed by Wifi.*.
    void (*on_config)(void *ctx);
    void *ctx;
} lp_svc_wifi_setup_t;

typedef struct lp_svc_wifi {
    lp_svc_wifi_setup_t s_;
    lp_rpc_set_t set_;
    lp_svc_wifi_state_t state;
    bool has_radio;
    bool is_link_up;
    bool is_roaming_;  // scans or moves while it is connected
    bool is_scanning_; // the radio is
    bool is_leaving_;  // LOST of our own wish is to come
    bool wants_restart_;
    uint64_t since_ms;
    lp_event_t step_;
    lp_timer_t timer_;
    lp_timer_t roam_;
    lp_backoff_t backoff_;
    // what is tried
    lp_svc_wifi_try_t tries_[LP_SVC_WIFI_TRIES_MAX];
    size_t try_count_;
    size_t try_;
    bool has_scanned_;                        // these come from a scan
    lp_wifi_why_t whys[LP_SVC_WIFI_NETWORKS]; // of each network's last try
    lp_wifi_why_t last_why;
    uint16_t last_code;
    uint32_t hash_; // of the settings that count
    // a network without a way out
    unsigned unreached_;   // tries of the cloud on this one, in a row
    uint64_t no_way_ms_;   // when the first was found
    bool is_looking_away_; // scans for another one
    // connected to
    char ssid[LP_WIFI_SSID_MAX + 1];
    lp_wifi_seen_t seen;
    char address[LP_WIFI_ADDR_MAX];
    lp_svc_wifi_candidate_t candidate;
    lp_svc_wifi_own_t own;
    lp_rpc_req_t *scan_req_;
} lp_svc_wifi_t;

// Lends everything, for good. Adds the methods, and starts the radio from the loop.
void lp_svc_wifi_init(lp_svc_wifi_t *svc, const lp_svc_wifi_setup_t *setup);

// Settings have changed.
void lp_svc_wifi_poke(lp_svc_wifi_t *svc);

// The cloud was tried over the network that the board is on, and was reached or not. After
// LP_SVC_WIFI_UNREACHED_MAX times not, the network leads nowhere (LP_WIFI_WHY_NO_WAY_OUT: a captive
// portal, say): the board leaves it for another of its networks that is heard, and tries it again
// when that fails, too, or ten minutes later.
void lp_svc_wifi_reached(lp_svc_wifi_t *svc, bool is_reached);

// Opens the set-up network: the owner has pressed a button, or asked.
// LP_E_UNSUPPORTED: no radio; LP_E_DENIED: a setting forbids it; LP_E_BUSY: closed for now because
// of wrong passwords; LP_E_STATE: it is open.
lp_err_t lp_svc_wifi_open_setup(lp_svc_wifi_t *svc);
void lp_svc_wifi_close_setup(lp_svc_wifi_t *svc);

// The password of the set-up network, made when there is none. The caller wipes it.
lp_err_t lp_svc_wifi_setup_password(lp_svc_wifi_t *svc, char password[LP_SVC_WIFI_SECRET_MAX]);

// Tries a network and stores it in place `slot` (0..2) when it has given an address; poll
// svc->candidate. LP_E_INVALID: name or password; LP_E_BUSY: another one is being tried;
// LP_E_UNSUPPORTED: no radio; LP_E_STATE: switched off.
lp_err_t lp_svc_wifi_set_up(lp_svc_wifi_t *svc, const char *ssid, const char *pass, unsigned slot);

// Removes a network of that name from the settings and saves them. LP_E_NOT_FOUND; errors of
// lp_config_set() and lp_config_save().
lp_err_t lp_svc_wifi_forget(lp_svc_wifi_t *svc, const char *ssid);

#endif
