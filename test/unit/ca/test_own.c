// SPDX-License-Identifier: Apache-2.0
// URLs of brokers, packets from them, and what the register says of a board.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ca_fixture.h"
#include "mqtt_stream.h"
#include "own.h"

static void broker_urls_are_parsed(void **state)
{
    (void)state;
    lp_broker_t b;
    lp_fault_t f;
    assert_int_equal(lp_broker_parse("mqtts://broker.local", &b, &f), LP_EXIT_OK);
    assert_string_equal(b.server, "broker.local:8883");
    assert_string_equal(b.url, "mqtts://broker.local:8883");
    assert_int_equal(lp_broker_parse("mqtts://192.0.2.7:443/", &b, &f), LP_EXIT_OK);
    assert_string_equal(b.host, "192.0.2.7");
    assert_int_equal(b.port, 443);
    static const char *const bad[] = {
        "",
        "broker",
        "mqtt://broker",
        "mqtts://",
        "mqtts://:1",
        "mqtts://a:",
        "mqtts://a:0",
        "mqtts://a:65536",
        "mqtts://a:1x",
        "mqtts://a:999999",
        "mqtts://a/b",
        "mqtts://a b",
        "mqtts://[::1]:1",
        "mqtts://u@a:1",
        "mqtts://-a",
        "mqtts://a:-1",
        "https://a:8883",
        "mqtts://a:8883//",
        "mqtts://a:+1",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(lp_broker_parse(bad[i], &b, &f), LP_EXIT_USAGE);
    }
}

// The same packets, however they arrive.
static void stream_in_any_pieces_gives_the_same_packets(void **state)
{
    (void)state;
    static const uint8_t bytes[] = {0x20, 2, 0,    0, 0x90, 3, 0,   1,   1,
                                    0xD0, 0, 0x30, 5, 0,    1, 'a', 'b', 'c'};
    static const uint8_t types[] = {2, 9, 13, 3};
    for (size_t piece = 1; piece <= sizeof bytes; piece++) {
        lp_mqtt_stream_t s;
        size_t n = 0;
        lp_mqtt_stream_init(&s);
        for (size_t at = 0; at < sizeof bytes; at += piece) {
            size_t len = sizeof bytes - at < piece ? sizeof bytes - at : piece;
            size_t used = 0;
            lp_mqtt_stream_result_t r;
            while ((r = lp_mqtt_stream_feed(&s, bytes + at, len, &used)) == LP_MQTT_STREAM_PACKET) {
                assert_int_equal(s.head.type, types[n++]);
            }
            assert_int_equal(r, LP_MQTT_STREAM_MORE);
        }
        assert_int_equal(n, 4);
        assert_int_equal(lp_mqtt_stream_body(&s).len, 0);
    }
}

static void stream_keeps_the_front_of_what_is_too_long(void **state)
{
    (void)state;
    lp_mqtt_stream_t s;
    uint8_t bytes[8 + 6000] = {0x30, 0xF0, 0x2E, 0, 1, 'a'}; // 6,000 bytes remain
    size_t used = 0;
    lp_mqtt_stream_init(&s);
    assert_int_equal(lp_mqtt_stream_feed(&s, bytes, 3 + 6000, &used), LP_MQTT_STREAM_PACKET);
    assert_int_equal(used, 3 + 6000);
    assert_int_equal(lp_mqtt_stream_body(&s).len, LP_MQTT_STREAM_CAP);
    assert_int_equal(lp_mqtt_stream_body(&s).ptr[2], 'a');
}

