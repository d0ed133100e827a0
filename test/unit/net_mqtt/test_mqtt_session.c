// SPDX-License-Identifier: Apache-2.0
// The session's life against a scripted server: states, login, keep-alive, end.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "mqtt_internal.h"
#include "peer.h"

#define STR(s) lp_span(s, sizeof(s) - 1)

// --- State machine ------------------------------------------------------------------------------

static void mqtt_every_state_and_input(void **state)
{
    (void)state;
    enum { STATES = LP_MQTT_SEND_DISCONNECT + 1, INPUTS = MQTT_LOST + 1, NO = -1 };
    // attach, connect sent, accepted, disconnect, disconnect sent, lost
    static const int expected[STATES][INPUTS] = {
        [LP_MQTT_IDLE] = {LP_MQTT_SEND_CONNECT, NO, NO, NO, NO, NO},
        [LP_MQTT_SEND_CONNECT] = {NO, LP_MQTT_WAIT_CONNACK, NO, LP_MQTT_SEND_DISCONNECT, NO,
                                  LP_MQTT_IDLE},
        [LP_MQTT_WAIT_CONNACK] = {NO, NO, LP_MQTT_CONNECTED, LP_MQTT_SEND_DISCONNECT, NO,
                                  LP_MQTT_IDLE},
        [LP_MQTT_CONNECTED] = {NO, NO, NO, LP_MQTT_SEND_DISCONNECT, NO, LP_MQTT_IDLE},
        [LP_MQTT_SEND_DISCONNECT] = {NO, NO, NO, NO, LP_MQTT_IDLE, LP_MQTT_IDLE},
    };
    for (int from = 0; from < STATES; from++) {
        assert_string_not_equal(lp_mqtt_state_name((lp_mqtt_state_t)from), "unknown");
        for (int input = 0; input < INPUTS; input++) {
            lp_mqtt_t m = {.state_ = (lp_mqtt_state_t)from};
            bool is_possible = expected[from][input] != NO;
            assert_int_equal(mqtt_step(&m, (mqtt_input_t)input), is_possible);
            assert_int_equal(m.state_, is_possible ? expected[from][input] : from);
        }
    }
}

// The same from outside: every call in every state.
static void mqtt_calls_that_are_not_possible_change_nothing(void **state)
{
    (void)state;
    world_init(LP_MQTT_V4, NULL);
    assert_int_equal(lp_mqtt_disconnect(&w.m), LP_E_STATE);
    assert_int_equal(subscribe("a", 0, 1), LP_E_STATE);
    attach();
    assert_int_equal(lp_mqtt_attach(&w.m, &w.peer.stream), LP_E_STATE);
    assert_int_equal(subscribe("a", 0, 1), LP_E_STATE);
    SERVER_SENDS("\x20\x02\x00\x00");
    assert_int_equal(lp_mqtt_attach(&w.m, &w.peer.stream), LP_E_STATE);
    assert_int_equal(lp_mqtt_deinit(&w.m), LP_E_BUSY);
    assert_int_equal(lp_mqtt_disconnect(&w.m), LP_OK);
    assert_int_equal(lp_mqtt_disconnect(&w.m), LP_E_STATE);
    assert_int_equal(subscribe("a", 0, 1), LP_E_STATE);
    settle();
    assert_int_equal(lp_mqtt_state(&w.m), LP_MQTT_IDLE);
    assert_int_equal(w.event_count, 2);
    assert_int_equal(w.done_count, 0);
    world_end();
}

// --- CONNECT ------------------------------------------------------------------------------------

static void mqtt_v4_connect_bytes(void **state)
{
    (void)state;
    world_init(LP_MQTT_V4, NULL);
    attach();
    EXPECT_SENT("\x10\x0f\x00\x04MQTT\x04\x00\x00\x3c\x00\x03"
                "dev");
    world_end();
}

static const lp_span_t username = {(const uint8_t *)"user", 4};
static const lp_span_t password = {(const uint8_t *)"s3cret-in-connect", 17};
static const lp_mqtt_will_t will = {.topic = {(const uint8_t *)"w", 1},
                                    .payload = {(const uint8_t *)"gone", 4},
                                    .qos = 1,
                                    .is_retained = true};

static void with_everything(lp_mqtt_config_t *cfg)
{
    cfg->connect.username = &username;
    cfg->connect.password = &password;
    cfg->connect.will = &will;
    cfg->connect.clean_start = true;
    if (cfg->version == LP_MQTT_V5) {
        cfg->session_expiry_s = 3600;
    }
}

