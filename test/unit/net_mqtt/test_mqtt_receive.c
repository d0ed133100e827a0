// SPDX-License-Identifier: Apache-2.0
// What the session makes of what comes, and of callbacks that act.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "peer.h"

#define STR(s) lp_span(s, sizeof(s) - 1)

// --- Receiving ----------------------------------------------------------------------------------

static void mqtt_receives_qos_0_1_2(void **state)
{
    (void)state;
    world_init(LP_MQTT_V4, NULL);
    login(true);
    SERVER_SENDS("\x31\x06\x00\x03t/0!");
    EXPECT_SENT("");
    SERVER_SENDS("\x32\x07\x00\x01t\x12\x34hi");
    EXPECT_SENT("\x40\x02\x12\x34");
    SERVER_SENDS("\x34\x05\x00\x01t\x00\x09");
    EXPECT_SENT("\x50\x02\x00\x09");
    SERVER_SENDS("\x3c\x05\x00\x01t\x00\x09"); // again: the answer was lost
    EXPECT_SENT("\x50\x02\x00\x09");
    SERVER_SENDS("\x62\x02\x00\x09");
    EXPECT_SENT("\x70\x02\x00\x09");
    SERVER_SENDS("\x62\x02\x00\x09"); // again
    EXPECT_SENT("\x70\x02\x00\x09");
    SERVER_SENDS("\x34\x05\x00\x01t\x00\x09"); // the identifier is free again
    EXPECT_SENT("\x50\x02\x00\x09");
    assert_int_equal(w.message_count, 4);
    assert_string_equal(w.messages[0].topic, "t/0");
    assert_true(w.messages[0].is_retained);
    assert_memory_equal(w.messages[0].payload, "!", 1);
    assert_int_equal(w.messages[1].qos, 1);
    assert_int_equal(w.messages[1].got, 2);
    assert_int_equal(w.messages[2].total, 0);
    assert_int_equal(lp_mqtt_stats(&w.m).duplicates, 1);
    assert_int_equal(lp_mqtt_stats(&w.m).received, 4);
    world_end();
}

static void mqtt_qos2_is_delivered_once_across_connections(void **state)
{
    (void)state;
    world_init(LP_MQTT_V5, NULL);
    login(false);
    SERVER_SENDS("\x34\x06\x00\x01t\x00\x09\x00");
    EXPECT_SENT("\x50\x02\x00\x09");
    server_closes(LP_E_CLOSED);
    login(true);
    SERVER_SENDS("\x3c\x06\x00\x01t\x00\x09\x00");
    EXPECT_SENT("\x50\x02\x00\x09");
    assert_int_equal(w.message_count, 1);
    SERVER_SENDS("\x62\x03\x00\x09\x00\x62\x02\x00\x0a");
    EXPECT_SENT("\x70\x02\x00\x09\x70\x03\x00\x0a\x92"); // the second was never received
    SERVER_SENDS("\x34\x06\x00\x01t\x00\x0b\x00");
    server_closes(LP_E_CLOSED);
    login(false); // a new session: the identifier means another message
    SERVER_SENDS("\x34\x06\x00\x01t\x00\x0b\x00");
    assert_int_equal(w.message_count, 3);
    world_end();
}

static void mqtt_more_qos2_than_can_be_remembered_are_left_to_the_server(void **state)
{
    (void)state;
    world_init(LP_MQTT_V4, NULL);
    login(false);
    for (unsigned i = 1; i <= LP_MQTT_RX_QOS2_MAX + 1; i++) {
        uint8_t msg[] = {0x34, 5, 0, 1, 't', 0, (uint8_t)i};
        server_sends(msg, sizeof msg);
    }
    assert_int_equal(w.message_count, LP_MQTT_RX_QOS2_MAX);
    assert_int_equal(w.peer.to_server_len, 4 * LP_MQTT_RX_QOS2_MAX);
    assert_int_equal(lp_mqtt_stats(&w.m).skipped, 1);
    SERVER_SENDS("\x62\x02\x00\x01\x3c\x05\x00\x01t\x00\x15");
    assert_int_equal(w.message_count, LP_MQTT_RX_QOS2_MAX + 1);
    world_end();
}

// A message of `len` bytes with QoS 1, identifier 7, then a small one to see that all is in step.
static void send_large(size_t len)
{
    static uint8_t packet[PEER_CAP];
    lp_buf_t b = lp_buf(packet, sizeof packet);
    static uint8_t payload[PEER_CAP];
    for (size_t i = 0; i < len; i++) {
        payload[i] = (uint8_t)(i * 13);
    }
    lp_mqtt_publish_t p = {
        .topic = STR("large"), .payload = lp_span(payload, len), .qos = 1, .packet_id = 7};
    assert_int_equal(lp_mqtt_encode_publish(&b, w.cfg.version, &p), LP_OK);
    server_sends(packet, b.len);
    SERVER_SENDS("\xd0\x00");
}

