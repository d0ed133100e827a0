// SPDX-License-Identifier: Apache-2.0
// MQTT packets: known bytes, every truncation, and what may not be encoded.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "limpet/mqtt_packet.h"

#define STR(s)   lp_span(s, sizeof(s) - 1)
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static uint8_t mem[70000];

static lp_buf_t out(void)
{
    return lp_buf(mem, sizeof mem);
}

#define ASSERT_BYTES(buf, literal)                                                                 \
    assert_true(lp_span_equal(lp_buf_span(&(buf)), lp_span(literal, sizeof(literal) - 1)))

// --- Fixed header -------------------------------------------------------------------------------

static lp_err_t feed_all(lp_mqtt_head_t *h, const char *bytes, size_t len)
{
    lp_mqtt_head_init(h);
    lp_err_t err = LP_E_AGAIN;
    for (size_t i = 0; i < len; i++) {
        assert_int_equal(err, LP_E_AGAIN); // not before the last byte
        err = lp_mqtt_head_feed(h, (uint8_t)bytes[i]);
    }
    return err;
}

static void head_lengths_at_their_limits(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t len;
        uint32_t remaining;
    } cases[] = {
        {"\x20\x00", 2, 0},
        {"\x20\x7f", 2, 127},
        {"\x20\x80\x01", 3, 128},
        {"\x20\xff\x7f", 3, 16383},
        {"\x20\x80\x80\x01", 4, 16384},
        {"\x20\xff\xff\x7f", 4, 2097151},
        {"\x20\x80\x80\x80\x01", 5, 2097152},
        {"\x20\xff\xff\xff\x7f", 5, LP_MQTT_REMAINING_MAX},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        lp_mqtt_head_t h;
        assert_int_equal(feed_all(&h, cases[i].bytes, cases[i].len), LP_OK);
        assert_int_equal(h.remaining, cases[i].remaining);
        assert_int_equal(h.type, LP_MQTT_CONNACK);
    }
}

static void head_lengths_that_are_not_shortest_or_too_long(void **state)
{
    (void)state;
    lp_mqtt_head_t h;
    assert_int_equal(feed_all(&h, "\x20\x80\x00", 3), LP_E_FORMAT);
    assert_int_equal(feed_all(&h, "\x20\xff\x00", 3), LP_E_FORMAT);
    assert_int_equal(feed_all(&h, "\x20\x80\x80\x00", 4), LP_E_FORMAT);
    assert_int_equal(feed_all(&h, "\x20\x80\x80\x80\x00", 5), LP_E_FORMAT);
    assert_int_equal(feed_all(&h, "\x20\xff\xff\xff\x80", 5), LP_E_FORMAT);
    assert_int_equal(feed_all(&h, "\x20\xff\xff\xff\xff", 5), LP_E_FORMAT);
}

static void head_flags_of_every_type(void **state)
{
    (void)state;
    for (unsigned byte = 0; byte < 256; byte++) {
        unsigned type = byte >> 4;
        unsigned flags = byte & 15;
        bool is_valid = type != 0 && flags == 0;
        if (type == LP_MQTT_PUBREL || type == LP_MQTT_SUBSCRIBE || type == LP_MQTT_UNSUBSCRIBE) {
            is_valid = flags == 2;
        }
        if (type == LP_MQTT_PUBLISH) {
            is_valid = (flags & 6) != 6 && flags != 8 && flags != 9;
        }
        lp_mqtt_head_t h;
        lp_mqtt_head_init(&h);
        assert_int_equal(lp_mqtt_head_feed(&h, (uint8_t)byte), is_valid ? LP_E_AGAIN : LP_E_FORMAT);
    }
}

// --- Strings and topics -------------------------------------------------------------------------

static void strings_are_utf8_without_nul(void **state)
{
    (void)state;
    assert_true(lp_mqtt_string_is_valid(STR("")));
    assert_true(lp_mqtt_string_is_valid(STR("A\xf0\xaa\x9b\x94"))); // v5 1.5.4, figure 1-2
    assert_true(lp_mqtt_string_is_valid(STR("\xef\xbb\xbf")));      // never skipped
    assert_false(lp_mqtt_string_is_valid(STR("a\0")));
    assert_false(lp_mqtt_string_is_valid(STR("\xed\xa0\x80")));
    assert_false(lp_mqtt_string_is_valid(STR("\xc0\x80")));
    memset(mem, 'a', sizeof mem);
    assert_true(lp_mqtt_string_is_valid(lp_span(mem, 65535)));
    assert_false(lp_mqtt_string_is_valid(lp_span(mem, 65536)));
}