static void mqtt_v4_connect_with_will_and_credentials(void **state)
{
    (void)state;
    world_init(LP_MQTT_V4, with_everything);
    attach();
    EXPECT_SENT("\x10\x31\x00\x04MQTT\x04\xee\x00\x3c\x00\x03"
                "dev\x00\x01w\x00\x04gone\x00\x04user\x00\x11s3cret-in-connect");
    world_end();
}

static void mqtt_v5_connect_with_will_and_credentials(void **state)
{
    (void)state;
    world_init(LP_MQTT_V5, with_everything);
    attach();
    EXPECT_SENT("\x10\x3b\x00\x04MQTT\x05\xee\x00\x3c\x08\x11\x00\x00\x0e\x10\x21\x00\x14\x00\x03"
                "dev\x00\x00\x01w\x00\x04gone\x00\x04user\x00\x11s3cret-in-connect");
    world_end();
}

static bool rx_holds_password(void)
{
    for (size_t i = 0; i + password.len <= sizeof w.rx; i++) {
        if (memcmp(w.rx + i, password.ptr, password.len) == 0) {
            return true;
        }
    }
    return false;
}

static void mqtt_password_does_not_stay_in_memory(void **state)
{
    (void)state;
    world_init(LP_MQTT_V5, with_everything);
    assert_false(rx_holds_password());
    attach();
    assert_false(rx_holds_password());
    server_closes(LP_E_CLOSED);
    attach_shut(); // the connection ends before CONNECT went out
    assert_true(rx_holds_password());
    server_closes(LP_E_CLOSED);
    assert_false(rx_holds_password());
    world_end();
}

static void mqtt_configurations_that_cannot_be(void **state)
{
    (void)state;
    world_init(LP_MQTT_V4, NULL);
    lp_mqtt_t m;
    lp_mqtt_config_t c = w.cfg;
    c.version = (lp_mqtt_version_t)3;
    assert_int_equal(lp_mqtt_init(&m, &w.loop, &c, 1), LP_E_INVALID);
    c = w.cfg;
    c.on_event = NULL;
    assert_int_equal(lp_mqtt_init(&m, &w.loop, &c, 1), LP_E_INVALID);
    c = w.cfg;
    c.rx_cap = 127;
    assert_int_equal(lp_mqtt_init(&m, &w.loop, &c, 1), LP_E_INVALID);
    c = w.cfg;
    c.session_expiry_s = 1;
    assert_int_equal(lp_mqtt_init(&m, &w.loop, &c, 1), LP_E_INVALID);
    c = w.cfg;
    c.connect.client_id = STR("");
    assert_int_equal(lp_mqtt_init(&m, &w.loop, &c, 1), LP_E_INVALID);
    c.connect.clean_start = true;
    assert_int_equal(lp_mqtt_init(&m, &w.loop, &c, 1), LP_OK);
    c = w.cfg;
    c.connect.password = &password;
    assert_int_equal(lp_mqtt_init(&m, &w.loop, &c, 1), LP_E_INVALID);
    c = w.cfg;
    c.policy = LP_MQTT_DROP_OLDEST;
    c.slot_count = 1;
    assert_int_equal(lp_mqtt_init(&m, &w.loop, &c, 1), LP_E_INVALID);
    c = w.cfg;
    c.version = LP_MQTT_V5;
    c.retry_ms = 1;
    assert_int_equal(lp_mqtt_init(&m, &w.loop, &c, 1), LP_E_INVALID);
    c.retry_ms = 0;
    c.connect.props = STR("\x21\x00\x05");
    assert_int_equal(lp_mqtt_init(&m, &w.loop, &c, 1), LP_E_INVALID);
    c.connect.props = STR("\x26\x00\x01k\x00\x01v");
    assert_int_equal(lp_mqtt_init(&m, &w.loop, &c, 1), LP_OK);
    char id[400];
    memset(id, 'x', sizeof id);
    c.connect.client_id = lp_span(id, sizeof id);
    assert_int_equal(lp_mqtt_init(&m, &w.loop, &c, 1), LP_E_NOSPACE);
    world_end();
}