static void mqtt_messages_of_every_size_around_the_buffer(void **state)
{
    (void)state;
    for (size_t len = 230; len <= 520; len++) {
        world_init(LP_MQTT_V4, NULL);
        login(false);
        w.peer.max_read = len % 7 == 0 ? 11 : 0;
        send_large(len);
        EXPECT_SENT("\x40\x02\x00\x07");
        assert_int_equal(w.message_count, 1);
        assert_int_equal(w.messages[0].got, len);
        assert_string_equal(w.messages[0].topic, "large");
        for (size_t i = 0; i < len && i < 512; i++) {
            assert_int_equal(w.messages[0].payload[i], (uint8_t)(i * 13));
        }
        assert_int_equal(lp_mqtt_state(&w.m), LP_MQTT_CONNECTED);
        world_end();
    }
}

static void mqtt_large_message_comes_in_pieces_and_is_acknowledged_at_the_end(void **state)
{
    (void)state;
    world_init(LP_MQTT_V5, NULL);
    login(false);
    server_sends("\x32\xf0\x01\x00\x05large\x00\x07\x00", 13); // 240 bytes: fits
    assert_int_equal(w.message_count, 0);
    server_closes(LP_E_CLOSED);
    login(true);
    send_large(60000);
    assert_int_equal(w.messages[0].got, 60000);
    assert_true(w.messages[0].pieces > 200);
    EXPECT_SENT("\x40\x02\x00\x07");
    world_end();
}

static void mqtt_cut_large_message_is_not_acknowledged(void **state)
{
    (void)state;
    world_init(LP_MQTT_V4, NULL);
    login(false);
    static uint8_t part[300] = {0x32, 0xe8, 0x07, 0, 1, 't', 0, 7}; // 1,000 bytes to come
    server_sends(part, sizeof part);
    assert_int_equal(w.messages[0].got, 300 - 8);
    server_closes(LP_E_CLOSED);
    login(true);
    EXPECT_SENT("");
    send_large(20); // the next connection is in step
    assert_int_equal(w.messages[1].got, 20);
    world_end();
}

static void mqtt_message_whose_topic_does_not_fit_is_passed_over(void **state)
{
    (void)state;
    world_init(LP_MQTT_V4, NULL);
    login(false);
    static uint8_t packet[1000] = {0x32, 0xe5, 0x07, 0x02, 0x00}; // a topic of 512 bytes
    memset(packet + 5, 'x', sizeof packet - 5);
    server_sends(packet, sizeof packet);
    assert_int_equal(w.message_count, 0);
    assert_int_equal(lp_mqtt_stats(&w.m).skipped, 1);
    SERVER_SENDS("\x30\x04\x00\x01th");
    assert_int_equal(w.message_count, 1);
    assert_int_equal(lp_mqtt_state(&w.m), LP_MQTT_CONNECTED);
    world_end();
}

// The head of the packet fills the buffer to the last byte, so the first piece is empty.
static void mqtt_topic_that_just_fits_comes_with_an_empty_piece(void **state)
{
    (void)state;
    world_init(LP_MQTT_V4, NULL);
    login(false);
    uint8_t packet[256 + 100] = {0x30, 0xe1, 0x02, 0, 251}; // 353 bytes: 2 + 251 + 100
    memset(packet + 5, 't', 251);
    memset(packet + 256, 'p', 100);
    w.in_message = NULL;
    server_sends(packet, 256);
    assert_int_equal(w.message_count, 1);
    assert_int_equal(w.messages[0].got, 0);
    assert_int_equal(w.messages[0].total, 100);
    server_sends(packet + 256, 60);
    server_sends(packet + 316, 40);
    assert_int_equal(w.message_count, 1);
    assert_int_equal(w.messages[0].got, 100);
    assert_int_equal(w.messages[0].pieces, 3);
    world_end();
}

static void no_on_message(lp_mqtt_config_t *cfg)
{
    cfg->on_message = NULL;
}

static void mqtt_without_a_message_callback_messages_are_acknowledged(void **state)
{
    (void)state;
    world_init(LP_MQTT_V4, no_on_message);
    login(false);
    SERVER_SENDS("\x32\x07\x00\x01t\x12\x34hi");
    EXPECT_SENT("\x40\x02\x12\x34");
    world_end();
}

// --- Callbacks that act -------------------------------------------------------------------------

static void publish_from_message(void)
{
    (void)publish("echo", "back", 1, 77);
}

static void disconnect_from_message(void)
{
    assert_int_equal(lp_mqtt_disconnect(&w.m), LP_OK);
    assert_int_equal(lp_mqtt_deinit(&w.m), LP_E_BUSY);
}

static void mqtt_publish_from_a_message_callback(void **state)
{
    (void)state;
    world_init(LP_MQTT_V4, NULL);
    login(false);
    w.in_message = publish_from_message;
    SERVER_SENDS("\x32\x07\x00\x01t\x00\x05hi");
    EXPECT_SENT("\x40\x02\x00\x05\x32\x0c\x00\x04"
                "echo\x00\x01"
                "back");
    world_end();
}

