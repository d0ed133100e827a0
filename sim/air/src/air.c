// SPDX-License-Identifier: Apache-2.0
// The medium, and the lines between a radio and its host.
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "air_internal.h"

enum { SCAN_MS = 40 };

air_t *air_new(const air_hooks_t *hooks)
{
    air_t *air = calloc(1, sizeof *air);
    if (air != NULL) {
        air->hooks = *hooks;
    }
    return air;
}

void air_free(air_t *air)
{
    if (air != NULL) {
        wpa_wipe(air, sizeof *air);
    }
    free(air);
}

void air_say(air_radio_t *radio, const char *fmt, ...)
{
    char line[AIR_LINE_MAX];
    va_list args;
    va_start(args, fmt);
    vsnprintf(line, sizeof line, fmt, args);
    va_end(args);
    radio->air->hooks.line(radio->air->hooks.ctx, radio, line);
}

// -- words

const char *air_security_name(air_security_t security)
{
    switch (security) {
    case AIR_OPEN:
        return "open";
    case AIR_WPA2:
        return "wpa2";
    case AIR_WPA3:
        return "wpa3";
    case AIR_WEP:
        return "wep";
    }
    return "?";
}

static int digit(char c)
{
    return isdigit((unsigned char)c)    ? c - '0'
           : isxdigit((unsigned char)c) ? tolower((unsigned char)c) - 'a' + 10
                                        : -1;
}

bool air_read_mac(const char *text, uint8_t mac[6])
{
    uint8_t got[6];
    for (int i = 0; i < 6; i++) {
        text += i > 0 && *text == ':';
        const int high = digit(text[0]);
        const int low = high < 0 ? -1 : digit(text[1]);
        if (low < 0) {
            return false;
        }
        got[i] = (uint8_t)(high << 4 | low);
        text += 2;
    }
    memcpy(mac, got, 6);
    return *text == '\0';
}

