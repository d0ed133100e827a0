// SPDX-License-Identifier: Apache-2.0
// The session against a scripted server: what it sends, byte for byte, and what it makes of what
// comes.
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

// --- Publishing ---------------------------------------------------------------------------------

static void mqtt_v4_publish_qos_0_1_2(void **state)
{
    (void)state;
    world_init(LP_MQTT_V4, NULL);
    login(false);
    assert_int_equal(publish("a/b", "hi", 0, 10), LP_OK);
    assert_int_equal(w.done_count, 0); // never from inside the call
    EXPECT_SENT("\x30\x07\x00\x03"
                "a/bhi");
    assert_int_equal(done_of(10)->err, LP_OK);
    assert_int_equal(publish("a", "x", 1, 11), LP_OK);
    EXPECT_SENT("\x32\x06\x00\x01"
                "a\x00\x01x");
    assert_int_equal(count_done(11), 0);
    SERVER_SENDS("\x40\x02\x00\x01");
    assert_int_equal(done_of(11)->err, LP_OK);
    assert_int_equal(publish("a", "", 2, 12), LP_OK);
    EXPECT_SENT("\x34\x05\x00\x01"
                "a\x00\x02");
    SERVER_SENDS("\x50\x02\x00\x02");
    EXPECT_SENT("\x62\x02\x00\x02");
    assert_int_equal(count_done(12), 0);
    SERVER_SENDS("\x70\x02\x00\x02");
    assert_int_equal(done_of(12)->err, LP_OK);
    EXPECT_SENT("");
    lp_mqtt_stats_t s = lp_mqtt_stats(&w.m);
    assert_int_equal(s.published, 3);
    assert_int_equal(s.completed, 3);
    assert_int_equal(s.queued, 0);
    world_end();
}

static void mqtt_acknowledgements_out_of_order_find_their_publish(void **state)
{
    (void)state;
    world_init(LP_MQTT_V4, NULL);
    login(false);
    for (int i = 1; i <= 5; i++) {
        assert_int_equal(publish("t", "0123456789", 1, i), LP_OK);
    }
    settle();
    static const int order[] = {3, 1, 5, 4, 2};
    for (size_t i = 0; i < 5; i++) {
        uint8_t ack[] = {0x40, 2, 0, (uint8_t)order[i]};
        server_sends(ack, sizeof ack);
        assert_int_equal(w.dones[i].tag, order[i]);
    }
    SERVER_SENDS("\x40\x02\x00\x03"); // late: ignored
    assert_int_equal(w.done_count, 5);
    assert_int_equal(lp_mqtt_state(&w.m), LP_MQTT_CONNECTED);
    world_end();
}

static void mqtt_v5_refused_publishes_carry_the_reason(void **state)
{
    (void)state;
    world_init(LP_MQTT_V5, NULL);
    login(false);
    assert_int_equal(publish("a", "x", 1, 1), LP_OK);
    assert_int_equal(publish("a", "x", 2, 2), LP_OK);
    assert_int_equal(publish("a", "x", 1, 3), LP_OK);
    EXPECT_SENT("\x32\x07\x00\x01"
                "a\x00\x01\x00x\x34\x07\x00\x01"
                "a\x00\x02\x00x\x32\x07\x00\x01"
                "a\x00\x03\x00x");
    SERVER_SENDS("\x40\x03\x00\x01\x87\x50\x04\x00\x02\x97\x00\x40\x03\x00\x03\x10");
    assert_int_equal(done_of(1)->err, LP_E_DENIED);
    assert_int_equal(done_of(1)->reason, 0x87);
    assert_int_equal(done_of(2)->err, LP_E_DENIED);
    assert_int_equal(done_of(2)->reason, 0x97);
    assert_int_equal(done_of(3)->err, LP_OK); // no matching subscribers
    assert_int_equal(done_of(3)->reason, 0x10);
    EXPECT_SENT("");
    world_end();
}

