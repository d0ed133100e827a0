// SPDX-License-Identifier: Apache-2.0
// A radio's station. Waits are shorter than on the air, so that nobody waits for tests: a second of
// a real handshake's time-out is HANDSHAKE_MS here, and so on.
#include <stdio.h>
#include <string.h>

#include "air_internal.h"

enum {
    SEARCH_MS = 40,    // all channels
    CHANNEL_MS = 5,    // one
    HANDSHAKE_MS = 60, // until a message is said again
    HANDSHAKE_TRIES = 4,
    DHCP_MS = 5,
    DHCP_TIMEOUT_MS = 1500,
    BEACON_MS = 300, // without beacons until it is noticed
};

static void wait_for(air_radio_t *radio, uint64_t ms)
{
    radio->due = radio->air->now_ms + ms;
}

static void forget(air_radio_t *radio)
{
    radio->state = STATION_AWAY;
    radio->due = 0;
    radio->ap = NULL;
    radio->is_losing = false;
    wpa_wipe(&radio->supplicant, sizeof radio->supplicant);
    wpa_wipe(&radio->authenticator, sizeof radio->authenticator);
}

static void part(air_radio_t *radio)
{
    const air_ap_t *ap = radio->ap;
    if (ap != NULL && ap->owner != NULL && radio->state >= STATION_DHCP) {
        char mac[13];
        air_write_mac(radio->mac, mac);
        air_say(ap->owner, "sta-left %s", mac);
        radio->air->hooks.cut(radio->air->hooks.ctx, radio);
    }
}

static void lose(air_radio_t *radio, const char *why, int code)
{
    part(radio);
    forget(radio);
    wpa_wipe(radio->pass, sizeof radio->pass);
    if (radio->is_known) {
        air_say(radio, "lost %s %d", why, code);
    }
}

void air_station_join(air_radio_t *radio)
{
    part(radio); // it moves, or tries something else
    forget(radio);
    radio->state = STATION_SEARCHING;
    wait_for(radio, radio->channel != 0 ? CHANNEL_MS : SEARCH_MS);
}

void air_station_leave(air_radio_t *radio)
{
    if (radio->state != STATION_AWAY) {
        lose(radio, "left", 0);
    }
}

void air_station_kick(air_radio_t *radio, int code)
{
    if (radio->state > STATION_SEARCHING) {
        lose(radio, "kicked", code);
    }
}

void air_station_look(air_radio_t *radio)
{
    if (radio->ap == NULL || radio->state <= STATION_SEARCHING) {
        return;
    }
    const bool is_there = air_can_hear(radio, radio->ap);
    if (!is_there && !radio->is_losing) {
        radio->is_losing = true;
        wait_for(radio, BEACON_MS);
    } else if (is_there) {
        radio->is_losing = false;
        air_say(radio, "rssi %d", radio->ap->rssi_dbm);
    }
}

// -- joining

// The strongest that fits. Null: *why says it.
static air_ap_t *find(air_radio_t *radio, const char **why)
{
    air_ap_t *best = NULL;
    *why = "no-ap";
    for (size_t i = 0; i < AIR_APS_MAX; i++) {
        air_ap_t *ap = &radio->air->aps[i];
        if (!air_can_hear(radio, ap) || strcmp(ap->ssid, radio->ssid) != 0 ||
            (radio->has_bssid && memcmp(ap->bssid, radio->bssid, 6) != 0)) {
            continue;
        }
        if (ap->security != (radio->pass[0] != '\0' ? AIR_WPA2 : AIR_OPEN)) {
            *why = "security";
        } else if (best == NULL || ap->rssi_dbm > best->rssi_dbm) {
            best = ap;
        }
    }
    return best;
}

static void associated(air_radio_t *radio)
{
    char mac[13];
    air_write_mac(radio->ap->bssid, mac);
    air_say(radio, "joined %s %d %d %s", mac, radio->ap->channel, radio->ap->rssi_dbm,
            air_security_name(radio->ap->security));
    if (radio->ap->owner != NULL) {
        air_write_mac(radio->mac, mac);
        air_say(radio->ap->owner, "sta-joined %s", mac);
    }
    radio->state = STATION_DHCP;
    wait_for(radio, radio->ap->is_silent ? DHCP_TIMEOUT_MS : DHCP_MS);
}

static void search(air_radio_t *radio)
{
    const char *why;
    air_ap_t *ap = find(radio, &why);
    if (ap == NULL) {
        lose(radio, why, 0);
        return;
    }
    if (ap->is_full) {
        lose(radio, "full", AIR_STATUS_FULL);
        return;
    }
    radio->ap = ap;
    if (ap->security == AIR_OPEN) {
        associated(radio);
        return;
    }
    if (!wpa_supplicant_init(&radio->supplicant, radio->ssid, radio->pass, ap->bssid, radio->mac) ||
        !wpa_authenticator_init(&radio->authenticator, ap->ssid, ap->pass, ap->bssid, radio->mac)) {
        lose(radio, "radio", 0);
        return;
    }
    radio->authenticator.is_rogue = ap->is_rogue;
    radio->state = STATION_KEYS;
    radio->tries = 0;
    wait_for(radio, 1);
}

static void refused(air_radio_t *radio)
{
    const air_ap_t *ap = radio->ap;
    if (ap->owner != NULL) {
        char mac[13];
        air_write_mac(radio->mac, mac);
        air_say(ap->owner, "sta-refused %s", mac);
    }
    lose(radio, "password", AIR_REASON_HANDSHAKE);
}

// Messages go back and forth until somebody has nothing to say; then the access point says its own
// again, a few times.
static void agree(air_radio_t *radio)
{
    eapol_t down;
    eapol_t up;
    if (radio->tries++ == HANDSHAKE_TRIES) {
        refused(radio);
        return;
    }
    while (!radio->authenticator.is_done) {
        if (!wpa_authenticator_say(&radio->authenticator, &down) ||
            !wpa_supplicant_take(&radio->supplicant, &down, &up) ||
            !wpa_authenticator_take(&radio->authenticator, &up)) {
            wait_for(radio, HANDSHAKE_MS);
            return;
        }
    }
    associated(radio);
}

// Different for each network, the same behind each access point of one.
static void get_address(air_radio_t *radio)
{
    unsigned sum = 7;
    char address[16];
    if (radio->ap->is_silent) {
        lose(radio, "no-address", 0);
        return;
    }
    radio->state = STATION_UP;
    radio->due = 0;
    if (air_radio_peer(radio, address) == NULL) {
        for (const char *c = radio->ap->net; *c != '\0'; c++) {
            sum = sum * 31 + (unsigned char)*c;
        }
        snprintf(address, sizeof address, "10.%u.%u.%u", sum >> 8 & 127, sum & 127,
                 10 + (unsigned)(radio - radio->air->radios));
    }
    air_say(radio, "address %s %d", address, radio->ap->portal);
}

void air_station_step(air_radio_t *radio)
{
    if (radio->is_losing) {
        lose(radio, "signal", 0);
        return;
    }
    switch (radio->state) {
    case STATION_AWAY:
    case STATION_UP:
        radio->due = 0;
        break;
    case STATION_SEARCHING:
        search(radio);
        break;
    case STATION_KEYS:
        agree(radio);
        break;
    case STATION_DHCP:
        get_address(radio);
        break;
    }
}
