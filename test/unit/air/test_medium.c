// SPDX-License-Identifier: Apache-2.0
// The medium in virtual time: what radios are told.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "limpet/air.h"

static air_t *air;
static uint64_t now_ms;
static char said[4096]; // to the host of radio `me`
static unsigned cuts;
static int me, other;

static void on_line(void *ctx, air_radio_t *radio, const char *line)
{
    (void)ctx;
    if (air_radio_host(radio) == &me) {
        const size_t len = strlen(said);
        snprintf(said + len, sizeof said - len, "%s\n", line);
    }
}

static void on_cut(void *ctx, air_radio_t *station)
{
    (void)ctx;
    (void)station;
    cuts++;
}

static int setup(void **state)
{
    (void)state;
    const air_hooks_t hooks = {.line = on_line, .cut = on_cut};
    air = air_new(&hooks);
    now_ms = 1000;
    said[0] = '\0';
    cuts = 0;
    return air == NULL;
}

static int teardown(void **state)
{
    (void)state;
    air_free(air);
    return 0;
}

static void script(const char *line)
{
    char answer[512];
    if (!air_script(air, line, now_ms, answer, sizeof answer)) {
        fail_msg("%s: %s", line, answer);
    }
}

static void refused(const char *line)
{
    char answer[512] = "";
    assert_false(air_script(air, line, now_ms, answer, sizeof answer));
    assert_string_not_equal(answer, "");
}

static air_radio_t *radio_of(int *host, const char *mac)
{
    char line[32];
    air_radio_t *radio = air_radio_add(air, host);
    assert_non_null(radio);
    snprintf(line, sizeof line, "hello %s", mac);
    assert_true(air_radio_line(radio, line, now_ms));
    return radio;
}

static void pass_time(uint64_t ms)
{
    for (const uint64_t end = now_ms + ms; now_ms < end; now_ms++) {
        (void)air_tick(air, now_ms);
    }
}

static void do_line(air_radio_t *radio, const char *line)
{
    said[0] = '\0';
    assert_true(air_radio_line(radio, line, now_ms));
    pass_time(3000);
}

// "home", "correct horse"
#define JOIN_HOME "join 686f6d65 636f727265637420686f727365 - 0"

static void a_scan_tells_what_is_there_and_allowed(void **state)
{
    (void)state;
    script("ap home ssid=home pass=\"correct horse\" channel=13 rssi=-40");
    script("ap far ssid=far pass=12345678 rssi=-99");
    script("ap dark ssid=dark security=open hidden=yes bssid=02:00:00:00:00:09");
    air_radio_t *r = radio_of(&me, "020000000002");
    do_line(r, "scan");
    assert_string_equal(said, "ap 020000000009 1 -50 open -\nscanned\n");
    do_line(r, "country DE");
    do_line(r, "scan");
    assert_non_null(strstr(said, " 13 -40 wpa2 686f6d65\n"));
}