static void mqtt_v5_server_limits_are_kept(void **state)
{
    (void)state;
    world_init(LP_MQTT_V5, NULL);
    attach();
    // receive maximum 2, QoS 1, no retain, packets of 40 bytes
    SERVER_SENDS("\x20\x0f\x00\x00\x0c\x21\x00\x02\x24\x01\x25\x00\x27\x00\x00\x00\x28");
    assert_int_equal(lp_mqtt_state(&w.m), LP_MQTT_CONNECTED);
    forget_sent();
    assert_int_equal(publish("a", "x", 2, 1), LP_OK);
    lp_mqtt_publish_t retained = {.topic = STR("a"), .payload = STR("x"), .is_retained = true};
    assert_int_equal(lp_mqtt_publish(&w.m, &retained, note_done, tag_ctx(2)), LP_OK);
    assert_int_equal(publish("a", "0123456789012345678901234567890123", 0, 3), LP_OK); // 40
    assert_int_equal(publish("a", "01234567890123456789012345678901234", 0, 4), LP_OK);
    settle();
    assert_int_equal(done_of(1)->err, LP_E_UNSUPPORTED);
    assert_int_equal(done_of(2)->err, LP_E_UNSUPPORTED);
    assert_int_equal(done_of(3)->err, LP_OK);
    assert_int_equal(done_of(4)->err, LP_E_RANGE);
    assert_int_equal(w.peer.to_server_len, 40);
    forget_sent();
    for (int i = 5; i <= 8; i++) {
        assert_int_equal(publish("a", "x", 1, i), LP_OK);
    }
    assert_int_equal(publish("a", "x", 0, 9), LP_OK); // QoS 0 is not held up
    settle();
    assert_int_equal(w.peer.to_server_len, 9 + 9 + 7);
    assert_int_equal(done_of(9)->err, LP_OK);
    forget_sent();
    uint8_t id = w.peer.to_server[6];
    uint8_t ack[] = {0x40, 2, 0, id};
    server_sends(ack, sizeof ack);
    assert_int_equal(w.peer.to_server_len, 9);
    world_end();
}

static void mqtt_v5_server_keep_alive_wins(void **state)
{
    (void)state;
    world_init(LP_MQTT_V5, NULL);
    attach();
    SERVER_SENDS("\x20\x06\x00\x00\x03\x13\x00\x08");
    forget_sent();
    wait_ms(5999);
    EXPECT_SENT("");
    wait_ms(1);
    EXPECT_SENT("\xc0\x00");
    world_end();
}

static void mqtt_invalid_publishes_are_refused_at_once(void **state)
{
    (void)state;
    world_init(LP_MQTT_V5, NULL);
    assert_int_equal(publish("", "x", 0, 1), LP_E_INVALID);
    assert_int_equal(publish("a/+", "x", 0, 1), LP_E_INVALID);
    assert_int_equal(publish("a/#", "x", 0, 1), LP_E_INVALID);
    assert_int_equal(publish("a\xff", "x", 0, 1), LP_E_INVALID);
    assert_int_equal(publish("a", "x", 3, 1), LP_E_INVALID);
    lp_mqtt_publish_t p = {.topic = STR("a\0b")};
    assert_int_equal(lp_mqtt_publish(&w.m, &p, note_done, tag_ctx(1)), LP_E_INVALID);
    p = (lp_mqtt_publish_t){.topic = STR("a"), .props = STR("\x23\x00\x01")};
    assert_int_equal(lp_mqtt_publish(&w.m, &p, note_done, tag_ctx(1)), LP_E_INVALID);
    p.props = STR("\x11\x00\x00\x00\x01");
    assert_int_equal(lp_mqtt_publish(&w.m, &p, note_done, tag_ctx(1)), LP_E_INVALID);
    p.props = STR("\x01\x01");
    assert_int_equal(lp_mqtt_publish(&w.m, &p, note_done, tag_ctx(1)), LP_OK);
    login(false);
    EXPECT_SENT("\x30\x06\x00\x01"
                "a\x02\x01\x01");
    assert_int_equal(w.done_count, 1);
    world_end();
}

static void limits_of_aws(lp_mqtt_config_t *cfg)
{
    static uint8_t arena[200000];
    cfg->limits = &lp_mqtt_limits_aws;
    cfg->arena = arena;
    cfg->arena_cap = sizeof arena;
}

