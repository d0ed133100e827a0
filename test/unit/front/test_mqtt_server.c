// SPDX-License-Identifier: Apache-2.0
// What the client's half of the codec writes, the server's half reads; and what it may not read.
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
// after the above
#include <cmocka.h>

#include "limpet/mqtt_server.h"

static uint8_t room[1024];

static lp_span_t body_of(const lp_buf_t *b)
{
    size_t head = b->ptr[1] < 128 ? 2 : 3;
    return lp_span(b->ptr + head, b->len - head);
}

static lp_buf_t a_connect(lp_mqtt_version_t v)
{
    static const lp_mqtt_will_t will = {.topic = {(const uint8_t *)"w", 1},
                                        .payload = {(const uint8_t *)"bye", 3},
                                        .qos = 1,
                                        .is_retained = true};
    static const lp_span_t user = {(const uint8_t *)"u", 1};
    static const lp_span_t password = {(const uint8_t *)"p\0q", 3};
    const lp_mqtt_connect_t c = {.client_id = lp_span_str("lamp"),
                                 .keep_alive_s = 77,
                                 .will = &will,
                                 .username = &user,
                                 .password = &password};
    lp_buf_t b = lp_buf(room, sizeof room);
    assert_int_equal(lp_mqtt_encode_connect(&b, v, &c), LP_OK);
    return b;
}

static void mqtt_server_connect_round_trip(void **state)
{
    (void)state;
    for (int v = LP_MQTT_V4; v <= LP_MQTT_V5; v++) {
        lp_mqtt_connect_in_t got;
        lp_buf_t b = a_connect((lp_mqtt_version_t)v);
        assert_int_equal(lp_mqtt_connect_level(body_of(&b)), v);
        assert_int_equal(lp_mqtt_decode_connect((lp_mqtt_version_t)v, body_of(&b), &got), LP_OK);
        assert_true(lp_span_equal_str(got.connect.client_id, "lamp"));
        assert_int_equal(got.connect.keep_alive_s, 77);
        assert_ptr_equal(got.connect.will, &got.will);
        assert_true(lp_span_equal_str(got.will.payload, "bye"));
        assert_true(got.will.is_retained);
        assert_int_equal(got.will.qos, 1);
        assert_int_equal(got.password.len, 3);
        assert_ptr_equal(got.connect.username, &got.username);
    }
}

static void mqtt_server_cut_connect_is_malformed(void **state)
{
    (void)state;
    for (int v = LP_MQTT_V4; v <= LP_MQTT_V5; v++) {
        lp_buf_t b = a_connect((lp_mqtt_version_t)v);
        lp_span_t body = body_of(&b);
        for (size_t n = 0; n < body.len; n++) {
            lp_mqtt_connect_in_t got;
            // A copy of its own, so that reading beyond it is seen.
            uint8_t *copy = malloc(n > 0 ? n : 1);
            memcpy(copy, body.ptr, n);
            assert_int_equal(lp_mqtt_decode_connect((lp_mqtt_version_t)v, lp_span(copy, n), &got),
                             LP_E_FORMAT);
            free(copy);
        }
    }
}

static void mqtt_server_connect_flags(void **state)
{
    (void)state;
    static const struct {
        uint8_t flags;
        bool v4, v5;
    } t[] = {
        {0x02, true, true},   {0x03, false, false}, // reserved
        {0x0a, false, false}, {0x22, false, false}, // will's QoS and retain without a will
        {0x42, false, true},                        // a password without a user name
    };
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        lp_mqtt_connect_in_t got;
        const uint8_t v4[] = {0, 4, 'M', 'Q', 'T', 'T', 4, t[i].flags, 0, 60, 0, 1, 'x', 0, 0};
        const uint8_t v5[] = {0, 4, 'M', 'Q', 'T', 'T', 5, t[i].flags, 0, 60, 0, 0, 1, 'x', 0, 0};
        size_t tail = (t[i].flags & 0x40) != 0 ? 0 : 2;
        assert_int_equal(lp_mqtt_decode_connect(LP_MQTT_V4, lp_span(v4, sizeof v4 - tail), &got),
                         t[i].v4 ? LP_OK : LP_E_FORMAT);
        assert_int_equal(lp_mqtt_decode_connect(LP_MQTT_V5, lp_span(v5, sizeof v5 - tail), &got),
                         t[i].v5 ? LP_OK : LP_E_FORMAT);
    }
}

static void mqtt_server_subscribe_options(void **state)
{
    (void)state;
    static const struct {
        uint8_t options;
        bool v4, v5;
    } t[] = {{0, true, true},     {2, true, true},      {3, false, false},   {4, false, true},
             {0x2c, false, true}, {0x30, false, false}, {0x40, false, false}};
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        lp_mqtt_filters_t got;
        const uint8_t v4[] = {0, 1, 0, 1, 'a', t[i].options};
        const uint8_t v5[] = {0, 1, 0, 0, 1, 'a', t[i].options};
        assert_int_equal(lp_mqtt_decode_subscribe(LP_MQTT_V4, lp_span(v4, sizeof v4), &got),
                         t[i].v4 ? LP_OK : LP_E_FORMAT);
        assert_int_equal(lp_mqtt_decode_subscribe(LP_MQTT_V5, lp_span(v5, sizeof v5), &got),
                         t[i].v5 ? LP_OK : LP_E_FORMAT);
    }
}

static void mqtt_server_filters_beyond_the_room_are_counted(void **state)
{
    (void)state;
    lp_mqtt_filter_t f[20];
    lp_mqtt_filters_t got;
    lp_buf_t b = lp_buf(room, sizeof room);
    for (size_t i = 0; i < 20; i++) {
        f[i] = (lp_mqtt_filter_t){.filter = lp_span_str("abc")};
    }
    assert_int_equal(lp_mqtt_encode_subscribe(&b, LP_MQTT_V5, 1, f, 20, lp_span(NULL, 0)), LP_OK);
    assert_int_equal(lp_mqtt_decode_subscribe(LP_MQTT_V5, body_of(&b), &got), LP_OK);
    assert_int_equal(got.count, 20);
}

static void mqtt_server_connack_is_read_by_the_client(void **state)
{
    (void)state;
    uint8_t small[3];
    lp_mqtt_connack_t got;
    lp_buf_t b = lp_buf(room, sizeof room);
    lp_buf_t tiny = lp_buf(small, sizeof small);
    assert_int_equal(lp_mqtt_encode_connack(&b, LP_MQTT_V5, true, 0, lp_span(NULL, 0)), LP_OK);
    assert_int_equal(lp_mqtt_decode_connack(LP_MQTT_V5, body_of(&b), &got), LP_OK);
    assert_true(got.session_present);
    assert_int_equal(lp_mqtt_encode_connack(&tiny, LP_MQTT_V4, false, 0, lp_span(NULL, 0)),
                     LP_E_NOSPACE);
    assert_int_equal(tiny.len, 0);
    assert_int_equal(lp_mqtt_encode_connack(&b, LP_MQTT_V4, false, 0, lp_span("x", 1)),
                     LP_E_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mqtt_server_connect_round_trip),
        cmocka_unit_test(mqtt_server_cut_connect_is_malformed),
        cmocka_unit_test(mqtt_server_connect_flags),
        cmocka_unit_test(mqtt_server_subscribe_options),
        cmocka_unit_test(mqtt_server_filters_beyond_the_room_are_counted),
        cmocka_unit_test(mqtt_server_connack_is_read_by_the_client),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