// What cfg.connect borrows was changed behind the session's back.
static void mqtt_receive_memory_can_be_another_for_each_connection(void **state)
{
    (void)state;
    static uint8_t other[200];
    world_init(LP_MQTT_V4, NULL);
    assert_int_equal(lp_mqtt_set_rx(&w.m, other, 127), LP_E_INVALID);
    assert_int_equal(lp_mqtt_set_rx(&w.m, NULL, 0), LP_OK);
    assert_int_equal(lp_mqtt_attach(&w.m, &w.peer.stream), LP_E_NOSPACE);
    assert_int_equal(lp_mqtt_state(&w.m), LP_MQTT_IDLE);
    assert_int_equal(lp_mqtt_set_rx(&w.m, other, sizeof other), LP_OK);
    attach();
    assert_int_equal(lp_mqtt_state(&w.m), LP_MQTT_WAIT_CONNACK);
    assert_int_equal(lp_mqtt_set_rx(&w.m, NULL, 0), LP_E_STATE);
    world_end();
}

static void mqtt_attach_with_a_will_gone_bad_fails_and_stays_idle(void **state)
{
    (void)state;
    static lp_mqtt_will_t changing;
    changing = will;
    world_init(LP_MQTT_V4, NULL);
    lp_mqtt_t m;
    lp_mqtt_config_t c = w.cfg;
    c.connect.will = &changing;
    assert_int_equal(lp_mqtt_init(&m, &w.loop, &c, 1), LP_OK);
    changing.topic = STR("#");
    assert_int_equal(lp_mqtt_attach(&m, &w.peer.stream), LP_E_INVALID);
    assert_int_equal(lp_mqtt_state(&m), LP_MQTT_IDLE);
    assert_int_equal(lp_mqtt_deinit(&m), LP_OK);
    assert_int_equal(w.event_count, 0);
    world_end();
}

typedef struct {
    lp_mqtt_version_t version;
    uint8_t code;
    lp_err_t why;
} refusal_t;

static void mqtt_refusals_say_why(void **state)
{
    (void)state;
    static const refusal_t refusals[] = {
        {LP_MQTT_V4, 1, LP_E_MQTT_REFUSED},    {LP_MQTT_V4, 2, LP_E_MQTT_REFUSED},
        {LP_MQTT_V4, 3, LP_E_MQTT_REFUSED},    {LP_MQTT_V4, 4, LP_E_UNAUTHORIZED},
        {LP_MQTT_V4, 5, LP_E_UNAUTHORIZED},    {LP_MQTT_V4, 7, LP_E_UNAUTHORIZED},
        {LP_MQTT_V5, 0x87, LP_E_UNAUTHORIZED}, {LP_MQTT_V5, 0x86, LP_E_UNAUTHORIZED},
        {LP_MQTT_V5, 0x97, LP_E_MQTT_REFUSED},
    };
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        world_init(refusals[i].version, NULL);
        attach();
        uint8_t connack[] = {0x20, 2, 0, refusals[i].code, 0};
        bool is_v5 = refusals[i].version == LP_MQTT_V5;
        connack[1] = is_v5 ? 3 : 2;
        server_sends(connack, is_v5 ? 5 : 4);
        assert_int_equal(w.event_count, 1);
        assert_int_equal(last_event()->id, LP_MQTT_EV_CLOSED);
        assert_int_equal(last_event()->why, refusals[i].why);
        assert_int_equal(last_event()->reason, refusals[i].code);
        assert_int_equal(w.events[0].connack.code, refusals[i].code);
        assert_true(w.peer.is_closed_by_client);
        world_end();
    }
}

static void mqtt_refusal_and_end_in_one_turn_keep_the_reason(void **state)
{
    (void)state;
    world_init(LP_MQTT_V4, NULL);
    attach();
    memcpy(w.peer.to_client, "\x20\x02\x00\x05", 4);
    w.peer.to_client_len = 4;
    server_closes(LP_E_NET_RESET);
    assert_int_equal(last_event()->why, LP_E_UNAUTHORIZED);
    assert_int_equal(last_event()->reason, 5);
    attach();
    server_closes(LP_E_NET_RESET);
    assert_int_equal(last_event()->why, LP_E_NET_RESET);
    world_end();
}

static void mqtt_no_connack_in_time_is_a_timeout(void **state)
{
    (void)state;
    world_init(LP_MQTT_V4, NULL);
    attach();
    wait_ms(9999);
    assert_int_equal(w.event_count, 0);
    wait_ms(1);
    assert_int_equal(last_event()->why, LP_E_TIMEOUT);
    attach_shut(); // and the same while the stream does not take CONNECT
    wait_ms(10000);
    assert_int_equal(last_event()->why, LP_E_TIMEOUT);
    world_end();
}

static void mqtt_session_present_after_a_clean_start_breaks_the_protocol(void **state)
{
    (void)state;
    world_init(LP_MQTT_V4, with_everything);
    attach();
    SERVER_SENDS("\x20\x02\x01\x00");
    assert_int_equal(last_event()->why, LP_E_MQTT_PROTOCOL);
    world_end();
}

