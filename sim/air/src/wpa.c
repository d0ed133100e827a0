// SPDX-License-Identifier: Apache-2.0
#include "wpa.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <string.h>

enum { ITERATIONS = 4096, PASS_MIN = 8, PASS_MAX = 63, SHA1 = 20, KDE_GTK = 24, PLAIN = 48 };

// Version 1, CCMP for groups and pairs, PSK, no capabilities (9.4.2.25).
const uint8_t wpa_rsn[WPA_RSN] = {0x30, 20,   1, 0, 0x00, 0x0F, 0xAC, 4,    1, 0, 0x00,
                                  0x0F, 0xAC, 4, 1, 0,    0x00, 0x0F, 0xAC, 2, 0, 0};

bool wpa_random(uint8_t *out, size_t len)
{
    return RAND_bytes(out, (int)len) == 1;
}

void wpa_wipe(void *at, size_t len)
{
    OPENSSL_cleanse(at, len);
}

bool wpa_pmk(const char *pass, const char *ssid, uint8_t pmk[WPA_PMK])
{
    const size_t len = strlen(pass);
    return len >= PASS_MIN && len <= PASS_MAX &&
           PKCS5_PBKDF2_HMAC_SHA1(pass, (int)len, (const unsigned char *)ssid, (int)strlen(ssid),
                                  ITERATIONS, WPA_PMK, pmk) == 1;
}

bool wpa_prf(const uint8_t *key, size_t key_len, const char *label, const uint8_t *data,
             size_t data_len, uint8_t *out, size_t len)
{
    uint8_t text[160];
    const size_t head = strlen(label) + 1; // with its 0
    if (head + data_len + 1 > sizeof text) {
        return false;
    }
    memcpy(text, label, head);
    memcpy(text + head, data, data_len);
    for (uint8_t round = 0; len > 0; round++) {
        uint8_t mac[SHA1];
        text[head + data_len] = round;
        if (HMAC(EVP_sha1(), key, (int)key_len, text, head + data_len + 1, mac, NULL) == NULL) {
            return false;
        }
        const size_t n = len < SHA1 ? len : SHA1;
        memcpy(out, mac, n);
        out += n;
        len -= n;
        wpa_wipe(mac, sizeof mac);
    }
    return true;
}

// The lower one first, so that both sides have the same.
static void put_pair(uint8_t *out, const uint8_t *a, const uint8_t *b, size_t len)
{
    const bool is_a_first = memcmp(a, b, len) < 0;
    memcpy(out, is_a_first ? a : b, len);
    memcpy(out + len, is_a_first ? b : a, len);
}

bool wpa_ptk(const uint8_t pmk[WPA_PMK], const uint8_t aa[6], const uint8_t spa[6],
             const uint8_t anonce[WPA_NONCE], const uint8_t snonce[WPA_NONCE], uint8_t ptk[WPA_PTK])
{
    uint8_t data[2 * 6 + 2 * WPA_NONCE];
    put_pair(data, aa, spa, 6);
    put_pair(data + 12, anonce, snonce, WPA_NONCE);
    return wpa_prf(pmk, WPA_PMK, "Pairwise key expansion", data, sizeof data, ptk, WPA_PTK);
}

// -- frames