static void filters_and_topics_are_judged(void **state)
{
    (void)state;
    static const char *const good_filters[] = {
        "#",          "+",       "/",      "//",         "a/#",          "a/+/b",      "+/+",
        "+/a/#",      "a",       " ",      "$SYS/#",     "/finance",     "$share/g/a", "$share/g/#",
        "$share/g//", "$sharex", "$share", "a/$share/+", "$share/g/+/#", "/+",
    };
    static const char *const bad_filters[] = {
        "",          "a#",        "a/#/b",      "a+",         "a/b+/c",      "+a",
        "#/",        "##",        "++",         "/#/",        "$share/",     "$share/g",
        "$share/g/", "$share//a", "$share/+/a", "$share/#/a", "$share/g/a#", "a\xff",
    };
    for (size_t i = 0; i < COUNT(good_filters); i++) {
        assert_true(lp_mqtt_filter_is_valid(lp_span_str(good_filters[i])));
    }
    for (size_t i = 0; i < COUNT(bad_filters); i++) {
        assert_false(lp_mqtt_filter_is_valid(lp_span_str(bad_filters[i])));
    }
    assert_true(lp_mqtt_topic_is_valid(STR("/")));
    assert_true(lp_mqtt_topic_is_valid(STR("a b/c")));
    assert_false(lp_mqtt_topic_is_valid(STR("")));
    assert_false(lp_mqtt_topic_is_valid(STR("a/+")));
    assert_false(lp_mqtt_topic_is_valid(STR("#")));
}

static void filters_match_as_the_standard_says(void **state)
{
    (void)state;
    static const struct {
        const char *filter;
        const char *topic;
        bool is_match;
    } cases[] = {
        // v4 4.7.1
        {"sport/tennis/player1/#", "sport/tennis/player1", true},
        {"sport/tennis/player1/#", "sport/tennis/player1/ranking", true},
        {"sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", true},
        {"sport/#", "sport", true},
        {"sport/tennis/+", "sport/tennis/player1", true},
        {"sport/tennis/+", "sport/tennis/player1/ranking", false},
        {"sport/+", "sport", false},
        {"sport/+", "sport/", true},
        {"+/+", "/finance", true},
        {"/+", "/finance", true},
        {"+", "/finance", false},
        // v4 4.7.2 and 4.7.3
        {"#", "$SYS/monitor/Clients", false},
        {"+/monitor/Clients", "$SYS/monitor/Clients", false},
        {"$SYS/#", "$SYS/monitor/Clients", true},
        {"$SYS/monitor/+", "$SYS/monitor/Clients", true},
        {"ACCOUNTS", "Accounts", false},
        {"/a", "a", false},
        {"a", "a/", false},
        {"a/", "a", false},
        {"#", "a/b/c", true},
        {"#", "/", true},
        {"a/+/c", "a//c", true},
        {"a/b", "a/bc", false},
        {"a/bc", "a/b", false},
        {"a/b/#", "a/bb", false},
        {"$share/g/a/+", "a/b", true},
        {"$share/g/#", "a/b", true},
        {"$share/g/#", "$SYS/x", false},
        {"$share/g/b", "a", false},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        bool got =
            lp_mqtt_filter_matches(lp_span_str(cases[i].filter), lp_span_str(cases[i].topic));
        if (got != cases[i].is_match) {
            fail_msg("%s and %s", cases[i].filter, cases[i].topic);
        }
    }
}

// --- Properties ---------------------------------------------------------------------------------

// One property of each identifier with its least value, and the places where it may stand
// (MQTT 5.0, table 2-4).
typedef struct {
    const char *bytes;
    size_t len;
    unsigned places;
} prop_case_t;

#define AT(place) (1u << LP_MQTT_IN_##place)
#define MESSAGE   (AT(PUBLISH) | AT(WILL))
#define PROP(bytes, places)                                                                        \
    {                                                                                              \
        bytes, sizeof(bytes) - 1, places                                                           \
    }

static const prop_case_t prop_cases[] = {
    PROP("\x01\x00", MESSAGE),
    PROP("\x02\x00\x00\x00\x00", MESSAGE),
    PROP("\x03\x00\x00", MESSAGE),
    PROP("\x08\x00\x01t", MESSAGE),
    PROP("\x09\x00\x00", MESSAGE),
    PROP("\x0b\x01", AT(PUBLISH) | AT(SUBSCRIBE)),
    PROP("\x11\x00\x00\x00\x00", AT(CONNECT) | AT(CONNACK) | AT(DISCONNECT)),
    PROP("\x12\x00\x00", AT(CONNACK)),
    PROP("\x13\x00\x00", AT(CONNACK)),
    PROP("\x15\x00\x00", AT(CONNECT) | AT(CONNACK) | AT(AUTH)),
    PROP("\x16\x00\x00", AT(CONNECT) | AT(CONNACK) | AT(AUTH)),
    PROP("\x17\x00", AT(CONNECT)),
    PROP("\x18\x00\x00\x00\x00", AT(WILL)),
    PROP("\x19\x00", AT(CONNECT)),
    PROP("\x1a\x00\x00", AT(CONNACK)),
    PROP("\x1c\x00\x00", AT(CONNACK) | AT(DISCONNECT)),
    PROP("\x1f\x00\x00", AT(CONNACK) | AT(PUBACK) | AT(DISCONNECT) | AT(AUTH)),
    PROP("\x21\x00\x01", AT(CONNECT) | AT(CONNACK)),
    PROP("\x22\x00\x00", AT(CONNECT) | AT(CONNACK)),
    PROP("\x23\x00\x01", AT(PUBLISH)),
    PROP("\x24\x00", AT(CONNACK)),
    PROP("\x25\x00", AT(CONNACK)),
    PROP("\x26\x00\x01k\x00\x00", 0x1ff),
    PROP("\x27\x00\x00\x00\x01", AT(CONNECT) | AT(CONNACK)),
    PROP("\x28\x00", AT(CONNACK)),
    PROP("\x29\x00", AT(CONNACK)),
    PROP("\x2a\x00", AT(CONNACK)),
};

