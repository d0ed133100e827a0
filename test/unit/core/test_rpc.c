// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fake/port.h"
#include "fake/stream.h"
#include "limpet/crc.h"
#include "limpet/rpc.h"

static lp_loop_t loop;
static fake_stream_t line;
static lp_rpc_t rpc;
static lp_rpc_channel_t channel;
static lp_rpc_set_t set;
static lp_loan_t loan; // what a small board needs for long frames
static uint8_t lent[LP_RPC_LOAN_MIN + (LP_RPC_IN_FLIGHT_MAX - 1) * LP_RPC_REFUSAL_MAX];

// -- methods

enum { LATE_MAX = 8 };

static lp_rpc_req_t *late[LATE_MAX];
static size_t late_count;

static void echo(void *ctx, lp_rpc_req_t *req)
{
    assert_ptr_equal(ctx, &set);
    lp_json_writer_t *w = lp_rpc_result(req);
    lp_json_put_value(w, req->params);
    lp_rpc_done(req);
}

static void answer_later(void *ctx, lp_rpc_req_t *req)
{
    (void)ctx;
    assert_true(late_count < LATE_MAX);
    late[late_count++] = req;
}

static void big(void *ctx, lp_rpc_req_t *req)
{
    (void)ctx;
    lp_json_t size;
    uint32_t bytes = 0;
    assert_int_equal(lp_rpc_param(req, "bytes", &size), LP_OK);
    assert_int_equal(lp_json_u32(size, 100000, &bytes), LP_OK);
    static char text[100001];
    memset(text, 'x', bytes);
    text[bytes] = '\0';
    lp_json_writer_t *w = lp_rpc_result(req);
    lp_json_put_str(w, text);
    lp_rpc_done(req);
}

static void fail_loudly(void *ctx, lp_rpc_req_t *req)
{
    (void)ctx;
    lp_rpc_fail(req, LP_E_TIMEOUT, "%s", "line\nbreak \"quoted\" \xff bytes");
}

static void fail_at_length(void *ctx, lp_rpc_req_t *req)
{
    (void)ctx;
    char text[400];
    for (size_t i = 0; i + 1 < sizeof text; i += 2) {
        memcpy(text + i, "\xc3\xa4", 2);
    }
    text[399] = '\0';
    lp_rpc_fail(req, LP_E_IO, "x%s", text);
}

static void lock(void *ctx, lp_rpc_req_t *req)
{
    (void)ctx;
    lp_rpc_ok(req);
}

static const lp_rpc_method_t methods[] = {
    {"T.Echo", LP_RPC_READ, echo, "any", "the same"},
    {"T.Later", LP_RPC_READ, answer_later, "", "{}"},
    {"T.Big", LP_RPC_READ, big, "bytes", "a string"},
    {"T.Fail", LP_RPC_READ, fail_loudly, "", ""},
    {"T.FailLong", LP_RPC_READ, fail_at_length, "", ""},
    {"T.Lock", LP_RPC_CHIP, lock, "", "{}"},
};

static int setup(void **state)
{
    (void)state;
    fake_clock_reset();
    lp_loop_init(&loop);
    fake_stream_init(&line, &loop);
    late_count = 0;
    lp_rpc_init(&rpc);
    set = (lp_rpc_set_t){
        .methods = methods, .count = sizeof methods / sizeof methods[0], .ctx = &set};
    lp_rpc_add(&rpc, &set);
    lp_rpc_open(&channel, &rpc, &line.stream, LP_RPC_WRITE);
    lp_loan_init(&loan, lent, sizeof lent);
    channel.loan = (int)LP_RPC_OWN_IN_MAX < (int)LP_RPC_FRAME_MAX ? &loan : NULL;
    return 0;
}

static const char *answer_to(const char *text)
{
    fake_stream_feed_str(&line, text);
    lp_loop_turn(&loop, 0);
    lp_loop_turn(&loop, 0);
    return fake_stream_take(&line);
}

// -- tests

static void rpc_call_is_answered_with_its_id(void **state)
{
    (void)state;
    assert_string_equal(answer_to("{\"id\":7,\"method\":\"T.Echo\",\"params\":{\"a\":[1]}}\n"),
                        "{\"id\":7,\"result\":{\"a\":[1]}}\r\n");
    assert_string_equal(answer_to("{\"method\":\"T.Echo\",\"args\":{},\"id\":\"x\"}\r\n"),
                        "{\"id\":\"x\",\"result\":{}}\r\n");
    assert_string_equal(answer_to("{\"method\":\"T.Echo\"}\n"),
                        "{\"id\":null,\"result\":null}\r\n");
    assert_string_equal(
        answer_to("{\"id\":1,\"method\":\"T.Echo\",\"src\":\"me\",\"dst\":\"you\","
                  "\"tag\":\"t\"}\n"),
        "{\"id\":1,\"src\":\"you\",\"dst\":\"me\",\"tag\":\"t\",\"result\":null}\r\n");
}

