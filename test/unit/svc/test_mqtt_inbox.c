// SPDX-License-Identifier: Apache-2.0
// limpet/mqtt_inbox.h: whole messages out of pieces, and nothing beyond the memory.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "limpet/mqtt_inbox.h"

static uint8_t memory[16]; // "ab" and its end, then 13 bytes
static lp_mqtt_inbox_t inbox;

static int setup(void **state)
{
    (void)state;
    lp_mqtt_inbox_set(&inbox, memory, sizeof memory);
    return 0;
}

static lp_mqtt_inbox_got_t put(const char *topic, const char *piece, uint32_t offset,
                               uint32_t total)
{
    const lp_mqtt_message_t msg = {.topic = lp_span_str(topic),
                                   .piece = lp_span_str(piece),
                                   .offset = offset,
                                   .total_len = total};
    return lp_mqtt_inbox_put(&inbox, &msg);
}

static void message_of_pieces_is_whole_once(void **state)
{
    (void)state;
    assert_int_equal(put("ab", "0123", 0, 13), LP_MQTT_INBOX_MORE);
    assert_int_equal(put("", "45678", 4, 13), LP_MQTT_INBOX_MORE);
    assert_int_equal(put("", "9ABC", 9, 13), LP_MQTT_INBOX_WHOLE);
    assert_string_equal(lp_mqtt_inbox_topic(&inbox), "ab");
    const lp_span_t payload = lp_mqtt_inbox_payload(&inbox);
    assert_int_equal(payload.len, 13);
    assert_memory_equal(payload.ptr, "0123456789ABC", 13);
    assert_int_equal(put("", "D", 13, 14), LP_MQTT_INBOX_MORE); // behind its end: not taken
    assert_int_equal(put("", "", 13, 13), LP_MQTT_INBOX_MORE);
}

static void empty_message_is_whole(void **state)
{
    (void)state;
    assert_int_equal(put("ab", "", 0, 0), LP_MQTT_INBOX_WHOLE);
    assert_int_equal(lp_mqtt_inbox_payload(&inbox).len, 0);
}

static void message_that_does_not_fit_is_passed_over_whole(void **state)
{
    (void)state;
    assert_int_equal(put("ab", "0123", 0, 14), LP_MQTT_INBOX_TOO_LARGE);
    assert_int_equal(put("", "4567", 4, 14), LP_MQTT_INBOX_MORE);
    assert_int_equal(put("0123456789abcdef", "", 0, 0), LP_MQTT_INBOX_TOO_LARGE); // its topic
    assert_int_equal(put("ab", "x", 0, UINT32_MAX), LP_MQTT_INBOX_TOO_LARGE);
    assert_int_equal(put("ab", "x", 0, 1), LP_MQTT_INBOX_WHOLE); // the next one
}

static void piece_out_of_order_is_not_taken(void **state)
{
    (void)state;
    assert_int_equal(put("ab", "0123", 0, 8), LP_MQTT_INBOX_MORE);
    assert_int_equal(put("", "67", 6, 8), LP_MQTT_INBOX_MORE);
    assert_int_equal(put("", "4567", 4, 8), LP_MQTT_INBOX_WHOLE);
}

static void piece_that_is_longer_than_it_said_is_not_taken(void **state)
{
    (void)state;
    assert_int_equal(put("ab", "0123456789ABCDEFGHIJ", 0, 8), LP_MQTT_INBOX_MORE);
    assert_int_equal(put("ab", "0123", 0, 8), LP_MQTT_INBOX_MORE);
    assert_int_equal(put("", "456789ABCDEFGHIJ", 4, 8), LP_MQTT_INBOX_MORE);
}

static void new_connection_forgets_the_half_of_a_message(void **state)
{
    (void)state;
    assert_int_equal(put("ab", "0123", 0, 8), LP_MQTT_INBOX_MORE);
    lp_mqtt_inbox_set(&inbox, memory, sizeof memory);
    assert_int_equal(put("", "4567", 4, 8), LP_MQTT_INBOX_MORE);
    lp_mqtt_inbox_set(&inbox, NULL, 0);
    assert_int_equal(put("ab", "x", 0, 1), LP_MQTT_INBOX_TOO_LARGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(message_of_pieces_is_whole_once, setup),
        cmocka_unit_test_setup(empty_message_is_whole, setup),
        cmocka_unit_test_setup(message_that_does_not_fit_is_passed_over_whole, setup),
        cmocka_unit_test_setup(piece_out_of_order_is_not_taken, setup),
        cmocka_unit_test_setup(piece_that_is_longer_than_it_said_is_not_taken, setup),
        cmocka_unit_test_setup(new_connection_forgets_the_half_of_a_message, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