static void props_stand_where_the_table_allows_and_once(void **state)
{
    (void)state;
    unsigned known[256] = {0};
    for (size_t i = 0; i < COUNT(prop_cases); i++) {
        const prop_case_t *c = &prop_cases[i];
        uint8_t id = (uint8_t)c->bytes[0];
        known[id] = 1;
        for (unsigned place = LP_MQTT_IN_CONNECT; place <= LP_MQTT_IN_AUTH; place++) {
            lp_err_t err = lp_mqtt_props_check(lp_span(c->bytes, c->len), (lp_mqtt_place_t)place);
            bool is_allowed = (c->places & (1u << place)) != 0;
            assert_int_equal(err, is_allowed ? LP_OK : LP_E_FORMAT);
            uint8_t twice[32];
            memcpy(twice, c->bytes, c->len);
            memcpy(twice + c->len, c->bytes, c->len);
            bool may_repeat = id == LP_MQTT_PROP_USER ||
                              (id == LP_MQTT_PROP_SUBSCRIPTION_ID && place == LP_MQTT_IN_PUBLISH);
            err = lp_mqtt_props_check(lp_span(twice, 2 * c->len), (lp_mqtt_place_t)place);
            assert_int_equal(err, is_allowed && may_repeat ? LP_OK : LP_E_FORMAT);
        }
        for (size_t cut = 1; cut < c->len; cut++) {
            assert_int_equal(lp_mqtt_props_check(lp_span(c->bytes, cut), LP_MQTT_IN_CONNACK),
                             LP_E_FORMAT);
        }
    }
    for (unsigned id = 0; id < 256; id++) {
        uint8_t block[8] = {(uint8_t)id};
        lp_span_t rest = lp_span(block, sizeof block);
        lp_mqtt_prop_t p;
        if (known[id] == 0) {
            assert_int_equal(lp_mqtt_props_next(&rest, &p), LP_E_FORMAT);
        }
    }
}

static void props_values_out_of_range(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t len;
        lp_mqtt_place_t place;
    } bad[] = {
        {"\x01\x02", 2, LP_MQTT_IN_PUBLISH},     // payload format 2
        {"\x17\x02", 2, LP_MQTT_IN_CONNECT},     // booleans above 1
        {"\x19\x02", 2, LP_MQTT_IN_CONNECT},     //
        {"\x24\x02", 2, LP_MQTT_IN_CONNACK},     //
        {"\x25\x02", 2, LP_MQTT_IN_CONNACK},     //
        {"\x28\x02", 2, LP_MQTT_IN_CONNACK},     //
        {"\x29\x02", 2, LP_MQTT_IN_CONNACK},     //
        {"\x2a\x02", 2, LP_MQTT_IN_CONNACK},     //
        {"\x0b\x00", 2, LP_MQTT_IN_PUBLISH},     // subscription identifier 0
        {"\x0b\x80\x00", 3, LP_MQTT_IN_PUBLISH}, // not shortest
        {"\x0b\xff\xff\xff\xff\x01", 6, LP_MQTT_IN_PUBLISH},
        {"\x21\x00\x00", 3, LP_MQTT_IN_CONNACK},            // receive maximum 0
        {"\x27\x00\x00\x00\x00", 5, LP_MQTT_IN_CONNACK},    // packet size 0
        {"\x23\x00\x00", 3, LP_MQTT_IN_PUBLISH},            // alias 0
        {"\x08\x00\x01#", 4, LP_MQTT_IN_PUBLISH},           // wildcard in the response topic
        {"\x08\x00\x00", 3, LP_MQTT_IN_PUBLISH},            // empty response topic
        {"\x03\x00\x01\xff", 4, LP_MQTT_IN_PUBLISH},        // not UTF-8
        {"\x26\x00\x01k\x00\x01\0", 7, LP_MQTT_IN_PUBLISH}, // U+0000
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_int_equal(lp_mqtt_props_check(lp_span(bad[i].bytes, bad[i].len), bad[i].place),
                         LP_E_FORMAT);
    }
}

