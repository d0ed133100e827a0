// SPDX-License-Identifier: Apache-2.0
// The server's half of MQTT: what a device may send, and what it may not.
#include "desk.h"

#include <stdlib.h>
#include <string.h>

#include "packet.h"

#define BYTES(...) (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})

typedef struct {
    const uint8_t *bytes;
    size_t len;
    const char *words; // null: it is right
} row_t;

static void connect_rules_are_kept(void **state)
{
    (void)state;
    const row_t rows[] = {
        {BYTES(0, 4, 'M', 'Q', 'T', 'T', 4, 2, 0, 60, 0, 1, 'a'), NULL},
        {BYTES(0, 4, 'M', 'Q', 'T', 'T', 5, 2, 0, 60, 0, 0, 1, 'a'), NULL},
        {BYTES(0, 4, 'M', 'Q', 'T', 'T', 5, 2, 0, 60, 5, 0x11, 0, 0, 1, 0, 0, 1, 'a'), NULL},
        {BYTES(0, 4, 'M', 'Q', 'T', 'T', 4, 0x0e, 0, 60, 0, 1, 'a', 0, 1, 't', 0, 0), NULL},
        {BYTES(0, 4, 'M', 'Q', 'T', 'T', 4, 0xc2, 0, 60, 0, 1, 'a', 0, 1, 'u', 0, 1, 'p'), NULL},
        {BYTES(0, 6, 'M', 'Q', 'I', 's', 'd', 'p', 3, 2, 0, 60, 0, 1, 'a'), "protocol name"},
        {BYTES(0, 4, 'M', 'Q', 'T', 'T', 3, 2, 0, 60, 0, 1, 'a'), "protocol level"},
        {BYTES(0, 4, 'M', 'Q', 'T', 'T', 4, 3, 0, 60, 0, 1, 'a'), "reserved"},
        {BYTES(0, 4, 'M', 'Q', 'T', 'T', 4, 0x0a, 0, 60, 0, 1, 'a'), "without a will"},
        {BYTES(0, 4, 'M', 'Q', 'T', 'T', 4, 0x1e, 0, 60, 0, 1, 'a'), "QoS 3"},
        {BYTES(0, 4, 'M', 'Q', 'T', 'T', 4, 0x42, 0, 60, 0, 1, 'a', 0, 0), "without a user"},
        {BYTES(0, 4, 'M', 'Q', 'T', 'T', 4, 2, 0, 60, 0, 0), "client id is empty"},
        {BYTES(0, 4, 'M', 'Q', 'T', 'T', 4, 2, 0, 60, 0, 1, 'a', 'b'), "do not fit"},
        {BYTES(0, 4, 'M', 'Q', 'T', 'T', 4, 2, 0, 60, 0, 2, 'a'), "do not fit"},
        {BYTES(0, 4, 'M', 'Q', 'T', 'T', 4, 6, 0, 60, 0, 1, 'a', 0, 1, '#', 0, 0), "do not fit"},
        {BYTES(0, 4, 'M', 'Q', 'T', 'T', 5, 2, 0, 60, 1, 0x7f, 0, 1, 'a'), "properties"},
        {BYTES(0, 4, 'M', 'Q', 'T', 'T', 5, 2, 0, 60, 0x80, 0x80, 0x80, 0x80, 1), "properties"},
        {BYTES(0, 4, 'M', 'Q', 'T', 'T', 4, 2, 0), "ends too soon"},
        {BYTES(0, 4, 'M', 'Q'), "protocol name"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        adv_connect_t c;
        const char *why = "";
        const lp_err_t err = adv_decode_connect(lp_span(rows[i].bytes, rows[i].len), &c, &why);
        assert_int_equal(err, rows[i].words == NULL ? LP_OK : LP_E_FORMAT);
        if (rows[i].words != NULL) {
            assert_non_null(strstr(why, rows[i].words));
        }
    }
}

static void subscribe_rules_are_kept(void **state)
{
    (void)state;
    const row_t rows[] = {
        {BYTES(0, 7, 0, 1, 'a', 1), NULL},
        {BYTES(0, 7, 0, 1, 'a', 0, 0, 1, 'b', 2), NULL},
        {BYTES(0, 0, 0, 1, 'a', 1), "packet identifier"},
        {BYTES(0, 7), "do not fit"},
        {BYTES(0, 7, 0, 1, 'a'), "do not fit"},
        {BYTES(0, 7, 0, 1, 'a', 3), "options"},
        {BYTES(0, 7, 0, 1, 'a', 4), "options"}, // no local is version 5's
        {BYTES(0, 7, 0, 2, 'a', '#', 1), "filter"},
        {BYTES(0, 7, 0, 0, 1), "filter"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        adv_subscribe_t s;
        const char *why = "";
        const lp_err_t err =
            adv_decode_subscribe(LP_MQTT_V4, false, lp_span(rows[i].bytes, rows[i].len), &s, &why);
        assert_int_equal(err, rows[i].words == NULL ? LP_OK : LP_E_FORMAT);
        if (rows[i].words != NULL) {
            assert_non_null(strstr(why, rows[i].words));
        }
    }
}

static void subscribe_with_too_many_filters_is_refused(void **state)
{
    (void)state;
    uint8_t body[2 + 17 * 4] = {0, 7};
    adv_subscribe_t s;
    const char *why = "";
    for (size_t i = 0; i < 17; i++) {
        memcpy(body + 2 + 4 * i, "\0\1a\1", 4);
    }
    assert_int_equal(adv_decode_subscribe(LP_MQTT_V4, false, lp_span(body, 2 + 16 * 4), &s, &why),
                     LP_OK);
    assert_int_equal(adv_decode_subscribe(LP_MQTT_V4, false, lp_span(body, sizeof body), &s, &why),
                     LP_E_FORMAT);
}

// --- in a run -----------------------------------------------------------------------------------

static void bytes_may_come_one_by_one(void **state)
{
    (void)state;
    uint8_t room[128];
    lp_buf_t out = lp_buf(room, sizeof room);
    const lp_mqtt_connect_t c = {.client_id = lp_span_str("dev1"), .clean_start = true};
    assert_int_equal(lp_mqtt_encode_connect(&out, LP_MQTT_V4, &c), LP_OK);
    desk_start("MQTT_Connect", NULL);
    desk_open(0);
    desk_secure(0);
    for (size_t i = 0; i < out.len; i++) {
        desk_expect_running();
        desk_bytes(0, room + i, 1);
    }
    assert_int_equal(desk.connacks, 1);
    desk_expect(LP_ADVISOR_PASS, "valid CONNECT");
}

static void both_versions_are_answered_in_kind(void **state)
{
    (void)state;
    for (int v = LP_MQTT_V4; v <= LP_MQTT_V5; v++) {
        desk_start("Shadow_Publish_Reported_State", NULL);
        desk.version = (lp_mqtt_version_t)v;
        desk_login(0);
        desk_subscribe(0, 9, "a/#", 1);
        desk_publish(0, "a", "b", 1, 10, false);
        desk_ping(0);
        assert_int_equal(desk.connacks, 1);
        assert_int_equal(desk.subacks, 1);
        assert_int_equal(desk.pubacks, 1);
        assert_int_equal(desk.pingresps, 1);
        desk_expect_running();
        desk_stop();
    }
}

typedef struct {
    const char *bytes;
    size_t len;
    const char *words;
} hostile_t;

static void what_breaks_the_protocol_fails_the_case_and_closes(void **state)
{
    (void)state;
    static const hostile_t rows[] = {
        {"\x00\x00", 2, "header"},
        {"\x30\xff\xff\xff\xff", 5, "header"},
        {"\x30\xff\xff\xff\x7f", 5, "larger than AWS"},
        {"\x20\x02\x00\x00", 4, "not one that a client may send"},
        {"\x30\x02\x00\x05", 4, "PUBLISH"},
        {"\x30\x03\x00\x01#", 5, "PUBLISH"},
        {"\x34\x05\x00\x01t\x00\x01", 7, "QoS 2"},
        {"\x32\x05\x00\x01t\x00\x00", 7, "PUBLISH"}, // packet identifier 0
        {"\x40\x02\x00\x00", 4, "PUBACK"},
        {"\x82\x02\x00\x01", 4, "SUBSCRIBE"},
        {"\x10\x0d\x00\x04MQTT\x04\x02\x00\x3c\x00\x01z", 15, "second one"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        desk_start("Shadow_Publish_Reported_State", NULL);
        desk_login(0);
        desk_bytes(0, rows[i].bytes, rows[i].len);
        assert_int_equal(desk.closes, 1);
        desk_bytes(0, "\xc0\x00", 2); // comes too late
        assert_int_equal(desk.pingresps, 0);
        desk_expect(LP_ADVISOR_FAIL, rows[i].words);
    }
}

static void first_packet_must_be_connect(void **state)
{
    (void)state;
    desk_start("MQTT_Subscribe", NULL);
    desk_open(0);
    desk_secure(0);
    desk_ping(0);
    desk_expect(LP_ADVISOR_FAIL, "not CONNECT");
}

static void second_login_takes_the_first_over(void **state)
{
    (void)state;
    desk_start("MQTT_Publish", NULL);
    desk_login(0);
    desk_login(1);
    assert_int_equal(desk.closes, 1);
    assert_int_equal(desk.last_closed, 0);
    assert_int_equal(desk.connacks, 2);
    desk_stop();
}

static void large_message_up_to_the_limit_is_taken(void **state)
{
    (void)state;
    enum { LEN = 128 * 1024 };
    desk_start("MQTT_Publish", NULL);
    desk_login(0);
    uint8_t *packet = calloc(1, LEN + 16);
    const uint8_t head[] = {0x30, 0x83, 0x80, 0x08, 0, 1, 't'}; // 131,075 bytes follow the header
    assert_non_null(packet);
    memcpy(packet, head, sizeof head);
    desk_bytes(0, packet, 70000);
    desk_expect_running();
    desk_bytes(0, packet + 70000, 4 + 131075 - 70000);
    free(packet);
    desk_expect(LP_ADVISOR_PASS, "QoS 0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connect_rules_are_kept),
        cmocka_unit_test(subscribe_rules_are_kept),
        cmocka_unit_test(subscribe_with_too_many_filters_is_refused),
        cmocka_unit_test(bytes_may_come_one_by_one),
        cmocka_unit_test(both_versions_are_answered_in_kind),
        cmocka_unit_test(what_breaks_the_protocol_fails_the_case_and_closes),
        cmocka_unit_test(first_packet_must_be_connect),
        cmocka_unit_test(second_login_takes_the_first_over),
        cmocka_unit_test(large_message_up_to_the_limit_is_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
