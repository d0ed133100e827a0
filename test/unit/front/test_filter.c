// SPDX-License-Identifier: Apache-2.0
// Each of AWS's departures from MQTT, with virtual time; and every packet cut at every byte.
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
// after the above
#include <cmocka.h>

#include "limpet/front_filter.h"
#include "limpet/mqtt_server.h"

enum { ROOM = 200 * 1024 };

static const lp_pass_key_t key = {{1, 2, 3}};
static const char pem[] = "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n";
static uint8_t room[ROOM];

typedef struct {
    lp_filter_t f;
    lp_bytes_t up, down;
    int64_t now;
} rig_t;

static void rig_open(rig_t *r)
{
    const lp_filter_peer_t peer = {.key = &key, .pem = pem, .address = "127.0.0.1"};
    *r = (rig_t){.now = 1000};
    lp_filter_init(&r->f, &peer, r->now);
}

static void rig_close(rig_t *r)
{
    lp_filter_deinit(&r->f);
    lp_bytes_free(&r->up);
    lp_bytes_free(&r->down);
}

static bool up(rig_t *r, const lp_buf_t *b)
{
    return lp_filter_up(&r->f, r->now, lp_buf_span(b), &r->up, &r->down);
}

static lp_buf_t connect_packet(lp_mqtt_version_t v, lp_mqtt_connect_t c)
{
    lp_buf_t b = lp_buf(room, sizeof room);
    if (c.client_id.ptr == NULL) {
        c.client_id = lp_span_str("lamp");
    }
    assert_int_equal(lp_mqtt_encode_connect(&b, v, &c), LP_OK);
    return b;
}

static void accept_client(rig_t *r, lp_mqtt_version_t v)
{
    uint8_t ack[8];
    lp_buf_t b = lp_buf(ack, sizeof ack);
    assert_int_equal(lp_mqtt_encode_connack(&b, v, false, 0, lp_span(NULL, 0)), LP_OK);
    assert_true(lp_filter_down(&r->f, lp_buf_span(&b), &r->down));
    assert_int_equal(r->f.state, LP_FILTER_OPEN);
    lp_bytes_free(&r->up);
    lp_bytes_free(&r->down);
}

static void rig_connected(rig_t *r, lp_mqtt_version_t v)
{
    rig_open(r);
    lp_buf_t b = connect_packet(v, (lp_mqtt_connect_t){.clean_start = true, .keep_alive_s = 60});
    assert_true(up(r, &b));
    accept_client(r, v);
}

static lp_buf_t publish_packet(lp_mqtt_version_t v, lp_mqtt_publish_t p)
{
    lp_buf_t b = lp_buf(room, sizeof room);
    p.topic = p.topic.ptr == NULL ? lp_span_str("dt/x") : p.topic;
    p.packet_id = p.qos > 0 ? 7 : 0;
    assert_int_equal(lp_mqtt_encode_publish(&b, v, &p), LP_OK);
    return b;
}

static bool publish(rig_t *r, lp_mqtt_publish_t p)
{
    lp_buf_t b = publish_packet(r->f.version, p);
    return up(r, &b);
}

static bool subscribe(rig_t *r, const char *filter, uint8_t qos, size_t count)
{
    lp_mqtt_filter_t f[12];
    lp_buf_t b = lp_buf(room, sizeof room);
    for (size_t i = 0; i < count; i++) {
        f[i] = (lp_mqtt_filter_t){.filter = lp_span_str(filter), .qos = qos};
    }
    assert_int_equal(lp_mqtt_encode_subscribe(&b, r->f.version, 5, f, count, lp_span(NULL, 0)),
                     LP_OK);
    return up(r, &b);
}

// What the client was told last; 0: nothing.
static uint8_t told(const rig_t *r)
{
    lp_span_t s = lp_bytes_span(&r->down);
    return s.len == 3 && s.ptr[0] == 0xe0 ? s.ptr[2] : 0;
}

static void is_closed(const rig_t *r, uint8_t code, const char *reason)
{
    assert_int_equal(r->f.state, LP_FILTER_CLOSED);
    assert_non_null(strstr(r->f.reason, reason));
    assert_int_equal(told(r), r->f.version == LP_MQTT_V5 ? code : 0);
    assert_int_equal(lp_bytes_len(&r->up), 0);
}

// --- CONNECT ------------------------------------------------------------------------------------