static void put_be16(uint8_t *at, size_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static size_t get_be16(const uint8_t *at)
{
    return (size_t)at[0] << 8 | at[1];
}

void wpa_frame(eapol_t *f, uint16_t info, uint64_t counter, const uint8_t nonce[WPA_NONCE],
               const uint8_t *data, size_t data_len)
{
    memset(f, 0, sizeof *f);
    f->len = EAPOL_DATA + data_len;
    f->bytes[0] = 2; // 802.1X-2004
    f->bytes[1] = 3; // Key
    put_be16(f->bytes + 2, f->len - 4);
    f->bytes[4] = 2; // RSN
    put_be16(f->bytes + EAPOL_INFO, info);
    put_be16(f->bytes + 7, 16);
    for (int i = 0; i < 8; i++) {
        f->bytes[EAPOL_COUNTER + i] = (uint8_t)(counter >> (56 - 8 * i));
    }
    if (nonce != NULL) {
        memcpy(f->bytes + EAPOL_NONCE, nonce, WPA_NONCE);
    }
    put_be16(f->bytes + EAPOL_DATA_LEN, data_len);
    if (data_len > 0) {
        memcpy(f->bytes + EAPOL_DATA, data, data_len);
    }
}

static bool mic_of(const eapol_t *f, const uint8_t kck[WPA_KCK], uint8_t mic[SHA1])
{
    eapol_t copy = *f;
    memset(copy.bytes + EAPOL_MIC, 0, WPA_MIC);
    return HMAC(EVP_sha1(), kck, WPA_KCK, copy.bytes, copy.len, mic, NULL) != NULL;
}

bool wpa_sign(eapol_t *f, const uint8_t kck[WPA_KCK])
{
    uint8_t mic[SHA1];
    const bool is_done = mic_of(f, kck, mic);
    memcpy(f->bytes + EAPOL_MIC, mic, WPA_MIC);
    return is_done;
}

bool wpa_check(const eapol_t *f, const uint8_t kck[WPA_KCK])
{
    uint8_t mic[SHA1];
    return mic_of(f, kck, mic) && CRYPTO_memcmp(mic, f->bytes + EAPOL_MIC, WPA_MIC) == 0;
}

bool wpa_is(const eapol_t *f, uint16_t info)
{
    return f->len >= EAPOL_DATA && f->len <= EAPOL_MAX && f->bytes[1] == 3 && f->bytes[4] == 2 &&
           get_be16(f->bytes + 2) == f->len - 4 && get_be16(f->bytes + EAPOL_INFO) == info &&
           get_be16(f->bytes + EAPOL_DATA_LEN) == f->len - EAPOL_DATA;
}

uint64_t wpa_counter(const eapol_t *f)
{
    uint64_t n = 0;
    for (int i = 0; i < 8; i++) {
        n = n << 8 | f->bytes[EAPOL_COUNTER + i];
    }
    return n;
}

// -- key data

static bool wrap(const uint8_t kek[16], bool is_wrapping, const uint8_t *in, size_t len,
                 uint8_t *out, size_t *out_len)
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int n = 0;
    bool is_done = ctx != NULL;
    if (is_done) {
        EVP_CIPHER_CTX_set_flags(ctx, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
        is_done = EVP_CipherInit_ex(ctx, EVP_aes_128_wrap(), NULL, kek, NULL, is_wrapping) == 1 &&
                  EVP_CipherUpdate(ctx, out, &n, in, (int)len) == 1;
    }
    EVP_CIPHER_CTX_free(ctx);
    *out_len = (size_t)n;
    return is_done && n > 0;
}

// The RSN element, the GTK as a KDE (12.7.2), padded to whole blocks of 8 bytes.
bool wpa_wrap_data(const uint8_t kek[16], const uint8_t gtk[WPA_GTK], uint8_t *out, size_t cap,
                   size_t *len)
{
    static const uint8_t kde[8] = {0xDD, 22, 0x00, 0x0F, 0xAC, 1, 1, 0};
    uint8_t plain[PLAIN] = {0};
    memcpy(plain, wpa_rsn, WPA_RSN);
    memcpy(plain + WPA_RSN, kde, sizeof kde);
    memcpy(plain + WPA_RSN + sizeof kde, gtk, WPA_GTK);
    plain[WPA_RSN + KDE_GTK] = 0xDD; // padding
    const bool is_done = cap >= PLAIN + 8 && wrap(kek, true, plain, PLAIN, out, len);
    wpa_wipe(plain, sizeof plain);
    return is_done;
}

bool wpa_unwrap_data(const uint8_t kek[16], const uint8_t *data, size_t len, uint8_t gtk[WPA_GTK])
{
    uint8_t plain[EAPOL_MAX];
    size_t n = 0;
    const bool is_done = len == PLAIN + 8 && wrap(kek, false, data, len, plain, &n) && n == PLAIN &&
                         memcmp(plain, wpa_rsn, WPA_RSN) == 0 && plain[WPA_RSN] == 0xDD;
    if (is_done) {
        memcpy(gtk, plain + WPA_RSN + 8, WPA_GTK);
    }
    wpa_wipe(plain, sizeof plain);
    return is_done;
}
