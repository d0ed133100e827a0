// SPDX-License-Identifier: Apache-2.0
// The two sides of the 4-way handshake (IEEE 802.11-2016, 12.7.6).
//
//   authenticator                                   supplicant
//     1  ANonce                              -->    PTK
//     PTK, MIC checked                       <--  2  SNonce, RSN, MIC
//     3  ANonce, install, {RSN, GTK}, MIC    -->    MIC and RSN checked, keys
//     keys                                   <--  4  MIC
#include <string.h>

#include "wpa.h"

enum {
    MESSAGE_1 = KEY_VERSION_2 | KEY_PAIRWISE | KEY_ACK,
    MESSAGE_2 = KEY_VERSION_2 | KEY_PAIRWISE | KEY_HAS_MIC,
    MESSAGE_3 = KEY_VERSION_2 | KEY_PAIRWISE | KEY_INSTALL | KEY_ACK | KEY_HAS_MIC | KEY_SECURE |
                KEY_ENCRYPTED,
    MESSAGE_4 = KEY_VERSION_2 | KEY_PAIRWISE | KEY_HAS_MIC | KEY_SECURE,
};

// -- the station

bool wpa_supplicant_init(wpa_supplicant_t *s, const char *ssid, const char *pass,
                         const uint8_t aa[6], const uint8_t spa[6])
{
    memset(s, 0, sizeof *s);
    memcpy(s->aa, aa, 6);
    memcpy(s->spa, spa, 6);
    return wpa_pmk(pass, ssid, s->pmk) && wpa_random(s->snonce, sizeof s->snonce);
}

static bool take_1(wpa_supplicant_t *s, const eapol_t *in, eapol_t *out)
{
    memcpy(s->anonce, in->bytes + EAPOL_NONCE, WPA_NONCE);
    s->has_ptk = wpa_ptk(s->pmk, s->aa, s->spa, s->anonce, s->snonce, s->ptk);
    wpa_frame(out, MESSAGE_2, wpa_counter(in), s->snonce, wpa_rsn, WPA_RSN);
    return s->has_ptk && wpa_sign(out, s->ptk);
}

// Whoever says message 3 has shown that it knows the password, too.
static bool take_3(wpa_supplicant_t *s, const eapol_t *in, eapol_t *out)
{
    if (!s->has_ptk || !wpa_check(in, s->ptk) ||
        memcmp(s->anonce, in->bytes + EAPOL_NONCE, WPA_NONCE) != 0 ||
        !wpa_unwrap_data(s->ptk + WPA_KCK, in->bytes + EAPOL_DATA, in->len - EAPOL_DATA, s->gtk)) {
        return false;
    }
    s->counter = wpa_counter(in);
    s->has_counter = true;
    s->is_done = true;
    wpa_frame(out, MESSAGE_4, s->counter, NULL, NULL, 0);
    return wpa_sign(out, s->ptk);
}

// A count that was used in a message with a MIC is never taken again, and a key is installed once.
bool wpa_supplicant_take(wpa_supplicant_t *s, const eapol_t *in, eapol_t *out)
{
    if (s->has_counter && wpa_counter(in) <= s->counter) {
        return false;
    }
    if (wpa_is(in, MESSAGE_1) && !s->is_done) {
        return take_1(s, in, out);
    }
    return wpa_is(in, MESSAGE_3) && !s->is_done && take_3(s, in, out);
}

// -- the access point

bool wpa_authenticator_init(wpa_authenticator_t *a, const char *ssid, const char *pass,
                            const uint8_t aa[6], const uint8_t spa[6])
{
    memset(a, 0, sizeof *a);
    memcpy(a->aa, aa, 6);
    memcpy(a->spa, spa, 6);
    return wpa_pmk(pass, ssid, a->pmk) && wpa_random(a->anonce, sizeof a->anonce) &&
           wpa_random(a->gtk, sizeof a->gtk);
}

bool wpa_authenticator_say(wpa_authenticator_t *a, eapol_t *out)
{
    uint8_t data[EAPOL_MAX];
    size_t len = 0;
    a->counter++;
    if (!a->has_ptk) {
        wpa_frame(out, MESSAGE_1, a->counter, a->anonce, NULL, 0);
        return true;
    }
    if (!wpa_wrap_data(a->ptk + WPA_KCK, a->gtk, data, sizeof data, &len)) {
        return false;
    }
    wpa_frame(out, MESSAGE_3, a->counter, a->anonce, data, len);
    return wpa_sign(out, a->ptk);
}

static bool take_2(wpa_authenticator_t *a, const eapol_t *in)
{
    uint8_t ptk[WPA_PTK];
    const bool is_right = wpa_ptk(a->pmk, a->aa, a->spa, a->anonce, in->bytes + EAPOL_NONCE, ptk) &&
                          (wpa_check(in, ptk) || a->is_rogue) && in->len == EAPOL_DATA + WPA_RSN &&
                          memcmp(in->bytes + EAPOL_DATA, wpa_rsn, WPA_RSN) == 0;
    if (is_right) {
        memcpy(a->ptk, ptk, sizeof ptk);
        a->has_ptk = true;
    }
    a->saw_wrong = a->saw_wrong || !is_right;
    wpa_wipe(ptk, sizeof ptk);
    return is_right;
}

bool wpa_authenticator_take(wpa_authenticator_t *a, const eapol_t *in)
{
    if (wpa_counter(in) != a->counter) {
        return false;
    }
    if (!a->has_ptk) {
        return wpa_is(in, MESSAGE_2) && take_2(a, in);
    }
    if (wpa_is(in, MESSAGE_4) && wpa_check(in, a->ptk)) {
        a->is_done = true;
        return true;
    }
    return false;
}
