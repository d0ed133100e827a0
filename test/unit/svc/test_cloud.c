// SPDX-License-Identifier: Apache-2.0
// The cloud service's connection, its failures and what is published.
#include "cloud_rig.h"

#include <stdio.h>
#include <string.h>

#include "telemetry.h"

static void cloud_is_off_until_everything_is_set_and_says_what_is_missing(void **state)
{
    (void)state;
    rig_run(1000);
    assert_string_equal(rig_status("state"), "\"off\"");
    assert_string_equal(rig_status("last_error"), "null");
    rig_set("\"cloud\":{\"enable\":true}");
    rig_run(1000);
    assert_string_equal(rig_status("state"), "\"off\"");
    assert_string_equal(rig_status("last_error.name"), "\"LP_E_NOT_CONFIGURED\"");
    assert_string_equal(rig_status("last_error.detail"), "\"cloud.server is not set\"");
    rig_set("\"cloud\":{\"server\":\"x\"}");
    rig_run(1000);
    assert_string_equal(rig_status("last_error.detail"), "\"trust.ca is not set\"");
    assert_int_equal(net.dials, 0);
    rig_set_all();
    rig_run(3000);
    assert_string_equal(rig_status("state"), "\"connected\"");
}

static void cloud_connects_with_the_settings(void **state)
{
    (void)state;
    rig_connect();
    assert_string_equal(net.host, "cloud.example");
    assert_int_equal(net.port, 8883);
    assert_string_equal(net.key_id, "atca:0");
    assert_string_equal(net.alpn, "");
    assert_int_equal(net.config.max_version, LP_TLS_1_3);
    assert_true(net.config.check_dates);
    assert_int_equal(net.config.ecdhe, LP_TLS_ECDHE_AUTO);
    assert_int_equal(net.config.resume, LP_TLS_RESUME_1_3);
    assert_string_equal(rig_status("tls.version"), "\"TLS 1.3\"");
    assert_string_equal(rig_status("tls.key"), "\"atca:0\"");
    assert_string_equal(rig_status("cert_id"), "\"" CERT_ID "\"");
    assert_true(fake_log_contains("this chip does not hold the key of the configured"));
}

static void cloud_port_443_asks_for_mqtt_by_alpn(void **state)
{
    (void)state;
    rig_set("\"cloud\":{\"server\":\"cloud.example:443\",\"enable\":true,\"tls_max\":\"1.2\","
            "\"resume\":\"always\"},"
            "\"identity\":{\"cert\":\"" CERT_JSON
            "\",\"ecdhe\":\"software\"},\"trust\":{\"ca\":\"" CERT_JSON
            "\",\"check_dates\":false}");
    rig_run(3000);
    assert_int_equal(net.port, 443);
    assert_string_equal(net.alpn, "x-amzn-mqtt-ca");
    assert_int_equal(net.config.max_version, LP_TLS_1_2);
    assert_int_equal(net.config.ecdhe, LP_TLS_ECDHE_SOFTWARE);
    assert_int_equal(net.config.resume, LP_TLS_RESUME_ALWAYS);
    assert_false(net.config.check_dates);
    rig_set("\"cloud\":{\"alpn\":\"mqtt\",\"enable\":false}");
    rig_run(500);
    rig_set("\"cloud\":{\"enable\":true}");
    rig_run(3000);
    assert_string_equal(net.alpn, "mqtt");
}

static void cloud_waits_for_the_time(void **state)
{
    (void)state;
    rig_teardown(NULL);
    world = world_new(LP_CHIPSIM_ATECC508A); // resets the clock: no UTC
    rig_start(true);
    rig_set_all();
    rig_run(5000);
    assert_string_equal(rig_status("state"), "\"wait-time\"");
    assert_string_equal(rig_status("last_error.name"), "\"LP_E_CLOCK\"");
    assert_int_equal(net.dials, 0);
    fake_clock_set_utc_s(1800000000);
    rig_run(3000);
    assert_string_not_equal(rig_status("state"), "\"wait-time\"");
}

static void cloud_without_its_chip_never_dials_and_recovers(void **state)
{
    (void)state;
    lp_chipsim_power_off(world->sim);
    rig_set_all();
    rig_run(30000);
    assert_string_equal(rig_status("state"), "\"no-key\"");
    assert_string_equal(rig_status("last_error.name"), "\"LP_E_CHIP_MISSING\"");
    assert_string_equal(rig_status("last_error.detail"),
                        "\"the key atca:0 cannot be used and no other key is tried\"");
    assert_int_equal(net.dials, 0);
    lp_chipsim_power_on(world->sim);
    rig_run(12000);
    assert_string_equal(rig_status("state"), "\"connected\"");
    assert_int_equal(net.dials, 1);
}

