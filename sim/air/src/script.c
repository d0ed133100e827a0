// SPDX-License-Identifier: Apache-2.0
// What is on the air, as text: the lines of a file, and those of whoever changes it meanwhile.
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "air_internal.h"

enum { VALUE_MAX = 80 };

typedef struct {
    const char *at;
    char key[16];
    char value[VALUE_MAX];
} pairs_t;

// The next key=value; values with spaces stand in quotes. False: the end, or (*p->at) nonsense.
static bool next_pair(pairs_t *p)
{
    size_t k = 0;
    size_t v = 0;
    p->at += strspn(p->at, " \t");
    while (isalnum((unsigned char)*p->at) && k + 1 < sizeof p->key) {
        p->key[k++] = *p->at++;
    }
    p->key[k] = '\0';
    if (k == 0 || *p->at != '=') {
        return false;
    }
    const bool is_quoted = *++p->at == '"';
    p->at += is_quoted;
    while (*p->at != '\0' && *p->at != (is_quoted ? '"' : ' ') && v + 1 < sizeof p->value) {
        p->value[v++] = *p->at++;
    }
    p->value[v] = '\0';
    const bool is_ended = is_quoted ? *p->at == '"' : *p->at == '\0' || *p->at == ' ';
    p->at += is_quoted && is_ended;
    return is_ended;
}

static bool set_flag(bool *flag, const char *value)
{
    *flag = strcmp(value, "yes") == 0;
    return *flag || strcmp(value, "no") == 0;
}

static bool set_number(int *place, const char *value, int min, int max)
{
    char *end;
    const long n = strtol(value, &end, 10);
    if (end == value || *end != '\0' || n < min || n > max) {
        return false;
    }
    *place = (int)n;
    return true;
}

static bool set_text(char *place, const char *value, size_t min, size_t max)
{
    const size_t len = strlen(value);
    if (len < min || len > max) {
        return false;
    }
    memcpy(place, value, len + 1);
    return true;
}

static bool set_security(air_ap_t *ap, const char *value)
{
    for (int s = AIR_OPEN; s <= AIR_WEP; s++) {
        if (strcmp(value, air_security_name((air_security_t)s)) == 0) {
            ap->security = (air_security_t)s;
            return true;
        }
    }
    return false;
}

static bool set_power(air_ap_t *ap, const char *value)
{
    ap->is_off = strcmp(value, "off") == 0;
    return ap->is_off || strcmp(value, "on") == 0;
}

static bool set_dhcp(air_ap_t *ap, const char *value)
{
    ap->is_silent = strcmp(value, "silent") == 0;
    return ap->is_silent || strcmp(value, "on") == 0;
}

static bool set(air_ap_t *ap, const char *key, const char *value)
{
    if (strcmp(key, "ssid") == 0) {
        return set_text(ap->ssid, value, 1, AIR_SSID_MAX);
    }
    if (strcmp(key, "pass") == 0) {
        return set_text(ap->pass, value, 8, AIR_PASS_MAX);
    }
    if (strcmp(key, "net") == 0) {
        return set_text(ap->net, value, 1, AIR_SSID_MAX);
    }
    if (strcmp(key, "bssid") == 0) {
        return air_read_mac(value, ap->bssid);
    }
    if (strcmp(key, "channel") == 0) {
        return set_number(&ap->channel, value, 1, AIR_CHANNEL_MAX);
    }
    if (strcmp(key, "rssi") == 0) {
        return set_number(&ap->rssi_dbm, value, -120, 0);
    }
    if (strcmp(key, "portal") == 0) {
        return set_number(&ap->portal, value, 0, 65535);
    }
    return false;
}

static bool set_more(air_ap_t *ap, const char *key, const char *value)
{
    if (strcmp(key, "security") == 0) {
        return set_security(ap, value);
    }
    if (strcmp(key, "power") == 0) {
        return set_power(ap, value);
    }
    if (strcmp(key, "dhcp") == 0) {
        return set_dhcp(ap, value);
    }
    if (strcmp(key, "full") == 0) {
        return set_flag(&ap->is_full, value);
    }
    if (strcmp(key, "rogue") == 0) {
        return set_flag(&ap->is_rogue, value);
    }
    return strcmp(key, "hidden") == 0 && set_flag(&ap->is_hidden, value);
}

static air_ap_t *find(air_t *air, const char *name)
{
    for (size_t i = 0; i < AIR_APS_MAX; i++) {
        if (air->aps[i].is_used && strcmp(air->aps[i].name, name) == 0) {
            return &air->aps[i];
        }
    }
    return NULL;
}