static void read_connect(rig_t *r, lp_mqtt_connect_in_t *out)
{
    lp_span_t s = lp_bytes_span(&r->up);
    size_t head = s.ptr[1] < 128 ? 2 : 3;
    assert_int_equal(lp_mqtt_decode_connect(r->f.version, lp_span(s.ptr + head, s.len - head), out),
                     LP_OK);
}

static void filter_connect_gets_a_pass_instead_of_the_clients_credentials(void **state)
{
    (void)state;
    const lp_span_t user = lp_span_str("?SDK=x");
    const lp_span_t password = lp_span_str("secret");
    char mac[LP_PASS_MAC_SIZE + 1];
    char name[LP_PASS_USER_SIZE];
    rig_t r;
    lp_mqtt_connect_in_t got;
    rig_open(&r);
    lp_buf_t b = connect_packet(LP_MQTT_V4, (lp_mqtt_connect_t){.clean_start = true,
                                                                .keep_alive_s = 60,
                                                                .username = &user,
                                                                .password = &password});
    assert_true(up(&r, &b));
    assert_string_equal(r.f.client_id, "lamp");
    read_connect(&r, &got);
    lp_pass_user("127.0.0.1", false, name);
    assert_true(lp_pass_mac(&key, name, pem, mac));
    assert_true(lp_span_equal_str(got.username, name));
    assert_int_equal(got.password.len, LP_PASS_MAC_SIZE + strlen(pem));
    assert_memory_equal(got.password.ptr, mac, LP_PASS_MAC_SIZE);
    assert_int_equal(got.connect.keep_alive_s, 0); // watched by the filter
    rig_close(&r);
}

static void filter_keep_alive_is_clamped_and_told(void **state)
{
    (void)state;
    static const uint16_t asked[] = {0, 1, 29, 30, 60, 1200, 1201, 65535};
    static const uint16_t got[] = {1200, 30, 30, 30, 60, 1200, 1200, 1200};
    for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
        rig_t r;
        lp_mqtt_connack_t ack;
        uint8_t bytes[] = {0x20, 3, 0, 0, 0};
        rig_open(&r);
        lp_buf_t b = connect_packet(
            LP_MQTT_V5, (lp_mqtt_connect_t){.clean_start = true, .keep_alive_s = asked[i]});
        assert_true(up(&r, &b));
        assert_int_equal(r.f.keep_alive_s, got[i]);
        assert_true(lp_filter_down(&r.f, lp_span(bytes, sizeof bytes), &r.down));
        lp_span_t s = lp_bytes_span(&r.down);
        assert_int_equal(lp_mqtt_decode_connack(LP_MQTT_V5, lp_span(s.ptr + 2, s.len - 2), &ack),
                         LP_OK);
        assert_int_equal(ack.has_server_keep_alive, asked[i] != got[i]);
        assert_true(asked[i] == got[i] || ack.server_keep_alive_s == got[i]);
        assert_int_equal(ack.max_qos, 1);
        assert_int_equal(ack.receive_max, 100);
        assert_int_equal(ack.max_packet, LP_FILTER_PACKET_MAX);
        rig_close(&r);
    }
}

static void filter_silence_ends_after_one_and_a_half_keep_alives(void **state)
{
    (void)state;
    static const lp_mqtt_version_t versions[] = {LP_MQTT_V4, LP_MQTT_V5};
    for (size_t i = 0; i < 2; i++) {
        rig_t r;
        uint8_t ping[] = {0xc0, 0};
        lp_buf_t b = {.ptr = ping, .len = 2, .cap = 2};
        rig_connected(&r, versions[i]);
        r.now += 89999;
        assert_true(lp_filter_tick(&r.f, r.now, &r.down));
        assert_true(up(&r, &b));
        r.now += 89999;
        assert_true(lp_filter_tick(&r.f, r.now, &r.down));
        lp_bytes_free(&r.up);
        r.now += 1;
        assert_false(lp_filter_tick(&r.f, r.now, &r.down));
        is_closed(&r, 0x8d, "keep-alive");
        rig_close(&r);
    }
}

static void filter_refused_mqtt_3_gets_code_7(void **state)
{
    (void)state;
    const uint8_t refused[] = {0x20, 2, 0, 5};
    rig_t r;
    rig_open(&r);
    lp_buf_t b = connect_packet(LP_MQTT_V4, (lp_mqtt_connect_t){.clean_start = true});
    assert_true(up(&r, &b));
    assert_true(lp_filter_down(&r.f, lp_span(refused, sizeof refused), &r.down));
    assert_int_equal(r.f.state, LP_FILTER_CLOSED);
    assert_int_equal(lp_bytes_span(&r.down).ptr[3], 7);
    rig_close(&r);
}

