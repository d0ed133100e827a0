// SPDX-License-Identifier: Apache-2.0
// Radios, on the networks of wifi.air.
#include "wifi.h"

#include <stdio.h>
#include <string.h>

#include "limpet/port/clock.h"
#include "limpet/port/net.h"
#include "limpet/port/wifi.h"

enum { LIMIT_MS = 60000, QUIET_MS = 300, KINDS = LP_WIFI_AP_REFUSED + 1 };

#define PASS "the right one"

static struct {
    unsigned count[KINDS];
    lp_wifi_seen_t seen[LP_WIFI_SCAN_MAX];
    size_t seen_count;
    lp_wifi_seen_t joined;
    char address[LP_WIFI_ADDR_MAX];
    lp_wifi_why_t why;
    uint16_t code;
    bool is_wrong; // an event from inside a call
} heard;

static bool is_inside;

static void on_event(void *ctx, const lp_wifi_event_t *ev)
{
    (void)ctx;
    heard.is_wrong = heard.is_wrong || is_inside;
    heard.count[ev->id]++;
    if (ev->id == LP_WIFI_SCANNED) {
        heard.seen_count = ev->count;
        memcpy(heard.seen, ev->seen, ev->count * sizeof ev->seen[0]);
    } else if (ev->id == LP_WIFI_JOINED) {
        heard.joined = ev->seen[0];
    } else if (ev->id == LP_WIFI_LOST) {
        heard.why = ev->why;
        heard.code = ev->code;
    }
    if (ev->address != NULL) {
        snprintf(heard.address, sizeof heard.address, "%s", ev->address);
    }
}

static void forget(void)
{
    memset(&heard, 0, sizeof heard);
}

static bool wait_for(lp_wifi_event_id_t id)
{
    const uint64_t end_ms = lp_port_now_ms() + LIMIT_MS;
    while (heard.count[id] == 0 && lp_port_now_ms() < end_ms) {
        lp_loop_turn(&conformance_loop, 20);
    }
    return heard.count[id] > 0;
}

static void be_quiet(void)
{
    for (const uint64_t end_ms = lp_port_now_ms() + QUIET_MS; lp_port_now_ms() < end_ms;) {
        lp_loop_turn(&conformance_loop, 20);
    }
}

static lp_err_t join(const char *ssid, const char *pass, const uint8_t *bssid, uint8_t channel)
{
    const lp_wifi_join_t j = {.ssid = ssid, .pass = pass, .bssid = bssid, .channel = channel};
    forget();
    is_inside = true;
    const lp_err_t err = lp_port_wifi_join(&j);
    is_inside = false;
    return err;
}

static void join_is_lost(const char *ssid, const char *pass, lp_wifi_why_t why)
{
    assert_int_equal(join(ssid, pass, NULL, 0), LP_OK);
    assert_true(wait_for(LP_WIFI_LOST));
    be_quiet();
    assert_int_equal(heard.why, why);
    assert_int_equal(heard.count[LP_WIFI_LOST], 1);
    assert_int_equal(heard.count[LP_WIFI_ADDRESS], 0);
    assert_false(heard.is_wrong);
}

static void be_joined(const uint8_t *bssid)
{
    assert_int_equal(join("conformance", PASS, bssid, 0), LP_OK);
    assert_true(wait_for(LP_WIFI_ADDRESS));
    assert_int_equal(heard.count[LP_WIFI_JOINED], 1);
    assert_int_equal(heard.count[LP_WIFI_LOST], 0);
    assert_false(heard.is_wrong);
}

static int away(void **state)
{
    (void)state;
    forget();
    lp_port_wifi_leave();
    be_quiet();
    return 0;
}

static const lp_wifi_seen_t *find(const char *ssid, uint8_t channel)
{
    for (size_t i = 0; i < heard.seen_count; i++) {
        if (strcmp(heard.seen[i].ssid, ssid) == 0 && heard.seen[i].channel == channel) {
            return &heard.seen[i];
        }
    }
    return NULL;
}

static void scan(void)
{
    forget();
    is_inside = true;
    assert_int_equal(lp_port_wifi_scan(), LP_OK);
    assert_int_equal(lp_port_wifi_scan(), LP_E_BUSY);
    is_inside = false;
    assert_true(wait_for(LP_WIFI_SCANNED));
    assert_int_equal(heard.count[LP_WIFI_SCANNED], 1);
    assert_false(heard.is_wrong);
}