// Takes all pairs into a copy, so that a wrong one changes nothing.
static bool change(air_ap_t *ap, const char *text, char *answer, size_t cap)
{
    air_ap_t new = *ap;
    pairs_t p = {.at = text};
    while (next_pair(&p)) {
        if (!set(&new, p.key, p.value) && !set_more(&new, p.key, p.value)) {
            snprintf(answer, cap, "%s=... is not known, or cannot have this value", p.key);
            return false;
        }
    }
    p.at += strspn(p.at, " \t");
    if (*p.at != '\0' || p.key[0] != '\0') {
        snprintf(answer, cap, "key=value pairs are needed, at \"%.20s\"", p.at);
        return false;
    }
    if (new.ssid[0] == '\0' || (new.security == AIR_WPA2 &&new.pass[0] == '\0')) {
        snprintf(answer, cap, "ssid= is needed, and pass= unless security=open");
        return false;
    }
    if (new.net[0] == '\0') {
        memcpy(new.net, new.ssid, sizeof new.net);
    }
    *ap = new;
    return true;
}

static bool add(air_t *air, const char *name, const char *text, char *answer, size_t cap)
{
    air_ap_t *ap = air_free_ap(air);
    if (find(air, name) != NULL || ap == NULL) {
        snprintf(answer, cap, "%s: %s", name, ap == NULL ? "too many" : "is there already");
        return false;
    }
    *ap = (air_ap_t){.channel = 1, .rssi_dbm = -50, .security = AIR_WPA2};
    const size_t number = (size_t)(ap - air->aps);
    memcpy(ap->bssid, (const uint8_t[6]){0x02, 0xA1, 0x12, 0, 0, (uint8_t)(number + 1)}, 6);
    snprintf(ap->name, sizeof ap->name, "%s", name);
    ap->is_used = change(ap, text, answer, cap);
    return ap->is_used;
}

static void look_again(air_t *air, const air_ap_t *ap)
{
    for (size_t i = 0; i < AIR_RADIOS_MAX; i++) {
        if (air->radios[i].is_used && air->radios[i].ap == ap) {
            air_station_look(&air->radios[i]);
        }
    }
}

static void deauth(air_t *air, const air_ap_t *ap, const char *text)
{
    int code = 7; // class 3 frame from a station that is not associated
    pairs_t p = {.at = text};
    if (next_pair(&p) && strcmp(p.key, "code") == 0) {
        (void)set_number(&code, p.value, 1, 65535);
    }
    for (size_t i = 0; i < AIR_RADIOS_MAX; i++) {
        if (air->radios[i].is_used && air->radios[i].ap == ap) {
            air_station_kick(&air->radios[i], code);
        }
    }
}

static size_t stations(const air_t *air, const air_ap_t *ap)
{
    size_t n = 0;
    for (size_t i = 0; i < AIR_RADIOS_MAX; i++) {
        n += air->radios[i].is_used && air->radios[i].ap == ap &&
             air->radios[i].state >= STATION_DHCP;
    }
    return n;
}

static void list(const air_t *air, char *answer, size_t cap)
{
    size_t len = 0;
    for (size_t i = 0; i < AIR_APS_MAX; i++) {
        const air_ap_t *ap = &air->aps[i];
        if (ap->is_used && len < cap) {
            char mac[13];
            air_write_mac(ap->bssid, mac);
            len += (size_t)snprintf(answer + len, cap - len,
                                    "%s%s %s ch=%d rssi=%d %s%s stations=%zu \"%s\"",
                                    len > 0 ? "\n" : "", ap->name, mac, ap->channel, ap->rssi_dbm,
                                    air_security_name(ap->security), ap->is_off ? " off" : "",
                                    stations(air, ap), ap->ssid);
        }
    }
}

// A word of `line`, and what is behind it.
static const char *take_word(const char *line, char *word, size_t cap)
{
    line += strspn(line, " \t");
    const size_t len = strcspn(line, " \t");
    snprintf(word, cap, "%.*s", (int)len, line);
    return line + len;
}

bool air_script(air_t *air, const char *line, uint64_t now_ms, char *answer, size_t cap)
{
    char verb[12];
    char name[AIR_NAME_MAX];
    const char *rest = take_word(line, verb, sizeof verb);
    answer[0] = '\0';
    air->now_ms = now_ms > air->now_ms ? now_ms : air->now_ms;
    if (verb[0] == '\0' || verb[0] == '#') {
        return true;
    }
    if (strcmp(verb, "list") == 0) {
        list(air, answer, cap);
        return true;
    }
    rest = take_word(rest, name, sizeof name);
    if (strcmp(verb, "ap") == 0 && name[0] != '\0') {
        return add(air, name, rest, answer, cap);
    }
    air_ap_t *ap = find(air, name);
    if (ap == NULL) {
        snprintf(answer, cap, "ap NAME ..., set NAME ..., deauth NAME or list; there is no %s",
                 name);
        return false;
    }
    if (strcmp(verb, "set") == 0) {
        if (!change(ap, rest, answer, cap)) {
            return false;
        }
        look_again(air, ap);
        return true;
    }
    if (strcmp(verb, "deauth") == 0) {
        deauth(air, ap, rest);
        return true;
    }
    snprintf(answer, cap, "%s: ap, set, deauth or list", verb);
    return false;
}
