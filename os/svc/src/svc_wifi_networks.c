// SPDX-License-Identifier: Apache-2.0
// Networks of the settings, and what worked last:
//   store, "wifi.last"    CRC-32 of the SSID, little endian | BSSID (6) | channel
#include <string.h>

#include "limpet/crc.h"
#include "limpet/endian.h"
#include "limpet/fmt.h"
#include "limpet/log.h"
#include "svc_wifi_internal.h"

#define LOG_MODULE "wifi"

enum { LAST = 11, TREE_MAX = 512 };

static const char last_key[] = "wifi.last";

static const char *const ssid_keys[LP_SVC_WIFI_NETWORKS] = {"wifi.sta.ssid", "wifi.sta1.ssid",
                                                            "wifi.sta2.ssid"};
static const char *const pass_keys[LP_SVC_WIFI_NETWORKS] = {"wifi.sta.pass", "wifi.sta1.pass",
                                                            "wifi.sta2.pass"};

const char *lp_wifi_ssid_of(const lp_svc_wifi_t *svc, unsigned network)
{
    return network == LP_SVC_WIFI_NETWORKS ? svc->candidate.ssid
                                           : lp_config_str(svc->s_.config, ssid_keys[network]);
}

const char *lp_wifi_pass_key(unsigned network)
{
    return pass_keys[network];
}

unsigned lp_wifi_current(const lp_svc_wifi_t *svc)
{
    unsigned network = 0;
    while (network < LP_SVC_WIFI_NETWORKS &&
           strcmp(lp_wifi_ssid_of(svc, network), svc->ssid) != 0) {
        network++;
    }
    return network;
}

bool lp_wifi_has_pass(const lp_svc_wifi_t *svc, unsigned network)
{
    return lp_config_str(svc->s_.config, pass_keys[network])[0] != '\0';
}

unsigned lp_wifi_networks(const lp_svc_wifi_t *svc)
{
    unsigned n = 0;
    for (unsigned i = 0; i < LP_SVC_WIFI_NETWORKS; i++) {
        n += lp_wifi_ssid_of(svc, i)[0] != '\0';
    }
    return n;
}

static uint32_t add(uint32_t hash, const char *text)
{
    return lp_crc32(hash, lp_span(text, strlen(text) + 1));
}

// Not of passwords: one that is changed while the board is on line changes nothing yet.
uint32_t lp_wifi_hash(const lp_svc_wifi_t *svc)
{
    uint32_t hash = lp_config_bool(svc->s_.config, "wifi.enable");
    for (unsigned i = 0; i < LP_SVC_WIFI_NETWORKS; i++) {
        hash = add(hash, lp_wifi_ssid_of(svc, i));
    }
    hash = add(hash, lp_config_str(svc->s_.config, "wifi.prefer"));
    return add(hash, lp_config_str(svc->s_.config, "wifi.country"));
}

// -- what worked last

bool lp_wifi_recall(lp_svc_wifi_t *svc)
{
    uint8_t bytes[LAST];
    lp_buf_t out = lp_buf(bytes, sizeof bytes);
    if (lp_store_get(svc->s_.store, last_key, &out) != LP_OK || out.len != LAST) {
        return false;
    }
    for (unsigned i = 0; i < LP_SVC_WIFI_NETWORKS; i++) {
        const char *ssid = lp_wifi_ssid_of(svc, i);
        if (ssid[0] != '\0' && svc->whys[i] != LP_WIFI_WHY_NO_WAY_OUT &&
            lp_crc32(0, lp_span_str(ssid)) == lp_get_le32(bytes)) {
            svc->tries_[0] = (lp_svc_wifi_try_t){
                .network = (uint8_t)i, .has_place = true, .channel = bytes[LAST - 1]};
            memcpy(svc->tries_[0].bssid, bytes + 4, 6);
            svc->try_count_ = 1;
            svc->try_ = 0;
            return true;
        }
    }
    return false;
}

