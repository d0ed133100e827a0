// SPDX-License-Identifier: Apache-2.0
// A small board's channel: long frames live in memory that others use, too.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fake/port.h"
#include "fake/stream.h"
#include "limpet/rpc.h"

enum { LONG = LP_RPC_OWN_MAX + 700, LENT = LP_RPC_LOAN_MIN + LP_RPC_OWN_MAX };
enum { HALF = LP_RPC_OWN_IN_MAX + 488 }; // of a frame, in lent memory

static lp_loop_t loop;
static fake_stream_t line;
static lp_rpc_t rpc;
static lp_rpc_channel_t channel;
static lp_rpc_set_t set;
static lp_loan_t loan;
static uint8_t memory[LENT];
static int somebody;
static lp_rpc_req_t *late;
static bool was_refused; // in the middle of a handler

static void length(void *ctx, lp_rpc_req_t *req)
{
    (void)ctx;
    was_refused = lp_loan_take(&loan, &somebody, NULL) == NULL &&
                  lp_loan_take(&loan, &somebody, NULL) == NULL;
    lp_json_t x;
    assert_int_equal(lp_rpc_param(req, "x", &x), LP_OK);
    lp_json_writer_t *w = lp_rpc_result(req);
    lp_json_put_uint(w, x.raw.len);
    lp_rpc_done(req);
}

static void big(void *ctx, lp_rpc_req_t *req)
{
    (void)ctx;
    static char text[LONG + 1];
    memset(text, 'x', LONG);
    lp_json_writer_t *w = lp_rpc_result(req);
    lp_json_put_str(w, text);
    lp_rpc_done(req);
}

static void answer_later(void *ctx, lp_rpc_req_t *req)
{
    (void)ctx;
    late = req;
}

static const lp_rpc_method_t methods[] = {
    {"T.Length", LP_RPC_READ, length, "x", "number"},
    {"T.Big", LP_RPC_READ, big, "", "string"},
    {"T.Later", LP_RPC_READ, answer_later, "", "{}"},
};

static int setup(void **state)
{
    (void)state;
    _Static_assert((int)LP_RPC_OWN_MAX < (int)LONG && (int)LONG < (int)LP_RPC_FRAME_MAX,
                   "this test is built as for a board with little RAM");
    fake_clock_reset();
    lp_loop_init(&loop);
    fake_stream_init(&line, &loop);
    lp_loan_init(&loan, memory, sizeof memory);
    lp_rpc_init(&rpc);
    set = (lp_rpc_set_t){
        .methods = methods, .count = sizeof methods / sizeof methods[0], .ctx = &set};
    lp_rpc_add(&rpc, &set);
    lp_rpc_open(&channel, &rpc, &line.stream, LP_RPC_WRITE);
    channel.loan = &loan;
    return 0;
}

static void assert_given_back(void)
{
    for (size_t i = 0; i < sizeof memory; i++) {
        assert_int_equal(memory[i], 0);
    }
    assert_non_null(lp_loan_take(&loan, &somebody, NULL));
    lp_loan_give(&loan, &somebody);
}

static const char *answer_to(const char *text)
{
    fake_stream_feed_str(&line, text);
    lp_loop_turn(&loop, 0);
    lp_loop_turn(&loop, 0);
    return fake_stream_take(&line);
}

// A call with `len` times 'y'.
static const char *length_call(size_t len)
{
    static char frame[LP_RPC_FRAME_MAX + 200];
    int n = snprintf(frame, sizeof frame, "{\"id\":1,\"method\":\"T.Length\",\"params\":{\"x\":\"");
    memset(frame + n, 'y', len);
    snprintf(frame + (size_t)n + len, 8, "\"}}\n");
    return frame;
}

static void assert_long_is_taken(void)
{
    char wanted[40];
    snprintf(wanted, sizeof wanted, "{\"id\":1,\"result\":%d}\r\n", LONG + 2);
    assert_string_equal(answer_to(length_call(LONG)), wanted);
}

static void loan_has_one_holder_and_is_wiped(void **state)
{
    (void)state;
    int other;
    uint8_t *mine = lp_loan_take(&loan, &somebody, NULL);
    assert_ptr_equal(mine, memory);
    assert_ptr_equal(lp_loan_take(&loan, &somebody, NULL), memory);
    assert_null(lp_loan_take(&loan, &other, NULL));
    memset(mine, 'x', sizeof memory);
    lp_loan_give(&loan, &other); // not his
    assert_null(lp_loan_take(&loan, &other, NULL));
    assert_int_equal(memory[LENT - 1], 'x');
    lp_loan_give(&loan, &somebody);
    assert_given_back();
}