static void mqtt_aws_limits_are_checked_here(void **state)
{
    (void)state;
    static char big[140000];
    memset(big, 'x', sizeof big - 1);
    char topic[300];
    memset(topic, 't', sizeof topic);
    topic[256] = '\0';
    world_init(LP_MQTT_V4, limits_of_aws);
    login(false);
    assert_int_equal(publish("a/b/c/d/e/f/g/h", "x", 0, 1), LP_OK);
    assert_int_equal(publish("a/b/c/d/e/f/g/h/i", "x", 0, 1), LP_E_RANGE);
    assert_int_equal(publish("$aws/rules/r/a/b/c/d/e/f/g/h", "x", 0, 1), LP_OK);
    assert_int_equal(publish("$aws/rules/r/a/b/c/d/e/f/g/h/i", "x", 0, 1), LP_E_RANGE);
    assert_int_equal(publish(topic, "x", 1, 1), LP_OK);
    topic[256] = 't';
    topic[257] = '\0';
    assert_int_equal(publish(topic, "x", 1, 1), LP_E_RANGE);
    assert_int_equal(publish("a", "x", 2, 1), LP_E_RANGE);
    big[128 * 1024 - 7] = '\0';
    assert_int_equal(publish("a", big, 0, 1), LP_OK); // 131,072 bytes with its header
    settle();
    forget_sent();
    big[128 * 1024 - 7] = 'x';
    big[128 * 1024 - 6] = '\0';
    assert_int_equal(publish("a", big, 0, 1), LP_E_RANGE);
    lp_mqtt_filter_t nine[9];
    for (size_t i = 0; i < 9; i++) {
        nine[i] = (lp_mqtt_filter_t){.filter = STR("f")};
    }
    assert_int_equal(lp_mqtt_subscribe(&w.m, nine, 9, note_done, tag_ctx(2)), LP_E_RANGE);
    assert_int_equal(lp_mqtt_subscribe(&w.m, nine, 8, note_done, tag_ctx(2)), LP_OK);
    assert_int_equal(subscribe("$share/g/a/b/c/d/e/f/g/+", 1, 3), LP_OK);
    assert_int_equal(subscribe("$share/g/a/b/c/d/e/f/g/+/#", 1, 3), LP_E_RANGE);
    assert_int_equal(subscribe("a", 2, 3), LP_E_RANGE);
    world_end();
    lp_mqtt_t m;
    lp_mqtt_config_t c = w.cfg;
    char id[129];
    memset(id, 'i', sizeof id);
    c.connect.client_id = STR("$id");
    assert_int_equal(lp_mqtt_init(&m, &w.loop, &c, 1), LP_E_RANGE);
    c.connect.client_id = lp_span(id, 129);
    assert_int_equal(lp_mqtt_init(&m, &w.loop, &c, 1), LP_E_RANGE);
    c.connect.client_id = lp_span(id, 128);
    assert_int_equal(lp_mqtt_init(&m, &w.loop, &c, 1), LP_OK);
    lp_mqtt_will_t bad_will = {.topic = STR("a/b/c/d/e/f/g/h/i")};
    c.connect.will = &bad_will;
    assert_int_equal(lp_mqtt_init(&m, &w.loop, &c, 1), LP_E_RANGE);
}

// --- The queue ----------------------------------------------------------------------------------

static void four_slots(lp_mqtt_config_t *cfg)
{
    cfg->slot_count = 4;
}

static void four_slots_drop(lp_mqtt_config_t *cfg)
{
    cfg->slot_count = 4;
    cfg->policy = LP_MQTT_DROP_OLDEST;
}

static void small_arena_drop(lp_mqtt_config_t *cfg)
{
    cfg->arena_cap = 60;
    cfg->policy = LP_MQTT_DROP_OLDEST;
}

static void mqtt_full_queue_refuses_the_new(void **state)
{
    (void)state;
    world_init(LP_MQTT_V4, four_slots);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(publish("a", "x", 1, i), LP_OK);
    }
    assert_int_equal(publish("a", "x", 1, 9), LP_E_NOSPACE);
    settle();
    assert_int_equal(w.done_count, 0);
    login(false);
    settle();
    assert_int_equal(w.peer.to_server_len, 4 * 8);
    world_end();
    for (int i = 0; i < 4; i++) {
        assert_int_equal(done_of(i)->err, LP_E_CANCELED);
    }
    assert_int_equal(count_done(9), 0);
}