void lp_wifi_remember(lp_svc_wifi_t *svc)
{
    uint8_t bytes[LAST];
    lp_put_le32(bytes, lp_crc32(0, lp_span_str(svc->ssid)));
    memcpy(bytes + 4, svc->seen.bssid, 6);
    bytes[LAST - 1] = svc->seen.channel;
    const lp_store_item_t item = {.key = last_key, .value = lp_span(bytes, sizeof bytes)};
    if (lp_store_put(svc->s_.store, &item, 1) != LP_OK) {
        LP_LOGD("the access point is not remembered");
    }
}

// -- changing the settings

static lp_err_t set_network(lp_svc_wifi_t *svc, unsigned slot, const char *ssid, const char *pass)
{
    uint8_t tree[TREE_MAX];
    uint8_t words[LP_CONFIG_WHY_MAX];
    lp_buf_t json = lp_buf(tree, sizeof tree);
    lp_buf_t why = lp_buf(words, sizeof words);
    lp_json_writer_t w;
    lp_json_t value;
    lp_json_init(&w, &json);
    lp_json_put_object(&w);
    lp_json_put_key(&w, ssid_keys[slot]);
    lp_json_put_str(&w, ssid);
    lp_json_put_key(&w, pass_keys[slot]);
    lp_json_put_str(&w, pass);
    lp_json_put_object_end(&w);
    lp_err_t err = lp_json_done(&w);
    err = err == LP_OK ? lp_json_parse(lp_buf_span(&json), &value) : err;
    err = err == LP_OK ? lp_config_set(svc->s_.config, value, &why) : err;
    lp_wipe(tree, sizeof tree);
    return err;
}

static lp_err_t save(lp_svc_wifi_t *svc)
{
    const lp_err_t err = lp_config_save(svc->s_.config);
    svc->hash_ = lp_wifi_hash(svc); // the radio does already what they say
    if (svc->s_.on_config != NULL) {
        svc->s_.on_config(svc->s_.ctx);
    }
    lp_svc_secret_poke(svc->s_.secrets);
    return err;
}

// Another place with the same name would try an old password.
static lp_err_t clear_others(lp_svc_wifi_t *svc, const char *ssid, unsigned slot)
{
    lp_err_t err = LP_OK;
    for (unsigned i = 0; err == LP_OK && i < LP_SVC_WIFI_NETWORKS; i++) {
        if (i != slot && strcmp(lp_wifi_ssid_of(svc, i), ssid) == 0) {
            err = set_network(svc, i, "", "");
        }
    }
    return err;
}

lp_err_t lp_wifi_store_candidate(lp_svc_wifi_t *svc)
{
    lp_svc_wifi_candidate_t *c = &svc->candidate;
    lp_err_t err = set_network(svc, c->slot, c->ssid, c->pass);
    err = err == LP_OK ? clear_others(svc, c->ssid, c->slot) : err;
    err = err == LP_OK ? save(svc) : err;
    svc->whys[c->slot] = LP_WIFI_WHY_NONE;
    return err;
}

lp_err_t lp_svc_wifi_forget(lp_svc_wifi_t *svc, const char *ssid)
{
    const lp_store_item_t item = {.key = last_key, .is_removal = true};
    const unsigned before = lp_wifi_networks(svc);
    lp_err_t err = ssid[0] == '\0' ? LP_E_NOT_FOUND : clear_others(svc, ssid, LP_SVC_WIFI_NETWORKS);
    if (err == LP_OK && lp_wifi_networks(svc) == before) {
        err = LP_E_NOT_FOUND;
    }
    err = err == LP_OK ? save(svc) : err;
    if (err == LP_OK) {
        (void)lp_store_put(svc->s_.store, &item, 1);
        (void)lp_store_scrub(svc->s_.store); // the password, too
        svc->hash_ = 0;
        lp_svc_wifi_poke(svc);
    }
    return err;
}