void air_write_mac(const uint8_t mac[6], char text[13])
{
    snprintf(text, 13, "%02x%02x%02x%02x%02x%02x", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
}

// "-" is none. False: no hex digits, too long, or a 0 in it.
static bool read_hex_text(const char *hex, char *out, size_t cap)
{
    size_t len = 0;
    if (strcmp(hex, "-") == 0) {
        out[0] = '\0';
        return true;
    }
    for (; hex[0] != '\0'; hex += 2) {
        const int high = digit(hex[0]);
        const int low = high < 0 ? -1 : digit(hex[1]);
        if (low < 0 || (high | low) == 0 || len + 1 >= cap) {
            return false;
        }
        out[len++] = (char)(high << 4 | low);
    }
    out[len] = '\0';
    return len > 0;
}

static void write_hex(const char *text, char *out)
{
    if (text[0] == '\0') {
        memcpy(out, "-", 2);
    }
    for (size_t i = 0; text[i] != '\0'; i++) {
        snprintf(out + 2 * i, 3, "%02x", (unsigned char)text[i]);
    }
}

// -- what is heard

air_ap_t *air_free_ap(air_t *air)
{
    for (size_t i = 0; i < AIR_APS_MAX; i++) {
        if (!air->aps[i].is_used) {
            memset(&air->aps[i], 0, sizeof air->aps[i]);
            return &air->aps[i];
        }
    }
    return NULL;
}

// 12 and 13 are not allowed everywhere.
static int last_channel(const air_radio_t *radio)
{
    const bool is_restricted = strcmp(radio->country, "00") == 0 ||
                               strcmp(radio->country, "US") == 0 ||
                               strcmp(radio->country, "CA") == 0;
    return is_restricted ? 11 : AIR_CHANNEL_MAX;
}

bool air_can_hear(const air_radio_t *radio, const air_ap_t *ap)
{
    return ap->is_used && !ap->is_off && ap->owner != radio && ap->rssi_dbm >= AIR_DEAF_DBM &&
           ap->channel <= last_channel(radio);
}

static void tell_scan(air_radio_t *radio)
{
    for (size_t i = 0; i < AIR_APS_MAX; i++) {
        const air_ap_t *ap = &radio->air->aps[i];
        char mac[13];
        char ssid[2 * AIR_SSID_MAX + 1];
        if (air_can_hear(radio, ap)) {
            air_write_mac(ap->bssid, mac);
            write_hex(ap->is_hidden ? "" : ap->ssid, ssid);
            air_say(radio, "ap %s %d %d %s %s", mac, ap->channel, ap->rssi_dbm,
                    air_security_name(ap->security), ssid);
        }
    }
    air_say(radio, "scanned");
}

void air_ap_gone(air_t *air, const air_ap_t *ap)
{
    for (size_t i = 0; i < AIR_RADIOS_MAX; i++) {
        if (air->radios[i].is_used && air->radios[i].ap == ap) {
            air_station_kick(&air->radios[i], AIR_REASON_LEAVING);
        }
    }
}

// -- radios

air_radio_t *air_radio_add(air_t *air, void *host)
{
    for (size_t i = 0; i < AIR_RADIOS_MAX; i++) {
        air_radio_t *radio = &air->radios[i];
        if (!radio->is_used) {
            memset(radio, 0, sizeof *radio);
            radio->is_used = true;
            radio->air = air;
            radio->host = host;
            memcpy(radio->country, "00", 3);
            return radio;
        }
    }
    return NULL;
}

static void close_own(air_radio_t *radio)
{
    if (radio->own != NULL) {
        air_ap_t *ap = radio->own;
        radio->own = NULL;
        ap->is_off = true;
        air_ap_gone(radio->air, ap);
        wpa_wipe(ap, sizeof *ap);
    }
}

void air_radio_remove(air_radio_t *radio)
{
    close_own(radio);
    radio->is_known = false; // nobody is told any more
    air_station_leave(radio);
    wpa_wipe(radio, sizeof *radio);
}

void *air_radio_host(const air_radio_t *radio)
{
    return radio->host;
}

air_radio_t *air_radio_peer(const air_radio_t *radio, char address[16])
{
    if (radio->state != STATION_UP || radio->ap == NULL || radio->ap->owner == NULL) {
        return NULL;
    }
    snprintf(address, 16, "192.168.4.%d", (int)(radio - radio->air->radios) + 2);
    return radio->ap->owner;
}

static bool open_own(air_radio_t *radio, const char *ssid, const char *pass, int channel)
{
    char name[13];
    air_ap_t *ap = air_free_ap(radio->air);
    if (ap == NULL || radio->own != NULL || channel < 0 || channel > last_channel(radio) ||
        strlen(pass) < 8) {
        return false;
    }
    memcpy(ap->bssid, radio->mac, 6);
    ap->bssid[0] ^= 2; // another address than the station's
    air_write_mac(ap->bssid, name);
    ap->is_used = true;
    snprintf(ap->name, sizeof ap->name, "%s", name);
    snprintf(ap->ssid, sizeof ap->ssid, "%s", ssid);
    snprintf(ap->net, sizeof ap->net, "%s", name);
    snprintf(ap->pass, sizeof ap->pass, "%s", pass);
    ap->channel = channel != 0 ? channel : radio->ap != NULL ? radio->ap->channel : 1;
    ap->rssi_dbm = -40;
    ap->security = AIR_WPA2;
    ap->owner = radio;
    radio->own = ap;
    air_say(radio, "ap-open 192.168.4.1");
    return true;
}

// -- lines of the host

// 0: not known, or any.
static bool read_channel(const char *word, int *channel)
{
    char *end;
    const long n = strtol(word, &end, 10);
    *channel = (int)n;
    return end != word && *end == '\0' && n >= 0 && n <= AIR_CHANNEL_MAX;
}

static bool take_hello(air_radio_t *radio, char *words[])
{
    const bool is_mac = air_read_mac(words[1], radio->mac);
    radio->is_known = radio->is_known || is_mac;
    return is_mac;
}

static bool take_country(air_radio_t *radio, char *words[])
{
    snprintf(radio->country, sizeof radio->country, "%.2s", words[1]);
    return strlen(words[1]) == 2;
}

static bool take_scan(air_radio_t *radio, char *words[])
{
    (void)words;
    radio->scan_due = radio->air->now_ms + SCAN_MS;
    return true;
}

static bool take_join(air_radio_t *radio, char *words[])
{
    char ssid[AIR_SSID_MAX + 1];
    char pass[AIR_PASS_MAX + 1];
    radio->has_bssid = strcmp(words[3], "-") != 0;
    int channel = 0;
    const bool is_fine = read_channel(words[4], &channel) &&
                         read_hex_text(words[1], ssid, sizeof ssid) && ssid[0] != '\0' &&
                         read_hex_text(words[2], pass, sizeof pass) &&
                         (!radio->has_bssid || air_read_mac(words[3], radio->bssid));
    if (is_fine) {
        radio->channel = channel;
        memcpy(radio->ssid, ssid, sizeof ssid);
        memcpy(radio->pass, pass, sizeof pass);
        air_station_join(radio);
    }
    wpa_wipe(pass, sizeof pass);
    return is_fine;
}

static bool take_leave(air_radio_t *radio, char *words[])
{
    (void)words;
    air_station_leave(radio);
    return true;
}

static bool take_open(air_radio_t *radio, char *words[])
{
    char ssid[AIR_SSID_MAX + 1];
    char pass[AIR_PASS_MAX + 1];
    int channel = 0;
    const bool is_fine = read_channel(words[3], &channel) &&
                         read_hex_text(words[1], ssid, sizeof ssid) &&
                         read_hex_text(words[2], pass, sizeof pass) && ssid[0] != '\0' &&
                         open_own(radio, ssid, pass, channel);
    wpa_wipe(pass, sizeof pass);
    return is_fine;
}

static bool take_close(air_radio_t *radio, char *words[])
{
    (void)words;
    if (radio->own != NULL) {
        close_own(radio);
        air_say(radio, "ap-closed");
    }
    return true;
}

bool air_radio_line(air_radio_t *radio, const char *line, uint64_t now_ms)
{
    static const struct {
        const char *name;
        int words;
        bool (*take)(air_radio_t *radio, char *words[]);
    } table[] = {
        {"hello", 2, take_hello},    {"country", 2, take_country}, {"scan", 1, take_scan},
        {"join", 5, take_join},      {"leave", 1, take_leave},     {"ap-open", 4, take_open},
        {"ap-close", 1, take_close},
    };
    char text[AIR_LINE_MAX];
    char *words[6] = {NULL};
    char *rest = text;
    int n = 0;
    bool is_fine = false;
    radio->air->now_ms = now_ms > radio->air->now_ms ? now_ms : radio->air->now_ms;
    snprintf(text, sizeof text, "%s", line);
    for (char *word; n < 6 && (word = strtok_r(rest, " ", &rest)) != NULL; n++) {
        words[n] = word;
    }
    for (size_t i = 0; n > 0 && i < sizeof table / sizeof table[0]; i++) {
        if (strcmp(words[0], table[i].name) == 0 && n == table[i].words &&
            (radio->is_known || i == 0)) {
            is_fine = table[i].take(radio, words);
        }
    }
    wpa_wipe(text, sizeof text);
    return is_fine;
}

// -- time

static uint64_t sooner(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

uint64_t air_tick(air_t *air, uint64_t now_ms)
{
    uint64_t next = UINT64_MAX;
    air->now_ms = now_ms;
    for (size_t i = 0; i < AIR_RADIOS_MAX; i++) {
        air_radio_t *radio = &air->radios[i];
        if (radio->is_used && radio->scan_due != 0 && radio->scan_due <= now_ms) {
            radio->scan_due = 0;
            tell_scan(radio);
        }
        if (radio->is_used && radio->due != 0 && radio->due <= now_ms) {
            air_station_step(radio);
        }
        if (radio->is_used && radio->scan_due != 0) {
            next = sooner(next, radio->scan_due);
        }
        if (radio->is_used && radio->due != 0) {
            next = sooner(next, radio->due);
        }
    }
    return next;
}