static void mqtt_full_queue_drops_the_oldest(void **state)
{
    (void)state;
    world_init(LP_MQTT_V4, four_slots_drop);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(publish("a", "x", 1, i), LP_OK);
        settle();
    }
    assert_int_equal(w.done_count, 7);
    for (int i = 0; i < 7; i++) {
        assert_int_equal(done_of(i)->err, LP_E_CANCELED);
    }
    // Within one turn there is one slot for what is dropped.
    assert_int_equal(publish("a", "x", 1, 10), LP_OK);
    assert_int_equal(publish("a", "x", 1, 11), LP_E_NOSPACE);
    assert_int_equal(w.done_count, 7); // not from inside the call
    settle();
    assert_int_equal(done_of(7)->err, LP_E_CANCELED);
    login(false);
    settle();
    assert_int_equal(w.peer.to_server_len, 3 * 8);
    // Those in flight are not dropped.
    assert_int_equal(publish("a", "x", 1, 12), LP_E_NOSPACE);
    world_end();
    assert_int_equal(count_done(11) + count_done(12), 0);
}

static void mqtt_small_arena_drops_only_if_that_helps(void **state)
{
    (void)state;
    world_init(LP_MQTT_V4, small_arena_drop);
    assert_int_equal(publish("a", "0123456789", 1, 1), LP_OK); // 17 bytes each
    assert_int_equal(publish("a", "0123456789", 1, 2), LP_OK);
    assert_int_equal(publish("a", "0123456789", 1, 3), LP_OK);
    // 61 bytes would not fit even into the empty arena
    assert_int_equal(publish("a", "012345678901234567890123456789012345678901234567890123", 1, 4),
                     LP_E_NOSPACE);
    settle();
    assert_int_equal(w.done_count, 0);
    assert_int_equal(publish("a", "01234567890123456789", 1, 5), LP_OK); // 27: two must go
    settle();
    assert_int_equal(done_of(1)->err, LP_E_CANCELED);
    assert_int_equal(done_of(2)->err, LP_E_CANCELED);
    assert_int_equal(count_done(3), 0);
    login(false);
    EXPECT_SENT("\x32\x0f\x00\x01"
                "a\x00\x03"
                "0123456789\x32\x19\x00\x01"
                "a\x00\x04"
                "01234567890123456789");
    // In flight now: 44 bytes that may not go, so nothing is dropped for a message of 17.
    assert_int_equal(publish("a", "0123456789", 1, 6), LP_E_NOSPACE);
    world_end();
}

static void no_qos0_offline(lp_mqtt_config_t *cfg)
{
    cfg->refuses_qos0_offline = true;
}

static void mqtt_qos0_offline_by_policy(void **state)
{
    (void)state;
    world_init(LP_MQTT_V4, NULL);
    assert_int_equal(publish("a", "x", 0, 1), LP_OK);
    login(false);
    EXPECT_SENT("\x30\x04\x00\x01"
                "ax");
    assert_int_equal(done_of(1)->err, LP_OK);
    world_end();
    world_init(LP_MQTT_V4, no_qos0_offline);
    assert_int_equal(publish("a", "x", 0, 1), LP_E_STATE);
    assert_int_equal(publish("a", "x", 1, 2), LP_OK);
    login(false);
    assert_int_equal(publish("a", "x", 0, 3), LP_OK);
    world_end();
    assert_int_equal(count_done(1), 0);
}

static void mqtt_cancel_all_completes_everything_once(void **state)
{
    (void)state;
    world_init(LP_MQTT_V4, NULL);
    login(false);
    assert_int_equal(publish("a", "x", 1, 1), LP_OK);
    assert_int_equal(publish("a", "x", 2, 2), LP_OK);
    assert_int_equal(subscribe("s", 1, 3), LP_OK);
    settle();
    w.peer.is_window_shut = true;
    assert_int_equal(publish("a", "x", 1, 4), LP_OK);
    settle();
    lp_mqtt_cancel_all(&w.m);
    assert_int_equal(w.done_count, 0);
    settle();
    assert_int_equal(w.done_count, 3); // the one under way must be finished first
    w.peer.is_window_shut = false;
    forget_sent();
    assert_int_equal(publish("b", "y", 0, 5), LP_OK);
    EXPECT_SENT("\x32\x06\x00\x01"
                "a\x00\x04x\x30\x04\x00\x01"
                "by");
    for (int i = 1; i <= 4; i++) {
        assert_int_equal(done_of(i)->err, LP_E_CANCELED);
    }
    assert_int_equal(done_of(5)->err, LP_OK);
    SERVER_SENDS("\x40\x02\x00\x01\x90\x03\x00\x03\x01"); // too late, harmless
    assert_int_equal(w.done_count, 5);
    world_end();
}