static void props_put_and_find_round_trip(void **state)
{
    (void)state;
    const lp_mqtt_prop_t props[] = {
        {.id = LP_MQTT_PROP_PAYLOAD_FORMAT, .number = 1},
        {.id = LP_MQTT_PROP_TOPIC_ALIAS, .number = 65535},
        {.id = LP_MQTT_PROP_MESSAGE_EXPIRY, .number = 0xfffefdfc},
        {.id = LP_MQTT_PROP_SUBSCRIPTION_ID, .number = LP_MQTT_REMAINING_MAX},
        {.id = LP_MQTT_PROP_CORRELATION_DATA, .data = STR("\0\xff")},
        {.id = LP_MQTT_PROP_CONTENT_TYPE, .data = STR("text/plain")},
        {.id = LP_MQTT_PROP_RESPONSE_TOPIC, .data = STR("r/1")},
        {.id = LP_MQTT_PROP_USER, .data = STR("k"), .second = STR("v")},
    };
    lp_buf_t b = out();
    for (size_t i = 0; i < COUNT(props); i++) {
        assert_int_equal(lp_mqtt_props_put(&b, &props[i]), LP_OK);
    }
    lp_span_t block = lp_buf_span(&b);
    assert_int_equal(lp_mqtt_props_check(block, LP_MQTT_IN_PUBLISH), LP_OK);
    for (size_t i = 0; i < COUNT(props); i++) {
        lp_mqtt_prop_t p;
        assert_int_equal(lp_mqtt_props_find(block, props[i].id, &p), LP_OK);
        assert_int_equal(p.number, props[i].number);
        assert_true(lp_span_equal(p.data, props[i].data));
        assert_true(lp_span_equal(p.second, props[i].second));
    }
    lp_mqtt_prop_t p;
    assert_int_equal(lp_mqtt_props_find(block, LP_MQTT_PROP_MAX_QOS, &p), LP_E_NOT_FOUND);
    size_t need = b.len;
    for (size_t cap = 0; cap < need; cap++) {
        b = lp_buf(mem, cap);
        lp_err_t err = LP_OK;
        for (size_t i = 0; i < COUNT(props) && err == LP_OK; i++) {
            err = lp_mqtt_props_put(&b, &props[i]);
        }
        assert_int_equal(err, LP_E_NOSPACE);
    }
    b = out();
    const lp_mqtt_prop_t bad[] = {
        {.id = 0},
        {.id = LP_MQTT_PROP_MAX_QOS, .number = 2},
        {.id = LP_MQTT_PROP_TOPIC_ALIAS, .number = 65536},
        {.id = LP_MQTT_PROP_CONTENT_TYPE, .data = STR("\xff")},
        {.id = LP_MQTT_PROP_USER, .data = STR("k"), .second = STR("\0")},
        {.id = LP_MQTT_PROP_CORRELATION_DATA, .data = lp_span(mem, 65536)},
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_int_equal(lp_mqtt_props_put(&b, &bad[i]), LP_E_INVALID);
    }
}

// --- Encoding -----------------------------------------------------------------------------------

static void connect_example_of_the_standard(void **state)
{
    (void)state;
    // The variable header of v4 3.1.2.10, figure 3.6, with a payload for its flags.
    lp_span_t user = STR("u");
    lp_span_t password = STR("p");
    lp_mqtt_will_t will = {.topic = STR("w"), .payload = STR("m"), .qos = 1};
    lp_mqtt_connect_t c = {.client_id = STR("c"),
                           .clean_start = true,
                           .keep_alive_s = 10,
                           .will = &will,
                           .username = &user,
                           .password = &password};
    lp_buf_t b = out();
    assert_int_equal(lp_mqtt_encode_connect(&b, LP_MQTT_V4, &c), LP_OK);
    ASSERT_BYTES(b, "\x10\x19\x00\x04MQTT\x04\xce\x00\x0a\x00\x01"
                    "c\x00\x01w\x00\x01m\x00\x01u\x00\x01p");
    size_t need = b.len;
    for (size_t cap = 0; cap < need; cap++) {
        b = lp_buf(mem, cap);
        assert_int_equal(lp_mqtt_encode_connect(&b, LP_MQTT_V4, &c), LP_E_NOSPACE);
        assert_int_equal(b.len, 0);
    }
    c.props = STR("\x11\x00\x00\x00\x0a"); // v5 3.1.2.12, figure 3-6
    b = out();
    assert_int_equal(lp_mqtt_encode_connect(&b, LP_MQTT_V4, &c), LP_E_INVALID);
    assert_int_equal(lp_mqtt_encode_connect(&b, LP_MQTT_V5, &c), LP_OK);
    ASSERT_BYTES(b, "\x10\x20\x00\x04MQTT\x05\xce\x00\x0a\x05\x11\x00\x00\x00\x0a\x00\x01"
                    "c\x00\x00\x01w\x00\x01m\x00\x01u\x00\x01p");
}

