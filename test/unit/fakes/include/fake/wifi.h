// SPDX-License-Identifier: Apache-2.0
// fake/wifi.h - a radio for tests: the test says what is on the air and when answers come.
#ifndef FAKE_WIFI_H
#define FAKE_WIFI_H

#include "limpet/port/wifi.h"

enum { FAKE_WIFI_APS = 8 };

// An access point, and what a join of it ends with: LP_WIFI_WHY_NONE is an address.
typedef struct {
    lp_wifi_seen_t seen;
    const char *pass; // "" for an open one
    const char *address;
    lp_wifi_why_t why;
} fake_wifi_ap_t;

typedef struct {
    fake_wifi_ap_t aps[FAKE_WIFI_APS];
    size_t count;
    bool is_missing; // the board has none
    bool is_mute;    // answers nothing until fake_wifi_answer()
    bool is_deaf;    // scans fail
    unsigned scans, joins, leaves;
    int8_t rssi_dbm;
    // of the last join
    char ssid[LP_WIFI_SSID_MAX + 1];
    char pass[LP_WIFI_PASS_MAX + 1];
    uint8_t channel;
    bool had_bssid;
    uint8_t bssid[6];
    // situation
    bool is_scanning, is_joining, is_joined;
    bool is_ap_open, has_ap_news;
    char ap_ssid[LP_WIFI_SSID_MAX + 1];
    char ap_pass[LP_WIFI_PASS_MAX + 1];
    lp_wifi_fn *fn;
    void *ctx;
} fake_wifi_t;

extern fake_wifi_t fake_wifi;

void fake_wifi_reset(void);
// Adds one with a BSSID of its own.
fake_wifi_ap_t *fake_wifi_add(const char *ssid, const char *pass, int8_t rssi_dbm);
// Answers what is under way; false: nothing was.
bool fake_wifi_answer(void);
void fake_wifi_lose(lp_wifi_why_t why, uint16_t code);
void fake_wifi_say(const lp_wifi_event_t *ev);

#endif
