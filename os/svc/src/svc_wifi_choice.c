// SPDX-License-Identifier: Apache-2.0
// Which access point is tried first. One that is secured otherwise than the network of the settings
// is none of that network's, whatever it calls itself: who opens an open twin gets nobody.
#include <string.h>

#include "svc_wifi_internal.h"

static bool is_joinable(lp_wifi_security_t security, bool has_pass)
{
    return (lp_port_wifi_can() >> security & 1u) != 0 && (security != LP_WIFI_OPEN) == has_pass &&
           security != LP_WIFI_OTHER;
}

// Name and security of a network to be tried; the candidate is the last one.
static const char *network_of(const lp_svc_wifi_t *svc, unsigned network, bool *has_pass)
{
    if (network == LP_SVC_WIFI_NETWORKS) {
        *has_pass = svc->candidate.pass[0] != '\0';
        return svc->candidate.ssid;
    }
    *has_pass = lp_wifi_has_pass(svc, network);
    return lp_wifi_ssid_of(svc, network);
}

// Whether its last try was for nothing, and the next one will hardly be for more.
static bool is_poor(const lp_svc_wifi_t *svc, unsigned network)
{
    return network < LP_SVC_WIFI_NETWORKS && (svc->whys[network] == LP_WIFI_WHY_PASSWORD ||
                                              svc->whys[network] == LP_WIFI_WHY_NO_WAY_OUT);
}

// Whether `a` is to be tried before `b`: what had a wrong password last time, or no way out, comes
// last.
static bool is_before(const lp_svc_wifi_t *svc, const lp_svc_wifi_try_t *a,
                      const lp_svc_wifi_try_t *b, bool by_signal)
{
    const bool is_a_poor = is_poor(svc, a->network), is_b_poor = is_poor(svc, b->network);
    if (is_a_poor != is_b_poor) {
        return is_b_poor;
    }
    if (!by_signal && a->network != b->network) {
        return a->network < b->network;
    }
    return a->rssi_dbm > b->rssi_dbm;
}

// In its place; what is behind the last place is not tried.
static void insert(lp_svc_wifi_t *svc, const lp_svc_wifi_try_t *new, bool by_signal)
{
    size_t at = 0;
    while (at < svc->try_count_ && !is_before(svc, new, &svc->tries_[at], by_signal)) {
        at++;
    }
    if (at == LP_SVC_WIFI_TRIES_MAX) {
        return;
    }
    if (svc->try_count_ < LP_SVC_WIFI_TRIES_MAX) {
        svc->try_count_++;
    }
    memmove(&svc->tries_[at + 1], &svc->tries_[at],
            (svc->try_count_ - at - 1) * sizeof svc->tries_[0]);
    svc->tries_[at] = *new;
}

static lp_svc_wifi_try_t try_of(unsigned network, const lp_wifi_seen_t *seen)
{
    lp_svc_wifi_try_t t = {.network = (uint8_t)network,
                           .has_place = true,
                           .channel = seen->channel,
                           .rssi_dbm = seen->rssi_dbm};
    memcpy(t.bssid, seen->bssid, sizeof t.bssid);
    return t;
}

// Tries of one network; those of a hidden one are not heard, so that it is asked for by name.
static lp_wifi_why_t add_network(lp_svc_wifi_t *svc, unsigned network, const lp_wifi_seen_t *seen,
                                 size_t count, bool by_signal)
{
    bool has_pass = false;
    bool is_hidden = false;
    lp_wifi_why_t why = LP_WIFI_WHY_NO_AP;
    const char *ssid = network_of(svc, network, &has_pass);
    for (size_t i = 0; i < count; i++) {
        is_hidden = is_hidden || seen[i].ssid[0] == '\0';
        if (strcmp(seen[i].ssid, ssid) != 0) {
            continue;
        }
        if (is_joinable(seen[i].security, has_pass)) {
            const lp_svc_wifi_try_t t = try_of(network, &seen[i]);
            insert(svc, &t, by_signal);
            why = LP_WIFI_WHY_NONE;
        } else if (why != LP_WIFI_WHY_NONE) {
            why = LP_WIFI_WHY_SECURITY;
        }
    }
    if (why == LP_WIFI_WHY_NO_AP && is_hidden) {
        const lp_svc_wifi_try_t t = {.network = (uint8_t)network, .rssi_dbm = INT8_MIN};
        insert(svc, &t, by_signal);
        why = LP_WIFI_WHY_NONE;
    }
    return why;
}

lp_wifi_why_t lp_wifi_choose(lp_svc_wifi_t *svc, const lp_wifi_seen_t *seen, size_t count)
{
    const bool by_signal = strcmp(lp_config_str(svc->s_.config, "wifi.prefer"), "signal") == 0;
    const bool is_candidate = svc->candidate.state == LP_SVC_WIFI_TRYING;
    lp_wifi_why_t worst = LP_WIFI_WHY_NO_AP;
    svc->try_count_ = svc->try_ = 0;
    if (is_candidate) {
        return add_network(svc, LP_SVC_WIFI_NETWORKS, seen, count, true);
    }
    for (unsigned n = 0; n < LP_SVC_WIFI_NETWORKS; n++) {
        if (lp_wifi_ssid_of(svc, n)[0] != '\0') {
            const lp_wifi_why_t why = add_network(svc, n, seen, count, by_signal);
            // A wrong password stays known while its network is not heard, and so does the rest.
            if (why != LP_WIFI_WHY_NONE && !is_poor(svc, n)) {
                svc->whys[n] = why;
            }
            worst = why == LP_WIFI_WHY_SECURITY ? why : worst;
        }
    }
    return svc->try_count_ > 0 ? LP_WIFI_WHY_NONE : worst;
}

bool lp_wifi_hears_other(const lp_svc_wifi_t *svc, const lp_wifi_seen_t *seen, size_t count)
{
    bool hears = false;
    for (unsigned n = 0; n < LP_SVC_WIFI_NETWORKS; n++) {
        const char *ssid = lp_wifi_ssid_of(svc, n);
        if (ssid[0] == '\0' || is_poor(svc, n) || strcmp(ssid, svc->ssid) == 0) {
            continue;
        }
        for (size_t i = 0; i < count; i++) {
            hears = hears || (strcmp(seen[i].ssid, ssid) == 0 &&
                              is_joinable(seen[i].security, lp_wifi_has_pass(svc, n)));
        }
    }
    return hears;
}

bool lp_wifi_choose_better(lp_svc_wifi_t *svc, const lp_wifi_seen_t *seen, size_t count,
                           int8_t now_dbm)
{
    const lp_wifi_seen_t *best = NULL;
    const unsigned network = lp_wifi_current(svc);
    for (size_t i = 0; network < LP_SVC_WIFI_NETWORKS && i < count; i++) {
        if (strcmp(seen[i].ssid, svc->ssid) == 0 && seen[i].security == svc->seen.security &&
            memcmp(seen[i].bssid, svc->seen.bssid, 6) != 0 &&
            seen[i].rssi_dbm >= now_dbm + WIFI_ROAM_GAIN_DB &&
            (best == NULL || seen[i].rssi_dbm > best->rssi_dbm)) {
            best = &seen[i];
        }
    }
    if (best != NULL) {
        svc->tries_[0] = try_of(network, best);
        svc->try_count_ = 1;
        svc->try_ = 0;
    }
    return best != NULL;
}
