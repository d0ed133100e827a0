// SPDX-License-Identifier: Apache-2.0
// Keys and frames of the 4-way handshake (IEEE 802.11-2016, 12.7): AKM 00-0F-AC:2 with CCMP.
#ifndef WPA_H
#define WPA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    WPA_PMK = 32,
    WPA_NONCE = 32,
    WPA_KCK = 16,
    WPA_PTK = 48, // KCK, KEK, TK
    WPA_GTK = 16,
    WPA_MIC = 16,
    WPA_RSN = 22, // the one RSN element that is used
    // An EAPOL-Key frame, by offset.
    EAPOL_INFO = 5,
    EAPOL_COUNTER = 9,
    EAPOL_NONCE = 17,
    EAPOL_MIC = 81,
    EAPOL_DATA_LEN = 97,
    EAPOL_DATA = 99,
    EAPOL_MAX = 256,
    // Key information
    KEY_VERSION_2 = 2,
    KEY_PAIRWISE = 1 << 3,
    KEY_INSTALL = 1 << 6,
    KEY_ACK = 1 << 7,
    KEY_HAS_MIC = 1 << 8,
    KEY_SECURE = 1 << 9,
    KEY_ENCRYPTED = 1 << 12,
};

typedef struct {
    uint8_t bytes[EAPOL_MAX];
    size_t len;
} eapol_t;

extern const uint8_t wpa_rsn[WPA_RSN];

// PBKDF2-HMAC-SHA1, 4096 times. False: no password that exists.
bool wpa_pmk(const char *pass, const char *ssid, uint8_t pmk[WPA_PMK]);
// PRF-n of 12.7.1.2; `len` in bytes.
bool wpa_prf(const uint8_t *key, size_t key_len, const char *label, const uint8_t *data,
             size_t data_len, uint8_t *out, size_t len);
bool wpa_ptk(const uint8_t pmk[WPA_PMK], const uint8_t aa[6], const uint8_t spa[6],
             const uint8_t anonce[WPA_NONCE], const uint8_t snonce[WPA_NONCE],
             uint8_t ptk[WPA_PTK]);

// A frame with this information, count, nonce and data; wpa_sign() puts the MIC.
void wpa_frame(eapol_t *f, uint16_t info, uint64_t counter, const uint8_t nonce[WPA_NONCE],
               const uint8_t *data, size_t data_len);
bool wpa_sign(eapol_t *f, const uint8_t kck[WPA_KCK]);
// Whether the frame is whole, of our kind and has exactly this information.
bool wpa_is(const eapol_t *f, uint16_t info);
bool wpa_check(const eapol_t *f, const uint8_t kck[WPA_KCK]);
uint64_t wpa_counter(const eapol_t *f);

// Key data of message 3: the RSN element and the group key, wrapped with the KEK (RFC 3394).
bool wpa_wrap_data(const uint8_t kek[16], const uint8_t gtk[WPA_GTK], uint8_t *out, size_t cap,
                   size_t *len);
// False: altered, or the element is not the one that the beacons had.
bool wpa_unwrap_data(const uint8_t kek[16], const uint8_t *data, size_t len, uint8_t gtk[WPA_GTK]);

bool wpa_random(uint8_t *out, size_t len);
void wpa_wipe(void *at, size_t len);

// -- the two sides; a frame in, maybe a frame out

typedef struct {
    uint8_t pmk[WPA_PMK], ptk[WPA_PTK], anonce[WPA_NONCE], snonce[WPA_NONCE], gtk[WPA_GTK];
    uint8_t aa[6], spa[6];
    uint64_t counter;
    bool has_counter;
    bool has_ptk;
    bool is_done;
} wpa_supplicant_t;

// False: wrong kind of password, or no random numbers.
bool wpa_supplicant_init(wpa_supplicant_t *s, const char *ssid, const char *pass,
                         const uint8_t aa[6], const uint8_t spa[6]);
// True: `out` is to be sent. What is not right is ignored.
bool wpa_supplicant_take(wpa_supplicant_t *s, const eapol_t *in, eapol_t *out);

typedef struct {
    uint8_t pmk[WPA_PMK], ptk[WPA_PTK], anonce[WPA_NONCE], gtk[WPA_GTK];
    uint8_t aa[6], spa[6];
    uint64_t counter;
    bool has_ptk;   // message 2 was right
    bool is_done;   // message 4 was right
    bool saw_wrong; // a message 2 whose MIC was not
    bool is_rogue;  // does not know the password and says message 3 all the same
} wpa_authenticator_t;

bool wpa_authenticator_init(wpa_authenticator_t *a, const char *ssid, const char *pass,
                            const uint8_t aa[6], const uint8_t spa[6]);
// Message 1, or 3 when message 2 has come; each time with a new count.
bool wpa_authenticator_say(wpa_authenticator_t *a, eapol_t *out);
// True: it was right, go on.
bool wpa_authenticator_take(wpa_authenticator_t *a, const eapol_t *in);

#endif