// --- Resuming -----------------------------------------------------------------------------------

// One of each kind in flight: QoS 1; QoS 2 before PUBREC; QoS 2 after PUBREC; never sent.
static void bring_into_flight(void)
{
    login(false);
    assert_int_equal(publish("a", "1", 1, 1), LP_OK);
    assert_int_equal(publish("a", "2", 2, 2), LP_OK);
    assert_int_equal(publish("a", "3", 2, 3), LP_OK);
    assert_int_equal(subscribe("s", 0, 4), LP_OK);
    settle();
    SERVER_SENDS("\x50\x02\x00\x03");
    server_closes(LP_E_NET_RESET);
    assert_int_equal(done_of(4)->err, LP_E_CLOSED);
    assert_int_equal(publish("a", "5", 1, 5), LP_OK);
    settle();
    assert_int_equal(w.done_count, 1);
}

static void mqtt_known_session_is_resumed_with_dup(void **state)
{
    (void)state;
    world_init(LP_MQTT_V4, NULL);
    bring_into_flight();
    login(true);
    EXPECT_SENT("\x3a\x06\x00\x01"
                "a\x00\x01"
                "1\x3c\x06\x00\x01"
                "a\x00\x02"
                "2\x62\x02\x00\x03\x32\x06\x00\x01"
                "a\x00\x05"
                "5");
    SERVER_SENDS("\x40\x02\x00\x01\x50\x02\x00\x02\x70\x02\x00\x03\x40\x02\x00\x05");
    EXPECT_SENT("\x62\x02\x00\x02");
    SERVER_SENDS("\x70\x02\x00\x02");
    for (int i = 1; i <= 5; i++) {
        assert_int_equal(done_of(i)->err, i == 4 ? LP_E_CLOSED : LP_OK);
    }
    assert_int_equal(lp_mqtt_stats(&w.m).resent, 3);
    world_end();
}

static void mqtt_lost_session_starts_qos1_anew_and_ends_qos2(void **state)
{
    (void)state;
    world_init(LP_MQTT_V4, NULL);
    bring_into_flight();
    login(true); // DUP is set ...
    server_closes(LP_E_CLOSED);
    login(false); // ... and must not survive this
    EXPECT_SENT("\x32\x06\x00\x01"
                "a\x00\x01"
                "1\x32\x06\x00\x01"
                "a\x00\x05"
                "5");
    assert_int_equal(done_of(2)->err, LP_E_CLOSED);
    assert_int_equal(done_of(3)->err, LP_E_CLOSED);
    SERVER_SENDS("\x40\x02\x00\x01\x40\x02\x00\x05");
    assert_int_equal(done_of(1)->err, LP_OK);
    assert_int_equal(done_of(5)->err, LP_OK);
    world_end();
}

static void mqtt_packet_half_sent_is_sent_whole_on_the_next_connection(void **state)
{
    (void)state;
    world_init(LP_MQTT_V4, NULL);
    login(false);
    w.peer.max_write = 3;
    w.peer.fail_at = w.peer.steps + 4; // two writes pass, after a read
    w.peer.fail_with = LP_E_NET_RESET;
    assert_int_equal(publish("topic", "payload", 1, 1), LP_OK);
    settle();
    assert_int_equal(last_event()->why, LP_E_NET_RESET);
    assert_true(w.peer.to_server_len > 0 && w.peer.to_server_len < 18);
    login(true);
    EXPECT_SENT("\x32\x10\x00\x05topic\x00\x01payload"); // no DUP: it never went out whole
    world_end();
}

static void mqtt_packet_identifiers_skip_those_in_use_and_zero(void **state)
{
    (void)state;
    world_init(LP_MQTT_V4, NULL);
    login(false);
    assert_int_equal(publish("a", "x", 1, 1), LP_OK);
    w.m.next_packet_id_ = 65535;
    assert_int_equal(publish("a", "x", 1, 2), LP_OK);
    assert_int_equal(publish("a", "x", 1, 3), LP_OK);
    EXPECT_SENT("\x32\x06\x00\x01"
                "a\x00\x01x\x32\x06\x00\x01"
                "a\xff\xffx\x32\x06\x00\x01"
                "a\x00\x02x");
    world_end();
}