static void filter_other_versions_are_refused(void **state)
{
    (void)state;
    static const struct {
        uint8_t packet[16];
        size_t len;
        uint8_t answer;
    } t[] = {
        {{0x10, 14, 0, 6, 'M', 'Q', 'I', 's', 'd', 'p', 3, 2, 0, 60, 0, 0}, 16, 1},
        {{0x10, 12, 0, 4, 'M', 'Q', 'T', 'T', 3, 2, 0, 60, 0, 0}, 14, 1},
        {{0x10, 12, 0, 4, 'M', 'Q', 'T', 'T', 6, 2, 0, 60, 0, 0}, 14, 0x84},
    };
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        rig_t r;
        rig_open(&r);
        assert_false(lp_filter_up(&r.f, r.now, lp_span(t[i].packet, t[i].len), &r.up, &r.down));
        assert_int_equal(lp_bytes_span(&r.down).ptr[3], t[i].answer);
        assert_int_equal(lp_bytes_len(&r.up), 0);
        rig_close(&r);
    }
}

static void filter_nothing_may_come_before_connect_or_connack(void **state)
{
    (void)state;
    rig_t r;
    rig_open(&r);
    lp_buf_t b = publish_packet(LP_MQTT_V4, (lp_mqtt_publish_t){.qos = 0});
    assert_false(up(&r, &b));
    is_closed(&r, 0, "not CONNECT");
    rig_close(&r);
    rig_open(&r);
    b = connect_packet(LP_MQTT_V4, (lp_mqtt_connect_t){.clean_start = true});
    assert_true(up(&r, &b));
    b = publish_packet(LP_MQTT_V4, (lp_mqtt_publish_t){.qos = 0});
    assert_false(up(&r, &b));
    assert_string_equal(r.f.reason, "a packet before the CONNACK");
    rig_close(&r);
}

static void filter_last_will_is_judged_like_a_message(void **state)
{
    (void)state;
    static const struct {
        const char *topic;
        uint8_t qos;
        bool ok;
    } t[] = {{"a", 1, true}, {"a", 2, false}, {"1/2/3/4/5/6/7/8/9", 0, false}, {"$x/y", 0, false}};
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        rig_t r;
        lp_mqtt_connect_in_t got;
        const lp_mqtt_will_t will = {.topic = lp_span_str(t[i].topic), .qos = t[i].qos};
        rig_open(&r);
        lp_buf_t b =
            connect_packet(LP_MQTT_V5, (lp_mqtt_connect_t){.clean_start = true, .will = &will});
        assert_int_equal(up(&r, &b), t[i].ok);
        if (t[i].ok) {
            read_connect(&r, &got);
            assert_int_equal(got.username.ptr[got.username.len - 1], 'w');
        }
        rig_close(&r);
    }
}

// --- PUBLISH ------------------------------------------------------------------------------------

static void filter_bad_publishes_end_the_connection(void **state)
{
    (void)state;
    static char longest[258];
    static uint8_t payload[LP_FILTER_PAYLOAD_MAX + 1];
    memset(longest, 'a', 257);
    const struct {
        const char *topic;
        size_t payload;
        uint8_t qos;
        uint8_t code; // 0: taken
        const char *reason;
    } t[] = {
        {"a", 0, 1, 0, ""},
        {"a", 0, 2, 0x9b, "QoS 2"},
        {"1/2/3/4/5/6/7/8", 0, 0, 0, ""},
        {"1/2/3/4/5/6/7/8/9", 0, 0, 0x90, "7 slashes"},
        {"$aws/rules/r/1/2/3/4/5/6/7/8", 0, 0, 0, ""},
        {longest + 1, 0, 0, 0, ""},
        {longest, 0, 0, 0x90, "256 bytes"},
        {"$SYS/x", 0, 0, 0x90, "reserved"},
        {"a", LP_FILTER_PAYLOAD_MAX, 0, 0, ""},
        {"a", LP_FILTER_PAYLOAD_MAX + 1, 0, 0x95, "128 KB"},
    };
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        for (int v = LP_MQTT_V4; v <= LP_MQTT_V5; v++) {
            rig_t r;
            rig_connected(&r, (lp_mqtt_version_t)v);
            bool ok = publish(&r, (lp_mqtt_publish_t){.topic = lp_span_str(t[i].topic),
                                                      .payload = lp_span(payload, t[i].payload),
                                                      .qos = t[i].qos});
            assert_int_equal(ok, t[i].code == 0);
            if (!ok) {
                is_closed(&r, t[i].code, t[i].reason);
            } else {
                assert_true(lp_bytes_len(&r.up) > 0);
            }
            rig_close(&r);
        }
    }
}