static void mqtt_disconnect_from_a_message_callback(void **state)
{
    (void)state;
    world_init(LP_MQTT_V4, NULL);
    login(false);
    w.in_message = disconnect_from_message;
    SERVER_SENDS("\x32\x07\x00\x01t\x00\x05hi\x32\x07\x00\x01t\x00\x06hi");
    EXPECT_SENT("\xe0\x00"); // not acknowledged: the server will send it again
    assert_int_equal(w.message_count, 1);
    assert_int_equal(last_event()->why, LP_OK);
    world_end();
}

static void disconnect_from_last_piece(void)
{
    const seen_message_t *msg = &w.messages[w.message_count - 1];
    if (msg->got == msg->total) {
        assert_int_equal(lp_mqtt_disconnect(&w.m), LP_OK);
    }
}

static void mqtt_disconnect_from_the_last_piece(void **state)
{
    (void)state;
    world_init(LP_MQTT_V4, NULL);
    login(false);
    w.in_message = disconnect_from_last_piece;
    send_large(1000);
    EXPECT_SENT("\xe0\x00"); // and no acknowledgement behind it
    assert_int_equal(last_event()->why, LP_OK);
    world_end();
}

static void mqtt_qos2_delivered_before_a_disconnect_is_not_delivered_again(void **state)
{
    (void)state;
    world_init(LP_MQTT_V4, NULL);
    login(false);
    w.in_message = disconnect_from_message;
    SERVER_SENDS("\x34\x06\x00\x01t\x00\x09m");
    EXPECT_SENT("\xe0\x00");
    w.in_message = NULL;
    login(true);
    SERVER_SENDS("\x3c\x06\x00\x01t\x00\x09m");
    EXPECT_SENT("\x50\x02\x00\x09");
    assert_int_equal(w.message_count, 1);
    world_end();
}

static void attach_again(const lp_mqtt_event_t *ev)
{
    if (ev->id == LP_MQTT_EV_CLOSED) {
        w.in_event = NULL;
        assert_int_equal(lp_mqtt_deinit(&w.m), LP_E_BUSY);
        w.peer.is_closed_by_client = false;
        w.peer.is_closed_by_server = false;
        w.peer.to_client_len = 0;
        assert_int_equal(lp_mqtt_attach(&w.m, &w.peer.stream), LP_OK);
    }
}

static void mqtt_attach_from_the_closed_callback(void **state)
{
    (void)state;
    static const char *const last_words[] = {"", "\xff", "\x20\x02",
                                             "\x32\x07\x00\x01t\x00\x05hi\xc0\x00"};
    for (size_t i = 0; i < sizeof last_words / sizeof last_words[0]; i++) {
        world_init(LP_MQTT_V4, NULL);
        login(false);
        assert_int_equal(publish("a", "1", 1, 1), LP_OK);
        assert_int_equal(subscribe("s", 1, 2), LP_OK);
        settle();
        forget_sent();
        w.in_event = attach_again;
        size_t len = i == 3 ? 11 : strlen(last_words[i]);
        server_sends(last_words[i], len);
        if (lp_mqtt_stats(&w.m).connects == 1 && w.event_count == 1) {
            server_closes(LP_E_CLOSED);
        }
        assert_int_equal(lp_mqtt_state(&w.m), LP_MQTT_WAIT_CONNACK);
        assert_int_equal(done_of(2)->err, LP_E_CLOSED);
        SERVER_SENDS("\x20\x02\x01\x00\x40\x02\x00\x01");
        assert_int_equal(done_of(1)->err, LP_OK);
        world_end();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mqtt_receives_qos_0_1_2),
        cmocka_unit_test(mqtt_qos2_is_delivered_once_across_connections),
        cmocka_unit_test(mqtt_more_qos2_than_can_be_remembered_are_left_to_the_server),
        cmocka_unit_test(mqtt_messages_of_every_size_around_the_buffer),
        cmocka_unit_test(mqtt_large_message_comes_in_pieces_and_is_acknowledged_at_the_end),
        cmocka_unit_test(mqtt_cut_large_message_is_not_acknowledged),
        cmocka_unit_test(mqtt_message_whose_topic_does_not_fit_is_passed_over),
        cmocka_unit_test(mqtt_topic_that_just_fits_comes_with_an_empty_piece),
        cmocka_unit_test(mqtt_without_a_message_callback_messages_are_acknowledged),
        cmocka_unit_test(mqtt_publish_from_a_message_callback),
        cmocka_unit_test(mqtt_disconnect_from_a_message_callback),
        cmocka_unit_test(mqtt_disconnect_from_the_last_piece),
        cmocka_unit_test(mqtt_qos2_delivered_before_a_disconnect_is_not_delivered_again),
        cmocka_unit_test(mqtt_attach_from_the_closed_callback),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
