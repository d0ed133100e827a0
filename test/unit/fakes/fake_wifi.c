// SPDX-License-Identifier: Apache-2.0
#include "fake/wifi.h"

#include <stdio.h>
#include <string.h>

fake_wifi_t fake_wifi;

void fake_wifi_reset(void)
{
    memset(&fake_wifi, 0, sizeof fake_wifi);
}

fake_wifi_ap_t *fake_wifi_add(const char *ssid, const char *pass, int8_t rssi_dbm)
{
    fake_wifi_ap_t *ap = &fake_wifi.aps[fake_wifi.count++];
    *ap = (fake_wifi_ap_t){.pass = pass, .address = "10.0.0.7"};
    snprintf(ap->seen.ssid, sizeof ap->seen.ssid, "%s", ssid);
    ap->seen.bssid[5] = (uint8_t)fake_wifi.count;
    ap->seen.channel = (uint8_t)fake_wifi.count;
    ap->seen.rssi_dbm = rssi_dbm;
    ap->seen.security = pass[0] != '\0' ? LP_WIFI_WPA2 : LP_WIFI_OPEN;
    return ap;
}

void fake_wifi_say(const lp_wifi_event_t *ev)
{
    fake_wifi.fn(fake_wifi.ctx, ev);
}

void fake_wifi_lose(lp_wifi_why_t why, uint16_t code)
{
    fake_wifi.is_joining = fake_wifi.is_joined = false;
    const lp_wifi_event_t ev = {.id = LP_WIFI_LOST, .why = why, .code = code};
    fake_wifi_say(&ev);
}

static const fake_wifi_ap_t *wanted(void)
{
    const fake_wifi_ap_t *best = NULL;
    for (size_t i = 0; i < fake_wifi.count; i++) {
        const fake_wifi_ap_t *ap = &fake_wifi.aps[i];
        if (strcmp(ap->seen.ssid, fake_wifi.ssid) == 0 &&
            (!fake_wifi.had_bssid || memcmp(ap->seen.bssid, fake_wifi.bssid, 6) == 0) &&
            (best == NULL || ap->seen.rssi_dbm > best->seen.rssi_dbm)) {
            best = ap;
        }
    }
    return best;
}

static void answer_join(void)
{
    const fake_wifi_ap_t *ap = wanted();
    lp_wifi_why_t why = ap == NULL ? LP_WIFI_WHY_NO_AP : ap->why;
    if (why == LP_WIFI_WHY_NONE && strcmp(ap->pass, fake_wifi.pass) != 0) {
        why = LP_WIFI_WHY_PASSWORD;
    }
    if (why != LP_WIFI_WHY_NONE) {
        fake_wifi_lose(why, 15);
        return;
    }
    fake_wifi.is_joining = false;
    fake_wifi.is_joined = true;
    fake_wifi.rssi_dbm = ap->seen.rssi_dbm;
    const lp_wifi_event_t joined = {.id = LP_WIFI_JOINED, .seen = &ap->seen, .count = 1};
    fake_wifi_say(&joined);
    const lp_wifi_event_t address = {.id = LP_WIFI_ADDRESS, .address = ap->address};
    fake_wifi_say(&address);
}

bool fake_wifi_answer(void)
{
    if (fake_wifi.has_ap_news) {
        fake_wifi.has_ap_news = false;
        const lp_wifi_event_t ev = {.id =
                                        fake_wifi.is_ap_open ? LP_WIFI_AP_OPEN : LP_WIFI_AP_CLOSED,
                                    .address = "192.168.4.1"};
        fake_wifi_say(&ev);
        return true;
    }
    if (fake_wifi.is_scanning) {
        lp_wifi_seen_t seen[FAKE_WIFI_APS];
        for (size_t i = 0; i < fake_wifi.count; i++) {
            seen[i] = fake_wifi.aps[i].seen;
        }
        fake_wifi.is_scanning = false;
        const lp_wifi_event_t ev = {.id = LP_WIFI_SCANNED, .seen = seen, .count = fake_wifi.count};
        fake_wifi_say(&ev);
        return true;
    }
    if (fake_wifi.is_joining) {
        answer_join();
        return true;
    }
    return false;
}

// -- limpet/port/wifi.h

bool lp_port_wifi_is_there(void)
{
    return !fake_wifi.is_missing;
}

lp_err_t lp_port_wifi_start(lp_wifi_fn *fn, void *ctx)
{
    fake_wifi.fn = fn;
    fake_wifi.ctx = ctx;
    return fake_wifi.is_missing ? LP_E_UNSUPPORTED : LP_OK;
}

void lp_port_wifi_mac(uint8_t mac[6])
{
    memcpy(mac, (const uint8_t[6]){2, 0, 0, 0, 0, 9}, 6);
}

unsigned lp_port_wifi_can(void)
{
    return 1u << LP_WIFI_OPEN | 1u << LP_WIFI_WPA2;
}

lp_err_t lp_port_wifi_set_country(const char *code)
{
    return strlen(code) == 2 ? LP_OK : LP_E_INVALID;
}

void lp_port_wifi_set_power_save(bool is_on)
{
    (void)is_on;
}

lp_err_t lp_port_wifi_scan(void)
{
    if (fake_wifi.is_deaf) {
        return LP_E_IO;
    }
    if (fake_wifi.is_scanning || fake_wifi.is_joining) {
        return LP_E_BUSY;
    }
    fake_wifi.is_scanning = true;
    fake_wifi.scans++;
    return LP_OK;
}

lp_err_t lp_port_wifi_join(const lp_wifi_join_t *join)
{
    if (fake_wifi.is_scanning || fake_wifi.is_joining) {
        return LP_E_BUSY;
    }
    fake_wifi.joins++;
    fake_wifi.is_joining = true;
    fake_wifi.is_joined = false;
    snprintf(fake_wifi.ssid, sizeof fake_wifi.ssid, "%s", join->ssid);
    snprintf(fake_wifi.pass, sizeof fake_wifi.pass, "%s", join->pass);
    fake_wifi.channel = join->channel;
    fake_wifi.had_bssid = join->bssid != NULL;
    memset(fake_wifi.bssid, 0, 6);
    if (join->bssid != NULL) {
        memcpy(fake_wifi.bssid, join->bssid, 6);
    }
    return LP_OK;
}

void lp_port_wifi_leave(void)
{
    fake_wifi.leaves++; // LOST comes when the test says so
}

lp_err_t lp_port_wifi_rssi(int8_t *dbm)
{
    *dbm = fake_wifi.rssi_dbm;
    return fake_wifi.is_joined ? LP_OK : LP_E_STATE;
}

lp_err_t lp_port_wifi_ap_start(const lp_wifi_ap_t *ap)
{
    if (fake_wifi.is_ap_open) {
        return LP_E_STATE;
    }
    fake_wifi.is_ap_open = true;
    snprintf(fake_wifi.ap_ssid, sizeof fake_wifi.ap_ssid, "%s", ap->ssid);
    snprintf(fake_wifi.ap_pass, sizeof fake_wifi.ap_pass, "%s", ap->pass);
    fake_wifi.has_ap_news = true;
    return LP_OK;
}

void lp_port_wifi_ap_stop(void)
{
    if (fake_wifi.is_ap_open) {
        fake_wifi.is_ap_open = false;
        fake_wifi.has_ap_news = true;
    }
}