static void filter_101st_publish_of_a_second_is_dropped(void **state)
{
    (void)state;
    rig_t r;
    rig_connected(&r, LP_MQTT_V4);
    lp_buf_t b = publish_packet(LP_MQTT_V4, (lp_mqtt_publish_t){.qos = 1});
    for (int i = 0; i < 150; i++) {
        assert_true(up(&r, &b));
    }
    assert_int_equal(r.f.throttled, 50);
    assert_int_equal(lp_bytes_len(&r.up), 100 * b.len);
    r.now += 10; // one more in 10 ms
    assert_true(up(&r, &b));
    assert_true(up(&r, &b));
    assert_int_equal(r.f.throttled, 51);
    r.now += 3600 * 1000; // no credit beyond one second
    for (int i = 0; i < 101; i++) {
        assert_true(up(&r, &b));
    }
    assert_int_equal(r.f.throttled, 52);
    rig_close(&r);
}

// --- SUBSCRIBE ----------------------------------------------------------------------------------

static void filter_bad_subscriptions_end_the_connection(void **state)
{
    (void)state;
    static const struct {
        const char *filter;
        uint8_t qos;
        size_t count;
        uint8_t code;
        const char *reason;
    } t[] = {
        {"a", 1, 8, 0, ""},
        {"a", 1, 9, 0x97, "more than 8"},
        {"a", 2, 1, 0x9b, "QoS 2"},
        {"1/2/3/4/5/6/7/8/#", 0, 1, 0x8f, "7 slashes"},
        {"$share/g/1/2/3/4/5/6/7/8", 0, 1, 0, ""},
        {"$SYS/#", 0, 1, 0x8f, "reserved"},
    };
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        for (int v = LP_MQTT_V4; v <= LP_MQTT_V5; v++) {
            rig_t r;
            rig_connected(&r, (lp_mqtt_version_t)v);
            bool ok = subscribe(&r, t[i].filter, t[i].qos, t[i].count);
            assert_int_equal(ok, t[i].code == 0);
            if (!ok) {
                is_closed(&r, t[i].code, t[i].reason);
            }
            rig_close(&r);
        }
    }
}

static void filter_subscription_identifier_is_refused(void **state)
{
    (void)state;
    uint8_t props[8];
    lp_buf_t p = lp_buf(props, sizeof props);
    lp_buf_t b = lp_buf(room, sizeof room);
    const lp_mqtt_prop_t id = {.id = LP_MQTT_PROP_SUBSCRIPTION_ID, .number = 3};
    const lp_mqtt_filter_t f = {.filter = lp_span_str("a")};
    rig_t r;
    rig_connected(&r, LP_MQTT_V5);
    assert_int_equal(lp_mqtt_props_put(&p, &id), LP_OK);
    assert_int_equal(lp_mqtt_encode_subscribe(&b, LP_MQTT_V5, 5, &f, 1, lp_buf_span(&p)), LP_OK);
    assert_false(up(&r, &b));
    is_closed(&r, 0xa1, "subscription identifiers");
    rig_close(&r);
}

// What `a/#` becomes must select what AWS's `a/#` does, and lead back to what the client said.
static void filter_multi_level_wildcard_does_not_select_its_parent(void **state)
{
    (void)state;
    static const struct {
        const char *said, *sent;
    } t[] = {{"a/#", "a/+/#"},
             {"#", "#"},
             {"a/+/#", "a/+/+/#"},
             {"+/#", "+/+/#"},
             {"/#", "/+/#"},
             {"$share/g/a/#", "$share/g/a/+/#"},
             {"$share/g/#", "$share/g/#"},
             {"$share/g/+/#", "$share/g/+/+/#"},
             {"a/b", "a/b"},
             {"a/+", "a/+"}};
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        char back[100];
        rig_t r;
        lp_mqtt_filters_t got;
        rig_connected(&r, LP_MQTT_V4);
        assert_true(subscribe(&r, t[i].said, 1, 1));
        lp_span_t s = lp_bytes_span(&r.up);
        assert_int_equal(lp_mqtt_decode_subscribe(LP_MQTT_V4, lp_span(s.ptr + 2, s.len - 2), &got),
                         LP_OK);
        assert_true(lp_span_equal_str(got.filter[0].filter, t[i].sent));
        lp_filter_original(t[i].sent, back, sizeof back);
        assert_string_equal(back, t[i].said);
        rig_close(&r);
    }
    assert_false(lp_mqtt_filter_matches(lp_span_str("a/+/#"), lp_span_str("a")));
    assert_true(lp_mqtt_filter_matches(lp_span_str("a/+/#"), lp_span_str("a/b")));
    assert_true(lp_mqtt_filter_matches(lp_span_str("a/+/#"), lp_span_str("a/b/c")));
}

