// SPDX-License-Identifier: Apache-2.0
// limpet/port/wifi.h - a Wi-Fi radio, as a port must provide it; a port without one leaves it out.
//
// Split-phase: a call that returns LP_OK is answered by events, later, from the loop and never from
// inside the call. A station is in one of three situations:
//
//   AWAY --join--> JOINING --JOINED--> WITHOUT ADDRESS --ADDRESS--> ON LINE
//    ^                |                      |                        |
//    +---- LOST ------+-------- LOST --------+--------- LOST ---------+
//
// Each join that was accepted ends in exactly one ADDRESS or LOST; a connection that stands ends in
// exactly one LOST. A join while there is a connection moves the station (roaming): LOST with
// LP_WIFI_WHY_LEFT does not come for what was left. Where the new access point belongs to the same
// network and gives the same address, TCP connections outlive that.
//
// Passwords are borrowed until the return; the port wipes its copies when the radio has them.
#ifndef LIMPET_PORT_WIFI_H
#define LIMPET_PORT_WIFI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "limpet/err.h"

enum {
    LP_WIFI_SSID_MAX = 32,
    LP_WIFI_PASS_MIN = 8,
    LP_WIFI_PASS_MAX = 63,
    LP_WIFI_SCAN_MAX = 24, // access points of one scan, the strongest
    LP_WIFI_ADDR_MAX = 46, // a numeric address, with its terminator
};

typedef enum {
    LP_WIFI_OPEN,
    LP_WIFI_WPA2,  // personal (PSK)
    LP_WIFI_WPA3,  // personal (SAE)
    LP_WIFI_OTHER, // WEP, WPA1, enterprise: nothing that is joined
} lp_wifi_security_t;

// An access point that was heard.
typedef struct {
    char ssid[LP_WIFI_SSID_MAX + 1]; // "": hidden, or not to be written as a C string
    uint8_t bssid[6];
    uint8_t channel;
    int8_t rssi_dbm;
    lp_wifi_security_t security;
} lp_wifi_seen_t;

// Why a station is not connected.
typedef enum {
    LP_WIFI_WHY_NONE,
    LP_WIFI_WHY_NO_AP,      // nobody of that name (and BSSID) answers
    LP_WIFI_WHY_SECURITY,   // it is there, but not secured as was asked for, or in no way we can
    LP_WIFI_WHY_PASSWORD,   // the handshake failed
    LP_WIFI_WHY_FULL,       // it takes no more stations
    LP_WIFI_WHY_REFUSED,    // refused the association for another reason
    LP_WIFI_WHY_NO_ADDRESS, // joined, but no address came
    LP_WIFI_WHY_SIGNAL,     // its beacons stopped
    LP_WIFI_WHY_KICKED,     // deauthenticated by it
    LP_WIFI_WHY_LEFT,       // lp_port_wifi_leave()
    LP_WIFI_WHY_RADIO,      // the radio itself failed
    LP_WIFI_WHY_NO_WAY_OUT, // never from the radio: nothing is reached behind the access point
} lp_wifi_why_t;

typedef enum {
    LP_WIFI_SCANNED, // `seen` and `count`
    LP_WIFI_JOINED,  // associated and, where there is a password, keys agreed on: `seen`
    LP_WIFI_ADDRESS, // `address`
    LP_WIFI_LOST,    // `why`, `code`
    LP_WIFI_AP_OPEN, // the own access point is on the air: `address` is its own
    LP_WIFI_AP_CLOSED,
    LP_WIFI_AP_JOINED,  // `mac` has proven the password
    LP_WIFI_AP_LEFT,    // `mac`
    LP_WIFI_AP_REFUSED, // `mac` has not
} lp_wifi_event_id_t;

// Borrowed until the listener returns.
typedef struct {
    lp_wifi_event_id_t id;
    const lp_wifi_seen_t *seen;
    size_t count;
    const char *address;
    lp_wifi_why_t why;
    uint16_t code; // IEEE 802.11 reason or status code; 0: none
    uint8_t mac[6];
} lp_wifi_event_t;

// @context loop
typedef void lp_wifi_fn(void *ctx, const lp_wifi_event_t *ev);

// Whether there is one; it does not change while the board runs.
bool lp_port_wifi_is_there(void);

// Switches the radio on; `fn` hears of everything from then on. To be called once.
// LP_E_UNSUPPORTED: this board has no radio, and its network is a wire.
lp_err_t lp_port_wifi_start(lp_wifi_fn *fn, void *ctx);

// The station's hardware address.
void lp_port_wifi_mac(uint8_t mac[6]);

// The securities that the radio can join with, as bits 1 << lp_wifi_security_t.
unsigned lp_port_wifi_can(void);

// Where the board is: two letters of ISO 3166, or "00" for what is allowed everywhere. Channels
// that are not allowed there are neither listened to nor sent on. LP_E_INVALID: not known.
lp_err_t lp_port_wifi_set_country(const char *code);

// Sleeps between beacons: less power, slower answers.
void lp_port_wifi_set_power_save(bool is_on);

// Listens on all channels; SCANNED follows. Works in every situation.
// LP_E_BUSY: a scan or a join is under way; LP_E_IO: the radio does not answer.
lp_err_t lp_port_wifi_scan(void);

typedef struct {
    const char *ssid;
    const char *pass;     // "": joins open networks only; else secured ones only
    const uint8_t *bssid; // null: the strongest of that name
    uint8_t channel;      // 0: not known; else looked for there first
} lp_wifi_join_t;

// LP_E_INVALID: name or password of a length that does not exist; LP_E_BUSY: a scan or a join is
// under way.
lp_err_t lp_port_wifi_join(const lp_wifi_join_t *join);

// Ends a connection or a join: LOST with LP_WIFI_WHY_LEFT follows, unless the station is away.
void lp_port_wifi_leave(void);

// Of the access point that the station is joined to. LP_E_STATE: to none.
lp_err_t lp_port_wifi_rssi(int8_t *dbm);

typedef struct {
    const char *ssid;
    const char *pass; // WPA2; there is no open one
    uint8_t channel;  // 0: the port chooses; a joined station's channel goes first
} lp_wifi_ap_t;

// Opens an access point of our own, beside the station: AP_OPEN follows, or AP_CLOSED. Listeners on
// its address (lp_port_tcp_listen()) hear its stations and nobody else; they get no other network.
// LP_E_INVALID: name, password or channel; LP_E_STATE: it is open already.
lp_err_t lp_port_wifi_ap_start(const lp_wifi_ap_t *ap);

// Closes it and cuts its stations off; AP_CLOSED follows when it was open.
void lp_port_wifi_ap_stop(void);

#endif