// A stranger who stops in the middle of a long frame keeps nobody else out: whoever asks for the
// memory twice gets it, and the stranger's frame is refused once it ends.
static void silent_channel_gives_way_to_another(void **state)
{
    (void)state;
    static fake_stream_t other_line;
    static lp_rpc_channel_t other;
    const char *frame = length_call(LP_RPC_OWN_IN_MAX + 100);
    rpc.loan = &loan;
    fake_stream_init(&other_line, &loop);
    lp_rpc_open(&other, &rpc, &other_line.stream, LP_RPC_WRITE);
    fake_stream_feed(&other_line, frame, LP_RPC_OWN_IN_MAX + 20);
    lp_loop_turn(&loop, 0);
    assert_non_null(strstr(answer_to(frame), "in use; try again"));
    assert_non_null(strstr(answer_to(frame), "\"result\""));
    fake_stream_feed_str(&other_line, "\"}}\n");
    lp_loop_turn(&loop, 0);
    lp_loop_turn(&loop, 0);
    assert_non_null(strstr(fake_stream_take(&other_line), "in use; try again"));
    lp_rpc_close(&other);
    assert_given_back();
}

static void long_frames_and_answers_borrow_and_give_back(void **state)
{
    (void)state;
    for (size_t len = 500; len < LP_RPC_FRAME_MAX - 100; len += 7) {
        char expected[64];
        snprintf(expected, sizeof expected, "{\"id\":1,\"result\":%zu}\r\n", len + 2);
        assert_string_equal(answer_to(length_call(len)), expected);
        assert_int_equal(was_refused, strlen(length_call(len)) - 1 > LP_RPC_OWN_IN_MAX);
        lp_loan_give(&loan, &somebody);
        assert_given_back();
    }
    assert_int_equal(strlen(answer_to("{\"id\":1,\"method\":\"T.Big\"}\n")), LONG + 22);
    assert_given_back();
}

static void without_the_memory_long_ones_are_busy_and_short_ones_work(void **state)
{
    (void)state;
    assert_non_null(lp_loan_take(&loan, &somebody, NULL));
    memset(memory, 'h', sizeof memory); // the stack of a handshake
    assert_non_null(strstr(answer_to(length_call(LONG)), "LP_E_BUSY"));
    assert_non_null(strstr(answer_to("{\"id\":1,\"method\":\"T.Big\"}\n"), "LP_E_BUSY"));
    assert_string_equal(answer_to(length_call(300)), "{\"id\":1,\"result\":302}\r\n");
    for (size_t i = 0; i < sizeof memory; i++) {
        assert_int_equal(memory[i], 'h');
    }
    lp_loan_give(&loan, &somebody);
    assert_long_is_taken();
    lp_loan_give(&loan, &somebody);
    assert_int_equal(strlen(answer_to("{\"id\":1,\"method\":\"T.Big\"}\n")), LONG + 22);
}

// Until they are answered, other requests keep room for their refusals.
static void longest_answer_waits_for_other_requests(void **state)
{
    (void)state;
    loan.bytes = LONG + 30;
    assert_string_equal(answer_to("{\"id\":2,\"method\":\"T.Later\"}\n"), "");
    assert_non_null(strstr(answer_to("{\"id\":1,\"method\":\"T.Big\"}\n"), "LP_E_BUSY"));
    lp_rpc_ok(late);
    (void)fake_stream_take(&line);
    assert_int_equal(strlen(answer_to("{\"id\":1,\"method\":\"T.Big\"}\n")), LONG + 22);
    loan.bytes = LONG;
    assert_non_null(strstr(answer_to("{\"id\":1,\"method\":\"T.Big\"}\n"), "LP_E_NOSPACE"));
}

static void too_long_is_not_called_busy(void **state)
{
    (void)state;
    static char frame[LP_RPC_FRAME_MAX + 10];
    memset(frame, ' ', sizeof frame - 1);
    frame[0] = '{';
    frame[LP_RPC_FRAME_MAX + 5] = '\n';
    frame[LP_RPC_FRAME_MAX + 6] = '\0';
    assert_non_null(strstr(answer_to(frame), "LP_E_NOSPACE"));
    assert_given_back();
    channel.loan = NULL;
    assert_non_null(strstr(answer_to(frame), "LP_E_NOSPACE"));
}

