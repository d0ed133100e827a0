// SPDX-License-Identifier: Apache-2.0
// The cloud service as other services use it, and the settings of its session.
#include "cloud_rig.h"

#include <stdio.h>
#include <string.h>

enum { INBOX = 1000 }; // of the rig

// -- what services get

static struct {
    unsigned logins, messages, subscribed;
    bool session_present;
    char topic[300];
    char payload[1100];
    size_t len;
} got;

static void on_connected(void *ctx, bool session_present)
{
    (void)ctx;
    got.logins++;
    got.session_present = session_present;
}

static void on_message(void *ctx, const char *topic, lp_span_t payload)
{
    (void)ctx;
    got.messages++;
    got.len = payload.len;
    snprintf(got.topic, sizeof got.topic, "%s", topic);
    snprintf(got.payload, sizeof got.payload, "%.*s", (int)payload.len, (const char *)payload.ptr);
}

static void add_client(void)
{
    static lp_cloud_client_t client;
    memset(&got, 0, sizeof got);
    client = (lp_cloud_client_t){.on_connected = on_connected, .on_message = on_message};
    lp_svc_cloud_add_client(&cloud, &client);
}

// A message with QoS 0 from the broker, all at once or in two parts.
static void feed_message(const char *topic, size_t len, size_t first)
{
    static uint8_t packet[3000];
    const size_t topic_len = strlen(topic);
    const size_t remaining = 2 + topic_len + len;
    size_t n = 0;
    packet[n++] = 0x30;
    packet[n++] = (uint8_t)(remaining > 127 ? 0x80u | (remaining & 0x7f) : remaining);
    if (remaining > 127) {
        packet[n++] = (uint8_t)(remaining >> 7);
    }
    packet[n++] = 0;
    packet[n++] = (uint8_t)topic_len;
    memcpy(packet + n, topic, topic_len);
    n += topic_len;
    for (size_t i = 0; i < len; i++) {
        packet[n++] = (uint8_t)('a' + i % 26);
    }
    fake_stream_feed(&net.wire, packet, first);
    rig_run(50);
    fake_stream_feed(&net.wire, packet + first, n - first);
    rig_run(50);
}

static void cloud_messages_are_put_together(void **state)
{
    (void)state;
    add_client();
    rig_connect();
    assert_int_equal(got.logins, 1);
    assert_false(got.session_present);
    feed_message("a/b", 20, 9);
    assert_string_equal(got.topic, "a/b");
    assert_string_equal(got.payload, "abcdefghijklmnopqrst");
    feed_message("a/c", INBOX, 700); // larger than rx: it comes in pieces
    assert_int_equal(got.messages, 2);
    assert_int_equal(got.len, INBOX);
    feed_message("a/d", INBOX + 1, 40);
    assert_int_equal(got.messages, 2);
    assert_true(fake_log_contains("too large and was passed over"));
    feed_message("a/e", 0, 4);
    assert_int_equal(got.messages, 3);
    assert_string_equal(got.topic, "a/e");
}

static void cloud_message_cut_off_by_a_lost_connection_is_not_delivered(void **state)
{
    (void)state;
    add_client();
    rig_connect();
    fake_stream_feed(&net.wire,
                     "\x30\xc8\x01\x00\x03"
                     "a/bxxxx",
                     12);
    rig_run(50);
    fake_stream_hang_up(&net.wire, LP_E_NET_RESET);
    rig_run(5000);
    assert_int_equal(got.logins, 2);
    assert_int_equal(got.messages, 0);
    feed_message("a/b", 5, 8);
    assert_int_equal(got.messages, 1);
    assert_string_equal(got.payload, "abcde");
}

static void on_subscribed(void *ctx, lp_err_t err, const lp_mqtt_result_t *result)
{
    (void)ctx;
    (void)result;
    got.subscribed += err == LP_OK ? 1 : 0;
}

static void cloud_services_subscribe_and_send_when_connected(void **state)
{
    (void)state;
    const lp_mqtt_filter_t filter = {.filter = lp_span_str("a/#"), .qos = 1};
    assert_int_equal(lp_svc_cloud_subscribe(&cloud, &filter, 1, on_subscribed, NULL), LP_E_STATE);
    assert_int_equal(lp_svc_cloud_send(&cloud, "t", lp_span_str("x"), 1, NULL, NULL), LP_E_STATE);
    memset(&got, 0, sizeof got);
    rig_connect();
    assert_int_equal(lp_svc_cloud_subscribe(&cloud, &filter, 1, on_subscribed, NULL), LP_OK);
    assert_int_equal(lp_svc_cloud_send(&cloud, "t/u", lp_span_str("x"), 1, NULL, NULL), LP_OK);
    rig_run(100);
    assert_int_equal(got.subscribed, 1);
    assert_string_equal(net.topic, "t/u");
    assert_string_equal(lp_svc_cloud_thing(&cloud), "t1");
}

// Enabled again, it has a session as the settings say now.
static void cloud_settings_of_the_session_count_when_it_is_enabled_again(void **state)
{
    (void)state;
    rig_connect();
    assert_int_equal(net.connect_flags, 2); // clean session
    assert_int_equal(net.keep_alive_s, 60);
    rig_set("\"cloud\":{\"enable\":false}");
    rig_run(1000);
    rig_set("\"cloud\":{\"enable\":true,\"persistent\":true,\"keep_alive_s\":30}");
    rig_run(5000);
    assert_string_equal(rig_status("state"), "\"connected\"");
    assert_int_equal(net.connect_flags, 0);
    assert_int_equal(net.keep_alive_s, 30);
    rig_set("\"cloud\":{\"enable\":false}");
    rig_run(1000);
    rig_set("\"cloud\":{\"enable\":true,\"client_id\":\"other\"}");
    rig_run(5000);
    assert_string_equal(rig_status("client_id"), "\"other\"");
}

static void cloud_unacknowledged_message_is_sent_again_on_the_same_connection(void **state)
{
    (void)state;
    rig_connect();
    net.acknowledges = false;
    assert_int_equal(lp_svc_cloud_publish(&cloud, "x", lp_span_str("1")), LP_OK);
    rig_run(14000);
    assert_int_equal(net.publishes, 1);
    rig_run(3000); // cloud.retry_s
    assert_int_equal(net.publishes, 2);
    assert_int_equal(net.dials, 1);
}

static void cloud_disabled_during_a_login_that_hangs_is_off_when_it_fails(void **state)
{
    (void)state;
    rig_connect();
    net.connack = 3; // server unavailable
    fake_stream_hang_up(&net.wire, LP_E_NET_RESET);
    rig_run(1500);
    rig_set("\"cloud\":{\"enable\":false}");
    rig_run(2000);
    assert_string_equal(rig_status("state"), "\"off\"");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)
    const struct CMUnitTest tests[] = {
        T(cloud_messages_are_put_together),
        T(cloud_message_cut_off_by_a_lost_connection_is_not_delivered),
        T(cloud_services_subscribe_and_send_when_connected),
        T(cloud_settings_of_the_session_count_when_it_is_enabled_again),
        T(cloud_unacknowledged_message_is_sent_again_on_the_same_connection),
        T(cloud_disabled_during_a_login_that_hangs_is_off_when_it_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
