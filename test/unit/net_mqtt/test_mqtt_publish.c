// SPDX-License-Identifier: Apache-2.0
// What the session sends, byte for byte: publishes, the queue, the next connection, subscriptions.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fake/port.h"
#include "peer.h"

#define STR(s) lp_span(s, sizeof(s) - 1)

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

static void mqtt_canceled_while_being_sent_and_then_lost(void **state)
{
    (void)state;
    world_init(LP_MQTT_V4, NULL);
    login(false);
    w.peer.is_window_shut = true;
    lp_mqtt_publish_t p = {.topic = STR("a"), .payload = STR("x"), .qos = 1};
    assert_int_equal(publish("a", "x", 1, 1), LP_OK);
    assert_int_equal(lp_mqtt_publish(&w.m, &p, NULL, NULL), LP_OK); // nobody asks how it ended
    settle();
    lp_mqtt_cancel_all(&w.m);
    settle();
    assert_int_equal(w.done_count, 0);
    server_closes(LP_E_NET_RESET);
    assert_int_equal(done_of(1)->err, LP_E_CANCELED);
    assert_int_equal(lp_mqtt_stats(&w.m).failed, 2);
    world_end();
}

static void mqtt_queue_without_room_refuses_subscriptions_too(void **state)
{
    (void)state;
    static char text[4081];
    memset(text, 'x', sizeof text - 1);
    world_init(LP_MQTT_V4, four_slots);
    login(false);
    assert_int_equal(publish("a", text, 1, 1), LP_OK); // 4,088 of 4,096 bytes
    assert_int_equal(subscribe("a/filter", 1, 2), LP_E_NOSPACE);
    lp_span_t filter = STR("a/filter");
    assert_int_equal(lp_mqtt_unsubscribe(&w.m, &filter, 1, note_done, tag_ctx(2)), LP_E_NOSPACE);
    assert_int_equal(publish("", "x", 0, 2), LP_E_INVALID);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(publish("b", "", 0, 10 + i), i == 0 ? LP_OK : LP_E_NOSPACE);
    }
    settle();
    SERVER_SENDS("\x40\x02\x00\x01");
    for (int i = 0; i < 4; i++) {
        assert_int_equal(publish("b", "", 1, 20 + i), LP_OK);
    }
    assert_int_equal(subscribe("s", 1, 2), LP_E_NOSPACE); // slots, this time
    world_end();
    assert_int_equal(count_done(2), 0);
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

static void take_2500ms(void)
{
    fake_clock_advance_ms(2500);
}

// A callback that takes so long that the repetition falls due meanwhile must not swallow it.
static void mqtt_v4_repetition_survives_a_slow_callback(void **state)
{
    (void)state;
    world_init(LP_MQTT_V4, retry_after_2s);
    login(false);
    assert_int_equal(publish("a", "x", 1, 1), LP_OK);
    settle();
    forget_sent();
    w.in_message = take_2500ms;
    SERVER_SENDS("\x30\x04\x00\x01tm");
    wait_ms(1);
    EXPECT_SENT("\x3a\x06\x00\x01"
                "a\x00\x01x");
    world_end();
}

// The acknowledgement of the first try comes while the second one is half out.
static void mqtt_v4_acknowledgement_during_the_repetition(void **state)
{
    (void)state;
    world_init(LP_MQTT_V4, retry_after_2s);
    login(false);
    assert_int_equal(publish("a", "x", 1, 1), LP_OK);
    settle();
    w.peer.is_window_shut = true;
    w.peer.window = 3;
    wait_ms(2000);
    assert_int_equal(w.peer.to_server_len, 8 + 3);
    SERVER_SENDS("\x40\x02\x00\x01");
    assert_int_equal(w.done_count, 0);
    open_window_for(100);
    assert_int_equal(w.peer.to_server_len, 8 + 8);
    assert_int_equal(done_of(1)->err, LP_OK);
    wait_ms(10000);
    assert_int_equal(w.peer.to_server_len, 8 + 8);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
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
        cmocka_unit_test(mqtt_v4_repetition_survives_a_slow_callback),
        cmocka_unit_test(mqtt_v4_acknowledgement_during_the_repetition),
        cmocka_unit_test(mqtt_canceled_while_being_sent_and_then_lost),
        cmocka_unit_test(mqtt_queue_without_room_refuses_subscriptions_too),
        cmocka_unit_test(mqtt_subscribe_yields_a_code_for_each_filter),
        cmocka_unit_test(mqtt_v5_subscribe_options_and_unsuback_codes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