static void connect_that_may_not_be_sent(void **state)
{
    (void)state;
    lp_buf_t b = out();
    static uint8_t big[65536];
    lp_span_t long_password = lp_span(big, sizeof big);
    lp_span_t bad_string = STR("\xff");
    lp_mqtt_will_t bad_wills[] = {
        {.topic = STR("")},
        {.topic = STR("a/#")},
        {.topic = STR("a"), .qos = 3},
        {.topic = STR("a"), .payload = lp_span(big, sizeof big)},
        {.topic = STR("a"), .props = STR("\x01\x02")},
        {.topic = STR("a"), .props = STR("\x23\x00\x01")},
    };
    lp_mqtt_connect_t c = {.client_id = STR("c"), .clean_start = true};
    for (size_t i = 0; i < COUNT(bad_wills); i++) {
        c.will = &bad_wills[i];
        assert_int_equal(lp_mqtt_encode_connect(&b, LP_MQTT_V5, &c), LP_E_INVALID);
    }
    c = (lp_mqtt_connect_t){.client_id = bad_string, .clean_start = true};
    assert_int_equal(lp_mqtt_encode_connect(&b, LP_MQTT_V5, &c), LP_E_INVALID);
    c = (lp_mqtt_connect_t){.client_id = STR("c"), .username = &bad_string};
    assert_int_equal(lp_mqtt_encode_connect(&b, LP_MQTT_V5, &c), LP_E_INVALID);
    c = (lp_mqtt_connect_t){.client_id = STR("c"), .password = &long_password};
    assert_int_equal(lp_mqtt_encode_connect(&b, LP_MQTT_V5, &c), LP_E_INVALID);
    c = (lp_mqtt_connect_t){.client_id = STR("c"), .password = &bad_string};
    assert_int_equal(lp_mqtt_encode_connect(&b, LP_MQTT_V4, &c), LP_E_INVALID); // no user name
    assert_int_equal(lp_mqtt_encode_connect(&b, LP_MQTT_V5, &c), LP_OK);
    c = (lp_mqtt_connect_t){.client_id = STR("")};
    assert_int_equal(lp_mqtt_encode_connect(&b, LP_MQTT_V4, &c), LP_E_INVALID);
    assert_int_equal(lp_mqtt_encode_connect(&b, LP_MQTT_V5, &c), LP_OK);
}

static void publish_of_every_size_is_as_long_as_announced(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 121, 122, 123, 16377, 16378, 16379, 60000};
    for (size_t i = 0; i < COUNT(sizes); i++) {
        static uint8_t payload[60000];
        lp_mqtt_publish_t p = {.topic = STR("a"),
                               .payload = lp_span(payload, sizes[i]),
                               .qos = 1,
                               .packet_id = 5,
                               .is_dup = true,
                               .is_retained = true};
        lp_buf_t b = out();
        assert_int_equal(lp_mqtt_encode_publish(&b, LP_MQTT_V5, &p), LP_OK);
        assert_int_equal(b.len, lp_mqtt_publish_len(LP_MQTT_V5, &p));
        lp_mqtt_head_t h;
        lp_mqtt_head_init(&h);
        size_t at = 0;
        while (lp_mqtt_head_feed(&h, mem[at]) == LP_E_AGAIN) {
            at++;
        }
        at++;
        assert_int_equal(h.remaining, b.len - at);
        lp_mqtt_publish_t back;
        assert_int_equal(
            lp_mqtt_decode_publish(LP_MQTT_V5, &h, lp_span(mem + at, b.len - at), &back), LP_OK);
        assert_int_equal(back.payload.len, sizes[i]);
        assert_int_equal(back.payload_len, sizes[i]);
        assert_true(back.is_dup && back.is_retained && back.qos == 1 && back.packet_id == 5);
        b = lp_buf(mem, b.len - 1);
        assert_int_equal(lp_mqtt_encode_publish(&b, LP_MQTT_V5, &p), LP_E_NOSPACE);
        assert_int_equal(b.len, 0);
    }
}

static void publish_that_may_not_be_sent(void **state)
{
    (void)state;
    const lp_mqtt_publish_t bad[] = {
        {.topic = STR("")},
        {.topic = STR("+")},
        {.topic = STR("a"), .qos = 1},                 // no identifier
        {.topic = STR("a"), .packet_id = 1},           // an identifier with QoS 0
        {.topic = STR("a"), .qos = 3, .packet_id = 1}, //
        {.topic = STR("a"), .is_dup = true},           // DUP with QoS 0
        {.topic = STR("a"), .props = STR("\x24\x00")}, // not a property of PUBLISH
        {.topic = STR("a"), .props = STR("\x01")},     // cut
    };
    lp_buf_t b = out();
    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_int_equal(lp_mqtt_encode_publish(&b, LP_MQTT_V5, &bad[i]), LP_E_INVALID);
    }
    lp_mqtt_publish_t v4 = {.topic = STR("a"), .props = STR("\x01\x00")};
    assert_int_equal(lp_mqtt_encode_publish(&b, LP_MQTT_V4, &v4), LP_E_INVALID);
    assert_int_equal(b.len, 0);
}