static void cloud_board_without_a_bus_has_no_key(void **state)
{
    (void)state;
    rig_start(false);
    rig_set_all();
    rig_run(20000);
    assert_string_equal(rig_status("state"), "\"no-key\"");
    assert_int_equal(net.dials, 0);
}

static void cloud_blank_chip_has_no_key(void **state)
{
    (void)state;
    rig_teardown(NULL);
    world = world_new(LP_CHIPSIM_ATECC608B);
    fake_clock_set_utc_s(1800000000);
    rig_start(true);
    rig_set_all();
    rig_run(10000);
    assert_string_equal(rig_status("state"), "\"no-key\"");
    assert_string_equal(rig_status("last_error.name"), "\"LP_E_CHIP_EXEC\"");
    assert_int_equal(net.dials, 0);
}

static void cloud_publishes_and_counts(void **state)
{
    (void)state;
    assert_int_equal(lp_svc_cloud_publish(&cloud, "telemetry", lp_span_str("{}")), LP_E_STATE);
    rig_connect();
    assert_int_equal(lp_svc_cloud_publish(&cloud, "telemetry", lp_span_str("{\"a\":1}")), LP_OK);
    rig_run(100);
    assert_string_equal(net.topic, "limpet/t1/telemetry");
    assert_string_equal(net.payload, "{\"a\":1}");
    assert_string_equal(rig_status("acked"), "1");
    assert_string_equal(rig_status("published"), "1");
    net.acknowledges = false;
    assert_int_equal(lp_svc_cloud_publish(&cloud, "telemetry", lp_span_str("{}")), LP_OK);
    rig_run(100);
    assert_string_equal(rig_status("acked"), "1");
    assert_string_equal(rig_status("queued"), "1");
}

// Sends Cloud.Prove and serves the broker until there is an answer.
static const char *prove(const char *nonce, uint32_t limit_ms)
{
    char text[256];
    snprintf(text, sizeof text, "{\"id\":2,\"method\":\"Cloud.Prove\",\"params\":{\"nonce\":%s}}\n",
             nonce);
    fake_stream_feed_str(&dev.line, text);
    for (uint32_t ms = 0; ms < limit_ms && dev.line.out_len == 0; ms += 10) {
        rig_run(10);
    }
    return fake_stream_take(&dev.line);
}

static void prove_answers_when_the_broker_acknowledged(void **state)
{
    (void)state;
    static const char good[] = "\"0123456789abcdef0123456789ABCDEF\"";
    assert_non_null(strstr(prove(good, 1000), "LP_E_STATE"));
    rig_connect();
    assert_non_null(strstr(prove("\"123\"", 1000), "LP_E_INVALID"));
    assert_non_null(strstr(prove("7", 1000), "LP_E_INVALID"));
    assert_non_null(strstr(prove("\"0123456789abcdef0123456789ABCDEF0\"", 1000), "LP_E_INVALID"));
    assert_non_null(strstr(prove("\"0123456789abcdef0123456789ABCDEg\"", 1000), "LP_E_INVALID"));
    const char *answer = prove(good, 1000);
    assert_non_null(strstr(answer, "\"topic\":\"limpet/t1/proof\",\"cert_id\":\"" CERT_ID "\""));
    assert_string_equal(net.payload, "{\"nonce\":\"0123456789abcdef0123456789ABCDEF\",\"cert_id\":"
                                     "\"" CERT_ID "\"}");
    // A broker that does not acknowledge: nothing is claimed.
    net.acknowledges = false;
    assert_string_equal(prove(good, 15000), "");
    assert_non_null(strstr(prove(good, 1000), "LP_E_BUSY"));
    rig_run(10000);
    assert_non_null(strstr(fake_stream_take(&dev.line), "LP_E_TIMEOUT"));
    // When it comes late it counts, but is no answer any more.
    fake_stream_hang_up(&net.wire, LP_E_NET_RESET);
    net.acknowledges = true;
    rig_run(5000);
    assert_string_equal(rig_status("queued"), "0");
    assert_non_null(strstr(prove(good, 1000), "rtt_ms"));
}