static void wifi_scan_tells_what_is_allowed_here(void **state)
{
    (void)state;
    assert_int_equal(lp_port_wifi_set_country("00"), LP_OK);
    scan();
    assert_int_equal(find("conformance", 3)->security, LP_WIFI_WPA2);
    assert_int_equal(find("conformance", 9)->rssi_dbm, -40);
    assert_int_equal(find("conf-newer", 1)->security, LP_WIFI_WPA3);
    assert_non_null(find("", 1)); // hidden
    assert_null(find("conf-open", 13));
    assert_int_equal(lp_port_wifi_set_country("DE"), LP_OK);
    scan();
    assert_int_equal(find("conf-open", 13)->security, LP_WIFI_OPEN);
    assert_int_equal(lp_port_wifi_set_country("Germany"), LP_E_INVALID);
    assert_int_equal(lp_port_wifi_set_country("d"), LP_E_INVALID);
}

static void wifi_join_takes_the_strongest_or_the_one_named(void **state)
{
    (void)state;
    static const uint8_t one[6] = {2, 0, 0, 0, 0x10, 1};
    int8_t dbm = 0;
    be_joined(NULL);
    assert_int_equal(heard.joined.channel, 9);
    assert_int_equal(lp_port_wifi_rssi(&dbm), LP_OK);
    assert_int_equal(dbm, -40);
    char address[LP_WIFI_ADDR_MAX];
    memcpy(address, heard.address, sizeof address);
    be_joined(one); // moves: no LOST in between
    assert_memory_equal(heard.joined.bssid, one, 6);
    assert_string_equal(heard.address, address);
    (void)away(NULL);
    assert_int_equal(heard.count[LP_WIFI_LOST], 1);
    assert_int_equal(heard.why, LP_WIFI_WHY_LEFT);
    assert_int_equal(lp_port_wifi_rssi(&dbm), LP_E_STATE);
    (void)away(NULL); // it is away already
    assert_int_equal(heard.count[LP_WIFI_LOST], 0);
}

static void wifi_join_that_fails_says_why(void **state)
{
    (void)state;
    join_is_lost("conf-nobody", "", LP_WIFI_WHY_NO_AP);
    join_is_lost("conformance", "the wrong one", LP_WIFI_WHY_PASSWORD);
    join_is_lost("conformance", "", LP_WIFI_WHY_SECURITY);
    join_is_lost("conf-open", PASS, LP_WIFI_WHY_SECURITY);
    join_is_lost("conf-full", "", LP_WIFI_WHY_FULL);
    join_is_lost("conf-silent", "", LP_WIFI_WHY_NO_ADDRESS);
    if ((lp_port_wifi_can() >> LP_WIFI_WPA3 & 1u) == 0) {
        join_is_lost("conf-newer", PASS, LP_WIFI_WHY_SECURITY);
    }
}

static void wifi_join_of_a_hidden_network_works_by_name(void **state)
{
    (void)state;
    assert_int_equal(join("conf-hidden", "", NULL, 0), LP_OK);
    assert_true(wait_for(LP_WIFI_ADDRESS));
}

static void wifi_bad_arguments_are_refused_and_nothing_comes(void **state)
{
    (void)state;
    char long_text[70];
    memset(long_text, 'a', sizeof long_text);
    long_text[64] = '\0';
    assert_int_equal(join("", PASS, NULL, 0), LP_E_INVALID);
    assert_int_equal(join(long_text + 31, PASS, NULL, 0), LP_E_INVALID); // 33
    assert_int_equal(join("conformance", "seven77", NULL, 0), LP_E_INVALID);
    assert_int_equal(join("conformance", long_text, NULL, 0), LP_E_INVALID); // 64
    const lp_wifi_ap_t open = {.ssid = "mine", .pass = ""};
    assert_int_equal(lp_port_wifi_ap_start(&open), LP_E_INVALID); // there is no open one
    be_quiet();
    assert_int_equal(heard.count[LP_WIFI_LOST], 0);
}

static void wifi_one_thing_at_a_time(void **state)
{
    (void)state;
    assert_int_equal(join("conformance", PASS, NULL, 0), LP_OK);
    const lp_wifi_join_t other = {.ssid = "conf-open", .pass = ""};
    assert_int_equal(lp_port_wifi_join(&other), LP_E_BUSY);
    assert_int_equal(lp_port_wifi_scan(), LP_E_BUSY);
    assert_true(wait_for(LP_WIFI_ADDRESS));
    assert_int_equal(heard.joined.security, LP_WIFI_WPA2);
    assert_int_equal(lp_port_wifi_scan(), LP_OK); // works while it is joined
    assert_true(wait_for(LP_WIFI_SCANNED));
    assert_int_equal(heard.count[LP_WIFI_LOST], 0);
}