static void acknowledgements_bytes(void **state)
{
    (void)state;
    lp_buf_t b = out();
    assert_int_equal(lp_mqtt_encode_ack(&b, LP_MQTT_V4, LP_MQTT_PUBACK, 0x1234, 0x87), LP_OK);
    assert_int_equal(lp_mqtt_encode_ack(&b, LP_MQTT_V5, LP_MQTT_PUBREC, 1, 0), LP_OK);
    assert_int_equal(lp_mqtt_encode_ack(&b, LP_MQTT_V5, LP_MQTT_PUBREL, 1, 0x92), LP_OK);
    assert_int_equal(lp_mqtt_encode_ack(&b, LP_MQTT_V4, LP_MQTT_PUBREL, 1, 0), LP_OK);
    assert_int_equal(lp_mqtt_encode_ack(&b, LP_MQTT_V4, LP_MQTT_PUBCOMP, 65535, 0), LP_OK);
    assert_int_equal(lp_mqtt_encode_pingreq(&b), LP_OK);
    assert_int_equal(lp_mqtt_encode_disconnect(&b, LP_MQTT_V4, 4), LP_OK);
    assert_int_equal(lp_mqtt_encode_disconnect(&b, LP_MQTT_V5, 0), LP_OK);
    assert_int_equal(lp_mqtt_encode_disconnect(&b, LP_MQTT_V5, 4), LP_OK);
    ASSERT_BYTES(b, "\x40\x02\x12\x34\x50\x02\x00\x01\x62\x03\x00\x01\x92\x62\x02\x00\x01"
                    "\x70\x02\xff\xff\xc0\x00\xe0\x00\xe0\x00\xe0\x01\x04");
    assert_int_equal(lp_mqtt_encode_ack(&b, LP_MQTT_V4, LP_MQTT_PUBACK, 0, 0), LP_E_INVALID);
    assert_int_equal(lp_mqtt_encode_ack(&b, LP_MQTT_V4, LP_MQTT_SUBACK, 1, 0), LP_E_INVALID);
    for (size_t cap = 0; cap < 4; cap++) {
        b = lp_buf(mem, cap);
        assert_int_equal(lp_mqtt_encode_ack(&b, LP_MQTT_V5, LP_MQTT_PUBACK, 1, 0), LP_E_NOSPACE);
        assert_int_equal(b.len, 0);
    }
}

static void subscribe_example_of_the_standard(void **state)
{
    (void)state;
    // v4 3.8.3.1, figure 3.23; v4 3.10.3, figure 3.30
    lp_mqtt_filter_t f[] = {{.filter = STR("a/b"), .qos = 1}, {.filter = STR("c/d"), .qos = 2}};
    lp_span_t u[] = {STR("a/b"), STR("c/d")};
    lp_buf_t b = out();
    assert_int_equal(lp_mqtt_encode_subscribe(&b, LP_MQTT_V4, 10, f, 2, STR("")), LP_OK);
    assert_int_equal(lp_mqtt_encode_unsubscribe(&b, LP_MQTT_V4, 11, u, 2, STR("")), LP_OK);
    ASSERT_BYTES(b, "\x82\x0e\x00\x0a\x00\x03"
                    "a/b\x01\x00\x03"
                    "c/d\x02"
                    "\xa2\x0c\x00\x0b\x00\x03"
                    "a/b\x00\x03"
                    "c/d");
    b = out();
    f[1].retain_handling = 1;
    assert_int_equal(lp_mqtt_encode_subscribe(&b, LP_MQTT_V4, 10, f, 2, STR("")), LP_E_INVALID);
    assert_int_equal(lp_mqtt_encode_subscribe(&b, LP_MQTT_V5, 10, f, 2, STR("\x0b\x07")), LP_OK);
    ASSERT_BYTES(b, "\x82\x11\x00\x0a\x02\x0b\x07\x00\x03"
                    "a/b\x01\x00\x03"
                    "c/d\x12");
    b = out();
    f[1].retain_handling = 3;
    assert_int_equal(lp_mqtt_encode_subscribe(&b, LP_MQTT_V5, 10, f, 2, STR("")), LP_E_INVALID);
    f[1] = (lp_mqtt_filter_t){.filter = STR("$share/g/a"), .no_local = true};
    assert_int_equal(lp_mqtt_encode_subscribe(&b, LP_MQTT_V5, 10, f, 2, STR("")), LP_E_INVALID);
    f[1] = (lp_mqtt_filter_t){.filter = STR("a"), .qos = 3};
    assert_int_equal(lp_mqtt_encode_subscribe(&b, LP_MQTT_V5, 10, f, 2, STR("")), LP_E_INVALID);
    assert_int_equal(lp_mqtt_encode_subscribe(&b, LP_MQTT_V5, 0, f, 1, STR("")), LP_E_INVALID);
    assert_int_equal(lp_mqtt_encode_subscribe(&b, LP_MQTT_V5, 1, f, 0, STR("")), LP_E_INVALID);
    assert_int_equal(lp_mqtt_encode_subscribe(&b, LP_MQTT_V5, 1, f, 1, STR("\x01\x00")),
                     LP_E_INVALID);
    u[1] = STR("#a");
    assert_int_equal(lp_mqtt_encode_unsubscribe(&b, LP_MQTT_V5, 1, u, 2, STR("")), LP_E_INVALID);
    assert_int_equal(lp_mqtt_encode_unsubscribe(&b, LP_MQTT_V5, 0, u, 1, STR("")), LP_E_INVALID);
    assert_int_equal(b.len, 0);
}