static void stream_that_is_not_mqtt_is_bad(void **state)
{
    (void)state;
    static const char *const texts[] = {"HTTP/1.1 400 Bad Request\r\n", "\x30\xff\xff\xff\xff\x01",
                                        "\x01"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        lp_mqtt_stream_t s;
        size_t used = 0;
        lp_mqtt_stream_init(&s);
        lp_mqtt_stream_result_t r = LP_MQTT_STREAM_PACKET;
        while (r == LP_MQTT_STREAM_PACKET) {
            r = lp_mqtt_stream_feed(&s, (const uint8_t *)texts[i], strlen(texts[i]), &used);
        }
        assert_true(r == LP_MQTT_STREAM_BAD || used == strlen(texts[i]));
    }
}

static void register_names_the_former_and_the_newest(void **state)
{
    ca_fixture_t *x = *state;
    char former[4][LP_CA_SERIAL_HEX + 1];
    char first[LP_CA_SERIAL_HEX + 1];
    char second[LP_CA_SERIAL_HEX + 1];
    char key[129];
    lp_ca_record_t r = ca_issue(x, LP_CA_DEVICE, "lp-1");
    snprintf(first, sizeof first, "%s", r.serial);
    (void)ca_issue(x, LP_CA_CLIENT, "lp-1"); // a program of that name is not the board's
    (void)ca_issue(x, LP_CA_DEVICE, "lp-2");
    r = ca_issue(x, LP_CA_DEVICE, "lp-1");
    snprintf(second, sizeof second, "%s", r.serial);
    snprintf(key, sizeof key, "%s", r.public_key);
    assert_string_equal(lp_own_find(x->ca, "lp-1", key)->serial, second);
    assert_null(lp_own_find(x->ca, "lp-2", key));
    assert_null(lp_own_find(x->ca, "lp-1", ""));
    assert_int_equal(lp_own_list_former(x->ca, "lp-1", second, former, 4), 1);
    assert_string_equal(former[0], first);
    assert_int_equal(lp_own_list_former(x->ca, "lp-1", NULL, former, 4), 2);
    assert_int_equal(lp_own_list_former(x->ca, "lp-1", NULL, former, 1), 1);
    assert_int_equal(lp_ca_revoke(x->ca, first, "superseded", &x->f), LP_EXIT_OK);
    assert_int_equal(lp_own_list_former(x->ca, "lp-1", second, former, 4), 0);
}

// A line that another CA's register has is well formed, and not this CA's word.
static void register_of_another_ca_gives_no_certificate(void **state)
{
    ca_fixture_t *x = *state;
    char dir[200];
    char key[129];
    lp_ca_access_t how = {.key = NULL};
    snprintf(dir, sizeof dir, "%s/other", x->home);
    lp_ca_new_t wish = {.dir = dir, .days = 10};
    assert_int_equal(ca_make(x, &wish), LP_EXIT_OK);
    lp_ca_close(x->ca);
    assert_int_equal(lp_ca_open(dir, &x->ca, &x->f), LP_EXIT_OK);
    assert_int_equal(lp_ca_unlock(x->ca, &how, &x->f), LP_EXIT_OK);
    lp_ca_record_t r = ca_issue(x, LP_CA_DEVICE, "lp-1");
    snprintf(key, sizeof key, "%s", r.public_key);
    assert_non_null(lp_own_find(x->ca, "lp-1", key));
    char *log = ca_read(x, "other/issued.log");
    ca_write(x, "ca/issued.log", log);
    ca_reopen(x);
    assert_null(lp_own_find(x->ca, "lp-1", key));
    free(log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(broker_urls_are_parsed),
        cmocka_unit_test(stream_in_any_pieces_gives_the_same_packets),
        cmocka_unit_test(stream_keeps_the_front_of_what_is_too_long),
        cmocka_unit_test(stream_that_is_not_mqtt_is_bad),
        cmocka_unit_test_setup_teardown(register_names_the_former_and_the_newest, ca_open_for_test,
                                        ca_close_for_test),
        cmocka_unit_test_setup_teardown(register_of_another_ca_gives_no_certificate,
                                        ca_open_for_test, ca_close_for_test),
    };
    return cmocka_run_group_tests_name("own", tests, NULL, NULL);
}