static void rpc_handshake_ends_what_came_before(void **state)
{
    (void)state;
    assert_string_equal(answer_to("garbage{\"id\":1,\n\x04\n"), "\r\n");
    assert_string_equal(answer_to("{\"half\x04\n"), "\r\n");
    assert_string_equal(answer_to("{\"id\":1,\"method\":\"T.Echo\"}\n"),
                        "{\"id\":1,\"result\":null}\r\n");
}

static void rpc_text_that_is_no_frame_is_passed_over(void **state)
{
    (void)state;
    assert_string_equal(answer_to("I 0.000 app: hello\n\r\n\n   {\"id\":1}\n[1]\n"), "");
    // Answers, and echoes of answers, are not answered.
    assert_string_equal(answer_to("{\"id\":1,\"result\":{}}\n{\"id\":null,\"error\":{}}\n"), "");
}

static void rpc_bad_frames_get_an_error(void **state)
{
    (void)state;
    static const struct {
        const char *frame;
        const char *part;
    } bad[] = {
        {"{\n", "\"code\":-4,"},
        {"{}\n", "a request needs one \\\"method\\\""},
        {"{\"id\":1,\"method\":7}\n", "\"id\":1,\"error\":{\"code\":-4,"},
        {"{\"id\":1,\"method\":\"T.Echo\",\"method\":\"T.Lock\"}\n", "\"code\":-4,"},
        {"{\"id\":1,\"method\":\"T.Echo\",\"params\":[1]}\n", "params must be one object"},
        {"{\"id\":1,\"method\":\"T.Echo\",\"params\":{},\"params\":{}}\n", "one object"},
        {"{\"id\":1,\"method\":\"T.Echo\"}x\n", "\"code\":-4,"},
        {"{\"id\":{},\"method\":\"T.Echo\"}\n",
         "id, src, dst and tag are numbers or short strings"},
        {"{\"id\":1,\"id\":2,\"method\":\"T.Echo\"}\n", "short strings"},
        {"{\"id\":"
         "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\","
         "\"method\":\"T.Echo\"}\n",
         "short strings"},
        {"{\"id\":1,\"method\":\"Nope\"}\n",
         "{\"id\":1,\"error\":{\"code\":404,\"message\":\"no method Nope"},
        {"{\"id\":1,\"method\":\"T.Lock\"}\n", "T.Lock needs the level chip, you have write"},
        {"{\"id\":1,\"method\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}\n",
         "\"code\":-4,"},
        {"{\"id\":1,\"method\":\"T.Fail\"}\n", "\"code\":-9"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const char *answer = answer_to(bad[i].frame);
        lp_json_t frame;
        lp_json_t error;
        assert_non_null(strstr(answer, bad[i].part));
        assert_int_equal(lp_json_parse(lp_span(answer, strlen(answer) - 2), &frame), LP_OK);
        assert_int_equal(lp_json_find(frame, "error.name", &error), LP_OK);
    }
    assert_string_equal(answer_to("{\"id\":1,\"method\":\"T.Echo\"}\n"),
                        "{\"id\":1,\"result\":null}\r\n");
}

static void rpc_long_message_is_cut_at_a_character(void **state)
{
    (void)state;
    const char *answer = answer_to("{\"id\":1,\"method\":\"T.FailLong\"}\n");
    assert_non_null(strstr(answer, "\"message\":\"x\xc3\xa4\xc3\xa4"));
    lp_json_t frame;
    assert_int_equal(lp_json_parse(lp_span(answer, strlen(answer) - 2), &frame), LP_OK);
}

static void rpc_crc_is_checked_when_there_and_then_given(void **state)
{
    (void)state;
    const char *text = "{\"id\":1,\"method\":\"T.Echo\"}";
    char with_crc[80];
    snprintf(with_crc, sizeof with_crc, "%s%08x\n", text, lp_crc32(0, lp_span_str(text)));
    const char *answer = answer_to(with_crc);
    char expected[80];
    const char *result = "{\"id\":1,\"result\":null}";
    snprintf(expected, sizeof expected, "%s%08x\r\n", result, lp_crc32(0, lp_span_str(result)));
    assert_string_equal(answer, expected);
    with_crc[strlen(text) + 3] ^= 1;
    assert_non_null(strstr(answer_to(with_crc), "LP_E_CRC"));
    snprintf(with_crc, sizeof with_crc, "%s%08X\n", text, 0xABCDEF01u); // upper case: not a CRC
    assert_non_null(strstr(answer_to(with_crc), "LP_E_FORMAT"));
    snprintf(with_crc, sizeof with_crc, "%s1234567\n", text);
    assert_non_null(strstr(answer_to(with_crc), "LP_E_FORMAT"));
}

static void rpc_frame_of_just_the_limit_works_and_one_more_is_refused(void **state)
{
    (void)state;
    static char frame[LP_RPC_FRAME_MAX + 3];
    for (int extra = 0; extra <= 1; extra++) {
        const char *head = "{\"id\":1,\"method\":\"T.Later\",\"params\":{\"a\":\"";
        const size_t len = LP_RPC_FRAME_MAX + (size_t)extra;
        memset(frame, 'a', sizeof frame);
        memcpy(frame, head, strlen(head));
        memcpy(frame + len - 3, "\"}}", 3);
        frame[len] = '\n';
        frame[len + 1] = '\0';
        const char *answer = answer_to(frame);
        if (extra == 0) {
            assert_int_equal(late_count, 1);
            assert_string_equal(answer, "");
        } else {
            assert_non_null(strstr(answer, "LP_E_NOSPACE"));
        }
    }
    lp_rpc_ok(late[0]);
    assert_string_equal(fake_stream_take(&line), "{\"id\":1,\"result\":{}}\r\n");
}

enum { JUST_FITS = LP_RPC_FRAME_MAX - 44 };

static const char *big_call(int id, int bytes)
{
    static char frame[96];
    snprintf(frame, sizeof frame, "{\"id\":%d,\"method\":\"T.Big\",\"params\":{\"bytes\":%d}}\n",
             id, bytes);
    return frame;
}

static void rpc_result_too_large_is_an_error(void **state)
{
    (void)state;
    const char *answer = answer_to(big_call(1, JUST_FITS));
    assert_int_equal(strlen(answer), strlen("{\"id\":1,\"result\":\"\"}\r\n") + JUST_FITS);
    answer = answer_to(big_call(1, LP_RPC_FRAME_MAX + 50));
    assert_non_null(strstr(answer, "LP_E_NOSPACE"));
}

static void rpc_answers_may_come_late_in_any_order_and_are_bounded(void **state)
{
    (void)state;
    for (int i = 1; i <= LP_RPC_IN_FLIGHT_MAX; i++) {
        char text[64];
        snprintf(text, sizeof text, "{\"id\":%d,\"method\":\"T.Later\"}\n", i);
        assert_string_equal(answer_to(text), "");
    }
    assert_non_null(strstr(answer_to("{\"id\":9,\"method\":\"T.Echo\"}\n"), "LP_E_BUSY"));
    lp_rpc_ok(late[LP_RPC_IN_FLIGHT_MAX - 1]);
    lp_rpc_fail(late[0], LP_E_IO, NULL);
    char expected[160];
    snprintf(expected, sizeof expected,
             "{\"id\":%d,\"result\":{}}\r\n{\"id\":1,\"error\":{\"code\":-13,\"message\":"
             "\"input/output error\",\"name\":\"LP_E_IO\"}}\r\n",
             LP_RPC_IN_FLIGHT_MAX);
    assert_string_equal(fake_stream_take(&line), expected);
    assert_string_equal(answer_to("{\"id\":9,\"method\":\"T.Echo\"}\n"),
                        "{\"id\":9,\"result\":null}\r\n");
    for (int i = 1; i < LP_RPC_IN_FLIGHT_MAX - 1; i++) {
        lp_rpc_ok(late[i]);
    }
}

static unsigned count_answers(const char *text)
{
    unsigned n = 0;
    for (const char *at = text; (at = strstr(at, "{\"id\":")) != NULL; at++) {
        n++;
    }
    return n;
}

static void rpc_peer_that_does_not_read_gets_each_answer_once_later(void **state)
{
    (void)state;
    enum { ALL = 40 + LP_RPC_IN_FLIGHT_MAX };
    line.write_room = 0;
    for (int i = 0; i < LP_RPC_IN_FLIGHT_MAX - 1; i++) {
        fake_stream_feed_str(&line, "{\"id\":1,\"method\":\"T.Later\"}\n");
        lp_loop_turn(&loop, 0);
    }
    fake_stream_feed_str(&line, big_call(2, JUST_FITS));
    for (int i = 0; i < 40; i++) { // these are not even read while answers wait
        fake_stream_feed_str(&line, "{\"id\":3,\"method\":\"T.Echo\"}\n");
    }
    lp_loop_turn(&loop, 0);
    for (int i = 0; i < LP_RPC_IN_FLIGHT_MAX - 1; i++) {
        lp_rpc_fail(late[i], LP_E_IO, "%0200d", 7);
    }
    assert_string_equal(fake_stream_take(&line), "");
    static char all[FAKE_STREAM_BYTES];
    all[0] = '\0';
    for (int i = 0; i < 4000 && count_answers(all) < ALL; i++) {
        fake_stream_give_room(&line, 7);
        lp_loop_turn(&loop, 0);
        strcat(all, fake_stream_take(&line));
    }
    assert_int_equal(count_answers(all), ALL);
    assert_non_null(strstr(all, "xxxxxx\"}\r\n"));
}

// A result that comes while half of a long frame is there: neither damages the other, and the error
// of one that has no room has.
static void rpc_late_answers_leave_half_a_frame_alone(void **state)
{
    (void)state;
    static char frame[LP_RPC_FRAME_MAX + 3];
    for (int pass = 0; pass < 2; pass++) {
        late_count = 0;
        assert_string_equal(answer_to("{\"id\":1,\"method\":\"T.Later\"}\n"), "");
        const int head =
            snprintf(frame, sizeof frame, "{\"id\":2,\"method\":\"T.Echo\",\"params\":{\"x\":\"");
        memset(frame + head, 'y', sizeof frame - (size_t)head);
        snprintf(frame + LP_RPC_FRAME_MAX - 3, 6, "\"}}\n");
        const size_t half = LP_RPC_FRAME_MAX - 10;
        fake_stream_feed(&line, frame, half);
        lp_loop_turn(&loop, 0);
        lp_json_writer_t *w = lp_rpc_result(late[0]);
        static char text[JUST_FITS + 1];
        memset(text, 'z', sizeof text - 1);
        lp_json_put_str(w, pass == 0 ? "short" : text);
        lp_rpc_done(late[0]);
        lp_loop_turn(&loop, 0);
        const char *answer = fake_stream_take(&line);
        assert_non_null(
            strstr(answer, pass == 0 ? "{\"id\":1,\"result\":\"short\"}" : "LP_E_NOSPACE"));
        fake_stream_feed_str(&line, frame + half);
        lp_loop_turn(&loop, 0);
        answer = fake_stream_take(&line);
        assert_non_null(strstr(answer, "{\"id\":2,"));
        assert_null(strstr(answer, "LP_E_FORMAT"));
    }
}

static void rpc_closed_channel_forgets_its_requests(void **state)
{
    (void)state;
    (void)answer_to("{\"id\":1,\"method\":\"T.Later\"}\n");
    fake_stream_hang_up(&line, LP_E_CLOSED);
    lp_loop_turn(&loop, 0);
    lp_rpc_ok(late[0]); // goes nowhere
    fake_stream_init(&line, &loop);
    lp_rpc_open(&channel, &rpc, &line.stream, LP_RPC_READ);
    assert_string_equal(answer_to("{\"id\":1,\"method\":\"T.Echo\"}\n"),
                        "{\"id\":1,\"result\":null}\r\n");
    for (int i = 0; i < LP_RPC_IN_FLIGHT_MAX; i++) {
        assert_string_equal(answer_to("{\"id\":1,\"method\":\"T.Later\"}\n"), "");
    }
}

static void rpc_params_are_not_left_in_memory(void **state)
{
    (void)state;
    (void)answer_to("{\"id\":1,\"method\":\"T.Later\",\"params\":{\"pass\":\"hunter2\"}}\n");
    for (size_t i = 0; i + 7 <= sizeof channel.bytes_; i++) {
        assert_int_not_equal(memcmp(channel.bytes_ + i, "hunter2", 7), 0);
    }
    for (size_t i = 0; i + 7 <= sizeof channel.pending_; i++) {
        assert_int_not_equal(memcmp(channel.pending_ + i, "hunter2", 7), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(rpc_call_is_answered_with_its_id, setup),
        cmocka_unit_test_setup(rpc_handshake_ends_what_came_before, setup),
        cmocka_unit_test_setup(rpc_text_that_is_no_frame_is_passed_over, setup),
        cmocka_unit_test_setup(rpc_bad_frames_get_an_error, setup),
        cmocka_unit_test_setup(rpc_long_message_is_cut_at_a_character, setup),
        cmocka_unit_test_setup(rpc_crc_is_checked_when_there_and_then_given, setup),
        cmocka_unit_test_setup(rpc_frame_of_just_the_limit_works_and_one_more_is_refused, setup),
        cmocka_unit_test_setup(rpc_result_too_large_is_an_error, setup),
        cmocka_unit_test_setup(rpc_answers_may_come_late_in_any_order_and_are_bounded, setup),
        cmocka_unit_test_setup(rpc_peer_that_does_not_read_gets_each_answer_once_later, setup),
        cmocka_unit_test_setup(rpc_late_answers_leave_half_a_frame_alone, setup),
        cmocka_unit_test_setup(rpc_closed_channel_forgets_its_requests, setup),
        cmocka_unit_test_setup(rpc_params_are_not_left_in_memory, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