// --- Decoding -----------------------------------------------------------------------------------

static void connack_terms_and_their_defaults(void **state)
{
    (void)state;
    lp_mqtt_connack_t c;
    assert_int_equal(lp_mqtt_decode_connack(LP_MQTT_V5, STR("\x01\x00\x00"), &c), LP_OK);
    assert_true(c.session_present && c.code == 0 && c.receive_max == 65535 && c.max_qos == 2);
    assert_true(c.retain_available && c.max_packet == UINT32_MAX && !c.has_server_keep_alive);
    lp_span_t full =
        STR("\x00\x00\x16\x21\x00\x14\x24\x01\x25\x00\x27\x00\x02\x00\x00\x12\x00\x02id"
            "\x13\x00\x1e");
    assert_int_equal(lp_mqtt_decode_connack(LP_MQTT_V5, full, &c), LP_E_FORMAT); // one too long
    full = STR("\x00\x00\x14\x21\x00\x14\x24\x01\x25\x00\x27\x00\x02\x00\x00\x12\x00\x02id\x13\x00"
               "\x1e");
    uint8_t copy[32];
    memcpy(copy, full.ptr, full.len);
    copy[2] = (uint8_t)(full.len - 3);
    assert_int_equal(lp_mqtt_decode_connack(LP_MQTT_V5, lp_span(copy, full.len), &c), LP_OK);
    assert_true(c.receive_max == 20 && c.max_qos == 1 && !c.retain_available);
    assert_true(c.max_packet == 131072 && c.has_server_keep_alive && c.server_keep_alive_s == 30);
    assert_true(lp_span_equal_str(c.assigned_client_id, "id"));
    for (size_t cut = 0; cut < full.len; cut++) {
        assert_int_equal(lp_mqtt_decode_connack(LP_MQTT_V5, lp_span(copy, cut), &c), LP_E_FORMAT);
    }
    assert_int_equal(lp_mqtt_decode_connack(LP_MQTT_V4, STR("\x00\x07"), &c), LP_OK);
    assert_int_equal(c.code, 7);
}

static void publish_prefix_is_enough_for_its_head(void **state)
{
    (void)state;
    static const uint8_t body[] = "\x00\x03t/1\x00\x07\x02\x01\x01payload";
    size_t len = sizeof body - 1;
    size_t head = 2 + 3 + 2 + 3;
    lp_mqtt_head_t h = {.type = LP_MQTT_PUBLISH, .flags = 2, .remaining = (uint32_t)len};
    for (size_t cut = 0; cut <= len; cut++) {
        uint8_t *copy = malloc(cut > 0 ? cut : 1);
        assert_non_null(copy);
        memcpy(copy, body, cut);
        lp_mqtt_publish_t p = {.packet_id = 99};
        lp_err_t err = lp_mqtt_decode_publish(LP_MQTT_V5, &h, lp_span(copy, cut), &p);
        assert_int_equal(err, cut < head ? LP_E_AGAIN : LP_OK);
        assert_int_equal(p.packet_id, cut < head ? 99 : 7);
        if (err == LP_OK) {
            assert_int_equal(p.payload_len, 7);
            assert_int_equal(p.payload.len, cut - head);
        }
        h.remaining = (uint32_t)cut; // and when that is all there will be
        err = lp_mqtt_decode_publish(LP_MQTT_V5, &h, lp_span(copy, cut), &p);
        assert_int_equal(err, cut < head ? LP_E_FORMAT : LP_OK);
        h.remaining = (uint32_t)len;
        free(copy);
    }
    lp_mqtt_publish_t p;
    h.remaining = 3;
    assert_int_equal(lp_mqtt_decode_publish(LP_MQTT_V5, &h, lp_span(body, len), &p), LP_E_FORMAT);
}