// --- Keep alive ---------------------------------------------------------------------------------

static void mqtt_pings_when_idle_and_notices_a_dead_peer(void **state)
{
    (void)state;
    world_init(LP_MQTT_V4, NULL);
    login(false);
    for (int i = 0; i < 3; i++) {
        wait_ms(54999);
        EXPECT_SENT("");
        wait_ms(1);
        EXPECT_SENT("\xc0\x00");
        SERVER_SENDS("\xd0\x00");
    }
    wait_ms(55000);
    EXPECT_SENT("\xc0\x00");
    wait_ms(9999);
    assert_int_equal(lp_mqtt_state(&w.m), LP_MQTT_CONNECTED);
    wait_ms(1);
    assert_int_equal(last_event()->why, LP_E_TIMEOUT);
    assert_int_equal(lp_mqtt_stats(&w.m).pings, 4);
    world_end();
}

static void mqtt_traffic_in_both_directions_puts_the_ping_off(void **state)
{
    (void)state;
    world_init(LP_MQTT_V4, NULL);
    login(false);
    for (int i = 0; i < 5; i++) {
        wait_ms(30000);
        assert_int_equal(publish("a", "x", 1, 100 + i), LP_OK);
        settle();
        uint8_t ack[] = {0x40, 2, 0, (uint8_t)(i + 1)};
        server_sends(ack, sizeof ack);
    }
    assert_int_equal(lp_mqtt_stats(&w.m).pings, 0);
    // Sending alone does not: nobody may be there.
    forget_sent();
    for (int i = 0; i < 2; i++) {
        wait_ms(27500);
        assert_int_equal(publish("a", "x", 0, 200 + i), LP_OK);
        settle();
    }
    assert_int_equal(lp_mqtt_stats(&w.m).pings, 1);
    world_end();
}

static void mqtt_slow_large_message_holds_off_the_verdict(void **state)
{
    (void)state;
    world_init(LP_MQTT_V4, NULL);
    login(false);
    static uint8_t part[300] = {0x30, 0xe8, 0x07, 0, 1, 't'};
    wait_ms(54000);
    server_sends(part, sizeof part);
    for (int i = 0; i < 6; i++) { // PINGRESP waits behind it
        wait_ms(9000);
        uint8_t more[50] = {0};
        server_sends(more, sizeof more);
    }
    assert_int_equal(lp_mqtt_state(&w.m), LP_MQTT_CONNECTED);
    assert_int_equal(lp_mqtt_stats(&w.m).pings, 1);
    wait_ms(10000);
    assert_int_equal(last_event()->why, LP_E_TIMEOUT);
    world_end();
}

static void mqtt_slow_upload_holds_off_the_verdict(void **state)
{
    (void)state;
    static char text[3001];
    memset(text, 'u', sizeof text - 1);
    world_init(LP_MQTT_V4, NULL);
    login(false);
    w.peer.is_window_shut = true;
    assert_int_equal(publish("a", text, 1, 1), LP_OK);
    for (int i = 0; i < 20; i++) { // 180 s: three keep-alive intervals
        wait_ms(9000);
        open_window_for(100);
    }
    assert_int_equal(lp_mqtt_state(&w.m), LP_MQTT_CONNECTED);
    assert_int_equal(w.peer.to_server_len, 2000);
    wait_ms(55000 + 10000); // now nothing moves any more
    assert_int_equal(last_event()->why, LP_E_TIMEOUT);
    world_end();
}

static void without_keep_alive(lp_mqtt_config_t *cfg)
{
    cfg->connect.keep_alive_s = 0;
}

static void mqtt_keep_alive_zero_never_pings(void **state)
{
    (void)state;
    world_init(LP_MQTT_V4, without_keep_alive);
    login(false);
    wait_ms(100000000);
    EXPECT_SENT("");
    assert_int_equal(lp_mqtt_state(&w.m), LP_MQTT_CONNECTED);
    world_end();
}

static void mqtt_full_window_is_noticed_by_keep_alive(void **state)
{
    (void)state;
    world_init(LP_MQTT_V4, NULL);
    login(false);
    w.peer.is_window_shut = true;
    assert_int_equal(publish("a", "x", 1, 1), LP_OK);
    wait_ms(55000 + 9999);
    assert_int_equal(lp_mqtt_state(&w.m), LP_MQTT_CONNECTED);
    wait_ms(1);
    assert_int_equal(last_event()->why, LP_E_TIMEOUT);
    assert_int_equal(w.done_count, 0);
    world_end();
}

