// SPDX-License-Identifier: Apache-2.0
// A network that gives an address and leads nowhere, as behind a captive portal: found out by the
// cloud's tries, since nothing else there can be believed.
#include <string.h>

#include "limpet/log.h"
#include "limpet/port/clock.h"
#include "svc_wifi_internal.h"

#define LOG_MODULE "wifi"

enum { NO_WAY_MS = 10 * 60 * 1000 }; // so long it is known of a network

static bool is_known(const lp_svc_wifi_t *svc)
{
    for (unsigned i = 0; i < LP_SVC_WIFI_NETWORKS; i++) {
        if (svc->whys[i] == LP_WIFI_WHY_NO_WAY_OUT) {
            return true;
        }
    }
    return false;
}

// Every so often all get another chance, or a cloud that was down for a while would leave the board
// on the last of its networks.
static void forget_old(lp_svc_wifi_t *svc)
{
    const uint64_t now_ms = lp_port_now_ms();
    const bool is_old = now_ms - svc->no_way_ms_ >= NO_WAY_MS;
    for (unsigned i = 0; is_old && i < LP_SVC_WIFI_NETWORKS; i++) {
        if (svc->whys[i] == LP_WIFI_WHY_NO_WAY_OUT) {
            svc->whys[i] = LP_WIFI_WHY_NONE;
        }
    }
    if (!is_known(svc)) {
        svc->no_way_ms_ = now_ms;
    }
}

static bool has_other(const lp_svc_wifi_t *svc, unsigned current)
{
    for (unsigned i = 0; i < LP_SVC_WIFI_NETWORKS; i++) {
        if (i != current && lp_wifi_ssid_of(svc, i)[0] != '\0' &&
            svc->whys[i] != LP_WIFI_WHY_NO_WAY_OUT) {
            return true;
        }
    }
    return false;
}

static void mark(lp_svc_wifi_t *svc, unsigned current)
{
    const bool was_known = svc->whys[current] == LP_WIFI_WHY_NO_WAY_OUT;
    forget_old(svc);
    svc->whys[current] = LP_WIFI_WHY_NO_WAY_OUT;
    svc->last_why = LP_WIFI_WHY_NO_WAY_OUT;
    if (!was_known) {
        LP_LOGW("\"%s\": %s", svc->ssid, lp_svc_wifi_why_text(LP_WIFI_WHY_NO_WAY_OUT));
    }
    if (has_other(svc, current) && lp_wifi_start_scan(svc) == LP_OK) {
        svc->is_looking_away_ = true; // else after the next tries
    }
}

static void clear(lp_svc_wifi_t *svc, unsigned current)
{
    svc->unreached_ = 0;
    if (svc->whys[current] == LP_WIFI_WHY_NO_WAY_OUT) {
        LP_LOGI("\"%s\" leads to the cloud again", svc->ssid);
        svc->whys[current] = LP_WIFI_WHY_NONE;
    }
    if (svc->last_why == LP_WIFI_WHY_NO_WAY_OUT) {
        svc->last_why = LP_WIFI_WHY_NONE;
    }
}

void lp_svc_wifi_reached(lp_svc_wifi_t *svc, bool is_reached)
{
    const unsigned current = lp_wifi_current(svc);
    if (svc->state != LP_SVC_WIFI_UP || current == LP_SVC_WIFI_NETWORKS ||
        svc->candidate.state == LP_SVC_WIFI_TRYING) {
        return;
    }
    if (is_reached) {
        clear(svc, current);
    } else if (++svc->unreached_ >= LP_SVC_WIFI_UNREACHED_MAX) {
        svc->unreached_ = 0;
        mark(svc, current);
    }
}

bool lp_wifi_look_away(lp_svc_wifi_t *svc, const lp_wifi_seen_t *seen, size_t count)
{
    if (!svc->is_looking_away_ || svc->state != LP_SVC_WIFI_UP) {
        return false;
    }
    svc->is_looking_away_ = svc->is_roaming_ = false;
    if (lp_wifi_hears_other(svc, seen, count)) {
        LP_LOGW("leaving \"%s\" for another network", svc->ssid);
        lp_wifi_restart(svc);
    } else {
        LP_LOGD("no other network is heard");
    }
    return true;
}