// A peer that fell silent in the middle of a line.
static void half_a_frame_is_given_up_when_nothing_moves(void **state)
{
    (void)state;
    const char *call = length_call(LONG);
    fake_stream_feed(&line, call, HALF);
    lp_loop_turn(&loop, 0);
    assert_null(lp_loan_take(&loan, &somebody, NULL));
    fake_stream_feed(&line, call + HALF, 1000);
    lp_loop_turn(&loop, 0);
    assert_null(lp_loan_take(&loan, &somebody, NULL)); // it moved
    assert_non_null(lp_loan_take(&loan, &somebody, NULL));
    memset(memory, 'h', sizeof memory);
    assert_non_null(strstr(answer_to(call + HALF + 1000), "LP_E_BUSY"));
    assert_string_equal(answer_to(length_call(3)), "{\"id\":1,\"result\":5}\r\n");
    assert_int_equal(memory[0], 'h');
    lp_loan_give(&loan, &somebody);
    assert_long_is_taken();
    assert_true(was_refused); // a frame that is being handled keeps it
}

// A late answer does not touch the rest of a frame that is passed over, nor the other way round.
static void late_answer_and_half_a_frame_leave_each_other_alone(void **state)
{
    (void)state;
    assert_string_equal(answer_to("{\"id\":2,\"method\":\"T.Later\"}\n"), "");
    const char *call = length_call(LONG);
    fake_stream_feed(&line, call, HALF);
    lp_loop_turn(&loop, 0);
    line.write_room = 4;
    lp_rpc_ok(late);
    assert_null(lp_loan_take(&loan, &somebody, NULL));
    assert_non_null(lp_loan_take(&loan, &somebody, NULL));
    line.write_room = SIZE_MAX;
    fake_stream_give_room(&line, 1000);
    lp_loop_turn(&loop, 0);
    assert_string_equal(fake_stream_take(&line), "{\"id\r\n"); // nobody had read it
    assert_non_null(strstr(answer_to(call + HALF), "LP_E_BUSY"));
    lp_loan_give(&loan, &somebody);
    assert_long_is_taken();
}

static void answer_that_nobody_reads_is_given_up(void **state)
{
    (void)state;
    line.write_room = 100;
    (void)answer_to("{\"id\":1,\"method\":\"T.Big\"}\n");
    assert_null(lp_loan_take(&loan, &somebody, NULL));
    fake_stream_give_room(&line, 10);
    lp_loop_turn(&loop, 0);
    assert_null(lp_loan_take(&loan, &somebody, NULL));
    assert_non_null(lp_loan_take(&loan, &somebody, NULL));
    memset(memory, 'h', sizeof memory);
    (void)fake_stream_take(&line);
    fake_stream_give_room(&line, 1000);
    lp_loop_turn(&loop, 0);
    assert_string_equal(fake_stream_take(&line), "\r\n");
    assert_string_equal(answer_to(length_call(3)), "{\"id\":1,\"result\":5}\r\n");
    assert_int_equal(memory[0], 'h');
}

static void nobody_there_gives_back(void **state)
{
    (void)state;
    const char *call = length_call(LONG);
    fake_stream_feed(&line, call, 2000);
    lp_loop_turn(&loop, 0);
    assert_string_equal(answer_to("\x04"), "\r\n");
    assert_given_back();
    fake_stream_feed(&line, call, 2000);
    lp_loop_turn(&loop, 0);
    fake_stream_hang_up(&line, LP_E_CLOSED);
    lp_loop_turn(&loop, 0);
    assert_given_back();
}

#define T(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(loan_has_one_holder_and_is_wiped),
        T(silent_channel_gives_way_to_another),
        T(long_frames_and_answers_borrow_and_give_back),
        T(without_the_memory_long_ones_are_busy_and_short_ones_work),
        T(longest_answer_waits_for_other_requests),
        T(too_long_is_not_called_busy),
        T(half_a_frame_is_given_up_when_nothing_moves),
        T(late_answer_and_half_a_frame_leave_each_other_alone),
        T(answer_that_nobody_reads_is_given_up),
        T(nobody_there_gives_back),
    };
    return cmocka_run_group_tests_name("rpc loan", tests, NULL, NULL);
}