// --- Disconnecting ------------------------------------------------------------------------------

static void mqtt_disconnect_lets_the_packet_under_way_end(void **state)
{
    (void)state;
    world_init(LP_MQTT_V5, NULL);
    login(false);
    w.peer.is_window_shut = true;
    assert_int_equal(publish("a", "x", 1, 1), LP_OK);
    assert_int_equal(publish("a", "y", 1, 2), LP_OK);
    settle();
    assert_int_equal(lp_mqtt_disconnect(&w.m), LP_OK);
    settle();
    assert_int_equal(lp_mqtt_state(&w.m), LP_MQTT_SEND_DISCONNECT);
    w.peer.is_window_shut = false;
    SERVER_SENDS("\xd0\x00"); // any event lets it go on
    EXPECT_SENT("\x32\x07\x00\x01"
                "a\x00\x01\x00x\xe0\x00");
    assert_int_equal(last_event()->why, LP_OK);
    assert_int_equal(w.done_count, 0); // both wait for the next connection
    assert_int_equal(lp_mqtt_stats(&w.m).queued, 2);
    world_end();
}

static void mqtt_disconnect_before_connack(void **state)
{
    (void)state;
    world_init(LP_MQTT_V4, NULL);
    attach();
    forget_sent();
    assert_int_equal(lp_mqtt_disconnect(&w.m), LP_OK);
    EXPECT_SENT("\xe0\x00");
    assert_int_equal(last_event()->why, LP_OK);
    world_end();
}

static void mqtt_disconnect_that_cannot_be_sent_times_out(void **state)
{
    (void)state;
    world_init(LP_MQTT_V4, NULL);
    login(false);
    w.peer.is_window_shut = true;
    assert_int_equal(lp_mqtt_disconnect(&w.m), LP_OK);
    wait_ms(10000);
    assert_int_equal(lp_mqtt_state(&w.m), LP_MQTT_IDLE);
    assert_int_equal(last_event()->why, LP_E_TIMEOUT);
    world_end();
}

static void mqtt_v5_disconnect_of_the_server_carries_its_reason(void **state)
{
    (void)state;
    world_init(LP_MQTT_V5, NULL);
    login(false);
    SERVER_SENDS("\xe0\x01\x8e");
    assert_int_equal(last_event()->id, LP_MQTT_EV_CLOSED);
    assert_int_equal(last_event()->why, LP_E_CLOSED);
    assert_int_equal(last_event()->reason, 0x8e);
    world_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mqtt_every_state_and_input),
        cmocka_unit_test(mqtt_calls_that_are_not_possible_change_nothing),
        cmocka_unit_test(mqtt_v4_connect_bytes),
        cmocka_unit_test(mqtt_v4_connect_with_will_and_credentials),
        cmocka_unit_test(mqtt_v5_connect_with_will_and_credentials),
        cmocka_unit_test(mqtt_password_does_not_stay_in_memory),
        cmocka_unit_test(mqtt_configurations_that_cannot_be),
        cmocka_unit_test(mqtt_receive_memory_can_be_another_for_each_connection),
        cmocka_unit_test(mqtt_attach_with_a_will_gone_bad_fails_and_stays_idle),
        cmocka_unit_test(mqtt_refusals_say_why),
        cmocka_unit_test(mqtt_refusal_and_end_in_one_turn_keep_the_reason),
        cmocka_unit_test(mqtt_no_connack_in_time_is_a_timeout),
        cmocka_unit_test(mqtt_session_present_after_a_clean_start_breaks_the_protocol),
        cmocka_unit_test(mqtt_pings_when_idle_and_notices_a_dead_peer),
        cmocka_unit_test(mqtt_traffic_in_both_directions_puts_the_ping_off),
        cmocka_unit_test(mqtt_slow_large_message_holds_off_the_verdict),
        cmocka_unit_test(mqtt_slow_upload_holds_off_the_verdict),
        cmocka_unit_test(mqtt_keep_alive_zero_never_pings),
        cmocka_unit_test(mqtt_full_window_is_noticed_by_keep_alive),
        cmocka_unit_test(mqtt_disconnect_lets_the_packet_under_way_end),
        cmocka_unit_test(mqtt_disconnect_before_connack),
        cmocka_unit_test(mqtt_disconnect_that_cannot_be_sent_times_out),
        cmocka_unit_test(mqtt_v5_disconnect_of_the_server_carries_its_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