static void wifi_leave_ends_a_join(void **state)
{
    (void)state;
    assert_int_equal(join("conformance", PASS, NULL, 0), LP_OK);
    lp_port_wifi_leave();
    assert_true(wait_for(LP_WIFI_LOST));
    be_quiet();
    assert_int_equal(heard.why, LP_WIFI_WHY_LEFT);
    assert_int_equal(heard.count[LP_WIFI_LOST], 1);
    assert_int_equal(heard.count[LP_WIFI_ADDRESS], 0);
}

static void wifi_loss_comes_once_with_its_reason(void **state)
{
    (void)state;
    be_joined(NULL);
    forget();
    conformance_air("deauth two code=5");
    assert_true(wait_for(LP_WIFI_LOST));
    assert_int_equal(heard.why, LP_WIFI_WHY_KICKED);
    assert_int_equal(heard.code, 5);
    be_joined(NULL);
    forget();
    conformance_air("set two power=off");
    assert_true(wait_for(LP_WIFI_LOST));
    be_quiet();
    assert_int_equal(heard.why, LP_WIFI_WHY_SIGNAL);
    assert_int_equal(heard.count[LP_WIFI_LOST], 1);
    conformance_air("set two power=on");
}

// -- TCP goes with the link

static unsigned closed_streams;

static void on_stream(void *ctx, unsigned events, lp_err_t why)
{
    (void)ctx;
    (void)why;
    closed_streams += (events & LP_STREAM_CLOSED) != 0;
}

static void wait_for_closed(unsigned count)
{
    const uint64_t end_ms = lp_port_now_ms() + LIMIT_MS;
    while (closed_streams < count && lp_port_now_ms() < end_ms) {
        lp_loop_turn(&conformance_loop, 20);
    }
    assert_int_equal(closed_streams, count);
}

static void wifi_without_a_link_there_is_no_network(void **state)
{
    (void)state;
    lp_tcp_t tcp;
    lp_tcp_t other;
    closed_streams = 0;
    assert_int_equal(
        lp_port_tcp_open(&tcp, conformance_peers.host, conformance_peers.echo, on_stream, NULL),
        LP_OK);
    wait_for_closed(1);
    lp_stream_close(&tcp.stream);
    be_joined(NULL);
    assert_int_equal(
        lp_port_tcp_open(&tcp, conformance_peers.host, conformance_peers.echo, on_stream, NULL),
        LP_OK);
    be_quiet();
    assert_int_equal(closed_streams, 1); // it stands
    be_joined((const uint8_t[6]){2, 0, 0, 0, 0x10, 1});
    be_quiet();
    assert_int_equal(closed_streams, 1); // and outlives a move
    assert_int_equal(
        lp_port_tcp_open(&other, conformance_peers.host, conformance_peers.echo, on_stream, NULL),
        LP_OK);
    (void)away(NULL);
    wait_for_closed(3);
    lp_stream_close(&tcp.stream);
    lp_stream_close(&other.stream);
}

// -- an access point of our own

static void wifi_own_access_point_opens_and_closes(void **state)
{
    (void)state;
    const lp_wifi_ap_t ap = {.ssid = "mine", .pass = PASS, .channel = 6};
    lp_tcp_server_t server;
    uint16_t port = 80;
    for (int i = 0; i < 3; i++) {
        forget();
        is_inside = true;
        assert_int_equal(lp_port_wifi_ap_start(&ap), LP_OK);
        is_inside = false;
        assert_true(wait_for(LP_WIFI_AP_OPEN));
        assert_int_equal(lp_port_wifi_ap_start(&ap), LP_E_STATE);
        assert_int_equal(lp_port_tcp_listen(&server, heard.address, &port, NULL, NULL), LP_OK);
        lp_port_tcp_unlisten(&server);
        be_joined(NULL); // beside the station
        (void)away(NULL);
        lp_port_wifi_ap_stop();
        assert_true(wait_for(LP_WIFI_AP_CLOSED));
        assert_false(heard.is_wrong);
    }
}

int conformance_wifi(void)
{
#define CASE(name) cmocka_unit_test_teardown(name, away)
    const struct CMUnitTest tests[] = {
        CASE(wifi_scan_tells_what_is_allowed_here),
        CASE(wifi_join_takes_the_strongest_or_the_one_named),
        CASE(wifi_join_that_fails_says_why),
        CASE(wifi_join_of_a_hidden_network_works_by_name),
        CASE(wifi_bad_arguments_are_refused_and_nothing_comes),
        CASE(wifi_one_thing_at_a_time),
        CASE(wifi_leave_ends_a_join),
        CASE(wifi_loss_comes_once_with_its_reason),
        CASE(wifi_without_a_link_there_is_no_network),
        CASE(wifi_own_access_point_opens_and_closes),
    };
    if (lp_port_wifi_start(on_event, NULL) != LP_OK) {
        return 1;
    }
    return cmocka_run_group_tests_name("wifi", tests, NULL, NULL);
}
