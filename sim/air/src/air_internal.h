// SPDX-License-Identifier: Apache-2.0
// What the files of the medium share.
#ifndef AIR_INTERNAL_H
#define AIR_INTERNAL_H

#include "limpet/air.h"
#include "wpa.h"

enum {
    AIR_NAME_MAX = 24,
    AIR_PASS_MAX = 63,
    AIR_DEAF_DBM = -95, // what is weaker is not heard
    AIR_CHANNEL_MAX = 13,
    // IEEE 802.11 codes
    AIR_REASON_LEAVING = 3,
    AIR_REASON_HANDSHAKE = 15,
    AIR_STATUS_FULL = 17,
};

typedef enum { AIR_OPEN, AIR_WPA2, AIR_WPA3, AIR_WEP } air_security_t;

typedef struct {
    bool is_used;
    char name[AIR_NAME_MAX];
    char ssid[AIR_SSID_MAX + 1];
    char pass[AIR_PASS_MAX + 1];
    char net[AIR_SSID_MAX + 1]; // what is behind it; the SSID where nothing is said
    uint8_t bssid[6];
    int channel;
    int rssi_dbm;
    air_security_t security;
    bool is_off, is_full, is_rogue, is_hidden;
    bool is_silent; // no DHCP
    int portal;     // TCP port of this computer where all connections end; 0: there is none
    air_radio_t *owner;
} air_ap_t;

//   AWAY --join--> SEARCHING --found--> KEYS --right--> DHCP --answer--> UP
typedef enum { STATION_AWAY, STATION_SEARCHING, STATION_KEYS, STATION_DHCP, STATION_UP } station_t;

struct air_radio {
    bool is_used;
    bool is_known; // has said hello
    air_t *air;
    void *host;
    uint8_t mac[6];
    char country[3];
    uint64_t scan_due; // 0: none
    // the station
    station_t state;
    uint64_t due;
    int tries;
    char ssid[AIR_SSID_MAX + 1];
    char pass[AIR_PASS_MAX + 1];
    uint8_t bssid[6];
    bool has_bssid;
    int channel;
    air_ap_t *ap;   // that it is joined to, or joining
    bool is_losing; // no beacons any more; known when `due`
    wpa_supplicant_t supplicant;
    wpa_authenticator_t authenticator; // of the other side, for this station
    // its own access point
    air_ap_t *own;
};

struct air {
    air_hooks_t hooks;
    uint64_t now_ms;
    air_ap_t aps[AIR_APS_MAX];
    air_radio_t radios[AIR_RADIOS_MAX];
};

void air_say(air_radio_t *radio, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

const char *air_security_name(air_security_t security);
// `text` of 12 hex digits, with or without colons. False: it is not.
bool air_read_mac(const char *text, uint8_t mac[6]);
void air_write_mac(const uint8_t mac[6], char text[13]);

air_ap_t *air_free_ap(air_t *air);
bool air_can_hear(const air_radio_t *radio, const air_ap_t *ap);

// -- the station

void air_station_join(air_radio_t *radio);
void air_station_leave(air_radio_t *radio);
// What is due.
void air_station_step(air_radio_t *radio);
// It is thrown out, at once.
void air_station_kick(air_radio_t *radio, int code);
// The access point is gone, is weaker or has another password: looked at again.
void air_station_look(air_radio_t *radio);
void air_ap_gone(air_t *air, const air_ap_t *ap);

#endif