static void joining_ends_with_an_address_or_a_reason(void **state)
{
    (void)state;
    static const struct {
        const char *change, *last;
    } table[] = {
        {"set home power=on", "address 10."},
        {"set home pass=\"another one\"", "lost password 15\n"},
        {"set home full=yes", "lost full 17\n"},
        {"set home dhcp=silent", "lost no-address 0\n"},
        {"set home security=open", "lost security 0\n"},
        {"set home security=wpa3", "lost security 0\n"},
        {"set home rogue=yes pass=\"another one\"", "lost password 15\n"},
        {"set home power=off", "lost no-ap 0\n"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        assert_int_equal(teardown(NULL), 0);
        assert_int_equal(setup(NULL), 0);
        script("ap home ssid=home pass=\"correct horse\"");
        script(table[i].change);
        do_line(radio_of(&me, "020000000002"), JOIN_HOME);
        if (strstr(said, table[i].last) == NULL) {
            fail_msg("%s: %s", table[i].change, said);
        }
    }
}

static void a_connection_ends_as_it_does_on_the_air(void **state)
{
    (void)state;
    script("ap home ssid=home pass=\"correct horse\"");
    air_radio_t *r = radio_of(&me, "020000000002");
    do_line(r, JOIN_HOME);
    said[0] = '\0';
    script("deauth home code=5");
    assert_string_equal(said, "lost kicked 5\n");
    do_line(r, JOIN_HOME);
    said[0] = '\0';
    script("set home power=off");
    assert_string_equal(said, ""); // not noticed yet
    pass_time(1000);
    assert_string_equal(said, "lost signal 0\n");
    script("set home power=on");
    do_line(r, JOIN_HOME);
    said[0] = '\0';
    script("set home rssi=-81");
    assert_string_equal(said, "rssi -81\n");
    do_line(r, "leave");
    assert_string_equal(said, "lost left 0\n");
    do_line(r, "leave");
    assert_string_equal(said, "");
}

// The same network has the same address for a station, another one another.
static void roaming_keeps_the_address(void **state)
{
    (void)state;
    char first[64];
    script("ap one ssid=home pass=\"correct horse\" rssi=-80 bssid=020000000011");
    script("ap two ssid=home pass=\"correct horse\" rssi=-40 bssid=020000000012");
    air_radio_t *r = radio_of(&me, "020000000002");
    do_line(r, "join 686f6d65 636f727265637420686f727365 020000000011 1");
    snprintf(first, sizeof first, "%s", strstr(said, "address"));
    do_line(r, "join 686f6d65 636f727265637420686f727365 020000000012 1");
    assert_null(strstr(said, "lost"));
    assert_string_equal(strstr(said, "address"), first);
}

static void a_radio_has_an_access_point_of_its_own(void **state)
{
    (void)state;
    char address[16];
    air_radio_t *board = radio_of(&me, "020000000002");
    air_radio_t *guest = radio_of(&other, "020000000003");
    assert_false(air_radio_line(board, "ap-open 626f617264 31323334353637 0", now_ms)); // too short
    do_line(board, "ap-open 626f617264 3132333435363738 0");
    assert_string_equal(said, "ap-open 192.168.4.1\n");
    assert_null(air_radio_peer(guest, address));
    do_line(guest, "join 626f617264 3837363534333231 - 0"); // another password
    assert_string_equal(said, "sta-refused 020000000003\n");
    assert_null(air_radio_peer(guest, address));
    do_line(guest, "join 626f617264 3132333435363738 - 0");
    assert_string_equal(said, "sta-joined 020000000003\n");
    assert_ptr_equal(air_radio_peer(guest, address), board);
    do_line(board, "ap-close");
    assert_non_null(strstr(said, "sta-left 020000000003\nap-closed\n"));
    assert_int_equal(cuts, 1);
    assert_null(air_radio_peer(guest, address));
}

static void who_goes_away_leaves_nothing_behind(void **state)
{
    (void)state;
    char address[16];
    air_radio_t *board = radio_of(&other, "020000000002");
    air_radio_t *guest = radio_of(&me, "020000000003");
    do_line(board, "ap-open 626f617264 3132333435363738 0");
    do_line(guest, "join 626f617264 3132333435363738 - 0");
    assert_ptr_equal(air_radio_peer(guest, address), board);
    said[0] = '\0';
    air_radio_remove(board);
    assert_string_equal(said, "lost kicked 3\n");
    assert_int_equal(cuts, 1);
    do_line(guest, "scan");
    assert_string_equal(said, "scanned\n");
}

static void nonsense_is_refused_and_changes_nothing(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "ap",
        "ap x",
        "ap x ssid=",
        "ap x ssid=a pass=short",
        "ap x pass=12345678",
        "set y rssi=1",
        "ap x ssid=a",
        "ap x ssid=\"a pass=12345678",
        "bake home",
        "set home rssi=1",
        "set home channel=14",
        "set home security=wpa9",
        "set home x=1",
        "set home rssi",
        "ap home ssid=again security=open",
        "set home ssid=b ssid",
    };
    script("ap home ssid=home pass=\"correct horse\" rssi=-42");
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        refused(lines[i]);
    }
    air_radio_t *r = air_radio_add(air, &me);
    assert_false(air_radio_line(r, "scan", now_ms)); // without hello
    assert_true(air_radio_line(r, "hello 020000000002", now_ms));
    static const char *const words[] = {"",
                                        "join",
                                        "join 00 - - 0",
                                        "join zz - - 0",
                                        "join 41 41 - 0 0 0",
                                        "hello x",
                                        "country",
                                        "ap-open 41 - 0",
                                        "fly"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        assert_false(air_radio_line(r, words[i], now_ms));
    }
    do_line(r, "scan");
    assert_non_null(strstr(said, " -42 wpa2 686f6d65\nscanned\n"));
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(a_scan_tells_what_is_there_and_allowed),
        CASE(joining_ends_with_an_address_or_a_reason),
        CASE(a_connection_ends_as_it_does_on_the_air),
        CASE(roaming_keeps_the_address),
        CASE(a_radio_has_an_access_point_of_its_own),
        CASE(who_goes_away_leaves_nothing_behind),
        CASE(nonsense_is_refused_and_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