static void retry_after_2s(lp_mqtt_config_t *cfg)
{
    cfg->retry_ms = 2000;
}

static void mqtt_v4_unacknowledged_is_repeated_when_asked_for(void **state)
{
    (void)state;
    world_init(LP_MQTT_V4, retry_after_2s);
    login(false);
    assert_int_equal(publish("a", "x", 1, 1), LP_OK);
    assert_int_equal(subscribe("s", 1, 2), LP_OK);
    assert_int_equal(publish("a", "y", 2, 3), LP_OK);
    settle();
    SERVER_SENDS("\x50\x02\x00\x03");
    forget_sent();
    wait_ms(1999);
    EXPECT_SENT("");
    wait_ms(1);
    EXPECT_SENT("\x3a\x06\x00\x01"
                "a\x00\x01x\x82\x06\x00\x02\x00\x01s\x01\x62\x02\x00\x03");
    SERVER_SENDS("\x40\x02\x00\x01\x90\x03\x00\x02\x01\x70\x02\x00\x03");
    for (int i = 1; i <= 3; i++) {
        assert_int_equal(done_of(i)->err, LP_OK);
    }
    wait_ms(10000);
    EXPECT_SENT("");
    world_end();
}

// --- Subscribing --------------------------------------------------------------------------------

static void mqtt_subscribe_yields_a_code_for_each_filter(void **state)
{
    (void)state;
    world_init(LP_MQTT_V4, NULL);
    login(false);
    lp_mqtt_filter_t f[] = {{.filter = STR("a/+"), .qos = 1}, {.filter = STR("#"), .qos = 2}};
    assert_int_equal(lp_mqtt_subscribe(&w.m, f, 2, note_done, tag_ctx(1)), LP_OK);
    EXPECT_SENT("\x82\x0c\x00\x01\x00\x03"
                "a/+\x01\x00\x01#\x02");
    SERVER_SENDS("\x90\x04\x00\x01\x01\x80");
    assert_int_equal(done_of(1)->err, LP_E_DENIED);
    assert_int_equal(done_of(1)->code_count, 2);
    assert_int_equal(done_of(1)->codes[0], 1);
    assert_int_equal(done_of(1)->codes[1], 0x80);
    assert_int_equal(subscribe("b", 1, 2), LP_OK);
    settle();
    SERVER_SENDS("\x90\x03\x00\x02\x00"); // granted less than asked for: still granted
    assert_int_equal(done_of(2)->err, LP_OK);
    lp_span_t filters[] = {STR("a/+"), STR("#")};
    forget_sent();
    assert_int_equal(lp_mqtt_unsubscribe(&w.m, filters, 2, note_done, tag_ctx(3)), LP_OK);
    EXPECT_SENT("\xa2\x0a\x00\x03\x00\x03"
                "a/+\x00\x01#");
    SERVER_SENDS("\xb0\x02\x00\x03");
    assert_int_equal(done_of(3)->err, LP_OK);
    assert_int_equal(subscribe("a#", 0, 4), LP_E_INVALID);
    assert_int_equal(lp_mqtt_subscribe(&w.m, f, 0, note_done, tag_ctx(4)), LP_E_INVALID);
    assert_int_equal(lp_mqtt_unsubscribe(&w.m, filters, 0, note_done, tag_ctx(4)), LP_E_INVALID);
    world_end();
    assert_int_equal(count_done(4), 0);
}

static void mqtt_v5_subscribe_options_and_unsuback_codes(void **state)
{
    (void)state;
    world_init(LP_MQTT_V5, NULL);
    login(false);
    lp_mqtt_filter_t f = {.filter = STR("a"),
                          .qos = 1,
                          .no_local = true,
                          .retain_as_published = true,
                          .retain_handling = 2};
    assert_int_equal(lp_mqtt_subscribe(&w.m, &f, 1, note_done, tag_ctx(1)), LP_OK);
    EXPECT_SENT("\x82\x07\x00\x01\x00\x00\x01"
                "a\x2d");
    SERVER_SENDS("\x90\x04\x00\x01\x00\x8f");
    assert_int_equal(done_of(1)->err, LP_E_DENIED);
    assert_int_equal(done_of(1)->codes[0], 0x8f);
    lp_span_t filter = STR("a");
    assert_int_equal(lp_mqtt_unsubscribe(&w.m, &filter, 1, note_done, tag_ctx(2)), LP_OK);
    EXPECT_SENT("\xa2\x06\x00\x02\x00\x00\x01"
                "a");
    SERVER_SENDS("\xb0\x04\x00\x02\x00\x11");
    assert_int_equal(done_of(2)->err, LP_OK);
    assert_int_equal(done_of(2)->codes[0], 0x11);
    world_end();
}

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