// What is set while a connection stands did not make it: it is not what it is proven with.
static void proof_names_the_certificate_of_the_connection(void **state)
{
    (void)state;
    static const char nonce[] = "\"0123456789abcdef0123456789abcdef\"";
    rig_connect();
    rig_set("\"identity\":{\"cert\":\"" CERT2_JSON "\"}");
    assert_string_equal(rig_status("cert_id"), "\"" CERT_ID "\"");
    assert_non_null(strstr(prove(nonce, 1000), "\"cert_id\":\"" CERT_ID "\""));
    assert_non_null(strstr(net.payload, CERT_ID));
    fake_stream_hang_up(&net.wire, LP_E_NET_RESET);
    rig_run(5000);
    assert_string_equal(rig_status("state"), "\"connected\"");
    assert_string_equal(rig_status("cert_id"), "\"" CERT2_ID "\"");
    assert_non_null(strstr(prove(nonce, 1000), CERT2_ID));
    assert_non_null(strstr(net.payload, CERT2_ID));
}

static unsigned reached, unreached;

static void on_try(void *ctx, bool is_reached)
{
    (void)ctx;
    reached += is_reached;
    unreached += !is_reached;
}

static void cloud_comes_back_from_every_failure(void **state)
{
    (void)state;
    static const struct {
        lp_err_t tcp_refuses, tcp, tls_refuses, tls;
        uint8_t connack;
        const char *name;
        bool is_unreached; // by the network's fault
    } table[] = {
        {.tcp_refuses = LP_E_NOSPACE, .name = "\"LP_E_NOSPACE\""},
        {.tcp = LP_E_NET_RESOLVE, .name = "\"LP_E_NET_RESOLVE\"", .is_unreached = true},
        {.tcp = LP_E_NET_REFUSED, .name = "\"LP_E_NET_REFUSED\"", .is_unreached = true},
        {.tls_refuses = LP_E_TLS_CERT, .name = "\"LP_E_TLS_CERT\""},
        {.tls = LP_E_TLS_NAME, .name = "\"LP_E_TLS_NAME\"", .is_unreached = true},
        {.tls = LP_E_TIMEOUT, .name = "\"LP_E_TIMEOUT\"", .is_unreached = true},
        {.tls = LP_E_TLS_KEY, .name = "\"LP_E_TLS_KEY\""},
        {.connack = 5, .name = "\"LP_E_UNAUTHORIZED\""},
        {.connack = 3, .name = "\"LP_E_MQTT_REFUSED\""},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        rig_teardown(NULL);
        rig_setup(NULL);
        net.tcp_refuses = table[i].tcp_refuses;
        net.tcp_answer = table[i].tcp;
        net.tls_refuses = table[i].tls_refuses;
        net.tls_answer = table[i].tls;
        net.connack = table[i].connack;
        rig_set_all();
        reached = unreached = 0;
        lp_svc_cloud_on_try(on_try, NULL);
        rig_run(5000);
        assert_int_equal(unreached > 0, table[i].is_unreached);
        assert_int_equal(reached > 0, table[i].connack != 0); // a refusal is an answer
        assert_string_equal(rig_status("last_error.name"), table[i].name);
        assert_string_not_equal(rig_status("state"), "\"connected\"");
        // The chip is free for others meanwhile.
        assert_result(device_call(&dev, "Chip.Info", "{}"), "part", "\"ATECC508A\"");
        net.tcp_refuses = net.tcp_answer = net.tls_refuses = net.tls_answer = LP_OK;
        net.connack = 0;
        rig_run(60000);
        assert_string_equal(rig_status("state"), "\"connected\"");
        assert_string_equal(rig_status("last_error.name"), table[i].name); // still told
        assert_true(reached > 0);
        lp_svc_cloud_on_try(NULL, NULL);
    }
}

// Receive buffers are borrowed for as long as there is a connection.
static void cloud_memory_is_the_handshakes_again_after_each_connection(void **state)
{
    (void)state;
    rig_connect();
    assert_true(net.lent[0] != NULL && net.lent[1] != NULL);
    lp_stream_close(&cloud.tls_.stream);
    fake_stream_hang_up(&net.wire, LP_E_NET_RESET);
    rig_run(100);
    assert_true(net.lent[0] == NULL && net.lent[1] == NULL);
    rig_run(10000);
    assert_string_equal(rig_status("state"), "\"connected\"");
    assert_true(net.lent[0] != NULL && net.lent[1] != NULL);
    rig_set("\"cloud\":{\"enable\":false}");
    rig_run(3000);
    assert_true(net.lent[0] == NULL && net.lent[1] == NULL);
    net.lends_nothing = true;
    rig_set("\"cloud\":{\"enable\":true}");
    rig_run(3000);
    assert_string_equal(rig_status("last_error.name"), "\"LP_E_NOSPACE\"");
    assert_false(net.is_tls_open);
    net.lends_nothing = false;
    rig_run(10000);
    assert_string_equal(rig_status("state"), "\"connected\"");
}

