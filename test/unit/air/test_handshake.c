// SPDX-License-Identifier: Apache-2.0
// The 4-way handshake: published vectors for the keys, and everything that must not be taken.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "wpa.h"

static const uint8_t aa[6] = {2, 0, 0, 0, 0, 1};
static const uint8_t spa[6] = {2, 0, 0, 0, 0, 2};

static wpa_supplicant_t sta;
static wpa_authenticator_t ap;

// IEEE 802.11-2016, J.4.2.
static void pmk_of_published_vectors(void **state)
{
    (void)state;
    static const struct {
        const char *pass, *ssid;
        uint8_t pmk[WPA_PMK];
    } vectors[] = {
        {"password", "IEEE", {0xf4, 0x2c, 0x6f, 0xc5, 0x2d, 0xf0, 0xeb, 0xef, 0x9e, 0xbb, 0x4b,
                              0x90, 0xb3, 0x8a, 0x5f, 0x90, 0x2e, 0x83, 0xfe, 0x1b, 0x13, 0x5a,
                              0x70, 0xe2, 0x3a, 0xed, 0x76, 0x2e, 0x97, 0x10, 0xa1, 0x2e}},
        {"ThisIsAPassword", "ThisIsASSID", {0x0d, 0xc0, 0xd6, 0xeb, 0x90, 0x55, 0x5e, 0xd6,
                                            0x41, 0x97, 0x56, 0xb9, 0xa1, 0x5e, 0xc3, 0xe3,
                                            0x20, 0x9b, 0x63, 0xdf, 0x70, 0x7d, 0xd5, 0x08,
                                            0xd1, 0x45, 0x81, 0xf8, 0x98, 0x27, 0x21, 0xaf}},
    };
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        uint8_t pmk[WPA_PMK];
        assert_true(wpa_pmk(vectors[i].pass, vectors[i].ssid, pmk));
        assert_memory_equal(pmk, vectors[i].pmk, WPA_PMK);
    }
    uint8_t pmk[WPA_PMK];
    assert_false(wpa_pmk("seven77", "IEEE", pmk));
}

// IEEE 802.11-2016, J.3.2.
static void prf_of_published_vector(void **state)
{
    (void)state;
    static const uint8_t expected[24] = {0xbc, 0xd4, 0xc6, 0x50, 0xb3, 0x0b, 0x96, 0x84,
                                         0x95, 0x18, 0x29, 0xe0, 0xd7, 0x5f, 0x9d, 0x54,
                                         0xb8, 0x62, 0x17, 0x5e, 0xd9, 0xf0, 0x06, 0x06};
    uint8_t key[20];
    uint8_t out[24];
    memset(key, 0x0b, sizeof key);
    assert_true(
        wpa_prf(key, sizeof key, "prefix", (const uint8_t *)"Hi There", 8, out, sizeof out));
    assert_memory_equal(out, expected, sizeof out);
}

static void meet(const char *of_sta, const char *of_ap)
{
    assert_true(wpa_supplicant_init(&sta, "home", of_sta, aa, spa));
    assert_true(wpa_authenticator_init(&ap, "home", of_ap, aa, spa));
}

// One message down and its answer up. False: somebody did not answer, or was not believed.
static bool turn(void)
{
    eapol_t down;
    eapol_t up;
    return wpa_authenticator_say(&ap, &down) && wpa_supplicant_take(&sta, &down, &up) &&
           wpa_authenticator_take(&ap, &up);
}

static void both_with_the_password_have_the_same_keys(void **state)
{
    (void)state;
    meet("correct horse", "correct horse");
    assert_true(turn());
    assert_true(turn());
    assert_true(sta.is_done && ap.is_done);
    assert_memory_equal(sta.ptk, ap.ptk, WPA_PTK);
    assert_memory_equal(sta.gtk, ap.gtk, WPA_GTK);
}