// Reason codes: exactly those of the standard's tables.
static void reason_codes_of_every_packet(void **state)
{
    (void)state;
    static const struct {
        lp_mqtt_type_t type;
        const char *codes;
        size_t count;
    } tables[] = {
        {LP_MQTT_PUBACK, "\x00\x10\x80\x83\x87\x90\x91\x97\x99", 9},
        {LP_MQTT_PUBREC, "\x00\x10\x80\x83\x87\x90\x91\x97\x99", 9},
        {LP_MQTT_PUBREL, "\x00\x92", 2},
        {LP_MQTT_PUBCOMP, "\x00\x92", 2},
        {LP_MQTT_SUBACK, "\x00\x01\x02\x80\x83\x87\x8f\x91\x97\x9e\xa1\xa2", 12},
        {LP_MQTT_UNSUBACK, "\x00\x11\x80\x83\x87\x8f\x91", 7},
    };
    for (size_t t = 0; t < COUNT(tables); t++) {
        for (unsigned code = 0; code < 256; code++) {
            bool is_valid = memchr(tables[t].codes, (int)code, tables[t].count) != NULL;
            uint8_t ack[] = {0, 1, (uint8_t)code};
            uint8_t suback[] = {0, 1, 0, (uint8_t)code};
            lp_mqtt_ack_t a;
            lp_mqtt_suback_t s;
            lp_err_t err =
                t < 4 ? lp_mqtt_decode_ack(LP_MQTT_V5, tables[t].type, lp_span(ack, 3), &a)
                      : lp_mqtt_decode_suback(LP_MQTT_V5, tables[t].type, lp_span(suback, 4), &s);
            assert_int_equal(err, is_valid ? LP_OK : LP_E_FORMAT);
        }
    }
}

static void answers_cut_or_extended_are_refused(void **state)
{
    (void)state;
    lp_mqtt_ack_t a = {.packet_id = 99};
    lp_mqtt_suback_t s = {.packet_id = 99};
    lp_mqtt_disconnect_t d = {.reason = 99};
    static const char ack[] = "\x00\x01\x00\x07\x26\x00\x01k\x00\x01v";
    size_t len = sizeof ack - 1;
    for (size_t cut = 0; cut < len; cut++) {
        bool is_short_form = cut == 2 || cut == 3;
        lp_err_t err = lp_mqtt_decode_ack(LP_MQTT_V5, LP_MQTT_PUBACK, lp_span(ack, cut), &a);
        assert_int_equal(err, is_short_form ? LP_OK : LP_E_FORMAT);
    }
    a.packet_id = 99;
    assert_int_equal(lp_mqtt_decode_ack(LP_MQTT_V5, LP_MQTT_PUBACK, STR("\0\1\0\0\0"), &a),
                     LP_E_FORMAT);
    assert_int_equal(lp_mqtt_decode_ack(LP_MQTT_V4, LP_MQTT_PUBACK, STR("\0\1\0"), &a),
                     LP_E_FORMAT);
    assert_int_equal(a.packet_id, 99);
    assert_int_equal(lp_mqtt_decode_suback(LP_MQTT_V4, LP_MQTT_SUBACK, STR("\0\0\0"), &s),
                     LP_E_FORMAT);
    assert_int_equal(s.packet_id, 99);
    assert_int_equal(lp_mqtt_decode_disconnect(LP_MQTT_V4, STR(""), &d), LP_E_FORMAT);
    assert_int_equal(d.reason, 99);
    assert_int_equal(lp_mqtt_decode_disconnect(LP_MQTT_V5, STR(""), &d), LP_OK);
    assert_int_equal(d.reason, 0);
    assert_int_equal(lp_mqtt_decode_disconnect(LP_MQTT_V5, STR("\x8e\x04\x1f\0\1r"), &d), LP_OK);
    assert_int_equal(d.reason, 0x8e);
    lp_mqtt_prop_t p;
    assert_int_equal(lp_mqtt_props_find(d.props, LP_MQTT_PROP_REASON_STRING, &p), LP_OK);
    assert_true(lp_span_equal_str(p.data, "r"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(head_lengths_at_their_limits),
        cmocka_unit_test(head_lengths_that_are_not_shortest_or_too_long),
        cmocka_unit_test(head_flags_of_every_type),
        cmocka_unit_test(strings_are_utf8_without_nul),
        cmocka_unit_test(filters_and_topics_are_judged),
        cmocka_unit_test(filters_match_as_the_standard_says),
        cmocka_unit_test(props_stand_where_the_table_allows_and_once),
        cmocka_unit_test(props_values_out_of_range),
        cmocka_unit_test(props_put_and_find_round_trip),
        cmocka_unit_test(connect_example_of_the_standard),
        cmocka_unit_test(connect_that_may_not_be_sent),
        cmocka_unit_test(publish_of_every_size_is_as_long_as_announced),
        cmocka_unit_test(publish_that_may_not_be_sent),
        cmocka_unit_test(acknowledgements_bytes),
        cmocka_unit_test(subscribe_example_of_the_standard),
        cmocka_unit_test(connack_terms_and_their_defaults),
        cmocka_unit_test(publish_prefix_is_enough_for_its_head),
        cmocka_unit_test(reason_codes_of_every_packet),
        cmocka_unit_test(answers_cut_or_extended_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