static void cloud_tries_grow_apart_and_start_over_after_a_good_connection(void **state)
{
    (void)state;
    net.tcp_answer = LP_E_NET_REFUSED;
    rig_set_all();
    rig_run(10000);
    const unsigned early = net.dials;
    rig_run(300000);
    const unsigned before = net.dials;
    rig_run(300000);
    const unsigned late = net.dials - before;
    assert_true(early >= 2 && early <= 20);
    assert_true(late >= 5 && late <= 30); // a minute at most, half of it on average
    net.tcp_answer = LP_OK;
    rig_run(70000);
    assert_string_equal(rig_status("state"), "\"connected\"");
    rig_run(31000);
    fake_stream_hang_up(&net.wire, LP_E_NET_RESET);
    rig_run(2000); // the first wait again, not the last
    assert_string_equal(rig_status("state"), "\"connected\"");
}

static void cloud_certificate_refused_after_the_handshake_is_told_by_tls(void **state)
{
    (void)state;
    rig_connect();
    net.report.err = LP_E_TLS_ALERT;
    snprintf(net.report.detail, sizeof net.report.detail, "the server said bad_certificate");
    fake_stream_hang_up(&net.wire, LP_E_TLS_ALERT);
    net.tcp_answer = LP_E_NET_REFUSED;
    lp_loop_turn(&world->loop, 0);
    lp_loop_turn(&world->loop, 0);
    lp_loop_turn(&world->loop, 0);
    assert_int_equal(cloud.last_error.err, LP_E_TLS_ALERT);
    assert_string_equal(cloud.last_error.detail, "the server said bad_certificate");
}

static void cloud_can_be_switched_off_in_every_state(void **state)
{
    (void)state;
    bool seen[LP_CLOUD_BACKOFF + 1] = {0};
    for (unsigned turns = 0; turns < 400; turns++) {
        rig_teardown(NULL);
        rig_setup(NULL);
        net.is_silent = turns % 3 == 2;                             // stuck in DIAL
        net.tcp_answer = turns % 3 == 1 ? LP_E_NET_REFUSED : LP_OK; // BACKOFF
        rig_set_all();
        for (unsigned i = 0; i < turns; i++) {
            lp_loop_turn(&world->loop, 10);
            rig_serve();
        }
        seen[cloud.state] = true;
        rig_set("\"cloud\":{\"enable\":false}");
        rig_run(4000);
        assert_int_equal(cloud.state, LP_CLOUD_OFF);
        assert_false(net.is_tcp_open);
        assert_false(net.is_tls_open);
        assert_result(device_call(&dev, "Chip.Info", "{}"), "part", "\"ATECC508A\"");
        net.is_silent = false;
        net.tcp_answer = LP_OK;
        rig_set("\"cloud\":{\"enable\":true}");
        rig_run(4000);
        assert_int_equal(cloud.state, LP_CLOUD_CONNECTED);
    }
    assert_true(seen[LP_CLOUD_CHECK] && seen[LP_CLOUD_DIAL] && seen[LP_CLOUD_CONNECTED] &&
                seen[LP_CLOUD_BACKOFF]);
}

static void chip_methods_wait_for_the_handshake(void **state)
{
    (void)state;
    rig_set_all();
    net.is_silent = true;
    rig_run(2000); // stuck in DIAL
    net.is_silent = false;
    lp_loop_post(&world->loop, &net.tcp_event);
    net.is_silent = true; // and then in the handshake
    rig_run(1000);
    assert_int_equal(cloud.state, LP_CLOUD_HANDSHAKE);
    fake_stream_feed_str(&dev.line, "{\"id\":1,\"method\":\"Chip.Scan\"}\n");
    rig_run(3000);
    assert_int_equal(dev.line.out_len, 0);
    net.is_silent = false;
    lp_loop_post(&world->loop, &net.tls_event);
    rig_run(2000);
    assert_non_null(strstr(fake_stream_take(&dev.line), "ATECC508A"));
    assert_int_equal(cloud.state, LP_CLOUD_CONNECTED);
}