static void filter_unsubscribe_names_what_was_subscribed(void **state)
{
    (void)state;
    const lp_span_t filters[] = {lp_span_str("a/#"), lp_span_str("b")};
    lp_buf_t b = lp_buf(room, sizeof room);
    lp_mqtt_filters_t got;
    rig_t r;
    rig_connected(&r, LP_MQTT_V5);
    assert_int_equal(lp_mqtt_encode_unsubscribe(&b, LP_MQTT_V5, 5, filters, 2, lp_span(NULL, 0)),
                     LP_OK);
    assert_true(up(&r, &b));
    lp_span_t s = lp_bytes_span(&r.up);
    assert_int_equal(lp_mqtt_decode_unsubscribe(LP_MQTT_V5, lp_span(s.ptr + 2, s.len - 2), &got),
                     LP_OK);
    assert_true(lp_span_equal_str(got.filter[0].filter, "a/+/#"));
    assert_true(lp_span_equal_str(got.filter[1].filter, "b"));
    rig_close(&r);
}

// --- the rest -----------------------------------------------------------------------------------

static void filter_packets_of_qos_2_and_of_servers_end_the_connection(void **state)
{
    (void)state;
    static const uint8_t first[] = {0x50, 0x62, 0x70, 0x20, 0x90, 0xb0, 0xd0, 0xf0, 0x10};
    for (size_t i = 0; i < sizeof first; i++) {
        const uint8_t packet[] = {first[i], 2, 0, 1};
        rig_t r;
        rig_connected(&r, LP_MQTT_V5);
        assert_false(lp_filter_up(&r.f, r.now, lp_span(packet, sizeof packet), &r.up, &r.down));
        assert_int_equal(r.f.state, LP_FILTER_CLOSED);
        assert_int_equal(lp_bytes_len(&r.up), 0);
        assert_true(told(&r) == 0x82 || told(&r) == 0x81);
        rig_close(&r);
    }
}

static void filter_goodbye_is_delivered(void **state)
{
    (void)state;
    const uint8_t bye[] = {0xe0, 0};
    rig_t r;
    rig_connected(&r, LP_MQTT_V4);
    assert_false(lp_filter_up(&r.f, r.now, lp_span(bye, 2), &r.up, &r.down));
    assert_string_equal(r.f.reason, "");
    assert_int_equal(lp_bytes_len(&r.up), 2);
    rig_close(&r);
}

static void filter_huge_packet_is_refused_by_its_head(void **state)
{
    (void)state;
    const uint8_t head[] = {0x30, 0xff, 0xff, 0xff, 0x7f};
    rig_t r;
    rig_connected(&r, LP_MQTT_V5);
    assert_false(lp_filter_up(&r.f, r.now, lp_span(head, sizeof head), &r.up, &r.down));
    is_closed(&r, 0x95, "146 KB");
    rig_close(&r);
}

static void filter_disconnect_is_not_put_into_a_packet(void **state)
{
    (void)state;
    const uint8_t half[] = {0x30, 10, 0, 1, 'a'};
    rig_t r;
    rig_connected(&r, LP_MQTT_V5);
    assert_true(lp_filter_down(&r.f, lp_span(half, sizeof half), &r.down));
    assert_false(publish(&r, (lp_mqtt_publish_t){.qos = 2}));
    assert_int_equal(lp_bytes_len(&r.down), sizeof half);
    rig_close(&r);
}