static void a_wrong_password_is_a_wrong_mic(void **state)
{
    (void)state;
    meet("correct house", "correct horse");
    for (int i = 0; i < 5; i++) {
        assert_false(turn());
    }
    assert_true(ap.saw_wrong);
    assert_false(sta.is_done || ap.is_done || ap.has_ptk);
}

// An access point that says yes to everybody still cannot make message 3.
static void a_rogue_without_the_password_gets_nobody(void **state)
{
    (void)state;
    meet("correct horse", "something else");
    ap.is_rogue = true;
    assert_true(turn());
    for (int i = 0; i < 5; i++) {
        assert_false(turn());
    }
    assert_false(sta.is_done);
}

// What one message's answer is when byte `at` of it was changed on the way. False: it was not
// taken.
static bool taken_when_changed(int message, size_t at, size_t *len)
{
    eapol_t down;
    eapol_t up;
    assert_true(wpa_authenticator_say(&ap, &down));
    if (message == 3) {
        *len = down.len;
        down.bytes[at] ^= 1;
        return wpa_supplicant_take(&sta, &down, &up) || sta.is_done;
    }
    assert_true(wpa_supplicant_take(&sta, &down, &up));
    *len = up.len;
    up.bytes[at] ^= 1;
    return wpa_authenticator_take(&ap, &up) || ap.is_done;
}

static void every_changed_byte_of_every_message_is_noticed(void **state)
{
    (void)state;
    meet("correct horse", "correct horse"); // which costs time: done once
    const wpa_supplicant_t fresh_sta = sta;
    const wpa_authenticator_t fresh_ap = ap;
    for (int message = 2; message <= 4; message++) {
        size_t len = EAPOL_DATA;
        for (size_t at = 0; at < len; at++) {
            sta = fresh_sta;
            ap = fresh_ap;
            assert_true(message == 2 || turn());
            if (taken_when_changed(message, at, &len)) {
                fail_msg("message %d, byte %zu", message, at);
            }
        }
    }
}

static void replayed_messages_are_refused(void **state)
{
    (void)state;
    eapol_t message_3;
    eapol_t up;
    meet("correct horse", "correct horse");
    assert_true(turn());
    assert_true(wpa_authenticator_say(&ap, &message_3));
    assert_true(wpa_supplicant_take(&sta, &message_3, &up));
    assert_true(wpa_authenticator_take(&ap, &up));
    assert_false(wpa_supplicant_take(&sta, &message_3, &up)); // the key is installed once
    assert_true(wpa_authenticator_say(&ap, &message_3));
    assert_false(wpa_supplicant_take(&sta, &message_3, &up));
    // Another handshake has other nonces: what was recorded is of no use.
    const eapol_t recorded = message_3;
    assert_true(wpa_supplicant_init(&sta, "home", "correct horse", aa, spa));
    assert_false(wpa_supplicant_take(&sta, &recorded, &up));
}

static void truncated_and_foreign_frames_are_ignored(void **state)
{
    (void)state;
    eapol_t down;
    eapol_t up;
    meet("correct horse", "correct horse");
    assert_true(wpa_authenticator_say(&ap, &down));
    for (size_t len = 0; len < down.len; len++) {
        eapol_t cut = down;
        cut.len = len;
        assert_false(wpa_supplicant_take(&sta, &cut, &up));
        assert_false(wpa_authenticator_take(&ap, &cut));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pmk_of_published_vectors),
        cmocka_unit_test(prf_of_published_vector),
        cmocka_unit_test(both_with_the_password_have_the_same_keys),
        cmocka_unit_test(a_wrong_password_is_a_wrong_mic),
        cmocka_unit_test(a_rogue_without_the_password_gets_nobody),
        cmocka_unit_test(every_changed_byte_of_every_message_is_noticed),
        cmocka_unit_test(replayed_messages_are_refused),
        cmocka_unit_test(truncated_and_foreign_frames_are_ignored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