static void cloud_stopped_says_goodbye_and_stays_down(void **state)
{
    (void)state;
    rig_connect();
    lp_svc_cloud_stop(&cloud);
    for (int i = 0; i < 5 && cloud.state != LP_CLOUD_OFF; i++) {
        lp_loop_turn(&world->loop, 10);
    }
    assert_int_equal(cloud.state, LP_CLOUD_OFF);
    assert_true(net.wire.out_len >= 2);
    assert_memory_equal(net.wire.out + net.wire.out_len - 2, "\xe0\x00", 2); // DISCONNECT
    assert_false(net.is_tls_open);
    rig_run(5000);
    assert_int_equal(net.dials, 1);
    assert_int_equal(cloud.state, LP_CLOUD_OFF);
}

static void telemetry_comes_at_its_interval_and_names_the_chip(void **state)
{
    (void)state;
    telemetry_t telemetry = {.loop = &world->loop,
                             .config = &dev.config,
                             .counters = &dev.counters,
                             .chip = &dev.chip,
                             .cloud = &cloud};
    telemetry_start(&telemetry);
    rig_run(5000);
    assert_int_equal(telemetry.counter, 0); // not connected: nothing to say it to
    rig_connect();
    rig_run(35000);
    const unsigned slow = net.publishes;
    assert_true(slow >= 3 && slow <= 5); // every 10 s
    assert_string_equal(net.topic, "limpet/t1/telemetry");
    lp_json_t payload, chip;
    assert_int_equal(lp_json_parse(lp_span_str(net.payload), &payload), LP_OK);
    assert_int_equal(lp_json_get(payload, "chip", &chip), LP_OK);
    assert_int_equal(chip.raw.len, 2 + 2 * LP_ATECC_SERIAL_LEN);
    rig_set("\"telemetry\":{\"interval_s\":1}"); // counts at once
    rig_run(10000);
    assert_true(net.publishes - slow >= 8);
    lp_chipsim_power_off(world->sim);
    rig_run(15000);
    assert_non_null(strstr(net.payload, "\"chip\":null")); // taken off while connected
    lp_timer_stop(&world->loop, &telemetry.timer);
}

static void cloud_swapped_chip_is_noticed(void **state)
{
    (void)state;
    rig_connect();
    lp_chipsim_t *other;
    lp_chipsim_options_t opt = world_options(world, LP_CHIPSIM_ATECC508A);
    opt.seed = 99;
    assert_int_equal(lp_chipsim_new(&other, &opt), LP_OK);
    lp_chipsim_bus_detach(world->bus, world->sim);
    lp_chipsim_free(world->sim);
    world->sim = other;
    assert_int_equal(lp_chipsim_bus_attach(world->bus, world->sim), LP_OK);
    rig_run(12000); // the watch
    assert_true(fake_log_contains("this is another chip than before"));
    const unsigned dials = net.dials;
    fake_stream_hang_up(&net.wire, LP_E_NET_RESET);
    rig_run(20000);
    assert_string_equal(rig_status("state"), "\"no-key\""); // it is blank
    assert_int_equal(net.dials, dials);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)
    const struct CMUnitTest tests[] = {
        T(cloud_is_off_until_everything_is_set_and_says_what_is_missing),
        T(cloud_connects_with_the_settings),
        T(cloud_port_443_asks_for_mqtt_by_alpn),
        T(cloud_waits_for_the_time),
        T(cloud_without_its_chip_never_dials_and_recovers),
        T(cloud_board_without_a_bus_has_no_key),
        T(cloud_blank_chip_has_no_key),
        T(cloud_publishes_and_counts),
        T(prove_answers_when_the_broker_acknowledged),
        T(proof_names_the_certificate_of_the_connection),
        T(cloud_comes_back_from_every_failure),
        T(cloud_memory_is_the_handshakes_again_after_each_connection),
        T(cloud_tries_grow_apart_and_start_over_after_a_good_connection),
        T(cloud_certificate_refused_after_the_handshake_is_told_by_tls),
        T(cloud_can_be_switched_off_in_every_state),
        T(chip_methods_wait_for_the_handshake),
        T(cloud_stopped_says_goodbye_and_stays_down),
        T(telemetry_comes_at_its_interval_and_names_the_chip),
        T(cloud_swapped_chip_is_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