// --- Keep-alive ---------------------------------------------------------------------------------

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
        cmocka_unit_test(mqtt_refusals_say_why),
        cmocka_unit_test(mqtt_refusal_and_end_in_one_turn_keep_the_reason),
        cmocka_unit_test(mqtt_no_connack_in_time_is_a_timeout),
        cmocka_unit_test(mqtt_session_present_after_a_clean_start_breaks_the_protocol),
        cmocka_unit_test(mqtt_v4_publish_qos_0_1_2),
        cmocka_unit_test(mqtt_acknowledgements_out_of_order_find_their_publish),
        cmocka_unit_test(mqtt_v5_refused_publishes_carry_the_reason),
        cmocka_unit_test(mqtt_v5_server_limits_are_kept),
        cmocka_unit_test(mqtt_v5_server_keep_alive_wins),
        cmocka_unit_test(mqtt_invalid_publishes_are_refused_at_once),
        cmocka_unit_test(mqtt_aws_limits_are_checked_here),
        cmocka_unit_test(mqtt_full_queue_refuses_the_new),
        cmocka_unit_test(mqtt_full_queue_drops_the_oldest),
        cmocka_unit_test(mqtt_small_arena_drops_only_if_that_helps),
        cmocka_unit_test(mqtt_qos0_offline_by_policy),
        cmocka_unit_test(mqtt_cancel_all_completes_everything_once),
        cmocka_unit_test(mqtt_known_session_is_resumed_with_dup),
        cmocka_unit_test(mqtt_lost_session_starts_qos1_anew_and_ends_qos2),
        cmocka_unit_test(mqtt_packet_half_sent_is_sent_whole_on_the_next_connection),
        cmocka_unit_test(mqtt_packet_identifiers_skip_those_in_use_and_zero),
        cmocka_unit_test(mqtt_v4_unacknowledged_is_repeated_when_asked_for),
        cmocka_unit_test(mqtt_subscribe_yields_a_code_for_each_filter),
        cmocka_unit_test(mqtt_v5_subscribe_options_and_unsuback_codes),
        cmocka_unit_test(mqtt_receives_qos_0_1_2),
        cmocka_unit_test(mqtt_qos2_is_delivered_once_across_connections),
        cmocka_unit_test(mqtt_more_qos2_than_can_be_remembered_are_left_to_the_server),
        cmocka_unit_test(mqtt_messages_of_every_size_around_the_buffer),
        cmocka_unit_test(mqtt_large_message_comes_in_pieces_and_is_acknowledged_at_the_end),
        cmocka_unit_test(mqtt_cut_large_message_is_not_acknowledged),
        cmocka_unit_test(mqtt_message_whose_topic_does_not_fit_is_passed_over),
        cmocka_unit_test(mqtt_without_a_message_callback_messages_are_acknowledged),
        cmocka_unit_test(mqtt_publish_from_a_message_callback),
        cmocka_unit_test(mqtt_disconnect_from_a_message_callback),
        cmocka_unit_test(mqtt_attach_from_the_closed_callback),
        cmocka_unit_test(mqtt_pings_when_idle_and_notices_a_dead_peer),
        cmocka_unit_test(mqtt_traffic_in_both_directions_puts_the_ping_off),
        cmocka_unit_test(mqtt_slow_large_message_holds_off_the_verdict),
        cmocka_unit_test(mqtt_keep_alive_zero_never_pings),
        cmocka_unit_test(mqtt_full_window_is_noticed_by_keep_alive),
        cmocka_unit_test(mqtt_disconnect_lets_the_packet_under_way_end),
        cmocka_unit_test(mqtt_disconnect_before_connack),
        cmocka_unit_test(mqtt_disconnect_that_cannot_be_sent_times_out),
        cmocka_unit_test(mqtt_v5_disconnect_of_the_server_carries_its_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