static void filter_lost_broker_is_told_once(void **state)
{
    (void)state;
    static const uint8_t bye[] = {0xe0, 1, 0x98};
    rig_t r;
    rig_connected(&r, LP_MQTT_V5);
    lp_filter_lost(&r.f, true, &r.down);
    assert_int_equal(told(&r), 0x8e);
    rig_close(&r);
    rig_connected(&r, LP_MQTT_V5); // the broker said it itself
    assert_true(lp_filter_down(&r.f, lp_span(bye, sizeof bye), &r.down));
    lp_filter_lost(&r.f, false, &r.down);
    assert_int_equal(lp_bytes_len(&r.down), sizeof bye);
    rig_close(&r);
    rig_connected(&r, LP_MQTT_V4);
    lp_filter_lost(&r.f, true, &r.down);
    assert_int_equal(lp_bytes_len(&r.down), 0);
    rig_close(&r);
}

// A whole life, in pieces of every size: the broker gets the same bytes.
static void filter_pieces_make_no_difference(void **state)
{
    (void)state;
    static uint8_t life[4096];
    lp_buf_t all = lp_buf(life, sizeof life);
    const lp_mqtt_filter_t f = {.filter = lp_span_str("a/#"), .qos = 1};
    const lp_mqtt_publish_t p = {
        .topic = lp_span_str("a/b"), .payload = lp_span_str("hello"), .qos = 1, .packet_id = 9};
    assert_int_equal(lp_mqtt_encode_subscribe(&all, LP_MQTT_V4, 1, &f, 1, lp_span(NULL, 0)), LP_OK);
    assert_int_equal(lp_mqtt_encode_publish(&all, LP_MQTT_V4, &p), LP_OK);
    assert_int_equal(lp_mqtt_encode_pingreq(&all), LP_OK);
    rig_t whole;
    rig_connected(&whole, LP_MQTT_V4);
    assert_true(up(&whole, &all));
    for (size_t size = 1; size < all.len; size++) {
        rig_t r;
        rig_connected(&r, LP_MQTT_V4);
        for (size_t at = 0; at < all.len; at += size) {
            size_t n = all.len - at < size ? all.len - at : size;
            assert_true(lp_filter_up(&r.f, r.now, lp_span(life + at, n), &r.up, &r.down));
        }
        assert_true(lp_span_equal(lp_bytes_span(&r.up), lp_bytes_span(&whole.up)));
        rig_close(&r);
    }
    rig_close(&whole);
}

static void filter_connack_in_pieces(void **state)
{
    (void)state;
    const uint8_t bytes[] = {0x20, 2, 1, 0, 0xd0, 0};
    rig_t r;
    rig_open(&r);
    lp_buf_t b = connect_packet(LP_MQTT_V4, (lp_mqtt_connect_t){.keep_alive_s = 60});
    assert_true(up(&r, &b));
    for (size_t i = 0; i < sizeof bytes; i++) {
        assert_true(lp_filter_down(&r.f, lp_span(bytes + i, 1), &r.down));
    }
    assert_int_equal(lp_bytes_len(&r.down), sizeof bytes);
    assert_memory_equal(lp_bytes_span(&r.down).ptr, bytes, sizeof bytes);
    rig_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(filter_connect_gets_a_pass_instead_of_the_clients_credentials),
        cmocka_unit_test(filter_keep_alive_is_clamped_and_told),
        cmocka_unit_test(filter_silence_ends_after_one_and_a_half_keep_alives),
        cmocka_unit_test(filter_refused_mqtt_3_gets_code_7),
        cmocka_unit_test(filter_other_versions_are_refused),
        cmocka_unit_test(filter_nothing_may_come_before_connect_or_connack),
        cmocka_unit_test(filter_last_will_is_judged_like_a_message),
        cmocka_unit_test(filter_bad_publishes_end_the_connection),
        cmocka_unit_test(filter_101st_publish_of_a_second_is_dropped),
        cmocka_unit_test(filter_bad_subscriptions_end_the_connection),
        cmocka_unit_test(filter_subscription_identifier_is_refused),
        cmocka_unit_test(filter_multi_level_wildcard_does_not_select_its_parent),
        cmocka_unit_test(filter_unsubscribe_names_what_was_subscribed),
        cmocka_unit_test(filter_packets_of_qos_2_and_of_servers_end_the_connection),
        cmocka_unit_test(filter_goodbye_is_delivered),
        cmocka_unit_test(filter_huge_packet_is_refused_by_its_head),
        cmocka_unit_test(filter_disconnect_is_not_put_into_a_packet),
        cmocka_unit_test(filter_lost_broker_is_told_once),
        cmocka_unit_test(filter_pieces_make_no_difference),
        cmocka_unit_test(filter_connack_in_pieces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
